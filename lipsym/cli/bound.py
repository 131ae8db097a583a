"""``lipsym bound``: a closed form, and its value.

Invariant: texts are read by the allow-listing parser alone, and a printed decimal of an upper bound is rounded up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import click
import sympy as sp

from lipsym.bounds.result import Bound, Unbounded, Unknown
from lipsym.certificates import bound_document, to_json
from lipsym.certificates.document import sharpness_record, witness_record
from lipsym.certificates.numbers import write_enclosure, write_end
from lipsym.certificates.witness import write_parameters
from lipsym.cli.output import PROVED, UNDECIDED, say
from lipsym.derive import RULES, derive
from lipsym.domains.parse import exact
from lipsym.enclosure import Enclosure
from lipsym.errors import InputError, MissingValueError
from lipsym.lower.growth import growth
from lipsym.lower.sharpness import Sharpness, quotient, sharpness
from lipsym.lower.tune import LowerWitness
from lipsym.nets.losses import LOSSES, Loss, loss
from lipsym.nets.specs import parse_inputs, parse_network, parse_region
from lipsym.report.text import bound_text, sharpness_lines

QUANTITIES = ("lipschitz", "smoothness", "hessian_lipschitz")
DOMAINS = ("arb", "mpmath", "float64", "symbolic")


@click.command(short_help="A closed form of a constant, and its value.")
@click.argument("net")
@click.option("--region", default="layers:R", show_default=True, help="ball:R (joint), layers:R, layers:2,3, box:-1,1.")
@click.option("--inputs", default="ball:S", show_default=True, help="ball:S.")
@click.option("--quantity", type=click.Choice(QUANTITIES), default="lipschitz", show_default=True)
@click.option("--loss", "loss_name", type=click.Choice(list(LOSSES)), help="Bound the averaged loss, not the network.")
@click.option("--weight-decay", default="0", show_default=True, help="λ of λ/2‖θ‖², with --loss.")
@click.option("--side", type=click.Choice(["upper", "lower"]), default="upper", show_default=True)
@click.option("--rule", type=click.Choice(RULES), default="auto", show_default=True)
@click.option("--at", help="Values of the symbols, as in R=2,S=3/2.")
@click.option("--domain", type=click.Choice(DOMAINS), default="arb", show_default=True)
@click.option("--precision", type=click.IntRange(2, 1 << 20), default=53, show_default=True, help="Bits.")
@click.option("--format", "form", type=click.Choice(["text", "json", "latex"]), default="text", show_default=True)
def bound(
    net: str,
    region: str,
    inputs: str,
    quantity: str,
    loss_name: str | None,
    weight_decay: str,
    side: str,
    rule: str,
    at: str | None,
    domain: str,
    precision: int,
    form: str,
) -> int:
    """The closed form of a constant of the network NET, and its value at --at.

    NET is written as in mlp:2-8-1:tanh or mlp:2-8-1:tanh:sigmoid:nobias ('lipsym list' shows all forms). Exit status 0
    also if the constant is proved to be infinite, 3 if no proved rule covers it.
    """
    network, where, data = parse_network(net), parse_region(region), parse_inputs(inputs)
    objective = read_loss(loss_name, weight_decay)
    outcome = derive(network, where, data, quantity, objective, side, rule)
    asked = {
        "quantity": quantity,
        "side": side,
        "network": network.spec,
        "region": where.spec,
        "inputs": data.spec,
        "loss": loss_name,
    }
    values = None if at is None else read_values(at)
    value = None
    if values is not None and isinstance(outcome, Bound):
        value = evaluate(outcome, values, domain, precision)
    sides = sharpness(network, where, data, quantity, objective) if isinstance(outcome, Bound) else None
    known = None if sides is None else _sharpness(sides, str(growth(network, quantity, objective)), values)
    say(_present(outcome, asked, value, values, domain, precision, form, known))
    return UNDECIDED if isinstance(outcome, Unknown) else PROVED


def read_loss(name: str | None, weight_decay: str) -> Loss | None:
    """The loss that ``--loss`` and ``--weight-decay`` name.

    Raises:
        InputError: for a weight decay without a loss.
    """
    if name is None and weight_decay != "0":
        raise InputError(
            f"the weight decay {weight_decay} was given without a loss",
            "weight decay is a term of a loss",
            "name the loss, for example --loss mse",
        )
    return None if name is None else loss(name, weight_decay=weight_decay)


def read_values(text: str) -> dict[str, sp.Expr]:
    """``R=2,S=3/2`` as exact numbers by name.

    Raises:
        InputError: for text of another form, a name that occurs twice, or a value that is no number.
    """
    values: dict[str, sp.Expr] = {}
    for part in text.split(","):
        name, sign, number = (piece.strip() for piece in part.partition("="))
        if not sign or not name.isidentifier() or not number:
            raise _bad_values(text, f"{part.strip()!r} is not of the form name=number")
        if name in values:
            raise _bad_values(text, f"{name} has two values")
        values[name] = exact(number, f"the value of {name}")
        if values[name].free_symbols:
            raise _bad_values(text, f"the value {number} of {name} is not a number")
    return values


def refuse_unknown(values: Iterable[str], *question: str) -> None:
    """A typing error in a name must not go unnoticed.

    Raises:
        InputError: for the value of a symbol that no text of the question contains.
    """
    for name in values:
        if name not in _PARAMETERS and not any(_mentions(text, name) for text in question):
            raise _bad_values(name, f"the question has no symbol {name}")


def evaluate(outcome: Bound, values: Mapping[str, sp.Expr], domain: str, precision: int) -> Enclosure:
    """The bound at ``values``.

    Raises:
        InputError: for a value of a symbol that the question does not contain (a typing error would go unnoticed).
        MissingValueError: for a symbol without value.
    """
    needed = {symbol.name for symbol in outcome.symbols}
    # A bound may be free of a symbol of its region, so a name counts as known if it stands in the question.
    known = needed | {
        name for name in values if _mentions(f"{outcome.network} {outcome.region} {outcome.inputs}", name)
    }
    unknown = sorted(set(values) - known - _PARAMETERS)
    if unknown:
        raise _bad_values(", ".join(f"{k}={v}" for k, v in values.items()), f"the bound has no symbol {unknown[0]}")
    missing = sorted(needed - set(values))
    if missing:
        raise MissingValueError(
            f"no value was given for {', '.join(missing)}",
            "a bound has a value where each of its symbols has one",
            f"add {','.join(f'{name}=...' for name in missing)} to --at, or leave --at out to see the formula",
        )
    return outcome.evaluate({k: v for k, v in values.items() if k in needed}, domain, precision)


_PARAMETERS = {"Y"}
"""Symbols of losses: a bound may be free of the radius of the labels."""


def _mentions(text: str, name: str) -> bool:
    words = "".join(c if c.isalnum() or c == "_" else " " for c in text).split()
    return name in words


def _present(
    outcome: Bound | Unbounded | Unknown,
    asked: Mapping[str, Any],
    value: Enclosure | None,
    values: Mapping[str, sp.Expr] | None,
    domain: str,
    precision: int,
    form: str,
    known: Mapping[str, Any] | None,
) -> str:
    at = None if values is None else {name: str(number) for name, number in values.items()}
    if form == "json":
        extra = {} if known is None else {"sharpness": known}
        return to_json(bound_document(outcome, asked, value, at, domain, precision) | extra).rstrip("\n")
    if form == "latex" and isinstance(outcome, Bound):
        return outcome.to_latex()
    lines = [] if known is None else sharpness_lines(known)
    return "\n".join([bound_text(outcome, asked, value, at, domain, precision), *lines])


def _sharpness(sides: Sharpness, degree: str, values: Mapping[str, sp.Expr] | None) -> dict[str, Any]:
    """The limit of upper/lower, the growth of both, and at numbers the certified ratio with its witness."""
    known = sharpness_record(sides.limit, sides.reason, degree, None) | {"ratio": None, "witness": None}
    if values is None or sides.upper is None or sides.lower is None:
        return known
    found = sides.lower_at(values)
    tuned = found if isinstance(found, LowerWitness) else None
    below = found.value if isinstance(found, LowerWitness) else found
    exact, rules = (None, sides.lower.rules) if tuned is None else (tuned.instance, tuned.bound.rules)
    parameters = None if exact is None else write_parameters(exact.parameters)
    x = None if exact is None else [write_end(v) for v in exact.x]
    known["witness"] = witness_record(below.lo, rules, parameters, x)
    if below.lo > 0:
        known["ratio"] = write_enclosure(quotient(sides.upper.evaluate(values), below))
    return known


def _bad_values(text: str, fails: str) -> InputError:
    return InputError(
        f"the values {text!r} were given for --at", fails, "write exact numbers by name, for example --at R=2,S=3/2"
    )
