"""Best-first branch and bound over a reduced problem, a round of boxes at a time.

Invariant: at every moment each point of the region lies in an open box, whose bound is in ``upper``, or in a leaf whose
bound is at most ``settled``. Which boxes a round takes depends on the boxes alone, so the tree is the same for
any number of workers; a round is one record, and replaying the records gives the same state.
"""

from __future__ import annotations

from concurrent.futures import Executor, as_completed
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from lipsym.domains.float64_rounding import Floats
from lipsym.enclose.bounding import Bounds, upper_bounds
from lipsym.enclose.cover import preorder
from lipsym.enclose.problem import Problem

CHUNK = 2048
"""Boxes that are bounded together."""

ROUND = 8192
"""Boxes that are bisected in one round, at most."""


class Record(NamedTuple):
    """One round.

    Args:
        nodes: the boxes that were bisected.
        upper: bounds of their halves, lower halves first, of shape (2n,).
        axes: along which coordinate to bisect each half, if it comes to that.
    """

    nodes: np.ndarray
    upper: Floats
    axes: np.ndarray


@dataclass(slots=True, eq=False)
class Frontier:
    """The state of a search.

    Args:
        problem: what is maximised.
        lo, hi: ends of the open boxes, of shape (n, variables).
        upper, axis, node, case: their bounds, coordinates to bisect along, places in the tree, and cases.
        settled: a bound on everything in leaves that are done with.
        axes, children: the tree, as in ``cover.preorder``.
    """

    problem: Problem
    lo: Floats
    hi: Floats
    upper: Floats
    axis: np.ndarray
    node: np.ndarray
    case: np.ndarray
    settled: float = -np.inf
    axes: list[np.ndarray] = field(default_factory=list)
    children: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list)
    count: int = 0

    @staticmethod
    def of(problem: Problem, executor: Executor | None = None) -> Frontier:
        """The root box of each case."""
        cases = np.arange(problem.cases)
        lo, hi = (np.repeat(end[None], problem.cases, axis=0) for end in (problem.lo, problem.hi))
        bounds = evaluate(problem, lo, hi, cases, executor)
        return Frontier(problem, lo, hi, bounds.upper, bounds.axis, cases.copy(), cases, count=problem.cases)

    @property
    def top(self) -> float:
        """A bound on the supremum."""
        return max(self.settled, float(self.upper.max(initial=-np.inf)))

    def settle(self, target: float) -> None:
        """Close the boxes whose bound is at most ``target``."""
        done = self.upper <= target
        if done.any():
            self.settled = max(self.settled, float(self.upper[done].max()))
            self._keep(~done)

    def bisect(self, executor: Executor | None = None) -> Record:
        """Bisect the open boxes with the largest bounds; they are replaced by their halves.

        The record is empty if floats cannot bisect any more.
        """
        order = np.lexsort((self.node, -self.upper))[:ROUND]
        lo, hi = self._halves(order)
        bounds = evaluate(self.problem, lo, hi, np.concatenate([self.case[order]] * 2), executor)
        record = Record(self.node[order], bounds.upper, bounds.axis)
        self._replace(order, lo, hi, record)
        return record

    def replay(self, record: Record) -> None:
        """Do again what a round did."""
        place = np.full(self.count, -1, dtype=np.int64)
        place[self.node] = np.arange(len(self.node))
        order = place[record.nodes]
        self._replace(order, *self._halves(order), record)

    def tree(self) -> bytes:
        """The tree as the nodes of a cover."""
        axes = np.full(self.count, -1, dtype=np.int64)
        children = np.zeros(self.count, dtype=np.int64)
        for nodes, axis in self.children:
            axes[nodes] = axis
        start = self.problem.cases
        for nodes, _ in self.children:
            # A round's halves were numbered one after the other, in its order.
            children[nodes] = start + 2 * np.arange(len(nodes))
            start += 2 * len(nodes)
        return preorder(axes, children, self.problem.cases)

    def _halves(self, order: np.ndarray) -> tuple[Floats, Floats]:
        lo, hi, axis = self.lo[order], self.hi[order], self.axis[order]
        rows = np.arange(len(order))
        middle = lo[rows, axis] + (hi[rows, axis] - lo[rows, axis]) / 2
        upper_start, lower_end = lo.copy(), hi.copy()
        upper_start[rows, axis] = lower_end[rows, axis] = middle
        return np.concatenate([lo, upper_start]), np.concatenate([lower_end, hi])

    def _replace(self, order: np.ndarray, lo: Floats, hi: Floats, record: Record) -> None:
        n = len(order)
        self.children.append((self.node[order], self.axis[order].astype(np.uint8)))
        # A half is no larger than the whole, whatever its own bound says.
        upper = np.minimum(record.upper, np.concatenate([self.upper[order]] * 2))
        node = self.count + np.concatenate([2 * np.arange(n), 2 * np.arange(n) + 1])
        case = np.concatenate([self.case[order]] * 2)
        rest = np.ones(len(self.upper), dtype=bool)
        rest[order] = False
        self.count += 2 * n
        self._keep(rest)
        self.lo, self.hi = np.concatenate([self.lo, lo]), np.concatenate([self.hi, hi])
        self.upper, self.axis = np.concatenate([self.upper, upper]), np.concatenate([self.axis, record.axes])
        self.node, self.case = np.concatenate([self.node, node]), np.concatenate([self.case, case])

    def _keep(self, kept: np.ndarray) -> None:
        for name in ("lo", "hi", "upper", "axis", "node", "case"):
            setattr(self, name, getattr(self, name)[kept])


def evaluate(problem: Problem, lo: Floats, hi: Floats, case: np.ndarray, executor: Executor | None) -> Bounds:
    """``upper_bounds``, a chunk at a time, by the executor's workers if there is one."""
    pieces = [slice(start, start + CHUNK) for start in range(0, len(lo), CHUNK)]
    if executor is None or len(pieces) == 1:
        found = [upper_bounds(problem, lo[p], hi[p], case[p]) for p in pieces]
    else:
        waiting = {executor.submit(upper_bounds, problem, lo[p], hi[p], case[p]): k for k, p in enumerate(pieces)}
        found = [Bounds(np.empty(0), np.empty(0))] * len(pieces)
        for future in as_completed(waiting):
            found[waiting[future]] = future.result()
    return Bounds(np.concatenate([b.upper for b in found]), np.concatenate([b.axis for b in found]))
