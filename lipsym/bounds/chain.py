"""The chain rule for norm jets, orders 1 to 3: the only place where layers compose.

Invariant: the multiplicities are those of the multilinear chain rule, so the result is the best bound that can be had
from the entries alone. Blocks may be shared.
"""

from __future__ import annotations

from itertools import combinations_with_replacement

import sympy as sp

from lipsym.bounds.jet import ZERO, LocalJet, NormJet


def compose(inner: NormJet, layer: LocalJet, order: int) -> NormJet:
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
    blocks = sorted(set(inner.d) | ({layer.block} if layer.block is not None else set()))

    def own(*slots: int) -> bool:
        return all(slot == layer.block for slot in slots)

    def d(i: int) -> sp.Expr:
        return inner.d.get(i, ZERO)

    def h(i: int, j: int) -> sp.Expr:
        return inner.h.get((min(i, j), max(i, j)), ZERO)

    def mixed(slot: int, factor: sp.Expr, rest: sp.Expr) -> sp.Expr:
        return factor * rest if own(slot) else ZERO

    first = {i: layer.u * d(i) + (layer.p if own(i) else ZERO) for i in blocks}
    second: dict[tuple[int, int], sp.Expr] = {}
    third: dict[tuple[int, int, int], sp.Expr] = {}
    if order >= 2:
        for i, j in combinations_with_replacement(blocks, 2):
            second[i, j] = (
                layer.u * h(i, j)
                + layer.uu * d(i) * d(j)
                + mixed(j, layer.up, d(i))
                + mixed(i, layer.up, d(j))
                + (layer.pp if own(i, j) else ZERO)
            )
    if order >= 3:
        for i, j, k in combinations_with_replacement(blocks, 3):
            total = layer.u * inner.t.get((i, j, k), ZERO) + layer.uuu * d(i) * d(j) * d(k)
            for a, b, c in ((i, j, k), (j, i, k), (k, i, j)):
                total += layer.uu * d(a) * h(b, c) + mixed(a, layer.up, h(b, c)) + mixed(a, layer.uup, d(b) * d(c))
                total += layer.upp * d(a) if own(b, c) else ZERO
            third[i, j, k] = total + (layer.ppp if own(i, j, k) else ZERO)
    return NormJet(
        n=layer.value,
        d=first,
        h={key: value for key, value in second.items() if not value.is_zero},
        t={key: value for key, value in third.items() if not value.is_zero},
    )
