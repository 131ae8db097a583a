"""Certified maxima over an interval, and certified roots: values of the binders of the language.

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

GAP = Fraction(1, 1 << 16)
"""Relative gap at which a search stops (a domain of few bits stops where its rounding does)."""

CELLS = 4000
"""Budget in cells. Cells evaluated as arrays cost less, and get 16 times as many."""

BATCH = 128
MORE = 16
"""Cells evaluated together as arrays, and what their budget is multiplied by."""

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
    domain: Domain[Any], function: Function, lower: Enclosure, upper: Enclosure, cells: int = CELLS
) -> Enclosure:
    """The enclosure of ``maximum_and_places``."""
    return maximum_and_places(domain, function, lower, upper, cells)[0]


def maximum_and_places(
    domain: Domain[Any], function: Function, lower: Enclosure, upper: Enclosure, cells: int = CELLS
) -> tuple[Enclosure, list[Enclosure]]:
    """Enclose the maximum of ``function`` over ``[a, b]``, for some ``a ≤ b`` in ``lower`` and ``upper``.

    The upper side covers ``[lower.lo, upper.hi]``. The lower side uses points of ``[lower.hi, upper.lo]``, which lie in
    ``[a, b]`` for every choice, and the two enclosures of ``a`` and ``b`` themselves, which hold points of it even if
    they meet.

    Returns:
        The enclosure, and intervals that together hold every point where the maximum is attained.
    """
    left, right = bounded(lower.lo, "MaxOver"), bounded(upper.hi, "MaxOver")
    if right < left:
        raise empty_range("MaxOver", lower, upper)
    inner = (lower.hi, upper.lo)
    best = max(attempt(domain, function, end).lo for end in (lower, upper))

    def assess(cell: tuple[Fraction, Fraction]) -> Assessment:
        a, b = cell
        middle = _middle(a, b)
        point = attempt(domain, function, Enclosure(middle))
        whole = _attempt_slope(domain, function, cell)
        if whole is None:
            return Assessment(point, attempt(domain, function, Enclosure(a, b)).hi)
        high, slope = whole
        if slope.lo >= 0 or slope.hi <= 0:
            end = attempt(domain, function, Enclosure(b if slope.lo >= 0 else a))
            return Assessment(end if inner[0] <= middle <= inner[1] else point, min(high, end.hi), True)
        # f(z) ≤ f(c) + max slope·(z − c): the slope's sign is open, so each side takes its worst.
        rise = max(slope.hi * (b - middle), -slope.lo * (middle - a)) if is_finite(slope) else math.inf
        return Assessment(point, min(high, point.hi + rise))

    def assess_packed(group: Sequence[tuple[Fraction, Fraction]]) -> list[Assessment]:
        try:
            points = packed_values(domain, function, [[Enclosure(_middle(*c)) for c in group]])
            wholes = packed_values(domain, function, [[Enclosure(*c) for c in group]])
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
    found, remaining = branch_and_bound(
        [(left, right)],
        assess_packed if packed else lambda group: [assess(cell) for cell in group],
        halves,
        feasible,
        best,
        max(GAP, Fraction(16, 1 << domain.precision)),
        cells * (MORE if packed else 1),
        BATCH if packed else 1,
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


def isolated_root(domain: Domain[Any], function: Function, lower: Enclosure, upper: Enclosure) -> Enclosure:
    """Enclose the only zero of ``function`` between ``a`` in ``lower`` and ``b`` in ``upper``.

    The signs at the two ends, certified, prove that there is a zero; interval Newton steps and bisection by certified
    signs then keep every zero of the interval until neither makes progress.

    Raises:
        DomainError: if the signs at the ends are not certified to differ.
    """
    signs = [_sign(domain, function, end) for end in (lower, upper)]
    for sign, end in zip(signs, (lower, upper), strict=True):
        if sign == 0 and end.lo == end.hi and attempt(domain, function, end) == Enclosure(0):
            return end
    left, right = bounded(lower.lo, "IsolatedRoot"), bounded(upper.hi, "IsolatedRoot")
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
        if is_finite(slope) and (slope.lo > 0 or slope.hi < 0):
            d = domain
            step = d.divide(function.value(d.enclose(Enclosure(middle))), d.enclose(slope))
            newton = d.ends(d.add(d.enclose(Enclosure(middle)), d.multiply(d.enclose(Enclosure(-1)), step)))
            if is_finite(newton):
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


def branch_and_bound(
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
        near = not isinstance(top, float) and top - known <= gap * abs(top)
        if not isinstance(top, float) and not isinstance(best, float) and attained > best:
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


def attempt(domain: Domain[Any], function: Function, *arguments: Enclosure) -> Enclosure:
    """The value, or everything where the operations have none (on a cell that is still too wide)."""
    try:
        return domain.ends(function.value(*map(domain.enclose, arguments)))
    except DomainError:
        return _UNBOUNDED


def packed_values(
    domain: Domain[Any], function: Function, arguments: Sequence[Sequence[Enclosure]]
) -> Sequence[Enclosure]:
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
    value = attempt(domain, function, argument)
    return 1 if value.lo > 0 else -1 if value.hi < 0 else 0


def is_finite(x: Enclosure) -> bool:
    """Whether both ends are finite."""
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


def bounded(end: End, what: str) -> Fraction:
    """The end of a range, which must be finite."""
    if isinstance(end, float):
        raise DomainError(
            f"{what} was asked for over a range that ends at {end}",
            "a search covers a bounded range",
            "give the symbols in the ends bounded values",
        )
    return Fraction(end)


def empty_range(what: str, lower: Enclosure, upper: Enclosure) -> DomainError:
    """The error of a range that is certainly empty."""
    return DomainError(
        f"{what} was asked for from {lower} to {upper}",
        "the range is empty, and has no maximum",
        "give ends in increasing order",
    )
