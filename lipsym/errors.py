"""The package's exceptions, and the one shape of their messages.

Invariant: every message shown to a user has three lines: what was given, which hypothesis fails, what to do.
Each class is also a ``ValueError`` or ``TypeError``, so code that knows nothing of lipsym can still catch it.
"""

from __future__ import annotations


class LipsymError(Exception):
    """Base of every error lipsym raises on purpose.

    Args:
        given: what was given, with its value.
        fails: the hypothesis that fails.
        remedy: what to do instead.
    """

    def __init__(self, given: str, fails: str, remedy: str) -> None:
        # An array's text has lines of its own; a message has three.
        self.given, self.fails, self.remedy = (" ".join(line.split()) for line in (given, fails, remedy))
        super().__init__(f"{self.given}\n{self.fails}\n{self.remedy}")

    def __reduce__(self) -> tuple[type[LipsymError], tuple[str, str, str]]:
        return type(self), (self.given, self.fails, self.remedy)


class InputError(LipsymError, ValueError):
    """A value outside what the called function is defined for."""


class ArgumentTypeError(LipsymError, TypeError):
    """An argument of another type than the called function takes."""


class InexactNumberError(LipsymError, TypeError):
    """A float (or SymPy ``Float``) where an exact number is needed."""


class ExpressionError(LipsymError, ValueError):
    """An expression outside the language the domains evaluate, or text that is not an expression."""


class MissingValueError(LipsymError, ValueError):
    """A symbol without a value."""


class DomainError(LipsymError, ValueError):
    """An operation that has no enclosure at the given arguments (a root of a negative number, a pole)."""


class HypothesisError(LipsymError, ValueError):
    """A theorem was asked for where one of its hypotheses fails."""


class UndecidedTruthError(LipsymError, TypeError):
    """A three-valued outcome, or an enclosure, was used as a truth value."""
