"""Witnesses against global constants: certified, exact, fast, and never against a constant that holds."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
import sympy as sp
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

import lipsym as ls
from lipsym.cli import main
from lipsym.enclosure import End
from lipsym.errors import InputError
from lipsym.lower.divergence import Route
from lipsym.lower.instance import ExactParameters
from lipsym.nets.activations import ACTIVATIONS
from lipsym.refute.global_witness import Witness
from lipsym.refute.secant import curvature_excess, difference, length_squared, secant

CONSTANTS = (10, "1e30", "1e300")


def exactly(constant: int | str) -> Fraction:
    return Fraction(constant)


def again(network: ls.Network, found: Witness, precision: int) -> End:
    """The ratio, certified anew from the witness alone."""
    loss = None if found.loss is None else ls.loss(found.loss)
    ratio = secant(network, found.theta, found.theta_prime, found.quantity, found.x, loss, found.data, precision)
    return ratio.lo


NETWORKS = [
    *(ls.mlp([2, *[3] * (depth - 1), 1], "tanh", "tanh", bias) for depth in (2, 3, 4, 5) for bias in (True, False)),
    *(ls.mlp([2, *[3] * (depth - 1), 2], "sigmoid", "identity", bias) for depth in (2, 5) for bias in (True, False)),
    *(ls.mlp([1, *[1] * (depth - 1), 1], name, bias=False) for depth in (2, 5) for name in ("erf", "sigmoid", "elu")),
    ls.mlp([2, 2, 1], "sigmoid", "sigmoid", bias=False),
    ls.mlp([1, 1, 1], "sigmoid", "sin", bias=False),
    ls.mlp([1, 1, 1], "softplus", "gelu", bias=False),
    ls.mlp([2, 3, 3, 1], "relu", "relu", bias=False),
    ls.mlp([2, 3, 3, 1], "silu", "softsign"),
    ls.mlp([2, 2, 2, 1], "identity", bias=False),
    ls.Network([ls.Affine(1, 1, 1, bias=False), ls.Elementwise("sigmoid", 1), ls.Affine(1, 1, 2), ls.Affine(1, 1, 3)]),
]


@pytest.mark.parametrize("quantity", ["lipschitz", "smoothness"])
@pytest.mark.parametrize("network", NETWORKS, ids=str)
def test_every_constant_falls(network: ls.Network, quantity: str) -> None:
    for constant in CONSTANTS:
        started = time.perf_counter()
        found = ls.refute_global(network, constant, quantity)
        assert time.perf_counter() - started < 1
        assert isinstance(found, Witness), found
        assert found.ratio.lo > exactly(constant)
        assert all(isinstance(v, Fraction) for a, _ in found.theta for row in a for v in row)
        assert again(network, found, 2 * found.precision) > exactly(constant)


LEVELS = st.lists(
    st.tuples(st.integers(1, 2), st.sampled_from([*ACTIVATIONS, "leaky_relu(-3)", "sigmoid"]), st.booleans()),
    min_size=1,
    max_size=4,
)


@given(levels=LEVELS)
@settings(max_examples=150, deadline=None)
def test_every_network_of_the_table_is_decided_and_certified(levels: list[tuple[int, str, bool]]) -> None:
    layers: list[ls.Affine | ls.Elementwise] = []
    for block, (width, name, bias) in enumerate(levels, 1):
        before = layers[-1].outputs if layers else 2
        layers += [ls.Affine(before, width, block, bias), ls.Elementwise(name, width)]  # type: ignore[arg-type]
    network = ls.Network(layers)
    decisions = ls.global_bounds(network)
    for quantity, decision in (("lipschitz", decisions.lipschitz), ("smoothness", decisions.smoothness)):
        found = ls.refute_global(network, "1e300", quantity)
        assert decision.finite is not None
        written = decision.family is None or decision.family.route is not Route.TAIL
        assert isinstance(found, ls.Bound if decision.finite else Witness if written else ls.Unbounded)


def test_a_tampered_witness_is_caught() -> None:
    network = ls.mlp([2, 3, 1], "tanh")
    for quantity in ("lipschitz", "smoothness"):
        found = ls.refute_global(network, "1e30", quantity)
        assert isinstance(found, Witness)
        (a, b), *rest = found.theta_prime
        assert b is not None
        far = ((a, (b[0] + 10**6, *b[1:])), *rest)
        assert again(network, replace(found, theta_prime=far), found.precision) < 10**30
        flat, flat_prime = (
            tuple((tuple((Fraction(0),) * len(row) for row in m), c) for m, c in theta)
            for theta in (found.theta, found.theta_prime)
        )
        if flat != flat_prime:
            broken = replace(found, theta=flat, theta_prime=flat_prime)
            assert again(network, broken, found.precision) <= 1
    with pytest.raises(InputError):
        secant(network, found.theta, found.theta, "lipschitz", found.x)


def test_too_little_precision_proves_nothing() -> None:
    network = ls.mlp([2, 3, 1], "tanh")
    found = ls.refute_global(network, "1e300")
    assert isinstance(found, Witness)
    assert again(network, found, 128) < 10**300


def test_the_secant_of_a_linear_network_is_exact() -> None:
    theta: ExactParameters = ((((Fraction(1),),), (Fraction(0),)),)
    other: ExactParameters = ((((Fraction(4),),), (Fraction(4),)),)
    ratio = secant(ls.mlp([1, 1], "identity"), theta, other, "lipschitz", [2])
    assert length_squared(difference(theta, other)) == 25
    assert ratio.contains(Fraction(2))
    assert ratio.width < Fraction(1, 10**20)
    ratio = secant(ls.mlp([1, 1], "identity"), theta, other, "smoothness", [2])
    assert ratio.contains(0)


# Where a constant exists, the refuter says so


@pytest.mark.parametrize("constant", [1, 10, "1e300"])
def test_the_trap_has_no_witness(constant: int | str) -> None:
    pair = ls.mlp([1, 1, 1], "sigmoid", "sigmoid", bias=False)
    for quantity in ("lipschitz", "smoothness"):
        found = ls.refute_global(pair, constant, quantity)
        assert isinstance(found, ls.Bound)
        assert found.rules == ("global-sigmoid-pair",)
        assert found.evaluate().hi < 1
    wide = ls.refute_global(ls.mlp([1, 2, 1], "sigmoid", "sigmoid", bias=False), constant)
    assert isinstance(wide, Witness)


def test_depth_three_at_width_one() -> None:
    network = ls.mlp([1, 1, 1, 1], "sigmoid", "sigmoid", bias=False)
    for constant in (1, 10, 100):
        found = ls.refute_global(network, constant)
        assert isinstance(found, Witness)
        assert again(network, found, found.precision + 64) > constant
    found = ls.refute_global(network, "1e300")
    assert isinstance(found, ls.Unbounded)
    assert "too large" in found.reason


@pytest.mark.parametrize(
    ("network", "quantity", "loss"),
    [
        (ls.mlp([2, 3], [], "tanh"), "lipschitz", None),
        (ls.mlp([2, 3], [], "tanh"), "smoothness", None),
        (ls.mlp([2, 3, 1], "identity"), "smoothness", None),
        (ls.mlp([2, 3], [], "relu"), "lipschitz", "cross_entropy"),
        (ls.mlp([2, 1], [], "identity"), "smoothness", "mse"),
        (ls.mlp([2, 1], [], "tanh"), "L0L1", "mse"),
    ],
)
def test_a_bound_is_returned(network: ls.Network, quantity: str, loss: str | None) -> None:
    found = ls.refute_global(network, (1, 1) if quantity == "L0L1" else "1e9", quantity, loss)
    assert isinstance(found, ls.Bound)
    assert found.side == "upper"


def test_no_theorem_no_answer() -> None:
    shared = ls.Network([ls.Affine(2, 2, 1), ls.Elementwise("tanh", 2), ls.Affine(2, 2, 1)])
    assert isinstance(ls.refute_global(shared, 10), ls.Unknown)
    assert isinstance(ls.refute_global(ls.mlp([2, 1, 1], "sigmoid", bias=False), 10, "smoothness", "mse"), ls.Unknown)
    assert isinstance(ls.refute_global(ls.uniform_mlp(), 10), ls.Unknown)


# Losses


@pytest.mark.parametrize("decay", [0, "1/10"])
@pytest.mark.parametrize("name", ["mse", "huber", "logistic", "cross_entropy"])
def test_losses(name: str, decay: int | str) -> None:
    outputs = 3 if name == "cross_entropy" else 1
    labels = {"logistic": [1, -1], "cross_entropy": [2, 1], "mse": [[0.5], [2.0]], "huber": [[0.25], [0.25]]}[name]
    loss = ls.loss(name, weight_decay=decay)
    for network in (ls.mlp([2, 2, outputs], "tanh"), ls.mlp([2, 2, 2, outputs], "sigmoid", "softplus")):
        for data in (None, ls.Dataset([[1.0, 2.0], [0.0, -3.0]], labels)):
            for quantity, constant in (("lipschitz", "1e300"), ("smoothness", "1e300"), ("L0L1", ("1e300", "1e300"))):
                found = ls.refute_global(network, constant, quantity, loss, data)
                assert isinstance(found, Witness), found
                assert found.data is not None
                if quantity != "L0L1":
                    ratio = secant(
                        network, found.theta, found.theta_prime, quantity, None, loss, found.data, found.precision + 99
                    )
                    assert ratio.lo > 10**300


@pytest.mark.parametrize("decay", [0, "1/10"])
@pytest.mark.parametrize("name", ["mse", "huber", "logistic", "cross_entropy"])
def test_losses_without_biases(name: str, decay: int | str) -> None:
    outputs = 2 if name == "cross_entropy" else 1
    labels = {"logistic": [1, -1, 1], "cross_entropy": [1, 1, 0]}.get(name, [[0.5], [2.0], [-1.0]])
    data = ls.Dataset([[0.0, 0.0], [1.0, 2.0], [0.5, -3.0]], labels)
    loss = ls.loss(name, weight_decay=decay)
    cases = [
        (ls.mlp([2, 2, outputs], "tanh", bias=False), data),
        (ls.mlp([2, 3, 1, outputs], "gelu", bias=False), data),
    ]
    cases += [
        (ls.mlp([2, 1, outputs], "relu", bias=False), data),
        (ls.mlp([2, 2, outputs], "sigmoid", bias=False), None),
    ]
    for network, where in cases:
        for quantity, constant in (("lipschitz", "1e300"), ("smoothness", "1e300"), ("L0L1", ("1e300", "1e300"))):
            found = ls.refute_global(network, constant, quantity, loss, where)
            assert isinstance(found, Witness), (network.spec, quantity)
            if quantity != "L0L1":
                more = found.precision + 99
                ratio = secant(network, found.theta, found.theta_prime, quantity, None, loss, found.data, more)
                assert ratio.lo > 10**300


def test_one_affine_layer_with_squared_error() -> None:
    found = ls.refute_global(ls.mlp([2, 1], "identity"), "1e300", "lipschitz", "mse")
    assert isinstance(found, Witness)
    assert found.ratio.lo > 10**300


def test_stationary_points_of_a_linear_network() -> None:
    network, loss = ls.mlp([1, 1, 1], "identity", bias=False), ls.loss("mse")
    data = ls.Dataset([[2.0]], [[3.0]])
    found = ls.refute_global(network, ("1e300", "1e300"), "L0L1", loss, data)
    assert isinstance(found, Witness)
    (first, _), (second, _) = found.theta
    assert first[0][0] * second[0][0] == Fraction(3, 2)
    direction = difference(found.theta, found.theta_prime)
    assert curvature_excess(network, found.theta, direction, (Fraction(10**300),) * 2, loss, data, 9000).lo > 1
    tame: ExactParameters = ((((Fraction(3, 2),),), None), (((Fraction(1),),), None))
    assert curvature_excess(network, tame, direction, (Fraction(10**300),) * 2, loss, data, 9000).hi < 1


def test_inputs() -> None:
    network = ls.mlp([2, 3, 1], "tanh", bias=False)
    data = ls.Dataset([[0.0, 0.0], [0.25, 1.0]])
    found = ls.refute_global(network, "1e30", inputs=data)
    assert isinstance(found, Witness)
    assert found.x == (Fraction(1, 4), Fraction(1))
    root = ls.refute_global(network, "1e30", inputs=ls.InputBall(sp.sqrt(2) / 3))
    assert isinstance(root, Witness)
    assert root.x is not None
    assert sum(v * v for v in root.x) <= Fraction(2, 9)
    rest = ls.refute_global(network, "1e30", inputs=ls.InputBall(0))
    assert isinstance(rest, ls.Unknown)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ((ls.mlp([2, 3, 1], "tanh"), -1), "the constant -1"),
        ((ls.mlp([2, 3, 1], "tanh"), "R"), "the constant 'R'"),
        ((ls.mlp([2, "l", 1], "tanh"), 1), "the width l"),
        ((ls.mlp([2, 3, 1], "tanh"), 1, "hessian"), "the quantity 'hessian'"),
        ((ls.mlp([2, 3, 1], "tanh"), 1, "L0L1", "mse"), "the constant 1"),
        ((ls.mlp([2, 3, 1], "tanh"), (1, 1), "L0L1"), "an (L0, L1) claim"),
        ((ls.mlp([2, 3, 1], "tanh", bias=False), 1, "lipschitz", None, ls.InputBall("S")), "the radius S"),
    ],
)
def test_bad_input(arguments: tuple[object, ...], line: str) -> None:
    with pytest.raises(InputError) as caught:
        ls.refute_global(*arguments)  # type: ignore[arg-type]
    assert str(caught.value).startswith(line)
    assert len(str(caught.value).splitlines()) == 3


# The command line


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["refute", *arguments])


def test_the_command_writes_the_witness(tmp_path: Path) -> None:
    target = tmp_path / "witness.json"
    command = ("mlp:2-3-1:tanh:nobias", "--global", "--constant", "1e300", "--inputs", "ball:3/2", "--format", "json")
    result = run(*command, "--out", str(target))
    assert result.exit_code == 1
    document = json.loads(result.output)
    assert document == json.loads(target.read_text(encoding="utf-8"))
    assert document["verdict"] == "refuted"
    theta, theta_prime = (
        tuple(
            (tuple(tuple(map(Fraction, row)) for row in block["A"]), None if block["b"] is None else block["b"])
            for block in document[name]
        )
        for name in ("theta", "theta_prime")
    )
    network = ls.parse_network(document["network"])
    assert isinstance(network, ls.Network)
    ratio = secant(network, theta, theta_prime, "lipschitz", list(map(Fraction, document["x"])), precision=8000)
    assert ratio.lo > 10**300
    assert Fraction(document["ratio"]["lo"]) > 10**300


def test_the_command_in_words() -> None:
    refuted = run("mlp:2-3-1:tanh", "--global", "--constant", "1e30,10", "--quantity", "L0L1", "--loss", "mse")
    assert refuted.exit_code == 1
    assert "rule: global-l0l1" in refuted.output
    held = run("mlp:1-1-1:sigmoid:sigmoid:nobias", "--global", "--constant", "1e30")
    assert held.exit_code == 0
    assert "a global bound exists" in held.output
    open_ = run("mlp:2-1-1:sigmoid:nobias", "--global", "--constant", "2", "--loss", "mse", "--format", "json")
    assert open_.exit_code == 3
    assert json.loads(open_.output)["verdict"] == "undecided"


@pytest.mark.parametrize(
    "arguments",
    [
        ["mlp:2-3-1:tanh", "--global", "--constant", "3", "--claim", "R"],
        ["mlp:2-3-1:tanh", "--constant", "3"],
        ["mlp:2-3-1:tanh", "--global"],
        ["mlp:2-3-1:tanh", "--global", "--constant", "three"],
        ["mlp:2-3-1:tanh", "--global", "--constant", "3", "--weight-decay", "1"],
        ["mlp:2-l-1:tanh", "--global", "--constant", "3"],
    ],
)
def test_errors_have_three_lines(arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 3
