"""Substituting the steps of a straight-line program into one expression.

Invariant: the value is unchanged, no free symbol becomes a bound one, and each distinct subexpression is rebuilt once,
so the result is a shared graph whose size is linear in the program's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sympy as sp

from lipsym.domains.expressions import Binder
from lipsym.errors import ExpressionError

_COSTLY = (sp.Max, sp.Min)


def unfold(steps: Sequence[tuple[sp.Symbol, sp.Expr]], result: sp.Expr) -> sp.Expr:
    """``result`` with every step's symbol replaced by its (unfolded) expression.

    Raises:
        ExpressionError: if a maximum or a sum of one step binds a symbol that is free in another.
    """
    known: dict[sp.Basic, sp.Basic] = {}
    # Kept beside the expressions: asking a shared graph for its free symbols would walk it as a tree.
    free: dict[sp.Basic, set[sp.Basic]] = {}
    for symbol, expr in steps:
        known[symbol] = _rebuild(expr, known, free)
        free[symbol] = set().union(*(free.get(s, {s}) for s in expr.free_symbols))
    return _rebuild(result, known, free)  # type: ignore[return-value]


def _rebuild(expr: sp.Basic, known: Mapping[sp.Basic, sp.Basic], free: Mapping[sp.Basic, set[sp.Basic]]) -> sp.Basic:
    memo: dict[sp.Basic, sp.Basic] = dict(known)
    for node in sp.postorder_traversal(expr):
        if node in memo or not node.args:
            continue
        args = [memo.get(a, a) for a in node.args]
        if all(new is old for new, old in zip(args, node.args, strict=True)):
            continue
        if isinstance(node, Binder):
            _check_capture(node, free)
        # Max and Min compare their arguments on construction, which is slow on large ones.
        memo[node] = node.func(*args, evaluate=False) if isinstance(node, _COSTLY) else node.func(*args)
    return memo.get(expr, expr)


def _check_capture(node: Binder, free: Mapping[sp.Basic, set[sp.Basic]]) -> None:
    inside = set().union(*(free.get(s, set()) for s in node.body.free_symbols))
    captured = {s.name for s in inside} & {v.name for v in node.variables}  # type: ignore[attr-defined]
    if captured:
        raise ExpressionError(
            f"{type(node).__name__} binds {', '.join(sorted(captured))}, which is free in a step it refers to",
            "a bound variable has a name of its own in the whole derivation",
            "rename the bound variable (Derivation.bound_name does)",
        )
