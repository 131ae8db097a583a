"""Covers: the record of a finished branch and bound, from which an independent program re-checks its upper end.

Invariant: the leaves of a cover tile its root box exactly. Ends of boxes are floats taken as exact; a node is bisected
at the exact midpoint of one coordinate, so no box is written down: a byte for each node says all of it.

A cover claims: *every leaf lies outside of the reduced region, or the quantity is at most ``bound`` on what of the leaf
lies inside*. Which of the two holds, and by which estimate, is for the checker to find out: it may use another
arithmetic, and bisect further where its own estimates are weaker. The reduced region and the quantity on it follow from
the question and the names in ``reductions``, each a rule with its proof in ``proofs/``; ``variables`` names
the coordinates in order. A question with several *cases* (samples of a data set, labels, the sign of the output) has
the same root box and one tree for each case, one after the other in ``nodes``.
"""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from lipsym.enclosure import End
from lipsym.errors import InputError

LEAF = 0
"""The byte of a leaf; a node bisected along coordinate ``i`` has the byte ``i + 1``, and its lower half comes first."""

MOST_VARIABLES = 254


@dataclass(frozen=True, slots=True)
class Cover:
    """A bisection tree in preorder, with the bound that holds on its leaves.

    Args:
        reductions: the reductions by which the variables arise from the question, in the order of application.
        variables: a name for each coordinate.
        lo, hi: ends of the root box, dyadic.
        cases: how many trees follow each other in ``nodes``.
        nodes: the trees in preorder, a byte for each node.
        bound: what the quantity is at most on every leaf; ``math.inf`` if nothing was found yet.

    Raises:
        InputError: if ``nodes`` is not ``cases`` complete trees over the coordinates.
    """

    reductions: tuple[str, ...]
    variables: tuple[str, ...]
    lo: tuple[float, ...]
    hi: tuple[float, ...]
    cases: int
    nodes: bytes
    bound: End

    def __post_init__(self) -> None:
        codes = np.frombuffer(self.nodes, dtype=np.uint8)
        # In preorder a bisection opens one more tree and a leaf closes one: exactly at the end none is open.
        open_trees = self.cases + np.cumsum(np.where(codes == LEAF, -1, 1))
        complete = len(codes) > 0 and open_trees[-1] == 0 and bool((open_trees[:-1] > 0).all())
        if not (complete and codes.max() <= len(self.variables) == len(self.lo) == len(self.hi)):
            raise InputError(
                f"a cover of {len(codes)} nodes over {len(self.variables)} variables was given",
                "its nodes are complete trees in preorder, each a leaf or bisected along one of the variables",
                "the record was cut or altered: enclose again",
            )

    @property
    def leaves(self) -> int:
        """The number of leaves."""
        return self.nodes.count(LEAF)

    def boxes(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """``(case, lo, hi)`` of the leaves, arrays of shapes (n,), (n, d) and (n, d), in the order of the tree.

        Example:
            >>> cover = Cover((), ("u", "v"), (0.0, 0.0), (4.0, 2.0), 1, bytes([1, 0, 2, 0, 0]), Fraction(1))
            >>> _, lo, hi = cover.boxes()
            >>> lo.tolist(), hi.tolist()
            ([[0.0, 0.0], [2.0, 0.0], [2.0, 1.0]], [[2.0, 2.0], [4.0, 1.0], [4.0, 2.0]])
        """
        dimension = len(self.variables)
        case, lo, hi = np.empty(self.leaves, dtype=np.int64), *np.empty((2, self.leaves, dimension))
        waiting, place, current = [(list(self.lo), list(self.hi))], 0, 0
        for code in self.nodes:
            below, above = waiting.pop()
            if code == LEAF:
                case[place], lo[place], hi[place] = current, below, above
                place += 1
                if not waiting:
                    current += 1
                    waiting.append((list(self.lo), list(self.hi)))
                continue
            i = code - 1
            middle = below[i] + (above[i] - below[i]) / 2
            upper_start, lower_end = below.copy(), above.copy()
            upper_start[i] = lower_end[i] = middle
            waiting += [(upper_start, above), (below, lower_end)]
        return case, lo, hi

    def document(self) -> dict[str, Any]:
        """The cover as JSON: rationals as strings, the nodes compressed (zlib) in base 64."""
        return {
            "reductions": list(self.reductions),
            "variables": list(self.variables),
            "lo": [str(Fraction(end)) for end in self.lo],
            "hi": [str(Fraction(end)) for end in self.hi],
            "cases": self.cases,
            "nodes": base64.b64encode(zlib.compress(self.nodes, 9)).decode("ascii"),
            "bound": str(self.bound),
        }


def preorder(axes: np.ndarray, children: np.ndarray, cases: int) -> bytes:
    """The bytes of a forest.

    Args:
        axes: for each node the coordinate it is bisected along, −1 for a leaf.
        children: for each bisected node the index of its lower half, which the upper half follows; both are larger than
            the node's own index.
        cases: how many roots there are: the first nodes.

    Example:
        >>> list(preorder(np.array([0, -1, 1, -1, -1]), np.array([1, 0, 3, 0, 0]), 1))
        [1, 0, 2, 0, 0]
    """
    count = len(axes)
    level, levels = np.arange(cases), []
    while level.size:
        levels.append(level)
        inner = level[axes[level] >= 0]
        level = np.concatenate([children[inner], children[inner] + 1])
    size = np.ones(count, dtype=np.int64)
    for level in reversed(levels):
        inner = level[axes[level] >= 0]
        size[inner] += size[children[inner]] + size[children[inner] + 1]
    place = np.zeros(count, dtype=np.int64)
    place[:cases] = np.concatenate([[0], np.cumsum(size[: cases - 1])]) if cases else 0
    for level in levels:
        inner = level[axes[level] >= 0]
        place[children[inner]] = place[inner] + 1
        place[children[inner] + 1] = place[inner] + 1 + size[children[inner]]
    codes = np.zeros(count, dtype=np.uint8)
    codes[place] = (axes + 1).astype(np.uint8)
    return codes.tobytes()
