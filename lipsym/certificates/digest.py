"""The digest of a certificate.

Invariant: it is that of the fields alone, whatever their order and spacing in a file: changing one changes it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def sealed(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document with its digest: SHA-256 of the other fields as JSON with sorted keys and no spaces."""
    rest = {name: value for name, value in document.items() if name != "digest"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return rest | {"digest": "sha256:" + hashlib.sha256(text.encode("ascii")).hexdigest()}
