"""The polynomial degree of the constants in the radius.

Invariant: the degree stated is that of the upper and of the lower bound alike, by proofs/path-witness-2.md.
"""

from __future__ import annotations

from collections.abc import Sequence

from lipsym.bounds.kinks import ORDERS
from lipsym.bounds.stages import Stage, stages
from lipsym.nets.network import Network


def growth(network: Network, quantity: str) -> int | None:
    """The ``d`` with ``c R^d ≤ sup ≤ C R^d`` for large ``R``, for every activation of the table.

    Let every block have the radius ``R > 0``, ``m`` be the number of layers, all with biases and blocks of their own,
    and ``K`` the last one whose activation is not the identity. Then ``d = m − 1`` for order 1 and
    ``d = 2(K − 1) + (m − K)`` for order 2 (``m − 2``, at least 0, if there is no such layer). Order 2 needs a finite
    Lipschitz constant of every ``σ'``.

    Returns:
        ``None`` outside these hypotheses.

    Example:
        >>> from lipsym.nets.network import mlp
        >>> growth(mlp([2, 3, 3, 1], "tanh"), "smoothness")
        3

    Proof: proofs/path-witness-2.md.
    """
    line, order = stages(network), ORDERS[quantity]
    if line is None or order == 3 or not all(s.affine.bias for s in line):
        return None
    if order == 1:
        return len(line) - 1
    if not all(s.activation.s2.is_finite for s in line):
        return None
    top = last_curved(line)
    return max(0, len(line) - 2) if top is None else 2 * top + (len(line) - 1 - top)


def last_curved(line: Sequence[Stage]) -> int | None:
    """The index from 0 of the last stage whose activation is not the identity."""
    return max((k for k, stage in enumerate(line) if not stage.linear), default=None)
