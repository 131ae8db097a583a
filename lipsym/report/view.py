"""What the report shows, read from certificates.

Invariant: every number on the page comes from a certificate; here it is only rounded, in the direction that keeps it
true, and divided.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy as sp
from markupsafe import Markup

from lipsym.bounds.latex import LEFT_SIDES
from lipsym.certificates.numbers import read_enclosure, read_end
from lipsym.certificates.read import straight_line_program
from lipsym.domains import evaluate
from lipsym.domains.expressions import EigenvalueBound
from lipsym.domains.parse import parse
from lipsym.enclosure import Enclosure
from lipsym.report.decimals import decimal
from lipsym.report.formula import Formulas
from lipsym.report.plot import Curve

EIGENVALUE_NOTE = Markup(
    "Λ(t, b, c, d) bounds the largest eigenvalue of the symmetric matrix with rows (t, b, c), (b, d, 0), (c, 0, 0) "
    "from above, with equality for c = 0."
)
NOTHING_FOUND = "no counterexample found"
WORDS = {"lipschitz": "Lipschitz (order 1)", "smoothness": "smoothness (order 2)", "hessian_lipschitz": "order 3"}


@dataclass(frozen=True, slots=True)
class Row:
    """A bound at one point, as text; ``tone`` is the verdict's class on the page."""

    at: str
    values: tuple[str, ...]
    bound: str
    plain: str
    lower: str
    ratio: str
    supremum: str
    verdict: str
    tone: str


@dataclass(frozen=True, slots=True)
class CaseView:
    """One certificate, as text and pictures."""

    id: str
    title: str
    file: str
    outcome: str
    quantity: str
    question: str
    radius: str
    verdict: str
    tone: str
    lines: tuple[Markup, ...]
    rows: tuple[Row, ...]
    limit: str
    growth: str
    sharp: str
    below: tuple[Markup, ...]
    main: int
    domains: tuple[str, ...]
    hypotheses: tuple[str, ...]
    norm: str
    rules: tuple[str, ...]
    steps: tuple[Mapping[str, str], ...]
    reason: str
    witness: str


def case_view(document: Mapping[str, Any], file: str, formulas: Formulas) -> CaseView:
    """The view of one certificate."""
    rows = tuple(_row(item) for item in document["evaluations"])
    sides = document.get("sharpness") or {"limit": None, "reason": "", "growth": "", "below": None}
    verdict, tone = _verdict(document, rows)
    loss = f", loss {document['loss']}" if document["loss"] else ""
    return CaseView(
        id=re.sub(r"[^a-z0-9]+", "-", file.removesuffix(".json").lower()).strip("-"),
        title=document["case"] or document["network"],
        file=file,
        outcome=document["outcome"],
        quantity=WORDS[document["quantity"]] + (" of the loss" if document["loss"] else ""),
        question=f"{document['network']}; parameters {document['region']}; inputs {document['inputs']}{loss}",
        radius=document["region"].partition(":")[2].partition(" ")[0],
        verdict=verdict,
        tone=tone,
        lines=_lines(document, formulas) if document["outcome"] == "bound" else (),
        rows=rows,
        limit=limit_text(document),
        growth=sides["growth"],
        sharp=sides["reason"],
        below=_formula(sides["below"] | {"side": "lower"}, document, formulas) if sides["below"] else (),
        main=0,
        domains=tuple(value["domain"] for value in document["evaluations"][0]["values"]) if rows else (),
        hypotheses=tuple(document["hypotheses"]),
        norm=document.get("norm", ""),
        rules=tuple(document["rules"]),
        steps=tuple(document.get("steps", ())),
        reason=document.get("reason", ""),
        witness=document.get("witness", ""),
    )


@dataclass(frozen=True, slots=True)
class GlobalView:
    """A constant claimed for all parameters, as text."""

    title: str
    quantity: str
    claim: str
    outcome: str
    tone: str
    witness: str
    rules: tuple[str, ...]
    file: str


def global_view(document: Mapping[str, Any], file: str) -> GlobalView:
    """The view of one global claim's certificate."""
    outcome, witness = global_outcome(document)
    tone = {"refuted": "good", "bound": "good"}.get(document["verdict"], "open")
    words = WORDS | {"L0L1": "(L0, L1)-smoothness"}
    quantity = words[document["quantity"]] + (" of the loss" if document["loss"] else "")
    return GlobalView(
        document["case"], quantity, document["claim"], outcome, tone, witness, tuple(document["rules"]), file
    )


def global_outcome(document: Mapping[str, Any]) -> tuple[str, str]:
    """What became of a global claim, and the witness or the constant that shows it."""
    if document["ratio"] is not None:
        least = decimal(read_end(document["ratio"]["lo"]), 3, up=False)
        of = "‖D²Φ‖/(L0 + L1‖∇Φ‖)" if document["quantity"] == "L0L1" else "ratio"
        return f"refuted: {of} ≥ {least}", document["family"] or "0 and a parameter vector far out along one axis"
    if document["verdict"] == "bound":
        value = "" if document["value"] is None else f" ≤ {decimal(read_enclosure(document['value']).hi)}"
        return f"a constant exists{value}", f"{document['quantity']} ≤ {document['expr']}"
    return ("no constant exists" if document["verdict"] == "refuted" else "undecided"), document["reason"]


def curve(title: str, documents: Sequence[Mapping[str, Any]]) -> Curve | None:
    """The evaluations of one certificate, searched at every radius, as a curve."""
    points = []
    for item in (item for document in documents for item in document["evaluations"]):
        if item["search"] is None or "R" not in item["at"]:
            continue
        sharp, lower = _enclosures(item)[0], Enclosure(best_lower(item) or Fraction(0))
        plain = read_enclosure(item["plain"]).upper_float() if item["plain"] else sharp.upper_float()
        points.append((float(Fraction(item["at"]["R"])), sharp.upper_float(), plain, lower.lower_float()))
    if len(points) < 2:
        return None
    return Curve(title, *map(tuple, zip(*sorted(points), strict=True)))  # type: ignore[arg-type]


def convergence(documents: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[tuple[int, float]], float]]:
    """For each neural ODE over ``[0, 1]``, the residual networks with shared blocks and step ``1/n`` among the rest.

    Returns:
        A title, the bounds by the number of blocks, and the ODE's bound, all upper ends at ``R = S = 1``.
    """
    values: dict[tuple[str, ...], float] = {}
    for document in documents:
        for item in document.get("evaluations", ()):
            if item["at"] == {"R": "1", "S": "1"}:
                key = (document["quantity"], document["region"], document["network"])
                values[key] = _enclosures(item)[0].upper_float()
    found = []
    for (quantity, region, network), limit in values.items():
        matched = re.fullmatch(r"node:(\w+):(\w+):1", network)
        if matched is None:
            continue
        shape = re.compile(rf"resnet:{matched[1]}-(\d+):{matched[2]}:1/\1:shared")
        steps = sorted(
            (int(other[1]), value)
            for (q, r, name), value in values.items()
            if (q, r) == (quantity, region) and (other := shape.fullmatch(name))
        )
        if len(steps) > 1:
            found.append((f"{matched[2]}, order {1 if quantity == 'lipschitz' else 2}, {region}", steps, limit))
    return found


def best_lower(item: Mapping[str, Any]) -> Fraction | None:
    """The larger of what the search and the witness certify at one point; ``None`` if there is neither."""
    found = [item[name] for name in ("search", "witness") if item.get(name) is not None]
    ends = [Fraction(read_end(record["lower"])) for record in found]
    return max(ends) if ends else None


def ratio(item: Mapping[str, Any]) -> Fraction | None:
    """``bound / lower bound`` at one point of a certificate, exactly; ``None`` without a positive lower bound."""
    upper, lower = _enclosures(item)[0].hi, best_lower(item)
    return upper / lower if isinstance(upper, Fraction) and lower is not None and lower > 0 else None


def limit_text(document: Mapping[str, Any]) -> str:
    """The proved limit of the ratio for growing radii, rounded up; empty where none is proved."""
    limit = (document.get("sharpness") or {}).get("limit")
    return "" if limit is None else decimal(evaluate(parse(limit)).hi, 5)


def verified_ratio(item: Mapping[str, Any]) -> Fraction | None:
    """An upper bound of ``bound / supremum`` at one point, where the supremum is enclosed; exactly."""
    if item.get("verified") is None:
        return None
    upper, lower = _enclosures(item)[0].hi, read_enclosure(item["verified"]["sup"]).lo
    return Fraction(upper) / Fraction(lower) if isinstance(upper, Fraction) and lower > 0 else None


def _enclosures(item: Mapping[str, Any]) -> list[Enclosure]:
    return [read_enclosure(value) for value in item["values"]]


def _row(item: Mapping[str, Any]) -> Row:
    values = tuple(decimal(value.hi) for value in _enclosures(item))
    search, over, lower = item["search"], ratio(item), best_lower(item)
    exact = verified_ratio(item)
    sup = None if exact is None else read_enclosure(item["verified"]["sup"])
    return Row(
        at=", ".join(f"{name} = {number}" for name, number in item["at"].items()),
        values=values,
        bound=values[0],
        plain="" if item["plain"] is None else decimal(read_enclosure(item["plain"]).hi),
        lower="" if lower is None else decimal(lower, up=False),
        ratio="" if over is None else decimal(over, 5),
        supremum="" if exact is None or sup is None else f"{sup}, bound ≤ {decimal(exact, 5)} × sup",
        verdict="" if search is None else search["verdict"],
        tone="" if search is None else "good" if search["verdict"] == NOTHING_FOUND else "bad",
    )


def _verdict(document: Mapping[str, Any], rows: Sequence[Row]) -> tuple[str, str]:
    if document["outcome"] == "unknown":
        return "unknown: no proved rule", "open"
    if document["outcome"] == "unbounded":
        return "proved infinite", "good"
    if any(row.tone == "bad" for row in rows):
        return "REFUTED", "bad"
    searched = any(row.verdict for row in rows)
    return ("proved; " + NOTHING_FOUND if searched else "proved; not searched"), "good"


def _lines(document: Mapping[str, Any], formulas: Formulas) -> tuple[Markup, ...]:
    """The bound on one line if it is short, else the derivation's lines and the result."""
    return _formula(document, document, formulas)


def _formula(document: Mapping[str, Any], asked: Mapping[str, Any], formulas: Formulas) -> tuple[Markup, ...]:
    relation = {"upper": r"\leq", "lower": r"\geq"}[document["side"]]
    left = LEFT_SIDES[asked["quantity"]].replace("{}", r"\Phi" if asked["loss"] else "N")
    steps, short = straight_line_program(document)
    if document["latex"].startswith("$"):
        return (formulas.define(left, short, relation),)
    integers = frozenset(document["integers"])
    lines = [formulas.define(sp.latex(symbol), expr, name=symbol.name) for symbol, expr in steps]
    lines.append(formulas.define(left, parse(document["result"], integers), relation))
    return (*lines, EIGENVALUE_NOTE) if any(expr.has(EigenvalueBound) for _, expr in steps) else tuple(lines)
