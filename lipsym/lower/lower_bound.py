"""Lower bounds: the derivative at a witness, as a closed form.

Invariant: every lower bound is the norm of a derivative (along one direction, for order 2) at explicit parameters of
the region and an explicit input, or a limit of such; the largest of several is one too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import sympy as sp

from lipsym.bounds.derivation import Derivation, names
from lipsym.bounds.derive import NORMS
from lipsym.bounds.hypotheses import hypotheses
from lipsym.bounds.kinks import ORDERS, kink
from lipsym.bounds.result import Bound, Unbounded, Unknown
from lipsym.bounds.stages import Stage, stages
from lipsym.lower import uniform
from lipsym.lower.candidates import Candidate, candidates, walk
from lipsym.lower.inscribed import RULE as INSCRIBED
from lipsym.lower.inscribed import inscribed
from lipsym.lower.labels import Steepness, steepness
from lipsym.lower.path import Direction, Forward, Node, Pin, first_and_last, second_derivative, slopes
from lipsym.nets.activations import ACTIVATIONS
from lipsym.nets.inputs import Dataset, InputBall
from lipsym.nets.layers.elementwise import Elementwise
from lipsym.nets.losses import Loss
from lipsym.nets.network import Network
from lipsym.nets.regions import Region
from lipsym.nets.uniform import UniformNetwork

ZERO, ONE = sp.S.Zero, sp.S.One


def lower_bound(
    network: Network | UniformNetwork,
    region: Region,
    inputs: InputBall | Dataset,
    quantity: str,
    loss: Loss | None = None,
    proposals: Sequence[Candidate] | None = None,
) -> Bound | Unbounded | Unknown:
    """A closed form that the constant is at least, from witnesses on a path.

    Args:
        network, region, inputs, quantity, loss: as for ``derive``.
        proposals: witnesses to take instead of the standard ones.

    Proof: proofs/path-witness-1.md, proofs/path-witness-2.md.
    """
    if isinstance(network, UniformNetwork) and isinstance(network.depth, int):
        network = network.at()
    if isinstance(network, UniformNetwork):
        return uniform.lower(network, region, inputs, quantity, loss)
    missing = _unsupported(network, inputs, quantity, loss)
    if missing is not None:
        return Unknown(quantity, missing)
    infinite = kink(network, region, quantity, loss is not None)
    if infinite is not None:
        return infinite
    line = stages(network)
    if line is None:
        return Unknown(quantity, "path witnesses need one affine layer with a block of its own before each activation")
    order = ORDERS[quantity]
    out = Derivation(_reserved(network, region, inputs, loss, proposals or ()))
    inner = inscribed(region, network, out)
    if inner is None:
        return Unknown(quantity, "path witnesses are built around 0, and no ball around 0 lies in the region")
    tried = list(proposals) if proposals is not None else candidates(line, order, inner, loss)
    averaged = loss is not None and isinstance(inputs, Dataset)
    if loss is not None and averaged:
        if not line[0].affine.bias or loss.name == "huber":
            return Unknown(quantity, "the witness of a loss at given labels needs a bias in layer 1, and no Huber loss")
        tried = [replace(c, choices=(_still(c.choices[0]), *c.choices[1:])) for c in tried]
    size = ZERO if averaged else inputs.radius
    values = []
    for index, candidate in enumerate(tried):
        tag = "" if len(tried) == 1 else f"_{'abcdefgh'[index]}"
        nodes = walk(candidate, line, inner, size, out, tag)
        reached = _first if order == 1 else _second
        value = reached(nodes, candidate, line, inputs, size, loss)
        rule = candidate.rule if loss is None else "loss-witness"
        values.append(out.define(f"W{tag}", value, rule, "reached at this witness", always=True))
    result = values[0] if len(values) == 1 else sp.Max(*values, evaluate=False)
    if inner.smaller:
        result = inner.guard * out.define("W", result, INSCRIBED, "reached if 0 is inside the region", always=True)
    return Bound(
        quantity=quantity,
        side="lower",
        steps=out.needed(result),
        result=result,
        hypotheses=(
            *hypotheses(network, region, inputs, loss, order),
            inner.hypothesis or "every radius is positive",
        ),
        norm=NORMS[quantity].replace("N", "Φ") if loss else NORMS[quantity],
        network=network.spec,
        region=region.spec,
        inputs=inputs.spec,
        loss=loss.name if loss else None,
        constants=tuple(out.constants),
    )


def _unsupported(network: Network, inputs: InputBall | Dataset, quantity: str, loss: Loss | None) -> str | None:
    if quantity == "hessian_lipschitz":
        return "path witnesses cover orders 1 and 2"
    if loss is not None and loss.name == "cross_entropy" and not sp.sympify(network.output_width).is_Integer:
        return "the witness of cross-entropy needs the number of classes as a number"
    for sigma in (layer.activation for layer in network.layers if isinstance(layer, Elementwise)):
        if ACTIVATIONS.get(sigma.name) != sigma:
            return f"path witnesses need σ ≥ 0 on [0, ∞) or [0, π/2], proved for the table, not for {sigma.name}"
    if loss is not None:
        loss.check(inputs, network.output_width)
    return None


def _reserved(
    network: Network, region: Region, inputs: InputBall | Dataset, loss: Loss | None, tried: Sequence[Candidate]
) -> set[str]:
    """Names that are taken: those of the question, and the candidates' free symbols."""
    sizes = [sp.sympify(w) for layer in network.layers for w in (layer.inputs, layer.outputs)]
    taken = names([*(ball.radius for ball in region.blocks(network)), inputs.radius, *sizes])
    if loss is not None:
        taken |= names([*loss.parameters, *([inputs.label_radius] if loss.needs_label_radius else [])])
    return taken | {s.name for candidate in tried for s in candidate.free}


def _still(choice: object) -> Pin | object:
    """Layer 1 with ``A_1 = 0``, so that all samples share one path."""
    return Pin(ZERO) if isinstance(choice, Forward) else choice


def _first(
    nodes: list[Node],
    candidate: Candidate,
    line: Sequence[Stage],
    inputs: InputBall | Dataset,
    size: sp.Expr,
    loss: Loss | None,
) -> sp.Expr:
    slope = slopes(nodes)
    parts = [d**2 * node.reach for d, node in zip(slope, nodes, strict=True)]
    if loss is None:
        return sp.sqrt(sp.Add(*parts))
    later = sp.Add(*parts[1:])
    decay = loss.weight_decay
    # The gradient's row of layer k is parallel to (N_{k−1}, 1), whose product with the layer's row is z_k.
    across = sp.Add(*(d * node.point for d, node in zip(slope, nodes, strict=True)))
    own = sp.Add(*(node.square for node in nodes))
    squares = [
        slope[0] ** 2 * s.first + s.gradient**2 * later + 2 * decay * s.gradient * across + decay**2 * own
        for s in steepness(loss, nodes[-1].value, line[-1], inputs, nodes[0].reach)
    ]
    # Not negative; Max keeps an enclosure of it from reaching below 0.
    return sp.sqrt(sp.Max(ZERO, *squares, evaluate=False))


def _second(
    nodes: list[Node],
    candidate: Candidate,
    line: Sequence[Stage],
    inputs: InputBall | Dataset,
    size: sp.Expr,
    loss: Loss | None,
) -> sp.Expr:
    m = len(nodes)
    direction = candidate.direction
    first_only = Direction.first(m)
    if direction is None and loss is None and m > 1 and line[-1].linear:
        return first_and_last(nodes, size)[0]
    _, speed, bend, square = second_derivative(nodes, size, direction or first_only)
    if loss is None:
        return sp.Abs(bend) / square
    steep = steepness(loss, nodes[-1].value, line[-1], inputs, nodes[0].reach)
    forms = [_form(s, speed, bend, direction is None) / square + loss.weight_decay for s in steep]
    return sp.Max(*map(sp.Abs, forms), evaluate=False)


def _form(s: Steepness, speed: sp.Expr, bend: sp.Expr, first_only: bool) -> sp.Expr:
    """``D²Φ[u, u]`` without the weight decay; a direction in layer 1 alone may follow the data."""
    if first_only and s.turned is not None:
        return s.curvature * s.squared * speed**2 + s.turned * bend
    return s.curvature * speed**2 + s.gradient * bend
