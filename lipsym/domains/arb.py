"""Intervals whose ends are computed by Arb (python-flint).

Invariant: every end is the lower or upper end of an Arb ball that contains the exact result, so the enclosures hold at
whatever precision Arb happens to run; the precision decides their width alone.

Values are pairs of exact points (see ``intervals``): Arb's own midpoint–radius balls keep 30 bits of a radius, lose the
sign of ``[0, b]`` and give ``nan`` for ``[−1, 1]**2``, and ball arguments make its functions loose on wide intervals.
Only points are ever handed to Arb's functions, and a result that is not finite is replaced by the limits of the
function, never compared.

Arb reads its precision from ``flint.ctx``, one object for the whole process. The domain sets it on entry to each
operation, or once for a ``session()``, and restores it on exit, also by an exception. Threads share it: two threads in
different sessions get sound results of the other's precision.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache, wraps
from operator import le, neg
from typing import Any

from flint import arb, ctx

from lipsym.domains.intervals import LIMITS, Ends, dyadic_end, interval_domain
from lipsym.domains.record import Domain
from lipsym.enclosure import End

GUARD = 30
"""Bits carried beyond the precision that is asked for."""

_ZERO = arb(0)
_ONE = arb(1)


def arb_domain(precision: int = 53) -> Domain[tuple[arb, arb]]:
    """The Arb domain at ``precision`` bits.

    Example:
        >>> from lipsym.enclosure import Enclosure
        >>> d = arb_domain()
        >>> d.ends(d.power(d.enclose(Enclosure(-1, 2)), 2))
        Enclosure(lo=Fraction(0, 1), hi=Fraction(4, 1))
    """
    return _arb_domain(precision)


@cache
def _arb_domain(precision: int) -> Domain[tuple[arb, arb]]:
    working = precision + GUARD

    with _precision(working):
        bare = interval_domain(_ends(precision, working))

    @contextmanager
    def scope() -> Iterator[Domain[tuple[arb, arb]]]:
        with _precision(working):
            yield bare

    def guarded(operation: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(operation)
        def run(*arguments: Any) -> Any:
            with _precision(working):
                return operation(*arguments)

        return run

    operations = ("enclose", "ends", "add", "multiply", "divide", "power", "root", "maximum", "minimum")
    return replace(
        bare,
        scope=scope,
        functions={name: guarded(function) for name, function in bare.functions.items()},
        **{name: guarded(getattr(bare, name)) for name in operations},
    )


@contextmanager
def _precision(bits: int) -> Iterator[None]:
    before = ctx.prec
    ctx.prec = bits
    try:
        yield
    finally:
        ctx.prec = before


def _ends(precision: int, working: int) -> Ends[arb]:
    pi = arb.pi()
    return Ends(
        name="arb",
        precision=precision,
        working=working,
        enter=(_enter_down, _enter_up),
        leave=_leave,
        negative=_ZERO.__gt__,
        less_equal=le,
        negate=neg,
        add=(lambda a, b: (a + b).lower(), lambda a, b: (a + b).upper()),
        multiply=(lambda a, b: (a * b).lower(), lambda a, b: (a * b).upper()),
        divide=(lambda a, b: (a / b).lower(), lambda a, b: (a / b).upper()),
        power=(lambda a, n: (a**n).lower(), lambda a, n: (a**n).upper()),
        root=(lambda a, n: _root(a, n).lower(), lambda a, n: _root(a, n).upper()),
        functions={name: _directed(point) for name, point in _POINTS.items()},
        pi=(pi.lower(), pi.upper()),
    )


def _enter(end: End) -> arb:
    if isinstance(end, float):
        return arb.pos_inf() if end > 0 else arb.neg_inf()
    return arb(end.numerator) / arb(end.denominator) if end.denominator != 1 else arb(end.numerator)


def _enter_down(end: End) -> arb:
    return _enter(end).lower()


def _enter_up(end: End) -> arb:
    return _enter(end).upper()


def _leave(a: arb, bits: int, up: bool) -> End:
    if not a.is_finite():
        # "Not a number" knows no end: the outward one is sound.
        return math.inf if a > _ZERO or (up and a.is_nan()) else -math.inf
    mantissa, exponent = a.man_exp()
    return dyadic_end(int(mantissa), int(exponent), bits, up)


def _root(a: arb, n: int) -> arb:
    """A ball around the root; the point itself where the root is an integer (Arb finds that for squares alone, and
    none for 0)."""
    if a == _ZERO:
        return a
    if n == 2:
        return a.sqrt()
    ball = a.root(n)
    integer = ball.unique_fmpz()
    return arb(integer) if integer is not None and arb(integer) ** n == a else ball


def _directed(point: Callable[[arb], arb]) -> tuple[Callable[[arb], arb | None], Callable[[arb], arb | None]]:
    def down(a: arb) -> arb | None:
        low = point(a).lower()
        return low if low.is_finite() else None

    def up(a: arb) -> arb | None:
        high = point(a).upper()
        return high if high.is_finite() else None

    return down, up


def _sigmoid(a: arb) -> arb:
    """By the exponential that cannot overflow, so that a quotient of moderate numbers remains."""
    if a > _ZERO:
        return _ONE / (_ONE + (-a).exp())
    t = a.exp()
    return t / (_ONE + t)


def _softplus(a: arb) -> arb:
    return a + (-a).exp().log1p() if a > _ZERO else a.exp().log1p()


_POINTS: dict[str, Callable[[arb], arb]] = {
    name: getattr(arb, name) for name in (*LIMITS, "cosh", "sin", "cos") if hasattr(arb, name)
} | {"sigmoid": _sigmoid, "softplus": _softplus}
