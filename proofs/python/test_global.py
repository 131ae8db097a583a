"""Exact checks behind proofs/global-*.md, in SymPy."""

from __future__ import annotations

import pytest
import sympy as sp

x, y, s, t, w, v, q, R, lam = sp.symbols("x y s t w v q R lambda", real=True)
Z = sp.Symbol("z", real=True)
SIGMOID = 1 / (1 + sp.exp(-Z))
CURVES = {
    "tanh": sp.tanh(Z),
    "sigmoid": SIGMOID,
    "softplus": sp.log(1 + sp.exp(Z)),
    "sin": sp.sin(Z),
    "arctan": sp.atan(Z),
    "erf": sp.erf(Z),
    "gelu": Z * (1 + sp.erf(Z / sp.sqrt(2))) / 2,
    "silu": Z * SIGMOID,
}
BOUNDED = ("tanh", "sigmoid", "arctan", "erf")


def test_the_chain_rule_along_a_path() -> None:
    outer, inner = sp.Function("F"), sp.Function("g")
    path = outer(R * (inner(s) - v) + t)
    at = {s: 0}
    slope = sp.diff(path, s).doit().subs(inner(s).diff(s), sp.Symbol("g1")).subs(inner(s), v)
    assert sp.simplify(slope.subs(at).doit() - R * sp.Symbol("g1") * sp.diff(outer(t), t)) == 0
    # F = z², g = v + g1 s + g2 s²/2 stands for every pair of second-order jets of F'' = 2 and F' = 2t.
    g1, g2 = sp.symbols("g1 g2")
    second = sp.diff((R * (g1 * s + g2 * s**2 / 2) + t) ** 2, s, 2).subs(s, 0)
    assert sp.expand(second - (2 * R**2 * g1**2 + 2 * t * R * g2)) == 0


@pytest.mark.parametrize("name", sorted(CURVES))
@pytest.mark.parametrize("point", [sp.Rational(1, 2), -sp.Rational(1, 2)])
def test_no_row_is_flat_at_a_half(name: str, point: sp.Expr) -> None:
    for order in range(3):
        value = sp.diff(CURVES[name], Z, order).subs(Z, point)
        assert value.evalf(30, chop=False) != 0
        assert value.is_zero is not True


@pytest.mark.parametrize("name", ["tanh", "sin", "arctan", "erf"])
def test_what_is_bounded_and_zero_at_zero_has_a_slope_there(name: str) -> None:
    assert CURVES[name].subs(Z, 0) == 0
    assert sp.diff(CURVES[name], Z).subs(Z, 0).is_positive


@pytest.mark.parametrize("name", BOUNDED)
def test_the_moment_is_bounded(name: str) -> None:
    slope = sp.diff(CURVES[name], Z)
    assert sp.limit((Z * slope).rewrite(sp.exp), Z, sp.oo) == 0


@pytest.mark.parametrize("name", ["softplus", "gelu", "silu"])
def test_the_moment_is_unbounded(name: str) -> None:
    assert sp.limit(sp.diff(CURVES[name], Z), Z, sp.oo) == 1
    assert sp.limit(CURVES[name], Z, sp.oo) == sp.oo
    assert sp.limit(Z**2 * sp.diff(CURVES[name], Z, 2), Z, sp.oo) == 0


def test_critical_points_of_the_moments() -> None:
    slope = 1 - sp.tanh(Z) ** 2
    assert sp.simplify(sp.diff(Z * slope, Z) - slope * (1 - 2 * Z * sp.tanh(Z))) == 0
    assert sp.simplify(sp.diff(Z**2 * slope, Z) - 2 * Z * slope * (1 - Z * sp.tanh(Z))) == 0
    half = sp.tanh(Z / 2)
    assert sp.simplify((sp.diff(SIGMOID, Z) - (1 - half**2) / 4).rewrite(sp.exp)) == 0
    p = sp.Symbol("p", positive=True)
    rows = [
        (p / (1 + p**2), 1, sp.Rational(1, 2)),
        (2 * p**2 / (1 + p**2) ** 2, 1, sp.Rational(1, 2)),
        (2 * p**3 / (1 + p**2) ** 2, sp.sqrt(3), 3 * sp.sqrt(3) / 8),
        (p / (1 + p) ** 2, 1, sp.Rational(1, 4)),
        (2 * p / (1 + p) ** 3, sp.Rational(1, 2), sp.Rational(8, 27)),
        (2 * p**2 / (1 + p) ** 3, 2, sp.Rational(8, 27)),
        (p * sp.exp(-(p**2)), 1 / sp.sqrt(2), sp.exp(-sp.Rational(1, 2)) / sp.sqrt(2)),
        (p**2 * sp.exp(-(p**2)), 1, sp.exp(-1)),
        (p**3 * sp.exp(-(p**2)), sp.sqrt(6) / 2, 3 * sp.sqrt(6) / 4 * sp.exp(-sp.Rational(3, 2))),
    ]
    for curve, where, value in rows:
        assert [root for root in sp.solve(sp.diff(curve, p), p) if root.is_positive] == [where]
        assert sp.simplify(curve.subs(p, where) - value) == 0
        assert curve.subs(p, 0) == 0
        assert sp.limit(curve, p, sp.oo) == 0


def test_the_sigmoid_pair_order_1() -> None:
    sigma = sp.exp(Z) / (1 + sp.exp(Z))
    assert sp.simplify(sp.diff(sigma, Z) / sigma - (1 - sigma)) == 0
    assert sp.simplify(sp.diff(sigma, Z, 2) / sigma - (1 - sigma) * (1 - 2 * sigma)) == 0
    assert sp.expand(1 - (v**2 + (1 - v) ** 2) - 2 * v * (1 - v)) == 0  # v² + (1 − v)² ≤ 1 on [0, 1]


def test_the_sigmoid_pair_order_2() -> None:
    outer = sp.Function("h")
    z0, z1, w1 = sp.symbols("z0 z1 w1")
    inner = sp.Function("g")
    second = sp.diff(outer((w + w1 * t) * inner(z0 + z1 * t)), t, 2).subs(t, 0).doit()
    g, h = sp.exp(Z), sp.Symbol("u") ** 3  # two functions whose jets are independent enough to see every term
    concrete = second.replace(inner, lambda a: g.subs(Z, a)).replace(outer, lambda a: h.subs(sp.Symbol("u"), a)).doit()
    value, point = g.subs(Z, z0), w * g.subs(Z, z0)
    rho, bend = 1, 1  # g'/g and g''/g of exp
    speed = w1 * value + point * rho * z1
    acceleration = 2 * w1 * rho * value * z1 + point * bend * z1**2
    assert sp.simplify(concrete - (6 * point * speed**2 + 3 * point**2 * acceleration)) == 0


def test_two_affine_layers() -> None:
    a, b, c, d = sp.symbols("a b c d")
    second = sp.diff((c + d * t) * ((a + b * t) * x), t, 2)
    assert sp.expand(second - 2 * b * d * x) == 0
    assert sp.expand((b**2 + d**2) ** 2 - 4 * b**2 * d**2 - (b**2 - d**2) ** 2) == 0


def test_the_tail_route_is_exponential() -> None:
    sigma = sp.exp(Z) / (1 + sp.exp(Z))
    path = (t / sigma.subs(Z, -R)) * sigma
    assert sp.simplify((sp.diff(path, Z).subs(Z, -R) - t * (1 - sigma.subs(Z, -R))).rewrite(sp.exp)) == 0


def test_decay_outgrows_every_line() -> None:
    positive = sp.Symbol("lambda", positive=True)
    assert sp.limit(positive * R / 2 - x / R, R, sp.oo) == sp.oo


def test_the_hyperbola_of_stationary_points() -> None:
    first, second = sp.symbols("w_1 w_2")
    loss = (first * second * x - y) ** 2 / 2
    on = {first: y / (R * x), second: R}
    assert [sp.simplify(sp.diff(loss, a).subs(on)) for a in (first, second)] == [0, 0]
    trace = sum(sp.diff(loss, a, 2) for a in (first, second)).subs(on)
    assert sp.simplify(trace - (R**2 * x**2 + y**2 / R**2)) == 0


def test_curvature_outgrows_the_gradient() -> None:
    f1, f2, g1, g2, l0, l1 = sp.symbols("f1 f2 g1 g2 L0 L1", positive=True)
    curvature, gradient = f2 * R**2 * g1**2 - f1 * R * g2, f1 * R * g1 + f1 + lam**2 * R
    assert sp.degree(sp.Poly(curvature, R)) == 2
    assert sp.degree(sp.Poly(l0 + l1 * gradient, R)) == 1


def test_two_huber_pieces_can_cancel() -> None:
    u = sp.Symbol("u", real=True)
    assert sp.diff((5 - u) + (u + 5), u) == 0


# F bends (global-order-2), and the tail is no logarithm: t σ''/σ' is not constant


@pytest.mark.parametrize("name", sorted(CURVES))
def test_the_quotient_of_curvature_and_slope_is_not_constant(name: str) -> None:
    quotient = Z * sp.diff(CURVES[name], Z, 2) / sp.diff(CURVES[name], Z)
    values = [quotient.subs(Z, point).evalf(30) for point in (sp.Rational(1, 2), sp.Rational(1, 4))]
    assert abs(values[0] - values[1]) > sp.Rational(1, 100)


def test_the_quotient_of_softsign_and_elu() -> None:
    p = sp.Symbol("p", positive=True)
    softsign, elu = p / (1 + p), sp.exp(-p) - 1
    for curve, expected in ((softsign, -2 * p / (1 + p)), (elu, -p)):
        assert sp.simplify(p * sp.diff(curve, p, 2) / sp.diff(curve, p) - expected) == 0


def test_bending_is_affine_in_the_last_quotient() -> None:
    """F = σ_m(w v(z)): F''/F' = w v' σ_m''/σ_m' + v''/v'."""
    outer, inner = sp.Function("sigma"), sp.Function("v")
    value = outer(w * inner(Z))
    u = w * inner(Z)
    slope = sp.Subs(sp.diff(outer(y), y), y, u)
    bend = sp.Subs(sp.diff(outer(y), y, 2), y, u)
    first, second = sp.diff(value, Z), sp.diff(value, Z, 2)
    expected = w * inner(Z).diff(Z) * bend / slope + inner(Z).diff(Z, 2) / inner(Z).diff(Z)
    known = {outer: sp.exp, inner: sp.sin}
    claim = second / first - expected
    for old, new in known.items():
        claim = claim.replace(old, new).doit()
    assert sp.simplify(claim) == 0


# Upper directions: one layer


def test_the_products_of_value_and_curvature() -> None:
    p = sp.Symbol("p", positive=True)
    softplus = -sp.log(p) * p  # −log(1 − s)(1 − s) with p = 1 − s, times s ≤ 1
    assert sp.solve(sp.diff(softplus, p), p) == [sp.exp(-1)]
    assert sp.simplify(softplus.subs(p, sp.exp(-1)) - sp.exp(-1)) == 0
    elu = (1 - p) * p
    assert sp.solve(sp.diff(elu, p), p) == [sp.Rational(1, 2)]
    assert elu.subs(p, sp.Rational(1, 2)) == sp.Rational(1, 4)
    bell = sp.exp(-(p**2) / 2) / sp.sqrt(2 * sp.pi)
    for power, where in ((1, 1), (3, sp.sqrt(3))):
        assert [r for r in sp.solve(sp.diff(p**power * bell, p), p) if r.is_positive] == [where]
    tops = 2 * (p * bell).subs(p, 1) + (p**3 * bell).subs(p, sp.sqrt(3))
    stated = (2 * sp.exp(-sp.Rational(1, 2)) + 3 * sp.sqrt(3) * sp.exp(-sp.Rational(3, 2))) / sp.sqrt(2 * sp.pi)
    assert sp.simplify(tops - stated) == 0


def test_one_layer_is_a_function_of_one_argument() -> None:
    """σ(a x + b): gradient σ'(x, 1), Hessian σ''(x, 1)(x, 1)ᵀ of norm |σ''|(x² + 1)."""
    a, b = sp.symbols("a b", real=True)
    value = sp.tanh(a * x + b)
    hessian = sp.hessian(value, (a, b))
    second = sp.diff(sp.tanh(Z), Z, 2).subs(Z, a * x + b)
    assert sp.simplify(hessian - second * sp.Matrix([x, 1]) * sp.Matrix([[x, 1]])) == sp.zeros(2)
    assert sp.expand((sp.Matrix([x, 1]) * sp.Matrix([[x, 1]])).trace() - (x**2 + 1)) == 0


# Losses without biases


def test_a_tiny_first_weight_and_a_growing_last_one() -> None:
    tau, c = sp.symbols("tau c", positive=True)
    for curve in (sp.tanh(Z), sp.sin(Z), sp.atan(Z), sp.exp(Z) - 1):
        path = R * curve.subs(Z, c * tau / R)
        limit = sp.limit(path.subs(R, sp.Symbol("r", positive=True)), sp.Symbol("r", positive=True), sp.oo)
        assert sp.simplify(limit - c * tau * sp.diff(curve, Z).subs(Z, 0)) == 0


def test_odd_outputs_are_seen_by_strictly_convex_losses() -> None:
    u = sp.Symbol("u", positive=True)
    squared = ((u - y) ** 2 + (-u - y) ** 2 - 2 * y**2) / 2
    assert sp.expand(squared - u**2) == 0
    logistic = sp.log(1 + sp.exp(u)) + sp.log(1 + sp.exp(-u)) - 2 * sp.log(2)
    # (1 + e^u)(1 + e^{−u}) − 4 = (e^{u/2} − e^{−u/2})²
    product = sp.expand((1 + sp.exp(u)) * (1 + sp.exp(-u)) - 4)
    assert sp.simplify(product - sp.expand((sp.exp(u / 2) - sp.exp(-u / 2)) ** 2)) == 0
    assert logistic.subs(u, 1).evalf(20) > 0


def test_two_opposed_neurons_pass_no_gradient_on() -> None:
    c, v1, v2 = sp.symbols("c v1 v2")
    argument = (R + c) * v1 + (-R + c) * v2
    assert argument.subs({v1: v, v2: v}).expand() == 2 * c * v
    row = sp.Symbol("row")  # both neurons read the same row of the layer before
    total = (sp.diff(argument, v1) + sp.diff(argument, v2)) * row
    assert sp.expand(total - 2 * c * row) == 0
