"""What a numeric domain is: a frozen record of the operations the walker needs.

Invariant: every operation is an enclosure; if the arguments contain the true operands, the result contains the true
value. A domain carries its own precision and no global state.

The real numbers are the ground set: an infinite end says that no bound is known on that side, it is not a member. The
one product that this leaves open, a zero against an unbounded side, is decided here for the scalar domains: it is
refused. Ends in float64 overflow for want of range alone, and there zero times any real number is zero.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Generic, TypeVar

from lipsym.enclosure import Enclosure
from lipsym.errors import DomainError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Domain(Generic[T]):
    """Interval operations on values of type ``T``.

    Args:
        name: the name users select it by.
        precision: working precision in bits.
        enclose: the tightest value of the domain that contains an enclosure.
        ends: exact ends of a value (infinite where the value is unbounded).
        add, multiply, divide: the field operations; ``divide`` raises ``DomainError`` when the divisor contains 0.
        power: ``(x, n)`` with an integer ``n ≥ 0``; even powers of intervals around 0 start at 0.
        root: ``(x, n)``, the real ``n``-th root of ``x ≥ 0``; a value that only *reaches* below 0 is cut at 0, one that
            lies below 0 raises ``DomainError``.
        maximum, minimum: of two values.
        functions: the elementary functions of the expression language by name, each ``T -> T``.
        pack: one value from many enclosures, for domains whose values are arrays; ``None`` for scalar domains.
        unpack: the entries of such an array, in order; the inverse of ``pack``.
        scope: for domains whose precision lives in a library's global state: a context manager that sets it, yields
            the same domain without the per-operation guard, and restores it; ``None`` where there is no such state.
    """

    name: str
    precision: int
    enclose: Callable[[Enclosure], T]
    ends: Callable[[T], Enclosure]
    add: Callable[[T, T], T]
    multiply: Callable[[T, T], T]
    divide: Callable[[T, T], T]
    power: Callable[[T, int], T]
    root: Callable[[T, int], T]
    maximum: Callable[[T, T], T]
    minimum: Callable[[T, T], T]
    functions: Mapping[str, Callable[[T], T]]
    pack: Callable[[Sequence[Enclosure]], T] | None = None
    unpack: Callable[[T], Sequence[Enclosure]] | None = None
    scope: Callable[[], AbstractContextManager[Domain[T]]] | None = None

    def session(self) -> AbstractContextManager[Domain[T]]:
        """This domain for a run of many operations: enter it once, and use what it yields."""
        return nullcontext(self) if self.scope is None else self.scope()


def zero_times_infinity(what: str = "a product") -> DomainError:
    """The named decision on ``0·∞``: it is refused, since either reading of it turns some bound into a false one."""
    return DomainError(
        f"{what} of 0 and an unbounded quantity was met",
        "0·∞ has no value: 0 would drop a term that has no bound, and ∞ would keep one that is not there",
        "give the unbounded quantity a bound, or take the term with the factor 0 out of the expression",
    )
