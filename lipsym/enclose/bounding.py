"""Upper bounds of a reduced problem over batches of boxes, and its values at points.

Invariant: ``upper_bounds`` returns, for every box, a number that the quantity does not exceed at any point of the box
that lies in the region (−∞ if there is none).

Order 1 bounds ``f = ‖D_θφ‖²``; order 2 bounds ``λ_max(D²_θφ)`` by the largest eigenvalue of a 2×2 matrix with the entry
``f(v) = uᵀD²φ(v)u``, ``u`` an approximate eigenvector in the middle of the box. Either ``f`` is bounded by its natural
range and by a mean value form with multipliers of the balls. Which ``u``, which multipliers, and which point the form
is taken around are proposals: every choice is sound.

Proof: proofs/multiplier-form.md, proofs/eigenvector-split.md, proofs/running-error.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from lipsym.domains.float64_rounding import Floats, check_arithmetic
from lipsym.enclose.batch import SLACK, TINY, UNIT, Batch, points
from lipsym.enclose.problem import Constraint, Problem
from lipsym.enclose.tape import ONE, Coefficients, Sweep

_ZERO = points(np.zeros(1))
_SWEEPS = 5

_SHARE = 2.0**-5
"""How much of a coordinate's whole variation counts towards its choice for bisection, beside its part in the bound."""


class Bounds(NamedTuple):
    """What is known of a batch of boxes.

    Args:
        upper: of shape (n,).
        axis: along which coordinate to bisect, of shape (n,).
    """

    upper: Floats
    axis: np.ndarray


def upper_bounds(problem: Problem, lo: Floats, hi: Floats, case: np.ndarray) -> Bounds:
    """Bound the quantity on boxes.

    Args:
        problem: the reduced problem.
        lo, hi: ends of the boxes, of shape (n, variables).
        case: of shape (n,).

    Raises:
        HypothesisError: if this process's floats are not rounded to nearest.
    """
    check_arithmetic()
    count, width = len(lo), (hi - lo).T
    with np.errstate(all="ignore"):
        a, b, inside = problem.contract(lo.T, hi.T)
        if inside.all():
            return _bounds(problem, a, b, case, width)
        upper, axis = np.full(count, -np.inf), np.zeros(count, dtype=np.int64)
        if inside.any():
            found = _bounds(problem, a[:, inside], b[:, inside], case[inside], width[:, inside])
            upper[inside], axis[inside] = found
    return Bounds(upper, axis)


def _bounds(problem: Problem, lo: Floats, hi: Floats, case: np.ndarray, width: Floats) -> Bounds:
    """Bounds of contracted boxes; ``width`` is that of the boxes before."""
    upper, score = (_first_order if problem.order == 1 else _second_order)(problem, lo, hi, case)
    # A coordinate that contraction has fixed is not worth a bisection, nor one that floats can no longer split.
    splittable = (hi > lo) & (width > 2.0**-40 * np.abs(problem.hi - problem.lo)[:, None])
    score = np.where(np.isnan(score), np.inf, score)
    return Bounds(upper, np.argmax(np.where(splittable, score, -1.0), axis=0))


def point_values(problem: Problem, v: Floats, case: np.ndarray) -> tuple[Floats, Floats]:
    """The quantity at points of shape (n, variables), and its gradient, of the same shape; rounded, for proposals."""
    with np.errstate(all="ignore"):
        v = v.T
        count = v.shape[1]
        if problem.order == 1:
            sweep = _sweep(problem, v, v, case, 1)
            gradient = sweep.gradient[: problem.trainable]
            value = np.broadcast_to(np.sqrt(_square_sum(gradient, problem.extra).middle), count)
            slope = sweep.along(_directions(problem, gradient))[0]
            rows = [_middle(d, count) / np.maximum(value, 1e-300) for d in slope]
        else:
            sweep, hessian = _hessian(problem, v, v, case, 2)
            u, _ = _eigenvectors(_matrix([[_middle(h, count) for h in row] for row in hessian]))
            direction = _directions(problem, [points(row) for row in u])
            product, third = sweep.along(direction, 2)
            value = np.broadcast_to(_inner(direction, product).middle, count)
            rows = [2.0 * _middle(t, count) for t in third]
        return np.where(np.isfinite(value), value, -np.inf), np.nan_to_num(np.stack(rows, axis=1))


def top_direction(problem: Problem, v: Floats, case: int) -> Floats:
    """About the top eigenvector of ``D²_θφ`` at a point of shape (variables,)."""
    column = v[:, None]
    hessian = _hessian(problem, column, column, np.array([case]))[1]
    return _eigenvectors(_matrix([[_middle(h, 1) for h in row] for row in hessian]))[0][:, 0]


def _first_order(problem: Problem, lo: Floats, hi: Floats, case: np.ndarray) -> tuple[Floats, Floats]:
    """``‖D_θφ‖`` through its square ``f``, whose gradient is ``2 D²φ D_θφ``."""
    sweep = _sweep(problem, lo, hi, case, 1)
    gradient = sweep.gradient[: problem.trainable]
    natural = _square_sum(gradient, problem.extra).upper
    slopes = [None if d is None else d.scaled(2.0) for d in sweep.along(_directions(problem, gradient))[0]]

    def value(at: Floats) -> Batch:
        return _square_sum(_sweep(problem, at, at, case, 0).gradient[: problem.trainable], problem.extra)

    form, score, _ = _multiplier_form(problem, lo, hi, slopes, value)
    return _root_up(np.fmin(natural, form)), score


def _second_order(problem: Problem, lo: Floats, hi: Floats, case: np.ndarray) -> tuple[Floats, Floats]:
    """``λ_max(D²_θφ)``."""
    count, n = lo.shape[1], problem.trainable
    centre = problem.project(lo + 0.5 * (hi - lo))
    middle = _matrix([[_middle(h, count) for h in row] for row in _hessian(problem, centre, centre, case)[1]])
    u, second = _eigenvectors(middle)
    sweep, hessian = _hessian(problem, lo, hi, case, 2)
    direction = _directions(problem, [points(row) for row in u])
    product, third = sweep.along(direction, 2)
    natural = _inner(direction, product)
    slopes = [None if t is None else t.scaled(2.0) for t in third]

    def value(at: Floats) -> Batch:
        return _inner(direction, _sweep(problem, at, at, case, 1).along(direction)[0])

    form, score, spare = _multiplier_form(problem, lo, hi, slopes, value)
    # ‖P(Hu)‖ ≤ ‖Hu − a u‖ for every a; and H differs from the matrix in the middle by at most the distances below.
    a = natural.middle
    across = np.zeros(count)
    for p, w in zip(product[:n], u, strict=True):
        across = across + _distance(p, a * w) ** 2
    spread, frobenius, rows = np.zeros(count), np.zeros(count), [np.zeros(count)] * n
    for j, row in enumerate(hessian):
        for k, h in enumerate(row):
            weight = 1.0 if j == k else 2.0
            size = np.zeros(count) if h is None else h.magnitude
            spread = spread + weight * _distance(h, middle[j, k]) ** 2
            frobenius = frobenius + weight * size * size
            rows[j] = rows[j] + size
            rows[k] = rows[k] + (size if j != k else 0.0)
    length = (u * u).sum(axis=0)
    skew = np.abs(length - 1.0) + 8 * n * UNIT
    r = np.sqrt(across) * (1.0 + skew) * SLACK
    s = second + np.sqrt(spread) * SLACK
    drift = 2.0 * skew * natural.magnitude
    split = np.fmin(_top(form + drift, s + spare, r), _top(natural.upper + drift, s, r))
    split = np.where(skew < 2.0**-20, split, np.inf)
    upper = np.fmin(split, np.fmin(np.sqrt(frobenius), np.max(rows, axis=0)) * SLACK)
    # What r and s add to f is not seen by its slopes: it counts for the coordinates by their widths.
    share = (hi - lo) / np.maximum(problem.hi - problem.lo, 1e-300)[:, None]
    return upper, score + np.maximum(upper - np.fmin(form, natural.upper), 0.0) * share


def _multiplier_form(
    problem: Problem,
    lo: Floats,
    hi: Floats,
    slopes: Coefficients,
    value: Callable[[Floats], Batch],
) -> tuple[Floats, Floats, Floats]:
    """Bound ``f(v) + Σ_b μ_b (R_b² − ‖v_b‖²)`` on the boxes, where the second term is ``t ≥ 0`` in the region.

    Returns:
        The bound; for each coordinate its part in it; and a bound on ``t`` in the region.
    """
    count = lo.shape[1]
    middle = lo + 0.5 * (hi - lo)
    low = np.stack([np.zeros(count) if s is None else np.broadcast_to(s.lower, count) for s in slopes])
    high = np.stack([np.zeros(count) if s is None else np.broadcast_to(s.upper, count) for s in slopes])
    guess = np.nan_to_num(0.5 * (low + high), posinf=0.0, neginf=0.0) if problem.constraints else low
    multiplier = np.zeros_like(lo) if problem.constraints else np.zeros((len(lo), 1))
    factors = []
    for constraint in problem.constraints:
        factor = _factor(constraint, lo, hi, middle, guess)
        factors.append(factor)
        multiplier[constraint.variables] = factor
    # Where f − μ‖v‖² is monotone in a coordinate, the form is taken around that face.
    pull = 2.0 * multiplier * lo, 2.0 * multiplier * hi
    rising, falling = low - np.maximum(*pull) > 0, high - np.minimum(*pull) < 0
    at = np.where(rising, hi, np.where(falling, lo, middle))
    scale = np.fmax(np.abs(low), np.abs(high)) + 2.0 * np.abs(multiplier * at)
    upward = _rise(high - 2.0 * multiplier * at + 4 * UNIT * scale, (hi - at) * SLACK, multiplier)
    downward = _rise(2.0 * multiplier * at - low + 4 * UNIT * scale, (at - lo) * SLACK, multiplier)
    rise = np.maximum(upward, downward)
    terms = [np.broadcast_to(value(at).upper, count), rise.sum(axis=0) * SLACK]
    spare = np.zeros(count)
    for constraint, factor in zip(problem.constraints, factors, strict=True):
        part, index = at[constraint.variables], constraint.variables
        square = (part * part).sum(axis=0)
        room = np.where(factor >= 0, factor * constraint.high, factor * constraint.low) - factor * square
        terms.append(room + 8 * len(index) * UNIT * np.abs(factor) * (constraint.high + square + TINY))
        if not constraint.sphere:
            near = np.maximum(np.maximum(lo[index], -hi[index]), 0.0)
            spare = spare + factor * np.maximum(constraint.high * SLACK + TINY - (near * near).sum(axis=0) / SLACK, 0.0)
    stacked = np.stack(terms)
    bound = stacked.sum(axis=0) + 2 * len(terms) * UNIT * np.abs(stacked).sum(axis=0)
    return bound, rise + _SHARE * np.fmax(np.abs(low), np.abs(high)) * (hi - lo), spare * SLACK


def _factor(constraint: Constraint, lo: Floats, hi: Floats, middle: Floats, slope: Floats) -> Floats:
    """A multiplier ``μ`` with ``∇f ≈ 2μ v`` in the middle of the box; 0 off the boundary of a ball."""
    index = constraint.variables
    part = middle[index]
    factor = (slope[index] * part).sum(axis=0) / np.maximum(2.0 * (part * part).sum(axis=0), 1e-300)
    factor = np.where(np.abs(factor) < 1e150, factor, 0.0)
    if constraint.sphere:
        return factor
    far = np.maximum(-lo[index], hi[index])
    return np.where((far * far).sum(axis=0) >= constraint.low, np.maximum(factor, 0.0), 0.0)


def _rise(slope: Floats, reach: Floats, multiplier: Floats) -> Floats:
    """The largest ``slope·d − μ d²`` over ``0 ≤ d ≤ reach``, rounded up."""
    if multiplier.shape[1] == 1:  # no ball at all
        rise = np.maximum(slope, 0.0) * reach * SLACK
        return np.where(np.isnan(rise), np.where(reach == 0.0, 0.0, np.inf), rise)
    end = slope * reach - multiplier * reach * reach
    end = end + 8 * UNIT * (np.abs(slope) + np.abs(multiplier) * reach) * reach
    inside = (multiplier > 0) & (slope < 2.0 * multiplier * reach)
    peak = slope * (slope / np.where(inside, 4.0 * multiplier, 1.0)) * SLACK + TINY
    rise = np.where(inside, np.where(slope > 0, peak, 0.0), np.maximum(end, 0.0))
    rise = np.where(reach == 0.0, 0.0, rise)
    return np.where(np.isnan(rise), np.inf, rise)


def _sweep(problem: Problem, lo: Floats, hi: Floats, case: np.ndarray, degree: int) -> Sweep:
    variables = [points(row) for row in lo] if lo is hi else problem.variables(lo, hi)
    return Sweep(problem.tape, problem.tape.leaves(variables, case), degree)


def _directions(problem: Problem, direction: Sequence[Batch | None]) -> Coefficients:
    """A direction in the parameters, as one in all variables."""
    return [*direction, *[None] * (problem.tape.variables - problem.trainable)]


def _hessian(
    problem: Problem, lo: Floats, hi: Floats, case: np.ndarray, degree: int = 1
) -> tuple[Sweep, list[list[Batch | None]]]:
    """The sweep, and the lower triangle of ``D²_θφ`` by rows."""
    sweep, n = _sweep(problem, lo, hi, case, degree), problem.trainable
    columns = [sweep.along(_directions(problem, [ONE if i == k else None for i in range(n)]))[0] for k in range(n)]
    return sweep, [[columns[k][j] for k in range(j + 1)] for j in range(n)]


def _matrix(rows: Sequence[Sequence[Floats]]) -> Floats:
    """Symmetric matrices of shape (n, n, count) from the entries of the lower triangle."""
    n, count = len(rows), len(rows[0][0])
    result = np.empty((n, n, count))
    for j, row in enumerate(rows):
        for k, entry in enumerate(row):
            result[j, k] = result[k, j] = entry
    return result


def _eigenvectors(matrix: Floats) -> tuple[Floats, Floats]:
    """Approximate top eigenvectors ``u`` of shape (n, count), and bounds on ``yᵀMy`` over the unit ``y ⟂ u``.

    With the computed ``Q``, ``Λ``: ``yᵀMy ≤ Σ λ_i (q_iᵀy)² + ‖M − QΛQᵀ‖``, where the top term is 0, and the others'
    weights sum to 1 up to ``‖QᵀQ − I‖``.
    """
    n, _, count = matrix.shape
    finite = np.isfinite(matrix).all(axis=(0, 1))
    matrix = np.where(finite, matrix, 0.0)
    values, q = _rotated(matrix)
    u = np.take_along_axis(q, values.argmax(axis=0)[None, None], axis=1)[:, 0]
    if n == 1:
        return u, np.full(count, -np.inf)
    rest, gram = matrix.copy(), -np.repeat(np.eye(n)[:, :, None], count, axis=2)
    for k in range(n):
        rest -= q[:, None, k] * values[k] * q[None, :, k]
        gram += q[k, :, None] * q[k, None, :]
    residue, skew = (np.sqrt((part * part).sum(axis=(0, 1))) for part in (rest, gram))
    rounding = 8 * n**3 * UNIT
    largest = np.abs(values).max(axis=0)
    second = np.sort(values, axis=0)[-2] + (skew + 2.0 * rounding) * largest * SLACK + residue * SLACK
    return u, np.where(finite, second, np.inf)


def _rotated(matrix: Floats) -> tuple[Floats, Floats]:
    """Approximate eigenvalues (n, count) and eigenvectors, the columns of (n, n, count), by Jacobi's rotations.

    Written out, since LAPACK's last bits vary from process to process, and with them would the boxes.
    """
    n, _, count = matrix.shape
    a, q = matrix.copy(), np.repeat(np.eye(n)[:, :, None], count, axis=2)
    for _ in range(_SWEEPS):
        for i in range(n - 1):
            for j in range(i + 1, n):
                entry = a[i, j]
                ratio = (a[j, j] - a[i, i]) / np.where(entry == 0.0, 1.0, 2.0 * entry)
                t = np.where(ratio < 0, -1.0, 1.0) / (np.abs(ratio) + np.sqrt(ratio * ratio + 1.0))
                t = np.where(entry == 0.0, 0.0, t)
                c = 1.0 / np.sqrt(t * t + 1.0)
                s = t * c
                a[i], a[j] = c * a[i] - s * a[j], s * a[i] + c * a[j]
                a[:, i], a[:, j] = c * a[:, i] - s * a[:, j], s * a[:, i] + c * a[:, j]
                q[:, i], q[:, j] = c * q[:, i] - s * q[:, j], s * q[:, i] + c * q[:, j]
    return np.stack([a[k, k] for k in range(n)]), q


def _top(alpha: Floats, s: Floats, r: Floats) -> Floats:
    """The larger eigenvalue of ``[[α, r], [r, s]]``, rounded up; it increases in each of the three."""
    half = 0.5 * (alpha - s)
    top = 0.5 * (alpha + s) + np.sqrt(half * half + r * r)
    top = top + 8 * UNIT * (np.abs(alpha) + np.abs(s) + r)
    return np.where(s == -np.inf, alpha, np.where(np.isnan(top), np.inf, top))


def _inner(u: Coefficients, v: Coefficients) -> Batch:
    result = None
    for x, y in zip(u, v, strict=True):
        if x is not None and y is not None:
            result = x * y if result is None else result + x * y
    return _ZERO if result is None else result


def _square_sum(parts: Coefficients, extra: float) -> Batch:
    result = points(np.array([extra]))
    for part in parts:
        if part is not None:
            result = result + part.squared()
    return result


def _distance(x: Batch | None, centre: Floats) -> Floats:
    """A bound on the distance of the number in ``x`` from ``centre``."""
    if x is None:
        return np.abs(centre)
    far = np.maximum(x.upper - centre, centre - x.lower)
    return far + UNIT * (np.abs(far) + np.abs(centre))


def _middle(x: Batch | None, count: int) -> Floats:
    return np.zeros(count) if x is None else np.broadcast_to(x.middle, count)


def _root_up(square: Floats) -> Floats:
    return np.nextafter(np.sqrt(np.maximum(square, 0.0)), np.inf)
