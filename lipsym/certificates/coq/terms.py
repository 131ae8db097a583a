"""SymPy expressions as terms of Coq's real numbers.

Invariant: a term means what its expression means, under the definitions of ``proofs/coq/Functions.v`` and Coq's
library; what has no counterpart there raises. Every compound term is in brackets, so that no precedence matters.
"""

from __future__ import annotations

import re

import sympy as sp

from lipsym.domains.expressions import IsolatedRoot, sigmoid, softplus
from lipsym.errors import ExpressionError

FUNCTIONS: dict[type[sp.Basic], str] = {
    sp.exp: "exp",
    sp.log: "ln",
    sp.sin: "sin",
    sp.cos: "cos",
    sp.atan: "atan",
    sp.tanh: "tanh",
    sp.erf: "erf",
    sp.Abs: "Rabs",
    sigmoid: "sigmoid",
    softplus: "softplus",
}
"""The functions of one argument, by their Coq names."""

_FOLDS: dict[type[sp.Basic], str] = {sp.Max: "Rmax", sp.Min: "Rmin"}
_NAME = re.compile(r"[a-z][A-Za-z0-9_]*'?")


def coq_term(expr: sp.Expr) -> str:
    """The Coq term of an expression.

    Raises:
        ExpressionError: for what Coq's side does not define.

    Example:
        >>> z = sp.Symbol("z")
        >>> coq_term(4 / (3 * sp.sqrt(3)))
        '((4 / 9) * sqrt 3)'
        >>> coq_term(z * sp.exp(-(z**2)))
        '(z * exp (-1 * (z ^ 2)))'
    """
    match expr:
        case sp.Integer():
            return _integer(int(expr))
        case sp.Rational():
            return f"({_integer(expr.p)} / {expr.q})"
        case sp.Symbol():
            return _name(expr)
        case sp.Add():
            return f"({' + '.join(coq_term(a) for a in expr.as_ordered_terms())})"
        case sp.Mul():
            return _product(expr)
        case sp.Pow():
            return _power(expr.base, expr.exp)
        case IsolatedRoot():
            (variable,), (lower, upper) = expr.variables, expr.parameters
            body = coq_term(expr.body)
            return f"(isolated_root (fun {_name(variable)} => {body}) {coq_term(lower)} {coq_term(upper)})"
    if expr is sp.pi:
        return "PI"
    if expr is sp.E:
        return "(exp 1)"
    if expr.func in FUNCTIONS:
        return f"({FUNCTIONS[expr.func]} {coq_term(expr.args[0])})"
    if expr.func in _FOLDS:
        first, *others = map(coq_term, sorted(expr.args, key=sp.default_sort_key))
        for other in others:
            first = f"({_FOLDS[expr.func]} {first} {other})"
        return first
    raise ExpressionError(
        f"the expression {expr} was to be written in Coq",
        f"{expr.func.__name__} has no definition in proofs/coq",
        "leave it out of the certificate",
    )


def _integer(number: int) -> str:
    return str(number) if number >= 0 else f"({number})"


def _name(symbol: sp.Symbol) -> str:
    if not _NAME.fullmatch(symbol.name):
        raise ExpressionError(
            f"the symbol {symbol.name!r} was to be written in Coq",
            "a variable's name is a small letter, then letters, digits and underscores",
            "rename it",
        )
    return symbol.name


def _product(expr: sp.Expr) -> str:
    """Quotients are written as such: ``1/x`` is no power in Coq."""
    above, below = [], []
    for factor in expr.as_ordered_factors():
        if isinstance(factor, sp.Pow) and factor.exp.is_Rational and factor.exp.is_negative:
            below.append(_power(factor.base, -factor.exp))
        else:
            above.append(coq_term(factor))
    top = " * ".join(above) if above else "1"
    if not below:
        return f"({top})"
    bottom = below[0] if len(below) == 1 else f"({' * '.join(below)})"
    return f"({top if len(above) < 2 else f'({top})'} / {bottom})"


def _power(base: sp.Expr, exponent: sp.Expr) -> str:
    if base is sp.E:
        return f"(exp {coq_term(exponent)})"
    if exponent.is_Integer:
        if exponent.is_negative:
            return f"(/ {_power(base, -exponent)})"
        return coq_term(base) if exponent == 1 else f"({coq_term(base)} ^ {int(exponent)})"
    if exponent.is_Rational and exponent.q == 2:
        if exponent.is_negative:
            return f"(/ {_power(base, -exponent)})"
        root = f"(sqrt {coq_term(base)})"
        return root if exponent.p == 1 else f"({root} ^ {exponent.p})"
    raise ExpressionError(
        f"the power {base**exponent} was to be written in Coq",
        "its exponent is an integer or half of one",
        "leave it out of the certificate",
    )
