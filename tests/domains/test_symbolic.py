"""Exact evaluation: rationals come back as points, everything else as narrow enclosures of the exact expression."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
import sympy as sp

from lipsym.domains import evaluate, evaluate_program, symbolic
from lipsym.domains.parse import parse, symbol
from lipsym.enclosure import Enclosure
from lipsym.errors import DomainError, InputError

R = symbol("R")


def value(text: str, values: dict[str, Any] | None = None, precision: int = 53) -> Enclosure:
    return evaluate(parse(text), values or {}, "symbolic", precision)


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("R/3 + 1/7", {"R": "2/5"}, Fraction(29, 105)),
        ("sqrt(R**2 + 1)", {"R": "3/4"}, Fraction(5, 4)),
        ("sqrt(3 + 2*sqrt(2)) - sqrt(2)", {}, 1),
        ("sqrt(5 + 2*sqrt(6)) - sqrt(2) - sqrt(3)", {}, 0),
        ("(sqrt(R) + 1)*(sqrt(R) - 1)", {"R": 7}, 6),
        ("R**(1/3)", {"R": 27}, 3),
        ("GeometricSum(R, m)", {"R": "1/2", "m": 3}, Fraction(7, 4)),
        ("log(exp(R))", {"R": "2/3"}, Fraction(2, 3)),
        ("R**2", {"R": "sqrt(2)"}, 2),
        ("Max(R, 2)", {"R": "sqrt(3)"}, 2),
    ],
)
def test_exact_results_are_points(text: str, values: dict[str, Any], expected: Fraction | int) -> None:
    assert value(text, values) == Enclosure(expected)


@pytest.mark.parametrize("precision", [20, 53, 200])
def test_other_results_are_narrow(precision: int) -> None:
    found = value("tanh(R) - tanh(R + 1/10**20)", {"R": 1}, precision)  # twenty digits cancel
    assert found.hi < 0
    assert found.width <= -found.lo / 2**precision
    assert found.overlaps(evaluate(parse("tanh(R) - tanh(R + 1/10**20)"), {"R": 1}, "arb", 400))


def test_enclosures_are_refused_points_are_not() -> None:
    with pytest.raises(InputError, match="one exact number"):
        value("R", {"R": Enclosure(1, 2)})
    assert value("R", {"R": Enclosure("1/3")}) == Enclosure("1/3")


def test_values_with_symbols_are_refused() -> None:
    with pytest.raises(InputError, match="no symbols"):
        value("R", {"R": "S"})


def test_binders_are_delegated() -> None:
    assert value("MaxOver(z*(1 - z), z, 0, 1)").contains(Fraction(1, 4))
    root = value("IsolatedRoot(z**2 - R, z, 1, 2)", {"R": 2}, 100)
    assert root.lo**2 <= 2 <= root.hi**2
    assert root.width < Fraction(1, 2**99)


def test_steps_are_substituted() -> None:
    a, b = sp.symbols("a b", nonnegative=True)
    assert evaluate_program([(a, sp.sqrt(R)), (b, a**2 + a)], b - a, {"R": 5}, "symbolic") == Enclosure(5)


def test_long_programs_are_enclosed_without_writing_them_out() -> None:
    steps, last = [], R
    for k in range(60):
        new = symbol(f"a_{k}")
        steps.append((new, sp.tanh(last) + sp.sqrt(1 + last**2)))
        last = new
    found = evaluate_program(steps, last, {"R": 1}, "symbolic")
    assert found.overlaps(evaluate_program(steps, last, {"R": 1}, "arb", 200))
    assert found.width <= found.hi / 2**53


def test_poles_are_refused() -> None:
    with pytest.raises(DomainError):
        value("1/(R - 1)", {"R": 1})


def test_a_wrong_simplification_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(symbolic, "simplify_exactly", lambda v: sp.Rational(1415, 1000))
    found = value("sqrt(R)", {"R": 2})
    assert found.lo**2 <= 2 <= found.hi**2
