"""The reference for interval 2-jets: value, Jacobian and Hessian over a box of parameters, in any scalar domain.

Invariant: every entry encloses the entry of the derivative for all parameters and inputs of the box. Plain and slow on
purpose: forward differentiation, one parameter after the other, by the two lines of the chain rule below. The engines
that are fast (``derivatives`` in Arb matrices, ``tape`` in float64 batches) are tested against it.

For ``v = σ(z)``: ``∂_i v = σ'(z) ∂_i z`` and ``∂_i∂_j v = σ'(z) ∂_i∂_j z + σ''(z) ∂_i z ∂_j z``. For ``z = Au + b``:
every product ``A_rc u_c`` adds ``A_rc ∂u_c``, and ``u_c`` at the place of ``A_rc``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import numpy as np

from lipsym.domains import domain as named_domain
from lipsym.domains.record import Domain
from lipsym.enclose.forward import Parameters, elementwise, load, program
from lipsym.enclosure import Enclosure
from lipsym.errors import InputError
from lipsym.nets.activations import Activation
from lipsym.nets.layers.affine import Affine
from lipsym.nets.network import Network

T = TypeVar("T")

_Block = tuple[list[list[T]], list[T] | None]


@dataclass(frozen=True, slots=True)
class Jet:
    """Enclosures over a box.

    Args:
        value: of each output.
        jacobian: for each output the derivative by each parameter, block by block, ``A`` row by row, then ``b``.
        hessian: for each output a symmetric matrix, in rows; empty for order 1.
    """

    value: tuple[Enclosure, ...]
    jacobian: tuple[tuple[Enclosure, ...], ...]
    hessian: tuple[tuple[tuple[Enclosure, ...], ...], ...]


def jet(
    network: Network,
    params: Parameters,
    x: Any,
    order: int = 2,
    domain: str = "mpmath",
    precision: int = 53,
) -> Jet:
    """Enclose a network and its derivatives with respect to its parameters over a box.

    Args:
        network: affine and elementwise layers; blocks may be shared.
        params: one pair ``(A, b)`` per block, of exact numbers or of ``Enclosure``.
        x: one input, likewise.
        order: 1 or 2.
        domain: ``"mpmath"`` or ``"arb"``, the scalar domains.
        precision: working precision in bits.

    Raises:
        InputError: for arrays that do not fit the network, or another order or domain.

    Example:
        >>> from lipsym.nets.network import mlp
        >>> found = jet(mlp([1, 1], "identity"), [([[Enclosure(1, 2)]], [0])], [3])
        >>> print(found.value[0], *found.jacobian[0])
        [3, 6] [3, 3] [1, 1]
    """
    if order not in (1, 2) or domain not in ("mpmath", "arb"):
        raise InputError(
            f"a jet of order {order!r} in the domain {domain!r} was asked for",
            "the reference differentiates once or twice, in a scalar domain",
            "ask for order 1 or 2, in 'mpmath' or 'arb'",
        )
    load(network, params)  # checks the shapes
    with named_domain(domain, precision).session() as d:
        forward = _Forward(d, order)
        offsets, blocks, count = _blocks(network, params, d)
        state = [_Number(d.enclose(_exact(value))) for value in np.asarray(x, dtype=object).ravel().tolist()]
        if len(state) != network.input_width:
            raise InputError(
                f"an input of {len(state)} entries was given",
                f"an input of {network.spec} has {network.input_width} entries",
                "give one input",
            )
        for layer in network.layers:
            if isinstance(layer, Affine):
                state = forward.affine(blocks[layer.block], offsets[layer.block], state)
            else:
                state = forward.activate(elementwise(layer).activation, state)
        return _leave(d, state, count, order)


@dataclass(slots=True)
class _Number(Generic[T]):
    """A value, its derivatives by parameter, and the second ones by pairs ``i ≤ j``; what is absent is zero."""

    value: T
    first: dict[int, T] = field(default_factory=dict)
    second: dict[tuple[int, int], T] = field(default_factory=dict)


class _Forward(Generic[T]):
    """The two kinds of layers."""

    def __init__(self, domain: Domain[T], order: int) -> None:
        self.d, self.order = domain, order

    def affine(
        self, block: tuple[list[list[T]], list[T] | None], start: int, u: Sequence[_Number[T]]
    ) -> list[_Number[T]]:
        """``Au + b``, where ``A`` begins at the parameter ``start``."""
        rows, bias = block
        d, result = self.d, []
        one = d.enclose(Enclosure(1))
        for r, row in enumerate(rows):
            z: _Number[T] = _Number(d.enclose(Enclosure(0)) if bias is None else bias[r])
            for c, (weight, before) in enumerate(zip(row, u, strict=True)):
                place = start + r * len(row) + c
                z.value = d.add(z.value, d.multiply(weight, before.value))
                for i, slope in before.first.items():
                    self._add(z.first, i, d.multiply(weight, slope))
                    if self.order == 2:
                        # ∂_place∂_i of A_rc u_c, and once more of the other order where the two coincide.
                        twice = d.add(slope, slope) if i == place else slope
                        self._add(z.second, (min(i, place), max(i, place)), twice)
                self._add(z.first, place, before.value)
                for pair, curvature in before.second.items():
                    self._add(z.second, pair, d.multiply(weight, curvature))
            if bias is not None:
                self._add(z.first, start + len(rows) * len(rows[0]) + r, one)
            result.append(z)
        return result

    def activate(self, activation: Activation, zs: Sequence[_Number[T]]) -> list[_Number[T]]:
        """``σ(z)``, entry by entry."""
        expressions = (activation.value, *activation.derivatives)[: self.order + 1]
        functions = [program(e).bind(self.d, {}, (activation.z,)).value for e in expressions]
        return [self._activated(functions, z) for z in zs]

    def _activated(self, functions: Sequence[Callable[[T], T]], z: _Number[T]) -> _Number[T]:
        multiply = self.d.multiply
        value, *slopes = (f(z.value) for f in functions)
        result: _Number[T] = _Number(value, {i: multiply(slopes[0], s) for i, s in z.first.items()})
        if self.order == 2:
            result.second = {pair: multiply(slopes[0], s) for pair, s in z.second.items()}
            places = sorted(z.first)
            for k, i in enumerate(places):
                for j in places[k:]:
                    product = self.d.power(z.first[i], 2) if i == j else multiply(z.first[i], z.first[j])
                    self._add(result.second, (i, j), multiply(slopes[1], product))
        return result

    def _add(self, table: dict[Any, T], key: Any, value: T) -> None:
        table[key] = self.d.add(table[key], value) if key in table else value


def _blocks(network: Network, params: Parameters, d: Domain[T]) -> tuple[dict[int, int], dict[int, _Block[T]], int]:
    """Where each block starts, its entries in the domain, and the number of parameters."""
    offsets, blocks, count = {}, {}, 0
    for block, (a, b) in zip(network.blocks, params, strict=True):
        rows = [[d.enclose(_exact(value)) for value in row] for row in np.asarray(a, dtype=object).tolist()]
        bias = None if b is None else [d.enclose(_exact(value)) for value in np.asarray(b, dtype=object).tolist()]
        offsets[block], blocks[block] = count, (rows, bias)
        count += len(rows) * len(rows[0]) + (0 if bias is None else len(bias))
    return offsets, blocks, count


def _exact(value: Any) -> Enclosure:
    return value if isinstance(value, Enclosure) else Enclosure(value)


def _leave(d: Domain[T], state: Sequence[_Number[T]], count: int, order: int) -> Jet:
    zero = Enclosure(0)

    def entry(table: dict[Any, T], key: Any) -> Enclosure:
        return d.ends(table[key]) if key in table else zero

    places = range(count)
    return Jet(
        tuple(d.ends(n.value) for n in state),
        tuple(tuple(entry(n.first, i) for i in places) for n in state),
        tuple(
            tuple(tuple(entry(n.second, (min(i, j), max(i, j))) for j in places) for i in places)
            for n in state
            if order == 2
        ),
    )
