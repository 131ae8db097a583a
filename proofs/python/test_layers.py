"""Exact checks behind proofs/affine-jet.md, elementwise-jet.md and loss.md."""

from __future__ import annotations

from itertools import product

import sympy as sp

from lipsym.bounds.jet import LocalJet, NormJet, lipschitz, smoothness
from lipsym.bounds.local import BlockFacts, affine_jet, elementwise_jet
from lipsym.nets.layers.affine import Affine
from lipsym.nets.layers.elementwise import Elementwise


def facts(radius: sp.Expr, gain: sp.Expr, offset: sp.Expr, bias: bool) -> BlockFacts:
    return BlockFacts(radius, gain + radius, gain, offset, bias)


def norm2(m: sp.Matrix) -> sp.Expr:
    return sum(x * x for x in m)


def test_every_entry_of_the_affine_jet_is_attained() -> None:
    r, nu = sp.Rational(5, 2), sp.Rational(4, 3)  # √(ν²+1) = 5/3
    v, w = sp.Matrix([sp.Rational(3, 5), sp.Rational(4, 5)]), sp.Matrix([0, 1, 0])
    for bias in (True, False):
        jet = affine_jet(Affine(2, 3, 1, bias), facts(r, sp.S.Zero, sp.S.Zero, bias), nu)
        u = nu * v
        extended = u.col_join(sp.Matrix([1])) if bias else u
        weights = r * w * extended.T / sp.sqrt(norm2(extended))
        assert norm2(weights) == r**2
        assert norm2(weights * extended) == jet.value**2
        direction = weights / r
        assert norm2(direction * extended) == jet.p**2
        assert norm2(r * w * v.T * v) == jet.u**2
        assert norm2(w * v.T * v) == jet.up**2
        assert (jet.uu, jet.pp, jet.uup, jet.upp, jet.ppp, jet.uuu) == (0,) * 6


def test_the_gain_around_a_centre_is_attained() -> None:
    center = sp.diag(3, 1)  # spectral norm 3, top singular vectors e_1
    r = sp.Rational(1, 2)
    moved = center + r * sp.Matrix([[1, 0], [0, 0]])
    assert norm2(moved * sp.Matrix([1, 0])) == (3 + r) ** 2 == facts(r, sp.S(3), sp.S.Zero, True).gain ** 2


def test_entrywise_products() -> None:
    """(Σa_i²)(Σb_i²) − Σa_i²b_i² is a sum of squares."""
    a, b = sp.symbols("a:3"), sp.symbols("b:3")
    left = sum(x**2 for x in a) * sum(x**2 for x in b) - sum(x**2 * y**2 for x, y in zip(a, b, strict=True))
    right = sum(a[i] ** 2 * b[j] ** 2 for i, j in product(range(3), repeat=2) if i != j)
    assert sp.expand(left - right) == 0


def test_elementwise_values() -> None:
    width, nu = sp.Integer(9), sp.Rational(1, 7)
    assert elementwise_jet(Elementwise("tanh", 9), nu).value == sp.Rational(1, 7)
    assert elementwise_jet(Elementwise("tanh", 9), sp.S(5)).value == sp.sqrt(width)
    assert elementwise_jet(Elementwise("sigmoid", 9), nu).value == sp.Rational(3, 2) + nu / 4
    for name in ("tanh", "sin", "arctan"):
        jet, sigma = elementwise_jet(Elementwise(name, 4), sp.S(1)), Elementwise(name, 4).activation
        assert (jet.u, jet.uu, jet.uuu) == (sigma.s1, sigma.s2, sigma.s3)


def test_the_derivatives_of_an_averaged_loss() -> None:
    e, decay = sp.symbols("e lambda")
    theta, u = sp.symbols("theta:2"), sp.symbols("u:2")
    g, nets = sp.Function("g"), [sp.Function("N0"), sp.Function("N1")]
    at = [theta[i] + e * u[i] for i in range(2)]
    # Along the line every N_s is a function of e alone.
    values = [n(e) for n in nets]
    phi = (g(values[0]) + g(values[1])) / 2 + decay / 2 * sum(x**2 for x in at)
    arg = sp.Symbol("n")

    def outer(order: int, value: sp.Expr) -> sp.Expr:
        return sp.diff(g(arg), arg, order).subs(arg, value)

    first = sum(outer(1, n) * n.diff(e) for n in values) / 2 + decay * sum(a * b for a, b in zip(at, u, strict=True))
    second = sum(outer(2, n) * n.diff(e) ** 2 + outer(1, n) * n.diff(e, 2) for n in values) / 2 + decay * sum(
        b**2 for b in u
    )
    assert sp.simplify((sp.diff(phi, e) - first).doit()) == 0
    assert sp.simplify((sp.diff(phi, e, 2) - second).doit()) == 0


def test_a_loss_is_a_last_layer() -> None:
    from lipsym.bounds.chain import compose

    d1, d2, h11, h12, h22, g1, g2 = sp.symbols("d1 d2 h11 h12 h22 G1 G2", positive=True)
    jet = NormJet(sp.S.Zero, {1: d1, 2: d2}, {(1, 1): h11, (1, 2): h12, (2, 2): h22})
    phi = compose(jet, LocalJet(value=sp.S.Zero, u=g1, uu=g2), 2)
    assert sp.expand(lipschitz(phi) ** 2 - g1**2 * (d1**2 + d2**2)) == 0
    assert {k: sp.expand(v) for k, v in phi.h.items()} == {
        (1, 1): sp.expand(g2 * d1**2 + g1 * h11),
        (1, 2): sp.expand(g2 * d1 * d2 + g1 * h12),
        (2, 2): sp.expand(g2 * d2**2 + g1 * h22),
    }
    top = smoothness(phi)
    a, b, d = (phi.h[key] for key in ((1, 1), (1, 2), (2, 2)))
    assert sp.expand(top**2 - (a + d) * top + a * d - b**2) == 0
