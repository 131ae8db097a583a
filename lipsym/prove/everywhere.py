"""Constants claimed for all parameters at once: refuted with a witness, or shown to hold.

Invariant: as for the other cases, the outcome a claim should have is part of it, and another outcome fails the run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lipsym.bounds.result import Bound, Unbounded, Unknown
from lipsym.certificates.numbers import write_enclosure
from lipsym.certificates.witness import witness_document
from lipsym.nets.losses import loss
from lipsym.nets.specs import parse_inputs, parse_network
from lipsym.prove.work import Done
from lipsym.refute.global_witness import Witness, refute_global

HUGE = "1e300"
BOTH = ("lipschitz", "smoothness")


@dataclass(frozen=True, slots=True)
class GlobalClaim:
    """``constant ≤ claim`` for all parameters.

    Args:
        network, inputs, loss: as on the command line.
        quantity: ``"lipschitz"``, ``"smoothness"`` or ``"L0L1"``.
        claim: the constant, or two with a comma for ``"L0L1"``.
        weight_decay: with a loss.
        expect: ``"witness"``, ``"bound"`` (a global constant exists), ``"unbounded"`` (a theorem, without parameters
            that could be written out) or ``"unknown"``.
    """

    network: str
    quantity: str = "lipschitz"
    claim: str = HUGE
    inputs: str = "ball:1"
    loss: str | None = None
    weight_decay: str = "0"
    expect: str = "witness"

    @property
    def title(self) -> str:
        """Network and loss."""
        decay = f" λ={self.weight_decay}" if self.weight_decay != "0" else ""
        return self.network + ("" if self.loss is None else f" {self.loss}{decay}")

    @property
    def file(self) -> str:
        """The certificate's file name."""
        parts = ["global", self.network, self.loss or "", self.quantity]
        if self.weight_decay != "0":
            parts.insert(3, f"decay-{self.weight_decay}")
        return "".join(c if c.isalnum() or c in "-._" else "-" for c in "_".join(filter(None, parts))) + ".json"

    def document(self, outcome: Witness | Bound | Unbounded | Unknown) -> dict[str, Any]:
        """The certificate of an outcome; of a global constant without symbols also its value."""
        asked = {"quantity": self.quantity, "side": "upper", "network": self.network, "region": "all parameters"}
        document = witness_document(outcome, asked | {"inputs": self.inputs, "loss": self.loss}, self.claim)
        if isinstance(outcome, Bound) and not outcome.symbols:
            document |= {"value": write_enclosure(outcome.evaluate())}
        return document | {"case": self.title}


def claims(suite: str) -> tuple[GlobalClaim, ...]:
    """The global claims of a suite."""
    return tuple(_quick() if suite == "quick" else _default())


def _quick() -> Iterator[GlobalClaim]:
    yield GlobalClaim("mlp:2-3-1:tanh")
    yield GlobalClaim("mlp:2-3-1:tanh", "smoothness")
    yield GlobalClaim("mlp:1-1-1:sigmoid:sigmoid:nobias", expect="bound")
    yield GlobalClaim("mlp:2-3-1:tanh", "L0L1", f"{HUGE},{HUGE}", loss="mse")


def _default() -> Iterator[GlobalClaim]:
    for network in ("mlp:2-3-1:tanh", "mlp:2-3-1:tanh:nobias", "mlp:2-3-1:sigmoid:nobias", "mlp:2-4-4-4-4-1:gelu"):
        for quantity in BOTH:
            yield GlobalClaim(network, quantity)
    for quantity in BOTH:  # the pair that has global constants, and its wider and deeper relatives that have none
        yield GlobalClaim("mlp:1-1-1:sigmoid:sigmoid:nobias", quantity, expect="bound")
        yield GlobalClaim("mlp:1-2-1:sigmoid:sigmoid:nobias", quantity)
    yield GlobalClaim("mlp:1-1-1-1:sigmoid:sigmoid:nobias", claim="100")
    yield GlobalClaim("mlp:2-3-1:identity", "smoothness", expect="bound")
    losses = ("mse", "mlp:2-3-1:tanh"), ("cross_entropy", "mlp:2-3-2:tanh"), ("mse", "mlp:2-3-1:tanh:nobias")
    for name, network in losses:
        for quantity in BOTH:
            yield GlobalClaim(network, quantity, loss=name)
        yield GlobalClaim(network, "L0L1", f"{HUGE},{HUGE}", loss=name)
    yield GlobalClaim("mlp:1-1-1:identity:nobias", "L0L1", f"{HUGE},{HUGE}", loss="mse")
    yield GlobalClaim("mlp:2-1:identity", loss="logistic", weight_decay="1/100")


def examine(claim: GlobalClaim, seed: int = 0) -> Done:
    """Decide the claim, and write the witness or the constant."""
    objective = None if claim.loss is None else loss(claim.loss, weight_decay=claim.weight_decay)
    parts = tuple(claim.claim.split(","))
    constant = parts if len(parts) > 1 else claim.claim
    network, inputs = parse_network(claim.network), parse_inputs(claim.inputs)
    outcome = refute_global(network, constant, claim.quantity, objective, inputs)
    found = {Witness: "witness", Bound: "bound", Unbounded: "unbounded", Unknown: "unknown"}[type(outcome)]
    failures = () if found == claim.expect else (f"expected {claim.expect}, found {found}",)
    return Done(claim.title, claim.quantity, claim.file, claim.document(outcome), failures)
