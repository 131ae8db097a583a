"""Deriving a bound: which rule applies, and its hypotheses.

Invariant: three outcomes. A bound is returned only by a rule whose hypotheses were checked here; a case without a rule
is an ``Unknown`` that names what is missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import sympy as sp

from lipsym.bounds import coupled, joint, recursion, two_layer, uniform
from lipsym.bounds.controlled import ODE_RULES, as_network_bound, controlled_bound
from lipsym.bounds.derivation import Derivation, names
from lipsym.bounds.hypotheses import hypotheses
from lipsym.bounds.jet import LocalJet
from lipsym.bounds.kinks import ORDERS, kink
from lipsym.bounds.local import BlockFacts, affine_layers, block_facts
from lipsym.bounds.objective import Objective
from lipsym.bounds.profile import COUPLING
from lipsym.bounds.result import Bound, Unbounded, Unknown
from lipsym.bounds.stages import Stage, stages
from lipsym.errors import ArgumentTypeError, InputError
from lipsym.nets.inputs import Dataset, InputBall
from lipsym.nets.losses import Loss
from lipsym.nets.losses import loss as find_loss
from lipsym.nets.network import Network
from lipsym.nets.odes import ControlledODE
from lipsym.nets.regions import Ball, ProductBall, Region
from lipsym.nets.uniform import UniformNetwork

NETWORK_RULES = ("auto", "coupled", "recursion")
RULES = (*NETWORK_RULES, "gronwall")
NORMS = {
    "lipschitz": "operator norm of D_θN, Euclidean norms on parameters and outputs",
    "smoothness": "operator norm of the bilinear map D²_θN, Euclidean norms",
    "hessian_lipschitz": "operator norm of the trilinear map D³_θN, Euclidean norms",
}


def derive(
    network: Network | UniformNetwork | ControlledODE,
    region: Region,
    inputs: InputBall | Dataset,
    quantity: str = "lipschitz",
    loss: str | Loss | None = None,
    rule: str = "auto",
) -> Bound | Unbounded | Unknown:
    """The upper side of ``lipsym.derive``, which states the quantities and the arguments.

    Raises:
        InputError: for an unknown quantity or rule, or a region that does not fit the network.
    """
    check_question(network, region, inputs, quantity)
    check_choice(rule, "rule", RULES)
    if isinstance(network, ControlledODE):
        return _controlled(network, region, inputs, quantity, loss, rule)
    check_choice(rule, "rule of a network", NETWORK_RULES)
    objective = None if loss is None else find_loss(loss)
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
        self, network: Network, region: Region, inputs: InputBall | Dataset, quantity: str, loss: Loss | None, rule: str
    ) -> None:
        self.network, self.region, self.inputs, self.rule = network, region, inputs, rule
        self.quantity, self.order = quantity, ORDERS[quantity]
        self.objective = Objective(loss, network, inputs)
        self.stages = stages(network)
        self.balls = dict(zip(network.blocks, region.blocks(network), strict=True))
        widths = [sp.sympify(w) for layer in network.layers for w in (layer.inputs, layer.outputs)]
        used = [ball.radius for ball in self.balls.values()] + widths + [inputs.radius]
        self.out = Derivation(names(used) | self.objective.symbols())

    def answer(self) -> Bound | Unknown:
        loss = self.objective.loss
        if self.rule == "coupled" and (self.stages is None or self.order == 3):
            return Unknown(
                self.quantity,
                "the coupled rules need orders 1 and 2 and one affine layer with a block of its own before each "
                "activation",
            )
        if loss is not None and self.order == 3 and not loss.third_bound.is_finite:
            return Unknown(self.quantity, f"the Hessian of the {loss.name} loss jumps")
        facts = block_facts(self.network, self.balls, self.out)
        candidates = [self._product(facts, self.out)]
        if isinstance(self.region, Ball) and len(facts) > 1:
            candidates.extend(self._joint(facts))
        least = candidates[0] if len(candidates) == 1 else sp.Min(*candidates, evaluate=False)
        result = self.objective.with_decay(least, self.region, self.order)
        return Bound(
            quantity=self.quantity,
            side="upper",
            steps=self.out.needed(result),
            result=result,
            hypotheses=tuple(hypotheses(self.network, self.region, self.inputs, loss, self.order)),
            norm=NORMS[self.quantity].replace("N", "Φ") if loss else NORMS[self.quantity],
            network=self.network.spec,
            region=self.region.spec,
            inputs=self.inputs.spec,
            loss=loss.name if loss else None,
            constants=tuple(self.out.constants),
        )

    def _product(self, facts: Mapping[int, BlockFacts], out: Derivation) -> sp.Expr:
        """The bound on a product of balls, by the sharpest rule allowed."""
        if self.rule == "recursion" or self.stages is None or self.order == 3:
            return self._recursion(facts, out)
        if self._two_layers(self.stages, facts):
            return two_layer.two_layer_smoothness(self.stages, facts, self.inputs.radius, out)
        reached = coupled.ranges(self.stages, facts, self.inputs.radius, out)
        if self.order == 1:
            return self.objective.lipschitz(coupled.order_1(self.stages, facts, reached, out), reached.output, out)
        target = self.objective.target(reached.output, out)
        bound = coupled.order_2(self.stages, facts, reached, target, out)
        if self.rule == "coupled" or all(COUPLING <= s.activation.properties or s.linear for s in self.stages):
            return bound
        # Where a layer's suprema stay separate neither rule is always the smaller one.
        return sp.Min(bound, self._recursion(facts, out), evaluate=False)

    def _shared(self, facts: Mapping[int, BlockFacts], radii: Mapping[int, sp.Expr], out: Derivation) -> sp.Expr:
        """A product-ball bound without inner maxima, at symbols for the shares."""
        shares = {k: replace(f, radius=radii[k], gain=f.center_gain + radii[k]) for k, f in facts.items()}
        if self.rule != "recursion" and self.stages is not None:
            if self._two_layers(self.stages, shares):
                return two_layer.two_layer_smoothness(self.stages, shares, self.inputs.radius, out)
            if self.order == 1:
                reached = coupled.ranges(self.stages, shares, self.inputs.radius, out)
                bound = coupled.order_1(self.stages, shares, reached, out, closed=True)
                return self.objective.lipschitz(bound, reached.output, out)
        return self._recursion(shares, out)

    def _joint(self, facts: Mapping[int, BlockFacts]) -> list[sp.Expr]:
        """Bounds that use that the blocks share one radius; each is valid, so the least of them is."""
        total, blocks = self.balls[self.network.blocks[0]].radius, self.network.blocks
        found = []
        if len(blocks) <= joint.LARGEST_SHARED:
            value = joint.shared_maximum(blocks, total, lambda radii, out: self._shared(facts, radii, out), self.out)
            found.append(self.out.define("K", value, "joint-ball-maximum", "maximum over the shares of the radius"))
        around_zero = all(f.center_gain.is_zero and f.center_offset.is_zero for f in facts.values())
        if self.order <= 2 and around_zero and len(affine_layers(self.network)) == len(blocks):
            value = joint.shared_sum(self._jets(facts, self.out), total, self.order)
            found.append(self.out.define("J", value, "joint-ball-sum", "sum of the maxima over the shared radius"))
        return found

    def _two_layers(self, network: Sequence[Stage], facts: Mapping[int, BlockFacts]) -> bool:
        plain = self.order == 2 and self.objective.loss is None and self.rule == "auto"
        return plain and two_layer.applies(network, facts)

    def _jets(self, facts: Mapping[int, BlockFacts], out: Derivation) -> list[LocalJet]:
        return self.objective.after(recursion.local_jets(self.network, facts, self.inputs.radius, out), self.order, out)

    def _recursion(self, facts: Mapping[int, BlockFacts], out: Derivation) -> sp.Expr:
        return recursion.bound(self._jets(facts, out), self.inputs.radius, self.order, out)


def _uniform(
    network: UniformNetwork, region: Region, inputs: InputBall | Dataset, quantity: str, loss: Loss | None
) -> Bound | Unbounded | Unknown:
    order = ORDERS[quantity]
    sigma = network.activation
    if loss is not None or order == 3:
        return Unknown(
            quantity, "the uniform-depth sums cover orders 1 and 2 of the network; give the depth as a number"
        )
    if not sigma.s0.is_finite or (order == 2 and not sigma.s2.is_finite):
        return Unknown(quantity, f"the uniform-depth sums need a bounded activation with finite s2, not {sigma.name}")
    if network.output.name not in ("identity", sigma.name):
        return Unknown(
            quantity, "the uniform-depth sums need the output activation to be the identity or the hidden one"
        )
    radius = common_radius(region)
    if radius is None:
        return Unknown(quantity, "the uniform-depth sums need one radius for all layers and the centre 0")
    out = Derivation(names([radius, inputs.radius, sp.sympify(network.width), sp.sympify(network.depth)]))
    joined = isinstance(region, Ball) and order == 1
    result = uniform.uniform_bound(network, radius, inputs.radius, order, joined, out)
    least = 2 if joined or network.output.name == "identity" else 1
    depth = f"{network.depth} ≥ {least}"
    return Bound(
        quantity=quantity,
        side="upper",
        steps=out.needed(result),
        result=result,
        hypotheses=(*hypotheses(network, region, inputs, None, order), depth),
        norm=NORMS[quantity],
        network=network.spec,
        region=region.spec,
        inputs=inputs.spec,
    )


def _controlled(
    ode: ControlledODE, region: Region, inputs: InputBall | Dataset, quantity: str, loss: str | Loss | None, rule: str
) -> Bound | Unbounded | Unknown:
    network = ode.as_network()
    if network is not None and rule != "gronwall":
        return as_network_bound(derive(network, region, inputs, quantity, loss, rule), ode)
    check_choice(rule, "rule of a controlled equation", ODE_RULES)
    objective = None if loss is None else find_loss(loss)
    if objective is not None:
        objective.check(inputs, ode.output_width)
    norm = NORMS[quantity].replace("N", "Φ" if objective else "X_T")
    return controlled_bound(ode, region, inputs, quantity, objective, rule, norm)


def common_radius(region: Region) -> sp.Expr | None:
    """The radius that all layers have in common, on a ball or a product of balls around 0."""
    if isinstance(region, Ball):
        return region.radius if region.center is None else None
    if isinstance(region, ProductBall) and region.centers is None:
        radii = set(region.radii) if isinstance(region.radii, tuple) else {region.radii}
        return radii.pop() if len(radii) == 1 else None
    return None


def check_question(network: object, region: object, inputs: object, quantity: str) -> None:
    """Check that the parts of a question are what they should be and fit together.

    Raises:
        ArgumentTypeError: for something that is no network, region or inputs.
        InputError: for an unknown quantity, or data of another width than the network's inputs.
    """
    for value, kinds, what in (
        (network, Network | UniformNetwork | ControlledODE, "a network, such as lipsym.mlp([2, 8, 1], 'tanh')"),
        (region, Region, "a region of parameters, such as lipsym.Ball(2); lipsym.parse_region reads text"),
        (inputs, InputBall | Dataset, "where the inputs lie, such as lipsym.InputBall(1)"),
    ):
        if not isinstance(value, kinds):
            raise ArgumentTypeError(
                f"a {type(value).__name__} was given: {value!r:.60}", f"asked for is {what}", "give one of these"
            )
    check_choice(quantity, "quantity", tuple(ORDERS))
    if (
        isinstance(network, Network | ControlledODE)
        and isinstance(inputs, Dataset)
        and inputs.points.shape[1] != network.input_width
    ):
        raise InputError(
            f"inputs with {inputs.points.shape[1]} features were given for the network {network.spec}",
            f"the network takes inputs of length {network.input_width}",
            "make the two agree",
        )


def check_choice(value: str, what: str, allowed: tuple[str, ...]) -> None:
    """Check that ``value`` is one of ``allowed``."""
    if value not in allowed:
        raise InputError(
            f"the {what} {value!r} was given",
            f"a {what} is one of {', '.join(allowed)}",
            "choose one of these; quantities are explained in the docstring of lipsym.derive",
        )
