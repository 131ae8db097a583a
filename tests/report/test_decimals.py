from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipsym.enclosure import Enclosure
from lipsym.errors import InputError
from lipsym.report.decimals import decimal, interval

numbers = st.one_of(
    st.fractions(),
    st.floats(allow_nan=False, allow_infinity=False).map(Fraction),
    st.integers(-60, 60).map(lambda e: Fraction(10) ** e),
)


@given(numbers, st.integers(1, 12))
def test_the_direction_holds_and_the_decimal_is_the_nearest_on_its_side(x: Fraction, digits: int) -> None:
    up, down = Fraction(decimal(x, digits, up=True)), Fraction(decimal(x, digits, up=False))
    assert down <= x <= up
    assert up - down <= abs(x) * Fraction(10) ** (1 - digits)
    if up == down:
        assert x == up


@given(numbers)
def test_a_decimal_that_is_exact_stays(x: Fraction) -> None:
    text = decimal(x, 4)
    assert decimal(Fraction(text), 4, up=True) == decimal(Fraction(text), 4, up=False) == text


@pytest.mark.parametrize(
    ("x", "up", "text"),
    [
        (Fraction(999_9995, 1000), True, "10000"),
        (Fraction(1, 3), False, "0.333333"),
        (Fraction(-1, 3), True, "-0.333333"),
        (Fraction(-1, 3), False, "-0.333334"),
        (Fraction(0), True, "0"),
        (math.inf, True, "inf"),
        (-math.inf, False, "-inf"),
        (Fraction(1, 10**5), True, "1e-05"),
        (Fraction(12345678), True, "1.23457e+07"),
        (Fraction(1234567), False, "1234560"),
        (Fraction(1, 10**400), True, "1e-400"),
        (100, True, "100"),
    ],
)
def test_layout(x: Fraction, up: bool, text: str) -> None:
    assert decimal(x, up=up) == text


def test_an_interval_is_rounded_outward() -> None:
    assert interval(Enclosure(Fraction(1, 3), Fraction(2, 3)), 2) == "[0.33, 0.67]"


@pytest.mark.parametrize("digits", [0, -1, True])
def test_the_number_of_digits_is_positive(digits: int) -> None:
    with pytest.raises(InputError, match="at least one digit"):
        decimal(Fraction(1), digits)
