"""What a loss adds to a witness: the labels that make it steep, or those of a data set.

Invariant: each ``Steepness`` states derivatives of the averaged loss along the path's output, for labels that the
hypotheses allow, so each of them bounds the constant from below.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import sympy as sp

from lipsym.bounds.stages import Stage
from lipsym.domains.expressions import sigmoid
from lipsym.nets.inputs import Dataset, InputBall
from lipsym.nets.losses import Loss

ZERO, ONE = sp.S.Zero, sp.S.One


@dataclass(frozen=True, slots=True)
class Steepness:
    """The derivatives of ``mean_s g`` in the active output ``u``, and how layer 1 weighs the samples.

    Let ``g_s`` and ``g_s'`` be the first two derivatives for sample ``s``, ``x̂ = (x, 1)`` and ``a`` a unit vector.

    Args:
        gradient: ``mean g_s``.
        curvature: ``mean g_s'``.
        first: ``‖mean g_s x̂_s‖²``.
        squared: ``mean (a·x̂_s)²`` where ``g_s'`` does not depend on the sample.
        turned: ``mean g_s (a·x̂_s)²``.
    """

    gradient: sp.Expr
    curvature: sp.Expr
    first: sp.Expr
    squared: sp.Expr = ONE
    turned: sp.Expr | None = None


def steepness(loss: Loss, output: sp.Expr, last: Stage, inputs: InputBall | Dataset, reach: sp.Expr) -> list[Steepness]:
    """One for each label, or for each output neuron and sign, that is tried.

    Let ``output`` be the value of the active output, the others at rest, and ``reach = ‖(x, 1)‖²``.

    Proof: proofs/loss-witness.md.
    """
    if loss.name == "cross_entropy" and last.width == 1:
        return [Steepness(ZERO, ZERO, ZERO, turned=ZERO)]  # log e^u − u = 0: there is no other class
    if isinstance(inputs, Dataset):
        value, curvature = _mean(loss, output, last)
        return [_averaged(value, curvature, inputs.points, y) for y in _targets(loss, inputs, last)]
    pairs = _labelled(loss, output, last, inputs.label_radius if loss.needs_label_radius else ZERO)
    return [Steepness(g, h, g**2 * reach, turned=g) for g, h in pairs]


def _labelled(loss: Loss, output: sp.Expr, last: Stage, radius: sp.Expr) -> list[tuple[sp.Expr, sp.Expr]]:
    """``(∂g/∂u_1, ∂²g/∂u_1²)`` of one sample; of the Huber loss also for the label nearest to the output."""
    if loss.name == "huber":
        nearest = sp.Max(-radius, sp.Min(radius, output, evaluate=False), evaluate=False)
        return [
            (
                sp.Max(-loss.delta, sp.Min(loss.delta, e, evaluate=False), evaluate=False),
                sp.Heaviside(loss.delta - abs(e)),
            )
            for e in (output - radius, output + radius, output - nearest)
        ]
    value, curvature = _mean(loss, output, last)
    labels = (-radius, radius) if loss.name == "mse" else (ZERO, ONE)
    return [(value - y, curvature) for y in labels]


def _mean(loss: Loss, output: sp.Expr, last: Stage) -> tuple[sp.Expr, sp.Expr]:
    """``h(u)`` and ``h'(u)``, where ``∂g/∂u_1 = h(u) − y``: ``y`` a target, or 1 for this class and 0 for another."""
    if loss.name == "mse":
        return output, ONE
    # The share of class 1 among all classes, as a logistic function of the gap.
    gap = output if loss.name == "logistic" else output - last.activation.at_zero - sp.log(last.width - 1)
    return sigmoid(gap), sigmoid(gap) * sigmoid(-gap)


def _targets(loss: Loss, data: Dataset, last: Stage) -> Iterator[list[Fraction]]:
    """The ``y_s`` of each choice of the active output neuron and of its sign."""
    labels = data.required_labels("a loss")
    odd = last.linear or sp.simplify(last.activation.value.subs(last.activation.z, -last.activation.z)
                                     + last.activation.value) == 0  # fmt: skip
    if loss.name == "cross_entropy":
        counts = np.bincount(labels, minlength=int(last.width))
        for c in dict.fromkeys((int(counts.argmax()), int(counts.argmin()))):
            yield [Fraction(int(y == c)) for y in labels.tolist()]
        return
    columns = np.asarray(labels).reshape(data.size, -1)
    if loss.name == "logistic":
        known = [Fraction(int(y > 0)) for y in columns[:, 0].tolist()]
        yield from [known, [1 - y for y in known]] if odd else [known]
        return
    top = int(np.abs(columns.sum(0)).argmax())
    known = [Fraction(y) for y in columns[:, top].tolist()]
    yield from [known, [-y for y in known]] if odd else [known]


def _averaged(value: sp.Expr, curvature: sp.Expr, points: np.ndarray, y: list[Fraction]) -> Steepness:
    """With the moments of a data set, exactly; ``a`` points along the mean of ``(x, 1)``."""
    rows = [[*map(Fraction, row), Fraction(1)] for row in points.tolist()]
    n = len(rows)
    mean, weighed = (
        [sum((w * r[j] for w, r in zip(weights, rows, strict=True)), Fraction(0)) / n for j in range(len(rows[0]))]
        for weights in ([Fraction(1)] * n, y)
    )
    length = _dot(mean, mean)
    along = [_dot(mean, r) ** 2 / length for r in rows]
    squared = _rational(sum(along, Fraction(0)) / n)
    return Steepness(
        gradient=value - _rational(sum(y, Fraction(0)) / n),
        curvature=curvature,
        first=value**2 * _rational(length)
        - 2 * value * _rational(_dot(mean, weighed))
        + _rational(_dot(weighed, weighed)),
        squared=squared,
        turned=value * squared - _rational(_dot(y, along) / n),
    )


def _dot(a: list[Fraction], b: list[Fraction]) -> Fraction:
    return sum((p * q for p, q in zip(a, b, strict=True)), Fraction(0))


def _rational(x: Fraction) -> sp.Rational:
    return sp.Rational(x.numerator, x.denominator)
