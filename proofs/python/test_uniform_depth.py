"""Exact checks behind proofs/uniform-depth.md: the sums against the entrywise chain rule, for small depths."""

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
