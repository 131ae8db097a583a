"""Answers to "is there a constant for all parameters at once?".

Invariant: ``finite`` carries a bound, ``infinite`` names the theorem whose hypotheses were checked, and everything else
is ``unknown`` with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Never

from lipsym.bounds.result import Bound
from lipsym.errors import UndecidedTruthError
from lipsym.lower.divergence import Family


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether one constant is finite on the whole parameter space.

    Args:
        quantity: ``"lipschitz"`` or ``"smoothness"``.
        answer: ``"finite"``, ``"infinite"`` or ``"unknown"``.
        theorem: an identifier of ``RULES``; ``None`` if unknown.
        hypotheses: what was checked.
        bound: for ``"finite"``: an upper bound valid for all parameters.
        family: for ``"infinite"``: parameters along which the constant grows, where one path shows it.
        reason: one sentence.
    """

    quantity: str
    answer: str
    theorem: str | None
    hypotheses: tuple[str, ...]
    reason: str
    bound: Bound | None = None
    family: Family | None = None

    @property
    def finite(self) -> bool | None:
        """``True``, ``False``, or ``None`` where no theorem decides."""
        return {"finite": True, "infinite": False}.get(self.answer)

    def __bool__(self) -> Never:
        raise UndecidedTruthError(
            f"the decision {self.answer!r} was used as a truth value",
            "a decision has three answers",
            "compare it: decision.finite is True, is False, or is None",
        )


@dataclass(frozen=True, slots=True)
class GlobalBounds:
    """The decisions for order 1 and order 2."""

    lipschitz: Decision
    smoothness: Decision
