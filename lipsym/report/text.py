"""Bounds and results as plain text.

Invariant: every decimal names its direction, and an outcome that is no bound says what it is and why.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lipsym.bounds.result import Bound, Unbounded, Unknown
from lipsym.certificates.numbers import read_enclosure, read_end
from lipsym.enclosure import Enclosure
from lipsym.report.decimals import decimal

SYMBOLS = {"lipschitz": "sup ‖D_θ {}‖", "smoothness": "sup ‖D²_θ {}‖", "hessian_lipschitz": "sup ‖D³_θ {}‖"}
"""The quantities as they are written in text."""


def left_side(quantity: str, loss: str | None) -> str:
    """``sup ‖D_θ N‖`` and the like."""
    return SYMBOLS[quantity].format("Φ" if loss else "N")


def bound_text(
    outcome: Bound | Unbounded | Unknown,
    asked: Mapping[str, Any],
    value: Enclosure | None = None,
    at: Mapping[str, str] | None = None,
    domain: str = "arb",
    precision: int = 53,
) -> str:
    """What ``lipsym bound`` prints."""
    left = left_side(asked["quantity"], asked["loss"])
    if isinstance(outcome, Unbounded):
        return "\n".join([f"{left} = ∞", f"  {outcome.reason}", f"witness: {outcome.witness}", f"rule: {outcome.rule}"])
    if isinstance(outcome, Unknown):
        return f"{left}: unknown\n  {outcome.reason}"
    lines = [f"{left} {'≤' if outcome.side == 'upper' else '≥'} {outcome.result}"]
    if outcome.steps or outcome.constants:
        lines.append("with")
    lines += [f"  {c.symbol} in {c.enclosure}: {c.text}" for c in outcome.constants]
    lines += [f"  {s.symbol} = {s.expr}    ({s.rule}: {s.text})" for s in outcome.steps]
    if value is not None:
        point = "" if not at else " at " + ", ".join(f"{name} = {number}" for name, number in at.items())
        bits = "" if domain == "float64" else f", {precision} bits"
        lines.append(f"value {directed(value, outcome.side)}{point} ({domain}{bits})")
    lines += [
        "if",
        *(f"  {h}" for h in outcome.hypotheses),
        f"norm: {outcome.norm}",
        f"rules: {', '.join(outcome.rules)}",
    ]
    return "\n".join(lines)


def sharpness_lines(known: Mapping[str, Any]) -> list[str]:
    """How far the two sides are apart: the limit of their ratio, the growth of both, and the ratio at numbers."""
    limit = "no limit proved" if known["limit"] is None else f"→ {known['limit']}"
    lines = [f"upper/lower {limit} as the radii grow ({known['reason']})", f"growth: {known['growth']}"]
    if known["ratio"] is not None:
        top = decimal(read_enclosure(known["ratio"]).hi, 5)
        lines.append(f"upper/lower ≤ {top} at these values, by a witness of {', '.join(known['witness']['rules'])}")
    if known["witness"] is not None:
        lines.append(f"the witness reaches ≥ {decimal(read_end(known['witness']['lower']), up=False)}")
        blocks = known["witness"]["parameters"] or ()
        lines += [f"  block {k}: A = {_short(b['A'])}, b = {_short(b['b'])}" for k, b in enumerate(blocks, 1)]
    return lines


def _short(entries: Any) -> str:
    """Exact numbers as decimals of four digits: the JSON form has every digit."""
    if entries is None or isinstance(entries, list):
        return "none" if entries is None else f"[{', '.join(map(_short, entries))}]"
    return decimal(read_end(entries), 4, up=False)


def directed(value: Enclosure, side: str = "upper", digits: int = 6) -> str:
    """The end of an enclosure that bounds the quantity, rounded away from it.

    Example:
        >>> from fractions import Fraction
        >>> directed(Enclosure(Fraction(1, 3)))
        '≤ 0.333334 (upper end rounded up)'
    """
    if side == "upper":
        return f"≤ {decimal(value.hi, digits, up=True)} (upper end rounded up)"
    return f"≥ {decimal(value.lo, digits, up=False)} (lower end rounded down)"


def columns(rows: Iterable[Sequence[str]], head: Sequence[str] | None = None, gap: str = "  ") -> str:
    """Rows of text as left-aligned columns; the last column is not padded."""
    table = [list(map(str, row)) for row in rows]
    if head is not None:
        table.insert(0, list(head))
    if not table:
        return ""
    widths = [max(map(_width, column)) for column in zip(*table, strict=True)]
    if head is not None:
        table.insert(1, ["─" * width for width in widths])
    padded = [[cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)] for row in table]
    return "\n".join(gap.join(row).rstrip() for row in padded)


def _width(text: str) -> int:
    return sum(not unicodedata.combining(c) for c in text)
