"""Wrong formulas made from right ones: what a harness that can break false bounds has to break.

Invariant: a mutant is a formula that differs from a derived bound in one place, by one of the mistakes of ``KINDS``,
and claims the number it has at given values; whether that is false is decided by ``dominates`` or by a counterexample,
never by its kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import sympy as sp

from lipsym.bounds.coupled import order_1, ranges
from lipsym.bounds.derivation import Derivation
from lipsym.bounds.derive import NETWORK_RULES, derive
from lipsym.bounds.local import block_facts
from lipsym.bounds.result import Bound, Step
from lipsym.bounds.stages import stages
from lipsym.domains.expressions import BallMax, Binder, EigenvalueBound
from lipsym.enclosure import Enclosure
from lipsym.errors import DomainError, ExpressionError, InputError
from lipsym.nets.activations import activation
from lipsym.nets.claim import Claim
from lipsym.nets.inputs import Dataset, InputBall
from lipsym.nets.layers.affine import Affine
from lipsym.nets.layers.elementwise import Elementwise
from lipsym.nets.losses import loss as find_loss
from lipsym.nets.network import Network, mlp
from lipsym.nets.regions import Ball, ProductBall, Region
from lipsym.nets.specs import parse_network, parse_region
from lipsym.nets.uniform import UniformNetwork

KINDS = {
    "factor dropped": "one factor of a product is left out",
    "exponent lowered": "x^n becomes x^(n−1)",
    "offset dropped": "√(S² + 1) becomes S",
    "term dropped": "one term of a sum is left out",
    "sum to maximum": "a + b becomes max(a, b)",
    "maximum to minimum": "max(a, b) becomes min(a, b)",
    "1 % shaved": "the bound times 99/100",
    "s1 and s2 confused": "the constants of σ' and σ'' take each other's place",
    "layer missing": "the bound of the network without its last hidden layer",
    "bias forgotten": "the bound of the network without biases",
    "width forgotten": "the bound of the network with one neuron per hidden layer",
    "output activation forgotten": "the bound of the network with another last activation",
    "joint for each": "the bound on the joint ball, claimed where every layer has the whole radius",
    "centre forgotten": "the bound around 0, claimed around other weights",
    "inputs too small": "the bound for half of the inputs' radius",
    "order confused": "the bound on another order of derivative",
    "loss factor halved": "½ of a squared error, or of a Hessian, counted twice",
    "loss forgotten": "the bound of the network, claimed for its loss",
    "weight decay forgotten": "the regulariser is left out",
    "labels forgotten": "targets of norm 0",
}
"""The mistakes, by name."""

SHAVED = sp.Rational(99, 100)
BITS = 64


@dataclass(frozen=True, slots=True)
class Subject:
    """A question with a right answer, and numbers at which it is asked.

    Args:
        network, region, inputs, quantity, loss: as for ``derive``.
        values: numbers for all symbols.
        rule: which of the upper side's rules is mutated.
    """

    network: Network | UniformNetwork
    region: Region
    inputs: InputBall | Dataset
    quantity: str
    values: tuple[tuple[str, str], ...]
    loss: str | None = None
    weight_decay: str = "0"
    rule: str = "auto"

    def claim(self, expr: sp.Expr) -> Claim:
        """``expr`` claimed for this question."""
        return Claim(self.network, self.region, self.inputs, self.quantity, "<=", expr, self._loss())

    def bound(self, rule: str | None = None) -> Bound | None:
        """The right answer, if this rule has one."""
        chosen = self.rule if rule is None else rule
        outcome = derive(self.network, self.region, self.inputs, self.quantity, self._loss(), chosen)
        return outcome if isinstance(outcome, Bound) else None

    def _loss(self) -> Any:
        return None if self.loss is None else find_loss(self.loss, weight_decay=self.weight_decay)

    @property
    def title(self) -> str:
        """The question in one line."""
        at = ",".join(f"{name}={value}" for name, value in self.values)
        loss = "" if self.loss is None else f" {self.loss}" + ("+decay" if self.weight_decay != "0" else "")
        rule = "" if self.rule == "auto" else f" ({self.rule})"
        return f"{self.network.spec}{loss} {self.quantity} {self.region.spec} {at}{rule}"


@dataclass(frozen=True, slots=True)
class Mutant:
    """A formula that may be wrong, at numbers.

    Args:
        kind: one of ``KINDS``.
        subject: the question it is claimed for.
        formula: the line that was changed, as text.
        value: an enclosure of the mutant at the subject's numbers.
    """

    kind: str
    subject: Subject
    formula: str
    value: Enclosure

    @property
    def claim(self) -> Claim:
        """The claim that the truth is at most the mutant's upper end: breaking it breaks the mutant."""
        return self.subject.claim(sp.Rational(*Fraction(self.value.hi).as_integer_ratio()))


def mutants(subject: Subject) -> list[Mutant]:
    """All mutants of a question: of its formula, and of the question its formula answers.

    Mutants with equal values are one, one without a positive value is no claim, and one whose enclosure meets the right
    answer's cannot be told from it.
    """
    bound = subject.bound()
    if bound is None:
        return []
    found: dict[Enclosure, Mutant] = {}
    right = _value(bound.steps, bound.result, bound, subject)
    for kind, text, steps, result, of in (*_shaved(bound), *_misread(subject), *_miswritten(bound)):
        value = _value(steps, result, of, subject)
        if value is not None and right is not None and not value.overlaps(right) and value not in found:
            found[value] = Mutant(kind, subject, text, value)
    return list(found.values())


def dominates(mutant: Mutant) -> str:
    """Why a mutant's claim is true, as a sentence: its number is at least a derived bound; empty if that is not so."""
    bounds = [(f"rule {rule}", bound) for rule in NETWORK_RULES if (bound := mutant.subject.bound(rule)) is not None]
    closed = _closed(mutant.subject)
    for rule, bound in bounds if closed is None else [*bounds, ("coupled-order-1 in closed form", closed)]:
        if mutant.value.hi >= bound.evaluate(dict(mutant.subject.values), precision=BITS).hi:
            return f"at least the bound by {rule}"
    return ""


def _closed(subject: Subject) -> Bound | None:
    """Order 1 of tanh networks without a search for a maximum, whose enclosure would be wider than some slips."""
    network, region = subject.network, subject.region
    if subject.quantity != "lipschitz" or subject.loss is not None or not isinstance(region, ProductBall):
        return None
    found = stages(network) if isinstance(network, Network) else None
    right = subject.bound()
    if found is None or right is None or region.centers is not None:
        return None
    out = Derivation(set())
    balls = dict(zip(network.blocks, region.blocks(network), strict=True))  # type: ignore[union-attr,arg-type]
    facts = block_facts(network, balls, out)  # type: ignore[arg-type]
    reached = ranges(found, facts, subject.inputs.radius, out)
    result = order_1(found, facts, reached, out, closed=True)
    return replace(right, steps=tuple(out.steps), result=result, constants=tuple(out.constants))


def subjects() -> list[Subject]:
    """Questions for every rule and architecture, at numbers where the bounds are sharp or nearly so."""
    made: list[Subject] = []

    def add(network: Any, quantity: str, values: str, region: Any = "layers:R", rule: str = "auto", **of: Any) -> None:
        net = parse_network(network) if isinstance(network, str) else network
        where = parse_region(region) if isinstance(region, str) else region
        at = tuple(tuple(part.split("=")) for part in values.split(","))
        inputs = of.pop("inputs", InputBall("S", label_radius="Y"))
        made.append(Subject(net, where, inputs, quantity, at, rule=rule, **of))  # type: ignore[arg-type]

    # One layer: exact for every order.
    for quantity in ("lipschitz", "smoothness", "hessian_lipschitz"):
        add("mlp:2-1:tanh:tanh", quantity, "R=3,S=2")
    add("mlp:2-1:tanh:sigmoid", "smoothness", "R=3,S=2")
    add("mlp:2-2:tanh:arctan", "lipschitz", "R=3,S=1/2")
    # Two layers: the exact rule, coupled rules, and the plain recursion where it is nearly sharp.
    for values in ("R=2,S=3/2", "R=1/2,S=1", "R=10,S=1/2"):
        add("mlp:2-3-1:tanh", "smoothness", values)
    add("mlp:2-2-1:sigmoid", "smoothness", "R=5,S=2")
    add("mlp:2-3-1:tanh", "smoothness", "R=10,S=2", "layers:1,R")
    add("mlp:1-1-1:tanh:tanh", "lipschitz", "R=3,S=1")
    add("mlp:2-3-2:tanh", "lipschitz", "R=4,S=1")
    add("mlp:2-2-1:relu", "lipschitz", "R=3,S=2")
    add("mlp:2-2-1:sin", "lipschitz", "R=10,S=1")
    add("mlp:1-1-1:tanh:tanh", "smoothness", "R=30,S=1")
    add("mlp:1-1-1:erf", "lipschitz", "R=4,S=1")
    add("mlp:1-2-1:leaky_relu", "lipschitz", "R=10,S=3")
    add("mlp:2-2-1:tanh:nobias", "lipschitz", "R=10,S=2")
    add("mlp:2-2-1:tanh", "lipschitz", "R=50,S=1", rule="recursion")
    add("mlp:2-2-1:tanh", "smoothness", "R=50,S=1", rule="recursion")
    # Deep and uniform.
    add("mlp:2-2-2-1:tanh:tanh", "lipschitz", "R=20,S=1")
    add("mlp:2-2-2-1:tanh:tanh", "smoothness", "R=100,S=1", rule="recursion")
    add("mlp:1-2-2-2-1:sin:sin", "lipschitz", "R=30,S=2", rule="recursion")
    add("uniform:m-l:tanh", "lipschitz", "R=20,S=1,l=2,m=3")
    add("uniform:m-l:tanh:tanh", "smoothness", "R=100,S=1,l=2,m=3")
    # Joint balls, boxes, other centres, shared blocks, data.
    add("mlp:2-2-1:tanh", "lipschitz", "R=20,S=1", "ball:R")
    add("mlp:1-1-1:relu", "lipschitz", "R=3,S=2", "ball:R")
    add("mlp:2-2-1:tanh", "smoothness", "R=30,S=1", "ball:R")
    add("mlp:1-1:tanh:identity", "lipschitz", "R=3,S=2", "box:-R,R")
    add(mlp([2, 1], "tanh", "tanh"), "smoothness", "r=1,S=2", ProductBall("r", [([[0.5, -0.25]], [0.5])]))
    add(mlp([1, 1, 1], "tanh"), "lipschitz", "r=8,S=1", ProductBall("r", [([[0.0]], [0.0]), ([[2.0]], [0.5])]))
    shared = Network([Affine(1, 1, 1), Elementwise(activation("tanh"), 1), Affine(1, 1, 1)])
    add(shared, "lipschitz", "R=30,S=1")
    points = Dataset([[0.5, -1.0], [1.5, 2.0]], y=[[1.0], [-2.0]])
    add("mlp:2-2-1:tanh", "smoothness", "R=3", inputs=points)
    # Losses: exact for affine outputs.
    add("mlp:2-1:tanh", "lipschitz", "R=2,S=3/2,Y=1", loss="mse")
    add("mlp:2-1:tanh", "smoothness", "R=2,S=3/2,Y=1", loss="mse")
    add("mlp:2-1:tanh", "lipschitz", "R=2,S=3/2,Y=1", loss="mse", weight_decay="1/10")
    add("mlp:2-1:tanh", "smoothness", "R=2,S=3/2,Y=1", loss="mse", weight_decay="1/10")
    add("mlp:1-1:tanh", "lipschitz", "R=3,S=2,Y=1", loss="huber")
    add("mlp:1-1:tanh", "lipschitz", "R=20,S=2", loss="logistic")
    add("mlp:1-1:tanh", "smoothness", "R=3,S=2", loss="logistic")
    add("mlp:2-3:tanh", "smoothness", "R=3,S=2", loss="cross_entropy")
    add("mlp:2-2:tanh", "lipschitz", "R=40,S=2", loss="cross_entropy")
    add("mlp:1-1-1:tanh", "lipschitz", "R=30,S=1,Y=1", loss="mse")
    return made


Formula = tuple[str, str, tuple[Step, ...], sp.Expr, Bound]
"""The mistake, the changed line as text, the derivation with it, its result, and the bound it was made from."""


def _shaved(bound: Bound) -> Iterator[Formula]:
    yield "1 % shaved", f"99/100*({bound.result})", bound.steps, SHAVED * bound.result, bound


def _miswritten(bound: Bound) -> Iterator[Formula]:
    """One slip of the pen, in one step of the derivation."""
    half = sp.S.Half
    if any(expr.has(EigenvalueBound, BallMax) for expr in (bound.result, *(step.expr for step in bound.steps))):
        return  # a maximum of eigenvalues takes a second, and its mutants, which are not monotone, minutes
    if bound.loss is not None:
        yield "loss factor halved", f"({bound.result})/2", bound.steps, half * bound.result, bound
    for place, step in enumerate(bound.steps):
        halved = [("loss factor halved", half * step.expr)] if step.rule == "loss" else []
        for kind, slip in (*halved, *_slips(step.expr)):
            changed = (*bound.steps[:place], replace(step, expr=slip), *bound.steps[place + 1 :])
            yield kind, f"{step.symbol} = {slip}", changed, bound.result, bound
    for kind, slip in _slips(bound.result):
        yield kind, str(slip), bound.steps, slip, bound


def _value(steps: tuple[Step, ...], result: sp.Expr, bound: Bound, subject: Subject) -> Enclosure | None:
    """The formula at the subject's numbers, if it has a positive value there."""
    try:
        value = replace(bound, steps=steps, result=result).evaluate(dict(subject.values), precision=BITS)
    except (DomainError, ExpressionError):
        return None
    return value if isinstance(value.hi, Fraction) and value.hi > 0 else None


def _slips(expr: sp.Expr) -> Iterator[tuple[str, sp.Expr]]:
    for node in dict.fromkeys(sp.preorder_traversal(expr)):
        for kind, other in _slips_at(node):
            yield kind, expr.xreplace({node: other})


def _slips_at(node: sp.Basic) -> Iterator[tuple[str, Any]]:
    if isinstance(node, Binder):
        return
    if isinstance(node, sp.Mul):
        for factor in node.args:
            if factor not in (sp.S.One, sp.S.NegativeOne):
                yield "factor dropped", sp.Mul(*(other for other in node.args if other is not factor))
    elif isinstance(node, sp.Pow) and node.exp not in (sp.S.Half, sp.S.NegativeOne):
        yield "exponent lowered", node.base ** (node.exp - 1)
    elif isinstance(node, sp.Add):
        one, rest = node.as_coeff_Add()
        for term in node.args:
            kind = "offset dropped" if term == one == 1 and rest.is_Pow else "term dropped"
            yield kind, sp.Add(*(other for other in node.args if other is not term))
        if all(term.is_nonnegative for term in node.args):
            yield "sum to maximum", sp.Max(*node.args)
    elif isinstance(node, sp.Max):
        yield "maximum to minimum", sp.Min(*node.args)


def _misread(subject: Subject) -> Iterator[Formula]:
    """The right answer to another question."""
    for kind, other in _other_questions(subject):
        try:
            bound = other.bound()
        except InputError:  # the mistake leads to a question that cannot be asked
            continue
        if bound is not None:
            text = f"the bound on {other.title}"
            yield kind, text, bound.steps, bound.result, bound


def _other_questions(subject: Subject) -> Iterator[tuple[str, Subject]]:
    network, region = subject.network, subject.region
    if isinstance(network, Network):
        for kind, change in _CHANGES.items():
            changed = change(network)
            if changed is not None and changed != network:
                yield kind, replace(subject, network=changed)
    else:
        yield "bias forgotten", replace(subject, network=replace(network, bias=False))
        if isinstance(network.depth, sp.Symbol):
            yield "layer missing", _with_depth(subject, network)
    if isinstance(region, ProductBall) and not isinstance(region.radii, tuple) and region.centers is None:
        yield "joint for each", replace(subject, region=Ball(region.radii))
    if isinstance(region, ProductBall) and region.centers is not None:
        yield "centre forgotten", replace(subject, region=ProductBall(region.radii))
    if isinstance(subject.inputs, InputBall):
        half = InputBall(subject.inputs.radius / 2, subject.inputs.label_radius)
        yield "inputs too small", replace(subject, inputs=half)
    orders = {"smoothness": "lipschitz", "hessian_lipschitz": "smoothness"}
    if subject.quantity in orders:
        yield "order confused", replace(subject, quantity=orders[subject.quantity])
    if subject.loss is not None:
        yield "loss forgotten", replace(subject, loss=None, weight_decay="0")
        if subject.weight_decay != "0":
            yield "weight decay forgotten", replace(subject, weight_decay="0")
        if isinstance(subject.inputs, InputBall) and subject.loss in ("mse", "huber"):
            yield "labels forgotten", replace(subject, inputs=InputBall(subject.inputs.radius, label_radius=0))


def _with_depth(subject: Subject, network: UniformNetwork) -> Subject:
    """One layer fewer: the values keep the name of the depth, whose meaning is shifted."""
    depth = dict(subject.values)[str(network.depth)]
    values = tuple((n, str(int(depth) - 1) if n == str(network.depth) else v) for n, v in subject.values)
    return replace(subject, network=network.at(int(depth) - 1), values=values)


def _without_bias(network: Network) -> Network | None:
    return Network([replace(la, bias=False) if isinstance(la, Affine) else la for la in network.layers])


def _thin(network: Network) -> Network | None:
    """One neuron per hidden layer."""
    ends = (network.layers[0].inputs, network.layers[-1].outputs)
    affine = [i for i, layer in enumerate(network.layers) if isinstance(layer, Affine)]
    layers: list[Any] = []
    for i, layer in enumerate(network.layers):
        if isinstance(layer, Affine):
            inputs = ends[0] if i == affine[0] else 1
            layers.append(Affine(inputs, ends[1] if i == affine[-1] else 1, layer.block, layer.bias))
        else:
            layers.append(Elementwise(layer.activation, layers[-1].outputs if layers else ends[0]))
    return Network(layers)


def _shorter(network: Network) -> Network | None:
    """Without the last affine layer but one and what follows it."""
    affine = [i for i, layer in enumerate(network.layers) if isinstance(layer, Affine)]
    blocks = {layer.block for layer in network.layers if isinstance(layer, Affine)}
    if len(affine) < 2 or len(blocks) < len(affine):
        return None
    before, last = network.layers[: affine[-2]], network.layers[affine[-1] :]
    width = network.layers[affine[-2]].inputs
    head = last[0]
    return Network([*before, Affine(width, head.outputs, head.block, head.bias), *last[1:]])  # type: ignore[union-attr]


def _confused(network: Network) -> Network | None:
    """``s1`` and ``s2`` of every activation exchanged, so that plain rules use the wrong one."""
    layers = [
        layer
        if isinstance(layer, Affine) or not layer.activation.s2.is_finite
        else Elementwise(_exchanged(layer.activation), layer.width)
        for layer in network.layers
    ]
    return Network(layers)


def _exchanged(sigma: Any) -> Any:
    return replace(sigma, name=f"{sigma.name} ", s1=sigma.s2, s2=sigma.s1, properties=frozenset(), fold=None)


def _flat_output(network: Network) -> Network | None:
    return Network(network.layers[:-1]) if isinstance(network.layers[-1], Elementwise) else None


_CHANGES: Mapping[str, Callable[[Network], Network | None]] = {
    "s1 and s2 confused": _confused,
    "layer missing": _shorter,
    "bias forgotten": _without_bias,
    "width forgotten": _thin,
    "output activation forgotten": _flat_output,
}
