"""From a question about a network to the smallest problem with the same supremum.

Invariant: each reduction that is applied is a rule with a proof in ``proofs/``, and is named in the problem; where no
reduction applies, every parameter, the input and the output direction are variables.

Parameters around a centre are written as deviations from it, so that balls have the centre 0. Several outputs are
weighted by a unit vector ``w`` of further variables, since ``‖D^kN‖ = max_w ‖D^k(w·N)‖``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import sympy as sp

from lipsym.domains import evaluate
from lipsym.enclose.heads import sample_loss
from lipsym.enclose.layout import Layout, Place
from lipsym.enclose.problem import Constraint, Problem
from lipsym.enclose.writer import Ref, Writer
from lipsym.enclosure import Enclosure
from lipsym.nets.activation_record import Activation
from lipsym.nets.inputs import Dataset, InputBall
from lipsym.nets.layers.affine import Affine
from lipsym.nets.layers.elementwise import Elementwise
from lipsym.nets.losses import Loss
from lipsym.nets.network import Network
from lipsym.nets.quantities import at_values
from lipsym.nets.regions import Ball, Box, ProductBall

_BITS = 16
"""Significant bits of the root's ends, so that dozens of bisections stay exact."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, at numbers.

    Args:
        network, region, inputs, loss: as in ``enclose``; widths are integers.
        order: 1 or 2.
        values: numbers for the symbols.
    """

    network: Network
    region: Ball | ProductBall | Box
    inputs: InputBall | Dataset
    order: int
    loss: Loss | None
    values: Mapping[Any, Any]

    def number(self, expression: sp.Expr, what: str) -> Enclosure:
        """The enclosure of an exact expression at the values."""
        return evaluate(at_values(sp.sympify(expression), self.values, what), {}, precision=80)


def reduce(question: Question) -> tuple[Problem, Layout]:
    """The reduced problem, and the way back from its variables.

    Proof: proofs/first-column.md, proofs/linear-output.md, proofs/unit-symmetry.md.
    """
    reduction = _Reduction(question)
    problem = reduction.problem()
    samples = tuple(None if sample is None else tuple(sample) for sample, _ in reduction.cases)
    x, y = tuple(reduction.x), tuple(reduction.y)
    return problem, Layout(question.network, reduction.places, reduction.centres, x, y, samples)


def output_is_symmetric(question: Question) -> bool:
    """Whether exchanging outputs is a symmetry of the region, so that one class stands for all."""
    reduction = _Reduction(question)
    if not reduction.affine:
        return False
    last = reduction.affine[-1]
    return reduction.balls and last.block in reduction.own and reduction.is_central(last.block)


class _Reduction:
    """One reduction: which rules apply, and where each parameter went."""

    def __init__(self, question: Question) -> None:
        network, region = question.network, question.region
        self.q = question
        self.affine = [layer for layer in network.layers if isinstance(layer, Affine)]
        uses = [layer.block for layer in self.affine]
        self.own = {block for block in uses if uses.count(block) == 1}
        self.balls = not isinstance(region, Box)
        self.centres = {
            block: None if ball.center is None or isinstance(region, Box) else ball.center
            for block, ball in zip(network.blocks, region.blocks(network), strict=True)
        }
        self.data = question.inputs if isinstance(question.inputs, Dataset) else None
        free = question.loss is None and self.balls
        first, last = network.layers[0], network.layers[-1]
        central = isinstance(first, Affine) and self.is_central(first.block)
        self.first = (
            first
            if free and isinstance(first, Affine) and first.block in self.own and (central or self.data is not None)
            else None
        )
        deep = isinstance(last, Affine) and last.block in self.own and len(self.affine) > 1
        self.last = last if free and deep and isinstance(last, Affine) else None
        self.one_row = self.last is not None and self.is_central(self.last.block)
        self.outputs = 1 if self.one_row else int(network.output_width)  # type: ignore[arg-type]
        points = self.data is not None and question.loss is None and not (self.first is not None and central)
        self.samples: list[list[float] | None] = list(self.data.points.tolist()) if points else [None]  # type: ignore[union-attr]
        self.both_signs = (
            question.order == 2 and (question.loss is not None or self.outputs == 1) and not self._odd_end()
        )
        self.cases = [(sample, sign) for sample in self.samples for sign in ((1, -1) if self.both_signs else (1,))]
        self.writer = Writer(len(self.cases))
        self.places: dict[Place, int] = {}
        self.direction: list[int] = []
        self.x: list[int] = []
        self.y: list[int] = []

    def problem(self) -> Problem:
        """The problem."""
        self._parameters()
        trainable = len(self.writer.names)
        constraints = self._balls(trainable)
        if self.q.loss is None:
            result, more = self._network()
        else:
            result, more = self._loss(self.q.loss, trainable)
        if self.both_signs:
            result = self.writer.sum([(result, self.writer.constant([sign for _, sign in self.cases]))])
        constraints += more
        lo, hi, inner = self._root(constraints)
        descending = self._symmetries(lo)
        used = {
            "first-column": self.first is not None,
            "linear-output": self.last is not None,
            "unit-symmetry": bool(descending) or bool((lo == 0).any()),
        }
        return Problem(
            tape=self.writer.tape(result, lo, hi),
            order=self.q.order,
            trainable=trainable,
            extra=1.0 if self.last is not None and self.last.bias else 0.0,
            constraints=tuple(constraints),
            lo=lo,
            hi=hi,
            inner=inner,
            descending=descending,
            names=tuple(self.writer.names),
            reductions=tuple(name for name, applies in used.items() if applies),
        )

    def _parameters(self) -> None:
        for k, block in enumerate(self.q.network.blocks, 1):
            layer = self.q.network.affine(block)
            rows, columns = int(layer.outputs), int(layer.inputs)  # type: ignore[arg-type]
            if self.first is not None and block == self.first.block:
                for i in range(rows):
                    self._variable((block, "w", i, 0), f"w{k}[{i + 1}]")
                continue
            output = self.last is not None and block == self.last.block
            for i in range(self.outputs if output else rows):
                for j in range(columns):
                    self._variable((block, "A", i, j), f"A{k}[{i + 1},{j + 1}]")
            if layer.bias and not output:
                for i in range(rows):
                    self._variable((block, "b", i, 0), f"b{k}[{i + 1}]")

    def _variable(self, place: Place, name: str) -> None:
        self.places[place] = self.writer.variable(name)[1]

    def _entry(self, place: Place) -> Ref:
        """A parameter: its variable, plus its centre."""
        block, kind, i, j = place
        reference = ("v", self.places[place])
        centre = self.centres[block]
        if centre is None or kind == "w":
            return reference
        value = float(centre[0][i, j] if kind == "A" else centre[1][i])  # type: ignore[index]
        return reference if value == 0.0 else self.writer.sum([(reference,), (self.writer.constant(value),)])

    def is_central(self, block: int) -> bool:
        """Whether the region's centre is 0 in this block."""
        centre = self.centres[block]
        return centre is None or not any(part is not None and np.any(part) for part in centre)

    # The function

    def _network(self) -> tuple[Ref, list[Constraint]]:
        """The output, or ``w·N``, and the constraints of the variables that are no parameters."""
        constraints: list[Constraint] = []
        state = [] if self.first is not None else self._inputs(constraints)
        output = self._forward(state)
        if self.outputs == 1:
            return output[0], constraints
        weights = [self.writer.variable(f"w[{c + 1}]") for c in range(self.outputs)]
        self.direction = [index for _, index in weights]
        constraints.append(Constraint(np.array(self.direction), 1.0, 1.0, sphere=True))
        return self.writer.sum(list(zip(output, weights, strict=True))), constraints

    def _inputs(self, constraints: list[Constraint]) -> list[Ref]:
        """The input: variables in a ball, or constants, one for each sample."""
        width = int(self.q.network.input_width)  # type: ignore[arg-type]
        if self.samples[0] is not None:
            return [self.writer.constant([s[j] for s, _ in self.cases]) for j in range(width)]  # type: ignore[index]
        x = [self.writer.variable(f"x[{j + 1}]") for j in range(width)]
        self.x = [index for _, index in x]
        constraints.append(self._ball(self.x, self.q.inputs.radius, "the radius of the inputs"))
        return x

    def _forward(self, state: list[Ref]) -> list[Ref]:
        for index, layer in enumerate(self.q.network.layers):
            if isinstance(layer, Elementwise):
                state = [self.writer.apply(layer.activation, z) for z in state]
            elif index == 0 and self.first is not None:
                state = self._first_column(self.first)
            else:
                state = self._affine(layer, state)
        return state

    def _affine(self, layer: Affine, state: list[Ref]) -> list[Ref]:
        output = self.last is not None and layer is self.q.network.layers[-1]
        result = []
        for i in range(self.outputs if output else int(layer.outputs)):  # type: ignore[arg-type]
            terms: list[tuple[Ref, ...]] = [
                (self._entry((layer.block, "A", i, j)), value) for j, value in enumerate(state)
            ]
            if layer.bias and not output:
                terms.append((self._entry((layer.block, "b", i, 0)),))
            result.append(self.writer.sum(terms))
        return result

    def _first_column(self, layer: Affine) -> list[Ref]:
        """``z = q w + A⁰x + b⁰`` with ``q = √(‖x‖² + 1)``: one constant for each sample."""
        one = 1 if layer.bias else 0
        if self.samples[0] is None:
            square = at_values(self.q.inputs.radius, self.q.values, "the radius of the inputs") ** 2
            lengths = [self.q.number(sp.sqrt(square + one), "the first layer's input")] * len(self.cases)
        else:
            squares = [sum((Fraction(v) ** 2 for v in s), Fraction(one)) for s, _ in self.cases]  # type: ignore[union-attr]
            lengths = [self.q.number(sp.sqrt(sp.Rational(q.numerator, q.denominator)), "an input") for q in squares]
        length, centre = self.writer.constant(lengths), self.centres[layer.block]
        result = []
        for i in range(int(layer.outputs)):  # type: ignore[arg-type]
            terms: list[tuple[Ref, ...]] = [(length, ("v", self.places[layer.block, "w", i, 0]))]
            if centre is not None and not self.is_central(layer.block):
                offsets = [
                    sum((Fraction(a) * Fraction(v) for a, v in zip(centre[0][i].tolist(), s, strict=True)), Fraction(0))  # type: ignore[arg-type]
                    + (Fraction(float(centre[1][i])) if centre[1] is not None else 0)
                    for s, _ in self.cases
                ]
                terms.append((self.writer.constant(offsets),))
            result.append(self.writer.sum(terms))
        return result

    def _loss(self, loss: Loss, trainable: int) -> tuple[Ref, list[Constraint]]:
        """``Φ``, or the loss of one sample whose input and label are variables."""
        writer, constraints = self.writer, []
        delta = self.q.number(loss.delta, "δ of the Huber loss")
        if self.data is not None:
            labels = self.data.required_labels(f"the {loss.name} loss")
            parts = []
            for x, y in zip(self.data.points.tolist(), labels.tolist(), strict=True):
                output = self._forward([writer.constant(v) for v in x])
                parts.append(sample_loss(writer, loss.name, output, _label(writer, loss.name, y), delta))
            share = writer.constant(Fraction(1, len(parts)))
            mean = parts[0] if len(parts) == 1 else writer.sum([(share, writer.sum([(part,) for part in parts]))])
        else:
            output = self._forward(self._inputs(constraints))
            if loss.name == "cross_entropy":
                label: Any = 0
            else:
                label = [writer.variable(f"y[{c + 1}]") for c in range(self.outputs)]
                places = self.y = [index for _, index in label]
                if loss.name == "logistic":
                    constraints.append(Constraint(np.array(places), 1.0, 1.0, sphere=True))
                else:
                    constraints.append(self._ball(places, self.q.inputs.label_radius, "the radius of the targets"))
            mean = sample_loss(writer, loss.name, output, label, delta)
        decay = self.q.number(loss.weight_decay, "the weight decay")
        if decay.hi == 0:
            return mean, constraints
        theta = [self._entry(place) for place in self.places]
        half = writer.constant(Enclosure(decay.lo / 2, decay.hi / 2))
        return writer.sum([(mean,), (half, writer.sum([(t, t) for t in theta]))]), constraints

    # The region

    def _ball(self, variables: list[int], radius: sp.Expr, what: str, sphere: bool = False) -> Constraint:
        square = self.q.number(at_values(radius, self.q.values, what) ** 2, what)
        return Constraint(np.array(variables), square.lower_float(), square.upper_float(), sphere)

    def _balls(self, trainable: int) -> list[Constraint]:
        region, network = self.q.region, self.q.network
        what = "the radius of the region"
        if isinstance(region, Box):
            return []
        if isinstance(region, Ball):
            return [self._ball(list(range(trainable)), region.radius, what, self.last is not None)]
        result = []
        for block, ball in zip(network.blocks, region.blocks(network), strict=True):
            variables = [index for (b, *_), index in self.places.items() if b == block]
            sphere = self.last is not None and block == self.last.block
            result.append(self._ball(variables, ball.radius, what, sphere))
        return result

    def _root(self, constraints: list[Constraint]) -> tuple[np.ndarray, np.ndarray, Any]:
        """The root box, and the box that the region is cut with."""
        count = len(self.writer.names)
        hi = np.full(count, np.inf)
        for constraint in constraints:
            radius = self.q.number(sp.sqrt(sp.Rational(*constraint.high.as_integer_ratio())), "a radius").upper_float()
            hi[constraint.variables] = np.minimum(hi[constraint.variables], _upward(radius))
        lo, inner = -hi, None
        region = self.q.region
        if isinstance(region, Box):
            low, high = np.full(count, -np.inf), np.full(count, np.inf)
            for (block, kind, i, j), index in self.places.items():
                ends = self._box_ends(region, block, kind, i, j)
                low[index], high[index] = ends[0].lower_float(), ends[1].upper_float()
            inner = low, high
            boxed = np.isfinite(low)
            scale = [max(abs(a), abs(b)) for a, b in zip(low[boxed], high[boxed], strict=True)]
            lo[boxed] = [-_upward(-a, s) for a, s in zip(low[boxed], scale, strict=True)]
            hi[boxed] = [_upward(b, s) for b, s in zip(high[boxed], scale, strict=True)]
        return lo, hi, inner

    def _box_ends(self, region: Box, block: int, kind: str, i: int, j: int) -> tuple[Enclosure, Enclosure]:
        if not isinstance(region.lo, tuple):
            return self.q.number(region.lo, "the box"), self.q.number(region.hi, "the box")  # type: ignore[arg-type]
        k = self.q.network.blocks.index(block)
        pairs = region.lo[k], region.hi[k]  # type: ignore[index]
        return tuple(Enclosure(float(p[0][i, j] if kind == "A" else p[1][i])) for p in pairs)  # type: ignore[return-value, index]

    # Symmetries

    def _odd_end(self) -> bool:
        """Whether negating the last block negates the output."""
        if self.q.loss is not None or not self.balls:
            return False
        last = self.affine[-1] if self.affine else None
        return last is not None and last.block in self.own and self.is_central(last.block) and self._odd_after(last)

    def _odd_after(self, layer: Affine) -> bool:
        """Whether all activations between this affine layer and the next are odd."""
        layers = self.q.network.layers
        place = next(k for k, other in enumerate(layers) if other is layer)
        for other in layers[place + 1 :]:
            if isinstance(other, Affine):
                break
            if not _is_odd(other.activation):
                return False
        return True

    def _symmetries(self, lo: np.ndarray) -> tuple[tuple[int, int], ...]:
        """Halve the root where signs of units may be chosen, and order interchangeable units.

        Layer by layer: negating a unit of an odd layer, with its row and the next block's column, changes nothing; nor
        does exchanging two units. Each choice is made by one variable of the unit's row, and later choices move columns
        of later blocks alone.
        """
        pairs: list[tuple[int, int]] = []
        if not self.balls or len(self.own) != len(self.affine):
            return ()
        for here, after in zip(self.affine, [*self.affine[1:], None], strict=True):
            if not self.is_central(here.block):
                continue
            keys = self._keys(here)
            if after is None:
                # The output: its direction, if it is a variable, is the next block.
                keys = self.direction or (keys if self.q.order == 1 and self.outputs == 1 else [])
                if self.q.loss is not None:
                    keys = []
            elif not self.is_central(after.block):
                continue
            if self._odd_after(here):
                lo[keys] = 0.0
            pairs += pairwise(keys)
        return tuple(pairs)

    def _keys(self, layer: Affine) -> list[int]:
        """One variable of each unit's row, of the same kind for all units."""
        block = layer.block
        for kind in ("w", "b", "A"):
            found = [index for (b, k, _, j), index in self.places.items() if b == block and k == kind and j == 0]
            if found:
                return found
        return []


def _label(writer: Writer, name: str, y: Any) -> Any:
    """The label as ``sample_loss`` takes it."""
    if name == "cross_entropy":
        return int(y)
    numbers = y if isinstance(y, list) else [y]
    return [writer.constant(-Fraction(v)) for v in numbers]


def _is_odd(activation: Activation) -> bool:
    return sp.simplify(activation.value.subs(activation.z, -activation.z) + activation.value) == 0


def _upward(value: float, scale: float | None = None) -> float:
    """A float with few bits, at least ``value``: a multiple of ``2^-_BITS`` of ``scale`` rounded to a power of two."""
    size = abs(value) if scale is None else scale
    if size == 0.0:
        return 0.0
    unit = 2.0 ** (int(np.frexp(size)[1]) - _BITS)
    return float(np.ceil(value / unit) * unit)
