"""Families of parameters along which a constant of a network grows without bound.

Invariant: a ``Family`` is a formula in one symbol ``R``. Its ``rate`` is the derivative of the stated order along the
family's direction, up to the factor named in ``text``; no numeric claim rests on it, since a witness is certified by
evaluating the network itself.

One neuron per layer carries the signal (two, where a route needs them): ``z_k = w_k N_{k−1} + c_k`` with the scalars
``w_k``, ``c_k`` of ``weights`` and ``offsets``; in layer 1 the weight multiplies ``xᵀ/‖x‖²``. All else is 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

import sympy as sp

from lipsym.bounds.stages import Stage
from lipsym.nets.activations import Activation

R = sp.Symbol("R", positive=True)
HALF = sp.Rational(1, 2)


class Route(Enum):
    """Why a constant is infinite: which parameter grows, and what keeps the signal where it bends."""

    BIAS = "a weight grows and the bias behind it keeps the argument in place"
    OPPOSED = "two equal neurons with opposite growing weights"
    ZERO = "a growing weight on an output that is 0"
    UNBOUNDED = "an unbounded hidden activation, and a weight that undoes it"
    FAR = "a growing last weight: the output's activation has an unbounded zσ'(z)"
    TAIL = "a growing argument whose tiny output is scaled up again"
    SCALE = "a growing last weight before an affine output"
    KINK = "a step across a jump of the slope"
    OUTPUT = "a growing output under the squared error"
    SMALL = "a growing last weight, and a first one so small that the output stays where it is"
    DECAY = "weight decay grows quadratically"


@dataclass(frozen=True, slots=True)
class Move:
    """The direction from ``θ`` to ``θ'``: the entry of ``layer`` (counted from 1) that the scalar path uses."""

    layer: int
    offset: bool


@dataclass(frozen=True, slots=True)
class Family:
    """``θ(R)`` and ``θ'(R) = θ(R) + step·(unit entries of moves)``.

    Args:
        route: why the constant grows.
        layer: the layer whose weight grows.
        weights, offsets: the scalars of the path, one each per layer, in ``R`` (``None``: no bias).
        moves: the entries that differ between ``θ`` and ``θ'``.
        step: the size of the difference, up to a factor in (0, 1] unless ``fixed``.
        fixed: whether the step is exactly this.
        rate: what the constant grows like along the family, up to a positive factor.
        power: the degree of ``rate`` in ``R``, or a lower bound of it.
    """

    route: Route
    layer: int
    weights: tuple[sp.Expr, ...]
    offsets: tuple[sp.Expr | None, ...]
    moves: tuple[Move, ...]
    step: sp.Expr
    rate: sp.Expr
    power: int
    fixed: bool = False

    @property
    def limit(self) -> sp.Expr:
        """The limit of ``rate`` as ``R → ∞``."""
        return sp.oo

    @property
    def text(self) -> str:
        """The family as a sentence."""
        parts = [
            f"w_{k} = {w}" + ("" if c is None else f", b_{k} = {c}")
            for k, (w, c) in enumerate(zip(self.weights, self.offsets, strict=True), 1)
        ]
        moved = ", ".join(f"{'b' if m.offset else 'w'}_{m.layer}" for m in self.moves)
        size = "by" if self.fixed else "by a small multiple of"
        return f"{self.route.value} (layer {self.layer}): {'; '.join(parts)}; θ' moves {moved} {size} {self.step}"


def at(sigma: Activation, t: sp.Expr, order: int = 0) -> sp.Expr:
    """``σ^{(order)}(t)``, exactly."""
    return sp.sympify(sigma.derivative(order)).subs(sigma.z, t)


def family(
    path: Sequence[Stage], route: Route, layer: int, order: int, point: sp.Expr = HALF, shift: int = 0
) -> Family:
    """The family of a route.

    Args:
        path: the network's stages.
        route, layer: as decided by ``global_bounds``; layers count from 1.
        order: 1 or 2.
        point: where the bending layer's argument is kept.
        shift: added to an argument that grows (a periodic activation may be flat at ``R``).
    """
    return _Builder(path, order, point, shift).build(route, layer)


class _Builder:
    """Fills the scalars of a path from the first layer to the last; ``v`` is the output so far (in the limit)."""

    def __init__(self, path: Sequence[Stage], order: int, point: sp.Expr, shift: int) -> None:
        self.path, self.order, self.point, self.shift = path, order, point, shift
        self.weights: list[sp.Expr] = []
        self.offsets: list[sp.Expr | None] = []
        self.outputs: list[sp.Expr] = []
        self.arguments: list[sp.Expr] = []

    def build(self, route: Route, j: int) -> Family:
        """Dispatch; the first layers settle at a fixed argument, layer ``j`` grows, the rest pass the signal on."""
        grow = getattr(self, f"_{route.name.lower()}")
        return grow(j)

    # One layer each

    def put(self, weight: sp.Expr, offset: sp.Expr, argument: sp.Expr) -> None:
        stage = self.path[len(self.weights)]
        self.weights.append(sp.sympify(weight))
        self.offsets.append(sp.sympify(offset) if stage.affine.bias else None)
        self.arguments.append(sp.sympify(argument))
        self.outputs.append(at(stage.activation, sp.sympify(argument)))

    def settle(self, t: sp.Expr) -> None:
        """The next layer's argument is ``t``, whatever came before."""
        stage = self.path[len(self.weights)]
        if stage.affine.bias:
            self.put(sp.S.Zero, t, t)
        else:
            self.put(t / self.last, sp.S.Zero, t)

    def pass_on(self) -> None:
        """The remaining layers, each with a fixed non-zero weight where the incoming value allows it."""
        while len(self.weights) < len(self.path):
            if self.path[len(self.weights)].affine.bias:
                self.put(sp.S.One, self.target - self.last, self.target)
            elif self.last == 0:
                self.put(sp.S.One, sp.S.Zero, sp.S.Zero)
            else:
                self.put(self.target / self.last, sp.S.Zero, self.target)

    def head(self, count: int) -> None:
        while len(self.weights) < count:
            self.settle(self.target)

    @property
    def target(self) -> sp.Expr:
        """Where the next layer is kept: a rectifier may be flat on the left."""
        kinked = self.path[len(self.weights)].activation.smoothness == "C^{0,1}"
        return sp.Abs(self.point) if kinked else self.point

    @property
    def last(self) -> sp.Expr:
        return self.outputs[-1] if self.outputs else sp.S.One

    def move(self, layer: int) -> Move:
        return Move(layer, self.path[layer - 1].affine.bias)

    def finish(
        self, route: Route, j: int, moves: tuple[Move, ...], step: sp.Expr, power: int, fixed: bool = False
    ) -> Family:
        self.pass_on()
        rate = self.rate(moves) if not fixed else R * self.rate(moves) / 2
        return Family(route, j, tuple(self.weights), tuple(self.offsets), moves, step, rate, power * self.order, fixed)

    def rate(self, moves: tuple[Move, ...]) -> sp.Expr:
        """``|d^order/ds^order|`` of the path's output, ``s`` the common size of the moves."""
        moved = {m.layer: m for m in moves}
        slope, curve, before = sp.S.Zero, sp.S.Zero, sp.S.One
        for k, stage in enumerate(self.path, 1):
            extra = sp.S.Zero if k not in moved else sp.S.One if moved[k].offset else before
            mixed = 2 * slope if k in moved and not moved[k].offset else sp.S.Zero
            weight = sp.S.Zero if k == 1 else self.weights[k - 1]
            z1, z2 = weight * slope + extra, weight * curve + mixed
            first, second = (at(stage.activation, self.arguments[k - 1], n) for n in (1, 2))
            if stage.activation.smoothness == "C^{0,1}" and self.arguments[k - 1] == 0:
                first, second = sp.S.One, sp.S.Zero  # the slope to the right of a kink
            slope, curve, before = first * z1, second * z1**2 + first * z2, self.outputs[k - 1]
        return sp.Abs(slope if self.order == 1 else curve)

    # The routes

    def _bias(self, j: int) -> Family:
        self.head(j - 1)
        self.put(R, self.target - R * self.last, self.target)
        return self.finish(Route.BIAS, j, (self.move(j - 1),), 1 / R, 1)

    def _opposed(self, j: int) -> Family:
        # Neurons 1 and 2 of layer j − 1 are equal; the row (R + w, −R + w) sees 2wv, and the move of neuron 1 alone.
        self.head(j - 1)
        stage_slope = self.target / (2 * self.last)
        self.put(R + stage_slope, sp.S.Zero, self.target)
        return self.finish(Route.OPPOSED, j, (self.move(j - 1),), 1 / R, 1)

    def _zero(self, j: int) -> Family:
        self.head(j - 2)
        start = sp.S.Zero if self.order == 1 else self.point / R
        before = self.path[j - 2]
        if before.affine.bias:
            self.put(sp.S.Zero, start, start)
        else:
            self.put(start / self.last, sp.S.Zero, start)
        reached = sp.S.Zero if self.order == 1 else self.point * at(before.activation, sp.S.Zero, 1)
        self.put(R, sp.S.Zero, reached)
        return self.finish(Route.ZERO, j, (self.move(j - 1),), 1 / R, 1)

    def _unbounded(self, j: int) -> Family:
        self.head(j - 2)
        self.settle(R)
        self.put(self.target / self.last, sp.S.Zero, self.target)
        return self.finish(Route.UNBOUNDED, j, (Move(j, False),), 1 / R, 1)

    def _far(self, j: int) -> Family:
        self.head(j - 1)
        far = R + self.shift
        self.put(far / self.last, sp.S.Zero, far)
        # The second derivative may grow like R only (softplus and its like), so the power counts once.
        return replace(self.finish(Route.FAR, j, (self.move(j - 1),), 1 / R, 1), power=1)

    def _tail(self, j: int) -> Family:
        self.head(j - 1)
        self.put(-R / self.last, sp.S.Zero, -R)
        return self.finish(Route.TAIL, j, (self.move(j - 1),), 1 / R, 1)

    def _scale(self, j: int) -> Family:
        self.head(j - 1)
        bends = not self.path[j - 2].linear
        moves = (self.move(j - 1),) if bends else (self.move(j - 2), Move(j - 1, False))
        self.put(R, sp.S.Zero, R * self.last)
        family = self.finish(Route.SCALE, j, moves, sp.S.One, 1)
        return Family(family.route, j, family.weights, family.offsets, moves, family.step, family.rate / len(moves), 1)

    def _small(self, j: int) -> Family:
        kinked = any(stage.activation.smoothness == "C^{0,1}" for stage in self.path[: j - 1])
        t = (sp.Abs(self.point) if kinked else self.point) / R
        self.put(t, sp.S.Zero, t)
        for _ in range(j - 2):
            self.put(sp.S.One, sp.S.Zero, self.last)
        self.put(R, sp.S.Zero, R * self.last)
        return self.finish(Route.SMALL, j, (Move(1, False),), 1 / R, 1)

    def _kink(self, k: int) -> Family:
        self.head(k - 1)
        before = self.last
        stage = self.path[k - 1]
        if stage.affine.bias:
            self.put(sp.S.Zero, -1 / R, sp.S.Zero)
            step, moves = 2 / R, (Move(k, True),)
        else:
            self.put(-1 / (R * before), sp.S.Zero, sp.S.Zero)
            step, moves = 2 / (R * before), (Move(k, False),)
        self.order = 1
        return self.finish(Route.KINK, k, moves, step, 1, fixed=True)

    def _output(self, j: int) -> Family:
        self.settle(R)
        built = self.finish(Route.OUTPUT, j, (self.move(1),), sp.S.One, 1)
        growth = at(self.path[0].activation, R) * at(self.path[0].activation, R, 1)
        return Family(Route.OUTPUT, j, built.weights, built.offsets, built.moves, sp.S.One, growth, 1)
