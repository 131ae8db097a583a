"""Verdicts: proved, refuted at exact parameters inside the region, or undecided, on claims whose truth is known."""

from __future__ import annotations

import json
from fractions import Fraction
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
import referencing

import lipsym as ls
from lipsym.enclose.derivatives import lipschitz_lower
from lipsym.errors import InputError, MissingValueError, UndecidedTruthError
from lipsym.verdict import Verdict

QUESTION = (ls.mlp([1, 1, 1], "tanh"), ls.ProductBall("R"), ls.InputBall("S"))
WRONG_LEMMA = "R*sqrt(S**2 + 1)"
"""It forgets the output's bias: the supremum is ``√(R²(S² + 1) + 1)`` for ``R ≥ 1``."""


def verify(expr: str, values: Any, quantity: str = "lipschitz", relation: str = "<=", **options: Any) -> ls.Certificate:
    return ls.verify(ls.Claim(*QUESTION, quantity, relation, expr), values, **{"budget": 20} | options)


def validate(document: Any) -> None:
    folder = files("lipsym.certificates").joinpath("schemas")
    schema = json.loads(folder.joinpath("claim.schema.json").read_text(encoding="utf-8"))
    registry = referencing.Registry().with_resource("claim.schema.json", referencing.Resource.from_contents(schema))
    jsonschema.Draft202012Validator(schema, registry=registry).validate(json.loads(json.dumps(document)))


@pytest.mark.parametrize(
    ("expr", "values", "quantity", "relation", "verdict"),
    [
        ("sqrt(R**2*(S**2 + 1) + 1) + 1/1000", {"R": 2, "S": 1}, "lipschitz", "<=", Verdict.PROVED),
        (WRONG_LEMMA, {"R": 2, "S": 1}, "lipschitz", "<=", Verdict.REFUTED),
        (WRONG_LEMMA, {"R": 2, "S": 1}, "lipschitz", ">=", Verdict.PROVED),
        ("R*(S + 2)", {"R": 2, "S": 1}, "lipschitz", ">=", Verdict.REFUTED),
        ("R*(S**2 + 1)", {"R": 2, "S": 1}, "smoothness", "<=", Verdict.PROVED),
        ("R*(S**2 + 1)/2", {"R": 2, "S": 1}, "smoothness", "<=", Verdict.REFUTED),
        ("1", {"R": 1, "S": 1}, "hessian_lipschitz", "<=", Verdict.REFUTED),
    ],
)
def test_verdicts_at_numbers(expr: str, values: Any, quantity: str, relation: str, verdict: Verdict) -> None:
    found = verify(expr, values, quantity, relation)
    assert found.verdict is verdict
    validate(found.document)
    assert ls.check(found.document).verdict is Verdict.PROVED


def test_a_refutation_carries_exact_parameters_inside_the_region() -> None:
    found = verify(WRONG_LEMMA, {"R": 2, "S": 1})
    evidence = found.document["parts"][0]["lower"]
    a1, b1, a2, b2 = (Fraction(v) for v in evidence["theta"])
    x = [Fraction(v) for v in evidence["x"]]
    assert a1**2 + b1**2 <= 4
    assert a2**2 + b2**2 <= 4
    assert x[0] ** 2 <= 1
    params = [(np.array([[a1]]), np.array([b1])), (np.array([[a2]]), np.array([b2]))]
    assert lipschitz_lower(QUESTION[0], params, np.array(x)) > 2 * Fraction(141421356, 100000000)


def test_what_is_exactly_equal_is_proved_by_simplification() -> None:
    question = (ls.mlp([1, 1, 1], "identity"), ls.ProductBall("R"), ls.InputBall("S"))
    bound = ls.derive(*question)
    assert isinstance(bound, ls.Bound)
    found = ls.verify(ls.Claim(*question, "lipschitz", "<=", bound.expr), {"R": 3, "S": "1/3"}, budget=10)
    assert found.verdict is Verdict.PROVED
    assert ls.check(found.document).verdict is Verdict.PROVED


def test_a_claim_within_rounding_of_the_supremum_is_undecided_with_the_interval_reached() -> None:
    found = verify("sqrt(R**2*(S**2 + 1) + 1) + 1/10**30", {"R": 2, "S": 1}, budget=1)
    assert found.verdict is Verdict.UNDECIDED
    assert found.sup.lo <= 3 <= found.sup.hi
    assert found.sup.width < Fraction(1, 1000)
    assert ls.check(found.document).verdict is Verdict.PROVED


def test_ranges_of_the_numbers() -> None:
    ranges = {"R": ls.Enclosure(1, 2), "S": ls.Enclosure(0, 1)}
    proved = verify("R*(S + 1) + 1", ranges)
    assert proved.verdict is Verdict.PROVED
    assert len(proved.document["parts"]) > 1
    assert ls.check(proved.document).verdict is Verdict.PROVED
    refuted = verify(WRONG_LEMMA, ranges)
    assert refuted.verdict is Verdict.REFUTED
    (part,) = refuted.document["parts"]
    assert all(v["lo"] == v["hi"] for v in part["values"].values())
    assert ls.check(refuted.document).verdict is Verdict.PROVED
    validate(proved.document)
    validate(refuted.document)


def test_a_range_from_below() -> None:
    found = verify("R/2", {"R": ls.Enclosure(1, 2), "S": 1}, relation=">=")
    assert found.verdict is Verdict.PROVED
    assert ls.check(found.document).verdict is Verdict.PROVED


def test_a_loss_on_data() -> None:
    data = ls.Dataset([[1.0], [-0.5]], [[0.5], [0.25]])
    claim = ls.Claim(QUESTION[0], ls.ProductBall("R"), data, "lipschitz", "<=", "R/4", "mse")
    found = ls.verify(claim, {"R": 1}, budget=20)
    assert found.verdict is Verdict.REFUTED
    validate(found.document)
    checked = ls.check(found.document)
    assert checked.verdict is Verdict.PROVED, checked.text


def test_a_centre_and_a_box() -> None:
    centre = [([[0.5]], [0.0]), ([[1.0]], [0.25])]
    for region in (ls.ProductBall("1/4", centre), ls.Box("-1", "1/2"), ls.Ball("1/2", centre)):
        claim = ls.Claim(QUESTION[0], region, ls.InputBall(1), "lipschitz", "<=", "1/2")
        found = ls.verify(claim, budget=20)
        assert found.verdict is Verdict.REFUTED
        checked = ls.check(found.document)
        assert checked.verdict is Verdict.PROVED, checked.text
        validate(found.document)


def test_the_certificate_is_written_and_read(tmp_path: Path) -> None:
    found = verify(WRONG_LEMMA, {"R": 2, "S": 1})
    path = found.write(tmp_path / "out" / "c.json")
    assert ls.check(path).verdict is Verdict.PROVED
    assert "refuted" in str(found)
    with pytest.raises(UndecidedTruthError):
        bool(found)


def test_the_result_is_reproducible() -> None:
    assert verify(WRONG_LEMMA, {"R": 2, "S": 1}).document == verify(WRONG_LEMMA, {"R": 2, "S": 1}).document


@pytest.mark.parametrize(
    ("network", "values", "error"),
    [
        (QUESTION[0], {"R": 1}, MissingValueError),
        (QUESTION[0], {"R": -1, "S": 1}, InputError),
        (QUESTION[0], {"R": "sqrt(2)", "S": 1}, InputError),
        (ls.mlp(["n", 1], "identity"), {"R": 1, "S": 1}, InputError),
        (ls.uniform_mlp("m", "l", "tanh"), {"R": 1, "S": 1}, InputError),
        (ls.neural_ode(2, "tanh", 1), {"R": 1, "S": 1}, InputError),
    ],
)
def test_bad_questions_are_refused_in_three_lines(network: Any, values: Any, error: type) -> None:
    claim = ls.Claim(network, ls.ProductBall("R"), ls.InputBall("S"), "lipschitz", "<=", 1)
    with pytest.raises(error) as caught:
        ls.verify(claim, values)
    assert len(str(caught.value).splitlines()) == 3


def test_a_controlled_equation_is_sent_to_the_other_verbs() -> None:
    claim = ls.Claim(ls.neural_ode(2, "tanh", 1), ls.Ball(1), ls.InputBall(1), "lipschitz", "<=", 1)
    with pytest.raises(InputError, match="differential equations") as caught:
        ls.verify(claim)
    assert "refute" in str(caught.value)
