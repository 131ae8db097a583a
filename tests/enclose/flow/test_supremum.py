"""Suprema of controlled ODEs: exact where the answer is known, above every sample elsewhere."""

import math
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st

import lipsym as ls
from lipsym.bounds.result import Unknown
from lipsym.enclose.flow.boxes import BoxProblem, Constraint, box_bound, contract
from lipsym.enclose.flow.norms import flow_lipschitz_at, flow_lower
from lipsym.enclose.flow.solution import pieces_at, solution
from lipsym.enclosure import Enclosure
from lipsym.errors import InputError
from lipsym.nets.controls import BoundedVariation, DataPath
from lipsym.nets.odes import jump_network, neural_cde, neural_ode

F = Fraction


def test_the_linear_field_in_closed_form():
    """``x' = ax``: ``sup |∂_a x_1| = S e^R``, at ``a = R``, ``x = S``."""
    found = ls.enclose(neural_ode(1, "identity", 1, bias=False), ls.Ball(1), ls.InputBall("1/2"), gap="1/50")
    truth = sp.E / 2
    assert found.reached
    assert sp.Rational(found.lo.numerator, found.lo.denominator) <= truth
    assert sp.Rational(found.hi.numerator, found.hi.denominator) >= truth
    assert found.cover is None
    assert found.witness.params[0][0][0, 0] <= 1


def test_what_is_not_searched_says_why():
    ball, inputs = ls.Ball(1), ls.InputBall(1)
    cases = [
        (neural_ode(3, "tanh", 1), "lipschitz", "12 parameters"),
        (neural_cde(1, "tanh", BoundedVariation(1)), "lipschitz", "only the variation"),
        (neural_ode(1, "tanh", 1), "hessian_lipschitz", "orders 1 and 2"),
    ]
    for ode, quantity, reason in cases:
        found = ls.enclose(ode, ball, inputs, quantity)
        assert isinstance(found, Unknown)
        assert reason in found.reason
    assert "losses" in ls.enclose(neural_ode(1, "tanh", 1), ball, ls.Dataset([[1]], [1]), loss="mse").reason


@pytest.mark.parametrize("quantity", ["lipschitz", "smoothness"])
def test_a_budget_that_ends_leaves_an_enclosure(quantity):
    data = ls.Dataset([[0.5]])
    ode = neural_ode(1, "tanh", 1)
    found = ls.enclose(ode, ls.Ball(1), data, quantity, gap="1/1000", budget=0.1)
    assert not found.reached
    assert found.lo < found.hi <= ls.derive(ode, ls.Ball(1), data, quantity).evaluate({}).hi
    again = flow_lower(ode, found.witness.params, found.witness.x, 1 if quantity == "lipschitz" else 2)
    assert again >= found.lo * F(999, 1000)


def _problem(dim, order, fixed):
    ode = neural_ode(dim, "tanh", 1)
    state = tuple(F(1, 2) for _ in range(dim)) if fixed else None
    lead = 0 if fixed else dim
    count = dim * dim + dim
    ball = Constraint(tuple(range(lead, lead + count)), (0.0,) * count, 1.5)
    return ode, BoxProblem(tuple(pieces_at(ode)), ((1, (dim, dim), True),), state, dim, order, (ball,))


def _pairs(u, dim):
    return [(u[: dim * dim].reshape(dim, dim), u[dim * dim :])]


@settings(max_examples=5)
@given(st.data())
def test_no_point_of_a_box_exceeds_its_bound(data):
    cases = [(1, True, 1), (1, False, 1), (2, True, 1), (1, True, 2), (2, True, 2)]
    dim, fixed, order = data.draw(st.sampled_from(cases))
    ode, problem = _problem(dim, order, fixed)
    count = dim * dim + dim + problem.lead
    middle = np.array(data.draw(st.lists(st.floats(-0.6, 0.6), min_size=count, max_size=count)))
    radius = data.draw(st.sampled_from([0.01, 0.1, 0.5]))
    inner = contract(problem, middle - radius, middle + radius)
    if inner is None:
        return
    bound = box_bound(problem, *inner)
    rng = np.random.default_rng(0)
    reached = 0.0
    for _ in range(3):
        v = rng.uniform(*inner)
        length = np.linalg.norm(v[problem.lead :])
        v[problem.lead :] *= min(1.0, 1.4999 / length)
        if not ((inner[0] <= v) & (v <= inner[1])).all():
            continue
        parameters, x = problem.split([F(w) for w in v.tolist()])
        directions = None if order == 1 else [_pairs(rng.standard_normal(dim * dim + dim), dim)]
        reached = max(reached, float(flow_lower(ode, list(parameters.values()), x, order, directions)))
    assert reached <= bound.upper


def test_the_bound_of_a_small_box_is_near_the_truth():
    """It has power: nine tenths of it is exceeded in the box."""
    ode, problem = _problem(2, 1, True)
    middle = np.array([0.3, -0.4, 0.2, 0.5, 0.1, -0.3])
    bound = box_bound(problem, middle - 0.01, middle + 0.01)
    parameters, x = problem.split([F(w) for w in middle.tolist()])
    truth = flow_lipschitz_at(ode, list(parameters.values()), x)
    assert bound.upper * 0.9 < truth.lower_float() <= bound.upper


def test_contracting_keeps_the_region_and_drops_what_is_outside():
    _, problem = _problem(1, 1, True)
    assert contract(problem, np.array([1.4, 1.4]), np.array([2.0, 2.0])) is None
    lo, hi = contract(problem, np.array([1.2, -2.0]), np.array([3.0, 2.0]))
    assert lo[1] <= -0.9
    assert hi[1] >= 0.9
    assert hi[0] <= 1.5 + 1e-6
    assert hi[1] <= 0.9 + 1e-6


def test_jumps_are_searched_as_their_network():
    """Jumps by ``f − id`` are the network ``f``; the two branch and bounds, of different origin, overlap."""
    network = ls.mlp([1, 1], [], output="tanh")
    flow = ls.enclose(jump_network(network), ls.Ball(1), ls.InputBall(1), gap="1/20")
    plain = ls.enclose(network, ls.Ball(1), ls.InputBall(1), gap="1/20")
    assert flow.enclosure.overlaps(plain.enclosure)
    assert flow.reached


def test_solutions_check_what_they_are_given():
    ode = neural_ode(2, "tanh", 1)
    params = [([[1, 0], [0, 1]], [0, 0])]
    with pytest.raises(InputError, match="expects A of shape"):
        solution(ode, [([[1, 0]], [0])], [0, 0])
    with pytest.raises(InputError, match="1 parameter block"):
        solution(ode, [], [0, 0])
    with pytest.raises(InputError, match="length 3"):
        solution(ode, params, [0, 0, 0])
    with pytest.raises(InputError, match="only the variation"):
        solution(neural_cde(1, "tanh", BoundedVariation(1)), [([[1]], [0])], [0])
    with pytest.raises(InputError, match="rational"):
        solution(neural_ode(1, "tanh", "sqrt(2)"), [([[1]], [0])], [0])
    wide = [([[Enclosure(-(10**9), 10**9)]], [0])]
    lost = solution(neural_ode(1, "softplus", 1), wide, [0])
    assert isinstance(lost, Unknown)
    assert "up to the time" in lost.reason


def test_a_data_path_drives_its_fields():
    """One channel that goes up and comes back undoes itself: the field does not depend on time."""
    ode = neural_cde(2, "tanh", DataPath([[0.0], [1.0], [0.0]]))
    end = solution(ode, [([["1/2", "-1/3"], ["1/4", "2/3"]], ["1/5", "-1/7"])], ["3/10", "-2/5"], 1)
    for e, x in zip(end.state, (F(3, 10), F(-2, 5)), strict=True):
        assert e.contains(x)
        assert e.width < F(1, 10**9)
    assert all(v.contains(arb(0)) for v in end.first.entries())
    assert math.isfinite(float(end.first[0, 0].rad()))
