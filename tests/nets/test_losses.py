"""The losses' constants: derivatives by SymPy, maxima by search, equality at named points, and power.

Upper bounds for all outputs are proved in proofs/losses.md; here every step of those proofs that can be computed is.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
import sympy as sp

from lipsym.errors import InexactNumberError, InputError, LipsymError
from lipsym.nets.inputs import Dataset, InputBall
from lipsym.nets.losses import LOSSES, loss

N, Y = sp.symbols("n Y", nonnegative=True)


def derivatives(expr: sp.Expr, u: list[sp.Symbol]) -> tuple[sp.Array, sp.Array, sp.Array]:
    """Gradient, Hessian and third derivative, by SymPy."""
    first = sp.Array([sp.diff(expr, a) for a in u])
    second = sp.Array([[sp.diff(g, a) for a in u] for g in first])
    third = sp.Array([[[sp.diff(expr, a, b, c) for a in u] for b in u] for c in u])
    return first, second, third


def norms(name: str, u: list[sp.Symbol], label: object) -> Callable[..., tuple[float, float, float]]:
    """The three norms as a function of the output; the third is a maximum over many unit vectors, hence at most it."""
    parts = derivatives(loss(name).value(u, label).rewrite(sp.exp), u)
    functions = [sp.lambdify([u], part.tolist(), "numpy") for part in parts]
    random = np.random.default_rng(0)
    h = random.normal(size=(4000, len(u)))
    corners = np.array([c for c in product((-1, 0, 1), repeat=len(u)) if any(c)], dtype=float)
    h = np.concatenate([h, corners])
    h /= np.linalg.norm(h, axis=1, keepdims=True)

    def at(point: np.ndarray) -> tuple[float, float, float]:
        g, a, t = (np.array(f(point), dtype=float) for f in functions)
        cubic = np.abs(np.einsum("abc,na,nb,nc->n", t, h, h, h)).max()
        return float(np.linalg.norm(g)), float(np.linalg.norm(a, 2)), float(cubic)

    return at


# Least sup over a search from below, as a fraction of the constant: 1 but for rounding, where the constant is exact.
@pytest.mark.parametrize(("name", "classes"), [("cross_entropy", 2), ("cross_entropy", 3), ("logistic", 1)])
def test_bounded_and_nearly_reached(name: str, classes: int) -> None:
    u = list(sp.symbols(f"u:{classes}", real=True))
    record, label = loss(name), {"cross_entropy": 0, "logistic": 1}[name]
    bounds = [float(sp.N(s)) for s in (record.gradient_bound(N, Y, classes), record.hessian_bound, record.third_bound)]
    at = norms(name, u, label)
    random = np.random.default_rng(1)
    low = np.full(classes - 1, -30.0)
    points = [random.normal(scale=s, size=classes) for s in (0.5, 2, 8) for _ in range(60)]
    points += [np.concatenate([[d], low * 0, low[:0]])[:classes] for d in np.linspace(-30, 30, 241)]
    points += [np.array([d, 0.0, -40.0][:classes]) for d in np.linspace(-30, 30, 241)]
    best = np.max([at(p) for p in points], axis=0)
    assert (best <= np.array(bounds) * (1 + 1e-12)).all()
    assert (best >= np.array(bounds) * 0.995).all()
    # Power: one percent less is refuted by the same points.
    assert not (best <= np.array(bounds) * 0.99).any()


def test_cross_entropy_derivatives_are_central_moments() -> None:
    """g's derivatives along h are mean, variance and third central moment of h under the softmax; three classes."""
    u, h = sp.symbols("u:3", real=True), sp.symbols("h:3", real=True)
    p = [sp.exp(a) / sum(map(sp.exp, u)) for a in u]
    mean = sum(a * b for a, b in zip(p, h, strict=True))
    first, second, third = derivatives(loss("cross_entropy").value(u, 1), list(u))
    assert sp.simplify(sum(first[i] * h[i] for i in range(3)) - (mean - h[1])) == 0
    for order, tensor in ((2, second), (3, third)):
        along = sum(tensor[i] * sp.prod(h[j] for j in i) for i in product(range(3), repeat=order))
        moment = sum(a * (b - mean) ** order for a, b in zip(p, h, strict=True))
        assert sp.simplify(sp.expand(along - moment)) == 0


def test_two_point_third_moment() -> None:
    """The largest third central moment of a two-point distribution of range √2, exactly."""
    q = sp.Symbol("q", real=True)
    moment = sp.sqrt(2) ** 3 * q * (1 - q) * (1 - 2 * q)
    candidates = [abs(moment.subs(q, r)) for r in sp.solve(sp.diff(moment, q), q)]
    assert all(sp.simplify(c - loss("cross_entropy").third_bound) == 0 for c in candidates)


@pytest.mark.parametrize("label", [1, -1])
def test_logistic_derivatives_are_the_sigmoids(label: int) -> None:
    u, s = sp.symbols("u s", real=True)
    from lipsym.domains.expressions import sigmoid

    value = loss("logistic").value([u], label)
    first, second, third = (sp.diff(value, u, k).subs(sigmoid(-label * u), s) for k in (1, 2, 3))
    assert sp.expand(first + label * s) == 0
    assert sp.expand(second - s * (1 - s)) == 0
    assert sp.expand(third + label * s * (1 - s) * (1 - 2 * s)) == 0
    ends = [abs(third.subs(s, r)) for r in sp.solve(sp.diff(s * (1 - s) * (1 - 2 * s), s), s)]
    assert all(sp.simplify(e - loss("logistic").third_bound) == 0 for e in ends)


def test_mse() -> None:
    u, y = sp.symbols("u:2", real=True), sp.symbols("y:2", real=True)
    first, second, third = derivatives(loss("mse").value(u, y), list(u))
    assert list(first) == [u[0] - y[0], u[1] - y[1]]
    assert second == sp.Array([[1, 0], [0, 1]])
    assert set(sp.flatten(third)) == {0}
    assert loss("mse").gradient_bound(N, Y, 2) == N + Y
    # Sharp: u and y opposite, of full length.
    reached = sum(g**2 for g in first.subs({u[0]: N, u[1]: 0, y[0]: -Y, y[1]: 0}))
    assert sp.expand(reached - (N + Y) ** 2) == 0


def test_huber() -> None:
    record = loss("huber", delta="1/2")
    t = sp.Symbol("t", real=True)
    value = record.value([t], [0])
    delta = sp.Rational(1, 2)
    assert value.subs(t, delta) == delta**2 / 2
    assert value.subs(t, sp.Rational(1, 3)) == sp.Rational(1, 18)
    assert value.subs(t, -3) == delta * (3 - delta / 2)
    # The slope is t clipped to [−δ, δ]: differences inside and outside, exactly.
    inside = record.value([t], [0]).subs(t, sp.Rational(1, 4)) - record.value([t], [0]).subs(t, 0)
    assert inside == sp.Rational(1, 32)
    outside = value.subs(t, 5) - value.subs(t, 4)
    assert outside == delta
    assert record.gradient_bound(N, Y, 4) == sp.Min(1, N + Y)
    assert (record.hessian_bound, record.third_bound) == (1, sp.oo)
    # Sharp: every component beyond δ. Power: with 99 % of the constant this point refutes.
    gradient = sp.sqrt(sum(outside**2 for _ in range(4)))
    assert gradient == record.gradient_bound(100, 100, 4)
    assert gradient > sp.Rational(99, 100) * record.gradient_bound(100, 100, 4)


def test_conventions_name_factor_mean_and_regulariser() -> None:
    for name in LOSSES:
        plain, decayed = loss(name).conventions, loss(name, weight_decay="lambda_0").conventions
        assert "mean over the samples" in plain[0]
        assert "no regulariser" in plain[0]
        assert "lambda_0" in decayed[0]
        assert decayed[0] != plain[0]
    assert "½" in loss("mse").conventions[1]
    assert "δ = 1/2" in loss("huber", delta="1/2").conventions[1]
    assert loss("mse", weight_decay="w").parameters == (sp.Symbol("w", nonnegative=True),)
    assert len(loss("huber").parameters) == 2
    assert [loss(name).needs_label_radius for name in LOSSES] == [True, False, False, True]


X = np.eye(3)


def test_labels_that_fit() -> None:
    loss("cross_entropy").check(Dataset(X, [0, 2, 1]), 3)
    loss("cross_entropy").check(Dataset(X, [0, 2, 1]), sp.Symbol("k"))
    loss("logistic").check(Dataset(X, [1, -1, 1]), 1)
    loss("mse").check(Dataset(X, X[:, :2]), 2)
    loss("mse").check(Dataset(X, [0.5, 1.0, 2.0]), 1)
    loss("mse").check(InputBall(1), 5)


@pytest.mark.parametrize(
    ("make", "kind", "says"),
    [
        (lambda: loss("hinge"), InputError, "cross_entropy"),
        (lambda: loss("mse", weight_decay=-1), InputError, "not negative"),
        (lambda: loss("mse", weight_decay=0.1), InexactNumberError, "rounded number"),
        (lambda: loss("huber", delta=0), InputError, "δ > 0"),
        (lambda: loss("logistic").gradient_bound(N, Y, 2), InputError, "one output"),
        (lambda: loss("logistic").value([1], 0), InputError, "labels are 1 and −1"),
        (lambda: loss("cross_entropy").value([1, 2], 2), InputError, "classes"),
        (lambda: loss("mse").value([1, 2], [1]), InputError, "2 components"),
        (lambda: loss("mse").check(Dataset(X), 3), InputError, "without labels"),
        (lambda: loss("mse").check(Dataset(X, X[:, :2]), 3), InputError, "3 components"),
        (lambda: loss("cross_entropy").check(Dataset(X, [0, 1, 3]), 3), InputError, "classes"),
        (lambda: loss("cross_entropy").check(Dataset(X, [0, 1, -1]), 3), InputError, "classes"),
        (lambda: loss("cross_entropy").check(Dataset(X, [0.0, 1.0, 2.0]), 3), InputError, "classes"),
        (lambda: loss("logistic").check(Dataset(X, [0, 1, 1]), 1), InputError, "labels are 1 and −1"),
    ],
)
def test_errors_have_three_lines(make: Callable[[], object], kind: type[LipsymError], says: str) -> None:
    with pytest.raises(kind, match=says) as caught:
        make()
    assert len(str(caught.value).splitlines()) == 3
