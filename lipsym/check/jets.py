"""Derivatives of a network by plain forward differentiation, in any domain.

Invariant: the results enclose the derivatives with respect to *all* parameters at every point of the given intervals.
Nothing is clever here: products, sums and the chain rule, entry by entry; exact zeros are ``None`` and cost nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any

import sympy as sp

from lipsym.check.document import number, refuse
from lipsym.check.model import Affine, Model, Z
from lipsym.domains.compile import Program
from lipsym.domains.record import Domain
from lipsym.enclosure import Enclosure

Interval = Any
"""A value of the domain, or ``None`` for an exact 0."""

Jet = tuple[Interval, dict[int, Interval], dict[tuple[int, int], Interval]]
"""Value, gradient and upper triangle of the Hessian; what is missing is 0."""


class Calculus:
    """A network in a domain, with the programs of its activations bound once."""

    def __init__(self, model: Model, domain: Domain[Any]) -> None:
        self.model, self.domain = model, domain
        self.zero, self.two = (domain.enclose(Enclosure(n)) for n in (0, 2))
        self.sigmas: list[list[Callable[..., Any]]] = [
            [] if isinstance(layer, Affine) else [p.bind(domain, {}, (Z,)).value for p in layer.programs]
            for layer in model.layers
        ]

    def add(self, x: Interval, y: Interval) -> Interval:
        return y if x is None else x if y is None else self.domain.add(x, y)

    def multiply(self, x: Interval, y: Interval) -> Interval:
        return None if x is None or y is None else self.domain.multiply(x, y)

    def square(self, x: Interval) -> Interval:
        return None if x is None else self.domain.power(x, 2)

    def total(self, items: Any) -> Interval:
        result = None
        for item in items:
            result = self.add(result, item)
        return result

    def outputs(self, theta: Sequence[Interval], x: Sequence[Interval], order: int) -> list[Jet]:
        """The jet of each output of the network over a box of parameters and inputs; ``order`` is 1 or 2."""
        state: list[Jet] = [(v, {}, {}) for v in x]
        for layer, sigma in zip(self.model.layers, self.sigmas, strict=True):
            if isinstance(layer, Affine):
                state = [self._affine(layer, i, theta, state, order) for i in range(layer.outputs)]
            else:
                state = [self._compose([f(self._at(u)) for f in sigma], u, order) for u in state]
        return state

    def _at(self, jet: Jet) -> Any:
        return self.zero if jet[0] is None else jet[0]

    def _affine(self, layer: Affine, i: int, theta: Sequence[Interval], state: list[Jet], order: int) -> Jet:
        value: Interval = None
        gradient: dict[int, Interval] = {}
        hessian: dict[tuple[int, int], Interval] = {}
        for j, (u, slopes, curves) in enumerate(state):
            k = layer.start + i * layer.inputs + j
            a = theta[k]
            value = self.add(value, self.multiply(a, u))
            _put(self, gradient, k, u)
            for p, g in slopes.items():
                _put(self, gradient, p, self.multiply(a, g))
                if order == 2:
                    _put(self, hessian, (min(p, k), max(p, k)), self.multiply(self.two, g) if p == k else g)
            for place, h in curves.items():
                _put(self, hessian, place, self.multiply(a, h))
        if layer.bias:
            k = layer.start + layer.outputs * layer.inputs + i
            value = self.add(value, theta[k])
            _put(self, gradient, k, self.domain.enclose(Enclosure(1)))
        return value, gradient, hessian

    def _compose(self, sigma: Sequence[Any], jet: Jet, order: int) -> Jet:
        _, slopes, curves = jet
        gradient = {p: self.multiply(sigma[1], g) for p, g in slopes.items()}
        hessian = {place: self.multiply(sigma[1], h) for place, h in curves.items()}
        if order == 2:
            for (p, g), (q, f) in ((a, b) for a in slopes.items() for b in slopes.items() if a[0] <= b[0]):
                _put(self, hessian, (p, q), self.multiply(sigma[2], self.square(g) if p == q else self.multiply(g, f)))
        return sigma[0], gradient, hessian

    def series(self, theta: Sequence[Fraction], u: Sequence[Fraction], x: Sequence[Fraction], order: int) -> list[Any]:
        """Taylor coefficients 0 to ``order`` of ``t ↦ N_{θ+tu}(x)`` for each output: lists of intervals."""
        point, step, start = ([self._exact(v) for v in vector] for vector in (theta, u, x))
        state = [[v] + [None] * order for v in start]
        for layer, sigma in zip(self.model.layers, self.sigmas, strict=True):
            if not isinstance(layer, Affine):
                state = [self._along([f(self._at((s[0], {}, {}))) for f in sigma], s) for s in state]
                continue
            new = []
            for i in range(layer.outputs):
                row = range(layer.start + i * layer.inputs, layer.start + (i + 1) * layer.inputs)
                coefficients = [
                    self.total(
                        self.add(self.multiply(point[k], s[n]), self.multiply(step[k], s[n - 1]) if n else None)
                        for k, s in zip(row, state, strict=True)
                    )
                    for n in range(order + 1)
                ]
                if layer.bias:
                    k = layer.start + layer.outputs * layer.inputs + i
                    coefficients[0] = self.add(coefficients[0], point[k])
                    coefficients[1] = self.add(coefficients[1], step[k])
                new.append(coefficients)
            state = new
        return state

    def _along(self, sigma: Sequence[Any], s: list[Interval]) -> list[Interval]:
        """Faà di Bruno's formula for the coefficients of ``σ(s_0 + s_1 t + s_2 t² + s_3 t³)``."""
        m, result = self.multiply, [sigma[0]]
        if len(s) > 1:
            result.append(m(sigma[1], s[1]))
        if len(s) > 2:
            result.append(self.add(m(sigma[1], s[2]), self._divide(m(sigma[2], self.square(s[1])), 2)))
        if len(s) > 3:
            cubic = self._divide(m(sigma[3], m(self.square(s[1]), s[1])), 6)
            result.append(self.total([m(sigma[1], s[3]), m(sigma[2], m(s[1], s[2])), cubic]))
        return result

    def _divide(self, x: Interval, n: int) -> Interval:
        return None if x is None else self.domain.divide(x, self.domain.enclose(Enclosure(n)))

    def _exact(self, v: Fraction) -> Interval:
        return None if v == 0 else self.domain.enclose(Enclosure(v))

    def form(
        self, theta: Sequence[Fraction], u: Sequence[Fraction], x: Sequence[Fraction] | None, order: int
    ) -> Enclosure:
        """``‖D^kF[u, …, u]‖/‖u‖^k``, ``k`` the order, of the network at ``x`` or of its loss averaged over the data."""
        d, length = self.domain, sum(v * v for v in u)
        if length == 0:
            raise refuse("a direction that is 0", "a derivative is taken along a direction that is not 0")
        if x is not None:
            top = self.total(self.square(s[order]) for s in self.series(theta, u, x, order))
        else:
            top = self.square(self._loss_coefficient(theta, u, order))
        squared = d.divide(self.zero if top is None else top, d.enclose(Enclosure(length**order)))
        return d.ends(d.multiply(d.enclose(Enclosure(math.factorial(order))), d.root(squared, 2)))

    def _loss_coefficient(self, theta: Sequence[Fraction], u: Sequence[Fraction], order: int) -> Interval:
        """The coefficient of ``t^order`` of ``Φ(θ + tu)``, with weight decay."""
        model, d, mean = self.model, self.domain, None
        name, decay = model.loss or ("", sp.S.Zero)
        for x, label in zip(model.points, model.labels, strict=True):
            series = self.series(theta, u, x, order)
            program, symbols = _loss_program(name, len(series), str(label), order)
            flat = zip(symbols, (c for cs in series for c in cs), strict=True)
            mean = self.add(mean, program.run(d, {s: self.zero if c is None else c for s, c in flat}))
        mean = self._divide(mean, len(model.points))
        if order > 2 or decay == 0:
            return mean
        other = theta if order == 1 else [v / 2 for v in u]
        moved = sum((a * b for a, b in zip(other, u, strict=True)), Fraction(0))
        return self.add(mean, self._exact(Fraction(int(decay.p), int(decay.q)) * moved))


def _put(calculus: Calculus, entries: dict[Any, Interval], place: Any, term: Interval) -> None:
    if term is not None:
        entries[place] = calculus.add(entries.get(place), term)


@lru_cache(maxsize=64)
def _loss_program(name: str, width: int, label: str, order: int) -> tuple[Program, list[sp.Symbol]]:
    """The coefficient of ``t^order`` of the loss of one sample, as a program of the outputs' coefficients."""
    t = sp.Symbol("t", real=True)
    symbols = [[sp.Symbol(f"u_{c}_{k}", real=True) for k in range(order + 1)] for c in range(width)]
    u = [sum(s * t**k for k, s in enumerate(row)) for row in symbols]
    y = [number(part, "a label") for part in label.split(",")]
    if name == "mse" and len(y) == width:
        g = sum((a - sp.Rational(b.numerator, b.denominator)) ** 2 for a, b in zip(u, y, strict=True)) / 2
    elif name == "cross_entropy" and len(y) == 1 and y[0] in range(width):
        g = sp.log(sum(sp.exp(a) for a in u)) - u[int(y[0])]
    elif name == "logistic" and width == 1 and y in ([1], [-1]):
        g = sp.log(1 + sp.exp(-int(y[0]) * u[0]))
    else:
        raise refuse(f"the loss {name!r:.80} with the label {label!r:.80}", "no formula is known here for it")
    coefficient = sp.diff(g, t, order).subs(t, 0) / math.factorial(order)
    return Program.compile(coefficient), [s for row in symbols for s in row]
