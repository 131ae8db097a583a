"""Exact checks behind proofs/two-layer-exact.md."""

from __future__ import annotations

import sympy as sp

TAU, RHO, T = sp.symbols("tau rho T", positive=True)
X = RHO**4 + RHO**2 + 1
BEST = RHO**2 / (2 + RHO**2 + 2 * sp.sqrt(X))


def test_the_logarithmic_derivative() -> None:
    phi = (1 - TAU**2) * (RHO * TAU + sp.sqrt(1 + RHO**2 * TAU**2))
    claimed = -2 * TAU / (1 - TAU**2) + RHO / sp.sqrt(1 + RHO**2 * TAU**2)
    assert sp.simplify(sp.diff(phi, TAU) - phi * claimed) == 0


def test_the_critical_point() -> None:
    quadratic = 3 * RHO**2 * T**2 + (4 + 2 * RHO**2) * T - RHO**2
    assert sp.expand(4 * T * (1 + RHO**2 * T) - RHO**2 * (1 - T) ** 2 - quadratic) == 0
    other_form = (2 * sp.sqrt(X) - 2 - RHO**2) / (3 * RHO**2)
    assert sp.simplify(sp.expand(quadratic.subs(T, other_form))) == 0
    assert sp.expand((2 * sp.sqrt(X) - 2 - RHO**2) * (2 + RHO**2 + 2 * sp.sqrt(X)) - 3 * RHO**4) == 0


def test_the_bounds_on_the_critical_point() -> None:
    # X ≥ 1 and X ≥ ρ⁴, so the denominator is at least 4 and at least 3ρ².
    assert sp.expand(X - 1 - RHO**4) == RHO**2
    assert (X - 1).is_positive
    assert (X - RHO**4).is_positive


def test_tanh_at_two_over_root_three() -> None:
    c = 2 / sp.sqrt(3)
    assert sp.expand(1 + 2 * c + 2 * c**2 - (sp.Rational(11, 3) + 4 / sp.sqrt(3))) == 0
    assert sp.expand(sp.Rational(11, 3) + 4 / sp.sqrt(3) - 2 - sp.sqrt(3)).is_positive
    assert sp.expand((2 + sp.sqrt(3)) * (1 - 1 / sp.sqrt(3)) - (1 + 1 / sp.sqrt(3))) == 0
    assert c**2 / 4 == sp.Rational(1, 3)


def test_the_curvature_is_a_concave_function_of_the_squared_slope() -> None:
    beta, s = sp.symbols("beta s", positive=True)
    square = s - s ** sp.Rational(3, 2)
    # (τβ)² with τ² = 1 − β.
    assert sp.expand((1 - beta) * beta**2 - square.subs(s, beta**2)) == 0
    assert sp.diff(square, s, 2).is_negative


def test_slopes_and_curvatures() -> None:
    z = sp.Symbol("z", positive=True)
    tanh, logistic = sp.tanh(z), (1 + sp.tanh(z / 2)) / 2
    for sigma, kappa, w in ((tanh, sp.S.One, sp.S.One), (logistic, sp.Rational(1, 2), sp.Rational(1, 4))):
        tau = sp.tanh(kappa * z)
        assert sp.expand(sp.diff(sigma, z) - w * (1 - tau**2)) == 0
        assert sp.expand(sp.diff(sigma, z, 2) + w * 2 * kappa * tau * (1 - tau**2)) == 0
    assert sp.simplify(logistic.rewrite(sp.exp) - 1 / (1 + sp.exp(-z))) == 0


def test_the_eigenvalue() -> None:
    q, beta = sp.symbols("q beta", positive=True)
    value = q * beta * (RHO * TAU + sp.sqrt(1 + RHO**2 * TAU**2))
    # R_2·2κτβ·q² = 2ρτβq.
    assert sp.expand(value**2 - 2 * RHO * TAU * beta * q * value - (q * beta) ** 2) == 0


def test_one_neuron_attains_the_value() -> None:
    """The network's own second derivative along the extremal direction, for symbols throughout."""
    eps, a, b, q, second, z = sp.symbols("epsilon a b q R_2 z", positive=True)
    # q = ‖(x, 1)‖; the first row is −(z/q²)(x, 1), its direction (a/q)(x, 1).
    pre = -z + eps * a * q
    network = (second + eps * b) * sp.tanh(pre)
    tau = sp.tanh(z)
    found = sp.diff(network, eps, 2).subs(eps, 0)
    claimed = 2 * second * tau * (1 - tau**2) * a**2 * q**2 + 2 * a * b * q * (1 - tau**2)
    assert sp.expand(found - claimed) == 0


def test_the_code_states_this_formula() -> None:
    from lipsym.bounds.derivation import Derivation
    from lipsym.bounds.local import BlockFacts
    from lipsym.bounds.stages import stages
    from lipsym.bounds.two_layer import two_layer_smoothness
    from lipsym.bounds.unfold import unfold
    from lipsym.nets.network import mlp

    r, s = sp.symbols("R S", positive=True)
    for name, kappa, w in (("tanh", 1, 1), ("sigmoid", sp.Rational(1, 2), sp.Rational(1, 4))):
        facts = {k: BlockFacts(r, r, sp.S.Zero, sp.S.Zero, True) for k in (1, 2)}
        out = Derivation(set())
        result = two_layer_smoothness(stages(mlp([2, 3, 1], name)), facts, s, out)
        whole = unfold([(step.symbol, step.expr) for step in out.steps], result)
        q = sp.sqrt(s**2 + 1)
        expected = w * q * (1 - T) * (RHO * sp.sqrt(T) + sp.sqrt(1 + RHO**2 * T))
        expected = expected.subs(T, BEST).subs(RHO, kappa * r * q)
        at = {r: sp.Rational(3, 2), s: sp.Rational(3, 4)}  # q = 5/4
        assert sp.simplify(whole.subs(at) - expected.subs(at)) == 0
