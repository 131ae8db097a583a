"""Ascent on a reduced problem: where the quantity is large.

Invariant: nothing here enters a bound; points are proposals, reproducible from fixed seeds.
"""

from __future__ import annotations

import math
import time

import numpy as np

from lipsym.domains.float64_rounding import Floats
from lipsym.enclose.bounding import point_values
from lipsym.enclose.problem import Problem

STAGES = ((96, 8), (16, 25), (4, 60))
"""How many points climb, and how many steps: the worse ones are dropped from stage to stage."""


_SMALLEST_STEP = 2.0**-24

_PARAMETERS = 16
"""Up to so many parameters the whole number of steps is made at order 2."""


def highest(problem: Problem, deadline: float = math.inf) -> tuple[float, Floats, int]:
    """A large value, its point of shape (variables,) and its case, by ascent from many starts.

    Args:
        problem: what is maximised.
        deadline: when to stop, on the clock of ``time.perf_counter``.
    """
    rng = np.random.default_rng(0)
    count = STAGES[0][0]
    v = rng.standard_normal((count, problem.tape.variables)) * (problem.hi - problem.lo)
    # Sparse starts, since the best parameters often use few units, and starts of every size.
    v *= rng.random(v.shape) < rng.choice([0.4, 0.7, 1.0], size=(count, 1))
    v *= rng.choice([0.1, 0.3, 1.0], size=(count, 1))
    case = np.arange(count) % problem.cases
    value = np.full(count, -np.inf)
    # A step of order 2 costs as many sweeps as there are parameters.
    share = min(1.0, _PARAMETERS / problem.trainable) if problem.order == 2 else 1.0
    for members, steps in ((m, max(2, int(s * share))) for m, s in STAGES):
        order = np.argsort(-value, kind="stable")[:members]
        value, v, case = climb(problem, v[order], case[order], steps, deadline)
    best = int(np.argmax(value))
    return float(value[best]), v[best], int(case[best])


def climb(
    problem: Problem, v: Floats, case: np.ndarray, steps: int, deadline: float = math.inf
) -> tuple[Floats, Floats, np.ndarray]:
    """Projected gradient ascent, each point with a step length of its own, accepted only if better.

    Args:
        problem: what is maximised.
        v: starts of shape (n, variables).
        case: of shape (n,).
        steps: how many.
        deadline: as for ``highest``.

    Returns:
        Values, points and cases.
    """
    v = problem.project(v.T).T
    value, gradient = point_values(problem, v, case)
    scale = np.maximum(problem.hi - problem.lo, 1e-300)
    step = np.full((len(v), 1), 0.1)
    for _ in range(steps):
        if time.perf_counter() > deadline or step.max() < _SMALLEST_STEP:
            break
        ascent = _tangential(problem, v, gradient) * scale
        length = np.sqrt((ascent * ascent).sum(axis=1, keepdims=True))
        trial = problem.project((v + step * scale * ascent / np.maximum(length, 1e-300)).T).T
        found, slope = point_values(problem, trial, case)
        better = found > value
        keep = better[:, None]
        v, gradient = np.where(keep, trial, v), np.where(keep, slope, gradient)
        value = np.where(better, found, value)
        step = np.where(keep, np.minimum(step * 1.6, 0.5), step * 0.35)
    return value, v, case


def _tangential(problem: Problem, v: Floats, gradient: Floats) -> Floats:
    """The gradient without what points out of the region."""
    gradient = gradient.copy()
    gradient[((v >= problem.hi) & (gradient > 0)) | ((v <= problem.lo) & (gradient < 0))] = 0.0
    for constraint in problem.constraints:
        part = v[:, constraint.variables]
        square = (part * part).sum(axis=1, keepdims=True)
        outward = (gradient[:, constraint.variables] * part).sum(axis=1, keepdims=True)
        active = np.full_like(outward, True, dtype=bool) if constraint.sphere else (
            (square >= constraint.high * (1 - 1e-9)) & (outward > 0))  # fmt: skip
        gradient[:, constraint.variables] -= np.where(active, outward / np.maximum(square, 1e-300), 0.0) * part
    return gradient
