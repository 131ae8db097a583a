"""Three-valued verdicts.

Invariant: ``PROVED`` is only ever produced by a certified comparison, and no verdict has a truth value.
"""

from __future__ import annotations

from enum import Enum
from typing import Never

from lipsym.errors import UndecidedTruthError


class Verdict(Enum):
    """The outcome of checking a claim: it holds, it fails, or the enclosures do not tell."""

    PROVED = "proved"
    REFUTED = "refuted"
    UNDECIDED = "undecided"

    def __bool__(self) -> Never:
        raise UndecidedTruthError(
            f"the verdict {self.name} was used as a truth value",
            "a verdict has three values, so neither branch of an 'if' is safe for it",
            "compare it by name: verdict is Verdict.PROVED",
        )
