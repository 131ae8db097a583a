"""Vector fields ``V(t, x, θ)`` of a controlled differential equation.

Invariant: a field is made of layers that have local jets, or brings a local jet of its own; anything else is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp

from lipsym.domains.parse import parse, symbol
from lipsym.errors import InputError
from lipsym.nets.layers.affine import Affine
from lipsym.nets.network import Network
from lipsym.nets.quantities import nonnegative
from lipsym.nets.widths import Width

ENTRIES = ("value", "u", "p", "uu", "up", "pp")
"""What a local jet states: bounds on ``‖V‖`` and on its derivatives in the state ``u`` and the parameters ``p``."""

STATE_NORM, RADIUS = symbol("nu"), symbol("r")
"""The symbols of a user's local jet: ``‖x‖ ≤ ν`` and ``‖θ‖ ≤ r``."""


@dataclass(frozen=True, slots=True)
class LayerField:
    """``V(t, x, θ) = f(x, θ)`` with a network ``f``; ``f(x, θ) − x`` if ``minus_identity``, ``f((x, t), θ)`` if
    ``timed``.

    A network narrower than the state acts on the first coordinates, and its outputs are filled up with zeros.

    Args:
        network: ``f``; its blocks are the parameters ``θ``.
        minus_identity: whether ``x`` is subtracted, so that a jump by 1 is the layer ``f`` itself.
        timed: whether the time is the last input of ``f``.
    """

    network: Network
    minus_identity: bool = False
    timed: bool = False

    @property
    def width(self) -> Width:
        """The least length of the state."""
        inputs = sp.sympify(self.network.input_width) - (1 if self.timed else 0)
        widest = sp.Max(inputs, self.network.output_width)
        return int(widest) if widest.is_Integer else widest

    @property
    def affine(self) -> tuple[Affine, ...]:
        """The affine layers, which say the shapes of the blocks."""
        return tuple(layer for layer in self.network.layers if isinstance(layer, Affine))

    @property
    def spec(self) -> str:
        """The field as text."""
        extra = " − x" * self.minus_identity + " in (x, t)" * self.timed
        blocks = self.network.blocks
        named = f"block{'s' * (len(blocks) > 1)} {', '.join(map(str, blocks))}"
        return f"{self.network.spec}{extra} ({named})"


@dataclass(frozen=True, slots=True)
class JetField:
    """A field given by formulas, with a local jet that the user states.

    Let ``‖x‖ ≤ ν`` and ``‖θ‖ ≤ r``. Then ``jet`` bounds ``‖V‖`` (``value``), ``‖D_xV‖`` (``u``), ``‖D_θV‖`` (``p``),
    ``‖D²_xV‖`` (``uu``), ``‖D_xD_θV‖`` (``up``) and ``‖D²_θV‖`` (``pp``), as expressions in ``nu`` and ``r``,
    non-decreasing in both. A derivation compares it with the formulas at a few ``ν`` and ``r``, and refuses a jet that
    is exceeded there; ``lipsym.bounds.own_jet.check_jet`` does so at numbers of your choice.

    Args:
        components: one expression for each coordinate of the state, in the names below.
        state: names of the coordinates of ``x``.
        parameters: names of the coordinates of ``θ``.
        jet: an expression for each of ``ENTRIES``; for bounds of order 1 the second row may be left out.
        block: identifier of the parameter block; its region is that of a matrix with one row and no bias.

    Raises:
        InputError: if there is no jet, an entry has another name, or an expression speaks of another symbol.

    Example:
        >>> field = JetField(["a*x"], ["x"], ["a"], {"value": "r*nu", "u": "r", "p": "nu", "up": 1, "uu": 0, "pp": 0})
        >>> field.width, field.affine[0].shape
        (1, (1, 1, False))
    """

    components: tuple[sp.Expr, ...]
    state: tuple[sp.Symbol, ...]
    parameters: tuple[sp.Symbol, ...]
    jet: tuple[tuple[str, sp.Expr], ...]
    block: int

    def __init__(
        self,
        components: Sequence[str | sp.Expr],
        state: Sequence[str],
        parameters: Sequence[str],
        jet: Mapping[str, Any] | None = None,
        block: int = 1,
    ) -> None:
        named = {name: sp.Symbol(name, real=True) for name in (*state, *parameters)}
        formulas = tuple(_formula(text, named) for text in components)
        if not state or len(formulas) != len(state) or not parameters or len(named) != len(state) + len(parameters):
            raise InputError(
                f"a field with {len(formulas)} components, {len(state)} coordinates of the state and "
                f"{len(parameters)} parameters was given",
                "a field has one component for each coordinate, at least one parameter, and different names",
                "check the lists",
            )
        if not jet or not {"value", "u", "p"} <= set(jet) <= set(ENTRIES):
            raise InputError(
                f"a vector field with {'no local jet' if not jet else f'the local jet {sorted(jet)}'} was given",
                "bounds are made of a field's local jet: bounds on its value and derivatives on ‖x‖ ≤ nu, ‖θ‖ ≤ r",
                "give jet={'value': ..., 'u': ..., 'p': ..., 'uu': ..., 'up': ..., 'pp': ...}",
            )
        entries = tuple((name, nonnegative(jet[name], f"the entry {name!r} of a local jet")) for name in jet)
        for name, entry in entries:
            if {s.name for s in entry.free_symbols} - {"nu", "r"}:
                raise InputError(
                    f"{entry} was given for the entry {name!r} of a local jet",
                    "its symbols are nu, the norm of the state, and r, the radius of the parameters",
                    "write it in these two, and numbers",
                )
        object.__setattr__(self, "components", formulas)
        object.__setattr__(self, "state", tuple(named[name] for name in state))
        object.__setattr__(self, "parameters", tuple(named[name] for name in parameters))
        object.__setattr__(self, "jet", entries)
        object.__setattr__(self, "block", block)

    @property
    def width(self) -> Width:
        """The length of the state."""
        return len(self.state)

    @property
    def affine(self) -> tuple[Affine, ...]:
        """The parameters as one row without bias."""
        return (Affine(len(self.parameters), 1, self.block, bias=False),)

    @property
    def spec(self) -> str:
        """The field as text."""
        return f"({', '.join(map(str, self.components))}) (block {self.block})"


Field = LayerField | JetField
"""A vector field with a local jet."""


def field_of(given: Any) -> Field:
    """A field from what a user gives: a field, or a network.

    Raises:
        InputError: for anything that has no local jet.
    """
    if isinstance(given, Field):
        return given
    if isinstance(given, Network):
        return LayerField(given)
    raise InputError(
        f"a vector field of the type {type(given).__name__} was given",
        "it has no local jet, and bounds are made of local jets",
        "give a Network, a LayerField, or a JetField with a local jet of your own",
    )


def _formula(text: str | sp.Expr, named: Mapping[str, sp.Symbol]) -> sp.Expr:
    # Real from the start: under "not negative" SymPy would read |x| as x.
    given = parse(text, reals=named) if isinstance(text, str) else sp.sympify(text)
    unknown = sorted({s.name for s in given.free_symbols} - set(named))
    if unknown:
        raise InputError(
            f"the component {text} of a vector field was given",
            f"{', '.join(unknown)} is neither a coordinate of the state nor a parameter",
            "name it in state or parameters",
        )
    return given.xreplace({s: named[s.name] for s in given.free_symbols})
