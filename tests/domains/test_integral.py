"""Certified integrals and φ-functions: they contain the truth, are narrow, and refuse what has no value."""

from __future__ import annotations

from fractions import Fraction

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from lipsym.domains import evaluate
from lipsym.domains.expressions import ExpPhi
from lipsym.domains.parse import parse
from lipsym.enclosure import Enclosure
from lipsym.errors import DomainError, ExpressionError

NAMES = ("arb", "mpmath", "float64")
X = sp.Symbol("x", nonnegative=True)


@pytest.mark.parametrize("name", ["arb", "mpmath"])
@pytest.mark.parametrize(
    ("text", "closed"),
    [
        ("IntegralOver(exp(-3*s), s, 0, 2)", "(1 - exp(-6))/3"),
        ("IntegralOver(s**2, s, -1, 2)", "3"),
        ("IntegralOver(Min(s, 1/3), s, 0, 1)", "5/18"),
        ("IntegralOver(sqrt(s), s, 0, 1)", "2/3"),
        ("IntegralOver(sin(R*s), s, 0, 1)", "(1 - cos(R))/R"),
        ("IntegralOver(7, s, 1/2, 1/2)", "0"),
        ("IntegralOver(s*ExpPhi(1, R*s), s, 0, 1)", "ExpPhi(2, R)"),
        ("IntegralOver(Heaviside(s - 1/3), s, 0, 1)", "2/3"),
    ],
)
def test_integrals_contain_the_truth(text: str, closed: str, name: str) -> None:
    found, truth = evaluate(parse(text), {"R": 2}, name), evaluate(parse(closed), {"R": 2}, precision=200)
    assert found.contains(truth)
    assert found.width <= Fraction(1, 500) * max(1, abs(truth.hi))


@given(st.fractions(-40, 40), st.integers(1, 4))
def test_phi_contains_its_definition(z: Fraction, order: int) -> None:
    value = sp.Rational(z.numerator, z.denominator)
    for name in NAMES:
        found = evaluate(ExpPhi(order, X), {"x": z}, name) if z >= 0 else evaluate(ExpPhi(order, -X), {"x": -z}, name)
        if z == 0:
            assert found.contains(Fraction(1, int(sp.factorial(order))))
            continue
        truth = evaluate(ExpPhi(order, value).rewrite(sp.exp), precision=900)
        assert found.lo <= truth.hi
        assert truth.lo <= found.hi
        assert found.width <= abs(truth.hi) / 10**9


@given(st.fractions(-5, 5), st.fractions(0, 3))
def test_phi_of_an_interval_is_the_hull_of_its_ends(z: Fraction, width: Fraction) -> None:
    y = sp.Symbol("y", real=True)
    whole = evaluate(ExpPhi(2, y), {"y": Enclosure(z, z + width)})
    for end in (z, z + width):
        assert whole.contains(evaluate(ExpPhi(2, y), {"y": end}))


def test_phi_has_slopes() -> None:
    """A maximum is settled by monotonicity, which needs the derivative."""
    found = evaluate(parse("MaxOver(ExpPhi(1, z) - z/2, z, -1, 1)"))
    assert found.contains(evaluate(parse("Max(ExpPhi(1, 1) - 1/2, ExpPhi(1, -1) + 1/2)"), precision=100))
    assert sp.simplify((sp.diff(ExpPhi(2, X), X) - sp.diff(ExpPhi(2, X).rewrite(sp.exp), X)).rewrite(sp.exp)) == 0


@pytest.mark.parametrize("text", ["ExpPhi(0, R)", "ExpPhi(R, R)", "ExpPhi(1)", "IntegralOver(s, s, 0)"])
def test_what_is_no_expression(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse(text)


def test_what_has_no_value() -> None:
    with pytest.raises(DomainError):
        evaluate(parse("IntegralOver(s, s, 1, 0)"))
    with pytest.raises(DomainError):
        evaluate(parse("IntegralOver(1/s, s, 0, 1)"))
    with pytest.raises(DomainError):
        evaluate(parse("IntegralOver(s, s, 0, R)"), {"R": Enclosure(1, 2)})


def test_texts_and_latex() -> None:
    for text in ("IntegralOver(R*s, s, 0, 1)", "ExpPhi(2, R)"):
        assert parse(str(parse(text))) == parse(text)
    assert sp.latex(parse("IntegralOver(R*s, s, 0, 1)")) == r"\left(\int_{0}^{1} R s \, ds\right)"
    assert sp.latex(parse("ExpPhi(2, R)**2")) == r"\varphi_{2}^{2}\left(R\right)"
