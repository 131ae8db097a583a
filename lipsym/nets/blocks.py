"""What all parameter regions share: the balls of the blocks, and exact parameters read off nested sequences.

Invariant: comparisons of parameters with a region are made in exact arithmetic; none is decided by rounding.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from lipsym.errors import InputError
from lipsym.nets.arrays import Block, entries, key
from lipsym.nets.network import Network
from lipsym.nets.quantities import at_values


class Keyed:
    """Equality and hash by a key, for records that hold arrays."""

    __slots__ = ()

    def _key(self) -> tuple[Any, ...]:
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._key() == other._key()  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash((type(self), self._key()))


@dataclass(frozen=True, slots=True, eq=False)
class BlockBall(Keyed):
    """One parameter block's ball ``‖θ_k − c_k‖ ≤ radius``.

    Args:
        radius: exact, non-negative.
        center: ``(A, b)`` as exact float64 arrays (``b`` is ``None`` without bias); ``None`` is the centre 0.
    """

    radius: sp.Expr
    center: Block | None = None

    def _key(self) -> tuple[Any, ...]:
        return self.radius, key(None if self.center is None else (self.center,))


def centers_for(network: Network, centers: tuple[Block, ...] | None) -> tuple[Block | None, ...]:
    """One centre for each block of the network.

    Raises:
        InputError: if their number or shapes are not the network's.
    """
    if centers is None:
        return (None,) * len(network.blocks)
    if len(centers) != len(network.blocks):
        raise InputError(
            f"arrays for {len(centers)} blocks were given",
            f"the network has {len(network.blocks)} parameter blocks",
            "give one pair (A, b) for each block, in the order of first use",
        )
    for block, (weights, offset) in zip(network.blocks, centers, strict=True):
        _check_shape(network, block, weights.shape, None if offset is None else len(offset))
    return centers


def exact_entries(parameters: Iterable[Any], network: Network) -> list[list[Fraction]]:
    """All entries of each block of ``[(A_1, b_1), …]`` as exact numbers, floats at their exact value.

    Raises:
        InputError: if the shapes are not the network's, or an entry is not a finite number.
    """
    pairs = list(parameters)
    if len(pairs) != len(network.blocks):
        raise InputError(
            f"parameters of {len(pairs)} blocks were given",
            f"the network has {len(network.blocks)} parameter blocks",
            "give one pair (A, b) for each block, in the order of first use",
        )
    result: list[list[Fraction]] = []
    for block, (weights, offset) in zip(network.blocks, pairs, strict=True):
        rows = [list(row) for row in weights]
        lengths = {len(row) for row in rows}
        last = None if offset is None else list(offset)
        columns = lengths.pop() if len(lengths) == 1 else -1
        _check_shape(network, block, (len(rows), columns), None if last is None else len(last))
        result.append([_number(x) for row in rows for x in row] + [_number(x) for x in last or ()])
    return result


def square_distance(given: list[Fraction], center: Block | None) -> Fraction:
    """``‖θ − c‖²``, exactly."""
    if center is None:
        return sum((x * x for x in given), Fraction(0))
    return sum(((x - Fraction(c)) ** 2 for x, c in zip(given, entries(center).tolist(), strict=True)), Fraction(0))


def at_most(left: Fraction, right: sp.Expr, values: Mapping[Any, Any] | None) -> bool:
    """Whether ``left ≤ right`` at exact values.

    Raises:
        MissingValueError: if a symbol of ``right`` has no value.
        InputError: if SymPy cannot tell the sign of the difference.
    """
    difference = at_values(right, values, "the bound that the parameters are compared with") - sp.Rational(
        left.numerator, left.denominator
    )
    if difference.is_nonnegative is None:
        raise InputError(
            f"the difference {difference} was compared with 0",
            "its sign could not be decided exactly",
            "give rational values, for which it always can",
        )
    return bool(difference.is_nonnegative)


def parameters_text(network: Network) -> str:
    """The network's parameters in words."""
    number = len(network.blocks)
    return "the one parameter block" if number == 1 else f"the {number} parameter blocks"


def norm_text(network: Network) -> str:
    """The square of a block's norm, as a formula."""
    biased = {network.affine(block).bias for block in network.blocks}
    return "‖A_k‖_F²" if biased == {False} else "‖A_k‖_F² + ‖b_k‖²"


def _check_shape(network: Network, block: int, shape: tuple[int, ...], bias: int | None) -> None:
    layer = network.affine(block)
    wanted = (layer.outputs, layer.inputs), layer.outputs if layer.bias else None
    if (shape, bias) != wanted:
        raise InputError(
            f"A of shape {shape} and {'no b' if bias is None else f'b of length {bias}'} were given for block {block}",
            f"this block has A of shape {wanted[0]} and {f'b of length {wanted[1]}' if layer.bias else 'no b'}",
            "check the order of the blocks, and which arrays are transposed",
        )


def _number(value: Any) -> Fraction:
    try:
        return Fraction(value.item() if isinstance(value, np.generic) else value)
    except (TypeError, ValueError, OverflowError, ZeroDivisionError) as error:
        raise InputError(
            f"the parameter {value!r} was given",
            "a parameter is an int, a Fraction, a rational string or a finite float (taken as exact)",
            "convert it to one of these",
        ) from error
