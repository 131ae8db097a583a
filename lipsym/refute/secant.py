"""Certified secants: how much a network, a loss, or its derivative differs between two parameter vectors.

Invariant: ``θ``, ``θ'`` and the inputs are exact, ``‖θ − θ'‖`` is computed in rationals, and the quotient returned is
an enclosure of a lower bound of the true one.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from flint import arb

from lipsym.domains.balls import ball, ends, total, working_precision
from lipsym.enclose.derivatives import norm_squared
from lipsym.enclose.forward import directional_taylor, load
from lipsym.enclose.losses import loss_gradient, loss_taylor
from lipsym.enclosure import Enclosure
from lipsym.errors import InputError
from lipsym.lower.instance import ExactParameters
from lipsym.nets.inputs import Dataset
from lipsym.nets.losses import Loss
from lipsym.nets.network import Network


def secant(
    network: Network,
    theta: ExactParameters,
    theta_prime: ExactParameters,
    quantity: str,
    x: Any = None,
    loss: Loss | None = None,
    data: Dataset | None = None,
    precision: int = 128,
) -> Enclosure:
    """Enclose a secant quotient.

    Let ``u = θ' − θ``. Then for ``"lipschitz"`` the quotient is ``‖N_θ' − N_θ‖/‖u‖``, and for ``"smoothness"``
    ``‖(D N_θ' − D N_θ)[u]‖/‖u‖²``, which is at most ``‖DN_θ' − DN_θ‖/‖u‖``; of a loss with ``Φ`` for ``N``.

    Args:
        network: affine and elementwise layers.
        theta, theta_prime: exact parameters that differ.
        quantity: ``"lipschitz"`` or ``"smoothness"``.
        x: the input, for a network.
        loss, data: for a loss.
        precision: working precision in bits.

    Raises:
        InputError: if the two parameter vectors are equal.
    """
    move = difference(theta, theta_prime)
    squared = length_squared(move)
    if not squared:
        raise InputError(
            "two equal parameter vectors were given", "a secant needs two points", "move one of them, for example b_1"
        )
    order = {"lipschitz": 0, "smoothness": 1}[quantity]
    with working_precision(precision):
        ends_of = [
            _coefficients(network, point, move, order, x, loss, data, precision) for point in (theta, theta_prime)
        ]
        change = total((b - a) * (b - a) for a, b in zip(*ends_of, strict=True)).sqrt()
        length = ball(squared) if order else ball(squared).sqrt()
        return ends(change / length)


def curvature_excess(
    network: Network,
    theta: ExactParameters,
    direction: ExactParameters,
    pair: tuple[Fraction, Fraction],
    loss: Loss,
    data: Dataset,
    precision: int = 128,
) -> Enclosure:
    """Enclose ``|D²Φ[u, u]|/‖u‖² / (L0 + L1‖∇Φ‖)`` at a point: above 1, the pair ``(L0, L1)`` is refuted there."""
    with working_precision(precision):
        second = loss_taylor(network, theta, direction, data, loss, 2, precision)[2]
        slope = norm_squared(loss_gradient(network, theta, data, loss, precision)).sqrt()
        allowed = ball(pair[0]) + ball(pair[1]) * slope
        curved = abs(second) * 2 / norm_squared(load(network, direction))
        # A pair (0, 0) at a stationary point allows nothing; any positive number stands for it.
        floor = arb(2) ** -precision
        return ends(curved / allowed.max(floor))


def difference(theta: ExactParameters, theta_prime: ExactParameters) -> ExactParameters:
    """``θ' − θ``."""
    return tuple(
        (
            tuple(tuple(q - p for p, q in zip(r, s, strict=True)) for r, s in zip(a, c, strict=True)),
            None if b is None or d is None else tuple(q - p for p, q in zip(b, d, strict=True)),
        )
        for (a, b), (c, d) in zip(theta, theta_prime, strict=True)
    )


def length_squared(theta: ExactParameters) -> Fraction:
    """``‖θ‖²``, exactly."""
    rows = [v for a, b in theta for row in (*a, *(() if b is None else (b,))) for v in row]
    return sum((v * v for v in rows if v), Fraction(0))


def _coefficients(
    network: Network,
    theta: ExactParameters,
    move: ExactParameters,
    order: int,
    x: Any,
    loss: Loss | None,
    data: Dataset | None,
    precision: int,
) -> list[arb]:
    """``N`` or ``Φ`` at the point (order 0), or its derivative along the move (order 1)."""
    if loss is None:
        return directional_taylor(network, theta, move, x, order, precision)[order].entries()
    if data is None:
        raise InputError("a loss was given without data", "a loss is a mean over samples", "give a Dataset with labels")
    return [loss_taylor(network, theta, move, data, loss, order, precision)[order]]
