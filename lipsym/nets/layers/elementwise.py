"""The elementwise layer ``u ↦ (σ(u_1), …, σ(u_ℓ))``.

Invariant: it has no parameters, and its activation is a row of the table of activations.
"""

from __future__ import annotations

from dataclasses import dataclass

from lipsym.nets.activations import Activation, activation
from lipsym.nets.widths import Width, width


@dataclass(frozen=True, slots=True)
class Elementwise:
    """An activation applied to each of ``width`` entries.

    Args:
        activation: an ``Activation``, or its name.
        width: the number of entries.

    Raises:
        InputError: if the activation is unknown or the width is not a positive integer.

    Example:
        >>> Elementwise("tanh", 8).activation.s1
        1
    """

    activation: Activation
    width: Width

    def __post_init__(self) -> None:
        object.__setattr__(self, "activation", activation(self.activation))
        object.__setattr__(self, "width", width(self.width, "the width of an elementwise layer"))

    @property
    def inputs(self) -> Width:
        """Length of the input, the same as of the output."""
        return self.width

    @property
    def outputs(self) -> Width:
        """Length of the output, the same as of the input."""
        return self.width
