"""Lower bounds of controlled equations: below the truth, at their witness; limits and decisions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import lipsym as ls
from lipsym.nets.controls import DataPath, Jumps, Mixture, Time
from lipsym.nets.network import mlp
from lipsym.nets.odes import ControlledODE, neural_cde, neural_ode, residual
from tests.bounds.flows import derivative_norm, second_derivative

W = np.array([1.0, -1.0]) / np.sqrt(2)
AHEAD = np.array([1.0, 1.0]) / np.sqrt(2)


def lower(ode: ControlledODE, radius: int, order: str = "lipschitz") -> float:
    found = ls.derive(ode, ls.ProductBall(radius), ls.InputBall(1), order, side="lower")
    assert isinstance(found, ls.Bound)
    assert found.rules == ("equilibrium-witness",)
    return float(found.evaluate({}).lo)


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "softplus", "sin"])
def test_order_1_is_reached_at_the_equilibrium(activation: str) -> None:
    ode = neural_ode(2, activation, 1)
    reached = derivative_norm(ode, [(3 * np.outer(W, W), np.zeros(2))], AHEAD)
    assert reached * 0.9 < lower(ode, 3) <= reached * (1 + 1e-4)


def test_order_1_of_other_forms_is_reached() -> None:
    hidden = neural_ode(2, "tanh", 1, hidden=2)
    parameters = [(2 * np.outer(W, W), np.zeros(2)), (2 * np.outer(W, W), np.zeros(2))]
    assert lower(hidden, 2) == pytest.approx(derivative_norm(hidden, parameters, AHEAD), rel=1e-3)
    separate = residual(2, 3, "1/3")
    parameters = [(2 * np.outer(W, W), np.zeros(2))] * 3
    assert lower(separate, 2) == pytest.approx(derivative_norm(separate, parameters, AHEAD), rel=1e-4)
    shared = residual(2, 3, "1/3", shared=True)
    assert lower(shared, 2) == pytest.approx(derivative_norm(shared, parameters[:1], AHEAD), rel=1e-4)
    narrow = neural_ode(1, "tanh", 1)
    at_zero = derivative_norm(narrow, [(np.array([[2.0]]), np.zeros(1))], np.zeros(1))
    assert lower(narrow, 2) >= at_zero * (1 - 1e-4)


def test_order_2_is_reached() -> None:
    """tanh leaves its equilibrium: the second derivative along the bias and the row, at e, a, R of the proof."""
    R, ode = 3.0, neural_ode(2, "tanh", 1)
    share = 1 / (np.sqrt(2) * (1 + R) * np.exp(R))
    weight = R * np.sqrt(1 - share**2)
    parameters = [(np.diag([weight, 0.0]), np.array([share * R, 0.0]))]
    direction = np.array([0, 1.0, 0, 0, 1.0, 0]) / np.sqrt(2)  # A_12 and b_1, x = e_2
    h = second_derivative(ode, parameters, np.array([0, 1.0]), direction * 0.01) * 1e4
    assert lower(ode, 3, "smoothness") == pytest.approx(h, rel=2e-3)


def test_the_certified_ratio_at_32() -> None:
    found = ls.sharpness(neural_ode(2, "tanh", "T"), ls.Ball("R"), ls.InputBall("S"))
    assert found.limit == 1
    assert found.at({"R": 32, "S": 1, "T": 1}).hi <= Fraction(103, 100)
    sigmoid = ls.sharpness(neural_ode(2, "sigmoid", "T"), ls.Ball("R"), ls.InputBall("S"))
    assert sigmoid.at({"R": 512, "S": 1, "T": 1}).hi < Fraction(101, 100)


def test_the_growth_rates_agree() -> None:
    """log upper/log lower of both orders: the same exponential rate."""
    for order, limit in (("lipschitz", 1), ("smoothness", 2)):
        found = ls.sharpness(neural_ode(2, "tanh", 1), ls.Ball("R"), ls.InputBall(1), order)
        assert found.limit == limit
        ratios = [found.at({"R": R}).hi for R in (8, 32)]
        assert limit < ratios[1] < ratios[0] < limit * Fraction(13, 10)


def test_the_linear_field_is_exact() -> None:
    for order in ("lipschitz", "smoothness"):
        found = ls.sharpness(neural_ode(2, "identity", "T", bias=False), ls.Ball("R"), ls.InputBall("S"), order)
        assert found.limit == 1
        ratio = found.at({"R": 2, "S": "3/2", "T": 2})
        assert ratio.contains(1)
        assert ratio.width < Fraction(1, 10**12)


def test_upper_bounds_exceed_lower_bounds() -> None:
    for ode in (neural_ode(1), neural_ode(3, "sigmoid", 2), neural_ode(2, "tanh", 1, hidden=4), residual(3, 3, "1/3")):
        for radius in ("1/2", 3):
            found = ls.sharpness(ode, ls.Ball(radius), ls.InputBall(1))
            assert found.at({}).hi >= 1


@pytest.mark.parametrize(
    "ode",
    [
        neural_cde(2, "tanh", DataPath([[0.0], [1.0], [0.5]])),
        neural_ode(2, "relu"),
        neural_ode(1, "sigmoid"),
        neural_ode(2, timed=True),
        ControlledODE([mlp([2, 2], [], "tanh")] * 2, Mixture(Time(), Jumps([1]))),
    ],
)
def test_without_a_theorem_the_answer_is_unknown(ode: ControlledODE) -> None:
    assert isinstance(ls.derive(ode, ls.Ball(1), ls.InputBall(1), side="lower"), ls.Unknown)
    assert ls.global_bounds(ode).lipschitz.finite is None
    assert isinstance(ls.refute_global(ode, 5), ls.Unknown)


def test_decisions() -> None:
    decided = ls.global_bounds(neural_ode(2, "tanh", 1))
    assert decided.lipschitz.finite is False
    assert decided.smoothness.finite is False
    assert decided.lipschitz.theorem == "global-flow"
    assert ls.global_bounds(residual(2, 2)).lipschitz.finite is False
    assert ls.global_bounds(residual(2, 1)).lipschitz.finite is None
    assert ls.global_bounds(neural_ode(2, "tanh", 0)).lipschitz.finite is None
