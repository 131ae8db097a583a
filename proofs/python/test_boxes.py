"""layer-norms, layer-elimination, radial-mean-value, coupled-neurons, entrywise-jet: the algebra, in rationals."""

from __future__ import annotations

from fractions import Fraction

import sympy as sp


def rational(seed: int, *shape: int) -> sp.Matrix:
    """A matrix of small rationals, another one for each seed."""
    state = seed * 7919 + 17

    def draw(*_: int) -> sp.Rational:
        nonlocal state
        state = (state * 1103515245 + 12345) % (1 << 31)
        return sp.Rational((state >> 8) % 19 - 9, 7)

    return sp.Matrix(*shape, draw)


def square(m: sp.Matrix) -> sp.Expr:
    return sum(x * x for x in m)


def test_elimination_lemma() -> None:
    """The supremum over U is attained where the proof says, and no other U exceeds it."""
    for seed in range(6):
        w = rational(seed, 2, 2)
        w = w + w.T
        n, y, c, delta = (rational(seed + k, size, 1) for k, size in ((10, 3), (20, 3), (30, 2), (40, 2)))
        y[2] = 0  # the bias has no place in y
        q2 = square(n)
        level = q2 * (sum(abs(x) for x in w) + 1)
        moved = c + delta * (n.T * y)[0] / level
        alpha = w + q2 / level * w * (sp.eye(2) - q2 / level * w).inv() * w
        value = (moved.T * alpha * moved)[0] + square(delta) * square(y) / level

        def form(u: sp.Matrix) -> sp.Expr:
            z = u * n + c  # noqa: B023
            return (z.T * w * z)[0] + 2 * (delta.T * u * y)[0] - level * square(u)  # noqa: B023

        p = (level / q2 * sp.eye(2) - w).inv() * w * moved
        best = p * n.T / q2 + delta * y.T / level
        assert sp.simplify(form(best) - value) == 0
        for k in range(5):
            assert form(best + rational(100 + k, 2, 3) / 5) < value
        # Has power: the term of δ alone, or α without its resolvent, is less than the supremum.
        assert value > (moved.T * w * moved)[0] + square(delta) * square(y) / level or not any(w * moved)


def test_second_order_form() -> None:
    """wᵀD²N[u, u] = Σ γ·(σ'' ż²) + 2Σ δ·U y for a network of three layers of width two, σ a polynomial."""
    t, s = sp.symbols("t s")
    sigma = s**3 / 3 - s**2 / 5 + s
    sizes = [(2, 2), (2, 2), (1, 2)]
    a = [rational(3 + k, *size) for k, size in enumerate(sizes)]
    b = [rational(13 + k, size[0], 1) for k, size in enumerate(sizes)]
    ua = [rational(23 + k, *size) for k, size in enumerate(sizes)]
    ub = [rational(33 + k, size[0], 1) for k, size in enumerate(sizes)]
    x = rational(50, 2, 1)

    def apply(expr: sp.Expr, z: sp.Matrix) -> sp.Matrix:
        return z.applyfunc(lambda v: expr.subs(s, v))

    state = x
    for k in range(3):
        z = (a[k] + t * ua[k]) * state + b[k] + t * ub[k]
        state = z if k == 2 else apply(sigma, z)
    exact = sp.diff(sp.expand(state[0]), t, 2).subs(t, 0)
    first, second = sp.diff(sigma, s), sp.diff(sigma, s, 2)
    inputs, zs = [x], []
    for k in range(3):
        zs.append(a[k] * inputs[-1] + b[k])
        inputs.append(apply(sigma, zs[-1]))
    dots, y = [], sp.zeros(2, 1)
    ys = []
    for k in range(3):
        ys.append(y)
        dots.append(ua[k] * inputs[k] + ub[k] + a[k] * y)
        y = sp.Matrix([p * q for p, q in zip(apply(first, zs[k]), dots[k], strict=True)])
    total, gamma = sp.S.Zero, sp.Matrix([1])
    for k in (2, 1, 0):
        delta = gamma
        if k < 2:
            total += sum(g * c * d**2 for g, c, d in zip(gamma, apply(second, zs[k]), dots[k], strict=True))
            delta = sp.Matrix([g * c for g, c in zip(gamma, apply(first, zs[k]), strict=True)])
        if k:
            total += 2 * (delta.T * ua[k] * ys[k])[0]
        gamma = a[k].T * delta
    assert sp.simplify(total - exact) == 0


def test_two_neurons_of_two_layers_and_their_coupled_bound() -> None:
    """‖DN‖² = 1 + Σ (σ² + k a²σ'²) exactly, k = ‖x‖² + 1, for one output and two layers."""
    s = sp.Symbol("s")
    sigma = s**3 - s / 2
    x, a1, b1, a2 = rational(1, 2, 1), rational(2, 3, 2), rational(3, 3, 1), rational(4, 1, 3)
    names = sp.symbols("p0:9 q0:3 r0:4")
    a, b, c, d = sp.Matrix(3, 2, names[:6]), sp.Matrix(names[6:9]), sp.Matrix(1, 3, names[9:12]), names[12]
    output = (c * (a * x + b).applyfunc(lambda v: sigma.subs(s, v)))[0] + d
    at = dict(zip(names[:13], [*a1, *b1, *a2, 1], strict=True))
    exact = sum(sp.diff(output, p).subs(at) ** 2 for p in names[:13])
    z = a1 * x + b1
    k = square(x) + 1
    parts = [sigma.subs(s, v) ** 2 + k * w**2 * sp.diff(sigma, s).subs(s, v) ** 2 for v, w in zip(z, a2, strict=True)]
    assert exact == 1 + sum(parts)


def test_quadratic_forms_on_boxes_and_signs() -> None:
    """ξᵀPξ ≤ λ Σd where λD ≽ P, sharp for rank one; and E(D + hΩh)E has the eigenvalues of D + hΩh."""
    v = sp.Matrix([3, 1, 2])
    p, d = v * v.T, sp.diag(*v)
    level = sum(v)  # the only eigenvalue of D^{-1/2}vvᵀD^{-1/2}
    assert (level * d - p).is_positive_semidefinite
    assert max((v.T * sp.Matrix(signs))[0] ** 2 for signs in ([1, 1, 1], [1, -1, 1])) == level * sum(v)
    # Has power: a smaller level is below the form at the corner (1, 1, 1).
    assert not (sp.Rational(99, 100) * level * d - p).is_positive_semidefinite
    omega, h, diagonal, e = sp.Matrix([[2, 1], [1, 3]]), sp.diag(1, 2), sp.diag(5, -1), sp.diag(1, -1)
    assert (diagonal + e * h * omega * h * e).charpoly() == (diagonal + h * omega * h).charpoly()


def test_radial_steps_bound_a_cubic() -> None:
    """F = (1 + θ)³ on [−1/2, 1/2]: nested suprema of |F'| bound F(1/2), and nearer with more steps."""

    def bound(steps: int) -> Fraction:
        total = Fraction(1)
        for j in range(1, steps + 1):
            total += Fraction(1, steps) * Fraction(1, 2) * 3 * (1 + Fraction(j, 2 * steps)) ** 2
        return total

    exact = Fraction(27, 8)
    assert exact < bound(64) < bound(8) < bound(1)
    assert bound(64) < exact * Fraction(101, 100)
    # Has power: the derivative at the inner end of each step is too small.
    low = 1 + sum(Fraction(1, 8) * Fraction(1, 2) * 3 * (1 + Fraction(j, 16)) ** 2 for j in range(8))
    assert low < exact
