"""Bounds over one box of weights, beside a strong local ascent: ``python -m tests.bench.boxes [seeds]``.

Every weight and bias of a tanh network lies within r of its initial value: weights N(0, 1/fan_in), biases 0, one input
N(0, I), all from NumPy's ``default_rng(seed)``. The table has upper bound / certified lower bound, the engine, and the
CPU time, best of five. The lower bound is certified in Arb at the best point of two searches: projected
conjugate-gradient ascent (``refute.ascent``), and sign ascent, which moves all parameters to the corner that the
gradient points to.

Then norms of n × n Gaussian matrices: the excess over NumPy's float singular value, and the CPU time beside it.
"""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

import lipsym as ls
from lipsym.domains.float64_norms import spectral_norm_bound
from lipsym.enclose.box import DerivativeBound, derivative_bound
from lipsym.enclose.derivatives import lipschitz_at, smoothness_lower
from lipsym.enclose.search import climb, fixed_output, gradient_series, model, unit
from lipsym.refute.ascent import maximise
from tests.bench.table import show

NETWORKS = ([2, 8, 1], [4, 16, 16, 1], [64, 32, 10])
RADII = ("1/1000", "1/100", "1/10", "1")
QUANTITIES = {"lipschitz": 1, "smoothness": 2}

Pairs = list[tuple[np.ndarray, np.ndarray]]


def drawn(widths: list[int], seed: int) -> tuple[ls.Network, Pairs, np.ndarray]:
    """The network at its initial weights, and an input."""
    rng = np.random.default_rng(seed)
    params = [(rng.standard_normal((b, a)) / np.sqrt(a), np.zeros(b)) for a, b in itertools.pairwise(widths)]
    return ls.mlp(widths, "tanh"), params, rng.standard_normal(widths[0])


def sign_ascent(
    network: ls.Network, params: Pairs, radius: float, x: np.ndarray, order: int, starts: int = 24, rounds: int = 150
) -> tuple[Pairs, Pairs]:
    """Corners of the box by steps towards the sign of the gradient, half of the starts with small arguments."""
    m = model(network, order)
    centre = m.pack(params)
    rng = np.random.default_rng(0)
    theta = centre + radius * rng.uniform(-1, 1, (starts, m.count))
    for k in range(starts // 2):
        theta[k] = m.pack(_flattened(params, radius, x, rng))
    data = np.broadcast_to(x, (starts, 1, len(x)))
    u, w = unit(rng.standard_normal(theta.shape)), unit(rng.standard_normal((starts, 1, int(network.output_width))))
    best, kept, share = np.full(starts, -np.inf), theta.copy(), np.full((starts, 1), 0.5)
    for _ in range(rounds):
        for _ in range(4 if order == 2 else 2):  # the power iteration follows the point
            output, gradient, _ = gradient_series(m, theta, data, u, fixed_output(w), order)
            form = gradient[order - 1]
            value = (form * u).sum(1)
            u, w = climb(u, form, value, order), unit(output[order])
        better = np.abs(value) > best
        kept, best = np.where(better[:, None], theta, kept), np.where(better, np.abs(value), best)
        share = np.where(better[:, None], np.minimum(1.0, share * 1.3), share * 0.7)
        slope = np.where(value < 0, -1.0, 1.0)[:, None] * gradient[order]
        theta = np.clip(kept + share * radius * np.sign(slope), centre - radius, centre + radius)
    top = int(np.argmax(best))
    return m.unpack(kept[top]), m.unpack(u[top])  # type: ignore[return-value]


def _flattened(params: Pairs, radius: float, x: np.ndarray, rng: np.random.Generator) -> Pairs:
    """Parameters whose hidden arguments are near 0, where tanh is steepest, and whose last weights are far from 0."""
    found, u = [], x
    for k, (a, b) in enumerate(params):
        if k + 1 == len(params):
            sign = np.where(rng.random(a.shape) < 0.8, np.sign(a + 1e-9), -np.sign(a + 1e-9))
            found.append((a + radius * sign, b))
            break
        z = a @ u + b
        share = np.minimum(1.0, np.abs(z) / (radius * (np.abs(u).sum() + 1.0)))
        step = -radius * share * np.sign(z)
        found.append((a + step[:, None] * np.sign(u), b + step))
        u = np.tanh(found[-1][0] @ u + found[-1][1])
    return found


def certified(network: ls.Network, params: Pairs, radius: str, x: np.ndarray, quantity: str) -> Fraction:
    """The larger of the certified norms at the best points of the two searches."""
    size = float(Fraction(radius))
    box = ls.Box(*([(a + s, b + s) for a, b in params] for s in (-size, size)))
    found = maximise(network, box, ls.Dataset(x[None]), quantity, evaluations=12_000)
    points = [(found.params, found.direction), sign_ascent(network, params, size, x, QUANTITIES[quantity])]
    best = Fraction(0)
    for point, direction in points:
        inside = [
            (np.clip(a, c - size, c + size), np.clip(b, d - size, d + size))
            for (a, b), (c, d) in zip(point, params, strict=True)
        ]
        if quantity == "lipschitz":
            best = max(best, Fraction(lipschitz_at(network, inside, x).lo))
        else:
            best = max(best, smoothness_lower(network, inside, x), smoothness_lower(network, inside, x, [direction]))
    return best


def timed(function: Callable[[], Any], repeats: int = 5) -> tuple[Any, float]:
    """The result, and the least CPU time in milliseconds."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        result = function()
        times.append(1000 * (time.process_time() - start))
    return result, min(times)


def norms() -> None:
    rows = []
    for n in (64, 128, 256, 512):
        a = np.random.default_rng(0).standard_normal((n, n))
        bound, ours = timed(lambda a=a: spectral_norm_bound(a))
        value, theirs = timed(lambda a=a: np.linalg.svd(a, compute_uv=False)[0])
        rows.append([str(n), f"{bound / value - 1:.1e}", f"{ours:.1f}", f"{theirs:.1f}", f"{ours / theirs:.2f}"])
    show("verified norm of a Gaussian matrix", ["n", "excess", "ms", "svd ms", "ratio"], rows)


def main(seeds: int = 1) -> None:
    norms()
    for quantity in QUANTITIES:
        rows = []
        for widths in NETWORKS:
            for seed in range(seeds):
                network, params, x = drawn(widths, seed)
                cells = []
                for radius in RADII:
                    bound, ms = timed(partial(derivative_bound, network, params, radius, x, quantity))
                    assert isinstance(bound, DerivativeBound)
                    lower = certified(network, params, radius, x, quantity)
                    assert bound.hi >= lower, f"REFUTED: {network}, {quantity}, r = {radius}, {bound.by}"
                    cells.append(f"{float(bound.hi / lower):.4f} {bound.by} {ms:.0f} ms")
                rows.append([f"{network.spec} #{seed}", *cells])
        show(f"{quantity}: upper / lower bound over the box", ["network", *(f"r = {r}" for r in RADII)], rows)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
