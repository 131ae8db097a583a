"""Validated solutions of controlled ODEs at numbers.

Invariant: the pieces handed to the integrator are the equation's own, with every duration an exact rational and every
amount in a ball; an equation that does not say how its control moves is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import sympy as sp

from lipsym.bounds.result import Unknown
from lipsym.domains import evaluate
from lipsym.domains.balls import ball, working_precision
from lipsym.enclose.flow.field import Term
from lipsym.enclose.flow.integrate import Piece, Stopped
from lipsym.enclose.flow.trajectory import ORDER, PRECISION, Trajectory, Variables, subdivided, trajectory
from lipsym.errors import InputError
from lipsym.nets.controls import Jump, Variation
from lipsym.nets.fields import LayerField
from lipsym.nets.odes import ControlledODE
from lipsym.nets.quantities import at_values

Pairs = Sequence[tuple[Any, Any]]


def solution(
    ode: ControlledODE,
    params: Pairs,
    x: Sequence[Any],
    degree: int = 0,
    values: Mapping[Any, Any] | None = None,
    variables: Variables | Pairs = "parameters",
    order: int = ORDER,
    step: Fraction | str | None = None,
    precision: int = PRECISION,
    parts: int = 1,
) -> Trajectory | Unknown:
    """Enclose ``X_T``, ``D_θX_T`` and ``D²_θX_T`` at given parameters and initial state, or for boxes of them.

    Args:
        ode: the equation.
        params: one pair ``(A, b)`` for each of its blocks; entries are exact numbers, or ``Enclosure`` for intervals.
        x: the initial state, likewise.
        degree: how many derivatives are wanted, 0, 1 or 2.
        values: numbers for the symbols of the equation.
        variables: by what derivatives are taken: ``"parameters"``, ``"all"`` (the initial state first), or one
            direction in the form of ``params``; ``"none"`` for the state alone, where it is fastest.
        order: of the Taylor polynomials in time.
        step: the longest step in time; left out: chosen by the coefficients.
        precision: working precision in bits.
        parts: into so many boxes (a power of 2) the set is subdivided, along the variables that matter most.

    Returns:
        A ``Trajectory``, or ``Unknown`` with the time up to which the solution was validated.

    Raises:
        InputError: for an equation that cannot be integrated: a control of which only the variation is known, a field
            given by formulas, an activation with a kink; and for parameters of another shape.

    Example:
        >>> from lipsym.nets.odes import neural_ode
        >>> end = solution(neural_ode(1, "identity", 1), [([[1]], [0])], [1])
        >>> end.state[0].lo < Fraction("2.718281828459045235360287") < end.state[0].hi
        True
    """
    blocks = keyed(ode, params)
    direction = variables if isinstance(variables, str) else keyed(ode, variables)
    if len(x) != int(ode.width):  # type: ignore[arg-type]
        raise InputError(
            f"an initial state of length {len(x)} was given",
            f"the state of {ode.spec} has {ode.width} coordinates",
            "give one number for each",
        )
    longest = None if step is None else Fraction(step)
    pieces = pieces_at(ode, values, precision)
    if parts > 1 and isinstance(direction, str):
        end = subdivided(pieces, blocks, x, parts, degree, direction, order, longest, precision)
    else:
        end = trajectory(pieces, blocks, x, degree, direction, order, longest, precision)
    if isinstance(end, Stopped):
        return Unknown(
            "state",
            f"the solution was validated up to the time {end.time} and not further: {end.reason}; "
            "subdivide the set, or shorten the step",
        )
    return end


def pieces_at(ode: ControlledODE, values: Mapping[Any, Any] | None = None, precision: int = PRECISION) -> list[Piece]:
    """The equation's pieces at numbers.

    Raises:
        InputError: if the course of the control is not known, a field has no layers, or a duration is irrational.
    """
    found: list[Piece] = []
    now = Fraction(0)
    for piece in ode.pieces:
        if isinstance(piece, Variation) and piece.amounts:
            raise InputError(
                f"an equation driven by {ode.control.spec} was given",
                "only the variation of the control is known there, not its course",
                "give a control that says how it moves, such as DataPath or Time",
            )
        duration = Fraction(0) if isinstance(piece, Jump) else _rational(piece.duration, values)
        amounts = [(ode.fields[channel], at_values(amount, values, "an amount")) for channel, amount in piece.amounts]
        per = 1 if isinstance(piece, Jump) else duration
        if amounts and per:
            with working_precision(precision):
                rates = [
                    (field, ball(evaluate(amount, {}, precision=precision)) / ball(per)) for field, amount in amounts
                ]
                found.append(Piece(now, duration, tuple(t for field, rate in rates for t in _terms(field, rate))))
        elif amounts:
            raise InputError(
                "a control that moves during a piece of duration 0 was given",
                "a continuous control moves in time",
                "give the piece a duration, or make it a jump",
            )
        now += duration
    return found


def keyed(ode: ControlledODE, params: Pairs) -> dict[int, tuple[Any, Any]]:
    """One pair per block, by block, their shapes checked."""
    if len(params) != len(ode.blocks):
        raise InputError(
            f"{len(params)} pairs (A, b) were given for {ode.spec}",
            f"the equation has {len(ode.blocks)} parameter blocks",
            "give one pair (A, b) per block, in the order of ode.blocks",
        )
    for block, (a, b) in zip(ode.blocks, params, strict=True):
        layer = ode.affine(block)
        rows, columns = {len(a)}, {len(row) for row in a}
        length = None if b is None else len(b)
        if rows != {layer.outputs} or columns != {layer.inputs} or length != (layer.outputs if layer.bias else None):
            raise InputError(
                f"block {block} was given as A with {len(a)} rows and b of length {length}",
                f"the equation expects A of shape ({layer.outputs}, {layer.inputs}) and "
                + ("a bias" if layer.bias else "no bias (None)"),
                "give arrays of these shapes",
            )
    return dict(zip(ode.blocks, params, strict=True))


def _terms(field: Any, rate: Any) -> list[Term]:
    if not isinstance(field, LayerField):
        raise InputError(
            f"the vector field {field.spec} was given",
            "a field given by formulas is bounded by its local jet, and not integrated",
            "write it as a Network to have it integrated",
        )
    term = Term(rate, field.network.layers, field.timed)
    return [term, Term(-rate, ())] if field.minus_identity else [term]


def _rational(duration: sp.Expr, values: Mapping[Any, Any] | None) -> Fraction:
    value = at_values(duration, values, "a duration")
    if not isinstance(value, sp.Rational):
        raise InputError(
            f"a piece of duration {value} was given",
            "steps in time are rational, so that their sum is exactly the horizon",
            "give a rational horizon and rational times, or scale the field instead",
        )
    return Fraction(int(value.p), int(value.q))
