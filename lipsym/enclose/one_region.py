"""``enclose`` for networks that are too wide for a cover: the whole region at once.

Invariant: ``lo`` is proved at an exact point of the region, and ``hi`` by a bound over the whole of it. More time does
not narrow the gap.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from lipsym.domains.float64_rounding import Floats
from lipsym.enclose.box import region_bound
from lipsym.enclose.derivatives import lipschitz_lower, smoothness_lower
from lipsym.enclose.geometry import Geometry, geometry, number
from lipsym.enclose.inside import inside, inside_ball
from lipsym.enclose.search import Model, climb, fixed_output, gradient_series, model, unit
from lipsym.enclose.witness import Point
from lipsym.enclosure import Enclosure, End
from lipsym.nets.inputs import Dataset, InputBall
from lipsym.nets.network import Network
from lipsym.nets.quantities import at_values
from lipsym.nets.regions import Box, Region

STARTS, ROUNDS = 8, 80
"""Of the search for a large value."""


@dataclass(frozen=True, slots=True, eq=False)
class RegionEnclosure:
    """A certified enclosure of ``sup ‖D^k_θN‖`` without a cover.

    Args:
        quantity: ``"lipschitz"`` or ``"smoothness"``.
        lo: proved at ``witness``.
        hi: proved over the whole region; ``math.inf`` if it is too large for float64.
        reached: whether ``hi − lo ≤ gap·hi``.
        gap: what was asked for.
        witness: exact parameters and input where the norm is at least ``lo``.
        rules: of the bound: the one that won.
        bounds: what every rule gave.
        seconds: how long it took.
    """

    quantity: str
    lo: Fraction
    hi: End
    reached: bool
    gap: Fraction
    witness: Point
    rules: tuple[str, ...]
    bounds: Mapping[str, float]
    seconds: float

    @property
    def boxes(self) -> int:
        """One: the region's box."""
        return 1

    @property
    def enclosure(self) -> Enclosure:
        """``[lo, hi]``."""
        return Enclosure(self.lo, self.hi)

    def __str__(self) -> str:
        return f"sup in {self.enclosure} (one region, by {', '.join(self.rules)}, {self.seconds:.2f} s)"


def enclose_region(
    network: Network,
    region: Region,
    inputs: InputBall | Dataset,
    quantity: str = "lipschitz",
    values: Mapping[Any, Any] | None = None,
    gap: Fraction = Fraction(1, 100),
) -> RegionEnclosure:
    """Enclose the supremum of ``‖D_θN‖`` or ``‖D²_θN‖`` over a region and all inputs, from one bound and one search.

    Args:
        network, region, inputs, quantity, values: as for ``lipsym.enclose``.
        gap: what counts as reached.

    Raises:
        InputError, HypothesisError: as for ``region_bound``.

    Example:
        >>> from lipsym.nets.network import mlp
        >>> from lipsym.nets.regions import ProductBall
        >>> found = enclose_region(mlp([1, 1, 1], "tanh"), ProductBall(1), InputBall(1))
        >>> found.lo**2 <= 3 <= found.hi**2, found.rules  # √(R²(S² + 1) + 1)
        (True, ('coupled-neurons',))
    """
    started = time.perf_counter()
    order = {"lipschitz": 1, "smoothness": 2}.get(quantity, 1)
    bound = region_bound(network, region, inputs, quantity, values)
    params, x, direction = _search(network, region, inputs, order, values)
    exact = inside(network, region, params, values)
    if isinstance(inputs, InputBall):
        point = inside_ball(x, at_values(inputs.radius, values, "the radius of the inputs"))
    else:
        point = tuple(Fraction(c) for c in x.tolist())
    at = np.array(point, dtype=object)
    lo = lipschitz_lower(network, exact, at) if order == 1 else smoothness_lower(network, exact, at, [direction])
    hi = max(bound.hi, lo)  # two proofs of one number: rounding alone could set them apart
    reached = isinstance(hi, Fraction) and hi - lo <= gap * hi
    spent = time.perf_counter() - started
    return RegionEnclosure(quantity, lo, hi, reached, gap, Point(lo, exact, point), (bound.by,), bound.bounds, spent)


def _search(
    network: Network, region: Region, inputs: InputBall | Dataset, order: int, values: Mapping[Any, Any] | None
) -> tuple[Any, Floats, Any]:
    """Parameters, input and direction where floats find a large value: projected ascent with steps of one length."""
    m = model(network, order)
    g = geometry(m, region, values)
    rng = np.random.default_rng(0)
    width = int(network.input_width)  # type: ignore[arg-type]
    theta = g.centre + g.scale * rng.uniform(-1, 1, (STARTS, m.count)) * np.linspace(0, 1, STARTS)[:, None]
    if isinstance(inputs, Dataset):
        order_of_size = np.argsort(-np.sum(np.square(inputs.points), axis=1))
        x = inputs.points[order_of_size[np.arange(STARTS) % min(len(order_of_size), STARTS)]]
        y = theta
    else:
        radius = number(inputs.radius, values)
        x = radius * unit(rng.standard_normal((STARTS, width)))
        g, y = g.with_input(width, radius), np.hstack([theta, x])
    climbing = _Climb(m, g, order, isinstance(region, Box))
    y, u, value = climbing.run(g.project(y), x, rng)
    top = int(np.argmax(value))
    best = y[top]
    return m.unpack(best[: m.count]), best[m.count :] if best.size > m.count else x[top], m.unpack(u[top])


@dataclass(frozen=True, slots=True)
class _Climb:
    """Ascent of ``w·D^kN[u, …, u]`` in the point, with power iterations for ``u`` and ``w``."""

    m: Model
    g: Geometry
    order: int
    corners: bool

    def run(self, y: Floats, x: Floats, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
        """The best points, their directions and values; ``x`` are the inputs where ``y`` has none."""
        count = self.m.count
        u = unit(rng.standard_normal((len(y), count)))
        w = unit(rng.standard_normal((len(y), 1, int(self.m.network.output_width))))  # type: ignore[arg-type]
        kept, best, along = y, np.full(len(y), -math.inf), u
        share = np.full((len(y), 1), 0.5)
        for _ in range(ROUNDS):
            data = (y[:, count:] if y.shape[1] > count else x)[:, None, :]
            turns = 2 * self.order
            while True:  # power iterations: w and u follow the point
                output, gradient, by_input = gradient_series(self.m, y[:, :count], data, u, fixed_output(w), self.order)
                form = gradient[self.order - 1]
                value = (form * u).sum(1)
                u, w = climb(u, form, value, self.order), unit(output[self.order])
                turns -= 1
                if not turns:
                    break
            better = np.abs(value) > best
            kept, along = np.where(better[:, None], y, kept), np.where(better[:, None], u, along)
            best = np.where(better, np.abs(value), best)
            share = np.where(better[:, None], np.minimum(1.0, 1.3 * share), 0.7 * share)
            slope = gradient[self.order]
            if y.shape[1] > count:
                slope = np.hstack([slope, by_input[self.order][:, 0]])
            slope = np.where(value < 0, -1.0, 1.0)[:, None] * slope * self.g.scale
            # In a box towards the corner that the gradient points to, in a ball along the gradient.
            step = np.sign(slope) if self.corners else slope / np.maximum(np.abs(slope).max(1, keepdims=True), 1e-300)
            y = self.g.project(kept + share * step * self.g.scale)
        return kept, along, best
