"""Programs joined to a domain: instructions become callables, and programs become functions of their variables.

Invariant: each callable encloses the operation it stands for, at every value within its operands. What a domain's
record does not hold is composed here from what it does: symbolic exponents, sums, and the searches behind the binders.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any

import sympy as sp

from lipsym.domains import elementary, integral, search, search_ball
from lipsym.domains.record import Domain
from lipsym.domains.slopes import no_slope, with_slopes
from lipsym.enclosure import Enclosure
from lipsym.errors import DomainError

if TYPE_CHECKING:
    from lipsym.domains.compile import Body, Instruction, Program

LARGEST_EXACT_POWER = 1 << 40
"""Exponents and counts beyond this are refused: they are mistakes, and squaring would run for minutes."""

LONGEST_SUM = 1 << 20
"""Terms beyond which a ``SumOver`` is refused."""

MOST_PLACES = 6
"""Intervals of maximisers that are differentiated one by one; more are joined into one."""

SEARCHES = frozenset({"MaxOver", "BallMax", "IsolatedRoot", "SumOver", "IntegralOver"})
"""The operations that evaluate a body many times."""


class BoundProgram:
    """A program with all registers filled that do not depend on its variables: the function a search evaluates."""

    def __init__(
        self,
        program: Program,
        domain: Domain[Any],
        variables: tuple[sp.Symbol, ...],
        registers: list[Any],
        varying: list[int],
        base: Domain[Any] | None = None,
    ) -> None:
        self._program, self._domain, self._variables = program, domain, variables
        self._registers, self._varying = registers, varying
        self.value: Callable[..., Any] = self._link(domain, registers, base)
        self._slopes: Callable[..., Any] | None = None

    def slopes(self, *arguments: Any) -> Any:
        """The value with slopes with respect to the variables (see ``slopes``)."""
        if self._slopes is None:
            registers = [(register, None) for register in self._registers]
            self._slopes = self._link(with_slopes(self._domain), registers, self._domain)
        return self._slopes(*arguments)

    @property
    def packed(self) -> bool:
        """Whether the varying instructions act on arrays entry by entry, so that arguments may be arrays."""
        code = self._program.instructions
        whole = {"Heaviside", "raise", "GeometricSum", "ExpPhi", *SEARCHES}
        return all(code[i].operation not in whole for i in self._varying)

    def _link(self, domain: Domain[Any], registers: list[Any], base: Domain[Any] | None) -> Callable[..., Any]:
        """The varying instructions as one loop over callables; on the second place −1 marks one operand, −2 many."""
        link, code = Linker(domain, base), []
        slots: dict[Hashable, int] = {}
        for position in self._varying:
            operation, operands, data = self._program.instructions[position]
            if operation == "load":
                slots[data] = position
                continue
            function = link(self._program.instructions[position])
            if len(operands) == 1:
                code.append((position, function, operands[0], -1, ()))
            elif len(operands) == 2:
                code.append((position, function, *operands, ()))
            else:
                code.append((position, function, 0, -2, operands))
        places = [slots.get(variable) for variable in self._variables]
        result = self._program.result

        def function_of_variables(*values: Any) -> Any:
            for place, value in zip(places, values, strict=True):
                if place is not None:
                    registers[place] = value
            for position, function, first, second, many in code:
                if second >= 0:
                    registers[position] = function(registers[first], registers[second])
                elif second == -1:
                    registers[position] = function(registers[first])
                else:
                    registers[position] = function(*[registers[i] for i in many])
            return registers[result]

        return function_of_variables


class Linker:
    """From instructions to the callables of one domain."""

    def __init__(self, domain: Domain[Any], base: Domain[Any] | None = None) -> None:
        self.domain = domain
        self.base = base

    def __call__(self, instruction: Instruction) -> Callable[..., Any]:
        operation, data, d = instruction.operation, instruction.data, self.domain
        if operation in ("add", "multiply", "divide", "maximum", "minimum"):
            return getattr(d, operation)
        if operation in ("power", "root"):
            function = getattr(d, operation)
            return lambda x: function(x, data)
        if operation == "constant":
            bits = d.precision + 40
            value = {"pi": elementary.pi, "E": elementary.e}[data](bits) if isinstance(data, str) else Enclosure(data)  # type: ignore[arg-type]
            return lambda: d.enclose(value)
        if operation == "ExpPhi":
            return partial(self.phi, data)  # type: ignore[arg-type]
        if operation in SEARCHES:
            return partial(self.binder, operation, data)  # type: ignore[arg-type]
        if operation in ("Heaviside", "raise", "GeometricSum"):
            return {"Heaviside": self.heaviside, "raise": self.raised, "GeometricSum": self.geometric_sum}[operation]
        return d.functions[operation]

    def heaviside(self, x: Any) -> Any:
        if "Heaviside" in self.domain.functions:
            return self.domain.functions["Heaviside"](x)
        ends = self.domain.ends(x)
        return self.domain.enclose(Enclosure(1 if ends.lo > 0 else 0, 0 if ends.hi < 0 else 1))

    def exact(self, x: Any, what: str) -> Fraction:
        ends = self.domain.ends(x)
        if ends.lo != ends.hi or math.isinf(ends.lo) or abs(ends.lo) > LARGEST_EXACT_POWER:
            raise DomainError(
                f"{what} has the value {ends}",
                f"{what} must be one exact number of at most {LARGEST_EXACT_POWER}",
                "give the symbols in it integer values, not enclosures",
            )
        return Fraction(ends.lo)

    def raised(self, x: Any, exponent: Any) -> Any:
        n, d = self.exact(exponent, "a symbolic exponent"), self.domain
        value = d.root(x, n.denominator) if n.denominator != 1 else x
        value = d.power(value, abs(n.numerator))
        return d.divide(d.enclose(Enclosure(1)), value) if n < 0 else value

    def phi(self, order: int, z: Any) -> Any:
        """``φ_k`` and, in a domain with slopes, its derivative ``φ_k − k φ_{k+1}``."""
        if self.base is None:
            return integral.phi(self.domain, order, z)
        value, slopes = z
        if slopes is None:
            return integral.phi(self.base, order, value), None
        factor = integral.phi_slope(self.base, order, value)
        return integral.phi(self.base, order, value), tuple(self.base.multiply(factor, s) for s in slopes)

    def geometric_sum(self, ratio: Any, count: Any) -> Any:
        """Doubling: with ``P_k = ρ^k``, ``S_2k = S_k + P_k S_k`` and ``S_{k+1} = 1 + ρ S_k``."""
        n, d = self.exact(count, "the number of terms of a GeometricSum"), self.domain
        if n.denominator != 1 or n < 0:
            raise DomainError(
                f"a GeometricSum of {n} terms was met",
                "a sum has a non-negative whole number of terms",
                "give the symbols in its second argument integer values",
            )
        one = d.enclose(Enclosure(1))
        total, power = d.enclose(Enclosure(0)), one
        for bit in bin(int(n))[2:]:
            total, power = d.add(total, d.multiply(power, total)), d.power(power, 2)
            if bit == "1":
                total, power = d.add(one, d.multiply(ratio, total)), d.multiply(ratio, power)
        return total

    def sum(self, body: Body, lower: Any, upper: Any, *outer: Any) -> Any:
        """Term by term; the domain may be one with slopes."""
        first, last = (self.exact(end, "an end of a SumOver") for end in (lower, upper))
        if first.denominator != 1 or last.denominator != 1 or last - first > LONGEST_SUM:
            raise DomainError(
                f"a SumOver from {first} to {last} was met",
                f"the ends of a sum are whole numbers, and it has at most {LONGEST_SUM} terms",
                "give the symbols in its ends integer values",
            )
        d = self.domain
        function = body.program.bind(d, dict(zip(body.outer, outer, strict=True)), body.bound, self.base)
        total = d.enclose(Enclosure(0))
        for t in range(int(first), int(last) + 1):
            total = d.add(total, function.value(d.enclose(Enclosure(t))))
        return total

    def binder(self, operation: str, body: Body, *operands: Any) -> Any:
        if operation == "SumOver":
            return self.sum(body, *operands)
        if self.base is not None:
            return self.binder_with_slopes(self.base, operation, body, *operands)
        d = self.domain
        split = len(operands) - len(body.outer)
        function = body.program.bind(d, dict(zip(body.outer, operands[split:], strict=True)), body.bound)
        parameters = [d.ends(p) for p in operands[:split]]
        if operation == "BallMax":
            return d.enclose(search_ball.maximum_on_ball(d, function, len(body.bound), parameters[0]))
        lower, upper = parameters
        if operation == "IntegralOver":
            ends = [self.exact(d.enclose(end), "an end of an IntegralOver") for end in parameters]
            return d.enclose(integral.integral(d, function, ends[0], ends[1]))
        search_between = search.maximum_on_interval if operation == "MaxOver" else search.isolated_root
        return d.enclose(search_between(d, function, lower, upper))

    def binder_with_slopes(self, base: Domain[Any], operation: str, body: Body, *operands: Any) -> Any:
        """A nested ``MaxOver`` over a fixed range.

        By Danskin's theorem, in Clarke's form, the derivative of ``max_z f(z, r)`` lies in the hull of ``∂f/∂r``
        at ``(z, r)`` over the ``z`` that attain the maximum, all of which lie in the places that the search leaves.
        """
        split = len(operands) - len(body.outer)
        if operation != "MaxOver" or any(slopes is not None for _, slopes in operands[:split]):
            raise no_slope(f"a nested {operation}")
        outer = dict(zip(body.outer, operands[split:], strict=True))
        function = body.program.bind(base, {s: value for s, (value, _) in outer.items()}, body.bound)
        lower, upper = (base.ends(p) for p, _ in operands[:split])
        found, places = search.maximum_and_places(base, function, lower, upper)
        if len(places) > MOST_PLACES:
            places = [Enclosure(min(p.lo for p in places), max(p.hi for p in places))]
        lifted = body.program.bind(self.domain, outer, body.bound, base)
        slopes = [lifted.value((base.enclose(place), None))[1] for place in places]
        count = max(len(s or ()) for s in slopes)
        if count == 0:
            return base.enclose(found), None
        # Where the value at one place does not depend on the variables, its slopes are 0, and belong to the hull.
        still = (base.enclose(Enclosure(0)),) * count
        hulls = []
        for entries in zip(*(s or still for s in slopes), strict=True):
            ends = [base.ends(entry) for entry in entries]
            hulls.append(base.enclose(Enclosure(min(e.lo for e in ends), max(e.hi for e in ends))))
        return base.enclose(found), tuple(hulls)
