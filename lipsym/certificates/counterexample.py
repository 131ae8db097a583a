"""The answers of ``lipsym.refute`` as JSON.

Invariant: every number is exact, so that the violation can be computed anew from the document alone.
"""

from __future__ import annotations

from typing import Any

from lipsym.bounds.result import Unknown
from lipsym.certificates.document import bound_document
from lipsym.certificates.numbers import write_enclosure, write_end
from lipsym.certificates.witness import write_parameters, write_samples
from lipsym.nets.claim import Claim
from lipsym.refute.counterexample import NOTHING_FOUND, Counterexample, Survived
from lipsym.refute.question import PRECISION

COUNTEREXAMPLE_SCHEMA = "lipsym/counterexample/1"


def counterexample_document(outcome: Counterexample | Survived, claim: Claim) -> dict[str, Any]:
    """The JSON of ``lipsym refute --claim``; the verdict is ``"refuted"`` or ``"undecided"``."""
    broken = isinstance(outcome, Counterexample)
    asked = {
        "quantity": claim.quantity,
        "side": "upper",
        "network": claim.network.spec,
        "region": claim.region.spec,
        "inputs": claim.inputs.spec,
        "loss": None if claim.loss is None else claim.loss.name,
    }
    head = bound_document(Unknown(claim.quantity, ""), asked)
    kept = {name: head[name] for name in ("lipsym", "quantity", "network", "region", "inputs", "loss")}
    other = outcome.theta_prime if isinstance(outcome, Counterexample) else None
    secant = outcome.secant if isinstance(outcome, Counterexample) else None
    direction = outcome.direction if isinstance(outcome, Counterexample) else None
    return {
        "schema": COUNTEREXAMPLE_SCHEMA,
        **kept,
        "verdict": "refuted" if broken else "undecided",
        "text": "a counterexample is proved" if broken else NOTHING_FOUND,
        "claim": str(claim.expr),
        "relation": claim.relation,
        "at": {name: str(value) for name, value in outcome.values},
        "theta": write_parameters(outcome.theta),
        "theta_prime": None if other is None else write_parameters(other),
        "x": None if outcome.x is None else [write_end(v) for v in outcome.x],
        "data": None if outcome.data is None else write_samples(outcome.data),
        "direction": None if direction is None else write_parameters(direction),
        "value": {"lo": write_end(outcome.value.lo)},
        "claimed": write_enclosure(outcome.claimed),
        "ratio": {"lo": write_end(outcome.ratio.lo)},
        "secant": None if secant is None else {"lo": write_end(secant.lo)},
        "evaluations": outcome.evaluations,
        "tasks": outcome.tasks,
        "seed": outcome.seed,
        "domain": "arb",
        "precision": PRECISION,
    }
