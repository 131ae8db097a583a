"""Pieces of a controlled differential equation as layers: the local jets of flows and of jumps.

Invariant: the flow along a piece of the control is one map ``(x, θ) ↦ X``, and its jet bounds the solution of the
equations of variation; how pieces compose is the chain rule's business. Each piece runs over the clock ``s ∈ [0, 1]``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import sympy as sp

from lipsym.bounds.derivation import Derivation
from lipsym.bounds.fields import FieldFacts
from lipsym.bounds.jet import ONE, ZERO, LocalJet, SeveralBlocksJet
from lipsym.domains.expressions import ExpPhi, IntegralOver
from lipsym.errors import HypothesisError
from lipsym.nets.controls import Jump, Motion, Piece, Variation

LONGEST_RUN = 8
"""Motions in a row beyond which only their total variation is used."""

Jet = LocalJet | SeveralBlocksJet
Weighted = tuple[tuple[sp.Expr, FieldFacts], ...]
"""Fields with the variation of their channel."""


def flow_jets(
    fields: Sequence[FieldFacts], pieces: Sequence[Piece], radius: sp.Expr, order: int, rule: str, out: Derivation
) -> list[Jet]:
    """The jets of all pieces, each on the range of the pieces before it.

    Args:
        fields: one for each channel.
        pieces: of the control.
        radius: ``S`` with ``‖x‖ ≤ S``.
        order: 1 or 2; entries of order 2 are left out of order 1.
        rule: ``"gronwall"`` for closed forms alone, else the majorant solution.
        out: receives the steps.

    Raises:
        HypothesisError: if a field can grow faster than linearly.
    """
    found: list[Jet] = []
    nu = radius
    for k, piece in enumerate(_joined(pieces), 1):
        if isinstance(piece, Jump):
            jet = _jump(piece, fields, nu)
            nu = out.define(f"nu_{k}", jet.value, "jump-jet", "bounds the state after a jump")
        else:
            moving = tuple((abs(amount), fields[channel]) for channel, amount in piece.amounts)
            unordered = isinstance(piece, Variation) and len(moving) > 1
            flow = _flow(moving, nu, k, order, unordered, out)
            jet = flow.unordered() if unordered else flow.elementary() if rule == "gronwall" else flow.majorant()
            nu = flow.end
        found.append(jet)
    return found


def _joined(pieces: Sequence[Piece]) -> Iterator[Jump | Motion | Variation]:
    """The pieces that move, with long runs of continuous ones replaced by one of their total variation.

    With one moving channel nothing is lost: the majorant equation runs in the clock of its total variation.
    """
    run: list[Motion | Variation] = []

    def flush() -> Iterator[Motion | Variation]:
        channels = {channel for piece in run for channel, _ in piece.amounts}
        if len(run) > LONGEST_RUN or (len(run) > 1 and len(channels) == 1):
            totals = [
                (c, sp.Add(*(abs(a) for piece in run for channel, a in piece.amounts if channel == c)))
                for c in sorted(channels)
            ]
            yield Variation(sp.Add(*(piece.duration for piece in run)), tuple(totals))
        else:
            yield from run
        run.clear()

    for piece in pieces:
        if not piece.amounts:
            continue
        if isinstance(piece, Jump):
            yield from flush()
            yield piece
        else:
            run.append(piece)
    yield from flush()


def _jump(piece: Jump, fields: Sequence[FieldFacts], nu: sp.Expr) -> Jet:
    """The jet of ``x + Σ Δu_i V_i(x) = (1 − Σ' Δu_i) x + Σ Δu_i f_i``, with ``Σ'`` over the fields ``f_i − id``.

    Proof: proofs/jump-jet.md.
    """
    kept = ONE
    parts: list[tuple[sp.Expr, LocalJet]] = []
    for channel, amount in piece.amounts:
        facts = fields[channel]
        if getattr(facts.field, "minus_identity", False):
            kept -= amount
        parts.append((abs(amount), facts.map_jet(nu)))
    kept = abs(kept)
    return _summed(
        kept * nu + sp.Add(*(w * jet.value for w, jet in parts)),
        kept + sp.Add(*(w * jet.u for w, jet in parts)),
        parts,
    )


def _summed(value: sp.Expr, u: sp.Expr, parts: Sequence[tuple[sp.Expr, LocalJet]]) -> Jet:
    """The jet of a weighted sum: entries of the same block add up."""
    blocks = sorted({jet.block for _, jet in parts if jet.block is not None})
    uu = sp.Add(*(w * jet.uu for w, jet in parts))
    p, up, pp = (
        {b: sp.Add(*(w * getattr(jet, name) for w, jet in parts if jet.block == b)) for b in blocks}
        for name in ("p", "up", "pp")
    )
    return _jet(value, u, uu, p, up, {(b, b): pp[b] for b in blocks})


def _jet(
    value: sp.Expr,
    u: sp.Expr,
    uu: sp.Expr,
    p: dict[int, sp.Expr],
    up: dict[int, sp.Expr],
    pp: dict[tuple[int, int], sp.Expr],
) -> Jet:
    if len(p) == 1:
        (b,) = p
        return LocalJet(value, u, uu, p=p[b], up=up.get(b, ZERO), pp=pp.get((b, b), ZERO), block=b)
    return SeveralBlocksJet(value, u, uu, p, up, pp)


@dataclass(frozen=True, slots=True)
class _Flow:
    """The flow along one continuous piece.

    Let ``Λ``, ``C``, ``P_i``, ``U_i``, ``Q_i`` be the sums of ``F_u``, ``F_uu``, ``F_θ``, ``F_uθ``, ``F_θθ`` over the
    fields, weighted by the variations of their channels, at the norm ``n(s)`` of the state; ``Λ`` and ``C`` at its end.
    Then the entries of the flow's jet solve ``n' = F(n)``, ``d' = Λd + P``, ``h' = Λh + C d d + U d + U d + Q``.
    """

    moving: Weighted
    start: sp.Expr
    end: sp.Expr
    rate: sp.Expr
    number: int
    order: int
    out: Derivation

    def elementary(self) -> Jet:
        """Grönwall's closed forms, all coefficients at their largest.

        Proof: proofs/gronwall.md.
        """
        end, rate, growth = self.end, self.rate, sp.exp(self.rate)
        P, U, Q, C = self._coefficients(end)
        first, second, third = (ExpPhi(k, rate) for k in (1, 2, 3))
        square = growth * (third + ExpPhi(3, -rate))
        p, up, pp = {}, {}, {}
        for i in P:
            p[i] = P[i] * first
            up[i] = growth * (U[i] + C * P[i] * second)
        for i, j in _pairs(P):
            cross = (U[j] * P[i] + U[i] * P[j]) * (first - second)
            pp[i, j] = C * P[i] * P[j] * square + cross + (Q[i] * first if i == j else ZERO)
        return self._jet(end, growth, growth * C * first, p, up, pp)

    def majorant(self) -> Jet:
        """The solution of the majorant equation with ``n`` bounded in closed form: an integral for each entry.

        Proof: proofs/majorant-ode.md.
        """
        if len(self.moving) == 1 and self.moving[0][1].exact_flow:
            return self._linear()
        end, rate, growth = self.end, self.rate, sp.exp(self.rate)
        s = sp.Symbol(self.out.bound_name("s"), nonnegative=True)
        P, U, Q, _ = self._coefficients(_state(self.moving, self.start, s))
        C = self._coefficients(end)[3]
        totals = {
            i: self.out.define(
                f"G_{i}_{self.number}", _over(sp.exp(-rate * s) * P[i], s), "majorant-ode", "bounds e^(−Λ)‖D_θX‖"
            )
            for i in P
        }
        p = {i: growth * total for i, total in totals.items()}
        if self.order == 1:
            return self._jet(end, growth, ZERO, p, {}, {})
        so_far = {i: sp.Min(totals[i], *bounds, evaluate=False) for i, bounds in self._parts(P, s).items()}
        up = {i: growth * _over(C * sp.exp(rate * s) * so_far[i] + U[i], s) for i in P}
        pp = {
            (i, j): growth
            * _over(
                C * sp.exp(rate * s) * so_far[i] * so_far[j]
                + U[j] * so_far[i]
                + U[i] * so_far[j]
                + (sp.exp(-rate * s) * Q[i] if i == j else ZERO),
                s,
            )
            for i, j in _pairs(P)
        }
        return self._jet(end, growth, growth * C * ExpPhi(1, rate), p, up, pp)

    def _parts(self, P: dict[int, sp.Expr], s: sp.Expr) -> dict[int, list[sp.Expr]]:
        """Bounds of ``∫_0^s e^{−Λr}P(r)dr``: by ``P(s)``, or by the chord from 0 to ``s`` where ``P`` is convex."""
        z = self.rate * s
        convex = []
        if all(facts.convex for _, facts in self.moving):
            states = _states(self.moving, self.start, s)
            convex = [self._coefficients(n)[0] for n, is_convex in states if is_convex]
        found = {}
        for i in P:
            chords = [
                s * (line[i].subs(s, 0) * ExpPhi(2, -z) + line[i] * (ExpPhi(1, -z) - ExpPhi(2, -z))) for line in convex
            ]
            found[i] = (
                chords
                if len(chords) == len(_states(self.moving, self.start, s))
                else [P[i] * s * ExpPhi(1, -z), *chords]
            )
        return found

    def unordered(self) -> Jet:
        """Several channels of which nothing but the total variations is known: any may move first.

        Proof: proofs/gronwall.md.
        """
        end, rate, growth = self.end, self.rate, sp.exp(self.rate)
        own = [(w, facts.jet(end)) for w, facts in self.moving]
        if len({(jet.u, jet.uu) for _, jet in own}) == 1:
            bend = sp.Add(*(w for w, _ in own)) * own[0][1].uu * ExpPhi(1, rate)
        else:
            bend = sp.Add(*(w * jet.uu * sp.exp(rate - w * jet.u) * ExpPhi(1, w * jet.u) for w, jet in own))
        blocks = sorted({jet.block for _, jet in own if jet.block is not None})

        def total(name: str, block: int, damped: bool) -> sp.Expr:
            return sp.Add(
                *(
                    w * getattr(jet, name) * (ExpPhi(1, -w * jet.u) if damped else ONE)
                    for w, jet in own
                    if jet.block == block
                )
            )

        g = {b: total("p", b, True) for b in blocks}
        U, Q = ({b: total(name, b, name == "pp") for b in blocks} for name in ("up", "pp"))
        pp = {
            (i, j): growth * (bend * g[i] * g[j] + U[j] * g[i] + U[i] * g[j] + (Q[i] if i == j else ZERO))
            for i, j in _pairs(g)
        }
        up = {b: growth * (U[b] + g[b] * bend) for b in blocks}
        return self._jet(end, growth, growth * bend, {b: growth * g[b] for b in blocks}, up, pp)

    def _linear(self) -> Jet:
        """``V = Ax + b`` or ``Ax``: with ``w = n + √(n² + τ²) = w_0 e^{Λs}`` everything closes."""
        ((weight, facts),) = self.moving
        square = facts.growth[2]  # type: ignore[index]
        end, rate, growth = self.end, self.rate, sp.exp(self.rate)
        w = _double(self.start, square)
        back = square / w if not square.is_zero else ZERO
        p = growth * weight * (w + back * ExpPhi(1, -2 * rate)) / 2
        pp = growth * weight**2 * (w / 2 + back * ExpPhi(2, -2 * rate))
        return self._jet(
            end, growth, ZERO, {facts.block: p}, {facts.block: growth * weight}, {(facts.block, facts.block): pp}
        )

    def _jet(self, end, growth, uu, p, up, pp) -> Jet:  # type: ignore[no-untyped-def]
        if self.order == 1:
            uu, up, pp = ZERO, dict.fromkeys(p, ZERO), {}
        return _jet(end, growth, uu, p, up, pp)

    def _coefficients(self, nu: sp.Expr) -> tuple[dict, dict, dict, sp.Expr]:
        """``(P, U, Q, C)`` at the norm ``ν`` of the state."""
        parts = [(w, facts.jet(nu)) for w, facts in self.moving]
        summed = _summed(ZERO, ZERO, parts)
        P, U = ({b: getattr(summed, name)(b) for b in summed.blocks} for name in ("first", "mixed"))
        return P, U, {b: summed.second(b, b) for b in summed.blocks}, summed.uu


def _flow(moving: Weighted, start: sp.Expr, number: int, order: int, unordered: bool, out: Derivation) -> _Flow:
    """The flow with its last norm of the state and its rate as steps."""
    last = _state(moving, start, ONE, unordered)
    end = out.define(f"nu_{number}", last, "gronwall", "bounds the state after a flow")
    slope = sp.Add(*(w * facts.jet(end).u for w, facts in moving))
    rate = out.define(f"Lambda_{number}", slope, "gronwall", "bounds the logarithm of ‖D_xX‖ along the flow")
    return _Flow(moving, start, end, rate, number, order, out)


def _state(moving: Weighted, start: sp.Expr, s: sp.Expr, unordered: bool = False) -> sp.Expr:
    """The least of the bounds of ``_states``.

    Raises:
        HypothesisError: if there is none.
    """
    found = [state for state, _ in _states(moving, start, s, unordered)]
    if not found:
        raise HypothesisError(
            "a vector field whose local jet has a slope that grows with the state was given",
            "its solutions may leave every ball in finite time",
            "give a field with a bounded value or a bounded slope",
        )
    return found[0] if len(found) == 1 else sp.Min(*found, evaluate=False)


def _states(moving: Weighted, start: sp.Expr, s: sp.Expr, unordered: bool = False) -> list[tuple[sp.Expr, bool]]:
    """Bounds on ``‖X‖`` at the clock ``s``, and whether each is known to be convex in ``s``: linear growth along
    bounded fields, and exponential growth.

    With ``‖V_i‖ ≤ a_i + ρ_i√(n² + τ²)`` and ``w = n + √(n² + τ²)``, ``dw ≤ Σ (2a_i + ρ_i w) dv_i``. If the channels do
    not move in proportion and are not alike, those with an ``a_i`` may come first.

    Proof: proofs/gronwall.md.
    """
    found = []
    bounds = [(w, facts.bounded_by) for w, facts in moving]
    if all(b is not None for _, b in bounds):
        found.append((start + s * sp.Add(*(w * b for w, b in bounds)), True))
    growth = [(w, facts.growth) for w, facts in moving]
    if all(g is not None for _, g in growth):
        offset = sp.Add(*(w * g[0] for w, g in growth))  # type: ignore[index]
        rate = sp.Add(*(w * g[1] for w, g in growth))  # type: ignore[index]
        square = sp.Max(*(g[2] for _, g in growth))  # type: ignore[index]
        first = unordered and len({g[:2] for _, g in growth if g is not None}) > 1
        added = 2 * offset * (sp.exp(rate) if first else s * ExpPhi(1, rate * s))
        grown = _double(start, square) * sp.exp(rate * s) + added
        found.append(((grown - square / grown) / 2 if not square.is_zero else grown / 2, offset.is_zero is True))
    return found


def _double(start: sp.Expr, square: sp.Expr) -> sp.Expr:
    """``n_0 + √(n_0² + τ²)``."""
    return start + sp.sqrt(start**2 + square)


def _pairs(blocks: dict[int, sp.Expr]) -> list[tuple[int, int]]:
    ordered = sorted(blocks)
    return [(i, j) for a, i in enumerate(ordered) for j in ordered[a:]]


def _over(body: sp.Expr, s: sp.Symbol) -> sp.Expr:
    """``∫_0^1``; a body without ``s`` is its own integral."""
    return IntegralOver(body, s, 0, 1) if body.has(s) else body
