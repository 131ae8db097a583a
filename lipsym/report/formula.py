r"""LaTeX formulas as pictures inside an HTML page, without a network and without a TeX installation.

Invariant: a formula is never changed to fit: what matplotlib's mathtext cannot typeset appears as its plain text.

Glyphs are drawn once for a page and used many times, in the colour of the surrounding text, so that a page with
hundreds of formulas stays small, prints sharply and follows a dark background.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import sympy as sp
from markupsafe import Markup, escape
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextToPath

LONGEST_PICTURE = 1_500
"""Characters of LaTeX up to which a formula is drawn; nobody reads a longer one as a picture."""

_SYNONYMS = (
    (r"\displaystyle", ""),
    (r"\left[", r"\left("),
    (r"\right]", r"\right)"),
    (r"\lVert", r"\|"),
    (r"\rVert", r"\|"),
    (r"\le ", r"\leq "),
    (r"\ge ", r"\geq "),
    (r"\limits", ""),
)
_SHORT_ARGUMENT = re.compile(r"\\left\(\s*(\w+|\\[a-z]+_?\w*|\w+_\{\w+\})\s*\\right\)")
"""Brackets around one symbol: mathtext would shrink brackets that it is told to fit."""
_COMMANDS = {1: "M", 2: "L", 3: "Q", 4: "C", 79: "Z"}
"""SVG's path commands by matplotlib's path codes; a curve has several vertices, which all carry its code."""
_VERTICES = {3: 2, 4: 3}
_EM = 100
"""Units of the drawings per em."""


@dataclass(slots=True)
class Formulas:
    """The formulas of one page, and the glyphs they share."""

    font: FontProperties = field(default_factory=lambda: FontProperties(family="DejaVu Sans", math_fontfamily="cm"))
    paths: TextToPath = field(default_factory=TextToPath)
    glyphs: dict[str, tuple[str, str]] = field(default_factory=dict)
    drawn: dict[str, Markup] = field(default_factory=dict)

    def define(self, left: str, expr: sp.Expr, relation: str = "=", name: str = "") -> Markup:
        """``left relation expr``, ``left`` and ``relation`` in LaTeX; as plain text ``name = expr``."""
        return self.latex(f"{left} {relation} {sp.latex(expr)}", f"{name} = {expr}" if name else str(expr))

    def latex(self, text: str, plain: str | None = None) -> Markup:
        """A formula given in LaTeX, drawn, or ``plain`` (by default the LaTeX itself) as preformatted text."""
        if text not in self.drawn:
            self.drawn[text] = self._draw(text) or Markup('<pre class="formula">{}</pre>').format(plain or text)
        return self.drawn[text]

    def definitions(self) -> Markup:
        """The glyphs of all formulas drawn so far, to be placed once on the page."""
        shapes = "".join(f'<path id="{name}" d="{d}"/>' for name, d in self.glyphs.values())
        return Markup(f'<svg class="glyphs" width="0" height="0" aria-hidden="true"><defs>{shapes}</defs></svg>')

    def _draw(self, text: str) -> Markup | None:
        source = text.strip().strip("$")
        for written, known in _SYNONYMS:
            source = source.replace(written, known)
        source = _SHORT_ARGUMENT.sub(r"(\1)", source)
        if len(source) > LONGEST_PICTURE:
            return None
        try:
            width, height, depth = self.paths.get_text_width_height_descent(f"${source}$", self.font, True)
            placed, shapes, rules = self.paths.get_glyphs_mathtext(self.font, f"${source}$")
        except ValueError:  # mathtext's way to say that it does not know a command
            return None
        scale = _EM / self.font.get_size_in_points()
        width, height, depth = (scale * length for length in (width, height, depth))
        uses = "".join(self._use(shapes, *glyph) for glyph in placed)
        bars = "".join(f'<path d="{_outline(vertices, codes)}"/>' for vertices, codes in rules)
        pad = 4
        box = f"{-pad} {depth - height - pad:.0f} {width + 2 * pad:.0f} {height + 2 * pad:.0f}"
        style = f"width:{(width + 2 * pad) / _EM:.3f}em;height:{(height + 2 * pad) / _EM:.3f}em"
        align = f"vertical-align:{-(depth + pad) / _EM:.3f}em"
        return Markup(
            f'<svg class="formula" role="img" viewBox="{box}" style="{style};{align}">'
            f"<title>{escape(text)}</title>"
            f'<g transform="scale(1,-1)" fill="currentColor">{uses}{bars}</g></svg>'
        )

    def _use(self, shapes: dict[Any, Any], glyph: Any, x: float, y: float, size: float) -> str:
        name, _ = self.glyphs.setdefault(str(glyph), (f"g{len(self.glyphs)}", _outline(*shapes[glyph])))
        scaled = "" if size == 1 else f" scale({size:.3g})"
        return f'<use href="#{name}" transform="translate({x:.1f},{y:.1f}){scaled}"/>'


def _outline(vertices: Any, codes: Any) -> str:
    """A matplotlib path as SVG."""
    parts, i = [], 0
    while i < len(codes):
        code = int(codes[i])
        count = _VERTICES.get(code, 1)
        points = "" if code == 79 else " ".join(f"{x:.4g} {y:.4g}" for x, y in vertices[i : i + count])
        parts.append(_COMMANDS[code] + points)
        i += count
    return "".join(parts)
