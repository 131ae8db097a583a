"""SymPy expressions as Coq terms."""

from __future__ import annotations

import pytest
import sympy as sp

from lipsym.certificates.coq.terms import coq_term
from lipsym.domains.expressions import IsolatedRoot, MaxOver, sigmoid
from lipsym.errors import ExpressionError
from lipsym.nets.activations import ACTIVATIONS

z = sp.Symbol("z", real=True)


@pytest.mark.parametrize(
    ("expr", "text"),
    [
        (sp.Rational(-3, 2), "((-3) / 2)"),
        (1 / z**2, "(/ (z ^ 2))"),
        (z / (1 + z), "(z / (z + 1))"),
        (sp.sqrt(2) / 3, "((1 / 3) * (sqrt 2))"),
        (sp.exp(1) * sp.pi, "((exp 1) * PI)"),
        (z ** sp.Rational(-3, 2), "(/ ((sqrt z) ^ 3))"),
        (sp.Max(0, z), "(Rmax 0 z)"),
        (sigmoid(-z), "(sigmoid ((-1) * z))"),
        (IsolatedRoot(z**2 - 2, z, 1, 2), "(isolated_root (fun z => ((z ^ 2) + (-2))) 1 2)"),
    ],
)
def test_terms(expr: sp.Expr, text: str) -> None:
    assert coq_term(expr) == text


@pytest.mark.parametrize("expr", [sp.gamma(z), z ** sp.Rational(1, 3), MaxOver(z, z, 0, 1), sp.Symbol("Definition x")])
def test_what_coq_lacks_is_refused(expr: sp.Expr) -> None:
    with pytest.raises(ExpressionError):
        coq_term(expr)


def test_every_constant_of_the_table_has_a_term() -> None:
    for row in ACTIVATIONS.values():
        for constant in row.constants:
            assert constant is sp.oo or coq_term(constant)
