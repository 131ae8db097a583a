"""Local jets of the layers.

Invariant: each layer states bounds on its own derivatives and nothing else; how layers compose is in ``chain``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sympy as sp

from lipsym.bounds.derivation import Derivation
from lipsym.bounds.jet import ONE, ZERO, LocalJet
from lipsym.domains.norms import frobenius_norm, spectral_norm
from lipsym.nets.layers.affine import Affine
from lipsym.nets.layers.elementwise import Elementwise
from lipsym.nets.network import Network
from lipsym.nets.regions import BlockBall


@dataclass(frozen=True, slots=True)
class BlockFacts:
    """What the rules need of one parameter block ``(A, b)`` in a ball of radius ``r`` around ``(A⁰, b⁰)``.

    Args:
        radius: ``r``.
        gain: ``‖A⁰‖ + r``, the exact maximum of ``‖A‖``.
        center_gain, center_offset: ``‖A⁰‖`` and ``‖b⁰‖``, 0 for the centre 0.
        bias: whether the layer has ``b``.
    """

    radius: sp.Expr
    gain: sp.Expr
    center_gain: sp.Expr
    center_offset: sp.Expr
    bias: bool

    def slope(self, nu: sp.Expr) -> sp.Expr:
        """``‖D_θ(Au + b)‖`` for ``‖u‖ = ν``: ``√(ν² + 1)``, without bias ``ν``."""
        return sp.sqrt(nu**2 + 1) if self.bias else nu

    def range(self, nu: sp.Expr) -> sp.Expr:
        """A bound on ``‖Au + b‖`` for ``‖u‖ ≤ ν``; exact for the centre 0."""
        return self.center_gain * nu + self.center_offset + self.radius * self.slope(nu)


def affine_layers(network: Network) -> tuple[Affine, ...]:
    """The affine layers in order."""
    return tuple(layer for layer in network.layers if isinstance(layer, Affine))


def block_facts(network: Network, balls: Mapping[int, BlockBall], out: Derivation) -> dict[int, BlockFacts]:
    """The facts of every block, certified norms of the centres included."""
    facts: dict[int, BlockFacts] = {}
    for layer in affine_layers(network):
        if layer.block in facts:
            continue
        ball = balls[layer.block]
        center_gain, center_offset = ZERO, ZERO
        if ball.center is not None:
            weights, offset = ball.center
            center_gain = out.constant(
                f"a_{layer.block}",
                spectral_norm(weights),
                f"spectral norm of the centre of A_{layer.block}, certified by Gershgorin discs",
            )
            if offset is not None:
                center_offset = frobenius_norm(offset)
        facts[layer.block] = BlockFacts(ball.radius, center_gain + ball.radius, center_gain, center_offset, layer.bias)
    return facts


def affine_jet(layer: Affine, facts: BlockFacts, nu: sp.Expr) -> LocalJet:
    """The local jet of ``u ↦ Au + b`` for ``‖u‖ ≤ ν``."""
    return LocalJet(value=facts.range(nu), u=facts.gain, p=facts.slope(nu), up=ONE, block=layer.block)


def elementwise_jet(layer: Elementwise, nu: sp.Expr) -> LocalJet:
    """The local jet of an activation on vectors of length ℓ: ``min(√ℓ s0, √ℓ|σ(0)| + s1 ν)``, s1, s2, s3."""
    sigma, root = layer.activation, sp.sqrt(layer.width)
    value = root * abs(sigma.at_zero) + sigma.s1 * nu
    if sigma.s0.is_finite:
        value = sp.Min(root * sigma.s0, value)
    return LocalJet(value=value, u=sigma.s1, uu=sigma.s2, uuu=sigma.s3)
