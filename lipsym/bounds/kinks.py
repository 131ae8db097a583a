"""Activations whose slope or curvature jumps: when a constant is infinite.

Invariant: ``Unbounded`` is returned only with a witness inside the region; otherwise the outcome is ``Unknown``.
"""

from __future__ import annotations

from lipsym.bounds.result import Unbounded, Unknown
from lipsym.bounds.stages import stages
from lipsym.nets.activations import ACTIVATIONS
from lipsym.nets.layers.affine import Affine
from lipsym.nets.layers.elementwise import Elementwise
from lipsym.nets.network import Network
from lipsym.nets.regions import Ball, ProductBall, Region

ORDERS = {"lipschitz": 1, "smoothness": 2, "hessian_lipschitz": 3}


def kink(network: Network, region: Region, quantity: str, with_loss: bool) -> Unbounded | Unknown | None:
    """What an infinite ``s_k`` (``k`` the order of ``quantity``) means for the constant; ``None`` if all are finite.

    Let the network be made of stages with biases, ``σ^{(j)}`` of layer ``k`` jump at 0 for some ``j < order``, and the
    region be a ball, or a product of balls, of positive radii around 0.
    Then along ``b_k`` through 0, with the later layers' weights and biases small and positive, ``∂^j N/∂b_k^j`` jumps
    by ``Π a_l σ_l'(0+) ≠ 0`` times the jump of ``σ^{(j)}``; so the constant is ∞.

    Proof: proofs/kink-unbounded.md.
    """
    order = ORDERS[quantity]
    jumping = [
        (k, layer)
        for k, layer in enumerate(network.layers)
        if isinstance(layer, Elementwise) and any(not s.is_finite for s in _sups(layer)[:order])
    ]
    if not jumping:
        return None
    k, layer = jumping[0]
    name = layer.activation.name
    known = all(
        ACTIVATIONS.get(o.activation.name) == o.activation for o in network.layers if isinstance(o, Elementwise)
    )
    affine = [o for o in network.layers if isinstance(o, Affine)]
    # Stages: each activation is fed by an affine map with a block of its own, so that the witness is free to choose it.
    free = stages(network) is not None and all(o.bias for o in affine)
    if not (known and free and _surrounds_zero(region)) or with_loss:
        return Unknown(
            quantity,
            f"a derivative of {name} of order below {order} jumps at 0, and no rule decides whether this network meets "
            "the jump on this region with a derivative that does not cancel",
        )
    block = [o.block for o in network.layers[:k] if isinstance(o, Affine)][-1]
    return Unbounded(
        quantity=quantity,
        reason=f"a derivative of {name} of order below {order} jumps at 0, and the region has parameters on both sides",
        witness=(
            f"all parameters 0, except b_{block} = ±δ e_1 in the layer that feeds {name}, and A = ε e_1 e_1ᵀ, "
            "b = ε e_1 in each later layer, with a small ε > 0: as δ → 0 the derivative along b jumps; symbols for "
            "radii are taken to be positive"
        ),
        rule="kink-unbounded",
    )


def _surrounds_zero(region: Region) -> bool:
    """Whether the region is a ball, or a product of balls, around 0 whose radii are not the number 0."""
    if isinstance(region, Ball):
        return region.center is None and not region.radius.is_zero
    if isinstance(region, ProductBall):
        radii = region.radii if isinstance(region.radii, tuple) else (region.radii,)
        return region.centers is None and not any(r.is_zero for r in radii)
    return False


def _sups(layer: Elementwise) -> tuple:
    sigma = layer.activation
    return sigma.s1, sigma.s2, sigma.s3
