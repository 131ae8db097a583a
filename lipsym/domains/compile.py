"""Expressions compiled once into a flat list of instructions, run in any domain.

Invariant: a program computes, instruction by instruction, enclosures of the sub-expressions it was compiled from.
Compiling is iterative and numbers equal instructions once, so it is linear in the expression *graph* and knows no
recursion limit; ``x·x`` is found to be ``x²`` wherever the two factors are the same instruction.

How heads become domain operations: a rational factor ``p/q`` multiplies by ``p`` and divides by ``q`` (both exact),
negative powers divide, a power ``p/q`` takes the ``q``-th root first, ``|x| = max(x, −x, 0)``, and ``Heaviside`` is
the hull of its values, ``[0, 1]`` at an argument that may be 0. ``GeometricSum`` is summed by doubling, inside the
semiring. A symbolic exponent or count must have one exact value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple, TypeVar

import sympy as sp

from lipsym.domains.expressions import (
    FUNCTIONS,
    BallMax,
    Binder,
    EigenvalueBound,
    ExpPhi,
    GeometricSum,
    IntegralOver,
    IsolatedRoot,
    MaxOver,
    SumOver,
)
from lipsym.domains.link import BoundProgram, Linker
from lipsym.domains.record import Domain
from lipsym.errors import ExpressionError, MissingValueError

T = TypeVar("T")

_NAMES = {head: name for name, head in FUNCTIONS.items()}
_BINDERS = {head: head.__name__ for head in (MaxOver, BallMax, IsolatedRoot, SumOver, IntegralOver)}


class Instruction(NamedTuple):
    """One operation on earlier results."""

    operation: str
    operands: tuple[int, ...]
    data: Hashable = None


class Body(NamedTuple):
    """The body of a binder: its program, the bound symbols, and those it takes from outside (the last operands)."""

    program: Program
    bound: tuple[sp.Symbol, ...]
    outer: tuple[sp.Symbol, ...]


@dataclass(frozen=True, slots=True)
class Program:
    """A straight-line program.

    Args:
        instructions: in order; operands are positions in this sequence.
        result: position of the result.
        symbols: the free symbols, in order of first use.

    Example:
        >>> from lipsym.domains.arb import arb_domain
        >>> from lipsym.enclosure import Enclosure
        >>> x, d = sp.Symbol("x", nonnegative=True), arb_domain()
        >>> d.ends(Program.compile(x**2 + sp.Rational(1, 4)).run(d, {x: d.enclose(Enclosure(0, "1/2"))}))
        Enclosure(lo=Fraction(1, 4), hi=Fraction(1, 2))
    """

    instructions: tuple[Instruction, ...]
    result: int
    symbols: tuple[sp.Symbol, ...]

    @staticmethod
    def compile(expression: sp.Expr, steps: Sequence[tuple[sp.Symbol, sp.Expr]] = ()) -> Program:
        """Compile ``expression``, which may use the symbols that ``steps`` define, in order.

        Raises:
            ExpressionError: for a head outside the expression language.
        """
        compiler = _Compiler()
        for symbol, definition in steps:
            compiler.defined[symbol] = compiler.compile(definition)
        result = compiler.compile(expression)
        code = tuple(compiler.instructions)
        return Program(code, result, tuple(i.data for i in code if i.operation == "load"))  # type: ignore[misc]

    def run(self, domain: Domain[T], environment: Mapping[sp.Symbol, T]) -> T:
        """The value at ``environment``, which holds every symbol of the program.

        Raises:
            MissingValueError: for symbols without value.
            DomainError: for an operation that has no enclosure at these values.
        """
        with domain.session() as inner:
            return self.bind(inner, environment, ()).value()

    def bind(
        self,
        domain: Domain[T],
        environment: Mapping[sp.Symbol, T],
        variables: Sequence[sp.Symbol],
        base: Domain[Any] | None = None,
    ) -> BoundProgram:
        """The program as a function of ``variables`` alone.

        What does not depend on them is computed here, once; a variable hides an entry of the environment. Where
        ``domain`` is one with slopes, ``base`` is the domain that it is built on.
        """
        missing = [s.name for s in self.symbols if s not in environment and s not in variables]
        if missing:
            raise missing_values(missing)
        link = Linker(domain, base)
        registers: list[Any] = [None] * len(self.instructions)
        varying: set[int] = set()
        for position, (operation, operands, data) in enumerate(self.instructions):
            if data in variables if operation == "load" else not varying.isdisjoint(operands):
                varying.add(position)
            elif operation == "load":
                registers[position] = environment[data]  # type: ignore[index]
            else:
                registers[position] = link(self.instructions[position])(*[registers[i] for i in operands])
        return BoundProgram(self, domain, tuple(variables), registers, sorted(varying), base)


def missing_values(names: Sequence[str]) -> MissingValueError:
    """The error for symbols without value."""
    return MissingValueError(
        f"no value was given for {', '.join(sorted(names))}",
        "an expression has a value only where each of its symbols has one",
        "give one by name, for example values={" + f'"{min(names)}": "3/2"' + "}",
    )


class _Compiler:
    """The state of one compilation: instructions by number, and the number of each node that was met."""

    def __init__(self) -> None:
        self.instructions: list[Instruction] = []
        self.numbers: dict[Instruction, int] = {}
        self.defined: dict[sp.Symbol, int] = {}

    def emit(self, operation: str, *operands: int, data: Hashable = None) -> int:
        instruction = Instruction(operation, operands, data)
        if instruction not in self.numbers:
            self.numbers[instruction] = len(self.instructions)
            self.instructions.append(instruction)
        return self.numbers[instruction]

    def constant(self, value: Fraction | int) -> int:
        return self.emit("constant", data=Fraction(value))

    def compile(self, expression: sp.Expr) -> int:
        """Post-order over the graph; nodes are told apart by identity, as hashing a deep tree would recurse."""
        done: dict[int, int] = {}
        stack: list[tuple[sp.Expr, bool]] = [(expression, False)]
        keep: list[sp.Expr] = []  # ``id`` is only a name while the object lives
        while stack:
            node, ready = stack.pop()
            if id(node) in done:
                continue
            if ready:
                done[id(node)] = self.node(node, lambda child: done[id(child)])
                continue
            keep.append(node)
            stack.append((node, True))
            stack.extend((child, False) for child in _children(node) if id(child) not in done)
        return done[id(expression)]

    def node(self, node: sp.Expr, number: Callable[[sp.Expr], int]) -> int:
        """The instruction for ``node``, whose children have their numbers."""
        if isinstance(node, sp.Symbol):
            return self.defined[node] if node in self.defined else self.emit("load", data=node)
        if isinstance(node, sp.Rational):
            return self.constant(Fraction(int(node.p), int(node.q)))
        if node is sp.pi or node is sp.E:
            return self.emit("constant", data=str(node))
        if isinstance(node, sp.Add):
            return self.fold("add", [number(a) for a in node.args])
        if isinstance(node, sp.Mul):
            return self.product(node, number)
        if isinstance(node, sp.Pow):
            base, exponent = node.args
            if isinstance(exponent, sp.Rational):
                return self.power(number(base), Fraction(int(exponent.p), int(exponent.q)))
            return self.emit("raise", number(base), number(exponent))
        if isinstance(node, (sp.Max, sp.Min)):
            return self.fold("maximum" if isinstance(node, sp.Max) else "minimum", [number(a) for a in node.args])
        if isinstance(node, sp.Abs):
            x = number(node.args[0])
            return self.fold("maximum", [x, self.emit("multiply", self.constant(-1), x), self.constant(0)])
        if isinstance(node, Binder):
            body = Program.compile(node.body)
            outer = tuple(s for s in body.symbols if s not in node.variables)
            loads = [self.defined[s] if s in self.defined else self.emit("load", data=s) for s in outer]
            numbers = [number(p) for p in node.parameters]
            return self.emit(_BINDERS[type(node)], *numbers, *loads, data=Body(body, node.variables, outer))
        if isinstance(node, ExpPhi):
            return self.emit("ExpPhi", number(node.args[1]), data=int(node.args[0]))
        if isinstance(node, EigenvalueBound):
            return self.expanded(node, [number(a) for a in node.args])
        name = "Heaviside" if isinstance(node, sp.Heaviside) else _NAMES.get(type(node), type(node).__name__)
        return self.emit(name, *(number(child) for child in _children(node)))

    def expanded(self, node: EigenvalueBound, numbers: Sequence[int]) -> int:
        """The closed form of ``node``, written over symbols that stand for its arguments' instructions."""
        stand_ins = [sp.Dummy(nonnegative=True) if not a.is_zero else a for a in node.args]
        outer, self.defined = self.defined, {**self.defined, **dict(zip(stand_ins, numbers, strict=True))}
        result = self.compile(node.func(*stand_ins).closed_form())
        self.defined = outer
        return result

    def fold(self, operation: str, numbers: Sequence[int]) -> int:
        total = numbers[0]
        for n in numbers[1:]:
            total = self.emit(operation, total, n)
        return total

    def power(self, base: int, exponent: Fraction) -> int:
        if exponent < 0:
            return self.emit("divide", self.constant(1), self.power(base, -exponent))
        if exponent.denominator != 1:
            base = self.emit("root", base, data=exponent.denominator)
        return base if exponent.numerator == 1 else self.emit("power", base, data=exponent.numerator)

    def product(self, node: sp.Mul, number: Callable[[sp.Expr], int]) -> int:
        coefficient = Fraction(1)
        above: Counter[int] = Counter()
        below: Counter[int] = Counter()
        for factor in node.args:
            if isinstance(factor, sp.Rational):
                coefficient *= Fraction(int(factor.p), int(factor.q))
            elif _is_reciprocal(factor):
                exponent = Fraction(int(factor.args[1].p), int(factor.args[1].q))
                below[self.power(number(factor.args[0]), -exponent)] += 1
            else:
                above[number(factor)] += 1
        # The same instruction twice is one square, which an interval around 0 knows to be non-negative.
        numbers = [self.power(n, Fraction(k)) for n, k in above.items()]
        if coefficient.numerator != 1 or not numbers:
            numbers.insert(0, self.constant(coefficient.numerator))
        divisors = [self.power(n, Fraction(k)) for n, k in below.items()]
        if coefficient.denominator != 1:
            divisors.insert(0, self.constant(coefficient.denominator))
        top = self.fold("multiply", numbers)
        return self.emit("divide", top, self.fold("multiply", divisors)) if divisors else top


def _is_reciprocal(node: sp.Expr) -> bool:
    return isinstance(node, sp.Pow) and isinstance(node.args[1], sp.Rational) and bool(node.args[1] < 0)


def _checkable(symbol: sp.Symbol) -> bool:
    """Whether values are checked against all that SymPy may have used of ``symbol`` when it simplified."""
    checked = {name: True for name in ("nonnegative", "positive", "integer") if getattr(symbol, f"is_{name}")}
    return symbol.assumptions0.items() <= sp.Symbol("x", real=True, **checked).assumptions0.items()


def _children(node: sp.Expr) -> Sequence[sp.Expr]:
    """The sub-expressions that need a number before ``node`` gets one; refuses what is outside the language."""
    if isinstance(node, sp.Rational) or node is sp.pi or node is sp.E:
        return ()
    if isinstance(node, sp.Symbol):
        if not _checkable(node):
            raise _outside(
                node,
                "a symbol stands for a real number, and may be nonnegative, positive or integer",
            )
        return ()
    if isinstance(node, sp.Float):
        raise ExpressionError(
            f"the floating-point number {node} occurs in an expression",
            "a rounded number has no place in a bound",
            f'write it exactly: Rational("{node}") or Rational({node._mpf_ and float(node)!r}) for its binary value',
        )
    if isinstance(node, sp.Mul):
        return [f.args[0] if _is_reciprocal(f) else f for f in node.args if not isinstance(f, sp.Rational)]  # type: ignore[misc]
    if isinstance(node, sp.Pow):
        return node.args[:1] if isinstance(node.args[1], sp.Rational) else node.args  # type: ignore[return-value]
    if isinstance(node, Binder):
        if type(node) not in _BINDERS:
            raise _outside(node, f"{type(node).__name__} is not one of {', '.join(_BINDERS.values())}")
        return node.parameters
    if isinstance(node, sp.Heaviside):
        if not (node.args[1].is_Rational and 0 <= node.args[1] <= 1):
            raise _outside(node, "Heaviside is enclosed at 0 by [0, 1], and its value there lies outside")
        return node.args[:1]  # type: ignore[return-value]
    if isinstance(node, ExpPhi):
        return node.args[1:]  # type: ignore[return-value]
    if isinstance(node, (sp.Add, sp.Max, sp.Min, sp.Abs, GeometricSum, EigenvalueBound)) or type(node) in _NAMES:
        return node.args  # type: ignore[return-value]
    if isinstance(node, sp.Number) or node in (sp.I, sp.zoo):
        raise _outside(node, "only real numbers have an enclosure")
    raise _outside(node, f"{type(node).__name__} is not a head that every domain can evaluate")


def _outside(node: Any, fails: str) -> ExpressionError:
    try:
        text = str(node)
    except RecursionError:
        text = f"a deep {type(node).__name__}"
    return ExpressionError(
        f"the expression contains {text if len(text) < 200 else text[:200] + ' …'}",
        fails,
        f"build it from rationals, symbols, pi, E, +, *, **, Max, Min, Abs, Heaviside, {', '.join(FUNCTIONS)}, "
        "GeometricSum, ExpPhi, EigenvalueBound, SumOver, IntegralOver, MaxOver, BallMax, IsolatedRoot",
    )
