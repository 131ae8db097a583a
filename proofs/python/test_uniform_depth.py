"""Exact checks behind proofs/uniform-depth.md: the sums against the entrywise chain rule, in numbers and in symbols."""

from __future__ import annotations

import pytest
import sympy as sp

from lipsym.bounds.chain import compose
from lipsym.bounds.jet import ZERO, LocalJet, NormJet
from lipsym.bounds.uniform import _joint_slopes_squared, _lipschitz_squared, _smoothness_squared, _Terms
from lipsym.domains.expressions import GeometricSum, SumOver

R, S1, S2, Q1, Q = (sp.Rational(a, b) for a, b in ((7, 3), (3, 5), (11, 7), (13, 4), (5, 2)))


def entrywise(stages: int, linear: bool, gain: sp.Expr = R) -> NormJet:
    jet = NormJet(ZERO)
    for k in range(1, stages + 1):
        jet = compose(jet, LocalJet(value=ZERO, u=gain, p=Q1 if k == 1 else Q, up=sp.S.One, block=k), 2)
        if k < stages or not linear:
            jet = compose(jet, LocalJet(value=ZERO, u=S1, uu=S2), 2)
    return jet


def frobenius(jet: NormJet) -> sp.Expr:
    return sp.Add(*((1 if i == j else 2) * value**2 for (i, j), value in jet.h.items()))


def number(expr: sp.Expr) -> sp.Expr:
    """GeometricSum and SumOver by their definitions."""

    def geometric(ratio: sp.Expr, count: sp.Expr) -> sp.Expr:
        assert count.is_Integer
        return sp.Add(*(ratio**t for t in range(int(count))))

    def terms(total: SumOver) -> sp.Expr:
        first, last = map(int, total.parameters)
        return sp.Add(*(total.body.xreplace({total.variables[0]: sp.Integer(t)}) for t in range(first, last + 1)))

    expr = expr.replace(lambda e: isinstance(e, SumOver), terms)
    return sp.nsimplify(expr.replace(GeometricSum, geometric))


TERMS = _Terms(rho=S1 * R, first=Q1, later=Q, s1=S1, s2=S2)


@pytest.mark.parametrize("m", [1, 2, 3, 4, 5, 6])
def test_the_activation_on_every_layer(m: int) -> None:
    jet, depth = entrywise(m, linear=False), sp.Integer(m)
    assert number(_lipschitz_squared(TERMS, depth)) == sp.Add(*(d**2 for d in jet.d.values()))
    assert number(_smoothness_squared(TERMS, depth, "t")) == frobenius(jet)


@pytest.mark.parametrize("m", [2, 3, 4, 5, 6])
def test_affine_output(m: int) -> None:
    jet, before = entrywise(m, linear=True), sp.Integer(m - 1)
    lipschitz, smoothness = number(_lipschitz_squared(TERMS, before)), number(_smoothness_squared(TERMS, before, "t"))
    assert R**2 * lipschitz + Q**2 == sp.Add(*(d**2 for d in jet.d.values()))
    assert R**2 * smoothness + 2 * lipschitz == frobenius(jet)


@pytest.mark.parametrize("m", [2, 3, 4, 5, 6])
def test_joint_ball(m: int) -> None:
    """d_j is a coefficient times a product of t different gains, whose square is at most (R²/t)^t."""
    x = sp.Symbol("x")

    def maxima(linear: bool) -> sp.Expr:
        total = sp.S.Zero
        for d in entrywise(m, linear, gain=x).d.values():
            (degree,), coefficient = sp.Poly(d, x).terms()[0]
            assert sp.Poly(d, x).terms() == [((degree,), coefficient)]
            total += coefficient**2 * (R**2 / degree) ** degree if degree else coefficient**2
        return total

    slopes = number(_joint_slopes_squared(TERMS, sp.Integer(m), "t"))
    assert S1**2 * slopes == maxima(linear=False)
    assert slopes == maxima(linear=True)


def test_the_sums_have_power() -> None:
    """With one geometric sum shorter the formula is not the chain rule any more."""
    jet = entrywise(4, linear=False)
    assert number(_lipschitz_squared(TERMS, sp.Integer(3))) != sp.Add(*(d**2 for d in jet.d.values()))


# For every depth: the closed forms satisfy the recursion, with the depth m and the blocks i < j as symbols

m, i, j = sp.symbols("m i j", integer=True, positive=True)
r, gain, s1, s2, q, qi, qj, q1 = sp.symbols("r R s1 s2 q q_i q_j q_1", positive=True)


def geometric(ratio: sp.Expr, count: sp.Expr) -> sp.Expr:
    """Σ_{t < count} ratio^t for a ratio that is not 1; the sums themselves are continuous there."""
    return (ratio**count - 1) / (ratio - 1)


def slope(block: sp.Expr, size: sp.Expr, depth: sp.Expr) -> sp.Expr:
    return s1 * size * r ** (depth - block)


def mixed(depth: sp.Expr) -> sp.Expr:
    return qi * r ** (depth - 1 - i) * (s1**2 + s2 * qj * r * geometric(r, depth - j + 1))


def diagonal(depth: sp.Expr) -> sp.Expr:
    return s2 * qj**2 * r ** (depth - j) * geometric(r, depth - j + 1)


def vanishes(difference: sp.Expr) -> bool:
    return sp.simplify(sp.powsimp(sp.expand(difference.subs(gain, r / s1)))) == 0


def lipschitz_squared(depth: sp.Expr) -> sp.Expr:
    total = _lipschitz_squared(_Terms(rho=r, first=q1, later=q, s1=s1, s2=s2), depth)
    return total.replace(GeometricSum, geometric)


def test_order_one_at_every_depth() -> None:
    """One more stage: every slope is multiplied by ρ, and the new block has s1 q."""
    assert vanishes(lipschitz_squared(m + 1) - r**2 * lipschitz_squared(m) - s1**2 * q**2)
    assert vanishes(lipschitz_squared(sp.S.One) - s1**2 * q1**2)


def test_order_two_at_every_depth() -> None:
    """One more stage: the affine map multiplies by R, the activation gives s1 h + s2 d d."""
    di, dj = slope(i, qi, m), slope(j, qj, m)
    assert vanishes(mixed(m + 1) - (r * mixed(m) + s2 * gain**2 * di * dj))
    assert vanishes(diagonal(m + 1) - (r * diagonal(m) + s2 * gain**2 * dj**2))
    new = {j: m + 1, qj: q}
    assert vanishes(mixed(m + 1).subs(new) - (s1 * di + s2 * gain * di * q))
    assert vanishes(diagonal(m + 1).subs(new) - s2 * q**2)


def test_the_sum_of_order_two_is_over_these_entries() -> None:
    """Squares of the entries with t = m − j: the summand of the closed form, for symbolic m and t."""
    t = sp.Symbol("t", integer=True, nonnegative=True)
    total = _smoothness_squared(_Terms(rho=r, first=q1, later=q, s1=s1, s2=s2), m, "k")
    (summation,) = total.atoms(SumOver)
    body = summation.body.xreplace({summation.variables[0]: t}).replace(GeometricSum, geometric)
    at = {j: m - t, qj: q}
    # Over i: q_1 at i = 1, and q at i = 2, …, j − 1, whose squared powers of ρ form a geometric sum.
    row = mixed(m).subs(at) ** 2 / (qi * r ** (m - 1 - i)) ** 2
    powers = q1**2 * r ** (2 * (m - 2)) + q**2 * r ** (2 * t) * geometric(r**2, m - 2 - t)
    assert vanishes(body - diagonal(m).subs(at) ** 2 - 2 * row * powers)


def test_the_recursion_has_power() -> None:
    assert not vanishes(lipschitz_squared(m + 1) - r**2 * lipschitz_squared(m) - s1 * q**2)
    assert not vanishes(mixed(m + 1) - r * mixed(m))
