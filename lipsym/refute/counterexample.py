"""What an attack on a claim can end with: a proved counterexample, or a record of what the claim survived.

Invariant: a ``Counterexample`` is certified by ball arithmetic at exact rationals inside the claim's region, and the
comparison with the claimed constant is one of exact rationals; ``Survived`` says what was tried, never that a claim
holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Never

import numpy as np

from lipsym.enclose.inside import ExactPairs, inside
from lipsym.enclose.loss_search import steepest_loss_directions
from lipsym.enclose.search import steepest_directions
from lipsym.enclosure import Enclosure
from lipsym.errors import InputError, UndecidedTruthError
from lipsym.nets.claim import ORDERS
from lipsym.nets.inputs import Dataset
from lipsym.nets.odes import ControlledODE
from lipsym.nets.quantities import at_values
from lipsym.refute.confirm import value_at
from lipsym.refute.question import PRECISION, Instance, Values
from lipsym.refute.secant import ExactParameters, secant

NOTHING_FOUND = "no counterexample found"


class _Outcome:
    __slots__ = ()

    def __bool__(self) -> Never:
        raise UndecidedTruthError(
            f"the outcome of an attack ({type(self).__name__}) was used as a truth value",
            "a claim that survived is not proved, so neither branch of an 'if' is safe for it",
            "test for it: isinstance(outcome, lipsym.Counterexample)",
        )


@dataclass(frozen=True, slots=True)
class Counterexample(_Outcome):
    """Exact numbers, parameters and input at which a claim fails.

    Args:
        claim: the claim, as text.
        network: the network with the numbers put in, as text.
        quantity: what the claim bounds.
        values: numbers for the claim's symbols.
        theta: rationals inside the region, one pair ``(A, b)`` per block.
        x: the input; ``None`` for a loss.
        data: the samples of a loss.
        direction: beyond order 1 the ``u`` with ``‖D^k[u, …, u]‖ > claim · ‖u‖^k``; ``None`` for order 1.
        value: an enclosure ``[lo, ∞)`` of the norm of the derivative there.
        claimed: an enclosure of the claimed constant at ``values``.
        theta_prime: a second point of the region whose secant with ``theta`` violates the claim as well, so that it can
            be checked without a derivative of order ``k``; ``None`` where none was proved.
        secant: an enclosure of that secant quotient.
        evaluations: derivatives that the search evaluated.
        tasks: how many numbered tasks the search ran.
        seed: the search is repeated by it.
    """

    claim: str
    network: str
    quantity: str
    values: Values
    theta: ExactParameters
    x: tuple[Fraction, ...] | None
    data: Dataset | None
    direction: ExactParameters | None
    value: Enclosure
    claimed: Enclosure
    theta_prime: ExactParameters | None
    secant: Enclosure | None
    evaluations: int
    tasks: int
    seed: int

    @property
    def ratio(self) -> Enclosure:
        """A certified lower bound of truth/claim, as ``[lo, ∞)``; ``lo > 1``."""
        return quotient(self.value.lo, self.claimed)

    def __str__(self) -> str:
        at = ", ".join(f"{name} = {value}" for name, value in self.values)
        of = f"the claimed constant is {_shown(self.claimed.upper_float())}"
        lines = [f"refuted: {self.claim}", *([f"at {at}"] if at else []), f"network {self.network}"]
        for k, (a, b) in enumerate(self.theta, 1):
            lines.append(f"A_{k} = {_rows(a)}" + ("" if b is None else f", b_{k} = {_row(b)}"))
        lines += [] if self.x is None else [f"x = {_row(self.x)}"]
        return "\n".join([*lines, f"{self.quantity} ≥ {_shown(self.value.lower_float())}, {of}"])


@dataclass(frozen=True, slots=True)
class Survived(_Outcome):
    """No counterexample was found. This is not a proof; how strong the search was is what the record says.

    Args:
        claim: the claim, as text.
        ratio: the largest certified truth/claim that was found, as ``[lo, ∞)``: near 1 the claim is nearly sharp, or
            nearly false; far below 1 the claim is loose, or the search was weak.
        values: the numbers it was found at.
        value: the norm of the derivative there, from below.
        claimed: an enclosure of the claimed constant there.
        theta, x, data: where.
        evaluations: derivatives that were evaluated.
        tasks: how many numbered tasks ran.
        seed: the search is repeated by it.
    """

    claim: str
    ratio: Enclosure
    values: Values
    value: Enclosure
    claimed: Enclosure
    theta: ExactParameters
    x: tuple[Fraction, ...] | None
    data: Dataset | None
    evaluations: int
    tasks: int
    seed: int

    def __str__(self) -> str:
        at = ", ".join(f"{name} = {value}" for name, value in self.values)
        where = f" at {at}" if at else ""
        return (
            f"{NOTHING_FOUND} for {self.claim}\n"
            f"best ratio found: {_shown(self.ratio.lower_float())} of the claim{where}, "
            f"in {self.evaluations} evaluations"
        )


@dataclass(frozen=True, slots=True)
class Point:
    """Exact parameters, input and direction, with what is proved there.

    Args:
        instance: the claim at numbers.
        params: one pair of arrays of ``Fraction`` per block.
        x: the input; ``None`` for a loss.
        direction: in the form of ``params``, or ``None``.
        value: a certified lower bound of the norm of the derivative.
    """

    instance: Instance
    params: ExactPairs
    x: tuple[Fraction, ...] | None
    direction: Any
    value: Fraction

    @property
    def violates(self) -> bool:
        """Whether the claim fails here: two exact numbers are compared."""
        return self.value > self.instance.claimed.hi


def examine(instance: Instance, params: ExactPairs, x: tuple[Fraction, ...] | None, direction: Any = None) -> Point:
    """What ball arithmetic proves at exact parameters and input.

    Args:
        instance: the claim at numbers.
        params: rationals; a point outside the region proves nothing and gets the value 0.
        x: an input of the claim; ``None`` for a loss.
        direction: beyond order 1, where to look first; if that does not violate the claim, a power iteration is asked.
    """
    nothing = Point(instance, params, x, direction, Fraction(0))
    if not (instance.region.contains(params, instance.network, instance.at) and _is_input(instance, x)):
        return nothing
    known = instance.network, params, x, instance.inputs, instance.quantity, instance.loss
    if instance.quantity == "lipschitz":
        return Point(instance, params, x, direction, value_at(*known, precision=PRECISION))
    if direction is not None:
        found = Point(instance, params, x, direction, value_at(*known, [direction], PRECISION))
        if found.violates:
            return found
    return Point(instance, params, x, None, value_at(*known, precision=PRECISION))


def secant_pair(point: Point) -> tuple[ExactParameters, Enclosure] | None:
    """A second point of the region such that the secant violates the claim, too; the farthest one tried."""
    instance = point.instance
    if instance.quantity == "hessian_lipschitz" or isinstance(instance.network, ControlledODE):
        return None
    theta, order = frozen(point.params), ORDERS[instance.quantity]
    x = None if point.x is None else np.array(point.x, dtype=object)
    data = instance.inputs if instance.loss is not None and isinstance(instance.inputs, Dataset) else None
    at = [(_floats(a), None if b is None else _floats(b)) for a, b in point.params]
    if data is not None and instance.loss is not None:
        directions = steepest_loss_directions(instance.network, at, data, instance.loss, order)
    else:
        directions = steepest_directions(instance.network, at, _floats(x), order)
    for power in range(1, 24, 2):
        for sign in (1, -1):
            step = sign * 0.5**power
            moved = [
                (a + step * np.round(da, 2), None if b is None or db is None else b + step * np.round(db, 2))
                for (a, b), (da, db) in zip(at, directions[0], strict=True)
            ]
            other = frozen(inside(instance.network, instance.region, moved, instance.at))
            if other == theta:
                continue
            known = instance.network, theta, other, instance.quantity, x, instance.loss, data
            proved = secant(*known, precision=2 * PRECISION)
            if proved.lo > instance.claimed.hi:
                return other, proved
    return None


def frozen(params: Any) -> ExactParameters:
    """Pairs of arrays as nested tuples of ``Fraction``."""
    return tuple(
        (
            tuple(tuple(Fraction(v) for v in row) for row in np.asarray(a).tolist()),
            None if b is None else tuple(Fraction(v) for v in np.asarray(b).tolist()),
        )
        for a, b in params
    )


def quotient(value: Any, claimed: Enclosure) -> Enclosure:
    """``[value/claimed.hi, ∞)``; for a claimed constant that may be 0 or less, ``[∞, ∞)`` above it and ``[0, ∞)``
    otherwise."""
    infinity = float("inf")
    if isinstance(claimed.hi, float):
        return Enclosure(0, infinity)
    if claimed.hi <= 0:
        return Enclosure(infinity if value > claimed.hi else 0, infinity)
    return Enclosure(Fraction(value) / claimed.hi, infinity)


def _is_input(instance: Instance, x: tuple[Fraction, ...] | None) -> bool:
    """Whether ``x`` is one of the inputs that the claim is about, decided exactly."""
    if instance.loss is not None:
        return x is None
    if x is None:
        return False
    if isinstance(instance.inputs, Dataset):
        return x in {tuple(Fraction(v) for v in row) for row in instance.inputs.points.tolist()}
    square = sum((v * v for v in x), Fraction(0))
    radius = at_values(instance.inputs.radius, instance.at, "the radius of the inputs")
    inside = (radius**2 - square).is_nonnegative
    if inside is None:
        raise InputError(
            f"the radius {radius} of the inputs was given",
            "whether an input lies in the ball could not be decided exactly",
            "give a rational radius",
        )
    return bool(inside)


def _floats(array: Any) -> np.ndarray:
    return np.asarray(array, dtype=object).astype(np.float64)


def _shown(value: float) -> str:
    return f"{value:.6g}"


def _row(row: Any) -> str:
    return "(" + ", ".join(map(str, row)) + ")"


def _rows(rows: Any) -> str:
    return "(" + ", ".join(map(_row, rows)) + ")"
