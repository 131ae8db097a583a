"""Bounds on controlled equations against solutions in floating point: sound, sharp, agreeing, and with power."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

import lipsym as ls
from lipsym.bounds.flow import LONGEST_RUN
from lipsym.nets.controls import BoundedVariation, DataPath, Jump, Jumps, Mixture, Motion, Piecewise, Time
from lipsym.nets.fields import JetField, LayerField
from lipsym.nets.network import Network, mlp
from lipsym.nets.odes import ControlledODE, jump_network, neural_cde, neural_ode, residual
from tests.bounds.flows import derivative_norm, draw, flatten, second_derivative

PATH = [[0.0, 0.0], [0.5, -0.25], [0.25, 0.75], [1.0, 0.5]]
SHARED = mlp([2, 2], [], "tanh")
EQUATIONS = {
    "neural ODE": neural_ode(2, "tanh", 1),
    "sigmoid": neural_ode(2, "sigmoid", "3/2"),
    "unbounded": neural_ode(2, "softplus", 1),
    "sine without bias": neural_ode(2, "sin", 1, bias=False),
    "linear": neural_ode(2, "identity", 1),
    "linear without bias": neural_ode(2, "identity", 1, bias=False),
    "hidden layer": neural_ode(2, "tanh", 1, hidden=3),
    "timed": neural_ode(1, "tanh", 2, timed=True),
    "residual": residual(2, 4, "1/2"),
    "residual, shared": residual(2, 4, "1/2", shared=True),
    "path": neural_cde(2, "tanh", DataPath(PATH)),
    "variation": neural_cde(1, "tanh", Piecewise([Motion(1, {0: 1}), Motion(1, {1: -1}), Motion(1, {0: -1})]), 3),
    "jump ODE": ControlledODE([SHARED, SHARED], Mixture(Time(), Jumps([1, "-1/2"], times=["1/3", 1])), 1),
    "jumps of f − id": ControlledODE(
        [LayerField(SHARED, minus_identity=True)], Piecewise([Motion(1, {0: "1/2"}), Jump({0: "1/2"})]), 1
    ),
}
RULES = ("auto", "gronwall")


def bounds(ode: ControlledODE, radius: int, order: str, joint: bool = False) -> list[Fraction]:
    """Upper ends by every rule, the sharpest first."""
    region = ls.Ball(radius) if joint else ls.ProductBall(radius)
    found = [ls.derive(ode, region, ls.InputBall(1), order, rule=rule) for rule in RULES]
    return [Fraction(b.evaluate({}).hi) for b in found if isinstance(b, ls.Bound)]


def start(ode: ControlledODE, generator: np.random.Generator) -> np.ndarray:
    x = generator.standard_normal(int(ode.width))
    return x / np.linalg.norm(x)


COSTLY = {"path", "variation", "hidden layer", "unbounded", "timed", "residual", "sine without bias"}
FIRST = [pytest.param(name, marks=pytest.mark.nightly) if name == "path" else name for name in EQUATIONS]
SECOND = [pytest.param(name, marks=pytest.mark.nightly) if name in COSTLY else name for name in EQUATIONS]


@pytest.mark.parametrize("name", FIRST)
def test_order_1_is_sound(name: str) -> None:
    ode, generator = EQUATIONS[name], np.random.default_rng(1)
    for radius, joint in ((1, False), (3, True)):
        largest = 0.0
        for _ in range(8):
            largest = max(largest, derivative_norm(ode, draw(ode, radius, generator, joint), start(ode, generator)))
        sharp, elementary = bounds(ode, radius, "lipschitz", joint)
        assert largest * (1 - 1e-6) <= sharp <= elementary * Fraction(1002, 1000)


@pytest.mark.parametrize("name", SECOND)
def test_order_2_is_sound(name: str) -> None:
    ode, generator = EQUATIONS[name], np.random.default_rng(2)
    largest = 0.0
    for _ in range(25):
        parameters = draw(ode, 2, generator)
        direction = generator.standard_normal(len(flatten(parameters)[0]))
        direction /= np.linalg.norm(direction)
        largest = max(largest, second_derivative(ode, parameters, start(ode, generator), direction))
    sharp, elementary = bounds(ode, 2, "smoothness")
    assert largest * (1 - 1e-4) - 1e-4 <= sharp <= elementary * Fraction(1002, 1000)


def test_a_smaller_constant_fails() -> None:
    """The equilibrium of A = R w wᵀ is within 9 % of the bound at R = 8, so the test above has power."""
    w = np.array([1.0, -1.0]) / np.sqrt(2)
    parameters = [(8 * np.outer(w, w), np.zeros(2))]
    reached = derivative_norm(EQUATIONS["neural ODE"], parameters, np.array([1.0, 1.0]) / np.sqrt(2))
    (sharp, _) = bounds(EQUATIONS["neural ODE"], 8, "lipschitz")
    assert 0.91 * float(sharp) < reached < float(sharp)


def test_the_linear_field_is_exact_in_both_orders() -> None:
    ode = neural_ode(3, "identity", "T", bias=False)
    for order, closed in (("lipschitz", "S*T*exp(R*T)"), ("smoothness", "S*T**2*exp(R*T)")):
        found = ls.derive(ode, ls.Ball("R"), ls.InputBall("S"), order)
        assert isinstance(found, ls.Bound)
        assert sp.simplify(found.expr - ls.parse(closed)) == 0
    parameters = [(np.diag([2.0, 0, 0]), None)]
    x, along = np.array([1.0, 0, 0]), np.eye(9)[0]
    line = neural_ode(3, "identity", 1, bias=False)
    assert derivative_norm(line, parameters, x) == pytest.approx(np.exp(2), rel=1e-5)
    assert second_derivative(line, parameters, x, along) == pytest.approx(np.exp(2), rel=1e-4)


@pytest.mark.parametrize("order", ["lipschitz", "smoothness"])
@pytest.mark.parametrize("widths", [(2, 2), (3, 3, 3, 3), (2, 5, 1)])
def test_a_feed_forward_network_as_jumps_has_exactly_its_numbers(widths: tuple[int, ...], order: str) -> None:
    network = mlp(widths, "tanh", output="sigmoid")
    ode = jump_network(network)
    question = ls.ProductBall([2, 3, "1/2"][: len(widths) - 1]), ls.InputBall("3/2"), order
    discrete, continuous = ls.derive(network, *question), ls.derive(ode, *question)
    assert isinstance(discrete, ls.Bound)
    assert isinstance(continuous, ls.Bound)
    assert continuous.expr == discrete.expr
    assert continuous.evaluate({}) == discrete.evaluate({})
    # The jets of the jumps, without that reduction, are the plain recursion.
    jumps = ls.derive(ode, *question, rule="gronwall")
    plain = ls.derive(network, *question, rule="recursion")
    assert isinstance(jumps, ls.Bound)
    assert isinstance(plain, ls.Bound)
    assert "jump-jet" in jumps.rules or len(widths) == 2
    one, two = (bound.evaluate({}, precision=200) for bound in (jumps, plain))
    assert abs(one.lo - two.lo) < Fraction(1, 10**50)
    assert max(one.lo, two.lo) <= min(one.hi, two.hi)


def test_residual_networks_converge_to_the_flow() -> None:
    """Euler steps: the bounds increase to the flow's, with an error of the order of 1/n."""
    for order in ("lipschitz", "smoothness"):
        flow = float(ls.derive(neural_ode(2, "tanh", 1), ls.Ball(1), ls.InputBall(1), order).evaluate({}).hi)
        networks = [residual(2, n, Fraction(1, n), shared=True) for n in (8, 16, 32)]
        found = [float(ls.derive(n, ls.Ball(1), ls.InputBall(1), order).evaluate({}).hi) for n in networks]
        assert found[0] < found[1] < found[2] < flow
        assert flow - found[2] < 0.6 * (flow - found[1]) < 0.36 * (flow - found[0])
        assert 2 * found[2] - found[1] == pytest.approx(flow, rel=0.02)


@pytest.mark.parametrize("order", ["lipschitz", "smoothness"])
def test_the_domains_agree(order: str) -> None:
    for name in ("neural ODE", "residual"):
        found = ls.derive(EQUATIONS[name], ls.ProductBall("R"), ls.InputBall("S"), order)
        assert isinstance(found, ls.Bound)
        values = [found.evaluate({"R": "3/2", "S": 1}, domain) for domain in ("arb", "mpmath")]
        assert max(v.lo for v in values) <= min(v.hi for v in values)
        assert float(values[0].lo) * 0.99 <= found.lambdify()(R=1.5, S=1.0) <= float(values[0].hi) * 1.01


def test_of_unknown_order_is_at_least_every_order() -> None:
    """The field without slope first, then the other: the worst case of two unlike channels."""
    constant = JetField(["a", "0"], ["x", "y"], ["a"], {"value": "r", "u": 0, "p": 1, "uu": 0, "up": 0, "pp": 0}, 1)
    turning = Network([ls.Affine(2, 2, block=2, bias=False)])
    unordered = ControlledODE([constant, turning], BoundedVariation(2, 2), 1)
    ordered = ControlledODE([constant, turning], Piecewise([Motion("1/2", {0: 2}), Motion("1/2", {1: 2})]), 1)
    parameters = [(np.array([[1.0]]), None), (np.diag([1.0, 0.0]), None)]
    truth = derivative_norm(ordered, parameters, np.array([1.0, 0.0]))
    assert truth * (1 - 1e-6) <= bounds(unordered, 1, "lipschitz")[0]
    assert truth > 20


def test_long_paths_are_joined() -> None:
    line = np.linspace(0, 1, LONGEST_RUN + 3)[:, None] * [1.0, -1.0]
    found = ls.derive(neural_cde(2, "tanh", DataPath(line)), ls.ProductBall(1), ls.InputBall(1))
    assert isinstance(found, ls.Bound)
    assert found.rules == ("gronwall",) or "chain-rule" in found.rules


def test_losses_on_top() -> None:
    ode = neural_ode(2, "tanh", 1)
    plain = ls.derive(ode, ls.Ball(1), ls.InputBall(1))
    for name in ("cross_entropy", "mse"):
        loss = ls.loss(name, weight_decay="1/10")
        first = ls.derive(ode, ls.Ball(1), ls.InputBall(1, label_radius=1), "lipschitz", loss)
        second = ls.derive(ode, ls.Ball(1), ls.InputBall(1, label_radius=1), "smoothness", loss)
        assert isinstance(first, ls.Bound)
        assert isinstance(second, ls.Bound)
        assert isinstance(plain, ls.Bound)
        slope = sp.sqrt(2) if name == "cross_entropy" else 2 + sp.sqrt(2)
        assert float(first.evaluate({}).hi) <= float(slope) * float(plain.evaluate({}).hi) + 0.1001
        assert second.evaluate({}).lo > Fraction(1, 10)


def test_around_given_weights() -> None:
    """A small ball around weights: the bound is near the size at the centre, and above it."""
    ode = neural_ode(2, "tanh", 1)
    center = [(np.array([[0.5, -0.25], [0.0, 0.25]]), np.array([0.125, 0.0]))]
    found = ls.derive(ode, ls.Ball("1/100", center), ls.InputBall(1))
    assert isinstance(found, ls.Bound)
    generator = np.random.default_rng(3)
    largest = max(derivative_norm(ode, center, start(ode, generator)) for _ in range(20))
    assert largest <= found.evaluate({}).hi <= 3 * Fraction(largest)


@pytest.mark.parametrize(
    ("ode", "order", "reason"),
    [
        (neural_ode(2, "relu", 1), "smoothness", "jumps"),
        (neural_ode(2, "tanh", 1), "hessian_lipschitz", "third"),
        (
            ControlledODE([JetField(["a*x"], ["x"], ["a"], {"value": "r*nu", "u": "r", "p": "nu"})], Time()),
            "smoothness",
            "no entries of order 2",
        ),
        (
            ControlledODE(
                [JetField(["a*x**2"], ["x"], ["a"], {"value": "r*nu**2", "u": "2*r*nu", "p": "nu**2"})], Time()
            ),
            "lipschitz",
            "leave every ball",
        ),
    ],
)
def test_unknown_names_what_is_missing(ode: ControlledODE, order: str, reason: str) -> None:
    found = ls.derive(ode, ls.Ball(1), ls.InputBall(1), order)
    assert isinstance(found, ls.Unknown)
    assert reason in found.reason


def test_a_users_jet_gives_the_layers_bound() -> None:
    own = JetField(["a*x"], ["x"], ["a"], {"value": "r*nu", "u": "r", "p": "nu", "uu": 0, "up": 1, "pp": 0})
    for order in ("lipschitz", "smoothness"):
        one = bounds(ControlledODE([own], Time(), 1), 1, order)
        two = bounds(neural_ode(1, "identity", 1, bias=False), 1, order)
        assert min(two) <= min(one) * Fraction(1002, 1000)
        assert float(one[1]) == pytest.approx(float(two[1]))


def test_rules_belong_to_their_kind() -> None:
    with pytest.raises(ls.LipsymError, match="rule of a network"):
        ls.derive(mlp([2, 2], []), ls.Ball(1), ls.InputBall(1), rule="gronwall")
    with pytest.raises(ls.LipsymError, match="rule of a controlled equation"):
        ls.derive(neural_ode(2), ls.Ball(1), ls.InputBall(1), rule="coupled")
