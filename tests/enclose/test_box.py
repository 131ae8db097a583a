"""Bounds over one region: no point of the region exceeds them, whatever the engine; exact where they say so."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from lipsym.domains.norms import symmetric_eigenvalue_bound
from lipsym.enclose.box import derivative_bound, region_bound
from lipsym.enclose.derivatives import hessian, lipschitz_at, smoothness_lower
from lipsym.enclose.one_region import enclose_region
from lipsym.errors import InputError, MissingValueError
from lipsym.nets.inputs import Dataset, InputBall
from lipsym.nets.layers.affine import Affine
from lipsym.nets.layers.elementwise import Elementwise
from lipsym.nets.network import Network, mlp
from lipsym.nets.regions import Ball, Box, ProductBall
from lipsym.refute.ascent import maximise

Pairs = list[tuple[np.ndarray, np.ndarray | None]]
SHARED = Network([Affine(2, 2, 1), Elementwise("tanh", 2), Affine(2, 2, 1), Elementwise("sin", 2)])
NETWORKS = {
    "two layers": mlp([2, 4, 1], "tanh"),
    "three layers": mlp([2, 4, 3, 1], "tanh"),
    "two outputs": mlp([2, 3, 2], "tanh"),
    "three layers, two outputs": mlp([3, 4, 3, 2], "tanh"),
    "output activation": mlp([2, 3, 1], "tanh", output="sigmoid"),
    "outputs with activation": mlp([1, 3, 2], "tanh", output="tanh"),
    "no bias": mlp([2, 3, 3, 1], "tanh", bias=False),
    "sin": mlp([2, 3, 2, 1], "sin"),
    "softplus": mlp([2, 3, 2], "softplus"),
    "softsign": mlp([2, 3, 1], "softsign"),
    "linear in the middle": mlp([2, 3, 2, 1], ["identity", "tanh"]),
    "one layer": mlp([3, 1], "identity", output="tanh"),
    "shared": SHARED,
}
RADII = (0.02, 0.5)


def drawn(network: Network, seed: int) -> tuple[Pairs, np.ndarray]:
    rng = np.random.default_rng(seed)
    params = []
    for block in network.blocks:
        layer = network.affine(block)
        shape = int(layer.outputs), int(layer.inputs)  # type: ignore[arg-type]
        b = rng.standard_normal(shape[0]) * 0.2 if layer.bias else None
        params.append((rng.standard_normal(shape) / math.sqrt(shape[1]), b))
    return params, rng.standard_normal(int(network.input_width))  # type: ignore[arg-type]


def norm_below(network: Network, params: Pairs, x: np.ndarray, quantity: str, direction: Any = None) -> Fraction:
    """A certified lower bound of the norm at one point."""
    if quantity == "lipschitz":
        return Fraction(lipschitz_at(network, params, x).lo)
    return smoothness_lower(network, params, x, None if direction is None else [direction])


def corners(region: Box, rng: np.random.Generator, count: int) -> list[Pairs]:
    """Random corners of a box, and every other time a random point inside."""

    def pick(lo: np.ndarray | None, hi: np.ndarray | None, inside: bool) -> np.ndarray | None:
        if lo is None or hi is None:
            return None
        share = rng.random(lo.shape)
        return np.clip(lo + (hi - lo) * share, lo, hi) if inside else np.where(share < 0.5, lo, hi)

    sides = list(zip(region.lo, region.hi, strict=True))  # type: ignore[arg-type]
    return [
        [(pick(lo[0], hi[0], k % 2 == 1), pick(lo[1], hi[1], k % 2 == 1)) for lo, hi in sides]  # type: ignore[misc]
        for k in range(count)
    ]


def box(params: Pairs, radius: float) -> Box:
    ends = [[(a + s, None if b is None else b + s) for a, b in params] for s in (-radius, radius)]
    return Box(*ends)


def attack(network: Network, region: Any, x: np.ndarray, quantity: str, evaluations: int) -> Fraction:
    """The largest certified norm at points that two kinds of ascent reach inside the region."""
    best = enclose_region(network, region, Dataset(x[None]), quantity).lo
    for seed in (0, 1):
        candidate = maximise(network, region, Dataset(x[None]), quantity, seed=seed, evaluations=evaluations)
        params = candidate.params
        if isinstance(region, Box):
            sides = zip(params, region.lo, region.hi, strict=True)  # type: ignore[arg-type]
            params = [
                tuple(None if c is None else np.clip(c, p, q) for c, p, q in zip(pair, lo, hi, strict=True))
                for pair, lo, hi in sides
            ]
        if region.contains([(a.tolist(), None if b is None else b.tolist()) for a, b in params], network):
            best = max(best, norm_below(network, params, x, quantity, candidate.direction))
    return best


@pytest.mark.parametrize("quantity", ["lipschitz", "smoothness"])
@pytest.mark.parametrize("name", NETWORKS)
def test_no_point_of_a_box_exceeds_any_engine(name: str, quantity: str) -> None:
    network = NETWORKS[name]
    params, x = drawn(network, seed=len(name))
    rng = np.random.default_rng(1)
    for radius in RADII:
        region = box(params, radius)
        bound = region_bound(network, region, x, quantity)
        assert Fraction(min(bound.bounds.values())) == bound.hi
        best = attack(network, region, x, quantity, 600)
        for point in corners(region, rng, 2):
            best = max(best, norm_below(network, point, x, quantity))
        assert best > 0
        for engine, value in bound.bounds.items():
            assert value >= best, (engine, radius)


@pytest.mark.nightly
@pytest.mark.parametrize("quantity", ["lipschitz", "smoothness"])
@pytest.mark.parametrize("name", NETWORKS)
def test_no_point_of_a_box_exceeds_any_engine_thoroughly(name: str, quantity: str) -> None:
    network = NETWORKS[name]
    rng = np.random.default_rng(7)
    for seed in range(4):
        params, x = drawn(network, seed)
        for radius in (1e-3, *RADII, 2.0):
            region = box(params, radius)
            bound = region_bound(network, region, x, quantity)
            best = attack(network, region, x, quantity, 20_000)
            for point in corners(region, rng, 200):
                best = max(best, norm_below(network, point, x, quantity))
            for engine, value in bound.bounds.items():
                assert value >= best, (engine, radius, seed)


@pytest.mark.parametrize("quantity", ["lipschitz", "smoothness"])
@pytest.mark.parametrize("name", ["two layers", "three layers, two outputs", "no bias", "shared"])
def test_no_point_of_a_ball_exceeds_any_engine(name: str, quantity: str) -> None:
    network = NETWORKS[name]
    params, x = drawn(network, seed=3)
    for region in (Ball("1/5", center=params), ProductBall("R", centers=params), ProductBall("R")):
        values = {"R": "3/2"} if isinstance(region, ProductBall) else None
        bound = region_bound(network, region, x, quantity, values)
        at_numbers = region if values is None else ProductBall("3/2", centers=region.centers)  # type: ignore[union-attr]
        best = attack(network, at_numbers, x, quantity, 1500)
        for engine, value in bound.bounds.items():
            assert value >= best, engine


def test_all_inputs_of_a_ball() -> None:
    network = NETWORKS["three layers"]
    params, _ = drawn(network, seed=5)
    for quantity in ("lipschitz", "smoothness"):
        bound = region_bound(network, box(params, 0.05), InputBall("S"), quantity, {"S": "3/2"})
        candidate = maximise(network, box(params, 0.05), InputBall("3/2"), quantity, evaluations=3000)
        assert candidate.x is not None
        x = candidate.x * (1.5 / max(1.5, float(np.linalg.norm(candidate.x)) * (1 + 1e-12)))
        best = norm_below(network, candidate.params, x, quantity, candidate.direction)
        assert best > 0
        for engine, value in bound.bounds.items():
            assert value >= best, engine


def test_a_dataset_is_the_largest_of_its_points() -> None:
    network = NETWORKS["two layers"]
    params, x = drawn(network, seed=2)
    data = Dataset(np.stack([x, 2 * x]))
    both = region_bound(network, box(params, 0.1), data)
    assert both.hi == max(region_bound(network, box(params, 0.1), point).hi for point in data.points)


@pytest.mark.parametrize("radius", [0.001, 0.1, 1.0])
@pytest.mark.parametrize(
    ("quantity", "engine"), [("lipschitz", "coupled-neurons"), ("smoothness", "layer-elimination")]
)
def test_sharp_for_two_layers(radius: float, quantity: str, engine: str) -> None:
    """Two layers, one output: every neuron has parameters of its own; what is left is the width of the pieces."""
    network = NETWORKS["two layers"]
    params, x = drawn(network, seed=4)
    region = box(params, radius)
    bound = region_bound(network, region, x, quantity)
    assert bound.by in (engine, "radial-mean-value", "entrywise-jet")
    best = attack(network, region, x, quantity, 6000)
    slack = Fraction(1, 1000) + Fraction(radius) / 15
    assert best <= Fraction(bound.bounds[engine]) <= best * (1 + slack)
    if radius < 0.5:
        # Has power: one per cent less is refuted.
        assert bound.hi * Fraction(99, 100) < best


@pytest.mark.parametrize("name", ["two layers", "three layers", "no bias", "sin", "output activation", "one layer"])
def test_at_a_point_the_elimination_is_the_norm(name: str) -> None:
    network = NETWORKS[name]
    params, x = drawn(network, seed=6)
    (second,) = hessian(network, params, x)
    exact = max(symmetric_eigenvalue_bound(matrix).hi for matrix in (second, -1 * second))
    bound = derivative_bound(network, params, 0, x, "smoothness")
    assert exact * (1 - Fraction(1, 10**9)) <= bound.hi <= exact * (1 + Fraction(1, 10**6))
    first = lipschitz_at(network, params, x)
    assert first.lo <= derivative_bound(network, params, 0, x).hi <= first.hi * (1 + Fraction(1, 10**6))


def test_larger_regions_have_larger_bounds_and_deep_or_wide_ones_are_finite() -> None:
    network = mlp([64, 48, 32, 10], "tanh")
    params, x = drawn(network, seed=1)
    for quantity in ("lipschitz", "smoothness"):
        bounds = [derivative_bound(network, params, r, x, quantity).hi for r in ("1/1000", "1/100", "1/10")]
        assert bounds == sorted(bounds)
        assert bounds[-1] < 10**6
    deep = mlp([2, *[3] * 10, 1], "tanh")
    params, x = drawn(deep, seed=1)
    assert derivative_bound(deep, params, "1/100", x, "smoothness").hi < 10**4


def test_a_kink_is_a_hull_at_order_one_and_refused_at_order_two() -> None:
    network = mlp([2, 4, 3, 1], "relu")
    params, x = drawn(network, seed=2)
    region = box(params, 0.1)
    bound = region_bound(network, region, x)
    best = attack(network, region, x, "lipschitz", 2000)
    assert all(value >= best for value in bound.bounds.values())
    with pytest.raises(InputError, match="jumps") as caught:
        region_bound(network, region, x, "smoothness")
    assert len(str(caught.value).splitlines()) == 3
    shared = Network([Affine(2, 2, 1), Elementwise("relu", 2), Affine(2, 2, 1)])
    with pytest.raises(InputError, match="jumps"):
        region_bound(shared, Box(-1, 1), [0.5, 0.5], "smoothness")


def test_bad_input_is_refused() -> None:
    network = NETWORKS["two layers"]
    params, x = drawn(network, seed=2)
    cases: list[Any] = [
        lambda: derivative_bound(network, params, "-1", x),
        lambda: derivative_bound(network, params, math.inf, x),
        lambda: derivative_bound(network, params, "1/10", x[:1]),
        lambda: derivative_bound(network, params, "1/10", [math.nan, 0.0]),
        lambda: derivative_bound(network, params[:1], "1/10", x),
        lambda: derivative_bound(network, params, "1/10", x, "hessian_lipschitz"),
        lambda: region_bound(mlp(["n", 2, 1], "tanh"), Box(-1, 1), x),
    ]
    for case in cases:
        with pytest.raises(InputError) as caught:
            case()
        assert len(str(caught.value).splitlines()) == 3
    with pytest.raises(MissingValueError):
        region_bound(network, ProductBall("R"), x)


def test_what_is_too_large_for_floats_is_unbounded_not_wrong() -> None:
    network = NETWORKS["three layers"]
    params, x = drawn(network, seed=2)
    huge = [(a * 1e200, b) for a, b in params]
    for quantity in ("lipschitz", "smoothness"):
        bound = derivative_bound(network, huge, "1", x, quantity)
        assert bound.hi > 10**150
    assert all(not math.isnan(value) for value in bound.bounds.values())
