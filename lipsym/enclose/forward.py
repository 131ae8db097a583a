"""A network at a point, in ball arithmetic: its value and its Taylor coefficients along a direction.

Invariant: every ball contains the exact coefficient of ``N_{θ+tu}(x)`` at the given parameters, direction and input,
whose floats are taken at their exact binary values. Points are columns: a batch of ``n`` inputs is one matrix.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp
from flint import arb, arb_mat

from lipsym.domains.arb import arb_domain
from lipsym.domains.balls import ball, ball_domain, ball_matrix, column, ends, working_precision
from lipsym.domains.compile import Program
from lipsym.domains.record import Domain
from lipsym.errors import InputError
from lipsym.nets.activations import Activation
from lipsym.nets.layers.affine import Affine
from lipsym.nets.layers.elementwise import Elementwise
from lipsym.nets.network import Network

Parameters = Sequence[tuple[Any, Any]]
"""One pair ``(A, b)`` per block, in the order of ``network.blocks``; ``b`` is ``None`` for a block without bias."""

BallParameters = dict[Any, tuple[arb_mat, arb_mat | None]]
"""The matrix and the bias column of each block."""

HIGHEST_ORDER = 3

_WIDE = 2.0**-20


def directional_taylor(
    network: Network, params: Parameters, direction: Parameters, x: Any, order: int, precision: int = 128
) -> list[arb_mat]:
    """Taylor coefficients of ``t ↦ N_{θ+tu}(x)`` at ``t = 0``.

    Let ``θ`` be ``params`` and ``u`` be ``direction``. Then the ``k``-th coefficient is ``D^kN[u, …, u]/k!``.

    Args:
        network: affine and elementwise layers; blocks may be shared.
        params, direction: one pair ``(A, b)`` of exact arrays per block.
        x: one input of shape (ℓ_0,), or a batch of shape (n, ℓ_0).
        order: the last coefficient, at most 3.
        precision: working precision in bits.

    Returns:
        ``order + 1`` ball matrices of shape (ℓ_m, n).

    Raises:
        InputError: for arrays that do not fit the network, entries that are not finite, or another order.
    """
    if order not in range(HIGHEST_ORDER + 1):
        raise InputError(
            f"the order {order!r} was given",
            "activations state three derivatives, so Taylor coefficients are known up to order 3",
            "ask for an order from 0 to 3",
        )
    with working_precision(precision):
        theta, u = load(network, params), load(network, direction)
        state = [columns(network, x)]
        zero = arb_mat(state[0].nrows(), state[0].ncols())
        state += [zero] * order
        for layer in network.layers:
            if isinstance(layer, Affine):
                (a, b), (da, db) = theta[layer.block], u[layer.block]
                state = [
                    a * n if k == 0 else a * n + da * before
                    for k, (n, before) in enumerate(zip(state, [zero, *state[:-1]], strict=True))
                ]
                for k, bias in enumerate((b, db)):
                    if bias is not None and k <= order:
                        state[k] += _repeat(bias, state[k].ncols())
            else:
                state = compose(
                    activation_derivatives(elementwise(layer).activation, state[0], order, precision), state
                )
        return state


def compose(outer: Sequence[arb_mat], inner: Sequence[arb_mat]) -> list[arb_mat]:
    """Coefficients of ``f(z(t))``, entry by entry, from ``f^{(k)}(z_0)`` and those of ``z`` (Faà di Bruno)."""
    formulas: list[Callable[..., arb]] = [
        lambda z1, z2, z3, f0, f1, f2, f3: f0,
        lambda z1, z2, z3, f0, f1, f2, f3: f1 * z1,
        lambda z1, z2, z3, f0, f1, f2, f3: f1 * z2 + f2 * z1 * z1 / 2,
        lambda z1, z2, z3, f0, f1, f2, f3: f1 * z3 + f2 * z1 * z2 + f3 * z1 * z1 * z1 / 6,
    ]
    unused = [None] * (outer[0].nrows() * outer[0].ncols())
    entries = [m.entries() for m in (*inner[1:], *outer)]
    short = HIGHEST_ORDER + 1 - len(inner)
    entries = [*entries[: len(inner) - 1], *[unused] * short, *entries[len(inner) - 1 :], *[unused] * short]
    shape = outer[0].nrows(), outer[0].ncols()
    return [arb_mat(*shape, list(map(formulas[k], *entries))) for k in range(len(inner))]


def activation_derivatives(activation: Activation, z: arb_mat, order: int, precision: int) -> list[arb_mat]:
    """``σ, σ', …, σ^{(order)}`` at every entry; at a kink the hull of the one-sided values.

    Wide balls, of parameters that are themselves enclosed, go through interval ends: there ``1 + z²`` stays positive.
    """
    expressions = (activation.value, *activation.derivatives)[: order + 1]
    if len(expressions) <= order:
        raise InputError(
            f"the derivative of order {order} of {activation.name} was asked for",
            f"this activation states {len(activation.derivatives)} derivatives",
            "lower the order, or state the missing derivative in its record",
        )
    entries = z.entries()
    at_points = [_bound(e, ball_domain(precision), activation.z) for e in expressions]
    if not any(x.rad() > _WIDE for x in entries):
        return [arb_mat(z.nrows(), z.ncols(), [f(x) for x in entries]) for f in at_points]
    with arb_domain(precision).session() as intervals:
        pairs = [(f, _bound(e, intervals, activation.z)) for f, e in zip(at_points, expressions, strict=True)]

        def value(at_point: Callable[[arb], arb], over: Callable[[Any], Any], x: arb) -> arb:
            return ball(intervals.ends(over(intervals.enclose(ends(x))))) if x.rad() > _WIDE else at_point(x)

        return [arb_mat(z.nrows(), z.ncols(), [value(f, g, x) for x in entries]) for f, g in pairs]


def load(network: Network, params: Parameters) -> BallParameters:
    """The parameters as balls by block, their shapes checked against the network."""
    if len(params) != len(network.blocks):
        raise InputError(
            f"{len(params)} pairs (A, b) were given for the network {network.spec}",
            f"the network has {len(network.blocks)} parameter blocks",
            "give one pair (A, b) per block, in the order of network.blocks",
        )
    loaded: BallParameters = {}
    for block, (a, b) in zip(network.blocks, params, strict=True):
        layer = network.affine(block)
        expected = (layer.outputs, layer.inputs)
        matrix = ball_matrix(a)
        bias = None if b is None else column(np.asarray(b).tolist())
        given = (matrix.nrows(), matrix.ncols())
        if (
            given != expected
            or (bias is None) == bool(layer.bias)
            or (bias is not None and bias.nrows() != expected[0])
        ):
            raise InputError(
                f"block {block} was given as A of shape {given} and b of "
                + ("shape none" if bias is None else f"length {bias.nrows()}"),
                f"the network expects A of shape {expected} and " + ("a bias" if layer.bias else "no bias (None)"),
                "give arrays of these shapes, with integer widths throughout",
            )
        loaded[block] = (matrix, bias)
    return loaded


def columns(network: Network, x: Any) -> arb_mat:
    """One input, or a batch of them in rows, as the columns of a ball matrix."""
    array = np.asarray(x)
    if array.ndim not in (1, 2) or array.shape[-1] != network.input_width:
        raise InputError(
            f"an input array of shape {array.shape} was given",
            f"an input of {network.spec} has {network.input_width} entries",
            "give one input of this length, or a batch with one input per row",
        )
    return ball_matrix(np.atleast_2d(array)).transpose()


def elementwise(layer: Any) -> Elementwise:
    """``layer``, if it is an elementwise one: the only other kind that is evaluated at points."""
    if not isinstance(layer, Elementwise):
        raise InputError(
            f"a layer of type {type(layer).__name__} was met",
            "derivatives at a point are computed for affine and elementwise layers",
            "write the network with these layers",
        )
    return layer


def _bound(expression: sp.Expr, domain: Domain[Any], variable: sp.Symbol) -> Callable[[Any], Any]:
    return program(expression).bind(domain, {}, (variable,)).value


@lru_cache(maxsize=256)
def program(expression: sp.Expr) -> Program:
    """The expression compiled; the same one is compiled once."""
    return Program.compile(expression)


def _repeat(bias: arb_mat, count: int) -> arb_mat:
    return bias * arb_mat(1, count, [1] * count) if count != 1 else bias
