"""Bounds as LaTeX that compiles with amsmath.

Invariant: the text says what the bound object says; nothing is rounded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sympy as sp

from lipsym.domains.expressions import EigenvalueBound

if TYPE_CHECKING:
    from lipsym.bounds.result import Bound

LONGEST_FORMULA = 40
"""Operations up to which a bound is printed as one formula rather than as its steps."""

LARGEST_EIGENVALUE = (
    r"\Lambda(t, b, c, d) &\ge \lambda_{\max} \begin{pmatrix} t & b & c \\ b & d & 0 \\ c & 0 & 0 \end{pmatrix},"
    r"\ \text{with equality if } c = 0"
)
"""What the reader of a formula with ``EigenvalueBound`` needs to know."""

LEFT_SIDES = {
    "lipschitz": r"\sup_{\theta} \lVert D_\theta {} \rVert",
    "smoothness": r"\sup_{\theta} \lVert D^2_\theta {} \rVert",
    "hessian_lipschitz": r"\sup_{\theta} \lVert D^3_\theta {} \rVert",
    "L0": "L_0",
    "L1": "L_1",
}


def latex(bound: Bound) -> str:
    """One formula if it is short, else an ``align*`` environment with one line for each step."""
    left = LEFT_SIDES[bound.quantity].replace("{}", r"\Phi" if bound.loss else "N")
    relation = {"upper": r"\le", "lower": r"\ge"}[bound.side]
    if not bound.steps or _operations(bound) <= LONGEST_FORMULA:
        return rf"$\displaystyle {left} {relation} {sp.latex(bound.expr)}$"
    lines = [rf"{sp.latex(s.symbol)} &= {sp.latex(s.expr)}" for s in bound.steps]
    lines.append(rf"{left} &{relation} {sp.latex(bound.result)}")
    if any(s.expr.has(EigenvalueBound) for s in bound.steps):
        lines.append(LARGEST_EIGENVALUE)
    return "\\begin{align*}\n" + " \\\\\n".join(lines) + "\n\\end{align*}"


def _operations(bound: Bound) -> int:
    """Operations of the bound as one formula; of its steps, where these alone are too many."""
    folded = sum(sp.count_ops(s.expr) for s in bound.steps) + sp.count_ops(bound.result)
    return folded if folded > LONGEST_FORMULA else sp.count_ops(bound.expr)
