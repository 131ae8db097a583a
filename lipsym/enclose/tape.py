"""A scalar function as a straight-line program, differentiated over batches of boxes.

Invariant: the batches that leave a ``Sweep`` contain the values, the gradient, and the Taylor coefficients of the
gradient along a direction, for every point of each box and every direction in the direction's batches.

One algorithm serves all orders: reverse differentiation carried out on polynomials in ``t`` modulo ``t^{k+1}`` along
``v + tu``. Coefficient ``k`` of the gradient of ``f`` is ``D^{k+1}f[u, …, u, ·]/k!``: coefficient 0 is the gradient, 1
is the Hessian times ``u``, and 2 is half the gradient of ``v ↦ D²f(v)[u, u]``. ``None`` stands for a coefficient that
is zero for structural reasons and costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lipsym.enclose.batch import Batch, points
from lipsym.enclose.tables import Table

Term = tuple[int, ...]
"""One or two registers, which are multiplied."""

Coefficients = list[Batch | None]
"""Polynomials in ``t``, lowest coefficient first."""

ONE = points(np.ones(1))


@dataclass(frozen=True, slots=True)
class Sum:
    """The sum of the products of registers."""

    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Apply:
    """An activation of a register: the activation's place in ``Tape.tables``."""

    register: int
    table: int


@dataclass(frozen=True, slots=True, eq=False)
class Tape:
    """A scalar function of variables and constants.

    Args:
        variables: how many variables there are: the first registers.
        constants: values of the constants, the next registers, of shape (cases, number of constants); the cases differ
            in them alone.
        error: a bound on the distance of each constant from the real number that it stands for.
        operations: in order; the result of operation ``i`` is register ``variables + number of constants + i``, and the
            last one is the function.
        tables: the activations.
    """

    variables: int
    constants: np.ndarray
    error: float
    operations: tuple[Sum | Apply, ...]
    tables: tuple[Table, ...]

    @property
    def first(self) -> int:
        """The register of the first operation."""
        return self.variables + self.constants.shape[1]

    def leaves(self, variables: Sequence[Batch], case: np.ndarray) -> list[Batch]:
        """Variables and constants as registers; ``case`` of shape (n,) says which constants each box has."""
        if len(self.constants) == 1:
            return [*variables, *(points(value, self.error) for value in self.constants[0])]
        return [*variables, *(points(column[case], self.error) for column in self.constants.T)]


class Sweep:
    """Values and first derivatives of a tape on a batch; ``along`` adds derivatives in a direction.

    Args:
        tape: the function.
        leaves: ``tape.leaves(...)``.
        degree: the highest coefficient that ``along`` will be asked for.
    """

    __slots__ = ("_adjoints", "_derivatives", "_tape", "_values")

    def __init__(self, tape: Tape, leaves: Sequence[Batch], degree: int = 0) -> None:
        self._tape = tape
        values: Coefficients = list(leaves)
        self._derivatives: dict[int, list[Batch]] = {}
        for register, operation in enumerate(tape.operations, tape.first):
            if isinstance(operation, Apply):
                z = values[operation.register]
                if z is None:
                    raise TypeError("an activation of a structural zero")
                value, *self._derivatives[register] = tape.tables[operation.table].ranges(z, range(degree + 2))
                values.append(value)
            else:
                values.append(_total(_convolve([[values[i]] for i in term], 0) for term in operation.terms))
        self._values = values
        self._adjoints = _reverse(tape, [values], [{r: d[0] for r, d in self._derivatives.items()}], [])

    @property
    def value(self) -> Batch | None:
        """The function's values."""
        return self._values[-1]

    @property
    def gradient(self) -> Coefficients:
        """The derivatives with respect to the variables."""
        return self._adjoints[: self._tape.variables]

    def along(self, direction: Sequence[Batch | None], degree: int = 1) -> list[Coefficients]:
        """Coefficients 1 to ``degree`` (at most 2) of the gradient along ``v + tu``, a list over the variables each.

        Args:
            direction: ``u``, an entry for each variable.
            degree: the last coefficient.
        """
        tape = self._tape
        values, adjoints = [self._values], [self._adjoints]
        slopes: list[dict[int, Batch | None]] = [{r: d[0] for r, d in self._derivatives.items()}]
        for k in range(1, degree + 1):
            start = list(direction) if k == 1 else [None] * tape.variables
            values.append([*start, *[None] * (tape.first - tape.variables)])
            slopes.append({})
            for register, operation in enumerate(tape.operations, tape.first):
                if isinstance(operation, Apply):
                    d, z = self._derivatives[register], [v[operation.register] for v in values[1:]]
                    values[k].append(_composed(d[0:], z, k))
                    slopes[k][register] = _composed(d[1:], z, k)
                else:
                    values[k].append(
                        _total(_convolve([[v[i] for v in values] for i in term], k) for term in operation.terms)
                    )
            adjoints.append(_reverse(tape, values, slopes, adjoints))
        return [row[: tape.variables] for row in adjoints[1:]]


def _reverse(
    tape: Tape,
    values: Sequence[Coefficients],
    slopes: Sequence[dict[int, Any]],
    lower: Sequence[Coefficients],
) -> Coefficients:
    """The next coefficient of the derivative of the function with respect to every register."""
    k = len(lower)
    parts: list[list[Batch | None]] = [[] for _ in values[0]]
    parts[-1] = [ONE] if k == 0 else []
    current: Coefficients = [None] * len(parts)
    for register in range(len(parts) - 1, tape.first - 1, -1):
        current[register] = _total(parts[register])
        back = [*(row[register] for row in lower), current[register]]
        operation = tape.operations[register - tape.first]
        if isinstance(operation, Apply):
            parts[operation.register].append(_convolve([back, [row[register] for row in slopes]], k))
            continue
        for term in operation.terms:
            for place, target in enumerate(term):
                if tape.variables <= target < tape.first:
                    continue  # a constant
                others = [[row[i] for row in values] for i in term[:place] + term[place + 1 :]]
                parts[target].append(_convolve([back, *others], k))
    for register in range(tape.variables):
        current[register] = _total(parts[register])
    return current


def _convolve(factors: Sequence[Sequence[Batch | None]], k: int) -> Batch | None:
    """Coefficient ``k`` of the product of one or two polynomials."""
    if len(factors) == 1:
        return factors[0][k]
    x, y = factors
    return _total(_times(x[a], y[k - a]) for a in range(k + 1))


def _composed(derivatives: Sequence[Batch], z: Sequence[Batch | None], k: int) -> Batch | None:
    """Coefficient ``k``, 1 or 2, of ``g(z(t))``, from ``g', g''`` at ``z(0)`` and the coefficients 1, 2 of ``z``."""
    first = _times(derivatives[0], z[k - 1])
    if k == 1 or z[0] is None:
        return first
    return _total([first, derivatives[1] * z[0].squared().scaled(0.5)])


def _times(x: Batch | None, y: Batch | None) -> Batch | None:
    if x is None or y is None:
        return None
    if x is y:  # one number, not two of the same size
        return x.squared()
    return y if x is ONE else x if y is ONE else x * y


def _total(terms: Iterable[Batch | None]) -> Batch | None:
    result = None
    for term in terms:
        if term is not None:
            result = term if result is None else result + term
    return result
