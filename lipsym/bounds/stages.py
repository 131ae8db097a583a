"""A feed-forward network as stages: an affine map with a block of its own, then an activation.

Invariant: ``stages`` returns ``None`` for every network that is not of this form, never an approximation of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from lipsym.nets.activations import Activation, activation
from lipsym.nets.layers.affine import Affine
from lipsym.nets.network import Network


@dataclass(frozen=True, slots=True)
class Stage:
    """``u ↦ σ(Au + b)`` on ``width`` neurons."""

    affine: Affine
    activation: Activation

    @property
    def width(self) -> sp.Expr:
        """The number of neurons."""
        return sp.sympify(self.affine.outputs)

    @property
    def linear(self) -> bool:
        """Whether the activation is the identity."""
        return self.activation.name == "identity"


def stages(network: Network) -> tuple[Stage, ...] | None:
    """The stages of ``network``, or ``None`` if it has another form (shared blocks, activations in a row)."""
    result: list[Stage] = []
    open_affine: Affine | None = None
    for layer in network.layers:
        if isinstance(layer, Affine):
            if open_affine is not None:
                result.append(Stage(open_affine, activation("identity")))
            open_affine = layer
        elif open_affine is None:
            return None
        else:
            result.append(Stage(open_affine, layer.activation))
            open_affine = None
    if open_affine is not None:
        result.append(Stage(open_affine, activation("identity")))
    blocks = [stage.affine.block for stage in result]
    return tuple(result) if result and len(set(blocks)) == len(blocks) else None
