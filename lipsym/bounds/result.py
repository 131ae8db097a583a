"""The three outcomes of a derivation: ``Bound``, ``Unbounded``, ``Unknown``.

Invariant: a ``Bound`` carries everything needed to check it: the steps, each with its rule, and the hypotheses.
LaTeX, JSON and numbers are views of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Never

import sympy as sp

from lipsym.bounds.unfold import unfold
from lipsym.domains import evaluate_program
from lipsym.domains.numeric import lambdify
from lipsym.enclosure import Enclosure
from lipsym.errors import InputError, UndecidedTruthError

Number = int | Fraction | str | Enclosure | sp.Expr


class _Outcome:
    __slots__ = ()

    def __bool__(self) -> Never:
        raise UndecidedTruthError(
            f"a derivation's outcome ({type(self).__name__}) was used as a truth value",
            "an outcome is a Bound, Unbounded or Unknown, and none of the three is 'false'",
            "test for it: isinstance(outcome, lipsym.Bound)",
        )


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a derivation: ``symbol`` stands for ``expr``, by ``rule``.

    Args:
        symbol: the name the later lines use.
        expr: an expression in the values' symbols and in earlier steps' symbols.
        rule: an identifier of ``lipsym.bounds.rules.RULES``.
        text: what the symbol bounds.
    """

    symbol: sp.Symbol
    expr: sp.Expr
    rule: str
    text: str


@dataclass(frozen=True, slots=True)
class Constant:
    """A number known by a certified enclosure (a spectral norm of given weights)."""

    symbol: sp.Symbol
    enclosure: Enclosure
    text: str


@dataclass(frozen=True, slots=True)
class Bound(_Outcome):
    """A proved bound on a constant of a network or of its loss, as a straight-line program with a derivation.

    Args:
        quantity: ``"lipschitz"``, ``"smoothness"`` or ``"hessian_lipschitz"``.
        side: ``"upper"`` or ``"lower"``.
        steps: the derivation, in order.
        result: the bound, in the steps' symbols.
        hypotheses: every assumption, one sentence each.
        norm: the norm in which the quantity is meant.
        constants: certified numbers the steps refer to.
        network, region, inputs, loss: what was asked, as readable text.
    """

    quantity: str
    side: str
    steps: tuple[Step, ...]
    result: sp.Expr
    hypotheses: tuple[str, ...]
    norm: str
    network: str
    region: str
    inputs: str
    loss: str | None = None
    constants: tuple[Constant, ...] = ()

    @property
    def expr(self) -> sp.Expr:
        """The bound as one SymPy expression, every step substituted.

        Shared subexpressions stay shared in memory; for deep networks print the ``steps`` instead, whose size is linear
        in the depth.
        """
        return unfold([(s.symbol, s.expr) for s in self.steps], self.result)

    @property
    def rules(self) -> tuple[str, ...]:
        """Identifiers of the rules used, in order of first use."""
        return tuple(dict.fromkeys(step.rule for step in self.steps))

    @property
    def symbols(self) -> tuple[sp.Symbol, ...]:
        """The symbols that need values, by name."""
        free = set(self.result.free_symbols).union(*(s.expr.free_symbols for s in self.steps))
        inner = {s.symbol for s in self.steps} | {c.symbol for c in self.constants}
        return tuple(sorted(free - inner, key=lambda s: s.name))

    def evaluate(
        self, values: Mapping[str | sp.Symbol, Number] | None = None, domain: str = "arb", precision: int = 53
    ) -> Enclosure:
        """Enclose the bound at numbers.

        Args:
            values: for each of ``symbols`` (by name) an exact number or an ``Enclosure``; other names are ignored, and
                neither steps nor certified constants can be replaced.
            domain: ``"arb"``, ``"mpmath"``, ``"float64"`` or ``"symbolic"``.
            precision: working precision in bits.

        Returns:
            An ``Enclosure`` of the bound; use ``.upper_float()`` of an upper bound.

        Raises:
            MissingValueError: if a symbol has no value.
            InputError: if a name is given twice.
            InexactNumberError: if a value is a bare float.
        """
        given = self._values(values or {}) | {c.symbol.name: c.enclosure for c in self.constants}
        return evaluate_program([(s.symbol, s.expr) for s in self.steps], self.result, given, domain, precision)

    def _values(self, values: Mapping[str | sp.Symbol, Number]) -> dict[str, Any]:
        """The values by name, of this bound's symbols alone."""
        wanted = {s.name for s in self.symbols}
        named: dict[str, Any] = {}
        for key, value in values.items():
            name = key if isinstance(key, str) else key.name
            if name in named:
                raise InputError(
                    f"two values were given for {name}",
                    "symbols are matched by name, so each name has one value",
                    "give one of them",
                )
            if name in wanted:
                named[name] = value
        return named

    def lambdify(self) -> Callable[..., Any]:
        """A vectorised NumPy function of ``symbols`` (keyword arguments), for plots: rounded, hence not a bound."""
        constants = [(c.symbol, sp.Rational(Fraction(c.enclosure.hi))) for c in self.constants]
        steps = constants + [(s.symbol, s.expr) for s in self.steps]
        return lambdify(steps, self.result, self.symbols)

    def to_latex(self) -> str:
        """The bound in LaTeX: one formula if it is short, else the derivation as an ``align*`` environment."""
        from lipsym.bounds.latex import latex

        return latex(self)

    def _repr_latex_(self) -> str:
        return self.to_latex()

    def __str__(self) -> str:
        relation = {"upper": "≤", "lower": "≥"}[self.side]
        lines = [f"  {s.symbol} = {s.expr}" for s in self.steps]
        where = ["with", *lines] if lines else []
        return "\n".join([f"{self.quantity} {relation} {self.result}", *where, *(f"if {h}" for h in self.hypotheses)])


@dataclass(frozen=True, slots=True)
class Unbounded(_Outcome):
    """The quantity is infinite, with the reason and a family of parameters that shows it."""

    quantity: str
    reason: str
    witness: str
    rule: str


@dataclass(frozen=True, slots=True)
class Unknown(_Outcome):
    """No proved rule covers the case: the reason names what is missing."""

    quantity: str
    reason: str
