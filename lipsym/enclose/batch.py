"""Batches: arrays of intervals in plain float64 arithmetic, with one running error for the whole array.

Invariant: for every element the true number lies in ``[lo − error, hi + error]``, and neither it nor ``lo`` and ``hi``
exceed ``size`` in absolute value; or an end of the element is infinite or not a number, which it stays, and stands for
"nothing is known".

Rounding every operation outward costs several times the operation. Here ends are computed rounded to nearest, and two
Python floats follow along for each array: a bound on everything in it, and a bound on all rounding so far. The rules by
which they grow are proved in proofs/running-error.md. The price is an absolute error, about 1e-13 of the largest
intermediate number, far below the gaps that branch and bound works at. Nothing is taken from a mathematical library.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lipsym.domains.float64_rounding import Floats

UNIT = 2.0**-52
"""Twice the largest relative error of one operation."""

SLACK = 1.0 + 2.0**-40
"""What covers the rounding of the few operations on ``size`` and ``error`` themselves."""

TINY = 2.0**-1000
"""What covers underflow."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Intervals with a common error.

    Args:
        ends: of shape (2, n), lower and upper ends; or (1, n) where the two are equal. ``n`` may be 1 for all alike.
        size: a bound on the absolute values.
        error: a bound on the distance of the true number from ``[lo, hi]``.
    """

    ends: Floats
    size: float
    error: float = 0.0

    @property
    def lower(self) -> Floats:
        """Rigorous lower ends; −∞ where nothing is known."""
        return -self._outward(-self.ends[0])

    @property
    def upper(self) -> Floats:
        """Rigorous upper ends; ∞ where nothing is known."""
        return self._outward(self.ends[-1])

    @property
    def magnitude(self) -> Floats:
        """Rigorous bounds on the absolute values."""
        return self._outward(np.maximum(self.ends[-1], -self.ends[0]))

    @property
    def middle(self) -> Floats:
        """Points in the middle, for proposals."""
        return self.ends[0] if len(self.ends) == 1 else 0.5 * (self.ends[0] + self.ends[1])

    def _outward(self, upper: Floats) -> Floats:
        # The last sum is rounded, too: by less than the second term.
        sound = upper + (self.error + UNIT * (self.size + self.error)) * SLACK
        return np.where(np.isnan(sound), np.inf, sound)

    def __neg__(self) -> Batch:
        return Batch(-self.ends[::-1], self.size, self.error)

    def __add__(self, other: Batch) -> Batch:
        size = self.size + other.size
        return Batch(self.ends + other.ends, size * SLACK, (self.error + other.error + UNIT * size) * SLACK)

    def __mul__(self, other: Batch) -> Batch:
        return Batch(_products(self.ends, other.ends), *_product_error(self, other))

    def scaled(self, power_of_two: float) -> Batch:
        """The batch times a power of two, which rounds nothing but subnormal numbers."""
        return Batch(self.ends * power_of_two, self.size * power_of_two, self.error * power_of_two + TINY)

    def squared(self) -> Batch:
        """The squares, which are not negative."""
        size, error = _product_error(self, self)
        if len(self.ends) == 1:
            return Batch(self.ends * self.ends, size, error)
        lo, hi = self.ends
        far, near = np.maximum(-lo, hi), np.maximum(np.maximum(lo, -hi), 0.0)
        return Batch(np.stack([near * near, far * far]), size, error)


def intervals(lo: Floats, hi: Floats) -> Batch:
    """The batch of the intervals ``[lo, hi]`` with exact ends."""
    size = max(float(np.max(np.abs(lo), initial=0.0)), float(np.max(np.abs(hi), initial=0.0)))
    return Batch(np.stack([lo, hi]), size)


def points(values: Floats, error: float = 0.0) -> Batch:
    """The batch of numbers within ``error`` of ``values``."""
    values = np.atleast_1d(np.asarray(values, dtype=np.float64))
    return Batch(values[None], (float(np.max(np.abs(values), initial=0.0)) + error) * SLACK, error)


def _products(x: Floats, y: Floats) -> Floats:
    if len(x) == 1 and len(y) == 1:
        return x * y
    if len(x) == 1 or len(y) == 1:
        both = x * y
        return np.stack([np.minimum(both[0], both[1]), np.maximum(both[0], both[1])])
    a, b, c, d = x[0] * y[0], x[0] * y[1], x[1] * y[0], x[1] * y[1]
    result = np.empty((2, *a.shape))
    np.minimum(np.minimum(a, b), np.minimum(c, d), out=result[0])
    np.maximum(np.maximum(a, b), np.maximum(c, d), out=result[1])
    return result


def _product_error(x: Batch, y: Batch) -> tuple[float, float]:
    size = x.size * y.size * SLACK
    return size, (x.error * y.size + y.error * x.size + x.error * y.error + UNIT * size) * SLACK + TINY
