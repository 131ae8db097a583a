"""Text to expressions of the language, and values to exact numbers.

Invariant: no text is ever executed, and no number is ever rounded: a literal such as ``0.1`` is the decimal fraction
1/10. Whatever the package prints is read back as the same expression.

Symbols. A name stands for a non-negative real number; ``m`` and ``l`` (depth and width), and names listed as
``integers``, for positive integers. The bound variable of ``MaxOver`` and ``IsolatedRoot`` is non-negative if its
lower end is, else real; those of ``BallMax`` are non-negative.

Text may come from anywhere, so its cost is bounded before it is met: length, nesting, digits, and the size of every
number a power or product would produce (``9**9**9``).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable
from fractions import Fraction
from math import ceil
from numbers import Rational
from typing import Any

import sympy as sp

from lipsym.domains.expressions import (
    FUNCTIONS,
    BallMax,
    EigenvalueBound,
    ExpPhi,
    GeometricSum,
    IntegralOver,
    IsolatedRoot,
    MaxOver,
    SumOver,
    bound_symbol,
)
from lipsym.enclosure import Enclosure
from lipsym.errors import ExpressionError, InexactNumberError, InputError

LONGEST_TEXT = 20_000
DEEPEST_NESTING = 150
LARGEST_BITS = 10_000
LARGEST_EXPONENT = 3_000
"""Limits on the text, on the nesting of its operators, and on the size of the numbers in the result."""

POSITIVE_INTEGERS = frozenset({"m", "l"})
"""The names that stand for positive integers wherever they occur: depth and width."""

_CONSTANTS = {"pi": sp.pi, "E": sp.E}
_RESERVED = frozenset({"I", "oo", "zoo", "nan", "inf"})
_BINDERS = {head.__name__: head for head in (MaxOver, BallMax, IsolatedRoot, SumOver, IntegralOver)}


MOST_COMPARED = 16
"""Arguments of a maximum or minimum beyond which SymPy is not asked to compare them: its time is exponential."""


def _extremum(head: type[sp.Expr]) -> Callable[..., sp.Expr]:
    return lambda *arguments: head(*arguments, evaluate=len(arguments) <= MOST_COMPARED)


_CALLS: dict[str, tuple[Callable[..., sp.Expr], int, int | None]] = {
    **{name: (head, 1, 1) for name, head in FUNCTIONS.items()},
    "sqrt": (sp.sqrt, 1, 1),
    "Abs": (sp.Abs, 1, 1),
    "abs": (sp.Abs, 1, 1),
    **{
        name: (_extremum(head), 1, None) for head in (sp.Max, sp.Min) for name in (head.__name__, head.__name__.lower())
    },
    "Heaviside": (sp.Heaviside, 1, 2),
    "GeometricSum": (GeometricSum, 2, 2),
    "EigenvalueBound": (EigenvalueBound, 4, 4),
    "ExpPhi": (ExpPhi, 2, 2),
}
"""Head, least and greatest number of arguments of each function, by its name in text."""


def symbol(name: str, integers: Iterable[str] = ()) -> sp.Symbol:
    """The symbol a user means by ``name``: the only place where user symbols are made.

    Raises:
        ExpressionError: if ``name`` is not an identifier, or is the name of a constant or function.
    """
    if not re.fullmatch(r"[^\W\d]\w*", name) or name in _CONSTANTS or name in _RESERVED or name in _CALLS:
        raise ExpressionError(
            f"{name!r} was given as the name of a symbol",
            "a symbol is named by an identifier that is no constant or function of the language",
            "choose another name, for example R_1",
        )
    if name in POSITIVE_INTEGERS or name in integers:
        return sp.Symbol(name, integer=True, positive=True)
    return sp.Symbol(name, nonnegative=True)


def parse(text: str, integers: Iterable[str] = frozenset(), reals: Iterable[str] = frozenset()) -> sp.Expr:
    """Read an expression.

    Args:
        text: in Python's notation, powers as ``**``.
        integers: further names of positive integers.
        reals: names of real numbers of either sign, such as the argument of an activation.

    Raises:
        ExpressionError: if the text is no expression of the language, or too large.

    Example:
        >>> parse("0.1*R**2 + sqrt(S**2 + 1)/3")
        R**2/10 + sqrt(S**2 + 1)/3
    """
    if not isinstance(text, str):
        raise ExpressionError(
            f"{text!r} was given as the text of an expression",
            "text is a string",
            "give a string, or use the SymPy expression directly",
        )
    if len(text) > LONGEST_TEXT:
        raise _error(text, f"an expression has at most {LONGEST_TEXT} characters, this one has {len(text)}")
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = getattr(error, "msg", None) or "it is nested too deeply"
        raise _error(text, f"it is not an expression: {reason}") from error
    signed = {name: sp.Symbol(name, real=True) for name in reals}
    return _Reader(text.strip(), frozenset(integers)).read(tree.body, signed, 0)


def exact(value: Any, what: str = "value") -> sp.Expr:
    """The exact SymPy number or expression that ``value`` is.

    Args:
        value: an int, a ``Fraction``, a string (see ``parse``) or an exact SymPy expression.
        what: names the quantity in messages.

    Raises:
        InexactNumberError: for a float or a SymPy ``Float``.
        InputError: for anything else that is not an exact number.

    Example:
        >>> exact("3/2") + exact(Fraction(1, 2))
        2
    """
    if isinstance(value, float):
        value = float(value)
        if value != value or value in (float("inf"), float("-inf")):
            raise InputError(
                f"{value!r} was given as {what}", "it is not a real number", "give an int, a Fraction or a string"
            )
        binary = Fraction(value)
        raise InexactNumberError(
            f"the float {value!r} was given as {what}",
            "a float is a rounded number, and a bound needs an exact one",
            f'give the decimal as a string, "{value!r}", or the binary value, '
            f"Fraction({binary.numerator}, {binary.denominator})",
        )
    if isinstance(value, str):
        return parse(value)
    if isinstance(value, Rational) and not isinstance(value, bool):
        if max(int(value.numerator).bit_length(), int(value.denominator).bit_length()) > LARGEST_BITS:
            raise InputError(
                f"a number of more than {LARGEST_BITS} bits was given as {what}",
                f"numbers in an expression have at most {LARGEST_BITS} bits",
                "give a smaller one",
            )
        return sp.Rational(int(value.numerator), int(value.denominator))
    if isinstance(value, sp.Expr):
        floats = value.atoms(sp.Float)
        if floats:
            number = min(floats, key=str)
            binary = Fraction(sp.Rational(number).p, sp.Rational(number).q)
            raise InexactNumberError(
                f"the SymPy Float {number} occurs in {what}",
                "a Float is a rounded number, and a bound needs an exact one",
                f'write the decimal, Rational("{number}"), or the binary value, '
                f"Rational({binary.numerator}, {binary.denominator})",
            )
        return value
    fails = "an enclosure is a set of numbers" if isinstance(value, Enclosure) else "it is not an exact number"
    raise InputError(
        f"{value!r} was given as {what}",
        f"{fails}, and {what} is one exact number",
        'give an int, a Fraction or a string such as "3/2"',
    )


def _error(text: str, fails: str, remedy: str | None = None) -> ExpressionError:
    shown = text if len(text) <= 120 else text[:120] + " …"
    names = ", ".join(sorted(_CALLS))
    return ExpressionError(
        f"the text {shown!r} was given as an expression",
        fails,
        remedy or f"use numbers, names, pi, E, + - * / ** and {names}, {', '.join(_BINDERS)}",
    )


class _Reader:
    """The walk over an allow-list of syntax nodes."""

    def __init__(self, text: str, integers: frozenset[str]) -> None:
        self.text = text
        self.integers = integers

    def error(self, node: ast.AST, fails: str, remedy: str | None = None) -> ExpressionError:
        segment = ast.get_source_segment(self.text, node) if hasattr(node, "lineno") else None
        return _error(segment or self.text, fails, remedy)

    def read(self, node: ast.expr, bound: dict[str, sp.Symbol], depth: int) -> sp.Expr:
        if depth > DEEPEST_NESTING:
            raise self.error(node, f"operators and functions are nested at most {DEEPEST_NESTING} deep")
        match node:
            case ast.Constant():
                return self.number(node)
            case ast.Name(id=name):
                return self.name(node, name, bound)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self.read(operand, bound, depth + 1)
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.read(operand, bound, depth + 1)
            case ast.BinOp(op=ast.Add() | ast.Sub()):
                return self.chain(node, (ast.Add, ast.Sub), bound, depth)
            case ast.BinOp(op=ast.Mult() | ast.Div()):
                return self.chain(node, (ast.Mult, ast.Div), bound, depth)
            case ast.BinOp(left=left, op=ast.Pow(), right=right):
                return self.power(node, self.read(left, bound, depth + 1), self.read(right, bound, depth + 1))
            case ast.BinOp(op=ast.BitXor()):
                raise self.error(
                    node, "^ is not a power in Python's notation", "write powers with **, for example R**2"
                )
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self.call(node, name, arguments, bound, depth + 1)
            case _:
                raise self.error(node, f"{type(node).__name__} is not part of the expression language")

    def number(self, node: ast.Constant) -> sp.Expr:
        source = ast.get_source_segment(self.text, node) or ""
        if isinstance(node.value, bool) or not isinstance(node.value, (int, float)):
            raise self.error(node, f"{source} is not a real number")
        matched = re.fullmatch(r"([0-9_]*)\.?([0-9_]*)(?:[eE]([+-]?[0-9]{1,6}))?", source)
        if matched is None or abs(int(matched[3] or 0)) > LARGEST_EXPONENT:
            raise self.error(
                node, "a number is written in decimal digits with a moderate exponent, for example 12.5e-3"
            )
        value = Fraction(source)
        number = sp.Rational(value.numerator, value.denominator)
        if _bits(number) > LARGEST_BITS:
            raise self.error(node, f"numbers in an expression have at most {LARGEST_BITS} bits")
        return number

    def name(self, node: ast.expr, name: str, bound: dict[str, sp.Symbol]) -> sp.Expr:
        if name in bound:
            return bound[name]
        if name in _CONSTANTS:
            return _CONSTANTS[name]
        if name in _CALLS or name in _BINDERS:
            raise self.error(node, f"{name} is a function, and needs arguments", f"write {name}(...)")
        if name in _RESERVED:
            raise self.error(node, f"{name} is not a real number", "use real numbers, or another name for a symbol")
        return symbol(name, self.integers)

    def chain(self, node: ast.BinOp, kinds: tuple[type, type], bound: dict[str, sp.Symbol], depth: int) -> sp.Expr:
        """Sums and products of many terms nest to the left in the syntax tree: read in a loop, and built at once."""
        terms: list[tuple[bool, ast.expr]] = []
        left: ast.expr = node
        while isinstance(left, ast.BinOp) and isinstance(left.op, kinds):
            terms.append((isinstance(left.op, kinds[1]), left.right))
            left = left.left
        terms.append((False, left))
        read = [(inverse, self.read(term, bound, depth + 1)) for inverse, term in reversed(terms)]
        if sum(_bits(value) for _, value in read) > LARGEST_BITS:
            raise self.error(node, f"numbers in an expression have at most {LARGEST_BITS} bits")
        if kinds[0] is ast.Add:
            return sp.Add(*(-value if inverse else value for inverse, value in read))
        if any(inverse and value.is_zero for inverse, value in read):
            raise self.error(node, "it divides by 0", "take the quotient out")
        return sp.Mul(*(1 / value if inverse else value for inverse, value in read))

    def power(self, node: ast.expr, base: sp.Expr, exponent: sp.Expr) -> sp.Expr:
        if isinstance(exponent, sp.Rational):
            if base.is_zero and exponent < 0:
                raise self.error(node, "it divides by 0", "take the quotient out")
            if max(_bits(base), 1) * ceil(abs(exponent)) > LARGEST_BITS:
                raise self.error(node, f"a power of this size would have more than {LARGEST_BITS} bits")
        elif exponent.is_number:
            raise self.error(
                node, "an exponent is rational, or an integer symbol", "write other powers as exp(b*log(a))"
            )
        elif isinstance(base, sp.Number) and _bits(exponent) > 64:
            raise self.error(node, "an exponent of this size is out of reach")
        return base**exponent

    def call(
        self, node: ast.Call, name: str, arguments: list[ast.expr], bound: dict[str, sp.Symbol], depth: int
    ) -> sp.Expr:
        if name in _BINDERS:
            return self.binder(node, name, arguments, bound, depth)
        if name not in _CALLS:
            raise self.error(node, f"{name} is not a function of the expression language")
        head, least, most = _CALLS[name]
        if len(arguments) < least or (most is not None and len(arguments) > most):
            raise self.error(
                node, f"{name} takes {least if least == most else f'{least} or more'} arguments, not {len(arguments)}"
            )
        values = [self.read(argument, bound, depth) for argument in arguments]
        result = head(*values)
        if result.has(sp.zoo, sp.nan, sp.oo, -sp.oo) or (result.is_number and result.is_extended_real is False):
            raise self.error(node, "it is not a real number", "keep arguments inside the domain of the function")
        return result

    def binder(
        self, node: ast.Call, name: str, arguments: list[ast.expr], bound: dict[str, sp.Symbol], depth: int
    ) -> sp.Expr:
        usage = {
            "MaxOver": "MaxOver(f, z, a, b)",
            "IsolatedRoot": "IsolatedRoot(f, z, a, b)",
            "SumOver": "SumOver(f, t, a, b)",
            "IntegralOver": "IntegralOver(f, s, a, b)",
            "BallMax": "BallMax(f, (r_1, r_2), R)",
        }[name]
        if len(arguments) != usage.count(",") + 1 - (name == "BallMax"):
            raise self.error(node, f"{name} has the form {usage}", "write it so")
        body, variables, *parameters = arguments
        names = variables.elts if isinstance(variables, ast.Tuple) else [variables]
        if not all(isinstance(n, ast.Name) for n in names) or (name != "BallMax" and len(names) != 1):
            raise self.error(node, f"{name} binds names, in the form {usage}", "write it so")
        read = [self.read(p, bound, depth) for p in parameters]
        lower = sp.S.Zero if name == "BallMax" else read[0]
        for n in names:
            symbol(n.id)  # type: ignore[attr-defined]
        inner = {n.id: bound_symbol(n.id, lower) for n in names}  # type: ignore[attr-defined]
        content = self.read(body, {**bound, **inner}, depth)
        if name == "BallMax":
            return BallMax(content, tuple(inner.values()), *read)
        return _BINDERS[name](content, *inner.values(), *read)


def _bits(value: sp.Expr) -> int:
    """The size of the numeric factor of ``value``: what a power of it would multiply."""
    factor = value.as_coeff_Mul()[0] if isinstance(value, (sp.Mul, sp.Rational)) else sp.S.One
    return int(factor.p).bit_length() + int(factor.q).bit_length() - 2 + 1 if isinstance(factor, sp.Rational) else 1
