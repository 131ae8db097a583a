"""``lipsym list``: what there is, and what is proved about it.

Invariant: everything listed is read from the tables the derivation uses; nothing is repeated here.
"""

from __future__ import annotations

import click
import sympy as sp

from lipsym.bounds.rules import RULES
from lipsym.cli.output import say
from lipsym.domains import evaluate
from lipsym.domains.evaluate import NUMERIC
from lipsym.nets.activations import ACTIVATIONS, activation
from lipsym.nets.losses import LOSSES, loss
from lipsym.nets.specs import INPUT_FORMS, NETWORK_FORMS, REGION_FORMS
from lipsym.report.decimals import decimal
from lipsym.report.text import columns

LONGEST_NUMBER = 24
"""Characters up to which a constant is printed exactly."""


@click.command("list", short_help="What there is, and what is proved about it.")
def list_() -> None:
    """Architectures, activations, losses and rules, with what is proved about each."""
    for title, body in (
        ("Architectures", _lines(NETWORK_FORMS)),
        ("Regions of parameters", _lines(REGION_FORMS)),
        ("Inputs", _lines(INPUT_FORMS)),
        ("Activations (exact suprema; a test proves each again with intervals)", _activations()),
        ("Losses (averaged over the samples; bounds on the derivatives of g)", _losses()),
        ("Rules (every step of a derivation names one)", _rules()),
        ("Domains", _lines((*NUMERIC, "symbolic"))),
    ):
        say(f"{title}\n{body}\n")


def _activations() -> str:
    rows = []
    for name in ACTIVATIONS:
        sigma = activation(name)
        facts = [_number(s) for s in (sigma.s0, sigma.s1, sigma.s2, sigma.s3, sigma.at_zero)]
        rows.append([f"  {name}", *facts, sigma.smoothness, ", ".join(sorted(sigma.properties)) or "plain rules"])
    head = ["  name", "sup|σ|", "sup|σ'|", "Lip(σ')", "Lip(σ'')", "σ(0)", "class", "proved for sharper rules"]
    return columns(rows, head)


def _losses() -> str:
    rows = []
    for name in LOSSES:
        record = loss(name)
        facts = [f"  {name}", _number(record.hessian_bound), _number(record.third_bound)]
        # One convention a line: together they are wider than any terminal.
        rows += [[*(facts if k == 0 else [""] * 3), text] for k, text in enumerate(record.conventions)]
    return columns(rows, ["  name", "‖∇²g‖ ≤", "‖∇³g‖ ≤", "conventions"])


def _rules() -> str:
    rows = [[f"  {rule.id}", rule.statement, f"proofs/{rule.id}.md"] for rule in RULES.values()]
    return columns(rows, ["  rule", "statement", "proof"])


def _number(value: sp.Expr) -> str:
    if value is sp.oo:
        return "∞"
    text = str(value)
    # A root without a closed form is long; the certificates have it in full.
    return text if len(text) <= LONGEST_NUMBER else f"≤ {decimal(evaluate(value).hi)}"


def _lines(items: tuple[str, ...]) -> str:
    return "\n".join(f"  {item}" for item in items)
