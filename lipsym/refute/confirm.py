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
from lipsym.enclose.inside import ExactPairs, inside, inside_ball
from lipsym.enclose.losses import loss_hessian_lipschitz_lower, loss_lipschitz_lower, loss_smoothness_lower
from lipsym.errors import InputError
from lipsym.nets.inputs import Dataset
from lipsym.nets.network import Network
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
    direction = [candidate.direction]
    if loss is not None:
        if quantity == "lipschitz":
            value = loss_lipschitz_lower(network, params, inputs, loss, precision=precision)
        else:
            bound = loss_smoothness_lower if quantity == "smoothness" else loss_hessian_lipschitz_lower
            value = bound(network, params, inputs, loss, direction, precision=precision)
        return Confirmed(value, params, None, candidate.evaluations)
    if candidate.x is None:
        raise InputError(
            "a candidate without an input was given",
            "the derivative of a network is taken at an input",
            "confirm it with the loss it was searched for",
        )
    if isinstance(inputs, Dataset):  # the search takes points of the data as they are
        x = tuple(Fraction(v) for v in candidate.x.tolist())
        exact_points = {tuple(Fraction(v) for v in row) for row in inputs.points.tolist()}
        if x not in exact_points:
            raise InputError("an input that is not in the data was given", "the data are finitely many", "search again")
    else:
        x = inside_ball(candidate.x, at_values(inputs.radius, values, "the radius of the inputs"))
    at = np.array(x, dtype=object)
    if quantity == "lipschitz":
        value = lipschitz_lower(network, params, at, precision)
    else:
        lower = smoothness_lower if quantity == "smoothness" else hessian_lipschitz_lower
        value = lower(network, params, at, direction, precision)
    return Confirmed(value, params, x, candidate.evaluations)


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
