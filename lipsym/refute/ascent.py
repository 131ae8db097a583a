"""Search for parameters of a region at which a derivative is large: projected ascent from many starts.

Invariant: the result is a *candidate*. Its ``value`` is a float without any guarantee; ``confirm`` makes it a proof.

The norm of order ``k`` is the maximum of ``w·D^kN[u, …, u]`` over unit ``u`` and ``w``. One ``gradient_series`` yields
this form, the power-iteration steps in ``u`` and ``w`` and its gradient in the parameters and the input, so all of them
climb together. Starts are thinned out as the search goes on (successive halving).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lipsym.enclose.flow.search import flow_starts
from lipsym.enclose.geometry import Geometry, geometry, number
from lipsym.enclose.loss_search import loss_seed
from lipsym.enclose.search import (
    Model,
    Seed,
    Series,
    climb,
    fixed_output,
    gradient_series,
    model,
    unit,
)
from lipsym.errors import InputError
from lipsym.nets.inputs import Dataset
from lipsym.nets.network import Network
from lipsym.nets.odes import ControlledODE
from lipsym.refute.screen import LARGEST, sifted
from lipsym.refute.starts import FAMILIES, chain, chain_paths, embed, starting_points

ORDERS = {"lipschitz": 1, "smoothness": 2, "hessian_lipschitz": 3}

STAGES = ((96, 0.25), (24, 0.25), (6, 0.5))
"""How many members climb, and their share of the budget: the worse ones are dropped from stage to stage."""

SETTLING = 8
"""Steps of the power iteration before a start begins to move."""

SPROUTS = 512
"""Chains of one neuron per layer that are tried before the search in the wide network."""

LARGEST_BATCH = 200_000
"""At most so many pairs of parameter vector and data point are evaluated at once."""

Pairs = list[tuple[np.ndarray, np.ndarray | None]]


@dataclass(frozen=True, slots=True)
class Candidate:
    """The best point a search found, in floating point.

    Args:
        params: one pair ``(A, b)`` per block.
        x: the input, or ``None`` for a loss (which is averaged over the data).
        direction: the unit ``u`` that goes with it, in the form of ``params``.
        value: what floating point makes of ``‖D^k‖`` there.
        evaluations: how many derivatives were evaluated.
    """

    params: Pairs
    x: np.ndarray | None
    direction: Pairs
    value: float
    evaluations: int


def maximise(
    network: Network,
    region: Any,
    inputs: Any,
    quantity: str = "lipschitz",
    values: Mapping[Any, Any] | None = None,
    seed: int | Sequence[int] = 0,
    evaluations: int = 40_000,
    loss: Any = None,
) -> Candidate:
    """Search ``region`` (and the inputs) for a large ``‖D_θN‖``, ``‖D²_θN‖`` or ``‖D³_θN‖``, or the same of a loss.

    Args:
        network: affine and elementwise layers of integer widths.
        region, inputs: where parameters and inputs lie; a loss needs a ``Dataset`` with targets.
        quantity: ``"lipschitz"``, ``"smoothness"`` or ``"hessian_lipschitz"``.
        values: numbers for the symbols of region and inputs.
        seed: the search is reproducible from it.
        evaluations: budget, in evaluations of one parameter vector's derivatives.
        loss: a ``Loss``; then the quantity is that of the loss averaged over the data.

    Raises:
        InputError: for an unknown quantity or a loss without targets.
    """
    if quantity not in ORDERS:
        raise InputError(
            f"the quantity {quantity!r} was given",
            "it is not one that is searched for",
            f"choose from {', '.join(ORDERS)}",
        )
    order = ORDERS[quantity]
    m = model(network, order)
    g = geometry(m, region, values)
    rng = np.random.default_rng(seed)
    radius = number(inputs.radius, values)
    width = int(network.input_width)  # type: ignore[arg-type]
    points = np.asarray(inputs.points, dtype=np.float64) if isinstance(inputs, Dataset) else None
    free_input = points is None
    members = max(2, min(STAGES[0][0], LARGEST_BATCH // (1 if loss is None or points is None else len(points))))
    flow = isinstance(network, ControlledODE)
    theta, x = (flow_starts if flow else starting_points)(m, g, radius, members, rng)
    if free_input and not flow and m.count <= LARGEST:
        sifted_rows = np.arange(5, members, FAMILIES)
        theta[sifted_rows], x[sifted_rows] = sifted(m, g, radius, order, len(sifted_rows), 2, rng)
    if free_input and not flow and _around_zero(g):
        _plant(m, theta, x, *_best_paths(network, region, values, order, radius, members // 6, rng), rng)
        theta = g.project(theta)
    if free_input:
        g, theta = g.with_input(width, radius), np.hstack([theta, x])
    elif loss is None:
        x = points[rng.integers(len(points), size=members)]
    data = x[:, None, :] if loss is None or points is None else np.broadcast_to(points, (members, *points.shape))
    w = unit(rng.standard_normal((members, 1, int(network.output_width))))  # type: ignore[arg-type]
    climbers = _Climbers(theta, data, unit(rng.standard_normal((members, m.count))), w, np.full(members, -np.inf))
    scalar = None if loss is None else loss_seed(loss, inputs, network)
    decay = 0.0 if loss is None else number(loss.weight_decay, values)
    climbers.settle(m, order, scalar, decay)
    spent = spent_at_rest = members * SETTLING
    for count, share in STAGES:
        climbers = climbers.best(count)
        members = len(climbers.value)
        steps = max(5, int((evaluations - spent_at_rest) * share) // members)
        climbers.climb(m, g, order, steps, scalar, decay)
        spent += members * steps
    top = int(np.argmax(climbers.value))
    y, u = climbers.y[top], climbers.u[top]
    x_top = y[m.count :] if free_input else climbers.data[top, 0] if loss is None else None
    return Candidate(m.unpack(y[: m.count]), x_top, m.unpack(u), float(climbers.value[top]), spent)


def _around_zero(g: Geometry) -> bool:
    return g.box is None and not g.centre.any()


def _plant(m: Model, theta: np.ndarray, x: np.ndarray, thin: Model, best: np.ndarray, rng: np.random.Generator) -> None:
    """Put the best chains in place of some starts; every other one is disturbed, since a chain is a saddle."""
    rows = np.arange(len(best)) * (len(theta) // max(len(best), 1))
    planted = embed(m, thin, best, x[rows])
    size = np.linalg.norm(planted, axis=1, keepdims=True) * 10.0 ** rng.uniform(-3, -0.5, (len(rows), 1))
    noise = unit(rng.standard_normal(planted.shape)) * size
    noise[::2] = 0.0
    theta[rows] = planted + noise


def _best_paths(
    network: Network,
    region: Any,
    values: Mapping[Any, Any] | None,
    order: int,
    radius: float,
    count: int,
    rng: np.random.Generator,
) -> tuple[Model, np.ndarray]:
    """The best of many chains, one neuron per layer, after a short ascent."""
    thin = model(chain(network), order)
    g = geometry(thin, region, values)
    theta = chain_paths(thin, g, radius, SPROUTS, rng)
    x = np.full((SPROUTS, 1, 1), radius)
    u, w = unit(rng.standard_normal(theta.shape)), np.ones((SPROUTS, 1, 1))
    climbers = _Climbers(theta, x, u, w, np.full(SPROUTS, -np.inf))
    climbers.settle(thin, order, None, 0.0)
    climbers = climbers.best(4 * count)
    climbers.climb(thin, g, order, SETTLING, None, 0.0)
    return thin, climbers.best(count).y


@dataclass(slots=True)
class _Climbers:
    """The members of a search; rows belong together.

    Args:
        y: parameters, followed by the input where it is searched too, of shape (P, q).
        data: the inputs where they are fixed, of shape (P, n, ℓ_0).
        u: unit directions, of shape (P, p).
        w: unit output directions, of shape (P, 1, ℓ_m); unused for a loss.
        value: the largest form seen, of shape (P,).
    """

    y: np.ndarray
    data: np.ndarray
    u: np.ndarray
    w: np.ndarray
    value: np.ndarray

    def best(self, count: int) -> _Climbers:
        """The ``count`` best members."""
        order = np.argsort(-self.value)[:count]
        return _Climbers(self.y[order], self.data[order], self.u[order], self.w[order], self.value[order])

    def settle(self, m: Model, order: int, scalar: Seed | None, decay: float) -> None:
        """A power iteration in ``u`` and ``w`` at the starts themselves.

        The ridges of deep networks are thin: a start on one is lost if it moves before ``u`` points along the ridge.
        """
        for _ in range(SETTLING):
            form, _, output = self._jet(m, self.y, order, scalar, decay)
            value = (form * self.u).sum(1)
            self.value = np.where(np.isfinite(value), np.abs(value), -np.inf)
            self.u = climb(self.u, form, value, order)
            if scalar is None:
                self.w = unit(output[order])

    def climb(self, m: Model, g: Geometry, order: int, steps: int, scalar: Seed | None, decay: float) -> None:
        """Projected conjugate-gradient ascent, each member with a step length of its own, accepted only if better."""
        trial, step = self.y, np.full(len(self.y), 0.05)
        direction, last = np.zeros_like(self.y), np.zeros_like(self.y)
        before = np.full((len(self.y), 1), np.inf)
        # The first step looks at the starts themselves: accepted as they are, or those whose ``u`` has settled
        # would not exceed their own value and never get a direction.
        self.value = np.full(len(self.y), -np.inf)
        for _ in range(steps):
            form, ascent, output = self._jet(m, trial, order, scalar, decay)
            value = (form * self.u).sum(1)
            better = (np.abs(value) > self.value) & np.isfinite(value)
            keep = better[:, None]
            # In coordinates scaled by the region, parameters and inputs of any size move alike.
            ascent = g.tangential(trial, np.where(value < 0, -1.0, 1.0)[:, None] * ascent) * g.scale
            square = (ascent * ascent).sum(1, keepdims=True)
            turn = np.maximum(0.0, square - (ascent * last).sum(1, keepdims=True))
            beta = turn / np.maximum(before, 1e-12 * square + 1e-300)  # a start on a plateau must not overflow
            conjugate = ascent + beta * direction
            conjugate = np.where((conjugate * ascent).sum(1, keepdims=True) > 0, conjugate, ascent)
            # A rejected step returns to the last accepted point and forgets its conjugate direction.
            direction = np.where(keep, conjugate, last)
            last, before = np.where(keep, ascent, last), np.where(keep, square, before)
            step = np.where(better, np.minimum(step * 1.6, 1.0), step * 0.4)
            self.y, self.value = np.where(keep, trial, self.y), np.where(better, np.abs(value), self.value)
            self.u = np.where(keep, climb(self.u, form, value, order), self.u)
            if scalar is None:
                self.w = np.where(keep[:, :, None], unit(output[order]), self.w)
            length = np.sqrt((direction * direction).sum(1, keepdims=True))
            trial = g.project(self.y + step[:, None] * direction / np.maximum(length, 1e-300) * g.scale)

    def _jet(
        self, m: Model, y: np.ndarray, order: int, scalar: Seed | None, decay: float
    ) -> tuple[np.ndarray, np.ndarray, Series]:
        """``D^kφ[u, …, u, ·]`` and the gradient of ``D^kφ[u, …, u]``, both up to the order's factorial."""
        theta = y[:, : m.count]
        x = self.data if y.shape[1] == m.count else y[:, None, m.count :]
        seed = fixed_output(self.w) if scalar is None else scalar
        output, gradient, by_input = gradient_series(m, theta, x, self.u, seed, order)
        if decay and order <= 2:  # λ/2 ‖θ‖² has the gradient λθ, whose series is λθ + tλu
            gradient[0] = gradient[0] + decay * theta
            gradient[1] = gradient[1] + decay * self.u
        ascent = gradient[order]
        if y.shape[1] != m.count:
            ascent = np.hstack([ascent, by_input[order][:, 0]])
        return math.factorial(order - 1) * gradient[order - 1], ascent, output
