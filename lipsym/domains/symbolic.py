"""Exact evaluation: substitute, simplify, and enclose only what does not become rational.

Invariant: a result with ``lo == hi`` is the exact value; any other is an enclosure of the exact expression, of relative
width at most ``2^−precision`` wherever the value is not zero.

SymPy's simplifications are trusted to the extent that an independent enclosure agrees: a rational that they produce
must lie in the enclosure of the unsimplified expression, or the enclosure is returned.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import sympy as sp

from lipsym.domains.compile import Program, missing_values
from lipsym.domains.expressions import Binder
from lipsym.domains.mpmath_interval import mpmath_domain
from lipsym.domains.parse import exact
from lipsym.enclosure import Enclosure
from lipsym.errors import InputError

LARGEST_RISE = 64
"""The precision rises to at most this multiple of the one that is asked for."""

LARGEST_TO_SIMPLIFY = 400
"""Expressions of more operations are not simplified: denesting roots takes time without bound."""


def evaluate_symbolic(
    steps: Sequence[tuple[sp.Symbol, sp.Expr]], result: sp.Expr, values: Any, precision: int
) -> Enclosure:
    """The value of ``result`` after ``steps`` at exact values (see ``evaluate_program``).

    Raises:
        InputError: for an ``Enclosure`` among the values, or a value that contradicts its symbol.
    """
    by_name = {str(key): value for key, value in values.items()}
    program = Program.compile(sp.sympify(result), steps)
    missing = [s.name for s in program.symbols if s.name not in by_name]
    if missing:
        raise missing_values(missing)
    numbers = {s: _number(s, by_name[s.name]) for s in program.symbols}
    enclosure = _enclose(program, numbers, precision)
    simplified = _substituted(steps, sp.sympify(result), numbers)
    if simplified is not None and simplified.is_Rational:
        value = Enclosure(Fraction(int(simplified.p), int(simplified.q)))
        if enclosure.contains(value):
            return value
    return enclosure


def simplify_exactly(value: sp.Expr) -> sp.Expr:
    """An equal expression, rational where the means at hand find that: expansion of products and denesting of roots."""
    if isinstance(value, sp.Rational) or value.has(Binder) or value.count_ops() > LARGEST_TO_SIMPLIFY:
        return value
    for simplification in (sp.expand, sp.sqrtdenest, sp.radsimp, lambda v: sp.sqrtdenest(sp.expand(v)), sp.powdenest):
        value = simplification(value)
        if isinstance(value, sp.Rational):
            break
    return value


def _substituted(
    steps: Sequence[tuple[sp.Symbol, sp.Expr]], result: sp.Expr, numbers: dict[sp.Symbol, sp.Expr]
) -> sp.Expr | None:
    """The exact expression of the result; ``None`` where it outgrows ``LARGEST_TO_SIMPLIFY``, as steps written out
    do."""
    known: dict[sp.Symbol, sp.Expr] = dict(numbers)
    value = result
    for symbol, definition in (*steps, (sp.Dummy(), result)):
        try:
            value = simplify_exactly(sp.sympify(definition).subs(known))
        except ValueError:  # Max and Min of numbers that SymPy cannot order: there is no exact form to be had
            return None
        if not isinstance(value, sp.Rational) and value.count_ops() > LARGEST_TO_SIMPLIFY:
            return None
        known[symbol] = value
    return value


def _number(symbol: sp.Symbol, value: Any) -> sp.Expr:
    if isinstance(value, Enclosure):
        if value.lo != value.hi or isinstance(value.lo, float):
            raise InputError(
                f"the enclosure {value} was given for {symbol} in the symbolic domain",
                "exact evaluation needs one exact number for each symbol",
                'give one, or take domain="arb"',
            )
        value = Fraction(value.lo)
    number = exact(value, f"the value of {symbol}")
    if not number.is_number:
        raise InputError(
            f"{number} was given for {symbol}", "a value contains no symbols", "give a number such as 3/2 or sqrt(2)"
        )
    for contradicted, needed in (
        (symbol.is_nonnegative and number.is_negative, "is not negative"),
        (symbol.is_positive and number.is_positive is False, "is positive"),
        (symbol.is_integer and number.is_integer is False, "is an integer"),
    ):
        if contradicted:
            raise InputError(
                f"the value {value} was given for {symbol}",
                f"{symbol} stands for a number that {needed}, and expressions were simplified under that assumption",
                "give such a value",
            )
    return number


def _enclose(program: Program, numbers: dict[sp.Symbol, sp.Expr], precision: int) -> Enclosure:
    """Enclosures at rising precision until one is narrow enough."""
    bits = precision + 4
    while True:
        domain = mpmath_domain(bits)
        environment = {s: Program.compile(number).run(domain, {}) for s, number in numbers.items()}
        found = domain.ends(program.run(domain, environment))
        narrow = found.width <= max(abs(found.lo), abs(found.hi)) / (1 << precision) if _finite(found) else False
        if narrow or bits > LARGEST_RISE * precision or _searches(program):
            return found
        bits *= 2


def _finite(x: Enclosure) -> bool:
    return not (isinstance(x.lo, float) or isinstance(x.hi, float))


def _searches(program: Program) -> bool:
    """Whether a maximum or an integral is enclosed by subdivision, whose gap does not shrink with the precision."""
    return any(i.operation in ("MaxOver", "BallMax", "IntegralOver") for i in program.instructions)
