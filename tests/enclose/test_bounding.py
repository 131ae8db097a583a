"""Upper bounds of boxes: above the value at points of the box, and close to it on small boxes."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from lipsym.enclose import bounding
from lipsym.enclose.bounding import point_values, upper_bounds
from lipsym.enclose.climb import highest
from lipsym.enclose.problem import Constraint, Problem, _contract
from lipsym.enclose.reduction import Question, reduce
from lipsym.nets.inputs import InputBall
from lipsym.nets.network import mlp
from lipsym.nets.regions import ProductBall

COUNT = 150


def boxes(problem: Problem, width: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Points of the region, boxes around them, and cases."""
    rng = np.random.default_rng(seed)
    d = len(problem.names)
    side = problem.hi - problem.lo
    v = problem.project((problem.lo + rng.random((4 * COUNT, d)) * side).T)
    ordered = np.all([v[i] >= v[j] for i, j in problem.descending] or [np.full(v.shape[1], True)], axis=0)
    v = v[:, ordered].T[:COUNT]
    reach = width * side * rng.random(v.shape)
    share = rng.random(v.shape)
    lo, hi = np.maximum(v - share * reach, problem.lo), np.minimum(v + (1 - share) * reach, problem.hi)
    return v, np.minimum(lo, v), np.maximum(hi, v), rng.integers(problem.cases, size=len(v))


def test_bounds_are_above_the_values(asked: Question) -> None:
    problem, _ = reduce(asked)
    for width in (0.6, 0.1, 0.003):
        v, lo, hi, case = boxes(problem, width)
        value, _ = point_values(problem, v, case)
        # Values are rounded, and at a kink one of two.
        assert (upper_bounds(problem, lo, hi, case).upper >= value - 1e-5 * np.abs(value) - 1e-7).all()


def test_bounds_are_tight_on_small_boxes(asked: Question) -> None:
    problem, _ = reduce(asked)
    v, lo, hi, case = boxes(problem, 1e-5)
    value, _ = point_values(problem, v, case)
    excess = np.sort((upper_bounds(problem, lo, hi, case).upper - value) / np.maximum(np.abs(value), 0.05))
    assert excess[int(0.8 * len(excess))] < 0.01


@pytest.mark.parametrize("order", [1, 2])
def test_bounds_improve_quadratically_at_a_maximum(order: int) -> None:
    problem, _ = reduce(Question(mlp([1, 1, 1], "tanh", "tanh"), ProductBall(1), InputBall(1), order, None, {}))
    best, v, case = highest(problem)
    excess = []
    for width in (0.08, 0.02):
        lo, hi = np.maximum(v - width / 2, problem.lo), np.minimum(v + width / 2, problem.hi)
        excess.append(float(upper_bounds(problem, lo[None], hi[None], np.array([case])).upper[0]) - best)
    assert 0 < excess[1] < excess[0] / 8, "a mean value form without multipliers would be linear on the sphere"


def test_boxes_off_the_region_are_recognised() -> None:
    problem, _ = reduce(Question(mlp([1, 2, 1], "tanh"), ProductBall(1), InputBall(1), 1, None, {}))
    lo = np.array([[0.9, 0.0, 0.0, 0.0], [0.8, 0.8, 0.9, 0.0], [0.5, 0.1, 0.1, 0.1], [0.0, 0.1, 0.9, 0.1]])
    hi = np.array([[1.0, 0.1, 0.1, 1.0], [0.9, 0.9, 1.0, 0.2], [0.6, 0.2, 0.2, 0.2], [0.05, 0.2, 1.0, 0.6]])
    upper = upper_bounds(problem, lo, hi, np.zeros(4, dtype=int)).upper
    assert np.isfinite(upper[0]), "it meets the region"
    assert (upper[1:] == -np.inf).all(), "outside of the ball, inside of the sphere, in the wrong order"


@pytest.mark.parametrize("order", [1, 2])
def test_a_smaller_constant_is_caught(order: int) -> None:
    problem, _ = reduce(Question(mlp([1, 2, 1], "tanh"), ProductBall(1), InputBall(1), order, None, {}))
    tape = problem.tape
    smaller = replace(problem, tape=replace(tape, constants=tape.constants * 0.999))
    v, lo, hi, case = boxes(problem, 1e-4)
    value, _ = point_values(problem, v, case)
    assert (upper_bounds(problem, lo, hi, case).upper >= value).all()
    assert (upper_bounds(smaller, lo, hi, case).upper < value).any()


def test_the_second_eigenvalue_is_bounded_with_the_decomposition_s_own_error() -> None:
    rng = np.random.default_rng(0)
    for n in (1, 2, 5):
        m = rng.standard_normal((n, n, 40))
        m = m + m.transpose(1, 0, 2)
        m[:, :, 0] = 0.0
        u, second = bounding._eigenvectors(m)
        for k in range(40):
            y = rng.standard_normal((n, 200))
            y -= np.outer(u[:, k], u[:, k] @ y)
            y /= np.maximum(np.sqrt((y * y).sum(0)), 1e-300)
            if n > 1:
                assert (np.einsum("ik,ij,jk->k", y, m[:, :, k], y) <= second[k] + 1e-9).all()
                assert second[k] <= np.linalg.eigvalsh(m[:, :, k])[-2] + 1e-9, "five sweeps are enough"


def test_a_point_of_a_tiny_ball_is_kept() -> None:
    """Four squares that each round up to the smallest subnormal number add up to more than the ball's."""
    unit = 2.0**-1074
    ball = Constraint(np.arange(4), 3 * unit, 3 * unit, sphere=False)
    v = np.full((4, 1), 2.0**-537 * np.sqrt(0.51))
    assert 4 * Fraction(v[0, 0]) ** 2 < Fraction(3 * unit)
    lo, hi = v.copy(), v.copy()
    _contract(ball, lo, hi)
    assert (lo <= v).all()
    assert (v <= hi).all()
