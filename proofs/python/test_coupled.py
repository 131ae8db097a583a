"""Exact checks behind proofs/range.md, coupled-order-1.md, coupled-order-2.md and coupled-output.md."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise, product

import flint
import pytest
import sympy as sp

from lipsym.bounds.coupled import DIRECTIONS
from lipsym.domains.expressions import EigenvalueBound

T, B1, B2, D, LAM = sp.symbols("t b_1 b_2 d lambda", positive=True)
PYTHAGOREAN = [
    (Fraction(m * m - n * n, m * m + n * n), Fraction(2 * m * n, m * m + n * n))
    for m, n in ((2, 1), (3, 2), (4, 1), (4, 3), (5, 2))
]
"""Rational points (cos χ, sin χ) of the circle."""


# range


def test_the_fold_of_sine() -> None:
    """dE/dy = sin(2w)/(2w) at y = w²; its derivative in w has the sign of 2w cos 2w − sin 2w ≤ 0 on [0, π/2]."""
    w = sp.Symbol("w", positive=True)
    slope = sp.diff(sp.sin(w) ** 2, w) / (2 * w)
    assert sp.simplify(slope - sp.sin(2 * w) / (2 * w)) == 0
    numerator = 2 * w * sp.cos(2 * w) - sp.sin(2 * w)
    assert sp.simplify(sp.diff(slope, w) - numerator / (2 * w**2)) == 0
    # The numerator is 0 at 0 and decreases: its derivative is −4w sin 2w.
    assert sp.simplify(sp.diff(numerator, w) + 4 * w * sp.sin(2 * w)) == 0
    assert slope.subs(w, sp.pi / 2) == 0


# coupled-order-1


def test_the_closed_form_of_tanh_is_convex() -> None:
    x, tau, z = sp.symbols("X tau z", positive=True)
    body = x * (1 - tau) ** 2 + tau
    assert sp.expand(sp.diff(body, tau, 2) - 2 * x) == 0
    assert sp.expand(body.subs(tau, sp.tanh(z) ** 2) - (x * sp.diff(sp.tanh(z), z) ** 2 + sp.tanh(z) ** 2)) == 0


def test_one_neuron_chains_attain_order_1() -> None:
    """tanh, all parameters 0 except A_k = r_k: the sum of squares of all derivatives is the recursion's Z²."""
    s = sp.Symbol("S", positive=True)
    gains = sp.symbols("r_2:5", positive=True)
    a = sp.symbols("A_1:5")
    b = sp.symbols("b_1:5")
    value = s
    for k in range(4):
        value = a[k] * value + b[k]
        value = sp.tanh(value) if k < 3 else value
    at = {**dict.fromkeys(b, 0), a[0]: 0, **dict(zip(a[1:], gains, strict=True))}
    found = sum(sp.diff(value, p).subs(at) ** 2 for p in (*a, *b))
    speed = s**2 + 1
    for gain in gains:
        speed = gain**2 * speed + 1
    assert sp.expand(found - speed) == 0


# coupled-order-2


def arrow(t: sp.Expr, b1: sp.Expr, b2: sp.Expr, d: sp.Expr) -> sp.Matrix:
    return sp.Matrix([[t, b1, b2], [b1, d, 0], [b2, 0, 0]])


def test_the_eigenvector_of_the_arrow_matrix() -> None:
    """v = b_1 a/(λ−d) and w = b_2 a/λ solve the last two rows; the first is then the characteristic equation."""
    charpoly = (LAM * sp.eye(3) - arrow(T, B1, B2, D)).det()
    first_row = T + B1**2 / (LAM - D) + B2**2 / LAM - LAM
    assert sp.expand(sp.cancel(first_row * LAM * (LAM - D)) + charpoly) == 0
    # Elimination: det of the 2×2 matrix with t + b_2²/λ is the same equation.
    reduced = (LAM - (T + B2**2 / LAM)) * (LAM - D) - B1**2
    assert sp.expand(reduced * LAM - charpoly) == 0


def test_the_ratio_of_the_components_is_at_most_the_tangent() -> None:
    """w/v = (b_2/b_1)(1 − d/λ), and b_2/b_1 ≤ tan χ."""
    y, c1, c2, g, q, cos, sin = sp.symbols("Y c_1 c_2 g q cos sin", positive=True)
    b1, b2 = y * (c1 * g * q + c2 * cos), y * c2 * sin
    assert sp.simplify((B2 / LAM) / (B1 / (LAM - D)) - (B2 / B1) * (1 - D / LAM)) == 0
    assert sp.simplify(sin / cos - b2 / b1 - sin * c1 * g * q / (cos * (c1 * g * q + c2 * cos))) == 0


def positive_definite(m: sp.Matrix) -> bool:
    return all(m[:k, :k].det() > 0 for k in (1, 2, 3))


def test_the_eigenvalue_decreases_with_the_angle() -> None:
    """At rational angles: if c exceeds λ_max at one angle, it does at every larger one (c·1 − P positive definite)."""
    angles = sorted(PYTHAGOREAN, key=lambda p: p[1])
    for t, gq, c2, d, y in product((0, 2), (Fraction(1, 2), 3), (Fraction(1, 3), 2), (1, 4), (1, Fraction(5, 2))):
        matrices = [arrow(t, y * (gq + c2 * cos), y * c2 * sin, d) for cos, sin in angles]
        for c in (Fraction(3, 2), 4, Fraction(13, 2), 9, 14):
            above = [
                positive_definite(sp.Rational(Fraction(c)) * sp.eye(3) - sp.Matrix(m).applyfunc(sp.nsimplify))
                for m in matrices
            ]
            assert above == sorted(above)


def test_the_closed_form_is_above_the_eigenvalue_and_near_it() -> None:
    for entries in product((0, 1, Fraction(7, 2)), (0, Fraction(1, 2), 3), (0, 1, Fraction(5, 3)), (1, Fraction(9, 4))):
        t, b1, b2, d = (flint.arb(flint.fmpq(Fraction(e).numerator, Fraction(e).denominator)) for e in entries)
        above = evaluated(EigenvalueBound(*map(sp.Rational, map(Fraction, entries))).closed_form())
        slightly_more = above * (1 + flint.arb(2) ** -30)
        assert exceeds(slightly_more, t, b1, b2, d), entries
        # A few percent less is no bound.
        assert not exceeds(above * 93 / 100, t, b1, b2, d), entries


def evaluated(expr: sp.Expr) -> flint.arb:
    return flint.arb(str(sp.N(expr, 40)))


def test_chords_interpolate() -> None:
    u, v = sp.symbols("u v")
    for (p0, p1), (q0, q1) in pairwise(DIRECTIONS):
        det = p0 * q1 - p1 * q0
        assert det > 0
        x, y = (q1 * u - p1 * v) / det, (p0 * v - q0 * u) / det
        assert sp.expand(x * p0 + y * p1 - u) == 0
        assert sp.expand(x * q0 + y * q1 - v) == 0
    assert DIRECTIONS[0] == (1, 0)
    assert DIRECTIONS[-1] == (0, 1)


def test_the_second_derivative_of_a_stage() -> None:
    """z̈_{k+1} = A(σ''ż² + σ'z̈) + 2U_A(σ'ż), for two neurons and symbols."""
    e = sp.Symbol("e")
    p, dp, ddp = sp.symbols("p:2"), sp.symbols("dp:2"), sp.symbols("ddp:2")
    a, ua = sp.symbols("a:2"), sp.symbols("ua:2")
    b, ub = sp.symbols("b ub")
    z = [p[i] + e * dp[i] + e**2 * ddp[i] / 2 for i in range(2)]
    stage = sum((a[i] + e * ua[i]) * sp.tanh(z[i]) for i in range(2)) + b + e * ub
    t = [sp.tanh(p[i]) for i in range(2)]
    slope, curvature = [1 - x**2 for x in t], [-2 * x * (1 - x**2) for x in t]
    first = sum(a[i] * slope[i] * dp[i] + ua[i] * t[i] for i in range(2)) + ub
    second = sum(
        a[i] * (curvature[i] * dp[i] ** 2 + slope[i] * ddp[i]) + 2 * ua[i] * slope[i] * dp[i] for i in range(2)
    )
    assert sp.expand(sp.diff(stage, e).subs(e, 0) - first) == 0
    assert sp.expand(sp.diff(stage, e, 2).subs(e, 0) - second) == 0


# The single effective neuron's |σ| in the off-diagonal entries is below the truth: proofs/coupled-order-2.md.
C2, RADIUS, SQUARED, WIDTH = flint.arb(3) / 10, flint.arb(1) / 5, flint.arb(17), 64  # p(S)² = S² + 1 with S = 4


def exceeds(c: flint.arb, t: flint.arb, b1: flint.arb, b2: flint.arb, d: flint.arb) -> bool:
    """Whether c is certainly above the largest eigenvalue of the arrow matrix, by its Schur complement."""
    return bool(c > d) and bool(c - t - b1 * b1 / (c - d) - b2 * b2 / c > 0)


def effective(z: flint.arb, own_only: bool) -> tuple[flint.arb, ...]:
    """The entries for c_1 = 1, c_2 = 3/10 over a ball of z; ``own_only``: the refuted variant."""
    reach2 = RADIUS * RADIUS * SQUARED
    tau = z.tanh()
    slope, curvature = 1 - tau * tau, 2 * tau * (1 - tau * tau)
    left = (reach2 - z * z) / (WIDTH - 1)
    # The last ball of z reaches beyond ζ by rounding: there the square is hulled with 0.
    rest = (left.sqrt() if left > 0 else flint.arb(0).union(left.upper().sqrt())).tanh()
    n2 = tau * tau + (WIDTH - 1) * rest * rest
    q = (1 + n2).sqrt()
    n = tau if own_only else n2.sqrt()
    rate = slope * SQUARED.sqrt()
    own = (RADIUS * RADIUS * slope * slope + C2 * RADIUS * curvature) * SQUARED
    orthogonal = (1 - n * n / (q * q)).sqrt()
    return own, rate * (RADIUS * q + C2 * n / q), rate * C2 * orthogonal, 1 + n2


def aligned_value() -> flint.arb:
    """c_1‖ż_2‖² + c_2|z̈_2| of an actual network and direction, divided by the squared norm of the direction.

    64 neurons at z_1 = s; the direction moves every one by a·p(S)/8 and the output weights by U.
    """
    root = SQUARED.sqrt()
    s = RADIUS * root / 8
    t = s.tanh()
    slope, curvature = 1 - t * t, -2 * t * (1 - t * t)
    n = 8 * t
    q = (1 + n * n).sqrt()
    a, along, across = (flint.arb(v) / 1000 for v in (561, 825, 70))
    # e = (N, 1)/q; the unit vector orthogonal to e in the plane of (1, …, 1)/8 and the bias is (1, −n)/q.
    weights, bias = along * n / q + across / q, along / q - across * n / q
    step = a * root  # ‖ż_1‖
    first = RADIUS * slope * step + weights * n + bias
    second = RADIUS * curvature * step * step / 8 + 2 * weights * slope * step
    return (first * first + C2 * abs(second)) / (a * a + along * along + across * across)


def test_one_neurons_output_does_not_serve_several() -> None:
    reach, cells = (RADIUS * RADIUS * SQUARED).sqrt(), 400
    three, true = flint.arb(3), flint.arb(31) / 10
    assert aligned_value() > true
    for k in range(cells):
        z = (flint.arb(k).union(flint.arb(k + 1))) / cells * reach
        assert exceeds(three, *effective(z, own_only=True)), k
    # The rule with ‖N‖ is above this configuration, as it must be.
    assert not exceeds(true, *effective(reach / 8, own_only=False))


# coupled-output


def test_the_derivative_of_the_output_maximum() -> None:
    """Along κ(z) = w/G: dQ/dy = Λ²(β² + α²β/α'), and its z-derivative is −(α²/α'²)(αα' + βα'')."""
    z = sp.Symbol("z")
    alpha, beta = sp.Function("alpha")(z), sp.Function("beta")(z)
    d = beta**2 + alpha**2 * beta / alpha.diff(z)
    found = sp.diff(d, z).subs(beta.diff(z), -alpha)
    claimed = -(alpha**2) / alpha.diff(z) ** 2 * (alpha * alpha.diff(z) + beta * alpha.diff(z, 2))
    assert sp.simplify(found - claimed) == 0
    ratio = (-alpha.diff(z) / beta).diff(z).subs(beta.diff(z), -alpha)
    assert sp.simplify(ratio + (alpha * alpha.diff(z) + beta * alpha.diff(z, 2)) / beta**2) == 0


def test_the_output_maximum_of_tanh() -> None:
    g, lam, tau = sp.symbols("G Lambda tau", positive=True)
    best = (sp.sqrt(lam**2 + 12 * g**2) - lam) / (6 * g)
    derivative = sp.diff((1 - tau**2) * (2 * tau * g + lam), tau)
    assert sp.simplify(derivative.subs(tau, best)) == 0
    # Where the fractions of two neurons share G and Λ, Q is superadditive: exact at points where the root is rational.


def test_superadditivity_at_rational_points() -> None:
    """tanh, Q(x, y) = m(√x, √y)² with m(G, Λ): √(Λ² + 12G²) rational; sums of two stay below Q(1, 1)."""

    def m(g: flint.arb, lam: flint.arb) -> flint.arb:
        if g == 0:
            return lam
        tau = ((lam * lam + 12 * g * g).sqrt() - lam) / (6 * g)
        return (1 - tau * tau) * (2 * tau * g + lam)

    for g, lam in ((1, 2), (3, 1), (1, 7)):
        whole = m(flint.arb(g), flint.arb(lam))
        for i, j in product(range(1, 8), repeat=2):
            p, r2 = flint.arb(i) / 8, flint.arb(j) / 8
            one = m(g * p, lam * r2.sqrt())
            other = m(g * (1 - p), lam * (1 - r2).sqrt())
            assert one * one + other * other <= whole * whole


@pytest.mark.parametrize(
    ("ratio", "limit"), [("(6*z**2 - 2)/(1 + z**2)**2", sp.Rational(1, 3)), ("4*z**2 - 2", sp.Rational(1, 2))]
)
def test_ratio_increasing_of_arctan_and_erf(ratio: str, limit: sp.Rational) -> None:
    z = sp.Symbol("z", positive=True)
    sigma = sp.atan(z) if "1 +" in ratio else sp.erf(z)
    claimed = sp.sympify(ratio, locals={"z": z})
    assert sp.simplify(sp.diff(sigma, z, 3) / sp.diff(sigma, z) - claimed) == 0
    square = sp.Symbol("s", positive=True)
    slope = sp.numer(sp.together(sp.diff(claimed, z))).subs(z, sp.sqrt(square)) / sp.sqrt(square)
    # Positive on (0, z*²]: linear in s, so its ends decide.
    slope = sp.factor(sp.simplify(slope))
    assert all(slope.subs(square, s) > 0 for s in (0, limit))
    assert sp.degree(sp.expand(slope), square) <= 2
