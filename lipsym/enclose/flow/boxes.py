"""Boxes of initial states and parameters, and how large the derivatives of ``X_T`` are at most on one of them.

Invariant: ``contract`` loses no point of the region, and ``box_bound`` is at least the norm at every point that the
region and the box share. Proof: proofs/validated-flow.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb, arb_mat

from lipsym.domains.balls import ends, midpoints, total, working_precision
from lipsym.enclose.flow.growth import Growth, largest_eigenvalue, norm_bound
from lipsym.enclose.flow.integrate import Piece
from lipsym.enclose.flow.trajectory import Trajectory, trajectory

ORDER, PRECISION, STEPS = 3, 53, 8
"""Low on purpose: a wide box is wide whatever the order, and short steps keep the states of a step together."""

NARROW = 0.5
"""Boxes wider than this are bounded without second derivatives."""

SLACK = 2.0**-40
"""Covers the rounding of the few operations by which a box is contracted."""

_DIRECTIONS = 8


@dataclass(frozen=True, slots=True)
class Constraint:
    """``‖v_I − c_I‖ ≤ R`` for the variables ``I``: their indices, the centre, and a float that is at least ``R``."""

    variables: tuple[int, ...]
    centre: tuple[float, ...]
    radius: float


@dataclass(frozen=True, slots=True)
class BoxProblem:
    """What is maximised, over which variables.

    Args:
        pieces: the equation at numbers.
        shapes: for each block, its key, the shape of ``A`` and whether it has a bias, in the order of the variables.
        state: the initial state where it is fixed; ``None``: the first ``dimension`` variables.
        dimension: of the state.
        order: of the derivative, 1 or 2.
        constraints: the balls of the region and of the inputs.
    """

    pieces: tuple[Piece, ...]
    shapes: tuple[tuple[Any, tuple[int, int], bool], ...]
    state: tuple[Fraction, ...] | None
    dimension: int
    order: int
    constraints: tuple[Constraint, ...]

    @property
    def step(self) -> Fraction:
        """The longest step: a part of the whole time."""
        return sum((piece.duration for piece in self.pieces), Fraction(0)) / STEPS or Fraction(1)

    @property
    def lead(self) -> int:
        """How many variables are initial states."""
        return 0 if self.state is not None else self.dimension

    def split(self, values: Sequence[Any]) -> tuple[dict[Any, tuple[Any, Any]], list[Any]]:
        """Variables as parameters by block, and the initial state."""
        x = list(values[: self.lead]) if self.state is None else list(self.state)
        at, parameters = self.lead, {}
        for block, (rows, columns), biased in self.shapes:
            a = [list(values[at + i * columns : at + (i + 1) * columns]) for i in range(rows)]
            at += rows * columns
            b = list(values[at : at + rows]) if biased else None
            at += rows if biased else 0
            parameters[block] = (a, b)
        return parameters, x


@dataclass(frozen=True, slots=True)
class BoxBound:
    """What is known of one box.

    Args:
        upper: at least the norm everywhere in it; infinite where the integration proved nothing.
        axis: along which variable to bisect.
    """

    upper: float
    axis: int


def contract(problem: BoxProblem, lo: np.ndarray, hi: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """A smaller box with the same points of the region, or ``None`` if it has none.

    On ``‖v − c‖ ≤ R`` holds ``|v_k − c_k|² ≤ R² − Σ_{j≠k} min |v_j − c_j|²``.
    """
    lo, hi = lo.copy(), hi.copy()
    for _ in range(2):
        for constraint in problem.constraints:
            index, centre = list(constraint.variables), np.array(constraint.centre)
            a, b = lo[index] - centre, hi[index] - centre
            near = np.maximum(np.maximum(a, -b), 0.0) * (1 - SLACK)
            square = constraint.radius**2 * (1 + SLACK)
            room = square - (near * near).sum()
            if room < -SLACK * square:
                return None
            reach = np.sqrt(np.maximum(room + near * near, 0.0) + 4 * SLACK * square) * (1 + SLACK)
            # The centre plus a reach that is longer by far more than the sum rounds.
            margin = SLACK * np.abs(centre)
            lo[index] = np.maximum(lo[index], centre - reach - margin)
            hi[index] = np.minimum(hi[index], centre + reach + margin)
            if (lo[index] > hi[index]).any():
                return None
    return lo, hi


def box_bound(problem: BoxProblem, lo: np.ndarray, hi: np.ndarray) -> BoxBound:
    """Bound the norm over a box, as the least of what several estimates give.

    The entries of the derivative over the box; how fast its norm can grow (``Growth``); and, for order 1 on a box that
    is not too wide, the mean value form of ``‖DXᵀu‖²`` for the leading ``u`` at the centre, with a multiplier for each
    ball (see the proof).
    """
    widest = int(np.argmax(hi - lo))
    narrow = bool((hi - lo).max() < NARROW)
    with working_precision(PRECISION):
        box = [arb(a).union(arb(b)) for a, b in zip(lo.tolist(), hi.tolist(), strict=True)]
        growth = Growth(len(box) - problem.lead, problem.order)
        parameters, x = problem.split(box)
        end = _integrated(problem, parameters, x, 2 if narrow else 1, growth)
        if end is None or end.first is None:
            return BoxBound(math.inf, widest)
        if problem.order == 2:
            entries = math.inf if end.second is None else _upper(tensor_bound(problem, end.second))
            return BoxBound(min(entries, _upper(growth.second)), widest)
        upper = min(_upper(norm_bound(_columns(end.first, problem.lead))), _upper(growth.first))
        if end.second is None:
            return BoxBound(upper, widest)
        parameters, x = problem.split([x.mid() for x in box])
        centre = _integrated(problem, parameters, x, 1, None)
        if centre is None or centre.first is None:
            return BoxBound(upper, widest)
        mean, axis = _mean_value(problem, box, end.first, end.second, centre.first)
        return BoxBound(min(upper, mean), axis if mean < math.inf else widest)


def _integrated(problem: BoxProblem, parameters: Any, x: Any, degree: int, watch: Growth | None) -> Trajectory | None:
    variables = "all" if problem.lead else "parameters"
    step = problem.step if watch is not None else problem.step * 2
    order = ORDER if watch is not None else 2 * ORDER
    end = trajectory(problem.pieces, parameters, x, degree, variables, order, step, PRECISION, watch=watch)
    return end if isinstance(end, Trajectory) else None


def tensor_bound(problem: BoxProblem, second: arb_mat) -> arb:
    """An upper bound of ``sup ‖W[u, u]‖`` over unit ``u``, ``W`` the second derivative by the parameters.

    For one output it is the norm of a symmetric matrix. For more, ``‖W[u, u]‖² ≤ uᵀ(Σ_i W_i²)u``; in two dimensions
    also ``sup_w ‖w_1W_1 + w_2W_2‖`` over a polygon around the unit circle, at whose corners the convex norm is largest.
    """
    lead, flat = problem.lead, second.tolist()
    count = math.isqrt(len(flat[0]))
    forms = []
    for row in flat:
        forms.append(arb_mat([row[a * count + lead : (a + 1) * count] for a in range(lead, count)]))
    if len(forms) == 1:
        return _symmetric_norm(forms[0])
    squares = forms[0] * forms[0].transpose()
    for form in forms[1:]:
        squares += form * form.transpose()
    best = largest_eigenvalue(squares).max(arb(0)).sqrt()
    if len(forms) == 2:
        corners = []
        for k in range(_DIRECTIONS):
            angle = arb.pi() * k / _DIRECTIONS
            corners.append(_symmetric_norm(forms[0] * angle.cos() + forms[1] * angle.sin()))
        widest = corners[0]
        for corner in corners[1:]:
            widest = widest.max(corner)
        # Corners at angles π/K apart lie at the distance 1/cos(π/2K) if the circle is to touch the sides.
        best = best.min(widest / (arb.pi() / (2 * _DIRECTIONS)).cos())
    return best


def _mean_value(
    problem: BoxProblem, box: list[arb], first: arb_mat, second: arb_mat, centre: arb_mat
) -> tuple[float, int]:
    """The bound by the leading direction, and the variable that widens it most."""
    lead, rows, count = problem.lead, centre.nrows(), len(box)
    value = _columns(centre, lead)
    frame = _frame(value)
    defect = _orthogonality_defect(frame)
    turned, at_centre = frame.transpose() * _columns(first, lead), frame.transpose() * value
    bent = frame.transpose() * second
    top, table = turned.tolist()[0], bent.tolist()
    # ½ of the gradient of ‖u₀ᵀV‖²; the columns of D²X are pairs (variable, variable).
    slope = [total(v * table[0][k * count + lead + j] for j, v in enumerate(top)) for k in range(count)]
    middle = [x.mid() for x in box]
    least, axis = None, 0
    for multipliers in _multipliers(problem, slope, middle):
        bound = total(v * v for v in at_centre.tolist()[0])
        spread = list(slope)
        for constraint, multiplier in zip(problem.constraints, multipliers, strict=True):
            offsets = [(i, arb(c)) for i, c in zip(constraint.variables, constraint.centre, strict=True)]
            for i, c in offsets:
                spread[i] = spread[i] - multiplier * (box[i] - c)
            bound += multiplier * (arb(constraint.radius) ** 2 - total((middle[i] - c) ** 2 for i, c in offsets))
        moves = [abs(2 * s) * (x - m).abs_upper() for s, x, m in zip(spread, box, middle, strict=True)]
        bound = (bound + total(moves)).abs_upper()
        if least is None or bound < least:
            least, axis = bound, int(np.argmax([_upper(m) for m in moves]))
    if least is None:
        return math.inf, 0
    direct = total(v.abs_upper() ** 2 for v in top)
    leading = least.min(direct)
    if rows == 1:
        return _upper((leading / (1 - defect)).sqrt()), axis
    others = arb_mat(turned.tolist()[1:])
    across = total(_dot(top, row).abs_upper() ** 2 for row in others.tolist()).sqrt()
    rest = norm_bound(others) ** 2
    # The largest eigenvalue of [[a, r], [r, s]] increases with all three.
    half = (leading - rest) / 2
    square = (leading + rest) / 2 + (half * half + across * across).sqrt()
    return _upper((square / (1 - defect)).sqrt()), axis


def _multipliers(problem: BoxProblem, slope: list[arb], middle: list[arb]) -> list[list[arb]]:
    """None, and for each ball the one that balances the slope at the centre of the box (proposals)."""
    balanced = []
    for constraint in problem.constraints:
        v = np.array([float(middle[i]) - c for i, c in zip(constraint.variables, constraint.centre, strict=True)])
        g = np.array([float(slope[i].mid()) for i in constraint.variables])
        square = float(v @ v)
        balanced.append(arb(max(0.0, float(g @ v) / square)) if square > 0 and np.isfinite(g).all() else arb(0))
    return [[arb(0)] * len(balanced), balanced]


def _frame(value: arb_mat) -> arb_mat:
    """Nearly orthonormal floats, the first near the leading left singular vector (a proposal)."""
    middle = midpoints(value)
    if not np.isfinite(middle).all():
        return arb_mat(value.nrows(), value.nrows(), np.eye(value.nrows()).ravel().tolist())
    vectors = np.linalg.svd(middle)[0]
    return arb_mat([[arb(v) for v in row] for row in vectors.tolist()])


def _orthogonality_defect(frame: arb_mat) -> arb:
    """``ε`` with ``‖FᵀF − I‖ ≤ ε``, so that ``λ_max(M) ≤ λ_max(FᵀMF)/(1 − ε)`` for semi-definite ``M``."""
    gram = frame.transpose() * frame
    size, worst = gram.nrows(), arb(0)
    for i, row in enumerate(gram.tolist()):
        worst = worst.max(total(abs(x - int(i == j)) for j, x in enumerate(row)).abs_upper())
    return worst if size else arb(0)


def _symmetric_norm(form: arb_mat) -> arb:
    """An upper bound of the spectral norm of every symmetric matrix in a ball matrix."""
    return largest_eigenvalue(form).max(largest_eigenvalue(-form)).max(arb(0))


def _columns(matrix: arb_mat, lead: int) -> arb_mat:
    return matrix if not lead else arb_mat([row[lead:] for row in matrix.tolist()])


def _dot(a: list[arb], b: list[arb]) -> arb:
    return total(x * y for x, y in zip(a, b, strict=True))


def _upper(x: arb) -> float:
    """A float that is at least every number in a ball."""
    if not x.is_finite():
        return math.inf
    return ends(x).upper_float()
