"""Derivatives in plain NumPy, for many parameter vectors at once: they propose points and directions, never bounds.

Invariant: nothing computed here enters a certified number; it only decides *where* ball arithmetic looks.

One algorithm serves every order: reverse differentiation carried out on polynomials in ``t`` modulo ``t^{K+1}`` along
``θ + tu``. For a scalar ``φ`` the coefficient ``k`` of the gradient is ``D^{k+1}φ[u, …, u, ·]/k!``, so one pass of
degree ``K`` yields the form ``D^Kφ[u, …, u]`` (pair coefficient ``K−1`` with ``u``), the next direction of a power
iteration (coefficient ``K−1``) and the ascent direction in the parameters and the input (coefficient ``K``).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp

from lipsym.domains.compile import Program
from lipsym.domains.expressions import FUNCTIONS
from lipsym.domains.record import Domain
from lipsym.enclosure import Enclosure
from lipsym.errors import ExpressionError, InputError
from lipsym.nets.activations import Activation
from lipsym.nets.layers.affine import Affine
from lipsym.nets.network import Network
from lipsym.nets.odes import ControlledODE

Series = list[np.ndarray]
"""Coefficients of a polynomial in ``t``, lowest first, each of the same shape."""

Seed = Callable[[Series], Series]
"""From the network's output series to the series of the derivative of the scalar by it, both of shape (P, n, ℓ_m)."""


@dataclass(frozen=True, slots=True)
class Model:
    """A network made ready for ``gradient_series``.

    Args:
        network: affine and elementwise layers of integer widths.
        layout: for each block, where ``A`` and ``b`` lie in the parameter vector, and the shape of ``A``.
        activations: for each layer the functions ``σ, σ', …``; nothing for affine layers.
        count: the number of parameters.
    """

    network: Network | ControlledODE
    layout: dict[int, tuple[slice, slice | None, tuple[int, int]]]
    activations: tuple[tuple[Callable[[np.ndarray], np.ndarray], ...], ...]
    count: int

    def pack(self, params: Sequence[tuple[Any, Any]]) -> np.ndarray:
        """Pairs ``(A, b)`` as one vector of floats."""
        parts = [np.asarray(part, dtype=np.float64).ravel() for pair in params for part in pair if part is not None]
        return np.concatenate(parts)

    def unpack(self, theta: np.ndarray) -> list[tuple[np.ndarray, np.ndarray | None]]:
        """One vector as pairs ``(A, b)``; keeps the type of the entries."""
        return [(theta[a].reshape(s), None if b is None else theta[b]) for a, b, s in self.layout.values()]


def model(network: Network | ControlledODE, degree: int) -> Model:
    """Compile a network for series up to ``degree``, which needs ``degree + 1`` derivatives of each activation."""
    layout, start = {}, 0
    for block in network.blocks:
        layer = network.affine(block)
        rows, cols = layer.outputs, layer.inputs
        if not (isinstance(rows, int) and isinstance(cols, int)):
            raise InputError(
                f"the network {network.spec} was given",
                "a search needs integer widths",
                "put numbers in place of the symbols",
            )
        matrix = slice(start, start + rows * cols)
        start = matrix.stop
        bias = slice(start, start + rows) if layer.bias else None
        start += rows if layer.bias else 0
        layout[block] = (matrix, bias, (rows, cols))
    functions = tuple(
        () if isinstance(layer, Affine) else float_derivatives(layer.activation, degree + 1) for layer in network.layers
    )
    return Model(network, layout, functions, start)


def gradient_series(
    m: Model, theta: np.ndarray, x: np.ndarray, u: np.ndarray, seed: Seed, degree: int
) -> tuple[Series, Series, Series]:
    """The output, and the gradient of a scalar by parameters and inputs, as series along ``θ + tu``.

    Args:
        m: the compiled network.
        theta, u: parameters and directions, of shape (P, p).
        x: inputs, of shape (P, n, ℓ_0).
        seed: the scalar, by its derivative; it is summed over the ``n`` inputs.
        degree: the last coefficient wanted.

    Returns:
        Series of shapes (P, n, ℓ_m), (P, p) and (P, n, ℓ_0).
    """
    if isinstance(m.network, ControlledODE):
        from lipsym.enclose.flow.search import flow_gradient_series  # which builds on this module

        return flow_gradient_series(m, theta, x, u, seed, degree)
    weights = {block: _weights(m, theta, block) for block in m.layout}
    tangents = {block: _weights(m, u, block) for block in m.layout}
    state: Series = [x, *[np.zeros_like(x)] * degree]
    tape: list[tuple[Series, list[np.ndarray]]] = []
    for layer, functions in zip(m.network.layers, m.activations, strict=True):
        if isinstance(layer, Affine):
            tape.append((state, []))
            (a, b), (da, db) = weights[layer.block], tangents[layer.block]
            at, dat = a.swapaxes(1, 2), da.swapaxes(1, 2)
            state = [n @ at + (state[k - 1] @ dat if k else 0.0) for k, n in enumerate(state)]
            if b is not None and db is not None:
                state[0] = state[0] + b[:, None, :]
                if degree:
                    state[1] = state[1] + db[:, None, :]
        else:
            slopes = [f(state[0]) for f in functions[: degree + 2]]
            tape.append((state, slopes))
            state = compose(slopes[: degree + 1], state)
    output, back = state, seed(state)
    gradient: Series = [np.zeros_like(theta) for _ in range(degree + 1)]
    for layer, (inner, slopes) in zip(reversed(m.network.layers), reversed(tape), strict=True):
        if isinstance(layer, Affine):
            place, bias, _ = m.layout[layer.block]
            (a, _), (da, _) = weights[layer.block], tangents[layer.block]
            for k in range(degree + 1):
                outer = sum(back[i].swapaxes(1, 2) @ inner[k - i] for i in range(k + 1))
                gradient[k][:, place] += np.reshape(outer, (len(theta), -1))
                if bias is not None:
                    gradient[k][:, bias] += back[k].sum(1)
            back = [d @ a + (back[k - 1] @ da if k else 0.0) for k, d in enumerate(back)]
        else:
            back = multiply(compose(slopes[1:], inner), back)
    return output, gradient, back


def steepest_directions(
    network: Network, params: Sequence[tuple[Any, Any]], x: Any, order: int, starts: int = 6, rounds: int = 60
) -> list[list[tuple[np.ndarray, np.ndarray | None]]]:
    """Directions in which ``‖D^kN[u, …, u]‖/‖u‖^k`` is large at a point, best first, by power iteration."""
    m = model(network, order)
    theta = np.repeat(m.pack(params)[None], starts, axis=0)
    inputs = np.repeat(np.asarray(x, dtype=np.float64)[None, None], starts, axis=0)
    rng = np.random.default_rng(0)
    u = unit(rng.standard_normal(theta.shape))
    w = unit(rng.standard_normal((starts, 1, network.output_width)))
    size = np.zeros(starts)
    for _ in range(rounds):
        output, gradient, _ = gradient_series(m, theta, inputs, u, fixed_output(w), order)
        form = math.factorial(order - 1) * gradient[order - 1]
        size = (form * u).sum(1)
        u, w = climb(u, form, size, order), unit(output[order])
    return [m.unpack(u[i]) for i in np.argsort(-np.abs(size))[:2]]


def climb(u: np.ndarray, form: np.ndarray, size: np.ndarray, order: int) -> np.ndarray:
    """One step of a power iteration for ``|D^kφ[u, …, u]|``.

    Beyond order one the step is shifted, so that a negative eigenvalue of the same size cannot make it oscillate.
    """
    ascent = np.where(size < 0, -1.0, 1.0)[:, None] * form
    return unit(ascent if order == 1 else ascent + np.abs(size)[:, None] * u)


def unit(v: np.ndarray) -> np.ndarray:
    """Each entry along the first axis scaled to Euclidean length one; 0 stays 0."""
    axes = tuple(range(1, v.ndim))
    # Scaled to largest entry one first: squares of tiny or huge entries leave the range of floats.
    v = v / np.maximum(np.abs(v).max(axes, keepdims=True), 1e-300)
    return v / np.maximum(np.sqrt((v * v).sum(axes, keepdims=True)), 1e-300)


def fixed_output(w: np.ndarray) -> Seed:
    """The scalar ``w·N`` for fixed ``w`` of shape (P, n, ℓ_m)."""
    return lambda series: [w, *[np.zeros_like(w)] * (len(series) - 1)]


def compose(outer: Sequence[np.ndarray], z: Series) -> Series:
    """Coefficients of ``f(z(t))`` from ``f^{(k)}(z_0)``: Faà di Bruno up to order 3."""
    f = list(outer)
    result = [f[0]]
    if len(z) > 1:
        result.append(f[1] * z[1])
    if len(z) > 2:
        result.append(f[1] * z[2] + f[2] * z[1] ** 2 / 2)
    if len(z) > 3:
        result.append(f[1] * z[3] + f[2] * z[1] * z[2] + f[3] * z[1] ** 3 / 6)
    return result


def multiply(a: Series, b: Series) -> Series:
    """The truncated product of two series, entry by entry."""
    return [sum(a[i] * b[k - i] for i in range(k + 1)) for k in range(len(b))]  # type: ignore[misc]


def float_derivatives(activation: Activation, count: int) -> tuple[Callable[[np.ndarray], np.ndarray], ...]:
    """``σ, σ', …, σ^{(count)}`` on float arrays; a derivative that does not exist as a function counts as 0."""
    z = activation.z
    expressions = [activation.value, *activation.derivatives][: count + 1]
    while len(expressions) <= count:
        expressions.append(sp.diff(expressions[-1], z))
    return tuple(_float_function(expression, z) for expression in expressions)


def _float_function(expression: sp.Expr, z: sp.Symbol) -> Callable[[np.ndarray], np.ndarray]:
    try:
        function = Program.compile(expression).bind(_FLOATS, {}, (z,)).value
    except ExpressionError:  # the derivative of a jump
        return np.zeros_like
    return lambda values: np.broadcast_to(np.asarray(function(values), dtype=np.float64), values.shape)


def _weights(m: Model, theta: np.ndarray, block: int) -> tuple[np.ndarray, np.ndarray | None]:
    place, bias, shape = m.layout[block]
    return theta[:, place].reshape(-1, *shape), None if bias is None else theta[:, bias]


def _sigmoid(z: np.ndarray) -> np.ndarray:
    t = np.exp(-np.abs(z))
    return np.where(z >= 0, 1.0, t) / (1.0 + t)


def _near(exact: Enclosure) -> np.float64:
    return np.float64(exact.lower_float())


_FLOATS: Domain[Any] = Domain(
    name="float",
    precision=53,
    enclose=_near,
    ends=lambda value: Enclosure(float(value)),
    add=np.add,
    multiply=np.multiply,
    divide=np.divide,
    power=lambda x, n: x * x if n == 2 else x**n,
    root=lambda x, n: np.sqrt(x) if n == 2 else np.asarray(x) ** (1.0 / n),
    maximum=np.maximum,
    minimum=np.minimum,
    functions={name: getattr(np, name) for name in FUNCTIONS if hasattr(np, name)}
    | {
        "atan": np.arctan,
        "erf": np.vectorize(math.erf, otypes=[np.float64]),
        "sigmoid": _sigmoid,
        "softplus": lambda z: np.logaddexp(0.0, z),
        "Heaviside": lambda z: np.heaviside(z, 0.5),
    },
)
