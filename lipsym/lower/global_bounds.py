"""Which networks have a Lipschitz constant, or a smoothness constant, for all parameters at once.

Invariant: every answer but ``unknown`` is an instance of a theorem whose hypotheses are checked here, one by one.

Proof: proofs/global-*.md.
"""

from __future__ import annotations

from collections.abc import Iterator

import sympy as sp

from lipsym.bounds.stages import Stage, stages
from lipsym.lower.decision import Decision, GlobalBounds
from lipsym.lower.divergence import HALF, Route, at, family
from lipsym.lower.equilibrium import equation_decision
from lipsym.lower.finite import Question, one_layer, sigmoid_pair, two_affine
from lipsym.lower.moments import curvature_product, in_table, moments
from lipsym.nets.inputs import Dataset, InputBall
from lipsym.nets.losses import Loss
from lipsym.nets.losses import loss as find_loss
from lipsym.nets.network import Network
from lipsym.nets.odes import ControlledODE
from lipsym.nets.uniform import UniformNetwork

ORDERS = {"lipschitz": 1, "smoothness": 2}


def global_bounds(
    network: Network | UniformNetwork | ControlledODE,
    loss: str | Loss | None = None,
    inputs: InputBall | Dataset | None = None,
) -> GlobalBounds:
    """Decide, for each order, whether a constant valid for all parameters exists.

    Let ``θ`` range over the whole parameter space and ``x`` over the inputs.
    Then ``.lipschitz`` decides ``sup ‖D_θN‖ < ∞`` and ``.smoothness`` ``sup ‖D²_θN‖ < ∞``; of a loss,
    with ``Φ`` for ``N``.

    Args:
        network: affine and elementwise layers.
        loss: a loss, or its name, to decide for ``Φ`` instead of ``N``.
        inputs: where the inputs lie; left out: ``‖x‖ ≤ S`` with ``S > 0``.

    Example:
        >>> from lipsym.nets.network import mlp
        >>> deep = global_bounds(mlp([2, 3, 1], "tanh"))
        >>> deep.lipschitz.answer, deep.lipschitz.theorem
        ('infinite', 'global-order-1')
        >>> global_bounds(mlp([2, 1], [], "tanh")).smoothness.bound.expr
        4*sqrt(3)*(S**2 + 1)/9

    Proof: proofs/global-order-1.md, proofs/global-order-2.md and the files they name.
    """
    objective = None if loss is None else find_loss(loss)
    if isinstance(network, ControlledODE):
        network = network.as_network() or network
    if isinstance(network, ControlledODE):
        data = InputBall("S") if inputs is None else inputs
        one, two = (equation_decision(network, data, objective, quantity) for quantity in ORDERS)
        return GlobalBounds(one, two)
    if isinstance(network, UniformNetwork):
        reason = "the depth is a symbol: one layer has global constants, more layers have none; ask for .at(depth)"
        return GlobalBounds(_unknown("lipschitz", reason), _unknown("smoothness", reason))
    data = InputBall("S") if inputs is None else inputs
    if objective is not None:
        objective.check(data, network.output_width)
    question = Question(network, data, objective)
    return GlobalBounds(decide(question, "lipschitz"), decide(question, "smoothness"))


def decide(question: Question, quantity: str) -> Decision:
    """The decision for one order."""
    loss = question.loss
    if loss is not None and quantity == "lipschitz" and not loss.weight_decay.is_zero:
        return _decay(question)
    path = stages(question.network)
    if path is None:
        return _unknown(quantity, "blocks are shared or activations stand in a row, and no theorem covers this form")
    strangers = sorted({s.activation.name for s in path if not in_table(s.activation)})
    if strangers:
        return _unknown(quantity, f"{', '.join(strangers)}: not in the table, so its behaviour far out is not known")
    driven = path[0].affine.bias or not question.inputs.radius.is_zero
    if not driven:
        return _unknown(quantity, "all inputs are 0 and layer 1 has no bias: no theorem covers a network without input")
    if loss is not None:
        return _loss(question, path, quantity)
    return _order_1(question, path) if quantity == "lipschitz" else _order_2(question, path)


def _order_1(question: Question, path: tuple[Stage, ...]) -> Decision:
    if len(path) == 1:
        return one_layer(question, path, "lipschitz")
    route = next(_order_1_routes(path), None)
    if route is not None:
        return _infinite(question, path, "lipschitz", "global-order-1", *route)
    if _is_pair(path):
        return sigmoid_pair(question, path, "lipschitz")
    return _unknown("lipschitz", _undecided(path))


def _order_1_routes(path: tuple[Stage, ...]) -> Iterator[tuple[Route, int]]:
    """Routes whose hypotheses hold, the one with the smallest parameters first; layers count from 1."""
    last = len(path)
    behind = range(last, 1, -1)
    yield from ((Route.BIAS, j) for j in behind if path[j - 1].affine.bias)
    yield from ((Route.OPPOSED, j) for j in behind if (path[j - 2].width - 2).is_nonnegative)
    # At 0 the slope of a kinked activation is not defined; its unbounded range serves instead.
    yield from ((Route.ZERO, j) for j in behind if _passes_zero(path[j - 2]) and _slopes_at_zero(path[j - 1 :]))
    yield from ((Route.UNBOUNDED, j) for j in behind if path[j - 2].activation.s0 is sp.oo)
    if moments(path[-1].activation) is None:
        yield Route.FAR, last
    yield from ((Route.TAIL, j) for j in range(last - 1, 1, -1) if path[j - 1].activation.name == "sigmoid")


def _order_2(question: Question, path: tuple[Stage, ...]) -> Decision:
    if len(path) == 1:
        return one_layer(question, path, "smoothness")
    if all(stage.linear for stage in path) and len(path) == 2:
        return two_affine(question, path)
    route = next(_order_2_routes(path), None)
    if route is not None:
        return _infinite(question, path, "smoothness", "global-order-2", *route)
    if _is_pair(path):
        return sigmoid_pair(question, path, "smoothness")
    return _unknown("smoothness", _undecided(path))


def _order_2_routes(path: tuple[Stage, ...]) -> Iterator[tuple[Route, int]]:
    last = len(path)
    kinked = [k for k, stage in enumerate(path, 1) if stage.activation.smoothness == "C^{0,1}"]
    if kinked:
        yield Route.KINK, kinked[-1]
    elif path[-1].linear:
        yield Route.SCALE, last
    else:
        yield from _order_1_routes(path)


def _loss(question: Question, path: tuple[Stage, ...], quantity: str) -> Decision:
    loss = question.loss
    if loss is None:
        raise TypeError("a loss is decided for a question with a loss")
    if loss.name == "cross_entropy" and path[-1].width == 1:
        return _unknown(quantity, "the cross-entropy of one class is 0 whatever the output: take logistic")
    if len(path) == 1:
        return _one_layer_loss(question, path, quantity, loss)
    if loss.name == "cross_entropy" and not path[-1].width.is_number:
        return _unknown(quantity, "the number of classes is a symbol; with one class the loss is 0")
    several = isinstance(question.inputs, Dataset) and question.inputs.size > 1
    if loss.name == "huber" and several and path[-1].activation.s0 is not sp.oo:
        return _unknown(quantity, "the linear pieces of several samples' Huber losses may cancel on a bounded output")
    if ends_biased(path):
        return _infinite(question, path, quantity, "global-loss", Route.BIAS, len(path))
    if not question.inputs.radius.is_zero and _threads(path):
        return _infinite(question, path, quantity, "global-loss", Route.SMALL, len(path))
    if not several and (path[-2].width - 2).is_nonnegative:
        return _infinite(question, path, quantity, "global-loss", Route.OPPOSED, len(path))
    return _unknown(
        quantity,
        "without biases in its last two layers, no theorem covers a loss of several samples, or of one neuron before "
        "the last layer, where σ(0) ≠ 0 in a hidden layer or the output is neither affine nor odd",
    )


def ends_biased(path: tuple[Stage, ...]) -> bool:
    """Whether the last two layers have biases."""
    return len(path) > 1 and path[-1].affine.bias and path[-2].affine.bias


def _threads(path: tuple[Stage, ...]) -> bool:
    """Whether a tiny signal passes through all layers: ``σ(0) = 0 ≠ σ'(0+)``, and the output is affine or odd.

    Behind a kink only signals of one sign pass, and the output has to be affine.
    """
    *hidden, last = (stage.activation for stage in path)
    starts = all(sigma.at_zero.is_zero for sigma in hidden)
    kinked = any(sigma.smoothness == "C^{0,1}" for sigma in hidden)
    odd = sp.simplify(last.value + last.value.subs(last.z, -last.z)) == 0
    return starts and (path[-1].linear or (bool(odd) and not kinked))


def _one_layer_loss(question: Question, path: tuple[Stage, ...], quantity: str, loss: Loss) -> Decision:
    sigma = path[0].activation
    if quantity == "smoothness" and not sigma.s2.is_finite:
        return _unknown(quantity, f"the slope of {sigma.name} jumps, and the residual at the jump decides")
    if loss.name != "mse" or sigma.s0 is not sp.oo:
        return one_layer(question, path, quantity)
    if quantity == "smoothness":
        if curvature_product(sigma) is None:
            return _unknown(quantity, f"sup|σσ''| of {sigma.name} is not in the table")
        return one_layer(question, path, quantity)
    single = isinstance(question.inputs, InputBall) or question.inputs.size == 1
    if not (path[0].affine.bias or single):
        return _unknown(quantity, "no theorem covers the squared error of several samples without a bias")
    return _infinite(question, path, "lipschitz", "global-loss", Route.OUTPUT, 1)


def _decay(question: Question) -> Decision:
    return Decision(
        "lipschitz",
        "infinite",
        "global-decay",
        (*question.sentences(), "g ≥ 0 and λ > 0"),
        "Φ(θ) ≥ λ/2·‖θ‖² grows quadratically along every ray, a Lipschitz function at most linearly",
    )


def _is_pair(path: tuple[Stage, ...]) -> bool:
    """One hidden sigmoid neuron, no bias behind it, and an output with a bounded ``zσ'(z)``."""
    first, *rest = path
    return (
        len(rest) == 1
        and first.activation.name == "sigmoid"
        and first.width == 1
        and not rest[0].affine.bias
        and moments(rest[0].activation) is not None
    )


def _passes_zero(stage: Stage) -> bool:
    sigma = stage.activation
    return sigma.at_zero.is_zero is True and sigma.smoothness != "C^{0,1}"


def _slopes_at_zero(tail: tuple[Stage, ...]) -> bool:
    """Whether the layers from a growing weight on pass a signal on that starts at 0; a bias moves it off 0."""
    for stage in tail:
        if stage.activation.smoothness == "C^{0,1}" or at(stage.activation, sp.S.Zero, 1).is_zero is not False:
            return False
        if stage.activation.at_zero.is_zero is False:
            return True
    return True


def _infinite(
    question: Question, path: tuple[Stage, ...], quantity: str, theorem: str, route: Route, layer: int
) -> Decision:
    # ELU bends on the left only; everywhere else 1/2 is a point where no derivative of the table vanishes.
    left = quantity == "smoothness" and route is not Route.KINK and any(s.activation.name == "elu" for s in path)
    point = -HALF if left else HALF
    grown = family(path, route, layer, ORDERS[quantity], point)
    return Decision(
        quantity,
        "infinite",
        theorem,
        (*question.sentences(), *_checked(path, route, layer)),
        f"{route.value}: the constant grows like {grown.rate} → ∞ as R → ∞",
        family=grown,
    )


def _checked(path: tuple[Stage, ...], route: Route, layer: int) -> Iterator[str]:
    """The hypotheses of a route, as sentences."""
    names = ", ".join(dict.fromkeys(s.activation.name for s in path))
    yield f"stages with blocks of their own, {len(path)} layers, activations of the table ({names}), none constant"
    yield "layer 1 has a bias" if path[0].affine.bias else "layer 1 has no bias, and some input is not 0"
    match route:
        case Route.BIAS:
            yield f"layer {layer} has a bias"
        case Route.OPPOSED:
            yield f"layer {layer - 1} has at least two neurons"
        case Route.ZERO:
            yield f"the activation of layer {layer - 1} is 0 at 0, and the slopes at 0 from there on are not 0"
        case Route.UNBOUNDED:
            yield f"the activation of layer {layer - 1} is unbounded"
        case Route.FAR:
            yield f"zσ'(z) is unbounded for the activation of layer {layer}"
        case Route.TAIL:
            yield f"layer {layer} is a sigmoid, and a layer follows it"
        case Route.SCALE:
            yield "the last layer is affine, and the layers before it are not affine in their parameters"
        case Route.SMALL:
            yield "some input is not 0, and σ(0) = 0 ≠ σ'(0+) in the hidden layers"
            yield "the output is affine, or its activation is odd and no hidden slope jumps"
        case Route.KINK:
            yield f"the slope of the activation of layer {layer} jumps at 0, and no later one does"
        case _:
            yield "the output is unbounded"


def _undecided(path: tuple[Stage, ...]) -> str:
    widths = [s.width for s in path[:-1] if not s.width.is_number]
    if widths:
        return f"without biases the answer depends on whether the width {widths[0]} is 1"
    return "no theorem covers this network without biases"


def _unknown(quantity: str, reason: str) -> Decision:
    return Decision(quantity, "unknown", None, (), reason)
