"""Tabulated activations: cheap certified ranges of ``σ``, ``σ'``, ``σ''`` and ``σ'''`` over arrays of intervals.

Invariant: for every interval ``[a, b]`` within the table's reach, ``ranges`` returns a batch that contains the values
of the derivative on it (at a kink: both one-sided limits).

On a grid of cells of width 2^-6 the table holds the Taylor coefficients of each derivative at the cells' centres, from
outward-rounded float64 arithmetic. Between critical points a derivative is monotone, so its range over ``[a, b]`` is
the hull of the values at the ends and of the extrema inside. The error, one number for each order, collects the Taylor
remainder, the enclosures of the coefficients, and the rounding of Horner's scheme: about 1e-10. Activations that are
polynomials of degree at most 3 on both half lines need one cell each and have no remainder.

Proof: proofs/tabulated-activation.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import sympy as sp

from lipsym.domains.compile import Program
from lipsym.domains.float64 import IntervalArray, float64_domain
from lipsym.domains.float64_rounding import Floats
from lipsym.enclose.batch import SLACK, UNIT, Batch
from lipsym.errors import InputError

WIDTH = 2.0**-6
"""The width of a cell."""

LONGEST = 64.0
"""The farthest argument for which there are cells; beyond it one interval bounds all values."""

ORDERS = 4
"""``σ`` and three derivatives."""

_LAST = 6  # the highest derivative that is formed: remainders of order 3 in σ''', of order 4 in the others
_FLAT = 2.0**-46
_ROUNDS = 12
_PARTS = 16


class Extremum(NamedTuple):
    """An interval outside of which the derivative is monotone, and its values there; an infinite end never matters."""

    left: float
    right: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """The table of one activation.

    Args:
        reach: arguments lie within ``±reach``.
        cells: the number of cells on each half line; 0 for piecewise polynomials, which have one each.
        coefficients: for each order an array of shape (4, number of cells).
        errors, sizes: for each order a bound on the error and on the absolute values.
        extrema: for each order.
        tails: for each order the values between the last cell and ``reach``, on the left and on the right.
    """

    reach: float
    cells: int
    coefficients: tuple[Floats, ...]
    errors: tuple[float, ...]
    sizes: tuple[float, ...]
    extrema: tuple[tuple[Extremum, ...], ...]
    tails: tuple[tuple[float, float, float, float], ...] | None

    def ranges(self, z: Batch, orders: range) -> list[Batch]:
        """The derivatives of the given orders over ``z``."""
        pad = (z.error + UNIT * z.size) * SLACK
        if not z.size + pad <= self.reach:
            nothing = np.broadcast_to([[-math.inf], [math.inf]], (2, z.ends.shape[1]))
            return [Batch(nothing, size, error) for size, error in zip(self.sizes, self.errors, strict=True)][
                orders.start : orders.stop
            ]
        thin = len(z.ends) == 1 and pad == 0.0
        ends = z.ends if thin else np.stack([z.ends[0] - pad, z.ends[-1] + pad])
        if self.cells:
            edge = self.cells * WIDTH
            near = ends if self.tails is None else np.clip(ends, -edge, edge)
            index = np.floor(near * (1.0 / WIDTH))
            np.clip(index, -self.cells, self.cells - 1, out=index)
            offset = near - (index + 0.5) * WIDTH
            place = index.astype(np.int64) + self.cells
        else:
            offset, place = ends, (ends >= 0).astype(np.int64)
        return [self._range(order, ends, offset, place) for order in orders]

    def _range(self, order: int, ends: Floats, offset: Floats, place: np.ndarray) -> Batch:
        table = self.coefficients[order]
        values = table[3].take(place, mode="clip")
        for row in table[2::-1]:
            values *= offset
            values += row.take(place, mode="clip")
        lo, hi = (values[0], values[0]) if len(values) == 1 else (np.minimum(*values), np.maximum(*values))
        extrema = self.extrema[order]
        if self.tails is not None:
            edge, tail = self.cells * WIDTH, self.tails[order]
            beyond = Extremum(-math.inf, -edge, *tail[:2]), Extremum(edge, math.inf, *tail[2:])
            extrema = (*extrema, *beyond)
        for left, right, low, high in extrema:
            inside = (ends[0] <= right) & (ends[-1] >= left)
            if low != math.inf:
                lo = np.where(inside, np.minimum(lo, low), lo)
            if high != -math.inf:
                hi = np.where(inside, np.maximum(hi, high), hi)
        return Batch(np.stack([lo, hi]), self.sizes[order], self.errors[order])


class _Piece(NamedTuple):
    """An expression of one variable that gives the activation on a part of the line, and its derivatives there."""

    variable: sp.Symbol
    derivatives: tuple[sp.Expr, ...]
    mirrored: bool

    def enclose(self, order: int, lo: Floats, hi: Floats) -> IntervalArray:
        """The derivative of this order over the intervals ``[lo, hi]`` of the line."""
        ends = (-hi, -lo) if self.mirrored else (lo, hi)
        found = _function(self.derivatives[order], self.variable)(IntervalArray(*ends))
        low, high = np.broadcast_to(found.lo, lo.shape), np.broadcast_to(found.hi, lo.shape)
        return IntervalArray(-high, -low) if self.mirrored and order % 2 else IntervalArray(low, high)

    @property
    def polynomial(self) -> bool:
        """Whether the fourth derivative vanishes."""
        return self.derivatives[ORDERS] == 0


@lru_cache(maxsize=256)
def _function(expression: sp.Expr, variable: sp.Symbol) -> Callable[[IntervalArray], IntervalArray]:
    return Program.compile(expression).bind(float64_domain(), {}, (variable,)).value


@lru_cache(maxsize=64)
def table(value: sp.Expr, variable: sp.Symbol, smoothness: str, reach: float) -> Table:
    """The table of an activation.

    Args:
        value, variable: ``σ(z)``, smooth on each closed half line; ``z``.
        smoothness: ``"C^∞"``, or ``"C^{1,1}"`` or ``"C^{0,1}"`` if ``σ''`` or ``σ'`` jumps at 0.
        reach: a finite bound on the absolute values of the arguments.

    Raises:
        InputError: if the reach is not finite.
    """
    if not math.isfinite(reach):
        raise InputError(
            "arguments of an activation without a finite bound were met",
            "ranges are tabulated on bounded intervals",
            "take a smaller region",
        )
    pieces = _pieces(value, variable, smoothness)
    polynomial = all(piece.polynomial for piece in pieces)
    cells = 0 if polynomial else max(1, math.ceil(min(reach, LONGEST) / WIDTH))
    starts = np.array([-reach, 0.0]) if polynomial else np.arange(-cells, cells) * WIDTH
    stops = np.array([0.0, reach]) if polynomial else starts + WIDTH
    centres = np.zeros(2) if polynomial else starts + WIDTH / 2
    halves = (slice(0, len(starts) // 2), slice(len(starts) // 2, None))
    coefficients, errors, sizes, extrema, tails = [], [], [], [], []
    for order in range(ORDERS):
        rows, error, size = np.zeros((4, len(starts))), 0.0, 0.0
        for piece, half in zip(pieces, halves, strict=True):
            part = _coefficients(piece, order, centres[half], starts[half], stops[half], polynomial)
            rows[:, half], error, size = part[0], max(error, part[1]), max(size, part[2])
        edge = cells * WIDTH
        if not polynomial and reach > edge:
            far = [
                piece.enclose(order, np.array([a]), np.array([b]))
                for piece, a, b in ((pieces[0], -reach, -edge), (pieces[1], edge, reach))
            ]
            tails.append(tuple(float(end[0]) for side in far for end in (side.lo, side.hi)))
            size = max(size, *map(abs, tails[-1]))
        found, flat = _extrema(pieces, order, starts, stops, halves)
        jumps = {"C^∞": ORDERS, "C^{1,1}": 2, "C^{0,1}": 1}[smoothness]
        if order == jumps:
            sides = [p.enclose(order, np.zeros(1), np.zeros(1)) for p in pieces]
            found.append(Extremum(0.0, 0.0, *(float(f(v)) for f, v in (
                (min, [s.lo[0] for s in sides]), (max, [s.hi[0] for s in sides])))))  # fmt: skip
        elif order > jumps:
            found.append(Extremum(0.0, 0.0, -math.inf, math.inf))  # no function any more: nothing is known
        coefficients.append(rows)
        errors.append((error + flat) * SLACK)
        ends = [abs(end) for extremum in found for end in (extremum.low, extremum.high) if math.isfinite(end)]
        sizes.append((max([size, *ends]) + error) * SLACK)
        extrema.append(tuple(found))
    kept = tuple(tails) if tails else None
    return Table(reach, cells, tuple(coefficients), tuple(errors), tuple(sizes), tuple(extrema), kept)  # type: ignore[arg-type]


def _pieces(value: sp.Expr, variable: sp.Symbol, smoothness: str) -> tuple[_Piece, _Piece]:
    """The activation on the left and on the right half line."""
    positive = sp.Symbol("p", positive=True)
    smooth = smoothness == "C^∞"
    sides = ((value, variable), (value, variable)) if smooth else (
        (value.subs(variable, -positive), positive), (value.subs(variable, positive), positive))  # fmt: skip
    result = []
    for (expression, z), mirrored in zip(sides, (not smooth, False), strict=True):
        derivatives = [sp.sympify(expression)]
        for _ in range(_LAST):
            derivatives.append(sp.diff(derivatives[-1], z))
        result.append(_Piece(z, tuple(derivatives), mirrored))
    return result[0], result[1]


def _coefficients(
    piece: _Piece, order: int, centres: Floats, starts: Floats, stops: Floats, polynomial: bool
) -> tuple[Floats, float, float]:
    """Taylor coefficients at the centres, the error of evaluating them, and a bound on the absolute values."""
    degree = 3 if polynomial else min(3, _LAST - order - 1)
    reach = np.maximum(stops - centres, centres - starts)
    rows, error, size, power = np.zeros((4, len(centres))), np.zeros(len(centres)), np.zeros(len(centres)), 1.0
    for k in range(degree + 1):
        if order + k > _LAST:
            break
        c = piece.enclose(order + k, centres, centres)
        rows[k] = (0.5 * (c.lo + c.hi)) / math.factorial(k)
        error = error + (c.hi - c.lo + UNIT * np.abs(rows[k])) * power
        size = size + np.abs(rows[k]) * power
        power = power * reach
    if not polynomial:
        rest = piece.enclose(order + degree + 1, starts, stops)
        error = error + np.maximum(np.abs(rest.lo), np.abs(rest.hi)) * power / math.factorial(degree + 1)
    error = error + 8 * UNIT * size
    return rows, float(error.max()) * SLACK, float((size + error).max()) * SLACK


def _extrema(
    pieces: tuple[_Piece, _Piece], order: int, starts: Floats, stops: Floats, halves: tuple[slice, slice]
) -> tuple[list[Extremum], float]:
    """The extrema of a derivative, and how far it may rise against its direction between them.

    Every part of the line is divided until the next derivative has a sign there, or is so small (``_FLAT``) that the
    function is as good as constant. A run of flat parts between two that rise, or two that fall, is no extremum.
    """
    parts: list[tuple[float, float, int]] = []
    for piece, half in zip(pieces, halves, strict=True):
        lo, hi = starts[half], stops[half]
        for _ in range(_ROUNDS):
            slope = piece.enclose(order + 1, lo, hi)
            sign = np.where(slope.lo > 0, 1, np.where(slope.hi < 0, -1, 0))
            open_ = (sign == 0) & ~((slope.lo >= -_FLAT) & (slope.hi <= _FLAT))
            parts += zip(lo[~open_].tolist(), hi[~open_].tolist(), sign[~open_].tolist(), strict=True)
            lo, hi = lo[open_], hi[open_]
            if not lo.size:
                break
            grid = lo + (hi - lo) * np.linspace(0.0, 1.0, _PARTS + 1)[:, None]
            grid[-1] = hi
            lo, hi = grid[:-1].ravel(), grid[1:].ravel()
        parts += [(a, b, 2) for a, b in zip(lo.tolist(), hi.tolist(), strict=True)]  # undecided: an extremum anyway
    parts.sort()
    found: list[Extremum] = []
    position, last = 0, 0
    while position < len(parts):
        stop = position
        while stop < len(parts) and parts[stop][2] in (0, 2):
            stop += 1
        following = parts[stop][2] if stop < len(parts) else 0
        run = parts[position:stop]
        certain = all(sign == 0 for *_, sign in run)
        turning = last * following < 0 or not certain
        if turning:
            left, right = (run[0][0], run[-1][1]) if run else (parts[stop][0], parts[stop][0])
            low, high = _hull(pieces, order, left, right)
            if certain:
                low, high = (math.inf, high) if last > 0 else (low, -math.inf)
            found.append(Extremum(left, right, low, high))
        if stop == len(parts):
            break
        last = following
        position = stop + 1
        while position < len(parts) and parts[position][2] == last:
            position += 1
    return found, _FLAT * 2.0 * float(stops[-1] - starts[0])


def _hull(pieces: tuple[_Piece, _Piece], order: int, left: float, right: float) -> tuple[float, float]:
    sides = []
    if left <= 0:
        sides.append(pieces[0].enclose(order, np.array([left]), np.array([min(right, 0.0)])))
    if right >= 0:
        sides.append(pieces[1].enclose(order, np.array([max(left, 0.0)]), np.array([right])))
    return float(min(s.lo[0] for s in sides)), float(max(s.hi[0] for s in sides))
