"""Answers about constants claimed for all parameters, as JSON.

Invariant: every number is exact, so that the certified ratio can be computed anew from the document alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from lipsym.bounds.result import Bound, Unbounded, Unknown
from lipsym.certificates.document import bound_document
from lipsym.certificates.numbers import write_end
from lipsym.nets.inputs import Dataset
from lipsym.refute.global_witness import Witness

WITNESS_SCHEMA = "lipsym/witness/1"


def witness_document(
    outcome: Witness | Bound | Unbounded | Unknown, asked: Mapping[str, Any], constant: str
) -> dict[str, Any]:
    """The JSON of ``lipsym refute --global``.

    Args:
        outcome: what ``refute_global`` answered.
        asked: ``network``, ``region``, ``inputs``, ``loss``, ``quantity``, ``side`` as text.
        constant: the claim, as it was given.
    """
    if not isinstance(outcome, Witness):
        verdict = {Bound: "bound", Unbounded: "refuted", Unknown: "undecided"}[type(outcome)]
        empty = {"theta": None, "theta_prime": None, "ratio": None}
        head = bound_document(outcome, asked)
        return head | {"schema": WITNESS_SCHEMA, "verdict": verdict, "claim": constant} | empty
    head = bound_document(Unbounded(outcome.quantity, "", "", outcome.theorem), asked)
    kept = {name: head[name] for name in ("lipsym", "quantity", "network", "region", "inputs", "loss")}
    return {
        "schema": WITNESS_SCHEMA,
        **kept,
        "verdict": "refuted",
        "claim": constant,
        "theta": write_parameters(outcome.theta),
        "theta_prime": write_parameters(outcome.theta_prime),
        "ratio": {"lo": write_end(outcome.ratio.lo)},
        "x": None if outcome.x is None else [write_end(v) for v in outcome.x],
        "data": None if outcome.data is None else write_samples(outcome.data),
        "rules": [outcome.theorem],
        "hypotheses": list(outcome.hypotheses),
        "family": None if outcome.family is None else outcome.family.text,
        "rate": None if outcome.family is None else str(outcome.family.rate),
        "limit": "oo",
        "domain": "arb",
        "precision": outcome.precision,
    }


def write_parameters(theta: Iterable[tuple[Any, Any]]) -> list[dict[str, Any]]:
    """One object ``{"A", "b"}`` per block, of rationals as text."""
    return [
        {
            "A": [[write_end(v) for v in row] for row in a],
            "b": None if b is None else [write_end(v) for v in b],
        }
        for a, b in theta
    ]


def write_samples(data: Dataset) -> dict[str, Any]:
    """Inputs and labels, exactly."""
    labels = data.required_labels("a loss")
    rows = [labels.tolist()] if labels.ndim == 1 else labels.tolist()
    return {
        "X": [[write_end(Fraction(v)) for v in row] for row in data.points.tolist()],
        "y": [[write_end(Fraction(v)) for v in row] for row in rows],
    }
