"""Certified maxima over a ball in the positive orthant: the value of ``BallMax``.

Invariant: whatever the budget, the enclosure that is returned contains the maximum; a budget that runs out leaves it
wide. Slopes make it narrow: the upper bound of a box is then of second order, and most boxes hold no maximum at all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from lipsym.domains.record import Domain
from lipsym.domains.search import (
    BATCH,
    MORE,
    Assessment,
    Function,
    attempt,
    bounded,
    branch_and_bound,
    empty_range,
    is_finite,
    packed_values,
)
from lipsym.domains.slopes import variable
from lipsym.enclosure import Enclosure, End
from lipsym.errors import DomainError

GAP = Fraction(1, 1 << 12)
"""Relative gap at which the search stops."""

CELLS = 2000
"""Budget in cells."""

Cell = tuple[tuple[int, int], ...]
"""A box of directions, in integer units of ``1/_UNIT``."""

_UNIT = 1 << 30

_MARGIN = Fraction(1, _UNIT)
"""What boxes reach beyond their cells: kinks on the border of a cell lie inside its box (see ``_improvable``)."""


def maximum_on_ball(
    domain: Domain[Any], function: Function, dimension: int, radius: Enclosure, cells: int = CELLS
) -> Enclosure:
    """Enclose the maximum of ``function``, non-decreasing in each ``r_i ≥ 0``, over ``|r| ≤ R``, ``R`` in ``radius``.

    The maximum lies on the sphere. Its directions are the rays through the faces ``v_k = 1`` of the cube ``[0, 1]^m``;
    a cell is a box of a face, and ``r_i = R v_i/|v|`` increases in ``v_i`` and decreases in the other ``v_j``, so its
    box in ``r`` has exact corners. A cell is bounded by the value at the upper corner, and by ``_tangent_bound``.
    """
    if radius.hi < 0:
        raise empty_range("BallMax", Enclosure(0), radius)
    outer, inner = bounded(radius.hi, "BallMax"), max(Fraction(0), bounded(radius.lo, "BallMax"))

    def box(cell: Cell) -> list[Enclosure]:
        low_squares, high_squares = sum(a * a for a, _ in cell), sum(b * b for _, b in cell)
        return [
            Enclosure(
                inner * max(Fraction(0), _ratio(a, high_squares - b * b + a * a, up=False) - _MARGIN),
                outer * min(Fraction(1), _ratio(b, low_squares - a * a + b * b, up=True) + _MARGIN),
            )
            for a, b in cell
        ]

    def centre(cell: Cell) -> list[Fraction]:
        """A rational point with ``|c| ≤ R`` for every ``R`` in ``radius``."""
        middle = [a + b for a, b in cell]
        squares = sum(v * v for v in middle)
        return [inner * _ratio(v, squares, up=False) for v in middle]

    def assess(cell: Cell) -> Assessment:
        ranges, c = box(cell), centre(cell)
        point = attempt(domain, function, *map(Enclosure, c))
        corner = attempt(domain, function, *(Enclosure(r.hi) for r in ranges)).hi
        return Assessment(point, min(corner, _tangent_bound(domain, function, ranges, c, outer, point)))

    def assess_packed(group: Sequence[Cell]) -> list[Assessment]:
        boxes, centres = [box(cell) for cell in group], [centre(cell) for cell in group]
        try:
            points = packed_values(domain, function, [[Enclosure(c[i]) for c in centres] for i in range(dimension)])
            corners = packed_values(domain, function, [[Enclosure(b[i].hi) for b in boxes] for i in range(dimension)])
        except DomainError:
            return [assess(cell) for cell in group]
        return [Assessment(p, w.hi) for p, w in zip(points, corners, strict=True)]

    def halves(cell: Cell) -> list[Cell]:
        widest = max(range(dimension), key=lambda i: cell[i][1] - cell[i][0])
        a, b = cell[widest]
        if b - a < 2:
            return []
        middle = (a + b) // 2
        return [(*cell[:widest], part, *cell[widest + 1 :]) for part in ((a, middle), (middle, b))]

    unit, face = (0, _UNIT), (_UNIT, _UNIT)
    packed = function.packed and domain.pack is not None and domain.unpack is not None
    found, _ = branch_and_bound(
        [tuple(face if i == k else unit for i in range(dimension)) for k in range(dimension)],
        assess_packed if packed else lambda group: [assess(cell) for cell in group],
        halves,
        lambda cell, settled: True,
        _ascend(domain, function, dimension, inner),
        max(GAP, Fraction(16, 1 << domain.precision)),
        cells * (MORE if packed else 1),
        BATCH if packed else 1,
    )
    if found.lo == -math.inf:
        function.value(*(domain.enclose(Enclosure(inner / dimension)) for _ in range(dimension)))
    return found


def _ratio(v: int, squares: int, up: bool) -> Fraction:
    """``v/√squares``, rounded to a multiple of ``1/_UNIT``."""
    if up:
        scaled = -(-(v * v * _UNIT * _UNIT) // squares)
        root = math.isqrt(scaled)
        return Fraction(root + (root * root < scaled), _UNIT)
    return Fraction(math.isqrt(v * v * _UNIT * _UNIT // squares), _UNIT)


def _ascend(domain: Domain[Any], function: Function, dimension: int, radius: Fraction, steps: int = 12) -> End:
    """A lower bound of the maximum: the best value along ``r ← R g/|g|``, which rests at critical points alone."""
    best: End = -math.inf
    direction = [1.0] * dimension
    for _ in range(steps):
        units = [int(x / max(direction) * _UNIT) for x in direction]
        squares = sum(v * v for v in units)
        at = [domain.enclose(Enclosure(radius * _ratio(v, squares, up=False))) for v in units]
        try:
            value, slopes = function.slopes(*(variable(domain, x, i, dimension) for i, x in enumerate(at)))
            gradients = [domain.ends(s) for s in slopes] if slopes is not None else []
        except DomainError:
            break
        best = max(best, domain.ends(value).lo)
        if not gradients or not all(map(is_finite, gradients)):
            break
        direction = [max(0.0, g.upper_float()) for g in gradients]
        if not 0 < max(direction) < math.inf:
            break
    return best


def _tangent_bound(
    domain: Domain[Any],
    function: Function,
    ranges: Sequence[Enclosure],
    c: Sequence[Fraction],
    radius: Fraction,
    point: Enclosure,
) -> End:
    """An upper bound on a box, from a point ``c`` of it and gradients in ``g ± ρ``; infinite where there are none.

    ``f(r) ≤ f(c) + g·(r − c) + Σ ρ_i |r_i − c_i|``, and over the ``r`` of the box with ``|r| ≤ R``, for ``λ ≥ 0``,
    ``g·r ≤ λR² + Σ max_{r_i} (g_i r_i − λ r_i²)`` (weak duality). At the maximum of ``f``, ``g`` is radial and the
    bound is of second order in the box. ``λ`` is found in floating point, and every ``λ`` gives a bound.
    """
    n = len(c)
    # The segments from c must stay in the box on which the slopes are taken.
    ranges = [Enclosure(min(r.lo, x), max(r.hi, x)) for r, x in zip(ranges, c, strict=True)]
    try:
        arguments = (variable(domain, domain.enclose(r), i, n) for i, r in enumerate(ranges))
        _, slopes = function.slopes(*arguments)
        gradients = [domain.ends(s) for s in slopes] if slopes is not None else [Enclosure(0)] * n
    except DomainError:
        return math.inf
    if not all(map(is_finite, gradients)):
        return math.inf
    if _improvable(gradients, ranges):
        return -math.inf
    middles = [_short(g) for g in gradients]
    corners = [(r.lower_float(), r.upper_float()) for r in ranges]
    multiplier = _multiplier([float(m) for m in middles], corners, Enclosure(radius).upper_float())
    total = multiplier * radius * radius
    for g, m, r, x in zip(gradients, middles, ranges, c, strict=True):
        furthest = max(r.lo, min(r.hi, m / (2 * multiplier))) if multiplier else (r.hi if m > 0 else r.lo)
        total += m * (furthest - x) - multiplier * furthest * furthest
        total += max(g.hi - m, m - g.lo) * max(r.hi - x, x - r.lo)
    return point.hi + total


def _improvable(gradients: Sequence[Enclosure], ranges: Sequence[Enclosure]) -> bool:
    """Whether turning from one axis ``j`` towards another ``i`` increases ``f`` everywhere on the box.

    The derivative along that rotation is ``g_i r_j − g_j r_i``. Where it is positive and ``r_j > 0``, every point of
    the cell has a better one on its sphere, so the cell does not hold the maximum, which is attained elsewhere. The
    short turn that proves this may leave the cell, and stays in the box: ``r_i < R`` as ``r_j > 0``, and by its margin
    the box reaches beyond ``r_i`` and below ``r_j``.
    """
    return any(
        b.lo > 0 and g.lo > 0 and g.lo * b.lo > max(h.hi, Fraction(0)) * a.hi
        for g, a in zip(gradients, ranges, strict=True)
        for h, b in zip(gradients, ranges, strict=True)
        if h is not g
    )


def _short(g: Enclosure) -> Fraction:
    """A float near the middle of ``g``, as a short fraction."""
    middle = g.lower_float() / 2 + g.upper_float() / 2
    return Fraction(middle) if math.isfinite(middle) else Fraction(0)


def _multiplier(g: Sequence[float], box: Sequence[tuple[float, float]], radius: float) -> Fraction:
    """About the ``λ`` at which the maximiser of ``g·r − λ|r|²`` over the box has norm ``R``; 0 if the box is inside."""
    if math.hypot(*(high if m > 0 else low for m, (low, high) in zip(g, box, strict=True))) <= radius:
        return Fraction(0)
    low, high = 0.0, 64 * len(g) * max(map(abs, g)) / radius if radius > 0 else 0.0
    if not 2.0**-900 < high < math.inf:
        return Fraction(0)
    for _ in range(24):
        middle = (low + high) / 2
        norm = math.hypot(*(max(a, min(b, m / (2 * middle))) for m, (a, b) in zip(g, box, strict=True)))
        low, high = (middle, high) if norm > radius else (low, middle)
    return Fraction(high) if math.isfinite(high) else Fraction(0)
