"""``lipsym refute``: a counterexample to a claim on a region, or a witness against one about all parameters.

Invariant: exit status 1 only with a certified counterexample or witness, or with the theorem by which no constant
exists; a search that finds nothing ends with 3 and says so, whatever its budget was.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click
import sympy as sp

from lipsym.bounds.result import Bound, Unbounded, Unknown
from lipsym.certificates import to_json
from lipsym.certificates.counterexample import counterexample_document
from lipsym.certificates.witness import witness_document
from lipsym.certificates.write import write_text
from lipsym.cli.bound import read_loss, read_values, refuse_unknown
from lipsym.cli.output import PROVED, REFUTED, UNDECIDED, say
from lipsym.errors import InputError
from lipsym.nets.claim import ORDERS, Claim
from lipsym.nets.losses import LOSSES, Loss
from lipsym.nets.specs import parse_inputs, parse_network, parse_region
from lipsym.refute.counterexample import Counterexample
from lipsym.refute.global_witness import QUANTITIES, Witness, refute_global
from lipsym.refute.refute import refute as attack
from lipsym.report.decimals import decimal

ASKED = tuple(dict.fromkeys((*QUANTITIES, *ORDERS)))
LONGEST_TEXT = 400
"""Characters of an exact number up to which it is printed in the text form; the JSON has every digit."""


@click.command(short_help="A counterexample to a claimed constant.")
@click.argument("net")
@click.option("--claim", help='The constant claimed on a region, as in "R*sqrt(S**2 + 1)".')
@click.option("--region", help="With --claim: ball:R (joint), layers:R, layers:2,3, box:-1,1.  [default: layers:R]")
@click.option("--at", help="With --claim: values of symbols, as in R=2,S=3/2; the others are searched.")
@click.option("--budget", type=click.FloatRange(0, 1e6, min_open=True), help="With --claim: seconds.  [default: 30]")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the search.")
@click.option("--global", "everywhere", is_flag=True, help="The claim is about all parameters.")
@click.option("--constant", help="With --global: the constant, as in 1e300; L0,L1 for --quantity L0L1.")
@click.option("--quantity", type=click.Choice(ASKED), default="lipschitz", show_default=True)
@click.option("--loss", "loss_name", type=click.Choice(list(LOSSES)), help="The claim is about the averaged loss.")
@click.option("--weight-decay", default="0", show_default=True, help="λ of λ/2‖θ‖², with --loss.")
@click.option("--inputs", help="ball:S.  [default: ball:S; with --global: ball:1]")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--out", type=click.Path(dir_okay=False), help="Write the JSON to this file, too.")
def refute(
    net: str,
    claim: str | None,
    region: str | None,
    at: str | None,
    budget: float | None,
    seed: int,
    everywhere: bool,
    constant: str | None,
    quantity: str,
    loss_name: str | None,
    weight_decay: str,
    inputs: str | None,
    form: str,
    out: str | None,
) -> int:
    """Refute a constant of the network NET that is claimed on a region, or for all parameters.

    With --claim: exit status 1 with exact parameters, an input and numbers at which the claim is proved to fail, 3 if
    no counterexample was found, which is no proof. With --global: 1 with two exact parameter vectors that refute the
    claim, 0 with the constant that does hold for all parameters, 3 if no theorem decides.
    """
    objective = read_loss(loss_name, weight_decay)
    if claim is not None and everywhere:
        raise InputError(
            "both --claim and --global were given",
            "a claim is about a region or about all parameters",
            "write --claim FORMULA --region ..., or --global --constant 1e300",
        )
    if claim is not None:
        values = None if at is None else read_values(at)
        refuse_unknown(values or (), net, region or "layers:R", inputs or "ball:S", claim, weight_decay)
        if constant is not None:
            raise InputError(
                "both --claim and --constant were given",
                "a claim on a region is a formula, and --constant is one about all parameters",
                "write --claim FORMULA --region ..., or --global --constant 1e300",
            )
        asserted = Claim(
            parse_network(net),
            parse_region(region or "layers:R"),
            parse_inputs(inputs or "ball:S"),
            quantity,
            "<=",
            claim,
            objective,
        )
        return _on_region(asserted, values, 30 if budget is None else budget, seed, form, out)
    misplaced = [name for name, value in (("region", region), ("at", at), ("budget", budget)) if value is not None]
    if not everywhere or misplaced:
        raise InputError(
            "the command 'lipsym refute' was called without --claim"
            + (f" and with --{misplaced[0]}" if misplaced else " and without --global"),
            "there is something to refute: a formula claimed on a region, or a constant for all parameters",
            "write --claim FORMULA --region ..., or --global --constant 1e300",
        )
    return _everywhere(net, constant, quantity, objective, inputs or "ball:1", form, out)


def _on_region(
    claim: Claim, values: Mapping[str, sp.Expr] | None, budget: float, seed: int, form: str, out: str | None
) -> int:
    outcome = attack(claim, budget, seed, values=values)
    document = counterexample_document(outcome, claim)
    if out is not None:
        write_text(to_json(document), out)
    say(to_json(document).rstrip("\n") if form == "json" else str(outcome))
    return REFUTED if isinstance(outcome, Counterexample) else UNDECIDED


def _everywhere(
    net: str, constant: str | None, quantity: str, objective: Loss | None, inputs: str, form: str, out: str | None
) -> int:
    if constant is None:
        raise InputError("no constant was given", "a claim has a constant", "add --constant 1e300")
    network, data = parse_network(net), parse_inputs(inputs)
    parts = tuple(part.strip() for part in constant.split(","))
    outcome = refute_global(network, parts if len(parts) > 1 else constant, quantity, objective, data)
    asked = {
        "quantity": quantity,
        "side": "upper",
        "network": network.spec,
        "region": "all parameters",
        "inputs": data.spec,
        "loss": None if objective is None else objective.name,
    }
    document = witness_document(outcome, asked, constant)
    if out is not None:
        write_text(to_json(document), out)
    say(to_json(document).rstrip("\n") if form == "json" else _text(outcome, document))
    if isinstance(outcome, Bound):
        return PROVED
    return UNDECIDED if isinstance(outcome, Unknown) else REFUTED


def _text(outcome: Witness | Bound | Unbounded | Unknown, document: dict[str, Any]) -> str:
    head = f"{document['network']} | {document['quantity']} | claim ≤ {document['claim']} for all parameters"
    if isinstance(outcome, Bound):
        lines = [
            f"a global bound exists: {outcome.quantity} ≤ {outcome.expr}",
            *(f"if {h}" for h in outcome.hypotheses),
        ]
        return "\n".join([head, *lines, f"rule: {', '.join(outcome.rules)}"])
    if not isinstance(outcome, Witness):
        known = "undecided" if isinstance(outcome, Unknown) else "refuted by theorem"
        return "\n".join([head, f"{known}: {outcome.reason}"])
    of = "‖D²Φ‖/(L0 + L1‖∇Φ‖)" if outcome.quantity == "L0L1" else "the secant quotient between θ and θ'"
    lines = [f"refuted: {of} ≥ {decimal(outcome.ratio.lo, up=False)}"]
    for name in ("theta", "theta_prime"):
        lines += [
            f"{name} block {k}: A = {_short(b['A'])}, b = {_short(b['b'])}" for k, b in enumerate(document[name], 1)
        ]
    lines.append(f"rule: {outcome.theorem}")
    if outcome.family is not None:
        part = "the constant" if outcome.loss is None else "the network's part of it"
        lines.append(f"family: {outcome.family.text}; {part} grows like {outcome.family.rate} → ∞ as R → ∞")
    return "\n".join([head, *lines])


def _short(value: Any) -> str:
    text = str(value).replace("'", "")
    return text if len(text) <= LONGEST_TEXT else f"({len(text)} characters, see --format json)"
