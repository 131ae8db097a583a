"""From a symbolic family to rational parameters.

Invariant: the numbers are exact rationals near the family's at ``R``; nothing is claimed of them, since the secant is
evaluated with exactly these.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import sympy as sp

from lipsym.bounds.stages import Stage
from lipsym.domains import evaluate
from lipsym.lower.divergence import Family, Route
from lipsym.lower.instance import ExactParameters

SPARE_BITS = 64
"""Accuracy of a rounded parameter: ``2**-64/R``, relative for numbers below 1, since a weight ``R`` may follow it."""


@dataclass(frozen=True, slots=True)
class Pair:
    """``θ`` and ``θ'``."""

    theta: ExactParameters
    theta_prime: ExactParameters


def rational_pair(
    path: tuple[Stage, ...],
    grown: Family,
    x: tuple[Fraction, ...],
    size: Fraction,
    fraction: Fraction,
    precision: int,
) -> Pair:
    """The members of a family at ``R = size``, ``θ'`` a ``fraction`` of the step away.

    Args:
        path: stages with integer widths.
        grown: the family.
        x: the input; not 0 if layer 1 has no bias.
        size: ``R``.
        fraction: in (0, 1].
        precision: bits to which the family's formulas are evaluated.
    """
    weights = [_number(w, size, precision) for w in grown.weights]
    offsets = [None if c is None else _number(c, size, precision) for c in grown.offsets]
    step = _number(grown.step, size, precision) * fraction
    theta = _parameters(path, grown, x, size, weights, offsets)
    for move in grown.moves:
        if move.offset:
            offset = offsets[move.layer - 1]
            offsets[move.layer - 1] = step if offset is None else offset + step
        else:
            weights[move.layer - 1] += step
    moved = _parameters(path, grown, x, size, weights, offsets)
    if grown.route is Route.OPPOSED:  # only the first of the two equal neurons moves
        moved = _keeping_second_neuron(theta, moved, grown.layer - 1)
    return Pair(theta, moved)


def _keeping_second_neuron(theta: ExactParameters, moved: ExactParameters, layer: int) -> ExactParameters:
    """``moved``, but with the second neuron of ``layer`` as in ``theta``."""
    (a, b), (c, d) = theta[layer - 1], moved[layer - 1]
    bias = None if b is None or d is None else (d[0], b[1], *d[2:])
    return (*moved[: layer - 1], ((c[0], a[1], *c[2:]), bias), *moved[layer:])


def _parameters(
    path: tuple[Stage, ...],
    grown: Family,
    x: tuple[Fraction, ...],
    size: Fraction,
    weights: list[Fraction],
    offsets: list[Fraction | None],
) -> ExactParameters:
    square = sum((v * v for v in x), Fraction(0))
    twin = grown.layer - 1 if grown.route is Route.OPPOSED else 0
    blocks = []
    for k, stage in enumerate(path, 1):
        rows, columns = int(stage.affine.outputs), int(stage.affine.inputs)
        first = [Fraction(0)] * columns
        if k == 1:
            first = [weights[0] * v / square if square else Fraction(0) for v in x]
        elif twin and k == twin + 1:
            first[0], first[1] = weights[k - 1], weights[k - 1] - 2 * size  # R + c and −R + c
        else:
            first[0] = weights[k - 1]
        matrix = [tuple(first)] + [(Fraction(0),) * columns] * (rows - 1)
        offset = offsets[k - 1]
        bias = None if offset is None else [offset] + [Fraction(0)] * (rows - 1)
        if k == twin:
            matrix[1] = matrix[0]
            if bias is not None:
                bias[1] = bias[0]
        blocks.append((tuple(matrix), None if bias is None else tuple(bias)))
    return tuple(blocks)


def _number(expr: sp.Expr, size: Fraction, precision: int) -> Fraction:
    """A rational near the value of ``expr`` at ``R = size``."""
    value = evaluate(expr, {"R": size}, precision=precision)
    middle = (Fraction(value.lo) + Fraction(value.hi)) / 2
    if not middle:
        return middle
    below = max(0, middle.denominator.bit_length() - abs(middle.numerator).bit_length())
    unit = 1 << (SPARE_BITS + size.numerator.bit_length() + below)
    return Fraction(round(middle * unit), unit)
