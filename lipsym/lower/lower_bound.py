"""Lower bounds: the derivative at a witness, as a closed form.

Invariant: every lower bound is the norm of a derivative (along one direction, for order 2) at explicit parameters of
the region and an explicit input, or a limit of such; the largest of several is one too.
"""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp

from lipsym.bounds.derivation import Derivation, names
from lipsym.bounds.derive import NORMS
from lipsym.bounds.hypotheses import hypotheses
from lipsym.bounds.kinks import ORDERS, kink
from lipsym.bounds.result import Bound, Unbounded, Unknown
from lipsym.bounds.stages import Stage, stages
from lipsym.lower.candidates import Candidate, candidates
from lipsym.lower.labels import labelled
from lipsym.lower.path import Cancel, Direction, Forward, Node, Pin, follow, second_derivative, slopes
from lipsym.nets.activations import ACTIVATIONS
from lipsym.nets.inputs import Dataset, InputBall
from lipsym.nets.layers.elementwise import Elementwise
from lipsym.nets.losses import Loss
from lipsym.nets.network import Network
from lipsym.nets.regions import Ball, Box, ProductBall, Region
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
    missing = _unsupported(network, region, inputs, quantity, loss)
    if missing is not None:
        return Unknown(quantity, missing)
    if not isinstance(network, Network) or isinstance(region, Box):
        return Unknown(quantity, "path witnesses need numbered layers and balls")
    infinite = kink(network, region, quantity, loss is not None)
    if infinite is not None:
        return infinite
    line = stages(network)
    if line is None:
        return Unknown(quantity, "path witnesses need one affine layer with a block of its own before each activation")
    order = ORDERS[quantity]
    balls = [ball.radius for ball in region.blocks(network)]
    sizes = [sp.sympify(w) for layer in network.layers for w in (layer.inputs, layer.outputs)]
    reserved = names([*balls, inputs.radius, *sizes])
    if loss is not None:
        loss.check(inputs, network.output_width)
        reserved |= names([*loss.parameters, *([inputs.label_radius] if loss.needs_label_radius else [])])
    out = Derivation(reserved)
    tried = list(proposals) if proposals is not None else candidates(line, order)
    values = []
    for index, candidate in enumerate(tried):
        tag = "" if len(tried) == 1 else f"_{'abcdefgh'[index]}"
        radii = _radii(candidate, region, balls, inputs.radius, line, out, tag)
        nodes = follow(line, radii, inputs.radius, candidate.choices, candidate.rule, out, tag)
        found = _first if order == 1 else _second
        values.append(
            out.define(
                f"W{tag}",
                found(nodes, candidate, line, inputs, loss),
                _rule(candidate, loss),
                "reached at this witness",
                always=True,
            )
        )
    result = values[0] if len(values) == 1 else sp.Max(*values, evaluate=False)
    return Bound(
        quantity=quantity,
        side="lower",
        steps=out.needed(result),
        result=result,
        hypotheses=(*hypotheses(network, region, inputs, loss, order), "every radius is positive"),
        norm=NORMS[quantity].replace("N", "Φ") if loss else NORMS[quantity],
        network=network.spec,
        region=region.spec,
        inputs=inputs.spec,
        loss=loss.name if loss else None,
    )


def _unsupported(
    network: Network | UniformNetwork, region: Region, inputs: InputBall | Dataset, quantity: str, loss: Loss | None
) -> str | None:
    if quantity == "hessian_lipschitz":
        return "path witnesses cover orders 1 and 2"
    if isinstance(network, UniformNetwork):
        return "path witnesses of symbolic depth are not written out as a bound; give the depth as a number"
    if not isinstance(region, Ball | ProductBall):
        return "path witnesses are built in balls, not in boxes"
    if (region.center if isinstance(region, Ball) else region.centers) is not None:
        return "path witnesses are built around the centre 0"
    if any(ball.radius.is_zero for ball in region.blocks(network)):
        return "path witnesses need radii above 0"
    if loss is not None and loss.name == "cross_entropy" and not sp.sympify(network.output_width).is_Integer:
        return "the witness of cross-entropy needs the number of classes as a number"
    used = [layer.activation for layer in network.layers if isinstance(layer, Elementwise)]
    for sigma in used:
        row = ACTIVATIONS.get(sigma.name)
        if row is None or row != sigma:
            return f"path witnesses need σ ≥ 0 on [0, ∞) or [0, π/2], proved for the table, not for {sigma.name}"
    if loss is not None and isinstance(inputs, Dataset):
        return "the witness of a loss chooses the label; the labels of a data set are given"
    if loss is not None and not loss.weight_decay.is_zero and quantity == "lipschitz":
        return "the witness of a loss covers weight decay in order 2 only"
    return None


def _rule(candidate: Candidate, loss: Loss | None) -> str:
    return candidate.rule if loss is None else "loss-witness"


def _first(
    nodes: list[Node], candidate: Candidate, line: Sequence[Stage], inputs: InputBall | Dataset, loss: Loss | None
) -> sp.Expr:
    squares = sp.Add(*(d**2 * node.reach for d, node in zip(slopes(nodes), nodes, strict=True)))
    if loss is None:
        return sp.sqrt(squares)
    steep = [sp.Abs(first) for first, _ in _labels(nodes, line, inputs, loss)]
    return sp.Max(*steep, evaluate=False) * sp.sqrt(squares)


def _second(
    nodes: list[Node], candidate: Candidate, line: Sequence[Stage], inputs: InputBall | Dataset, loss: Loss | None
) -> sp.Expr:
    m = len(nodes)
    direction = candidate.direction
    first_only = Direction(tuple(sp.Integer(k == 0) for k in range(m)), (ZERO,) * m)
    if direction is None and loss is None and m > 1 and line[-1].linear:
        # N̈ = R v̈ a² + 2 a b v̇ for a in layer 1 and b across the last one: the larger eigenvalue of a 2 × 2 matrix.
        _, speed, bend, _ = second_derivative(
            nodes[:-1], inputs.radius, Direction(first_only.own[:-1], (ZERO,) * (m - 1))
        )
        bent = nodes[-1].weight * sp.Abs(bend)
        return (bent + sp.sqrt(bent**2 + 4 * speed**2)) / 2
    _, speed, bend, square = second_derivative(nodes, inputs.radius, direction or first_only)
    if loss is None:
        return sp.Abs(bend) / square
    forms = [
        sp.Abs((g2 * speed**2 + g1 * bend) / square + loss.weight_decay)
        for g1, g2 in _labels(nodes, line, inputs, loss)
    ]
    if loss.name == "huber":
        # ∂²g is 0 or more and was left out: a form helps where it is not negative.
        forms = [
            sp.Max(0, g1 * bend / square + loss.weight_decay, evaluate=False)
            for g1, _ in _labels(nodes, line, inputs, loss)
        ]
    return sp.Max(*forms, evaluate=False)


def _labels(
    nodes: list[Node], line: Sequence[Stage], inputs: InputBall | Dataset, loss: Loss
) -> list[tuple[sp.Expr, sp.Expr]]:
    width = line[-1].width
    radius = inputs.label_radius if loss.needs_label_radius else ZERO
    return labelled(loss, nodes[-1].value, width, line[-1].activation.at_zero, radius)


def _radii(
    candidate: Candidate,
    region: Region,
    balls: Sequence[sp.Expr],
    inputs: sp.Expr,
    line: Sequence[Stage],
    out: Derivation,
    tag: str,
) -> list[sp.Expr]:
    """The layers' radii: the region's own, or shares of the joint one."""
    if not isinstance(region, Ball) or len(balls) == 1:
        return list(balls)
    total, shares = region.radius, candidate.shares
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
        rest = total if first.is_zero else sp.sqrt(total**2 - first**2)
    whole = sp.Add(*shares)
    own = [rest * sp.sqrt(share / whole) for share in shares]
    return own if not shares[0].is_zero else [first, *own[1:]]
