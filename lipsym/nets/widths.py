"""Widths: the numbers of neurons of a layer, as positive integers or as symbols for them.

Invariant: a width is a positive ``int``, or a SymPy expression that SymPy knows to be a positive integer.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from lipsym.domains.parse import symbol
from lipsym.errors import InputError

Width = int | sp.Expr
"""A positive ``int``, or an expression in symbols for positive integers."""


def width(value: Any, what: str = "a width") -> Width:
    """A width from what a user gives.

    A symbol without assumptions, or a name, becomes the positive integer symbol of that name.

    Raises:
        InputError: if the value is not a positive integer, nor an expression known to be one.

    Example:
        >>> width(8), width("l"), width(sp.Symbol("l")).is_positive
        (8, l, True)
    """
    if isinstance(value, str):
        text = value.strip()
        if text.isidentifier():
            return positive_integer(text)
        value = int(text) if text.isdecimal() else value
    if isinstance(value, sp.Symbol):
        value = positive_integer(value.name)
    if isinstance(value, sp.Expr) and value.is_Integer:
        value = int(value)
    if isinstance(value, sp.Expr):
        renamed = value.xreplace({s: positive_integer(s.name) for s in value.free_symbols if isinstance(s, sp.Symbol)})
        if renamed.is_integer and renamed.is_positive:
            return renamed
    # numpy's integers are integers too; bool is one that nobody means.
    elif not isinstance(value, bool | str) and hasattr(value, "__index__"):
        number = int(value.__index__())  # type: ignore[attr-defined]
        if number > 0:
            return number
    raise InputError(
        f"{value!r} was given as {what}",
        "a width is a positive integer, or a symbol for one",
        "give an int such as 8, a name such as 'l', or a SymPy symbol",
    )


def positive_integer(name: str) -> sp.Symbol:
    """The symbol ``name`` for a positive integer."""
    return symbol(name, integers=(name,))
