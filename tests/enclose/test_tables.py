"""Tabulated activations against Arb."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from flint import arb, arb_mat

from lipsym.enclose.batch import Batch, intervals, points
from lipsym.enclose.forward import activation_derivatives
from lipsym.enclose.tables import ORDERS, Table, table
from lipsym.errors import InputError
from lipsym.nets.activations import activation

SMOOTH = ("tanh", "sigmoid", "softplus", "sin", "arctan", "erf", "gelu", "silu", "identity")
KINKED = ("softsign", "elu", "relu")


def made(name: str, reach: float = 10.0) -> Table:
    row = activation(name)
    return table(row.value, row.z, row.smoothness, reach)


def misses(name: str, ranges: list[Batch], z: np.ndarray, kinks: bool = False) -> int:
    """How many of the derivatives at ``z`` lie outside of their ranges; at a kink there is no one value."""
    exact = activation_derivatives(activation(name), arb_mat([z.tolist()]), ORDERS - 1, 100)
    count = 0
    for k, found in enumerate(ranges):
        lower, upper = np.broadcast_to(found.lower, z.shape), np.broadcast_to(found.upper, z.shape)
        for value, lo, hi, at in zip(exact[k].entries(), lower, upper, z, strict=True):
            count += not (kinks and at == 0.0) and bool(value < arb(float(lo)) or value > arb(float(hi)))
    return count


@pytest.mark.parametrize("name", [*SMOOTH, *KINKED])
def test_ranges_contain_the_values(name: str) -> None:
    rng = np.random.default_rng(1)
    lo = rng.uniform(-9, 9, 120)
    lo[:3] = 0.0, -1.0, -9.0
    hi = np.minimum(lo + rng.exponential(1.0, 120) * rng.choice([0.0, 1e-3, 0.1, 4.0], 120), 9.0)
    ranges = made(name).ranges(intervals(lo, hi), range(ORDERS))
    assert all(np.isfinite(r.upper).all() for r in ranges) == (name in SMOOTH)
    for share in (0.0, 0.37, 1.0):
        z = np.clip(lo + share * (hi - lo), lo, hi)
        assert misses(name, ranges, z, kinks=name in KINKED) == 0


@pytest.mark.parametrize("name", ["tanh", "softplus"])
def test_ranges_beyond_the_last_cell(name: str) -> None:
    rng = np.random.default_rng(2)
    lo = rng.uniform(-200, 150, 60)
    hi = lo + rng.exponential(30.0, 60)
    ranges = made(name, 500.0).ranges(intervals(lo, hi), range(ORDERS))
    for share in (0.0, 0.5, 1.0):
        assert misses(name, ranges, lo + share * (hi - lo)) == 0


def test_ranges_reach_both_sides_of_a_kink() -> None:
    for lo, hi in ((-1.0, 0.0), (0.0, 1.0), (0.0, 0.0), (-1e-300, 1e-300)):
        z = intervals(np.array([lo]), np.array([hi]))
        slope, jump = made("relu").ranges(z, range(3))[1:]
        assert (slope.lower[0] <= 0.0, slope.upper[0] >= 1.0) == (True, True)
        assert jump.upper[0] == np.inf, "the derivative of a jump is not known"
        assert made("softsign").ranges(z, range(3))[2].lower[0] <= -2.0


def test_extrema_inside_are_found() -> None:
    curvature = made("tanh").ranges(intervals(np.array([-9.0, 0.2]), np.array([9.0, 3.0])), range(3))[2]
    peak = 4 / (3 * np.sqrt(3))
    np.testing.assert_allclose(curvature.upper, [peak, -2 * np.tanh(3) * (1 - np.tanh(3) ** 2)], atol=1e-7)
    np.testing.assert_allclose(curvature.lower, [-peak, -peak], atol=1e-7)


@pytest.mark.parametrize("name", ["tanh", "silu"])
def test_without_its_error_the_table_misses(name: str) -> None:
    z = np.random.default_rng(3).uniform(-4, 4, 200)
    bare = replace(made(name), errors=(0.0,) * ORDERS)
    # Thin batches: ends that coincide leave nothing to hide behind.
    ranges = [Batch(r.ends, r.size, 0.0) for r in bare.ranges(points(z), range(ORDERS))]
    assert misses(name, ranges, z) > 0


def test_arguments_out_of_reach_are_unknown() -> None:
    assert made("tanh").ranges(intervals(np.array([0.0]), np.array([11.0])), range(1))[0].upper[0] == np.inf
    with pytest.raises(InputError, match="without a finite bound"):
        made("tanh", np.inf)
