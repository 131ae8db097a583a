"""The vectors of the interval test framework ITF1788: every tight result is contained in ours, in every domain."""

from __future__ import annotations

import functools
import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from lipsym.domains import domain
from lipsym.domains.record import Domain
from lipsym.enclosure import Enclosure
from lipsym.errors import DomainError

ROOT = Path(__file__).parents[2]
FOLDER = Path(os.environ.get("LIPSYM_ITF1788", ROOT.parent / "shared" / "itf1788"))
ELEMENTARY = FOLDER / "libieeep1788_elem.itl"

OPERATIONS: dict[str, Callable[..., Any]] = {
    "add": lambda d, x, y: d.add(x, y),
    "sub": lambda d, x, y: d.add(x, d.multiply(d.enclose(Enclosure(-1)), y)),
    "mul": lambda d, x, y: d.multiply(x, y),
    "div": lambda d, x, y: d.divide(x, y),
    "sqr": lambda d, x: d.power(x, 2),
    "sqrt": lambda d, x: d.root(x, 2),
    "pown": lambda d, x, n: d.power(x, n) if n >= 0 else d.divide(d.enclose(Enclosure(1)), d.power(x, -n)),
    "abs": lambda d, x: d.maximum(x, d.multiply(d.enclose(Enclosure(-1)), x)),
    "min": lambda d, x, y: d.minimum(x, y),
    "max": lambda d, x, y: d.maximum(x, y),
    **{
        name: functools.partial(lambda d, x, name: d.functions[name](x), name=name)
        for name in ("exp", "expm1", "log", "log1p", "tanh", "sinh", "cosh", "sin", "cos", "atan")
    },
}
COMPOSED = {"sub", "abs", "pown"}
"""Operations put together from others here, whose results need not be tightest."""

pytestmark = pytest.mark.skipif(
    not ELEMENTARY.is_file(), reason=f"no ITF1788 vectors at {FOLDER} (set LIPSYM_ITF1788 to their folder)"
)


@functools.cache
def itl() -> ModuleType:
    spec = importlib.util.spec_from_file_location("itl", Path(__file__).with_name("itl.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@functools.cache
def all_vectors() -> tuple[Any, ...]:
    return tuple(itl().vectors(ELEMENTARY, frozenset(OPERATIONS)))


def test_the_parser_reads_numbers_and_intervals_exactly() -> None:
    found = all_vectors()
    assert len(found) > 900
    assert {v.function for v in found} == set(OPERATIONS) - {"expm1", "log1p"}
    third = next(v for v in found if v.text.startswith("abs [-1.1,2.0] ="))
    assert third.operands == (Enclosure(-1.1, 2.0),)
    assert third.result == Enclosure(0, 2.0)
    assert any(v.result is None for v in found)
    assert any(isinstance(v.operands[-1], int) for v in found)
    assert any(v.result is not None and v.result.hi == Enclosure(1, float("inf")).hi for v in found)


@pytest.mark.parametrize("name", ["arb", "mpmath", "float64"])
def test_every_tight_result_is_contained(name: str, record_property: Callable[[str, object], None]) -> None:
    tried: dict[str, list[int]] = {}
    skipped, refused, missed = 0, 0, []
    with domain(name, 53).session() as chosen:
        for vector in all_vectors():
            if vector.result is None or None in vector.operands:
                skipped += 1
                continue
            result = evaluate(chosen, vector)
            if result is None:
                assert refusal_is_due(vector), f"{name} refused {vector.text}"
                refused += 1
                continue
            # The vectors' ends are floats: the true range rounded outward, as ours has to be for the comparison.
            result = Enclosure(result.lower_float(), result.upper_float())
            if not result.contains(vector.result):
                missed.append(f"{vector.text} but [{float(result.lo).hex()}, {float(result.hi).hex()}]")
            counts = tried.setdefault(vector.function, [0, 0])
            counts[0] += 1
            counts[1] += vector.result.contains(result)
    direct = [counts for function, counts in tried.items() if function not in COMPOSED]
    share = sum(t for _, t in direct) / sum(n for n, _ in direct)
    summary = {
        "contained": sum(n for n, _ in tried.values()) - len(missed),
        "missed": len(missed),
        "refused": refused,
        "skipped": skipped,
        "tightest": f"{share:.1%}",
        "by function": {function: f"{t}/{n}" for function, (n, t) in tried.items()},
    }
    for key, value in summary.items():
        record_property(f"itf1788 {name} {key}", value)
    sys.stdout.write(f"ITF1788, {name}: {summary}\n")
    assert not missed, "\n".join(missed)
    assert share > 0.8


def evaluate(chosen: Domain[Any], vector: Any) -> Enclosure | None:
    try:
        operands = [chosen.enclose(x) if isinstance(x, Enclosure) else x for x in vector.operands]
        return chosen.ends(OPERATIONS[vector.function](chosen, *operands))
    except DomainError:
        return None


def refusal_is_due(vector: Any) -> bool:
    """Division by an interval that contains 0, ``0·∞``, or a logarithm that is only −∞."""
    first, *rest = vector.operands
    if vector.function == "div":
        return rest[0].lo <= 0 <= rest[0].hi
    if vector.function == "pown":
        return rest[0] < 0 and (first.lo <= 0 <= first.hi or abs(first.hi) == abs(first.lo))
    infinite = any(abs(x.lo) == float("inf") or abs(x.hi) == float("inf") for x in (first, *rest))
    if vector.function == "mul":
        return infinite and any(x.lo <= 0 <= x.hi for x in (first, *rest))
    return vector.function == "log" and first.hi <= 0
