"""Norm jets: bounds on a map and on its derivatives.

Invariant: every entry bounds the operator norm of the derivative it names, uniformly over the region. An absent entry
of a mapping is 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import sympy as sp

ZERO = sp.S.Zero
ONE = sp.S.One


@dataclass(frozen=True, slots=True)
class LocalJet:
    """Bounds on one layer ``f(u, θ)`` for ``‖u‖ ≤ ν`` and the layer's block ``θ`` in its region.

    Args:
        value: bounds ``‖f‖``.
        u, uu, uuu: bound ``‖D_u f‖``, ``‖D²_u f‖``, ``‖D³_u f‖``.
        p, up, pp: bound ``‖D_θ f‖``, ``‖D_u D_θ f‖``, ``‖D²_θ f‖``.
        uup, upp, ppp: the mixed and pure third derivatives.
        block: the block the layer reads, or ``None``.
    """

    value: sp.Expr
    u: sp.Expr
    uu: sp.Expr = ZERO
    uuu: sp.Expr = ZERO
    p: sp.Expr = ZERO
    up: sp.Expr = ZERO
    pp: sp.Expr = ZERO
    uup: sp.Expr = ZERO
    upp: sp.Expr = ZERO
    ppp: sp.Expr = ZERO
    block: int | None = None

    @property
    def blocks(self) -> tuple[int, ...]:
        """The block, if there is one."""
        return () if self.block is None else (self.block,)

    def first(self, i: int) -> sp.Expr:
        """``p`` for the layer's own block, 0 for every other."""
        return self.p if i == self.block else ZERO

    def mixed(self, i: int) -> sp.Expr:
        """``up``, likewise."""
        return self.up if i == self.block else ZERO

    def second(self, i: int, j: int) -> sp.Expr:
        """``pp``, likewise."""
        return self.pp if i == j == self.block else ZERO


@dataclass(frozen=True, slots=True)
class SeveralBlocksJet:
    """A ``LocalJet`` of order 2 of a map that reads several blocks.

    Args:
        value, u, uu: as in ``LocalJet``.
        p, up: for each block.
        pp: for each pair ``i ≤ j`` of blocks.
    """

    value: sp.Expr
    u: sp.Expr
    uu: sp.Expr
    p: Mapping[int, sp.Expr]
    up: Mapping[int, sp.Expr]
    pp: Mapping[tuple[int, int], sp.Expr]

    @property
    def blocks(self) -> tuple[int, ...]:
        """The blocks in order."""
        return tuple(self.p)

    def first(self, i: int) -> sp.Expr:
        """``p`` for a block, 0 if it is not read."""
        return self.p.get(i, ZERO)

    def mixed(self, i: int) -> sp.Expr:
        """``up``, likewise."""
        return self.up.get(i, ZERO)

    def second(self, i: int, j: int) -> sp.Expr:
        """``pp``, likewise."""
        return self.pp.get((min(i, j), max(i, j)), ZERO)


@dataclass(frozen=True, slots=True)
class NormJet:
    """Bounds on a network as a function of its parameter blocks.

    Args:
        n: bounds ``‖N‖``.
        d: ``d[i]`` bounds ``‖D_{θ_i} N‖``.
        h: ``h[i, j]``, ``i ≤ j``, bounds ``‖D_{θ_i} D_{θ_j} N‖``.
        t: ``t[i, j, k]``, ``i ≤ j ≤ k``, bounds the third derivative.
    """

    n: sp.Expr
    d: Mapping[int, sp.Expr] = field(default_factory=dict)
    h: Mapping[tuple[int, int], sp.Expr] = field(default_factory=dict)
    t: Mapping[tuple[int, int, int], sp.Expr] = field(default_factory=dict)


def lipschitz(jet: NormJet) -> sp.Expr:
    """``‖d‖₂``, which bounds ``‖D_θ N‖``."""
    return sp.sqrt(sp.Add(*(d**2 for d in jet.d.values())))


def smoothness(jet: NormJet) -> sp.Expr:
    """A bound on ``‖D²_θ N‖``: the largest eigenvalue of ``(h_ij)`` for two blocks, its Frobenius norm for more."""
    blocks = sorted({i for pair in jet.h for i in pair})
    if len(blocks) <= 1:
        return sp.Add(*jet.h.values())
    if len(blocks) == 2:
        i, j = blocks
        return largest_eigenvalue(*(jet.h.get(pair, ZERO) for pair in ((i, i), (i, j), (j, j))))
    return sp.sqrt(sp.Add(*((1 if i == j else 2) * h**2 for (i, j), h in jet.h.items())))


def hessian_lipschitz(jet: NormJet) -> sp.Expr:
    """The Frobenius norm of ``(t_ijk)``, which bounds ``‖D³_θ N‖``."""
    orderings = {1: 1, 2: 3, 3: 6}
    return sp.sqrt(sp.Add(*(orderings[len(set(key))] * t**2 for key, t in jet.t.items())))


def largest_eigenvalue(a: sp.Expr, b: sp.Expr, d: sp.Expr) -> sp.Expr:
    """The largest eigenvalue of ``[[a, b], [b, d]]``, non-decreasing in each non-negative entry."""
    if b.is_zero:
        return sp.Max(a, d)
    if d.is_zero:
        return (a + sp.sqrt(a**2 + 4 * b**2)) / 2
    return (a + d + sp.sqrt((a - d) ** 2 + 4 * b**2)) / 2
