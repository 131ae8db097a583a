"""From a candidate in floating point to a proved lower bound.

Invariant: the parameters returned are rationals inside the region, decided by ``region.contains`` in exact arithmetic,
the input is one the claim is about, and the value is a lower bound of the derivative's norm exactly there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from lipsym.enclose.derivatives import hessian_lipschitz_lower, lipschitz_lower, smoothness_lower
from lipsym.enclose.flow.norms import flow_lower
from lipsym.enclose.losses import loss_hessian_lipschitz_lower, loss_lipschitz_lower, loss_smoothness_lower
from lipsym.enclose.search import model
from lipsym.errors import InputError
from lipsym.nets.claim import ORDERS
from lipsym.nets.inputs import Dataset
from lipsym.nets.network import Network
from lipsym.nets.odes import ControlledODE
from lipsym.nets.quantities import at_values
from lipsym.nets.regions import Box
from lipsym.refute.ascent import Candidate, maximise
from lipsym.refute.geometry import geometry

FRACTION_BITS = 48
"""Parameters are rounded to multiples of about ``2**-48`` of the region's size."""

ExactPairs = list[tuple[np.ndarray, np.ndarray | None]]


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
    """
    if loss is not None:
        if quantity == "lipschitz":
            return loss_lipschitz_lower(network, params, inputs, loss, precision=precision)
        bound = loss_smoothness_lower if quantity == "smoothness" else loss_hessian_lipschitz_lower
        return bound(network, params, inputs, loss, directions, precision=precision)
    if isinstance(network, ControlledODE):
        return flow_lower(network, params, x or (), ORDERS[quantity], None if quantity == "lipschitz" else directions)
    at = np.array(x, dtype=object)
    if quantity == "lipschitz":
        return lipschitz_lower(network, params, at, precision)
    lower = smoothness_lower if quantity == "smoothness" else hessian_lipschitz_lower
    return lower(network, params, at, directions, precision)


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
        return _inside_ball(x, at_values(inputs.radius, values, "the radius of the inputs"))
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


def inside(network: Network, region: Any, params: Any, values: Mapping[Any, Any] | None = None) -> ExactPairs:
    """Rational parameters near ``params`` that lie in the region exactly.

    The offset from the centre is scaled down by as little as suffices and rounded to a dyadic grid that is fine against
    the region; ``region.contains`` decides. The last resort is the centre itself.
    """
    m = model(network, 0)
    g = geometry(m, region, values)
    centre = _exact_centre(network, region, values, m.pack, g.centre)
    offset = m.pack(params) - g.centre
    positive = g.scale[g.scale > 0]
    bits = FRACTION_BITS - (math.frexp(positive.min())[1] if positive.size else 0)
    for shrink in (0, 40, 30, 20, 10, None):
        factor = 0.0 if shrink is None else 1.0 - 2.0**-shrink if shrink else 1.0
        scaled = [_dyadic(v * factor, bits) for v in offset.tolist()]
        theta = np.array([c + v for c, v in zip(centre, scaled, strict=True)], dtype=object)
        pairs = m.unpack(theta)
        if region.contains(pairs, network, values):
            return pairs
    raise InputError(
        f"the region {region.spec} was given",
        "no rational point of it was found near the candidate",
        "give a region with rational ends or an interior",
    )


def _exact_centre(network: Network, region: Any, values: Any, pack: Any, approximate: np.ndarray) -> list[Fraction]:
    if isinstance(region, Box):
        if isinstance(region.lo, tuple):
            ends = zip(pack(region.lo).tolist(), pack(region.hi).tolist(), strict=True)
            return [(Fraction(lo) + Fraction(hi)) / 2 for lo, hi in ends]
        middle = at_values((region.lo + region.hi) / 2, values, "the centre of the box")  # type: ignore[operator]
        if isinstance(middle, sp.Rational):
            return [Fraction(int(middle.p), int(middle.q))] * len(approximate)
    return [Fraction(c) for c in approximate.tolist()]


def _inside_ball(x: np.ndarray, radius: sp.Expr) -> tuple[Fraction, ...]:
    """A rational point of the ball near ``x``."""
    for shrink in (60, 50, 40, 30, 20, 10):
        factor = 1 - Fraction(1, 2**shrink)
        point = tuple(Fraction(v) * factor for v in x.tolist())
        square = sum((v * v for v in point), Fraction(0))
        if (radius**2 - sp.Rational(square.numerator, square.denominator)).is_nonnegative:
            return point
    return (Fraction(0),) * len(x)


def _dyadic(value: float, bits: int) -> Fraction:
    """The multiple of ``2**-bits`` nearest to a float."""
    exact = Fraction(value)
    return Fraction(round(exact * 2**bits), 2**bits) if bits >= 0 else Fraction(round(exact / 2**-bits) * 2**-bits)
