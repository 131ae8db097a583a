"""From exact numbers and intervals to a validated trajectory: the entry for pieces of any controlled ODE.

Invariant: the enclosures returned hold for every initial state and parameter in what was given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from flint import arb, arb_mat

from lipsym.domains.balls import ball, ends, total, working_precision
from lipsym.enclose.flow.integrate import Piece, Stopped, Watch, integrate
from lipsym.enclose.flow.seeds import Coordinates, Direction, Seeds
from lipsym.enclose.flow.sets import Offsets, jet_set
from lipsym.enclose.forward import BallParameters
from lipsym.enclosure import Enclosure
from lipsym.errors import InputError

Variables = Literal["none", "parameters", "all"]

ORDER = 15
PRECISION = 128


@dataclass(frozen=True, slots=True)
class Trajectory:
    """What is known of ``X_T`` for all initial states and parameters of a set.

    Args:
        balls: ``X_T``, a column of ``d`` balls.
        first: ``DX_T`` of shape (d, N) by the variables, or ``None``.
        second: ``D²X_T`` of shape (d, N²), its columns the pairs of variables, or ``None``.
    """

    balls: arb_mat
    first: arb_mat | None
    second: arb_mat | None

    @property
    def state(self) -> tuple[Enclosure, ...]:
        """``X_T``, entry by entry, with exact ends."""
        return tuple(ends(x) for x in self.balls.entries())

    def hull(self, other: Trajectory) -> Trajectory:
        """What holds for either set."""
        pairs = ((self.balls, other.balls), (self.first, other.first), (self.second, other.second))
        return Trajectory(*(None if a is None or b is None else _union(a, b) for a, b in pairs))  # type: ignore[arg-type]


def trajectory(
    pieces: Sequence[Piece],
    parameters: Mapping[Any, tuple[Any, Any]],
    x: Sequence[Any] | arb_mat,
    degree: int = 0,
    variables: Variables | Mapping[Any, tuple[Any, Any]] = "parameters",
    order: int = ORDER,
    step: Fraction | None = None,
    precision: int = PRECISION,
    joint: Sequence[tuple[Sequence[Any], Any]] = (),
    watch: Watch | None = None,
) -> Trajectory | Stopped:
    """Enclose ``X_T``, and its derivatives up to ``degree``.

    Args:
        pieces: the ODE, piece by piece.
        parameters: ``(A, b)`` of each block; entries are exact numbers, ``Enclosure`` or balls.
        x: the initial state, likewise.
        degree: 0, 1 or 2.
        variables: what derivatives are taken by and what the dependence is kept on: the ``"parameters"`` in the order
            of their blocks, ``"all"`` (initial state first), ``"none"``, or one direction ``(dA, db)`` in each block.
        order: of the Taylor polynomials in time.
        step: the longest step; ``None``: chosen by the coefficients.
        precision: working precision in bits.
        joint: groups of blocks, each with the radius of the Euclidean ball around their midpoints that its parameters
            are known to lie in.
        watch: see ``integrate``.

    Raises:
        InputError: for a degree other than 0, 1, 2, or an order below 2.
    """
    if degree not in (0, 1, 2) or order < 2:
        raise InputError(
            f"the degree {degree!r} and the order {order!r} were given",
            "states have derivatives of degree 0, 1 or 2 here, and Taylor polynomials have order 2 at least",
            "ask for degree=1, order=15",
        )
    with working_precision(precision):
        theta = {
            block: (_matrix(a), None if b is None else _matrix(b, column=True)) for block, (a, b) in parameters.items()
        }
        states = x if isinstance(x, arb_mat) else arb_mat(len(x), 1, [ball(v) for v in x])
        seeds, slope, offsets = _variables(theta, states, variables, joint)
        start = jet_set(states, slope, offsets, degree)
        end = integrate(pieces, theta, seeds, start, degree, order, step, precision, watch)
        if isinstance(end, Stopped):
            return end
        return Trajectory(end.states, end.first if degree else None, end.second)


def subdivided(
    pieces: Sequence[Piece],
    parameters: Mapping[Any, tuple[Any, Any]],
    x: Sequence[Any],
    parts: int,
    degree: int = 0,
    variables: Variables = "parameters",
    order: int = ORDER,
    step: Fraction | None = None,
    precision: int = PRECISION,
) -> Trajectory | Stopped:
    """``trajectory`` over ``parts`` boxes that cover the set, and the hull of what they give.

    The set is bisected, again and again, along the variable that moves the end most (found at the centre).
    """
    with working_precision(precision):
        theta = {b: (_matrix(a), None if c is None else _matrix(c, column=True)) for b, (a, c) in parameters.items()}
        flat = [ball(v) for v in x] + [
            v for pair in theta.values() for part in pair if part is not None for v in part.entries()
        ]
        middle = [v.mid() for v in flat]
        slopes = trajectory(pieces, *_unflattened(theta, middle, len(x)), 1, "all", min(order, 8), step, precision)
        if isinstance(slopes, Stopped) or slopes.first is None:
            return trajectory(pieces, theta, x, degree, variables, order, step, precision)
        influence = [total(abs(row[k]) for row in slopes.first.tolist()).mid() for k in range(len(flat))]
        boxes = [flat]
        while 2 * len(boxes) <= parts:
            axis = max(range(len(flat)), key=lambda k: float(influence[k] * boxes[0][k].rad()))
            boxes = [[*box[:axis], half, *box[axis + 1 :]] for box in boxes for half in _halves(box[axis])]
        result: Trajectory | None = None
        for box in boxes:
            blocks, start = _unflattened(theta, box, len(x))
            end = trajectory(pieces, blocks, start, degree, variables, order, step, precision)
            if isinstance(end, Stopped):
                return end
            result = end if result is None else result.hull(end)
    return result  # type: ignore[return-value]


def _halves(x: arb) -> tuple[arb, arb]:
    middle = x.mid()
    return x.lower().union(middle), middle.union(x.upper())


def _unflattened(
    like: BallParameters, flat: Sequence[arb], lead: int
) -> tuple[dict[Any, tuple[arb_mat, arb_mat | None]], arb_mat]:
    """Balls in one list, the initial state first, as parameters by block and a column."""
    at, blocks = lead, {}
    for block, (a, b) in like.items():
        size, rows = a.nrows() * a.ncols(), a.nrows()
        matrix = arb_mat(rows, a.ncols(), list(flat[at : at + size]))
        at += size
        blocks[block] = (matrix, None if b is None else arb_mat(rows, 1, list(flat[at : at + rows])))
        at += 0 if b is None else rows
    return blocks, arb_mat(lead, 1, list(flat[:lead]))


def _variables(
    theta: BallParameters,
    states: arb_mat,
    variables: Variables | Mapping[Any, tuple[Any, Any]],
    joint: Sequence[tuple[Sequence[Any], Any]],
) -> tuple[Seeds, arb_mat, Offsets]:
    """The seeds of a step, the derivative of the initial state, and the set of offsets."""
    rows = states.nrows()
    if not isinstance(variables, str):
        direction = {
            block: (_matrix(a), None if b is None else _matrix(b, column=True)) for block, (a, b) in variables.items()
        }
        return Direction(rows + 1, rows, direction), arb_mat(rows, 1), Offsets(arb_mat(1, 1))
    lead = rows if variables == "all" else 0
    entries = [x - x.mid() for x in states.entries()] if lead else []
    start, shapes, places = {}, {}, {}
    if variables != "none":
        for block, (a, b) in theta.items():
            begin = len(entries)
            start[block], shapes[block] = rows + begin - lead, (a.nrows(), b is not None)
            entries += [v - v.mid() for part in (a, b) if part is not None for v in part.entries()]
            places[block] = range(begin, len(entries))
    count = len(entries)
    slope = arb_mat(rows, count)
    for i in range(lead):
        slope[i, i] = 1
    balls = tuple((tuple(i for block in group for i in places[block]), ball(radius)) for group, radius in joint)
    return (
        Coordinates(rows + count - lead, start, shapes),
        slope,
        Offsets(arb_mat(count, 1, entries), balls if places else ()),
    )


def _union(a: arb_mat, b: arb_mat) -> arb_mat:
    pairs = zip(a.entries(), b.entries(), strict=True)
    return arb_mat(a.nrows(), a.ncols(), [x.union(y) for x, y in pairs])


def _matrix(given: Any, column: bool = False) -> arb_mat:
    if isinstance(given, arb_mat):
        return given
    rows = [[v] for v in given] if column else [list(row) for row in given]
    return arb_mat([[ball(v) for v in row] for row in rows])
