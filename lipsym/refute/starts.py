"""Where the ascent starts: structured points, because random ones miss the thin ridges of deep networks.

Invariant: a start decides speed, never soundness; every start is reproducible from the generator.
"""

from __future__ import annotations

import numpy as np

from lipsym.enclose.geometry import Geometry
from lipsym.enclose.search import Model
from lipsym.nets.layers.affine import Affine


def levels(functions: tuple, limit: float) -> np.ndarray:
    """Arguments of an activation worth aiming at: 0, and where ``|σ'|``, ``|σ''|``, ``|σ'''|`` and ``|σ|`` peak."""
    grid = np.linspace(-limit, limit, 801)
    peaks = [grid[np.argmax(np.abs(f(grid)))] for f in functions[:4]]
    return np.array([0.0, *peaks, *(-p for p in peaks)])


def starting_points(
    m: Model, g: Geometry, radius: float, count: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """``count`` parameter vectors, inside the region, and inputs of norm ``radius``.

    A third are one-neuron paths whose arguments sit at chosen levels, a third are of rank one, a third are random.
    """
    theta = np.empty((count, m.count))
    x = np.empty((count, int(m.network.input_width)))  # type: ignore[arg-type]
    for i in range(count):
        direction = rng.standard_normal(x.shape[1])
        x[i] = radius * direction / np.linalg.norm(direction)
        budget = _budgets(m, g, rng)
        if i % 3 == 0:
            theta[i] = g.centre + _path(m, budget, x[i], rng)
        elif i % 3 == 1:
            theta[i] = g.centre + _rank_one(m, budget, rng)
        else:
            theta[i] = g.centre + rng.standard_normal(m.count) * rng.uniform(0.2, 1.5) * g.scale / np.sqrt(m.count)
    return g.project(theta), x


def _budgets(m: Model, g: Geometry, rng: np.random.Generator) -> dict[int, float]:
    """A radius for each block; a joint ball is split at random."""
    radii = {block: float(g.scale[place].max()) for block, (place, _, _) in m.layout.items()}
    if len(g.balls) == 1 and len(radii) > 1:
        shares = np.sqrt(rng.dirichlet(np.ones(len(radii))))
        return {block: r * s for (block, r), s in zip(radii.items(), shares, strict=True)}
    return radii


def _path(m: Model, budget: dict[int, float], x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One neuron per layer, its argument ``t`` at a level, the weight as large as the block's radius ``R`` allows.

    With ``v`` the value below, ``α = sgn(tv)(|tv| + √(R²(1 + v²) − t²))/(1 + v²)`` and ``b = t − αv`` fill the ball.
    """
    theta = np.zeros(m.count)
    v, lowest = float(np.linalg.norm(x)), x / max(float(np.linalg.norm(x)), 1e-300)
    t = v
    for index, layer in enumerate(m.network.layers):
        if not isinstance(layer, Affine):
            v = float(m.activations[index][0](np.array([t]))[0])
            continue
        place, bias, shape = m.layout[layer.block]
        radius, q = budget[layer.block], 1.0 + v * v
        limit = radius * np.sqrt(q)
        following = m.activations[index + 1] if index + 1 < len(m.network.layers) else ()
        t = float(rng.choice(levels(following, limit)) if following else rng.choice([0.0, limit]))
        t = float(np.clip(t, -limit, limit))
        sign = np.sign(t * v) or rng.choice([-1.0, 1.0])
        # In the first layer only t counts, so that half of the paths reach it by the shortest (α, b).
        spare = 0.0 if index == 0 and rng.random() < 0.5 else max(radius**2 * q - t * t, 0.0)
        alpha = sign * (abs(t * v) + np.sqrt(spare)) / q
        matrix = np.zeros(shape)
        matrix[0] = alpha * (lowest if index == 0 else np.eye(shape[1])[0])
        offset = t - alpha * v if bias is not None else 0.0
        t = alpha * v + offset
        left = radius**2 - alpha**2 - offset**2
        if shape[0] > 1 and left > 0:  # what is left lets the other neurons leave their resting value
            matrix[1:] = rng.standard_normal((shape[0] - 1, shape[1]))
            matrix[1:] *= np.sqrt(left) / np.linalg.norm(matrix[1:])
        theta[place] = matrix.ravel()
        if bias is not None:
            theta[bias.start] = offset
    return theta


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
