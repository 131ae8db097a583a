"""From a witness to exact parameters.

Invariant: the parameters are rationals inside the region, decided by ``region.contains`` in exact arithmetic; how near
the witness they are decides only how much of its value is left.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy as sp

from lipsym.bounds.derivation import Derivation, names
from lipsym.bounds.stages import Stage, stages
from lipsym.domains import evaluate, evaluate_program
from lipsym.errors import InputError
from lipsym.lower.candidates import Candidate, walk
from lipsym.lower.inscribed import inscribed
from lipsym.lower.path import Cancel, Direction, Forward, Node, first_and_last
from lipsym.nets.inputs import Dataset, InputBall
from lipsym.nets.losses import Loss
from lipsym.nets.network import Network
from lipsym.nets.regions import Region

Rows = tuple[tuple[Fraction, ...], ...]
ExactParameters = tuple[tuple[Rows, tuple[Fraction, ...] | None], ...]
"""One pair ``(A, b)`` per block, in rationals."""

PRECISION, BITS = 320, 200
"""Bits of the witness's numbers, and of the rationals near them."""
BESIDE = Fraction(1, 2**100)
"""How far from a jump of a derivative at 0 a one-sided limit is taken."""
SHRINK = (None, 150, 100, 60, 40, 20)
"""The parameters are scaled by ``1 − 2**-k`` until they lie in the region."""


@dataclass(frozen=True, slots=True)
class Instance:
    """A witness at numbers.

    Args:
        parameters: rationals in the region, one pair ``(A, b)`` per block.
        x: the input, rationals.
        direction: of the second derivative, in the form of the parameters.
    """

    parameters: ExactParameters
    x: tuple[Fraction, ...]
    direction: ExactParameters


def instance(
    network: Network,
    region: Region,
    inputs: InputBall | Dataset,
    candidate: Candidate,
    values: Mapping[str, Any],
    loss: Loss | None = None,
    output: tuple[int, int] = (0, 1),
) -> Instance | None:
    """The exact parameters of a candidate at numbers; ``None`` if it has none (symbolic widths, nothing around 0).

    Args:
        network, region, inputs: as for ``derive``.
        candidate: a witness without free symbols.
        values: exact numbers for the symbols.
        loss: for a witness of a loss; at given labels ``A_1 = 0``.
        output: the row of the active output, and the sign of the last block.
    """
    line = stages(network)
    widths = [network.input_width, *(layer.outputs for layer in network.layers)]
    if line is None or not all(isinstance(w, int) for w in widths):
        return None
    out = Derivation(names([*(ball.radius for ball in region.blocks(network)), inputs.radius]))
    inner = inscribed(region, network, out)
    if inner is None:
        return None
    still = loss is not None and isinstance(inputs, Dataset)
    x, length, size = _input(network, inputs, values)
    nodes = walk(candidate, line, inner, sp.S.Zero if still else size, out)
    steps = [(s.symbol, s.expr) for s in out.steps]
    known = {str(name): value for name, value in values.items()} | {c.symbol.name: c.enclosure for c in out.constants}

    def number(expr: sp.Expr) -> Fraction:
        return _middle(evaluate_program(steps, sp.sympify(expr), known, precision=PRECISION))

    theta = _placed(_parameters(line, candidate, nodes, x, length, number, still), *output)
    pair = line[-1].linear and len(line) > 1 and loss is None
    along = candidate.direction or (first_and_last(nodes, size)[1] if pair else Direction.first(len(line)))
    seen = _read(inputs, x, candidate.direction is None) if still else x
    u = _placed(_direction(line, candidate, nodes, along, seen, number), *output)
    for shrink in SHRINK:
        scaled = theta if shrink is None else _scaled(theta, 1 - Fraction(1, 2**shrink))
        if region.contains(scaled, network, values):
            return Instance(scaled, x, u)
    return None


def _parameters(
    line: Sequence[Stage],
    candidate: Candidate,
    nodes: Sequence[Node],
    x: tuple[Fraction, ...],
    length: Fraction,
    number: Callable[[sp.Expr], Fraction],
    still: bool,
) -> ExactParameters:
    """Layer by layer; ``half`` is ``1/√2`` from below, for the two neurons of an opposed pair."""
    half = _middle(evaluate(sp.sqrt(sp.Rational(1, 2)), {}, precision=PRECISION))
    square = sum((v * v for v in x), Fraction(0))
    blocks, before, paired = [], Fraction(0), False
    for k, (stage, choice, node) in enumerate(zip(line, candidate.choices, nodes, strict=True)):
        columns, rows = int(stage.affine.inputs), int(stage.affine.outputs)
        point = number(node.point)
        if not point and stage.activation.smoothness != "C^∞" and not isinstance(choice, Forward):
            point = node.turn * BESIDE
        first, offset = [Fraction(0)] * columns, Fraction(0)
        weight = number(node.weight) if k or isinstance(choice, Forward) else Fraction(0)
        if isinstance(choice, Cancel):
            if k:
                first[:2] = [weight / 2, -weight / 2]
        elif k == 0 and isinstance(choice, Forward):
            first = [_down(weight * v / length) if length else Fraction(0) for v in x]
        elif k == 0:
            reach = (Fraction(0) if still else square) + (1 if stage.affine.bias else 0)
            first = [Fraction(0) if still or not reach else point * v / reach for v in x]
            offset = point / reach if stage.affine.bias else offset
        else:
            alpha = node.turn * _down(weight)
            first[:2] = [_down(alpha * half), -_down(alpha * half)] if paired else [alpha, *first[1:2]]
            offset = point - alpha * before if stage.affine.bias and not isinstance(choice, Forward) else offset
        second = [-v for v in first] if isinstance(choice, Cancel) else [Fraction(0)] * columns
        matrix = [tuple(first), *([tuple(second)] if rows > 1 else []), *[(Fraction(0),) * columns] * (rows - 2)]
        bias = (_near(offset), *(Fraction(0),) * (rows - 1)) if stage.affine.bias else None
        blocks.append((tuple(matrix), bias))
        paired, before = isinstance(choice, Cancel), number(node.value)
    return tuple(blocks)


def _direction(
    line: Sequence[Stage],
    candidate: Candidate,
    nodes: Sequence[Node],
    along: Direction,
    x: tuple[Fraction, ...],
    number: Callable[[sp.Expr], Fraction],
) -> ExactParameters:
    """The rows ``own_k (N_{k−1}, 1)/q_k + across_k e_1``; along ``(1, −1)/√2`` where two neurons are opposed."""
    half = _middle(evaluate(sp.sqrt(sp.Rational(1, 2)), {}, precision=PRECISION))
    blocks, below, paired = [], list(x), False
    for k, (stage, choice, node) in enumerate(zip(line, candidate.choices, nodes, strict=True)):
        rows, columns = int(stage.affine.outputs), int(stage.affine.inputs)
        own, across, reach = number(along.own[k]), number(along.across[k]), number(sp.sqrt(node.reach))
        if k == 0:
            square = sum((v * v for v in x), Fraction(1 if stage.affine.bias else 0))
            reach = number(sp.sqrt(sp.Rational(square.numerator, square.denominator)))
        row = [own * v / reach if reach else Fraction(0) for v in below]
        if across:
            active = [half, -half] if paired else [Fraction(1)]
            row = [r + across * a for r, a in zip(row, [*active, *(Fraction(0),) * columns], strict=False)]
        offset = (own / reach if reach else Fraction(0)) if stage.affine.bias else None
        weights = [half, -half] if isinstance(choice, Cancel) else [Fraction(1)]
        weights += [Fraction(0)] * (rows - len(weights))
        matrix = tuple(tuple(_near(w * v) for v in row) for w in weights)
        blocks.append((matrix, None if offset is None else tuple(_near(w * offset) for w in weights)))
        paired, rest = isinstance(choice, Cancel), number(stage.activation.at_zero)
        below = [rest if paired else number(node.value), *(rest,) * (rows - 1)]
    return tuple(blocks)


def _read(inputs: InputBall | Dataset, x: tuple[Fraction, ...], follows: bool) -> tuple[Fraction, ...]:
    """What layer 1's direction follows at given labels: the mean input, or nothing."""
    if not follows or not isinstance(inputs, Dataset):
        return (Fraction(0),) * len(x)
    return tuple(
        sum(map(Fraction, column), Fraction(0)) / inputs.size for column in zip(*inputs.points.tolist(), strict=True)
    )


def _placed(theta: ExactParameters, row: int, sign: int) -> ExactParameters:
    """The last block with its first row moved to ``row``, times ``sign``."""
    *others, (a, b) = theta
    order = [row if i == 0 else 0 if i == row else i for i in range(len(a))]
    matrix = tuple(tuple(sign * v for v in a[i]) for i in order)
    return (*others, (matrix, None if b is None else tuple(sign * b[i] for i in order)))


def _input(
    network: Network, inputs: InputBall | Dataset, values: Mapping[str, Any]
) -> tuple[tuple[Fraction, ...], Fraction, sp.Expr]:
    """The longest input, about its length, and the length as the path knows it."""
    if isinstance(inputs, Dataset):
        rows = [tuple(Fraction(v) for v in row) for row in inputs.points.tolist()]
        row = max(rows, key=lambda r: sum(v * v for v in r))
        return row, _middle(evaluate(inputs.radius, {}, precision=PRECISION)), inputs.radius
    end = evaluate(inputs.radius, values, precision=PRECISION).lo
    if not isinstance(end, Fraction):
        raise InputError(
            f"the radius {inputs.radius} of the inputs was given", "an input has a finite norm", "give a number"
        )
    size = max(end, Fraction(0))
    return (size, *(Fraction(0),) * (int(network.input_width) - 1)), size, inputs.radius  # type: ignore[arg-type]


def _scaled(theta: ExactParameters, factor: Fraction) -> ExactParameters:
    return tuple(
        (tuple(tuple(v * factor for v in row) for row in a), None if b is None else tuple(v * factor for v in b))
        for a, b in theta
    )


def _middle(enclosure: Any) -> Fraction:
    return (Fraction(enclosure.lo) + Fraction(enclosure.hi)) / 2


def _down(x: Fraction) -> Fraction:
    """Toward 0, to a multiple of ``2**-BITS``."""
    scaled = abs(x) * 2**BITS
    size = Fraction(scaled.numerator // scaled.denominator, 2**BITS)
    return size if x >= 0 else -size


def _near(x: Fraction) -> Fraction:
    return Fraction(round(x * 2**BITS), 2**BITS)
