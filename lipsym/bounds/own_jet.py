"""A user's local jet against the derivatives of the field's own formulas, at numbers.

A jet says for all ``ν`` and ``r``: the derivatives are at most its entries wherever ``‖x‖ ≤ ν`` and ``‖θ‖ ≤ r``. At one
pair of numbers that is decided by enclosures over boxes that cover the two balls; one point above its entry refutes the
whole jet.

Invariant: sizes are compared as exact squares. From above ``‖T‖²`` is at most the sum of squares, and at most the
product of the largest row and column sums of any unfolding to a matrix; from below it is at least the sum of squares
along any fibre.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from heapq import heappop, heappush
from itertools import product

import numpy as np
import sympy as sp

from lipsym.domains import evaluate
from lipsym.domains.compile import Program
from lipsym.domains.evaluate import domain, environment
from lipsym.domains.parse import exact
from lipsym.enclosure import Enclosure, End
from lipsym.errors import DomainError, ExpressionError, InputError
from lipsym.nets.fields import JetField
from lipsym.nets.quantities import Exact
from lipsym.verdict import Verdict

PAIRS = ((1, 1), (8, 8))
"""Where a derivation looks at a jet."""

FEW, BOXES = 32, 2_000
"""Boxes for each entry: at a derivation, and when asked."""

Point = tuple[Fraction, ...]
Box = tuple[tuple[Fraction, Fraction], ...]


@dataclass(frozen=True, slots=True)
class JetCheck:
    """What is known of a jet at one pair ``(ν, r)``.

    Args:
        verdict: PROVED: every entry holds at this pair. REFUTED: one is exceeded at a point.
        entry: the entry that is refuted, or undecided.
        x, theta: the point that refutes it.
        nu, r: the pair; for a refuted entry the norms of the point, rounded up.
    """

    verdict: Verdict
    nu: Fraction
    r: Fraction
    entry: str | None = None
    x: Point | None = None
    theta: Point | None = None


def check_jet(field: JetField, nu: Exact, r: Exact, boxes: int = BOXES) -> JetCheck:
    """Compare the jet with enclosures of the derivatives on ``‖x‖ ≤ ν``, ``‖θ‖ ≤ r``.

    Args:
        field: whose formulas are differentiated.
        nu, r: rational numbers ≥ 0.
        boxes: at most so many for each entry.

    Raises:
        InputError: for other numbers.

    Example:
        >>> wrong = JetField(["a*sin(x)"], ["x"], ["a"], {"value": "r", "u": "r/2", "p": 1})
        >>> found = check_jet(wrong, 1, 1)
        >>> found.verdict.name, found.entry
        ('REFUTED', 'u')
    """
    radii = _radius(nu, "nu"), _radius(r, "r")
    found = [_check_entry(field, name, radii, boxes) for name, _ in field.jet]
    for verdict in (Verdict.REFUTED, Verdict.UNDECIDED):
        for check in found:
            if check.verdict is verdict:
                return check
    return JetCheck(Verdict.PROVED, *radii)


@lru_cache(maxsize=256)
def jet_status(field: JetField) -> str:
    """Whether a derivation found the jet to hold, in words.

    Raises:
        InputError: if it is refuted.
    """
    proved = []
    for pair in PAIRS:
        found = check_jet(field, *pair, boxes=FEW)
        if found.verdict is Verdict.REFUTED:
            point = f"x = ({_shown(found.x)}), θ = ({_shown(found.theta)})"
            raise InputError(
                f"the local jet {describe_jet(field)} was given for V = {field.spec}",
                f"its entry {found.entry} is exceeded at {point}, for nu = {found.nu} and r = {found.r}",
                f"correct {found.entry}: it bounds that derivative wherever ‖x‖ ≤ nu and ‖θ‖ ≤ r",
            )
        if found.verdict is Verdict.PROVED:
            proved.append(f"({pair[0]}, {pair[1]})")
    if not proved:
        return "not checked: the enclosures of the derivatives did not decide it"
    return f"proved from the formulas at (nu, r) = {', '.join(proved)}, not checked elsewhere"


def describe_jet(field: JetField) -> str:
    """The jet as it was given."""
    return ", ".join(f"{name} ≤ {entry}" for name, entry in field.jet)


def _check_entry(field: JetField, name: str, radii: tuple[Fraction, Fraction], boxes: int) -> JetCheck:
    undecided = JetCheck(Verdict.UNDECIDED, *radii, name)
    try:
        tensor = _Tensor(field, name)
        claimed = _claimed(field, name, radii).lo
    except (DomainError, ExpressionError):
        return undecided
    dims = len(field.state)
    spread = [radii[0]] * dims + [radii[1]] * len(field.parameters)
    for point in _points(spread, dims):
        found = _refuted(field, name, tensor, point)
        if found is not None:
            return found
    heap: list[tuple[End, int, Box]] = []
    count = 0
    waiting: list[Box] = [tuple((-radius, radius) for radius in spread)]
    while True:
        for box in waiting:
            if _squared_distance(box[:dims]) <= radii[0] ** 2 and _squared_distance(box[dims:]) <= radii[1] ** 2:
                heappush(heap, (-tensor.above(box), count, box))
                count += 1
        if -heap[0][0] <= max(claimed, Fraction(0)) ** 2:
            return JetCheck(Verdict.PROVED, *radii)
        box = heap[0][2]
        found = _refuted(field, name, tensor, [(a + b) / 2 for a, b in box])
        if found is not None:
            return found
        widths = [(b - a) / radius if radius else Fraction(0) for (a, b), radius in zip(box, spread, strict=True)]
        if count >= boxes or not max(widths):
            return undecided
        heappop(heap)
        waiting = _halves(box, widths.index(max(widths)))


def _refuted(field: JetField, name: str, tensor: _Tensor, point: Sequence[Fraction]) -> JetCheck | None:
    """The check that a point refutes the entry at the norms of the point, if it does."""
    dims = len(field.state)
    x, theta = tuple(point[:dims]), tuple(point[dims:])
    pair = _norm_above(x), _norm_above(theta)
    try:
        claimed = _claimed(field, name, pair).hi
    except DomainError:
        return None
    # The entry must hold at this pair, since the point lies in its two balls.
    if tensor.below(point) > max(claimed, Fraction(0)) ** 2:
        return JetCheck(Verdict.REFUTED, *pair, name, x, theta)
    return None


class _Tensor:
    """The value or a derivative of the formulas, as programs for its entries."""

    def __init__(self, field: JetField, name: str) -> None:
        axes = [] if name == "value" else [field.state if letter == "u" else field.parameters for letter in name]
        self.shape = (len(field.components), *map(len, axes))
        self.symbols = (*field.state, *field.parameters)
        self.programs = [
            Program.compile(sp.diff(f, *by) if by else f) for f in field.components for by in product(*axes)
        ]

    def ends(self, box: Sequence[Enclosure]) -> list[Enclosure]:
        """Enclosures of the entries on a box; the whole line where there is none."""
        values = dict(zip(self.symbols, box, strict=True))
        found = []
        with domain().session() as inner:
            for program in self.programs:
                try:
                    found.append(inner.ends(program.run(inner, environment(program.symbols, values, inner))))
                except DomainError:
                    found.append(Enclosure(-math.inf, math.inf))
        return found

    def above(self, box: Box) -> End:
        """At least ``‖T‖²`` on a box."""
        sizes = [max(abs(e.lo), abs(e.hi)) for e in self.ends([Enclosure(*side) for side in box])]
        if any(isinstance(size, float) for size in sizes):
            return math.inf
        table = np.array(sizes, dtype=object).reshape(self.shape)
        bounds = [sum(size * size for size in sizes)]
        for axis in range(table.ndim):
            matrix = np.moveaxis(table, axis, 0).reshape(table.shape[axis], -1)
            bounds.append(max(matrix.sum(axis=0)) * max(matrix.sum(axis=1)))
        return min(bounds)

    def below(self, point: Sequence[Fraction]) -> End:
        """At most ``‖T‖²`` at a point."""
        ends = self.ends([Enclosure(value) for value in point])
        least = [max(e.lo, -e.hi, Fraction(0)) for e in ends]
        squares = [Fraction(0) if isinstance(size, float) else size * size for size in least]
        table = np.array(squares, dtype=object).reshape(self.shape)
        return max(max(np.ravel(table.sum(axis=axis))) for axis in range(table.ndim))


def _claimed(field: JetField, name: str, pair: tuple[Fraction, Fraction]) -> Enclosure:
    return evaluate(dict(field.jet)[name], {"nu": pair[0], "r": pair[1]})


def _points(spread: Sequence[Fraction], dims: int) -> Iterator[list[Fraction]]:
    """Along one coordinate of the state and one parameter, on both spheres."""
    for i, j, signs in product(range(dims), range(dims, len(spread)), product((1, -1), repeat=2)):
        point = [Fraction(0)] * len(spread)
        point[i], point[j] = signs[0] * spread[i], signs[1] * spread[j]
        yield point


def _halves(box: Box, axis: int) -> list[Box]:
    a, b = box[axis]
    middle = (a + b) / 2
    return [(*box[:axis], side, *box[axis + 1 :]) for side in ((a, middle), (middle, b))]


def _squared_distance(box: Box) -> Fraction:
    return sum((max(a, -b, Fraction(0)) ** 2 for a, b in box), Fraction(0))


def _norm_above(vector: Point) -> Fraction:
    """A rational at least the norm: its own where it is one."""
    square = sum((v * v for v in vector), Fraction(0))
    scaled = square.numerator * square.denominator
    root = math.isqrt(scaled)
    if root * root == scaled:
        return Fraction(root, square.denominator)
    return Fraction(math.isqrt(scaled << 80) + 1, square.denominator << 40)


def _radius(given: Exact, name: str) -> Fraction:
    number = exact(given, name)
    if not isinstance(number, sp.Rational) or number < 0:
        raise InputError(
            f"{name} = {given} was given", "a jet is checked at rational numbers that are not negative", "give one"
        )
    return Fraction(int(number.p), int(number.q))


def _shown(point: Point | None) -> str:
    return ", ".join(map(str, point or ()))
