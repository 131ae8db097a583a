"""Writing tapes: references to variables, constants and results, resolved to registers at the end.

Invariant: a constant's float differs from the number it stands for by at most the tape's ``error``, and every
activation's table reaches as far as its argument does on the root box.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction

import numpy as np

from lipsym.domains.float64_rounding import Floats
from lipsym.enclose.batch import SLACK, UNIT, Batch, intervals, points
from lipsym.enclose.tables import Table, table
from lipsym.enclose.tape import Apply, Sum, Tape
from lipsym.enclosure import Enclosure
from lipsym.nets.activation_record import Activation

Ref = tuple[str, int]
"""A variable ``("v", i)``, a constant ``("c", i)`` or a result ``("o", i)``."""

Exact = int | float | Fraction | Enclosure
"""A constant: an exact number, or an enclosure of one."""


class Writer:
    """A tape in the making.

    Args:
        cases: how many sets of constants there are.
    """

    def __init__(self, cases: int = 1) -> None:
        self.names: list[str] = []
        self._cases = cases
        self._constants: dict[tuple[float, ...], int] = {}
        self._error = 0.0
        self._operations: list[tuple[tuple[Ref, ...], ...] | tuple[Ref, Activation]] = []

    def variable(self, name: str) -> Ref:
        """A new variable."""
        self.names.append(name)
        return "v", len(self.names) - 1

    def constant(self, values: Exact | Sequence[Exact]) -> Ref:
        """A constant, the same in all cases or one for each."""
        each = list(values) if isinstance(values, Sequence) else [values] * self._cases
        floats = tuple(self._float(value) for value in each)
        return "c", self._constants.setdefault(floats, len(self._constants))

    def sum(self, terms: Iterable[Sequence[Ref]]) -> Ref:
        """The sum of products of one or two references."""
        kept = tuple(tuple(term) for term in terms)
        if len(kept) == 1 and len(kept[0]) == 1:
            return kept[0][0]
        self._operations.append(kept)
        return "o", len(self._operations) - 1

    def apply(self, activation: Activation, argument: Ref) -> Ref:
        """An activation of a reference."""
        if activation.name == "identity":
            return argument
        self._operations.append((argument, activation))
        return "o", len(self._operations) - 1

    def tape(self, result: Ref, lo: Floats, hi: Floats) -> Tape:
        """The finished tape of ``result``, for variables in the root box."""
        if result != ("o", len(self._operations) - 1):
            # The last operation is the function: an empty factor is no term, so a reference is doubled by one.
            self._operations.append(((result, self.constant(1)),))
        columns = sorted(self._constants, key=lambda key: self._constants[key])
        constants = np.array(columns, dtype=np.float64).reshape(-1, self._cases).T
        place = {"v": 0, "c": len(self.names), "o": len(self.names) + len(columns)}
        batches: list[Batch] = [intervals(np.array([a]), np.array([b])) for a, b in zip(lo, hi, strict=True)]
        for column in constants.T:
            batches.append(points(np.array([np.abs(column).max()]), self._error))
        operations: list[Sum | Apply] = []
        tables: dict[Table, int] = {}
        for given in self._operations:
            if isinstance(given[1] if len(given) > 1 else None, Activation):
                (kind, index), activation = given  # type: ignore[misc]
                register = place[kind] + index  # type: ignore[index]
                size = batches[register].size * (1 + UNIT) + batches[register].error
                made = table(activation.value, activation.z, activation.smoothness, _ceiling(size * SLACK))  # type: ignore[union-attr]
                operations.append(Apply(register, tables.setdefault(made, len(tables))))
                batches.append(made.ranges(batches[register], range(1))[0])
            else:
                terms = tuple(tuple(place[kind] + index for kind, index in term) for term in given)  # type: ignore[union-attr, misc]
                operations.append(Sum(terms))
                parts = [batches[t[0]] if len(t) == 1 else batches[t[0]] * batches[t[1]] for t in terms]
                batches.append(_wide(parts))
        return Tape(len(self.names), constants, self._error, tuple(operations), tuple(tables))

    def _float(self, value: Exact) -> float:
        exact = value if isinstance(value, Enclosure) else Enclosure(value)
        lo, hi = exact.lower_float(), exact.upper_float()
        middle = lo + (hi - lo) / 2
        if lo != hi:
            self._error = max(self._error, (hi - lo) * SLACK)
        return middle


def _ceiling(size: float) -> float:
    return float(math.ceil(size + 2.0**-20)) if math.isfinite(size) else math.inf


def _wide(parts: list[Batch]) -> Batch:
    """The sum, as wide as its size: cases differ in their constants."""
    result = parts[0]
    for part in parts[1:]:
        result = result + part
    return Batch(np.array([[-result.size], [result.size]]), result.size, result.error)
