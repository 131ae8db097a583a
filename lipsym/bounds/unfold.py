"""Substituting the steps of a straight-line program into one expression.

Invariant: the value is unchanged, and each distinct subexpression is rebuilt once, so the result is a shared graph
whose size is linear in the program's.
"""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp

_COSTLY = (sp.Max, sp.Min)


def unfold(steps: Sequence[tuple[sp.Symbol, sp.Expr]], result: sp.Expr) -> sp.Expr:
    """``result`` with every step's symbol replaced by its (unfolded) expression."""
    known: dict[sp.Basic, sp.Basic] = {}
    for symbol, expr in steps:
        known[symbol] = _rebuild(expr, known)
    return _rebuild(result, known)  # type: ignore[return-value]


def _rebuild(expr: sp.Basic, known: dict[sp.Basic, sp.Basic]) -> sp.Basic:
    memo: dict[sp.Basic, sp.Basic] = dict(known)
    for node in sp.postorder_traversal(expr):
        if node in memo or not node.args:
            continue
        args = [memo.get(a, a) for a in node.args]
        if all(new is old for new, old in zip(args, node.args, strict=True)):
            continue
        # Max and Min compare their arguments on construction, which is slow on large ones.
        memo[node] = node.func(*args, evaluate=False) if isinstance(node, _COSTLY) else node.func(*args)
    return memo.get(expr, expr)
