"""How the parameters of a vector field move with the variables that derivatives are taken in.

Invariant: with ``θ`` an affine function of the variables, ``source`` and ``cross`` are exactly the parts of the first
and second derivative of ``A(θ) u + b(θ)`` in which ``A`` or ``b`` is differentiated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from flint import arb_mat

from lipsym.enclose.forward import BallParameters


class Seeds(Protocol):
    """How parameters move with the variables: ``∂θ/∂(variable a)``."""

    @property
    def count(self) -> int:
        """The number ``N`` of variables."""
        ...

    def source(self, block: Any, u: arb_mat, constant: bool) -> arb_mat | None:
        """``[(∂A/∂a) u + (∂b/∂a)]_a`` of shape (outputs, N), the bias where ``constant``; ``None`` for 0."""
        ...

    def cross(self, block: Any, first: arb_mat) -> arb_mat | None:
        """``[(∂A/∂a) U_b + (∂A/∂b) U_a]_{(a,b)}`` of shape (outputs, N²); ``None`` for 0."""
        ...


@dataclass(frozen=True, slots=True)
class Coordinates:
    """Every entry of the blocks in ``start`` is a variable of its own.

    Args:
        count: the number of variables, more than these perhaps.
        start: where the columns of each block begin: ``A`` row by row, then ``b``.
        shapes: of each block the number of rows of ``A`` and whether it has a bias.
    """

    count: int
    start: dict[Any, int]
    shapes: dict[Any, tuple[int, bool]]

    def source(self, block: Any, u: arb_mat, constant: bool) -> arb_mat | None:
        """Row ``i`` holds ``u`` in the columns of ``A_i`` and, where ``constant``, 1 in that of ``b_i``."""
        at = self.start.get(block)
        if at is None:
            return None
        (rows, biased), values = self.shapes[block], u.entries()
        result = arb_mat(rows, self.count)
        for i in range(rows):
            for j, value in enumerate(values):
                result[i, at + i * len(values) + j] = value
            if constant and biased:
                result[i, at + rows * len(values) + i] = 1
        return result

    def cross(self, block: Any, first: arb_mat) -> arb_mat | None:
        """Row ``i`` holds ``U_j`` in the pairs of ``A_ij`` with every variable, in both orders."""
        at = self.start.get(block)
        if at is None:
            return None
        rows, n = self.shapes[block][0], self.count
        table = first.tolist()
        result = arb_mat(rows, n * n)
        for i in range(rows):
            for j, row in enumerate(table):
                a = at + i * len(table) + j
                for b, value in enumerate(row):
                    if a == b:
                        result[i, a * n + a] = 2 * value
                    else:
                        result[i, a * n + b] = result[i, b * n + a] = result[i, a * n + b] + value
        return result


@dataclass(frozen=True, slots=True)
class Direction:
    """One variable among ``count``, in column ``at``, that moves all parameters along a fixed direction."""

    count: int
    at: int
    direction: BallParameters

    def source(self, block: Any, u: arb_mat, constant: bool) -> arb_mat | None:
        """``dA u + db`` in its column."""
        matrix, bias = self.direction[block]
        move = matrix * u
        return _placed(move + bias if constant and bias is not None else move, self.count, [self.at])

    def cross(self, block: Any, first: arb_mat) -> arb_mat | None:
        """``dA U_b`` in the pairs of the direction with every variable, in both orders."""
        n, moved = self.count, self.direction[block][0] * first
        return _placed(moved, n * n, [self.at * n + b for b in range(n)]) + _placed(
            moved, n * n, [b * n + self.at for b in range(n)]
        )


def _placed(columns: arb_mat, count: int, where: Sequence[int]) -> arb_mat:
    result = arb_mat(columns.nrows(), count)
    for i, row in enumerate(columns.tolist()):
        for a, value in zip(where, row, strict=True):
            result[i, a] = value
    return result
