"""Exact checks behind proofs/joint-ball-sum.md and proofs/joint-ball-maximum.md."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import sympy as sp

from lipsym.bounds.jet import LocalJet
from lipsym.bounds.joint import _monomial_maximum, shared_sum

R = sp.Symbol("R", positive=True)


def test_the_maximum_of_a_monomial() -> None:
    """Squared: Π s_k^{e_k} ≤ R^{2E} Π(e_k/E)^{e_k} on Σ s_k = R²; a grid of exact shares, and equality at e_k/E."""
    for exponents in ((1, 1), (2, 1), (3, 1, 2), (0, 2, 1), (2, 2, 2)):
        degree = sum(exponents)
        bound = Fraction(1)
        for e in exponents:
            bound *= Fraction(e, degree) ** e
        best = Fraction(0)
        steps = 12
        for shares in product(range(steps + 1), repeat=len(exponents)):
            if sum(shares) != steps:
                continue
            value = Fraction(1)
            for s, e in zip(shares, exponents, strict=True):
                value *= Fraction(s, steps) ** e
            assert value <= bound
            best = max(best, value)
        if steps % degree == 0:
            assert best == bound
        monomial = frozenset((k, e) for k, e in enumerate(exponents, 1) if e)
        assert (
            sp.expand(
                _monomial_maximum(monomial, R) ** 2
                - R ** (2 * degree) * sp.Rational(bound.numerator, bound.denominator)
            )
            == 0
        )


def test_the_empty_monomial_is_one() -> None:
    assert _monomial_maximum(frozenset(), R) == 1


def layers(depth: int, affine_output: bool) -> list[LocalJet]:
    made: list[LocalJet] = []
    for k in range(1, depth + 1):
        p = sp.Rational(k + 2, 3)
        made.append(LocalJet(value=sp.S.Zero, u=R, p=p, up=sp.S.One, block=k))
        if k < depth or not affine_output:
            made.append(LocalJet(value=sp.S.Zero, u=sp.Rational(2, k + 1), uu=sp.Rational(k, 5)))
    return made


def test_the_sum_bounds_the_layer_sums_at_every_share() -> None:
    from lipsym.bounds.derivation import Derivation
    from lipsym.bounds.recursion import layer_sums
    from lipsym.bounds.unfold import unfold

    for depth, affine_output, order in product((2, 3), (True, False), (1, 2)):
        jets = layers(depth, affine_output)
        bound = shared_sum(jets, sp.S(2), order) ** 2
        for cuts in product(range(5), repeat=depth):
            if sum(c * c for c in cuts) > 16:
                continue
            radii = [sp.Rational(c, 2) for c in cuts]  # Σ r² ≤ 4
            shared = [
                j if j.block is None else LocalJet(value=j.value, u=radii[j.block - 1], p=j.p, up=j.up, block=j.block)
                for j in jets
            ]
            out = Derivation(set())
            value = layer_sums(shared, order, out)
            value = unfold([(s.symbol, s.expr) for s in out.steps], value)
            assert (bound - value**2) >= 0, (depth, affine_output, order, radii)


def test_the_sum_has_power() -> None:
    """For one monomial it is the maximum itself: nothing smaller would do."""
    jets = layers(2, True)
    bound = (
        shared_sum([LocalJet(value=sp.S.Zero, u=R, p=sp.S.One, up=sp.S.One, block=1), jets[1], jets[2]], sp.S(2), 1)
        ** 2
    )
    attained = (2 * jets[1].u) ** 2 + jets[2].p ** 2
    assert bound == attained
