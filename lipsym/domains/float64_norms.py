"""Upper bounds of the spectral norm in float64, at the cost of a singular value decomposition.

Invariant: every number returned is at least the norm (or eigenvalue) of every matrix it speaks of, by a theorem whose
hypotheses were checked in the error model of ``float64_matrices``. LAPACK only proposes: an estimate of the norm, a
triangular factor, a positive vector. A bad proposal costs tightness and nothing else, and where nothing helps the bound
is infinite. ``norms`` beside this file encloses from both sides, in Arb, a hundred times slower.

Numbers are scaled by a power of two first, so that the largest entry lies in [1/2, 1): what underflows then moves the
norm of an ``m × n`` matrix by at most ``√(mn)·2^-1074``, which is added.
"""

from __future__ import annotations

import math

import numpy as np

from lipsym.domains.float64_matrices import (
    EPSILON,
    SMALLEST,
    MidRad,
    matmul,
    point,
    product_up,
    root_up,
    sum_up,
    up,
)
from lipsym.domains.float64_rounding import Floats

LARGE = 2048
"""Beyond this many columns the Gram matrix is squared instead of factorised."""


def spectral_norm_bound(matrix: MidRad | Floats) -> float:
    """An upper bound of ``‖X‖₂`` for every ``X`` within ``rad`` of ``mid``: ``‖mid‖ + ‖rad‖``.

    Let ``G`` be the smaller of ``AᵀA`` and ``AAᵀ`` (``A = mid``), computed with an error matrix ``E``. Then
    ``‖A‖² ≤ λ_max(fl G) + ‖E‖``, and ``largest_eigenvalue_bound`` bounds the first term.

    Sharp when the radii are 0: the excess is of the order of ``n·2^-52·‖|A|‖²/‖A‖²``, 1e-11 for a Gaussian matrix with
    512 columns.

    Example:
        >>> 5.0 <= spectral_norm_bound(np.array([[3.0, 0.0], [4.0, 0.0]])) <= 5.0 * (1 + 1e-13)
        True
    """
    x = matrix if isinstance(matrix, MidRad) else point(matrix)
    with np.errstate(all="ignore"):
        of_radius = perron_bound(x.rad) if x.rad.any() else 0.0
        return float(up(_exact_norm_bound(x.mid) + of_radius)) if of_radius else _exact_norm_bound(x.mid)


def largest_eigenvalue_bound(matrix: MidRad | Floats) -> float:
    """An upper bound of ``λ_max(X)``, never below 0, for every symmetric ``X`` within ``rad`` of ``mid``.

    Let ``c`` be any number and ``L`` any matrix. Then ``X = cI − LLᵀ − (cI − X − LLᵀ) ≼ (c + ‖cI − X − LLᵀ‖)I``, since
    ``LLᵀ`` is positive semidefinite. The residual is bounded in the Frobenius norm, with the rounding errors of forming
    it; ``c`` is a float eigenvalue, a little enlarged, and ``L`` a float Cholesky factor.
    """
    x = matrix if isinstance(matrix, MidRad) else point(matrix)
    with np.errstate(all="ignore"):
        of_radius = perron_bound(x.rad) if x.rad.any() else 0.0
        scaled, exponent = _scaled(x.mid)
        if scaled is None:
            return math.inf if exponent else of_radius
        symmetric = (scaled + scaled.T) * 0.5
        # ‖X − symmetric‖ ≤ ‖mid − symmetric‖_F + ‖rad‖, whatever was rounded in symmetrising.
        slack = float(up(2.0 * _frobenius(scaled - symmetric)))  # twice: of its own rounding
        bound = _unscaled(float(up(_factorised(symmetric) + slack)), exponent, scaled.size)
        return float(up(bound + of_radius)) if of_radius else bound


def perron_bound(nonnegative: Floats, rounds: int = 60) -> float:
    """An upper bound of ``‖P‖₂`` for ``P ≥ 0`` and of ``‖X‖₂`` for every ``|X| ≤ P`` (Collatz and Wielandt).

    Let ``x > 0``. Then ``‖P‖² = ρ(PᵀP) ≤ max_i (PᵀPx)_i/x_i``: the matrix ``D⁻¹PᵀPD``, ``D = diag(x)``, has the same
    eigenvalues and that largest row sum. Sharp when ``x`` is the Perron vector, which a power iteration approaches.
    """
    p = np.asarray(nonnegative, dtype=np.float64)
    with np.errstate(all="ignore"):
        scaled, exponent = _scaled(p)
        if scaled is None:
            return 0.0 if exponent == 0 else math.inf
        x, best = np.ones(scaled.shape[1]), math.inf
        for _ in range(rounds):
            image = product_up(scaled.T, product_up(scaled, x[:, None]))[:, 0]
            bound = float(np.max(up(image / x)))
            done = bound >= best * (1 - 1e-14)
            best = min(best, bound)
            if done:
                break
            x = np.maximum(image / image.max(), 1e-100)
        return _unscaled(float(root_up(np.float64(best))), exponent, scaled.size)


def squaring_bound(matrix: Floats, squarings: int = 12) -> float:
    """An upper bound of ``‖A‖₂`` by matrix products alone.

    Let ``G = AᵀA``. Then ``‖A‖ = ‖G^{2^k}‖^{1/2^{k+1}} ≤ ‖G^{2^k}‖_F^{1/2^{k+1}}``. If ``G_j = fl(G_j) + E_j``
    and ``‖E_j‖ ≤ e_j``, then ``G_{j+1} = G_j²`` has ``e_{j+1} = 2‖fl G_j‖e_j + e_j²`` plus the rounding of the product.
    Each square is scaled by a power of two, and the root is taken by square roots alone.

    Loose by the factor ``n^{1/2^{k+2}}`` at worst: 1.0004 for 512 equal singular values and ``k = 12``.

    Source: the iteration is that of Delattre, Barthélemy, Araujo, Allauzen, *Efficient bound of Lipschitz constant for
    convolutional layers by Gram iteration* (2023); the rounding analysis is ours.
    """
    a = np.asarray(matrix, dtype=np.float64)
    with np.errstate(all="ignore"):
        scaled, exponent = _scaled(a)
        if scaled is None:
            return 0.0 if exponent == 0 else math.inf
        power, error = _gram(scaled)
        shifts = []
        for _ in range(squarings):
            size = _frobenius(power)
            shift = -int(np.frexp(size)[1])
            shifts.append(shift)
            # Scaling down may underflow entry by entry.
            power, error = np.ldexp(power, shift), float(up(up(np.ldexp(error, shift)) + power.size * SMALLEST))
            size = min(_frobenius(power), float(np.max(sum_up(np.abs(power), axis=1))))
            square = matmul(point(power), point(power))
            carried = up(up(up(2.0 * up(size * error)) + up(error * error)))
            power, error = square.mid, float(up(carried + _frobenius(square.rad)))
        value = float(up(_frobenius(power) + error))
        for shift in reversed(shifts):
            # value ≥ ‖(2^shift·G_j)²‖ = 4^shift ‖G_j‖².
            value = float(np.ldexp(root_up(np.float64(value)), -shift))
        return _unscaled(float(root_up(np.float64(value))), exponent, scaled.size)


def _exact_norm_bound(a: Floats) -> float:
    scaled, exponent = _scaled(a)
    if scaled is None:
        return 0.0 if exponent == 0 else math.inf
    if 1 in scaled.shape:
        return _unscaled(_frobenius(scaled), exponent, scaled.size)
    if min(scaled.shape) > LARGE:
        return squaring_bound(a)
    gram, error = _gram(scaled)
    squared = up(_factorised(gram) + error)
    bound = min(float(root_up(squared)), _frobenius(scaled))
    return _unscaled(bound, exponent, scaled.size)


def _gram(a: Floats) -> tuple[Floats, float]:
    """The smaller Gram matrix in float, exactly symmetric, and a bound of the norm of its error."""
    a = a if a.shape[0] >= a.shape[1] else a.T
    n = a.shape[0]
    gram = a.T @ a
    # |fl(aᵀa) − aᵀa| ≤ γ |a|ᵀ|a| + 2nη, whose norm is γ ‖|a|‖² + …; symmetrising averages two errors and rounds once.
    size = up(np.square(perron_bound(np.abs(a), 4)))
    symmetric = (gram + gram.T) * 0.5
    error = up(up((n + 2) * EPSILON * size) + up(2 * n * a.shape[1] * SMALLEST))
    rounding = up(EPSILON * _frobenius(symmetric))
    return symmetric, float(up(error + rounding))


def _factorised(symmetric: Floats) -> float:
    """An upper bound of ``λ_max`` of an exactly given symmetric matrix with entries near 1, and of 0."""
    n = symmetric.shape[0]
    if n == 0:
        return 0.0
    if not np.isfinite(symmetric).all():
        return math.inf
    fallback = min(float(np.max(sum_up(np.abs(symmetric), axis=1))), _frobenius(symmetric))
    try:
        estimate = max(float(np.linalg.eigvalsh(symmetric)[-1]), fallback * 2.0**-52)
    except np.linalg.LinAlgError:
        return fallback
    identity, best = np.arange(n), fallback
    gap = 4 * n * EPSILON
    for _ in range(6):
        c = estimate * (1.0 + gap)
        shifted = -symmetric
        shifted[identity, identity] += c
        try:
            factor = np.linalg.cholesky(shifted)
        except np.linalg.LinAlgError:
            gap *= 8
            continue
        # cI − X − LLᵀ: the diagonal of cI − X was rounded once, the product as a dot product of n terms.
        residual = shifted - factor @ factor.T
        diagonal = np.abs(shifted[identity, identity])
        length = up(np.square(_frobenius(factor)))  # ‖ |L||Lᵀ| ‖ ≤ ‖L‖_F²
        rounding = up(up((n + 1) * EPSILON * length) + up(2 * n * n * SMALLEST))
        own = up(EPSILON * (_frobenius(residual) + float(up(2.0 * np.max(diagonal)))))
        best = min(best, float(up(up(c + _frobenius(residual)) + up(rounding + own))))
        break
    return best


def _frobenius(a: Floats) -> float:
    flat = a.reshape(1, -1)
    return float(root_up(product_up(flat, flat.T))[0, 0])


def _scaled(a: Floats) -> tuple[Floats | None, int]:
    """``a·2^-e`` with the largest entry in [1/2, 1), and ``e``; ``None`` and 0 for a zero matrix, 1 for NaN or ∞."""
    top = float(np.max(np.abs(a), initial=0.0))
    if not math.isfinite(top) or np.isnan(a).any():
        return None, 1
    if top == 0.0:
        return None, 0
    exponent = int(np.frexp(top)[1])
    return np.ldexp(a, -exponent), exponent


def _unscaled(bound: float, exponent: int, entries: int) -> float:
    """``bound·2^e``, with what scaling lost."""
    lost = up(bound + up(math.sqrt(entries) * 2.0 * SMALLEST))
    return float(up(np.ldexp(lost, exponent)))
