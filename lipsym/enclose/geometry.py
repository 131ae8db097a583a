"""Parameter regions as the float search sees them: balls, boxes, and the projection onto them.

Invariant: approximate on purpose. Whether a point lies in a region is decided exactly, by ``region.contains``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp

from lipsym.domains import evaluate
from lipsym.enclose.search import Model
from lipsym.nets.regions import Ball, Box


@dataclass(frozen=True, slots=True)
class Geometry:
    """Where the vector of all parameters, followed by the input if it is searched too, may lie.

    Args:
        centre: of shape (q,).
        balls: index slices with the radius of each; together they are disjoint.
        box: lower and upper ends of shape (q,), or ``None``.
        scale: a typical distance from the centre for each coordinate, of shape (q,).
    """

    centre: np.ndarray
    balls: tuple[tuple[slice, float], ...]
    box: tuple[np.ndarray, np.ndarray] | None
    scale: np.ndarray

    def project(self, y: np.ndarray) -> np.ndarray:
        """The nearest allowed points, for rows of vectors."""
        y = y.copy() if self.box is None else np.clip(y, *self.box)
        for place, radius in self.balls:
            offset = y[:, place] - self.centre[place]
            length = np.sqrt((offset * offset).sum(1, keepdims=True))
            y[:, place] = self.centre[place] + offset * np.minimum(1.0, radius / np.maximum(length, 1e-300))
        return y

    def tangential(self, y: np.ndarray, ascent: np.ndarray) -> np.ndarray:
        """``ascent`` without what points outwards, so that a step along the boundary is not cut short."""
        ascent = ascent.copy()
        if self.box is not None:
            lo, hi = self.box
            ascent[((y >= hi) & (ascent > 0)) | ((y <= lo) & (ascent < 0))] = 0.0
        for place, radius in self.balls:
            offset = y[:, place] - self.centre[place]
            length = np.sqrt((offset * offset).sum(1, keepdims=True))
            normal = offset / np.maximum(length, 1e-300)
            outward = (ascent[:, place] * normal).sum(1, keepdims=True)
            ascent[:, place] -= np.where((length >= radius * (1 - 1e-9)) & (outward > 0), outward, 0.0) * normal
        return ascent

    def with_input(self, width: int, radius: float) -> Geometry:
        """The same, followed by an input in the ball of ``radius`` around 0."""
        p = len(self.centre)
        ball = (slice(p, p + width), radius)
        free = np.full(width, np.inf)
        box = None if self.box is None else (np.append(self.box[0], -free), np.append(self.box[1], free))
        scale = np.append(self.scale, np.full(width, radius))
        return Geometry(np.append(self.centre, np.zeros(width)), (*self.balls, ball), box, scale)


def geometry(m: Model, region: Any, values: Mapping[Any, Any] | None) -> Geometry:
    """The float picture of a region at numbers."""
    if isinstance(region, Box):
        if isinstance(region.lo, tuple):
            lo, hi = m.pack(region.lo), m.pack(region.hi)  # type: ignore[arg-type]
        else:
            lo, hi = (np.full(m.count, number(end, values)) for end in (region.lo, region.hi))
        return Geometry((lo + hi) / 2, (), (lo, hi), (hi - lo) / 2)
    given = region.center if isinstance(region, Ball) else region.centers
    centre = np.zeros(m.count) if given is None else m.pack(given)
    if isinstance(region, Ball):
        radius = number(region.radius, values)
        return Geometry(centre, ((slice(0, m.count), radius),), None, np.full(m.count, radius))
    balls, scale = [], np.empty(m.count)
    for (matrix, bias, _), ball in zip(m.layout.values(), region.blocks(m.network), strict=True):
        place = slice(matrix.start, (bias or matrix).stop)
        balls.append((place, number(ball.radius, values)))
        scale[place] = balls[-1][1]
    return Geometry(centre, tuple(balls), None, scale)


def number(expression: sp.Expr, values: Mapping[Any, Any] | None) -> float:
    """A float near an exact expression at numbers."""
    enclosure = evaluate(expression, values or {})
    return (enclosure.lower_float() + enclosure.upper_float()) / 2
