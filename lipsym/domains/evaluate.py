"""The one entry to every domain: expressions and straight-line programs at exact numbers or enclosures.

Invariant: the result contains the value of the expression at every choice of the symbols within the given values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import sympy as sp

from lipsym.domains.compile import Program, missing_values
from lipsym.domains.parse import exact
from lipsym.domains.record import Domain
from lipsym.enclosure import Enclosure
from lipsym.errors import InputError

Value = int | Fraction | str | sp.Expr | Enclosure
Values = Mapping[str, Value] | Mapping[sp.Symbol, Value] | Mapping[Any, Value]

NUMERIC = ("arb", "mpmath", "float64")
"""The names ``domain`` knows; ``evaluate`` knows ``"symbolic"`` as well."""


def domain(name: str = "arb", precision: int = 53) -> Domain[Any]:
    """The numeric domain called ``name`` at ``precision`` bits (float64 has 53 and no other).

    Raises:
        InputError: for an unknown name or a precision it cannot have.
    """
    if not isinstance(precision, int) or isinstance(precision, bool) or not 2 <= precision <= 1 << 20:
        raise InputError(
            f"the precision {precision!r} was given",
            "a precision is a whole number of bits between 2 and 1048576",
            "give one, for example precision=53",
        )
    match name:
        case "arb":
            from lipsym.domains.arb import arb_domain

            return arb_domain(precision)
        case "mpmath":
            from lipsym.domains.mpmath_interval import mpmath_domain

            return mpmath_domain(precision)
        case "float64":
            from lipsym.domains.float64 import float64_domain, unpack

            if precision != 53:
                raise InputError(
                    f"the domain float64 was asked for {precision} bits",
                    "its numbers have 53 bits",
                    'leave the precision out, or take domain="arb"',
                )
            return replace(float64_domain(), unpack=unpack)
    raise InputError(
        f"the domain {name!r} was given",
        f"the domains are {', '.join(NUMERIC)} and, for evaluate, symbolic",
        'take one of these, for example domain="arb"',
    )


_domain = domain  # ``evaluate`` has a parameter of that name


def evaluate(expr: sp.Expr, values: Values = {}, domain: str = "arb", precision: int = 53) -> Enclosure:  # noqa: B006
    """Enclose ``expr`` at ``values``.

    Args:
        expr: an expression of the language (see ``expressions``).
        values: by symbol or by name: an int, a Fraction, a string such as ``"3/2"``, an exact SymPy number, or an
            ``Enclosure`` for "some number in here".
        domain: ``"arb"``, ``"mpmath"``, ``"float64"`` or ``"symbolic"``.
        precision: bits.

    Raises:
        MissingValueError: naming the symbols without value.
        InexactNumberError: for a float.
        InputError: for a value that contradicts what the symbol stands for (negative for a non-negative one).
        ExpressionError: for a head outside the language.
        DomainError: where an operation has no enclosure.

    Example:
        >>> R = sp.Symbol("R", nonnegative=True)
        >>> evaluate(sp.sqrt(R**2 + 1), {"R": "3/4"})
        Enclosure(lo=Fraction(5, 4), hi=Fraction(5, 4))
    """
    return evaluate_program((), expr, values, domain, precision)


def evaluate_program(
    steps: Sequence[tuple[sp.Symbol, sp.Expr]],
    result: sp.Expr,
    values: Values = {},  # noqa: B006
    domain: str = "arb",
    precision: int = 53,
) -> Enclosure:
    """Enclose ``result`` after the definitions ``steps``, each of which may use earlier ones and ``values``.

    Args and exceptions are those of ``evaluate``.

    Example:
        >>> R, a = sp.symbols("R a", nonnegative=True)
        >>> evaluate_program([(a, R**2 + 1)], sp.sqrt(a), {R: 0}).hi
        Fraction(1, 1)
    """
    if domain == "symbolic":
        from lipsym.domains.symbolic import evaluate_symbolic

        return evaluate_symbolic(steps, result, values, precision)
    chosen = _domain(domain, precision)
    program = Program.compile(sp.sympify(result), steps)
    with chosen.session() as inner:
        return inner.ends(program.run(inner, environment(program.symbols, values, inner)))


def values_by_name(values: Values) -> dict[str, Any]:
    """The values by the names of their symbols."""
    return {str(key): value for key, value in values.items()}


def environment(symbols: Sequence[sp.Symbol], values: Values, domain: Domain[Any]) -> dict[sp.Symbol, Any]:
    """The values of ``symbols`` in ``domain``, matched by name."""
    by_name = values_by_name(values)
    missing = [s.name for s in symbols if s.name not in by_name]
    if missing:
        raise missing_values(missing)
    return {s: _enter(s, by_name[s.name], domain) for s in symbols}


def _enter(symbol: sp.Symbol, value: Value, domain: Domain[Any]) -> Any:
    """The value in the domain, after checking it against the assumptions under which SymPy simplified."""
    if isinstance(value, Enclosure):
        ends, entered = value, domain.enclose(value)
    else:
        number = exact(value, f"the value of {symbol}")
        if isinstance(number, sp.Rational):
            ends = Enclosure(Fraction(int(number.p), int(number.q)))
            entered = domain.enclose(ends)
        else:
            entered = Program.compile(number).run(domain, {})
            ends = domain.ends(entered)
    whole = ends.lo == ends.hi and ends.lo == int(ends.lo) if ends.lo == ends.hi else False
    for holds, needed in (
        (not symbol.is_nonnegative or ends.lo >= 0, "is not negative"),
        (not symbol.is_positive or ends.lo > 0, "is positive"),
        (not symbol.is_integer or whole, "is an integer"),
    ):
        if not holds:
            raise InputError(
                f"the value {value} was given for {symbol}",
                f"{symbol} stands for a number that {needed}, and expressions were simplified under that assumption",
                "give such a value",
            )
    return entered
