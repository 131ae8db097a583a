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
from lipsym.enclose.losses import loss_gradient, loss_taylor
from lipsym.enclose.search import model
from lipsym.nets.claim import Claim
from lipsym.nets.inputs import Dataset
from lipsym.refute.ascent import Candidate, maximise
from lipsym.refute.confirm import confirm
from lipsym.verify.hull import Values

PRECISION = 128
KEPT = 50
"""Bits of the value."""


def searched(claim: Claim, values: Values, evaluations: int, seed: int) -> dict[str, Any] | None:
    """Evidence from below at numbers, or ``None`` where nothing was found.

    Args:
        claim: its network has numbers for widths; a loss has a data set.
        values: of the symbols of region and inputs: exact numbers.
        evaluations: of the search.
        seed: of the search.
    """
    numbers = {name: v.lo for name, v in values.items()}
    question = claim.network, claim.region, claim.inputs
    candidate = maximise(*question, claim.quantity, numbers, seed, evaluations, claim.loss)
    return at(claim, values, candidate)


def at(claim: Claim, values: Values, candidate: Candidate) -> dict[str, Any] | None:
    """Evidence at a candidate, moved to rationals inside the region."""
    numbers = {name: v.lo for name, v in values.items()}
    found = confirm(claim.network, claim.region, claim.inputs, candidate, claim.quantity, numbers, claim.loss)
    direction = candidate.direction
    if claim.order == 1:
        direction = _steepest(claim, found.params, found.x) or direction
    value = form(claim, found.params, found.x, direction)
    if value <= 0:
        return None
    return witness(found.params, found.x, direction, value, PRECISION)


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
        if not isinstance(claim.inputs, Dataset):
            return None
        gradient = loss_gradient(claim.network, params, claim.inputs, claim.loss, PRECISION)
        parts = [part for block in claim.network.blocks for part in gradient[block] if part is not None]
        rows = [v for part in parts for v in part.entries()]
        matrix = midpoints(arb_mat(1, len(rows), rows))
    else:
        matrix = midpoints(jacobian(claim.network, params, np.array(x, dtype=object), PRECISION))
    if not np.isfinite(matrix).all():
        return None
    return model(claim.network, 0).unpack(np.linalg.svd(matrix, full_matrices=False)[2][0])
