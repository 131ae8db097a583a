"""Networks whose parameters are known up to a box or a ball, and the ranges of everything a forward pass computes.

Invariant: for every parameter vector of the region and every input allowed, each quantity lies in its range. Ranges are
midpoint-radius arrays in float64, so a pass costs a few matrix products, whatever the number of parameters.

A layer is an affine map with an activation behind it, ``z = Au + b``, ``N = σ(z)``. A region is a product over the
layers of intersections of a box (``weights``, ``bias``) and a ball (``distance``): for a plain box the ball is the one
around it, for a plain ball the box. Leading axes of all arrays are a batch: nested boxes, say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from lipsym.domains import evaluate
from lipsym.domains.float64 import IntervalArray, float64_domain
from lipsym.domains.float64_matrices import (
    MidRad,
    add,
    ends,
    from_ends,
    length_up,
    magnitude,
    matmul,
    mignitude,
    point,
    product_up,
    root_up,
    sum_up,
    up,
)
from lipsym.domains.float64_rounding import Floats
from lipsym.domains.intervals import LIMITS
from lipsym.domains.record import Domain
from lipsym.enclose.forward import program
from lipsym.enclosure import Enclosure
from lipsym.errors import InputError
from lipsym.nets.activations import Activation
from lipsym.nets.arrays import blocks_from
from lipsym.nets.blocks import centers_for
from lipsym.nets.inputs import InputBall
from lipsym.nets.layers.affine import Affine
from lipsym.nets.layers.elementwise import Elementwise
from lipsym.nets.network import Network
from lipsym.nets.regions import Box, Region

Scalar = Any
"""A float64, or an array of them for a batch."""

Function = Callable[[IntervalArray], IntervalArray]
"""A function of arrays of intervals."""

PIECES = 2048
"""How many intervals the arguments of one layer are cut into, over all its neurons."""


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One layer with uncertain parameters.

    Args:
        weights: ``A``, of shape (..., ℓ, ℓ').
        bias: ``b``, of shape (..., ℓ), or ``None``.
        distance: at least ``‖(ΔA, Δb)‖_F``, of shape (...).
        activation: what follows, or ``None`` for nothing.
    """

    weights: MidRad
    bias: MidRad | None
    distance: Scalar
    activation: Activation | None

    def shrunk(self, share: Floats) -> Layer:
        """The same region, nested boxes or balls around its midpoint: all radii times ``share``, of shape (J,)."""

        def part(x: MidRad) -> MidRad:
            shares = share.reshape(-1, *[1] * x.mid.ndim)
            rad = up(x.rad * shares)
            return MidRad(np.broadcast_to(x.mid, rad.shape), rad)

        bias = None if self.bias is None else part(self.bias)
        return replace(self, weights=part(self.weights), bias=bias, distance=up(self.distance * share))


@dataclass(frozen=True, slots=True, eq=False)
class Input:
    """The inputs ``u`` within a box and within a distance of its midpoint.

    Args:
        box: of shape (..., ℓ_0).
        distance: at least ``‖u − mid‖``.
        length: at least ``‖u‖``.
    """

    box: MidRad
    distance: Scalar
    length: Scalar

    def repeated(self, count: int) -> Input:
        """The same as a batch."""
        shape = (count, *self.box.shape)
        box = MidRad(np.broadcast_to(self.box.mid, shape), np.broadcast_to(self.box.rad, shape))
        return Input(box, np.full(count, self.distance), np.full(count, self.length))


@dataclass(frozen=True, slots=True, eq=False)
class Slopes:
    """Ranges of ``σ``, ``σ'``, ``σ''`` on pieces that together cover a neuron's arguments; shape (..., ℓ, pieces)."""

    value: IntervalArray
    slope: IntervalArray
    curvature: IntervalArray | None

    @property
    def slope_range(self) -> MidRad:
        """``σ'`` over all pieces, of shape (..., ℓ)."""
        return _hull(self.slope)

    @property
    def curvature_range(self) -> MidRad:
        """``σ''`` over all pieces."""
        if self.curvature is None:
            raise ValueError("the pass was made for order 1")
        return _hull(self.curvature)


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """One layer of a forward pass.

    Args:
        layer: its parameters.
        input: the range of ``u``, of shape (..., ℓ').
        square: at least ``‖u‖² + [bias]``, of shape (...); ``least_square``: at most.
        slopes: of its activation, or ``None``.
    """

    layer: Layer
    input: MidRad
    square: Scalar
    least_square: Scalar
    slopes: Slopes | None


def box_around(network: Network, params: Sequence[Any], radius: Any) -> Box:
    """The box of all parameters within ``radius`` of ``params``, entry by entry; its ends are rounded outward."""
    size = evaluate(radius, {}).upper_float() if not isinstance(radius, float) else radius
    if not 0 <= size < np.inf:
        raise InputError(
            f"the radius {radius!r} was given", "the radius of a box is a finite number ≥ 0", "give one such as '1/100'"
        )
    centres = blocks_from(params, "the centre of a box")

    def shifted(x: Floats | None, by: float) -> Floats | None:
        return x if x is None or by == 0.0 else np.nextafter(x + by, np.copysign(np.inf, by))

    return Box(*([tuple(shifted(part, by) for part in block) for block in centres] for by in (-size, size)))


def uncertain_layers(network: Network, region: Region, values: Mapping[Any, Any] | None = None) -> list[Layer]:
    """The layers of a network over a region, at numbers for its symbols.

    Raises:
        InputError: for widths that are symbols, for layers that share a block, and for an activation without an affine
            layer before it.
    """
    blocks = dict(zip(network.blocks, _block_regions(network, region, values), strict=True))
    layers: list[Layer] = []
    seen: set[int] = set()
    for layer in network.layers:
        if isinstance(layer, Affine):
            if layer.block in seen:
                raise _unsupported(network, "each block of parameters is used by one layer")
            seen.add(layer.block)
            weights, bias, distance = blocks[layer.block]
            layers.append(Layer(weights, bias, distance, None))
        elif not layers or layers[-1].activation is not None:
            raise _unsupported(network, "every activation follows an affine layer")
        elif isinstance(layer, Elementwise):
            layers[-1] = replace(layers[-1], activation=layer.activation)
    return layers


def is_supported(network: Network) -> bool:
    """Whether the network has the form these ranges are computed for."""
    affine = [layer.block for layer in network.layers if isinstance(layer, Affine)]
    kinds = [isinstance(layer, Affine) for layer in network.layers]
    pairs = zip([False, *kinds], kinds, strict=False)
    return len(set(affine)) == len(affine) and all(before or now for before, now in pairs)


def input_range(given: Any, network: Network, values: Mapping[Any, Any] | None = None) -> Input:
    """One input as an array, or all inputs of an ``InputBall``."""
    width = int(network.input_width)  # type: ignore[arg-type]
    if isinstance(given, InputBall):
        radius = np.float64(evaluate(given.radius, values or {}).upper_float())
        return Input(MidRad(np.zeros(width), np.full(width, radius)), radius, radius)
    x = np.array(given, dtype=np.float64)
    if x.shape != (width,) or not np.isfinite(x).all():
        raise InputError(
            f"an input of shape {x.shape} was given",
            f"an input of {network.spec} has {width} finite entries",
            "give one input, or an InputBall",
        )
    return Input(point(x), np.float64(0.0), np.float64(length_up(x)))


def enclosures(
    network: Network, region: Region, inputs: Any, values: Mapping[Any, Any] | None = None
) -> tuple[list[tuple[np.ndarray, np.ndarray | None]], np.ndarray]:
    """The region's box and the inputs' box as arrays of ``Enclosure``, for the engines that go entry by entry."""
    parts = [(a, b) for a, b, _ in _block_regions(network, region, values)]
    params = [(_as_enclosures(a), None if b is None else _as_enclosures(b)) for a, b in parts]
    return params, _as_enclosures(input_range(inputs, network, values).box)


def _as_enclosures(x: MidRad) -> np.ndarray:
    """The intervals with exact ends."""
    pairs = zip(x.mid.ravel().tolist(), x.rad.ravel().tolist(), strict=True)
    entries = np.empty(x.mid.size, dtype=object)
    entries[:] = [Enclosure(Fraction(m) - Fraction(r), Fraction(m) + Fraction(r)) for m, r in pairs]
    return entries.reshape(x.shape)


def forward(layers: Sequence[Layer], given: Input, order: int = 2, pieces: int = PIECES) -> list[Stage]:
    """The ranges of one pass.

    Args:
        layers, given: what is known of the parameters and of the input.
        order: 2 with ``σ''``, 1 without.
        pieces: into how many intervals the arguments of a layer are cut.
    """
    stages: list[Stage] = []
    box, distance, length = given.box, given.distance, given.length
    for layer in layers:
        one = 0.0 if layer.bias is None else 1.0
        of_box = magnitude(box)
        square = np.minimum(up(np.square(length)), sum_up(up(np.square(of_box)), -1))
        least = np.maximum(0.0, np.sum(np.square(mignitude(box)), -1) * (1.0 - 2.0**-20))
        square = up(square + one)
        z = _affine(layer, box, distance, root_up(square), of_box)
        slopes = None
        if layer.activation is not None:
            slopes = _slopes(layer.activation, *ends(z), order, pieces)
        stages.append(Stage(layer, box, square, np.nextafter(least + one, 0.0), slopes))
        box = z if slopes is None else _hull(slopes.value)
        distance, length = length_up(box.rad), length_up(magnitude(box))
    return stages


def _affine(layer: Layer, u: MidRad, distance: Scalar, extended: Scalar, size: Floats) -> MidRad:
    """``Au + b``: the value at the midpoints, what the input moves and what the parameters move, each in two ways."""
    a, b = layer.weights, layer.bias
    z = matmul(point(a.mid), point(u.mid[..., None]))[..., 0]
    by_input = np.minimum(
        product_up(np.abs(a.mid), u.rad[..., None])[..., 0],
        up(length_up(a.mid) * np.asarray(distance)[..., None]),
    )
    by_weights = product_up(a.rad, size[..., None])[..., 0]
    if b is not None:
        z = add(z, point(b.mid))
        by_weights = up(by_weights + b.rad)
    by_weights = np.minimum(by_weights, up(np.asarray(layer.distance) * extended)[..., None])
    return MidRad(np.broadcast_to(z.mid, by_weights.shape), up(z.rad + up(by_input + by_weights)))


def refuse_kinks(activation: Activation) -> None:
    """Order 2 needs a Lipschitz continuous ``σ'``.

    Raises:
        InputError: if it jumps.
    """
    if activation.smoothness == "C^{0,1}":
        raise InputError(
            f"the second derivative of a network with {activation.name} was asked for",
            f"the derivative of {activation.name} jumps, so there is none at some parameters",
            "ask for the quantity 'lipschitz', or take a smoother activation",
        )


def _slopes(activation: Activation, lo: Floats, hi: Floats, order: int, pieces: int) -> Slopes:
    if order == 2:
        refuse_kinks(activation)
    count = int(np.clip(pieces // max(1, lo.size), 4, 128))
    share = np.linspace(0.0, 1.0, count + 1)
    edges = np.clip(lo[..., None] + (hi - lo)[..., None] * share, lo[..., None], hi[..., None])
    # Neighbours share an edge, the outermost edges are the ends: the pieces cover whatever the rounding.
    edges[..., 0], edges[..., -1] = lo, hi
    unbounded = ~np.isfinite(hi - lo)
    edges[unbounded, 1:-1] = lo[unbounded, None]
    edges = np.maximum.accumulate(edges, axis=-1)
    z = IntervalArray(edges[..., :-1], edges[..., 1:])
    domain = _on_pieces(float64_domain(), z, edges)
    value, slope, *rest = (
        _whole(program(expression).bind(domain, {}, (activation.z,)).value(z), z.lo.shape)
        for expression in (activation.value, *activation.derivatives)[: order + 1]
    )
    return Slopes(value, slope, rest[0] if rest else None)


def _on_pieces(domain: Domain[IntervalArray], z: IntervalArray, edges: Floats) -> Domain[IntervalArray]:
    """The domain with functions that are evaluated once for ``σ``, ``σ'`` and ``σ''``.

    Of the pieces themselves an increasing function needs only its values at the edges, half as many.
    """

    def remember(
        name: str, function: Callable[[IntervalArray], IntervalArray]
    ) -> Callable[[IntervalArray], IntervalArray]:
        found: list[IntervalArray] = []

        def run(x: IntervalArray) -> IntervalArray:
            if x is not z:
                return function(x)
            if not found and name in LIMITS:
                at_edges = function(IntervalArray(edges, edges))
                found.append(IntervalArray(at_edges.lo[..., :-1], at_edges.hi[..., 1:]))
            elif not found:
                found.append(function(x))
            return found[0]

        return run

    functions = {name: remember(name, function) for name, function in domain.functions.items()}
    return replace(domain, functions=functions | {"Heaviside": _heaviside})


def _heaviside(x: IntervalArray) -> IntervalArray:
    """1 above 0, 0 below, and the hull of both at 0."""
    return IntervalArray((x.lo > 0).astype(np.float64), (x.hi >= 0).astype(np.float64))


def _whole(x: IntervalArray, shape: tuple[int, ...]) -> IntervalArray:
    return IntervalArray(np.broadcast_to(x.lo, shape), np.broadcast_to(x.hi, shape))


def _hull(pieces: IntervalArray) -> MidRad:
    return from_ends(pieces.lo.min(-1), pieces.hi.max(-1))


def _block_regions(
    network: Network, region: Region, values: Mapping[Any, Any] | None
) -> Iterator[tuple[MidRad, MidRad | None, Scalar]]:
    shapes = [network.affine(block) for block in network.blocks]
    if not all(isinstance(n, int) for layer in shapes for n in (layer.inputs, layer.outputs)):
        raise InputError(
            f"the network {network.spec} was given", "ranges need integer widths", "put numbers in place of the symbols"
        )
    if isinstance(region, Box):
        yield from _boxes(network, region, values)
        return
    for layer, ball in zip(shapes, region.blocks(network), strict=True):
        radius = evaluate(ball.radius, values or {}).upper_float()
        shape = (layer.outputs, layer.inputs)
        a, b = ball.center or (np.zeros(shape), np.zeros(shape[0]) if layer.bias else None)  # type: ignore[arg-type]
        weights = MidRad(np.asarray(a), np.full(shape, radius))  # type: ignore[arg-type]
        bias = None if b is None else MidRad(np.asarray(b), np.full(len(b), radius))
        yield weights, bias, np.float64(radius)


def _boxes(
    network: Network, region: Box, values: Mapping[Any, Any] | None
) -> Iterator[tuple[MidRad, MidRad | None, Scalar]]:
    if isinstance(region.lo, tuple):
        sides = zip(centers_for(network, region.lo), centers_for(network, region.hi), strict=True)  # type: ignore[arg-type]
        parts = [tuple(None if p is None else from_ends(p, q) for p, q in zip(lo, hi, strict=True)) for lo, hi in sides]  # type: ignore[arg-type]
    else:
        lo, hi = (evaluate(end, values or {}) for end in (region.lo, region.hi))
        interval = from_ends(np.float64(lo.lower_float()), np.float64(hi.upper_float()))
        parts = []
        for block in network.blocks:
            layer = network.affine(block)
            shapes = [(layer.outputs, layer.inputs), (layer.outputs,) if layer.bias else None]
            parts.append(
                tuple(None if s is None else MidRad(np.full(s, interval.mid), np.full(s, interval.rad)) for s in shapes)  # type: ignore[arg-type]
            )
    for weights, bias in parts:
        squares = [sum_up(up(np.square(p.rad))) for p in (weights, bias) if p is not None]
        yield weights, bias, root_up(up(np.sum(squares)))  # type: ignore[misc]


def _unsupported(network: Network, fails: str) -> InputError:
    return InputError(
        f"the network {network.spec} was given",
        f"ranges by layers are computed where {fails}",
        "use the entrywise engine, which differentiates any network",
    )
