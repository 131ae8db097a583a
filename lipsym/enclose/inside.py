"""Rational points of a region near points in floating point.

Invariant: what is returned lies in the region, decided in exact arithmetic.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from lipsym.enclose.geometry import geometry
from lipsym.enclose.search import model
from lipsym.errors import InputError
from lipsym.nets.network import Network
from lipsym.nets.quantities import at_values
from lipsym.nets.regions import Box

FRACTION_BITS = 48
"""Parameters are rounded to multiples of about ``2**-48`` of the region's size."""

ExactPairs = list[tuple[np.ndarray, np.ndarray | None]]
"""Pairs ``(A, b)`` of arrays of ``Fraction``, one per block."""


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


def inside_ball(x: np.ndarray, radius: sp.Expr) -> tuple[Fraction, ...]:
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
