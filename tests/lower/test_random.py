"""Random questions: the lower side never exceeds the upper one, and its witnesses reach it."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import lipsym as ls
from lipsym.bounds.stages import stages
from lipsym.enclose.derivatives import lipschitz_at, smoothness_lower
from lipsym.lower.candidates import candidates
from lipsym.lower.instance import ExactParameters, instance
from lipsym.nets.activations import ACTIVATIONS

CLOSE = Fraction(10**6 - 1, 10**6)
radii = st.sampled_from(["1/10", "1/2", "1", "3", "20"])


@st.composite
def networks(draw: st.DrawFn, outputs: int | None = None) -> ls.Network:
    layers: list[Any] = []
    width = draw(st.integers(1, 2))
    depth = draw(st.integers(1, 3))
    for block in range(1, depth + 1):
        after = outputs if outputs and block == depth else draw(st.integers(1, 3))
        layers.append(ls.Affine(width, after, block, draw(st.sampled_from([True, True, False]))))
        layers.append(ls.Elementwise(draw(st.sampled_from(sorted(set(ACTIVATIONS) - {"leaky_relu"}))), after))
        width = after
    return ls.Network(layers)


@st.composite
def regions(draw: st.DrawFn, network: ls.Network) -> Any:
    radius = draw(radii)
    kind = draw(st.sampled_from(["ball", "layers", "given", "around", "box"]))
    if kind == "ball":
        return ls.Ball(radius)
    if kind == "layers":
        return ls.ProductBall([draw(radii) for _ in network.blocks])
    if kind == "box":
        return ls.Box(f"-{radius}", draw(radii))
    generator = np.random.default_rng(draw(st.integers(0, 99)))
    centre = [
        (generator.normal(size=(a.outputs, a.inputs)) / 20, generator.normal(size=a.outputs) / 20 if a.bias else None)
        for a in map(network.affine, network.blocks)
    ]
    return ls.Ball(radius, centre) if kind == "around" else ls.ProductBall(radius, centre)


def arrays(theta: ExactParameters) -> list:
    return [(np.array(a, dtype=object), None if b is None else np.array(b, dtype=object)) for a, b in theta]


@given(data=st.data(), quantity=st.sampled_from(["lipschitz", "smoothness"]), size=st.sampled_from(["1/4", "1", "2"]))
@settings(max_examples=30, deadline=None, phases=[Phase.explicit, Phase.generate])
def test_networks(data: st.DataObject, quantity: str, size: str) -> None:
    network = data.draw(networks())
    region = data.draw(regions(network))
    low, high = (
        ls.derive(network, region, ls.InputBall(size), quantity, side=side, rule=rule)
        for side, rule in (("lower", "auto"), ("upper", "recursion"))
    )
    if not isinstance(low, ls.Bound) or not isinstance(high, ls.Bound):
        assert not isinstance(low, ls.Bound) or not isinstance(high, ls.Unbounded)
        return
    value = low.evaluate()
    assert value.lo <= high.evaluate().hi
    line, order = stages(network), 1 if quantity == "lipschitz" else 2
    best = Fraction(0)
    for candidate in candidates(line, order):  # type: ignore[arg-type]
        found = instance(network, region, ls.InputBall(size), candidate, {})
        assert found is not None
        assert region.contains(found.parameters, network)
        if order == 1:
            best = max(best, Fraction(lipschitz_at(network, found.parameters, found.x, 300).lo))
        else:
            theta, u, x = arrays(found.parameters), arrays(found.direction), np.array(found.x, dtype=object)
            best = max(best, smoothness_lower(network, theta, x, [u], 300))
    # Without a bias an argument may lie at a jump, or depend on a radius that this instance does not know.
    biased = all(layer.bias for layer in map(network.affine, network.blocks[1:]))
    assert not biased or best >= Fraction(value.lo) * CLOSE


@given(data=st.data(), quantity=st.sampled_from(["lipschitz", "smoothness"]), radius=radii, given_labels=st.booleans())
@settings(max_examples=30, deadline=None, phases=[Phase.explicit, Phase.generate])
def test_losses(data: st.DataObject, quantity: str, radius: str, given_labels: bool) -> None:
    name = data.draw(st.sampled_from(["mse", "cross_entropy", "logistic", "huber"]))
    network = data.draw(networks(outputs=2 if name == "cross_entropy" else 1))
    loss = ls.loss(name, weight_decay=data.draw(st.sampled_from([0, "1/10"])))
    region = ls.Ball(radius) if data.draw(st.booleans()) else ls.ProductBall(radius)
    labels = {"cross_entropy": [0, 1, 1], "logistic": [1, -1, -1]}.get(name, [[0.5], [2.0], [-0.25]])
    points = np.arange(3.0 * network.input_width).reshape(3, -1) / 4 - 0.5  # type: ignore[operator]
    inputs = ls.Dataset(points, labels) if given_labels else ls.InputBall(1, 2)
    low, high = (
        ls.derive(network, region, inputs, quantity, loss, side, rule)
        for side, rule in (("lower", "auto"), ("upper", "recursion"))
    )
    if isinstance(low, ls.Bound) and isinstance(high, ls.Bound):
        assert low.evaluate().lo <= high.evaluate().hi
    else:
        assert not isinstance(low, ls.Bound) or not isinstance(high, ls.Unbounded)
