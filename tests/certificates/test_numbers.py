from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipsym.certificates.numbers import read_enclosure, read_end, write_enclosure, write_end
from lipsym.enclosure import Enclosure
from lipsym.errors import InputError


@given(st.fractions())
def test_rationals_come_back(x: Fraction) -> None:
    assert read_end(write_end(x)) == x


@given(st.floats(allow_nan=False))
def test_a_floats_exact_value_is_written(x: float) -> None:
    assert read_end(write_end(Fraction(x) if math.isfinite(x) else x)) == x


def test_infinite_ends() -> None:
    enclosure = Enclosure(-math.inf, math.inf)
    assert write_enclosure(enclosure) == {"lo": "-inf", "hi": "inf"}
    assert read_enclosure(write_enclosure(enclosure)) == enclosure


@pytest.mark.parametrize("text", ["0.5", "1e3", "1/0", "1/00", " 1", "1/-2", "nan", "", "0x1", "१", None, 1, "1_0"])
def test_any_other_text_is_refused(text: object) -> None:
    with pytest.raises(InputError) as caught:
        read_end(text)  # type: ignore[arg-type]
    assert len(str(caught.value).splitlines()) == 3


def test_numbers_of_more_digits_than_python_prints() -> None:
    number = Fraction(10**6000 + 1, 10**5000 + 7)
    assert read_end(write_end(number)) == number
    assert read_end(write_end(-(10**9000))) == -(10**9000)
