"""Claims about controlled ODEs: false ones are broken with a proof, derived ones survive."""

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

import lipsym as ls
from lipsym.enclose.flow.numbers import equation_at, equation_symbols
from lipsym.enclose.flow.solution import solution
from lipsym.enclose.search import fixed_output, gradient_series, model, unit
from lipsym.errors import InputError
from lipsym.nets.controls import DataPath
from lipsym.nets.odes import jump_network, neural_cde, neural_ode, residual
from lipsym.refute.confirm import value_at
from lipsym.refute.question import concrete_network

NODE = neural_ode(2, "tanh", "T")
LINEAR = neural_ode(2, "identity", "T", bias=False)
PATH = neural_cde(1, "tanh", DataPath([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]))

FALSE = {
    "S in place of sqrt(S²+1)": (NODE, "lipschitz", "S*(exp(R*T) - 1)/R"),
    "no T in the exponent": (NODE, "lipschitz", "sqrt(S**2 + 1)*T*exp(R)"),
    "no growth": (NODE, "lipschitz", "sqrt(S**2 + 1)*T"),
    "half the exponent": (NODE, "lipschitz", "sqrt(S**2 + 1)*T*exp(R*T/2)"),
    "the witness taken for the supremum": (NODE, "lipschitz", "sqrt(S**2 + 1)*(exp(R*T) - 1)/R"),
    "a slope of 1/8 for the sigmoid": (neural_ode(2, "sigmoid", "T"), "lipschitz", "sqrt(S**2 + 1)*T*exp(R*T/8)/8"),
    "one percent too small": (LINEAR, "lipschitz", "99*S*T*exp(R*T)/100"),
    "no T in front": (LINEAR, "lipschitz", "S*exp(R*T)"),
    "a root of the number of blocks too small": (residual(2, 4, "1/4"), "lipschitz", "sqrt(S**2 + 1)*exp(R)/4"),
    "one channel forgotten": (PATH, "lipschitz", "sqrt(S**2 + 1)"),
    "a slope of 1 for gelu": (neural_ode(2, "gelu", "T"), "lipschitz", "sqrt(S**2 + 1)*(exp(R*T) - 1)/R"),
    "order 2 like order 1": (NODE, "smoothness", "sqrt(S**2 + 1)*T"),
    "order 2 without growth": (neural_ode(1, "tanh", "T"), "smoothness", "(S**2 + 1)*T"),
}


FREE = {"S in place of sqrt(S²+1)", "one percent too small", "one channel forgotten"}
"""Here the search finds numbers by itself; the others are given some, to save time."""


@pytest.mark.parametrize("name", FALSE)
def test_false_claims_are_broken(name):
    ode, quantity, text = FALSE[name]
    claim = ls.Claim(ode, ls.Ball("R"), ls.InputBall("S"), quantity, "<=", text)
    horizon = {"T": 2} if equation_symbols(ode) else {}
    given = None if name in FREE else {"R": "1/2" if "blocks" in name else 1, "S": 1, **horizon}
    found = ls.refute(claim, budget=2, values=given)
    assert isinstance(found, ls.Counterexample), str(found)
    assert found.ratio.lo > 1
    values = dict(found.values)
    at_numbers = equation_at(ode, values, concrete_network)
    assert ls.Ball("R").contains(found.theta, at_numbers, values)
    assert sum(v * v for v in found.x) <= Fraction(int(values["S"].p), int(values["S"].q)) ** 2


SURVIVORS = [
    (neural_ode(2, "tanh", 1), "lipschitz"),
    (neural_ode(2, "tanh", 1), "smoothness"),
    (residual(2, 3, "1/3"), "lipschitz"),
    (residual(2, 3, "1/3"), "smoothness"),
    (PATH, "lipschitz"),
    (neural_ode(1, "gelu", 1), "lipschitz"),
]


@pytest.mark.parametrize(("ode", "quantity"), SURVIVORS)
def test_derived_bounds_survive(ode, quantity):
    region, inputs = ls.Ball("3/2"), ls.InputBall(1)
    bound = ls.derive(ode, region, inputs, quantity).evaluate({}).hi
    claim = ls.Claim(ode, region, inputs, quantity, "<=", sp.Rational(bound.numerator, bound.denominator))
    found = ls.refute(claim, budget=1)
    assert isinstance(found, ls.Survived)
    assert found.ratio.lo > Fraction(1, 10)  # the search is no formality


ODES = [
    neural_ode(2, "tanh", 1),
    neural_ode(2, "gelu", "1/2", hidden=3, timed=True),
    neural_cde(2, "sigmoid", DataPath([[0.0, 0.0], [0.5, -0.25], [0.25, 0.5]])),
    jump_network(ls.mlp([2, 3, 1], "tanh")),
]


@pytest.mark.parametrize("ode", ODES, ids=str)
def test_floats_agree_with_validated_integration(ode):
    """State, first and second derivative along a direction, from two programs that share nothing but the equation."""
    rng = np.random.default_rng(3)
    m = model(ode, 2)
    theta, u = rng.standard_normal((1, m.count)), unit(rng.standard_normal((1, m.count)))
    x, w = rng.standard_normal((1, 1, ode.width)), unit(rng.standard_normal((1, 1, ode.width)))
    output, gradient, by_input = gradient_series(m, theta, x, u, fixed_output(w), 2)
    end = solution(ode, m.unpack(theta[0]), x[0, 0].tolist(), 2, variables=m.unpack(u[0]), order=8, step="1/8")
    for balls, floats, scale in ((end.balls, output[0], 1), (end.first, output[1], 1), (end.second, output[2], 2)):
        for ball, value in zip(balls.entries(), floats[0, 0].tolist(), strict=True):
            assert abs(float(ball.mid()) / scale - value) < 1e-4
    # The adjoint agrees with differences of the scalar itself, in the parameters and in the initial state.
    step = 1e-5
    for moved, slope in ((theta, gradient[0]), (x, by_input[0])):
        d = rng.standard_normal(moved.shape)
        ends = []
        for sign in (1, -1):
            t, y = (theta + sign * step * d, x) if moved is theta else (theta, x + sign * step * d)
            ends.append((gradient_series(m, t, y, 0 * u, fixed_output(w), 0)[0][0] * w).sum())
        assert abs((ends[0] - ends[1]) / (2 * step) - (slope * d).sum()) < 1e-6


def test_equations_take_numbers_for_their_symbols():
    ode = residual("l", 3, sp.Symbol("h", positive=True), "tanh")
    assert {s.name for s in equation_symbols(ode)} >= {"h", "l"}
    made = equation_at(ode, {"h": sp.Rational(1, 2), "l": sp.Integer(2)}, concrete_network)
    assert made.width == 2
    assert made.horizon == sp.Rational(3, 2)
    assert not equation_symbols(made)
    fixed = neural_ode(2, "tanh", 1)
    assert equation_at(fixed, {"R": sp.Integer(1)}, concrete_network) is fixed


@pytest.mark.parametrize(
    ("quantity", "loss"),
    [("lipschitz", ls.loss("mse")), ("smoothness", ls.loss("huber", delta="1/1000")), ("hessian_lipschitz", None)],
)
def test_what_points_cannot_confirm_is_refused(quantity, loss):
    """A loss used to be confirmed on the field taken for a network, whose derivatives are others."""
    question = NODE, ls.Ball(1), ls.InputBall(1, label_radius=1), quantity, "<=", "1/10", loss
    with pytest.raises(InputError, match="state X_T") as caught:
        ls.refute(ls.Claim(*question), budget=1, values={"T": 1})
    assert len(str(caught.value).splitlines()) == 3
    params = [(np.zeros((2, 2), dtype=object), np.zeros(2, dtype=object))]
    with pytest.raises(InputError, match="state X_T"):
        value_at(neural_ode(2), params, (0, 0), None, quantity, loss)
