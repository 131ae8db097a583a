"""Claims are exact data, and have no truth value."""

from __future__ import annotations

import pytest
import sympy as sp

import lipsym as ls
from lipsym.errors import ExpressionError, InexactNumberError, InputError, UndecidedTruthError

QUESTION = (ls.mlp([1, 1, 1], "tanh"), ls.ProductBall("R"), ls.InputBall("S"))


def test_a_claim_holds_what_was_said() -> None:
    claim = ls.Claim(*QUESTION, "smoothness", ">=", "R*sqrt(S**2 + 1)", loss="mse")
    assert claim.expr == ls.parse("R*sqrt(S**2 + 1)")
    assert claim.order == 2
    assert [s.name for s in claim.symbols] == ["R", "S"]
    assert str(claim) == "smoothness of mse of mlp:1-1-1:tanh on layers:R, inputs ball:S, ≥ R*sqrt(S**2 + 1)"


def test_symbols_are_matched_by_name() -> None:
    assert ls.Claim(*QUESTION, "lipschitz", "<=", sp.Symbol("R") + 1).expr == ls.parse("R + 1")


@pytest.mark.parametrize(
    ("quantity", "relation", "expr", "error"),
    [
        ("norm", "<=", 1, InputError),
        ("lipschitz", "<", 1, InputError),
        ("lipschitz", "<=", 1.5, InexactNumberError),
        ("lipschitz", "<=", "oo", ExpressionError),
    ],
)
def test_what_is_no_claim_is_refused_in_three_lines(quantity: str, relation: str, expr: object, error: type) -> None:
    with pytest.raises(error) as caught:
        ls.Claim(*QUESTION, quantity, relation, expr)
    assert len(str(caught.value).splitlines()) == 3


def test_a_claim_has_no_truth_value() -> None:
    with pytest.raises(UndecidedTruthError):
        bool(ls.Claim(*QUESTION, "lipschitz", "<=", 1))
