"""Equal layers: depth and width as symbols.

Invariant: each formula equals the plain recursion at every numeric depth, with ``n = √ℓ s0`` for the ranges (so it
bounds the recursion with the smaller ranges) and the Frobenius norm of ``(h_ij)``. All sums are finite, so ``ρ = 1`` is
no special case.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from lipsym.bounds.derivation import Derivation
from lipsym.domains.expressions import GeometricSum, SumOver, bound_symbol
from lipsym.nets.uniform import UniformNetwork

RULE = "uniform-depth"


@dataclass(frozen=True, slots=True)
class _Terms:
    """The quantities every formula is made of: ``ρ``, ``q_1``, ``q``, s1, s2."""

    rho: sp.Expr
    first: sp.Expr
    later: sp.Expr
    s1: sp.Expr
    s2: sp.Expr


def uniform_bound(
    network: UniformNetwork, radius: sp.Expr, inputs: sp.Expr, order: int, joint: bool, out: Derivation
) -> sp.Expr:
    """Orders 1 and 2 for ``m`` equal layers of width ``ℓ``, a bounded activation and radius ``R`` for each layer.

    Let ``ρ = s1 R``, ``q_1 = √(S²+1)``, ``q = √(ℓ s0² + 1)`` and ``G(r, n) = Σ_{t<n} r^t``. With the activation on
    every layer, ``L² = s1² [q_1² ρ^{2(m−1)} + q² G(ρ², m−1)]`` and ``M² = (s2 q_1² ρ^{m−1} G(ρ, m))² +
    Σ_{t=0}^{m−2} [(s2 q² ρ^t G(ρ, t+1))² + 2 (s2 q ρ G(ρ, t+1) + s1²)² (q_1² ρ^{2(m−2)} + q² ρ^{2t} G(ρ², m−2−t))]``.
    With affine output ``L_m² = R² L_{m−1}² + q²`` and ``M_m² = R² M_{m−1}² + 2 L_{m−1}²``, the right sides for
    ``m − 1`` layers with the activation.
    ``joint``: ``Σ R_k² ≤ R²``; order 1 then has ``(ρ²/t)^t`` for ``ρ^{2t}``.

    Proof: proofs/uniform-depth.md, proofs/joint-ball-sum.md.
    """
    sigma, linear = network.activation, network.output.name == "identity"
    later = network.width * sigma.s0**2
    terms = _Terms(
        rho=out.define("rho", sigma.s1 * radius, RULE, "growth per layer"),
        first=out.define("q_1", _slope(inputs**2, network.bias), RULE, "slope of the first affine map"),
        later=out.define("q", _slope(later, network.bias), RULE, "slope of a later affine map"),
        s1=sigma.s1,
        s2=sigma.s2,
    )
    depth = network.depth - 1 if linear else network.depth
    index = out.bound_name("t")
    if order == 1:
        if joint:
            squared, rule = _joint_slopes_squared(terms, network.depth, index), "joint-ball-sum"
            squared = squared if linear else terms.s1**2 * squared
        else:
            squared, rule = _lipschitz_squared(terms, depth), RULE
            squared = radius**2 * squared + terms.later**2 if linear else squared
        return sp.sqrt(out.define("L2", squared, rule, "bounds ‖D_θN‖²"))
    squared = _smoothness_squared(terms, depth, index)
    if linear:
        squared = radius**2 * squared + 2 * _lipschitz_squared(terms, depth)
    return sp.sqrt(squared)


def _slope(squared: sp.Expr, bias: bool) -> sp.Expr:
    return sp.sqrt(squared + 1) if bias else sp.sqrt(squared)


def _lipschitz_squared(t: _Terms, m: sp.Expr) -> sp.Expr:
    return t.s1**2 * (t.first**2 * t.rho ** (2 * (m - 1)) + t.later**2 * GeometricSum(t.rho**2, m - 1))


def _smoothness_squared(t: _Terms, m: sp.Expr, index: str) -> sp.Expr:
    k = bound_symbol(index, sp.S.Zero)
    sums = GeometricSum(t.rho, k + 1)
    own = (t.s2 * t.later**2 * t.rho**k * sums) ** 2
    earlier = t.first**2 * t.rho ** (2 * (m - 2)) + t.later**2 * t.rho ** (2 * k) * GeometricSum(t.rho**2, m - 2 - k)
    mixed = 2 * (t.s2 * t.later * t.rho * sums + t.s1**2) ** 2 * earlier
    return (t.s2 * t.first**2 * t.rho ** (m - 1) * GeometricSum(t.rho, m)) ** 2 + SumOver(own + mixed, k, 0, m - 2)


def _joint_slopes_squared(t: _Terms, m: sp.Expr, index: str) -> sp.Expr:
    """``Σ_k`` of the maxima of ``‖D_{θ_k} z_m‖²``: a product of ``t`` squared radii is at most ``(R²/t)^t``."""
    k = bound_symbol(index, sp.S.One)
    middle = SumOver((t.rho**2 / k) ** k, k, 1, m - 2)
    return t.later**2 * (1 + middle) + t.first**2 * (t.rho**2 / (m - 1)) ** (m - 1)
