"""Controlled equations: shapes, texts, and errors."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import lipsym as ls
from lipsym.errors import InputError
from lipsym.nets.controls import Jumps, Time
from lipsym.nets.fields import JetField, LayerField
from lipsym.nets.network import mlp
from lipsym.nets.odes import ControlledODE, jump_network, neural_cde, neural_ode, residual
from lipsym.nets.specs import parse_network

TEXTS = (
    "node:2:tanh:1",
    "node:2:tanh:T",
    "node:l-8:sigmoid:3/2:nobias",
    "node:2:identity:T:timed",
    "resnet:4-50:tanh:1/50",
    "resnet:4-3-7:sin:h+1:shared",
    "ncde:4:tanh:V,2",
    "ncde:4-3:softplus:1:nobias",
)


@pytest.mark.parametrize("text", TEXTS)
def test_texts_are_read_back(text: str) -> None:
    ode = parse_network(text)
    assert isinstance(ode, ControlledODE)
    assert parse_network(ode.spec) == ode


@pytest.mark.parametrize(
    "text",
    [
        "node:2:tanh",
        "node:2-3-4:tanh:1",
        "node:2:tanh:1:shared",
        "resnet:4:tanh:1",
        "resnet:4-0:tanh:1",
        "ncde:4:tanh:",
        "resnet:4-n:tanh:1",
        "node:2:tanh:1:timed:timed",
        "node::tanh:1",
        "node:2:tnh:1",
        "resnet:4-5:tanh:0",
        "ncde:2:tanh:oo",
    ],
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_network(text)
    assert len(str(caught.value).splitlines()) == 3


def test_shapes_serve_the_regions() -> None:
    ode = neural_ode(2, "tanh", 1, hidden=3)
    assert ode.blocks == (1, 2)
    assert (ode.affine(1).shape, ode.affine(2).shape, ode.parameter_count) == ((3, 2, True), (2, 3, True), 17)
    given = [(np.zeros((3, 2)), np.zeros(3)), (np.ones((2, 3)), np.zeros(2))]
    assert ls.Ball(3).contains(given, ode)
    assert not ls.Ball(2).contains(given, ode)
    assert [ball.radius for ball in ls.Box(-1, 1).blocks(neural_ode(1))] == [ls.parse("sqrt(2)")]
    assert "2 parameter blocks" in ls.ProductBall("R").describe(ode)


def test_residual_networks_are_euler_steps() -> None:
    ode = residual(2, 3, "1/3", shared=True)
    assert (ode.horizon, len(ode.blocks), len(residual(2, 3).blocks)) == (1, 1, 3)
    assert ode.as_network() is None
    assert residual(2, 3, "1/3", hidden=5).blocks == (1, 2, 3, 4, 5, 6)


def test_a_network_and_its_jumps() -> None:
    for network in (mlp([2, 8, 1], "tanh"), mlp([3, 3, 3], "sin", output="tanh", bias=False)):
        ode = jump_network(network)
        assert ode.as_network() == network
        assert ode.width == max(layer.outputs for layer in network.layers)
    halved = ControlledODE([LayerField(mlp([2, 2], []), minus_identity=True)], Jumps(["1/2"]), 1)
    assert halved.as_network() is None


@pytest.mark.parametrize(
    ("make", "fails"),
    [
        (lambda: neural_ode(2, "tanh", -1), "not negative"),
        (lambda: neural_ode(2, "tnh"), "not in the table"),
        (lambda: ControlledODE([lambda x: x], Time()), "no local jet"),
        (lambda: ControlledODE([mlp([2, 2], [])], "time"), "finite variation"),  # type: ignore[arg-type]
        (lambda: ControlledODE([], Time()), "drives one field"),
        (lambda: neural_cde(2, "tanh", []), "at least one channel"),
        (lambda: ControlledODE([mlp([2, 2], []), mlp([3, 3], [])], Jumps([[1, 1]])), "share a block"),
        (lambda: JetField(["a*x"], ["x"], ["a"]), "local jet"),
        (lambda: JetField(["a*x"], ["x"], ["a"], {"value": 1, "u": 1}), "local jet"),
        (lambda: JetField(["a*y"], ["x"], ["a"], {"value": 1, "u": 1, "p": 1}), "neither a coordinate"),
        (lambda: JetField(["a*x"], ["x"], ["a"], {"value": "q", "u": 1, "p": 1}), "nu, the norm"),
        (lambda: residual(2, 3, 0), "positive"),
        (lambda: residual(2, 0), "positive number"),
        (lambda: neural_ode(2).affine(7), "blocks"),
    ],
)
def test_bad_equations_are_refused_in_three_lines(make: Callable[[], object], fails: str) -> None:
    with pytest.raises(InputError, match=fails) as caught:
        make()
    assert len(str(caught.value).splitlines()) == 3
