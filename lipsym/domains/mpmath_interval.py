"""Intervals whose ends are mpmath numbers: the pure-Python domain, independent of Arb.

Invariant: every end is rounded outward. ``+ − × ÷`` are mpmath's correctly rounded operations in directed mode, taken
from ``mpmath.libmp`` with an explicit precision, so there is no context and no global state. Roots are integer roots,
and the elementary functions come from ``elementary``, with proved brackets, because mpmath's own (and ``mpmath.iv``'s)
do not promise the last bit.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache, partial
from typing import Any

from mpmath import libmp

from lipsym.domains import elementary
from lipsym.domains.intervals import LIMITS, Ends, dyadic_end, interval_domain
from lipsym.domains.record import Domain
from lipsym.enclosure import End

GUARD = 30
"""Bits carried beyond the precision that is asked for."""

Mpf = Any
"""mpmath's raw number: ``(sign, mantissa, exponent, bit count)``."""

DOWN, UP = "f", "c"
"""mpmath's names for rounding to the floor and to the ceiling."""


@cache
def mpmath_domain(precision: int = 53) -> Domain[tuple[Mpf, Mpf]]:
    """The mpmath domain at ``precision`` bits.

    Example:
        >>> from lipsym.enclosure import Enclosure
        >>> d = mpmath_domain()
        >>> d.ends(d.root(d.enclose(Enclosure(4)), 2))
        Enclosure(lo=Fraction(2, 1), hi=Fraction(2, 1))
    """
    working = precision + GUARD
    pi = elementary.pi(working + 10)
    return interval_domain(
        Ends(
            name="mpmath",
            precision=precision,
            working=working,
            enter=(partial(_enter, working, DOWN), partial(_enter, working, UP)),
            leave=_leave,
            negative=lambda a: a[0] == 1 or a == libmp.fninf,
            less_equal=libmp.mpf_le,
            negate=libmp.mpf_neg,
            add=_both(lambda a, b, mode: libmp.mpf_add(a, b, working, mode)),
            multiply=_both(lambda a, b, mode: libmp.mpf_mul(a, b, working, mode)),
            divide=_both(lambda a, b, mode: libmp.mpf_div(a, b, working, mode)),
            power=_both(partial(_power, working)),
            root=_both(partial(_root, working)),
            functions={name: _both(partial(_point, name, working)) for name in (*LIMITS, "cosh", "sin", "cos")},
            pi=(_enter(working, DOWN, pi.lo), _enter(working, UP, pi.hi)),
        )
    )


def _both(operation: Callable[..., Any]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    return partial(operation, mode=DOWN), partial(operation, mode=UP)


def _enter(bits: int, mode: str, end: End) -> Mpf:
    if isinstance(end, float):
        return libmp.finf if end > 0 else libmp.fninf
    return libmp.from_rational(end.numerator, end.denominator, bits, mode)


def _leave(a: Mpf, bits: int, up: bool) -> End:
    if not a[1] and a != libmp.fzero:
        return math.inf if a == libmp.finf else -math.inf
    return dyadic_end(-int(a[1]) if a[0] else int(a[1]), int(a[2]), bits, up)


def _power(bits: int, a: Mpf, n: int, mode: str) -> Mpf:
    """``a^n`` for ``a ≥ 0`` by squaring; products of non-negative numbers rounded one way are rounded that way."""
    result = a
    for bit in bin(n)[3:]:
        result = libmp.mpf_mul(result, result, bits, mode)
        if bit == "1":
            result = libmp.mpf_mul(result, a, bits, mode)
    return result


def _root(bits: int, a: Mpf, n: int, mode: str) -> Mpf:
    if a == libmp.fzero:
        return a
    mantissa, exponent, exact = elementary.root_floor(int(a[1]), int(a[2]), n, bits + 2)
    return libmp.from_man_exp(mantissa + (mode == UP and not exact), exponent, bits, mode)


def _point(name: str, bits: int, a: Mpf, mode: str) -> Mpf | None:
    found = elementary.bracket(name, -int(a[1]) if a[0] else int(a[1]), int(a[2]), bits)
    if found is None:
        return None
    low, high, exponent = found
    return libmp.from_man_exp(low if mode == DOWN else high, exponent, bits, mode)
