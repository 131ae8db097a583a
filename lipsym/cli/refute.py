"""``lipsym refute NET --global``: a witness against a constant claimed for all parameters.

Invariant: exit status 1 only with a certified witness, or with the theorem by which no constant exists.
"""

from __future__ import annotations

from typing import Any

import click

from lipsym.bounds.result import Bound, Unbounded, Unknown
from lipsym.certificates import to_json
from lipsym.certificates.witness import witness_document
from lipsym.certificates.write import write_text
from lipsym.cli.output import PROVED, REFUTED, UNDECIDED, say
from lipsym.errors import InputError
from lipsym.nets.losses import LOSSES, loss
from lipsym.nets.specs import parse_inputs, parse_network
from lipsym.refute.global_witness import QUANTITIES, Witness, refute_global
from lipsym.report.decimals import decimal

LONGEST_TEXT = 400
"""Characters of an exact number up to which it is printed in the text form; the JSON has every digit."""


@click.command()
@click.argument("net")
@click.option("--global", "everywhere", is_flag=True, help="The claim is about all parameters.")
@click.option("--claim", help="A formula claimed on a region (not yet available).")
@click.option("--constant", help="The claimed constant, as in 1e300; L0,L1 for --quantity L0L1.")
@click.option("--quantity", type=click.Choice(QUANTITIES), default="lipschitz", show_default=True)
@click.option("--loss", "loss_name", type=click.Choice(list(LOSSES)), help="The claim is about the averaged loss.")
@click.option("--weight-decay", default="0", show_default=True, help="λ of λ/2‖θ‖², with --loss.")
@click.option("--inputs", default="ball:1", show_default=True, help="ball:S.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--out", type=click.Path(dir_okay=False), help="Write the JSON to this file, too.")
def refute(
    net: str,
    everywhere: bool,
    claim: str | None,
    constant: str | None,
    quantity: str,
    loss_name: str | None,
    weight_decay: str,
    inputs: str,
    form: str,
    out: str | None,
) -> int:
    """Refute a constant of the network NET that is claimed for all parameters.

    Exit status 1 with two exact parameter vectors that refute the claim, 0 with the constant that does hold for all
    parameters, 3 if no theorem decides.
    """
    if claim is not None or not everywhere:
        raise InputError(
            "the command 'lipsym refute' was called " + ("with --claim" if claim is not None else "without --global"),
            "claims on a region cannot be refuted by this version; claims for all parameters can",
            "write --global --constant 1e300, without --claim",
        )
    if constant is None:
        raise InputError("no constant was given", "a claim has a constant", "add --constant 1e300")
    if loss_name is None and weight_decay != "0":
        raise InputError(
            f"the weight decay {weight_decay} was given without a loss",
            "weight decay is a term of a loss",
            "name the loss, for example --loss mse",
        )
    network, data = parse_network(net), parse_inputs(inputs)
    objective = None if loss_name is None else loss(loss_name, weight_decay=weight_decay)
    parts = tuple(part.strip() for part in constant.split(","))
    outcome = refute_global(network, parts if len(parts) > 1 else constant, quantity, objective, data)
    asked = {
        "quantity": quantity,
        "side": "upper",
        "network": network.spec,
        "region": "all parameters",
        "inputs": data.spec,
        "loss": loss_name,
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
