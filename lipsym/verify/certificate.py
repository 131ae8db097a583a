"""The outcome of ``verify``.

Invariant: everything is read off the document, which is exact and carries its digest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Never

from lipsym.certificates.numbers import read_enclosure
from lipsym.certificates.write import write_certificate
from lipsym.enclosure import Enclosure
from lipsym.errors import UndecidedTruthError
from lipsym.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Certificate:
    """A verdict with its evidence.

    Args:
        document: what ``write`` writes: claim, question, evidence, hypotheses, rules, versions, digest.
    """

    document: Mapping[str, Any]

    @property
    def verdict(self) -> Verdict:
        """PROVED, REFUTED or UNDECIDED."""
        return Verdict(self.document["verdict"])

    @property
    def sup(self) -> Enclosure:
        """Encloses the supremum; over ranges all of the suprema, or, where one number refutes, the one there."""
        return read_enclosure(self.document["sup"])

    def write(self, path: str | Path) -> Path:
        """Write the certificate as JSON, in one step; ``lipsym.check`` reads it."""
        return write_certificate(self.document, path)

    def __bool__(self) -> Never:
        raise UndecidedTruthError(
            f"the certificate of {self.document['text']} was used as a truth value",
            "a verdict has three values",
            "compare it by name: certificate.verdict is Verdict.PROVED",
        )

    def __str__(self) -> str:
        return f"{self.document['verdict']}: {self.document['text']} (supremum in {self.sup})"
