"""``lipsym enclose``: the certified supremum of a derivative's norm.

Invariant: exit status 0 only if the enclosure is as narrow as was asked for; printed decimals are rounded outward.
"""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import click

from lipsym import __version__
from lipsym.bounds.result import Unbounded, Unknown
from lipsym.certificates.numbers import write_end
from lipsym.certificates.witness import write_parameters
from lipsym.certificates.write import write_text
from lipsym.cli.bound import read_loss, read_values, refuse_unknown
from lipsym.cli.output import PROVED, UNDECIDED, say
from lipsym.enclose.one_region import RegionEnclosure
from lipsym.enclose.supremum import Supremum
from lipsym.enclose.supremum import enclose as enclose_supremum
from lipsym.nets.losses import LOSSES
from lipsym.nets.specs import parse_inputs, parse_network, parse_region
from lipsym.report.decimals import decimal

SCHEMA = "lipsym/supremum/1"
QUANTITIES = ("lipschitz", "smoothness")


@click.command(short_help="The certified supremum, at numbers.")
@click.argument("net")
@click.option("--region", default="layers:R", show_default=True, help="ball:R (joint), layers:R, layers:2,3, box:-1,1.")
@click.option("--inputs", default="ball:S", show_default=True, help="ball:S.")
@click.option("--quantity", type=click.Choice(QUANTITIES), default="lipschitz", show_default=True)
@click.option("--loss", "loss_name", type=click.Choice(list(LOSSES)), help="The loss of one sample, not the network.")
@click.option("--weight-decay", default="0", show_default=True, help="λ of λ/2‖θ‖², with --loss.")
@click.option("--at", help="Values of the symbols, as in R=2,S=3/2.")
@click.option("--gap", default="1/100", show_default=True, help="Width of the enclosure, as a part of its upper end.")
@click.option("--budget", type=click.FloatRange(min=0, min_open=True), default=60, show_default=True, help="Seconds.")
@click.option("--state", type=click.Path(dir_okay=False), help="Keep the search in this file, and go on from it.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--out", type=click.Path(dir_okay=False), help="Write the JSON to this file, too.")
def enclose(
    net: str,
    region: str,
    inputs: str,
    quantity: str,
    loss_name: str | None,
    weight_decay: str,
    at: str | None,
    gap: str,
    budget: float,
    state: str | None,
    form: str,
    out: str | None,
) -> int:
    """The certified supremum of a constant of the network NET over a region, at numbers.

    Exit status 0 if the enclosure is as narrow as --gap (or the supremum is proved to be infinite), 3 if the budget
    ended first or no engine applies.
    """
    network, where, data = parse_network(net), parse_region(region), parse_inputs(inputs)
    objective = read_loss(loss_name, weight_decay)
    values = {} if at is None else read_values(at)
    refuse_unknown(values, net, region, inputs, weight_decay)
    outcome = enclose_supremum(network, where, data, quantity, values, gap, budget, None, objective, state)
    asked = {
        "quantity": quantity,
        "network": network.spec,
        "region": where.spec,
        "inputs": data.spec,
        "loss": loss_name,
        "values": {name: str(value) for name, value in values.items()},
    }
    document = supremum_document(outcome, asked)
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    if out is not None:
        write_text(text, out)
    say(text.rstrip("\n") if form == "json" else _text(outcome, asked))
    reached = isinstance(outcome, Unbounded) or (not isinstance(outcome, Unknown) and outcome.reached)
    return PROVED if reached else UNDECIDED


def supremum_document(
    outcome: Supremum | RegionEnclosure | Unbounded | Unknown, asked: dict[str, Any]
) -> dict[str, Any]:
    """The JSON of ``lipsym enclose``; every number of mathematics is exact, ``seconds`` alone is a float."""
    head = {"schema": SCHEMA, "lipsym": __version__, **asked}
    if isinstance(outcome, Unbounded | Unknown):
        verdict = "unbounded" if isinstance(outcome, Unbounded) else "unknown"
        sup = {"lo": "inf", "hi": "inf"} if isinstance(outcome, Unbounded) else None
        return {**head, "sup": sup, "outcome": verdict, "reason": outcome.reason}
    point = outcome.witness
    cover = outcome.cover if isinstance(outcome, Supremum) else None
    flow = isinstance(outcome, Supremum) and cover is None  # boxes bounded by validated integration
    return {
        **head,
        "sup": {"lo": write_end(outcome.lo), "hi": write_end(outcome.hi)},
        "outcome": "enclosed" if outcome.reached else "gap not reached",
        "gap": write_end(outcome.gap),
        "boxes": outcome.boxes,
        "seconds": round(outcome.seconds, 3),
        "witness": {
            "theta": write_parameters(point.params),
            "x": _numbers(point.x),
            "y": _numbers(point.y),
        },
        "rules": list(outcome.rules),
        "variables": [] if cover is None else list(cover.variables),
        "domain": "arb" if flow else "float64, round to nearest with running errors; arb for the lower end",
    }


def _numbers(given: tuple[Fraction, ...] | None) -> list[str] | None:
    return None if given is None else [write_end(value) for value in given]


def _text(outcome: Supremum | RegionEnclosure | Unbounded | Unknown, asked: dict[str, Any]) -> str:
    of = asked["network"] if asked["loss"] is None else f"{asked['loss']} of {asked['network']}"
    at = "".join(f", {name} = {value}" for name, value in asked["values"].items())
    head = f"{of} | {asked['quantity']} on {asked['region']}, inputs {asked['inputs']}{at}"
    if isinstance(outcome, Unbounded | Unknown):
        word = "infinite" if isinstance(outcome, Unbounded) else "unknown"
        return f"{head}\n{word}: {outcome.reason}"
    how = f"the whole region at once by {', '.join(outcome.rules)}, {outcome.seconds:.2f} s"
    if isinstance(outcome, Supremum):
        by = ", ".join(outcome.cover.reductions if outcome.cover else ()) or "none"
        how = f"{outcome.boxes} boxes of {outcome.variables} variables, {outcome.seconds:.2f} s; reductions: {by}"
    hi = "inf" if isinstance(outcome.hi, float) else decimal(outcome.hi, up=True)
    return "\n".join(
        [
            head,
            f"{decimal(outcome.lo, up=False)} ≤ sup ≤ {hi}{'' if outcome.reached else '   (gap not reached)'}",
            how,
        ]
    )
