"""A path through a network: one active neuron per layer, the others at rest.

Invariant: whatever the choices are, a member of the family lies in the region and on the path ``z_k = t_k``, for all
non-negative values of the symbols: pre-activations are cut off where the radius ends, and every name stands for a
number that is not negative.

Layer ``k`` is ``A_k = α_k e_1 e_1ᵀ`` (``A_1 = α_1 e_1 xᵀ/‖x‖``), ``b_k = (t_k − α_k v_{k−1}) e_1``, ``v_0 = S``,
``v_k = σ_k(t_k)``. A neuron at rest has weights and bias 0 and the output ``σ_k(0)``; no later weight reads it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sympy as sp

from lipsym.bounds.derivation import Derivation
from lipsym.bounds.stages import Stage
from lipsym.nets.activations import Activation

ZERO, ONE = sp.S.Zero, sp.S.One


@dataclass(frozen=True, slots=True)
class Pin:
    """The pre-activation ``t = sign·min(|point|, R√(1 + v²))``, reached with the largest weight the radius allows.

    Args:
        point: ``|t|``, not negative; ``oo``: weight and bias aligned with ``(v, 1)``.
        sign: 1 or −1; ``σ`` must not be negative on that side, unless no later layer is pinned.
    """

    point: sp.Expr
    sign: int = 1


@dataclass(frozen=True, slots=True)
class Forward:
    """The whole radius in the weight: ``α = R``, ``b = 0``, ``t = R v``."""


@dataclass(frozen=True, slots=True)
class Cancel:
    """Two neurons in opposition, ``A = R w wᵀ`` with ``w = (1, −1)/√2`` ``b = 0``: they carry ``σ'(0)``, no offset."""


Choice = Pin | Forward | Cancel


@dataclass(frozen=True, slots=True)
class Node:
    """What later layers need of a layer on the path.

    Args:
        weight: ``|α|``; ``turn`` is its sign.
        value, slope, curvature: ``σ``, ``σ'``, ``σ''`` at ``t``; all 0 but the slope where neurons cancel.
        reach: ``q² = ‖(N_{k−1}, 1)‖²`` of the layer's input, without the 1 if there is no bias.
        point: ``t``.
        square: ``‖θ_k‖²``.
    """

    weight: sp.Expr
    turn: int
    value: sp.Expr
    slope: sp.Expr
    curvature: sp.Expr
    reach: sp.Expr
    point: sp.Expr
    square: sp.Expr


def follow(
    stages: Sequence[Stage],
    radii: Sequence[sp.Expr],
    inputs: sp.Expr,
    choices: Sequence[Choice],
    rule: str,
    out: Derivation,
    tag: str = "",
) -> list[Node]:
    """The nodes of the path that the choices describe.

    Let ``v = v_{k−1}`` and ``μ = min(p, R_k √(1 + v²))`` for the point ``p``. Then
    ``|α_k| = (μ v + √(R_k²(1 + v²) − μ²))/(1 + v²)`` is the largest weight with ``α_k² + (t_k − α_k v)² ≤ R_k²``.

    Proof: proofs/path-witness-1.md.
    """
    nodes: list[Node] = []
    value, energy = inputs, inputs**2
    for k, (stage, radius, choice) in enumerate(zip(stages, radii, choices, strict=True), 1):
        offset = ONE if stage.affine.bias else ZERO
        reach = energy + offset
        weight, turn, point = radius, 1, radius * value
        branch = stage.activation.derivative
        if isinstance(choice, Pin):
            mu, turn = _cut(choice.point, radius * sp.sqrt(value**2 + offset)), choice.sign
            mu = out.define(f"t_{k}{tag}", mu, rule, f"|t_{k}|, within reach of layer {k}")
            weight = _weight(mu, value, radius)
            point = turn * mu
            parts = [one_sided(stage.activation, order, turn, mu) for order in range(3)]
        elif isinstance(choice, Cancel):
            point = ZERO
            parts = [ZERO, one_sided(stage.activation, 1, 1, ZERO), ZERO]
        else:
            parts = [sp.sympify(branch(order)).subs(stage.activation.z, point) for order in range(3)]
        if k > 1:
            weight = out.define(f"a_{k}{tag}", weight, rule, f"|weight| of layer {k} on the path")
        at, slope, curvature = parts
        square = radius**2
        if k == 1 and not isinstance(choice, Forward):
            square = ZERO if point.is_zero else point**2 / reach
        nodes.append(Node(weight, turn, at, slope, curvature, reach, point, square))
        resting = abs(stage.activation.at_zero) ** 2
        value = parts[0]
        rest = stage.width if isinstance(choice, Cancel) else stage.width - 1
        energy = parts[0] ** 2 + rest * resting
    return nodes


def one_sided(sigma: Activation, order: int, sign: int, magnitude: sp.Expr) -> sp.Expr:
    """A derivative at ``sign·magnitude``, from that side where it jumps at 0.

    A limit of derivatives at points of the region is as good a lower bound as a derivative.
    """
    positive = sp.Dummy(positive=True)
    return sp.sympify(sigma.derivative(order)).subs(sigma.z, sign * positive).subs(positive, magnitude)


def _cut(point: sp.Expr, most: sp.Expr) -> sp.Expr:
    if point is sp.oo:
        return most
    if point.is_zero:
        return ZERO
    return sp.Min(point, most, evaluate=False)


def _weight(mu: sp.Expr, value: sp.Expr, radius: sp.Expr) -> sp.Expr:
    square = 1 + value**2
    # Not negative by the choice of μ; Max keeps an enclosure of it from reaching below 0.
    left = radius**2 * square - mu**2
    root = radius * sp.sqrt(square) if mu.is_zero else sp.sqrt(sp.Max(0, left, evaluate=False))
    return (mu * value + root) / square


def slopes(nodes: Sequence[Node]) -> list[sp.Expr]:
    """``∂N/∂z_k`` for every layer."""
    result, onward = [], ONE
    for node in reversed(nodes):
        onward = onward * node.slope
        result.append(onward)
        onward = onward * node.turn * node.weight
    return result[::-1]


@dataclass(frozen=True, slots=True)
class Direction:
    """A direction of parameters on the path.

    Let ``q_k`` be the norm of what layer ``k`` reads. The direction of layer ``k`` is
    ``own_k (N_{k−1}, 1)/q_k + across_k e_1`` in the active neuron's row.
    """

    own: tuple[sp.Expr, ...]
    across: tuple[sp.Expr, ...]

    @staticmethod
    def first(count: int) -> Direction:
        """Layer 1 alone, of ``count`` layers."""
        return Direction((ONE, *(ZERO,) * (count - 1)), (ZERO,) * count)


def first_and_last(nodes: Sequence[Node], inputs: sp.Expr) -> tuple[sp.Expr, Direction]:
    """With an affine last layer: the best direction in the plane of ``own_1`` and ``across_m``, and its value.

    ``N̈ = α_m v̈ a² + 2 a b v̇`` for ``a`` along the first and ``b`` along the second: with ``p = |α_m v̈|`` and
    ``c = |v̇|`` the larger eigenvalue of ``[[p, c], [c, 0]]``.
    """
    zeros = (ZERO,) * (len(nodes) - 1)
    own = (ONE, *zeros[1:])
    _, speed, bend, _ = second_derivative(nodes[:-1], inputs, Direction(own, zeros))
    bent = nodes[-1].weight * sp.Abs(bend)
    value = (bent + sp.sqrt(bent**2 + 4 * speed**2)) / 2
    # The vector (value, c), with the sign of v̈v̇; where v̈ = 0 either sign serves.
    turned = (2 * sp.Heaviside(nodes[-1].turn * bend) - 1) * speed if not bend.is_zero else speed
    return value, Direction((value, *zeros), (*zeros, turned))


def second_derivative(nodes: Sequence[Node], inputs: sp.Expr, direction: Direction) -> tuple[sp.Expr, ...]:
    """``(N, Ṅ, N̈, ‖u‖²)`` of the active output along a direction ``u``.

    Let ``ż_k = own_k q_k + across_k v_{k−1} + α_k v̇_{k−1}`` and ``z̈_k = α_k v̈_{k−1} + 2(own_k v_{k−1}/q_k + across_k)
    v̇_{k−1}``. Then ``v̇_k = σ' ż_k`` and ``v̈_k = σ'' ż_k² + σ' z̈_k``.

    Proof: proofs/path-witness-2.md.
    """
    value, first, second, square = inputs, ZERO, ZERO, ZERO
    for node, own, across in zip(nodes, direction.own, direction.across, strict=True):
        q = sp.sqrt(node.reach)
        weight = node.turn * node.weight
        # A layer that reads nothing, v = q = 0, has no direction along its input.
        along = ZERO if own.is_zero or q.is_zero else own * value / q
        moving = own * q + across * value + weight * first
        bending = weight * second + 2 * (along + across) * first
        square += own**2 + across**2 + (ZERO if across.is_zero else 2 * along * across)
        value, first, second = node.value, node.slope * moving, node.curvature * moving**2 + node.slope * bending
    return value, first, second, square
