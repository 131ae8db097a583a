"""Losses as the last operations of a tape.

Invariant: the reference returned stands for ``g(u, y)``, exactly as ``Loss.value`` states it, for every ``u``.

Everything is written with functions of one variable: ``log Σ exp`` is nested softplus, as ``LSE(a, b) = a +
softplus(b − a)``, and the Huber loss is ``h(t) = t²/2 − hinge(t − δ) − hinge(−t − δ)``, ``hinge(z) = max(z, 0)²/2``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import sympy as sp

from lipsym.enclose.writer import Exact, Ref, Writer
from lipsym.enclosure import Enclosure
from lipsym.nets.activation_record import Activation
from lipsym.nets.activation_table import relu
from lipsym.nets.activations import activation


def sample_loss(writer: Writer, name: str, output: Sequence[Ref], label: int | Sequence[Ref], delta: Exact) -> Ref:
    """``g(u, y)`` of one sample.

    Args:
        writer: the tape.
        name: of the loss.
        output: ``u``.
        label: a class (cross-entropy), a single reference to ``−y`` (logistic), else references to the components
            of ``−y``.
        delta: ``δ`` of the Huber loss.
    """
    softplus = activation("softplus")
    if name == "cross_entropy":
        known, minus = int(label), writer.constant(-1)  # type: ignore[arg-type]
        gaps = [writer.sum([(u,), (minus, output[known])]) for c, u in enumerate(output) if c != known]
        if not gaps:
            return writer.sum([(writer.constant(0), output[0])])
        total = writer.apply(softplus, gaps[0])
        for gap in gaps[1:]:
            step = writer.apply(softplus, writer.sum([(gap,), (minus, total)]))
            total = writer.sum([(total,), (step,)])
        return total
    minus_labels: Sequence[Ref] = label  # type: ignore[assignment]
    if name == "logistic":
        return writer.apply(softplus, writer.sum([(output[0], minus_labels[0])]))
    residuals = [writer.sum([(u,), (y,)]) for u, y in zip(output, minus_labels, strict=True)]
    half = writer.constant(Fraction(1, 2))
    squares = writer.sum([(half, writer.sum([(r, r) for r in residuals]))])
    if name == "mse":
        return squares
    minus, threshold = writer.constant(-1), writer.constant(_negative(delta))
    hinge = _hinge()
    ramps = [writer.apply(hinge, writer.sum([(r,), (threshold,)])) for r in residuals]
    ramps += [writer.apply(hinge, writer.sum([(minus, r), (threshold,)])) for r in residuals]
    return writer.sum([(squares,), *((minus, ramp) for ramp in ramps)])


def _hinge() -> Activation:
    """``max(z, 0)²/2``: a row like those of the table, of which the tape uses value, variable and smoothness."""
    base = relu()
    positive = sp.Max(0, base.z)
    return replace(
        base,
        name="hinge",
        value=positive**2 / 2,
        derivatives=(positive, sp.Heaviside(base.z), sp.S.Zero),
        s1=sp.oo,
        s2=sp.S.One,
        smoothness="C^{1,1}",
    )


def _negative(delta: Exact) -> Exact:
    return Enclosure(-delta.hi, -delta.lo) if isinstance(delta, Enclosure) else -delta
