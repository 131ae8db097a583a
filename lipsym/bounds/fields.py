"""Local jets of vector fields, and how a state that follows them can grow.

Invariant: a field's jet is that of its layers under the chain rule, with the state as one more block; every entry is
non-decreasing in the norm of the state.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sympy as sp

from lipsym.bounds.chain import compose
from lipsym.bounds.jet import ONE, ZERO, LocalJet, NormJet, lipschitz, smoothness
from lipsym.bounds.local import BlockFacts, affine_jet, elementwise_jet
from lipsym.nets.fields import RADIUS, STATE_NORM, Field, JetField
from lipsym.nets.layers.affine import Affine
from lipsym.nets.odes import ControlledODE


@dataclass(frozen=True, slots=True)
class FieldFacts:
    """One vector field on a region of its parameters, which count as one block.

    Let ``‖(θ_b)_b‖`` over the field's blocks be the norm of its parameters.

    Args:
        field: the field.
        facts: of its blocks.
        block: identifier of the joined block; fields that share a block have the same.
        time: ``T``, which bounds the time a field may take as an input.
    """

    field: Field
    facts: Mapping[int, BlockFacts]
    block: int
    time: sp.Expr

    def jet(self, nu: sp.Expr) -> LocalJet:
        """The local jet of ``V`` for ``‖x‖ ≤ ν``, orders 1 and 2."""
        found = self._own_jet(nu) if isinstance(self.field, JetField) else self._layers_jet(nu)
        if isinstance(self.field, JetField) or not self.field.minus_identity:
            return found
        return LocalJet(found.value + nu, found.u + 1, found.uu, p=found.p, up=found.up, pp=found.pp, block=self.block)

    def map_jet(self, nu: sp.Expr) -> LocalJet:
        """The local jet of ``f`` where the field is ``f − id``, else of the field."""
        return self._own_jet(nu) if isinstance(self.field, JetField) else self._layers_jet(nu)

    @property
    def bounded_by(self) -> sp.Expr | None:
        """A bound on ``‖V‖`` for all states, or ``None`` where none is proved."""
        if isinstance(self.field, JetField):
            value = self.jet(STATE_NORM).value
            return None if value.has(STATE_NORM) else value
        if self.field.minus_identity:
            return None
        found: sp.Expr | None = None
        for layer in self.field.network.layers:
            if isinstance(layer, Affine):
                found = None if found is None else self.facts[layer.block].range(found)
            elif layer.activation.s0.is_finite:
                found = elementwise_jet(layer, found).value if found is not None else _root_width(layer)
            elif found is not None:
                found = elementwise_jet(layer, found).value
        return found

    @property
    def growth(self) -> tuple[sp.Expr, sp.Expr, sp.Expr] | None:
        """``(a, ρ, τ²)`` with ``‖V‖ ≤ a + ρ√(‖x‖² + τ²)`` for all states; ``None`` where none is proved."""
        if isinstance(self.field, JetField):
            jet = self.jet(STATE_NORM)
            return None if jet.u.has(STATE_NORM) else (jet.value.subs(STATE_NORM, 0), jet.u, ZERO)
        offset, slope, square = ZERO, ONE, self.time**2 if self.field.timed else ZERO
        for k, layer in enumerate(self.field.network.layers):
            if not isinstance(layer, Affine):
                sigma = layer.activation
                offset, slope = sp.sqrt(layer.width) * abs(sigma.at_zero) + sigma.s1 * offset, sigma.s1 * slope
                continue
            facts = self.facts[layer.block]
            if k == 0:
                offset, slope, square = facts.center_offset, facts.gain, square + (1 if facts.bias else 0)
            else:
                bias = facts.radius if facts.bias else ZERO
                offset, slope = facts.gain * offset + facts.center_offset + bias, facts.gain * slope
        return offset, slope + (1 if self.field.minus_identity else 0), square

    @property
    def convex(self) -> bool:
        """Whether ``F_θ`` is convex and non-decreasing in the norm of the state: a multiple of ``√(ν² + const)``."""
        if isinstance(self.field, JetField):
            return False
        first, *others = self.field.network.layers
        return isinstance(first, Affine) and not any(isinstance(layer, Affine) for layer in others)

    @property
    def exact_flow(self) -> bool:
        """Whether the field is ``Ax + b`` or ``Ax`` in a ball around 0, whose majorant equation has a closed form."""
        if isinstance(self.field, JetField) or self.field.timed or self.field.minus_identity:
            return False
        layers = self.field.network.layers
        if len(layers) != 1 or not isinstance(layers[0], Affine):
            return False
        facts = self.facts[layers[0].block]
        return bool(facts.center_gain.is_zero and facts.center_offset.is_zero)

    def _layers_jet(self, nu: sp.Expr) -> LocalJet:
        state = min(self.facts, default=0) - 1
        field = self.field
        start = sp.sqrt(nu**2 + self.time**2) if field.timed else nu  # type: ignore[union-attr]
        jet = NormJet(start, d={state: ONE})
        for layer in field.network.layers:  # type: ignore[union-attr]
            if isinstance(layer, Affine):
                jet = compose(jet, affine_jet(layer, self.facts[layer.block], jet.n), 2)
            else:
                jet = compose(jet, elementwise_jet(layer, jet.n), 2)
        own = NormJet(
            jet.n,
            d={i: d for i, d in jet.d.items() if i != state},
            h={pair: h for pair, h in jet.h.items() if state not in pair},
        )
        mixed = [h for pair, h in jet.h.items() if state in pair and pair != (state, state)]
        return LocalJet(
            value=jet.n,
            u=jet.d[state],
            uu=jet.h.get((state, state), ZERO),
            p=_norm(list(own.d.values()), lipschitz(own)),
            up=_norm(mixed, sp.sqrt(sp.Add(*(h**2 for h in mixed)))),
            pp=smoothness(own),
            block=self.block,
        )

    def _own_jet(self, nu: sp.Expr) -> LocalJet:
        (layer,) = self.field.affine
        values = {STATE_NORM: nu, RADIUS: self.facts[layer.block].gain}
        given = {name: entry.subs(values) for name, entry in self.field.jet}  # type: ignore[union-attr]
        return LocalJet(
            value=given["value"],
            u=given["u"],
            uu=given.get("uu", sp.oo),
            p=given["p"],
            up=given.get("up", sp.oo),
            pp=given.get("pp", sp.oo),
            block=self.block,
        )


def field_facts(ode: ControlledODE, facts: Mapping[int, BlockFacts]) -> tuple[FieldFacts, ...]:
    """The facts of every field; fields that share parameters, directly or through others, are joined in one block."""
    owner = {block: block for block in ode.blocks}

    def root(block: int) -> int:
        while owner[block] != block:
            block = owner[block]
        return block

    for field in ode.fields:
        first, *others = [layer.block for layer in field.affine]
        for other in others:
            owner[root(other)] = root(first)
    return tuple(
        FieldFacts(
            field,
            {layer.block: facts[layer.block] for layer in field.affine},
            root(field.affine[0].block),
            ode.horizon,
        )
        for field in ode.fields
    )


def _norm(parts: Sequence[sp.Expr], otherwise: sp.Expr) -> sp.Expr:
    """The Euclidean norm of non-negative parts, without ``√(x²)``."""
    return parts[0] if len(parts) == 1 else otherwise


def _root_width(layer: object) -> sp.Expr:
    return sp.sqrt(layer.width) * layer.activation.s0  # type: ignore[attr-defined]
