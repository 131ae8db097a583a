"""The question, rebuilt from a certificate's plain data: network, region of parameters, inputs.

Invariant: activations are what their text says. Each stated derivative is compared with what differentiation yields on
both sides of 0; the table that wrote them is not consulted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import Any

import sympy as sp

from lipsym.check.document import fields, number, numbers, refuse
from lipsym.domains import evaluate
from lipsym.domains.compile import Program
from lipsym.domains.parse import parse
from lipsym.enclosure import Enclosure

Values = Mapping[str, Enclosure]

Z = sp.Symbol("z", real=True)
"""The argument of every activation."""

LARGEST_COUNT = 1_000_000
"""Parameters beyond which a network is not rebuilt."""


@dataclass(frozen=True, slots=True)
class Sigma:
    """An activation: programs for its value and its derivatives almost everywhere, and whether it is odd."""

    programs: tuple[Program, ...]
    odd: bool


@dataclass(frozen=True, slots=True)
class Affine:
    """``u ↦ A u + b``; ``start`` is the place of ``A`` in the vector of all parameters, row by row, before ``b``."""

    inputs: int
    outputs: int
    bias: bool
    block: int
    start: int


@dataclass(frozen=True, slots=True)
class Region:
    """Where the parameters lie: ``ball`` (joint) and ``layers`` with radii and centre, or ``box`` with ends.

    Args:
        kind: ``"ball"``, ``"layers"`` or ``"box"``.
        radii: an expression for each block; one for ``"ball"``.
        centre: of all parameters.
        lo, hi: of every parameter, for ``"box"``.
    """

    kind: str
    radii: tuple[sp.Expr, ...]
    centre: tuple[Fraction, ...]
    lo: tuple[sp.Expr, ...] = ()
    hi: tuple[sp.Expr, ...] = ()


@dataclass(frozen=True, slots=True)
class Model:
    """What a certificate is about.

    Args:
        layers: in order.
        spans: first place and end of each parameter block.
        region: of the parameters.
        radius: of the ball of inputs; ``None`` for given points.
        points, labels: the data; a label is a class, or the components of a target between commas. For a ball of
            inputs, the radius of the targets.
        loss: its name and weight decay; ``None`` for the network itself.
    """

    layers: tuple[Affine | Sigma, ...]
    spans: tuple[tuple[int, int], ...]
    region: Region
    radius: sp.Expr | None
    points: tuple[tuple[Fraction, ...], ...]
    labels: tuple[str, ...]
    loss: tuple[str, sp.Rational] | None

    @property
    def count(self) -> int:
        """The number of parameters."""
        return self.spans[-1][1]

    @property
    def widths(self) -> tuple[int, int]:
        """Lengths of input and output."""
        affine = [layer for layer in self.layers if isinstance(layer, Affine)]
        return affine[0].inputs, affine[-1].outputs

    def contains(self, theta: Sequence[Fraction], values: Values) -> bool:
        """Whether exact parameters lie in the region for all of the values: exact numbers are compared."""
        region = self.region
        if region.kind == "box":
            ends = zip(theta, region.lo, region.hi, strict=True)
            return all(value(lo, values).hi <= x <= value(hi, values).lo for x, lo, hi in ends)
        squares = [(x - c) ** 2 for x, c in zip(theta, region.centre, strict=True)]
        spans = [(0, self.count)] if region.kind == "ball" else self.spans
        pairs = zip(spans, region.radii, strict=True)
        return all(sum(squares[a:b]) <= value(radius**2, values).lo for (a, b), radius in pairs)

    def admits(self, x: Sequence[Fraction], values: Values) -> bool:
        """Whether an input is one the question is about, for all of the values."""
        if self.radius is None:
            return tuple(x) in self.points
        return sum(v * v for v in x) <= value(self.radius**2, values).lo


def value(expr: sp.Expr, values: Values) -> Enclosure:
    """An expression of the question: exactly where it is rational, else enclosed to 200 bits."""
    if all(v.lo == v.hi for v in values.values()):
        return evaluate(expr, {name: v.lo for name, v in values.items()}, "symbolic", 200)  # type: ignore[misc]
    return evaluate(expr, values, "arb", 200)


def rebuild(question: Any, order: int) -> Model:
    """The model of a question; derivatives of activations are confirmed up to ``order``."""
    network, region, inputs, loss = fields(
        question, "the question", network=dict, region=dict, inputs=dict, loss=(dict, type(None))
    )
    (described,) = fields(network, "the network", layers=list)
    layers: list[Affine | Sigma] = []
    places: dict[int, Affine] = {}
    width = count = 0
    for item in described:
        if isinstance(item, Mapping) and item.get("kind") == "affine":
            _, inner, outer, block, bias = fields(
                item, "a layer", kind=str, inputs=int, outputs=int, block=int, bias=bool
            )
            if not (0 < inner <= LARGEST_COUNT and 0 < outer <= LARGEST_COUNT and width in (0, inner)):
                raise refuse(f"a layer {inner}-{outer}", "its widths are positive and fit the layer before it")
            layer = places.setdefault(block, Affine(inner, outer, bias, block, count))
            if (layer.inputs, layer.outputs, layer.bias) != (inner, outer, bias):
                raise refuse(f"block {block} has two shapes", "layers that share a block have one shape")
            count = max(count, layer.start + outer * (inner + bias))
            layers.append(layer)
            width = outer
        else:
            _, size, text, slopes = fields(item, "a layer", kind=str, width=int, value=str, derivatives=list)
            if size != width or not all(isinstance(slope, str) for slope in slopes):
                raise refuse("an activation", "it has the width of the layer before it, and its derivatives are texts")
            layers.append(activation(text, tuple(slopes), order))
    if not places or count > LARGEST_COUNT:
        raise refuse(f"a network of {count} parameters", f"a network has from 1 to {LARGEST_COUNT} parameters")
    spans = tuple((a.start, a.start + a.outputs * (a.inputs + a.bias)) for a in places.values())
    radius, points, labels = _inputs(inputs, next(iter(places.values())).inputs)
    return Model(tuple(layers), spans, _region(region, spans), radius, points, labels, _loss(loss))


def sampled(model: Model, data: Any, values: Values) -> Model:
    """The model at samples that the question about balls of inputs and targets admits."""
    _, points, labels = _inputs(data, model.widths[0])
    far = model.radius is None or not all(model.admits(x, values) for x in points)
    if far or len(labels) != len(points):
        raise refuse("the samples of a search", "they are not among the inputs that the bound is about")
    if model.loss is not None and model.loss[0] in ("mse", "huber"):
        squares = [sum(number(y, "a target") ** 2 for y in label.split(",")) for label in labels]
        if not all(square <= value(_radius(model.labels[0]) ** 2, values).lo for square in squares):
            raise refuse("the targets of a search", "they lie outside of the ball of the bound")
    return replace(model, radius=None, points=points, labels=labels)


@lru_cache(maxsize=64)
def activation(text: str, slopes: tuple[str, ...], order: int) -> Sigma:
    """An activation, its derivatives confirmed by differentiation on ``z > 0`` and on ``z < 0``.

    The function and its derivatives below ``order`` are continuous at 0, so that the derivative of that order, known
    almost everywhere, bounds the difference quotients of the one before.
    """
    parts = [parse(part, reals=("z",)) for part in (text, *slopes[:order])]
    positive, limits = sp.Symbol("p", positive=True), []
    if len(parts) <= order or any(part.free_symbols - {Z} for part in parts):
        raise refuse(f"the activation {text!r:.80}", f"it is a function of z with {order} derivatives")
    for side in (positive, -positive):
        expected = parts[0].subs(Z, side)
        for k, part in enumerate(parts):
            if k:
                expected = sp.diff(expected, positive) * (1 if side is positive else -1)
            if sp.simplify(part.subs(Z, side) - expected) != 0:
                raise refuse(
                    f"derivative {k} of {text!r:.80} is given as {part}", "differentiation does not confirm it"
                )
        limits.append([part.subs(Z, side).subs(positive, 0) for part in parts[:order]])
    if any(sp.simplify(a - b) != 0 for a, b in zip(*limits, strict=True)):
        raise refuse(f"the activation {text!r:.80}", f"its derivatives below order {order} jump at 0")
    odd = sp.simplify(parts[0].subs(Z, positive) + parts[0].subs(Z, -positive)) == 0
    return Sigma(tuple(Program.compile(part) for part in parts), bool(odd))


def _region(item: Mapping[str, Any], spans: Sequence[tuple[int, int]]) -> Region:
    count, kind = spans[-1][1], item.get("kind")
    if kind == "box":
        _, lo, hi = fields(item, "the region", kind=str, lo=(str, list), hi=(str, list))
        ends = [
            (parse(end),) * count
            if isinstance(end, str)
            else tuple(sp.Rational(v.numerator, v.denominator) for v in numbers(end, "the box", count))
            for end in (lo, hi)
        ]
        return Region("box", (), (), *ends)
    _, radii, centre = fields(item, "the region", kind=str, radii=list, centre=(list, type(None)))
    if kind not in ("ball", "layers") or len(radii) != (1 if kind == "ball" else len(spans)):
        raise refuse(
            f"a region of the kind {kind!r} with {len(radii)} radii", "ball has one, layers one for each block"
        )
    parsed = tuple(_radius(radius) for radius in radii)
    at = [Fraction(0)] * count if centre is None else numbers(centre, "the centre", count)
    return Region(kind, parsed, tuple(at))


def _inputs(item: Mapping[str, Any], width: int) -> tuple[sp.Expr | None, tuple[Any, ...], tuple[Any, ...]]:
    if item.get("kind") == "ball":
        _, radius, labels = fields(item, "the inputs", kind=str, radius=str, labels=str)
        return _radius(radius), (), (labels,)
    _, points, labels = fields(item, "the inputs", kind=str, points=list, labels=list)
    rows = tuple(tuple(numbers(point, "an input", width)) for point in points)
    if not rows or len(labels) not in (0, len(rows)):
        raise refuse("the data", "they have at least one point, and a label for each")
    return None, rows, tuple(str(label) for label in labels)


def _radius(text: Any) -> sp.Expr:
    radius = parse(text)
    if not radius.is_nonnegative:
        raise refuse(f"the radius {text}", "a radius is not negative, whatever the values of its symbols")
    return radius


def _loss(item: Mapping[str, Any] | None) -> tuple[str, sp.Rational] | None:
    if item is None:
        return None
    name, decay, _ = fields(item, "the loss", name=str, weight_decay=str, delta=str)
    weight = parse(decay)
    if not isinstance(weight, sp.Rational):
        raise refuse(f"the weight decay {decay:.80}", "it is a rational number here")
    return name, weight
