"""The one entry: values by name, every domain, and the same truth from all of them."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from lipsym.domains import domain, evaluate, evaluate_program
from lipsym.domains.expressions import FUNCTIONS
from lipsym.domains.parse import parse, symbol
from lipsym.enclosure import Enclosure
from lipsym.errors import DomainError, InexactNumberError, InputError, MissingValueError

R, S = symbol("R"), symbol("S")
DOMAINS = ("arb", "mpmath", "float64", "symbolic")


@pytest.mark.parametrize("name", DOMAINS)
def test_the_flagship_formula(name: str) -> None:
    found = evaluate(parse("sqrt(R**2*(S**2 + 1) + 1)"), {"R": 2, S: "3/4"}, name)
    assert found.contains(_root(Fraction(29, 4)))
    assert found.width / found.hi < Fraction(1, 2**50)


def _root(square: Fraction) -> Enclosure:
    bits = 400
    root = math.isqrt((square.numerator << 2 * bits) // square.denominator)
    return Enclosure(Fraction(root, 1 << bits), Fraction(root + 1, 1 << bits))


@pytest.mark.parametrize("name", DOMAINS)
def test_missing_values_are_listed(name: str) -> None:
    with pytest.raises(MissingValueError, match="R, S"):
        evaluate(R + S, {}, name)


@pytest.mark.parametrize("name", DOMAINS)
@pytest.mark.parametrize("value", [0.5, sp.Float("0.5")])
def test_floats_are_refused(name: str, value: Any) -> None:
    with pytest.raises(InexactNumberError, match="the value of R"):
        evaluate(R, {"R": value}, name)


@pytest.mark.parametrize("name", DOMAINS)
@pytest.mark.parametrize(
    ("text", "value"), [("R", -1), ("m", 0), ("m", "3/2"), ("R", "1 - sqrt(2)"), ("m", Enclosure(1, 2))]
)
def test_values_keep_the_assumptions(name: str, text: str, value: Any) -> None:
    """``sqrt(R**2)`` was simplified to ``R``: a negative R would make the bound false."""
    with pytest.raises(InputError):
        evaluate(parse(text), {text: value}, name)


def test_a_partly_negative_enclosure_is_refused_too() -> None:
    with pytest.raises(InputError):
        evaluate(R, {"R": Enclosure(-1, 1)})


def test_an_empty_enclosure_is_refused() -> None:
    with pytest.raises(DomainError):
        evaluate(R, {"R": Enclosure(math.inf, math.inf)})


@pytest.mark.parametrize("name", ["arb", "mpmath"])
def test_zero_times_infinity_is_refused(name: str) -> None:
    with pytest.raises(DomainError, match="0·∞"):
        evaluate(R * S, {"R": 0, "S": Enclosure(1, math.inf)}, name)
    assert evaluate(R * S, {"R": 2, "S": Enclosure(1, math.inf)}, name) == Enclosure(2, math.inf)


def test_exact_algebraic_values_are_taken() -> None:
    found = evaluate(R**2, {"R": "sqrt(2)"})
    assert found.contains(2)
    assert found.width < Fraction(1, 2**50)


def test_unknown_domains_and_precisions() -> None:
    with pytest.raises(InputError, match="the domains are"):
        domain("decimal")
    for precision in (1, 0, -5, True, 53.0):
        with pytest.raises(InputError):
            domain("arb", precision)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="53 bits"):
        domain("float64", 100)


def test_precision_narrows() -> None:
    widths = [evaluate(sp.tanh(R), {R: "1/3"}, name, p).width for name in ("arb", "mpmath") for p in (24, 53, 200)]
    assert widths[0] > widths[1] > widths[2] > 0
    assert widths[3] > widths[4] > widths[5] > 0


def test_steps_are_used_in_order() -> None:
    a, b = sp.symbols("a b", nonnegative=True)
    assert evaluate_program([(a, R + 1), (b, a**2)], b + a, {"R": 2}) == Enclosure(12)


# Cross-domain agreement: random expressions at random values, against Arb at 300 bits.

numbers = st.fractions(min_value=0, max_value=20, max_denominator=60)


def grown(inner: st.SearchStrategy[sp.Expr]) -> st.SearchStrategy[sp.Expr]:
    functions = sorted(set(FUNCTIONS) - {"log", "cosh", "sinh", "exp", "expm1"})
    return st.one_of(
        st.tuples(inner, inner).map(lambda p: p[0] + p[1]),
        st.tuples(inner, inner).map(lambda p: p[0] - p[1]),
        st.tuples(inner, inner).map(lambda p: p[0] * p[1]),
        st.tuples(inner, inner).map(lambda p: sp.Max(*p)),
        st.tuples(inner, inner).map(lambda p: p[0] / (1 + p[1] ** 2)),
        inner.map(lambda e: sp.sqrt(1 + e**2)),
        inner.map(lambda e: sp.exp(-(e**2))),
        inner.map(lambda e: sp.log(2 + sp.cos(e))),
        inner.map(sp.Abs),
        st.tuples(st.sampled_from(functions), inner).map(lambda p: FUNCTIONS[p[0]](sp.Abs(p[1]))),
    ).filter(lambda e: not e.has(sp.nan, sp.zoo, sp.oo, sp.I))


expressions = st.recursive(st.sampled_from([R, S, sp.Integer(2), sp.Rational(1, 3)]), grown, max_leaves=7)


@settings(max_examples=400)
@given(expressions, numbers, numbers)
def test_domains_agree_at_points(expression: sp.Expr, r: Fraction, s: Fraction) -> None:
    values = {"R": r, "S": s}
    truth = evaluate(expression, values, "arb", 300)
    for name in ("arb", "mpmath", "float64"):
        found = evaluate(expression, values, name)
        assert found.overlaps(truth), (name, found, truth)


@settings(max_examples=400)
@given(expressions, numbers, numbers, numbers, st.integers(0, 20))
def test_enclosures_of_values_contain_all_points(
    expression: sp.Expr, r: Fraction, s: Fraction, width: Fraction, share: int
) -> None:
    inside = r + width * share / 20
    truth = evaluate(expression, {"R": inside, "S": s}, "arb", 300)
    for name in ("arb", "mpmath", "float64"):
        found = evaluate(expression, {"R": Enclosure(r, r + width), "S": s}, name)
        assert found.lo <= truth.hi, name
        assert truth.lo <= found.hi, name
