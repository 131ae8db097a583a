"""The mean value theorem from the centre of a region outwards: ``‖D_θN‖`` for one output and small regions.

Invariant: the bound holds on the whole region, because on every segment from the centre each derivative that is
integrated is enclosed over the nested region that holds the rest of the segment.

Let ``F = ‖D_θN‖²``, ``c`` the centre, ``0 = t_0 < … < t_J = 1``, and ``Θ_j`` the region shrunk to the share ``t_j``.
Then for ``θ = c + d`` in the region

    F(θ) ≤ F(c) + Σ_j (t_j − t_{j−1}) sup_{Θ_j} |∇F · d|,

and whatever is known of ``sup_{Θ_j} F`` may replace the first ``j`` terms. With ``v = ∇N`` (``U_l = δ_l N_{l−1}ᵀ``) the
gradient is ``∇F = 2D²N[v, ·]``: one pass forwards and one backwards, for all ``j`` at once.

Sharp as the radius goes to 0: the first-order growth is exact.

Proof: proofs/radial-mean-value.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lipsym.domains.float64_matrices import (
    MidRad,
    add,
    from_ends,
    length_up,
    magnitude,
    matmul,
    multiply,
    product_up,
    root_up,
    sum_up,
    up,
)
from lipsym.domains.float64_rounding import Floats
from lipsym.enclose.uncertain import Input, Layer, Stage, forward

STEPS = 32
"""How many nested regions are used."""


def radial_bound(layers: Sequence[Layer], given: Input, steps: int = STEPS) -> float:
    """At least ``sup ‖DN‖`` over the region; infinite for more than one output, and where ``σ'`` jumps.

    Args:
        layers: without batch.
        given: the inputs.
        steps: ``J``.
    """
    kinks = any(layer.activation is not None and layer.activation.smoothness == "C^{0,1}" for layer in layers)
    if layers[-1].weights.shape[-2] != 1 or kinks:
        return math.inf
    shares = np.linspace(0.0, 1.0, steps + 1)
    with np.errstate(all="ignore"):
        nested = [layer.shrunk(shares) for layer in layers]
        square, growth = _square_and_growth(forward(nested, given.repeated(len(shares))), layers)
        best = square[0]
        for j in range(1, steps + 1):
            # The share of the path is rounded up, and growth belongs to the larger region.
            path = up(up(shares[j] - shares[j - 1]) * growth[j])
            best = min(square[j], up(best + path))
        return float(root_up(best))


def _square_and_growth(stages: Sequence[Stage], layers: Sequence[Layer]) -> tuple[Floats, Floats]:
    """At least ``F`` and ``|∇F·d|`` over each region, of shape (J + 1,)."""
    batch = len(stages[0].square)
    gammas, deltas = _adjoints(stages, batch)
    squares = [_square(delta) for delta in deltas]
    square = sum_up(np.stack([up(s.square * n[1]) for s, n in zip(stages, squares, strict=True)]), 0)
    tangents, before = _tangents(stages, deltas)
    growth = np.zeros(batch)
    gamma_dot: MidRad | None = None
    for index in reversed(range(len(stages))):
        stage, delta = stages[index], deltas[index]
        delta_dot = gamma_dot
        if stage.slopes is not None:
            curved = multiply(multiply(stage.slopes.curvature_range, tangents[index]), gammas[index])
            delta_dot = curved if gamma_dot is None else add(curved, multiply(stage.slopes.slope_range, gamma_dot))
        growth = up(growth + _along(layers[index], stage, delta, delta_dot, before[index]))
        if index == 0:
            break
        # γ̇_{l−1} = A_lᵀδ̇_l + U_lᵀδ_l, and U_lᵀδ_l = ‖δ_l‖² N_{l−1}.
        own = multiply(stage.input, from_ends(*squares[index])[:, None])
        at = stage.layer.weights.transpose
        gamma_dot = own if delta_dot is None else add(own, matmul(at, delta_dot[..., None])[..., 0])
    return square, up(2.0 * growth)


def _along(layer: Layer, stage: Stage, delta: MidRad, delta_dot: MidRad | None, before: MidRad | None) -> Floats:
    """At least ``|D²N[v, d]|`` for the part ``d`` of this layer: by the box's radii, or by the ball's."""
    parts = []
    if delta_dot is not None:
        parts.append(matmul(delta_dot[..., None], stage.input[..., None, :]))
    if before is not None:
        parts.append(matmul(delta[..., None], before[..., None, :]))
    batch = len(delta.mid)
    zero = np.zeros((batch, *layer.weights.shape[-2:]))
    weights = magnitude(parts[0] if len(parts) == 1 else add(*parts)) if parts else zero
    bias = np.zeros(delta.shape) if delta_dot is None or layer.bias is None else magnitude(delta_dot)
    by_box = sum_up(up(weights * layer.weights.rad), (-2, -1))
    if layer.bias is not None:
        by_box = up(by_box + sum_up(up(bias * layer.bias.rad), -1))
    both = np.concatenate([weights.reshape(batch, -1), bias], axis=-1)
    return np.minimum(by_box, up(layer.distance * length_up(both)))


def _adjoints(stages: Sequence[Stage], batch: int) -> tuple[list[MidRad], list[MidRad]]:
    """``γ_l`` and ``δ_l``, the derivatives of the output by ``N_l`` and ``z_l``."""
    gamma = MidRad(np.ones((batch, 1)), np.zeros((batch, 1)))
    gammas, deltas = [], []
    for stage in reversed(stages):
        delta = gamma if stage.slopes is None else multiply(stage.slopes.slope_range, gamma)
        gammas.append(gamma)
        deltas.append(delta)
        gamma = matmul(stage.layer.weights.transpose, delta[..., None])[..., 0]
    return gammas[::-1], deltas[::-1]


def _tangents(stages: Sequence[Stage], deltas: Sequence[MidRad]) -> tuple[list[MidRad], list[MidRad | None]]:
    """``ż_l`` along ``v``, and ``Ṅ_{l−1}``, which is ``None`` for the input."""
    tangents: list[MidRad] = []
    before: list[MidRad | None] = [None]
    for stage, delta in zip(stages, deltas, strict=True):
        # U_lN_{l−1} + [bias] δ_l = ‖ñ‖² δ_l.
        tangent = multiply(delta, from_ends(stage.least_square, stage.square)[:, None])
        last = before[-1]
        if last is not None:
            tangent = add(tangent, matmul(stage.layer.weights, last[..., None])[..., 0])
        tangents.append(tangent)
        before.append(tangent if stage.slopes is None else multiply(stage.slopes.slope_range, tangent))
    return tangents, before[:-1]


def _square(x: MidRad) -> tuple[Floats, Floats]:
    """Lower and upper ends of ``‖x‖²``; the lower one need only be safe."""
    size = magnitude(x)
    least = np.maximum(0.0, np.abs(x.mid) - x.rad)
    low = np.sum(np.square(least), -1) * (1.0 - 2.0**-20)
    return np.maximum(0.0, np.nextafter(low, -np.inf)), product_up(size[..., None, :], size[..., None])[..., 0, 0]
