"""What a search on a controlled ODE does otherwise than one on a network: its numbers, and where it starts.

Invariant: as everywhere in a search, a start decides speed and never soundness; the equation at numbers is the claimed
one, with every symbol replaced exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import sympy as sp

from lipsym.enclose.search import Model
from lipsym.nets.controls import Jump, Piece, Piecewise
from lipsym.nets.fields import Field, LayerField
from lipsym.nets.network import Network
from lipsym.nets.odes import ControlledODE
from lipsym.nets.quantities import at_values
from lipsym.enclose.geometry import Geometry

EVALUATIONS = 1_200
"""Derivatives that one task evaluates: each is a whole integration."""


def equation_at(
    ode: ControlledODE, values: Mapping[str, Any], network_at: Callable[[Network, Mapping[str, Any]], Network]
) -> ControlledODE:
    """The equation with numbers for its symbols.

    Args:
        ode: the equation.
        values: numbers by name.
        network_at: puts numbers into a network's widths.
    """
    if not equation_symbols(ode):
        return ode
    fields = [_field_at(field, values, network_at) for field in ode.fields]
    control = Piecewise([_piece_at(piece, values) for piece in ode.pieces], channels=ode.control.channels)
    return ControlledODE(fields, control, at_values(ode.horizon, values, "the horizon"))


def equation_symbols(ode: ControlledODE) -> set[sp.Symbol]:
    """The symbols of the horizon, the control and the widths."""
    found: list[Any] = [ode.horizon]
    for piece in ode.pieces:
        found += [amount for _, amount in piece.amounts]
        found += [] if isinstance(piece, Jump) else [piece.duration]
    found += [size for layer in ode.layers for size in (layer.inputs, layer.outputs)]
    return {s for e in found for s in sp.sympify(e).free_symbols if isinstance(s, sp.Symbol)}


def flow_starts(
    m: Model, g: Geometry, radius: float, count: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """``count`` parameter vectors inside the region, and initial states of norm ``radius``.

    Matrices of rank one with the initial state orthogonal to what they read (an unstable equilibrium, where the
    derivative grows fastest) or along it, each block with all of its radius or a share, and random points, in turn.
    """
    width = int(m.network.input_width)  # type: ignore[arg-type]
    theta, x = np.empty((count, m.count)), np.empty((count, width))
    for i in range(count):
        across, along = _pair(width, rng)
        kind = i % 4
        x[i] = radius * (across if kind == 0 else along)
        offset = rng.standard_normal(m.count) if kind == 3 else _rank_one(m, along, rng)
        length = float(np.linalg.norm(offset)) or 1.0
        theta[i] = g.centre + offset / length * g.scale * (rng.uniform(0.2, 1.5) if kind > 1 else 1.0)
    return g.project(theta), x


def _rank_one(m: Model, along: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Every block reads ``along``, or what the one before writes, and writes it again where its shape allows."""
    offset, reading = np.zeros(m.count), along
    for place, _, (rows, columns) in m.layout.values():
        reading = np.resize(reading, columns) if len(reading) != columns else reading
        writing = along if rows == len(along) else rng.standard_normal(rows)
        writing = writing / np.linalg.norm(writing)
        offset[place] = np.outer(writing, reading).ravel()
        reading = writing
    return offset


def _pair(width: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Two orthogonal unit vectors, the second with entries of sum 0 now and then; in one dimension the same one."""
    if width == 1:
        return np.ones(1), np.ones(1)
    first = rng.standard_normal(width)
    if rng.random() < 0.5:
        first[:] = 0.0
        first[:2] = (1.0, -1.0) if rng.random() < 0.5 else (1.0, 0.0)
    first /= np.linalg.norm(first)
    other = rng.standard_normal(width)
    other -= (other @ first) * first
    return other / np.linalg.norm(other), first


def _field_at(field: Field, values: Mapping[str, Any], network_at: Callable[..., Network]) -> Field:
    return replace(field, network=network_at(field.network, values)) if isinstance(field, LayerField) else field


def _piece_at(piece: Piece, values: Mapping[str, Any]) -> Piece:
    amounts = tuple((channel, at_values(amount, values, "an amount")) for channel, amount in piece.amounts)
    if isinstance(piece, Jump):
        return Jump(amounts)
    return type(piece)(at_values(piece.duration, values, "a duration"), amounts)
