"""Exact checks behind the proofs of flows, jumps and equilibria."""

from __future__ import annotations

import sympy as sp

from lipsym.domains.expressions import ExpPhi

L, S, T, R, N, A, V, X = sp.symbols("Lambda s T R n a v x", positive=True)
C, P, U, Q = sp.symbols("C P U Q", positive=True)


def phi(order: int, z: sp.Expr) -> sp.Expr:
    return ExpPhi(order, z).rewrite(sp.exp)


def whole(expr: sp.Expr, start: sp.Expr = sp.S.Zero, end: sp.Expr = sp.S.One) -> sp.Expr:
    """The integral over the clock."""
    return sp.integrate(sp.expand(expr), (S, start, end))


def same(left: sp.Expr, right: sp.Expr) -> bool:
    return sp.simplify(sp.expand((left - right).rewrite(sp.exp))) == 0


def test_the_phi_functions_are_integrals() -> None:
    for k in (1, 2, 3):
        assert same(whole((1 - S) ** (k - 1) / sp.factorial(k - 1) * sp.exp(S * L)), phi(k, L))
        assert same(sp.diff(phi(k, L), L), phi(k, L) - k * phi(k + 1, L))
        assert sp.limit(phi(k, L), L, 0) == sp.Rational(1, sp.factorial(k))


def test_the_integrals_of_the_elementary_forms() -> None:
    d = S * phi(1, L * S)
    assert same(whole(sp.exp(L * (1 - S))), phi(1, L))
    assert same(whole(d), phi(2, L))
    assert same(whole(sp.exp(L * (1 - S)) * d), phi(1, L) - phi(2, L))
    assert same(whole(sp.exp(-L * S) * sp.expand(d**2)), phi(3, L) + phi(3, -L))


def test_the_chord() -> None:
    z = sp.Symbol("z", positive=True)
    assert same(whole((1 - S) * sp.exp(-z * S)), phi(2, -z))
    assert same(whole(S * sp.exp(-z * S)), phi(1, -z) - phi(2, -z))
    state = (X * sp.exp(L * S) - N**2 / X * sp.exp(-L * S)) / 2
    assert sp.expand(state.diff(S, 2) - L**2 * state) == 0


def test_the_elementary_forms_are_what_dsolve_finds() -> None:
    h, d = sp.Function("h"), P * S * phi(1, L * S)
    cases = {
        "uu": (C * sp.exp(2 * L * S), C * sp.exp(L) * phi(1, L)),
        "u theta": (C * sp.exp(L * S) * d + U * sp.exp(L * S), sp.exp(L) * (U + C * P * phi(2, L))),
        "theta theta": (
            C * d**2 + 2 * U * d + Q,
            C * P**2 * sp.exp(L) * (phi(3, L) + phi(3, -L)) + 2 * U * P * (phi(1, L) - phi(2, L)) + Q * phi(1, L),
        ),
    }
    for source, closed in cases.values():
        equation = sp.Eq(h(S).diff(S), L * h(S) + sp.expand(source))
        found = sp.dsolve(equation, h(S), ics={h(0): 0})
        assert same(found.rhs.subs(S, 1), closed)


def test_the_majorant_of_a_linear_field_is_what_dsolve_finds() -> None:
    start = sp.Symbol("w_0", positive=True)  # n_0 + √(n_0² + 1)
    w = start * sp.exp(L * S)
    state, root = (w - 1 / w) / 2, (w + 1 / w) / 2
    assert sp.expand(state**2 + 1 - root**2) == 0  # √(n² + 1) = (w + 1/w)/2
    assert sp.expand(state.diff(S) - L * root) == 0  # n' = Λ√(n² + 1)
    d, h = sp.Function("d"), sp.Function("h")
    first = sp.dsolve(sp.Eq(d(S).diff(S), L * d(S) + sp.expand(root)), d(S), ics={d(0): 0}).rhs
    assert same(first.subs(S, 1), sp.exp(L) * (start + phi(1, -2 * L) / start) / 2)
    second = sp.dsolve(sp.Eq(h(S).diff(S), L * h(S) + 2 * sp.expand(first)), h(S), ics={h(0): 0}).rhs
    assert same(second.subs(S, 1), sp.exp(L) * (start / 2 + phi(2, -2 * L) / start))


def test_the_clock_of_the_state() -> None:
    """``r = (w − τ²/w)/2`` undoes ``w = r + √(r² + τ²)``, ``dw/dr = w/√(r² + τ²)`` and ``w ≤ 2√(r² + τ²)``."""
    tau = sp.Symbol("tau", positive=True)
    w = X + sp.sqrt(X**2 + tau**2)
    assert sp.simplify((w - tau**2 / w) / 2 - X) == 0
    assert sp.simplify(sp.diff(w, X) - w / sp.sqrt(X**2 + tau**2)) == 0
    assert sp.simplify((2 * sp.sqrt(X**2 + tau**2) - w) * w - tau**2) == 0  # the difference is τ²/w > 0


def test_channels_in_an_unknown_order_cannot_share_the_average() -> None:
    """The one with an offset first, the one with a slope second: ``a e^ρ``, more than ``a φ_1(ρ)``."""
    assert sp.simplify(A * sp.exp(L) - A * phi(1, L)).subs({A: 1, L: 1}) > 0


def test_jumps_of_f_minus_the_identity() -> None:
    f, step = sp.Function("f")(X), sp.Symbol("Delta")
    jump = X + step * (f - X)
    assert sp.expand(jump - ((1 - step) * X + step * f)) == 0
    assert sp.expand(jump.subs(step, 1)) == f


def test_tanh_at_its_equilibrium() -> None:
    """``sinh y(T) = e^{aT} sinh y(0)``, and the second derivative of ``y(T)`` in ``y(0)``."""
    eta, t = sp.symbols("eta t", positive=True)
    y = sp.asinh(sp.exp(A * t) * sp.sinh(eta))
    assert sp.simplify(sp.diff(y, t) - A * sp.sinh(y) / sp.sqrt(1 + sp.sinh(y) ** 2)) == 0
    E = sp.Symbol("E", positive=True)
    second = sp.diff(sp.asinh(E * sp.sinh(eta)), eta, 2)
    v = E * sp.sinh(eta)
    assert sp.simplify(second + v * (E**2 - 1) / (1 + v**2) ** sp.Rational(3, 2)) == 0
    assert same(sp.exp(2 * A * T) - 1, 2 * A * T * phi(1, 2 * A * T))


def test_the_perturbation_at_the_equilibrium() -> None:
    rho, gain = sp.symbols("rho gain", positive=True)
    xi = gain * S * phi(1, rho * S)
    assert same(sp.diff(xi, S), rho * xi + gain)
    second = sp.integrate(sp.expand(sp.exp(rho * (T - S)) * xi), (S, 0, T))
    assert same(second, gain * T**2 * (phi(1, rho * T) - phi(2, rho * T)))
    drift = sp.integrate(sp.expand(sp.exp(rho * (T - S)) * S), (S, 0, T))
    assert same(drift, T**2 * phi(2, rho * T))


def test_the_limit_of_order_1() -> None:
    q, B, s1 = sp.symbols("q B s_1", positive=True)
    rate = s1 * R * T
    upper = s1 * T * sp.exp(rate) * (q / rate + B / rate**2)
    lower = s1 * T * q * (sp.exp(rate) - 1) / rate
    assert sp.limit(sp.simplify((upper / lower).subs({s1: 1, T: 1})), R, sp.oo) == 1
    assert same(upper / lower, (1 + B / (q * rate)) / (1 - sp.exp(-rate)))


def test_the_limit_of_order_2() -> None:
    s2 = 4 / (3 * sp.sqrt(3))
    v = 1 / sp.sqrt(2)
    assert sp.simplify(v / (1 + v**2) ** sp.Rational(3, 2) - s2 / 2) == 0
    share = 1 / (sp.sqrt(2) * (1 + R) * sp.exp(R))
    assert sp.limit(R * share**2, R, sp.oo) == 0  # R − R√(1 − e²) ≤ Re²
    assert sp.limit(sp.simplify(sp.exp(R) * share * R), R, sp.oo) == v


def test_the_linear_field_is_exact() -> None:
    """``A = Re_1e_1ᵀ``, ``x = Se_1``: derivatives of ``Se^{(R+ε)T}``."""
    radius = sp.Symbol("S", positive=True)
    flow = radius * sp.exp((R + X) * T)
    assert sp.diff(flow, X).subs(X, 0) == radius * T * sp.exp(R * T)
    assert sp.diff(flow, X, 2).subs(X, 0) == radius * T**2 * sp.exp(R * T)


def test_the_opposed_pair() -> None:
    w = sp.Matrix([1, -1]) / sp.sqrt(2)
    assert (R * w * w.T * sp.Matrix([1, 1])).norm() == 0
    assert sp.simplify((R * w * w.T).norm() - R) == 0
    assert sum(w[i] ** 3 for i in range(2)) == 0
