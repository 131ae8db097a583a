"""Double-double numbers that carry their own error bound, for the float64 kernels.

Invariant: a ``Double`` stands for a real number within ``radius`` of ``head + tail`` and a ``Ball`` for one within
``radius`` of ``middle``; every operation bounds what it drops and what it rounds and adds it to the radius, so the
invariant passes through any composition without further analysis.

Range: heads are 0 or within ``2^±900``, products of heads 0 or above ``2^−960`` in size. There ``two_sum`` and
``two_product`` are exact. ``u = 2^−53`` is the unit of rounding; a product that underflows loses at most ``2^−1074``.
Radii are sums of at most ten non-negative terms, each off by at most ten roundings, hence the factor ``1 + 2^−46``, and
the summand ``2^−1000`` wherever a product may underflow.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from lipsym.domains.float64_constants import Constant
from lipsym.domains.float64_rounding import Floats, Pair, add_down, add_up, two_product, two_sum
from lipsym.enclosure import Enclosure

UNIT = 2.0**-53
_SLACK = 1.0 + 2.0**-46
_UNDERFLOW = 2.0**-1000


class Ball(NamedTuple):
    """A real number within ``radius`` of ``middle``."""

    middle: Floats
    radius: Floats

    def __mul__(self, other: Ball) -> Ball:  # type: ignore[override]
        (a, r), (b, s) = self, other
        p = a * b
        return Ball(p, (np.abs(a) * s + np.abs(b) * r + r * s + UNIT * np.abs(p)) * _SLACK + _UNDERFLOW)


class Double(NamedTuple):
    """A real number within ``radius`` of ``head + tail``, ``|tail| ≤ u|head|``."""

    head: Floats
    tail: Floats
    radius: Floats

    def ball(self) -> Ball:
        """The same number without its tail."""
        return Ball(self.head, (np.abs(self.tail) + self.radius) * _SLACK)

    def __neg__(self) -> Double:
        return Double(-self.head, -self.tail, self.radius)

    def __add__(self, other: Double) -> Double:  # type: ignore[override]
        s, e = two_sum(self.head, other.head)
        low = self.tail + other.tail
        t = e + low
        # A sum rounded to nearest is off by at most u times itself and by at most its smaller summand, so a sum with 0
        # is exact: exact operations keep the radius 0.
        first = np.minimum(np.minimum(np.abs(self.tail), np.abs(other.tail)), 2 * UNIT * np.abs(low))
        second = np.minimum(np.minimum(np.abs(e), np.abs(low)), 2 * UNIT * np.abs(t))
        head, tail = two_sum(s, t)
        return Double(head, tail, (self.radius + other.radius + first + second) * _SLACK)

    def __sub__(self, other: Double) -> Double:
        return self + (-other)

    def __mul__(self, other: Double) -> Double:  # type: ignore[override]
        a, b = self, other
        p, e = two_product(a.head, b.head)
        one, two = a.head * b.tail, a.tail * b.head
        cross = one + two
        t = e + cross
        rounding = np.minimum(np.minimum(np.abs(e), np.abs(cross)), 2 * UNIT * np.abs(t))
        dropped = np.abs(a.tail * b.tail) + 2 * UNIT * (np.abs(one) + np.abs(two))
        carried = np.abs(a.head) * b.radius + np.abs(b.head) * a.radius + a.radius * b.radius
        inexact = (a.tail != 0) | (b.tail != 0) | (a.radius != 0) | (b.radius != 0)
        head, tail = two_sum(p, t)
        return Double(head, tail, (rounding + dropped + carried) * _SLACK + inexact * _UNDERFLOW)

    def __truediv__(self, other: Double) -> Double:
        a, b = self, other
        q = a.head / b.head
        rest = a - double(q) * b
        # a/b = q + rest/b, and rest/b is off r = rest.head/b.head by (rest − rest.head)/b − r (b − b.head)/b.
        r = rest.head / b.head
        off = np.abs(rest.tail) + rest.radius + np.abs(r) * 1.0625 * (np.abs(b.tail) + b.radius)
        below = np.abs(b.head) * (1 - 2.0**-50) - 1.0625 * b.radius
        radius = np.where(below > 0, off / below, np.inf) + UNIT * np.abs(r)
        head, tail = two_sum(q, r)
        return Double(head, tail, radius * _SLACK + _UNDERFLOW)

    def plus_ball(self, other: Ball) -> Double:
        """The sum with a ball."""
        s, e = two_sum(self.head, other.middle)
        t = self.tail + e
        head, tail = two_sum(s, t)
        return Double(head, tail, (self.radius + other.radius + 2 * UNIT * np.abs(t)) * _SLACK)

    def scaled(self, power: Floats | float) -> Double:
        """The product with powers of two, exact within the range."""
        return Double(self.head * power, self.tail * power, self.radius * power)

    def widened(self, relative: float) -> Double:
        """The same number, times a factor within ``relative ≤ 1/2`` of 1."""
        return self._replace(radius=(self.radius + (np.abs(self.head) + self.radius) * relative) * _SLACK)

    def bounds(self) -> Pair:
        """Floats below and above the number."""
        low, high = add_down(self.tail, -self.radius), add_up(self.tail, self.radius)
        return add_down(self.head, low), add_up(self.head, high)


def double(x: Floats | float) -> Double:
    """A float as an exact double-double."""
    head = np.asarray(x, dtype=np.float64)
    zero = np.zeros_like(head)
    return Double(head, zero, zero)


def choose(condition: np.ndarray, a: Double, b: Double) -> Double:
    """``a`` where the condition holds, ``b`` elsewhere."""
    return Double(*(np.where(condition, x, y) for x, y in zip(a, b, strict=True)))


def from_constants(constants: Sequence[Constant]) -> Double:
    """A table of double-doubles of constants."""
    heads = [float(c.value) for c in constants]
    tails = [float(c.value - Fraction(h)) for c, h in zip(constants, heads, strict=True)]
    radii = [
        upward(abs(c.value - Fraction(h) - Fraction(t)) + c.error)
        for c, h, t in zip(constants, heads, tails, strict=True)
    ]
    return Double(*(np.array(part) for part in (heads, tails, radii)))


def upward(error: Fraction) -> float:
    """A float that is at least the given exact number."""
    return Enclosure(error).upper_float()


class Polynomial(NamedTuple):
    """A polynomial with rounded coefficients, and what its evaluation by Horner's rule may be off by.

    The computed value at a float ``z``, ``|z| ≤ Z``, differs from the sum of the whole series at ``z`` by at most
    ``error``, and that sum changes by at most ``slope`` per unit of ``z``.
    """

    coefficients: tuple[Floats, ...]
    error: float
    slope: float

    def __call__(self, z: Ball) -> Ball:
        value = self.coefficients[-1] * np.ones_like(z.middle)
        for c in self.coefficients[-2::-1]:
            value = value * z.middle + c
        return Ball(value, (z.radius * self.slope + self.error) * _SLACK)

    def at(self, index: np.ndarray) -> Polynomial:
        """The polynomials of a table at the given places."""
        return self._replace(coefficients=tuple(c[index] for c in self.coefficients))


def polynomial(rows: Sequence[Sequence[Constant]], reach: Fraction, tail: Fraction, tail_slope: Fraction) -> Polynomial:
    """A table of polynomials for ``|z| ≤ reach``, one row of coefficients each, that truncate series.

    Args:
        rows: coefficients of ``1, z, z², …``.
        reach: the bound ``Z`` on ``|z|``.
        tail: a bound on the rest of the series.
        tail_slope: a bound on the derivative of the rest.

    Proof of the error: coefficient ``i`` is rounded once and then takes part in at most ``2i + 1`` operations, so it
    contributes ``|c_i|Z^i((1+u)^{2i+2} − 1) ≤ |c_i|Z^i(2i+3)u`` (``i ≤ 100``); an operation that underflows adds at
    most ``2^−1074``, all of them less than ``2^−1000``.
    """
    rounding, slope = Fraction(0), Fraction(0)
    unit = Fraction(1, 1 << 53)
    for row in rows:
        sizes = [abs(c.value) + c.error for c in row]
        error = sum(
            ((2 * i + 3) * unit * s + c.error) * reach**i for i, (s, c) in enumerate(zip(sizes, row, strict=True))
        )
        rounding = max(rounding, Fraction(error))
        slope = max(slope, Fraction(sum(i * s * reach ** (i - 1) for i, s in enumerate(sizes) if i)))
    columns = tuple(np.array([float(row[i].value) for row in rows]) for i in range(len(rows[0])))
    return Polynomial(columns, upward(rounding + tail + Fraction(1, 1 << 1000)), upward(slope + tail_slope))
