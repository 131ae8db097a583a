"""Two parameter vectors of a controlled equation that no claimed global constant survives.

Invariant: the parameters are exact rationals, and the ratio is an enclosure of a proved lower bound of the secant
quotient at exactly these: for ``θ`` the state rests (up to a drift that both share), for ``θ'`` it leaves the
equilibrium at a rate that is bounded below.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import sympy as sp

from lipsym.domains import evaluate
from lipsym.enclosure import Enclosure
from lipsym.lower.equilibrium import Driven, driven
from lipsym.nets.inputs import Dataset, InputBall
from lipsym.nets.odes import ControlledODE
from lipsym.refute.secant import ExactParameters

LARGEST_RATE = 1 << 20
"""``σ'(0) R T`` beyond which a witness is not written out."""


@dataclass(frozen=True, slots=True)
class FlowPair:
    """``θ``, ``θ'``, the input and the certified ratio at them."""

    theta: ExactParameters
    theta_prime: ExactParameters
    x: tuple[Fraction, ...]
    ratio: Enclosure
    precision: int


def flow_pairs(ode: ControlledODE, inputs: InputBall | Dataset, quantity: str, claim: Fraction) -> Iterator[FlowPair]:
    """Pairs of growing size, until the claim is passed or the parameters are too large.

    Nothing is yielded for equations of another form: one field ``σ(Ax + b)`` or ``Ax`` and a continuous control.

    Proof: proofs/global-flow.md.
    """
    found = driven(ode)
    if isinstance(found, str) or found.hidden is not None or found.jumps is not None or found.total.free_symbols:
        return
    rate = Fraction(evaluate(found.slope * found.total).lo)
    wanted = 64
    while rate > 0 and wanted < LARGEST_RATE:
        size = Fraction(-(-wanted // rate) if rate < wanted else 1)
        precision = 4 * wanted + 256
        pair = (_order_1 if quantity == "lipschitz" else _order_2)(found, inputs, size, wanted, precision)
        if pair is None:
            return
        if pair.ratio.lo > claim:
            yield pair
            return
        wanted *= 2


def _order_1(
    found: Driven, inputs: InputBall | Dataset, size: Fraction, wanted: int, precision: int
) -> FlowPair | None:
    """``‖X_T(θ') − X_T(θ)‖ ≥ ‖θ' − θ‖ c(e^{κRT} − 1)/R``, where ``κ = σ'(0) − s2 ζ/2 > 0`` and ``δ c e^{κRT} ≤ ζ``.

    ``c = 1`` where ``b`` moves; without bias ``c`` is the entry of ``x`` that the moved weight multiplies.
    """
    sigma, width = found.sigma, int(found.width)
    bias, paired = found.biases[0], not sigma.at_zero.is_zero
    offset, first = Fraction(1), (Fraction(0),) * width
    if isinstance(inputs, Dataset):  # the input of the witness is its own
        return None
    if not bias:
        if width < 2 or paired or inputs.radius.free_symbols:
            return None
        offset = _float_below(inputs.radius)
        first = (Fraction(0), offset, *(Fraction(0),) * (width - 2))
        if not offset:
            return None
    if paired and width < 2:
        return None
    zeta = Fraction(1, 64)
    kappa = _float_below(sp.Max(0, found.slope - sigma.s2 * sp.Rational(zeta.numerator, 2 * zeta.denominator)))
    total = _rational(found.total, up=False)
    # δ·offset·e^{κRT} ≤ ζ, since κRT ≤ 2·wanted and e < 4.
    delta = zeta / (Fraction(4) ** (2 * wanted + 4) * max(1, offset))
    if kappa <= 0 or kappa * size * _rational(found.total, up=True) > 2 * wanted:
        return None
    exponent = sp.Rational(kappa.numerator, kappa.denominator) * sp.Rational(size.numerator, size.denominator)
    value = (sp.exp(exponent * sp.Rational(total.numerator, total.denominator)) - 1) * sp.Rational(
        offset.numerator, offset.denominator
    )
    ratio = evaluate(value / sp.Rational(size.numerator, size.denominator), precision=precision)
    theta = (_block(width, size, paired, bias, Fraction(0), Fraction(0)),)
    moved = (_block(width, size, paired, bias, delta if bias else Fraction(0), Fraction(0) if bias else delta),)
    return FlowPair(theta, moved, first, ratio, precision)


def _order_2(
    found: Driven, inputs: InputBall | Dataset, size: Fraction, wanted: int, precision: int
) -> FlowPair | None:
    """``tanh``: ``y = RX_1 + η`` solves ``y' = R tanh y``, so ``sinh y(T) = e^{RT} sinh η`` and
    ``∂X_1/∂η = (∂y/∂η − 1)/R``, at ``η = 0`` and at ``η = δ``.
    """
    if found.sigma.name != "tanh" or not found.biases[0] or isinstance(inputs, Dataset):
        return None
    width, delta = int(found.width), Fraction(1, 2**wanted)
    R, T = sp.Rational(size.numerator, size.denominator), found.total
    growth, step = sp.exp(R * T), sp.Rational(delta.numerator, delta.denominator)
    there = growth * sp.cosh(step) / sp.sqrt(1 + (growth * sp.sinh(step)) ** 2)
    ratio = evaluate((growth - there) / (R * step), precision=precision)
    theta = (_block(width, size, False, True, Fraction(0), Fraction(0)),)
    moved = (_block(width, size, False, True, delta, Fraction(0)),)
    return FlowPair(theta, moved, (Fraction(0),) * width, ratio, precision)


def _block(
    width: int, size: Fraction, paired: bool, bias: bool, offset: Fraction, weight: Fraction
) -> tuple[tuple[tuple[Fraction, ...], ...], tuple[Fraction, ...] | None]:
    """``A = R e_1 e_1ᵀ``, or ``R w wᵀ`` with ``w = (1, −1)/√2``; ``b`` along ``e_1`` or ``(1, −1)``; ``A_12``."""
    rows = [[Fraction(0)] * width for _ in range(width)]
    column = [Fraction(0)] * width
    if paired:
        rows[0][:2], rows[1][:2] = [size / 2, -size / 2], [-size / 2, size / 2]
        column[:2] = [offset, -offset]
    else:
        rows[0][0], column[0] = size, offset
        if width > 1:
            rows[0][1] = weight
    return tuple(map(tuple, rows)), tuple(column) if bias else None


def _float_below(value: sp.Expr) -> Fraction:
    return Fraction(evaluate(value).lower_float())


def _rational(value: sp.Expr, up: bool) -> Fraction:
    found = evaluate(value)
    return Fraction(found.hi if up else found.lo)
