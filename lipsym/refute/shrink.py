"""From a counterexample to a simple one: round numbers, few neurons that are awake, small denominators.

Invariant: every step keeps a point only if ball arithmetic proves that it violates the claim; so the result is a
counterexample as good as the first, and only easier to read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import sympy as sp

from lipsym.nets.inputs import Dataset
from lipsym.nets.network import Network
from lipsym.nets.odes import ControlledODE
from lipsym.nets.quantities import at_values
from lipsym.refute.counterexample import Point, examine

PROOFS = 400
"""At most so many points are examined."""

ENTRIES = 40_000
"""At most so many parameters in all of them: an examination costs about their number."""

INTEGRATIONS = 10
"""At most so many points of a differential equation are examined."""

GRIDS = (1, 2, 4, 5, 8, 10, 16, 20, 32, 50, 64, 100, 128, 256, 1000, 4096, 10_000, 1 << 16, 1_000_000, 1 << 24)
"""Denominators that are tried, from the simplest."""


class _Shrinking:
    """The best point so far, and how many examinations are left."""

    def __init__(self, point: Point, direction: Any) -> None:
        self.point, self.direction = point, direction
        count = sum(np.size(part) for pair in point.params for part in pair if part is not None)
        self.left = min(PROOFS, max(20, ENTRIES // count))
        if isinstance(point.instance.network, ControlledODE):
            self.left = INTEGRATIONS

    def accepts(self, vector: np.ndarray, x: tuple[Fraction, ...] | None, direction: Any = None) -> bool:
        """Keep the point if it is proved to violate the claim."""
        if self.left <= 0:
            return False
        self.left -= 1
        aim = self.direction if direction is None else direction
        found = examine(self.point.instance, unpacked(self.point, vector), x, aim)
        if not found.violates:
            return False
        self.point = replace(found, direction=aim if found.direction is None else found.direction)
        self.direction = self.point.direction
        return True


def shrink(point: Point, direction: Any = None) -> Point:
    """A simpler point that violates the claim, at the same numbers.

    Args:
        point: a proved violation.
        direction: the ``u`` that the search found, in the form of the parameters.
    """
    state = _Shrinking(point, point.direction if direction is None else direction)
    _simplify_input(state)
    _put_neurons_to_rest(state)
    _coarsen(state)
    _simplify_entries(state)
    _line_up(state)
    _simplify_direction(state)
    return state.point


def packed(params: Any) -> np.ndarray:
    """All parameters in one vector of ``Fraction``."""
    parts = [np.asarray(part, dtype=object).ravel() for pair in params for part in pair if part is not None]
    return np.array([Fraction(v) for v in np.concatenate(parts).tolist()], dtype=object)


def unpacked(point: Point, vector: np.ndarray) -> Any:
    """A vector as pairs of arrays, in the form of the point's parameters."""
    pairs, start = [], 0
    for a, b in point.params:
        stop = start + np.size(a)
        matrix = vector[start:stop].reshape(np.shape(a))
        start = stop + (0 if b is None else np.size(b))
        pairs.append((matrix, None if b is None else vector[stop:start]))
    return pairs


def neurons(network: Network) -> list[list[np.ndarray]]:
    """For each hidden layer and neuron, the positions of its weights, its bias and the weights that read it."""
    starts, start = {}, 0
    for block in network.blocks:
        starts[block] = start
        start += int(network.affine(block).parameter_count)  # type: ignore[arg-type]
    layers = []
    for here, after in pairwise(network.blocks):
        layer, following = network.affine(here), network.affine(after)
        rows, columns, outputs = int(layer.outputs), int(layer.inputs), int(following.outputs)  # type: ignore[arg-type]
        if rows != following.inputs:
            continue
        layers.append([])
        for i in range(rows):
            own = starts[here] + i * columns + np.arange(columns)
            bias = [starts[here] + rows * columns + i] if layer.bias else []
            readers = starts[after] + i + rows * np.arange(outputs)
            layers[-1].append(np.concatenate([own, np.array(bias, dtype=int), readers]))
    return layers


def _simplify_input(state: _Shrinking) -> None:
    """The input turned onto the first axis if the region allows it, else one with a small denominator."""
    x, instance = state.point.x, state.point.instance
    if x is None or isinstance(instance.inputs, Dataset):
        return
    radius = at_values(instance.inputs.radius, instance.at, "the radius of the inputs")
    if isinstance(radius, sp.Rational) and any(x):
        pairs = _turned(state.point.params, np.array([float(v) for v in x]))
        onto = (Fraction(int(radius.p), int(radius.q)), *(Fraction(0),) * (len(x) - 1))
        direction = None if state.direction is None else _turned(state.direction, np.array([float(v) for v in x]))
        for grid in (1 << 44, 1 << 36, 1 << 28):
            if state.accepts(np.array([_toward_zero(v, grid) for v in packed(pairs).tolist()]), onto, direction):
                return
    for grid in GRIDS[:12]:
        if state.accepts(packed(state.point.params), tuple(_toward_zero(v, grid) for v in x)):
            return


def _turned(params: Any, x: np.ndarray) -> Any:
    """The first matrix times the reflection that maps ``x`` to the first axis: a rotation of both changes nothing."""
    axis = np.zeros(len(x))
    axis[0] = np.linalg.norm(x)
    normal = x - axis
    length = float(normal @ normal)
    first, *others = params
    matrix = np.asarray(first[0], dtype=np.float64)
    if length > 0:
        matrix = matrix - 2 * np.outer(matrix @ normal, normal) / length
    return [(matrix, first[1]), *others]


def _put_neurons_to_rest(state: _Shrinking) -> None:
    """Hidden neurons are set to 0, those with the smallest parameters first, as long as the claim stays violated."""
    vector = packed(state.point.params)
    every = [place for layer in neurons(state.point.instance.network) for place in layer]
    places = sorted(every, key=lambda p: sum(v * v for v in vector[p].tolist()))
    for chunk in (max(1, len(places) // 2), max(1, len(places) // 4), 1):
        for first in range(0, len(places), chunk):
            at = np.unique(np.concatenate(places[first : first + chunk]))
            trial = packed(state.point.params)
            if any(trial[at].tolist()):
                trial[at] = Fraction(0)
                state.accepts(trial, state.point.x)


def _line_up(state: _Shrinking) -> None:
    """The neurons that are awake come first in their layer."""
    vector, direction = packed(state.point.params), None if state.direction is None else packed(state.direction)
    before = vector.copy()
    for layer in neurons(state.point.instance.network):
        awake = [place for place in layer if any(vector[place].tolist())]
        order = [*awake, *(place for place in layer if not any(vector[place].tolist()))]
        for values in (vector, direction):
            if values is not None:
                moved = [values[place] for place in order]
                for place, new in zip(layer, moved, strict=True):
                    values[place] = new
    if (vector != before).any():
        aim = None if direction is None else unpacked(state.point, direction)
        state.accepts(vector, state.point.x, aim)


def _coarsen(state: _Shrinking) -> None:
    """All parameters rounded to the coarsest grid that serves."""
    for grid in GRIDS:
        vector = packed(state.point.params)
        for rounded in (_nearest, _toward_zero):
            trial = np.array([rounded(v, grid) for v in vector.tolist()], dtype=object)
            if state.accepts(trial, state.point.x):
                return


def _simplify_entries(state: _Shrinking) -> None:
    """One parameter after the other: 0, an integer, a smaller denominator."""
    for i in range(len(packed(state.point.params))):
        value = packed(state.point.params)[i]
        for simpler in _simpler(value):
            trial = packed(state.point.params)
            trial[i] = simpler
            if state.accepts(trial, state.point.x):
                break


def _simplify_direction(state: _Shrinking) -> None:
    """The direction that goes with orders 2 and 3, on a coarse grid."""
    if state.point.instance.quantity == "lipschitz" or state.direction is None:
        return
    size = max(abs(v) for v in packed(state.direction).tolist()) or Fraction(1)
    for grid in GRIDS[:12]:
        coarse = np.array([_nearest(v / size, grid) for v in packed(state.direction).tolist()], dtype=object)
        if any(coarse.tolist()) and state.accepts(
            packed(state.point.params), state.point.x, unpacked(state.point, coarse)
        ):
            return


def _simpler(value: Fraction) -> Iterator[Fraction]:
    yielded = {value}
    for grid in (0, *GRIDS):
        for candidate in (Fraction(0),) if grid == 0 else (_nearest(value, grid), _toward_zero(value, grid)):
            if candidate.denominator >= value.denominator and grid:
                return
            if candidate not in yielded:
                yielded.add(candidate)
                yield candidate


def _nearest(value: Fraction, grid: int) -> Fraction:
    return Fraction(round(Fraction(value) * grid), grid)


def _toward_zero(value: Fraction, grid: int) -> Fraction:
    return Fraction(int(Fraction(value) * grid), grid)
