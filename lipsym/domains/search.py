"""Certified maxima over an interval or a ball, and certified roots: the values of the binders of the language.

Invariant: whatever the budget, the enclosure that is returned contains the value; a budget that runs out leaves it
wide.

Maxima are found by best-first branch and bound. A cell is bounded above by the function's own enclosure on it and,
where slopes exist (``slopes``), by the mean value form around a point, whose error is quadratic in the cell; a cell on
which the function is monotone is settled by one end. Points bound the maximum from below.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from heapq import heappop, heappush
from itertools import count
from typing import Any, NamedTuple, Protocol

from lipsym.domains.record import Domain
from lipsym.domains.slopes import variable
from lipsym.enclosure import Enclosure, End
from lipsym.errors import DomainError

INTERVAL_GAP = Fraction(1, 1 << 16)
BALL_GAP = Fraction(1, 1 << 12)
"""Relative gaps at which a search stops (a domain of few bits stops where its rounding does)."""

INTERVAL_CELLS = 4000
BALL_CELLS = 2000
"""Budgets in cells. Cells evaluated as arrays cost less, and get 16 times as many."""

_BATCH = 128
_MORE = 16
_UNBOUNDED = Enclosure(-math.inf, math.inf)


class Function(Protocol):
    """A function on domain values, in the forms that the searches use."""

    def value(self, *arguments: Any) -> Any:
        """Its enclosure."""
        ...

    def slopes(self, *arguments: Any) -> Any:
        """Its enclosure with slopes; raises ``DomainError`` where it has none."""
        ...

    @property
    def packed(self) -> bool:
        """Whether arguments may be arrays."""
        ...


class Assessment(NamedTuple):
    """What is known of a cell: a point value in it, an upper bound on it, and whether splitting can improve that."""

    point: Enclosure
    upper: End
    settled: bool = False


def maximum_on_interval(
    domain: Domain[Any], function: Function, lower: Enclosure, upper: Enclosure, cells: int = INTERVAL_CELLS
) -> Enclosure:
    """The enclosure of ``maximum_and_places``."""
    return maximum_and_places(domain, function, lower, upper, cells)[0]


def maximum_and_places(
    domain: Domain[Any], function: Function, lower: Enclosure, upper: Enclosure, cells: int = INTERVAL_CELLS
) -> tuple[Enclosure, list[Enclosure]]:
    """Enclose the maximum of ``function`` over ``[a, b]``, for some ``a ≤ b`` in ``lower`` and ``upper``.

    The upper side covers ``[lower.lo, upper.hi]``. The lower side uses points of ``[lower.hi, upper.lo]``, which lie in
    ``[a, b]`` for every choice, and the two enclosures of ``a`` and ``b`` themselves, which hold points of it even if
    they meet.

    Returns:
        The enclosure, and intervals that together hold every point where the maximum is attained.
    """
    left, right = _finite(lower.lo, "MaxOver"), _finite(upper.hi, "MaxOver")
    if right < left:
        raise _empty("MaxOver", lower, upper)
    inner = (Fraction(lower.hi), Fraction(upper.lo))
    best = max(_attempt(domain, function, end).lo for end in (lower, upper))

    def assess(cell: tuple[Fraction, Fraction]) -> Assessment:
        a, b = cell
        middle = _middle(a, b)
        point = _attempt(domain, function, Enclosure(middle))
        whole = _attempt_slope(domain, function, cell)
        if whole is None:
            return Assessment(point, _attempt(domain, function, Enclosure(a, b)).hi)
        high, slope = whole
        if slope.lo >= 0 or slope.hi <= 0:
            end = _attempt(domain, function, Enclosure(b if slope.lo >= 0 else a))
            return Assessment(end if inner[0] <= middle <= inner[1] else point, min(high, end.hi), True)
        # f(z) ≤ f(c) + max slope·(z − c): the slope's sign is open, so each side takes its worst.
        rise = max(slope.hi * (b - middle), -slope.lo * (middle - a)) if _is_finite(slope) else math.inf
        return Assessment(point, min(high, point.hi + rise))

    def assess_packed(group: Sequence[tuple[Fraction, Fraction]]) -> list[Assessment]:
        try:
            points = _packed(domain, function, [[Enclosure(_middle(*c)) for c in group]])
            wholes = _packed(domain, function, [[Enclosure(*c) for c in group]])
        except DomainError:
            return [assess(cell) for cell in group]
        return [Assessment(p, w.hi) for p, w in zip(points, wholes, strict=True)]

    def halves(cell: tuple[Fraction, Fraction]) -> list[tuple[Fraction, Fraction]]:
        middle = _middle(*cell)
        return [(cell[0], middle), (middle, cell[1])] if cell[0] < middle < cell[1] else []

    def feasible(cell: tuple[Fraction, Fraction], settled: bool) -> bool:
        at = cell if settled else (_middle(*cell),) * 2
        return inner[0] <= at[0] and at[1] <= inner[1]

    packed = function.packed and domain.pack is not None and domain.unpack is not None
    found, remaining = _branch_and_bound(
        [(left, right)],
        assess_packed if packed else lambda group: [assess(cell) for cell in group],
        halves,
        feasible,
        best,
        max(INTERVAL_GAP, Fraction(16, 1 << domain.precision)),
        cells * (_MORE if packed else 1),
        _BATCH if packed else 1,
    )
    if found.lo == -math.inf:
        function.value(domain.enclose(Enclosure(_middle(left, right))))  # says why, if the function has no value here
    places: list[Enclosure] = []
    for a, b in sorted(remaining):
        if places and a <= places[-1].hi:
            places[-1] = Enclosure(places[-1].lo, max(b, places[-1].hi))
        else:
            places.append(Enclosure(a, b))
    return found, places


def maximum_on_ball(
    domain: Domain[Any], function: Function, dimension: int, radius: Enclosure, cells: int = BALL_CELLS
) -> Enclosure:
    """Enclose the maximum of ``function``, non-decreasing in each ``r_i ≥ 0``, over ``|r| ≤ R``, ``R`` in ``radius``.

    The maximum lies on the sphere. Its directions are the rays through the faces ``v_k = 1`` of the cube ``[0, 1]^m``;
    a cell is a box of a face, and ``r_i = R v_i/|v|`` increases in ``v_i`` and decreases in the other ``v_j``, so its
    box in ``r`` has exact corners. A cell is bounded by the value at the upper corner, and by ``_tangent_bound``.
    """
    if radius.hi < 0:
        raise _empty("BallMax", Enclosure(0), radius)
    outer, inner = _finite(radius.hi, "BallMax"), max(Fraction(0), _finite(radius.lo, "BallMax"))

    def box(cell: Cell) -> list[Enclosure]:
        low_squares, high_squares = sum(a * a for a, _ in cell), sum(b * b for _, b in cell)
        return [
            Enclosure(
                inner * _ratio(a, high_squares - b * b + a * a, up=False),
                outer * min(Fraction(1), _ratio(b, low_squares - a * a + b * b, up=True)),
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
        point = _attempt(domain, function, *map(Enclosure, c))
        corner = _attempt(domain, function, *(Enclosure(r.hi) for r in ranges)).hi
        return Assessment(point, min(corner, _tangent_bound(domain, function, ranges, c, outer, point)))

    def assess_packed(group: Sequence[Cell]) -> list[Assessment]:
        boxes, centres = [box(cell) for cell in group], [centre(cell) for cell in group]
        try:
            points = _packed(domain, function, [[Enclosure(c[i]) for c in centres] for i in range(dimension)])
            corners = _packed(domain, function, [[Enclosure(b[i].hi) for b in boxes] for i in range(dimension)])
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
    found, _ = _branch_and_bound(
        [tuple(face if i == k else unit for i in range(dimension)) for k in range(dimension)],
        assess_packed if packed else lambda group: [assess(cell) for cell in group],
        halves,
        lambda cell, settled: True,
        _ascend(domain, function, dimension, inner),
        max(BALL_GAP, Fraction(16, 1 << domain.precision)),
        cells * (_MORE if packed else 1),
        _BATCH if packed else 1,
    )
    if found.lo == -math.inf:
        function.value(*(domain.enclose(Enclosure(inner / dimension)) for _ in range(dimension)))
    return found


Cell = tuple[tuple[int, int], ...]
"""A box of directions, in integer units of ``1/_UNIT``."""

_UNIT = 1 << 30


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
        if not gradients or not all(map(_is_finite, gradients)):
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
    if not all(map(_is_finite, gradients)):
        return math.inf
    if _improvable(gradients, ranges):
        return -math.inf
    middles = [_short(g) for g in gradients]
    multiplier = _multiplier([float(m) for m in middles], [(float(r.lo), float(r.hi)) for r in ranges], float(radius))
    total = multiplier * radius * radius
    for g, m, r, x in zip(gradients, middles, ranges, c, strict=True):
        furthest = max(r.lo, min(r.hi, m / (2 * multiplier))) if multiplier else (r.hi if m > 0 else r.lo)
        total += m * (furthest - x) - multiplier * furthest * furthest
        total += max(g.hi - m, m - g.lo) * max(r.hi - x, x - r.lo)
    return point.hi + total


def _improvable(gradients: Sequence[Enclosure], ranges: Sequence[Enclosure]) -> bool:
    """Whether turning from one axis ``j`` towards another ``i`` increases ``f`` everywhere on the box.

    The derivative along that rotation is ``g_i r_j − g_j r_i``. Where it is positive and ``r_j > 0``, every point of
    the box has a better one on its sphere, so the box does not hold the maximum, which is attained elsewhere.
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
    largest = max(map(abs, g))
    if not 0 < largest < math.inf or not radius > 0:
        return Fraction(0)
    low, high = 0.0, 64 * len(g) * largest / radius
    for _ in range(24):
        middle = (low + high) / 2
        norm = math.hypot(*(max(a, min(b, m / (2 * middle))) for m, (a, b) in zip(g, box, strict=True)))
        low, high = (middle, high) if norm > radius else (low, middle)
    return Fraction(high) if math.isfinite(high) else Fraction(0)


def isolated_root(domain: Domain[Any], function: Function, lower: Enclosure, upper: Enclosure) -> Enclosure:
    """Enclose the only zero of ``function`` between ``a`` in ``lower`` and ``b`` in ``upper``.

    The signs at the two ends, certified, prove that there is a zero; interval Newton steps and bisection by certified
    signs then keep every zero of the interval until neither makes progress.

    Raises:
        DomainError: if the signs at the ends are not certified to differ.
    """
    signs = [_sign(domain, function, end) for end in (lower, upper)]
    for sign, end in zip(signs, (lower, upper), strict=True):
        if sign == 0 and end.lo == end.hi and _attempt(domain, function, end) == Enclosure(0):
            return end
    left, right = _finite(lower.lo, "IsolatedRoot"), _finite(upper.hi, "IsolatedRoot")
    if left > right or signs[0] * signs[1] != -1:
        raise DomainError(
            f"IsolatedRoot was asked for between {lower} and {upper}",
            "the function is not proved to differ in sign at the two ends",
            "give ends that bracket one zero, or raise the precision",
        )
    for _ in range(64 + 4 * domain.precision):
        if right - left <= max(abs(left), abs(right)) / (1 << domain.precision):
            break
        width, middle = right - left, _middle(left, right)
        whole = _attempt_slope(domain, function, (left, right))
        slope = whole[1] if whole is not None else _UNBOUNDED
        if _is_finite(slope) and (slope.lo > 0 or slope.hi < 0):
            d = domain
            step = d.divide(function.value(d.enclose(Enclosure(middle))), d.enclose(slope))
            newton = d.ends(d.add(d.enclose(Enclosure(middle)), d.multiply(d.enclose(Enclosure(-1)), step)))
            if _is_finite(newton):
                left, right = max(left, Fraction(newton.lo)), min(right, Fraction(newton.hi))
            if 2 * (right - left) <= width:
                continue
        for share in (Fraction(1, 2), Fraction(1, 4), Fraction(3, 4)):
            at = _rounded(left + share * (right - left), right - left)
            sign = _sign(domain, function, Enclosure(at))
            if sign != 0 and left < at < right:
                left, right = (at, right) if sign == signs[0] else (left, at)
                break
        if right - left > width * Fraction(7, 8):
            break
    return Enclosure(left, right)


def _branch_and_bound(
    cells: Sequence[Any],
    assess: Callable[[Sequence[Any]], list[Assessment]],
    split: Callable[[Any], Sequence[Any]],
    feasible: Callable[[Any, bool], bool],
    best: End,
    gap: Fraction,
    budget: int,
    batch: int,
) -> tuple[Enclosure, list[Any]]:
    """Best-first search: an enclosure of the maximum, and the cells that may attain it.

    ``best`` is a lower bound of the maximum; ``attained`` is what points alone say of its upper end: where the values
    of the symbols are wide enclosures, no subdivision gets below it, and the search stops there,
    or near it if the points alone leave a wide interval.
    """
    order = count()
    heap: list[tuple[End, int, Any, bool]] = []
    attained: End = -math.inf
    used = 0

    def enter(group: Sequence[Any]) -> None:
        nonlocal best, attained
        for cell, known in zip(group, assess(group), strict=True):
            attained = max(attained, known.point.hi if known.point.hi != math.inf else -math.inf)
            if feasible(cell, known.settled):
                best = max(best, known.point.lo)
            heappush(heap, (-known.upper, next(order), cell, known.settled))

    enter(cells)
    while True:
        top = -heap[0][0]
        known = max(best, attained)
        near = not math.isinf(top) and top - known <= gap * abs(top)
        if not math.isinf(top) and not math.isinf(best) and attained > best:
            near = near or 16 * (top - known) <= attained - best
        if top <= known or near or used >= budget:
            break
        group: list[Any] = []
        while heap and len(group) < 2 * batch and -heap[0][0] > known:
            cell = heap[0]
            parts = () if cell[3] else split(cell[2])
            if not parts:
                break
            heappop(heap)
            group.extend(parts)
        if not group:
            break
        used += len(group)
        enter(group)
    return Enclosure(best, max(-heap[0][0], best)), [cell for upper, _, cell, _ in heap if -upper >= best]


def _attempt(domain: Domain[Any], function: Function, *arguments: Enclosure) -> Enclosure:
    """The value, or everything where the operations have none (on a cell that is still too wide)."""
    try:
        return domain.ends(function.value(*map(domain.enclose, arguments)))
    except DomainError:
        return _UNBOUNDED


def _packed(domain: Domain[Any], function: Function, arguments: Sequence[Sequence[Enclosure]]) -> Sequence[Enclosure]:
    """The values at many arguments at once; a function that depends on none of its arguments gives one for all."""
    if domain.pack is None or domain.unpack is None:
        raise TypeError(f"the domain {domain.name} has no arrays")
    values = domain.unpack(function.value(*map(domain.pack, arguments)))
    return values if len(values) == len(arguments[0]) else [values[0]] * len(arguments[0])


def _attempt_slope(
    domain: Domain[Any], function: Function, cell: tuple[Fraction, Fraction]
) -> tuple[End, Enclosure] | None:
    """Upper end and slope on a cell, or ``None`` where there is no slope."""
    try:
        value, slopes = function.slopes(variable(domain, domain.enclose(Enclosure(*cell)), 0, 1))
    except DomainError:
        return None
    return domain.ends(value).hi, domain.ends(slopes[0]) if slopes is not None else Enclosure(0)


def _sign(domain: Domain[Any], function: Function, argument: Enclosure) -> int:
    value = _attempt(domain, function, argument)
    return 1 if value.lo > 0 else -1 if value.hi < 0 else 0


def _is_finite(x: Enclosure) -> bool:
    return not (isinstance(x.lo, float) or isinstance(x.hi, float))  # the only floats are ±inf


def _middle(a: Fraction, b: Fraction) -> Fraction:
    """A short rational near the middle of ``[a, b]``."""
    return a if a == b else _rounded((a + b) / 2, b - a)


def _rounded(x: Fraction, width: Fraction) -> Fraction:
    """``x`` moved by at most ``width/16``, with as few binary places as that allows."""
    places = 4 + width.denominator.bit_length() - width.numerator.bit_length()
    if places >= 0:
        return Fraction(round(x * (1 << places)), 1 << places)
    return Fraction(round(x / (1 << -places)) << -places)


def _finite(end: End, what: str) -> Fraction:
    if isinstance(end, float):
        raise DomainError(
            f"{what} was asked for over a range that ends at {end}",
            "a search covers a bounded range",
            "give the symbols in the ends bounded values",
        )
    return end


def _empty(what: str, lower: Enclosure, upper: Enclosure) -> DomainError:
    return DomainError(
        f"{what} was asked for from {lower} to {upper}",
        "the range is empty, and has no maximum",
        "give ends in increasing order",
    )
