"""Matrices of intervals as midpoints and radii in float64, so that products run at the speed of BLAS.

Invariant: ``x`` stands for the matrices ``X`` with ``|X − mid| ≤ rad`` entry by entry; ``mid`` is finite, ``rad ≥ 0``
and never NaN, and the result of an operation contains the exact results for all members of its operands.

Model of the arithmetic. With ``ε = 2^-52`` and ``η = 2^-1074`` the computed ``x ∘ y`` is ``(x ∘ y)(1 + d) + e`` with
``|d| ≤ ε``, ``|e| ≤ η``, for ``+ − × ÷ √``, and ``e = 0`` for sums. This is true in *every* rounding mode (to nearest
``d`` is half as large) and with fused multiply-adds. A sum or a dot product of ``n`` terms may be formed in any order
and in any blocks, as BLAS does: every term passes at most ``n`` roundings, so with ``γ = nε/(1 − nε)``

    |fl(x·y) − x·y| ≤ γ |x|·|y| + (1 + γ) nη .

For ``n ≤ 2^24``: ``γ ≤ (n + 1)ε`` because ``2n²ε ≤ 1``. And for ``x, y ≥ 0``, from ``fl ≥ (1 − γ) x·y − (1 + γ)nη``,

    x·y ≤ (fl + 2nη)/(1 − γ) ≤ (fl + 2nη)(1 + (n + 2)ε)

because ``1/(1 − γ) ≤ 1 + γ + 2γ²`` and ``2(n + 1)²ε ≤ 1``. The factor ``1 + (n + 2)ε`` is a float. One operation on
non-negative operands is rounded up by going to the next float, which is at least the exact result in every mode.
Strassen-like products do not obey the model; OpenBLAS, MKL, BLIS and Accelerate use none for real float64.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lipsym.domains.float64_rounding import Floats
from lipsym.errors import InputError

EPSILON = 2.0**-52
"""The relative error of one operation, in any rounding mode."""

SMALLEST = 2.0**-1074
"""The absolute error of one product or quotient that underflows."""

LONGEST = 1 << 24
"""The longest sum whose error bound is proved above."""


_SHORT = 128


@dataclass(frozen=True, slots=True, eq=False)
class MidRad:
    """Matrices within ``rad`` of ``mid``.

    Args:
        mid: finite, of shape (..., m, n); leading axes are a batch.
        rad: non-negative, perhaps infinite, of the same shape.
    """

    mid: Floats
    rad: Floats

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the midpoints."""
        return self.mid.shape

    @property
    def transpose(self) -> MidRad:
        """The transposes: the last two axes change places."""
        return MidRad(self.mid.swapaxes(-1, -2), self.rad.swapaxes(-1, -2))

    def __getitem__(self, index: Any) -> MidRad:
        return MidRad(self.mid[index], self.rad[index])


def point(values: Floats) -> MidRad:
    """Exact values."""
    values = np.asarray(values, dtype=np.float64)
    return MidRad(values, np.zeros_like(values))


def from_ends(lo: Any, hi: Any) -> MidRad:
    """The intervals ``[lo, hi]``. Any midpoint is sound; halving first keeps it finite."""
    mid = lo * 0.5 + hi * 0.5
    return _checked(mid, np.maximum(up(hi - mid), up(mid - lo)))


def ends(x: MidRad) -> tuple[Floats, Floats]:
    """Lower and upper ends."""
    return -up(x.rad - x.mid), up(x.mid + x.rad)


def add(x: MidRad, y: MidRad) -> MidRad:
    """``X + Y``."""
    mid = x.mid + y.mid
    return _checked(mid, up(up(x.rad + y.rad) + up(EPSILON * np.abs(mid))))


def multiply(x: MidRad, y: MidRad) -> MidRad:
    """The product entry by entry, with broadcasting."""
    mid = x.mid * y.mid
    rad = up(up(np.abs(x.mid) * y.rad) + up(x.rad * up(np.abs(y.mid) + y.rad)))
    return _checked(mid, up(rad + up(up(EPSILON * np.abs(mid)) + SMALLEST)))


def scale(x: MidRad, factor: Floats | float) -> MidRad:
    """The product with exact numbers."""
    mid, size = x.mid * factor, np.abs(factor)
    return _checked(mid, up(up(x.rad * size) + up(up(EPSILON * np.abs(mid)) + SMALLEST)))


def matmul(x: MidRad, y: MidRad) -> MidRad:
    """``XY``: one product for the midpoint and at most two of non-negative matrices for the radius.

    ``|XY − fl(x y)| ≤ |x| (y_rad + γ|y|) + x_rad (|y| + y_rad) + (1 + γ)nη``.
    """
    n = _length(x.mid.shape[-1])
    mid, size = x.mid @ y.mid, np.abs(y.mid)
    rad = product_up(np.abs(x.mid), up(y.rad + up((n + 1) * EPSILON * size)))
    if x.rad.any():
        rad = up(rad + product_up(x.rad, up(size + y.rad)))
    return _checked(mid, up(rad + 2 * n * SMALLEST))


def total(x: MidRad, axis: int) -> MidRad:
    """The sum along an axis."""
    mid, n = np.sum(x.mid, axis=axis), _length(x.mid.shape[axis])
    rad = up(sum_up(x.rad, axis) + up((n + 1) * EPSILON * sum_up(np.abs(x.mid), axis)))
    return _checked(mid, rad)


def magnitude(x: MidRad) -> Floats:
    """The largest ``|X|``, rounded up."""
    return up(np.abs(x.mid) + x.rad)


def mignitude(x: MidRad) -> Floats:
    """The smallest ``|X|``, rounded down."""
    return np.maximum(0.0, down(np.abs(x.mid) - x.rad))


def intersect(x: MidRad, lo: Floats, hi: Floats) -> MidRad:
    """The part of ``x`` inside ``[lo, hi]``, both known to contain the true values."""
    low, high = ends(x)
    low, high = np.maximum(low, lo), np.minimum(high, hi)
    # Two sound enclosures cannot be disjoint; the order is restored for what rounding may cross.
    return from_ends(np.minimum(low, high), np.maximum(low, high))


def up(x: Any) -> Any:
    """At least the exact result of the one operation that gave ``x``; infinite where it is not a number."""
    if getattr(x, "size", 1) <= _SHORT:
        return np.fmin(np.nextafter(x, np.inf), np.inf)
    # Cheaper on long arrays, and as sound: |x|ε is at least an ulp of a normal x, η one of a subnormal x.
    return np.fmin(x + (np.abs(x) * EPSILON + SMALLEST), np.inf)


def down(x: Any) -> Any:
    """At most the exact result of the one operation that gave ``x``; ``−∞`` where it is not a number."""
    return np.where(np.isnan(x), -np.inf, np.nextafter(x, -np.inf))


def sum_up(x: Floats, axis: int | tuple[int, ...] | None = None) -> Any:
    """At least ``Σ x``, for ``x ≥ 0``."""
    total = np.sum(x, axis=axis)
    n = _length(x.size // max(1, np.size(total)))
    return up(total * (1.0 + (n + 2) * EPSILON))


def product_up(x: Floats, y: Floats) -> Floats:
    """At least ``xy``, for matrices ``x, y ≥ 0``."""
    n = _length(x.shape[-1])
    return up(up(x @ y + 2 * n * SMALLEST) * (1.0 + (n + 2) * EPSILON))


def root_up(x: Any) -> Any:
    """At least ``√x``, for ``x ≥ 0``."""
    return up(np.sqrt(x))


def length_up(x: Floats, axis: int = -1) -> Any:
    """At least the Euclidean norm of ``x`` along an axis."""
    return root_up(sum_up(up(np.square(x)), axis))


def _length(n: int) -> int:
    if n > LONGEST:
        raise InputError(
            f"a sum of {n} terms was met",
            f"its rounding error is bounded for at most {LONGEST} terms",
            "use the arb domain, or split the matrix",
        )
    return n


def _checked(mid: Floats, rad: Floats) -> MidRad:
    """What overflowed or is not a number is known to nothing: midpoint 0, radius ∞."""
    finite = np.isfinite(mid)
    if finite.all():
        return MidRad(mid, rad)
    return MidRad(np.where(finite, mid, 0.0), np.where(finite, rad, np.inf))
