"""The mixed-monotone embedding: a box around the states of one step from an ODE for its lower and upper corners.

Invariant: every solution from the box stays, at the end of the step, in the box returned. It applies to sums of
``c·σ(Ax + b)`` with non-decreasing ``σ``; elsewhere there is no box, and nothing is lost but tightness.

Let ``x`` be a solution with ``l(0) ≤ x(0) ≤ u(0)`` and ``|x_j| ≤ e_j`` on the step, ``A`` in ``m ± r``. Let ``l_i'`` be
the sum of ``c σ(m_ii l_i + Σ_{j≠i} (m_ij⁺ l_j − m_ij⁻ u_j) − Σ_j r_ij e_j + b_i⁻)`` over the terms with ``c ≥ 0``, and
with the other end of each for ``c < 0``; ``u_i'`` likewise from above. Then ``l ≤ x ≤ u`` (Müller, Kamke). All data of
this ODE in dimension ``2d`` are points, so that no box is ever wrapped by it. Proof: proofs/validated-flow.md.
"""

from __future__ import annotations

from flint import arb, arb_mat

from lipsym.enclose.flow.field import Field, Term
from lipsym.enclose.flow.recurrences import RECURRENCES
from lipsym.enclose.flow.seeds import Coordinates
from lipsym.enclose.flow.step import point_step
from lipsym.nets.layers.affine import Affine
from lipsym.nets.layers.elementwise import Elementwise

_WIDE = arb(2) ** -30
_ORDER = 8


def embedded(field: Field, states: arb_mat, span: arb_mat, start: arb, length: arb, order: int) -> arb_mat | None:
    """A box that contains the states at the end of a step, or ``None`` where the embedding says nothing.

    Args:
        field: the right-hand side, its parameters over their whole set.
        states: the box at the start.
        span: contains the states of the whole step.
        start, length: the step.
        order: of the Taylor polynomials; beyond a few orders nothing is gained.
    """
    rows = states.nrows()
    terms = [_monotone(term, rows) for term in field.terms]
    if any(found is None for found in terms) or all(x.rad() < _WIDE for x in states.entries()):
        return None
    corners, parameters = [], {}
    for index, found in enumerate(terms):
        if found is None:
            return None
        affine, activation = found
        matrix, bias = field.parameters[affine.block]
        parameters[index] = _corners(matrix, bias, span, field.terms[index].rate > 0)
        layers = (Affine(2 * rows, 2 * rows, index), *(() if activation is None else (activation,)))
        corners.append(Term(field.terms[index].rate, layers))
    box = states.entries()
    start_box = arb_mat(2 * rows, 1, [x.lower() for x in box] + [x.upper() for x in box])
    doubled = Field(tuple(corners), parameters, Coordinates(2 * rows, {}, {}))
    end = point_step(doubled, start_box, start, length, min(order, _ORDER))
    if end is None:
        return None
    low, high = end.entries()[:rows], end.entries()[rows:]
    return arb_mat(rows, 1, [a.lower().union(b.upper()) for a, b in zip(low, high, strict=True)])


def _monotone(term: Term, rows: int) -> tuple[Affine, Elementwise | None] | None:
    """The affine layer and the activation (doubled) of a term the embedding knows, with a rate of known sign."""
    if term.timed or not (term.rate > 0 or term.rate < 0) or not term.layers:
        return None
    affine = term.layers[0]
    if not isinstance(affine, Affine) or not affine.inputs == affine.outputs == rows:
        return None
    if len(term.layers) == 1:
        return affine, None
    second = term.layers[1]
    if len(term.layers) > 2 or not isinstance(second, Elementwise):
        return None
    rule = RECURRENCES.get(second.activation.name)
    if rule is None or not rule.increasing:
        return None
    return affine, Elementwise(second.activation, 2 * int(second.width))


def _corners(matrix: arb_mat, bias: arb_mat | None, span: arb_mat, positive: bool) -> tuple[arb_mat, arb_mat]:
    """Matrix and bias of the arguments of ``σ`` for the lower (first half) and the upper corner.

    A term with a negative rate is smallest where its argument is largest, so its two halves are exchanged.
    """
    rows = matrix.nrows()
    sizes = [x.abs_upper() for x in span.entries()]
    table = matrix.tolist()
    offsets = [arb(0)] * rows if bias is None else bias.entries()
    result, shifts = arb_mat(2 * rows, 2 * rows), [arb(0)] * (2 * rows)
    for i, row in enumerate(table):
        spread = arb(0)
        for x, size in zip(row, sizes, strict=True):
            spread += x.rad() * size
        for half in (0, rows):
            smallest = (half == 0) == positive
            for j, x in enumerate(row):
                m = x.mid()
                at = half + j if j == i else j + (0 if (m > 0) == smallest else rows)
                result[half + i, at] = m
            end = offsets[i].lower() - spread if smallest else offsets[i].upper() + spread
            shifts[half + i] = end.lower() if smallest else end.upper()
    return result, arb_mat(2 * rows, 1, shifts)
