"""Activations far out: suprema of ``|zσ'|``, ``|zσ''|`` and ``|z²σ''|``, and of ``|σσ''|``.

Invariant: each number is at least the supremum over all real ``z``, and the first is the supremum itself; an activation
of the table without a row in ``MOMENTS`` has ``|zσ'(z)| → ∞`` along a sequence ``z → ∞``.

Proof: proofs/global-sigmoid-pair.md, proofs/global-one-layer.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import sympy as sp

from lipsym.domains.expressions import IsolatedRoot
from lipsym.nets.activations import ACTIVATIONS, Activation, activation

_X = sp.Symbol("x", nonnegative=True)


@dataclass(frozen=True, slots=True)
class Moments:
    """``first = sup|zσ'|``, ``mixed ≥ sup|zσ''|``, ``second ≥ sup|z²σ''|``."""

    first: sp.Expr
    mixed: sp.Expr
    second: sp.Expr


def in_table(sigma: Activation) -> bool:
    """Whether the facts proved for rows of the table hold for ``sigma``: a row, or a leaky ReLU."""
    leaky = sigma.name.startswith("leaky_relu(") and activation(sigma.name) == sigma
    return ACTIVATIONS.get(sigma.name) == sigma or leaky


def moments(sigma: Activation) -> Moments | None:
    """The row of ``sigma``, an activation of the table; ``None`` where ``zσ'`` is unbounded.

    Example:
        >>> moments(ACTIVATIONS["arctan"]).first, moments(ACTIVATIONS["sin"])
        (1/2, None)
    """
    return _moments().get(sigma.name) if in_table(sigma) else None


def curvature_product(sigma: Activation) -> sp.Expr | None:
    """A number at least ``sup|σσ''|`` for an unbounded smooth activation of the table; ``None`` for the others."""
    return _products().get(sigma.name) if in_table(sigma) else None


@cache
def _moments() -> dict[str, Moments]:
    steep = _steepest()
    flat = _flattest()
    slope = steep - 1 / (4 * steep)
    bell = sp.sqrt(sp.pi)
    return {
        "tanh": Moments(slope, 2 * slope, 2 * (flat**2 - 1)),
        "sigmoid": Moments(slope / 2, slope / 2, flat**2 - 1),
        "arctan": Moments(sp.Rational(1, 2), sp.Rational(1, 2), 3 * sp.sqrt(3) / 8),
        "erf": Moments(
            sp.sqrt(2) * sp.exp(-sp.Rational(1, 2)) / bell,
            4 * sp.exp(-1) / bell,
            3 * sp.sqrt(6) * sp.exp(-sp.Rational(3, 2)) / bell,
        ),
        "softsign": Moments(sp.Rational(1, 4), sp.Rational(8, 27), sp.Rational(8, 27)),
    }


@cache
def _products() -> dict[str, sp.Expr]:
    half = sp.Rational(1, 2)
    logistic = _moments()["sigmoid"]
    normal = sp.sqrt(2 * sp.pi)
    return {
        "identity": sp.S.Zero,
        "softplus": sp.exp(-1),
        "elu": sp.Rational(1, 4),
        "gelu": (2 * sp.exp(-half) + 3 * sp.sqrt(3) * sp.exp(-3 * half)) / normal,
        "silu": 2 * logistic.first + logistic.second,
    }


def _steepest() -> sp.Expr:
    """Where ``z(1 − tanh² z)`` is largest: ``2z tanh z = 1``."""
    return IsolatedRoot(2 * _X * sp.tanh(_X) - 1, _X, sp.Rational(3, 4), sp.Rational(4, 5))


def _flattest() -> sp.Expr:
    """Where ``z²(1 − tanh² z)`` is largest: ``z tanh z = 1``; the maximum is ``z² − 1``."""
    return IsolatedRoot(_X * sp.tanh(_X) - 1, _X, sp.Rational(6, 5) - sp.Rational(1, 100), sp.Rational(6, 5))
