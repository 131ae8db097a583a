"""From a point of the reduced problem to exact parameters and a proved lower bound.

Invariant: the parameters are rationals inside the region, the input is one of those asked about, and the value is a
lower bound of the derivative's norm exactly there, from ball arithmetic.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from lipsym.domains.float64_rounding import Floats
from lipsym.enclose.bounding import top_direction
from lipsym.enclose.derivatives import lipschitz_lower, smoothness_lower
from lipsym.enclose.inside import ExactPairs, inside, inside_ball
from lipsym.enclose.layout import Layout
from lipsym.enclose.losses import loss_lipschitz_lower, loss_smoothness_lower
from lipsym.enclose.problem import Problem
from lipsym.enclose.reduction import Question
from lipsym.nets.arrays import square_sums
from lipsym.nets.inputs import Dataset
from lipsym.nets.quantities import at_values


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """Where a large value was proved.

    Args:
        value: at most the norm of the derivative there, hence at most the supremum.
        params: rationals inside the region, a pair ``(A, b)`` of arrays of ``Fraction`` for each block.
        x: the input; ``None`` for a loss averaged over given data.
        y: the label, where it was free.
    """

    value: Fraction
    params: ExactPairs
    x: tuple[Fraction, ...] | None
    y: tuple[Fraction, ...] | None = None


def certify(question: Question, problem: Problem, layout: Layout, v: Floats, case: int) -> Point:
    """Prove a lower bound near a point ``v`` of the reduced problem."""
    q = question
    x = _input(q, layout, v, case)
    floats = np.array([float(c) for c in x or ()])
    params = inside(q.network, q.region, layout.parameters(v, floats, centred=True), q.values)
    directions = []
    if q.order == 2:
        u = np.zeros(problem.tape.variables)
        u[: problem.trainable] = top_direction(problem, v, case)
        directions = [layout.parameters(u, floats, centred=False)]
    if q.loss is None:
        at = np.array(x, dtype=object)
        lower = lipschitz_lower(q.network, params, at) if q.order == 1 else smoothness_lower(
            q.network, params, at, directions)  # fmt: skip
        return Point(lower, params, x)
    y = None
    data = q.inputs
    if not isinstance(data, Dataset):
        y = _label(q, layout, v)
        classes = q.loss.name in ("cross_entropy", "logistic")
        data = Dataset([floats], [int(y[0])] if classes else [[float(c) for c in y]])
    lower = loss_lipschitz_lower(q.network, params, data, q.loss) if q.order == 1 else loss_smoothness_lower(
        q.network, params, data, q.loss, directions)  # fmt: skip
    return Point(lower, params, x, y)


def _input(q: Question, layout: Layout, v: Floats, case: int) -> tuple[Fraction, ...] | None:
    """The input: a point of the ball, or one of the data; ``None`` for a loss on data."""
    sample = layout.samples[case]
    if sample is not None:
        return tuple(Fraction(c) for c in sample)
    if isinstance(q.inputs, Dataset):
        if q.loss is not None:
            return None
        squares = square_sums(q.inputs.points)
        return tuple(Fraction(c) for c in q.inputs.points[squares.index(max(squares))].tolist())
    radius = at_values(q.inputs.radius, q.values, "the radius of the inputs")
    if layout.x:
        wanted = v[list(layout.x)]
    else:
        wanted = np.zeros(int(q.network.input_width))  # type: ignore[arg-type]
        wanted[0] = q.number(radius, "the radius of the inputs").lower_float()
    # A loss takes data as floats: short ones stay exact.
    return _short(inside_ball(wanted, radius), q.loss is not None)


def _label(q: Question, layout: Layout, v: Floats) -> tuple[Fraction, ...]:
    """A label that the loss admits, near the variables that stand for ``−y``; class 0 for cross-entropy."""
    if not layout.y:
        return (Fraction(0),)
    if q.loss is not None and q.loss.name == "logistic":
        return (Fraction(-1 if v[layout.y[0]] > 0 else 1),)
    radius = at_values(q.inputs.label_radius, q.values, "the radius of the targets")
    return _short(inside_ball(-v[list(layout.y)], radius), True)


def _short(point: tuple[Fraction, ...], wanted: bool) -> tuple[Fraction, ...]:
    """The point, with its entries cut towards 0 to 40 bits if wanted."""
    if not wanted:
        return point
    size = max(abs(c) for c in point)
    unit = Fraction(2) ** (math.frexp(float(size))[1] - 40) if size else Fraction(1)
    return tuple((1 if c > 0 else -1) * (abs(c) // unit) * unit for c in point)
