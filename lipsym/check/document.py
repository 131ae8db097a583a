"""Reading a certificate: strict JSON, exact numbers, and the digest that binds every field.

Invariant: nothing in a file is executed, no number is rounded, and an object has exactly the fields its schema names.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from lipsym.enclosure import Enclosure
from lipsym.errors import InputError, LipsymError

CLAIM_SCHEMA = "lipsym/claim/1"
BOUND_SCHEMA = "lipsym/certificate/2"

LARGEST_FILE = 32_000_000
"""Bytes of a certificate beyond which it is not read: a cover of a million boxes takes at most 5 000 000."""

LARGEST_NUMBER = 4_000
"""Characters of a number."""

AFFECTED_VERSIONS: Mapping[str, str] = {}
"""Versions of lipsym with a soundness bug that is repaired since, and the rule or part it was in: their certificates
are refused. A repair adds a line here and to the changelog."""

Document = Mapping[str, Any]


class RefusedError(LipsymError, ValueError):
    """A certificate that does not prove what it says."""


def refuse(what: str, fails: str) -> RefusedError:
    """The error for a certificate that fails a check."""
    return RefusedError(
        what, fails, "write the certificate anew; this one was altered, or the program that wrote it errs"
    )


def read(source: str | Path | Document) -> Document:
    """The certificate in a file, or given as a dictionary; its schema and its size are checked, nothing else.

    Raises:
        InputError: if it cannot be read, is no JSON of exact numbers, or is of another schema version.
    """
    name = "the certificate" if isinstance(source, Mapping) else f"the file {source}"
    try:
        if isinstance(source, Mapping):
            text = json.dumps(source, allow_nan=False)
        else:
            path = Path(source)
            if path.stat().st_size > LARGEST_FILE:
                raise ValueError(f"it has more than {LARGEST_FILE} bytes")
            text = path.read_text(encoding="utf-8")
        found = json.loads(text, object_pairs_hook=_object, parse_float=_no_float, parse_constant=_no_float)
    except (OSError, ValueError, TypeError, RecursionError, MemoryError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise InputError(
            f"{name} was given as a certificate", f"it cannot be read: {reason}", "give a JSON file that lipsym wrote"
        ) from error
    schema = found.get("schema") if isinstance(found, dict) else None
    if schema not in (CLAIM_SCHEMA, BOUND_SCHEMA):
        raise InputError(
            f"{name} has the schema {schema!r}",
            f"this version checks {CLAIM_SCHEMA} and {BOUND_SCHEMA}",
            "use the version of lipsym that wrote the file",
        )
    return found


def authentic(document: Document) -> None:
    """Refuse a certificate whose digest is not that of its fields, or that an affected version wrote."""
    if document.get("digest") != digest(document):
        raise refuse("the digest of the certificate", "it is not that of the fields: the file was altered")
    version = str(document.get("lipsym"))
    if version in AFFECTED_VERSIONS:
        raise refuse(f"the certificate was written by lipsym {version}", f"affected: {AFFECTED_VERSIONS[version]}")


def digest(document: Document) -> str:
    """SHA-256 of the fields but ``digest`` as JSON with sorted keys and no spaces."""
    rest = {key: value for key, value in document.items() if key != "digest"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return "sha256:" + hashlib.sha256(text.encode("ascii")).hexdigest()


def fields(value: Any, where: str, /, **kinds: type | tuple[type, ...]) -> list[Any]:
    """The fields of an object that has exactly these, each of its kind, in this order."""
    if not isinstance(value, Mapping) or set(value) != set(kinds):
        found = sorted(value) if isinstance(value, Mapping) else type(value).__name__
        raise refuse(f"{where} has the fields {found}", f"its fields are {sorted(kinds)}")
    for name, kind in kinds.items():
        if not isinstance(value[name], kind) or (isinstance(value[name], bool) and kind is int):
            raise refuse(f"{where} has {value[name]!r:.80} as {name}", "this is of another kind than the schema's")
    return [value[name] for name in kinds]


def number(text: Any, where: str) -> Fraction:
    """A finite exact number: ``"p"`` or ``"p/q"``."""
    sign, slash = isinstance(text, str) and text.startswith("-"), isinstance(text, str) and "/" in text
    parts = text[sign:].split("/") if isinstance(text, str) else []
    digits = all(part.isascii() and part.isdigit() and len(part) <= LARGEST_NUMBER for part in parts)
    if not parts or len(parts) > 2 or not digits or (slash and int(parts[1]) == 0):
        raise refuse(f"{text!r:.80} stands in {where}", 'a number is written "p" or "p/q"')
    return Fraction(text)


def numbers(value: Any, where: str, length: int | None = None) -> list[Fraction]:
    """A list of exact numbers."""
    if not isinstance(value, list) or (length is not None and len(value) != length):
        raise refuse(f"{where} is {value!r:.80}", f"it is a list of {'' if length is None else length} numbers")
    return [number(item, where) for item in value]


def enclosure(value: Any, where: str) -> Enclosure:
    """``{"lo": ..., "hi": ...}``, whose upper end may be ``"inf"``."""
    lo, hi = fields(value, where, lo=str, hi=str)
    below = number(lo, where)
    above = float("inf") if hi == "inf" else number(hi, where)
    if below > above:
        raise refuse(f"{where} reaches from {lo} to {hi}", "the lower end of an enclosure is at most its upper end")
    return Enclosure(below, above)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a field occurs twice")
    return found


def _no_float(text: str) -> Any:
    raise ValueError(f"it holds the rounded number {text}")
