"""Certificates say what the bound says, fit their schema, and are read back to the same value."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import referencing
import sympy as sp

import lipsym as ls
from lipsym.certificates import (
    bound_document,
    certificate,
    evaluate_certificate,
    evaluation,
    read_certificate,
    search_record,
    to_json,
    write_certificate,
)
from lipsym.certificates.document import LONGEST_UNFOLDED, unfolded_size
from lipsym.certificates.question import question
from lipsym.data import digits, digits_mlp
from lipsym.domains.expressions import BallMax, MaxOver
from lipsym.errors import InputError

CASES = [
    ("mlp:2-2-1:tanh", "layers:R", "lipschitz", None),
    ("mlp:1-1-1:tanh:tanh", "layers:R", "smoothness", None),
    ("mlp:1-1-1:sigmoid:sigmoid", "layers:2,R", "lipschitz", None),
    ("mlp:2-3-1:gelu", "layers:R", "smoothness", None),
    ("mlp:2-3-1:tanh", "ball:R", "lipschitz", None),
    ("mlp:2-3-2:tanh", "layers:R", "smoothness", "cross_entropy"),
    ("mlp:2-3-2:tanh", "layers:R", "lipschitz", "mse"),
    ("mlp:2-2-1:tanh", "layers:R", "hessian_lipschitz", None),
    ("mlp:2-3-1:tanh:nobias", "layers:R", "smoothness", None),
    ("mlp:n-k-1:tanh", "layers:R", "lipschitz", None),
]
QUESTION = (ls.mlp([2, 2, 1], "tanh"), ls.ProductBall("R"), ls.InputBall("S"))
AT = {"R": "3/2", "S": "1", "Y": "1/2", "n": "2", "k": "4"}


def schema(name: str) -> dict[str, Any]:
    return json.loads(files("lipsym.certificates").joinpath("schemas", name).read_text(encoding="utf-8"))


def asked(network: str, region: str, quantity: str, loss: str | None) -> dict[str, Any]:
    return {
        "network": network,
        "region": region,
        "quantity": quantity,
        "inputs": "ball:S",
        "loss": loss,
        "side": "upper",
    }


def derived(network: str, region: str, quantity: str, loss: str | None, rule: str = "auto") -> ls.Bound:
    found = ls.derive(ls.parse_network(network), ls.parse_region(region), ls.InputBall("S"), quantity, loss, rule=rule)
    assert isinstance(found, ls.Bound)
    return found


def at(bound: ls.Bound) -> dict[str, str]:
    return {symbol.name: AT[symbol.name] for symbol in bound.symbols}


@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(map(str, case)))
def test_a_certificate_read_back_has_the_value_of_the_bound(case: tuple[str, str, str, str | None]) -> None:
    bound = derived(*case)
    document = json.loads(to_json(bound_document(bound, asked(*case))))
    jsonschema.validate(document, schema("bound.schema.json"))
    values = at(bound)
    assert evaluate_certificate(document, values) == bound.evaluate(values)


def test_a_certificate_with_constants_is_read_back() -> None:
    X, y = digits()
    region = ls.ProductBall("1/10", centers=digits_mlp())  # type: ignore[arg-type]
    bound = ls.derive(ls.mlp([64, 32, 10], "tanh"), region, ls.Dataset(X[:20], y[:20]), "lipschitz", "cross_entropy")
    assert isinstance(bound, ls.Bound)
    assert bound.constants
    question = asked(bound.network, bound.region, "lipschitz", "cross_entropy")
    assert evaluate_certificate(json.loads(to_json(bound_document(bound, question))), {}) == bound.evaluate({})


def test_every_key_of_the_contract_is_there() -> None:
    case = CASES[0]
    bound = derived(*case)
    document = bound_document(bound, asked(*case), bound.evaluate(at(bound)), at(bound))
    contract = [
        "schema",
        "quantity",
        "side",
        "network",
        "region",
        "inputs",
        "loss",
        "expr",
        "latex",
        "hypotheses",
        "rules",
        "value",
    ]
    assert [key for key in document if key in contract] == contract
    assert document["schema"] == "lipsym/bound/1"
    assert set(document["value"]) == {"lo", "hi"}
    assert document["domain"] == "arb"
    assert document["precision"] == 53
    assert document["lipsym"] == ls.__version__
    assert document["assumptions"]


def test_a_long_derivation_is_written_by_its_steps() -> None:
    bound = derived("mlp:2-3-3-3-3-3-3-3-1:tanh", "layers:R", "lipschitz", None)
    assert unfolded_size(bound) > LONGEST_UNFOLDED
    document = bound_document(bound, asked(bound.network, bound.region, "lipschitz", None))
    assert document["expr"] == document["result"] == str(bound.result)


def test_the_size_of_the_unfolded_bound_is_counted_without_unfolding() -> None:
    base = derived("mlp:2-2-1:tanh", "layers:R", "lipschitz", None)
    symbols = sp.symbols("x:201", nonnegative=True)
    grown = [ls.Step(new, sp.sqrt(old) + sp.sin(old), "loss", "") for old, new in pairwise(symbols)]
    assert unfolded_size(replace(base, steps=tuple(grown[:1]), result=symbols[1] ** 2)) == 8
    assert unfolded_size(replace(base, steps=tuple(grown), result=symbols[-1])) > 2**200


def test_outcomes_that_are_no_bounds() -> None:
    network = ls.mlp([2, 3, 1], "relu")
    infinite = ls.derive(network, ls.ProductBall("R"), ls.InputBall("S"), "smoothness")
    document = bound_document(infinite, asked(network.spec, "layers:R", "smoothness", None))
    assert document["outcome"] == "unbounded"
    assert document["value"] == {"lo": "inf", "hi": "inf"}
    assert document["witness"]
    unknown = ls.derive(network, ls.Box(1, 2), ls.InputBall("S"), side="lower")
    other = bound_document(unknown, asked(network.spec, "layers:R", "lipschitz", None))
    assert other["outcome"] == "unknown"
    assert other["expr"] is None
    assert other["reason"]
    for one in (document, other):
        jsonschema.validate(json.loads(to_json(one)), schema("bound.schema.json"))
        with pytest.raises(InputError, match="only a bound has a formula"):
            evaluate_certificate(one, {})


def test_the_certificate_of_a_case_fits_its_schema(tmp_path: Path) -> None:
    case = CASES[0]
    bound = derived(*case)
    value = bound.evaluate(at(bound))
    record = search_record("no counterexample found", value.lo, 3, [["1/2"], None], ["1"], "test")
    items = [evaluation(at(bound), {("arb", 53): value}, value, record), evaluation(at(bound), {("arb", 53): value})]
    path = write_certificate(certificate(bound, asked(*case), items, "a case"), tmp_path / "c.json")
    document = read_certificate(path)
    validate(document)
    validate(document | {"question": question(*QUESTION, None)})
    assert evaluate_certificate(document, at(bound)) == value
    assert set(document["libraries"]) == {"python", "mpmath", "numpy", "python-flint", "sympy"}


def validate(document: dict[str, Any]) -> None:
    claim = referencing.Resource.from_contents(schema("claim.schema.json"))
    registry = referencing.Registry().with_resource("claim.schema.json", claim)
    jsonschema.Draft202012Validator(schema("certificate.schema.json"), registry=registry).validate(document)


@pytest.mark.parametrize("key", ["expr", "rules", "value", "hypotheses", "schema"])
def test_the_schema_sees_a_missing_key(key: str) -> None:
    case = CASES[0]
    document = json.loads(to_json(bound_document(derived(*case), asked(*case))))
    del document[key]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, schema("bound.schema.json"))


@pytest.mark.parametrize("text", ["", "[]", "{", '{"schema": "lipsym/bound/99"}', "[" * 100_000, "null"])
def test_a_file_that_is_no_certificate(tmp_path: Path, text: str) -> None:
    (tmp_path / "c.json").write_text(text)
    with pytest.raises(InputError) as caught:
        read_certificate(tmp_path / "c.json")
    assert len(str(caught.value).splitlines()) == 3


def test_text_in_a_certificate_is_never_executed() -> None:
    case = CASES[0]
    document = json.loads(to_json(bound_document(derived(*case), asked(*case))))
    document["expr"] = "__import__('os').system('true')"
    with pytest.raises(ls.LipsymError):
        evaluate_certificate(document, AT)


def test_heads_of_the_language_are_written_and_read() -> None:
    R, z, r, s = sp.symbols("R z r s", nonnegative=True)
    for expr in (MaxOver(R * sp.tanh(z), z, 0, R), BallMax(r * s, (r, s), R)):
        assert ls.parse(str(expr)) == expr
