"""Directed rounding of float64 arrays, from round-to-nearest and error-free transformations.

Invariant: ``add``, ``multiply``, ``divide`` and ``square_root`` return the floats next below and next above the exact
result (equal where it is a float), and never a NaN for operands that are numbers.

Why it is sound: IEEE 754 rounds ``+ − × ÷ sqrt`` to nearest, so the exact result is the computed one or lies between it
and a neighbour; the sign of the error, which error-free transformations give exactly, says on which side. That the
processor really works like this is checked once by ``check_arithmetic``.
"""

from __future__ import annotations

import functools

import numpy as np

from lipsym.errors import HypothesisError

Floats = np.ndarray
"""A float64 array of any shape."""

Pair = tuple[Floats, Floats]
"""A lower and an upper bound, or the parts of an unevaluated sum."""

_SPLITTER = 2.0**27 + 1.0
_LARGE = 2.0**990
_SMALL = 2.0**-960


@functools.cache
def check_arithmetic() -> None:
    """Check that this processor rounds to nearest and keeps subnormal numbers.

    Raises:
        HypothesisError: if it does not; some libraries (codac is one) change the rounding mode for the whole process.
    """
    one, half_ulp, tiny = np.array([1.0, -1.0]), np.array([2.0**-53, -(2.0**-53)]), np.array([2.0**-1074])
    wrong = []
    if not (
        np.array_equal(one + half_ulp, one)
        and np.array_equal(one + 1.5 * half_ulp, one * (1 + 2.0**-52))
        and np.array_equal(one / 3.0 * 3.0, one)
        and np.array_equal(one * (1 + 2.0**-30) * (1 + 2.0**-30), one * (1 + 2.0**-29))
    ):
        wrong.append("results are not rounded to nearest")
    if not (np.array_equal(tiny + tiny, np.array([2.0**-1073])) and np.array_equal(tiny * 0.75, tiny)):
        wrong.append("subnormal numbers are flushed to zero")
    if wrong:
        raise HypothesisError(
            f"the float64 domain was asked for on a processor state in which {' and '.join(wrong)}",
            "its outward rounding supposes IEEE 754 arithmetic, rounded to nearest, with subnormal numbers",
            "do not import libraries that change the rounding mode (codac does), or use the arb domain",
        )


def two_sum(a: Floats, b: Floats) -> Pair:
    """``(s, e)`` with ``s = fl(a+b)`` and ``s + e = a + b`` exactly, unless ``s`` overflows (Knuth)."""
    s = a + b
    t = s - a
    return s, (a - (s - t)) + (b - t)


def two_product(a: Floats, b: Floats) -> Pair:
    """``(p, e)`` with ``p = fl(ab)`` and ``p + e = ab`` exactly (Dekker).

    Holds for ``|a|, |b| ≤ 2^990``, ``|p| < 2^1020`` and (``p = ab = 0`` or ``|p| ≥ 2^−960``): then neither the splitting
    nor a partial product overflows, and every partial product is a multiple of ``2^−1074``.
    """
    p = a * b
    a_high, a_low = _split(a)
    b_high, b_low = _split(b)
    return p, ((a_high * b_high - p) + a_high * b_low + a_low * b_high) + a_low * b_low


def step(x: Floats, direction: Floats | int) -> Floats:
    """The float next to ``x ≠ 0`` below (−1) or above (1), or ``x`` itself (0)."""
    # The bits of floats of one sign, read as integers, are ordered like the magnitudes.
    bits = x.view(np.int64)
    return (bits + direction * ((bits >> 63) | 1)).view(np.float64)


def add(a: Floats, b: Floats) -> Pair:
    """``a + b`` rounded down and up; infinite operands have one sign."""
    s, error = two_sum(a, b)
    lo, hi = _neighbours(s, _sign(error))
    if np.isfinite(error).all():
        return lo, hi
    # Something overflowed: the sum, or (with an operand near the largest float) a part of two_sum alone.
    odd, exact = ~np.isfinite(error), np.isinf(a) | np.isinf(b)
    lo = np.where(odd, np.where(exact, s, np.nextafter(s, -np.inf)), lo)
    hi = np.where(odd, np.where(exact, s, np.nextafter(s, np.inf)), hi)
    return lo, hi


def multiply(a: Floats, b: Floats) -> Pair:
    """``ab`` rounded down and up, with ``0·∞ = 0`` (the product of a zero and of any *number* is zero)."""
    a, b = np.broadcast_arrays(a, b)
    p, error = two_product(a, b)
    side = _sign(error)
    size = np.abs(p)
    plain = (size < 2.0**1020) & (size >= _SMALL) & (np.abs(a) <= _LARGE) & (np.abs(b) <= _LARGE)
    if not plain.all():
        odd = ~plain
        p[odd], side[odd] = _product_rare(a[odd], b[odd])
    return _neighbours(p, side)


def divide(a: Floats, b: Floats) -> Pair:
    """``a/b`` rounded down and up, ``b ≠ 0``, with ``a/∞ = 0``; not both may be infinite."""
    a, b = np.broadcast_arrays(a, b)
    q = a / b
    size, top, bottom = np.abs(q), np.abs(a), np.abs(b)
    # q is within half an ulp of a/b, so a − fl(qb) is exact (Sterbenz), and a − qb = (a − p) − e has the sign of a − p − e.
    p, error = two_product(q, b)
    rest = a - p
    side = ((rest > error).astype(np.int64) - (rest < error)) * _sign(b)
    plain = (size <= _LARGE) & (size >= _SMALL) & (top < 2.0**1000) & (top >= _SMALL) & (bottom <= _LARGE)
    if not plain.all():
        odd = ~plain
        low, high = _quotient_rare(a[odd], b[odd])
        lo, hi = _neighbours(np.where(odd, 1.0, q), np.where(odd, 0, side))
        lo[odd], hi[odd] = low, high
        return lo, hi
    return _neighbours(q, side)


def square_root(x: Floats) -> Pair:
    """``√x`` rounded down and up, for ``x ≥ 0``."""
    # Scaled by powers of four so that the square of the root is far from underflow and overflow.
    scale = np.where(x < 2.0**-500, 2.0**300, np.where(x > 2.0**500, 2.0**-300, 1.0))
    scaled = (x * scale) * scale
    root = np.sqrt(scaled)
    p, error = two_product(root, root)
    rest = scaled - p
    side = (rest > error).astype(np.int64) - (rest < error)
    side[~np.isfinite(x) | (x == 0)] = 0
    return _neighbours(root / scale, side)


def scale_by_power_of_two(lo: Floats, hi: Floats, exponent: np.ndarray) -> Pair:
    """``lo·2^k`` rounded down and ``hi·2^k`` rounded up, for ``2^−20 < |lo|, |hi| < 2^20`` or zero and ``|k| ≤ 2000``."""
    near = np.clip(exponent, -1000, 1000)
    first, second = power_of_two(near), power_of_two(exponent - near)
    lower, upper = (lo * first) * second, (hi * first) * second
    if (near != exponent).any():
        # Scaling back by the second power is exact whenever the scaled number is finite.
        back = 1.0 / second
        lower = np.where(lower * back > lo * first, np.nextafter(lower, -np.inf), lower)
        upper = np.where(upper * back < hi * first, np.nextafter(upper, np.inf), upper)
    return lower, upper


def power_of_two(exponent: np.ndarray) -> Floats:
    """``2^k`` for integers ``−1022 ≤ k ≤ 1023``, by writing the exponent's bits."""
    return ((exponent.astype(np.int64) + 1023) << 52).view(np.float64)


def _split(a: Floats) -> Pair:
    c = _SPLITTER * a
    high = c - (c - a)
    return high, a - high


def _sign(x: Floats) -> np.ndarray:
    return (x > 0).astype(np.int64) - (x < 0)


def _neighbours(value: Floats, side: np.ndarray) -> Pair:
    """The floats around a number that lies on the given side of ``value`` (0: is ``value``)."""
    lo, hi = step(value, np.minimum(side, 0)), step(value, np.maximum(side, 0))
    zero = value == 0
    if zero.any():
        tiny = 2.0**-1074
        lo, hi = np.where(zero, np.minimum(side, 0) * tiny, lo), np.where(zero, np.maximum(side, 0) * tiny, hi)
    return lo, hi


def _product_rare(a: Floats, b: Floats) -> tuple[Floats, np.ndarray]:
    """The product and the side of its error, where ``two_product`` does not apply."""
    p = np.where((a == 0) | (b == 0), 0.0, a * b)
    (m, i), (n, k) = np.frexp(a), np.frexp(b)
    exact, error = two_product(m, n)
    # Both exact and p·2^−(i+k) are multiples of an ulp of exact, far above the error: it only decides a tie.
    scaled = np.ldexp(p, np.clip(-(i + k), -2000, 2000))
    side = np.where(exact != scaled, _sign(exact - scaled), _sign(error))
    side = np.where(np.isinf(p), -_sign(p), side)
    return p, np.where((a == 0) | (b == 0) | np.isinf(a) | np.isinf(b), 0, side)


def _quotient_rare(a: Floats, b: Floats) -> Pair:
    """The quotient's neighbours where ``a``, ``b`` or ``a/b`` is zero, infinite, very small or very large."""
    q = a / b
    (m, i), (n, k) = np.frexp(a), np.frexp(b)
    scaled = np.ldexp(q, np.clip(k - i, -2000, 2000))
    p, error = two_product(scaled, n)
    rest = m - p
    side = ((rest > error).astype(np.int64) - (rest < error)) * _sign(b)
    side = np.where(np.isinf(q), -_sign(q), side)
    side = np.where((a == 0) | np.isinf(a), 0, side)
    unbounded = np.isinf(b)
    return _neighbours(np.where(unbounded, 0.0, q), np.where(unbounded, 0, side))
