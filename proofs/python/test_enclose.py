"""Exact checks behind proofs/first-column.md, linear-output.md, unit-symmetry.md, multiplier-form.md and
eigenvector-split.md."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
import sympy as sp

A, B, C, D, X, W = sp.symbols("a b c d x w", real=True)
SIGMA = sp.tanh


def hessian_norm_square_parts(f: sp.Expr, variables: list[sp.Symbol]) -> tuple[sp.Expr, sp.Expr]:
    """Trace of D²f, and of its square: invariants under rotations of the variables."""
    h = sp.hessian(f, variables)
    return h.trace(), (h * h).trace()


def test_the_first_layer_is_one_column_of_length_q() -> None:
    q = sp.sqrt(X**2 + 1)
    whole, reduced = C * SIGMA(A * X + B), C * SIGMA(q * W)
    at = {W: (A * X + B) / q}
    squares = [sum(sp.diff(whole, v) ** 2 for v in (A, B, C)), sum(sp.diff(reduced, v) ** 2 for v in (W, C))]
    assert sp.simplify(squares[0] - squares[1].subs(at)) == 0
    for left, right in zip(
        hessian_norm_square_parts(whole, [A, B, C]), hessian_norm_square_parts(reduced, [W, C]), strict=True
    ):
        assert sp.simplify(left - right.subs(at)) == 0


def test_a_shared_first_layer_is_not() -> None:
    q = sp.sqrt(X**2 + 1)
    whole, reduced = A * SIGMA(A * X + B) + B, q * W * SIGMA(q * W)
    left = sum(sp.diff(whole, v) ** 2 for v in (A, B))
    right = sp.diff(reduced, W) ** 2
    assert abs((left - right.subs(W, (A * X + B) / q)).subs({A: 1, B: 0, X: 1}).evalf()) > 0.1


def test_derivatives_are_affine_in_an_affine_last_layer() -> None:
    network = C * SIGMA(A * X + B) + D
    for v in (A, B, C, D):
        for w in (A, B, C, D):
            assert sp.diff(network, v, w, C, C) == 0
        assert sp.diff(network, v, D) == 0
        assert sp.diff(network, v, C, C) == 0


def test_a_sign_of_an_odd_unit_changes_nothing() -> None:
    network = C * SIGMA(A * X + B)
    flipped = network.subs({A: -A, B: -B, C: -C}, simultaneous=True)
    assert sp.simplify(network - flipped) == 0
    assert sp.simplify((C / (1 + sp.exp(-A))).subs({A: -A, C: -C}, simultaneous=True) - C / (1 + sp.exp(-A))) != 0


NUMBERS = [Fraction(n, 4) for n in (-7, -3, 0, 2, 5, 11)]


def claimed(s: Fraction, mu: Fraction, r: Fraction) -> Fraction:
    """The maximum of sd − μd² over [0, r], as multiplier-form states it."""
    if mu > 0 and 0 < s < 2 * mu * r:
        return s * s / (4 * mu)
    return max(Fraction(0), s * r - mu * r * r)


@pytest.mark.parametrize("mu", NUMBERS)
def test_the_maximum_of_the_parabola(mu: Fraction) -> None:
    for s, r in product(NUMBERS, [Fraction(0), Fraction(1, 3), Fraction(2)]):
        # Exact: a parabola has its maximum over an interval at an end or at its vertex.
        candidates = [Fraction(0), r, *([s / (2 * mu)] if mu > 0 and 0 <= s <= 2 * mu * r else [])]
        assert claimed(s, mu, r) == max(s * d - mu * d * d for d in candidates)


def test_the_multiplier_form_is_exact_for_a_quadratic_on_its_sphere() -> None:
    # f = v·v on ‖v‖² = 1 with μ = 1: the form is f(c) + (1 − ‖c‖²) = 1 at every c, once the slopes are those at c.
    for c in NUMBERS:
        slope, mu = 2 * c, Fraction(1)
        assert slope - 2 * mu * c == 0
        assert c * c + mu * (1 - c * c) == 1


def test_the_split_bounds_every_eigenvalue_and_is_exact_in_two_dimensions() -> None:
    t = sp.Symbol("t")
    alpha, s, r = sp.Rational(3, 2), sp.Rational(-1, 3), sp.Rational(2, 5)
    top = (alpha + s) / 2 + sp.sqrt((alpha - s) ** 2 / 4 + r**2)
    assert sp.simplify(sp.Matrix([[alpha, r], [r, s]]).charpoly(t).as_expr().subs(t, top)) == 0
    for a, b, c, d, e, f in product((-2, 0, 1), repeat=6):
        h = np.array([[a, d, e], [d, b, f], [e, f, c]], dtype=float)
        radius, block = np.hypot(d, e), (b + c) / 2 + np.hypot((b - c) / 2, f)
        bound = (a + block) / 2 + np.hypot((a - block) / 2, radius)
        assert np.linalg.eigvalsh(h)[-1] <= bound + 1e-12
