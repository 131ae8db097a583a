"""Vector fields of controlled ODEs in ball arithmetic, and the Taylor coefficients of their flows.

Invariant: with balls that contain the state and its derivatives at one time, the matrices returned contain the Taylor
coefficients in time, at that time, of every solution of ``x' = Σ_i c_i V_i(t, x, θ_i)`` through them, and of its first
and second variations.

Derivatives are taken in ``N`` *variables*. With ``x`` a column of length ``d``, the first variation is the matrix
``U`` of shape (d, N) with ``U' = f_x U + f_θ[S]`` and the second ``W`` of shape (d, N²), its columns the pairs
``(a, b)``, row by row; ``S`` says how the parameters move with the variables (``Seeds``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flint import arb, arb_mat

from lipsym.enclose.flow.recurrences import ActivationSeries, recurrence
from lipsym.enclose.flow.seeds import Seeds
from lipsym.enclose.forward import BallParameters, activation_derivatives
from lipsym.errors import InputError
from lipsym.nets.layers.affine import Affine
from lipsym.nets.layers.elementwise import Elementwise

ZERO = arb(0)


@dataclass(frozen=True, slots=True)
class Term:
    """One summand ``c·V(x, θ)``, or ``c·V((x, t), θ)`` if ``timed``, of the right-hand side.

    Args:
        rate: ``c``, the derivative of the control, or its jump.
        layers: ``V`` as affine and elementwise layers; none for ``V(x) = x``. Layers narrower than the state read its
            first coordinates, and their outputs are filled up with zeros.
        timed: whether time enters as one more input, the last.
    """

    rate: arb
    layers: tuple[Affine | Elementwise, ...]
    timed: bool = False


@dataclass(frozen=True, slots=True)
class Jet:
    """One Taylor coefficient in time: of the state, of the first and of the second variation (if asked for)."""

    value: arb_mat
    first: arb_mat | None = None
    second: arb_mat | None = None

    @classmethod
    def identity(cls, states: arb_mat, count: int, degree: int) -> Jet:
        """The jet of the initial state, with respect to itself and to ``count − d`` other variables."""
        rows = states.nrows()
        first = arb_mat(rows, count)
        for i in range(rows):
            first[i, i] = 1
        return cls(states, first if degree else None, arb_mat(rows, count * count) if degree > 1 else None)

    def __add__(self, other: Jet) -> Jet:
        first, second = self.first, self.second
        return Jet(
            self.value + other.value,
            None if first is None or other.first is None else first + other.first,
            None if second is None or other.second is None else second + other.second,
        )

    def scale(self, factor: arb) -> Jet:
        """All of it times a number."""
        first, second = self.first, self.second
        return Jet(
            self.value * factor,
            None if first is None else first * factor,
            None if second is None else second * factor,
        )


@dataclass(frozen=True, slots=True)
class Field:
    """A right-hand side with the balls of its parameters.

    Args:
        terms: the summands.
        parameters: matrix and bias of each block.
        seeds: how they move with the variables.
    """

    terms: tuple[Term, ...]
    parameters: BallParameters
    seeds: Seeds

    def at(self, parameters: BallParameters) -> Field:
        """The same field with other parameters."""
        return Field(self.terms, parameters, self.seeds)

    def value(self, state: Jet, time: arb) -> Jet:
        """The right-hand side itself, and its derivatives along those of the state."""
        return FieldSeries(self, time, state.second is not None).push(state)

    def taylor(self, state: Jet, order: int, time: arb) -> list[Jet]:
        """The coefficients of order 0 to ``order`` of the solution through the state."""
        series = FieldSeries(self, time, state.second is not None)
        coefficients = [state]
        for k in range(order):
            coefficients.append(series.push(coefficients[-1], k + 1))
        return coefficients


class FieldSeries:
    """The right-hand side along a solution: takes coefficients of the state, gives those of the derivative."""

    def __init__(self, field: Field, time: arb, curved: bool) -> None:
        self._terms = [
            (term, [_series(layer, field, curved) for layer in term.layers], _Clock(time) if term.timed else None)
            for term in field.terms
        ]

    def push(self, state: Jet, divisor: int = 1) -> Jet:
        """The next coefficient of ``Σ c V(x(t))/divisor``, given the next one of ``x``."""
        jets = []
        rows = state.value.nrows()
        for term, layers, clock in self._terms:
            jet = _read(term, state, clock)
            for layer in layers:
                jet = layer.push(jet)
            jets.append(_resized(jet, rows).scale(term.rate / divisor))
        result = jets[0]
        for jet in jets[1:]:
            result = result + jet
        return result


def _read(term: Term, state: Jet, clock: _Clock | None) -> Jet:
    """What the first layer of a term reads."""
    wanted = term.layers[0].inputs if term.layers else state.value.nrows()
    jet = _resized(state, int(wanted) - (clock is not None))
    return jet if clock is None else clock.push(jet)


def _resized(jet: Jet, rows: int) -> Jet:
    """The first rows of a jet, or all of them followed by zeros."""
    have = jet.value.nrows()
    if rows == have:
        return jet

    def part(matrix: arb_mat | None) -> arb_mat | None:
        if matrix is None:
            return None
        kept = min(rows, have) * matrix.ncols()
        entries = matrix.entries()[:kept]
        return arb_mat(rows, matrix.ncols(), entries + [ZERO] * (rows * matrix.ncols() - kept))

    return Jet(part(jet.value), part(jet.first), part(jet.second))  # type: ignore[arg-type]


def _series(layer: Affine | Elementwise, field: Field, curved: bool) -> Any:
    if isinstance(layer, Affine):
        return _AffineSeries(layer.block, *field.parameters[layer.block], field.seeds)
    return _ElementwiseSeries(layer, curved)


class _Clock:
    """Appends time to the state: coefficients ``t, 1, 0, …``, without derivatives."""

    def __init__(self, time: arb) -> None:
        self._coefficients = [time, arb(1)]

    def push(self, state: Jet) -> Jet:
        time = self._coefficients.pop(0) if self._coefficients else ZERO
        parts = (state.first, state.second)
        return Jet(
            arb_mat(state.value.nrows() + 1, 1, [*state.value.entries(), time]),
            *(None if m is None else arb_mat([*m.tolist(), [ZERO] * m.ncols()]) for m in parts),
        )


class _AffineSeries:
    def __init__(self, block: Any, matrix: arb_mat, bias: arb_mat | None, seeds: Seeds) -> None:
        self._block, self._matrix, self._bias, self._seeds = block, matrix, bias, seeds
        self._start = True

    def push(self, jet: Jet) -> Jet:
        a, constant = self._matrix, self._start
        self._start = False
        value = a * jet.value
        if constant and self._bias is not None:
            value += self._bias
        if jet.first is None:
            return Jet(value)
        first = a * jet.first
        moved = self._seeds.source(self._block, jet.value, constant)
        if moved is not None:
            first += moved
        if jet.second is None:
            return Jet(value, first)
        second = a * jet.second
        crossed = self._seeds.cross(self._block, jet.first)
        return Jet(value, first, second if crossed is None else second + crossed)


class _ElementwiseSeries:
    """``y = σ(s)`` with ``y_a = σ'(s) s_a`` and ``y_ab = σ'(s) s_ab + σ''(s) s_a s_b``, as products of series."""

    def __init__(self, layer: Elementwise, curved: bool) -> None:
        rule = recurrence(layer.activation)
        self._neurons = [ActivationSeries(rule, curved) for _ in range(int(layer.width))]
        self._slopes: list[arb_mat] = []
        self._curvatures: list[arb_mat] = []
        self._firsts: list[arb_mat] = []
        self._rows: list[list[list[arb]]] = [[] for _ in self._neurons]
        self._seconds: list[arb_mat] = []
        self._squares: list[arb_mat] = []

    def push(self, jet: Jet) -> Jet:
        for neuron, s in zip(self._neurons, jet.value.entries(), strict=True):
            neuron.push(s)
        value = arb_mat(len(self._neurons), 1, [neuron.y[-1] for neuron in self._neurons])
        if jet.first is None:
            return Jet(value)
        self._slopes.append(_diagonal([neuron.q[-1] for neuron in self._neurons]))
        self._firsts.append(jet.first)
        first = _convolve(self._slopes, self._firsts)
        if jet.second is None:
            return Jet(value, first)
        self._curvatures.append(_diagonal([neuron.r[-1] for neuron in self._neurons]))
        self._seconds.append(jet.second)
        self._squares.append(self._outer(jet.first))
        second = _convolve(self._slopes, self._seconds) + _convolve(self._curvatures, self._squares)
        return Jet(value, first, second)

    def _outer(self, first: arb_mat) -> arb_mat:
        """The newest coefficient of ``s_a s_b``, neuron by neuron: one matrix product over the orders each."""
        n, flat = first.ncols(), []
        for history, row in zip(self._rows, first.tolist(), strict=True):
            history.append(row)
            orders = arb_mat(history)
            flat += (orders.transpose() * arb_mat(history[::-1])).entries()
        return arb_mat(len(self._rows), n * n, flat)


def _diagonal(entries: list[arb]) -> arb_mat:
    matrix = arb_mat(len(entries), len(entries))
    for i, value in enumerate(entries):
        matrix[i, i] = value
    return matrix


def _convolve(a: list[arb_mat], b: list[arb_mat]) -> arb_mat:
    """The newest coefficient of a product of series of matrices."""
    result = a[0] * b[-1]
    for left, right in zip(a[1:], b[-2::-1], strict=True):
        result += left * right
    return result


def jump(field: Field, state: Jet, time: arb, precision: int) -> Jet:
    """``x + Σ c V(x)`` with its derivatives: a jump of the control applied exactly, whatever the activations.

    At a kink the derivative is the hull of the one-sided ones, which is what the mean value theorem needs.
    """
    result = state
    for term in field.terms:
        jet = _read(term, state, _Clock(time) if term.timed else None)
        for layer in term.layers:
            if isinstance(layer, Affine):
                jet = _AffineSeries(layer.block, *field.parameters[layer.block], field.seeds).push(jet)
            else:
                jet = _apply(layer, jet, precision)
        result = result + _resized(jet, state.value.nrows()).scale(term.rate)
    return result


def _apply(layer: Elementwise, jet: Jet, precision: int) -> Jet:
    degree = 0 if jet.first is None else 1 if jet.second is None else 2
    if degree == 2 and not layer.activation.s2.is_finite:
        raise InputError(
            f"second derivatives across a jump with the activation {layer.activation.name!r} were asked for",
            "its slope jumps, so that it has no second derivative",
            "ask for first derivatives, or take a smooth activation",
        )
    value, *rest = activation_derivatives(layer.activation, jet.value, degree, precision)
    if jet.first is None:
        return Jet(value)
    slope = _diagonal(rest[0].entries())
    first = slope * jet.first
    if jet.second is None:
        return Jet(value, first)
    n, rows = jet.first.ncols(), jet.first.tolist()
    outer = arb_mat(len(rows), n * n, [a * b for row in rows for a in row for b in row])
    return Jet(value, first, slope * jet.second + _diagonal(rest[1].entries()) * outer)
