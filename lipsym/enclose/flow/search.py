"""Floating-point derivatives of controlled ODEs, for proposals: many parameter vectors at once.

Invariant: approximate on purpose (Runge–Kutta of order 4 with few steps); nothing from here is reported before a
validated integration has confirmed it at rational points.

As for networks, states are series along ``θ + tu``, and a scalar of the end is differentiated backwards: here through
every stage of every Runge–Kutta step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from lipsym.enclose.flow.field import Term
from lipsym.enclose.flow.solution import pieces_at
from lipsym.enclose.geometry import Geometry
from lipsym.enclose.search import Model, Seed, Series, compose, multiply
from lipsym.nets.layers.affine import Affine
from lipsym.nets.odes import ControlledODE

STEPS = 6
"""Runge–Kutta steps on a piece at least; more where the field is steep."""

MOST_STEPS = 48

Tape = list[tuple[float, Term, list[tuple[Series, list[np.ndarray]]]]]
"""For each term its rate, and what entered each layer with the derivatives of its activation there."""


def flow_gradient_series(
    m: Model, theta: np.ndarray, x: np.ndarray, u: np.ndarray, seed: Seed, degree: int
) -> tuple[Series, Series, Series]:
    """``gradient_series`` for an equation: the same arguments and results."""
    ode: ControlledODE = m.network  # type: ignore[assignment]
    run = _Run(m, theta, u, degree)
    state: Series = [x, *[np.zeros_like(x)] * degree]
    undo: list[Callable[[Series], Series]] = []
    for piece in _pieces(ode):
        if piece.duration:
            count = _steps(theta, piece)
            for k in range(count):
                state, back = run.step(
                    piece.terms, state, piece.start + k * piece.duration / count, piece.duration / count
                )
                undo.append(back)
        else:
            state, back = run.jump(piece.terms, state, piece.start)
            undo.append(back)
    adjoint = seed(state)
    for back in reversed(undo):
        adjoint = back(adjoint)
    return state, run.gradient, adjoint


def flow_starts(
    m: Model, g: Geometry, radius: float, count: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """``count`` parameter vectors inside the region, and initial states of norm ``radius``.

    Matrices of rank one with the initial state orthogonal to what they read (an unstable equilibrium, where the
    derivative grows fastest) or along it, each block with all of its radius or a share, and random points, in turn.
    """
    width = int(m.network.input_width)  # type: ignore[arg-type]
    theta, x = np.empty((count, m.count)), np.empty((count, width))
    for i in range(count):
        across, along = _pair(width, rng)
        kind = i % 4
        x[i] = radius * (across if kind == 0 else along)
        offset = rng.standard_normal(m.count) if kind == 3 else _rank_one(m, along, rng)
        length = float(np.linalg.norm(offset)) or 1.0
        theta[i] = g.centre + offset / length * g.scale * (rng.uniform(0.2, 1.5) if kind > 1 else 1.0)
    return g.project(theta), x


def _rank_one(m: Model, along: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Every block reads ``along``, or what the one before writes, and writes it again where its shape allows."""
    offset, reading = np.zeros(m.count), along
    for place, _, (rows, columns) in m.layout.values():
        reading = np.resize(reading, columns) if len(reading) != columns else reading
        writing = along if rows == len(along) else rng.standard_normal(rows)
        writing = writing / np.linalg.norm(writing)
        offset[place] = np.outer(writing, reading).ravel()
        reading = writing
    return offset


def _pair(width: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Two orthogonal unit vectors, the second with entries of sum 0 now and then; in one dimension the same one."""
    if width == 1:
        return np.ones(1), np.ones(1)
    first = rng.standard_normal(width)
    if rng.random() < 0.5:
        first[:] = 0.0
        first[:2] = (1.0, -1.0) if rng.random() < 0.5 else (1.0, 0.0)
    first /= np.linalg.norm(first)
    other = rng.standard_normal(width)
    other -= (other @ first) * first
    return other / np.linalg.norm(other), first


@dataclass(frozen=True, slots=True)
class _FloatPiece:
    start: float
    duration: float
    terms: tuple[tuple[float, Term], ...]


@lru_cache(maxsize=32)
def _pieces(ode: ControlledODE) -> tuple[_FloatPiece, ...]:
    return tuple(
        _FloatPiece(float(piece.start), float(piece.duration), tuple((float(t.rate.mid()), t) for t in piece.terms))
        for piece in pieces_at(ode, precision=64)
    )


def _steps(theta: np.ndarray, piece: _FloatPiece) -> int:
    """By the size of the parameters, so that a step is short against the fastest time scale."""
    size = np.sqrt((theta * theta).sum(1).max()) * sum(abs(rate) for rate, _ in piece.terms)
    return int(min(MOST_STEPS, max(STEPS, 2 * size * piece.duration)))


class _Run:
    """One evaluation: parameters and their direction, and the gradient as it is collected."""

    def __init__(self, m: Model, theta: np.ndarray, u: np.ndarray, degree: int) -> None:
        self._layout, self._degree = m.layout, degree
        self._weights = {block: (*_transposed(m, theta, block), *_transposed(m, u, block)) for block in m.layout}
        self._functions = {
            layer.activation.name: functions
            for layer, functions in zip(m.network.layers, m.activations, strict=True)
            if not isinstance(layer, Affine)
        }
        self.gradient: Series = [np.zeros_like(theta) for _ in range(degree + 1)]

    def step(
        self, terms: tuple[tuple[float, Term], ...], x: Series, time: float, h: float
    ) -> tuple[Series, Callable[[Series], Series]]:
        """A step of the classical Runge–Kutta method, and its adjoint."""
        k1, t1 = self._field(terms, x, time)
        k2, t2 = self._field(terms, _plus(x, h / 2, k1), time + h / 2)
        k3, t3 = self._field(terms, _plus(x, h / 2, k2), time + h / 2)
        k4, t4 = self._field(terms, _plus(x, h, k3), time + h)
        end = [a + h / 6 * (p + 2 * q + 2 * r + s) for a, p, q, r, s in zip(x, k1, k2, k3, k4, strict=True)]

        def back(adjoint: Series) -> Series:
            g4 = self._pull(t4, [h / 6 * v for v in adjoint])
            g3 = self._pull(t3, [h / 3 * v + h * g for v, g in zip(adjoint, g4, strict=True)])
            g2 = self._pull(t2, [h / 3 * v + h / 2 * g for v, g in zip(adjoint, g3, strict=True)])
            g1 = self._pull(t1, [h / 6 * v + h / 2 * g for v, g in zip(adjoint, g2, strict=True)])
            return [v + a + b + c + d for v, a, b, c, d in zip(adjoint, g1, g2, g3, g4, strict=True)]

        return end, back

    def jump(
        self, terms: tuple[tuple[float, Term], ...], x: Series, time: float
    ) -> tuple[Series, Callable[[Series], Series]]:
        """A jump, and its adjoint."""
        moved, tape = self._field(terms, x, time)

        def back(adjoint: Series) -> Series:
            return _plus(adjoint, 1.0, self._pull(tape, adjoint))

        return _plus(x, 1.0, moved), back

    def _field(self, terms: tuple[tuple[float, Term], ...], x: Series, time: float) -> tuple[Series, Tape]:
        width = x[0].shape[2]
        result, tape = [np.zeros_like(v) for v in x], []
        for rate, term in terms:
            state, inner = self._read(term, x, time), []
            for layer in term.layers:
                if isinstance(layer, Affine):
                    inner.append((state, []))
                    a, b, da, db = self._weights[layer.block]
                    state = [n @ a + (state[k - 1] @ da if k else 0.0) for k, n in enumerate(state)]
                    if b is not None and db is not None:
                        state[0] = state[0] + b
                        if self._degree:
                            state[1] = state[1] + db
                else:
                    slopes = [f(state[0]) for f in self._functions[layer.activation.name][: self._degree + 2]]
                    inner.append((state, slopes))
                    state = compose(slopes[: self._degree + 1], state)
            result = [r + rate * _wide(s, width) for r, s in zip(result, state, strict=True)]
            tape.append((rate, term, inner))
        return result, tape

    def _read(self, term: Term, x: Series, time: float) -> Series:
        if not term.layers:
            return x
        width = int(term.layers[0].inputs) - term.timed
        state = [_wide(v, width) for v in x]
        if term.timed:
            clock = np.full((*x[0].shape[:2], 1), time)
            state = [np.concatenate([v, clock if k == 0 else 0 * clock], axis=2) for k, v in enumerate(state)]
        return state

    def _pull(self, tape: Tape, adjoint: Series) -> Series:
        """The adjoint of one evaluation of the field; what belongs to the parameters is collected."""
        width = adjoint[0].shape[2]
        total = [np.zeros_like(v) for v in adjoint]
        for rate, term, inner in tape:
            narrow = int(term.layers[-1].outputs) if term.layers else width
            back = [rate * _wide(v, narrow) for v in adjoint]
            for layer, (state, slopes) in zip(reversed(term.layers), reversed(inner), strict=True):
                if isinstance(layer, Affine):
                    place, bias, _ = self._layout[layer.block]
                    a, _, da, _ = self._weights[layer.block]
                    for k in range(self._degree + 1):
                        outer = sum(back[i].swapaxes(1, 2) @ state[k - i] for i in range(k + 1))
                        self.gradient[k][:, place] += np.reshape(outer, (len(outer), -1))  # type: ignore[arg-type]
                        if bias is not None:
                            self.gradient[k][:, bias] += back[k].sum(1)
                    at, dat = a.swapaxes(1, 2), da.swapaxes(1, 2)
                    back = [d @ at + (back[k - 1] @ dat if k else 0.0) for k, d in enumerate(back)]
                else:
                    back = multiply(compose(slopes[1:], state), back)
            if term.timed:
                back = [v[:, :, :-1] for v in back]
            total = [t + _wide(v, width) for t, v in zip(total, back, strict=True)]
        return total


def _transposed(m: Model, theta: np.ndarray, block: int) -> tuple[np.ndarray, np.ndarray | None]:
    """``Aᵀ`` and ``b`` for every parameter vector, ready to act on rows."""
    place, bias, shape = m.layout[block]
    matrix = theta[:, place].reshape(-1, *shape).swapaxes(1, 2)
    return matrix, None if bias is None else theta[:, bias][:, None, :]


def _plus(x: Series, factor: float, y: Series) -> Series:
    return [a + factor * b for a, b in zip(x, y, strict=True)]


def _wide(values: np.ndarray, width: int) -> np.ndarray:
    """The first ``width`` entries along the last axis, or all of them followed by zeros."""
    have = values.shape[2]
    if have >= width:
        return values[:, :, :width]
    return np.concatenate([values, np.zeros((*values.shape[:2], width - have))], axis=2)
