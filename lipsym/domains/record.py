"""What a numeric domain is: a frozen record of the operations the walker needs.

Invariant: every operation is an enclosure; if the arguments contain the true operands, the result contains the true
value. A domain carries its own precision and no global state.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from lipsym.enclosure import Enclosure

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
