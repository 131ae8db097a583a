"""The constants of the float64 kernels, from exact rational arithmetic.

Invariant: each function returns a ``Constant`` whose ``value`` differs from the true number by at most ``error``, both
exact; nothing is read from a decimal or from a floating-point library.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

_BITS = 260


class Constant(NamedTuple):
    """A real number within ``error`` of ``value``."""

    value: Fraction
    error: Fraction = Fraction(0)

    def times(self, other: Constant | Fraction | int) -> Constant:
        """The product, with the error of both factors."""
        b = other if isinstance(other, Constant) else Constant(Fraction(other))
        error = abs(self.value) * b.error + abs(b.value) * self.error + self.error * b.error
        return Constant(self.value * b.value, error).rounded()

    def inverse(self) -> Constant:
        """The reciprocal: ``|1/a − 1/v| = |v − a|/(|a||v|)``."""
        size = abs(self.value)
        return Constant(1 / self.value, self.error / (size * (size - self.error))).rounded()

    def rounded(self) -> Constant:
        """The same number on the grid of multiples of ``2^−260``, so that fractions stay short."""
        unit = Fraction(1, 1 << _BITS)
        return Constant(Fraction(round(self.value / unit)) * unit, _up(self.error) + unit)


def _up(error: Fraction) -> Fraction:
    return Fraction(math.ceil(error * (1 << (_BITS + 20))), 1 << (_BITS + 20))


def logarithm(q: Fraction) -> Constant:
    """``log q = 2 artanh w``, ``w = (q−1)/(q+1)``, for ``1/2 ≤ q ≤ 2``, so ``|w| ≤ 1/3``.

    The tail after the power ``w^(2n−1)`` is at most ``|w|^(2n+1)/(1 − w²)``.
    """
    w = (q - 1) / (q + 1)
    count = 90
    total = sum((w ** (2 * i + 1) / (2 * i + 1) for i in range(count)), Fraction(0))
    return Constant(2 * total, 2 * abs(w) ** (2 * count + 1) / (1 - w * w)).rounded()


def arctangent(y: Fraction) -> Constant:
    """Euler's series ``atan y = Σ t_n``, ``t_0 = y/(1+y²)``, ``t_n = t_{n−1}·(2n/(2n+1))·y²/(1+y²)``, ``0 ≤ y ≤ 1``.

    All ratios are below 1/2, so the tail is at most the last term.
    """
    ratio = y * y / (1 + y * y)
    term = Constant(y / (1 + y * y))
    total, n = Constant(term.value), 0
    while term.value > Fraction(1, 1 << 230):
        n += 1
        term = term.times(ratio * Fraction(2 * n, 2 * n + 1))
        total = Constant(total.value + term.value, total.error + term.error)
    return Constant(total.value, total.error + term.value + term.error).rounded()


@functools.cache
def pi() -> Constant:
    """``π = 4 atan 1``."""
    return arctangent(Fraction(1)).times(4)


def two_to_the(j: int, count: int) -> Constant:
    """``2^(j/count)`` for ``count = 2^s``: ``s`` integer square roots, each off by less than one unit."""
    roots = count.bit_length() - 1
    scaled = (1 << j) << (count * _BITS)
    for _ in range(roots):
        scaled = math.isqrt(scaled)
    # The floor of the root of a floor is the floor of the root, so only one unit is lost in all.
    return Constant(Fraction(scaled, 1 << _BITS), Fraction(1, 1 << _BITS))


def exponential(y: Fraction) -> Constant:
    """``e^y`` for ``0 ≤ y ≤ 40``: terms ``y^n/n!`` until the ratio of the next ones is below 1/2."""
    return _positive_series(Fraction(1), lambda n: y / (n + 1))


@functools.cache
def two_over_root_pi() -> Constant:
    """``2/√π``: the square root of ``4/π``, by an integer square root."""
    square = pi().inverse().times(4)
    root = Fraction(math.isqrt(math.floor(square.value * (1 << 2 * _BITS))), 1 << _BITS)
    # |√a − √v| ≤ |a − v|/√v and v ≥ 1.
    return Constant(root, square.error + Fraction(1, 1 << _BITS)).rounded()


def error_function(c: Fraction, decay: Constant) -> Constant:
    """``erf c = (2/√π) e^{−c²} Σ 2^n c^{2n+1}/(2n+1)!!`` (positive terms), ``c ≥ 0``; ``decay`` is ``e^{−c²}``."""
    total = _positive_series(c, lambda n: 2 * c * c / (2 * n + 3))
    return total.times(decay).times(two_over_root_pi())


def _positive_series(first: Fraction, ratio: Callable[[int], Fraction]) -> Constant:
    """``Σ t_n``, ``t_{n+1} = ratio(n) t_n``, with ratios that decrease to 0: the tail is at most the last term once
    the next ratio is at most 1/2."""
    term = total = Constant(first)
    n = 0
    while ratio(n) > Fraction(1, 2) or term.value > Fraction(1, 1 << 240):
        term = term.times(ratio(n))
        total = Constant(total.value + term.value, total.error + term.error)
        n += 1
    return Constant(total.value, total.error + term.value + term.error).rounded()
