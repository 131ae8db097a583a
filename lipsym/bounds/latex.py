"""Bounds as LaTeX that compiles with amsmath.

Invariant: the text says what the bound object says; nothing is rounded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sympy as sp

if TYPE_CHECKING:
    from lipsym.bounds.result import Bound

LONGEST_FORMULA = 60
"""Operations up to which a bound is printed as one formula rather than as its steps."""

LEFT_SIDES = {
    "lipschitz": r"\sup_{\theta} \lVert D_\theta {} \rVert",
    "smoothness": r"\sup_{\theta} \lVert D^2_\theta {} \rVert",
    "hessian_lipschitz": r"\sup_{\theta} \lVert D^3_\theta {} \rVert",
}


def latex(bound: Bound) -> str:
    """One formula if it is short, else an ``align*`` environment with one line for each step."""
    left = LEFT_SIDES[bound.quantity].replace("{}", r"\Phi" if bound.loss else "N")
    relation = {"upper": r"\le", "lower": r"\ge"}[bound.side]
    size = sp.count_ops(bound.result) + sum(sp.count_ops(s.expr) for s in bound.steps)
    if not bound.steps or size <= LONGEST_FORMULA:
        return rf"$\displaystyle {left} {relation} {sp.latex(bound.expr)}$"
    lines = [rf"{sp.latex(s.symbol)} &= {sp.latex(s.expr)}" for s in bound.steps]
    lines.append(rf"{left} &{relation} {sp.latex(bound.result)}")
    return "\\begin{align*}\n" + " \\\\\n".join(lines) + "\n\\end{align*}"
