"""The plain recursion: every layer bounded on its own.

Invariant: valid for any sequence of layers; for layers with blocks of their own the result is written as sums of size
linear in the depth, and equals the entrywise chain rule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sympy as sp

from lipsym.bounds.chain import compose
from lipsym.bounds.derivation import Derivation
from lipsym.bounds.jet import (
    ONE,
    ZERO,
    LocalJet,
    NormJet,
    SeveralBlocksJet,
    hessian_lipschitz,
    largest_eigenvalue,
    lipschitz,
    smoothness,
)
from lipsym.bounds.local import BlockFacts, affine_jet, elementwise_jet
from lipsym.nets.layers.affine import Affine
from lipsym.nets.network import Network


def bound(jets: Sequence[LocalJet | SeveralBlocksJet], radius: sp.Expr, order: int, out: Derivation) -> sp.Expr:
    """The bound of order 1, 2 or 3 on the composition of layers given by their local jets.

    Args:
        jets: one for each layer, as ``local_jets`` returns them; a loss may follow as a last layer.
        radius: ``S`` with ``‖x‖ ≤ S``.
        order: 1, 2 or 3.
        out: receives the steps.

    Proof: proofs/chain-rule.md, proofs/layer-sums.md.
    """
    blocks = [block for jet in jets for block in jet.blocks]
    single = [jet for jet in jets if isinstance(jet, LocalJet)]
    if order <= 2 and len(set(blocks)) == len(blocks) and len(single) == len(jets):
        return layer_sums(single, order, out)
    jet = NormJet(radius)
    for k, layer in enumerate(jets, 1):
        jet = _named(compose(jet, layer, order), k, out)
    return {1: lipschitz, 2: smoothness, 3: hessian_lipschitz}[order](jet)


def local_jets(network: Network, facts: Mapping[int, BlockFacts], radius: sp.Expr, out: Derivation) -> list[LocalJet]:
    """The local jet of every layer on the range of the layers before it."""
    jets: list[LocalJet] = []
    nu = radius
    for k, layer in enumerate(network.layers, 1):
        if isinstance(layer, Affine):
            jet, rule, text = (
                affine_jet(layer, facts[layer.block], nu),
                "affine-jet",
                "bounds the pre-activations' norm",
            )
        else:
            jet, rule, text = elementwise_jet(layer, nu), "elementwise-jet", "bounds the activations' norm"
        jets.append(jet)
        # The last range matters to a loss only; it is then named there.
        nu = out.define(f"nu_{k}", jet.value, rule, text) if k < len(network.layers) else jet.value
    return jets


def layer_sums(jets: Sequence[LocalJet], order: int, out: Derivation) -> sp.Expr:
    """Orders 1 and 2 for layers with distinct blocks, by one sweep forward and one backward.

    Let ``W`` be the sum of ``d_i²`` before a layer, and ``(S, C)`` bound the first and second derivative of the part of
    the network after it.
    Then the layer's block contributes ``h_jj = S F_pp + C F_p²`` and, with every earlier block ``i``,
    ``h_ij = d_i (S F_up + C F_u F_p)``.

    Proof: proofs/layer-sums.md.
    """
    if len(jets) == 1:
        return jets[0].p if order == 1 else jets[0].pp
    before: list[sp.Expr] = []
    squares = ZERO
    for k, jet in enumerate(jets, 1):
        before.append(squares)
        squares = out.define(f"W_{k}", jet.u**2 * squares + jet.p**2, "layer-sums", "bounds ‖D_θ‖² of the first layers")
    if order == 1:
        return sp.sqrt(squares)
    slope, curvature = ONE, ZERO
    diagonal: list[sp.Expr] = []
    coupling: list[sp.Expr] = []
    for k, jet in reversed(list(enumerate(jets, 1))):
        if jet.block is not None:
            diagonal.append(slope * jet.pp + curvature * jet.p**2)
            coupling.append((slope * jet.up + curvature * jet.u * jet.p) * sp.sqrt(before[k - 1]))
        if k > 1:
            curvature = out.define(
                f"C_{k}", slope * jet.uu + curvature * jet.u**2, "layer-sums", "bounds the curvature of the last layers"
            )
            slope = out.define(f"S_{k}", slope * jet.u, "layer-sums", "bounds the slope of the last layers")
    if len(diagonal) == 2:
        return largest_eigenvalue(diagonal[1], coupling[0], diagonal[0])
    return sp.sqrt(sp.Add(*(h**2 for h in diagonal), *(2 * c**2 for c in coupling)))


def _named(jet: NormJet, k: int, out: Derivation) -> NormJet:
    def name(letter: str, key: tuple[int, ...], value: sp.Expr) -> sp.Expr:
        label = "_".join(map(str, (letter, *key, "at", k)))
        return out.define(label, value, "chain-rule", f"derivative in blocks {key} after layer {k}")

    return NormJet(
        n=jet.n,
        d={i: name("d", (i,), v) for i, v in jet.d.items()},
        h={key: name("h", key, v) for key, v in jet.h.items()},
        t={key: name("t", key, v) for key, v in jet.t.items()},
    )
