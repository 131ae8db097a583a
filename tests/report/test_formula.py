from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest
import sympy as sp

from lipsym.domains.expressions import FUNCTIONS, BallMax, GeometricSum, IsolatedRoot, MaxOver
from lipsym.report.formula import Formulas

R, S, z, r, s = sp.symbols("R S z r s", nonnegative=True)
m = sp.Symbol("m", integer=True, positive=True)
HEADS = [
    *(head(R + S) for head in FUNCTIONS.values()),
    GeometricSum(R**2, m - 1),
    MaxOver(R * sp.tanh(z) ** 2, z, 0, R * sp.sqrt(S**2 + 1)),
    BallMax(r * s, (r, s), R),
    IsolatedRoot(z**2 - 2, z, 1, 2),
    sp.Max(R, S, 1),
    sp.Min(R, S),
    sp.Abs(sp.Symbol("x", real=True)),
    R ** sp.Rational(1, 3),
    sp.Heaviside(R - 1),
    sp.Sum(R**m, (m, 1, 4)),
    R**m / 3 + sp.pi,
]


@pytest.mark.parametrize("expr", HEADS, ids=str)
def test_every_head_of_the_language_is_drawn(expr: sp.Expr) -> None:
    formulas = Formulas()
    drawn = formulas.define(r"\sup_{\theta} \lVert D^2_\theta N \rVert", expr, r"\leq")
    assert drawn.startswith("<svg"), drawn
    names = set(re.findall(r'href="#(\w+)"', drawn))
    assert names
    assert names <= set(re.findall(r'id="(\w+)"', formulas.definitions()))
    ET.fromstring(drawn)
    ET.fromstring(formulas.definitions())


def test_glyphs_are_shared() -> None:
    formulas = Formulas()
    first = formulas.define("a", R + S)
    size = len(formulas.definitions())
    assert formulas.define("a", R + S) is first
    formulas.define("a", S + R + R * S)
    assert len(formulas.definitions()) == size


def test_what_cannot_be_drawn_is_shown_as_text_and_escaped() -> None:
    formulas = Formulas()
    assert formulas.latex(r"\nosuchcommand{<b>}") == '<pre class="formula">\\nosuchcommand{&lt;b&gt;}</pre>'
    assert formulas.define("x", sum((sp.Symbol(f"a_{i}") for i in range(400)), sp.S.Zero)).startswith("<pre")
