"""Derivatives of a network with respect to its parameters at one point, and certified bounds on their norms.

Invariant: the ball matrices contain the exact derivatives at the exact parameters and input, and a lower bound is the
lower end of a quotient that bounds the norm from below for *any* direction; floating point only proposes directions.

Parameters are numbered block by block in the order of ``network.blocks``: ``A`` row by row, then ``b``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flint import arb, arb_mat

from lipsym.domains.balls import lower, total, working_precision
from lipsym.domains.norms import square_root, symmetric_eigenvalue_bound
from lipsym.enclose.forward import (
    BallParameters,
    Parameters,
    activation_derivatives,
    columns,
    directional_taylor,
    elementwise,
    load,
)
from lipsym.enclose.search import steepest_directions
from lipsym.enclosure import Enclosure
from lipsym.nets.layers.affine import Affine
from lipsym.nets.network import Network

__all__ = [
    "directional_taylor",
    "hessian",
    "hessian_lipschitz_lower",
    "jacobian",
    "lipschitz_at",
    "lipschitz_lower",
    "output_gram",
    "smoothness_lower",
]


@dataclass(frozen=True, slots=True)
class Trace:
    """What one evaluation leaves behind.

    Args:
        inputs: what enters each layer, as one column, and last the output.
        slopes: ``σ', σ'', …`` at the argument of each elementwise layer, nothing for the others.
    """

    inputs: tuple[arb_mat, ...]
    slopes: tuple[tuple[arb_mat, ...], ...]


def jacobian(network: Network, params: Parameters, x: Any, precision: int = 128) -> arb_mat:
    """``D_θN`` as a ball matrix of shape (ℓ_m, number of parameters).

    Args:
        network: affine and elementwise layers; blocks may be shared.
        params: one pair ``(A, b)`` of exact arrays per block.
        x: one input.
        precision: working precision in bits.

    Raises:
        InputError: for arrays that do not fit the network or entries that are not finite.
    """
    with working_precision(precision):
        theta = load(network, params)
        trace = evaluate(network, theta, columns(network, x), 1, precision)
        offsets, count = _offsets(network, theta)
        rows = [[arb(0)] * count for _ in range(network.output_width)]
        for index, layer, back in backward(network, theta, trace):
            a, b = theta[layer.block]
            start, u = offsets[layer.block], trace.inputs[index].entries()
            for row, delta in zip(rows, back.tolist(), strict=True):
                for i, d in enumerate(delta):
                    for j, value in enumerate(u):
                        row[start + i * a.ncols() + j] += d * value
                    if b is not None:
                        row[start + a.nrows() * a.ncols() + i] += d
        return arb_mat(rows)


def output_gram(network: Network, params: Parameters, x: Any, precision: int = 128) -> arb_mat:
    """``D_θN D_θNᵀ``, of shape (ℓ_m, ℓ_m), without forming a column per parameter.

    Let ``B_l = ∂N/∂z_l`` for the affine layer ``l`` with input ``u_l``. Then
    ``D_θN D_θNᵀ = Σ_blocks Σ_{l,l' of the block} (u_l·u_l' + [bias]) B_l B_l'ᵀ``: for a block used once the familiar
    ``(1 + ‖u_l‖²) B_l B_lᵀ``.
    """
    with working_precision(precision):
        theta = load(network, params)
        trace = evaluate(network, theta, columns(network, x), 1, precision)
        uses: dict[Any, list[tuple[arb_mat, arb_mat]]] = {}
        for index, layer, back in backward(network, theta, trace):
            uses.setdefault(layer.block, []).append((trace.inputs[index], back))
        gram = arb_mat(network.output_width, network.output_width)
        for block, terms in uses.items():
            one = 0 if theta[block][1] is None else 1
            for u, left in terms:
                for v, right in terms:
                    gram += (left * right.transpose()) * ((u.transpose() * v)[0, 0] + one)
        return gram


def lipschitz_at(network: Network, params: Parameters, x: Any, precision: int = 128) -> Enclosure:
    """Enclose ``‖D_θN‖₂`` at the point, as the square root of the largest eigenvalue of ``output_gram``.

    Example:
        >>> from lipsym.nets.network import mlp
        >>> norm = lipschitz_at(mlp([1, 1], "identity"), [([[2.0]], [0.0])], [0.75])
        >>> norm.contains(Fraction(5, 4)), norm.width < Fraction(1, 10**12)
        (True, True)
    """
    with working_precision(precision):
        return square_root(symmetric_eigenvalue_bound(output_gram(network, params, x, precision), precision))


def lipschitz_lower(network: Network, params: Parameters, x: Any, precision: int = 128) -> Fraction:
    """A lower bound of ``‖D_θN‖₂`` at the point: ``‖Jᵀw‖/‖w‖`` for a proposed ``w``."""
    end = lipschitz_at(network, params, x, precision).lo
    return end if isinstance(end, Fraction) else Fraction(0)


def smoothness_lower(
    network: Network, params: Parameters, x: Any, directions: Iterable[Parameters] | None = None, precision: int = 128
) -> Fraction:
    """A lower bound of ``‖D²_θN‖`` at the point: the largest ``‖D²N[u, u]‖/‖u‖²`` over the directions.

    Args:
        network, params, x, precision: as for ``jacobian``.
        directions: pairs ``(A, b)`` per block each; left out: what a float power iteration proposes.
    """
    return _form_lower(network, params, x, 2, directions, precision)


def hessian_lipschitz_lower(
    network: Network, params: Parameters, x: Any, directions: Iterable[Parameters] | None = None, precision: int = 128
) -> Fraction:
    """A lower bound of ``‖D³_θN‖`` at the point: the largest ``‖D³N[u, u, u]‖/‖u‖³`` over the directions."""
    return _form_lower(network, params, x, 3, directions, precision)


def hessian(network: Network, params: Parameters, x: Any, precision: int = 128) -> list[arb_mat]:
    """The Hessian of each output with respect to all parameters: ℓ_m symmetric ball matrices.

    Let ``g_l = ∂N_c/∂N_l`` and ``δ_l = ∂N_c/∂z_l``. Then the Hessian of output ``c`` is the sum over elementwise layers
    of ``(Dz)ᵀ diag(g σ''(z)) Dz`` and over affine layers of ``Σ_ij δ_i (e_ij ⊗ Du_j + Du_j ⊗ e_ij)``, ``u`` the layer's
    input and ``e_ij`` the coordinate of ``A_ij``. Quadratic in the number of parameters: for small networks.
    """
    with working_precision(precision):
        theta = load(network, params)
        trace = evaluate(network, theta, columns(network, x), 2, precision)
        offsets, count = _offsets(network, theta)
        tangents = _tangents(network, theta, trace, offsets, count)
        return [
            _output_hessian(network, theta, trace, tangents, offsets, count, c) for c in range(network.output_width)
        ]


def evaluate(network: Network, theta: BallParameters, x: arb_mat, order: int, precision: int) -> Trace:
    """One pass, keeping what enters each layer and ``order`` derivatives of each activation."""
    inputs, slopes = [x], []
    for layer in network.layers:
        u = inputs[-1]
        if isinstance(layer, Affine):
            a, b = theta[layer.block]
            z = a * u
            inputs.append(z if b is None else z + b * arb_mat(1, u.ncols(), [1] * u.ncols()))
            slopes.append(())
        else:
            value, *rest = activation_derivatives(elementwise(layer).activation, u, order, precision)
            inputs.append(value)
            slopes.append(tuple(rest))
    return Trace(tuple(inputs), tuple(slopes))


def backward(network: Network, theta: BallParameters, trace: Trace) -> Iterator[tuple[int, Affine, arb_mat]]:
    """``(index, layer, ∂N/∂z)`` for each affine layer, last first; ``z`` is its output, ``∂N/∂z`` of shape (ℓ_m, ℓ)."""
    width = network.output_width
    back = arb_mat(width, width, [int(i == j) for i in range(width) for j in range(width)])
    for index in reversed(range(len(network.layers))):
        layer = network.layers[index]
        if isinstance(layer, Affine):
            yield index, layer, back
            back = back * theta[layer.block][0]
        else:
            back = back * diagonal(trace.slopes[index][0])


def diagonal(vector: arb_mat) -> arb_mat:
    """The diagonal matrix of a column."""
    entries = vector.entries()
    matrix = arb_mat(len(entries), len(entries))
    for i, value in enumerate(entries):
        matrix[i, i] = value
    return matrix


def norm_squared(params: BallParameters) -> arb:
    """``Σ ‖A‖_F² + ‖b‖²`` over the blocks."""
    return total(x * x for pair in params.values() for part in pair if part is not None for x in part.entries())


def _form_lower(
    network: Network, params: Parameters, x: Any, order: int, directions: Iterable[Parameters] | None, precision: int
) -> Fraction:
    """The largest certified ``‖D^kN[u, …, u]‖/‖u‖^k``; a direction that is 0 proves nothing."""
    if directions is None:
        directions = steepest_directions(network, params, x, order)
    best = Fraction(0)
    with working_precision(precision):
        for direction in directions:
            form = directional_taylor(network, params, direction, x, order, precision)[order].entries()
            length = norm_squared(load(network, direction)).sqrt()
            if not length > 0:
                continue
            size = total(value * value for value in form).sqrt()
            best = max(best, lower(size * math.factorial(order) / length**order))
    return best


def _offsets(network: Network, theta: BallParameters) -> tuple[dict[Any, int], int]:
    """Where each block starts in the vector of all parameters, and their number."""
    offsets, count = {}, 0
    for block in network.blocks:
        a, b = theta[block]
        offsets[block] = count
        count += a.nrows() * a.ncols() + (0 if b is None else b.nrows())
    return offsets, count


def _tangents(
    network: Network, theta: BallParameters, trace: Trace, offsets: dict[Any, int], count: int
) -> list[arb_mat]:
    """The derivative, with respect to all parameters, of what enters each layer."""
    tangents = [arb_mat(trace.inputs[0].nrows(), count)]
    for index, layer in enumerate(network.layers):
        if isinstance(layer, Affine):
            a, b = theta[layer.block]
            tangent, u, start = a * tangents[-1], trace.inputs[index].entries(), offsets[layer.block]
            for i in range(a.nrows()):
                for j, value in enumerate(u):
                    tangent[i, start + i * a.ncols() + j] += value
                if b is not None:
                    tangent[i, start + a.nrows() * a.ncols() + i] += 1
            tangents.append(tangent)
        else:
            tangents.append(diagonal(trace.slopes[index][0]) * tangents[-1])
    return tangents


def _output_hessian(
    network: Network,
    theta: BallParameters,
    trace: Trace,
    tangents: list[arb_mat],
    offsets: dict[Any, int],
    count: int,
    output: int,
) -> arb_mat:
    """The Hessian of one output, from the gradient carried backwards and the tangents carried forwards."""
    back = arb_mat(network.output_width, 1)
    back[output, 0] = 1
    curved, mixed = arb_mat(count, count), arb_mat(count, count)
    for index in reversed(range(len(network.layers))):
        layer = network.layers[index]
        if isinstance(layer, Affine):
            a = theta[layer.block][0]
            for i in range(a.nrows()):
                for j in range(a.ncols()):
                    row = offsets[layer.block] + i * a.ncols() + j
                    for q in range(count):
                        mixed[row, q] += back[i, 0] * tangents[index][j, q]
            back = a.transpose() * back
        else:
            first, second = trace.slopes[index]
            tangent = tangents[index]
            curved += tangent.transpose() * (diagonal(diagonal(second) * back) * tangent)
            back = diagonal(first) * back
    return curved + mixed + mixed.transpose()
