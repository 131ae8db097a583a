"""Hypothesis strategies: networks, regions, parameters, pairs, inputs and claims.

Invariant: what is drawn is exact and lies where it should (``region.contains`` agrees), and examples shrink to what one
can read: one neuron, radius 1, parameters 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import chain
from math import isqrt
from typing import Any

import numpy as np
import sympy as sp
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from lipsym.bounds.derive import derive
from lipsym.bounds.result import Bound
from lipsym.derive import derive as derive_side
from lipsym.nets.activations import ACTIVATIONS
from lipsym.nets.claim import Claim
from lipsym.nets.inputs import Dataset, InputBall
from lipsym.nets.network import Network, mlp
from lipsym.nets.quantities import at_values
from lipsym.nets.regions import Ball, Box, ProductBall, Region

Params = list[tuple[np.ndarray, np.ndarray | None]]

SMOOTH = ("tanh", "sigmoid", "sin", "arctan", "softplus", "erf", "softsign", "gelu", "silu", "elu")
"""Activations whose second derivative has a supremum, simplest first."""

GRID = 8
"""Parameters are drawn as multiples of a radius over this number."""


def radii() -> SearchStrategy[Fraction]:
    """Positive rationals from 1/100 to 100, simplest first."""
    return st.sampled_from([Fraction(*pair) for pair in _RADII])


_RADII = ((1, 1), (2, 1), (3, 1), (1, 2), (3, 2), (10, 1), (1, 10), (5, 2), (1, 3), (30, 1), (100, 1), (1, 100))


@st.composite
def networks(
    draw: DrawFn,
    max_depth: int = 3,
    max_width: int = 3,
    activations: Sequence[str] = tuple(ACTIVATIONS),
    biases: bool = True,
) -> Network:
    """Feed-forward networks of at most ``max_depth`` affine layers.

    Args:
        max_depth, max_width: sizes.
        activations: names to choose from.
        biases: whether every network has biases; ``False`` draws both.
    """
    depth = draw(st.integers(1, max_depth))
    widths = [draw(st.integers(1, max_width)) for _ in range(depth + 1)]
    hidden = [draw(st.sampled_from(list(activations))) for _ in range(depth - 1)]
    output = draw(st.sampled_from(["identity", *activations]))
    return mlp(widths, hidden, output, bias=True if biases else draw(st.sampled_from([True, False])))


@st.composite
def regions(draw: DrawFn, network: Network | None = None) -> Region:
    """Joint balls, products of balls and boxes around 0, with numbers for their radii."""
    count = 1 if network is None else len(network.blocks)
    match draw(st.integers(0, 3)):
        case 0:
            return ProductBall(draw(radii()))
        case 1:
            return Ball(draw(radii()))
        case 2 if count > 1:
            return ProductBall([draw(radii()) for _ in range(count)])
        case _:
            radius = draw(radii())
            return Box(-radius, radius)


@st.composite
def parameters(draw: DrawFn, network: Network, region: Region, values: Any = None) -> Params:
    """Rational parameters inside a region: one pair ``(A, b)`` per block; half of the balls are filled to the boundary.

    Args:
        network: says the shapes.
        region: where they lie.
        values: numbers for its symbols.
    """
    blocks = region.blocks(network)
    sizes = [int(network.affine(block).parameter_count) for block in network.blocks]  # type: ignore[arg-type]
    flat = [draw(st.lists(_STEPS, min_size=size, max_size=size)) for size in sizes]
    if isinstance(region, Box):
        steps = zip(chain.from_iterable(flat), _box_ends(network, region, values), strict=True)
        return _pairs(network, [lo + (hi - lo) * Fraction(k + GRID, 2 * GRID) for k, (lo, hi) in steps])
    radii_ = [_below(at_values(ball.radius, values, "a radius")) for ball in blocks]
    groups = [list(chain.from_iterable(flat))] if isinstance(region, Ball) else flat
    offsets: list[Fraction] = []
    for group, radius in zip(groups, radii_, strict=False):
        offsets += _in_ball(group, radius, draw(st.booleans()))
    centers = [c for ball, size in zip(blocks, sizes, strict=True) for c in _center(ball.center, size)]
    return _pairs(network, [c + o for c, o in zip(centers, offsets, strict=True)])


def pairs(network: Network, region: Region, values: Any = None) -> SearchStrategy[tuple[Params, Params]]:
    """Two different parameter vectors of a region."""
    one = parameters(network, region, values)
    return st.tuples(one, one).filter(lambda pair: _flat(pair[0]) != _flat(pair[1]))


@st.composite
def inputs(draw: DrawFn, where: InputBall | Dataset, width: int, values: Any = None) -> tuple[Fraction, ...]:
    """Inputs of length ``width``: rationals in the ball, or one of the given points."""
    if isinstance(where, Dataset):
        return tuple(Fraction(v) for v in draw(st.sampled_from(where.points.tolist())))
    steps = draw(st.lists(_STEPS, min_size=width, max_size=width))
    return tuple(_in_ball(steps, _below(at_values(where.radius, values, "the radius")), draw(st.booleans())))


@st.composite
def claims(
    draw: DrawFn,
    holds: bool = True,
    quantities: Sequence[str] = ("lipschitz", "smoothness"),
    max_depth: int = 3,
    max_width: int = 3,
) -> Claim:
    """Claims at numbers of which it is proved whether they hold.

    Args:
        holds: ``True``: the claimed number is at least a derived upper bound; ``False``: it is below the value at a
            certified witness, so there is a counterexample to find.
        quantities: orders to choose from.
        max_depth, max_width: of the network.
    """
    quantity = draw(st.sampled_from(list(quantities)))
    names = SMOOTH if quantity == "smoothness" else tuple(ACTIVATIONS)
    network = draw(networks(max_depth, max_width, names))
    region: Region = ProductBall(draw(radii())) if draw(st.booleans()) else Ball(draw(radii()))
    where = InputBall(draw(radii()))
    if holds:
        outcome = derive(network, region, where, quantity)
    else:
        outcome = derive_side(network, region, where, quantity, side="lower")
    if not isinstance(outcome, Bound):
        return draw(st.nothing())
    value = outcome.evaluate()
    factor = draw(st.sampled_from([Fraction(1), Fraction(2)] if holds else [Fraction(1, 2), Fraction(9, 10)]))
    number = Fraction(value.hi if holds else value.lo) * factor
    if not holds and number <= 0:
        return draw(st.nothing())
    return Claim(network, region, where, quantity, "<=", sp.Rational(number.numerator, number.denominator))


_STEPS = st.integers(-GRID, GRID)


def _in_ball(steps: list[int], radius: Fraction, fill: bool) -> list[Fraction]:
    """The vector in multiples of ``radius/GRID``, scaled down into the ball; ``fill`` scales it up to the boundary."""
    square = sum(k * k for k in steps)
    if square == 0 or (not fill and square <= GRID * GRID):
        return [radius * Fraction(k, GRID) for k in steps]
    root = isqrt(square * 4096) + 1  # 64 times the length, rounded up: the scaled vector stays inside
    return [radius * Fraction(64 * k, root) for k in steps]


def _below(radius: sp.Expr) -> Fraction:
    """A rational that is at most the radius, and equal to it where the radius is rational."""
    if isinstance(radius, sp.Rational):
        return Fraction(int(radius.p), int(radius.q))
    scaled = sp.floor(radius * 1024)
    return Fraction(int(scaled), 1024)


def _center(center: Any, size: int) -> list[Fraction]:
    if center is None:
        return [Fraction(0)] * size
    weights, offset = center
    entries = weights.ravel().tolist() + ([] if offset is None else offset.tolist())
    return [Fraction(v) for v in entries]


def _box_ends(network: Network, region: Box, values: Any) -> list[tuple[Fraction, Fraction]]:
    sizes = [int(network.affine(block).parameter_count) for block in network.blocks]  # type: ignore[arg-type]
    if isinstance(region.lo, tuple):
        sides = [
            [v for pair, size in zip(side, sizes, strict=True) for v in _center(pair, size)]
            for side in (region.lo, region.hi)
        ]
        return list(zip(*sides, strict=True))
    lo, hi = (at_values(end, values, "an end of the box") for end in (region.lo, region.hi))  # type: ignore[arg-type]
    # Rounded into the box: −(−lo rounded down) is at least lo.
    return [(-_below(-lo) if not isinstance(lo, sp.Rational) else _below(lo), _below(hi))] * sum(sizes)


def _pairs(network: Network, flat: list[Fraction]) -> Params:
    result: Params = []
    start = 0
    for block in network.blocks:
        layer = network.affine(block)
        rows, columns = int(layer.outputs), int(layer.inputs)  # type: ignore[arg-type]
        matrix = np.array(flat[start : start + rows * columns], dtype=object).reshape(rows, columns)
        start += rows * columns
        offset = np.array(flat[start : start + rows], dtype=object) if layer.bias else None
        start += rows if layer.bias else 0
        result.append((matrix, offset))
    return result


def _flat(params: Params) -> list[Fraction]:
    return [v for pair in params for part in pair if part is not None for v in part.ravel().tolist()]
