"""Figures, as SVG to be placed inside a page.

Invariant: a figure shows certified numbers only: upper ends of bounds, and certified lower bounds. Its strokes take the
colour of the surrounding text, so it reads on light and dark paper.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

INK = "#010203"
"""Stands for the page's text colour until the figure is finished: a colour that nothing else has."""
BLUE, ORANGE, GREEN = "#4f8fd6", "#d9822b", "#4aa564"

_STYLE: Any = {
    "svg.hashsalt": "lipsym",
    "svg.fonttype": "path",
    "font.size": 8.5,
    "axes.titlesize": 9,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "grid.color": INK,
    "grid.alpha": 0.15,
    "mathtext.fontset": "cm",
}


@dataclass(frozen=True, slots=True)
class Curve:
    """One network and quantity over several radii.

    Args:
        title: the panel's title.
        radii: in increasing order.
        sharp: the bound at each radius.
        plain: the plain recursion's bound, or ``nan`` where it was not evaluated.
        lower: the best certified lower bound.
    """

    title: str
    radii: tuple[float, ...]
    sharp: tuple[float, ...]
    plain: tuple[float, ...]
    lower: tuple[float, ...]


def ratio_figure(curves: Sequence[Curve], columns: int = 3) -> Markup:
    """Bound divided by the best certified lower bound, against the radius: 1 is a sharp bound."""

    def draw(axes: Any, curve: Curve) -> None:
        for values, colour, marker, label in (
            (curve.plain, ORANGE, "s", "plain recursion"),
            (curve.sharp, BLUE, "o", "sharpest rule"),
        ):
            ratios = [v / low if low > 0 else math.nan for v, low in zip(values, curve.lower, strict=True)]
            axes.plot(curve.radii, ratios, color=colour, marker=marker, markersize=3.5, linewidth=1.4, label=label)
        axes.axhline(1, color=INK, linewidth=0.7, linestyle=(0, (4, 3)))
        axes.set_xscale("log")
        axes.set_ylim(bottom=0.97)
        axes.set_ylabel("bound / lower bound")

    return _panels(curves, draw, columns)


def bound_figure(curves: Sequence[Curve], columns: int = 3) -> Markup:
    """Bounds and certified lower bounds against the radius, on logarithmic axes; the gap between them is shaded."""

    def draw(axes: Any, curve: Curve) -> None:
        axes.fill_between(curve.radii, curve.lower, curve.sharp, color=BLUE, alpha=0.15, linewidth=0)
        axes.plot(curve.radii, curve.plain, color=ORANGE, linewidth=1.2, linestyle="--", label="plain recursion")
        axes.plot(curve.radii, curve.sharp, color=BLUE, linewidth=1.6, label="sharpest rule")
        axes.plot(
            curve.radii,
            curve.lower,
            color=GREEN,
            marker="^",
            markersize=3.5,
            linewidth=0,
            label="certified lower bound",
        )
        axes.set_xscale("log")
        axes.set_yscale("log")

    return _panels(curves, draw, columns)


def convergence_figure(panels: Sequence[tuple[str, Sequence[tuple[int, float]], float]]) -> Markup:
    """Bounds of residual networks of ``n`` blocks and step ``1/n``, and of the flow they tend to.

    Args:
        panels: for each a title, ``(n, bound)`` in increasing order, and the flow's bound.
    """
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(2.75 * len(panels), 2.3), layout="constrained")
        FigureCanvasSVG(figure)
        for axes, (title, found, limit) in zip(
            figure.subplots(1, len(panels), squeeze=False).ravel(), panels, strict=True
        ):
            blocks, values = zip(*found, strict=True)
            axes.plot(blocks, values, color=BLUE, marker="o", markersize=3.5, label="residual network")
            axes.axhline(limit, color=GREEN, linewidth=1.2, linestyle="--", label="neural ODE")
            axes.set_xscale("log")
            axes.set_xticks(blocks, [str(n) for n in blocks])
            axes.minorticks_off()
            axes.set_title(title)
            axes.set_xlabel("blocks n, step 1/n")
            axes.set_ylabel("bound")
            axes.grid(True, linewidth=0.5)
        handles, labels = axes.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=2)
        return _svg(figure)


def _panels(curves: Sequence[Curve], draw: Callable[[Any, Curve], None], columns: int) -> Markup:
    """Small multiples with one legend."""
    columns = 2 if len(curves) in (2, 4) else max(1, min(columns, len(curves)))
    rows = -(-len(curves) // columns)
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(2.75 * columns, 2.05 * rows + 0.35), layout="constrained")
        FigureCanvasSVG(figure)
        grid = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes, curve in zip(grid, curves, strict=False):
            draw(axes, curve)
            axes.set_title(curve.title)
            axes.set_xlabel("R")
            axes.set_xticks(curve.radii, [_label(r) for r in curve.radii])
            axes.minorticks_off()
            axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:.4g}"))
            if axes.get_yscale() == "log":
                axes.set_yticks(_ticks(*axes.get_ylim()))
            axes.grid(True, linewidth=0.5)
        for axes in grid[len(curves) :]:
            axes.set_axis_off()
        handles, labels = grid[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=3)
        return _svg(figure)


def _label(radius: float) -> str:
    """A radius as it is written in a certificate."""
    return str(Fraction(radius).limit_denominator(1000))


def _ticks(low: float, high: float) -> list[float]:
    """Two to six round numbers between the limits of a logarithmic axis."""
    for steps in ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 7)):
        decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        ticks = [step * 10.0**decade for decade in decades for step in steps if low <= step * 10.0**decade <= high]
        if len(ticks) >= 3:
            break
    return ticks


def _svg(figure: Figure) -> Markup:
    stream = io.StringIO()
    figure.savefig(stream, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = stream.getvalue()
    text = text[text.index("<svg") :].replace(INK, "currentColor")
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    # Sizes come from the page, so that a figure shrinks on a small screen; the viewBox keeps its shape.
    head, bracket, rest = text.partition(">")
    head = re.sub(r' (?:width|height)="[^"]*"', "", head)
    return Markup(f'{head} class="figure" style="max-width:{7.2 * figure.get_figwidth():.1f}rem"{bracket}{rest}')
