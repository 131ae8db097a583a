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


# inscribed-ball


def test_the_inscribed_ball() -> None:
    c, r = sp.symbols("c r", positive=True)
    assert sp.simplify((r - c) + c - r) == 0  # ‖θ − c‖ ≤ ‖θ‖ + ‖c‖
    assert sp.limit((r + c) / (r - c), r, sp.oo) == 1


# uniform-witness


def test_the_weight_at_argument_0() -> None:
    assert sp.simplify(sp.sqrt(R**2 * (1 + V**2)) / (1 + V**2) - R / sp.sqrt(1 + V**2)) == 0


def test_the_sum_over_equal_layers() -> None:
    s, a, last, out, first, later = sp.symbols("s a a_m s_m q1 q", positive=True)
    rho = s * a
    for depth in (2, 3, 4, 6):
        slopes = [out * last * s * rho ** (depth - 1 - k) for k in range(1, depth)] + [out]
        squares = [first**2, *[later**2] * (depth - 1)]
        direct = sum(d**2 * q for d, q in zip(slopes, squares, strict=True))
        inner = rho ** (2 * (depth - 2)) * first**2 + later**2 * sum(rho ** (2 * t) for t in range(depth - 2))
        assert sp.expand(direct - out**2 * (later**2 + last**2 * s**2 * inner)) == 0


def test_the_shares_of_a_joint_ball() -> None:
    m = sp.Symbol("m", positive=True)
    assert sp.simplify((m - 2) * 2 / (2 * m - 3) + 1 / (2 * m - 3) - 1) == 0


# loss-witness


def test_a_row_of_the_gradient_with_decay() -> None:
    g, d, lam, a, b = sp.symbols("g d lambda a b", real=True)
    gradient = sp.Matrix([g * d * V + lam * a, g * d + lam * b])
    z = a * V + b
    square = g**2 * d**2 * (V**2 + 1) + 2 * lam * g * d * z + lam**2 * (a**2 + b**2)
    assert sp.expand((gradient.T * gradient)[0] - square) == 0


def test_given_labels_are_seen_through_their_moments() -> None:
    h = sp.Symbol("h", real=True)
    rows = [(2, -1), (1, 3), (0, 5)]
    labels = [sp.Rational(1, 2), -2, 7]
    mean = sp.Matrix([sum((h - y) * r[i] for r, y in zip(rows, labels, strict=True)) / 3 for i in range(2)])
    plain = sp.Matrix([sum(r[i] for r in rows) for i in range(2)]) / 3
    weighed = sp.Matrix([sum(y * r[i] for r, y in zip(rows, labels, strict=True)) for i in range(2)]) / 3
    moments = h**2 * plain.dot(plain) - 2 * h * plain.dot(weighed) + weighed.dot(weighed)
    assert sp.expand(mean.dot(mean) - moments) == 0


# l0l1-region


def test_curvature_of_the_losses_against_their_slope() -> None:
    p, q = sp.symbols("p q", positive=True)
    assert sp.expand(p * (1 - p) - p + p**2) == 0  # logistic: g'' = |g'|(1 − |g'|)
    probabilities = sp.Matrix([p, q, 1 - p - q])
    hessian = sp.diag(*probabilities) - probabilities * probabilities.T
    for i in range(3):
        row = hessian[i, i] - sum(hessian[i, j] for j in range(3) if j != i)  # |entries off the diagonal|
        assert sp.expand(row - 2 * probabilities[i] * (1 - probabilities[i])) == 0
