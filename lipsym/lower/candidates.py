"""Which witnesses are tried: the points on the path, and how a joint radius is shared.

Invariant: a candidate is a proposal. Every candidate is a valid witness; which one is large decides only sharpness.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sympy as sp

from lipsym.bounds.stages import Stage
from lipsym.domains.expressions import IsolatedRoot
from lipsym.lower.path import Cancel, Choice, Direction, Forward, Pin, one_sided

ZERO, ONE = sp.S.Zero, sp.S.One


@dataclass(frozen=True, slots=True)
class Candidate:
    """One witness of the family.

    Args:
        rule: what it is an instance of.
        choices: one for each layer.
        shares: weights of the layers when they share one radius; layer 1 with share 0 takes what its point costs.
        direction: of the second derivative; ``None``: the first layer alone, or with an affine last layer the best
            combination of the first and the last.
    """

    rule: str
    choices: tuple[Choice, ...]
    shares: tuple[sp.Expr, ...]
    direction: Direction | None = None


def candidates(stages: Sequence[Stage], order: int) -> list[Candidate]:
    """The standard witnesses of an order.

    The last curved layer ``K`` is pinned where ``|σ'|`` (order 1) or ``|σ''|`` (order 2) is largest, the earlier ones
    where ``|σ'|`` is; unbounded activations are tried with weight and bias aligned as well.
    """
    m = len(stages)
    curved = [k for k, stage in enumerate(stages) if not stage.linear]
    top = curved[-1] if curved else m - 1
    exponents = [2 if order == 2 and k <= top else 1 for k in range(m)]
    first_free = tuple(sp.Integer(0 if k == 0 and m > 1 else e) for k, e in enumerate(exponents))
    early: list[Choice] = [Forward() if s.linear else _steepest(s, alone=k == top) for k, s in enumerate(stages)]
    standard = list(early)
    if order == 2 and curved:
        standard[top] = _sharpest(stages[top])
    found = [Candidate("path-witness-1" if order == 1 else "path-witness-2", _legal(stages, standard), first_free)]
    offsets = [s for s in stages[:top] if s.activation.at_zero != 0]
    if offsets and all(_can_cancel(s) for s in stages[:top]):
        cancelled = tuple(Cancel() if k < top else c for k, c in enumerate(_legal(stages, standard)))
        found.append(Candidate("offset-cancelling", cancelled, first_free))
    unbounded = any(not s.activation.s0.is_finite for s in stages[: m - 1])
    aligned: list[Choice] = [*(_aligned(s) for s in stages[: m - 1]), Forward()]
    if order == 1 and unbounded:
        found.append(Candidate("rectifier-path", _legal(stages, aligned), (ONE,) * m))
    if order == 2 and curved and top > 0:
        # The curved layer's own parameters: large where the layer reads large values, or where radii are small.
        bent = [*aligned[:top], standard[top], *aligned[top + 1 :]]
        own = Direction(tuple(sp.Integer(k == top) for k in range(m)), (ZERO,) * m)
        found.append(Candidate("path-witness-2", _legal(stages, bent), (ONE,) * m, own))
    return found


def _aligned(stage: Stage) -> Pin:
    """Weight and bias along ``(v, 1)``; ``sin`` stops at its first peak, so that it stays non-negative."""
    return Pin(stage.activation.fold or sp.oo)


def _legal(stages: Sequence[Stage], choices: Sequence[Choice]) -> tuple[Choice, ...]:
    """Without a bias the first pre-activation is free and the others follow."""
    return tuple(
        Forward() if k > 0 and not stage.affine.bias else choice
        for k, (stage, choice) in enumerate(zip(stages, choices, strict=True))
    )


def _steepest(stage: Stage, alone: bool) -> Pin:
    """Where ``|σ'|`` is largest; for a hidden sigmoid, where ``σ'/√(1 + σ²)`` is."""
    sigma = stage.activation
    if sigma.name == "sigmoid" and not alone:
        v = IsolatedRoot(_V**3 + 2 * _V - 1, _V, sp.Rational(2, 5), sp.Rational(1, 2))
        return Pin(sp.log((1 - v) / v), -1)
    return _pin(sigma.attained[1], alone)


def _sharpest(stage: Stage) -> Pin:
    """Where ``|σ''|`` is largest, from the side on which it is."""
    pin = _pin(stage.activation.attained[2], alone=True)
    if pin.point.is_zero and one_sided(stage.activation, 2, 1, ZERO).is_zero:
        return Pin(ZERO, -1)
    return pin


def _pin(points: Sequence[sp.Expr], alone: bool) -> Pin:
    right = [p for p in points if p is sp.oo or p.is_nonnegative]
    if right or not alone:
        return Pin(right[0] if right else ZERO)
    return Pin(-points[0], -1)


def _can_cancel(stage: Stage) -> bool:
    wide = stage.width.is_Integer and stage.width >= 2
    return bool(wide) and ZERO in stage.activation.attained[1]


_V = sp.Symbol("v", nonnegative=True)
