"""Controlled differential equations: continuously deep networks, ``dX_t = Σ_i V_i(t, X_{t−}, θ_i) du_i(t)``.

Invariant: as many fields as channels of the control, all on one state space; fields that share a block have the same
shape. A ``ControlledODE`` names its blocks and their shapes as a ``Network`` does, so regions serve both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp

from lipsym.data import nile
from lipsym.errors import InputError
from lipsym.nets.activations import Activation
from lipsym.nets.activations import activation as find_activation
from lipsym.nets.controls import BoundedVariation, Control, DataPath, Jump, Jumps, Mixture, Piece, Time
from lipsym.nets.fields import Field, LayerField, field_of
from lipsym.nets.layers.affine import Affine
from lipsym.nets.network import Layer, Network, check_shared_blocks, mlp
from lipsym.nets.quantities import Exact, quantity
from lipsym.nets.widths import Width, width

SERIES = {"nile": nile}
"""The shipped time series by name."""


@dataclass(frozen=True, slots=True)
class ControlledODE:
    """``X_0 = x``, ``dX_t = Σ_i V_i(t, X_{t−}, θ_i) du_i(t)`` on ``[0, T]``, output ``X_T``.

    Jumps at the same time act together: ``X ← X + Σ_i Δu_i V_i(X)``.

    Args:
        vector_fields: one for each channel of the control; networks count as fields ``f(x, θ)``.
        control: what drives the equation.
        horizon: ``T``, exact and not negative.
        text: the form ``parse_network`` reads, where the equation has one.

    Raises:
        InputError: for a negative horizon, another number of fields than of channels, a field without a local jet, or
            fields that share a block but not its shape.

    Example:
        >>> ode = ControlledODE([mlp([2, 2], [], output="tanh")], Time(), horizon="T")
        >>> ode.blocks, ode.output_width, ode.pieces
        ((1,), 2, (Motion(duration=T, amounts=((0, T),)),))
    """

    fields: tuple[Field, ...]
    control: Control
    horizon: sp.Expr
    pieces: tuple[Piece, ...]
    text: str | None

    def __init__(
        self, vector_fields: Sequence[Any], control: Control, horizon: Exact = 1, text: str | None = None
    ) -> None:
        fields = tuple(field_of(given) for given in vector_fields)
        if not isinstance(control, Control):
            raise InputError(
                f"a control of the type {type(control).__name__} was given",
                "an equation is driven by a path of finite variation",
                "give one of lipsym.nets.controls, such as Time() or DataPath(points)",
            )
        if len(fields) != control.channels or not fields:
            raise InputError(
                f"{len(fields)} vector fields were given for a control with {control.channels} channels",
                "every channel of the control drives one field",
                "give as many fields as channels",
            )
        object.__setattr__(self, "fields", fields)
        object.__setattr__(self, "control", control)
        object.__setattr__(self, "horizon", _horizon(horizon))
        object.__setattr__(self, "pieces", control.pieces(self.horizon))
        object.__setattr__(self, "text", text)
        check_shared_blocks(tuple(layer for field in fields for layer in field.affine))

    @property
    def width(self) -> Width:
        """Length of the state."""
        widest = sp.Max(*(sp.sympify(field.width) for field in self.fields))
        return int(widest) if widest.is_Integer else widest

    @property
    def input_width(self) -> Width:
        """Length of the input ``x``."""
        return self.width

    @property
    def output_width(self) -> Width:
        """Length of the output ``X_T``."""
        return self.width

    @property
    def blocks(self) -> tuple[int, ...]:
        """Identifiers of the parameter blocks in order of first use."""
        return tuple(dict.fromkeys(layer.block for field in self.fields for layer in field.affine))

    @property
    def parameter_count(self) -> Width:
        """The number of parameters; a shared block counts once."""
        count = sp.Add(*(self.affine(block).parameter_count for block in self.blocks))
        return int(count) if count.is_Integer else count

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers of all fields, for what depends on activations and shapes of blocks alone."""
        found = (f.network.layers if isinstance(f, LayerField) else f.affine for f in self.fields)
        return tuple(dict.fromkeys(layer for layers in found for layer in layers))

    def affine(self, block: int) -> Affine:
        """The shape of a block, as an affine layer.

        Raises:
            InputError: if no field has such a block.
        """
        for field in self.fields:
            for layer in field.affine:
                if layer.block == block:
                    return layer
        raise InputError(
            f"the block {block!r} was asked for", f"this equation has the blocks {self.blocks}", "choose one of these"
        )

    def as_network(self) -> Network | None:
        """The network this equation is, if it is one: jumps by 1 of fields ``f − id``, one after the other.

        The composition of the ``f`` is meant; zero padding leaves it unchanged. ``None`` for every other equation.
        """
        layers: list[Layer] = []
        for piece in self.pieces:
            if not piece.amounts:
                continue
            if not isinstance(piece, Jump) or len(piece.amounts) > 1 or piece.amounts[0][1] != 1:
                return None
            field = self.fields[piece.amounts[0][0]]
            if not isinstance(field, LayerField) or not field.minus_identity or field.timed:
                return None
            if layers and layers[-1].outputs != field.network.input_width:
                return None
            layers.extend(field.network.layers)
        return Network(layers) if layers else None

    @property
    def spec(self) -> str:
        """The equation as text, which ``parse_network`` reads back where it has a form."""
        if self.text is not None:
            return self.text
        kinds = list(dict.fromkeys(field.spec for field in self.fields))
        shown = "; ".join(kinds[:3]) + ("; …" if len(kinds) > 3 else "")
        return f"dX = Σ V_i(X) du_i, V: {shown}; u: {self.control.spec}; T = {self.horizon}"

    def __str__(self) -> str:
        return self.spec


def neural_ode(
    dim: Width | str,
    activation: str | Activation = "tanh",
    horizon: Exact = 1,
    hidden: Width | str | None = None,
    bias: bool = True,
    timed: bool = False,
) -> ControlledODE:
    """``X' = σ(AX + b)``; with a hidden width ``X' = A_2 σ(A_1 X + b_1) + b_2``.

    Args:
        dim: length of the state.
        activation: ``σ``; ``"identity"`` gives the linear field ``AX + b``.
        horizon: ``T``.
        hidden: width of the hidden layer.
        bias: whether the maps have ``b``.
        timed: whether the time is a further input of the field.

    Example:
        >>> print(neural_ode(2, "tanh", "T"), neural_ode(2, "tanh", 1, hidden=8))
        node:2:tanh:T node:2-8:tanh:1
    """
    field = LayerField(_map(dim, activation, hidden, bias, first=1, timed=timed), timed=timed)
    return ControlledODE([field], Time(), horizon, _text("node", [dim, hidden], activation, [horizon], bias, timed))


def neural_cde(
    dim: Width | str,
    activation: str | Activation,
    control: Control | Sequence[Exact] | str,
    horizon: Exact = 1,
    hidden: Width | str | None = None,
    bias: bool = True,
) -> ControlledODE:
    """``dX = Σ_i V_i(X) du_i`` with a field ``σ(A_i X + b_i)`` (or with a hidden layer) of its own for each channel.

    Args:
        dim: length of the state.
        activation: ``σ``.
        control: a control; the total variation of each channel of a continuous one; or the name of a shipped series,
            ``"nile"``, for the path of the time and the series.
        horizon: ``T``.
        hidden: width of the hidden layers.
        bias: whether the maps have ``b``.

    Example:
        >>> print(neural_cde(4, "tanh", ["V", 2]))
        ncde:4:tanh:V,2
        >>> print(neural_cde(2, "tanh", "nile").control.spec)
        time and a path through 100 points in 1 channel
    """
    driven = _control(control)
    step = 1 if hidden is None else 2
    fields = [
        _map(dim, activation, hidden, bias, first=1 + step * channel, timed=False) for channel in range(driven.channels)
    ]
    number = control if isinstance(control, str) else None
    if isinstance(driven, BoundedVariation):
        number = ",".join(map(str, driven.variations))
    text = None
    if number is not None and quantity(horizon, "the horizon") == 1:
        text = _text("ncde", [dim, hidden], activation, [number], bias)
    return ControlledODE(fields, driven, horizon, text)


def residual(
    width: Width | str,
    blocks: int,
    step: Exact = 1,
    activation: str | Activation = "tanh",
    hidden: Width | str | None = None,
    bias: bool = True,
    shared: bool = False,
) -> ControlledODE:
    """A residual network ``X_k = X_{k−1} + h f_k(X_{k−1}, θ_k)``: jumps by ``h`` at the times ``h, 2h, …``.

    Args:
        width: length of the state.
        blocks: the number of residual blocks.
        step: ``h``.
        activation: ``σ`` of ``f_k = σ(A_k x + b_k)``, or of ``A σ(A' x + b') + b`` with a hidden width.
        hidden: width of the hidden layers.
        bias: whether the maps have ``b``.
        shared: whether all blocks share their parameters; then it is Euler's method for ``neural_ode``.

    Example:
        >>> network = residual(4, 50, "1/50")
        >>> print(network, network.horizon, len(network.blocks))
        resnet:4-50:tanh:1/50 1 50
    """
    if isinstance(blocks, bool) or not isinstance(blocks, int) or blocks < 1:
        raise InputError(
            f"{blocks!r} residual blocks were given", "a residual network has a positive number of them", "give an int"
        )
    size = quantity(step, "the step of a residual network")
    if not size.is_positive:
        raise InputError(
            f"the step {step} was given for a residual network",
            "the step h of X + h f(X) is positive",
            "give a positive number or a symbol known to be positive, such as '1/50'",
        )
    own, count = (1 if hidden is None else 2), (1 if shared else blocks)
    fields = [_map(width, activation, hidden, bias, first=1 + own * k, timed=False) for k in range(count)]
    control = Jumps([{0 if shared else k: size} for k in range(blocks)])
    text = _text("resnet", [width, blocks, hidden], activation, [size], bias, shared=shared)
    return ControlledODE(fields, control, size * blocks, text)


def jump_network(network: Network) -> ControlledODE:
    """A feed-forward network as jumps by 1 of ``V_k = f_k − id``, ``f_k`` an affine map with its activation.

    Args:
        network: starts with an affine layer; layers narrower than the widest are filled up with zeros.

    Example:
        >>> jump_network(mlp([2, 8, 1], "tanh")).as_network() == mlp([2, 8, 1], "tanh")
        True
    """
    parts: list[list[Layer]] = []
    for layer in network.layers:
        if isinstance(layer, Affine) or not parts:
            parts.append([])
        parts[-1].append(layer)
    fields = [LayerField(Network(layers), minus_identity=True) for layers in parts]
    return ControlledODE(fields, Jumps([{k: 1} for k in range(len(fields))]), len(fields))


def _map(
    dim: Width | str, activation: str | Activation, hidden: Width | str | None, bias: bool, first: int, timed: bool
) -> Network:
    """The field of one channel; its blocks are numbered from ``first``."""
    size = width(dim, "the length of the state")
    inputs = width(sp.sympify(size) + 1) if timed else size
    if hidden is None:
        made = mlp([inputs, size], [], find_activation(activation), bias)
    else:
        made = mlp([inputs, width(hidden), size], activation, bias=bias)
    return Network(
        [
            Affine(layer.inputs, layer.outputs, layer.block + first - 1, bias) if isinstance(layer, Affine) else layer
            for layer in made.layers
        ]
    )


def _control(given: Control | Sequence[Exact] | str) -> Control:
    if isinstance(given, Control):
        return given
    if isinstance(given, str):
        if given not in SERIES:
            raise InputError(
                f"the series {given!r} was given",
                "it is not among the shipped ones",
                f"take one of {', '.join(SERIES)}",
            )
        return Mixture(Time(), DataPath(SERIES[given]()))
    return BoundedVariation(*given)


def _horizon(given: Exact) -> sp.Expr:
    result = quantity(given, "the horizon")
    if not result.is_nonnegative:
        raise InputError(
            f"the horizon {given} was given",
            "the horizon T is not negative: the equation runs forward from X_0 = x",
            "give a number ≥ 0, or a symbol such as 'T'",
        )
    return result


def _text(
    kind: str,
    sizes: Sequence[Any],
    activation: str | Activation,
    numbers: Sequence[Any],
    bias: bool,
    timed: bool = False,
    shared: bool = False,
) -> str:
    parts = [kind, "-".join(str(size) for size in sizes if size is not None), find_activation(activation).name]
    parts += [str(number) for number in numbers]
    return ":".join(parts + ["timed"] * timed + ["shared"] * shared + ["nobias"] * (not bias))
