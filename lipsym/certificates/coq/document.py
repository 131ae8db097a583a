"""What a Coq certificate is about: its first line, from which lipsym writes the rest.

Invariant: the text is a function of the question; a file whose text differs from that function's value is not checked.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from fractions import Fraction

import sympy as sp

from lipsym.certificates.coq.box import box_bound, box_text
from lipsym.certificates.coq.layers import ORDERS, bound, input_radius, layers_text, stages
from lipsym.domains.parse import exact
from lipsym.errors import InputError, LipsymError
from lipsym.nets.network import Network
from lipsym.nets.regions import Box, ProductBall
from lipsym.nets.specs import parse_inputs, parse_network, parse_region

_HEADER = re.compile(r"\(\* lipsym Coq certificate 1 (\{[^\n]*\}) \*\)")
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class CoqQuestion:
    """``quantity(network, region, inputs) ≤ bound``, as short texts.

    Args:
        network: ``mlp:...`` with numbers.
        region: ``layers:...`` or ``box:...``.
        inputs: ``ball:S``.
        quantity: ``"lipschitz"``, or ``"smoothness"`` on ``layers:...``.
        bound: the constant, an exact decimal or fraction.
    """

    network: str
    region: str
    inputs: str
    quantity: str
    bound: str


def coq_certificate(
    network: str, region: str, inputs: str, quantity: str = "lipschitz", constant: str | None = None
) -> str:
    """The text of a Coq file that proves a Lipschitz or smoothness constant.

    Let ``Θ`` be ``region``. *Then* the file proves, for all ``θ``, ``θ'`` in ``Θ`` and all inputs,
    ``‖N_θ − N_θ'‖ ≤ c‖θ − θ'‖`` (``"lipschitz"``) or ``‖D N_θ[v] − D N_θ'[v]‖ ≤ c‖θ − θ'‖‖v‖`` (``"smoothness"``).

    Args:
        network, region, inputs: as on the command line, with numbers in place of symbols.
        quantity: ``"lipschitz"`` or ``"smoothness"``.
        constant: ``c``; left out: the theorem's own, rounded up to six digits. Whether it is true is for Coq to say.

    Raises:
        InputError: for what no theorem of ``proofs/coq`` covers.

    Example:
        >>> text = coq_certificate("mlp:2-3-1:tanh", "layers:3/2", "ball:1")
        >>> "Theorem certificate" in text, read_question(text).bound
        (True, '3.35411')
    """
    net, where, data = parse_network(network), parse_region(region), parse_inputs(inputs)
    if not isinstance(net, Network) or quantity not in ORDERS:
        raise InputError(
            f"{quantity} of {network} was given for a Coq certificate",
            "proofs/coq has theorems for lipschitz and smoothness of networks of numeric depth",
            "take mlp:... and one of these quantities",
        )
    match where:
        case ProductBall():
            made = stages(net, where, ORDERS[quantity])
            own = bound(made, input_radius(data), ORDERS[quantity])
            value = _rational(constant) if constant is not None else _decimal(own)
            body = layers_text(net, where, data, quantity, value)
        case Box() if quantity == "lipschitz":
            value = _rational(constant) if constant is not None else _decimal(box_bound(net, where, data))
            body = box_text(net, where, data, value)
        case _:
            raise InputError(
                f"{quantity} on {region} was given for a Coq certificate",
                "proofs/coq has theorems for products of balls, and of order 1 for boxes",
                "take --region layers:..., or box:-1,1 with --quantity lipschitz",
            )
    question = CoqQuestion(net.spec, where.spec, data.spec, quantity, _text(value))
    return f"(* lipsym Coq certificate 1 {json.dumps(asdict(question))} *)\n{body}"


def read_question(text: str) -> CoqQuestion:
    """What a certificate says it is about; its text must be the one that lipsym writes for it.

    Raises:
        InputError: if the first line is no header, or the rest is anything else than ``coq_certificate`` writes.
    """
    first, _, _ = text.partition("\n")
    matched = _HEADER.fullmatch(first)
    if matched is None:
        raise _altered("its first line is not the header of a lipsym Coq certificate")
    try:
        fields = json.loads(matched[1])
        question = CoqQuestion(**fields)
        if not all(isinstance(value, str) for value in asdict(question).values()):
            raise _altered("its header holds something else than texts")
        expected = coq_certificate(
            question.network, question.region, question.inputs, question.quantity, question.bound
        )
    except (TypeError, json.JSONDecodeError, LipsymError) as error:
        raise _altered("its header does not describe a question with a certificate") from error
    if expected != text:
        raise _altered("its text is not the one that lipsym writes for its header")
    return question


def _rational(text: str) -> Fraction:
    value = exact(text, "the bound of a certificate")
    if not isinstance(value, sp.Rational) or value < 0:
        raise InputError(
            f"{text!r} was given as the bound of a certificate",
            "the bound is a non-negative rational number",
            "write a decimal such as 754.14, or p/q",
        )
    return Fraction(int(value.p), int(value.q))


def _decimal(value: Fraction) -> Fraction:
    """``value`` rounded up to ``_DIGITS`` significant decimal digits; a hair more, for Coq's intervals."""
    if value == 0:
        return value
    value *= 1 + Fraction(1, 2**32)
    exponent = 0
    while value >= 10 ** (exponent + 1):
        exponent += 1
    while value < Fraction(10) ** exponent:
        exponent -= 1
    scale = Fraction(10) ** (_DIGITS - 1 - exponent)
    return Fraction(-((-value * scale).__floor__()), 1) / scale


def _text(value: Fraction) -> str:
    """A decimal where the number has one of moderate length, else ``p/q``."""
    for places in range(40):
        scaled = value * 10**places
        if scaled.denominator == 1:
            digits = str(scaled.numerator).rjust(places + 1, "0")
            return digits if not places else f"{digits[:-places]}.{digits[-places:]}"
    return str(value)


def _altered(fails: str) -> InputError:
    return InputError(
        "a Coq file was to be checked",
        fails,
        "check the file that lipsym certificate --coq wrote; run coqc yourself on any other, after reading it",
    )
