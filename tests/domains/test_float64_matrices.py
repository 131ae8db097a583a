"""Midpoint-radius matrices: every operation contains the exact results, checked in rational arithmetic."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lipsym.domains import float64_matrices as mr
from lipsym.domains.float64_matrices import MidRad
from lipsym.errors import InputError

RNG = np.random.default_rng(5)
ENTRIES = st.floats(-1e30, 1e30) | st.floats(-1e-300, 1e-300)
RADII = st.floats(0, 1e20) | st.just(0.0)


def fractions(a: np.ndarray) -> np.ndarray:
    return np.array([Fraction(x) for x in a.ravel().tolist()], dtype=object).reshape(a.shape)


def member(x: MidRad, where: np.ndarray) -> np.ndarray:
    """A matrix of the interval, exactly, as a share of the radius between −1 and 1."""
    return fractions(x.mid) + fractions(x.rad) * fractions(where)


def contains(x: MidRad, exact: np.ndarray) -> bool:
    distance = abs(fractions(x.mid) - exact)
    return bool((distance <= fractions(x.rad)).all())


@st.composite
def pairs(draw: st.DrawFn) -> tuple[MidRad, MidRad, np.ndarray, np.ndarray]:
    m, n, p = (draw(st.integers(1, 4)) for _ in range(3))
    x, y = (
        MidRad(draw(hnp.arrays(np.float64, s, elements=ENTRIES)), draw(hnp.arrays(np.float64, s, elements=RADII)))
        for s in ((m, n), (n, p))
    )
    shares = st.sampled_from([-1.0, -0.5, 0.0, 1.0])
    return (
        x,
        y,
        draw(hnp.arrays(np.float64, (m, n), elements=shares)),
        draw(hnp.arrays(np.float64, (n, p), elements=shares)),
    )


@given(pairs())
def test_operations_contain_the_exact_results(drawn: tuple[MidRad, MidRad, np.ndarray, np.ndarray]) -> None:
    x, y, s, t = drawn
    with np.errstate(all="ignore"):
        a, b = member(x, s), member(y, t)
        assert contains(mr.matmul(x, y), a @ b)
        assert contains(mr.add(x, x.transpose.transpose), a + a)
        square = member(x, s)
        assert contains(mr.multiply(x, x), a * square)
        assert contains(mr.scale(x, 0.3), a * Fraction(0.3))
        assert contains(mr.total(x, 0), a.sum(0))
        lo, hi = mr.ends(x)
        assert (fractions(lo) <= a).all()
        assert (a <= fractions(hi)).all()
        again = mr.from_ends(lo, hi)
        assert contains(again, a)
        assert (abs(a) <= fractions(mr.magnitude(x))).all()
        assert (abs(a) >= fractions(mr.mignitude(x))).all()


@given(hnp.arrays(np.float64, st.tuples(st.integers(1, 5), st.integers(1, 5)), elements=st.floats(0, 1e100)))
def test_sums_of_non_negative_numbers_are_rounded_up(a: np.ndarray) -> None:
    exact = fractions(a)
    with np.errstate(all="ignore"):
        assert Fraction(float(mr.sum_up(a))) >= exact.sum()
        assert (fractions(mr.product_up(a, a.T)) >= exact @ exact.T).all()
        lengths = mr.length_up(a)
    finite = np.isfinite(lengths)
    assert (fractions(lengths[finite]) ** 2 >= (exact**2).sum(1)[finite]).all()


def test_batches_are_products_of_their_members() -> None:
    x = MidRad(RNG.standard_normal((3, 4, 5)), RNG.uniform(0, 0.1, (3, 4, 5)))
    y = MidRad(RNG.standard_normal((3, 5, 2)), RNG.uniform(0, 0.1, (3, 5, 2)))
    product = mr.matmul(x, y)
    for k in range(3):
        single = mr.matmul(x[k], y[k])
        assert (abs(product.mid[k] - single.mid) <= product.rad[k] + single.rad).all()
        assert np.allclose(product.rad[k], single.rad)


def test_long_products_are_tight_and_cancellation_is_caught() -> None:
    a, b = RNG.standard_normal((1, 100_000)), RNG.standard_normal((100_000, 1))
    product = mr.matmul(mr.point(a), mr.point(b))
    exact = sum((Fraction(x) * Fraction(y) for x, y in zip(a[0].tolist(), b[:, 0].tolist(), strict=True)), Fraction(0))
    assert contains(product, np.array([[exact]], dtype=object))
    assert product.rad[0, 0] < 1e-5
    # Has power: without the radius the same product misses.
    assert Fraction(float(product.mid[0, 0])) != exact


def test_what_overflows_is_known_to_nothing() -> None:
    huge = mr.point(np.full((2, 2), 1e300))
    with np.errstate(all="ignore"):
        product = mr.matmul(huge, huge)
        assert np.isinf(product.rad).all()
        assert np.isfinite(product.mid).all()
        assert np.isinf(mr.up(np.array([np.nan]))).all()
        assert np.isinf(mr.multiply(product, mr.point(np.zeros((2, 2)))).rad).all()


def test_sums_that_are_too_long_are_refused() -> None:
    with pytest.raises(InputError, match="terms") as caught:
        mr.sum_up(np.broadcast_to(np.float64(1), (1 << 25,)))
    assert len(str(caught.value).splitlines()) == 3
