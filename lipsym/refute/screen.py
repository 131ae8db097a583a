"""Very many ratios of a small network at once: what random and low-discrepancy points are sifted with.

Invariant: nothing computed here enters a certified number; it decides which starts are worth an ascent.

Arrays have the shape (entries, batch), each entry a contiguous row, and a batch stays in the cache: on networks of a
few parameters a ratio costs some hundred nanoseconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from lipsym.enclose.geometry import Geometry
from lipsym.enclose.search import Model, compose
from lipsym.nets.layers.affine import Affine
from lipsym.nets.network import Network
from lipsym.refute.starts import PRIMES, halton

BATCH = 4096
"""Points at once."""

LARGEST = 40
"""Parameters up to which starts are sifted: beyond, random points are too far from any ridge."""


def directional_norms(m: Model, theta: np.ndarray, x: np.ndarray, u: np.ndarray, order: int) -> np.ndarray:
    """``‖D^kN[u, …, u]‖`` for ``k`` the order, by one Taylor polynomial forward.

    Args:
        m: the compiled network.
        theta, u: parameters and directions, of shape (p, B).
        x: inputs, of shape (ℓ_0, B).
        order: 1, 2 or 3.
    """
    batch = theta.shape[1]
    state: list[np.ndarray] = [x]  # coefficients beyond the last one are 0
    for layer, functions in zip(m.network.layers, m.activations, strict=True):
        if isinstance(layer, Affine):
            place, bias, shape = m.layout[layer.block]
            a, da = (v[place].reshape(*shape, batch) for v in (theta, u))
            count = min(len(state) + 1, order + 1)
            after = []
            for k in range(count):
                terms = [_apply(a, state[k])] if k < len(state) else []
                terms += [_apply(da, state[k - 1])] if k else []
                total = terms[0] if len(terms) == 1 else terms[0] + terms[1]
                if bias is not None and k < 2:
                    total += (theta, u)[k][bias]
                after.append(total)
            state = after
        else:
            state = [*state, *(np.zeros_like(state[0]) for _ in range(order + 1 - len(state)))]
            state = compose([f(state[0]) for f in functions[: order + 1]], state)
    if len(state) <= order:
        return np.zeros(batch)
    top = state[order]
    return np.sqrt(np.einsum("ib,ib->b", top, top)) * math.factorial(order)


def gradient_norms(m: Model, theta: np.ndarray, x: np.ndarray) -> np.ndarray:
    """``‖D_θN‖`` exactly for one output, by one pass forward and one back: every direction at once.

    Args:
        m: a compiled network with one output and blocks of their own.
        theta: of shape (p, B).
        x: of shape (ℓ_0, B).
    """
    batch, inputs, slopes = theta.shape[1], [x], []
    for layer, functions in zip(m.network.layers, m.activations, strict=True):
        if isinstance(layer, Affine):
            place, bias, shape = m.layout[layer.block]
            z = _apply(theta[place].reshape(*shape, batch), inputs[-1])
            inputs.append(z if bias is None else z + theta[bias])
            slopes.append(None)
        else:
            inputs.append(functions[0](inputs[-1]))
            slopes.append(functions[1](inputs[-2]))
    back = np.ones((1, batch))
    total = np.zeros(batch)
    for index in reversed(range(len(slopes))):
        layer, slope = m.network.layers[index], slopes[index]
        if isinstance(layer, Affine):
            place, bias, shape = m.layout[layer.block]
            energy = np.einsum("ib,ib->b", inputs[index], inputs[index])
            total += np.einsum("ib,ib->b", back, back) * (energy if bias is None else energy + 1.0)
            if index:
                back = np.einsum("ijb,ib->jb", theta[place].reshape(*shape, batch), back)
        else:
            back = back * slope
    return np.sqrt(total)


def sifted(
    m: Model, g: Geometry, radius: float, order: int, keep: int, batches: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The best of ``batches · BATCH`` points of the region, of shape (keep, p), and their inputs, of shape (keep, ℓ_0).

    Half of them are a Halton sequence, half are normally distributed; all are scaled to the boundary or near it.
    """
    norms = _norms(m, order, rng)
    columns = int(m.network.input_width)  # type: ignore[arg-type]
    found: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for number in range(batches):
        if number % 2:
            spread = halton(BATCH, min(m.count, len(PRIMES)), 1 + number * BATCH)
            offsets = np.resize(2 * spread.T - 1, (m.count, BATCH))
        else:
            offsets = rng.standard_normal((m.count, BATCH)) / np.sqrt(m.count)
        offsets *= g.scale[:, None] * rng.uniform(0.3, 3.0, BATCH)
        theta = g.project(np.ascontiguousarray((g.centre[:, None] + offsets).T)).T.copy()
        x = rng.standard_normal((columns, BATCH))
        x *= radius / np.linalg.norm(x, axis=0)
        value = norms(theta, x)
        best = np.argpartition(-value, keep)[:keep]
        found.append((value[best], theta[:, best], x[:, best]))
    value, theta, x = (np.concatenate(parts, axis=-1) for parts in zip(*found, strict=True))
    best = np.argsort(-value)[:keep]
    return theta[:, best].T.copy(), x[:, best].T.copy()


def _norms(m: Model, order: int, rng: np.random.Generator) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    own_blocks = isinstance(m.network, Network) and m.network.depth == len(m.layout)
    if order == 1 and m.network.output_width == 1 and own_blocks:
        return lambda theta, x: gradient_norms(m, theta, x)

    def along(theta: np.ndarray, x: np.ndarray) -> np.ndarray:
        u = rng.standard_normal(theta.shape)
        return directional_norms(m, theta, x, u / np.linalg.norm(u, axis=0), order)

    return along


def _apply(a: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Matrices of shape (rows, columns, B) times vectors of shape (columns, B)."""
    if a.shape[1] == 1:
        return a[:, 0] * n
    return np.einsum("ijb,jb->ib", a, n)
