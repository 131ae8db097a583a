"""Upper bounds of ``‖D_θN‖`` and ``‖D²_θN‖`` over a region from norms of the layers' matrices alone.

Invariant: only norms of products enter, each the least of the bounds known for it. Any widths, a few matrix products.

Let ``B_l = ∂N/∂z_l`` and ``ñ_l = (N_{l−1}, 1)``. Order 1: ``‖DN‖² = λ_max(Σ_l ‖ñ_l‖² B_lB_lᵀ) ≤ Σ_l ‖ñ_l‖²‖B_l‖²``.
Order 2: with ``‖ż_l‖ ≤ Σ_k c_lk‖u_k‖``,

    ‖D²N[u, u]‖ ≤ Σ_l K_l ‖ż_l‖² + 2 Σ_{l≥2} ‖B_l‖ ‖u_l‖ max|σ'(z_{l−1})| ‖ż_{l−1}‖ ≤ uᵀHu,

``K_l = max_i ‖∂N/∂N_{l,i}‖ |σ''(z_{l,i})|``, and ``H`` is a non-negative matrix with one row for each layer.

Sharp when the singular vectors of neighbouring layers agree, as they can at large radii.

Proof: proofs/layer-norms.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lipsym.domains.float64_matrices import (
    MidRad,
    down,
    from_ends,
    length_up,
    magnitude,
    matmul,
    multiply,
    point,
    product_up,
    root_up,
    sum_up,
    up,
)
from lipsym.domains.float64_norms import perron_bound, spectral_norm_bound
from lipsym.domains.float64_rounding import Floats
from lipsym.enclose.uncertain import Stage


@dataclass(frozen=True, slots=True, eq=False)
class Backward:
    """What a backward pass knows of one layer.

    Args:
        norm: at least ``‖B_l‖``.
        columns: at least the norm of each column of ``∂N/∂N_l``.
    """

    norm: float
    columns: Floats


def layer_bound(stages: Sequence[Stage], order: int) -> float:
    """At least ``sup ‖DN‖`` (order 1) or ``sup ‖D²N‖`` (order 2) over the region of a forward pass without batch."""
    with np.errstate(all="ignore"):
        backward = _backward(stages)
        if order == 1:
            total = np.float64(0.0)
            for stage, back in zip(stages, backward, strict=True):
                total = up(total + up(stage.square * up(np.square(back.norm))))
            return float(root_up(total))
        return perron_bound(_form(stages, backward))


def steepest(stage: Stage) -> Floats:
    """At least ``|σ'(z_l)|``."""
    if stage.slopes is None:
        return np.ones(stage.layer.weights.shape[-2])
    return magnitude(stage.slopes.slope_range)


def image_bound(matrix: Floats, box: MidRad, rounds: int = 8) -> float:
    """At least ``‖Mv‖`` for every ``v`` within ``rad`` of ``mid``: entry by entry, or as a quadratic form on the box.

    Let ``v = c + D_ρξ``, ``|ξ| ≤ 1``, ``P = D_ρMᵀMD_ρ`` and ``d > 0``. Then ``‖Mv‖² ≤ ‖Mc‖² + 2‖D_ρMᵀMc‖_1 + ξᵀPξ`` and
    ``ξᵀPξ ≤ λ_max(D^{-1/2}PD^{-1/2}) Σd``; a float iteration proposes ``d``.
    """
    m, rho = point(matrix), box.rad
    through = matmul(m, box[:, None])[:, 0]
    entrywise = float(length_up(magnitude(through)))
    if not rho.any() or not np.isfinite(rho).all():
        return entrywise
    centre = matmul(m, point(box.mid[:, None]))
    linear = sum_up(up(magnitude(matmul(m.transpose, centre))[:, 0] * rho))
    weights = _weights(matrix * rho, rounds)
    scaled = multiply(m, from_ends(*_quotient_ends(rho, weights)))
    quadratic = up(up(np.square(spectral_norm_bound(scaled))) * sum_up(up(np.square(weights))))
    square = up(up(np.square(length_up(magnitude(centre)[:, 0]))) + up(2.0 * linear))
    return min(entrywise, float(root_up(up(square + quadratic))))


def _quotient_ends(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    quotient = x / y
    return down(quotient), up(quotient)


def _weights(columns: Floats, rounds: int) -> Floats:
    """Positive ``√d`` for which ``λ_max(D^{-1/2}PD^{-1/2}) Σd`` is small, ``P`` the Gram matrix of the columns."""
    gram = columns.T @ columns
    d = np.sqrt(np.diag(gram))
    if not 0.0 < d.max() < np.inf:
        return np.ones(len(d))
    d = np.maximum(d, 1e-3 * d.max() + 1e-300)
    best, found = np.inf, d
    for _ in range(rounds):
        values, vectors = np.linalg.eigh(gram / np.sqrt(np.outer(d, d)))
        if values[-1] * d.sum() < best:
            best, found = values[-1] * d.sum(), d
        near = np.square(vectors) @ np.exp((values - values[-1]) / (0.05 * abs(values[-1]) + 1e-300))
        d = d * (near / near.mean() + 1e-3) ** 0.3
    return np.sqrt(found)


def _backward(stages: Sequence[Stage]) -> list[Backward]:
    width = stages[-1].layer.weights.shape[-2]
    above = point(np.eye(width))  # ∂N/∂N_l
    b, norm, found = above, 1.0, []
    for index in reversed(range(len(stages))):
        stage, h = stages[index], steepest(stages[index])
        # ‖CS‖ ≤ ‖C diag(h)‖ for |S| ≤ h, as S = diag(h) times a contraction.
        candidates = [spectral_norm_bound(multiply(above, point(h)))]
        columns = np.full(len(h), norm)
        if index + 1 < len(stages):
            a, distance = stages[index + 1].layer.weights, stages[index + 1].layer.distance
            scaled = multiply(point(a.mid), point(h))
            moved = min(perron_bound(up(a.rad * h), 8), float(up(distance * h.max())))
            candidates += [
                float(up(spectral_norm_bound(matmul(b, scaled)) + up(norm * moved))),
                float(up(norm * up(spectral_norm_bound(scaled) + moved))),
            ]
            if width == 1:
                turned = product_up(magnitude(b), up(a.rad * h))[0]
                by_rows = image_bound(scaled.mid.T, b[0]) + 2 * float(length_up(scaled.rad.ravel())) * norm
                candidates.append(float(up(up(by_rows) + min(float(length_up(turned)), float(up(norm * moved))))))
            columns = up(up(length_up(a.mid, -2) + np.minimum(length_up(a.rad, -2), distance)) * norm)
        columns = np.minimum(columns, length_up(magnitude(above), -2))
        norm = min(candidates)
        found.append(Backward(norm, columns))
        b = above if stage.slopes is None else multiply(above, stage.slopes.slope_range)
        above = matmul(b, stage.layer.weights)
    return found[::-1]


def _form(stages: Sequence[Stage], backward: Sequence[Backward]) -> Floats:
    count = len(stages)
    reach = np.zeros((count, count))
    form = np.zeros((count, count))
    for index, stage in enumerate(stages):
        reach[index, index] = root_up(stage.square)
        if index == 0:
            continue
        a, h = stage.layer.weights, steepest(stages[index - 1])
        moved = min(perron_bound(up(a.rad * h), 8), float(up(stage.layer.distance * h.max())))
        through = float(up(spectral_norm_bound(multiply(point(a.mid), point(h))) + moved))
        reach[index, :index] = up(reach[index - 1, :index] * through)
        mixed = up(backward[index].norm * up(float(h.max()) * reach[index - 1, :index]))
        form[index, :index] = up(form[index, :index] + mixed)
        form[:index, index] = up(form[:index, index] + mixed)
    for stage, back, row in zip(stages, backward, reach, strict=True):
        if stage.slopes is not None:
            curved = float(up(back.columns * magnitude(stage.slopes.curvature_range)).max())
            form = up(form + up(curved * product_up(row[:, None], row[None, :])))
    return form
