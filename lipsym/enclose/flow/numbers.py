"""Controlled ODEs at numbers.

Invariant: the equation at numbers is the claimed one, with every symbol replaced exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import sympy as sp

from lipsym.nets.controls import Jump, Piece, Piecewise
from lipsym.nets.fields import Field, LayerField
from lipsym.nets.network import Network
from lipsym.nets.odes import ControlledODE
from lipsym.nets.quantities import at_values


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


def _field_at(field: Field, values: Mapping[str, Any], network_at: Callable[..., Network]) -> Field:
    return replace(field, network=network_at(field.network, values)) if isinstance(field, LayerField) else field


def _piece_at(piece: Piece, values: Mapping[str, Any]) -> Piece:
    amounts = tuple((channel, at_values(amount, values, "an amount")) for channel, amount in piece.amounts)
    if isinstance(piece, Jump):
        return Jump(amounts)
    return type(piece)(at_values(piece.duration, values, "a duration"), amounts)
