"""Which witnesses are tried: the points on the path, and how a joint radius is shared.

Invariant: a candidate is a proposal. Every candidate is a valid witness; which one is large decides only sharpness.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import sympy as sp

from lipsym.bounds.derivation import Derivation
from lipsym.bounds.stages import Stage
from lipsym.domains.expressions import IsolatedRoot
from lipsym.lower.inscribed import Inscribed
from lipsym.lower.path import Cancel, Choice, Direction, Forward, Node, Pin, follow, one_sided
from lipsym.nets.losses import Loss

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
        free: symbols to be tuned: points ``p_k``, shares ``s_k``, and the direction's ``u_k`` and ``c_k``.
    """

    rule: str
    choices: tuple[Choice, ...]
    shares: tuple[sp.Expr, ...]
    direction: Direction | None = None
    free: tuple[sp.Symbol, ...] = ()

    def at(self, points: Mapping[str, Fraction]) -> Candidate:
        """The witness with numbers for its free symbols."""

        def put(numbers: Sequence[sp.Expr]) -> tuple[sp.Expr, ...]:
            return tuple(n.subs({s: sp.Rational(points[s.name]) for s in self.free}) for n in numbers)

        choices = tuple(replace(c, point=put([c.point])[0]) if isinstance(c, Pin) else c for c in self.choices)
        turned = self.direction
        turned = None if turned is None else Direction(put(turned.own), put(turned.across))
        return Candidate(self.rule, choices, put(self.shares), turned)


def walk(
    candidate: Candidate, line: Sequence[Stage], inner: Inscribed, inputs: sp.Expr, out: Derivation, tag: str = ""
) -> list[Node]:
    """The nodes of the candidate's path inside an inscribed ball."""
    radii = _radii(candidate, inner, inputs, line, out, tag)
    return follow(line, radii, inputs, candidate.choices, candidate.rule, out, tag)


def candidates(
    stages: Sequence[Stage], order: int, inner: Inscribed | None = None, loss: Loss | None = None
) -> list[Candidate]:
    """The standard witnesses of an order.

    The last curved layer ``K`` is pinned where ``|σ'|`` (order 1) or ``|σ''|`` (order 2) is largest, the earlier ones
    where ``|σ'|`` is; unbounded activations are tried with weight and bias aligned as well.

    Args:
        stages, order: of the network and the constant.
        inner: the radii, for networks without biases, whose first argument has to be small.
        loss: for losses, whose residual should be large, or whose output should stay bounded.
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
    if offsets and all(can_cancel(s) for s in stages[:top]):
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
    if order == 2 and inner is not None and top > 0 and curved and not any(s.affine.bias for s in stages[1 : top + 1]):
        found += _small(stages, standard, inner, first_free, top)
    if loss is not None and m > 1:
        found.append(_bounded_output(stages, standard, first_free, found[0].rule, order))
        if loss.name == "mse" and order == 1:
            found.append(_large_output(stages, aligned))
    return found


def _small(
    stages: Sequence[Stage], standard: Sequence[Choice], inner: Inscribed, shares: tuple[sp.Expr, ...], top: int
) -> list[Candidate]:
    """Without biases ``z_K ≈ t_1 Π R_k σ'(0)``, and ``t_1`` is so small that ``|σ''(z_K)|`` is about the largest."""
    aim = standard[top]
    if not isinstance(aim, Pin) or any(not s.activation.at_zero.is_zero for s in stages[:top]):
        return []
    radii = [r / sp.sqrt(len(stages)) if inner.joint else r for r in inner.radii[1 : top + 1]]
    slopes = [one_sided(s.activation, 1, 1, ZERO) for s in stages[:top]]
    # Where |σ''| is largest at 0 itself any point near it serves.
    point = (ONE if aim.point.is_zero else aim.point) / sp.Mul(*radii, *slopes)
    return [Candidate("path-witness-2", _legal(stages, [Pin(point), *standard[1:]]), shares)]


def _bounded_output(
    stages: Sequence[Stage], standard: Sequence[Choice], shares: tuple[sp.Expr, ...], rule: str, order: int
) -> Candidate:
    """The standard points, with an affine output kept at 0."""
    last: Choice = Pin(ZERO) if stages[-1].linear else standard[-1] if order == 1 else _steepest(stages[-1], alone=True)
    return Candidate(rule, _legal(stages, [*standard[:-1], last]), shares)


def _large_output(stages: Sequence[Stage], aligned: Sequence[Choice]) -> Candidate:
    """Unbounded layers at the end are aligned, the last bounded one is kept where ``σσ' ≠ 0``."""
    last = max((k for k, s in enumerate(stages) if s.activation.s0.is_finite), default=-1)
    early = [Forward() if s.linear else _steepest(s, alone=False) for s in stages[: max(last, 0)]]
    middle = [Pin(sp.Rational(2, 3))] if last >= 0 else []
    return Candidate("rectifier-path", _legal(stages, [*early, *middle, *aligned[last + 1 :]]), (ONE,) * len(stages))


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


def can_cancel(stage: Stage) -> bool:
    """Whether a layer has two neurons to oppose, at the point where ``|σ'|`` is largest."""
    wide = stage.width.is_Integer and stage.width >= 2
    return bool(wide) and ZERO in stage.activation.attained[1]


def _radii(
    candidate: Candidate, inner: Inscribed, inputs: sp.Expr, line: Sequence[Stage], out: Derivation, tag: str
) -> list[sp.Expr]:
    """The layers' radii: the region's own, or shares of the joint one."""
    balls = inner.radii
    if not inner.joint:
        return list(balls)
    total, shares = balls[0], candidate.shares
    first, rest = ZERO, total
    if shares[0].is_zero:
        choice = candidate.choices[0]
        if isinstance(choice, Pin) and not choice.point.is_zero:
            most = total / sp.sqrt(len(balls))
            offset = ONE if line[0].affine.bias else ZERO
            q = sp.sqrt(inputs**2 + offset)
            cost = most if choice.point is sp.oo else sp.Min(most, choice.point / q, evaluate=False)
            if choice.point is not sp.oo and not line[0].affine.bias:
                cost = most
            first = out.define(f"R_1{tag}", cost, candidate.rule, "radius of layer 1, of the joint one")
        elif isinstance(choice, Forward):
            first = total / sp.sqrt(len(balls))
        elif isinstance(choice, Cancel):
            first = ZERO
        if not first.is_zero:
            left = sp.sqrt(sp.Max(ZERO, total**2 - first**2, evaluate=False))
            rest = out.define(f"r{tag}", left, candidate.rule, "what layer 1 leaves of the joint radius")
    whole = sp.Add(*shares)
    own = [rest * sp.sqrt(share / whole) for share in shares]
    return own if not shares[0].is_zero else [first, *own[1:]]


_V = sp.Symbol("v", nonnegative=True)
