"""Losses in plain NumPy: labels in the form each loss uses, its derivative along a direction, directions to look in.

Invariant: but for ``targets``, which only sorts labels, nothing computed here enters a certified number.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from lipsym.enclose.search import Seed, Series, climb, gradient_series, model, unit
from lipsym.errors import InputError
from lipsym.nets.inputs import Dataset
from lipsym.nets.losses import Loss
from lipsym.nets.network import Network


def steepest_loss_directions(
    network: Network,
    params: Sequence[tuple[Any, Any]],
    data: Dataset,
    loss: Loss,
    order: int,
    starts: int = 2,
    rounds: int = 40,
) -> list[list[tuple[np.ndarray, np.ndarray | None]]]:
    """Directions in which ``|D^kΦ[u, …, u]|/‖u‖^k`` is large at a point, best first, by power iteration."""
    m = model(network, order - 1)
    theta = np.repeat(m.pack(params)[None], starts, axis=0)
    inputs = np.broadcast_to(data.points, (starts, *data.points.shape))
    u = unit(np.random.default_rng(0).standard_normal(theta.shape))
    seed, decay, size = loss_seed(loss, data, network), float(loss.weight_decay), np.zeros(starts)
    for _ in range(rounds):
        _, gradient, _ = gradient_series(m, theta, inputs, u, seed, order - 1)
        form = math.factorial(order - 1) * gradient[order - 1] + (decay * u if order == 2 else 0.0)
        size = (form * u).sum(1)
        u = climb(u, form, size, order)
    return [m.unpack(u[i]) for i in np.argsort(-np.abs(size))]


def targets(loss: Loss, data: Dataset, network: Network) -> np.ndarray:
    """The labels in the form the loss uses, one row or class index per sample.

    Raises:
        InputError: for labels that do not fit the loss or the network's output, or a loss that is not known here.
    """
    labels, width = data.required_labels(f"the loss {loss.name}"), network.output_width
    if loss.name in ("mse", "huber"):
        rows = labels.reshape(len(labels), -1)
        if rows.shape[1] == width:
            return rows.astype(np.float64)
        fails = f"the targets have the {width} entries of the network's output"
    elif loss.name == "cross_entropy":
        if labels.ndim == 1 and (labels == np.floor(labels)).all() and labels.min() >= 0 and labels.max() < width:
            return labels.astype(np.int64)
        fails = f"the labels are class indices from 0 to {width} - 1"
    elif loss.name == "logistic":
        flat = labels.reshape(-1)
        if width == 1 and len(flat) == len(labels) and (set(flat.tolist()) <= {0, 1} or set(flat.tolist()) <= {-1, 1}):
            return (flat > 0).astype(np.int64)
        fails = "the network has one output and the labels are 0 and 1, or -1 and 1"
    else:
        fails = "derivatives at a point are known for mse, huber, cross_entropy and logistic"
    raise InputError(
        f"labels of shape {labels.shape} were given for the loss {loss.name} and {width} outputs",
        fails,
        "reshape or recode the labels, or choose another loss",
    )


def loss_seed(loss: Loss, data: Dataset, network: Network) -> Seed:
    """The derivative of the mean of ``g(N(x_s), y_s)`` by the outputs, as a series; weight decay is the caller's."""
    y = targets(loss, data, network)
    count = len(y)
    if loss.name == "mse":
        return lambda s: [(s[0] - y) / count, *(c / count for c in s[1:])]
    if loss.name == "huber":
        delta = float(loss.delta)

        def clipped(s: Series) -> Series:
            inner = np.abs(s[0] - y) <= delta
            return [np.clip(s[0] - y, -delta, delta) / count, *(np.where(inner, c, 0.0) / count for c in s[1:])]

        return clipped
    one_hot = np.eye(max(int(network.output_width), 2))[y]  # type: ignore[arg-type]

    def softmax(s: Series) -> Series:
        logits = [np.concatenate([np.zeros_like(c), c], axis=2) for c in s] if loss.name == "logistic" else s
        p = _softmax_series(logits)
        p[0] = p[0] - one_hot
        return [(c[:, :, 1:] if loss.name == "logistic" else c) / count for c in p]

    return softmax


def _softmax_series(u: Series) -> Series:
    """Coefficients of ``softmax(u(t))``, from ``p' = p (u' − p·u')``."""
    p = [np.exp(u[0] - u[0].max(2, keepdims=True))]
    p[0] = p[0] / p[0].sum(2, keepdims=True)
    slope = [(k + 1) * c for k, c in enumerate(u[1:])]
    q: Series = []
    for k in range(len(slope)):
        q.append(slope[k] - sum((p[i] * slope[k - i]).sum(2, keepdims=True) for i in range(k + 1)))
        p.append(sum(p[i] * q[k - i] for i in range(k + 1)) / (k + 1))  # type: ignore[operator]
    return p
