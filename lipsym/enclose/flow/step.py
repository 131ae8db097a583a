"""One validated step: enclosures of the flow over a time ``h`` and of its first two derivatives, over a set.

Invariant: the a priori enclosure contains every solution from the set on all of ``[0, h]`` (Picard), and each Taylor
polynomial comes with Lagrange's remainder over that enclosure. Proof: proofs/validated-flow.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from flint import arb, arb_mat

from lipsym.enclose.flow.field import Field, Jet

JACOBIAN_ORDER = 3
"""The order of the flow's Jacobian where it serves for the set's shape alone, not as a result; 1 for a tiny set."""

TINY = arb(2) ** -40

_ZERO = arb(0)
_TRIALS = 12
_INFLATION = arb(1) / 16


@dataclass(frozen=True, slots=True)
class Local:
    """The flow ``φ`` of one step.

    Args:
        centre: encloses ``φ`` at the centre of the set.
        first: over the set, encloses the derivative by the step's own variables: the initial state, then those of the
            field's seeds.
        second: likewise the second derivative, its columns the pairs of variables; ``None`` if it is not wanted.
        span: contains the states of the whole step.
    """

    centre: arb_mat
    first: arb_mat
    second: arb_mat | None
    span: arb_mat


def flow_step(
    field: Field, middle: Field, hull: arb_mat, centre: arb_mat, start: arb, length: arb, order: int, degree: int
) -> Local | None:
    """Enclose the flow over ``[start, start + length]``, or ``None`` where the step is too long to be validated.

    Args:
        field: with parameters over their whole set.
        middle: the same field with the parameters' centre.
        hull: the states of the set, a column.
        centre: one of them.
        start, length: the time at which the step starts, and how long it is (positive).
        order: of the Taylor polynomials.
        degree: how many derivatives are wanted as results: 0, 1 or 2. With 0 the first is enclosed to a low order.
    """
    span, during = _ZERO.union(length), start + _ZERO.union(length)
    states = a_priori(field, hull, during, span)
    if states is None:
        return None
    whole = _variations(field, states, during, length, span, degree)
    if whole is None:
        return None
    tiny = all(x.rad() < TINY for x in hull.entries())
    jet_order = order if degree else 1 if tiny else min(order, JACOBIAN_ORDER)
    rest = _remainder(field, whole, jet_order, during, length)
    begin = Jet.identity(hull, field.seeds.count, max(degree, 1))
    jet = _polynomial(field.taylor(begin, jet_order, start), length) + rest
    if not degree:
        rest = _remainder(field, Jet(states), order, during, length)
    # Lagrange's remainder over the set is one at its centre.
    point = _polynomial(middle.taylor(Jet(centre), order, start), length).value + rest.value
    parts = [point, jet.first, jet.second]
    if jet.first is None or not all(finite(part) for part in parts if part is not None):
        return None
    return Local(point, jet.first, jet.second, states)


def point_step(field: Field, centre: arb_mat, start: arb, length: arb, order: int) -> arb_mat | None:
    """The state after a step from one point, or ``None`` where the step is too long to be validated."""
    span, during = _ZERO.union(length), start + _ZERO.union(length)
    states = a_priori(field, centre, during, span)
    if states is None:
        return None
    rest = _remainder(field, Jet(states), order, during, length)
    end = (_polynomial(field.taylor(Jet(centre), order, start), length) + rest).value
    return end if finite(end) else None


def a_priori(field: Field, hull: arb_mat, during: arb, span: arb) -> arb_mat | None:
    """A box that contains all solutions from ``hull`` on the whole step, or ``None`` if none was found.

    Let ``E`` be a box with ``hull + [0, h] f(E) ⊂ E``. Then every solution exists and stays in ``E`` on ``[0, h]``.
    """
    image = hull + field.value(Jet(hull), during).value * span
    for _ in range(_TRIALS):
        if not finite(image):
            return None
        trial = _inflated(hull, image)
        image = hull + field.value(Jet(trial), during).value * span
        if finite(image) and trial.contains(image):
            # The image of an enclosure is an enclosure.
            return hull + field.value(Jet(image), during).value * span
    return None


def finite(matrix: arb_mat) -> bool:
    """Whether every entry is a finite ball."""
    return all(x.is_finite() for x in matrix.entries())


def _variations(field: Field, states: arb_mat, during: arb, length: arb, span: arb, degree: int) -> Jet | None:
    """The states of a step together with enclosures, over the step, of the variations that start from the identity.

    Let ``Z' = MZ + G`` with ``M`` and ``G`` in known sets. Then each column of ``Z − Z(0)`` is at most
    ``h e^{mh} c`` in the maximum norm, ``m`` a bound of ``‖M‖_∞`` and ``c`` one of the column of ``MZ(0) + G``
    (Grönwall); and ``Z(0) + [0, h](MZ + G)`` is once more an enclosure.
    """
    rows = states.nrows()
    start = Jet.identity(states, field.seeds.count, 1)
    slope = field.value(start, during).first
    if slope is None or not finite(slope):
        return None
    jacobian = arb_mat([row[:rows] for row in slope.tolist()])
    growth = (length * _norm(jacobian)).exp() * length
    first = _picard(start.first, slope, growth)  # type: ignore[arg-type]
    first = start.first + field.value(Jet(states, first), during).first * span  # type: ignore[operator]
    if degree < 2:
        return Jet(states, first) if finite(first) else None
    zero = arb_mat(rows, first.ncols() ** 2)
    drive = field.value(Jet(states, first, zero), during).second
    if drive is None or not finite(drive):
        return None
    second = _picard(zero, drive, growth)
    second = field.value(Jet(states, first, second), during).second * span  # type: ignore[operator]
    return Jet(states, first, second) if finite(second) else None


def _picard(start: arb_mat, slope: arb_mat, growth: arb) -> arb_mat:
    """``start`` widened, column by column, by ``growth`` times the largest slope."""
    columns = slope.transpose().tolist()
    widths = [growth * _largest(column) for column in columns]
    bound = [arb(0, 1) * width for width in widths]
    return start + arb_mat([bound for _ in range(start.nrows())])


def _largest(entries: list[arb]) -> arb:
    result = _ZERO
    for x in entries:
        result = result.max(x.abs_upper())
    return result


def _norm(matrix: arb_mat) -> arb:
    """An upper bound of the norm induced by the maximum norm."""
    return _largest([sum((abs(x) for x in row), _ZERO) for row in matrix.tolist()])


def _remainder(field: Field, whole: Jet, order: int, during: arb, length: arb) -> Jet:
    """Lagrange's remainder: the next coefficient along the whole step."""
    return field.taylor(whole, order + 1, during)[-1].scale(length ** (order + 1))


def _polynomial(coefficients: list[Jet], length: arb) -> Jet:
    """The Taylor polynomial at ``length``, by Horner's scheme."""
    result = coefficients[-1]
    for coefficient in coefficients[-2::-1]:
        result = result.scale(length) + coefficient
    return result


def _inflated(hull: arb_mat, image: arb_mat) -> arb_mat:
    """The union of two boxes, a little wider, so that the next image may fit."""
    return arb_mat(
        hull.nrows(),
        1,
        [_widened(x.union(y)) for x, y in zip(hull.entries(), image.entries(), strict=True)],
    )


def _widened(x: arb) -> arb:
    return x + arb(0, 1) * (x.rad() * _INFLATION + abs(x.mid()) * _TINY + _TINY)


_TINY = arb(2) ** -60
