"""Text to expressions: exact, safe, and the inverse of printing."""

from __future__ import annotations

import time
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from lipsym.domains.expressions import FUNCTIONS, BallMax, GeometricSum, IsolatedRoot, MaxOver, SumOver
from lipsym.domains.parse import exact, parse, symbol
from lipsym.enclosure import Enclosure
from lipsym.errors import ExpressionError, InexactNumberError, InputError, LipsymError

R, S, M = symbol("R"), symbol("S"), symbol("m")
Z = sp.Symbol("z", nonnegative=True)


def test_decimals_are_decimal_fractions() -> None:
    assert parse("0.1") == sp.Rational(1, 10)
    assert parse("12.5e-3") == sp.Rational(1, 80)
    assert parse("1_000.5") == sp.Rational(2001, 2)
    assert parse("0.1 + 0.2") == sp.Rational(3, 10)


def test_symbols_carry_their_assumptions() -> None:
    assert symbol("R").is_nonnegative
    assert not symbol("R").is_integer
    assert parse("m").is_integer
    assert parse("m").is_positive
    assert parse("n", integers={"n"}).is_integer
    assert parse("sqrt(R**2)") == R


@pytest.mark.parametrize("name", ["pi", "E", "exp", "I", "oo", "3x", "", "a b", "a.b"])
def test_bad_names_are_refused(name: str) -> None:
    with pytest.raises(ExpressionError):
        symbol(name)


def leaves() -> st.SearchStrategy[sp.Expr]:
    numbers = st.fractions(min_value=0, max_value=50, max_denominator=40)
    return st.one_of(
        st.sampled_from([R, S, M, sp.pi, sp.E]), numbers.map(lambda q: sp.Rational(q.numerator, q.denominator))
    )


def branches(inner: st.SearchStrategy[sp.Expr]) -> st.SearchStrategy[sp.Expr]:
    def is_language(e: sp.Expr) -> bool:
        return not e.has(sp.zoo, sp.nan, sp.oo, sp.I)

    powers = st.sampled_from([sp.Rational(1, 2), sp.Rational(3, 2), sp.Integer(2), sp.Integer(-1), sp.Rational(-1, 3)])
    return st.one_of(
        st.tuples(inner, inner).map(lambda p: p[0] + p[1]),
        st.tuples(inner, inner).map(lambda p: p[0] - p[1]),
        st.tuples(inner, inner).map(lambda p: p[0] * p[1]),
        st.tuples(inner, powers).map(lambda p: (1 + p[0] ** 2) ** p[1]),
        st.tuples(inner, inner).map(lambda p: sp.Max(*p)),
        st.tuples(inner, inner).map(lambda p: sp.Min(*p)),
        inner.map(sp.Abs),
        st.tuples(st.sampled_from(sorted(FUNCTIONS)), inner).map(lambda p: FUNCTIONS[p[0]](1 + p[1] ** 2)),
        inner.map(lambda e: GeometricSum(sp.Abs(e), M)),
        inner.map(lambda e: MaxOver(e * Z, Z, 0, 1 + S)),
        inner.map(lambda e: BallMax(sp.Abs(e) * Z, (Z,), R)),
        inner.map(lambda e: IsolatedRoot(Z**2 - 2, Z, 1, 2) * e),
        inner.map(lambda e: SumOver(e * Z, Z, 1, M)),
    ).filter(is_language)


@given(st.recursive(leaves(), branches, max_leaves=8))
def test_printing_and_reading_are_inverse(expression: sp.Expr) -> None:
    assert parse(str(expression)) == expression


@pytest.mark.parametrize(
    "text",
    ["MaxOver(z*R, z, -1, 1)", "MaxOver(tanh(z), z, R, 1 + R)", "BallMax(r*s, (r, s), R)", "BallMax(r, (r,), 2)"],
)
def test_binders_read_back(text: str) -> None:
    assert parse(str(parse(text))) == parse(text)


def test_a_bound_variable_is_real_or_nonnegative_by_its_range() -> None:
    assert parse("MaxOver(abs(z), z, -1, 1)") != parse("MaxOver(z, z, -1, 1)")
    assert parse("MaxOver(abs(z), z, 0, 1)") == parse("MaxOver(z, z, 0, 1)")


def test_substitution_does_not_capture() -> None:
    moved = parse("MaxOver(R*tanh(z), z, 0, 1)").subs(R, Z)
    assert moved.free_symbols == {Z}
    assert moved != parse("MaxOver(z*tanh(z), z, 0, 1)")
    assert parse("MaxOver(z, z, 0, R)").subs(Z, 5) == parse("MaxOver(z, z, 0, R)")


def test_a_name_bound_and_free_at_once_is_refused() -> None:
    real = sp.Symbol("z", real=True)
    with pytest.raises(ExpressionError, match="binds z"):
        MaxOver(real * Z, real, 0, 1)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("__import__('os').system('true')", "is not part of"),
        ("(lambda: 1)()", "is not part of"),
        ("R.subs", "Attribute"),
        ("[x for x in R]", "ListComp"),
        ("f'{R}'", "JoinedStr"),
        ("eval('1')", "eval is not a function"),
        ("exp(x=1)", "Call"),
        ("R^2", "write powers with **"),
        ("R**R**pi", "an exponent is rational"),
        ("R < 1", "Compare"),
        ("True", "not a real number"),
        ("'1'", "not a real number"),
        ("2j", "not a real number"),
        ("0x10", "decimal digits"),
        ("oo", "not a real number"),
        ("sqrt(-2)", "not a real number"),
        ("log(0)", "not a real number"),
        ("1/0", "divides by 0"),
        ("0**-1", "divides by 0"),
        ("tanh", "needs arguments"),
        ("tanh(1, 2)", "takes 1 arguments"),
        ("MaxOver(z, 1, 0, 1)", "binds names"),
        ("MaxOver(z, z, 0)", "has the form"),
        ("R +", "not an expression"),
        ("", "not an expression"),
        ("R\0", "not an expression"),
    ],
)
def test_what_is_not_an_expression_is_refused(text: str, says: str) -> None:
    with pytest.raises(ExpressionError) as raised:
        parse(text)
    assert len(str(raised.value).splitlines()) == 3
    assert says in str(raised.value)


@pytest.mark.parametrize(
    "text",
    [
        "9**9**9",
        "(2*R)**999999999",
        "2**(1/2 + 10**9)",
        "1e999999",
        "1e20001",
        "*".join(["9**30000"] * 2000),
        "+".join(["1/9**30000"] * 1500),
        "(" * 5000 + "1" + ")" * 5000,
        "-" * 5000 + "1",
        "exp(" * 180 + "1" + ")" * 180,
        "R" * 20_001,
        "9" * 5000,
    ],
)
def test_large_text_is_refused_at_once(text: str) -> None:
    start = time.perf_counter()
    with pytest.raises(ExpressionError):
        parse(text)
    assert time.perf_counter() - start < 2


def test_long_sums_are_read() -> None:
    assert parse("+".join(["R"] * 1500)) == 1500 * R


def test_exact_takes_exact_numbers() -> None:
    assert exact(3) == 3
    assert exact(Fraction(1, 3)) == sp.Rational(1, 3)
    assert exact("3/2") == sp.Rational(3, 2)
    assert exact("R") == R
    assert exact(sp.sqrt(2)) == sp.sqrt(2)
    assert exact(np.int64(7)) == 7


@pytest.mark.parametrize("value", [0.1, np.float64(0.1), sp.Float("0.1"), R + sp.Float("0.1")])
def test_exact_refuses_floats_and_names_both_readings(value: object) -> None:
    with pytest.raises(InexactNumberError) as raised:
        exact(value, "the radius")
    text = str(raised.value)
    assert "the radius" in text
    assert "3602879701896397, 36028797018963968" in text
    assert '"0.1' in text


@pytest.mark.parametrize("value", [float("nan"), float("inf"), True, None, 1j, Enclosure(1, 2)])
def test_exact_refuses_what_is_no_number(value: object) -> None:
    with pytest.raises(InputError) as raised:
        exact(value)
    assert isinstance(raised.value, LipsymError)
