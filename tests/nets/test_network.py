"""Networks and their texts."""

from __future__ import annotations

import pytest
import sympy as sp

from lipsym.errors import InputError
from lipsym.nets.activations import ACTIVATIONS, activation
from lipsym.nets.layers.affine import Affine
from lipsym.nets.layers.elementwise import Elementwise
from lipsym.nets.network import Network, mlp
from lipsym.nets.specs import NETWORK_FORMS, parse_network
from lipsym.nets.uniform import UniformNetwork, uniform_mlp
from lipsym.nets.widths import width


def test_mlp_is_affine_then_activation() -> None:
    network = mlp([2, 8, 3, 1], ["tanh", "sin"], output="sigmoid")
    assert [type(layer).__name__ for layer in network.layers] == ["Affine", "Elementwise"] * 3
    assert [layer.activation.name for layer in network.layers[1::2]] == ["tanh", "sin", "sigmoid"]
    assert network.blocks == (1, 2, 3)
    assert network.depth == 3
    assert (network.input_width, network.output_width) == (2, 1)
    assert network.parameter_count == 8 * 3 + 3 * 9 + 1 * 4
    assert network.affine(2).shape == (3, 8, True)


def test_identity_activations_are_left_out() -> None:
    assert [type(layer) for layer in mlp([2, 3, 1], "identity").layers] == [Affine, Affine]
    assert [type(layer) for layer in mlp([2, 3, 1], "tanh").layers] == [Affine, Elementwise, Affine]


def test_symbolic_widths() -> None:
    network = mlp(["n", "l", 1], "tanh", bias=False)
    n, l = (sp.Symbol(name, integer=True, positive=True) for name in "nl")  # noqa: E741
    assert (network.input_width, network.affine(1).outputs) == (n, l)
    assert sp.expand(network.parameter_count - (n * l + l)) == 0
    assert mlp([sp.Symbol("n"), sp.Symbol("l"), 1], "tanh", bias=False) == network


def test_a_shared_block_counts_once() -> None:
    shared = Network([Affine(3, 3, 7), Elementwise("tanh", 3), Affine(3, 3, 7), Affine(3, 1, 2)])
    assert shared.blocks == (7, 2)
    assert shared.depth == 3
    assert shared.parameter_count == 12 + 4
    assert shared.spec == "affine 3-3 (block 7) > tanh > affine 3-3 (block 7) > affine 3-1 (block 2)"


@pytest.mark.parametrize(
    "text",
    [
        "mlp:2-8-1:tanh",
        "mlp:2-8-1:tanh:sigmoid",
        "mlp:2-8-1:tanh:nobias",
        "mlp:2-8-1:tanh:sigmoid:nobias",
        "mlp:n-l-1:tanh",
        "mlp:2-1:identity",
        "mlp:2-1:identity:softplus",
        "mlp:2-3-1:identity",
        "mlp:2-3-4-1:tanh,leaky_relu(1/10):relu",
        "uniform:m-l:tanh",
        "uniform:3-l:sigmoid:tanh:nobias",
        *(f"mlp:1-1-1:{name}" for name in ACTIVATIONS),
    ],
)
def test_specs_are_read_back(text: str) -> None:
    network = parse_network(text)
    assert network.spec == str(network) == text
    assert parse_network(network.spec) == network


def test_every_printed_form_is_read() -> None:
    for form in NETWORK_FORMS:
        assert parse_network(form.split(" ")[0])


@pytest.mark.parametrize(
    "layers",
    [
        [Affine(2, 3, 2), Affine(3, 1, 1)],
        [Affine(2, 3, 1), Elementwise("tanh", 3), Elementwise("tanh", 3)],
        [Elementwise("tanh", 3)],
        [Affine(2, 3, 1), Affine(3, 1, 2, bias=False)],
        [Affine(2, 3, 1), Elementwise("identity", 3), Affine(3, 1, 2)],
        [Affine(2, 3, 1), Affine(3, 3, 2), Affine(3, 3, 2)],
    ],
)
def test_other_forms_are_not_called_mlp(layers: list[Affine | Elementwise]) -> None:
    assert not Network(layers).spec.startswith("mlp")


def test_uniform_network_at_numbers() -> None:
    network = uniform_mlp()
    assert network.spec == "uniform:m-l:tanh"
    assert isinstance(network, UniformNetwork)
    assert network.at(3, 4, inputs=2) == mlp([2, 4, 4, 4], "tanh")
    assert network.at(2).spec == "mlp:l-l-l:tanh"
    assert uniform_mlp(2, 3, "sin", "tanh", bias=False).at(inputs=1) == mlp([1, 3, 3], "sin", "tanh", bias=False)
    with pytest.raises(InputError, match="give a depth"):
        network.at()


@pytest.mark.parametrize("wrong", [0, -1, True, "0", "2.5", "a b", None, sp.Rational(1, 2), sp.pi, sp.Integer(-2), "E"])
def test_widths_that_are_none(wrong: object) -> None:
    with pytest.raises(ValueError, match=r".+\n.+\n.+"):
        width(wrong)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: mlp([2], "tanh"), "at least two widths"),
        (lambda: mlp("2-8-1", "tanh"), "at least two widths"),
        (lambda: mlp([2, 8, 1], ["tanh", "sin"]), "2 activations were given for 1 hidden layers"),
        (lambda: mlp([2, 8, 1], "tan"), "table of activations"),
        (lambda: mlp([2, 0, 1], "tanh"), "positive integer"),
        (lambda: Network([]), "at least one layer"),
        (lambda: Network(["tanh"]), "at least one layer"),
        (lambda: Network([Affine(2, 3, 1), Affine(2, 3, 2)]), "3 outputs is followed by one with 2 inputs"),
        (lambda: Network([Affine(2, 2, 1), Affine(2, 2, 1, bias=False)]), "layers that share a block"),
        (lambda: Affine(2, 3, block="a"), "identified by an integer"),
        (lambda: mlp([2, 1], "tanh").affine(5), "has the blocks"),
        (lambda: parse_network("mlp:2-8-1"), "mlp:2-8-1:tanh"),
        (lambda: parse_network("rnn:2-8-1:tanh"), "uniform:m-l:tanh"),
        (lambda: parse_network("mlp:2--1:tanh"), "positive integer"),
        (lambda: parse_network("mlp:2-8-1:tanh:"), "none of the known forms"),
        (lambda: parse_network("mlp:2-8-1:tanh:sigmoid:tanh:nobias"), "none of the known forms"),
        (lambda: parse_network("mlp:2-8-1:tanhh"), "table of activations"),
        (lambda: parse_network("uniform:m-l-n:tanh"), "none of the known forms"),
        (lambda: parse_network(""), "none of the known forms"),
        (lambda: parse_network(None), "none of the known forms"),
    ],
)
def test_errors_have_three_lines(make: object, says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        make()  # type: ignore[operator]
    assert len(str(caught.value).splitlines()) == 3


def test_elementwise_takes_names_and_records() -> None:
    assert Elementwise("tanh", 2) == Elementwise(activation("tanh"), sp.Integer(2))
    assert hash(mlp([1, 2, 1], "tanh")) == hash(mlp([1, 2, 1], activation("tanh")))
