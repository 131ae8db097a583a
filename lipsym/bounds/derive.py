"""Deriving a bound: which rule applies, and its hypotheses.

Invariant: three outcomes. A bound is returned only by a rule whose hypotheses were checked here; a case without a rule
is an ``Unknown`` that names what is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import sympy as sp

from lipsym.bounds import coupled, joint, recursion, two_layer, uniform
from lipsym.bounds.derivation import Derivation, names
from lipsym.bounds.hypotheses import hypotheses
from lipsym.bounds.jet import ZERO, LocalJet
from lipsym.bounds.kinks import ORDERS, kink
from lipsym.bounds.local import BlockFacts, affine_layers, block_facts
from lipsym.bounds.result import Bound, Unbounded, Unknown
from lipsym.bounds.profile import COUPLING
from lipsym.bounds.stages import stages
from lipsym.domains.norms import frobenius_norm
from lipsym.errors import InputError
from lipsym.nets.arrays import Block
from lipsym.nets.inputs import Dataset, InputBall
from lipsym.nets.losses import Loss, loss as find_loss
from lipsym.nets.network import Network
from lipsym.nets.regions import Ball, ProductBall, Region
from lipsym.nets.uniform import UniformNetwork

RULES = ("auto", "coupled", "recursion")
NORMS = {
    "lipschitz": "operator norm of D_θN, Euclidean norms on parameters and outputs",
    "smoothness": "operator norm of the bilinear map D²_θN, Euclidean norms",
    "hessian_lipschitz": "operator norm of the trilinear map D³_θN, Euclidean norms",
}


def derive(
    network: Network | UniformNetwork,
    region: Region,
    inputs: InputBall | Dataset,
    quantity: str = "lipschitz",
    loss: str | Loss | None = None,
    side: str = "upper",
    rule: str = "auto",
) -> Bound | Unbounded | Unknown:
    """A closed-form bound on a constant of ``θ ↦ N_θ(x)``, or of an averaged loss, uniform over a region and inputs.

    Let ``Θ`` be the region and ``Φ(θ) = mean_s g(N_θ(x_s), y_s) + λ/2‖θ‖²``.
    Then for ``"lipschitz"`` the bound is on ``sup_Θ ‖D_θ N‖`` (of ``Φ``: ``sup_Θ ‖∇Φ‖``), for ``"smoothness"`` on
    ``sup_Θ ‖D²_θ N‖``, for ``"hessian_lipschitz"`` on ``sup_Θ ‖D³_θ N‖``.

    Args:
        network: what is bounded.
        region: convex set of parameters.
        inputs: the ball or data set the inputs lie in.
        quantity: order 1, 2 or 3 by its name.
        loss: a loss, or its name, to bound ``Φ`` instead of ``N``.
        side: ``"upper"``; lower bounds have no rule yet.
        rule: ``"auto"`` takes the sharpest rule that applies; ``"coupled"`` and ``"recursion"`` force one.

    Returns:
        ``Bound``, ``Unbounded`` or ``Unknown``.

    Raises:
        InputError: for an unknown quantity, side or rule, or a region that does not fit the network.

    Example:
        >>> import lipsym as ls
        >>> ls.derive(ls.mlp([2, 8, 1], "tanh"), ls.ProductBall("R"), ls.InputBall("S")).rules[-1]
        'coupled-order-1'

    Source: the questions are those of Herrera, Krach, Teichmann (2020).
    """
    _check(quantity, "quantity", tuple(ORDERS))
    _check(side, "side", ("upper", "lower"))
    _check(rule, "rule", RULES)
    objective = None if loss is None else find_loss(loss)
    if side == "lower":
        return Unknown(quantity, "no rule for lower bounds is implemented")
    if isinstance(network, UniformNetwork):
        return _uniform(network, region, inputs, quantity, objective)
    if objective is not None:
        objective.check(inputs, network.output_width)
    infinite = kink(network, region, quantity, objective is not None)
    if infinite is not None:
        return infinite
    return _Request(network, region, inputs, quantity, objective, rule).answer()


class _Request:
    """One call of ``derive`` for a concrete architecture."""

    def __init__(
        self,
        network: Network,
        region: Region,
        inputs: InputBall | Dataset,
        quantity: str,
        loss: Loss | None,
        rule: str,
    ) -> None:
        self.network, self.region, self.inputs, self.loss, self.rule = network, region, inputs, loss, rule
        self.quantity, self.order = quantity, ORDERS[quantity]
        self.stages = stages(network)
        self.balls = dict(zip(network.blocks, region.blocks(network), strict=True))
        widths = [sp.sympify(w) for layer in network.layers for w in (layer.inputs, layer.outputs)]
        used = [ball.radius for ball in self.balls.values()] + widths + [inputs.radius]
        self.out = Derivation(names(used) | (names(loss.parameters) if loss else set()))

    def answer(self) -> Bound | Unbounded | Unknown:
        facts = block_facts(self.network, self.balls, self.out)
        if self.rule == "coupled" and (self.stages is None or self.order == 3):
            return Unknown(
                self.quantity,
                "the coupled rules need orders 1 and 2 and one affine layer with a block of its own before each "
                "activation",
            )
        if self.loss is not None and self.loss.third_bound is sp.oo and self.order == 3:
            return Unknown(self.quantity, f"the Hessian of the {self.loss.name} loss jumps")
        candidates = [self._product(facts, self.out)]
        if isinstance(self.region, Ball) and len(facts) > 1:
            candidates.extend(self._joint(facts))
        result = candidates[0] if len(candidates) == 1 else sp.Min(*candidates, evaluate=False)
        if self.loss is not None and not self.loss.weight_decay.is_zero and self.order <= 2:
            size = self._largest_norm() if self.order == 1 else sp.S.One
            result = result + self.loss.weight_decay * size
        self.out.assume(*hypotheses(self.network, self.region, self.inputs, self.loss, self.order))
        return Bound(
            quantity=self.quantity,
            side="upper",
            steps=self.out.needed(result),
            result=result,
            hypotheses=tuple(self.out.hypotheses),
            norm=NORMS[self.quantity].replace("N", "Φ") if self.loss else NORMS[self.quantity],
            network=self.network.spec,
            region=self.region.spec,
            inputs=self.inputs.spec,
            loss=self.loss.name if self.loss else None,
            constants=tuple(self.out.constants),
        )

    def _largest_norm(self) -> sp.Expr:
        """``max ‖θ‖`` over the region (over its product of balls, for a product or a box)."""
        centers = [_block_norm(ball.center) for ball in self.balls.values()]
        if isinstance(self.region, Ball):
            return self.region.radius + sp.sqrt(sp.Add(*(c**2 for c in centers)))
        pairs = zip(self.balls.values(), centers, strict=True)
        return sp.sqrt(sp.Add(*((ball.radius + c) ** 2 for ball, c in pairs)))

    def _product(self, facts: Mapping[int, BlockFacts], out: Derivation) -> sp.Expr:
        """The bound on a product of balls, by the sharpest rule allowed."""
        if self.rule == "recursion" or self.stages is None or self.order == 3:
            return self._recursion(facts, out)
        if self.order == 2 and self.loss is None and self.rule == "auto" and two_layer.applies(self.stages, facts):
            return two_layer.two_layer_smoothness(self.stages, facts, self.inputs.radius, out)
        reached = coupled.ranges(self.stages, facts, self.inputs.radius, out)
        if self.order == 1:
            bound = coupled.order_1(self.stages, facts, reached, out)
            return bound if self.loss is None else self._gradient_bound(reached.output, out) * bound
        target = (sp.S.Zero, sp.S.One)
        if self.loss is not None:
            target = (self.loss.hessian_bound, self._gradient_bound(reached.output, out))
        bound = coupled.order_2(self.stages, facts, reached, target, out)
        if self.rule == "coupled" or all(COUPLING <= s.activation.properties or s.linear for s in self.stages):
            return bound
        # Where a layer's suprema stay separate neither rule is always the smaller one.
        return sp.Min(bound, self._recursion(facts, out), evaluate=False)

    def _recursion(self, facts: Mapping[int, BlockFacts], out: Derivation) -> sp.Expr:
        jets = recursion.local_jets(self.network, facts, self.inputs.radius, out)
        return recursion.bound(self._with_loss(jets, out), self.inputs.radius, self.order, out)

    def _with_loss(self, jets: list[LocalJet], out: Derivation) -> list[LocalJet]:
        if self.loss is None:
            return jets
        slope = self._gradient_bound(jets[-1].value, out)
        third = self.loss.third_bound if self.order == 3 else ZERO
        return [*jets, LocalJet(value=ZERO, u=slope, uu=self.loss.hessian_bound, uuu=third)]

    def _gradient_bound(self, output_range: sp.Expr, out: Derivation) -> sp.Expr:
        assert self.loss is not None  # noqa: S101 - callers checked
        label = self.inputs.label_radius if self.loss.needs_label_radius else ZERO
        value = self.loss.gradient_bound(output_range, label, self.network.output_width)
        return out.define("G1", value, "loss", "bounds ‖∇g‖ on the outputs' range")

    def _joint(self, facts: Mapping[int, BlockFacts]) -> list[sp.Expr]:
        """Bounds that use that the blocks share one radius; each is valid, so the least of them is."""
        total, blocks = self.balls[self.network.blocks[0]].radius, self.network.blocks
        found = []
        if len(blocks) <= joint.LARGEST_SHARED:
            value = joint.shared_maximum(blocks, total, lambda radii, out: self._shared(facts, radii, out), self.out)
            found.append(self.out.define("K", value, "joint-ball-maximum", "maximum over the shares of the radius"))
        around_zero = all(f.center_gain.is_zero and f.center_offset.is_zero for f in facts.values())
        own_blocks = len(affine_layers(self.network)) == len(blocks)
        if self.order <= 2 and around_zero and own_blocks:
            jets = self._with_loss(recursion.local_jets(self.network, facts, self.inputs.radius, self.out), self.out)
            value = joint.shared_sum(jets, total, self.order)
            found.append(self.out.define("J", value, "joint-ball-sum", "sum of the maxima over the shared radius"))
        return found

    def _shared(self, facts: Mapping[int, BlockFacts], radii: Mapping[int, sp.Expr], out: Derivation) -> sp.Expr:
        """A product-ball bound without inner maxima, at symbols for the shares."""
        shares = {k: replace(f, radius=radii[k], gain=f.center_gain + radii[k]) for k, f in facts.items()}
        if self.rule == "recursion" or self.stages is None or self.order == 3:
            return self._recursion(shares, out)
        if self.order == 2:
            exact = self.loss is None and self.rule == "auto" and two_layer.applies(self.stages, shares)
            if exact:
                return two_layer.two_layer_smoothness(self.stages, shares, self.inputs.radius, out)
            return self._recursion(shares, out)
        reached = coupled.ranges(self.stages, shares, self.inputs.radius, out)
        bound = coupled.order_1(self.stages, shares, reached, out, closed=True)
        return bound if self.loss is None else self._gradient_bound(reached.output, out) * bound


def _uniform(
    network: UniformNetwork, region: Region, inputs: InputBall | Dataset, quantity: str, loss: Loss | None
) -> Bound | Unbounded | Unknown:
    order = ORDERS[quantity]
    sigma = network.activation
    if loss is not None or order == 3:
        return Unknown(quantity, "the uniform-depth sums cover orders 1 and 2 of the network; give the depth as a number")
    if not sigma.s0.is_finite or (order == 2 and not sigma.s2.is_finite):
        return Unknown(quantity, f"the uniform-depth sums need a bounded activation with finite s2, not {sigma.name}")
    if network.output.name not in ("identity", sigma.name):
        return Unknown(quantity, "the uniform-depth sums need the output activation to be the identity or the hidden one")
    radius = _common_radius(region)
    if radius is None:
        return Unknown(quantity, "the uniform-depth sums need one radius for all layers and the centre 0")
    out = Derivation(names([radius, inputs.radius, network.width, network.depth]))
    joined = isinstance(region, Ball) and order == 1
    result = uniform.uniform_bound(network, radius, inputs.radius, order, joined, out)
    out.assume(*hypotheses(network, region, inputs, None, order))
    least = 2 if joined or network.output.name == "identity" else 1
    out.assume(f"{network.depth} ≥ {least}")
    return Bound(
        quantity=quantity,
        side="upper",
        steps=out.needed(result),
        result=result,
        hypotheses=tuple(out.hypotheses),
        norm=NORMS[quantity],
        network=network.spec,
        region=region.spec,
        inputs=inputs.spec,
    )


def _common_radius(region: Region) -> sp.Expr | None:
    if isinstance(region, Ball):
        return region.radius if region.center is None else None
    if isinstance(region, ProductBall) and region.centers is None:
        radii = set(region.radii) if isinstance(region.radii, tuple) else {region.radii}
        return radii.pop() if len(radii) == 1 else None
    return None


def _block_norm(center: Block | None) -> sp.Expr:
    if center is None:
        return sp.S.Zero
    return sp.sqrt(sp.Add(*(frobenius_norm(part) ** 2 for part in center if part is not None)))


def _check(value: str, what: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise InputError(
            f"the {what} {value!r} was given",
            f"a {what} is one of {', '.join(allowed)}",
            f"choose one of these; quantities are explained in the docstring of lipsym.derive",
        )
