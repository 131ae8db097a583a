"""The reduced problem: maximise the norm of a derivative of a scalar function over a small region.

Invariant: the supremum of the problem's quantity over its region is the supremum that was asked for (proofs of the
reductions that led here: ``Problem.reductions``), and ``contract`` loses no point of the region.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lipsym.domains.float64_rounding import Floats
from lipsym.enclose.batch import TINY, Batch, intervals
from lipsym.enclose.tape import Tape

_RELATIVE = 2.0**-44
"""What covers the rounding of the few operations by which a box is contracted."""


@dataclass(frozen=True, slots=True, eq=False)
class Constraint:
    """``‖v_I‖² ≤ R²``, or ``= R²`` on a sphere, for the variables ``I``.

    Args:
        variables: ``I``.
        low, high: floats around ``R²``.
        sphere: whether equality is meant.
    """

    variables: np.ndarray
    low: float
    high: float
    sphere: bool


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """Maximise ``‖D_θφ‖`` (order 1) or ``λ_max(D²_θφ)`` (order 2) over a region of variables.

    Args:
        tape: ``φ``, as a function of the variables.
        order: 1 or 2.
        trainable: the first so many variables are the parameters ``θ``; the others only move.
        extra: what dropped parameters add to ``‖D_θφ‖²``.
        constraints: balls and spheres.
        lo, hi: ends of the root box, which contains the region, with few bits so that bisection stays exact.
        inner: ends of a box that the region is cut with, or ``None``.
        descending: pairs ``(i, j)`` with ``v_i ≥ v_j``.
        names: of the variables.
        reductions: the rules by which the problem arose, in order.
    """

    tape: Tape
    order: int
    trainable: int
    extra: float
    constraints: tuple[Constraint, ...]
    lo: Floats
    hi: Floats
    inner: tuple[Floats, Floats] | None
    descending: tuple[tuple[int, int], ...]
    names: tuple[str, ...]
    reductions: tuple[str, ...]

    @property
    def cases(self) -> int:
        """How many sets of constants there are."""
        return len(self.tape.constants)

    def variables(self, lo: Floats, hi: Floats) -> list[Batch]:
        """The boxes, arrays of shape (variables, n), as batches."""
        return [intervals(a, b) for a, b in zip(lo, hi, strict=True)]

    def contract(self, lo: Floats, hi: Floats) -> tuple[Floats, Floats, np.ndarray]:
        """Smaller boxes with the same points of the region.

        Args:
            lo, hi: of shape (variables, n).

        Returns:
            The ends, and for each box whether it may meet the region; where it does not, the ends mean nothing.
        """
        lo, hi = lo.copy(), hi.copy()
        if self.inner is not None:
            np.maximum(lo, self.inner[0][:, None], out=lo)
            np.minimum(hi, self.inner[1][:, None], out=hi)
        with np.errstate(invalid="ignore"):  # an end of a box without points is infinite
            for _ in range(2):
                for i, j in self.descending:
                    np.maximum(lo[i], lo[j], out=lo[i])
                    np.minimum(hi[j], hi[i], out=hi[j])
                for constraint in self.constraints:
                    _contract(constraint, lo, hi)
        return lo, hi, np.all(lo <= hi, axis=0)

    def project(self, v: Floats) -> Floats:
        """Points of the region near ``v`` of shape (variables, n), up to rounding; for proposals alone."""
        v = np.clip(v, self.lo[:, None], self.hi[:, None])
        if self.inner is not None:
            v = np.clip(v, self.inner[0][:, None], self.inner[1][:, None])
        for constraint in self.constraints:
            part = v[constraint.variables]
            length = np.sqrt((part * part).sum(axis=0))
            radius = np.sqrt(constraint.high)
            longer = length >= 0.0 if constraint.sphere else length > radius
            part[0] = np.where((length == 0.0) & constraint.sphere, 1.0, part[0])  # no direction is nearest to 0
            scale = radius / np.where(length == 0.0, 1.0, length)
            v[constraint.variables] = np.where(longer, part * scale, part)
        return v


def _contract(constraint: Constraint, lo: Floats, hi: Floats) -> None:
    """Cut boxes, in place, by one ball or sphere: ``|v_k|² ≤ R² − Σ_{j≠k} min v_j²``, and from below on a sphere."""
    index = constraint.variables
    slack = _RELATIVE * constraint.high * len(index) + TINY  # squares of tiny numbers are rounded to subnormal ones
    a, b = lo[index], hi[index]
    near = np.maximum(np.maximum(a, -b), 0.0)
    far = np.maximum(-a, b)
    least, most = near * near, far * far
    room = constraint.high + slack - least.sum(axis=0)
    reach = np.sqrt(np.maximum(room + least, 0.0)) * (1.0 + _RELATIVE)
    lo[index], hi[index] = np.maximum(a, -reach), np.minimum(b, reach)
    outside = room < 0
    if constraint.sphere:
        missing = constraint.low - slack - most.sum(axis=0)
        outside |= missing > 0
        depth = np.sqrt(np.maximum(missing + most, 0.0)) * (1.0 - _RELATIVE)
        a, b = lo[index], hi[index]
        lo[index] = np.where((a > -depth) & (depth > 0), np.maximum(a, depth), a)
        hi[index] = np.where((b < depth) & (depth > 0), np.minimum(b, -depth), b)
    hi[index[0]] = np.where(outside, -np.inf, hi[index[0]])
