"""Validated integration of a controlled ODE over its pieces: flows, and jumps applied exactly.

Invariant: the set handed on from piece to piece contains the solutions and their derivatives for every initial state
and every parameter of the set the integration was started from.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from flint import arb, arb_mat

from lipsym.domains.balls import ball
from lipsym.enclose.flow.embedding import embedded
from lipsym.enclose.flow.field import Field, Jet, Term, jump
from lipsym.enclose.flow.seeds import Seeds
from lipsym.enclose.flow.sets import JetSet, advance
from lipsym.enclose.flow.step import Local, finite, flow_step
from lipsym.enclose.forward import BallParameters

Watch = Callable[[Field, arb_mat, arb, arb], None]

HALVINGS = 20
"""How often a step that cannot be validated is halved, and a step of its own choice grows from the smallest."""

MOST_STEPS = 1000
"""On one piece, where the steps are chosen here: a stiff field would take them without end."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of time on which the control has constant rates, or, of duration 0, a jump.

    Args:
        start: the time at which it begins.
        duration: how long it lasts.
        terms: the right-hand side; for a jump, with the control's increments as rates.
    """

    start: Fraction
    duration: Fraction
    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Stopped:
    """The integration ended early.

    Args:
        time: up to here everything was validated.
        reason: why not further.
    """

    time: Fraction
    reason: str


def integrate(
    pieces: Sequence[Piece],
    parameters: BallParameters,
    seeds: Seeds,
    start: JetSet,
    degree: int,
    order: int,
    step: Fraction | None,
    precision: int,
    watch: Watch | None = None,
) -> JetSet | Stopped:
    """Carry a set through all pieces, at the current precision.

    Args:
        pieces: in order of time.
        parameters: balls that contain every parameter of the set; their midpoints are the centre.
        seeds: how the parameters move with the step's variables (``d`` initial states come first).
        start: the set at the beginning.
        degree: 0, 1 or 2 derivatives.
        order: of the Taylor polynomials.
        step: the length of a step; ``None``: chosen from the coefficients and the precision.
        precision: in bits; a step of its own choice aims at half of them.
        watch: told of every step: the field, what contains the states of the step, its times and its length (0 for a
            jump, whose states are those before it).
    """
    current = start
    centres: BallParameters = {block: (a.mid(), None if b is None else b.mid()) for block, (a, b) in parameters.items()}
    for piece in pieces:
        field = Field(piece.terms, parameters, seeds)
        middle = field.at(centres)
        outcome = (
            _flow(piece, field, middle, current, degree, order, step, precision, watch)
            if piece.duration
            else _jump(piece, field, middle, current, degree, precision, watch)
        )
        if isinstance(outcome, Stopped):
            return outcome
        current = outcome
    return current


def _jump(
    piece: Piece,
    field: Field,
    middle: Field,
    current: JetSet,
    degree: int,
    precision: int,
    watch: Watch | None,
) -> JetSet | Stopped:
    time = ball(piece.start)
    count = field.seeds.count
    centre = jump(middle, Jet(current.centre), time, precision).value
    jet = jump(field, Jet.identity(current.states, count, max(degree, 1)), time, precision)
    if jet.first is None or not all(finite(m) for m in (centre, jet.first, jet.second) if m is not None):
        return Stopped(piece.start, "the image of the set under a jump is not bounded")
    if watch is not None:
        watch(field, current.states, time, arb(0))
    image = advance(current, Local(centre, jet.first, jet.second, current.states))
    return _narrowed(image, jet.value)


def _flow(
    piece: Piece,
    field: Field,
    middle: Field,
    current: JetSet,
    degree: int,
    order: int,
    step: Fraction | None,
    precision: int,
    watch: Watch | None,
) -> JetSet | Stopped:
    done, steps = Fraction(0), 0
    limit = piece.duration if step is None else piece.duration / math.ceil(piece.duration / step)
    smallest = limit / 2**HALVINGS
    while done < piece.duration:
        steps += 1
        if steps > MOST_STEPS and step is None:
            return Stopped(piece.start + done, f"{MOST_STEPS} steps were taken")
        left = piece.duration - done
        time = ball(piece.start + done)
        length = min(left, limit)
        if step is None:
            length = min(length, max(_proposed(middle, current, time, order, precision), smallest))
        local = None
        while local is None and length >= smallest:
            local = flow_step(field, middle, current.states, current.centre, time, ball(length), order, degree)
            if local is None:
                length /= 2
        if local is None:
            return Stopped(piece.start + done, "no step was short enough to be validated")
        if watch is not None:
            watch(field, local.span, time + arb(0).union(ball(length)), ball(length))
        following = advance(current, local)
        if not finite(following.states):
            return Stopped(piece.start + done, "the enclosure is not bounded any more")
        inner = embedded(field, current.states, local.span, time, ball(length), order)
        current = following if inner is None else _narrowed(following, inner)
        done += length
    return current


def _narrowed(current: JetSet, states: arb_mat) -> JetSet:
    """The set with its states known to lie in another box as well."""
    pairs = zip(current.states.entries(), states.entries(), strict=True)
    both = [x.intersection(y) if y.is_finite() else x for x, y in pairs]
    return replace(current, states=arb_mat(len(both), 1, both))


def _proposed(middle: Field, current: JetSet, time: arb, order: int, precision: int) -> Fraction:
    """A step whose last coefficients at the centre are about half the precision below one (not rigorous).

    The variations' coefficients are at most ``m^k/k!``, ``m`` the norm of the field's Jacobian: at an equilibrium they
    are all there is.
    """
    aim = -precision / 2 * math.log(2)
    coefficients = middle.taylor(Jet(current.centre), order, time)
    logs = [(aim - _log(coefficients[k].value.entries())) / k for k in (order - 1, order)]
    rows = current.centre.nrows()
    slope = middle.value(Jet.identity(current.centre, middle.seeds.count, 1), time).first
    jacobian = [] if slope is None else [sum((abs(x) for x in row[:rows]), arb(0)) for row in slope.tolist()]
    logs.append((aim + math.lgamma(order + 1)) / order - _log(jacobian))
    proposal = min(logs)
    return Fraction(math.exp(min(proposal, 20.0))) if math.isfinite(proposal) else Fraction(0)


def _log(entries: Sequence[arb]) -> float:
    """The logarithm of the largest entry, as a float."""
    return max(float(x.abs_upper().log().mid()) for x in (*entries, _TINY) if not x.is_zero())


_TINY = arb(2) ** -4000
