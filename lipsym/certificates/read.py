"""Reading certificates back.

Invariant: nothing in a file is executed: expressions go through the allow-listing parser, numbers through ``read_end``.

This is the writer's own reader, for reports and tests. It re-evaluates a formula; it does not check that the formula is
a bound.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sympy as sp

from lipsym.certificates.document import BOUND_SCHEMA, CERTIFICATE_SCHEMA
from lipsym.certificates.numbers import read_enclosure
from lipsym.domains import evaluate_program
from lipsym.domains.parse import parse, symbol
from lipsym.enclosure import Enclosure
from lipsym.errors import InputError


def read_certificate(path: str | Path) -> dict[str, Any]:
    """The certificate in a file.

    Raises:
        InputError: if it cannot be read, is no JSON, or is of another schema version.
    """
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(
            f"the file {path} was given as a certificate",
            f"it cannot be read: {error}",
            "give a JSON file that lipsym wrote",
        ) from error
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema not in (BOUND_SCHEMA, CERTIFICATE_SCHEMA):
        raise InputError(
            f"the file {path} has the schema {schema!r}",
            f"this version reads {BOUND_SCHEMA} and {CERTIFICATE_SCHEMA}",
            "use the version of lipsym that wrote the file",
        )
    return document


def straight_line_program(document: Mapping[str, Any]) -> tuple[list[tuple[sp.Symbol, sp.Expr]], sp.Expr]:
    """The steps and the result of a certificate, parsed.

    Raises:
        InputError: if the certificate holds no formula.
        ExpressionError: if a text is no expression of the language.
    """
    if document.get("expr") is None:
        raise InputError(
            f"a certificate with the outcome {document.get('outcome')!r} was given",
            "only a bound has a formula",
            "look at its 'reason'",
        )
    integers = frozenset(document["integers"])
    steps = [(symbol(s["symbol"]), parse(s["expr"], integers)) for s in document["steps"]]
    return steps, parse(document["expr"], integers)


def evaluate_certificate(
    document: Mapping[str, Any], values: Mapping[str, Any], domain: str = "arb", precision: int = 53
) -> Enclosure:
    """The value of a certificate's formula at exact numbers: that of ``Bound.evaluate``, from the text alone."""
    steps, result = straight_line_program(document)
    given: dict[str, Any] = {c["symbol"]: read_enclosure(c) for c in document["constants"]}
    return evaluate_program(steps, result, given | dict(values), domain, precision)
