"""Boxes of parameters: an interval for every parameter.

Invariant: a box's ends are exact, and the balls that ``blocks`` returns contain it, however their centres were rounded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from lipsym.errors import InputError
from lipsym.nets.arrays import Block, blocks_from, entries, key, root, same_shape
from lipsym.nets.blocks import BlockBall, Keyed, at_most, centers_for, exact_entries, parameters_text
from lipsym.nets.network import Network
from lipsym.nets.quantities import Exact, interval


@dataclass(frozen=True, slots=True, eq=False)
class Box(Keyed):
    """Every parameter in an interval of its own, ``lo ≤ θ ≤ hi``.

    Args:
        lo, hi: two exact numbers or symbols, the same for all parameters; or a pair ``(A, b)`` of arrays for each
            block.

    Raises:
        InputError: if some ``lo > hi``, or the arrays' shapes differ.
        InexactNumberError: for a bare float.

    Example:
        >>> from lipsym.nets.network import mlp
        >>> [ball.radius for ball in Box(-1, 1).blocks(mlp([1, 1, 1], "tanh"))]
        [sqrt(2), sqrt(2)]
    """

    lo: sp.Expr | tuple[Block, ...]
    hi: sp.Expr | tuple[Block, ...]

    def __init__(self, lo: Exact | Sequence[Any], hi: Exact | Sequence[Any]) -> None:
        given = [isinstance(side, Sequence) and not isinstance(side, str) for side in (lo, hi)]
        ends = _arrays(lo, hi) if all(given) else interval(lo, hi, "a box")  # type: ignore[arg-type]
        object.__setattr__(self, "lo", ends[0])
        object.__setattr__(self, "hi", ends[1])

    def blocks(self, network: Network) -> tuple[BlockBall, ...]:
        """The ball around each block of the box.

        The centre is the box's midpoint rounded to float64, and the radius the exact distance from that centre to the
        farthest corner: sound for any centre, the smallest up to that rounding. Around an interval with symbols that is
        not symmetric, and for symbolic widths, the centre is 0.
        """
        if isinstance(self.lo, tuple):
            pairs = zip(centers_for(network, self.lo), centers_for(network, self.hi), strict=True)  # type: ignore[arg-type]
            return tuple(_around(lo, hi) for lo, hi in pairs)  # type: ignore[arg-type]
        return tuple(self._around_interval(network, block) for block in network.blocks)

    def _around_interval(self, network: Network, block: int) -> BlockBall:
        lo, hi, layer = self.lo, self.hi, network.affine(block)
        count, shape = sp.sqrt(layer.parameter_count), (layer.outputs, layer.inputs)
        middle = 0
        if not (lo.free_symbols or hi.free_symbols) and all(isinstance(n, int) for n in shape):  # type: ignore[union-attr]
            middle = float(sp.N((lo + hi) / 2, 30))  # type: ignore[operator]
        if middle == 0:
            half = hi if sp.simplify(lo + hi) == 0 else sp.Max(sp.Abs(lo), sp.Abs(hi))  # type: ignore[operator]
            return BlockBall(half * count)
        at = sp.Rational(*middle.as_integer_ratio())
        center = np.full(shape, middle), np.full(shape[0], middle) if layer.bias else None  # type: ignore[arg-type]
        return BlockBall(sp.Max(hi - at, at - lo) * count, blocks_from([center], "a box")[0])  # type: ignore[operator]

    def contains(self, parameters: Iterable[Any], network: Network, values: Mapping[Any, Any] | None = None) -> bool:
        """Whether exact parameters ``[(A_1, b_1), …]`` lie in the region, decided exactly."""
        given = exact_entries(parameters, network)
        if not isinstance(self.lo, tuple):
            numbers = [x for block in given for x in block]
            return at_most(max(numbers), self.hi, values) and at_most(-min(numbers), -self.lo, values)
        sides = zip(given, centers_for(network, self.lo), centers_for(network, self.hi), strict=True)  # type: ignore[arg-type]
        return all(
            Fraction(lo) <= x <= Fraction(hi)
            for block, low, high in sides
            for x, lo, hi in zip(block, entries(low).tolist(), entries(high).tolist(), strict=True)  # type: ignore[arg-type]
        )

    @property
    def spec(self) -> str:
        """The region as text; ``parse_region`` reads it back if the interval is the same for all parameters."""
        return "box given by arrays" if isinstance(self.lo, tuple) else f"box:{self.lo},{self.hi}"

    def describe(self, network: Network) -> str:
        """The hypothesis as a sentence."""
        where = "in its interval of a given box" if isinstance(self.lo, tuple) else f"in [{self.lo}, {self.hi}]"
        return f"every entry of {parameters_text(network)} lies {where}"

    def _key(self) -> tuple[Any, ...]:
        return tuple(key(side) if isinstance(side, tuple) else side for side in (self.lo, self.hi))

    def __str__(self) -> str:
        return self.spec


def _arrays(lo: Sequence[Any], hi: Sequence[Any]) -> tuple[tuple[Block, ...], tuple[Block, ...]]:
    low, high = blocks_from(lo, "lo of a box"), blocks_from(hi, "hi of a box")
    fits = len(low) == len(high) and all(map(same_shape, low, high))
    if not fits or not all((entries(a) <= entries(b)).all() for a, b in zip(low, high, strict=True)):
        raise InputError(
            "a box was given by two lists of arrays",
            "lo is at most hi, entry by entry" if fits else "lo and hi have the same shapes",
            "check which of the two is which, and where they come from",
        )
    return low, high


def _around(lo: Block, hi: Block) -> BlockBall:
    """The ball around a block of a box: rounding the midpoint moves the centre, and the radius is taken from there."""
    middle = tuple(None if a is None or b is None else a / 2 + b / 2 for a, b in zip(lo, hi, strict=True))
    center = blocks_from([middle], "the midpoint of a box")[0]
    triples = zip(entries(lo).tolist(), entries(center).tolist(), entries(hi).tolist(), strict=True)
    farthest = (max(Fraction(b) - Fraction(c), Fraction(c) - Fraction(a)) for a, c, b in triples)
    radius = root(sum((x * x for x in farthest), Fraction(0)))
    return BlockBall(radius, center if entries(center).any() else None)
