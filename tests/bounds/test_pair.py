"""Generalised smoothness on regions: never violated at certified points, and nearly reached."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import lipsym as ls
from lipsym.bounds.pair import SmoothnessPair, smoothness_pair
from lipsym.enclose.losses import loss_lipschitz_lower, loss_smoothness_lower

LABELS = {"mse": [[30.0]], "huber": [[3.0]], "logistic": [1], "cross_entropy": [1]}


def data_for(name: str) -> ls.Dataset:
    labels = np.array(LABELS[name]).repeat(2, 1) if name in ("mse", "huber") else LABELS[name]
    return ls.Dataset([[0.5, -1.0]], labels if name in ("logistic", "cross_entropy") else labels[:, :1])


@pytest.mark.parametrize("decay", [0, "1/5"])
@pytest.mark.parametrize("name", sorted(LABELS))
def test_the_pair_holds_at_random_points(name: str, decay: int | str) -> None:
    network = ls.mlp([2, 2, 2 if name == "cross_entropy" else 1], "tanh")
    loss, data = ls.loss(name, weight_decay=decay), data_for(name)
    region = ls.Ball(2)
    pair = smoothness_pair(network, region, data, loss)
    assert isinstance(pair, SmoothnessPair)
    assert pair.each_sample
    first, second = (Fraction(b.evaluate().hi) for b in (pair.L0, pair.L1))
    generator, tight = np.random.default_rng(3), Fraction(0)
    for size in (0.1, 0.5, 1.0, 1.9):
        theta = [
            (generator.normal(size=(layer.outputs, layer.inputs)), generator.normal(size=layer.outputs))
            for layer in map(network.affine, network.blocks)
        ]
        length = np.sqrt(sum((p * p).sum() for block in theta for p in block))
        theta = [tuple(p * size / length for p in block) for block in theta]
        curved = loss_smoothness_lower(network, theta, data, loss)  # type: ignore[arg-type]
        steep = loss_lipschitz_lower(network, theta, data, loss)  # type: ignore[arg-type]
        assert curved <= first + second * steep * Fraction(1001, 1000)  # a lower bound stands for the gradient
        tight = max(tight, curved / (first + second * steep))
    assert tight > Fraction(1, 100)


def test_a_smaller_pair_fails() -> None:
    """Small radius, large residual: the mixed block is all there is, and the pair is nearly reached."""
    network, loss = ls.mlp([1, 1, 1], "tanh"), ls.loss("mse")
    data = ls.Dataset([[1.0]], [[4096.0]])
    pair = smoothness_pair(network, ls.ProductBall("1/100"), data, loss)
    first, second = (Fraction(b.evaluate().hi) for b in (pair.L0, pair.L1))
    theta = [([[0.0]], [0.0]), ([[0.0]], [0.0])]
    curved, steep = loss_smoothness_lower(network, theta, data, loss), loss_lipschitz_lower(network, theta, data, loss)
    assert curved <= first + second * steep
    assert curved > first + second * steep * Fraction(98, 100)


@pytest.mark.parametrize("weight", [0.0, 3.0, 12.0])
def test_the_softmax_constant(weight: float) -> None:
    """``‖∇²g‖ ≤ 2‖∇g‖``, down to confident outputs."""
    network, loss = ls.mlp([1, 3], "identity"), ls.loss("cross_entropy")
    data, theta = ls.Dataset([[0.0]], [0]), [([[0.0]] * 3, [weight, 0.0, -1.0])]
    curved, steep = loss_smoothness_lower(network, theta, data, loss), loss_lipschitz_lower(network, theta, data, loss)
    assert 0 < curved <= 2 * steep


def test_averages_have_the_smoothness_constant() -> None:
    network, region, inputs = ls.mlp([2, 2, 1], "tanh"), ls.ProductBall("R"), ls.InputBall("S")
    pair = smoothness_pair(network, region, inputs, "mse")
    whole = ls.derive(network, region, inputs, "smoothness", "mse")
    at = {"R": 2, "S": 1, "Y": 1}
    assert pair.L0.evaluate(at).overlaps(whole.evaluate(at))
    assert pair.L1.evaluate(at).hi == 0
    single = smoothness_pair(network, region, inputs, "mse", each_sample=True)
    assert single.L1.evaluate(at).lo > 0
    assert not {s.symbol for s in single.L0.steps} & {s.symbol for s in single.L1.steps}
    assert single.L1.rules[-1] == "l0l1-region"
    assert "one sample" in single.L0.hypotheses[-1]
    kinked = smoothness_pair(ls.mlp([2, 2, 1], "relu"), region, inputs, "mse", each_sample=True)
    assert isinstance(kinked, ls.Unbounded)
