"""Lower bounds for networks of symbolic depth.

Invariant: at numbers each bound is the value at a witness of ``path-witness-1`` or ``path-witness-2``: pre-activation 0
in every hidden layer but the last curved one, all weights of the hidden layers alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import sympy as sp

from lipsym.bounds.derivation import Derivation, names
from lipsym.bounds.derive import NORMS, common_radius
from lipsym.bounds.hypotheses import hypotheses
from lipsym.bounds.kinks import ORDERS
from lipsym.bounds.result import Bound, Unknown
from lipsym.domains.expressions import GeometricSum
from lipsym.lower.path import one_sided
from lipsym.nets.activations import ACTIVATIONS, Activation
from lipsym.nets.inputs import Dataset, InputBall
from lipsym.nets.losses import Loss
from lipsym.nets.regions import Ball, Region
from lipsym.nets.uniform import UniformNetwork

RULE = "uniform-witness"
ZERO, ONE = sp.S.Zero, sp.S.One


def lower(
    network: UniformNetwork, region: Region, inputs: InputBall | Dataset, quantity: str, loss: Loss | None
) -> Bound | Unknown:
    """The bound at a path whose hidden layers are all alike.

    Let ``v = σ(0)``, ``s = σ'(0+)``, ``q_1² = S² + 1``, ``q² = 1 + ℓv²``, ``a`` the weight of a layer and ``ρ = s a``.
    Then ``L² ≥ s_m² (q² + a_m² s² (ρ^{2(m−2)} q_1² + q² Σ_{t<m−2} ρ^{2t}))``, and for order 2 the term of the last
    curved layer is a bound.

    Proof: proofs/uniform-witness.md.
    """
    reason = _unsupported(network, region, quantity, loss)
    radius = common_radius(region)
    if reason is not None or radius is None:
        return Unknown(
            quantity, reason or "for symbolic depth a witness needs one radius for all layers and the centre 0"
        )
    order = ORDERS[quantity]
    out = Derivation(names([radius, inputs.radius, sp.sympify(network.width), sp.sympify(network.depth)]))
    values = [
        out.define(f"W{tag}", value * guard, RULE, "reached at this witness", always=True)
        for tag, chain, guard in _chains(network, region, radius, inputs.radius, order, out)
        for value in [_first(network, chain) if order == 1 else _second(network, chain, out, tag)]
    ]
    result = values[0] if len(values) == 1 else sp.Max(*values, evaluate=False)
    return Bound(
        quantity=quantity,
        side="lower",
        steps=out.needed(result),
        result=result,
        hypotheses=(
            *hypotheses(network, region, inputs, None, order),
            f"{network.depth} ≥ 2",
            "every radius is positive",
        ),
        norm=NORMS[quantity],
        network=network.spec,
        region=region.spec,
        inputs=inputs.spec,
    )


@dataclass(frozen=True, slots=True)
class _Chain:
    """One layer like the others: ``weight`` is ``a``, ``growth`` ``ρ``, ``value`` what the next weight reads.

    Args:
        radius, last: of a hidden layer and of the last one.
        first, later: ``q_1²`` and ``q²``.
    """

    radius: sp.Expr
    last: sp.Expr
    value: sp.Expr
    weight: sp.Expr
    slope: sp.Expr
    growth: sp.Expr
    first: sp.Expr
    later: sp.Expr


def _unsupported(network: UniformNetwork, region: Region, quantity: str, loss: Loss | None) -> str | None:
    sigmas = (network.activation, network.output)
    if loss is not None or quantity == "hessian_lipschitz":
        return "witnesses of symbolic depth cover orders 1 and 2 of the network; give the depth as a number"
    if any(ACTIVATIONS.get(s.name) != s for s in sigmas):
        return "path witnesses are proved for the activations of the table"
    radius = common_radius(region)
    if radius is not None and radius.is_zero:
        return "path witnesses need radii above 0"
    if not network.bias and not network.activation.at_zero.is_zero:
        return "without biases witnesses of symbolic depth need σ(0) = 0"
    if quantity == "smoothness":
        if not all(s.s2.is_finite for s in sigmas):
            return "for symbolic depth no rule decides whether a jump of σ' is met"
        if not _aligned(network):
            return "for symbolic depth the curvatures of the layers must not cancel, and these activations' may"
    return None


def _aligned(network: UniformNetwork) -> bool:
    """Whether the terms of the earlier layers are 0 or have the sign of the last curved layer's."""
    hidden = one_sided(network.activation, 2, 1, ZERO)
    top = network.activation if network.output.name == "identity" else network.output
    point, sign = _sharpest(top)
    return bool(hidden.is_zero) or (sign == 1 and bool((hidden * one_sided(top, 2, 1, point)).is_positive))


def _sharpest(sigma: Activation) -> tuple[sp.Expr, int]:
    """Where ``|σ''|`` is largest, and the side from which it is."""
    point = next((p for p in sigma.attained[2] if p.is_nonnegative), ZERO)
    return point, -1 if point.is_zero and one_sided(sigma, 2, 1, ZERO).is_zero else 1


def _chains(
    network: UniformNetwork, region: Region, radius: sp.Expr, size: sp.Expr, order: int, out: Derivation
) -> Iterator[tuple[str, _Chain, sp.Expr]]:
    sigma, width = network.activation, sp.sympify(network.width)
    depth, linear = sp.sympify(network.depth), network.output.name == "identity"
    hidden = last = radius
    if isinstance(region, Ball):
        # Shared in proportion to the exponents, which maximises the leading product.
        whole = 2 * depth - 3 if order == 2 and linear else depth - 1
        hidden = radius * sp.sqrt((2 if order == 2 and linear else 1) / whole)
        last = radius / sp.sqrt(whole)
        hidden = out.define("r", hidden, RULE, "radius of a hidden layer, of the joint one")
        last = out.define("r_m", last, RULE, "radius of the last layer, of the joint one") if linear else hidden
    one = ONE if network.bias else ZERO
    value, slope = abs(sigma.at_zero), one_sided(sigma, 1, 1, ZERO)
    first, later = size**2 + one, one + width * value**2
    offsets = not value.is_zero
    pair = _pair(width) if offsets and sigma.attained[1] == (ZERO,) else ZERO
    alone = hidden / sp.sqrt(1 + value**2)
    for tag, read, weight, guard in (("_a", value, alone, ONE), ("_b", ZERO, hidden, pair)):
        if tag == "_b" and guard.is_zero:
            continue
        growth = out.define(f"rho{tag}", slope * weight, RULE, "growth per layer on the path")
        yield tag if offsets else "", _Chain(hidden, last, read, weight, slope, growth, first, later), guard


def _pair(width: sp.Expr) -> sp.Expr:
    """1 where a layer has two neurons, 0 where it has one."""
    return ONE if width.is_Integer and width >= 2 else ZERO if width == 1 else sp.Heaviside(width - sp.Rational(3, 2))


def _first(network: UniformNetwork, c: _Chain) -> sp.Expr:
    m = sp.sympify(network.depth)
    slope = one_sided(network.output, 1, 1, ZERO)
    last = c.last if network.output.name == "identity" else c.last / sp.sqrt(1 + c.value**2)
    deeper = c.growth ** (2 * (m - 2)) * c.first + c.later * GeometricSum(c.growth**2, m - 2)
    return slope * sp.sqrt(c.later + last**2 * c.slope**2 * deeper)


def _second(network: UniformNetwork, c: _Chain, out: Derivation, tag: str) -> sp.Expr:
    m, linear = sp.sympify(network.depth), network.output.name == "identity"
    top = network.activation if linear else network.output
    if linear and top.name == "identity":
        # D² is the mixed block of the first and the last layer.
        return c.slope * c.growth ** (m - 2) * sp.sqrt(c.first) * sp.Heaviside(m - sp.Rational(3, 2))
    point, sign = _sharpest(top)
    mu = sp.Min(point, c.radius * sp.sqrt(1 + c.value**2), evaluate=False) if not point.is_zero else ZERO
    mu = out.define(f"t{tag}", mu, RULE, "|t| of the last curved layer, within reach")
    root = sp.sqrt(sp.Max(ZERO, c.radius**2 * (1 + c.value**2) - mu**2, evaluate=False))
    weight = out.define(f"a{tag}", (mu * c.value + root) / (1 + c.value**2), RULE, "|weight| of the last curved layer")
    before = 3 if linear else 2
    speed = weight * c.slope * c.growth ** (m - before)
    bend = sp.Abs(one_sided(top, 2, sign, mu)) * speed**2 * c.first
    if not linear:
        return bend
    bent, across = c.last * bend, sp.Abs(one_sided(top, 1, sign, mu)) * speed * sp.sqrt(c.first)
    value = (bent + sp.sqrt(bent**2 + 4 * across**2)) / 2
    return value if m.is_Integer else value * sp.Heaviside(m - sp.Rational(5, 2))
