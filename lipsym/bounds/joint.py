"""Joint balls: one radius shared among the blocks.

Invariant: both forms bound the product-ball bound over every way ``Σ r_k² ≤ R²`` to share the radius.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import sympy as sp

from lipsym.bounds.derivation import Derivation
from lipsym.bounds.jet import ONE, ZERO, LocalJet
from lipsym.bounds.unfold import unfold
from lipsym.domains.expressions import BallMax

LARGEST_SHARED = 3
"""Blocks up to which the maximum over the shares is enclosed; its cost grows exponentially with their number."""

Monomial = frozenset[tuple[int, int]]
Posynomial = dict[Monomial, sp.Expr]


def shared_maximum(
    blocks: Sequence[int], total: sp.Expr, bound: Callable[[dict[int, sp.Expr], Derivation], sp.Expr], out: Derivation
) -> sp.Expr:
    """``max`` over ``Σ r_k² ≤ R²`` of a product-ball bound that is non-decreasing in every ``r_k``.

    Proof: proofs/joint-ball-maximum.md.
    """
    radii = {k: sp.Symbol(out.bound_name(f"r_{k}"), nonnegative=True) for k in blocks}
    inner = Derivation(set(out.reserved), bound_names=dict(out.bound_names))
    body = bound(radii, inner)
    out.constants.extend(inner.constants)
    out.reserved |= inner.reserved
    whole = unfold([(s.symbol, s.expr) for s in inner.steps], body)
    return BallMax(whole, tuple(radii.values()), total)


def shared_sum(jets: Sequence[LocalJet], total: sp.Expr, order: int) -> sp.Expr:
    """The sum of the maxima of the layer sums' monomials, orders 1 and 2.

    Let the affine layers have gains ``r_k`` with ``Σ r_k² ≤ R²``, and let the other entries of ``jets`` hold on the
    whole joint ball.
    Then every monomial obeys ``Π r_k^{e_k} ≤ R^E Π (e_k/E)^{e_k/2}``, ``E = Σ e_k`` and ``0⁰ = 1``.

    Sharp when: one monomial dominates, as for large ``R`` with bounded activations.

    Proof: proofs/joint-ball-sum.md.
    """
    gains = [jet.block is not None for jet in jets]

    def times(p: Posynomial, jet: LocalJet, power: int) -> Posynomial:
        if jet.block is None:
            return {m: c * jet.u**power for m, c in p.items()}
        return {_raised(m, jet.block, power): c for m, c in p.items()}

    slopes: list[Posynomial] = []
    for jet in jets:
        slopes = [times(p, jet, 1) for p in slopes]
        slopes.append({frozenset(): jet.p} if jet.block is not None else {})
    if order == 1:
        return sp.sqrt(sp.Add(*(_largest(p, total) ** 2 for p in slopes)))

    tail_slope: Posynomial = {frozenset(): ONE}
    tail_curvature: Posynomial = {}
    squares: list[sp.Expr] = []
    for k in reversed(range(len(jets))):
        jet = jets[k]
        if gains[k]:
            squares.append(_largest(_scaled(tail_curvature, jet.p**2), total) ** 2)
            onward = _sum(_scaled(tail_slope, jet.up), _scaled(times(tail_curvature, jet, 1), jet.p))
            for i in range(k):
                if gains[i]:
                    before = _slope_into(jets, i, k)
                    squares.append(2 * _largest(_product(before, onward), total) ** 2)
        tail_curvature = _sum(_scaled(tail_slope, jet.uu), times(tail_curvature, jet, 2))
        tail_slope = times(tail_slope, jet, 1)
    return sp.sqrt(sp.Add(*squares))


def _slope_into(jets: Sequence[LocalJet], i: int, k: int) -> Posynomial:
    """``d_i`` just before layer ``k``: one monomial."""
    powers: Counter[int] = Counter()
    coefficient = jets[i].p
    for jet in jets[i + 1 : k]:
        if jet.block is None:
            coefficient *= jet.u
        else:
            powers[jet.block] += 1
    return {frozenset(powers.items()): coefficient}


def _raised(monomial: Monomial, block: int, power: int) -> Monomial:
    return frozenset((Counter(dict(monomial)) + Counter({block: power})).items())


def _scaled(p: Posynomial, factor: sp.Expr) -> Posynomial:
    return {} if factor.is_zero else {m: c * factor for m, c in p.items()}


def _sum(p: Posynomial, q: Posynomial) -> Posynomial:
    return {m: p.get(m, ZERO) + q.get(m, ZERO) for m in {**p, **q}}


def _product(p: Posynomial, q: Posynomial) -> Posynomial:
    result: Posynomial = {}
    for m, c in p.items():
        for n, d in q.items():
            key = frozenset((Counter(dict(m)) + Counter(dict(n))).items())
            result[key] = result.get(key, ZERO) + c * d
    return result


def _largest(p: Posynomial, total: sp.Expr) -> sp.Expr:
    return sp.Add(*(c * _monomial_maximum(m, total) for m, c in p.items()))


def _monomial_maximum(monomial: Monomial, total: sp.Expr) -> sp.Expr:
    degree = sum(e for _, e in monomial)
    shares = sp.Mul(*(sp.Rational(e, degree) ** sp.Rational(e, 2) for _, e in monomial))
    return total**degree * shares
