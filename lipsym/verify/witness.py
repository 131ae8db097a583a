"""A point of the region at which a derivative is large, as evidence.

Invariant: the value is a certified lower bound of ``‖D^kF[u, …, u]‖/‖u‖^k`` at exact rationals inside the region,
rounded down, so that a checker in another arithmetic reaches it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb_mat

from lipsym.certificates.claim import witness
from lipsym.domains.balls import lower, midpoints, total, working_precision
from lipsym.enclose.derivatives import directional_taylor, jacobian, norm_squared
from lipsym.enclose.forward import load
from lipsym.enclose.loss_search import steepest_loss_directions
from lipsym.enclose.losses import loss_gradient, loss_taylor
from lipsym.enclose.search import model, steepest_directions
from lipsym.nets.claim import Claim
from lipsym.nets.inputs import Dataset
from lipsym.refute.ascent import maximise
from lipsym.refute.confirm import confirm
from lipsym.verify.hull import Values

PRECISION = 128
KEPT = 50
"""Bits of the value."""


def searched(claim: Claim, values: Values, evaluations: int, seed: int) -> dict[str, Any] | None:
    """Evidence from below at numbers by projected ascent, or ``None`` where nothing was found.

    Args:
        claim: its network has numbers for widths; a loss has a data set.
        values: of the symbols of region and inputs: exact numbers.
        evaluations: of the search.
        seed: of the search.
    """
    numbers = {name: v.lo for name, v in values.items()}
    question = claim.network, claim.region, claim.inputs
    candidate = maximise(*question, claim.quantity, numbers, seed, evaluations, claim.loss)
    found = confirm(*question, candidate, claim.quantity, numbers, claim.loss)
    return at(claim, found.params, found.x, candidate.direction)


def at(claim: Claim, params: Any, x: Any, direction: Any = None, y: Any = None) -> dict[str, Any] | None:
    """Evidence at exact parameters of the region.

    Args:
        claim: what is asked.
        params, x: where; ``x`` is ``None`` for a loss averaged over given data.
        direction: a candidate for orders 2 and 3; left out: what floating point proposes.
        y: the label of ``x``, where the question about a loss leaves it open.
    """
    data = None
    if claim.loss is not None and not isinstance(claim.inputs, Dataset):
        whole = claim.loss.name in ("cross_entropy", "logistic")
        data = Dataset([[float(v) for v in x]], [int(y[0])] if whole else [[float(v) for v in y]])
        claim, x = about(claim, data), None
    value, along = steepest(claim, params, x, direction)
    return None if along is None else witness(params, x, along, value, PRECISION, data)


def steepest(claim: Claim, params: Any, x: Any, direction: Any = None) -> tuple[Fraction, Any]:
    """The largest certified ``form`` among the proposed directions, with its direction; ``None`` if all are 0."""
    best: tuple[Fraction, Any] = Fraction(0), None
    for candidate in _directions(claim, params, x, direction):
        best = max(best, (form(claim, params, x, candidate), candidate), key=lambda pair: pair[0])
    return best


def about(claim: Claim, data: Dataset) -> Claim:
    """The claim about given data."""
    return Claim(claim.network, claim.region, data, claim.quantity, claim.relation, claim.expr, claim.loss)


def _directions(claim: Claim, params: Any, x: Any, direction: Any) -> Sequence[Any]:
    """Candidates, from floating point."""
    given = [] if direction is None else [direction]
    if claim.order == 1:
        steepest = _steepest(claim, params, x)
        return given if steepest is None else [steepest]
    if given or claim.loss is None:
        return given or steepest_directions(claim.network, params, x, claim.order)
    data: Any = claim.inputs
    floats = [(a.astype(float), None if b is None else b.astype(float)) for a, b in params]
    return steepest_loss_directions(claim.network, floats, data, claim.loss, claim.order)


def form(claim: Claim, params: Sequence[Any], x: Any, direction: Sequence[Any]) -> Fraction:
    """A lower bound of ``‖D^kF[u, …, u]‖/‖u‖^k`` with few digits; 0 for ``u = 0``."""
    with working_precision(PRECISION):
        length = norm_squared(load(claim.network, direction)).sqrt()
        if not length > 0:
            return Fraction(0)
        if claim.loss is None:
            at_x = np.array(x, dtype=object)
            entries = directional_taylor(claim.network, params, direction, at_x, claim.order, PRECISION)
            size = total(value * value for value in entries[claim.order].entries()).sqrt()
        else:
            data: Any = claim.inputs
            series = loss_taylor(claim.network, params, direction, data, claim.loss, claim.order, PRECISION)
            size = abs(series[claim.order])
        exact = lower(size * math.factorial(claim.order) / length**claim.order)
    if exact == 0:
        return exact
    # Rounded down by two units: two arithmetics need not agree on the last bits of their lower ends.
    unit = Fraction(2) ** (exact.numerator.bit_length() - exact.denominator.bit_length() - KEPT)
    return (exact // unit - 2) * unit


def _steepest(claim: Claim, params: Sequence[Any], x: Any) -> list[Any] | None:
    """The direction of the largest first derivative, proposed in floating point."""
    if claim.loss is not None:
        data: Any = claim.inputs
        gradient = loss_gradient(claim.network, params, data, claim.loss, PRECISION)
        parts = [part for block in claim.network.blocks for part in gradient[block] if part is not None]
        rows = [v for part in parts for v in part.entries()]
        matrix = midpoints(arb_mat(1, len(rows), rows))
    else:
        matrix = midpoints(jacobian(claim.network, params, np.array(x, dtype=object), PRECISION))
    if not np.isfinite(matrix).all():
        return None
    return model(claim.network, 0).unpack(np.linalg.svd(matrix, full_matrices=False)[2][0])
