"""Certified pairs of controlled equations, checked against solutions in floating point where these exist."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import lipsym as ls
from lipsym.nets.odes import neural_ode
from lipsym.refute.global_flow import flow_pairs
from tests.bounds.flows import final_state, flatten


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "softplus", "sin", "gelu"])
def test_claims_of_1e300_fall(activation: str) -> None:
    found = ls.refute_global(neural_ode(2, activation, 1), "1e300")
    assert isinstance(found, ls.Witness)
    assert found.ratio.lo > 10**300
    assert found.theorem == "global-flow"


def test_the_linear_field_and_order_2_fall_too() -> None:
    linear = ls.refute_global(neural_ode(2, "identity", 1, bias=False), "1e300")
    curved = ls.refute_global(neural_ode(2, "tanh", "1/10"), "1e300", "smoothness")
    for found in (linear, curved):
        assert isinstance(found, ls.Witness)
        assert found.ratio.lo > 10**300


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "sin"])
def test_the_ratio_is_below_the_true_one(activation: str) -> None:
    """At moderate sizes the flow can be solved in floating point, along a larger step of the same direction."""
    ode = neural_ode(2, activation, 4)
    (pair,) = flow_pairs(ode, ls.InputBall(1), "lipschitz", Fraction(10))
    first, rebuild = flatten([(np.array(a, dtype=float), np.array(b, dtype=float)) for a, b in pair.theta])
    second, _ = flatten([(np.array(a, dtype=float), np.array(b, dtype=float)) for a, b in pair.theta_prime])
    along = (second - first) / np.linalg.norm(second - first)
    size = float(pair.theta[0][0][0][0]) * (1 if activation != "sigmoid" else 2)
    scaled = rebuild(first / size)  # R = 1 keeps the Runge–Kutta steps short enough
    ends = [final_state(ode, rebuild(flatten(scaled)[0] + t * along * 1e-6), np.zeros(2)) for t in (0, 1)]
    slope = {"tanh": 1, "sin": 1, "sigmoid": 0.25}[activation]
    reached = np.linalg.norm(ends[1] - ends[0]) / 1e-6
    kappa = slope - 0.01
    assert reached >= (np.exp(kappa * 4) - 1) * 0.99


def test_small_claims_and_bad_ones() -> None:
    assert isinstance(ls.refute_global(neural_ode(2), 0), ls.Witness)
    assert isinstance(ls.refute_global(neural_ode(2, "tanh", 1, hidden=3), 5), ls.Unbounded)
    with pytest.raises(ls.LipsymError):
        ls.refute_global(neural_ode(2), -1)
    with pytest.raises(ls.LipsymError, match="width"):
        ls.refute_global(neural_ode("l"), 1)
