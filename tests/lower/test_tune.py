"""Witnesses tuned at numbers: above the standard ones, below the upper bound, and reached at exact parameters."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import lipsym as ls
from lipsym.enclose.derivatives import lipschitz_at, smoothness_lower
from lipsym.lower.tune import LowerWitness, lower_at

CLOSE = Fraction(10**7 - 1, 10**7)
SMALL = ("mlp:1-1-1:tanh:tanh", "mlp:1-1-1:sigmoid:sigmoid", "mlp:2-2-1:sin:nobias")


def reached(network: ls.Network, found: LowerWitness, quantity: str) -> Fraction:
    assert found.instance is not None
    theta, x, u = found.instance.parameters, found.instance.x, found.instance.direction
    if quantity == "lipschitz":
        return Fraction(lipschitz_at(network, theta, x, 300).lo)
    pairs, along = (
        [(np.array(a, dtype=object), None if b is None else np.array(b, dtype=object)) for a, b in t]
        for t in (theta, u)
    )
    return smoothness_lower(network, pairs, np.array(x, dtype=object), [along], 300)


@pytest.mark.parametrize("quantity", ["lipschitz", "smoothness"])
@pytest.mark.parametrize("spec", SMALL)
def test_tuned_witnesses(spec: str, quantity: str) -> None:
    network = ls.parse_network(spec)
    assert isinstance(network, ls.Network)
    for region in (ls.ProductBall("R"), ls.Ball("R")):
        at = {"R": Fraction(5, 4), "S": 1}
        found = lower_at(network, region, ls.InputBall("S"), quantity, at)
        standard, above = (ls.derive(network, region, ls.InputBall("S"), quantity, side=s) for s in ("lower", "upper"))
        assert isinstance(found, LowerWitness)
        assert found.value.hi >= standard.evaluate(at).lo
        assert found.value.lo <= above.evaluate(at).hi
        assert found.value.overlaps(found.bound.evaluate(at | dict(found.points)))
        assert found.instance is not None
        assert region.contains(found.instance.parameters, network, at)
        assert reached(network, found, quantity) >= Fraction(found.value.lo) * CLOSE


@pytest.mark.parametrize(
    ("spec", "quantity", "most"),
    [("mlp:1-1-1:tanh:tanh", "smoothness", "1.19"), ("mlp:1-1-1:tanh", "smoothness", "1.001"),
     ("mlp:1-1-1:tanh:tanh", "lipschitz", "1.001"), ("mlp:1-1-1:sigmoid:sigmoid", "smoothness", "1.16")],
)  # fmt: skip
def test_the_ratio_at_radius_1(spec: str, quantity: str, most: str) -> None:
    """The standard points alone give 2.25, 1.04, 1 and 1.16."""
    found = ls.sharpness(ls.parse_network(spec), ls.ProductBall("R"), ls.InputBall("S"), quantity)
    assert 1 <= found.at({"R": 1, "S": 1}).hi < Fraction(most)


def test_losses_and_data() -> None:
    network, region, at = ls.mlp([2, 2, 1], "tanh"), ls.ProductBall("R"), {"R": 1, "Y": 1}
    for inputs in (ls.InputBall(1), ls.Dataset([[1.0, 0.5], [0.25, -1.0]], [[0.5], [1.0]])):
        for quantity in ("lipschitz", "smoothness"):
            found = lower_at(network, region, inputs, quantity, at, "mse")
            standard, above = (ls.derive(network, region, inputs, quantity, "mse", side=s) for s in ("lower", "upper"))
            assert isinstance(found, LowerWitness)
            assert standard.evaluate(at).lo <= found.value.hi
            assert found.value.lo <= above.evaluate(at).hi


def test_what_is_not_tuned() -> None:
    assert isinstance(
        lower_at(ls.uniform_mlp(), ls.Ball(1), ls.InputBall(1), "lipschitz", {"m": 3, "l": 2}), ls.Unknown
    )
    numbered = lower_at(ls.uniform_mlp(3, 2), ls.Ball(1), ls.InputBall(1))
    assert isinstance(numbered, LowerWitness)
    kinked = lower_at(ls.mlp([1, 1, 1], "relu"), ls.Ball(1), ls.InputBall(1), "smoothness")
    assert isinstance(kinked, ls.Unbounded)
    wide = lower_at(ls.mlp([1, "l", 1], "tanh"), ls.Ball(1), ls.InputBall(1), "lipschitz", {"l": 4})
    assert isinstance(wide, LowerWitness)
    assert wide.instance is None


@pytest.mark.parametrize(
    ("spec", "quantity"),
    [("mlp:1-1-1:tanh", "lipschitz"), ("mlp:1-1-1:tanh", "smoothness"), ("mlp:1-1-1:sigmoid", "lipschitz"),
     ("mlp:1-2:sin:sin", "smoothness")],
)  # fmt: skip
def test_the_certified_supremum_lies_between_the_sides(spec: str, quantity: str) -> None:
    network, at = ls.parse_network(spec), {"R": Fraction(3, 2), "S": 1}
    assert isinstance(network, ls.Network)
    question = network, ls.ProductBall("R"), ls.InputBall("S"), quantity
    below, above = lower_at(*question, at), ls.derive(*question).evaluate(at)
    between = ls.enclose(*question, at, gap="1/20", budget=20)
    assert isinstance(below, LowerWitness)
    assert below.value.lo <= between.hi
    assert between.lo <= above.hi
    assert below.value.lo * Fraction(11, 10) >= between.lo  # the witness is near the supremum
