"""The polynomial degree of the constants in the radius.

Invariant: ``least`` and ``most`` are proved; where they differ, ``reason`` names the gap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sympy as sp

from lipsym.bounds.kinks import ORDERS
from lipsym.bounds.stages import Stage, stages
from lipsym.nets.activations import ACTIVATIONS
from lipsym.nets.losses import Loss
from lipsym.nets.losses import loss as find_loss
from lipsym.nets.network import Network
from lipsym.nets.odes import ControlledODE
from lipsym.nets.uniform import UniformNetwork

JUMP = "a slope jumps, and the region meets the jump"
LABELS = "biases in all layers, and a label that the hypotheses leave free"


@dataclass(frozen=True, slots=True)
class Growth:
    """``c R^least ≤ sup ≤ C R^most`` for large ``R``.

    Args:
        least, most: integers, expressions in a symbolic depth, or ``oo``; ``None`` where nothing is proved.
        reason: the hypotheses, or the gap.
    """

    least: sp.Expr | None
    most: sp.Expr | None
    reason: str

    @property
    def degree(self) -> sp.Expr | None:
        """The common degree, if both are known and agree."""
        return self.least if self.least is not None and self.least == self.most else None

    def __str__(self) -> str:
        if self.least is self.most is None:
            return f"unknown: {self.reason}"
        if self.degree is not None:
            return "infinite for every R" if self.degree is sp.oo else f"R^{_brackets(self.degree)}"
        low = "?" if self.least is None else f"R^{_brackets(self.least)}"
        high = "?" if self.most is None else f"R^{_brackets(self.most)}"
        return f"between {low} and {high}: {self.reason}"


def growth(
    network: Network | UniformNetwork | ControlledODE, quantity: str = "lipschitz", loss: str | Loss | None = None
) -> Growth:
    """The degree in ``R`` of a constant on balls of radius ``R`` around 0, per layer or joint.

    Let ``m`` be the number of layers, ``K`` the last one whose activation is not the identity, ``e`` the number of
    layers at the end whose activation is unbounded. With biases the degree is ``m − 1`` for order 1, and
    ``2(K − 1) + (m − K)`` for order 2 (``m − 2``, at least 0, if there is no such layer).

    Args:
        network, quantity, loss: as for ``derive``; the inputs are a ball or data, some of them not 0.

    Example:
        >>> from lipsym.nets.network import mlp
        >>> growth(mlp([2, 3, 3, 1], "tanh"), "smoothness").degree, str(growth(mlp([2, 3, 1], "relu"), "smoothness"))
        (3, 'infinite for every R')

    Proof: proofs/path-witness-2.md.
    """
    if isinstance(network, ControlledODE):
        network = network.as_network() or network
    if isinstance(network, ControlledODE):
        return Growth(None, None, "a controlled equation, whose constants grow exponentially rather than like a power")
    order, objective = ORDERS[quantity], None if loss is None else find_loss(loss)
    if order == 3:
        return _unknown("the degree is proved for orders 1 and 2")
    if isinstance(network, UniformNetwork):
        return _uniform(network, order, objective)
    line = stages(network)
    if line is None or not all(ACTIVATIONS.get(s.activation.name) == s.activation for s in line):
        return _unknown("the degree is proved for layers with blocks of their own and activations of the table")
    biased = all(s.affine.bias for s in line)
    if order == 2 and not all(s.activation.s2.is_finite for s in line):
        if biased and objective is None:
            return Growth(sp.oo, sp.oo, JUMP)
        return _unknown("a slope jumps, and no rule decides whether this meets the jump with a derivative that stays")
    if objective is not None:
        return _of_loss(line, order, objective) if biased else _unknown("of a loss the degree is proved with biases")
    degree = sp.Integer(_degree(line, order))
    if biased:
        return Growth(degree, degree, "biases in all layers")
    return _without_bias(line, degree, order)


def _degree(line: Sequence[Stage], order: int) -> int:
    m, top = len(line), last_curved(line)
    if order == 1:
        return m - 1
    return max(0, m - 2) if top is None else 2 * top + (m - 1 - top)


def _without_bias(line: Sequence[Stage], degree: sp.Expr, order: int) -> Growth:
    hidden = line[:-1]
    if all(s.activation.at_zero.is_zero for s in hidden):
        return Growth(degree, degree, "σ(0) = 0 and σ'(0+) ≠ 0 in all hidden layers, and some input is not 0")
    wide = all(s.width.is_Integer and s.width >= 2 for s in hidden)
    if order == 1 and wide and all(s.activation.name == "sigmoid" for s in hidden):
        return Growth(degree, degree, "two opposed neurons in every hidden layer")
    return Growth(None, degree, "without biases no witness of this degree is known where σ(0) ≠ 0")


def _of_loss(line: Sequence[Stage], order: int, loss: Loss) -> Growth:
    m = len(line)
    if loss.name == "cross_entropy" and not (line[-1].width.is_Integer and line[-1].width >= 2):
        return _unknown("the number of classes is not known to be at least 2")
    bounded = [s.activation.s0.is_finite for s in reversed(line)]
    free = bounded.index(True) if True in bounded else m
    residual = free if loss.name == "mse" else 0
    if order == 1:
        return _same(max(m - 1 + residual, 0 if loss.weight_decay.is_zero else 1), LABELS)
    least, most = 2 * (m - 1), max(2 * (m - 1), _degree(line, 2) + residual)
    if least < most:
        return Growth(sp.Integer(least), sp.Integer(most), "residual and curvature grow at different points")
    return _same(most, LABELS)


def _uniform(network: UniformNetwork, order: int, loss: Loss | None) -> Growth:
    m, sigma = sp.sympify(network.depth), network.activation
    rows = all(ACTIVATIONS.get(s.name) == s for s in (sigma, network.output))
    if loss is not None or not network.bias or not rows:
        return _unknown("for symbolic depth the degree is proved for networks with biases and rows of the table")
    if order == 1:
        return Growth(m - 1, m - 1, f"{m} ≥ 2")
    if not (sigma.s2.is_finite and network.output.s2.is_finite):
        return Growth(sp.oo, sp.oo, JUMP)
    linear = network.output.name == "identity"
    degree = 2 * (m - 1) if not linear else m - 2 if sigma.name == "identity" else 2 * (m - 2) + 1
    return Growth(degree, degree, f"{m} ≥ 2")


def last_curved(line: Sequence[Stage]) -> int | None:
    """The index from 0 of the last stage whose activation is not the identity."""
    return max((k for k, stage in enumerate(line) if not stage.linear), default=None)


def _same(degree: int, reason: str) -> Growth:
    return Growth(sp.Integer(degree), sp.Integer(degree), reason)


def _unknown(reason: str) -> Growth:
    return Growth(None, None, reason)


def _brackets(degree: sp.Expr) -> str:
    return str(degree) if degree.is_Atom else f"({degree})"
