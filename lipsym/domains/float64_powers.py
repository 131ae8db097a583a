"""Integer powers and roots of non-negative float64 points.

Invariant: lower and upper bounds, next to each other for nearly every argument and equal where the result is a float
found exactly.
"""

from __future__ import annotations

import numpy as np

from lipsym.domains.float64_double import Double, double
from lipsym.domains.float64_functions import log_double, scaled_exp
from lipsym.domains.float64_rounding import (
    Floats,
    Pair,
    multiply_down,
    multiply_up,
    power_of_two,
    scale_by_power_of_two,
    square_root,
)

_MOST = 2**40


def power(a: Floats, n: int) -> Pair:
    """``a^n`` for ``a ≥ 0`` and an integer ``n ≥ 0``."""
    if n == 0:
        return np.ones_like(a), np.ones_like(a)
    if n == 1:
        return a, a
    if n == 2:
        return multiply_down(a, a), multiply_up(a, a)
    safe = np.where((a > 0) & np.isfinite(a), a, 1.0)
    mantissa, exponent = _power(safe, min(n, _MOST))
    lo, hi = scale_by_power_of_two(*mantissa.bounds(), np.clip(exponent, -2000, 2000))
    if n > _MOST:
        # a^n lies beyond a^(2^40), on the side away from 1.
        lo, hi = np.where(a < 1, 0.0, lo), np.where(a > 1, np.inf, hi)
    outside = (a == 0) | np.isinf(a)
    return np.where(outside, a, lo), np.where(outside, a, hi)


def root(a: Floats, n: int) -> Pair:
    """``a^(1/n)`` for ``a ≥ 0`` and an integer ``n ≥ 1``.

    With ``y`` near the root and ``δ = a/y^n − 1``, ``|δ| ≤ 1/2``: the root is ``y(1+δ)^(1/n)``, and Taylor's theorem
    gives ``|(1+δ)^(1/n) − 1 − δ/n| ≤ 2δ²/n``.
    """
    if n == 1:
        return a, a
    if n == 2:
        return square_root(a)
    if n > _MOST:
        # a^(1/n) lies between 1 and a^(1/2^40).
        lo, hi = root(a, _MOST)
        outside = (a == 0) | np.isinf(a)
        return np.where(outside, a, np.minimum(lo, 1.0)), np.where(outside, a, np.maximum(hi, 1.0))
    safe = np.where((a > 0) & np.isfinite(a), a, 1.0)
    guess, guess_exponent = scaled_exp(log_double(double(safe)).head / n)
    y = guess.head * power_of_two(guess_exponent)
    delta = _ratio(safe, y, n) - double(1.0)
    size = np.abs(delta.head) * 1.0625 + delta.radius
    part = delta / double(float(n))
    factor = Double(part.head, part.tail, part.radius * 1.0625 + size * size * (2.25 / n)) + double(1.0)
    result = factor * double(guess.head)
    lo, hi = result.bounds()
    # Exact at the nearest float, where that float's power is the argument without any error.
    candidate = result.head
    again = _ratio(safe, candidate * power_of_two(guess_exponent), n)
    power_of_candidate = _power(candidate, n)[0]
    exact = (again.head == 1.0) & (again.tail == 0.0)
    exact &= (power_of_candidate.tail == 0.0) & (power_of_candidate.radius == 0.0)
    lo, hi = np.where(exact, candidate, lo), np.where(exact, candidate, hi)
    lo, hi = scale_by_power_of_two(lo, hi, guess_exponent)
    failed = ~(size <= 0.5)
    lo, hi = np.where(failed, 0.0, lo), np.where(failed, np.inf, hi)
    outside = (a == 0) | np.isinf(a)
    return np.where(outside, a, lo), np.where(outside, a, hi)


def _ratio(a: Floats, y: Floats, n: int) -> Double:
    """``a/y^n``, for ``y`` near the root."""
    mantissa, exponent = _power(y, n)
    m, e = np.frexp(a)
    return double(np.ldexp(m, np.clip(e - exponent, -100, 100))) / mantissa


def _power(a: Floats, n: int) -> tuple[Double, np.ndarray]:
    """``a^n = m·2^k`` with ``m`` in ``[1/2, 1)``, for finite ``a > 0``, by squaring with exact rescaling."""
    base, base_exponent = _normal(double(a), np.zeros(a.shape, dtype=np.int64))
    result, exponent = base, base_exponent
    for bit in bin(n)[3:]:
        result, exponent = _normal(result * result, 2 * exponent)
        if bit == "1":
            result, exponent = _normal(result * base, exponent + base_exponent)
    return result, exponent


def _normal(x: Double, exponent: np.ndarray) -> tuple[Double, np.ndarray]:
    shift = np.frexp(x.head)[1].astype(np.int64)
    half = shift // 2
    return x.scaled(power_of_two(-half)).scaled(power_of_two(half - shift)), exponent + shift
