"""Averaged losses at one parameter vector, in ball arithmetic: values, gradients, and certified lower bounds.

Invariant: every ball contains the exact number at the given floats, for the loss
``Φ(θ) = mean_s g(N_θ(x_s), y_s) + λ/2 ‖θ‖²`` with ``g`` as ``g_series`` states it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

from flint import arb, arb_mat

from lipsym.domains import evaluate as evaluate_expression
from lipsym.domains.balls import ball, lower, total, working_precision
from lipsym.enclose.derivatives import evaluate, norm_squared
from lipsym.enclose.forward import BallParameters, Parameters, columns, directional_taylor, load
from lipsym.enclose.loss_search import steepest_loss_directions, targets
from lipsym.errors import InputError
from lipsym.nets.inputs import Dataset
from lipsym.nets.layers.affine import Affine
from lipsym.nets.losses import Loss
from lipsym.nets.network import Network

Series = list[arb]


def loss_taylor(
    network: Network,
    params: Parameters,
    direction: Parameters,
    data: Dataset,
    loss: Loss,
    order: int,
    precision: int = 128,
) -> Series:
    """Taylor coefficients of ``t ↦ Φ(θ + tu)`` at 0: the ``k``-th is ``D^kΦ[u, …, u]/k!``.

    Args:
        network, params, direction, order, precision: as for ``directional_taylor``.
        data: inputs with labels.
        loss: mean squared error, cross-entropy, logistic or Huber, with its weight decay.
    """
    with working_precision(precision):
        y = targets(loss, data, network)
        outputs = [
            m.transpose().tolist()
            for m in directional_taylor(network, params, direction, data.points, order, precision)
        ]
        mean = [arb(0)] * (order + 1)
        for s, target in enumerate(y.tolist()):
            for k, c in enumerate(g_series(loss, [m[s] for m in outputs], target, precision)):
                mean[k] += c / len(y)
        decay = weight_decay(loss, precision)
        if not decay.is_zero():
            theta, u = load(network, params), load(network, direction)
            parts = [norm_squared(theta) / 2, inner(theta, u), norm_squared(u) / 2][: order + 1]
            for k, part in enumerate(parts):
                mean[k] += decay * part
        return mean


def loss_gradient(
    network: Network, params: Parameters, data: Dataset, loss: Loss, precision: int = 128
) -> BallParameters:
    """``∇Φ`` by block, as ball matrices of the shapes of ``A`` and ``b``."""
    with working_precision(precision):
        theta, y = load(network, params), targets(loss, data, network)
        trace = evaluate(network, theta, columns(network, data.points), 1, precision)
        rows = trace.inputs[-1].transpose().tolist()
        back = arb_mat([g_gradient(loss, u, t, precision) for u, t in zip(rows, y.tolist(), strict=True)]).transpose()
        back = back * (arb(1) / len(y))
        decay = weight_decay(loss, precision)
        gradient = {k: (a * decay, None if b is None else b * decay) for k, (a, b) in theta.items()}
        ones = arb_mat(len(y), 1, [1] * len(y))
        for index in reversed(range(len(network.layers))):
            layer = network.layers[index]
            if isinstance(layer, Affine):
                matrix, bias = gradient[layer.block]
                matrix = matrix + back * trace.inputs[index].transpose()
                gradient[layer.block] = matrix, None if bias is None else bias + back * ones
                back = theta[layer.block][0].transpose() * back
            else:
                slopes = trace.slopes[index][0]
                products = [a * b for a, b in zip(slopes.entries(), back.entries(), strict=True)]
                back = arb_mat(back.nrows(), back.ncols(), products)
        return gradient


def loss_lipschitz_lower(
    network: Network, params: Parameters, data: Dataset, loss: Loss, precision: int = 128
) -> Fraction:
    """A lower bound of ``‖∇Φ‖`` at the point."""
    with working_precision(precision):
        return lower(norm_squared(loss_gradient(network, params, data, loss, precision)).sqrt())


def loss_smoothness_lower(
    network: Network,
    params: Parameters,
    data: Dataset,
    loss: Loss,
    directions: Iterable[Parameters] | None = None,
    precision: int = 128,
) -> Fraction:
    """A lower bound of ``‖D²Φ‖`` at the point: the largest ``|D²Φ[u, u]|/‖u‖²`` over the directions."""
    return _form_lower(network, params, data, loss, 2, directions, precision)


def loss_hessian_lipschitz_lower(
    network: Network,
    params: Parameters,
    data: Dataset,
    loss: Loss,
    directions: Iterable[Parameters] | None = None,
    precision: int = 128,
) -> Fraction:
    """A lower bound of ``‖D³Φ‖`` at the point: the largest ``|D³Φ[u, u, u]|/‖u‖³`` over the directions."""
    return _form_lower(network, params, data, loss, 3, directions, precision)


def g_series(loss: Loss, output: Sequence[Sequence[arb]], target: Any, precision: int) -> Series:
    """Coefficients of ``g(u(t), y)`` for one sample.

    ``mse``: ``½‖u − y‖²``. ``huber``: the sum over components of ``r²/2`` where ``|r| ≤ δ``, else ``δ|r| − δ²/2``.
    ``cross_entropy``: ``log Σ_c exp u_c − u_y``. ``logistic``: the same of the logits ``(0, u)``, ``y`` in {0, 1}.
    """
    if loss.name in ("mse", "huber"):
        residual = [
            [u - ball(y) if k == 0 else u for u, y in zip(row, target, strict=True)] for k, row in enumerate(output)
        ]
        delta = None if loss.name == "mse" else _number(loss.delta, precision)
        return [
            total(parts)
            for parts in zip(*[_residual_series(r, delta) for r in zip(*residual, strict=True)], strict=True)
        ]
    logits = [[arb(0), *row] for row in output] if loss.name == "logistic" else [list(row) for row in output]
    series = _log_sum_exp(logits)
    return [c - row[int(target)] for c, row in zip(series, logits, strict=True)]


def g_gradient(loss: Loss, output: Sequence[arb], target: Any, precision: int) -> list[arb]:
    """``∇_u g(u, y)`` for one sample."""
    if loss.name in ("mse", "huber"):
        residual = [u - ball(y) for u, y in zip(output, target, strict=True)]
        if loss.name == "mse":
            return residual
        delta = _number(loss.delta, precision)
        return [r.max(-delta).min(delta) for r in residual]
    logits = [arb(0), *output] if loss.name == "logistic" else list(output)
    weights = _softmax(logits)
    gradient = [p - (1 if c == int(target) else 0) for c, p in enumerate(weights)]
    return gradient[1:] if loss.name == "logistic" else gradient


def weight_decay(loss: Loss, precision: int) -> arb:
    """``λ`` as a ball."""
    return _number(loss.weight_decay, precision)


def inner(left: BallParameters, right: BallParameters) -> arb:
    """The inner product of two parameter vectors."""
    parts = [
        total(x * y for x, y in zip(a.entries(), b.entries(), strict=True))
        for block, pair in left.items()
        for a, b in zip(pair, right[block], strict=True)
        if a is not None and b is not None
    ]
    return total(parts)


def _form_lower(
    network: Network,
    params: Parameters,
    data: Dataset,
    loss: Loss,
    order: int,
    directions: Iterable[Parameters] | None,
    precision: int,
) -> Fraction:
    if directions is None:
        directions = steepest_loss_directions(network, params, data, loss, order)
    best = Fraction(0)
    with working_precision(precision):
        for direction in directions:
            form = loss_taylor(network, params, direction, data, loss, order, precision)[order]
            length = norm_squared(load(network, direction)).sqrt()
            if length > 0:
                best = max(best, lower(abs(form) * math.factorial(order) / length**order))
    return best


def _residual_series(r: Sequence[arb], delta: arb | None) -> Series:
    """Coefficients of the squared or Huber loss of one residual; the hull of both pieces where it may be ``±δ``."""
    square = [total(r[i] * r[k - i] for i in range(k + 1)) / 2 for k in range(len(r))]
    if delta is None or abs(r[0]) < delta:
        return square
    sign = 1 if r[0] > 0 else -1  # where r may be 0, |r| < δ failed only for want of precision: the hull below
    linear = [delta * abs(r[0]) - delta * delta / 2, *(delta * sign * c for c in r[1:])]
    if abs(r[0]) > delta:
        return linear
    if r[0].contains(0):
        raise InputError(
            f"a residual {r[0]} was met with the Huber loss",
            "its sign decides the piece, and it is not known at this precision",
            "raise the precision",
        )
    return [a.union(b) for a, b in zip(square, linear, strict=True)]


def _log_sum_exp(logits: Sequence[Sequence[arb]]) -> Series:
    """Coefficients of ``log Σ exp u_c(t)``: cumulants of the increments under the softmax weights."""
    p = _softmax(logits[0])
    top = total(u.exp() for u in logits[0]).log()

    def mean(*values: Sequence[arb]) -> arb:
        return total(w * math.prod(row, start=arb(1)) for w, row in zip(p, zip(*values, strict=True), strict=True))

    means = [mean(row) for row in logits[1:]]
    d = [[u - m for u in row] for row, m in zip(logits[1:], means, strict=True)]
    result = [top, *means]
    if len(d) > 1:
        result[2] += mean(d[0], d[0]) / 2
    if len(d) > 2:
        result[3] += mean(d[0], d[1]) + mean(d[0], d[0], d[0]) / 6
    return result


def _softmax(logits: Sequence[arb]) -> list[arb]:
    """``exp u_c / Σ exp u``; Arb's exponents do not overflow."""
    powers = [u.exp() for u in logits]
    top = total(powers)
    return [e / top for e in powers]


def _number(expression: Any, precision: int) -> arb:
    return ball(evaluate_expression(expression, {}, precision=precision))
