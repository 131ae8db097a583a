"""Certified integrals over an interval, and the φ-functions of exponential integrators.

Invariant: whatever the budget, the enclosure that is returned contains the value; a budget that runs out leaves it
wide.

On a cell of width ``w`` with midpoint ``c`` the integral lies in ``w·f(cell)`` and, where slopes in ``[l, u]`` exist,
in ``w·f(c) ± (u − l)w²/8``: the mean value form, integrated over both halves. The widest cells are halved first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from heapq import heapify, heappop, heappush
from typing import Any

from lipsym.domains.record import Domain
from lipsym.domains.search import Function, attempt, is_finite
from lipsym.domains.slopes import variable
from lipsym.enclosure import Enclosure, End
from lipsym.errors import DomainError

GAP = Fraction(1, 1 << 10)
"""Relative width at which the subdivision stops."""

CELLS = 600
"""Budget in cells."""

FIRST = 16
"""Cells to begin with."""


def integral(
    domain: Domain[Any], function: Function, lower: Fraction, upper: Fraction, cells: int = CELLS
) -> Enclosure:
    """Enclose ``∫ f`` from ``lower`` to ``upper``.

    Raises:
        DomainError: if ``upper < lower``, or the integrand has no bounded enclosure.
    """
    if upper < lower:
        raise DomainError(
            f"IntegralOver was asked for from {lower} to {upper}",
            "an integral of this language runs forward",
            "swap the ends, and the sign",
        )
    if upper == lower:
        return Enclosure(0)
    step = (upper - lower) / FIRST
    heap = [_cell(domain, function, lower + k * step, step) for k in range(FIRST)]
    heapify(heap)
    low, high = _total(heap)
    for _ in range(cells):
        if high - low <= GAP * max(abs(low), abs(high)) < math.inf:
            break
        _, start, old_low, old_high, width = heappop(heap)
        halves = [_cell(domain, function, start + k * width / 2, width / 2) for k in (0, 1)]
        for half in halves:
            heappush(heap, half)
        if isinstance(low, float) or isinstance(high, float):  # infinite ends do not cancel
            low, high = _total(heap)
        else:
            low += halves[0][2] + halves[1][2] - old_low
            high += halves[0][3] + halves[1][3] - old_high
    found = Enclosure(low, high)
    if not is_finite(found):
        function.value(domain.enclose(Enclosure(lower, upper)))  # says why, if the function has no value here
    return domain.ends(domain.enclose(found))


def _total(cells: Sequence[tuple[Any, Fraction, End, End, Fraction]]) -> tuple[End, End]:
    """The sums of the ends; a cell without a bound leaves the sum without one."""
    lows, highs = [cell[2] for cell in cells], [cell[3] for cell in cells]
    low = -math.inf if -math.inf in lows else sum(lows, Fraction(0))
    return low, math.inf if math.inf in highs else sum(highs, Fraction(0))


def phi(domain: Domain[Any], order: int, z: Any) -> Any:
    """``φ_k`` at ``z``, by its values at the ends: it increases."""
    ends = domain.ends(z)
    low = Fraction(0) if ends.lo == -math.inf else domain.ends(_phi_at(domain, order, Fraction(ends.lo))).lo
    high = math.inf if ends.hi == math.inf else domain.ends(_phi_at(domain, order, Fraction(ends.hi))).hi
    return domain.enclose(Enclosure(max(low, Fraction(0)), high))


def phi_slope(domain: Domain[Any], order: int, z: Any) -> Any:
    """``φ_k' = φ_k − k φ_{k+1}`` at ``z``, by its values at the ends: ``∫ s(1−s)^{k−1}/(k−1)! e^{sz}`` increases."""
    ends = domain.ends(z)
    if not is_finite(ends):
        raise DomainError("the derivative of φ was asked for on an unbounded range", "it is not bounded", "do without")

    def at(point: Fraction) -> Enclosure:
        later = domain.multiply(domain.enclose(Enclosure(-order)), _phi_at(domain, order + 1, point))
        return domain.ends(domain.add(_phi_at(domain, order, point), later))

    return domain.enclose(Enclosure(max(at(Fraction(ends.lo)).lo, Fraction(0)), at(Fraction(ends.hi)).hi))


def _phi_at(domain: Domain[Any], order: int, point: Fraction) -> Any:
    """``φ_k`` at a point: the recurrence away from 0, the series near it.

    For ``|z| ≤ 1`` the terms ``z^n/(n+k)!`` from ``n = N`` on sum to at most ``2|z|^N/(N+k)!`` in size.
    """
    d = domain
    if abs(point) > 1:
        value, z = d.functions["exp"](d.enclose(Enclosure(point))), d.enclose(Enclosure(point))
        for k in range(order):
            value = d.divide(d.add(value, d.enclose(Enclosure(Fraction(-1, math.factorial(k))))), z)
        return value
    bits = d.precision + 60
    z = Fraction(round(point * (1 << bits)), 1 << bits)  # a neighbour with few bits; 0 < φ_k' ≤ 1 on [−1, 1]
    total, power, n = Fraction(0), Fraction(1), 0
    while abs(power) * (1 << d.precision + 10) > math.factorial(n):
        total += power / math.factorial(n + order)
        power, n = power * z, n + 1
    rest = 2 * abs(power) / math.factorial(n + order) + abs(point - z)
    return d.enclose(Enclosure(total - rest, total + rest))


def _cell(
    domain: Domain[Any], function: Function, start: Fraction, width: Fraction
) -> tuple[Any, Fraction, End, End, Fraction]:
    """``(−width of the enclosure, start, lower, upper, width)`` of the integral over one cell."""
    cell = Enclosure(start, start + width)
    try:
        value, slopes = function.slopes(variable(domain, domain.enclose(cell), 0, 1))
        whole, slope = domain.ends(value), Enclosure(0) if slopes is None else domain.ends(slopes[0])
    except DomainError:
        whole, slope = attempt(domain, function, cell), Enclosure(-math.inf, math.inf)
    low, high = (end if isinstance(end, float) else end * width for end in (whole.lo, whole.hi))
    if is_finite(slope):
        middle = attempt(domain, function, Enclosure(start + width / 2))
        if is_finite(middle):
            spread = (slope.hi - slope.lo) * width * width / 8
            low, high = max(low, middle.lo * width - spread), min(high, middle.hi * width + spread)
    return low - high, start, low, high, width
