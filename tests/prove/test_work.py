"""A case is derived, evaluated and attacked; false bounds and disagreeing arithmetics are noticed."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
import sympy as sp

import lipsym as ls
from lipsym.certificates import evaluate_certificate
from lipsym.certificates.digest import sealed
from lipsym.certificates.numbers import read_enclosure, read_end
from lipsym.enclosure import Enclosure
from lipsym.nets.losses import loss
from lipsym.prove import work as module
from lipsym.prove.suite import Case, points
from lipsym.prove.work import attack_data, disagreements, work

SMALL = Case("mlp:2-2-1:tanh", "smoothness", at=points(("1",)), budget=600, compared=True)


@pytest.fixture(scope="module")
def done() -> module.Done:
    return work(SMALL)


def test_a_case_that_holds(done: module.Done) -> None:
    assert done.failures == ()
    (item,) = done.document["evaluations"]
    assert [value["domain"] for value in item["values"]] == ["arb", "mpmath", "float64"]
    upper, lower = read_enclosure(item["values"][0]).hi, read_end(item["search"]["lower"])
    assert 1 <= Fraction(upper) / Fraction(lower) < Fraction(101, 100)
    assert read_enclosure(item["plain"]).lo > upper
    assert item["search"]["verdict"] == "no counterexample found"
    assert evaluate_certificate(done.document, item["at"]) == read_enclosure(item["values"][0])


def test_the_witness_is_exact_inside_and_attains_the_lower_bound(done: module.Done) -> None:
    from lipsym.enclose.derivatives import smoothness_lower

    (item,) = done.document["evaluations"]
    parameters = [
        tuple(None if part is None else exact(part) for part in pair) for pair in item["search"]["parameters"]
    ]
    network, region = ls.parse_network(SMALL.network), ls.ProductBall(1)
    assert region.contains(parameters, network)
    x = exact(item["search"]["input"])
    assert sum(v * v for v in x) <= 1
    assert smoothness_lower(network, parameters, x) >= read_end(item["search"]["lower"]) * Fraction(999, 1000)


def test_the_independent_checker_verifies_the_certificate(done: module.Done) -> None:
    (item,) = done.document["evaluations"]
    assert item["verified"] is not None
    sup = read_enclosure(item["verified"]["sup"])
    assert sup.lo <= read_enclosure(item["values"][0]).hi
    assert sup.width < sup.lo / 10
    found = ls.check(done.document)
    assert found.verdict is ls.Verdict.PROVED, found.text
    assert 0 < found.boxes


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("evaluations", 0, "values", 1, "hi"), "1"),
        (("evaluations", 0, "search", "lower"), "3"),
        (("evaluations", 0, "search", "parameters", 0, 0, 0, 0), "7"),
        (("evaluations", 0, "verified", "lower", "value"), "3"),
        (("evaluations", 0, "at", "R"), "3"),
        (("result",), "1"),
        (("steps", 0, "rule"), "no-rule"),
        (("question", "region", "radii", 0), "R/2"),
    ],
)
def test_a_lie_in_a_certificate_is_refused_also_with_a_new_digest(
    done: module.Done, path: tuple[Any, ...], value: str
) -> None:
    lie = json.loads(json.dumps(done.document))
    place = lie
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    assert ls.check(lie).verdict is ls.Verdict.REFUTED
    assert ls.check(sealed(lie), budget=2000).verdict is not ls.Verdict.PROVED


def exact(part: Any) -> Any:
    return [exact(item) for item in part] if isinstance(part, list) else Fraction(part)


def test_a_case_and_its_result_travel_between_processes(done: module.Done) -> None:
    assert pickle.loads(pickle.dumps(SMALL)) == SMALL  # noqa: S301 - made here
    assert pickle.loads(pickle.dumps(done)) == done  # noqa: S301


def test_the_result_is_reproducible(done: module.Done) -> None:
    assert work(SMALL) == done


def test_a_false_bound_is_refuted_with_its_witness(monkeypatch: pytest.MonkeyPatch) -> None:
    def smaller(*arguments: Any, **options: Any) -> ls.Bound:
        bound = ls.derive(*arguments, **options)
        assert isinstance(bound, ls.Bound)
        return replace(bound, result=bound.result * sp.Rational(99, 100))

    monkeypatch.setattr(module, "derive", smaller)
    false = work(replace(SMALL, compared=False))
    failure, other = false.failures
    assert other == "the witness at R=1, S=1 is above the bound"
    assert failure.startswith("REFUTED at R=1, S=1: the quantity is at least ")
    assert false.document["evaluations"][0]["search"]["verdict"] == "refuted"
    # The exact numbers of the message prove the refutation.
    lower, upper = failure.split("at least ")[1].split(" at the parameters")[0].split(" > ")
    assert Fraction(lower) > Fraction(upper)


def test_arithmetics_that_disagree_are_reported() -> None:
    a, b, c = Enclosure(1, 2), Enclosure(2, 3), Enclosure("5/2", 3)
    assert disagreements({("arb", 53): a, ("mpmath", 53): b}, {}) == []
    found = disagreements({("arb", 53): a, ("mpmath", 53): b, ("float64", 53): c}, {"R": "1"})
    assert len(found) == 1
    assert "arb and float64 disagree at R=1" in found[0]


def test_another_outcome_than_expected_is_a_failure() -> None:
    relu = Case("mlp:1-1-1:relu", "smoothness")
    assert "expected bound, derived unbounded" in work(relu).failures[0]
    assert work(replace(relu, expect="unbounded")).failures == ()
    assert "expected unknown, derived bound" in work(replace(SMALL, expect="unknown", budget=0)).failures[0]


@pytest.mark.parametrize("name", ["mse", "huber", "cross_entropy", "logistic"])
def test_attacks_on_losses_stay_within_the_hypotheses(name: str) -> None:
    network = ls.mlp([2, 3, 1 if name == "logistic" else 2], "tanh")
    objective = loss(name)
    data = attack_data(ls.InputBall("S"), objective, network, {"S": "1/3", "Y": "2/3"})
    objective.check(data, network.output_width)
    assert data.radius <= sp.Rational(1, 3)
    if objective.needs_label_radius:
        assert sp.Rational(6, 10) < data.label_radius <= sp.Rational(2, 3)


@pytest.mark.parametrize("name", ["mse", "cross_entropy"])
def test_a_loss_is_attacked(name: str) -> None:
    case = Case(
        "mlp:1-1-1:tanh" if name == "mse" else "mlp:1-1-2:tanh", loss=name, at=points(("1",), Y="1"), budget=400
    )
    found = work(case)
    assert found.failures == ()
    assert read_end(found.document["evaluations"][0]["search"]["lower"]) > Fraction(1, 2)
