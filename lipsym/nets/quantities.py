"""Exact numbers and expressions that a user gives as radii, constants and ends of intervals.

Invariant: what is returned has no floats, and its symbols, matched by name everywhere, are the parser's: non-negative.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import sympy as sp

from lipsym.domains.parse import exact, symbol
from lipsym.errors import InputError, MissingValueError

Exact = int | Fraction | str | sp.Expr
"""What a user may give for an exact number or expression."""


def quantity(value: Any, what: str) -> sp.Expr:
    """An exact finite real number or expression; symbols without assumptions become the parser's.

    Raises:
        InexactNumberError: for a float.
        InputError: for a number that is not real and finite.
    """
    given = exact(value, what)
    plain = {s: symbol(s.name) for s in given.free_symbols if isinstance(s, sp.Symbol) and s.is_nonnegative is None}
    result = given.xreplace(plain)
    if result.has(sp.nan, sp.zoo, sp.oo, -sp.oo) or result.is_extended_real is False:
        raise InputError(
            f"{value} was given as {what}",
            f"{what} is a real number",
            "give an int, a Fraction, '3/2' or a name like 'R'",
        )
    return result


def nonnegative(value: Any, what: str) -> sp.Expr:
    """An exact expression that is not negative.

    Raises:
        InexactNumberError: for a float.
        InputError: if the value is negative, or an expression that is not seen to be non-negative.
    """
    result = quantity(value, what)
    if not result.is_nonnegative:
        fails = f"{what} is not negative"
        if result.is_negative is None:
            fails += ", and the sign of this expression does not follow from its symbols being non-negative"
        raise InputError(f"{value} was given as {what}", fails, "give a number ≥ 0, or a symbol of its own such as 'R'")
    return result


def interval(lo: Any, hi: Any, what: str) -> tuple[sp.Expr, sp.Expr]:
    """Two exact expressions with ``lo ≤ hi``.

    Raises:
        InputError: if ``lo > hi``, or ``lo ≤ hi`` does not follow from the symbols being non-negative.
    """
    ends = quantity(lo, f"the lower end of {what}"), quantity(hi, f"the upper end of {what}")
    if not (ends[1] - ends[0]).is_nonnegative:
        raise InputError(
            f"{what} from {lo} to {hi} was given",
            "its lower end is at most its upper end, for all non-negative values of its symbols",
            "swap the ends, or give them as '-R' and 'R'",
        )
    return ends


def at_values(expr: sp.Expr, values: Mapping[Any, Any] | None, what: str) -> sp.Expr:
    """``expr`` with exact values, matched by name, for all its symbols.

    Raises:
        MissingValueError: if a symbol has no value.
    """
    known = {
        getattr(name, "name", name): exact(value, f"the value of {name}") for name, value in (values or {}).items()
    }
    names = {s: s.name for s in expr.free_symbols if isinstance(s, sp.Symbol)}
    missing = sorted(set(names.values()) - set(known))
    if missing:
        raise MissingValueError(
            f"{what} is {expr}",
            f"no value is known for {', '.join(missing)}",
            f"pass values={{{missing[0]!r}: 1}}, on the command line --at {missing[0]}=1",
        )
    return expr.subs({s: known[name] for s, name in names.items()}, simultaneous=True)
