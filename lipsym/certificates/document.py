"""From an outcome of ``derive`` to the dictionary that becomes JSON.

Invariant: the dictionary says what the outcome says: the derivation, its hypotheses, and certified numbers with the
arithmetic that produced them. ``expr``, evaluated after ``steps``, is the bound.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import sympy as sp

from lipsym.bounds.result import Bound, Unbounded, Unknown
from lipsym.certificates.digest import sealed
from lipsym.certificates.numbers import write_enclosure, write_end
from lipsym.enclosure import Enclosure, End

BOUND_SCHEMA = "lipsym/bound/1"
CERTIFICATE_SCHEMA = "lipsym/certificate/2"

LIBRARIES = ("mpmath", "numpy", "python-flint", "sympy")
LONGEST_UNFOLDED = 400
"""Nodes of the unfolded bound up to which ``expr`` is written without reference to the steps."""

ARITHMETIC = {
    "arb": "python-flint (Arb) ball arithmetic encloses every operation it offers",
    "mpmath": "mpmath rounds + - * / sqrt of intervals outward; every other function is widened by a proved margin",
    "float64": "IEEE 754 binary64: + - * / and square root are rounded correctly to nearest",
    "symbolic": "SymPy's exact simplification, and Arb for the final enclosure",
}
"""What each domain assumes of the arithmetic under it."""


def bound_document(
    outcome: Bound | Unbounded | Unknown,
    asked: Mapping[str, Any],
    value: Enclosure | None = None,
    at: Mapping[str, str] | None = None,
    domain: str = "arb",
    precision: int = 53,
) -> dict[str, Any]:
    """The JSON of ``lipsym bound``.

    Args:
        outcome: what ``derive`` answered.
        asked: ``network``, ``region``, ``inputs``, ``loss``, ``quantity``, ``side`` as text, for outcomes that do not
            carry them.
        value: the bound at numbers, if it was evaluated.
        at: the exact values it was evaluated at.
        domain, precision: where.
    """
    described = {name: asked[name] for name in ("quantity", "side", "network", "region", "inputs", "loss")}
    document: dict[str, Any] = {
        "schema": BOUND_SCHEMA,
        "lipsym": version_of("lipsym"),
        "outcome": _kind(outcome),
    } | described
    if isinstance(outcome, Bound):
        document |= derivation(outcome)
        number = None if value is None else write_enclosure(value)
        return document | {"value": number} | _arithmetic(at, domain, precision)
    document |= {"expr": None, "latex": None, "hypotheses": [], "rules": [], "value": None, "reason": outcome.reason}
    if isinstance(outcome, Unbounded):
        document |= {"rules": [outcome.rule], "witness": outcome.witness, "value": {"lo": "inf", "hi": "inf"}}
    return document


def derivation(bound: Bound) -> dict[str, Any]:
    """Everything a bound carries, as text."""
    return {
        "expr": str(bound.expr if unfolded_size(bound) <= LONGEST_UNFOLDED else bound.result),
        "latex": bound.to_latex(),
        "norm": bound.norm,
        "hypotheses": list(bound.hypotheses),
        "rules": list(bound.rules),
        "steps": [{"symbol": s.symbol.name, "expr": str(s.expr), "rule": s.rule, "text": s.text} for s in bound.steps],
        "result": str(bound.result),
        "symbols": [s.name for s in bound.symbols],
        "integers": sorted({s.name for s in bound.symbols if s.is_integer}),
        "constants": [
            {"symbol": c.symbol.name, "text": c.text} | write_enclosure(c.enclosure) for c in bound.constants
        ],
    }


def certificate(
    outcome: Bound | Unbounded | Unknown,
    asked: Mapping[str, Any],
    evaluations: Sequence[Mapping[str, Any]] = (),
    case: str = "",
    question: Mapping[str, Any] | None = None,
    sharpness: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A certificate of ``lipsym prove``: the derivation, its values in several arithmetics, and the search against it.

    Args:
        outcome, asked: as for ``bound_document``.
        evaluations: what ``evaluation`` makes, one for each point.
        case: what the certificate is called in a report.
        question: network, region, inputs and loss as plain data, for the checker; ``None`` where they are not written.
        sharpness: what ``sharpness_record`` makes.
    """
    document = {"schema": CERTIFICATE_SCHEMA, "case": case} | bound_document(outcome, asked)
    for single in ("value", "at", "domain", "precision", "assumptions"):
        document.pop(single, None)
    used = dict.fromkeys(value["domain"] for item in evaluations for value in item["values"])
    known = {} if sharpness is None else {"sharpness": dict(sharpness)}
    return sealed(
        document
        | known
        | {
            "schema": CERTIFICATE_SCHEMA,
            "question": None if question is None else dict(question),
            "libraries": libraries(),
            "assumptions": [ARITHMETIC[name] for name in used],
            "evaluations": [dict(item) for item in evaluations],
        }
    )


def evaluation(
    at: Mapping[str, str],
    values: Mapping[tuple[str, int], Enclosure],
    plain: Enclosure | None = None,
    search: Mapping[str, Any] | None = None,
    witness: Mapping[str, Any] | None = None,
    verified: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """One point of a certificate.

    Args:
        at: exact values of the symbols.
        values: the bound by domain and precision.
        plain: the plain recursion's bound at the same point, for comparison.
        search: what ``search_record`` makes; ``None`` if nothing was searched.
        witness: what ``witness_record`` makes; ``None`` if no lower bound is known.
        verified: a part of a claim, that the supremum is at most the bound, with an enclosure of the supremum.
    """
    return {
        "at": dict(at),
        "values": [
            {"domain": name, "precision": bits} | write_enclosure(value) for (name, bits), value in values.items()
        ],
        "plain": None if plain is None else write_enclosure(plain),
        "search": None if search is None else dict(search),
        "witness": None if witness is None else dict(witness),
        "verified": None if verified is None else dict(verified),
    }


def witness_record(lower: End, rules: Sequence[str], parameters: Any = None, inputs: Any = None) -> dict[str, Any]:
    """A lower bound at one point, from a family of witnesses tuned there.

    Args:
        lower: the certified lower bound.
        rules: by which the family is one.
        parameters, inputs: exact rationals in the region that reach it, but for rounding.
    """
    return {"lower": write_end(lower), "rules": list(rules), "parameters": parameters, "input": inputs}


def sharpness_record(limit: sp.Expr | None, reason: str, growth: str, below: Bound | None) -> dict[str, Any]:
    """How far the two sides are apart.

    Args:
        limit: of upper/lower for growing radii, where one is proved.
        reason: why, or what is missing.
        growth: the degree of both sides in the radius, in words.
        below: the lower bound as a formula.
    """
    return {
        "limit": None if limit is None else str(limit),
        "reason": reason,
        "growth": growth,
        "below": None if below is None else derivation(below),
    }


def search_record(
    verdict: str,
    lower: End,
    evaluations: int,
    parameters: Sequence[Any] | None = None,
    inputs: Sequence[Any] | None = None,
    method: str = "",
    direction: Sequence[Any] | None = None,
    data: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The search against a bound.

    Args:
        verdict: ``"no counterexample found"`` or ``"refuted"``.
        lower: the best certified lower bound of the quantity.
        evaluations: how many derivatives the search evaluated.
        parameters, inputs: the exact rational point that attains it, as nested lists of ``"p/q"``.
        method: how the lower bound was confirmed.
        direction: in which the derivative is that large, as one list of ``"p/q"``.
        data: the samples of a loss, where the question leaves them open.
    """
    return {
        "verdict": verdict,
        "lower": write_end(lower),
        "evaluations": evaluations,
        "parameters": parameters,
        "input": inputs,
        "direction": direction,
        "data": None if data is None else dict(data),
        "method": method,
    }


def libraries() -> dict[str, str]:
    """Versions of everything that computes a bound."""
    return {"python": platform.python_version()} | {name: version_of(name) for name in LIBRARIES}


def unfolded_size(bound: Bound) -> int:
    """The number of nodes of the bound written as one tree: counted on the shared graph, so that it is never built."""
    sizes: dict[sp.Basic, int] = {}
    for symbol, expr in [*((s.symbol, s.expr) for s in bound.steps), (None, bound.result)]:
        for node in sp.postorder_traversal(expr):
            if node not in sizes:
                sizes[node] = 1 + sum(sizes[a] for a in node.args)
        if symbol is not None:
            sizes[symbol] = sizes[expr]
    return sizes[bound.result]


def _arithmetic(at: Mapping[str, str] | None, domain: str, precision: int) -> dict[str, Any]:
    return {
        "at": None if at is None else dict(at),
        "domain": domain,
        "precision": precision,
        "assumptions": [ARITHMETIC[domain]],
    }


def _kind(outcome: Bound | Unbounded | Unknown) -> str:
    return type(outcome).__name__.lower()


def version_of(name: str) -> str:
    """The version of an installed package."""
    try:
        return version(name)
    except PackageNotFoundError:
        # Run from its source: the one package that may be, since its own version is stated in it.
        return str(getattr(import_module(name), "__version__", "0+unknown")) if name == "lipsym" else "unknown"
