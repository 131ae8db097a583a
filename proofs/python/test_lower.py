"""Exact checks behind the proofs of the lower bounds."""

from __future__ import annotations

import sympy as sp

R, V, T, S, Q, E = sp.symbols("R v t S q epsilon", positive=True)


def test_the_weight_is_on_the_sphere() -> None:
    for sign in (1, -1):
        v = sign * V
        weight = (T * v + sp.sqrt(R**2 * (1 + v**2) - T**2)) / (1 + v**2)
        assert sp.simplify(weight**2 + (T - weight * v) ** 2 - R**2) == 0


def test_aligned_is_the_end_of_the_family() -> None:
    mu = R * sp.sqrt(1 + V**2)
    assert sp.simplify(R**2 * (1 + V**2) - mu**2) == 0
    assert sp.simplify(mu * V / (1 + V**2) - R * V / sp.sqrt(1 + V**2)) == 0


def test_the_first_layer_costs_the_least() -> None:
    weights, bias = T * S / (S**2 + 1), T / (S**2 + 1)
    assert sp.simplify(weights * S + bias - T) == 0
    assert sp.simplify(weights**2 + bias**2 - T**2 / (S**2 + 1)) == 0


def test_the_second_derivative_along_a_direction() -> None:
    a, own, across, v0, v1, v2 = sp.symbols("alpha own across v0 v1 v2", real=True)
    value = v0 + E * v1 + E**2 * v2 / 2
    reach = Q**2 - v0**2  # what the bias and resting neurons contribute
    z = (a + E * (own * v0 / Q + across)) * value + E * own * reach / Q
    first, second = (sp.diff(z, E, k).subs(E, 0) for k in (1, 2))
    assert sp.expand(first - (own * Q + across * v0 + a * v1)) == 0
    assert sp.expand(second - (a * v2 + 2 * (own * v0 / Q + across) * v1)) == 0


def test_the_affine_last_layer() -> None:
    a, c = sp.symbols("a c", positive=True)
    value = (a + sp.sqrt(a**2 + 4 * c**2)) / 2
    assert sp.expand(value**2 - a * value - c**2) == 0


def test_neurons_in_opposition() -> None:
    w = sp.Matrix([1, -1]) / sp.sqrt(2)
    assert (w.T * sp.Matrix([1, 1]))[0] == 0
    assert (w.T * sp.Matrix([w[0] ** 2, w[1] ** 2]))[0] == 0
    assert sp.simplify((R * w * w.T).norm() - R) == 0


def test_the_sigmoid_alone() -> None:
    quotient = V * (1 - V) / sp.sqrt(1 + V**2)
    assert sp.simplify(sp.diff(quotient, V) - (1 - 2 * V - V**3) / (1 + V**2) ** sp.Rational(3, 2)) == 0
    root = sp.nsolve(V**3 + 2 * V - 1, sp.Rational(9, 20), prec=30)
    assert abs(4 * quotient.subs(V, root) - sp.Rational(90285, 100000)) < sp.Rational(1, 10**5)


def test_the_limit_of_two_tanh_layers() -> None:
    """Order 1, R ≥ 1: both sides are √(R²(S²+1) + 1) to leading order."""
    lower = sp.sqrt(R**2 * (S**2 + 1) + 1)
    upper = sp.sqrt(R**2 * (S**2 + 1) + 2)  # tanh² ≤ 1 in the second term
    assert sp.simplify(sp.limit(upper / lower, R, sp.oo)) == 1


def test_the_limit_of_order_two() -> None:
    m, t, s2 = sp.symbols("m t s_2", positive=True)
    lower = s2 * (R**2 - t**2) * (S**2 + 1)
    upper = s2 * R**2 * (S**2 + 1) + m * R
    assert sp.simplify(sp.limit(upper / lower, R, sp.oo)) == 1


def test_labels_that_make_a_loss_steep() -> None:
    """First and second derivative in the first output, the others resting at σ(0) = c."""
    u, y, c, count = sp.symbols("u y c ell", positive=True)
    mse = (u - y) ** 2 / 2
    assert (sp.diff(mse, u), sp.diff(mse, u, 2)) == (u - y, 1)
    sigmoid = 1 / (1 + sp.exp(-u))
    for label in (1, -1):
        logistic = sp.log(1 + sp.exp(-label * u))
        assert sp.simplify(sp.diff(logistic, u) + label / (1 + sp.exp(label * u))) == 0
        assert sp.simplify(sp.diff(logistic, u, 2) - sigmoid * (1 - sigmoid)) == 0
    partition = sp.log(sp.exp(u) + (count - 1) * sp.exp(c))
    p = 1 / (1 + sp.exp(-(u - c - sp.log(count - 1))))
    for own in (1, 0):
        loss = partition - (u if own else c)
        assert sp.simplify(sp.diff(loss, u) - (p - own)) == 0
        assert sp.simplify(sp.diff(loss, u, 2) - p * (1 - p)) == 0


def test_along_a_direction_that_moves_one_output() -> None:
    outer, u1, u2, lam, square = sp.Function("g"), *sp.symbols("u1 u2 lambda s")
    at = sp.Symbol("v")
    path = outer(at + E * u1 + E**2 * u2 / 2) + lam / 2 * square * E**2
    second = sp.diff(path, E, 2).doit().subs(E, 0).doit()
    first_derivative, second_derivative = (sp.diff(outer(at), at, k) for k in (1, 2))
    assert sp.simplify(second - (second_derivative * u1**2 + first_derivative * u2 + lam * square)) == 0
