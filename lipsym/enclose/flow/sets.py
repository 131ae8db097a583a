"""Sets of jets: the states, first and second variations that belong to a set of initial states and parameters.

Invariant: for every offset ``δ`` of the variables in its set there are ``ρ``, ``P``, ``Q`` in the balls ``rest``,
``first_rest``, ``second_rest`` with

    ``x = centre + slope·δ + basis·ρ``,   ``Dx = slope + basis·P``,   ``D²x = curvature + basis·Q``,

the derivatives by all variables. One invertible ``basis`` serves all three, since all three are carried by the same
Jacobian; it follows that Jacobian (Lohner's method), so that boxes are not wrapped again and again. The linear part
``slope·δ`` keeps the dependence on the initial variables for ever.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from flint import arb, arb_mat

from lipsym.domains.balls import ball_matrix, midpoints, total
from lipsym.enclose.flow.step import Local


@dataclass(frozen=True, slots=True)
class Offsets:
    """A set of offsets of the variables: a box around 0, of which some groups of variables may lie in a ball.

    Args:
        box: a column of balls that contains the set.
        balls: pairs of the variables' indices and the radius of the Euclidean ball they lie in together.
    """

    box: arb_mat
    balls: tuple[tuple[tuple[int, ...], arb], ...] = ()

    def image(self, matrix: arb_mat) -> arb_mat:
        """A column that contains ``matrix·δ``: by rows, with ``|row·δ| ≤ ‖row‖ r`` on a ball (Cauchy–Schwarz)."""
        if not self.balls:
            return matrix * self.box
        joint = {i for group, _ in self.balls for i in group}
        box = arb_mat(self.box.nrows(), 1, [arb(0) if i in joint else x for i, x in enumerate(self.box.entries())])
        result = (matrix * box).entries()
        for i, row in enumerate(matrix.tolist()):
            for group, radius in self.balls:
                length = total(row[j].abs_upper() ** 2 for j in group).sqrt().abs_upper()
                result[i] += arb(0, 1) * (length * radius)
        return arb_mat(len(result), 1, result)


@dataclass(frozen=True, slots=True)
class JetSet:
    """See the module; ``states`` contains the states, perhaps by more than the representation itself knows."""

    offsets: Offsets
    centre: arb_mat
    slope: arb_mat
    curvature: arb_mat | None
    basis: arb_mat
    rest: arb_mat
    first_rest: arb_mat
    second_rest: arb_mat | None
    states: arb_mat

    @property
    def first(self) -> arb_mat:
        """Encloses ``Dx`` over the set, of shape (d, N)."""
        return self.slope + self.basis * self.first_rest

    @property
    def second(self) -> arb_mat | None:
        """Encloses ``D²x`` over the set, of shape (d, N²)."""
        if self.curvature is None or self.second_rest is None:
            return None
        return self.curvature + self.basis * self.second_rest


def jet_set(states: arb_mat, slope: arb_mat, offsets: Offsets, degree: int) -> JetSet:
    """The set at the start.

    Args:
        states: the initial states; with ``slope`` 0 their box does not depend on the variables.
        slope: their derivative by the variables: 0, or the identity in the first ``d``.
        offsets: the variables' offsets from their centre.
        degree: 0, 1 or 2.
    """
    rows, count = states.nrows(), slope.ncols()
    centre, zero = states.mid(), arb_mat(rows, count)
    flat = arb_mat(rows, count * count) if degree > 1 else None
    moved = any(not x.is_zero() for x in slope.entries())
    rest = arb_mat(rows, 1) if moved else states - centre
    return JetSet(offsets, centre, slope, flat, identity(rows), rest, zero, flat, states)


def advance(old: JetSet, local: Local) -> JetSet:
    """The image of a set under one step.

    Let ``J`` and ``K`` be the step's derivatives by the state and by the parameters. By the mean value theorem the
    image is ``φ(centre) + J(x − centre) + Kδ``, and the chain rule carries the derivatives along.
    """
    rows, count = old.slope.nrows(), old.slope.ncols()
    table = local.first.tolist()
    jacobian = arb_mat([row[:rows] for row in table])
    own = arb_mat(rows, count)
    lead = count - (local.first.ncols() - rows)
    for i, row in enumerate(table):
        for a, value in enumerate(row[rows:]):
            own[i, lead + a] = value
    carried = jacobian * old.slope + own
    slope, centre, turned = carried.mid(), local.centre.mid(), jacobian * old.basis
    basis = _frame(turned, old.rest)
    inverse = _inverse(basis)
    if inverse is None:
        basis = inverse = identity(rows)
    turned = inverse * turned
    rounded = carried - slope
    rest = turned * old.rest + inverse * (old.offsets.image(rounded) + local.centre - centre)
    first_rest = turned * old.first_rest + inverse * rounded
    curvature = second_rest = None
    if local.second is not None and old.curvature is not None and old.second_rest is not None:
        bent = jacobian * old.curvature + _pulled_back(local.second, old.first, lead)
        curvature = bent.mid()
        second_rest = turned * old.second_rest + inverse * (bent - curvature)
    states = centre + old.offsets.image(slope) + basis * rest
    return JetSet(old.offsets, centre, slope, curvature, basis, rest, first_rest, second_rest, states)


def identity(size: int) -> arb_mat:
    """The identity matrix."""
    return arb_mat(size, size, [int(i == j) for i in range(size) for j in range(size)])


def _pulled_back(second: arb_mat, first: arb_mat, lead: int) -> arb_mat:
    """``D²φ[(Dx, Dθ), (Dx, Dθ)]``: for each output the form on (state, parameters) in terms of the variables."""
    rows, count = first.nrows(), first.ncols()
    inner = arb_mat(rows + count - lead, count)
    for i, row in enumerate(first.tolist()):
        for a, value in enumerate(row):
            inner[i, a] = value
    for a in range(lead, count):
        inner[rows + a - lead, a] = 1
    size, outer, flat = inner.nrows(), inner.transpose(), []
    for form in second.tolist():
        flat += (outer * arb_mat(size, size, form) * inner).entries()
    return arb_mat(rows, count * count, flat)


def _frame(turned: arb_mat, rest: arb_mat) -> arb_mat:
    """An orthogonal float matrix near the axes of ``turned·rest``, longest first (a proposal: any basis is sound)."""
    middle = midpoints(turned)
    if not np.isfinite(middle).all():
        return identity(turned.nrows())
    widths = midpoints(arb_mat(rest.nrows(), 1, [x.abs_upper() for x in rest.entries()])).ravel()
    order = np.argsort(-np.linalg.norm(middle, axis=0) * (widths + 1e-300), kind="stable")
    return ball_matrix(np.linalg.qr(middle[:, order])[0])


def _inverse(basis: arb_mat) -> arb_mat | None:
    try:
        return basis.inv()
    except ZeroDivisionError:
        return None
