"""Interval 2-jets in three engines: they overlap, and contain the exact derivatives at points of the box."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from lipsym.domains.balls import ends
from lipsym.enclose.batch import Batch, intervals
from lipsym.enclose.batch import points as batch_points
from lipsym.enclose.derivatives import hessian, jacobian
from lipsym.enclose.jets import Jet, jet
from lipsym.enclose.tape import Sweep
from lipsym.enclose.writer import Writer
from lipsym.enclosure import Enclosure
from lipsym.errors import InputError
from lipsym.nets.layers.affine import Affine
from lipsym.nets.layers.elementwise import Elementwise
from lipsym.nets.network import Network, mlp

NETWORKS = {
    "tanh 2-2-1": mlp([2, 2, 1], "tanh"),
    "sigmoid output": mlp([1, 2, 1], "softplus", output="sigmoid"),
    "no bias": mlp([2, 2, 1], "sin", bias=False),
    "three layers": mlp([1, 2, 1, 1], "tanh"),
    "shared": Network(
        [Affine(1, 1, 1), Elementwise("tanh", 1), Affine(1, 1, 1), Elementwise("arctan", 1), Affine(1, 1, 2)]
    ),
}
RADII = (Fraction(0), Fraction(1, 64), Fraction(1, 4))


def centre(network: Network, seed: int) -> tuple[list[Any], list[Fraction]]:
    rng = np.random.default_rng(seed)

    def draw(*shape: int) -> np.ndarray:
        numbers = [Fraction(int(n), 8) for n in rng.integers(-9, 10, size=int(np.prod(shape)))]
        return np.array(numbers, dtype=object).reshape(shape)

    params = []
    for block in network.blocks:
        layer = network.affine(block)
        params.append((draw(layer.outputs, layer.inputs), draw(layer.outputs) if layer.bias else None))
    return params, list(draw(network.input_width))


def mapped(params: list[Any], f: Any) -> list[Any]:
    def each(a: np.ndarray) -> np.ndarray:
        out = np.empty(a.shape, dtype=object)
        for index in np.ndindex(a.shape):
            out[index] = f(a[index])
        return out

    return [(each(a), None if b is None else each(b)) for a, b in params]


def around(params: list[Any], radius: Fraction) -> list[Any]:
    return mapped(params, lambda x: Enclosure(x - radius, x + radius))


def by_arb(network: Network, params: list[Any], x: list[Any]) -> Jet:
    """The engine of ``derivatives`` with balls for parameters."""
    first, second = jacobian(network, params, x), hessian(network, params, x)
    table = lambda m: tuple(tuple(ends(e) for e in row) for row in m.tolist())  # noqa: E731
    return Jet((), table(first), tuple(table(m) for m in second))


def by_tape(network: Network, params: list[Any], x: list[Any]) -> Jet:
    """The engine of branch and bound, in float64, for one output."""
    writer = Writer()
    blocks, bounds = {}, []
    for block, (a, b) in zip(network.blocks, params, strict=True):
        rows = []
        for row in a.tolist():
            rows.append([])
            for entry in row:
                rows[-1].append(writer.variable("a"))
                bounds.append(entry)
        bias = None
        if b is not None:
            bias = [writer.variable("b") for _ in b]
            bounds.extend(b.tolist())
        blocks[block] = rows, bias
    state = [writer.constant(value) for value in x]
    for layer in network.layers:
        if isinstance(layer, Affine):
            rows, bias = blocks[layer.block]
            state = [
                writer.sum([*zip(row, state, strict=True), *([] if bias is None else [(bias[r],)])])
                for r, row in enumerate(rows)
            ]
        else:
            state = [writer.apply(layer.activation, z) for z in state]
    lo, hi = (np.array([float(end) for end in side]) for side in zip(*((e.lo, e.hi) for e in bounds), strict=True))
    tape = writer.tape(state[0], lo, hi)
    variables = [intervals(np.array([a]), np.array([b])) for a, b in zip(lo, hi, strict=True)]
    sweep = Sweep(tape, tape.leaves(variables, np.zeros(1, dtype=np.int64)), 1)
    one = batch_points(np.ones(1))
    second = [sweep.along([one if i == k else None for i in range(len(lo))])[0] for k in range(len(lo))]
    zero = Enclosure(0)

    def leave(batch: Batch | None) -> Enclosure:
        if batch is None:
            return zero
        return Enclosure(
            Fraction(float(batch.ends[0, 0])) - Fraction(batch.error),
            Fraction(float(batch.ends[-1, 0])) + Fraction(batch.error),
        )

    return Jet(
        (leave(sweep.value),),
        (tuple(leave(g) for g in sweep.gradient),),
        (tuple(tuple(leave(h) for h in row) for row in second),),
    )


def entries(found: Jet) -> list[Enclosure]:
    return [e for row in found.jacobian for e in row] + [e for m in found.hessian for row in m for e in row]


@pytest.mark.parametrize("radius", RADII, ids=str)
@pytest.mark.parametrize("name", NETWORKS)
def test_the_engines_overlap_and_contain_the_points(name: str, radius: Fraction) -> None:
    network = NETWORKS[name]
    params, x = centre(network, seed=len(name))
    region = around(params, radius)
    engines = {
        "mpmath": jet(network, region, x),
        "arb": jet(network, region, x, domain="arb"),
        "arb matrices": by_arb(network, region, x),
        "float64": by_tape(network, region, x),
    }
    rng = np.random.default_rng(0)
    share = lambda: Fraction(int(rng.integers(-8, 9)), 8)  # noqa: E731
    points = [mapped(params, lambda value: value + radius * share()) for _ in range(3 if radius else 1)]
    exact = [entries(by_arb(network, point, x)) for point in points]
    tables = {engine: entries(found) for engine, found in engines.items()}
    for engine, table in tables.items():
        for other in tables.values():
            assert all(a.overlaps(b) for a, b in zip(table, other, strict=True)), engine
        for at_point in exact:
            assert all(a.overlaps(b) for a, b in zip(table, at_point, strict=True)), engine
            narrow = Fraction(1, 10**20)
            assert all(a.lo - narrow <= b.lo and b.hi <= a.hi + narrow for a, b in zip(table, at_point, strict=True)), (
                engine
            )
    assert engines["mpmath"].value[0].overlaps(engines["float64"].value[0])


def test_at_a_point_the_reference_is_narrow_and_has_power() -> None:
    network = NETWORKS["three layers"]
    params, x = centre(network, seed=1)
    fine, coarse = jet(network, params, x, precision=120), jet(network, params, x)
    for a, b in zip(entries(fine), entries(coarse), strict=True):
        assert a.width < Fraction(1, 10**30)
        assert b.overlaps(a)
        assert not Enclosure(a.lo + Fraction(1, 10**20), a.hi + Fraction(1, 10**20)).overlaps(a)


def test_a_shared_parameter_counts_twice() -> None:
    # N = a(ax + b) + b: ∂²N/∂a² = 2x, ∂²N/∂a∂b = 1.
    network = Network([Affine(1, 1, 1), Affine(1, 1, 1)])
    found = jet(network, [([[Enclosure(1, 2)]], [3])], [5])
    assert found.hessian[0] == ((Enclosure(10), Enclosure(1)), (Enclosure(1), Enclosure(0)))
    assert found.jacobian[0] == (Enclosure(13, 23), Enclosure(2, 3))


def test_order_one_and_kinks() -> None:
    network = mlp([1, 1], "identity", output="relu")
    found = jet(network, [([[Enclosure(-1, 1)]], [0])], [1], order=1)
    assert found.hessian == ()
    assert found.jacobian[0] == (Enclosure(0, 1), Enclosure(0, 1))


def test_bad_input_is_refused() -> None:
    network = mlp([1, 1], "tanh")
    params = [([[1]], [0])]
    cases: list[Any] = [
        lambda: jet(network, params, [1], order=3),
        lambda: jet(network, params, [1], domain="float64"),
        lambda: jet(network, params, [1, 2]),
        lambda: jet(network, [([[1, 2]], [0])], [1]),
    ]
    for case in cases:
        with pytest.raises(InputError) as caught:
            case()
        assert len(str(caught.value).splitlines()) == 3
