"""The running error against exact arithmetic."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipsym.enclose.batch import Batch, intervals, points

FLOATS = st.floats(-1e6, 1e6, allow_subnormal=True)
OPERATIONS = ("add", "multiply", "square", "negate", "halve")


@st.composite
def chains(draw: st.DrawFn) -> tuple[list[tuple[float, float, float]], list[tuple[str, int, int]]]:
    """Intervals with a point in each, and operations on earlier results."""
    leaves = []
    for _ in range(draw(st.integers(1, 4))):
        lo, hi = sorted((draw(FLOATS), draw(FLOATS)))
        share = draw(st.sampled_from([0.0, 0.3, 1.0]))
        leaves.append((lo, hi, min(max(lo + share * (hi - lo), lo), hi)))
    steps = []
    for k in range(draw(st.integers(1, 6))):
        place = st.integers(0, len(leaves) + k - 1)
        steps.append((draw(st.sampled_from(OPERATIONS)), draw(place), draw(place)))
    return leaves, steps


def run(leaves: list[tuple[float, float, float]], steps: list[tuple[str, int, int]]) -> list[tuple[Batch, Fraction]]:
    found = [(intervals(np.array([lo]), np.array([hi])), Fraction(x)) for lo, hi, x in leaves]
    for name, i, j in steps:
        (a, x), (b, y) = found[i], found[j]
        found.append(
            {
                "add": lambda a=a, b=b, x=x, y=y: (a + b, x + y),
                "multiply": lambda a=a, b=b, x=x, y=y: (a * b, x * y),
                "square": lambda a=a, x=x: (a.squared(), x * x),
                "negate": lambda a=a, x=x: (-a, -x),
                "halve": lambda a=a, x=x: (a.scaled(0.5), x / 2),
            }[name]()
        )
    return found


@given(chains())
def test_chains_contain_the_exact_value(chain: tuple[list, list]) -> None:
    with np.errstate(all="ignore"):
        for batch, value in run(*chain):
            lower, upper = float(batch.lower[0]), float(batch.upper[0])
            assert lower == -np.inf or Fraction(lower) <= value
            assert upper == np.inf or value <= Fraction(upper)
            assert batch.magnitude[0] == np.inf or abs(value) <= Fraction(float(batch.magnitude[0]))


def test_the_error_is_needed() -> None:
    third = points(np.array([1.0])) * points(np.array([1 / 3]))
    for _ in range(3):
        third = third * points(np.array([1.1])) + points(np.array([0.3]))
    exact = Fraction(1 / 3)
    for _ in range(3):
        exact = exact * Fraction(1.1) + Fraction(0.3)
    assert Fraction(float(third.lower[0])) <= exact <= Fraction(float(third.upper[0]))
    assert Fraction(float(third.ends[0, 0])) != exact, "rounding did occur"
    assert third.error < 1e-14


def test_what_is_not_known_stays_unknown() -> None:
    with np.errstate(all="ignore"):
        everything = Batch(np.array([[-np.inf], [np.inf]]), 1.0)
        for result in (everything * points(np.zeros(1)), everything + everything, everything.squared()):
            assert result.upper[0] == np.inf
        assert (everything * points(np.zeros(1))).lower[0] == -np.inf


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (2, 5)])
def test_products_of_thin_and_wide_batches(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    thin = points(rng.standard_normal(shape[1]))
    lo = rng.standard_normal(5)
    wide = intervals(lo, lo + rng.random(5))
    product = thin * wide
    for share in (0.0, 0.5, 1.0):
        at = wide.ends[0] + share * (wide.ends[1] - wide.ends[0])
        value = np.broadcast_to(thin.ends[0], 5) * at
        assert (product.lower <= value + 1e-12).all()
        assert (value <= product.upper + 1e-12).all()
