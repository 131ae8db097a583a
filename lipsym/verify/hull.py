"""Questions over ranges of their numbers, as questions at numbers.

Let the numbers vary in a box. The region at any of them lies within that of the *outer* question, whose radii are the
upper ends of the radii over the box, and contains that of the *inner* one, whose radii are the lower ends; so the
supremum there lies between the two suprema. For balls this is the monotonicity of the supremum in its radii.

Invariant: ends are exact rationals from enclosures of the radii, rounded outward and inward respectively.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import sympy as sp

from lipsym.domains import evaluate
from lipsym.enclosure import Enclosure
from lipsym.errors import InputError
from lipsym.nets.claim import Claim
from lipsym.nets.inputs import Dataset, InputBall
from lipsym.nets.regions import Ball, Box, ProductBall, Region

Values = Mapping[str, Enclosure]


def outer(claim: Claim, values: Values) -> Claim:
    """A claim about a region that contains the claim's region at each of the values."""
    return _at(claim, values, 1)


def inner(claim: Claim, values: Values) -> Claim:
    """A claim about a region within the claim's region at each of the values.

    Raises:
        InputError: if there is none.
    """
    return _at(claim, values, -1)


def _at(claim: Claim, values: Values, sign: int) -> Claim:
    loss = claim.loss
    return Claim(
        claim.network,
        _region(claim.region, values, sign),
        _inputs(claim.inputs, values, sign, loss is not None and loss.needs_label_radius),
        claim.quantity,
        claim.relation,
        claim.expr,
        loss,
    )


def _region(region: Region, values: Values, sign: int) -> Region:
    if isinstance(region, Ball):
        return Ball(_end(region.radius, values, sign), region.center)
    if isinstance(region, ProductBall):
        radii = region.radii if isinstance(region.radii, tuple) else (region.radii,)
        ends = [_end(radius, values, sign) for radius in radii]
        return ProductBall(ends if isinstance(region.radii, tuple) else ends[0], region.centers)
    if isinstance(region.lo, tuple):
        return region
    return Box(_end(region.lo, values, -sign), _end(region.hi, values, sign))  # type: ignore[arg-type]


def _inputs(inputs: InputBall | Dataset, values: Values, sign: int, labelled: bool) -> InputBall | Dataset:
    if isinstance(inputs, Dataset):
        return inputs
    labels = _end(inputs.label_radius, values, sign) if labelled else inputs.label_radius
    return InputBall(_end(inputs.radius, values, sign), labels)


def _end(expr: sp.Expr, values: Values, sign: int) -> Fraction:
    """The upper end of an expression over the values, or the lower one."""
    found = evaluate(expr, values, precision=80)
    end = found.hi if sign > 0 else found.lo
    if not isinstance(end, Fraction):
        raise InputError(
            f"the ranges {', '.join(f'{k} in {v}' for k, v in values.items())} were given",
            f"{expr} has no bound over them",
            "give bounded ranges",
        )
    return end
