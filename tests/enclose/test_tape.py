"""Sweeps against ball arithmetic: gradients, Hessians, and third derivatives along a direction."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from flint import arb

from lipsym.enclose.batch import Batch, intervals, points
from lipsym.enclose.derivatives import hessian, jacobian
from lipsym.enclose.forward import directional_taylor
from lipsym.enclose.reduction import Question, reduce
from lipsym.enclose.tape import ONE, Sweep
from lipsym.nets.inputs import Dataset
from lipsym.nets.layers.affine import Affine
from lipsym.nets.layers.elementwise import Elementwise
from lipsym.nets.network import Network, mlp
from lipsym.nets.regions import Box

X = [0.5, -1.25]
NETWORKS = {
    "tanh 2-2-1": mlp([2, 2, 1], "tanh"),
    "three layers": mlp([2, 2, 2, 1], ["tanh", "sin"], "sigmoid"),
    "no bias": mlp([2, 2, 1], "softplus", bias=False),
    "shared": Network(
        [Affine(2, 2, 1), Elementwise("tanh", 2), Affine(2, 2, 1), Elementwise("sigmoid", 2), Affine(2, 1, 2)]
    ),
}
COUNT = 6


def setting(name: str, width: float) -> tuple[Any, np.ndarray, np.ndarray, list[np.ndarray], list[Any]]:
    """A tape over all parameters, boxes, points in the boxes, and the same points as parameters."""
    network = NETWORKS[name]
    problem, layout = reduce(Question(network, Box(-2, 2), Dataset([X]), 1, None, {}))
    rng = np.random.default_rng(0)
    lo = rng.uniform(-1.5, 1.5 - width, (len(problem.names), COUNT))
    hi = lo + width * rng.random(lo.shape)
    at = lo + (hi - lo) * rng.random(lo.shape)
    x = np.array(X)
    return problem, lo, hi, at, [layout.parameters(at[:, i], x, centred=True) for i in range(COUNT)]


def batches(lo: np.ndarray, hi: np.ndarray) -> list[Batch]:
    return [intervals(a, b) for a, b in zip(lo, hi, strict=True)]


def holds(batch: Batch | None, i: int, value: arb) -> bool:
    if batch is None:
        return bool(value.contains(0))
    lower, upper = (np.broadcast_to(end, COUNT)[i] for end in (batch.lower, batch.upper))
    return not (value < arb(float(lower)) or value > arb(float(upper)))


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("width", [0.0, 0.3])
def test_sweeps_contain_the_derivatives(name: str, width: float) -> None:
    problem, lo, hi, _, params = setting(name, width)
    sweep = Sweep(problem.tape, problem.tape.leaves(batches(lo, hi), np.zeros(COUNT, dtype=int)), 1)
    n = problem.trainable
    columns = [sweep.along([ONE if i == k else None for i in range(n)])[0] for k in range(n)]
    for i, theta in enumerate(params):
        gradient = jacobian(NETWORKS[name], theta, X)
        exact = hessian(NETWORKS[name], theta, X)[0]
        assert holds(sweep.value, i, directional_taylor(NETWORKS[name], theta, theta, X, 0)[0][0, 0])
        for j in range(n):
            assert holds(sweep.gradient[j], i, gradient[0, j])
            for k in range(n):
                assert holds(columns[k][j], i, exact[j, k])


@pytest.mark.parametrize("name", NETWORKS)
def test_the_second_coefficient_is_half_the_third_derivative(name: str) -> None:
    problem, lo, _, _, _ = setting(name, 0.0)
    u = np.random.default_rng(1).standard_normal(lo.shape)
    sweep = Sweep(problem.tape, problem.tape.leaves(batches(lo, lo), np.zeros(COUNT, dtype=int)), 2)
    third = sweep.along([points(row) for row in u], 2)[1]
    # D³f[u, u, u] is the third Taylor coefficient along u, times 3!.
    layout = reduce(Question(NETWORKS[name], Box(-2, 2), Dataset([X]), 1, None, {}))[1]
    for i in range(COUNT):
        theta, v = (layout.parameters(w[:, i], np.array(X), centred=True) for w in (lo, u))
        exact = directional_taylor(NETWORKS[name], theta, v, X, 3)[3][0, 0] * 6
        found = sum(u[j, i] * 2 * t.middle[i if len(t.middle) > 1 else 0] for j, t in enumerate(third) if t is not None)
        assert abs(exact - arb(float(found))) < 1e-3 * (1 + abs(exact)), (exact, found)


def test_narrow_boxes_have_narrow_derivatives() -> None:
    widths = []
    for width in (0.1, 0.01):
        problem, lo, hi, _, _ = setting("tanh 2-2-1", width)
        sweep = Sweep(problem.tape, problem.tape.leaves(batches(lo, hi), np.zeros(COUNT, dtype=int)))
        widths.append(np.mean([np.mean(g.upper - g.lower) for g in sweep.gradient if g is not None]))
    assert 5 < widths[0] / widths[1] < 20, "the enclosures shrink with the box"
