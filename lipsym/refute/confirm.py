"""From a candidate in floating point to a proved lower bound.

Invariant: the parameters returned are rationals inside the region, decided by ``region.contains`` in exact arithmetic,
the input is one the claim is about, and the value is a lower bound of the derivative's norm exactly there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from lipsym.enclose.derivatives import hessian_lipschitz_lower, lipschitz_lower, smoothness_lower
from lipsym.enclose.flow.norms import flow_lower
from lipsym.enclose.inside import ExactPairs, inside, inside_ball
from lipsym.enclose.losses import loss_hessian_lipschitz_lower, loss_lipschitz_lower, loss_smoothness_lower
from lipsym.errors import InputError
from lipsym.nets.claim import ORDERS
from lipsym.nets.inputs import Dataset
from lipsym.nets.network import Network
from lipsym.nets.odes import ControlledODE
from lipsym.nets.quantities import at_values
from lipsym.refute.ascent import Candidate, maximise


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A certified lower bound of a supremum.

    Args:
        value: at most the norm of the derivative at ``params`` and ``x``, hence at most the supremum.
        params: rationals inside the region, one pair ``(A, b)`` of arrays of ``Fraction`` per block.
        x: the input, rationals; ``None`` for a loss.
        evaluations: what the search spent.
    """

    value: Fraction
    params: ExactPairs
    x: tuple[Fraction, ...] | None
    evaluations: int


def confirm(
    network: Network,
    region: Any,
    inputs: Any,
    candidate: Candidate,
    quantity: str = "lipschitz",
    values: Mapping[Any, Any] | None = None,
    loss: Any = None,
    precision: int = 128,
) -> Confirmed:
    """Move a candidate to rationals inside the region and prove a lower bound there.

    Args:
        network, region, inputs, quantity, values, loss: as the candidate was searched for.
        candidate: what ``maximise`` returned.
        precision: working precision in bits.

    Raises:
        InputError: if no rational point of the region is found near the candidate.
    """
    params = inside(network, region, candidate.params, values)
    x = None if loss is not None else exact_input(inputs, candidate.x, values)
    value = value_at(network, params, x, inputs, quantity, loss, [candidate.direction], precision)
    return Confirmed(value, params, x, candidate.evaluations)


def value_at(
    network: Network,
    params: Any,
    x: tuple[Fraction, ...] | None,
    inputs: Any,
    quantity: str,
    loss: Any = None,
    directions: Any = None,
    precision: int = 128,
) -> Fraction:
    """A certified lower bound of the derivative's norm at exact parameters.

    Args:
        network, quantity, loss: as in a claim.
        params: one pair ``(A, b)`` of exact arrays per block.
        x: the input of a network; ``inputs`` is the data set of a loss.
        directions: where to look beyond order 1; left out: what a power iteration proposes.
        precision: working precision in bits.

    Raises:
        InputError: for a loss or the third order of a controlled equation, which no integration here follows.
    """
    if isinstance(network, ControlledODE):
        check_searched(network, ORDERS[quantity], loss)
        return flow_lower(network, params, x or (), ORDERS[quantity], None if quantity == "lipschitz" else directions)
    if loss is not None:
        if quantity == "lipschitz":
            return loss_lipschitz_lower(network, params, inputs, loss, precision=precision)
        bound = loss_smoothness_lower if quantity == "smoothness" else loss_hessian_lipschitz_lower
        return bound(network, params, inputs, loss, directions, precision=precision)
    at = np.array(x, dtype=object)
    if quantity == "lipschitz":
        return lipschitz_lower(network, params, at, precision)
    lower = smoothness_lower if quantity == "smoothness" else hessian_lipschitz_lower
    return lower(network, params, at, directions, precision)


def check_searched(ode: ControlledODE, order: int, loss: Any) -> None:
    """Raise unless a derivative of the equation can be confirmed at a point.

    Raises:
        InputError: for a loss on top, or the third order.
    """
    if loss is not None or order > 2:
        asked = "the third order" if loss is None else f"the {loss.name} loss"
        raise InputError(
            f"{asked} of the controlled equation {ode.spec} was given",
            "points confirm the first two derivatives of its state X_T, and nothing else",
            "ask about the lipschitz constant or the smoothness of the equation, or derive an upper bound",
        )


def exact_input(inputs: Any, x: np.ndarray | None, values: Mapping[Any, Any] | None) -> tuple[Fraction, ...]:
    """Rationals near ``x`` that the claim is about.

    Raises:
        InputError: without an input, or for one that is not in the data.
    """
    if x is None:
        raise InputError(
            "a candidate without an input was given",
            "the derivative of a network is taken at an input",
            "confirm it with the loss it was searched for",
        )
    if not isinstance(inputs, Dataset):
        return inside_ball(x, at_values(inputs.radius, values, "the radius of the inputs"))
    point = tuple(Fraction(v) for v in x.tolist())  # the search takes points of the data as they are
    if point not in {tuple(Fraction(v) for v in row) for row in inputs.points.tolist()}:
        raise InputError("an input that is not in the data was given", "the data are finitely many", "search again")
    return point


def certified_lower(
    network: Network,
    region: Any,
    inputs: Any,
    quantity: str = "lipschitz",
    values: Mapping[Any, Any] | None = None,
    seed: int = 0,
    evaluations: int = 40_000,
    loss: Any = None,
    precision: int = 128,
) -> Confirmed:
    """``maximise``, then ``confirm``: a certified lower bound of the supremum over the region.

    Example:
        >>> from lipsym.nets.inputs import InputBall
        >>> from lipsym.nets.network import mlp
        >>> from lipsym.nets.regions import ProductBall
        >>> found = certified_lower(mlp([1, 1], "identity"), ProductBall(2), InputBall(1), evaluations=400)
        >>> 1.41 < found.value <= Fraction(14143, 10000)
        True
    """
    candidate = maximise(network, region, inputs, quantity, values, seed, evaluations, loss)
    return confirm(network, region, inputs, candidate, quantity, values, loss, precision)
