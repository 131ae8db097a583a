"""The builder of a derivation.

Invariant: symbols are defined once, before use, and neither they nor bound variables share a name with a symbol of the
user's or with each other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import sympy as sp

from lipsym.bounds.result import Constant, Step
from lipsym.bounds.rules import RULES
from lipsym.enclosure import Enclosure


@dataclass(slots=True)
class Derivation:
    """Steps and constants collected while a rule runs.

    Args:
        reserved: names the steps must avoid (the user's symbols).
    """

    reserved: set[str]
    steps: list[Step] = field(default_factory=list)
    constants: list[Constant] = field(default_factory=list)
    bound_names: dict[str, str] = field(default_factory=dict)

    def define(self, name: str, expr: sp.Expr, rule: str, text: str, always: bool = False) -> sp.Expr:
        """A new symbol for ``expr``; a number or a symbol stays as it is, unless it is ``always`` a step of its own."""
        if expr.is_Atom and not always:
            return expr
        symbol = sp.Symbol(self._fresh(name), nonnegative=True)
        self.steps.append(Step(symbol, expr, RULES[rule].id, text))
        return symbol

    def constant(self, name: str, enclosure: Enclosure, text: str) -> sp.Symbol:
        """A symbol for a certified number."""
        symbol = sp.Symbol(self._fresh(name), nonnegative=True)
        self.constants.append(Constant(symbol, enclosure, text))
        return symbol

    def bound_name(self, name: str) -> str:
        """A name for a variable that a maximum or a sum binds: the same at each call, and no other symbol's."""
        if name not in self.bound_names:
            self.bound_names[name] = self._fresh(name)
        return self.bound_names[name]

    def needed(self, result: sp.Expr) -> tuple[Step, ...]:
        """The steps that ``result`` depends on, in order."""
        wanted = set(result.free_symbols)
        kept = []
        for step in reversed(self.steps):
            if step.symbol in wanted:
                wanted |= step.expr.free_symbols
                kept.append(step)
        return tuple(reversed(kept))

    def _fresh(self, name: str) -> str:
        while name in self.reserved:
            name += "_"
        self.reserved.add(name)
        return name


def names(expressions: Iterable[sp.Expr]) -> set[str]:
    """Names of all free symbols."""
    return {s.name for e in expressions for s in e.free_symbols}  # type: ignore[attr-defined]
