"""Controlled equations solved in floating point, to compare bounds with: no bound and no rule is used here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from lipsym.nets.controls import Jump
from lipsym.nets.fields import JetField, LayerField
from lipsym.nets.layers.affine import Affine
from lipsym.nets.odes import ControlledODE

STEPS = 24
ACTIVATIONS: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "tanh": np.tanh,
    "sin": np.sin,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "softplus": lambda z: np.logaddexp(0, z),
}
Parameters = Sequence[tuple[np.ndarray, np.ndarray | None]]


def final_state(ode: ControlledODE, parameters: Parameters, x: np.ndarray) -> np.ndarray:
    """``X_T``, by Runge–Kutta steps of order 4 on every continuous piece."""
    blocks = dict(zip(ode.blocks, parameters, strict=True))
    state, time = np.asarray(x, dtype=np.float64), 0.0
    for piece in ode.pieces:
        amounts = [(channel, float(amount)) for channel, amount in piece.amounts]

        def speed(at: float, y: np.ndarray, amounts: list[tuple[int, float]] = amounts) -> np.ndarray:
            return sum((a * value(ode.fields[c], blocks, at, y) for c, a in amounts), np.zeros_like(y))

        if isinstance(piece, Jump):
            state = state + speed(time, state)
            continue
        duration, h = float(piece.duration), 1 / STEPS
        for k in range(STEPS if amounts else 0):
            at = time + duration * k * h
            k1 = speed(at, state)
            k2 = speed(at + duration * h / 2, state + h / 2 * k1)
            k3 = speed(at + duration * h / 2, state + h / 2 * k2)
            k4 = speed(at + duration * h, state + h * k3)
            state = state + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        time += duration
    return state


def value(
    field: LayerField | JetField, blocks: Mapping[int, tuple[np.ndarray, np.ndarray | None]], time: float, x: np.ndarray
) -> np.ndarray:
    """``V(t, x, θ)``; narrow fields act on the first coordinates."""
    if isinstance(field, JetField):
        names = [*field.state, *field.parameters]
        numbers = dict(zip(names, [*x, *blocks[field.block][0].ravel()], strict=True))
        return np.array([float(component.subs(numbers)) for component in field.components])
    wanted = field.network.layers[0].inputs
    y = np.append(x, time) if field.timed else x[:wanted]
    for layer in field.network.layers:
        if isinstance(layer, Affine):
            weights, offset = blocks[layer.block]
            y = weights @ y + (0 if offset is None else offset)
        else:
            y = ACTIVATIONS[layer.activation.name](y)
    y = np.append(y, np.zeros(len(x) - len(y)))
    return y - x if field.minus_identity else y


def derivative_norm(ode: ControlledODE, parameters: Parameters, x: np.ndarray) -> float:
    """``‖D_θX_T‖`` by central differences, right to about ``1e-7``."""
    flat, rebuild = flatten(parameters)
    h = 1e-5
    columns = []
    for k in range(len(flat)):
        step = np.zeros_like(flat)
        step[k] = h
        columns.append(
            (final_state(ode, rebuild(flat + step), x) - final_state(ode, rebuild(flat - step), x)) / (2 * h)
        )
    return float(np.linalg.norm(np.array(columns), 2))


def second_derivative(ode: ControlledODE, parameters: Parameters, x: np.ndarray, direction: np.ndarray) -> float:
    """``‖D²_θX_T[u, u]‖`` for a unit direction, right to about ``1e-5``."""
    flat, rebuild = flatten(parameters)
    h = 1e-3
    ends = [final_state(ode, rebuild(flat + t * h * direction), x) for t in (-1, 0, 1)]
    return float(np.linalg.norm(ends[0] - 2 * ends[1] + ends[2]) / h**2)


def flatten(parameters: Parameters) -> tuple[np.ndarray, Callable[[np.ndarray], Parameters]]:
    """All entries in one vector, and the way back."""
    parts = [part for block in parameters for part in block if part is not None]
    sizes = np.cumsum([part.size for part in parts])[:-1]

    def rebuild(flat: np.ndarray) -> Parameters:
        pieces = iter([p.reshape(q.shape) for p, q in zip(np.split(flat, sizes), parts, strict=True)])
        return [(next(pieces), None if offset is None else next(pieces)) for _, offset in parameters]

    return np.concatenate([part.ravel() for part in parts]), rebuild


def draw(ode: ControlledODE, radius: float, generator: np.random.Generator, joint: bool = False) -> Parameters:
    """Parameters on the sphere, of all blocks or of each."""
    blocks = []
    for block in ode.blocks:
        layer = ode.affine(block)
        weights = generator.standard_normal((int(layer.outputs), int(layer.inputs)))
        offset = generator.standard_normal(int(layer.outputs)) if layer.bias else None
        norm = np.sqrt((weights**2).sum() + (0 if offset is None else (offset**2).sum()))
        if not joint:
            weights, offset = weights / norm * radius, None if offset is None else offset / norm * radius
        blocks.append((weights, offset))
    if joint:
        flat, rebuild = flatten(blocks)
        return rebuild(flat / np.linalg.norm(flat) * radius)
    return blocks
