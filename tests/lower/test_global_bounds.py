"""Decisions about global constants: every theorem, both ways, against certified derivatives."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import lipsym as ls
from lipsym.bounds.rules import RULES
from lipsym.domains import evaluate
from lipsym.enclose.derivatives import lipschitz_at, smoothness_lower
from lipsym.enclose.losses import loss_lipschitz_lower, loss_smoothness_lower
from lipsym.errors import UndecidedTruthError
from lipsym.lower.decision import Decision
from lipsym.lower.divergence import R, Route
from lipsym.lower.moments import curvature_product, moments
from lipsym.nets.activations import ACTIVATIONS

SMOOTH = ("tanh", "sigmoid", "softplus", "sin", "arctan", "erf", "softsign", "gelu", "silu", "elu")
BOUNDED_FAR = ("tanh", "sigmoid", "arctan", "erf", "softsign")


def answers(network: ls.Network, loss: object = None) -> tuple[str, str]:
    found = ls.global_bounds(network, loss)  # type: ignore[arg-type]
    return found.lipschitz.answer, found.smoothness.answer


def value(decision: Decision, **at: object) -> Fraction:
    assert decision.bound is not None
    return Fraction(decision.bound.evaluate(at).hi)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", SMOOTH)
def test_one_layer_is_exact(name: str) -> None:
    found = ls.global_bounds(ls.mlp([1, 1], [], name))
    s = sp.Symbol("S", nonnegative=True)
    sigma = ls.activation(name)
    assert found.lipschitz.bound is not None
    assert sp.simplify(found.lipschitz.bound.expr - sigma.s1 * sp.sqrt(s**2 + 1)) == 0
    point = next((p for p in sigma.attained[1] if p.is_finite), sp.Integer(40))
    close = Fraction(evaluate(point).lo)
    reached = lipschitz_at(ls.mlp([1, 1], [], name), [([[0]], [close])], [2]).lo
    assert value(found.lipschitz, S=2) * Fraction(999, 1000) < reached <= value(found.lipschitz, S=2)


def test_one_kinked_layer() -> None:
    assert answers(ls.mlp([2, 3], [], "relu")) == ("finite", "infinite")


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("name", [*SMOOTH, "relu", "leaky_relu"])
def test_two_wide_layers_have_neither(name: str, bias: bool) -> None:
    for output in ("identity", name):
        assert answers(ls.mlp([2, 3, 1], name, output, bias)) == ("infinite", "infinite")


@pytest.mark.parametrize("bias", [True, False])
def test_two_affine_layers_are_smooth(bias: bool) -> None:
    found = ls.global_bounds(ls.mlp([2, 3, 2], "identity", bias=bias))
    assert (found.lipschitz.answer, found.smoothness.theorem) == ("infinite", "global-two-affine")
    top = value(found.smoothness, S=1)
    q = evaluate(sp.sqrt(2 if bias else 1))
    pick = np.zeros((3, 2))
    half = 0.5 if bias else 0.5**0.5
    pick[0, 0] = half
    first = (pick, np.array([half, 0, 0]) if bias else None)
    second = np.zeros((2, 3))
    second[0, 0] = 0.5**0.5
    zero = [
        (np.zeros((3, 2)), np.zeros(3) if bias else None),
        (np.zeros((2, 3)), np.zeros(2) if bias else None),
    ]
    direction = [first, (second, np.zeros(2) if bias else None)]
    reached = smoothness_lower(ls.mlp([2, 3, 2], "identity", bias=bias), zero, [1, 0], [direction])
    assert q.contains(top) or abs(top - Fraction(q.hi)) < Fraction(1, 10**12)
    assert top * Fraction(999999, 1000000) < reached <= top
    assert answers(ls.mlp([2, 2, 2, 1], "identity", bias=bias)) == ("infinite", "infinite")


# The trap: a sigmoid behind one hidden sigmoid, without bias


def test_the_trap_at_width_one_and_two_and_at_depth_three() -> None:
    assert answers(ls.mlp([1, 1, 1], "sigmoid", "sigmoid", bias=False)) == ("finite", "finite")
    assert answers(ls.mlp([1, 2, 1], "sigmoid", "sigmoid", bias=False)) == ("infinite", "infinite")
    assert answers(ls.mlp([1, 1, 1, 1], "sigmoid", "sigmoid", bias=False)) == ("infinite", "infinite")
    assert answers(ls.mlp([1, 1, 1], "sigmoid", "sigmoid")) == ("infinite", "infinite")
    assert answers(ls.mlp([1, "l", 1], "sigmoid", "sigmoid", bias=False)) == ("unknown", "unknown")


@pytest.mark.parametrize("outer", [name for name in SMOOTH if name not in BOUNDED_FAR] + ["identity", "relu"])
def test_the_trap_needs_an_output_that_settles(outer: str) -> None:
    assert answers(ls.mlp([1, 1, 1], "sigmoid", outer, bias=False)) == ("infinite", "infinite")


@given(
    outer=st.sampled_from(BOUNDED_FAR),
    outputs=st.integers(1, 3),
    a=st.fractions(-30, 30),
    w=st.lists(st.fractions(-(10**6), 10**6), min_size=3, max_size=3),
    x=st.fractions(-2, 2),
)
@settings(max_examples=60, deadline=None)
def test_the_pair_stays_below_its_bound(outer: str, outputs: int, a: Fraction, w: list[Fraction], x: Fraction) -> None:
    network = ls.mlp([1, 1, outputs], "sigmoid", outer, bias=False)
    found = ls.global_bounds(network)
    theta = [([[a]], None), ([[v] for v in w[:outputs]], None)]
    assert lipschitz_at(network, theta, [x]).lo <= value(found.lipschitz, S=2)
    assert smoothness_lower(network, theta, [x]) <= value(found.smoothness, S=2)


@pytest.mark.parametrize("outer", BOUNDED_FAR)
def test_the_pair_is_sharp_on_both_sides(outer: str) -> None:
    network = ls.mlp([1, 1, 1], "sigmoid", outer, bias=False)
    found = ls.global_bounds(network)
    steep = {"tanh": Fraction(77, 100), "sigmoid": Fraction(154, 100), "erf": Fraction(707, 1000)}.get(
        outer, Fraction(1)
    )
    # v = sigmoid(−40) is tiny and w = s/v: the limit √ℓκq; v near 1 and w = 0: the limit s1.
    tiny = Fraction(evaluate(ls.parse("sigmoid(-40)")).lo)
    far = lipschitz_at(network, [([[-4]], None), ([[steep / tiny]], None)], [10], 256).lo
    near = lipschitz_at(network, [([[4]], None), ([[0]], None)], [10], 256).lo
    best = value(found.lipschitz, S=10)
    assert best * Fraction(99, 100) < max(far, near) <= best
    small = value(found.lipschitz, S=0)
    assert small * Fraction(99, 100) < near <= small


@pytest.mark.parametrize("name", BOUNDED_FAR)
def test_moments_bound_the_activation(name: str) -> None:
    sigma, known = ls.activation(name), moments(ls.activation(name))
    assert known is not None
    rows = [(known.first, 1, 1), (known.mixed, 1, 2), (known.second, 2, 2)]
    for bound, power, order in rows:
        body = sigma.z**power * sigma.derivative(order)
        tops = [abs(Fraction(evaluate(body.subs(sigma.z, sp.Rational(k, 50)), precision=80).lo)) for k in range(1, 400)]
        assert max(tops) <= evaluate(bound).hi
        if order == 1:
            assert max(tops) > Fraction(evaluate(bound).lo) * Fraction(999, 1000)


@pytest.mark.parametrize("name", ["softplus", "elu", "gelu", "silu"])
def test_products_bound_the_activation(name: str) -> None:
    sigma = ls.activation(name)
    bound = curvature_product(sigma)
    assert bound is not None
    body = sigma.value * sigma.derivative(2)
    points = [sp.Rational(k, 20) for k in range(-200, 200) if k]
    assert max(abs(Fraction(evaluate(body.subs(sigma.z, p), precision=80).hi)) for p in points) <= evaluate(bound).lo


# Families


@pytest.mark.parametrize(
    ("network", "route"),
    [
        (ls.mlp([1, 3, 1], "tanh", "tanh"), Route.BIAS),
        (ls.mlp([1, 3, 1], "tanh", "tanh", bias=False), Route.OPPOSED),
        (ls.mlp([1, 1, 1], "tanh", "tanh", bias=False), Route.ZERO),
        (ls.mlp([1, 1, 1], "softplus", "tanh", bias=False), Route.UNBOUNDED),
        (ls.mlp([1, 1, 1], "sigmoid", "softplus", bias=False), Route.FAR),
        (ls.mlp([1, 1, 1, 1], "sigmoid", "tanh", bias=False), Route.TAIL),
    ],
)
def test_the_rate_grows_with_the_family(network: ls.Network, route: Route) -> None:
    for decision in (ls.global_bounds(network).lipschitz, ls.global_bounds(network).smoothness):
        assert decision.family is not None
        assert decision.family.route is route
        assert decision.theorem in RULES
        values = [evaluate(decision.family.rate, {R: size}, precision=4000).lo for size in (50, 500, 2000)]
        assert values[1] > 5 * values[0] > 0
        assert values[2] > 3 * values[1]
        assert decision.family.limit is sp.oo
        assert f"layer {decision.family.layer}" in decision.family.text


# Losses


LOSSES = [ls.loss("mse"), ls.loss("huber"), ls.loss("logistic"), ls.loss("cross_entropy")]


@pytest.mark.parametrize("loss", LOSSES, ids=str)
def test_losses_of_two_layers_have_neither(loss: object) -> None:
    assert answers(ls.mlp([2, 3, 2 if str(loss) == "cross_entropy" else 1], "tanh"), loss) == ("infinite", "infinite")


@pytest.mark.parametrize("name", ["tanh", "softsign", "identity", "softplus"])
@pytest.mark.parametrize("loss", LOSSES, ids=str)
def test_finite_losses_of_one_layer_are_bounds(loss: ls.loss, name: str) -> None:  # type: ignore[valid-type]
    outputs = 2 if str(loss) == "cross_entropy" else 1
    network = ls.mlp([1, outputs], [], name)
    data = ls.Dataset([[1.0], [-2.0]], [[0.5], [-1.0]] if str(loss) in ("mse", "huber") else [1, 1])
    found = ls.global_bounds(network, loss, data)
    assert found.smoothness.answer == "finite"
    assert found.lipschitz.answer == (
        "infinite" if str(loss) == "mse" and name in ("identity", "softplus") else "finite"
    )
    generator = np.random.default_rng(0)
    for _ in range(6):
        theta = [(generator.normal(size=(outputs, 1)) * 3, generator.normal(size=outputs))]
        assert loss_smoothness_lower(network, theta, data, loss) <= value(found.smoothness)
        if found.lipschitz.finite:
            assert loss_lipschitz_lower(network, theta, data, loss) <= value(found.lipschitz)


def test_weight_decay() -> None:
    network = ls.mlp([2, 1], [], "tanh")
    plain, decayed = (ls.global_bounds(network, ls.loss("logistic", weight_decay=d)) for d in (0, "1/3"))
    assert plain.lipschitz.answer == "finite"
    assert (decayed.lipschitz.answer, decayed.lipschitz.theorem) == ("infinite", "global-decay")
    assert abs(value(decayed.smoothness, S=1) - value(plain.smoothness, S=1) - Fraction(1, 3)) < Fraction(1, 10**12)


def test_what_no_theorem_covers_is_unknown() -> None:
    shared = ls.Network([ls.Affine(2, 2, 1), ls.Elementwise("tanh", 2), ls.Affine(2, 2, 1)])
    in_a_row = ls.Network([ls.Affine(2, 2, 1), ls.Elementwise("tanh", 2), ls.Elementwise("sin", 2)])
    for network in (shared, in_a_row):
        found = ls.global_bounds(network)
        assert found.lipschitz.finite is None
        assert "shared" in found.smoothness.reason
    several = ls.Dataset([[1.0, 0.5], [2.0, 0.25]], [[0.5], [1.0]])
    found = ls.global_bounds(ls.mlp([2, 3, 1], "sigmoid", bias=False), "mse", several)
    assert (found.lipschitz.finite, found.smoothness.finite) == (None, None)
    assert answers(ls.mlp([2, 1, 1], "sigmoid", bias=False), "mse") == ("unknown", "unknown")
    assert answers(ls.mlp([2, 3, 1], "tanh"), "cross_entropy") == ("unknown", "unknown")
    assert ls.global_bounds(ls.uniform_mlp()).lipschitz.finite is None
    rest = ls.global_bounds(ls.mlp([2, 3, 1], "tanh", bias=False), inputs=ls.InputBall(0))
    assert rest.lipschitz.finite is None
    pieces = ls.Dataset([[1.0], [2.0]], [[5.0], [-5.0]])
    found = ls.global_bounds(ls.mlp([1, 2, 1], "tanh", "tanh"), ls.loss("huber", delta="1/10"), pieces)
    assert "cancel" in found.lipschitz.reason


def test_a_decision_is_no_truth_value() -> None:
    with pytest.raises(UndecidedTruthError):
        bool(ls.global_bounds(ls.mlp([1, 1], "tanh")).lipschitz)


def test_every_activation_is_decided() -> None:
    for name in ACTIVATIONS:
        for bias in (True, False):
            assert "unknown" not in answers(ls.mlp([1, 1, 1, 1], name, name, bias))
