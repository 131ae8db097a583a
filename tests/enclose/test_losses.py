"""Loss derivatives at a point against SymPy, and lower bounds against the exact curvature of a small loss."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy as sp
from flint import arb

from lipsym.domains.balls import ends
from lipsym.enclose.losses import (
    loss_gradient,
    loss_hessian_lipschitz_lower,
    loss_lipschitz_lower,
    loss_smoothness_lower,
    loss_taylor,
)
from lipsym.errors import InputError
from lipsym.nets.inputs import Dataset
from lipsym.nets.losses import loss
from lipsym.nets.network import mlp

ACCURACY = Fraction(1, 10**25)
X = np.array([[0.5, -1.0], [1.25, 0.75], [-0.5, 0.25]])
CASES = {
    "mse": (2, loss("mse"), np.array([[0.5, 1.0], [-1.0, 0.25], [0.0, 2.0]])),
    "mse with decay": (1, loss("mse", weight_decay=Fraction(1, 3)), np.array([0.5, -1.0, 2.0])),
    "cross_entropy": (3, loss("cross_entropy", weight_decay=Fraction(1, 7)), np.array([0, 2, 1])),
    "logistic 0 1": (1, loss("logistic"), np.array([0, 1, 1])),
    "logistic signs": (1, loss("logistic"), np.array([-1, 1, 1])),
    "huber": (2, loss("huber", delta=Fraction(3, 4)), np.array([[0.25, 3.0], [-0.25, 0.5], [0.0, -4.0]])),
}


def setting(name: str, seed: int = 1) -> tuple[Any, ...]:
    outputs, g, y = CASES[name]
    network = mlp([2, 2, outputs], "tanh")
    rng = np.random.default_rng(seed)

    def draw() -> list[tuple[np.ndarray, np.ndarray]]:
        return [(rng.integers(-8, 9, (r, c)) / 8, rng.integers(-8, 9, r) / 8) for r, c in ((2, 2), (outputs, 2))]

    return network, draw(), draw(), Dataset(X, y), g, y


def exact(value: float) -> sp.Rational:
    return sp.Rational(*float(value).as_integer_ratio())


def reference(name: str, params: Any, direction: Any, y: np.ndarray, g: Any, t: sp.Symbol) -> sp.Expr:
    """Φ(θ + tu) written out, from the definitions of the losses."""

    def moved(p: np.ndarray, q: np.ndarray) -> sp.Matrix:
        entries = [exact(v) + t * exact(w) for v, w in zip(p.ravel(), q.ravel(), strict=True)]
        return sp.Matrix(len(p), p.size // len(p), entries)

    blocks = [[moved(*parts) for parts in zip(*pair, strict=True)] for pair in zip(params, direction, strict=True)]
    total = sp.S.Zero
    for row, label in zip(X, y, strict=True):
        hidden = (blocks[0][0] * sp.Matrix([exact(v) for v in row]) + blocks[0][1]).applyfunc(sp.tanh)
        u = list(blocks[1][0] * hidden + blocks[1][1])
        if g.name == "mse":
            total += sum((a - exact(b)) ** 2 for a, b in zip(u, np.atleast_1d(label), strict=True)) / 2
        elif g.name == "cross_entropy":
            total += sp.log(sum(sp.exp(a) for a in u)) - u[int(label)]
        elif g.name == "logistic":
            total += sp.log(1 + sp.exp(-u[0] * (1 if label > 0 else -1)))
        else:
            for a, b in zip(u, np.atleast_1d(label), strict=True):
                r = a - exact(b)
                inside = abs(r.subs(t, 0).evalf()) < 0.75
                sign = 1 if r.subs(t, 0).evalf() > 0 else -1
                total += r**2 / 2 if inside else sp.Rational(3, 4) * sign * r - sp.Rational(9, 32)
    squares = sum(v**2 for pair in blocks for part in pair for v in part)
    return total / len(y) + sp.sympify(g.weight_decay) / 2 * squares


def close(x: arb, value: sp.Expr) -> bool:
    point = Fraction(str(sp.N(value, 50)))
    enclosure, slack = ends(x), Fraction(1, 10**45) * (1 + abs(point))
    return enclosure.lo - slack <= point <= enclosure.hi + slack and enclosure.width <= ACCURACY


@pytest.mark.parametrize("name", CASES)
def test_coefficients_along_a_direction_against_sympy(name: str) -> None:
    network, params, direction, data, g, y = setting(name)
    t = sp.Symbol("t", real=True)
    curve = reference(name, params, direction, y, g, t)
    coefficients = loss_taylor(network, params, direction, data, g, 3)
    for k in range(4):
        value = sp.diff(curve, t, k).subs(t, 0) / math.factorial(k)
        assert close(coefficients[k], value), k
    assert not close(coefficients[1], sp.diff(curve, t).subs(t, 0) + sp.Rational(1, 10**20)), (
        "the check must be able to fail"
    )


@pytest.mark.parametrize("name", CASES)
def test_gradient_and_its_norm(name: str) -> None:
    network, params, direction, data, g, _ = setting(name)
    gradient = loss_gradient(network, params, data, g)
    slope = arb(0)
    square = arb(0)
    for block, (da, db) in zip(network.blocks, direction, strict=True):
        for matrix, d in zip(gradient[block], (da, db), strict=True):
            slope += sum((x * v for x, v in zip(matrix.entries(), d.ravel().tolist(), strict=True)), arb(0))
            square += sum((x * x for x in matrix.entries()), arb(0))
    assert slope.overlaps(loss_taylor(network, params, direction, data, g, 1)[1])
    bound = loss_lipschitz_lower(network, params, data, g)
    assert 0 < bound
    assert bound**2 <= ends(square).hi <= bound**2 * (1 + Fraction(1, 10**12))


@pytest.mark.parametrize("name", CASES)
def test_smoothness_lower_reaches_the_curvature_and_stays_below(name: str) -> None:
    network, params, _, data, g, _ = setting(name)
    shapes = [part.shape for pair in params for part in pair]
    count = sum(math.prod(s) for s in shapes)

    def direction(v: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        parts = [
            w.reshape(s)
            for w, s in zip(np.split(v, np.cumsum([math.prod(s) for s in shapes])[:-1]), shapes, strict=True)
        ]
        return list(zip(parts[::2], parts[1::2], strict=True))

    basis = np.eye(count)

    def form(v: np.ndarray) -> float:
        return 2 * float(loss_taylor(network, params, direction(v), data, g, 2)[2])

    hessian = np.array([[(form(a + b) - form(a - b)) / 4 for a in basis] for b in basis])
    true = np.abs(np.linalg.eigvalsh(hessian)).max()
    bound = loss_smoothness_lower(network, params, data, g)
    assert bound <= Fraction(true) * (1 + Fraction(1, 10**9))
    assert bound >= Fraction(true) * Fraction(999, 1000)
    assert loss_hessian_lipschitz_lower(network, params, data, g, [params]) >= 0


def test_the_digits_are_fast() -> None:
    from lipsym.data import digits, digits_mlp

    x, y = digits()
    network, data = mlp([64, 32, 10], "tanh"), Dataset(x, y)
    gradient = loss_lipschitz_lower(network, digits_mlp(), data, loss("cross_entropy"))
    curvature = loss_taylor(network, digits_mlp(), digits_mlp(), data, loss("cross_entropy"), 2)[2]
    assert 0 < gradient < 1
    assert ends(curvature).width < ACCURACY


@pytest.mark.parametrize(
    ("outputs", "name", "labels"),
    [(1, "logistic", [2, 0, 1]), (2, "logistic", [0, 1, 1]), (2, "cross_entropy", [0, 1, 2]), (2, "mse", [0, 1, 2])],
)
def test_labels_that_do_not_fit_are_refused(outputs: int, name: str, labels: list[int]) -> None:
    network = mlp([2, outputs], "identity")
    params = [(np.zeros((outputs, 2)), np.zeros(outputs))]
    with pytest.raises(InputError) as caught:
        loss_lipschitz_lower(network, params, Dataset(X, labels), loss(name))
    assert len(str(caught.value).splitlines()) == 3
