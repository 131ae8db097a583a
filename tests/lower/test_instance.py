"""Witnesses as exact parameters: inside the region, and reaching what their formulas say."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest

import lipsym as ls
from lipsym.bounds.stages import stages
from lipsym.enclose.derivatives import lipschitz_at, smoothness_lower
from lipsym.enclose.losses import loss_lipschitz_lower, loss_smoothness_lower
from lipsym.lower.candidates import Candidate, candidates
from lipsym.lower.instance import ExactParameters, Instance, instance
from lipsym.lower.lower_bound import lower_bound
from lipsym.nets.activations import ACTIVATIONS

NAMES = sorted(set(ACTIVATIONS) - {"relu", "leaky_relu"})
VALUES = {"R": Fraction(3, 2), "S": Fraction(3, 4)}
CLOSE = Fraction(10**7 - 1, 10**7)
"""What rounding, and the step beside a jump, may cost."""


def built(network: ls.Network, region: object, candidate: Candidate, loss: object = None) -> Instance:
    found = instance(network, region, ls.InputBall("S"), candidate, VALUES, loss)  # type: ignore[arg-type]
    assert found is not None
    assert region.contains(found.parameters, network, VALUES)  # type: ignore[attr-defined]
    return found


def arrays(theta: ExactParameters) -> list:
    return [(np.array(a, dtype=object), None if b is None else np.array(b, dtype=object)) for a, b in theta]


def reached(network: ls.Network, found: Instance, order: int) -> Fraction:
    if order == 1:
        return Fraction(lipschitz_at(network, found.parameters, found.x, 400).lo)
    x, direction = np.array(found.x, dtype=object), arrays(found.direction)
    return smoothness_lower(network, arrays(found.parameters), x, [direction], 400)


def loss_reached(network: ls.Network, found: Instance, order: int, data: ls.Dataset, loss: object) -> Fraction:
    theta = arrays(found.parameters)
    if order == 1:
        return loss_lipschitz_lower(network, theta, data, loss, 400)  # type: ignore[arg-type]
    return loss_smoothness_lower(network, theta, data, loss, [arrays(found.direction)], 400)  # type: ignore[arg-type]


def stated(network: ls.Network, region: object, order: int, candidate: Candidate) -> tuple[Fraction, Fraction]:
    quantity = {1: "lipschitz", 2: "smoothness"}[order]
    bound = lower_bound(network, region, ls.InputBall("S"), quantity, None, [candidate])  # type: ignore[arg-type]
    assert isinstance(bound, ls.Bound)
    value = bound.evaluate(VALUES)
    return Fraction(value.lo), Fraction(value.hi)


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("name", NAMES)
def test_every_witness_of_the_table_reaches_its_bound(name: str, order: int) -> None:
    networks = [ls.mlp([1, 2, 2], name, name), ls.mlp([1, 2, 2, 1], name), ls.mlp([1, 2, 1], name, bias=False)]
    for network, region in product(networks, (ls.ProductBall("R"), ls.Ball("R"))):
        line = stages(network)
        assert line is not None
        for candidate in candidates(line, order):
            low, _ = stated(network, region, order, candidate)
            found = reached(network, built(network, region, candidate), order)
            assert found >= low * CLOSE, (network.spec, region.spec, candidate)


def test_order_1_of_the_rectifiers() -> None:
    for region in (ls.ProductBall("R"), ls.Ball("R")):
        network = ls.mlp([1, 2, 2, 1], "relu")
        for candidate in candidates(stages(network), 1):  # type: ignore[arg-type]
            low, high = stated(network, region, 1, candidate)
            found = reached(network, built(network, region, candidate), 1)
            assert low * CLOSE <= found <= high / CLOSE


def test_a_slightly_larger_claim_fails_at_the_witness() -> None:
    # Widths 1: the witness's derivative is exactly what the formula states, so 0.01 % more is refuted there.
    network, region = ls.mlp([1, 1, 1], "tanh", "tanh"), ls.ProductBall("R")
    (candidate,) = candidates(stages(network), 1)  # type: ignore[arg-type]
    low, high = stated(network, region, 1, candidate)
    found = reached(network, built(network, region, candidate), 1)
    assert low * CLOSE <= found <= high / CLOSE
    assert found < low * Fraction(10001, 10000)


@pytest.mark.parametrize("loss", ["mse", "cross_entropy", "logistic"])
@pytest.mark.parametrize("quantity", ["lipschitz", "smoothness"])
def test_witnesses_of_losses(loss: str, quantity: str) -> None:
    """The labels of the proof are admissible data: the best of them reaches the bound."""
    outputs = 2 if loss == "cross_entropy" else 1
    objective = ls.loss(loss, weight_decay="1/10")
    labels = {"mse": [[[1.0]], [[-1.0]]], "logistic": [[1], [-1]], "cross_entropy": [[0], [1]]}[loss]
    for region in (ls.ProductBall("R"), ls.Ball("R")):
        network = ls.mlp([1, 2, outputs], "tanh")
        bound = lower_bound(network, region, ls.InputBall("S", 1), quantity, objective)
        assert isinstance(bound, ls.Bound)
        best, order = Fraction(0), 1 if quantity == "lipschitz" else 2
        for candidate in candidates(stages(network), order, None, objective):  # type: ignore[arg-type]
            found = built(network, region, candidate, objective)
            for y in labels:
                data = ls.Dataset([[float(found.x[0])]], y)
                best = max(best, loss_reached(network, found, order, data, objective))
        assert best >= Fraction(bound.evaluate(VALUES).lo) * CLOSE


@pytest.mark.parametrize("quantity", ["lipschitz", "smoothness"])
@pytest.mark.parametrize("loss", ["mse", "cross_entropy", "logistic"])
def test_given_labels(loss: str, quantity: str) -> None:
    points = [[0.5, -1.0], [2.0, 0.25], [1.0, 1.0]]
    outputs = 3 if loss == "cross_entropy" else 1
    y = {"mse": [[0.5], [2.0], [-0.25]], "logistic": [1, -1, 1], "cross_entropy": [0, 2, 2]}[loss]
    data, objective = ls.Dataset(points, y), ls.loss(loss, weight_decay="1/10")
    for network, region in (
        (ls.mlp([2, 2, outputs], "tanh"), ls.Ball("R")),
        (ls.mlp([2, 2, outputs], "sigmoid", "tanh"), ls.ProductBall("R")),
    ):
        low, high = (ls.derive(network, region, data, quantity, objective, side=s) for s in ("lower", "upper"))
        assert isinstance(low, ls.Bound)
        best, order = Fraction(0), 1 if quantity == "lipschitz" else 2
        for candidate in candidates(stages(network), order, None, objective):  # type: ignore[arg-type]
            for output in product(range(outputs), (1, -1)):
                found = instance(network, region, data, candidate, VALUES, objective, output)
                assert found is not None
                best = max(best, loss_reached(network, found, order, data, objective))
        value = Fraction(low.evaluate(VALUES).lo)
        assert 0 < value * CLOSE <= best <= Fraction(high.evaluate(VALUES).hi)


CENTRE = [([[0.25], [0.0]], [0.0, 0.5]), ([[0.125, 0.0]], [0.25])]
HI = [(np.full((2, 1), 0.75), np.full(2, 1.0)), (np.full((1, 2), 1.0), np.full(1, 2.0))]
LO = [(-a, -b) for a, b in HI]


@pytest.mark.parametrize(
    "region",
    [
        ls.ProductBall("R", CENTRE),
        ls.Ball("R", CENTRE),
        ls.ProductBall(2, CENTRE),
        ls.Box("-R", "R"),
        ls.Box(-1, "R"),
        ls.Box(LO, HI),
    ],
    ids=lambda region: region.spec,
)
@pytest.mark.parametrize("order", [1, 2])
def test_regions_that_contain_a_ball_around_0(region: object, order: int) -> None:
    network, quantity = ls.mlp([1, 2, 1], "tanh"), {1: "lipschitz", 2: "smoothness"}[order]
    low, high = (ls.derive(network, region, ls.InputBall("S"), quantity, side=s) for s in ("lower", "upper"))  # type: ignore[arg-type]
    assert isinstance(low, ls.Bound)
    assert isinstance(high, ls.Bound)
    assert "inscribed-ball" in low.rules
    value = low.evaluate(VALUES)
    assert 0 < value.lo <= high.evaluate(VALUES).hi
    best = max(reached(network, built(network, region, c), order) for c in candidates(stages(network), order))  # type: ignore[arg-type]
    assert best >= Fraction(value.lo) * CLOSE


def test_a_radius_below_the_norm_of_the_centre_gives_nothing() -> None:
    network = ls.mlp([1, 2, 1], "tanh")
    for region in (ls.ProductBall("R", CENTRE), ls.Ball("R", CENTRE)):
        bound = ls.derive(network, region, ls.InputBall("S"), side="lower")
        assert bound.evaluate({"R": Fraction(1, 4), "S": 1}).lo == 0
        assert any("exceeds the norm of the centre" in h for h in bound.hypotheses)
    for nothing in (ls.ProductBall("1/4", CENTRE), ls.Ball(0), ls.Box(1, 2), ls.Box(0, "R")):
        assert isinstance(ls.derive(network, nothing, ls.InputBall("S"), side="lower"), ls.Unknown)


def test_symbolic_widths_have_no_instance() -> None:
    network = ls.mlp([1, "l", 1], "tanh")
    (candidate,) = candidates(stages(network), 1)  # type: ignore[arg-type]
    assert instance(network, ls.Ball(1), ls.InputBall(1), candidate, {}) is None
