"""Upper bounds of ``‖D_θN‖`` and ``‖D²_θN‖`` over a region, by eliminating the directions of one layer after the other.

Invariant: a level ``λ`` is returned only if the elimination, computed in the arithmetic ``PROVED``, stays below it. The
same recursion runs in plain floats first, to propose ``λ`` and the free numbers.

Let ``u = (U_1, …, U_m)`` be a direction, ``ñ = (N_{l−1}, 1)``, ``y_l = σ'(z_l) ∘ ż_l``, and for fixed ``w`` let
``γ_l``, ``δ_l`` be the derivatives of ``w·N`` by ``N_l`` and ``z_l``. Both quantities are suprema of a quadratic form,

    w·D²N[u, u] = Σ_l κ_l·ż_l² + 2 Σ_l δ_l·U_l(y_{l−1}, 0),   κ_l = γ_l ∘ σ''(z_l),      ‖DN[u]‖² = ‖y_m‖²,

with ``ż_l = U_l ñ + A_l y_{l−1}``. Maximising over ``U_m``, then ``U_{m−1}`` and so on, less ``λ‖u‖²``, leaves a form
``y_lᵀΩ_l y_l`` of what is below:

    W_l = diag(κ_l) + S_l Ω_l S_l,   S_l = diag σ'(z_l),   needed: q²W_l ≺ λI,   q² = ‖ñ‖²,
    α = W_l + (q²/λ) W_l (I − (q²/λ)W_l)⁻¹ W_l,   B = A_l + δ_l N_{l−1}ᵀ/λ,   Ω_{l−1} = BᵀαB + (‖δ_l‖²/λ) I,

with matrices as wide as the layers, however many parameters there are. Everything is monotone in the Loewner order, so
over a region each ``Ω`` and ``W`` is replaced by a matrix that is above it.

Sharp when the region is one point: then the least ``λ`` *is* the norm. For two layers and one output without activation
it is the exact supremum over a box, up to the width of the pieces: ``κ`` and ``σ'`` of a neuron are bounded together.

Proof: proofs/layer-elimination.md.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lipsym.domains.float64_matrices import (
    EPSILON,
    MidRad,
    add,
    ends,
    intersect,
    length_up,
    magnitude,
    matmul,
    multiply,
    point,
    scale,
    sum_up,
    up,
)
from lipsym.domains.float64_norms import largest_eigenvalue_bound, perron_bound, spectral_norm_bound
from lipsym.domains.float64_rounding import Floats
from lipsym.enclose.uncertain import Stage

ROUNDS = 40
"""Levels that the search may try."""

Term = tuple[float, Floats | None, Floats]
"""``(c, B, M)`` for ``c BᵀMB``, ``c ≥ 0``; ``B = None`` is the identity."""


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """What the recursion asks of symmetric matrices, which are exact float arrays.

    Args:
        above: a matrix above a sum of terms, in the Loewner order.
        largest: at least the largest eigenvalue, and at least 0.
        resolvent: a matrix above ``(I − Y)⁻¹``, or ``None`` if ``Y ≺ I`` is not shown.
        up: rounds one operation up.
    """

    above: Callable[..., Floats]
    largest: Callable[[Floats], float]
    resolvent: Callable[[Floats], Floats | None]
    up: Callable[[Any], Any]


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """The numbers of one layer that do not depend on the level.

    Args:
        weights: the midpoint of ``A``.
        weight_norm: at least ``‖ΔA‖``.
        square: at least ``q²``.
        outer: a midpoint of ``δ_l N_{l−1}ᵀ``; ``outer_norm``: at least the norm of the distance from it.
        delta_norm: at least ``‖δ_l‖``.
        curvature, opposite_curvature: at least ``κ`` and ``−κ`` on each piece, of shape (ℓ, pieces).
        slope_square: at least ``σ'²`` on each piece.
        slope: the range of ``σ'``, ``None`` where there is no activation.
    """

    weights: Floats
    weight_norm: float
    square: float
    outer: Floats
    outer_norm: float
    delta_norm: float
    curvature: Floats
    opposite_curvature: Floats
    slope_square: Floats
    slope: MidRad | None

    def opposite(self) -> Prepared:
        """The same for ``−w``."""
        return replace(self, outer=-self.outer, curvature=self.opposite_curvature, opposite_curvature=self.curvature)


@dataclass(frozen=True, slots=True)
class Choice:
    """Free numbers of the recursion; every choice is sound.

    Args:
        diagonal: whether ``Ω`` of a hidden layer is replaced by a multiple of the identity.
        slope, weight: shares of the natural size, for the two uses of ``2xy ≤ tx² + y²/t``.
    """

    diagonal: bool
    slope: float
    weight: float


CHOICES = [Choice(True, 1.0, t) for t in (1.0, 0.4)] + [
    Choice(False, s, t) for s, t in itertools.product((1.0, 0.3), (1.0, 0.4, 0.15))
]


def elimination_bound(stages: Sequence[Stage], order: int, start: float) -> float:
    """At least ``sup ‖DN‖`` (order 1) or ``sup ‖D²N‖`` (order 2); infinite if nothing below ``start`` is proved.

    Args:
        stages: the ranges of a forward pass, without batch.
        order: 1 or 2.
        start: a bound that is known already, finite.
    """
    with np.errstate(all="ignore"):
        if order == 1:
            return float(up(np.sqrt(_least_level(_prepare_first(stages), 1, float(up(start * start))))))
        layers = _prepare_second(stages)
        level = _least_level(layers, 2, start)
        if stages[-1].layer.weights.shape[-2] == 1:
            # One output: w = ±1. Of more outputs w is any unit vector, and −w with it.
            level = max(level, _least_level([layer.opposite() for layer in layers], 2, start))
        return level


def residue(layers: Sequence[Prepared], order: int, level: float, choice: Choice, arithmetic: Arithmetic) -> float:
    """At least ``q_0² λ_max(W_1)`` at this level; infinite if an elimination on the way is not shown to be possible."""
    m = arithmetic
    omega = np.full(layers[-1].weights.shape[0], 1.0 if order == 1 else 0.0)
    for layer in reversed(layers[1:]):
        w = _outer_form(layer, omega, choice, m)
        if not layer.square * m.largest(w) < level * (1 - 4 * EPSILON):
            return math.inf
        below = _inner_form(layer, w, level, choice, m)
        if below is None:
            return math.inf
        omega = below
    return float(m.up(layers[0].square * _top(layers[0], omega, m)))


def _coupled(layer: Prepared, omega: Floats, m: Arithmetic) -> Floats:
    """At least ``κ_i + ω_i σ'_i²`` for each neuron, ``ω ≥ 0``: one maximum over its argument."""
    return np.max(m.up(layer.curvature + m.up(omega[:, None] * layer.slope_square)), axis=-1)


def _outer_form(layer: Prepared, omega: Floats, choice: Choice, m: Arithmetic) -> Floats:
    """A matrix above ``W = diag(κ) + SΩS`` for all slopes; ``omega`` is a matrix above ``Ω``, or its diagonal."""
    if layer.slope is None:
        return np.diag(omega) if omega.ndim == 1 else omega
    if omega.ndim == 1:
        return np.diag(_coupled(layer, omega, m))
    largest = m.largest(omega)
    if choice.diagonal:
        return np.diag(_coupled(layer, np.full(len(omega), largest), m))
    # S = C + Δ: SΩS = CΩC + (ΔΩC + CΩΔ) + ΔΩΔ, and 2|Δ_i x_i (ΩCx)_i| ≤ ρ_i (t x_i² + (ΩCx)_i²/t).
    centre, radius = np.diag(layer.slope.mid), layer.slope.rad
    t = choice.slope * _size(omega @ centre)
    cross = m.above((1.0, omega, np.diag(m.up(radius / t))))
    plain = m.up(m.up(radius * t) + m.up(largest * m.up(radius * radius)))
    plain = m.up(plain + np.max(layer.curvature, axis=-1))
    return m.above((1.0, centre, omega), (1.0, centre, cross), (1.0, None, np.diag(plain)))


def _top(layer: Prepared, omega: Floats, m: Arithmetic) -> float:
    """At least ``λ_max(diag(κ) + SΩS)``, and 0, for all slopes; no matrix need be above, only its largest eigenvalue.

    For ``Ω ≽ 0``, ``xᵀSΩSx`` is convex in ``Sx``, so its maximum over ``|y_i| ≤ s_i|x_i|``, ``s`` the largest slopes,
    is at ``y_i = ±s_i x_i``; the signs commute with ``diag(κ)`` and change no eigenvalue. Negative curvature further up
    can make ``Ω`` indefinite: then ``Ω + λ_max(−Ω)I`` takes its place.
    """
    if omega.ndim == 1:
        return max(0.0, float(np.max(_coupled(layer, omega, m))))
    steepest = m.up(np.sqrt(np.max(layer.slope_square, axis=-1)))
    convex = m.above((1.0, None, omega), (m.largest(-omega), None, np.eye(len(omega))))
    extreme = m.above((1.0, np.diag(steepest), convex), (1.0, None, np.diag(np.max(layer.curvature, axis=-1))))
    together = float(np.max(_coupled(layer, np.full(len(omega), m.largest(omega)), m)))
    return max(0.0, min(m.largest(extreme), together))


def _inner_form(layer: Prepared, w: Floats, level: float, choice: Choice, m: Arithmetic) -> Floats | None:
    """A matrix above ``Ω_{l−1}``, or the diagonal of one; ``None`` if the elimination is not shown to be possible."""
    of_delta = float(m.up(m.up(layer.delta_norm * layer.delta_norm) / level))
    width = layer.weights.shape[1]
    if not w.any():
        return np.full(width, of_delta)
    share = float(m.up(layer.square / level))
    inverse = m.resolvent(m.above((share, None, w)))
    if inverse is None:
        return None
    alpha = m.above((1.0, None, w), (share, w, inverse))
    b, norm = layer.weights, layer.weight_norm
    if layer.delta_norm > 0.0:
        moved = layer.outer / level
        b = b + moved
        # One quotient and one sum were rounded in each entry.
        rounded = 4 * EPSILON * float(length_up(np.concatenate([b.ravel(), moved.ravel()])))
        norm = float(m.up(m.up(norm + m.up(layer.outer_norm / level)) + rounded))
    identity = np.eye(width)
    if norm == 0.0:
        return m.above((1.0, b, alpha), (of_delta, None, identity))
    # B = b + E, ‖E‖ ≤ norm: 2|xᵀbᵀαEx| ≤ norm (t|x|² + |αbx|²/t), and xᵀEᵀαEx ≤ norm² λ⁺(α)|x|².
    t = choice.weight * _size(alpha @ b)
    square = m.above((1.0, alpha, np.eye(len(alpha))))
    plain = m.up(m.up(norm * t) + m.up(m.up(norm * norm) * m.largest(alpha)))
    inner = m.above((1.0, None, alpha), (float(m.up(norm / t)), None, square))
    return m.above((1.0, b, inner), (float(m.up(plain + of_delta)), None, identity))


def _size(a: Floats) -> float:
    """A positive number near the norm of a matrix of low rank: a proposal."""
    size = float(np.sqrt(np.max(np.sum(a * a, axis=0), initial=0.0)))
    return size if size > 0.0 else 1.0


def _least_level(layers: Sequence[Prepared], order: int, start: float) -> float:
    """A level that is proved, near the least one that can be."""
    if not 0.0 < start < math.inf:
        return start
    residues = [residue(layers, order, start, choice, FLOATS) for choice in CHOICES]
    if not min(residues) < start:
        return math.inf
    choice = CHOICES[int(np.argmin(residues))]
    guess = _search(lambda level: residue(layers, order, level, choice, FLOATS), start)
    for gap in (1e-8, 1e-6, 1e-3):
        level = guess * (1.0 + gap)
        if residue(layers, order, level, choice, PROVED) <= level:
            return level
    return math.inf


def _search(excess: Callable[[float], float], high: float) -> float:
    """Near the least ``λ ≥ excess(λ)`` that is at most ``high``; ``excess`` decreases."""
    low, trial = 0.0, high
    last: tuple[float, float] | None = None
    for _ in range(ROUNDS):
        value = excess(trial)
        # As excess decreases, the root lies between the trial and its value.
        low, high = max(low, min(trial, value)), min(high, max(trial, value))
        if high - low <= 1e-7 * high:
            break
        middle = 0.5 * (low + high)
        if last is not None and math.isfinite(value) and trial != last[0]:
            slope = (value - last[1]) / (trial - last[0])
            secant = trial + (value - trial) / (1.0 - slope)
            margin = 1e-3 * (high - low)
            middle = min(max(secant, low + margin), high - margin)
        last = (trial, value) if math.isfinite(value) else None
        trial = middle
    return high


def _prepare_first(stages: Sequence[Stage]) -> list[Prepared]:
    """The layers for order 1: no curvature, no ``δ``."""
    return [_prepared(s, None, point(np.zeros(s.layer.weights.shape[-2])), 0.0) for s in stages]


def _prepare_second(stages: Sequence[Stage]) -> list[Prepared]:
    """The layers for order 2, with ``γ_l`` and ``δ_l`` of ``w·N`` over the region."""
    width = stages[-1].layer.weights.shape[-2]
    gamma = point(np.ones(1)) if width == 1 else MidRad(np.zeros(width), np.ones(width))
    gamma_norm = 1.0
    prepared: list[Prepared] = []
    for stage in reversed(stages):
        a, delta, delta_norm = stage.layer.weights, gamma, gamma_norm
        if stage.slopes is not None:
            slope = stage.slopes.slope_range
            delta = multiply(slope, gamma)
            delta_norm = min(float(up(gamma_norm * magnitude(slope).max())), float(length_up(magnitude(delta))))
        prepared.append(_prepared(stage, gamma, delta, delta_norm))
        # γ_{l−1} = A_lᵀδ_l, entry by entry and by norms.
        columns = np.minimum(length_up(magnitude(a), -2), up(length_up(a.mid, -2) + stage.layer.distance))
        by_norm = up(columns * delta_norm)
        gamma = intersect(matmul(a.transpose, delta[:, None])[:, 0], -by_norm, by_norm)
        gamma_norm = min(float(up(_spectral(stage) * delta_norm)), float(length_up(magnitude(gamma))))
    return prepared[::-1]


def _spectral(stage: Stage) -> float:
    """At least ``‖A‖``."""
    a = stage.layer.weights
    return min(spectral_norm_bound(a), float(up(spectral_norm_bound(a.mid) + stage.layer.distance)))


def _prepared(stage: Stage, gamma: MidRad | None, delta: MidRad, delta_norm: float) -> Prepared:
    a, width = stage.layer.weights, stage.layer.weights.shape[-2]
    curvature = opposite = np.zeros((width, 1))
    squares, slope = np.ones((width, 1)), None
    if stage.slopes is not None:
        slope, s, c = stage.slopes.slope_range, stage.slopes.slope, stage.slopes.curvature
        squares = up(np.square(np.maximum(np.abs(s.lo), np.abs(s.hi))))
        curvature = opposite = np.zeros_like(squares)
        if gamma is not None and c is not None:
            products = [g[:, None] * end for g in ends(gamma) for end in (c.lo, c.hi)]
            curvature, opposite = up(np.maximum.reduce(products)), up(-np.minimum.reduce(products))
    outer = matmul(delta[:, None], stage.input[None, :])
    outer_norm = perron_bound(outer.rad, 8) if delta_norm > 0.0 else 0.0
    if not outer.mid.any():
        outer_norm = min(outer_norm, float(up(delta_norm * up(np.sqrt(stage.square)))))
    radius = min(perron_bound(a.rad, 8), float(stage.layer.distance))
    return Prepared(
        a.mid, radius, float(stage.square), outer.mid, outer_norm, delta_norm, curvature, opposite, squares, slope
    )


def _proved_above(*terms: Term) -> Floats:
    """The sum's symmetric part, in midpoint-radius arithmetic; radii ``R`` go to the diagonal.

    For symmetric ``R ≥ 0``: ``|x|ᵀR|x| ≤ Σ_i x_i² Σ_j R_ij``.
    """
    total: MidRad | None = None
    for factor, b, middle in terms:
        value = point(middle) if b is None else matmul(matmul(point(b.T), point(middle)), point(b))
        value = value if factor == 1.0 else scale(value, factor)
        total = value if total is None else add(total, value)
    if total is None:
        raise ValueError("a sum has a term")
    symmetric = 0.5 * (total.mid + total.mid.T)
    # The symmetric part lies within (R + Rᵀ)/2 of the symmetric midpoint, which was rounded once.
    radius = up(0.5 * up(total.rad + total.rad.T) + EPSILON * np.abs(symmetric))
    rows = sum_up(radius, -1)
    places = np.arange(len(symmetric))
    symmetric[places, places] = up(symmetric[places, places] + rows)
    return symmetric


def _proved_resolvent(y: Floats) -> Floats | None:
    """Above ``(I − Y)⁻¹``.

    With ``X`` near it and ``E = I − (I − Y)X``: ``(I − Y)⁻¹ − X = XE(I − E)⁻¹``, so the distance is at most
    ``‖X‖‖E‖/(1 − ‖E‖)``; the inverse is symmetric, so the distance of the symmetric part of ``X`` is no more.
    """
    if not largest_eigenvalue_bound(y) < 1.0:
        return None
    identity = np.eye(len(y))
    try:
        x = np.linalg.inv(identity - y)
    except np.linalg.LinAlgError:
        return None
    error = add(point(identity), scale(matmul(add(point(identity), point(-y)), point(x)), -1.0))
    size = float(length_up(magnitude(error).ravel()))
    if not size < 0.5:
        return None
    distance = up(up(length_up(x.ravel()) * size) / (0.5 if size > 0.25 else 0.75))
    return _proved_above((1.0, None, x), (float(distance), None, identity))


def _plain_above(*terms: Term) -> Floats:
    return sum(c * (m if b is None else b.T @ m @ b) for c, b, m in terms)  # type: ignore[return-value]


def _plain_largest(a: Floats) -> float:
    return max(0.0, float(np.linalg.eigvalsh(a)[-1])) if np.isfinite(a).all() else math.inf


def _plain_resolvent(y: Floats) -> Floats | None:
    return np.linalg.inv(np.eye(len(y)) - y) if _plain_largest(y) < 1.0 else None


FLOATS = Arithmetic(_plain_above, _plain_largest, _plain_resolvent, lambda x: x)
"""Proposes."""

PROVED = Arithmetic(_proved_above, largest_eigenvalue_bound, _proved_resolvent, up)
"""Disposes."""
