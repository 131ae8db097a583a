"""Where the ascent starts: structured points, because random ones miss the thin ridges of deep networks.

Invariant: a start decides speed, never soundness; every start is reproducible from the generator.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from lipsym.enclose.geometry import Geometry
from lipsym.enclose.search import Model
from lipsym.nets.layers.affine import Affine
from lipsym.nets.layers.elementwise import Elementwise
from lipsym.nets.network import Network

FARTHEST_LEVEL = 8.0
"""Where every activation of the table has shown its peaks, or is periodic."""

FAMILIES = 6
"""How many kinds of starts ``starting_points`` mixes."""


def levels(functions: tuple, limit: float) -> np.ndarray:
    """Arguments worth aiming at: 0, the peaks of ``σ`` and of its first three derivatives, and the end."""
    reach = min(limit, FARTHEST_LEVEL)
    grid = np.linspace(-reach, reach, 801)
    near = np.abs(grid)
    peaks = []
    for f in functions[:4]:
        size = np.abs(f(grid))
        peaks.append(near[size >= (1 - 1e-3) * size.max()].min())  # the peak that costs least of the radius
    return np.unique([0.0, *peaks, *(-p for p in peaks), limit])


def starting_points(
    m: Model, g: Geometry, radius: float, count: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """``count`` parameter vectors, inside the region, and inputs of norm ``radius``.

    One-neuron paths whose arguments sit at chosen levels (half of them corners with steep neurons, where the region is
    a box or lies around other weights than 0), matrices of rank one, few neurons awake, saturated neurons, a
    low-discrepancy sequence on the boundary and random points, in turn.
    """
    theta = np.empty((count, m.count))
    x = np.empty((count, int(m.network.input_width)))  # type: ignore[arg-type]
    even = halton(count, min(m.count, len(PRIMES)), int(rng.integers(1, 1 << 16)))
    for i in range(count):
        direction = rng.standard_normal(x.shape[1])
        x[i] = radius * direction / np.linalg.norm(direction)
        budget = _budgets(m, g, rng)
        match i % FAMILIES:
            case 1 if g.box is not None or g.centre.any():
                offset = _steep(m, g, x[i], rng) - g.centre
            case 0 | 1:
                offset = paths(m, [budget], x[i : i + 1], rng)[0]
            case 2:
                offset = _rank_one(m, budget, rng)
            case 3:
                offset = _few_neurons(m, budget, rng)
            case 4:
                offset = _saturated(m, budget, rng)
            case _:
                offset = np.resize(2 * even[i] - 1, m.count) * g.scale * rng.uniform(0.3, 2.0)
        theta[i] = g.centre + offset
    return g.project(theta), x


def chain(network: Network) -> Network:
    """The same layers with one neuron each: where the best paths are looked for, in few dimensions."""
    return Network(
        [
            Affine(1, 1, layer.block, layer.bias) if isinstance(layer, Affine) else Elementwise(layer.activation, 1)
            for layer in network.layers
        ]
    )


def embed(m: Model, thin: Model, theta: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Parameters of a chain as those of the wide network: neuron 1 of each layer, all others at rest.

    Args:
        m, thin: the wide network and its chain.
        theta: of shape (P, parameters of the chain).
        x: inputs of the wide network, of shape (P, ℓ_0); its first layer reads along them.
    """
    wide = np.zeros((len(theta), m.count))
    along = x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-300)
    first = next(layer.block for layer in m.network.layers if isinstance(layer, Affine))
    for block, (place, bias, (_, columns)) in m.layout.items():
        source, offset, _ = thin.layout[block]
        if block == first:
            wide[:, place.start : place.start + columns] = theta[:, source] * along
        else:
            wide[:, place.start] = theta[:, source.start]
        if bias is not None and offset is not None:
            wide[:, bias.start] = theta[:, offset.start]
    return wide


def chain_paths(thin: Model, g: Geometry, radius: float, count: int, rng: np.random.Generator) -> np.ndarray:
    """Paths of a chain: all hidden layers at one level and the last at any, then random levels."""
    budgets = [_budgets(thin, g, rng) for _ in range(count)]
    return g.project(paths(thin, budgets, np.full((count, 1), radius), rng, patterned=True))


def paths(
    m: Model, budgets: list[dict[int, float]], x: np.ndarray, rng: np.random.Generator, patterned: bool = False
) -> np.ndarray:
    """One neuron per layer, its argument ``t`` at a level, the weight as large as the block's radius ``R`` allows.

    With ``v`` the value below, ``α = sgn(tv)(|tv| + √(R²(1 + v²) − t²))/(1 + v²)`` and ``b = t − αv`` fill the ball.
    """
    count, layers = len(budgets), m.network.layers
    theta = np.zeros((count, m.count))
    v = np.linalg.norm(x, axis=1)
    along = x / np.maximum(v[:, None], 1e-300)
    t = v
    pattern = _patterns(count, rng) if patterned else None
    active = [i for i in range(len(layers) - 1) if isinstance(layers[i], Affine) and m.activations[i + 1]]
    last = active[-1] if active else -1
    for index, layer in enumerate(layers):
        if not isinstance(layer, Affine):
            v = np.asarray(m.activations[index][0](t), dtype=np.float64)
            continue
        place, bias, shape = m.layout[layer.block]
        radii, q = np.array([budget[layer.block] for budget in budgets]), 1.0 + v * v
        limit = radii * np.sqrt(q)
        following = m.activations[index + 1] if index + 1 < len(layers) else ()
        if following:
            wanted = None if pattern is None or index > last else pattern[:, int(index == last)]
            t = _arguments(following, limit, rng, wanted)
        else:  # an affine output: the whole radius for the weight, or shared with the bias
            t = np.where(rng.random(count) < 0.7, radii * v, limit * rng.integers(0, 2, count))
        sign = np.sign(t * v)
        sign = np.where(sign == 0, rng.choice([-1.0, 1.0], count), sign)
        # In the first layer only t counts, so that half of the paths reach it by the shortest (α, b).
        short = np.where(index == 0, rng.random(count) < 0.5, False)
        spare = np.where(short, 0.0, np.maximum(radii**2 * q - t * t, 0.0))
        alpha = sign * (np.abs(t * v) + np.sqrt(spare)) / q
        offset = t - alpha * v if bias is not None else np.zeros(count)
        t = alpha * v + offset
        theta[:, place.start : place.start + shape[1]] = alpha[:, None] * (
            along if index == 0 else np.eye(shape[1])[:1]
        )
        if shape[0] > 1:  # what is left lets the other neurons leave their resting value
            left = np.sqrt(np.maximum(radii**2 - alpha**2 - offset**2, 0.0))
            others = rng.standard_normal((count, (shape[0] - 1) * shape[1]))
            others *= (left * rng.integers(0, 2, count) / np.linalg.norm(others, axis=1))[:, None]
            theta[:, place.start + shape[1] : place.stop] = others
        if bias is not None:
            theta[:, bias.start] = offset
    return theta


PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53)


def halton(count: int, dimension: int, start: int = 1) -> np.ndarray:
    """Points ``start, …`` of the Halton sequence in ``[0, 1)^dimension``, at most ``len(PRIMES)`` dimensions.

    Source: J. H. Halton, On the efficiency of certain quasi-random sequences of points (1960).
    """
    points = np.zeros((count, dimension))
    for j, base in enumerate(PRIMES[:dimension]):
        index, weight = np.arange(start, start + count), 1.0
        while index.any():
            weight /= base
            points[:, j] += weight * (index % base)
            index = index // base
    return points


def _patterns(count: int, rng: np.random.Generator) -> np.ndarray:
    """Pairs of level numbers (hidden, last); −1 stands for a random one."""
    pairs = np.full((count, 2), -1)
    fixed = list(product(range(10), repeat=2))[: count // 2]
    pairs[: len(fixed)] = fixed
    rng.shuffle(pairs)
    return pairs


def _arguments(following: tuple, limit: np.ndarray, rng: np.random.Generator, wanted: np.ndarray | None) -> np.ndarray:
    """An argument of the activation that follows, at a level, for each member."""
    t = np.empty(len(limit))
    known: dict[float, np.ndarray] = {}
    for i, end in enumerate(limit.tolist()):
        if end not in known:
            known[end] = levels(following, end)
        chosen = -1 if wanted is None else int(wanted[i])
        t[i] = known[end][chosen % len(known[end])] if chosen >= 0 else rng.choice(known[end])
    return np.clip(t, -limit, limit)


def _budgets(m: Model, g: Geometry, rng: np.random.Generator) -> dict[int, float]:
    """A radius for each block; a joint ball is split at random."""
    radii = {block: float(g.scale[place].max()) for block, (place, _, _) in m.layout.items()}
    if len(g.balls) == 1 and len(radii) > 1:
        shares = np.sqrt(rng.dirichlet(np.ones(len(radii))))
        return {block: r * s for (block, r), s in zip(radii.items(), shares, strict=True)}
    return radii


def _rank_one(m: Model, budget: dict[int, float], rng: np.random.Generator) -> np.ndarray:
    theta = np.zeros(m.count)
    out = rng.standard_normal(int(m.network.input_width))  # type: ignore[arg-type]
    for block, (place, bias, shape) in m.layout.items():
        share = rng.uniform(0.3, 1.0)
        into, out = (out if len(out) == shape[1] else rng.standard_normal(shape[1])), rng.standard_normal(shape[0])
        matrix = np.outer(out, into)
        theta[place] = budget[block] * share * (matrix / np.linalg.norm(matrix)).ravel()
        if bias is not None:
            offset = rng.standard_normal(shape[0])
            theta[bias] = budget[block] * np.sqrt(1 - share**2) * offset / np.linalg.norm(offset)
    return theta


def _few_neurons(m: Model, budget: dict[int, float], rng: np.random.Generator) -> np.ndarray:
    """One or two neurons of each layer are awake, all others rest."""
    theta = np.zeros(m.count)
    for block, (place, bias, shape) in m.layout.items():
        awake = min(shape[0], int(rng.integers(1, 3)))
        matrix = np.zeros(shape)
        matrix[:awake, : min(shape[1], 2)] = rng.standard_normal((awake, min(shape[1], 2)))
        theta[place] = matrix.ravel()
        if bias is not None:
            theta[bias.start : bias.start + awake] = rng.standard_normal(awake)
        own = slice(place.start, (bias or place).stop)
        theta[own] *= budget[block] / max(float(np.linalg.norm(theta[own])), 1e-300)
    return theta


def _steep(m: Model, g: Geometry, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Weights at the ends farther from 0, most of them; then hidden arguments as near 0 as the others allow.

    Around initial weights nothing can rest: what is steep are arguments near 0, what is large are weights at their end.
    """
    lo, hi = g.box if g.box is not None else (g.centre - g.scale, g.centre + g.scale)
    theta = np.where((g.centre < 0) ^ (rng.random(m.count) < rng.uniform(0.0, 0.5)), lo[: m.count], hi[: m.count])
    layers, v = m.network.layers, x
    for index, layer in enumerate(layers):
        if not isinstance(layer, Affine):
            v = np.asarray(m.activations[index][0](v), dtype=np.float64)
            continue
        place, bias, shape = m.layout[layer.block]
        if index + 1 < len(layers) and m.activations[index + 1] and rng.random() < 0.8:
            for neuron in range(shape[0]):
                own = np.arange(place.start + neuron * shape[1], place.start + (neuron + 1) * shape[1])
                factors = v
                if bias is not None:
                    own, factors = np.append(own, bias.start + neuron), np.append(v, 1.0)
                t = float(theta[own] @ factors)
                way = np.where(t * factors > 0, lo[own], hi[own]) - theta[own]
                room = float(np.abs(way * factors).sum())
                theta[own] += min(1.0, abs(t) / max(room, 1e-300)) * way
        v = theta[place].reshape(shape) @ v + (0.0 if bias is None else theta[bias])
    return theta


def _saturated(m: Model, budget: dict[int, float], rng: np.random.Generator) -> np.ndarray:
    """Biases take most of every block's radius, so that many neurons are far from their origin."""
    theta = rng.standard_normal(m.count)
    for block, (place, bias, _) in m.layout.items():
        own = slice(place.start, (bias or place).stop)
        if bias is not None:
            theta[bias] *= rng.uniform(1.0, 8.0)
        theta[own] *= budget[block] / max(float(np.linalg.norm(theta[own])), 1e-300)
    return theta
