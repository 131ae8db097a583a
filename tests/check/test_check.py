"""The checker verifies what verify writes, and refuses whatever was altered, also where the digest was made anew."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lipsym as ls
from lipsym.certificates.digest import sealed
from lipsym.check import document as document_module
from lipsym.check.document import digest
from lipsym.domains import evaluate
from lipsym.errors import InputError
from lipsym.verdict import Verdict

QUESTION = (ls.mlp([1, 1, 1], "tanh"), ls.ProductBall("R"), ls.InputBall("S"))
AT = {"R": 2, "S": "1/2"}


def certificate(quantity: str, relation: str, expr: str, values: Any = AT, **options: Any) -> dict[str, Any]:
    found = ls.verify(ls.Claim(*QUESTION, quantity, relation, expr), values, budget=20, **options)
    return json.loads(json.dumps(found.document))


@pytest.fixture(scope="module")
def proved() -> dict[str, Any]:
    return certificate("smoothness", "<=", "33/10")


@pytest.fixture(scope="module")
def refuted() -> dict[str, Any]:
    return certificate("lipschitz", "<=", "R*sqrt(S**2 + 1)")


@pytest.fixture(scope="module")
def covered() -> dict[str, Any]:
    """One that branch and bound proves: the gap asked for is below what the closed form leaves."""
    return certificate("lipschitz", "<=", "49/20", gap="1/1000000")


@pytest.fixture(scope="module")
def ranged() -> dict[str, Any]:
    return certificate("lipschitz", "<=", "R*(S + 1) + 1", {"R": ls.Enclosure(1, 2), "S": ls.Enclosure(0, 1)})


NAMES = ("proved", "refuted", "covered", "ranged")


@pytest.fixture(params=NAMES)
def named(request: pytest.FixtureRequest) -> dict[str, Any]:
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("domain", [None, "arb", "mpmath"])
def test_what_verify_writes_is_verified(named: dict[str, Any], domain: str | None, tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text(json.dumps(named))
    found = ls.check(path, domain)
    assert found.verdict is Verdict.PROVED, found.text
    assert found.text.startswith(named["verdict"])


def test_the_kinds_of_evidence_are_all_there(
    proved: dict[str, Any], refuted: dict[str, Any], covered: dict[str, Any], ranged: dict[str, Any]
) -> None:
    assert proved["parts"][0]["upper"]["kind"] == "closed form"
    assert refuted["parts"][0]["lower"]["kind"] == "witness"
    assert covered["parts"][0]["upper"]["kind"] == "cover"
    assert len(ranged["parts"]) > 1
    assert [c["verdict"] for c in (proved, refuted, covered, ranged)] == ["proved", "refuted", "proved", "proved"]


def test_both_digests_are_one(named: dict[str, Any]) -> None:
    assert digest(named) == sealed(named)["digest"] == named["digest"]


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all fields that hold no object or list, and of all empty ones."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    inner = [leaf for key, item in items for leaf in leaves(item, (*path, key))]
    yield from inner or [path]


def altered(value: Any) -> list[Any]:
    """What may stand in place of a value."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, -value - 1]
    if isinstance(value, str):
        numeric = value.removeprefix("-").replace("/", "").isdigit()
        if numeric:
            number = Fraction(value)
            changed = number * Fraction(1025, 1024) if number else Fraction(1, 3)
            return [str(changed), str(-number - 1), value + "0", "nan"]
        return [value + " ", value[:-1], value[::-1]] if value else ["x"]
    return ["x"]


def put(document: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    result = copy.deepcopy(document)
    place: Any = result
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return result


def test_every_altered_field_is_refused(named: dict[str, Any]) -> None:
    count = 0
    for path in leaves(named):
        place: Any = named
        for key in path:
            place = place[key]
        for other in altered(place):
            if other == place or path == ("schema",):
                continue
            found = ls.check(put(named, path, other), budget=1)
            assert found.verdict is Verdict.REFUTED, (path, other)
            count += 1
    assert count >= 200


FREE = {"text", "hypotheses", "assumptions", "libraries", "lipsym", "latex", "precision"}
"""Fields that only the digest protects: words, versions, and the precision a value was computed with."""


def matters(path: tuple[Any, ...]) -> bool:
    return path[0] not in FREE and path[-1] not in FREE and path != ("digest",)


def lies(named: dict[str, Any]) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    """Alterations with a digest made anew that change what is claimed, or what proves it."""
    for path in filter(matters, leaves(named)):
        place: Any = named
        for key in path:
            place = place[key]
        for other in altered(place):
            if other != place and path != ("schema",):
                yield path, sealed(put(named, path, other))


def sound(document: dict[str, Any]) -> bool:
    """Whether a certificate that passed encloses the true suprema of the two-layer tanh network it is about."""
    claim, question = document["claim"], document["question"]
    layers = question["network"]["layers"]
    if [layer.get("value", "").strip() for layer in layers] != ["", "tanh(z)", ""]:
        return False
    if question["region"]["kind"] != "layers" or question["region"]["centre"] is not None:
        return False
    for part in document["parts"]:
        at = {name: v["hi"] for name, v in part["values"].items()}
        sizes = [*question["region"]["radii"], question["inputs"]["radius"]]
        R1, R2, S = (float(evaluate(ls.parse(size), at).hi) for size in sizes)
        truth = TRUE[claim["quantity"]](R1, R2, S, layers[0]["bias"], layers[2]["bias"])
        lo, hi = (
            float(end) if end == "inf" else float(Fraction(end)) for end in (part["sup"]["lo"], part["sup"]["hi"])
        )
        if not lo * (1 - 1e-9) <= truth <= hi * (1 + 1e-9):
            return False
    return True


def _lipschitz(R1: float, R2: float, S: float, first: bool, last: bool) -> float:
    q = np.sqrt(S * S + first)
    z = np.linspace(0, R1 * q, 200_001)
    t = np.tanh(z)
    return float(np.sqrt((q * q * R2 * R2 * (1 - t * t) ** 2 + t * t + last).max()))


def _smoothness(R1: float, R2: float, S: float, first: bool, last: bool) -> float:
    q = np.sqrt(S * S + first)
    z = np.linspace(0, R1 * q, 200_001)
    t = np.tanh(z)
    # The Hessian in (ż along q, ȧ): [[a σ'' q², σ' q], [σ' q, 0]] with |a| = R2.
    a, b = 2 * t * (1 - t * t) * R2 * q * q, (1 - t * t) * q
    return float((a / 2 + np.sqrt(a * a / 4 + b * b)).max())


TRUE = {"lipschitz": _lipschitz, "smoothness": _smoothness}


@pytest.mark.parametrize("name", ["refuted", "covered"])
def test_no_lie_with_a_new_digest_passes(name: str, request: pytest.FixtureRequest) -> None:
    """What proves the verdict is bound by the checker's own computation, not by the digest alone."""
    named = request.getfixturevalue(name)
    passed = []
    count = 0
    for path, lie in lies(named):
        count += 1
        found = ls.check(lie, budget=300)
        if found.verdict is Verdict.PROVED:
            passed.append((path, lie))
    assert count >= 50
    assert [path for path, lie in passed if not sound(lie)] == []


def test_a_proof_for_less_than_all_values_is_refused(ranged: dict[str, Any]) -> None:
    for parts in (ranged["parts"][1:], ranged["parts"][:-1], []):
        lie = copy.deepcopy(ranged) | {"parts": parts}
        assert ls.check(sealed(lie)).verdict is Verdict.REFUTED
    twice = copy.deepcopy(ranged)
    twice["parts"][0] = twice["parts"][1]
    assert ls.check(sealed(twice)).verdict is Verdict.REFUTED


def with_cover(covered: dict[str, Any], **changes: Any) -> dict[str, Any]:
    lie = copy.deepcopy(covered)
    lie["parts"][0]["upper"] |= changes
    return sealed(lie)


def packed(tree: bytes) -> str:
    import base64
    import zlib

    return base64.b64encode(zlib.compress(tree)).decode()


@pytest.mark.parametrize(
    "nodes",
    [packed(b""), packed(b"\1\0"), packed(b"\0\0"), packed(b"\7\0\0"), packed(b"\1" * 1000), "", "AAAA", "%%", "é"],
    ids=["empty", "half", "two", "axis", "open", "none", "noise", "alphabet", "unicode"],
)
def test_a_cover_that_does_not_cover_is_refused(covered: dict[str, Any], nodes: str) -> None:
    assert ls.check(with_cover(covered, nodes=nodes, cases=1)).verdict is Verdict.REFUTED


def test_a_root_box_that_misses_a_part_is_refused(covered: dict[str, Any]) -> None:
    record = covered["parts"][0]["upper"]
    for i in range(len(record["hi"])):
        hi = record["hi"].copy()
        hi[i] = str(Fraction(hi[i]) / 2)
        assert ls.check(with_cover(covered, hi=hi)).verdict is Verdict.REFUTED
        lo = record["lo"].copy()
        lo[i] = "1/1000"
        assert ls.check(with_cover(covered, lo=lo)).verdict is Verdict.REFUTED


def test_a_bound_below_the_supremum_is_never_verified(covered: dict[str, Any]) -> None:
    lie = copy.deepcopy(covered)
    part = lie["parts"][0]
    lower = str(Fraction(part["upper"]["bound"]) * Fraction(999, 1000))
    part["upper"]["bound"] = part["sup"]["hi"] = lie["sup"]["hi"] = lower
    part["lower"], part["sup"]["lo"], lie["sup"]["lo"] = None, "0", "0"
    assert ls.check(sealed(lie), budget=2_000).verdict is not Verdict.PROVED


def claimed_by(named: dict[str, Any], quantity: str, upper: dict[str, Any], rules: list[str]) -> dict[str, Any]:
    """A certificate that says the quantity is at most 1/8, by this evidence alone."""
    lie = copy.deepcopy(named)
    sup = {"lo": "0", "hi": "1/8"}
    lie["claim"] |= {"quantity": quantity, "relation": "<=", "expr": "1/8"}
    part = {"claimed": {"lo": "1/8", "hi": "1/8"}, "upper": upper, "lower": None, "sup": sup}
    lie |= {"verdict": "proved", "rules": rules, "sup": sup, "parts": [lie["parts"][0] | part]}
    return sealed(lie)


def test_a_cover_of_no_variables_proves_nothing(covered: dict[str, Any]) -> None:
    upper = covered["parts"][0]["upper"] | {"variables": [], "lo": [], "hi": [], "cases": 1, "nodes": packed(b"\0")}
    upper |= {"bound": "1/8", "reductions": []}
    assert ls.check(claimed_by(covered, "lipschitz", upper, []), budget=50).verdict is not Verdict.PROVED


def test_a_cover_of_order_three_is_refused(covered: dict[str, Any]) -> None:
    upper = covered["parts"][0]["upper"] | {"bound": "1/8"}
    lie = claimed_by(covered, "hessian_lipschitz", upper, sorted(upper["reductions"]))
    assert ls.check(lie, budget=50).verdict is Verdict.REFUTED


def test_a_formula_without_a_rule_is_refused(proved: dict[str, Any]) -> None:
    upper = proved["parts"][0]["upper"] | {"steps": [], "constants": [], "result": "1/8", "comparison": "interval"}
    upper |= {"value": {"lo": "1/8", "hi": "1/8"}}
    assert ls.check(claimed_by(proved, "lipschitz", upper, [])).verdict is Verdict.REFUTED


def test_a_theorem_without_a_name_is_refused() -> None:
    lie = {"schema": "lipsym/certificate/2", "lipsym": "0", "quantity": "lipschitz", "outcome": "unbounded"}
    assert ls.check(sealed(lie | {"rules": []})).verdict is Verdict.REFUTED


def test_a_negative_value_is_refused(proved: dict[str, Any]) -> None:
    lie = copy.deepcopy(proved)
    for values in (lie["claim"]["values"], lie["parts"][0]["values"]):
        values["R"] = {"lo": "-2", "hi": "-2"}
    found = ls.check(sealed(lie))
    assert found.verdict is Verdict.REFUTED
    assert "not negative" in found.text


def test_a_budget_that_ends_is_undecided(covered: dict[str, Any]) -> None:
    assert ls.check(covered, budget=1).verdict is Verdict.UNDECIDED


def test_a_wrong_derivative_of_an_activation_is_refused(refuted: dict[str, Any]) -> None:
    lie = copy.deepcopy(refuted)
    layer = lie["question"]["network"]["layers"][1]
    layer["derivatives"][0] = "2*(1 - tanh(z)**2)"
    found = ls.check(sealed(lie))
    assert found.verdict is Verdict.REFUTED
    assert "differentiation does not confirm it" in found.text


def test_a_jump_is_no_derivative(refuted: dict[str, Any]) -> None:
    lie = copy.deepcopy(refuted)
    lie["question"]["network"]["layers"][1] |= {"value": "Heaviside(z)", "derivatives": ["0", "0", "0"]}
    assert "jump" in ls.check(sealed(lie)).text


def test_an_affected_version_is_refused(refuted: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document_module, "AFFECTED_VERSIONS", {ls.__version__: "coupled-order-1"})
    found = ls.check(refuted)
    assert found.verdict is Verdict.REFUTED
    assert "coupled-order-1" in found.text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"schema": "lipsym/claim/99"}',
        '{"schema": "lipsym/claim/1", "x": 1.5}',
        '{"schema": "lipsym/claim/1", "x": NaN}',
        '{"schema": "lipsym/claim/1", "x": Infinity}',
        '{"schema": "lipsym/claim/1", "schema": "lipsym/claim/1"}',
        '{"schema": "lipsym/claim/1", "x": ' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"schema": "lipsym/claim/1", "x": 1' + "0" * 10_000 + "}",
    ],
    ids=["empty", "cut", "list", "null", "version", "float", "nan", "inf", "twice", "deep", "digits"],
)
def test_what_is_no_certificate_is_refused_in_three_lines(text: str, tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        ls.check(path)
    assert len(str(caught.value).splitlines()) == 3


def test_every_truncation_is_refused(refuted: dict[str, Any], tmp_path: Path) -> None:
    text, path = json.dumps(refuted), tmp_path / "c.json"
    for end in range(0, len(text) - 1, 97):
        path.write_text(text[:end])
        with pytest.raises(InputError):
            ls.check(path)


def test_a_huge_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document_module, "LARGEST_FILE", 100)
    path = tmp_path / "c.json"
    path.write_text(json.dumps({"schema": "lipsym/claim/1", "x": "0" * 200}))
    with pytest.raises(InputError):
        ls.check(path)


def test_a_missing_file_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        ls.check(tmp_path / "none.json")


@pytest.mark.parametrize(
    "kind", [None, True, 7, "", "x", [], ["x"], {}, {"x": 1}, [[]], "1/0", "9" * 5000, "__import__"]
)
def test_no_field_of_another_kind_escapes(named: dict[str, Any], kind: Any) -> None:
    """Whatever stands in a field, the checker refuses; it never fails in another way."""
    tried = set()
    for path in leaves(named):
        if path[:2] == ("parts", 1):
            break
        for place in (path[:depth] for depth in range(1, len(path) + 1)):
            lie = put(named, place, kind)
            if place not in tried and lie.get("schema") == named["schema"]:
                ls.check(sealed(lie), budget=3)
            tried.add(place)
