"""Enclosures of the elementary functions at float64 points, without a mathematical library.

Invariant: each kernel maps floats to a lower and an upper bound of the function, floats next to each other for nearly
every argument.

Why it is sound: arguments are reduced by exact identities, a power series is cut with a proved remainder, and all of it
is computed in ``Double`` and ``Ball`` arithmetic, which carries its own error. Approximate steps (which table entry,
which multiple of ``log 2``) choose between identities that are all true; they affect the width alone, as long as the
reduced argument stays within the reach of the polynomial, which has room for it. Arguments so small or so large that
the function is within an ulp of a trivial bound use that bound.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lipsym.domains import float64_tables as tables
from lipsym.domains.float64_double import Double, choose, double
from lipsym.domains.float64_rounding import (
    Floats,
    Pair,
    multiply_down,
    multiply_up,
    power_of_two,
    scale_by_power_of_two,
    two_product,
)

_BELOW_ONE = 1.0 - 2.0**-53
_TINY = 2.0**-60
_INFINITY = np.inf

UNKNOWN = -(2**62)
"""A quadrant that could not be decided."""


def exp(x: Floats) -> Pair:
    """``exp``; above 709.79 the upper bound is infinite, below −745.2 the lower one is 0."""
    mantissa, exponent = scaled_exp(np.clip(x, -800.0, 800.0))
    lo, hi = scale_by_power_of_two(*mantissa.bounds(), exponent)
    return _at_infinity(x, *_through(0.0, 1.0, x, lo, hi), 0.0, _INFINITY)


def expm1(x: Floats) -> Pair:
    """``exp(x) − 1``."""
    lo, hi = _expm1(np.clip(x, -50.0, 60.0)).bounds()
    # |x| ≤ 2^-60: x ≤ expm1(x) ≤ x + x², less than an ulp above x.
    small = np.abs(x) < _TINY
    lo, hi = np.where(small, x, lo), np.where(small & (x != 0), np.nextafter(x, _INFINITY), np.where(small, x, hi))
    # x < −50: 0 < exp(x) < 2^-72.
    lo, hi = np.where(x < -50.0, -1.0, lo), np.where(x < -50.0, -_BELOW_ONE, hi)
    # x > 60: exp(x) times a factor between 1 − 2^-86 and 1.
    lo, hi = _exp_beyond(60.0, 0, x, lo, hi)
    return _at_infinity(x, lo, hi, -1.0, _INFINITY)


def log(x: Floats) -> Pair:
    """``log x`` for ``x ≥ 0``, with ``log 0 = −∞``."""
    safe = np.where((x > 0) & (x < _INFINITY), x, 1.0)
    lo, hi = _through(1.0, 0.0, safe, *log_double(double(safe)).bounds())
    lo, hi = np.where(x == 0, -_INFINITY, lo), np.where(x == 0, -_INFINITY, hi)
    return _at_infinity(x, lo, hi, -_INFINITY, _INFINITY)


def log1p(x: Floats) -> Pair:
    """``log(1 + x)`` for ``x ≥ −1``."""
    small = np.abs(x) < _TINY
    safe = np.where((x > -1.0) & (x < _INFINITY) & ~small, x, 1.0)
    lo, hi = log_double(double(1.0) + double(safe)).bounds()
    # |x| ≤ 2^-60: x − x² ≤ log1p(x) ≤ x, less than an ulp below x.
    lo = np.where(small, np.where(x == 0, x, np.nextafter(x, -_INFINITY)), lo)
    hi = np.where(small, x, hi)
    lo, hi = np.where(x == -1.0, -_INFINITY, lo), np.where(x == -1.0, -_INFINITY, hi)
    return _at_infinity(x, lo, hi, -_INFINITY, _INFINITY)


def tanh(x: Floats) -> Pair:
    """``tanh x = E/(E + 2)`` with ``E = expm1(2x)``, for ``x ≥ 0``."""

    def half(a: Floats) -> Pair:
        e = _expm1(2.0 * np.minimum(a, 20.0))
        lo, hi = (e / (e + double(2.0))).bounds()
        # Below 2^-60: a − a³/3 ≤ tanh a ≤ a. Above 20: 1 − tanh a ≤ 2 exp(−2a) < 2^-56.
        small, large = a < _TINY, a > 20.0
        lo = np.where(small, np.nextafter(a, -_INFINITY), np.where(large, _BELOW_ONE, lo))
        return lo, np.where(small, a, np.where(large, 1.0, np.minimum(hi, 1.0)))

    return _odd(half, x)


def sinh(x: Floats) -> Pair:
    """``sinh x = (E + E/(E + 1))/2`` with ``E = expm1 x``, for ``x ≥ 0``."""

    def half(a: Floats) -> Pair:
        e = _expm1(np.minimum(a, 30.0))
        lo, hi = (e + e / (e + double(1.0))).scaled(0.5).bounds()
        small = a < _TINY
        # a ≤ sinh a ≤ a + a³.
        lo, hi = np.where(small, a, lo), np.where(small, np.nextafter(a, _INFINITY), hi)
        return _exp_beyond(30.0, -1, a, lo, hi)

    return _odd(half, x)


def cosh(x: Floats) -> Pair:
    """``cosh x = (e + 1/e)/2`` with ``e = exp|x|``."""
    a = np.abs(x)
    e = _exp(np.minimum(a, 30.0))
    lo, hi = (e + double(1.0) / e).scaled(0.5).bounds()
    return _exp_beyond(30.0, -1, a, np.maximum(lo, 1.0), np.where(a == 0, 1.0, hi))


def sigmoid(x: Floats) -> Pair:
    """``1/(1 + t)`` for ``x ≥ 0`` and ``t/(1 + t)`` for ``x < 0``, with ``t = exp(−|x|)``."""
    t = _exp(-np.minimum(np.abs(x), 50.0))
    top = choose(x >= 0, double(np.ones_like(x)), t)
    lo, hi = (top / (double(1.0) + t)).bounds()
    # x > 40: 1 − sigmoid(x) ≤ exp(−x) < 2^-54.
    lo, hi = np.where(x > 40.0, _BELOW_ONE, lo), np.minimum(hi, 1.0)
    return _exp_before(-50.0, x, *_through(0.0, 0.5, x, lo, hi))


def softplus(x: Floats) -> Pair:
    """``log(1 + exp x) = max(x, 0) + log(1 + t)`` with ``t = exp(−|x|)``."""
    near = np.clip(x, -50.0, 60.0)
    t = _exp(-np.abs(near))
    lo, hi = (log_double(double(1.0) + t) + double(np.maximum(near, 0.0))).bounds()
    # x > 60: x ≤ softplus(x) ≤ x + exp(−x), less than an ulp above x.
    lo, hi = np.where(x > 60.0, x, lo), np.where(x > 60.0, np.nextafter(x, _INFINITY), hi)
    return _exp_before(-50.0, x, lo, hi)


def atan(x: Floats) -> Pair:
    """``atan``, by ``atan a = π/2 − atan(1/a)`` above 1 and ``atan y = atan c + atan((y − c)/(1 + yc))``."""

    def half(a: Floats) -> Pair:
        table = tables.atan_table()
        inverted = a > 1.0
        # Above 2^60, π/2 − 2^-60 ≤ atan a ≤ π/2.
        clipped = np.clip(a, 1.0, 2.0**60)
        y = choose(inverted, double(1.0) / double(clipped), double(np.where(inverted, 1.0, a)))
        j = np.rint(y.head * 64.0)
        c = double(j / 64.0)
        t = (y - c) / (double(1.0) + y * c)
        z = t.ball() * t.ball()
        index = j.astype(np.int64)
        value = _entry(table.angles, index) + t.plus_ball(t.ball() * z * table.series(z))
        half_pi = table.half_pi
        value = choose(inverted, half_pi - value, value)
        far = double(np.zeros_like(a)) + half_pi
        value = choose(a > 2.0**60, far.widened(2.0**-60), value)
        lo, hi = value.bounds()
        # a − a³/3 ≤ atan a ≤ a.
        small = a < _TINY
        return np.where(small, np.nextafter(a, -_INFINITY), lo), np.where(small, a, hi)

    return _odd(half, x)


def erf(x: Floats) -> Pair:
    """``erf``, by its Taylor series at the multiples of 1/16; above 6, ``1 − erf a ≤ exp(−a²)/(a√π) < 2^-54``."""

    def half(a: Floats) -> Pair:
        table = tables.erf_table()
        small = a < 2.0**-100
        inner = np.where(small, 0.0, np.minimum(a, 6.0))
        j = np.rint(inner * 16.0)
        t = double(inner) - double(j / 16.0)
        index = j.astype(np.int64)
        b = t.ball()
        value = _entry(table.values, index) + t * _entry(table.slopes, index)
        lo, hi = value.plus_ball(b * b * table.series.at(index)(b)).bounds()
        if small.any():
            # (2/√π)·a·(1 − a²/3) ≤ erf a ≤ (2/√π)·a, scaled so that only the last product can underflow.
            linear = double(np.where(small, a, 0.0) * 2.0**600) * _entry(table.slopes, np.zeros_like(index))
            (low, high), scale = linear.widened(2.0**-190).bounds(), np.array(2.0**-600)
            lo = np.where(small, multiply_down(low, scale), lo)
            hi = np.where(small, multiply_up(high, scale), hi)
        return np.where(a > 6.0, _BELOW_ONE, lo), np.where(a > 6.0, 1.0, np.minimum(hi, 1.0))

    return _odd(half, x)


def quadrant(x: Floats) -> tuple[Double, np.ndarray, np.ndarray]:
    """``x = kπ/2 + r`` for ``|x| ≤ 2^20``: ``r``, ``k``, and ``floor(x/(π/2))``.

    The floor is ``UNKNOWN`` where the sign of ``r`` is not certain.
    """
    k = np.rint(x * tables.trig_table().per_quarter)
    r = double(x)
    # Each part of π/2 has 33 bits and k has 21: the products are exact.
    for part in tables.trig_table().parts:
        r = r - double(k * part)
    # Without a turn nothing is taken away, and tiny arguments stay exact.
    r = choose(k == 0, double(x), r - double(k) * tables.trig_table().rest)
    index = k.astype(np.int64)
    uncertain = (np.abs(r.head) <= 2 * (np.abs(r.tail) + r.radius)) & (x != 0)
    floor = np.where(r.head < 0, index - 1, index)
    return r, index, np.where(uncertain, UNKNOWN, floor)


def sin_and_floor(x: Floats, shift: int) -> tuple[Floats, Floats, np.ndarray]:
    """``sin(x + shift·π/2)`` for ``|x| ≤ 2^20``, and ``floor(x/(π/2)) + shift`` (see ``quadrant``)."""
    r, k, floor = quadrant(x)
    table = tables.trig_table()
    square = r * r
    z = square.ball()
    sine = r.plus_ball(r.ball() * z * table.sine(z))
    cosine = (double(1.0) - square.scaled(0.5)).plus_ball(z * z * table.cosine(z))
    turn = (k + shift) & 3
    value = choose((turn & 1) == 1, cosine, sine)
    value = choose(turn >= 2, -value, value)
    lo, hi = value.bounds()
    if shift == 0:
        # x ≥ 0: x − x³/6 ≤ sin x ≤ x.
        small = np.abs(x) < _TINY
        inner = np.nextafter(x, 0.0)
        lo, hi = np.where(small, np.minimum(x, inner), lo), np.where(small, np.maximum(x, inner), hi)
    else:
        lo, hi = np.where(x == 0, 1.0, lo), np.where(x == 0, 1.0, hi)
    known = floor != UNKNOWN
    return np.maximum(lo, -1.0), np.minimum(hi, 1.0), np.where(known, floor + shift, floor)


# Shared pieces.


def _odd(half: Callable[[Floats], Pair], x: Floats) -> Pair:
    lo, hi = half(np.abs(x))
    zero, negative = x == 0, x < 0
    lo, hi = np.where(zero, 0.0, lo), np.where(zero, 0.0, hi)
    return np.where(negative, -hi, lo), np.where(negative, -lo, hi)


def _through(point: float, value: float, x: Floats, lo: Floats, hi: Floats) -> Pair:
    """Bounds of an increasing function with that value at that point: above it, it is at least the value."""
    return np.where(x >= point, np.maximum(lo, value), lo), np.where(x <= point, np.minimum(hi, value), hi)


def _at_infinity(x: Floats, lo: Floats, hi: Floats, left: float, right: float) -> Pair:
    below, above = x == -_INFINITY, x == _INFINITY
    return (
        np.where(below, left, np.where(above, right, lo)),
        np.where(below, left, np.where(above, right, hi)),
    )


def _exp_beyond(limit: float, shift: int, a: Floats, lo: Floats, hi: Floats) -> Pair:
    """``expm1`` above 60, ``sinh`` or ``cosh`` above 30: ``exp(a)·2^shift`` times a factor within ``2^-86`` of 1."""
    beyond = a > limit
    if not beyond.any():
        return lo, hi
    mantissa, exponent = scaled_exp(np.clip(a, 0.0, 800.0))
    low, high = scale_by_power_of_two(*mantissa.widened(2.0**-86).bounds(), exponent + shift)
    low, high = _at_infinity(a, low, high, 0.0, _INFINITY)
    return np.where(beyond, low, lo), np.where(beyond, high, hi)


def _exp_before(limit: float, x: Floats, lo: Floats, hi: Floats) -> Pair:
    """``sigmoid`` or ``softplus`` below −50: ``t = exp x`` times a factor between ``1 − t`` and 1, ``t < 2^-72``."""
    before = x < limit
    if not before.any():
        return lo, hi
    mantissa, exponent = scaled_exp(np.clip(x, -800.0, 0.0))
    low, high = scale_by_power_of_two(*mantissa.widened(2.0**-72).bounds(), exponent)
    low, high = _at_infinity(x, low, high, 0.0, 1.0)
    return np.where(before, low, lo), np.where(before, high, hi)


def scaled_exp(x: Floats) -> tuple[Double, np.ndarray]:
    """``exp(x) = m·2^k`` with ``m`` near ``[1, 2)``: ``x = n·log(2)/64 + r``, ``exp x = 2^(n/64) exp r``."""
    n, r = _reduce_exp(x)
    root = _entry(tables.exp_table().roots, n & 63)
    return root + root * r, n >> 6


def _exp(x: Floats) -> Double:
    """``exp x`` for ``|x| ≤ 60``."""
    mantissa, exponent = scaled_exp(x)
    return mantissa.scaled(power_of_two(exponent))


def _expm1(x: Floats) -> Double:
    """``exp(x) − 1`` for ``|x| ≤ 60``; for ``n = 0`` no 1 is added and taken away."""
    n, r = _reduce_exp(x)
    root = _entry(tables.exp_table().roots, n & 63)
    whole = (root + root * r).scaled(power_of_two(n >> 6)) - double(1.0)
    return choose(n == 0, r, whole)


def _reduce_exp(x: Floats) -> tuple[np.ndarray, Double]:
    """``n`` and ``exp(r) − 1 = r + r²·q(r)`` where ``x = n·log(2)/64 + r``, ``|r| ≤ 0.0055``."""
    table = tables.exp_table()
    n = np.rint(x * table.per_step)
    r = double(x) - double(n) * table.step
    b = r.ball()
    return n.astype(np.int64), r.plus_ball(b * b * table.series(b))


def log_double(a: Double) -> Double:
    """``log a``, ``a > 0``: ``a = 2^e m``, ``√½ ≲ m ≲ √2``; with a 12-bit ``w ≈ 1/m``, ``log m = log(1 + s) − log w``,
    ``s = mw − 1``."""
    table = tables.log_table()
    m, e = np.frexp(a.head)
    small = m < 0.7071
    m, e = np.where(small, 2.0 * m, m), e - small
    first, second = -(e // 2), -(e - e // 2)
    # Tails and radii that underflow here lose at most 2^-1074, far less than the 2^-999 added.
    tail = a.tail * power_of_two(first) * power_of_two(second)
    radius = a.radius * power_of_two(first) * power_of_two(second) + ((a.tail != 0) | (a.radius != 0)) * 2.0**-999
    index = np.rint(m * 128.0).astype(np.int64) - table.offset
    w = table.inverses[index]
    product, error = two_product(m, w)
    s = (double(product - 1.0) + double(error)) + Double(tail, np.zeros_like(tail), radius) * double(w)
    b = s.ball()
    square = s * s
    near = (s - square.scaled(0.5)).plus_ball(b * b * b * table.series(b))
    return (double(e.astype(np.float64)) * table.log2 + _entry(table.logarithms, index)) + near


def _entry(table: Double, index: np.ndarray) -> Double:
    return Double(table.head[index], table.tail[index], table.radius[index])
