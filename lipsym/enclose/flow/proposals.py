"""Where the derivative of a controlled ODE is large: a short projected ascent from many starts.

Invariant: approximate on purpose; a proposal becomes a lower bound only by a validated integration at rational points.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from lipsym.enclose.flow.search import flow_starts
from lipsym.enclose.geometry import geometry, number
from lipsym.enclose.search import climb, fixed_output, gradient_series, model, unit
from lipsym.nets.inputs import Dataset, InputBall
from lipsym.nets.odes import ControlledODE
from lipsym.nets.regions import Region

MEMBERS, STEPS, SETTLING = 48, 60, 6


def propose(
    ode: ControlledODE,
    region: Region,
    inputs: InputBall | Dataset,
    order: int,
    values: Mapping[Any, Any] | None = None,
    seed: int = 0,
) -> tuple[Any, np.ndarray, Any]:
    """Parameters, an initial state and a direction ``u`` with a large ``‖D^kX_T[u, …, u]‖/‖u‖^k``.

    Args:
        ode: at numbers.
        region, inputs: where parameters and initial states lie; data are points that stay as they are.
        order: ``k``.
        values: numbers for the symbols of region and inputs.
        seed: of the starts.
    """
    m = model(ode, order)
    g = geometry(m, region, values)
    rng = np.random.default_rng(seed)
    y, x = flow_starts(m, g, number(inputs.radius, values), MEMBERS, rng)
    fixed = None
    if isinstance(inputs, Dataset):
        fixed = np.asarray(inputs.points, dtype=np.float64)[np.arange(MEMBERS) % inputs.size]
    else:
        g, y = g.with_input(x.shape[1], number(inputs.radius, values)), np.hstack([y, x])
    u, w = unit(rng.standard_normal((MEMBERS, m.count))), unit(rng.standard_normal((MEMBERS, 1, x.shape[1])))
    best, step, trial = np.full(MEMBERS, -np.inf), np.full(MEMBERS, 0.1), y
    direction = np.zeros_like(y)
    with np.errstate(all="ignore"):
        for k in range(SETTLING + STEPS):
            start = trial[:, m.count :] if fixed is None else fixed
            output, gradient, by_input = gradient_series(
                m, trial[:, : m.count], start[:, None, :], u, fixed_output(w), order
            )
            form = math.factorial(order - 1) * gradient[order - 1]
            value = (form * u).sum(1)
            moved = gradient[order] if fixed is not None else np.hstack([gradient[order], by_input[order][:, 0]])
            better = (np.abs(value) > best) & np.isfinite(value)
            keep = better[:, None]
            ascent = g.tangential(trial, np.where(value < 0, -1.0, 1.0)[:, None] * moved) * g.scale
            direction = np.where(keep, unit(np.nan_to_num(ascent)), direction)
            u, w = np.where(keep, climb(u, form, value, order), u), np.where(keep[:, :, None], unit(output[order]), w)
            y, best = np.where(keep, trial, y), np.where(better, np.abs(value), best)
            if k < SETTLING:  # directions first, so that a ridge is not left before they point along it
                continue
            step = np.where(better, np.minimum(step * 1.5, 1.0), step * 0.5)
            trial = g.project(y + step[:, None] * direction * g.scale)
    top = int(np.argmax(best))
    x_top = y[top, m.count :] if fixed is None else fixed[top]
    return m.unpack(y[top, : m.count]), x_top, m.unpack(u[top])
