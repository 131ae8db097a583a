"""Certified suprema of ``‖D_θX_T‖`` and ``‖D²_θX_T‖`` over a region of few parameters: best-first branch and bound.

Invariant: at every moment the supremum is at least ``lo``, proved at a rational point of the region, and every point of
the region and of the inputs lies in an open box, or in one whose bound is below the target that closed it.
"""

from __future__ import annotations

import heapq
import itertools
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from lipsym.bounds.result import Bound, Unknown
from lipsym.derive import derive
from lipsym.domains import evaluate
from lipsym.enclose.flow.boxes import BoxProblem, Constraint, box_bound, contract
from lipsym.enclose.flow.norms import flow_lower
from lipsym.enclose.flow.numbers import equation_at
from lipsym.enclose.flow.proposals import propose
from lipsym.enclose.flow.solution import pieces_at
from lipsym.enclose.inside import inside, inside_ball
from lipsym.enclose.search import model
from lipsym.enclose.witness import Point
from lipsym.enclosure import End
from lipsym.nets.controls import Variation
from lipsym.nets.fields import LayerField
from lipsym.nets.inputs import Dataset, InputBall
from lipsym.nets.odes import ControlledODE
from lipsym.nets.quantities import at_values
from lipsym.nets.regions import Ball, Box, Region

MOST_PARAMETERS = 6
"""Branch and bound bisects every parameter; beyond so many it would not get far."""

MOST_SAMPLES = 16


@dataclass(frozen=True, slots=True)
class FlowSearch:
    """What a search found.

    Args:
        point: where ``lo`` was proved.
        upper: at least the supremum.
        boxes: how many boxes were bounded.
        variables: how many variables a box has.
    """

    point: Point
    upper: End
    boxes: int
    variables: int


def flow_supremum(
    ode: ControlledODE,
    region: Region,
    inputs: InputBall | Dataset,
    quantity: str,
    order: int,
    values: Mapping[Any, Any] | None,
    gap: Fraction,
    budget: float,
) -> FlowSearch | Unknown:
    """Enclose the supremum over region and inputs.

    Args:
        ode, region, inputs, quantity, values: the question; every symbol has a value.
        order: of the quantity.
        gap: stop once ``hi − lo ≤ gap·hi``.
        budget: in seconds.
    """
    stop = time.perf_counter() + budget
    reason = _out_of_reach(ode, inputs, order)
    if reason is not None:
        return Unknown(quantity, reason)
    ode = equation_at(ode, dict(values or {}), lambda network, _: network)
    problems = _problems(ode, region, inputs, order, values)
    best = _prove(ode, region, inputs, order, values)
    known = derive(ode, region, inputs, quantity)  # type: ignore[arg-type]
    cap = evaluate_upper(known, values) if isinstance(known, Bound) else math.inf
    target = best.value / (1 - gap) if gap < 1 else math.inf
    closed: End = best.value
    queue: list[tuple[float, int, BoxProblem, np.ndarray, np.ndarray, int]] = []
    ticket = itertools.count()
    boxes = 0
    for problem, lo, hi in problems:
        heapq.heappush(queue, (-math.inf, next(ticket), problem, lo, hi, int(np.argmax(hi - lo))))
    while queue and -queue[0][0] > target and time.perf_counter() < stop:
        upper, _, problem, lo, hi, axis = heapq.heappop(queue)
        middle = lo[axis] + (hi[axis] - lo[axis]) / 2
        for a, b in ((lo[axis], middle), (middle, hi[axis])):
            low, high = lo.copy(), hi.copy()
            low[axis], high[axis] = a, b
            inner = contract(problem, low, high)
            if inner is None:
                continue
            found = box_bound(problem, *inner)
            boxes += 1
            # A half is no larger than the whole, whatever its own bound says.
            heapq.heappush(queue, (max(upper, -found.upper), next(ticket), problem, *inner, found.axis))
    top: End = max((-queue[0][0] for _ in range(bool(queue))), default=-math.inf)
    reached: End = top if math.isinf(top) else Fraction(top)
    return FlowSearch(best, max(best.value, min(cap, reached if queue else closed)), boxes, len(problems[0][1]))


def evaluate_upper(bound: Bound, values: Mapping[Any, Any] | None) -> End:
    """The derived bound at numbers, from above."""
    return bound.evaluate(dict(values or {})).hi


def _prove(
    ode: ControlledODE, region: Region, inputs: InputBall | Dataset, order: int, values: Mapping[Any, Any] | None
) -> Point:
    """A lower bound at a rational point near what floating point proposes."""
    params, x, direction = propose(ode, region, inputs, order, values)
    exact = inside(ode, region, params, values)  # type: ignore[arg-type]
    radius = None if isinstance(inputs, Dataset) else at_values(inputs.radius, values, "the radius of the inputs")
    start = tuple(Fraction(v) for v in x.tolist()) if radius is None else inside_ball(x, radius)
    value = flow_lower(ode, exact, start, order, None if order == 1 else [direction], values)
    return Point(value, exact, start)


def _problems(
    ode: ControlledODE,
    region: Region,
    inputs: InputBall | Dataset,
    order: int,
    values: Mapping[Any, Any] | None,
) -> list[tuple[BoxProblem, np.ndarray, np.ndarray]]:
    """One problem for a ball of inputs, or for each sample, with its root box."""
    pieces = tuple(pieces_at(ode, values))
    width = int(ode.width)  # type: ignore[arg-type]
    shapes, count = [], 0
    for block in ode.blocks:
        layer = ode.affine(block)
        shapes.append((block, (int(layer.outputs), int(layer.inputs)), layer.bias))  # type: ignore[arg-type]
        count += int(layer.parameter_count)  # type: ignore[arg-type]
    if isinstance(inputs, Dataset):
        lead, balls = 0, []
        states = [tuple(Fraction(v) for v in row) for row in inputs.points.tolist()]
    else:
        lead, radius = width, _above(inputs.radius, values)
        balls, states = [Constraint(tuple(range(lead)), (0.0,) * lead, radius)], [None]
    lo, hi, constraints = _region(ode, region, values, lead, count)
    for ball in balls:
        lo, hi = np.append(np.full(lead, -ball.radius), lo), np.append(np.full(lead, ball.radius), hi)
    return [
        (BoxProblem(pieces, tuple(shapes), state, width, order, (*balls, *constraints)), lo, hi) for state in states
    ]


def _region(
    ode: ControlledODE, region: Region, values: Mapping[Any, Any] | None, lead: int, count: int
) -> tuple[np.ndarray, np.ndarray, list[Constraint]]:
    """The root box of the parameters, and the balls they lie in."""
    m = model(ode, 0)
    if isinstance(region, Box):
        if isinstance(region.lo, tuple):
            return m.pack(region.lo), m.pack(region.hi), []  # type: ignore[arg-type]
        low, high = -_above(-region.lo, values), _above(region.hi, values)  # type: ignore[operator]
        return np.full(count, low), np.full(count, high), []
    given = region.center if isinstance(region, Ball) else region.centers
    centre = np.zeros(count) if given is None else m.pack(given)
    if isinstance(region, Ball):
        groups = [(range(count), _above(region.radius, values))]
    else:
        groups, at = [], 0
        for ball, block in zip(region.blocks(ode), ode.blocks, strict=True):  # type: ignore[arg-type]
            size = int(ode.affine(block).parameter_count)  # type: ignore[arg-type]
            groups.append((range(at, at + size), _above(ball.radius, values)))
            at += size
    reach = np.empty(count)
    constraints = []
    for index, radius in groups:
        reach[list(index)] = radius
        constraints.append(Constraint(tuple(lead + i for i in index), tuple(centre[list(index)].tolist()), radius))
    return np.nextafter(centre - reach, -np.inf), np.nextafter(centre + reach, np.inf), constraints


def _above(radius: sp.Expr, values: Mapping[Any, Any] | None) -> float:
    """A float that is at least an exact number."""
    return evaluate(radius, dict(values or {})).upper_float()


def _out_of_reach(ode: ControlledODE, inputs: InputBall | Dataset, order: int) -> str | None:
    """Why there is no search, if there is none."""
    if order > 2:
        return "validated integration has derivatives of the orders 1 and 2: derive bounds order 3 of networks"
    if not all(isinstance(field, LayerField) for field in ode.fields):
        return "a field given by formulas is not integrated: write it as a Network"
    if any(isinstance(piece, Variation) and piece.amounts for piece in ode.pieces):
        return "only the variation of the control is known, and a supremum over all such paths is not searched"
    count = ode.parameter_count
    if not isinstance(count, int):
        return "the width is a symbol, and a search needs numbers: give a state of integer length"
    if count > MOST_PARAMETERS:
        return f"the equation has {count} parameters, and branch and bound is for {MOST_PARAMETERS} at most: use derive"
    if isinstance(inputs, Dataset) and inputs.size > MOST_SAMPLES:
        return f"{inputs.size} samples were given, and each has a tree of its own: give {MOST_SAMPLES} at most"
    return None
