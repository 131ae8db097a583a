"""Networks: layers one after the other.

Invariant: the widths of neighbouring layers fit, and layers that share a block have the same shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import sympy as sp

from lipsym.errors import InputError
from lipsym.nets.activations import Activation
from lipsym.nets.layers.affine import Affine
from lipsym.nets.layers.elementwise import Elementwise
from lipsym.nets.widths import Width, width

Layer = Affine | Elementwise
"""What a network is made of."""


@dataclass(frozen=True, slots=True)
class Network:
    """A composition of layers, ``N_θ = f_L ∘ … ∘ f_1``.

    Args:
        layers: the layers from the input to the output.

    Raises:
        InputError: if there is no layer, if neighbouring widths differ, or if layers that share a block differ in
            shape.

    Example:
        >>> network = Network([Affine(2, 3, block=1), Elementwise("tanh", 3), Affine(3, 1, block=2)])
        >>> network.spec, network.blocks, network.parameter_count
        ('mlp:2-3-1:tanh', (1, 2), 13)
    """

    layers: tuple[Layer, ...]

    def __init__(self, layers: Sequence[Layer]) -> None:
        object.__setattr__(self, "layers", tuple(layers))
        _check(self.layers)

    @property
    def input_width(self) -> Width:
        """Length of the input."""
        return self.layers[0].inputs

    @property
    def output_width(self) -> Width:
        """Length of the output."""
        return self.layers[-1].outputs

    @property
    def blocks(self) -> tuple[int, ...]:
        """Identifiers of the parameter blocks in order of first use."""
        return tuple(dict.fromkeys(layer.block for layer in self.layers if isinstance(layer, Affine)))

    @property
    def depth(self) -> int:
        """The number of affine layers."""
        return sum(isinstance(layer, Affine) for layer in self.layers)

    @property
    def parameter_count(self) -> Width:
        """The number of parameters; a shared block counts once."""
        count = sp.Add(*(self.affine(block).parameter_count for block in self.blocks))
        return int(count) if count.is_Integer else count

    def affine(self, block: int) -> Affine:
        """The first affine layer with this block.

        Raises:
            InputError: if the network has no such block.
        """
        for layer in self.layers:
            if isinstance(layer, Affine) and layer.block == block:
                return layer
        raise InputError(
            f"the block {block!r} was asked for", f"this network has the blocks {self.blocks}", "choose one of these"
        )

    @property
    def spec(self) -> str:
        """The network as text: ``mlp:...``, which ``parse_network`` reads back, or else its layers in order."""
        return _mlp_spec(self.layers) or " > ".join(_layer_text(layer) for layer in self.layers)

    def __str__(self) -> str:
        return self.spec


def mlp(
    widths: Sequence[Width | str],
    activation: str | Activation | Sequence[str | Activation],
    output: str | Activation = "identity",
    bias: bool = True,
) -> Network:
    """A feed-forward network.

    Let ``widths = (ℓ_0, …, ℓ_m)``. Then ``N_k = σ_k(A_k N_{k−1} + b_k)`` for ``k = 1..m``, ``N_0 = x``, and block ``k``
    is ``(A_k, b_k)``.

    Args:
        widths: at least two, ints or symbols.
        activation: of every hidden layer, or one for each.
        output: activation of the last layer.
        bias: whether the layers have ``b_k``.

    Returns:
        The ``Network``; identity activations are left out.

    Raises:
        InputError: for fewer than two widths, a width that is not a positive integer, an unknown activation, or a
            number of activations other than the number of hidden layers.

    Example:
        >>> print(mlp([2, 8, 1], "tanh"))
        mlp:2-8-1:tanh
        >>> print(mlp(["n", "l", "l", 1], ["tanh", "sin"], output="sigmoid", bias=False))
        mlp:n-l-l-1:tanh,sin:sigmoid:nobias
    """
    if isinstance(widths, str) or len(widths) < 2:
        raise InputError(
            f"the widths {widths!r} were given",
            "a feed-forward network has at least two widths, of its input and of its output",
            "give a list such as [2, 8, 1]",
        )
    sizes = [width(value) for value in widths]
    hidden = len(sizes) - 2
    given = [activation] * hidden if isinstance(activation, str | Activation) else list(activation)
    if len(given) != hidden:
        raise InputError(
            f"{len(given)} activations were given for {hidden} hidden layers",
            "a list of activations has one for each hidden layer",
            "give one activation for all hidden layers, or as many as there are",
        )
    layers: list[Layer] = []
    for k, ((inputs, outputs), name) in enumerate(zip(pairwise(sizes), [*given, output], strict=True), 1):
        layers.append(Affine(inputs, outputs, k, bias))
        layer = Elementwise(name, outputs)  # type: ignore[arg-type]
        if layer.activation.name != "identity":
            layers.append(layer)
    return Network(layers)


def _check(layers: tuple[Layer, ...]) -> None:
    if not layers or not all(isinstance(layer, Layer) for layer in layers):
        raise InputError(
            f"the layers {layers!r} were given",
            "a network has at least one layer, and each is an Affine or an Elementwise",
            "give a list such as [Affine(2, 3, block=1), Elementwise('tanh', 3)]",
        )
    for before, after in pairwise(layers):
        if before.outputs != after.inputs:
            raise InputError(
                f"a layer with {before.outputs} outputs is followed by one with {after.inputs} inputs",
                "the output of a layer is the input of the next",
                "make the two widths equal",
            )
    check_shared_blocks(layers)


def check_shared_blocks(layers: Sequence[Layer]) -> None:
    """Check that affine layers that share a block have the same shape.

    Raises:
        InputError: if two differ.
    """
    shapes: dict[int, Affine] = {}
    for layer in layers:
        if isinstance(layer, Affine) and shapes.setdefault(layer.block, layer).shape != layer.shape:
            raise InputError(
                f"block {layer.block} is used by layers of the shapes {shapes[layer.block].shape} and {layer.shape}",
                "layers that share a block have the same outputs, inputs and bias",
                "number the blocks differently, or make the shapes equal",
            )


def _mlp_spec(layers: tuple[Layer, ...]) -> str | None:
    """The ``mlp:`` form, or ``None`` where the network has another."""
    affine = [layer for layer in layers if isinstance(layer, Affine)]
    names: list[str] = []
    for layer, following in pairwise((*layers, None)):
        if isinstance(layer, Affine):
            names.append("identity" if not isinstance(following, Elementwise) else following.activation.name)
        elif isinstance(following, Elementwise):
            return None
    plain = isinstance(layers[0], Affine) and [layer.block for layer in affine] == list(range(1, len(affine) + 1))
    kept = all(layer.activation.name != "identity" for layer in layers if isinstance(layer, Elementwise))
    if not plain or not kept or len({layer.bias for layer in affine}) != 1:
        return None
    sizes = [affine[0].inputs, *(layer.outputs for layer in affine)]
    if not all(isinstance(size, int) or size.is_Symbol for size in sizes):
        return None
    *hidden, output = names
    uniform = len({*hidden}) <= 1
    parts = ["mlp", "-".join(map(str, sizes)), ",".join(hidden[:1] if uniform else hidden) or "identity"]
    parts += [output] * (output != "identity") + ["nobias"] * (not affine[0].bias)
    return ":".join(parts)


def _layer_text(layer: Layer) -> str:
    if isinstance(layer, Elementwise):
        return layer.activation.name
    return f"affine {layer.inputs}-{layer.outputs} (block {layer.block}{'' if layer.bias else ', no bias'})"
