"""Certificates re-checked: what each piece of evidence proves, and the verdict that follows.

Invariant: every number that the verdict depends on is computed anew from the question's plain data, in another
arithmetic than the one that wrote it; what is not re-checked is said in ``Checked.trusted``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from importlib.resources import files
from itertools import combinations
from math import prod
from pathlib import Path
from typing import Any

import sympy as sp

from lipsym.check.cover import BeyondReachError, check_cover
from lipsym.check.document import (
    CLAIM_SCHEMA,
    Document,
    authentic,
    enclosure,
    fields,
    number,
    numbers,
    read,
    refuse,
)
from lipsym.check.jets import Calculus
from lipsym.check.model import Model, Values, rebuild, sampled
from lipsym.domains import domain as numeric_domain
from lipsym.domains import evaluate, evaluate_program
from lipsym.domains.parse import parse, symbol
from lipsym.enclosure import Enclosure
from lipsym.errors import LipsymError
from lipsym.verdict import Verdict

BUDGET = 200_000
"""Boxes of a cover, unless another budget is given."""

PART = 1_000
"""Boxes for a supremum that stands beside a bound."""

PRECISION = 100
"""Bits of the checker's own arithmetic."""

OTHER = {"float64": "arb", "arb": "mpmath", "mpmath": "arb", "symbolic": "mpmath"}
"""The domain that re-checks what another one made."""

BOUND_FIELDS = ["quantity", "side", "expr", "steps", "result", "constants", "integers", "question", "evaluations"]
OPTIONAL, LIST = (dict, type(None)), (list, type(None))
ORDERS = {"lipschitz": 1, "smoothness": 2, "hessian_lipschitz": 3}


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of a certificate.

    Args:
        verdict: PROVED if everything it says was verified, REFUTED if it is refused, UNDECIDED if the budget ended.
        text: one line.
        trusted: what had to be taken on trust, one sentence each.
        boxes: bounded in all.
    """

    verdict: Verdict
    text: str
    trusted: tuple[str, ...] = ()
    boxes: int = 0


@dataclass(slots=True)
class Checking:
    """One run: the chosen domain, the budget, and what accumulates."""

    domain: str | None
    budget: int
    boxes: int = 0
    trusted: dict[str, None] = field(default_factory=dict)

    def other(self, made_by: Any) -> str:
        if not isinstance(made_by, str) or made_by not in OTHER:
            raise refuse(f"evidence of the domain {made_by!r:.80}", f"the domains are {', '.join(OTHER)}")
        return self.domain or OTHER[made_by]


def check(source: str | Path | Document, domain: str | None = None, budget: int = BUDGET) -> Checked:
    """Re-check a certificate with a program that shares no code with the one that wrote it but the arithmetic.

    Args:
        source: a file, or a certificate as a dictionary.
        domain: ``"arb"`` or ``"mpmath"``; left out: another one than made the evidence.
        budget: boxes that may be bounded.

    Raises:
        InputError: if there is no certificate to check: unreadable, cut, no JSON, another schema version.
    """
    document, run = read(source), Checking(domain, budget)
    try:
        authentic(document)
        text = _claim(document, run) if document["schema"] == CLAIM_SCHEMA else _bound(document, run)
        verdict = Verdict.PROVED
    except BeyondReachError as error:
        verdict, text = Verdict.UNDECIDED, "; ".join(str(error).splitlines())
    except LipsymError as error:
        verdict, text = Verdict.REFUTED, "; ".join(str(error).splitlines()[:2])
    return Checked(verdict, text, tuple(run.trusted), run.boxes)


def _claim(document: Document, run: Checking) -> str:
    _, _, _, stated, _, claim, question, sup, parts, _, rules, _, _ = fields(
        document, "the certificate", schema=str, lipsym=str, digest=str, verdict=str, text=str, claim=dict,
        question=dict, sup=dict, parts=list, hypotheses=list, rules=list, assumptions=list, libraries=dict)  # fmt: skip
    quantity, relation, text, values = fields(claim, "the claim", quantity=str, relation=str, expr=str, values=dict)
    if quantity not in ORDERS or relation not in ("<=", ">="):
        raise refuse(f"the claim {quantity!r:.80} {relation!r:.80}", "it names a quantity and '<=' or '>='")
    order, expr = ORDERS[quantity], parse(text)
    model, whole = rebuild(question, order), _values(values)
    found = [_part(part, model, order, relation, expr, run) for part in parts]
    cells = [values for values, _, _ in found]
    if any(not whole[name].contains(v) for cell in cells for name, v in _same_names(cell, whole)):
        raise refuse("a part of the values", "it reaches beyond the values of the claim")
    proved = bool(cells) and all(verdict is Verdict.PROVED for _, verdict, _ in found) and _tile(cells, whole)
    refuted = any(verdict is Verdict.REFUTED for _, verdict, _ in found)
    verdict = "refuted" if refuted else "proved" if proved else "undecided"
    named = {name for part in parts for name in _rules(part)}
    if stated != verdict or sorted(map(str, rules)) != sorted(named):
        raise refuse(f"the certificate says {stated!r:.80} by the rules {rules!r:.80}", f"its parts say {verdict}")
    if not named <= known_rules():
        raise refuse(f"the rules {sorted(named - known_rules())}", "they are not among the rules with a proof")
    for bounds, (lo, hi) in zip(parts, (ends for _, _, ends in found), strict=True):
        if enclosure(bounds["sup"], "sup") != Enclosure(lo, hi):
            raise refuse("the enclosure of a supremum", "it is not the one its evidence gives")
    least, most = min((e[0] for *_, e in found), default=0), max((e[1] for *_, e in found), default=float("inf"))
    if enclosure(sup, "sup") != Enclosure(least, most):
        raise refuse("the enclosure of the supremum", "it is not the hull of its parts'")
    return f"{verdict}: {quantity} {relation} {text}"


def _part(
    part: Any, model: Model, order: int, relation: str, expr: sp.Expr, run: Checking
) -> tuple[Values, Verdict, tuple[Any, Any]]:
    """The values of a part, what its evidence says of the claim there, and its enclosure of the supremum."""
    box, claimed, above, below, _ = fields(
        part, "a part", values=dict, claimed=dict, upper=OPTIONAL, lower=OPTIONAL, sup=dict
    )
    values, stored = _values(box), enclosure(claimed, "the claimed number")
    number_ = evaluate(expr, values, run.domain or "mpmath", PRECISION)
    if not number_.overlaps(stored):
        raise refuse(f"the claimed number {stored}", f"the expression is {number_}")
    lo: Any = Fraction(0)
    hi: Any = float("inf")
    reached, equal = hi, False
    if below is not None:
        lo = _witness(below, model, order, values, run)
    if above is not None and above.get("kind") != "cover":
        hi, reached, equal = _closed_form(above, values, expr, run)
    elif above is not None:
        domain = numeric_domain(run.other(above.get("domain")), 53)
        try:
            hi, boxes = check_cover(model, above, order, values, domain, run.budget - run.boxes)
            run.boxes, reached = run.boxes + boxes, hi
        except BeyondReachError:
            if not (lo > number_.hi if relation == "<=" else lo >= number_.hi):
                raise
            hi = number(above.get("bound"), "the bound of a cover")
            run.trusted["upper ends of suprema that the verdict does not need"] = None
    if lo > hi:
        raise refuse(f"a supremum between {lo} and {hi}", "one of its bounds is wrong")
    holds, fails = (reached <= number_.lo or equal, lo > number_.hi), (lo >= number_.hi, reached < number_.lo)
    holds, fails = holds if relation == "<=" else fails
    return values, Verdict.PROVED if holds else Verdict.REFUTED if fails else Verdict.UNDECIDED, (lo, hi)


def _closed_form(item: Any, values: Values, expr: sp.Expr, run: Checking) -> tuple[Any, Any, bool]:
    """The stored upper end, the one reached here, and whether it is at most the claim by exact simplification."""
    _, made, _, steps, result, constants, integers, stored, comparison = fields(
        item, "a closed form", kind=str, domain=str, precision=int, steps=list, result=str, constants=list,
        integers=list, value=dict, comparison=str)  # fmt: skip
    program, last, known = _program(steps, result, constants, integers)
    _trust_formula(steps, run)
    bound = enclosure(stored, "the value of a closed form")
    found = evaluate_program(program, last, {**values, **known}, run.other(made), PRECISION)
    if not (found.overlaps(bound) and found.hi <= bound.hi * (1 + Fraction(1, 2**10))):
        raise refuse(f"the value {bound} of a closed form", f"re-evaluated it is {found}")
    if comparison != "exact":
        return bound.hi, found.hi, False
    points = {name: v.lo for name, v in {**values, **known}.items() if v.lo == v.hi}
    difference = evaluate_program(program, last - expr, points, "symbolic", PRECISION)
    run.trusted["SymPy's simplification of the difference of two equal expressions"] = None
    return bound.hi, found.hi, difference.hi <= 0


def _trust_formula(steps: Any, run: Checking) -> None:
    """Note that a formula is a bound by its rules; one that names none has no proof to rest on."""
    named = ", ".join(sorted(_rules(steps)))
    if not named:
        raise refuse("a formula without a rule", "a bound follows from rules with a proof")
    run.trusted[f"that the formula bounds the quantity, by the rules {named} (proofs/)"] = None


def _program(steps: Any, result: str, constants: Any, integers: Any) -> tuple[list[Any], sp.Expr, dict[str, Enclosure]]:
    names = frozenset(str(name) for name in integers)
    read_steps = [fields(step, "a step", symbol=str, expr=str, rule=str, text=str) for step in steps]
    known = {}
    for item in constants:
        name, _, lo, hi = fields(item, "a constant", symbol=str, text=str, lo=str, hi=str)
        known[name] = enclosure({"lo": lo, "hi": hi}, f"the constant {name}")
    return [(symbol(s), parse(e, names)) for s, e, _, _ in read_steps], parse(result, names), known


def _witness(item: Any, model: Model, order: int, values: Values, run: Checking) -> Fraction:
    """The lower bound that a point of the region and a direction prove."""
    _, made, _, theta, x, data, direction, stored = fields(
        item, "a witness", kind=str, domain=str, precision=int, theta=list, x=LIST, data=OPTIONAL, direction=list,
        value=str)  # fmt: skip
    least = number(stored, "the value of a witness")
    model = model if data is None else sampled(model, data, values)
    _reaches(least, model, order, values, theta, x, direction, run.other(made))
    return least


def _reaches(
    least: Fraction, model: Model, order: int, values: Values, theta: Any, x: Any, direction: Any, domain: str
) -> None:
    """Refuse a point that lies outside, or at which the derivative along the direction is below ``least``."""
    point, along = numbers(theta, "theta", model.count), numbers(direction, "a direction", model.count)
    at = None if x is None else numbers(x, "an input", model.widths[0])
    if not model.contains(point, values):
        raise refuse("the parameters of a witness", "they lie outside of the region")
    if (at is None) != (model.loss is not None) or (at is not None and not model.admits(at, values)):
        raise refuse("the input of a witness", "it is not one that the claim is about")
    with numeric_domain(domain, PRECISION).session() as inner:
        found = Calculus(model, inner).form(point, along, at, order)
    if not least <= found.lo:
        raise refuse(f"the value {least} of a witness", f"the derivative's norm there is {found}")


def _flat(nested: Any) -> Iterator[Any]:
    """The entries of nested lists, without what is missing."""
    if isinstance(nested, list):
        for item in nested:
            yield from _flat(item)
    elif nested is not None:
        yield nested


def _bound(document: Document, run: Checking) -> str:
    """A certificate of ``lipsym prove``: the formula's values, the search against it, the supremum where enclosed."""
    listed = document.get("rules")
    named = _rules(document) | set(map(str, listed if isinstance(listed, list) else [None]))
    if not named <= known_rules():
        raise refuse(f"the rules {sorted(named - known_rules())}", "they are not among the rules with a proof")
    if document.get("outcome") != "bound":
        if not named and document.get("outcome") != "unknown":
            raise refuse(f"the outcome {document.get('outcome')!r:.80} without a rule", "it is said by no theorem")
        run.trusted[f"the theorems {', '.join(sorted(named))} (proofs/)"] = None
        return f"{document.get('quantity')}: {document.get('outcome')}"
    quantity, side, text, steps, result, constants, integers, question, evaluations = fields(
        {name: document.get(name) for name in BOUND_FIELDS}, "a certificate", quantity=str, side=str, expr=str,
        steps=list, result=str, constants=list, integers=list, question=OPTIONAL, evaluations=list)  # fmt: skip
    if quantity not in ORDERS or side != "upper":
        raise refuse(f"a bound on {quantity!r:.80} from the {side!r:.80} side", "these bounds are from above")
    program, last, known = _program(steps, result, constants, integers)
    whole = parse(text, frozenset(map(str, integers)))
    order = ORDERS[quantity]
    model = None if question is None else rebuild(question, order)
    _trust_formula(steps, run)
    for item in evaluations:
        at, stored, _, search, _, verified = fields(
            item, "an evaluation", at=dict, values=list, plain=OPTIONAL, search=OPTIONAL, witness=OPTIONAL,
            verified=OPTIONAL)  # fmt: skip
        values = {symbol(name).name: Enclosure(number(v, name)) for name, v in at.items()}
        if not stored:
            raise refuse("an evaluation", "it has a value")
        found = [_value(program, last, {**values, **known}, value, run) for value in stored]
        if not evaluate_program(program, whole, {**values, **known}, "arb", PRECISION).overlaps(found[0]):
            raise refuse("the unfolded formula", "it has another value than the steps")
        if search is not None:
            _search(search, model, order, values, found[0], run)
        if verified is not None and model is not None:
            _supremum(verified, model, order, values, Fraction(found[0].hi), run)
    return f"{quantity} ≤ {result} at {len(evaluations)} points"


def _supremum(part: Any, model: Model, order: int, values: Values, bound: Fraction, run: Checking) -> None:
    """An enclosure of the supremum beside a bound: re-checked as far as a part of the budget goes."""
    inner = Checking(run.domain, min(PART, run.budget - run.boxes), 0, run.trusted)
    try:
        at, verdict, ends = _part(part, model, order, "<=", sp.Rational(bound.numerator, bound.denominator), inner)
        if dict(at) != {name: values[name] for name in at if name in values}:
            raise refuse("a supremum beside a bound", "it is one at other values")
        if verdict is Verdict.REFUTED or enclosure(part["sup"], "sup") != Enclosure(*ends):
            raise refuse("a supremum beside a bound", "it lies above the bound, or is not what its evidence gives")
    except BeyondReachError:
        run.trusted[f"suprema beside bounds, where {PART} boxes do not suffice"] = None
        inner.boxes = inner.budget
    run.boxes += inner.boxes


def _value(program: Any, last: sp.Expr, given: Values, item: Any, run: Checking) -> Enclosure:
    """A stored value, re-evaluated in another domain."""
    made, _, lo, hi = fields(item, "a value", domain=str, precision=int, lo=str, hi=str)
    stored = enclosure({"lo": lo, "hi": hi}, "a value")
    found = evaluate_program(program, last, given, run.other(made), PRECISION)
    if not stored.overlaps(found):
        raise refuse(f"the value {stored} of the formula", f"re-evaluated it is {found}")
    return stored


def _search(item: Any, model: Model | None, order: int, values: Values, bound: Enclosure, run: Checking) -> None:
    """The best point that a search found, and whether the bound stands above it."""
    stated, lower, _, nested, x, direction, data, _ = fields(
        item, "a search", verdict=str, lower=str, evaluations=int, parameters=LIST, input=LIST, direction=LIST,
        data=OPTIONAL, method=str)  # fmt: skip
    least = number(lower, "a lower bound")
    if (stated == "no counterexample found") != (least <= bound.hi):
        raise refuse(f"a search that says {stated!r:.80}", f"its lower bound is {lower} and the bound {bound}")
    if direction is None or model is None:
        run.trusted["lower bounds of searches whose directions are not part of the certificate"] = None
        return
    model = model if data is None else sampled(model, data, values)
    _reaches(least, model, order, values, list(_flat(nested)), x, direction, run.other("arb"))


def _rules(item: Any) -> set[str]:
    """Every rule that evidence names."""
    if isinstance(item, Mapping):
        own = {str(item["rule"])} if "rule" in item else set()
        return own.union({str(r) for r in item.get("reductions", ())}, *map(_rules, item.values()))
    return set().union(*map(_rules, item)) if isinstance(item, list) else set()


@cache
def known_rules() -> frozenset[str]:
    """The rules that have a proof; ``proofs/index.py`` writes the list."""
    return frozenset(json.loads(files("lipsym.check").joinpath("rules.json").read_text(encoding="utf-8")))


def _values(item: Mapping[str, Any]) -> dict[str, Enclosure]:
    found = {symbol(name).name: enclosure(v, f"the value of {name}") for name, v in item.items()}
    if any(v.lo < 0 for v in found.values()):
        raise refuse("a negative value of a symbol", "symbols stand for numbers that are not negative")
    return found


def _same_names(cell: Values, whole: Values) -> list[tuple[str, Enclosure]]:
    if set(cell) != set(whole):
        raise refuse(f"values of {sorted(cell)}", f"the claim's values are of {sorted(whole)}")
    return list(cell.items())


def _tile(cells: Sequence[Values], whole: Values) -> bool:
    """Whether boxes inside ``whole``, no two of which overlap, fill it: their volumes add up."""
    axes = [name for name, v in whole.items() if v.lo != v.hi]
    for one, two in combinations(cells, 2):
        if all(max(one[a].lo, two[a].lo) < min(one[a].hi, two[a].hi) for a in axes):
            return False
    return sum(prod(cell[a].width for a in axes) for cell in cells) == prod(whole[a].width for a in axes)
