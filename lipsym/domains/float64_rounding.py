"""Directed rounding of float64 arrays, from round-to-nearest and error-free transformations.

Invariant: ``add_down`` and its kin return the largest float that is at most the exact result (of add, multiply, divide
or square root; ``…_up``: the smallest that is at least it), and never a NaN for operands that are numbers. Inexact sums
within a factor 4 of ``2^-1021`` alone may be one float further out.

Why it is sound: IEEE 754 rounds ``+ − × ÷ sqrt`` to nearest, so the exact result is the computed one or lies between it
and a neighbour; the sign of the error, which error-free transformations give exactly, says on which side. That the
processor really works like this is checked by ``check_arithmetic`` whenever a domain is made: a library that is loaded
in between may have changed it.
"""

from __future__ import annotations

import numpy as np

from lipsym.errors import HypothesisError

Floats = np.ndarray
"""A float64 array of any shape."""

Pair = tuple[Floats, Floats]
"""A lower and an upper bound, or the parts of an unevaluated sum."""

_SPLITTER = 2.0**27 + 1.0
_LARGE = 2.0**990
_SMALL = 2.0**-960
_TOP = 2.0**1020
_PHI = 2.0**-53 * (1.0 + 2.0**-52)
_ETA = 2.0**-1074


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
    # As bits: a processor that reads subnormal operands as 0 also finds them equal to 0.
    if (tiny + tiny).tobytes() != np.array([2.0**-1073]).tobytes() or (tiny * 0.75).tobytes() != tiny.tobytes():
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

    Holds for ``|a|, |b| ≤ 2^990``, ``|p| < 2^1020`` and (``p = ab = 0`` or ``|p| ≥ 2^-960``): then neither the
    splitting nor a partial product overflows, and every partial product is a multiple of ``2^-1074``.
    """
    p = a * b
    a_high, a_low = _split(a)
    b_high, b_low = _split(b)
    return p, ((a_high * b_high - p) + a_high * b_low + a_low * b_high) + a_low * b_low


def below(value: Floats, error: Floats) -> Floats:
    """The largest float that is at most ``value + error``, for ``value = fl(value + error) ≠ ±∞``.

    With ``φ = u(1 + 2u)`` and ``η = 2^-1074``, ``fl(c − fl(φ|c| + η))`` is at most the float before ``c``, and equal to
    it unless ``|c|`` is within a factor 2 of ``2^-1021`` (Rump, Zimmermann, Boldo, Melquiond 2009).
    """
    return value - (np.abs(value) * _PHI + _ETA) * (error < 0)


def above(value: Floats, error: Floats) -> Floats:
    """The smallest float that is at least ``value + error``, likewise."""
    return value + (np.abs(value) * _PHI + _ETA) * (error > 0)


def add_down(a: Floats, b: Floats) -> Floats:
    """``a + b`` rounded down; infinite operands have one sign."""
    s, error = two_sum(a, b)
    if np.isfinite(error).all():
        return below(s, error)
    # Something overflowed: the sum, or (with an operand near the largest float) a part of two_sum alone.
    exact = np.isinf(a) | np.isinf(b)
    return np.where(np.isfinite(error), below(s, error), np.where(exact, s, np.nextafter(s, -np.inf)))


def add_up(a: Floats, b: Floats) -> Floats:
    """``a + b`` rounded up."""
    return -add_down(-a, -b)


def multiply_down(a: Floats, b: Floats) -> Floats:
    """``ab`` rounded down, with ``0·∞ = 0`` (the product of a zero and of any *number* is zero)."""
    p, error = two_product(a, b)
    lower = below(p, error)
    size = np.abs(p)
    # The reductions are much cheaper than masks; a NaN anywhere fails them.
    if size.min(initial=1.0) >= _SMALL and size.max(initial=1.0) < _TOP and _moderate(a) and _moderate(b):
        return lower
    zero = (a == 0) | (b == 0)
    plain = (zero | (size >= _SMALL)) & (size < _TOP) & (np.abs(a) <= _LARGE) & (np.abs(b) <= _LARGE)
    if not plain.all():
        a, b = np.broadcast_arrays(a, b)
        lower[~plain] = _product_rare(a[~plain], b[~plain])
    return lower


def multiply_up(a: Floats, b: Floats) -> Floats:
    """``ab`` rounded up."""
    return -multiply_down(-a, b)


def divide_down(a: Floats, b: Floats) -> Floats:
    """``a/b`` rounded down, ``b > 0``, with ``a/∞ = 0``; not both may be infinite."""
    q = a / b
    # q is within half an ulp of a/b, so a − fl(qb) is exact (Sterbenz), and a − qb = (a − p) − e has the sign of the
    # error, as b > 0.
    p, error = two_product(q, b)
    lower = below(q, (a - p) - error)
    size, top = np.abs(q), np.abs(a)
    plain = (size <= _LARGE) & (size >= _SMALL) & (top < 2.0**1000) & (top >= _SMALL) & (b <= _LARGE)
    if not plain.all():
        lower[~plain] = _quotient_rare(a[~plain], b[~plain])
    return lower


def divide_up(a: Floats, b: Floats) -> Floats:
    """``a/b`` rounded up, ``b > 0``."""
    return -divide_down(-a, b)


def square_root(x: Floats) -> Pair:
    """``√x`` rounded down and up, for ``x ≥ 0``."""
    # Scaled by powers of four so that the square of the root is far from underflow and overflow.
    scale = np.where(x < 2.0**-500, 2.0**300, np.where(x > 2.0**500, 2.0**-300, 1.0))
    scaled = (x * scale) * scale
    root = np.sqrt(scaled)
    p, error = two_product(root, root)
    rest = (scaled - p) - error
    plain = np.isfinite(x)
    lo, hi = below(root, rest) / scale, above(root, rest) / scale
    return np.where(plain, lo, x), np.where(plain, hi, x)


def scale_by_power_of_two(lo: Floats, hi: Floats, exponent: np.ndarray) -> Pair:
    """``lo·2^k`` rounded down and ``hi·2^k`` rounded up, for ``|k| ≤ 2000`` and ends in size within ``2^±20`` or 0."""
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


def _moderate(a: Floats) -> bool:
    return bool(np.abs(a).max(initial=0.0) <= _LARGE)


def _product_rare(a: Floats, b: Floats) -> Floats:
    """The product rounded down where ``two_product`` does not apply."""
    p = np.where((a == 0) | (b == 0), 0.0, a * b)
    (m, i), (n, k) = np.frexp(a), np.frexp(b)
    exact, error = two_product(m, n)
    # Both exact and p·2^-(i+k) are multiples of an ulp of exact, far above the error: it only decides a tie.
    scaled = np.ldexp(p, np.clip(-(i + k), -2000, 2000))
    lower = np.where(exact != scaled, exact < scaled, error < 0)
    finite = np.isfinite(a) & np.isfinite(b)
    # An overflow to ∞ lies below it, one to −∞ is the bound already.
    return np.where(finite & (p != -np.inf) & ((p == np.inf) | lower), np.nextafter(p, -np.inf), p)


def _quotient_rare(a: Floats, b: Floats) -> Floats:
    """The quotient rounded down where an operand or the result is zero, infinite or extreme; ``b > 0``."""
    q = np.where(np.isinf(b), 0.0, a / b)
    (m, i), (n, k) = np.frexp(a), np.frexp(b)
    scaled = np.ldexp(q, np.clip(k - i, -2000, 2000))
    p, error = two_product(scaled, n)
    # As there, (m − p) and the error are compared exactly.
    lower = np.isfinite(b) & (a != 0) & ((m - p) < error)
    finite = np.isfinite(a)
    return np.where(finite & (q != -np.inf) & ((q == np.inf) | lower), np.nextafter(q, -np.inf), q)
