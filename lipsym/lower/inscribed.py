"""The ball around 0 that a region contains: where witnesses are built.

Invariant: every parameter vector of the inscribed ball, or product of balls, lies in the region wherever ``guard`` is
1, and elsewhere ``guard`` is 0 (at the border between the two it is enclosed by ``[0, 1]``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import sympy as sp

from lipsym.bounds.derivation import Derivation
from lipsym.domains import evaluate
from lipsym.domains.norms import frobenius_norm
from lipsym.nets.arrays import Block, entries
from lipsym.nets.blocks import centers_for
from lipsym.nets.boxes import Box
from lipsym.nets.network import Network
from lipsym.nets.regions import Ball, Region

ZERO, ONE = sp.S.Zero, sp.S.One
RULE = "inscribed-ball"


@dataclass(frozen=True, slots=True)
class Inscribed:
    """A ball around 0, or a product of them, inside a region.

    Args:
        radii: one for each block; of a joint ball the whole radius each time.
        joint: whether the blocks share the radius.
        guard: 1 where the radii are positive, 0 where some would be negative.
        hypothesis: what the guard says, as a sentence; empty if it always holds.
        smaller: whether it is smaller than the region.
    """

    radii: tuple[sp.Expr, ...]
    joint: bool
    guard: sp.Expr = ONE
    hypothesis: str = ""
    smaller: bool = True


def inscribed(region: Region, network: Network, out: Derivation) -> Inscribed | None:
    """The largest one around 0; ``None`` if no point near 0 lies in the region, whatever the symbols are.

    Let ``c`` be the centre. Then ``‖θ‖ ≤ R − ‖c‖`` implies ``‖θ − c‖ ≤ R``, block by block for a product; a box
    ``lo ≤ θ ≤ hi`` contains the balls of radius ``min(hi, −lo)``.

    Proof: proofs/inscribed-ball.md.
    """
    balls = region.blocks(network)
    joint = isinstance(region, Ball) and len(balls) > 1
    plain = tuple(ball.radius for ball in balls)
    if isinstance(region, Box):
        return _shrunk(_box_radii(region, network), False, "the box reaches beyond 0 on both sides")
    if all(ball.center is None for ball in balls):
        return None if any(r.is_zero for r in plain) else Inscribed(plain, joint, smaller=False)
    norms = [ZERO if ball.center is None else _norm([ball.center]) for ball in balls]
    if isinstance(region, Ball):
        norms = [_norm([ball.center for ball in balls if ball.center is not None])] * len(balls)
    named = _named(norms, joint, out)
    text = "the radius exceeds the norm of the centre" + ("" if joint else ", in every block")
    left = [r - c for r, c in zip(plain, named, strict=True)]
    exact = [r - c for r, c in zip(plain, norms, strict=True)]
    return _shrunk(left, joint, text, exact)


def _shrunk(
    left: Sequence[sp.Expr], joint: bool, text: str, exact: Sequence[sp.Expr] | None = None
) -> Inscribed | None:
    """The radii ``left`` where they are positive."""
    known = exact or left
    if any(r.is_nonpositive for r in known):
        return None
    radii = tuple(sp.Max(ZERO, r) for r in left)
    open_ = [r for r, e in zip(left, known, strict=True) if not e.is_nonnegative]
    if not open_:
        return Inscribed(radii, joint)
    return Inscribed(radii, joint, sp.Heaviside(sp.Min(*open_)), f"{text} (where it does not, the bound is 0)")


def _named(norms: Sequence[sp.Expr], joint: bool, out: Derivation) -> list[sp.Expr]:
    """Certified constants for the norms of the centres."""
    if joint:
        return [_constant("C", norms[0], "norm of the centre", out)] * len(norms)
    return [_constant(f"C_{k}", c, f"norm of the centre of block {k}", out) for k, c in enumerate(norms, 1)]


def _constant(name: str, norm: sp.Expr, text: str, out: Derivation) -> sp.Expr:
    return norm if norm.is_Rational else out.constant(name, evaluate(norm, {}, precision=128), text)


def _norm(blocks: Sequence[Block]) -> sp.Expr:
    return sp.sqrt(sp.Add(*(frobenius_norm(part) ** 2 for block in blocks for part in block if part is not None)))


def _box_radii(box: Box, network: Network) -> list[sp.Expr]:
    if not isinstance(box.lo, tuple):
        return [sp.Min(box.hi, -box.lo)] * len(network.blocks)  # type: ignore[operator]
    sides = zip(centers_for(network, box.lo), centers_for(network, box.hi), strict=True)  # type: ignore[arg-type]
    return [
        sp.Rational(
            min(
                min(Fraction(b), -Fraction(a))
                for a, b in zip(entries(lo).tolist(), entries(hi).tolist(), strict=True)  # type: ignore[arg-type]
            )
        )
        for lo, hi in sides
    ]
