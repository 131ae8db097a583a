"""Bounds on controlled differential equations, from the jets of their pieces.

Invariant: the answer is a bound only where every field has a local jet that is finite in the order asked for; an
equation that is a network in disguise has the network's bound.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import sympy as sp

from lipsym.bounds import joint, recursion
from lipsym.bounds.derivation import Derivation, names
from lipsym.bounds.fields import field_facts
from lipsym.bounds.flow import Jet, flow_jets
from lipsym.bounds.hypotheses import hypotheses
from lipsym.bounds.local import BlockFacts, block_facts
from lipsym.bounds.objective import Objective
from lipsym.bounds.result import Bound, Unbounded, Unknown
from lipsym.errors import HypothesisError
from lipsym.nets.claim import ORDERS
from lipsym.nets.fields import JetField
from lipsym.nets.inputs import Dataset, InputBall
from lipsym.nets.layers.elementwise import Elementwise
from lipsym.nets.losses import Loss
from lipsym.nets.odes import ControlledODE
from lipsym.nets.regions import Ball, Region

ODE_RULES = ("auto", "gronwall")
"""The rules of a differential equation: the sharpest, or closed forms alone."""


def controlled_bound(
    ode: ControlledODE,
    region: Region,
    inputs: InputBall | Dataset,
    quantity: str,
    loss: Loss | None,
    rule: str,
    norm: str,
) -> Bound | Unknown:
    """The upper bound on a constant of ``θ ↦ X_T``, or of an averaged loss of it.

    Args:
        ode: what is bounded.
        region, inputs, quantity, loss: as for ``derive``.
        rule: one of ``ODE_RULES``.
        norm: the norm in which the quantity is meant.

    Proof: proofs/jump-jet.md, proofs/gronwall.md, proofs/majorant-ode.md; the pieces compose by proofs/chain-rule.md.
    """
    order = ORDERS[quantity]
    missing = _missing(ode, order)
    if missing is not None:
        return Unknown(quantity, missing)
    objective = Objective(loss, ode, inputs)
    balls = dict(zip(ode.blocks, region.blocks(ode), strict=True))
    used = [ball.radius for ball in balls.values()] + [inputs.radius, ode.horizon, sp.sympify(ode.width)]
    used += [amount for piece in ode.pieces for _, amount in piece.amounts]
    out = Derivation(names(used) | objective.symbols())
    facts = block_facts(ode, balls, out)

    def bound(shares: Mapping[int, BlockFacts], inner: Derivation, by: str) -> sp.Expr:
        jets: list[Jet] = flow_jets(field_facts(ode, shares), ode.pieces, inputs.radius, order, by, inner)
        return recursion.bound(objective.after(jets, order, inner), inputs.radius, order, inner)

    try:
        candidates = [bound(facts, out, rule)]
    except HypothesisError as error:
        return Unknown(quantity, error.fails)
    if isinstance(region, Ball) and 1 < len(facts) <= joint.LARGEST_SHARED:
        candidates.append(_shared(ode, facts, region.radius, bound, out))
    result = candidates[0] if len(candidates) == 1 else sp.Min(*candidates, evaluate=False)
    result = objective.with_decay(result, region, order)
    return Bound(
        quantity=quantity,
        side="upper",
        steps=out.needed(result),
        result=result,
        hypotheses=tuple(hypotheses(ode, region, inputs, loss, order)),
        norm=norm,
        network=ode.spec,
        region=region.spec,
        inputs=inputs.spec,
        loss=loss.name if loss else None,
        constants=tuple(out.constants),
    )


def as_network_bound(found: Bound | Unbounded | Unknown, ode: ControlledODE) -> Bound | Unbounded | Unknown:
    """The answer for the network that an equation is, as one for the equation."""
    if not isinstance(found, Bound):
        return found
    reason = f"{ode.spec} is the network {found.network}: a jump by 1 of f − id applies f"
    return replace(found, network=ode.spec, hypotheses=(reason, *found.hypotheses))


def _shared(
    ode: ControlledODE,
    facts: Mapping[int, BlockFacts],
    total: sp.Expr,
    bound: Callable[[Mapping[int, BlockFacts], Derivation, str], sp.Expr],
    out: Derivation,
) -> sp.Expr:
    """The largest closed form over the ways to share one radius among the blocks."""

    def at(radii: dict[int, sp.Expr], inner: Derivation) -> sp.Expr:
        shares = {k: replace(f, radius=radii[k], gain=f.center_gain + radii[k]) for k, f in facts.items()}
        return bound(shares, inner, "gronwall")

    value = joint.shared_maximum(ode.blocks, total, at, out)
    return out.define("K", value, "joint-ball-maximum", "maximum over the shares of the radius")


def _missing(ode: ControlledODE, order: int) -> str | None:
    """What stands in the way of a bound of this order, or ``None``."""
    if order > 2:
        return "no rule bounds third derivatives of a controlled equation"
    for layer in ode.layers:
        if isinstance(layer, Elementwise):
            sigma = layer.activation
            if not sigma.s1.is_finite or (order == 2 and not sigma.s2.is_finite):
                return (
                    f"a derivative of {sigma.name} of order below {order} jumps, and no rule follows a flow through it"
                )
    for field in ode.fields:
        if isinstance(field, JetField) and order == 2 and not {"uu", "up", "pp"} <= dict(field.jet).keys():
            return f"the local jet of the field {field.spec} has no entries of order 2"
    return None
