"""The chain rule for norm jets, orders 1 to 3: the only place where layers compose.

Invariant: the multiplicities are those of the multilinear chain rule, so the result is the best bound that can be had
from the entries alone. Blocks may be shared.
"""

from __future__ import annotations

from itertools import combinations_with_replacement

import sympy as sp

from lipsym.bounds.jet import ZERO, LocalJet, NormJet, SeveralBlocksJet


def compose(inner: NormJet, layer: LocalJet | SeveralBlocksJet, order: int) -> NormJet:
    """The norm jet of ``f(N(θ), θ)``.

    Let ``(n, d, h, t)`` be the jet of ``N`` and ``f`` the layer with its local jet on ``‖u‖ ≤ n``.
    Then
    ``d_i ← F_u d_i + F_p``,
    ``h_ij ← F_u h_ij + F_uu d_i d_j + F_up d_i + F_up d_j + F_pp``,
    ``t_ijk ← F_u t_ijk + F_uu (d_i h_jk + …) + F_uuu d_i d_j d_k + F_up h_ij + F_uup d_i d_j + F_upp d_i + F_ppp + …``,
    where a term with ``p`` occurs once for each slot that is the layer's own block.

    Sharp when: all derivatives are non-negative numbers, as for scalar polynomials with non-negative coefficients.
    Proof: proofs/chain-rule.md.
    """
    blocks = sorted({*inner.d, *layer.blocks})

    def d(i: int) -> sp.Expr:
        return inner.d.get(i, ZERO)

    def h(i: int, j: int) -> sp.Expr:
        return inner.h.get((min(i, j), max(i, j)), ZERO)

    first = {i: layer.u * d(i) + layer.first(i) for i in blocks}
    second: dict[tuple[int, int], sp.Expr] = {}
    if order >= 2:
        for i, j in combinations_with_replacement(blocks, 2):
            second[i, j] = (
                layer.u * h(i, j)
                + layer.uu * d(i) * d(j)
                + layer.mixed(j) * d(i)
                + layer.mixed(i) * d(j)
                + layer.second(i, j)
            )
    third = {}
    if order >= 3:
        # A ``SeveralBlocksJet`` has no third derivatives, and says so by an error here.
        third = {key: _third(inner, layer, key) for key in combinations_with_replacement(blocks, 3)}  # type: ignore[arg-type]
    return NormJet(
        n=layer.value,
        d=first,
        h={key: value for key, value in second.items() if not value.is_zero},
        t={key: value for key, value in third.items() if not value.is_zero},
    )


def _third(inner: NormJet, layer: LocalJet, key: tuple[int, int, int]) -> sp.Expr:
    """``t_ijk`` of the composition."""

    def own(*slots: int) -> bool:
        return all(slot == layer.block for slot in slots)

    def d(i: int) -> sp.Expr:
        return inner.d.get(i, ZERO)

    def h(i: int, j: int) -> sp.Expr:
        return inner.h.get((min(i, j), max(i, j)), ZERO)

    i, j, k = key
    total = layer.u * inner.t.get(key, ZERO) + layer.uuu * d(i) * d(j) * d(k)
    for a, b, c in ((i, j, k), (j, i, k), (k, i, j)):
        total += layer.uu * d(a) * h(b, c)
        total += layer.up * h(b, c) + layer.uup * d(b) * d(c) if own(a) else ZERO
        total += layer.upp * d(a) if own(b, c) else ZERO
    return total + (layer.ppp if own(i, j, k) else ZERO)
