"""Enclosures: what leaves a numeric domain.

Invariant: the true value lies in ``[lo, hi]``, whose ends are exact rationals (or infinite).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Never

from lipsym.errors import InputError, UndecidedTruthError
from lipsym.verdict import Verdict

End = Fraction | float
"""An exact end: a ``Fraction``, or ``±math.inf`` (the only floats that occur)."""


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A closed interval with exact ends that contains a real number.

    Args:
        lo: lower end; anything ``Fraction`` accepts (a float is taken at its exact value), or ``-math.inf``.
        hi: upper end; likewise, or ``math.inf``. Left out: the point ``[lo, lo]``.

    Raises:
        InputError: if an end is not a number or ``lo > hi``.

    Example:
        >>> Enclosure(1, "3/2").width
        Fraction(1, 2)
        >>> Enclosure(1, 2) <= Enclosure(2, 3)
        <Verdict.PROVED: 'proved'>
    """

    lo: End
    hi: End

    def __init__(self, lo: End | int | str, hi: End | int | str | None = None) -> None:
        object.__setattr__(self, "lo", _end(lo))
        object.__setattr__(self, "hi", _end(lo if hi is None else hi))
        if self.lo > self.hi:
            raise InputError(
                f"an enclosure from {self.lo} to {self.hi} was given",
                "the lower end of an enclosure is at most its upper end",
                "swap the ends, or check the computation they come from",
            )

    @property
    def width(self) -> End:
        """``hi − lo``, exactly (infinite if an end is)."""
        return self.hi - self.lo

    def contains(self, other: Enclosure | Fraction | int) -> bool:
        """Whether ``other`` lies in this set: a fact about two sets of rationals, hence two-valued."""
        inner = other if isinstance(other, Enclosure) else Enclosure(other)
        return self.lo <= inner.lo and inner.hi <= self.hi

    def overlaps(self, other: Enclosure) -> bool:
        """Whether the two sets meet."""
        return self.lo <= other.hi and other.lo <= self.hi

    def lower_float(self) -> float:
        """The largest float that is at most ``lo``."""
        return _directed(self.lo, -math.inf)

    def upper_float(self) -> float:
        """The smallest float that is at least ``hi``."""
        return _directed(self.hi, math.inf)

    def __le__(self, other: Enclosure | Fraction | int) -> Verdict:
        """Whether the number enclosed here is at most the number enclosed by ``other``."""
        right = other if isinstance(other, Enclosure) else Enclosure(other)
        if self.hi <= right.lo:
            return Verdict.PROVED
        if self.lo > right.hi:
            return Verdict.REFUTED
        return Verdict.UNDECIDED

    def __ge__(self, other: Enclosure | Fraction | int) -> Verdict:
        """Whether the number enclosed here is at least the number enclosed by ``other``."""
        right = other if isinstance(other, Enclosure) else Enclosure(other)
        return right <= self

    def __bool__(self) -> Never:
        raise UndecidedTruthError(
            f"the enclosure {self} was used as a truth value",
            "an enclosure is a set of numbers and is neither true nor false",
            "compare it: (a <= b) is Verdict.PROVED, or look at its ends .lo and .hi",
        )

    def __float__(self) -> Never:
        raise UndecidedTruthError(
            f"float() was asked of the enclosure {self}",
            "a float of an enclosure has no direction, so it is neither a lower nor an upper bound",
            "call .lower_float() or .upper_float()",
        )

    def __str__(self) -> str:
        return f"[{self.lower_float():.6g}, {self.upper_float():.6g}]"


def _end(value: End | int | str) -> End:
    if isinstance(value, Fraction) or (isinstance(value, float) and math.isinf(value)):
        return value
    try:
        return Fraction(value)
    except (ValueError, TypeError, ZeroDivisionError, OverflowError) as error:
        raise InputError(
            f"the end {value!r} was given for an enclosure",
            "an end is an exact number: an int, a Fraction, a finite float or a string such as '3/2'",
            "give one of these, or math.inf with its sign for an unbounded side",
        ) from error


def _directed(end: End, toward: float) -> float:
    if isinstance(end, float):
        return end
    try:
        nearest = float(end)
    except OverflowError:
        nearest = math.inf if end > 0 else -math.inf
    if math.isinf(nearest) and nearest != toward:
        return math.nextafter(nearest, toward)
    outward = nearest >= end if toward > 0 else nearest <= end
    return nearest if outward else math.nextafter(nearest, toward)
