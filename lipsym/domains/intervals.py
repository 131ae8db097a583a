"""Interval arithmetic over pairs of directed ends: the part that all scalar domains share.

Invariant: a value is a pair ``(lo, hi)`` with ``lo ≤ hi``, ``lo < ∞``, ``hi > −∞``; the lower end of every result is
computed by operations that round down, the upper end by operations that round up. A backend supplies those directed
operations at *points* (``Ends``); which ends go into which, i.e. monotonicity and signs, is decided here, once.

Pairs of ends rather than midpoint and radius: a wide interval keeps both ends at full precision and at full tightness,
``[0, b]`` stays non-negative, and a monotone function of an interval is its two values at the ends.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any, Generic, TypeVar

from lipsym.domains.record import Domain, zero_times_infinity
from lipsym.enclosure import Enclosure, End
from lipsym.errors import DomainError

E = TypeVar("E")

LARGEST_EXPONENT = 1 << 16
"""Magnitudes beyond ``2^±LARGEST_EXPONENT`` leave a domain as ``∞`` or ``0`` on the outward side: exact rationals of
that size would exhaust memory (``exp(exp(100))``)."""

LIMITS: Mapping[str, tuple[End, End]] = {
    "exp": (Fraction(0), math.inf),
    "expm1": (Fraction(-1), math.inf),
    "log": (-math.inf, math.inf),
    "log1p": (-math.inf, math.inf),
    "sinh": (-math.inf, math.inf),
    "tanh": (Fraction(-1), Fraction(1)),
    "atan": (Fraction(-2), Fraction(2)),
    "erf": (Fraction(-1), Fraction(1)),
    "sigmoid": (Fraction(0), Fraction(1)),
    "softplus": (Fraction(0), math.inf),
}
"""The increasing functions of the language and rational bounds of their ranges (sharp except for ``atan``)."""


@dataclass(frozen=True, slots=True)
class Ends(Generic[E]):
    """Directed operations on the ends of intervals. Each pair is ``(rounding down, rounding up)``.

    Args:
        name: of the domain.
        precision: bits of the exact ends that leave the domain.
        working: bits the operations carry; the surplus over ``precision`` keeps the last bit of short programs right.
        enter: from an exact end.
        leave: ``(e, bits, up)``, to an exact end rounded outward to ``bits`` bits.
        negative: whether ``e < 0``.
        less_equal: ``a ≤ b``, and false if either is not a number.
        negate: exactly ``−e``.
        add, multiply: of two ends; ``multiply`` of 0 and ∞ gives something that is not a number.
        divide: by a non-zero end.
        power: ``(e, n)`` for ``e ≥ 0``, ``n ≥ 1``.
        root: ``(e, n)`` for finite ``e ≥ 0``, ``n ≥ 2``.
        functions: the functions of ``LIMITS`` and ``cosh``, ``sin``, ``cos`` at finite points; a result of ``None``
            says that the backend knows nothing better than the limits of the function.
        pi: lower and upper end of π.
    """

    name: str
    precision: int
    working: int
    enter: tuple[Callable[[End], E], Callable[[End], E]]
    leave: Callable[[E, int, bool], End]
    negative: Callable[[E], bool]
    less_equal: Callable[[E, E], bool]
    negate: Callable[[E], E]
    add: tuple[Callable[[E, E], E], Callable[[E, E], E]]
    multiply: tuple[Callable[[E, E], E], Callable[[E, E], E]]
    divide: tuple[Callable[[E, E], E], Callable[[E, E], E]]
    power: tuple[Callable[[E, int], E], Callable[[E, int], E]]
    root: tuple[Callable[[E, int], E], Callable[[E, int], E]]
    functions: Mapping[str, tuple[Callable[[E], E | None], Callable[[E], E | None]]]
    pi: tuple[E, E]


def dyadic_end(mantissa: int, exponent: int, bits: int, up: bool) -> End:
    """``mantissa · 2^exponent``, rounded up or down to ``bits`` bits, as an exact end.

    Beyond ``LARGEST_EXPONENT`` the result moves further outward: to ``±∞`` away from zero, to the power of two
    itself or to 0 towards zero.
    """
    size = mantissa.bit_length()
    if size + exponent > LARGEST_EXPONENT:
        if up == (mantissa > 0):
            return math.inf if up else -math.inf
        return Fraction(1 << LARGEST_EXPONENT - 1) * (1 if mantissa > 0 else -1)
    if mantissa and size + exponent < -LARGEST_EXPONENT:
        return Fraction(0) if up != (mantissa > 0) else Fraction(1 if up else -1, 1 << LARGEST_EXPONENT)
    surplus = size - bits
    if surplus > 0:
        mantissa = -((-mantissa) >> surplus) if up else mantissa >> surplus
        exponent += surplus
    return Fraction(mantissa << exponent) if exponent >= 0 else Fraction(mantissa, 1 << -exponent)


def interval_domain(ends: Ends[E]) -> Domain[tuple[E, E]]:
    """The domain of intervals whose ends are computed by ``ends``."""
    negative, less_equal, negate = ends.negative, ends.less_equal, ends.negate
    add_down, add_up = ends.add
    multiply_down, multiply_up = ends.multiply
    divide_down, divide_up = ends.divide
    enter_down, enter_up = ends.enter
    zero, one = enter_down(Fraction(0)), enter_down(Fraction(1))
    infinity = enter_up(math.inf)
    minus_infinity = negate(infinity)

    def enclose(value: Enclosure) -> tuple[E, E]:
        if value.lo == math.inf or value.hi == -math.inf:
            raise DomainError(
                f"the enclosure {value} was given as a value",
                "a value is a real number, and this enclosure contains none",
                "give finite ends, or an unbounded enclosure that contains real numbers",
            )
        return enter_down(value.lo), enter_up(value.hi)

    def leave(x: tuple[E, E]) -> Enclosure:
        return Enclosure(ends.leave(x[0], ends.precision, False), ends.leave(x[1], ends.precision, True))

    def add(x: tuple[E, E], y: tuple[E, E]) -> tuple[E, E]:
        return add_down(x[0], y[0]), add_up(x[1], y[1])

    def multiply(x: tuple[E, E], y: tuple[E, E]) -> tuple[E, E]:
        (a, b), (c, d) = x, y
        if not negative(a):
            if not negative(c):
                low, high = multiply_down(a, c), multiply_up(b, d)
            elif negative(d):
                low, high = multiply_down(b, c), multiply_up(a, d)
            else:
                low, high = multiply_down(b, c), multiply_up(b, d)
        elif negative(b):
            if not negative(c):
                low, high = multiply_down(a, d), multiply_up(b, c)
            elif negative(d):
                low, high = multiply_down(b, d), multiply_up(a, c)
            else:
                low, high = multiply_down(a, d), multiply_up(a, c)
        elif not negative(c):
            low, high = multiply_down(a, d), multiply_up(b, d)
        elif negative(d):
            low, high = multiply_down(b, c), multiply_up(a, c)
        else:
            low, other = multiply_down(a, d), multiply_down(b, c)
            high, another = multiply_up(a, c), multiply_up(b, d)
            if not all(less_equal(e, e) for e in (low, other, high, another)):
                raise zero_times_infinity()
            low = low if less_equal(low, other) else other
            high = another if less_equal(high, another) else high
        if not less_equal(low, high):
            raise zero_times_infinity()
        return low, high

    def negated(x: tuple[E, E]) -> tuple[E, E]:
        return negate(x[1]), negate(x[0])

    def divide(x: tuple[E, E], y: tuple[E, E]) -> tuple[E, E]:
        if negative(y[1]):
            x, y = negated(x), negated(y)
        (a, b), (c, d) = x, y
        if less_equal(c, zero):
            raise DomainError(
                f"a division by {leave(y)} was met",
                "a divisor must stay away from 0",
                "give values at which it does, or raise the precision if it is nearly so",
            )
        low = divide_down(a, c if negative(a) else d)
        high = divide_up(b, d if negative(b) else c)
        return low, high

    def magnitudes(x: tuple[E, E]) -> tuple[E, E]:
        """The enclosure of ``|x|``."""
        if not negative(x[0]):
            return x
        a, b = negated(x)
        return (a, b) if not negative(a) else (zero, b if less_equal(x[1], b) else x[1])

    def positive_power(x: tuple[E, E], n: int) -> tuple[E, E]:
        high = x[1] if x[1] == infinity else ends.power[1](x[1], n)
        return ends.power[0](x[0], n), high

    def power(x: tuple[E, E], n: int) -> tuple[E, E]:
        if n == 0:
            return one, one
        if n == 1:
            return x
        if n % 2 == 0:
            return positive_power(magnitudes(x), n)
        low, high = (positive_power(magnitudes((e, e)), n) for e in x)
        return negate(low[1]) if negative(x[0]) else low[0], negate(high[0]) if negative(x[1]) else high[1]

    def root(x: tuple[E, E], n: int) -> tuple[E, E]:
        if negative(x[1]):
            raise DomainError(
                f"a root of {leave(x)} was met",
                "an even root, or a fractional power, needs a number that is not negative",
                "give values at which it is not, or write the odd root of a negative number with Abs",
            )
        low = zero if less_equal(x[0], zero) else ends.root[0](x[0], n)
        return low, x[1] if x[1] == infinity else ends.root[1](x[1], n)

    def maximum(x: tuple[E, E], y: tuple[E, E]) -> tuple[E, E]:
        return y[0] if less_equal(x[0], y[0]) else x[0], y[1] if less_equal(x[1], y[1]) else x[1]

    def minimum(x: tuple[E, E], y: tuple[E, E]) -> tuple[E, E]:
        return x[0] if less_equal(x[0], y[0]) else y[0], x[1] if less_equal(x[1], y[1]) else y[1]

    def increasing(name: str) -> Callable[[tuple[E, E]], tuple[E, E]]:
        """The function by its values at the ends, kept within its range."""
        down, up = ends.functions[name]
        lowest, highest = enter_down(LIMITS[name][0]), enter_up(LIMITS[name][1])

        def function(x: tuple[E, E]) -> tuple[E, E]:
            low = None if x[0] == minus_infinity else down(x[0])
            high = None if x[1] == infinity else up(x[1])
            return (
                low if low is not None and less_equal(lowest, low) else lowest,
                high if high is not None and less_equal(high, highest) else highest,
            )

        return function

    def above(function: Callable[[tuple[E, E]], tuple[E, E]], pole: Fraction, name: str) -> Callable[..., Any]:
        """A logarithm: cut at its pole, like a root at 0."""
        at = enter_down(pole)

        def logarithm(x: tuple[E, E]) -> tuple[E, E]:
            if less_equal(x[1], at):
                raise DomainError(
                    f"{name} of {leave(x)} was met",
                    f"{name} needs an argument greater than {pole}",
                    "give values at which it is",
                )
            if less_equal(x[0], at):
                return function((minus_infinity, x[1]))
            return function(x)

        return logarithm

    def cosh(x: tuple[E, E]) -> tuple[E, E]:
        a, b = magnitudes(x)
        down, up = ends.functions["cosh"]
        low, high = down(a), None if b == infinity else up(b)
        return low if low is not None and less_equal(one, low) else one, infinity if high is None else high

    def wave(x: tuple[E, E], name: str, phase: Fraction) -> tuple[E, E]:
        """A sine or cosine, whose maxima lie at ``π(phase + 2k)`` and minima at ``π(phase + 2k + 1)``.

        The critical points inside are counted from an enclosure of ``x/π − phase``; one that may lie inside counts as
        inside, which is sound and costs nothing visible, as the value there is within rounding of ±1.
        """
        whole = (minus_one, one)
        if x[0] == minus_infinity or x[1] == infinity:
            return whole
        down, up = ends.functions[name]
        points = []
        for end in x:
            low, high = down(end), up(end)
            points.append((minus_one if low is None else low, one if high is None else high))
        low, high = minimum(*points)[0], maximum(*points)[1]
        if not less_equal(x[1], x[0]):
            turns = divide(x, ends.pi)
            first = math.ceil(Fraction(ends.leave(turns[0], ends.working, False)) - phase)
            last = math.floor(Fraction(ends.leave(turns[1], ends.working, True)) - phase)
            if last > first or (last == first and first % 2 == 1):
                low = minus_one
            if last > first or (last == first and first % 2 == 0):
                high = one
        return low if less_equal(minus_one, low) else minus_one, high if less_equal(high, one) else one

    minus_one = negate(one)
    functions: dict[str, Callable[[tuple[E, E]], tuple[E, E]]] = {name: increasing(name) for name in LIMITS}
    functions["log"] = above(functions["log"], Fraction(0), "log")
    functions["log1p"] = above(functions["log1p"], Fraction(-1), "log1p")
    functions["cosh"] = cosh
    functions["sin"] = partial(wave, name="sin", phase=Fraction(1, 2))
    functions["cos"] = partial(wave, name="cos", phase=Fraction(0))
    return Domain(
        name=ends.name,
        precision=ends.precision,
        enclose=enclose,
        ends=leave,
        add=add,
        multiply=multiply,
        divide=divide,
        power=power,
        root=root,
        maximum=maximum,
        minimum=minimum,
        functions=functions,
    )
