"""Uniform networks: every layer alike, with depth and width as symbols.

Invariant: a ``UniformNetwork`` at numbers is exactly the ``Network`` that ``at`` returns.
"""

from __future__ import annotations

from dataclasses import dataclass

from lipsym.errors import InputError
from lipsym.nets.activations import Activation, activation
from lipsym.nets.network import Network, mlp
from lipsym.nets.widths import Width, width


@dataclass(frozen=True, slots=True)
class UniformNetwork:
    """``depth`` affine layers with ``width`` outputs each; the input may have any width.

    Args:
        depth: the number of affine layers.
        width: the number of outputs of each.
        activation: after every layer but the last.
        output: after the last layer.
        bias: whether the layers have ``b``.
    """

    depth: Width
    width: Width
    activation: Activation
    output: Activation
    bias: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "depth", width(self.depth, "the depth of a uniform network"))
        object.__setattr__(self, "width", width(self.width, "the width of a uniform network"))
        object.__setattr__(self, "activation", activation(self.activation))
        object.__setattr__(self, "output", activation(self.output))

    def at(
        self, depth: int | None = None, width: Width | str | None = None, inputs: Width | str | None = None
    ) -> Network:
        """The network of a given depth.

        Args:
            depth: left out if this network's depth is a number.
            width: left out: this network's width.
            inputs: length of the input; left out: the width.

        Raises:
            InputError: if the depth is neither given nor a number.
        """
        layers = self.depth if depth is None else depth
        if not isinstance(layers, int) or layers < 1:
            raise InputError(
                f"the depth {layers!r} was given for a network of numbered layers",
                "a network of numbered layers has a positive number of them",
                "give a depth, such as .at(3)",
            )
        size = self.width if width is None else width
        widths = [size if inputs is None else inputs, *[size] * layers]
        return mlp(widths, self.activation, self.output, self.bias)

    @property
    def spec(self) -> str:
        """The network as text, which ``parse_network`` reads back."""
        parts = ["uniform", f"{self.depth}-{self.width}", self.activation.name]
        parts += [self.output.name] * (self.output.name != "identity") + ["nobias"] * (not self.bias)
        return ":".join(parts)

    def __str__(self) -> str:
        return self.spec


def uniform_mlp(
    depth: Width | str = "m",
    width: Width | str = "l",
    activation: str | Activation = "tanh",
    output: str | Activation = "identity",
    bias: bool = True,
) -> UniformNetwork:
    """A feed-forward network whose layers are all alike, with depth and width symbolic.

    Args:
        depth, width: names, symbols or ints.
        activation: of every hidden layer.
        output: activation of the last layer.
        bias: whether the layers have a bias.

    Raises:
        InputError: for an unknown activation, or a depth or width that is not a positive integer.

    Example:
        >>> network = uniform_mlp("m", "l", "tanh")
        >>> print(network, network.at(3, 4, inputs=2))
        uniform:m-l:tanh mlp:2-4-4-4:tanh
    """
    return UniformNetwork(depth, width, activation, output, bias)  # type: ignore[arg-type]
