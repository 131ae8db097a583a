"""Writing certificates.

Invariant: a file under its final name is complete: it is written beside it under a temporary name, flushed to disk, and
renamed in one step.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lipsym.errors import InputError


def to_json(document: Mapping[str, Any]) -> str:
    """A certificate as text; floats are refused, since a certificate's numbers are exact."""
    _no_floats(document, "the certificate")
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def write_certificate(document: Mapping[str, Any], path: str | Path) -> Path:
    """Write a certificate; see ``write_text``."""
    return write_text(to_json(document), path)


def write_text(text: str, path: str | Path) -> Path:
    """Write a file in one step, as UTF-8, creating its folder.

    An interruption at any point leaves the former file, or none, and no temporary file.

    Raises:
        InputError: if the folder cannot be written to.
    """
    target = Path(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".tmp")
    except OSError as error:
        raise InputError(
            f"the file {target} was to be written",
            f"its folder cannot be written to: {error.strerror}",
            "choose another folder, for example --out DIR",
        ) from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, target)
    finally:
        # Gone after the renaming; still there after an error or an interruption.
        Path(temporary).unlink(missing_ok=True)
    return target


def _no_floats(value: Any, where: str) -> None:
    if isinstance(value, float):
        raise InputError(
            f"the float {value!r} stands in {where}",
            "a certificate's numbers are exact",
            "write it with lipsym.certificates.numbers.write_end",
        )
    if isinstance(value, Mapping):
        for key, item in value.items():
            _no_floats(item, f"{where}, at {key!r}")
    elif isinstance(value, list | tuple):
        for item in value:
            _no_floats(item, where)
