"""``lipsym verify``: a verdict on anyone's formula.

Invariant: texts are read by the allow-listing parser alone; exit status 0 says proved, 1 refuted, 3 undecided.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import click

from lipsym.certificates import to_json
from lipsym.certificates.numbers import read_enclosure
from lipsym.cli.bound import DOMAINS, QUANTITIES, read_loss, read_values, refuse_unknown
from lipsym.cli.output import PROVED, REFUTED, UNDECIDED, say
from lipsym.enclosure import Enclosure, End
from lipsym.errors import InputError
from lipsym.nets.claim import Claim
from lipsym.nets.losses import LOSSES
from lipsym.nets.specs import parse_inputs, parse_network, parse_region
from lipsym.report.decimals import decimal
from lipsym.report.text import left_side
from lipsym.verdict import Verdict
from lipsym.verify import Certificate
from lipsym.verify import verify as verify_claim

STATUS = {Verdict.PROVED: PROVED, Verdict.REFUTED: REFUTED, Verdict.UNDECIDED: UNDECIDED}


@click.command(short_help="A verdict on a claimed constant, with a certificate.")
@click.argument("net")
@click.option("--claim", required=True, help='The claimed constant, as in "R*sqrt(S**2 + 1)".')
@click.option("--relation", type=click.Choice(["<=", ">="]), default="<=", show_default=True)
@click.option("--region", default="layers:R", show_default=True, help="ball:R (joint), layers:R, layers:2,3, box:-1,1.")
@click.option("--inputs", default="ball:S", show_default=True, help="ball:S.")
@click.option("--quantity", type=click.Choice(QUANTITIES), default="lipschitz", show_default=True)
@click.option("--loss", "loss_name", type=click.Choice(list(LOSSES)), help="The claim is about the averaged loss.")
@click.option("--weight-decay", default="0", show_default=True, help="λ of λ/2‖θ‖², with --loss.")
@click.option("--at", default="", help="Values of the symbols, as in R=2,S=3/2; ranges as in R=1..3.")
@click.option("--budget", type=click.FloatRange(0, 86_400), default=60, show_default=True, help="Seconds.")
@click.option("--gap", help="Enclose the supremum at least to this relative gap, as in 1/100.")
@click.option("--domain", type=click.Choice(DOMAINS[:3]), default="arb", show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the search.")
@click.option("--out", type=click.Path(dir_okay=False), help="Write the certificate to this file.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def verify(
    net: str,
    claim: str,
    relation: str,
    region: str,
    inputs: str,
    quantity: str,
    loss_name: str | None,
    weight_decay: str,
    at: str,
    budget: float,
    gap: str | None,
    domain: str,
    seed: int,
    out: str | None,
    form: str,
) -> int:
    """Prove or refute a claimed constant of the network NET at numbers, or over ranges of them.

    Exit status 0 if the claim is proved, 1 if it is refuted (with exact parameters), 3 if the budget ended before. The
    certificate that --out writes is re-checked by 'lipsym check'.
    """
    objective = read_loss(loss_name, weight_decay)
    question = parse_network(net), parse_region(region), parse_inputs(inputs)
    asserted = Claim(*question, quantity, relation, claim, objective)
    values = read_ranges(at)
    refuse_unknown(values, net, region, inputs, claim, weight_decay)
    found = verify_claim(asserted, values, budget, gap, domain, seed=seed)
    if out is not None:
        found.write(out)
    say(to_json(_document(found)).rstrip("\n") if form == "json" else _text(found, asserted, out))
    return STATUS[found.verdict]


def read_ranges(text: str) -> dict[str, Any]:
    """``R=1..3,S=1/2`` as exact numbers and enclosures by name.

    Raises:
        InputError: for text of another form, or a range whose lower end is the larger.
    """
    values: dict[str, Any] = {}
    for part in filter(None, text.split(",")):
        name, _, ends = part.partition("=")
        numbers = [read_values(f"{name}={end}") for end in ends.split("..")]
        key = next(iter(numbers[0]))
        if key in values or len(numbers) > 2:
            raise InputError(
                f"the values {text!r} were given for --at",
                f"{key} has one value, or one range",
                "write them as in --at R=1..3,S=1/2",
            )
        values[key] = numbers[0][key] if len(numbers) == 1 else Enclosure(*(Fraction(str(n[key])) for n in numbers))
    return values


def _document(found: Certificate) -> dict[str, Any]:
    """The certificate, with the claim's numbers at its head."""
    return dict(found.document)


def _text(found: Certificate, claim: Claim, out: str | None) -> str:
    document = found.document
    left = left_side(claim.quantity, claim.loss.name if claim.loss else None)
    lines = [f"{document['verdict'].upper()}: {left} {'≤' if claim.relation == '<=' else '≥'} {claim.expr}"]
    told = [part for part in document["parts"] if _decisive(part, claim.relation) == document["verdict"]]
    for part in told[:1]:
        at = ", ".join(f"{name} = {_range(v)}" for name, v in part["values"].items())
        sup, claimed = read_enclosure(part["sup"]), read_enclosure(part["claimed"])
        where = f" at {at}" if at else ""
        lines.append(f"  supremum in {_ends(sup.lo, sup.hi)}, claimed {_ends(claimed.lo, claimed.hi)}{where}")
        evidence = part["upper"] if _from_above(document["verdict"], claim.relation) else part["lower"]
        if evidence is not None and document["verdict"] != "undecided":
            lines.append(f"  by {_told(evidence)}")
    if len(document["parts"]) > 1:
        lines.append(f"  {len(document['parts'])} boxes of values, {len(told)} of them {document['verdict']}")
    lines += [f"if {h}" for h in document["hypotheses"]]
    lines.append(f"rules: {', '.join(document['rules']) or '–'}")
    return "\n".join(lines if out is None else [*lines, f"certificate: {out}"])


def _decisive(part: Mapping[str, Any], relation: str) -> str:
    """What a part says, from its numbers."""
    sup, claimed = read_enclosure(part["sup"]), read_enclosure(part["claimed"])
    exact = part["upper"] is not None and part["upper"].get("comparison") == "exact"
    at_most, more = sup.hi <= claimed.lo or exact, sup.lo > claimed.hi
    at_least, less = sup.lo >= claimed.hi, sup.hi < claimed.lo
    holds, fails = (at_most, more) if relation == "<=" else (at_least, less)
    return "proved" if holds else "refuted" if fails else "undecided"


def _from_above(verdict: str, relation: str) -> bool:
    return (verdict == "proved") == (relation == "<=")


def _told(evidence: Mapping[str, Any]) -> str:
    if evidence["kind"] == "closed form":
        return f"the closed form ≤ {decimal(read_enclosure(evidence['value']).hi)}"
    if evidence["kind"] == "cover":
        return f"branch and bound ≤ {decimal(Fraction(evidence['bound']))}"
    theta, x = (f"{name} = ({', '.join(evidence[name] or ())})" for name in ("theta", "x"))
    point = theta if evidence["x"] is None else f"{theta}, {x}"
    size = f"the derivative at exact parameters ≥ {decimal(Fraction(evidence['value']), up=False)}"
    return f"{size}\n  {point}" if len(point) <= 400 else size


def _range(stored: Mapping[str, str]) -> str:
    return stored["lo"] if stored["lo"] == stored["hi"] else f"{stored['lo']}..{stored['hi']}"


def _ends(lo: End, hi: End) -> str:
    return f"[{decimal(lo, up=False)}, {decimal(hi)}]"
