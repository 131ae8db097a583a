"""Reductions: the reduced quantity is the norm at the parameters that the layout gives, and nothing is lost."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lipsym.enclose.bounding import point_values
from lipsym.enclose.climb import climb, highest
from lipsym.enclose.reduction import Question, reduce
from lipsym.enclose.witness import certify
from lipsym.nets.activation_record import Activation
from lipsym.nets.inputs import Dataset, InputBall
from lipsym.nets.layers.elementwise import Elementwise
from lipsym.nets.network import mlp
from lipsym.nets.regions import Ball, ProductBall
from lipsym.refute.ascent import maximise

NAMES = {1: "lipschitz", 2: "smoothness"}


def activations(asked: Question) -> list[Activation]:
    return [layer.activation for layer in asked.network.layers if isinstance(layer, Elementwise)]


def test_the_value_is_the_norm_at_exact_parameters(asked: Question) -> None:
    problem, layout = reduce(asked)
    rng = np.random.default_rng(0)
    start = problem.project(((rng.random((2, len(problem.names))) - 0.3) * 2 * problem.hi).T).T
    value, v, case = climb(problem, start, np.arange(2) % problem.cases, 3)
    for i in range(2):
        point = certify(asked, problem, layout, v[i], int(case[i]))
        assert asked.region.contains(point.params, asked.network, asked.values)
        if not all(a.smoothness == "C^∞" for a in activations(asked)):
            continue  # at a kink the value is a one-sided limit, and the norm at the point nothing
        # An eigenvalue may be smaller than one of the other sign, so the norm is at least the value; the tables, and
        # the cut to rationals, cost a little.
        assert point.value >= Fraction(float(value[i])) * Fraction(999, 1000) - Fraction(1, 10**6)
        if asked.order == 1 and "w[1]" not in problem.names:  # else the norm is the largest over all directions
            assert point.value <= Fraction(float(value[i])) * Fraction(1001, 1000) + Fraction(1, 10**6)


def test_nothing_is_lost(asked: Question) -> None:
    if asked.loss is not None and isinstance(asked.inputs, InputBall):
        pytest.skip("the search over all parameters takes data")
    quantity, evaluations = NAMES[asked.order], 800 if asked.loss is None else 200
    found = maximise(asked.network, asked.region, asked.inputs, quantity, asked.values, 0, evaluations, asked.loss)
    best, _, _ = highest(reduce(asked)[0])
    # Two searches are compared, and either may stop a little short of the supremum.
    assert best >= found.value * (1 - 1e-2), "the reduced problem is as large as the original"


def test_reductions_are_named_and_drop_variables() -> None:
    one = Question(mlp([5, 3, 2], "tanh"), ProductBall(2), InputBall(1), 2, None, {})
    problem, _ = reduce(one)
    assert problem.reductions == ("first-column", "linear-output", "unit-symmetry")
    assert problem.names == ("w1[1]", "w1[2]", "w1[3]", "A2[1,1]", "A2[1,2]", "A2[1,3]")
    assert problem.lo.tolist()[:3] == [0, 0, 0]
    assert problem.descending == ((0, 1), (1, 2))
    assert [c.sphere for c in problem.constraints] == [False, True]


def test_where_a_hypothesis_fails_the_reduction_is_not_applied() -> None:
    centre = [(np.ones((2, 1)), np.zeros(2)), (np.zeros((1, 2)), None)]
    network = mlp([1, 2, 1], ["tanh"], bias=True)
    shifted = Question(network, ProductBall(1, [centre[0], (np.ones((1, 2)), np.zeros(1))]), InputBall(1), 1, None, {})
    problem, _ = reduce(shifted)
    assert "first-column" not in problem.reductions, "with a centre the best input is not the longest"
    assert "unit-symmetry" not in problem.reductions
    sigmoid = reduce(Question(mlp([1, 2, 1], "sigmoid"), Ball(1), InputBall(1), 1, None, {}))[0]
    assert sigmoid.lo[0] < 0, "sigmoid is not odd"
    assert sigmoid.descending == ((0, 1),)


def test_a_wrong_reduction_is_noticed() -> None:
    # Part 2 of first-column needs the centre 0: the shortest input is better here, and a search would show it.
    centre = [(np.array([[-3.0]]), np.array([3.0])), (np.array([[1.0]]), np.array([0.0]))]
    question = Question(mlp([1, 1, 1], "tanh"), ProductBall("1/4", centre), InputBall(4), 1, None, {})
    problem, _ = reduce(question)
    best, v, _ = highest(problem)
    x = v[problem.names.index("x[1]")]
    assert abs(x - 1) < 0.5, "the best input cancels the bias and is not the longest"
    longest = reduce(Question(question.network, question.region, Dataset([[4.0], [-4.0]]), 1, None, {}))[0]
    assert highest(longest)[0] < best * 0.9


def test_points_project_into_the_region(asked: Question) -> None:
    problem, _ = reduce(asked)
    v = problem.project(np.random.default_rng(1).standard_normal((len(problem.names), 50)) * 3)
    _, _, inside = problem.contract(v - 1e-9, v + 1e-9)
    ordered = np.all([v[i] >= v[j] for i, j in problem.descending] or [np.full(50, True)], axis=0)
    assert inside[ordered].all()
    assert np.isfinite(point_values(problem, v.T, np.zeros(50, dtype=int))[0]).all()
