"""From a verified claim to the dictionary that becomes JSON.

Invariant: a part carries what proves its end of the supremum and nothing that only supports it: a formula with its
steps, a cover, or a point of the region with a direction. ``digest`` binds every field.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from lipsym.bounds.hypotheses import hypotheses
from lipsym.bounds.result import Bound
from lipsym.certificates.digest import sealed
from lipsym.certificates.document import ARITHMETIC, derivation, libraries, version_of
from lipsym.certificates.numbers import write_enclosure
from lipsym.certificates.question import flat, question, samples, vector
from lipsym.enclosure import Enclosure
from lipsym.nets.claim import Claim
from lipsym.nets.inputs import Dataset

CLAIM_SCHEMA = "lipsym/claim/1"


def closed_form(bound: Bound, value: Enclosure, domain: str, precision: int, exact: bool) -> dict[str, Any]:
    """Evidence from above: a derived bound and its value.

    Args:
        bound, value: the formula, and what it is at the part's values.
        domain, precision: where it was evaluated.
        exact: whether it is at most the claimed expression by exact simplification of the difference.
    """
    told = derivation(bound)
    return {
        "kind": "closed form",
        "domain": domain,
        "precision": precision,
        **{name: told[name] for name in ("steps", "result", "constants", "integers")},
        "value": write_enclosure(value),
        "comparison": "exact" if exact else "interval",
    }


def cover(record: Mapping[str, Any]) -> dict[str, Any]:
    """Evidence from above: the cover of a branch and bound in float64."""
    return {"kind": "cover", "domain": "float64", "precision": 53, **record}


def witness(
    params: Sequence[Any],
    x: Sequence[Any] | None,
    direction: Sequence[Any],
    value: Fraction,
    precision: int,
    data: Dataset | None = None,
) -> dict[str, Any]:
    """Evidence from below: exact parameters and input, and a direction in which the derivative is large.

    Args:
        params, x, direction: where; ``x`` is ``None`` for a loss.
        value, precision: the lower bound there, from Arb.
        data: the samples of a loss, where the question leaves them open.
    """
    return {
        "kind": "witness",
        "domain": "arb",
        "precision": precision,
        "theta": flat(params),
        "x": None if x is None else vector(x),
        "data": None if data is None else samples(data),
        "direction": flat(direction),
        "value": str(value),
    }


def claim_document(
    claim: Claim, verdict: str, values: Mapping[str, Enclosure], sup: Enclosure, parts: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The certificate of a claim.

    Args:
        claim: what was asked.
        verdict: ``"proved"``, ``"refuted"`` or ``"undecided"``.
        values: of the symbols; an interval stands for all numbers in it.
        sup: encloses the supremum at all of the values.
        parts: boxes of values, each with ``values``, ``claimed``, ``upper``, ``lower`` and ``sup``.
    """
    used = {evidence["domain"] for part in parts for evidence in (part["upper"], part["lower"]) if evidence}
    document = {
        "schema": CLAIM_SCHEMA,
        "lipsym": version_of("lipsym"),
        "verdict": verdict,
        "text": str(claim),
        "claim": {
            "quantity": claim.quantity,
            "relation": claim.relation,
            "expr": str(claim.expr),
            "values": {name: write_enclosure(v) for name, v in sorted(values.items())},
        },
        "question": question(claim.network, claim.region, claim.inputs, claim.loss),
        "sup": write_enclosure(sup),
        "parts": [dict(part) for part in parts],
        "hypotheses": list(hypotheses(claim.network, claim.region, claim.inputs, claim.loss, claim.order)),
        "rules": sorted(rules_of(parts)),
        "assumptions": [ARITHMETIC[name] for name in ARITHMETIC if name in used],
        "libraries": libraries(),
    }
    return sealed(document)


def rules_of(evidence: Any) -> set[str]:
    """Every rule that steps and covers name."""
    if isinstance(evidence, Mapping):
        own = {evidence["rule"]} if "rule" in evidence else set()
        return own.union(evidence.get("reductions", ()), *map(rules_of, evidence.values()))
    return set().union(*map(rules_of, evidence)) if isinstance(evidence, list | tuple) else set()
