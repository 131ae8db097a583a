"""The chain rule against exact derivatives: where all are positive numbers, its inequalities are equalities."""

from __future__ import annotations

from itertools import combinations_with_replacement

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from lipsym.bounds.chain import compose
from lipsym.bounds.jet import LocalJet, NormJet, hessian_lipschitz, largest_eigenvalue, smoothness

A, B, U = sp.symbols("a b u", positive=True)
POINT = {A: sp.Rational(2, 3), B: sp.Rational(5, 4)}


def _polynomial(coefficients: list[int], *symbols: sp.Symbol) -> sp.Expr:
    monomials = [sp.Mul(*c) for n in range(4) for c in combinations_with_replacement(symbols, n)]
    return sp.Add(*(c * m for c, m in zip(coefficients, monomials, strict=False)))


def _jet(expr: sp.Expr) -> NormJet:
    v = {1: A, 2: B}
    keys = [list(combinations_with_replacement((1, 2), n)) for n in (1, 2, 3)]
    d, h, t = ({k: sp.diff(expr, *(v[i] for i in k)).subs(POINT) for k in ks} for ks in keys)
    return NormJet(expr.subs(POINT), {k[0]: x for k, x in d.items()}, h, t)


def _local(f: sp.Expr, u: sp.Expr, block: int | None) -> LocalJet:
    at = {**POINT, U: u}

    def value(*by: sp.Symbol) -> sp.Expr:
        return sp.diff(f, *by).subs(at) if by else f.subs(at)

    return LocalJet(
        value=value(), u=value(U), uu=value(U, U), uuu=value(U, U, U), p=value(B), up=value(U, B), pp=value(B, B),
        uup=value(U, U, B), upp=value(U, B, B), ppp=value(B, B, B), block=block,
    )  # fmt: skip


coefficients = st.lists(st.integers(0, 5), min_size=8, max_size=10)


@given(coefficients, coefficients, st.booleans())
def test_equals_the_derivatives_of_a_composition_of_positive_maps(inner, outer, own) -> None:
    """Block 2 enters the inner map and, if ``own``, the layer too: a shared block."""
    n = _polynomial([c + 1 for c in inner], A, B)
    f = _polynomial([c + 1 for c in outer], U, B) if own else _polynomial([c + 1 for c in outer], U)
    got = compose(_jet(n), _local(f, n.subs(POINT), 2 if own else None), 3)
    want = _jet(f.subs(U, n))
    assert got.n == want.n
    assert dict(got.d) == dict(want.d)
    assert {k: got.h.get(k, 0) for k in want.h} == dict(want.h)
    assert {k: got.t.get(k, 0) for k in want.t} == dict(want.t)


@pytest.mark.parametrize("lost", ["uu", "up", "pp", "uuu", "uup", "upp", "ppp"])
def test_every_term_matters(lost: str) -> None:
    """The rule without one of its terms falls below the truth (has power)."""
    from dataclasses import replace

    n, f = 1 + A + B + A * B, (1 + U + B) ** 3
    want = _jet(f.subs(U, n))
    got = compose(_jet(n), replace(_local(f, n.subs(POINT), 2), **{lost: sp.S.Zero}), 3)
    assert any(got.h.get(k, 0) < v for k, v in want.h.items()) or any(got.t.get(k, 0) < v for k, v in want.t.items())


@given(st.lists(st.fractions(0, 10), min_size=3, max_size=3))
def test_largest_eigenvalue_is_a_root_and_the_larger_one(entries) -> None:
    a, b, d = map(sp.Rational, map(str, entries))
    value = largest_eigenvalue(a, b, d)
    assert sp.expand(value**2 - (a + d) * value + a * d - b**2) == 0
    assert value >= (a + d) / 2


def test_norms_of_jets_with_one_and_several_blocks() -> None:
    one = NormJet(sp.S.One, {1: sp.Integer(2)}, {(1, 1): sp.Integer(3)}, {(1, 1, 1): sp.Integer(4)})
    assert (smoothness(one), hessian_lipschitz(one)) == (3, 4)
    ones = dict.fromkeys(combinations_with_replacement((1, 2, 3), 2), sp.S.One)
    assert smoothness(NormJet(sp.S.One, {}, ones)) == 3
    thirds = dict.fromkeys(combinations_with_replacement((1, 2), 3), sp.S.One)
    assert hessian_lipschitz(NormJet(sp.S.One, {}, {}, thirds)) == sp.sqrt(8)
