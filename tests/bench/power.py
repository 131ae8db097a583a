"""How near the search comes to known suprema, and what a ratio costs: ``python -m tests.bench.power``.

A supremum counts as known where a derived bound and a proved witness agree within 1 %; the search is not told either.
Beside it: the best of as many random parameters. Arguments: evaluations of each search (default 4000) and the number of
seeds (default 3; the worst is shown). About four minutes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from fractions import Fraction

import numpy as np

import lipsym as ls
from lipsym.enclose.geometry import geometry
from lipsym.enclose.search import model
from lipsym.lower.tune import LowerWitness
from lipsym.refute.confirm import certified_lower
from lipsym.refute.screen import BATCH, directional_norms, gradient_norms
from tests.bench.table import show, timed

SHAPES = ("1-1-1", "2-8-1", "2-16-1", "2-4-4-1", "2-16-16-1", "2-8-8-8-1", "2-16-16-16-1")
RADII = (1, 3, 10, 100)
KNOWN = Fraction(99, 100)
SMALL = (
    "mlp:1-1-1:tanh",
    "mlp:1-1-1:tanh:tanh",
    "mlp:1-2-1:relu",
    "mlp:1-2-1:sin",
    "mlp:2-2-1:tanh",
    "mlp:1-1-1-1:tanh",
)


def known(network: ls.Network, quantity: str, radius: int) -> Fraction | None:
    """The bound, if a witness comes within 1 % of it."""
    question = network, ls.ProductBall("R"), ls.InputBall(1), quantity
    bound = ls.derive(*question)
    if not isinstance(bound, ls.Bound):
        return None
    upper = bound.evaluate({"R": radius}).hi
    below = ls.sharpness(*question).lower_at({"R": radius})
    lower = below.value.lo if isinstance(below, LowerWitness) else below.lo if below is not None else 0
    return Fraction(upper) if lower >= KNOWN * upper else None


def at_random(network: ls.Network, quantity: str, radius: int, count: int) -> float:
    """The largest norm (in a random direction, beyond order 1) at random parameters on the boundary."""
    m = model(network, 2)
    g = geometry(m, ls.ProductBall(radius), None)
    rng = np.random.default_rng(0)
    theta = g.project(rng.standard_normal((count, m.count)) * 10 * g.scale).T.copy()
    x = rng.standard_normal((int(network.input_width), count))  # type: ignore[arg-type]
    x /= np.linalg.norm(x, axis=0)
    if quantity == "lipschitz":
        return float(gradient_norms(m, theta, x).max())
    u = rng.standard_normal(theta.shape)
    return float(directional_norms(m, theta, x, u / np.linalg.norm(u, axis=0), 2).max())


def main(evaluations: int = 4_000, seeds: int = 3) -> None:
    every = []
    for activation in ("tanh", "sin", "relu"):
        rows = [row for shape in SHAPES for row in _rows(f"mlp:{shape}:{activation}", evaluations, seeds)]
        show(f"{activation}: certified / known supremum, the worst of {seeds} seeds; the best random ones", HEAD, rows)
        every += [float(row[3]) for row in rows]
    within = sum(ratio >= float(KNOWN) for ratio in every)
    show("summary", ["cases", "within 1 %", "worst"], [[str(len(every)), str(within), f"{min(every):.4f}"]])
    rates()


def _rows(text: str, evaluations: int, seeds: int) -> Iterator[list[str]]:
    network = ls.parse_network(text)
    assert isinstance(network, ls.Network)
    for quantity in ("lipschitz", "smoothness"):
        for radius in RADII:
            upper = known(network, quantity, radius)
            if upper is None:
                continue
            question = network, ls.ProductBall(radius), ls.InputBall(1), quantity
            least = min(certified_lower(*question, None, seed, evaluations).value for seed in range(seeds))
            naive = at_random(network, quantity, radius, evaluations) / float(upper)
            yield [text, quantity, str(radius), f"{float(least / upper):.4f}", f"{100 * naive:.2f} %"]


HEAD = ["network", "quantity", "R", "search", "random"]


def rates() -> None:
    """Millions of ratios a second on one core."""
    rng = np.random.default_rng(0)
    rows = []
    for text in SMALL:
        network = ls.parse_network(text)
        m = model(network, 3)  # type: ignore[arg-type]
        theta, u = rng.standard_normal((2, m.count, BATCH))
        x = rng.standard_normal((int(network.input_width), BATCH))  # type: ignore[union-attr]
        cells = [f"{BATCH / timed(lambda: gradient_norms(m, theta, x), 30)[1] / 1e6:.1f}"]  # noqa: B023
        for order in (1, 2, 3):
            wall = timed(lambda: directional_norms(m, theta, x, u, order), 30)[1]  # noqa: B023
            cells.append(f"{BATCH / wall / 1e6:.1f}")
        rows.append([text, str(m.count), *cells])
    head = ["network", "parameters", "‖DN‖", "‖DN[u]‖", "‖D²N[u,u]‖", "‖D³N[u,u,u]‖"]
    show("10⁶ ratios a second on one core, the best of 30 batches", head, rows)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
