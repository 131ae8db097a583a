"""What is bounded: the network itself, or an averaged loss of it.

Invariant: a loss enters a derivation only through ``G1``, ``G2``, ``G3`` and its weight decay; Jensen's inequality
carries the bounds of one sample over to the mean.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from lipsym.bounds.derivation import Derivation, names
from lipsym.bounds.jet import ONE, ZERO, LocalJet
from lipsym.domains.norms import frobenius_norm
from lipsym.nets.arrays import Block
from lipsym.nets.inputs import Dataset, InputBall
from lipsym.nets.losses import Loss
from lipsym.nets.network import Network
from lipsym.nets.regions import Ball, Region

Pair = tuple[sp.Expr, sp.Expr]


@dataclass(frozen=True, slots=True)
class Objective:
    """``N``, or ``Φ(θ) = mean_s g(N_θ(x_s), y_s) + (λ/2)‖θ‖²`` if there is a loss.

    Let ``‖∇g‖ ≤ G1``, ``‖∇²g‖ ≤ G2``, ``‖∇³g‖ ≤ G3`` on the outputs' range. Then ``‖∇Φ‖ ≤ G1‖D_θN‖ + λ max‖θ‖`` and
    ``‖∇²Φ‖ ≤ sup(G2‖Ṅ‖² + G1‖N̈‖) + λ``.

    Proof: proofs/loss.md.
    """

    loss: Loss | None
    network: Network
    inputs: InputBall | Dataset

    def symbols(self) -> set[str]:
        """Names of the loss's and the labels' symbols."""
        if self.loss is None:
            return set()
        return names([*self.loss.parameters, self._label_radius(self.loss)])

    def target(self, output_range: sp.Expr, out: Derivation) -> Pair:
        """``(A, B)`` such that the second derivative is at most ``sup A‖Ṅ‖² + B‖N̈‖``."""
        if self.loss is None:
            return ZERO, ONE
        return self.loss.hessian_bound, self._gradient_bound(self.loss, output_range, out)

    def lipschitz(self, bound: sp.Expr, output_range: sp.Expr, out: Derivation) -> sp.Expr:
        """The bound on the first derivative from one on ``‖D_θN‖``, weight decay apart."""
        return bound if self.loss is None else self._gradient_bound(self.loss, output_range, out) * bound

    def after(self, jets: list[LocalJet], order: int, out: Derivation) -> list[LocalJet]:
        """The layers' jets, followed by the loss as a last layer."""
        if self.loss is None:
            return jets
        slope = self._gradient_bound(self.loss, jets[-1].value, out)
        third = self.loss.third_bound if order == 3 else ZERO
        return [*jets, LocalJet(value=ZERO, u=slope, uu=self.loss.hessian_bound, uuu=third)]

    def with_decay(self, bound: sp.Expr, region: Region, order: int) -> sp.Expr:
        """``bound`` plus what the weight decay adds to the derivative of this order."""
        if self.loss is None or self.loss.weight_decay.is_zero or order > 2:
            return bound
        return bound + self.loss.weight_decay * (largest_norm(region, self.network) if order == 1 else ONE)

    def _gradient_bound(self, loss: Loss, output_range: sp.Expr, out: Derivation) -> sp.Expr:
        value = loss.gradient_bound(output_range, self._label_radius(loss), self.network.output_width)
        return out.define("G1", value, "loss", "bounds ‖∇g‖ on the outputs' range", always=True)

    def _label_radius(self, loss: Loss) -> sp.Expr:
        return self.inputs.label_radius if loss.needs_label_radius else ZERO


def largest_norm(region: Region, network: Network) -> sp.Expr:
    """A bound on ``‖θ‖`` over the region: exact for joint balls and products of balls."""
    balls = region.blocks(network)
    centers = [_block_norm(ball.center) for ball in balls]
    if isinstance(region, Ball):
        return region.radius + sp.sqrt(sp.Add(*(c**2 for c in centers)))
    return sp.sqrt(sp.Add(*((ball.radius + c) ** 2 for ball, c in zip(balls, centers, strict=True))))


def _block_norm(center: Block | None) -> sp.Expr:
    if center is None:
        return ZERO
    return sp.sqrt(sp.Add(*(frobenius_norm(part) ** 2 for part in center if part is not None)))
