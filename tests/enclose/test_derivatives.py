"""Point derivatives against SymPy, the two forms of order one, and lower bounds against certified norms."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy as sp
from flint import arb, arb_mat, ctx

from lipsym.domains.balls import ends
from lipsym.domains.expressions import sigmoid, softplus
from lipsym.domains.norms import symmetric_eigenvalue_bound
from lipsym.enclose.derivatives import (
    directional_taylor,
    hessian,
    hessian_lipschitz_lower,
    jacobian,
    lipschitz_at,
    lipschitz_lower,
    output_gram,
    smoothness_lower,
)
from lipsym.enclosure import Enclosure
from lipsym.errors import InputError
from lipsym.nets.layers.affine import Affine
from lipsym.nets.layers.elementwise import Elementwise
from lipsym.nets.network import Network, mlp

ACCURACY = Fraction(1, 10**25)
SHARED = Network(
    [Affine(2, 2, 1), Elementwise("tanh", 2), Affine(2, 2, 1), Elementwise("sigmoid", 2), Affine(2, 2, 2, bias=False)]
)
NETWORKS = {
    "tanh 2-2-1": mlp([2, 2, 1], "tanh"),
    "sigmoid output 1-2-2": mlp([1, 2, 2], "tanh", output="sigmoid"),
    "no bias": mlp([2, 2, 2], "softplus", bias=False),
    "sin 1-1-1-1": mlp([1, 1, 1, 1], "sin", output="tanh"),
    "shared": SHARED,
}


def rationals(network: Network, seed: int) -> tuple[list[tuple[Any, Any]], list[Fraction]]:
    rng = np.random.default_rng(seed)

    def draw(*shape: int) -> np.ndarray:
        return np.array([Fraction(int(n), 7) for n in rng.integers(-9, 10, size=shape).ravel()], dtype=object).reshape(
            shape
        )

    params = []
    for block in network.blocks:
        layer = network.affine(block)
        params.append((draw(layer.outputs, layer.inputs), draw(layer.outputs) if layer.bias else None))
    return params, list(draw(network.input_width))


def flat(params: list[tuple[Any, Any]]) -> list[Fraction]:
    return [x for pair in params for part in pair if part is not None for x in np.asarray(part).ravel().tolist()]


def symbolic(network: Network, x: list[Fraction]) -> tuple[list[sp.Expr], list[sp.Symbol]]:
    """The outputs as explicit expressions of the parameters: SymPy's own differentiation is the reference."""
    symbols, blocks = [], {}
    for block in network.blocks:
        layer = network.affine(block)
        names = sp.symbols(f"p{block}_0:{layer.parameter_count}", real=True)
        symbols.extend(names)
        a = sp.Matrix(layer.outputs, layer.inputs, names[: layer.outputs * layer.inputs])
        blocks[block] = (
            a,
            sp.Matrix(names[layer.outputs * layer.inputs :]) if layer.bias else sp.zeros(layer.outputs, 1),
        )
    state = sp.Matrix([sp.Rational(v.numerator, v.denominator) for v in x])
    for layer in network.layers:
        if isinstance(layer, Affine):
            a, b = blocks[layer.block]
            state = a * state + b
        else:
            row = layer.activation
            state = state.applyfunc(lambda z, row=row: row.value.subs(row.z, z))
    written_out = [
        e.replace(sigmoid, lambda z: 1 / (1 + sp.exp(-z))).replace(softplus, lambda z: sp.log(1 + sp.exp(z)))
        for e in state
    ]
    return written_out, symbols


def close(x: arb, reference: sp.Expr) -> bool:
    """The ball contains the reference, known to 60 digits, and is narrow."""
    value = Fraction(str(sp.N(reference, 60)))
    slack = Fraction(1, 10**55) * (1 + abs(value))
    enclosure = ends(x)
    return enclosure.lo - slack <= value <= enclosure.hi + slack and enclosure.width <= ACCURACY


@pytest.mark.parametrize("name", NETWORKS)
def test_jacobian_and_hessian_against_sympy(name: str) -> None:
    network = NETWORKS[name]
    params, x = rationals(network, seed=3)
    outputs, symbols = symbolic(network, x)
    at = dict(zip(symbols, (sp.Rational(v.numerator, v.denominator) for v in flat(params)), strict=True))
    first, second = jacobian(network, params, x), hessian(network, params, x)
    for c, output in enumerate(outputs):
        for i, s in enumerate(symbols):
            slope = sp.diff(output, s)
            assert close(first[c, i], slope.subs(at)), (c, s)
            for j, t in enumerate(symbols[: i + 1]):
                assert close(second[c][i, j], sp.diff(slope, t).subs(at)), (c, s, t)
                assert second[c][i, j].overlaps(second[c][j, i])


@pytest.mark.parametrize("name", NETWORKS)
def test_directional_coefficients_against_sympy_and_the_hessian(name: str) -> None:
    network = NETWORKS[name]
    params, x = rationals(network, seed=4)
    direction, _ = rationals(network, seed=5)
    outputs, symbols = symbolic(network, x)
    t = sp.Symbol("t", real=True)
    line = {
        s: sp.Rational(a.numerator, a.denominator) + t * sp.Rational(u.numerator, u.denominator)
        for s, a, u in zip(symbols, flat(params), flat(direction), strict=True)
    }
    coefficients = directional_taylor(network, params, direction, x, 3)
    for c, output in enumerate(outputs):
        curve = output.subs(line)
        for k in range(4):
            assert close(coefficients[k][c, 0], sp.diff(curve, t, k).subs(t, 0) / math.factorial(k)), (c, k)
    u = arb_mat(len(symbols), 1, [arb(v.numerator) / v.denominator for v in flat(direction)])
    for c, second in enumerate(hessian(network, params, x)):
        assert ((u.transpose() * second * u)[0, 0] / 2).overlaps(coefficients[2][c, 0])


@pytest.mark.parametrize("name", NETWORKS)
def test_the_two_forms_of_order_one_agree(name: str) -> None:
    network = NETWORKS[name]
    params, x = rationals(network, seed=6)
    j = jacobian(network, params, x)
    dense, small = j * j.transpose(), output_gram(network, params, x)
    assert dense.overlaps(small)
    norm = lipschitz_at(network, params, x)
    assert norm.width < Fraction(1, 10**12) * norm.hi
    squared = symmetric_eigenvalue_bound(dense)
    assert Enclosure(norm.lo**2, norm.hi**2).overlaps(squared)
    assert lipschitz_lower(network, params, x) == norm.lo


def test_lower_bounds_never_exceed_certified_norms_and_reach_them() -> None:
    for name in ("tanh 2-2-1", "sin 1-1-1-1"):
        network = NETWORKS[name]
        params, x = rationals(network, seed=8)
        (h,) = hessian(network, params, x)
        size = Enclosure(0, max(symmetric_eigenvalue_bound(h).hi, symmetric_eigenvalue_bound(-1 * h).hi))
        bound = smoothness_lower(network, params, x)
        assert bound <= size.hi
        assert bound >= size.hi * Fraction(999, 1000), "the power iteration stops short"
        assert smoothness_lower(network, params, x, directions=[params]) <= size.hi


def test_third_order_lower_bound_of_one_neuron() -> None:
    # N = tanh(a·x + b): D³N[u, u, u] = σ'''(z)(u·(x, 1))³, so the norm is |σ'''|(x² + 1)^{3/2}; at z = 0 it is 2·q³.
    network = mlp([1, 1], "identity", output="tanh")
    bound = hessian_lipschitz_lower(network, [([[0]], [0])], [Fraction(3, 4)])
    exact = 2 * Fraction(5, 4) ** 3
    assert exact * (1 - Fraction(1, 10**9)) <= bound <= exact


def test_has_power_a_wrong_derivative_is_caught() -> None:
    network = NETWORKS["tanh 2-2-1"]
    params, x = rationals(network, seed=3)
    outputs, symbols = symbolic(network, x)
    at = dict(zip(symbols, (sp.Rational(v.numerator, v.denominator) for v in flat(params)), strict=True))
    entry = jacobian(network, params, x)[0, 0]
    true = sp.diff(outputs[0], symbols[0]).subs(at)
    assert close(entry, true)
    assert not close(entry, true * (1 + sp.Rational(1, 10**20)))
    wider = network, [(a * 2, b) for a, b in params], x
    assert not output_gram(*wider).overlaps(output_gram(network, params, x))


def test_kinks_give_the_hull() -> None:
    network = mlp([1, 1], "identity", output="relu")
    j = jacobian(network, [([[1]], [-1])], [1])
    assert ends(j[0, 1]).contains(Enclosure(0, 1))
    assert lipschitz_lower(network, [([[1]], [-1])], [1]) == 0
    assert ends(jacobian(network, [([[1]], [0])], [1])[0, 1]).contains(1)


def test_a_batch_of_the_digits_is_fast_and_agrees_with_single_inputs() -> None:
    from lipsym.data import digits, digits_mlp

    network, params = mlp([64, 32, 10], "tanh"), digits_mlp()
    x = digits()[0]
    batch = directional_taylor(network, params, params, x, 2)
    assert (batch[2].nrows(), batch[2].ncols()) == (10, 1797)
    single = directional_taylor(network, params, params, x[700], 2)
    for k in range(3):
        for c in range(10):
            assert batch[k][c, 700].overlaps(single[k][c, 0])
            assert ends(batch[k][c, 700]).width < ACCURACY
    assert 0 < smoothness_lower(network, params, x[0])


def test_floats_are_exact_and_precision_is_restored() -> None:
    network, before = mlp([1, 1, 1], "tanh"), ctx.prec
    floats = [(np.array([[0.1]]), np.array([0.2])), (np.array([[0.3]]), np.array([0.7]))]
    fractions = [([[Fraction(float(a[0, 0]))]], [Fraction(float(b[0]))]) for a, b in floats]
    assert jacobian(network, floats, [0.5]).overlaps(jacobian(network, fractions, [Fraction(1, 2)]))
    assert ctx.prec == before


@pytest.mark.parametrize(
    ("params", "x"),
    [
        ([([[1.0]], [0.0])], [1.0]),
        ([([[1.0, 2.0]], [0.0]), ([[1.0]], [0.0])], [1.0]),
        ([([[1.0]], None), ([[1.0]], [0.0])], [1.0]),
        ([([[np.nan]], [0.0]), ([[1.0]], [0.0])], [1.0]),
        ([([[1.0]], [0.0]), ([[1.0]], [0.0])], [1.0, 2.0]),
        ([([[1.0]], [0.0]), ([[1.0]], [0.0])], [np.inf]),
    ],
    ids=["blocks", "shape", "bias", "nan", "input", "inf"],
)
def test_input_that_does_not_fit_is_refused(params: Any, x: Any) -> None:
    before = ctx.prec
    with pytest.raises(InputError) as caught:
        jacobian(mlp([1, 1, 1], "tanh"), params, x)
    assert len(str(caught.value).splitlines()) == 3
    assert ctx.prec == before


def test_an_order_beyond_three_is_refused() -> None:
    network = mlp([1, 1], "tanh")
    with pytest.raises(InputError, match="order"):
        directional_taylor(network, [([[1]], [0])], [([[1]], [0])], [1], 4)
