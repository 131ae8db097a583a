"""How far upper and lower bounds are apart: the limit for large radii, and certified ratios at numbers.

Invariant: ``limit`` is the proved limit of ``upper/lower`` as all radii grow in proportion, or ``None``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy as sp

from lipsym.bounds.derive import derive as derive_upper
from lipsym.bounds.kinks import ORDERS
from lipsym.bounds.result import Bound, Unbounded, Unknown
from lipsym.bounds.stages import Stage, stages
from lipsym.domains.expressions import IsolatedRoot
from lipsym.enclosure import Enclosure
from lipsym.errors import InputError
from lipsym.lower.equilibrium import equation_limit, equation_lower_bound
from lipsym.lower.growth import last_curved
from lipsym.lower.lower_bound import lower_bound
from lipsym.lower.tune import LowerWitness, lower_at
from lipsym.nets.inputs import Dataset, InputBall
from lipsym.nets.losses import Loss
from lipsym.nets.losses import loss as find_loss
from lipsym.nets.network import Network
from lipsym.nets.odes import ControlledODE
from lipsym.nets.regions import Ball, ProductBall, Region
from lipsym.nets.uniform import UniformNetwork

_V = sp.Symbol("v", nonnegative=True)
_ROOT = IsolatedRoot(_V**3 + 2 * _V - 1, _V, sp.Rational(2, 5), sp.Rational(1, 2))
SIGMOID_LOSS = 4 * _ROOT * (1 - _ROOT) / sp.sqrt(1 + _ROOT**2)
"""What a hidden sigmoid neuron alone loses against ``s1 R``: ``max 4σ'/√(1 + σ²)``, about 0.90285."""


@dataclass(frozen=True, slots=True)
class Sharpness:
    """Both sides of a constant.

    Args:
        question: network, region, inputs, quantity and loss.
        upper, lower: the bounds, ``None`` where there is none.
        limit: of ``upper/lower`` as the radii grow.
        reason: the theorem with its hypotheses, or what is missing.
    """

    question: tuple[Any, ...]
    upper: Bound | None
    lower: Bound | None
    limit: sp.Expr | None
    reason: str

    def at(self, values: Mapping[str, Any], precision: int = 53) -> Enclosure:
        """Enclose ``upper/lower`` at numbers, with the witness whose free points are tuned there (``lower_at``).

        Raises:
            InputError: if one of the two is missing, or the lower bound is 0 there.
        """
        if self.upper is None or self.lower is None:
            raise InputError("a ratio of bounds was asked for", self.reason, "ask for a case that has both bounds")
        above = self.upper.evaluate(values, precision=precision)
        found = self.lower_at(values, precision)
        below = found.value if isinstance(found, LowerWitness) else found
        if below.lo <= 0:
            raise InputError(
                f"the values {dict(values)} were given", "the lower bound is not above 0 there", "take larger radii"
            )
        return quotient(above, below)

    def lower_at(self, values: Mapping[str, Any], precision: int = 53) -> LowerWitness | Enclosure:
        """The lower side at numbers: the tuned witness where there is one, else the formula's value."""
        network, region, inputs, quantity, loss = self.question
        if not isinstance(network, ControlledODE):
            found = lower_at(network, region, inputs, quantity, values, loss, precision)
            if isinstance(found, LowerWitness):
                return found
        return Enclosure(0) if self.lower is None else self.lower.evaluate(values, precision=precision)


def quotient(above: Enclosure, below: Enclosure) -> Enclosure:
    """``above/below`` for ``above ≥ 0`` and ``below > 0``."""
    least = Fraction(above.lo) / Fraction(below.hi)
    return Enclosure(least, above.hi if isinstance(above.hi, float) else Fraction(above.hi) / Fraction(below.lo))


def sharpness(
    network: Network | UniformNetwork | ControlledODE,
    region: Region,
    inputs: InputBall | Dataset,
    quantity: str = "lipschitz",
    loss: str | Loss | None = None,
) -> Sharpness:
    """Upper and lower bound of a constant, and the proved limit of their ratio as the radii grow.

    Args:
        network, region, inputs, quantity, loss: as for ``derive``.

    Example:
        >>> import lipsym as ls
        >>> found = sharpness(ls.mlp([1, 1, 1], "tanh"), ls.ProductBall("R"), ls.InputBall("S"))
        >>> found.limit, found.at({"R": 100, "S": "3/2"}).hi < Fraction(102, 100)
        (1, True)

    Proof: proofs/path-witness-1.md, proofs/path-witness-2.md, proofs/equilibrium-witness.md.
    """
    objective = None if loss is None else find_loss(loss)
    above = derive_upper(network, region, inputs, quantity, objective)
    if isinstance(network, ControlledODE):
        network = network.as_network() or network
    if isinstance(network, ControlledODE):
        below = equation_lower_bound(network, region, inputs, quantity, objective)
        limit, reason = equation_limit(network, region, quantity)
    else:
        below = lower_bound(network, region, inputs, quantity, objective)
        limit, reason = _limit(network, region, quantity)
    if objective is not None:
        limit, reason = None, "the sharpness theorem covers networks; of a loss the certified ratio is what is known"
    for side, found in (("upper", above), ("lower", below)):
        if isinstance(found, Unbounded | Unknown):
            limit, reason = None, f"no {side} bound: {found.reason}"
    question = (network, region, inputs, quantity, objective)
    return Sharpness(
        question,
        above if isinstance(above, Bound) else None,
        below if isinstance(below, Bound) else None,
        limit,
        reason,
    )


def _limit(network: Network | UniformNetwork, region: Region, quantity: str) -> tuple[sp.Expr | None, str]:
    order = ORDERS[quantity]
    centred = (isinstance(region, Ball) and region.center is None) or (
        isinstance(region, ProductBall) and region.centers is None
    )
    if order == 3 or not centred:
        return None, "the sharpness theorem covers orders 1 and 2 on balls around 0"
    if not _proportional(region):
        return None, "the sharpness theorem needs radii that are positive multiples of one symbol"
    if isinstance(network, UniformNetwork):
        return _uniform_limit(network, region, order)
    line = stages(network)
    if line is None or not all(s.affine.bias for s in line):
        return None, "the sharpness theorem needs layers with biases and blocks of their own"
    if len(line) == 1:
        return sp.S.One, "one layer: s1·√(S² + 1) and s2·(S² + 1) are reached, or approached, as its argument is free"
    return _layers_limit(line, region, order)


def _proportional(region: Region) -> bool:
    """Whether the radii are positive rational multiples of one symbol, which then grows."""
    radii = region.radius if isinstance(region, Ball) else region.radii if isinstance(region, ProductBall) else ()
    each = radii if isinstance(radii, tuple) else (radii,)
    symbols = set().union(*(r.free_symbols for r in each))
    if len(symbols) != 1:
        return False
    (symbol,) = symbols
    return all((r / symbol).is_Rational and (r / symbol).is_positive for r in each)


def _layers_limit(line: tuple[Stage, ...], region: Region, order: int) -> tuple[sp.Expr | None, str]:
    top = last_curved(line)
    rectifier = all(s.linear or s.activation.name == "relu" for s in line)
    if rectifier and order == 1:
        if isinstance(region, Ball) and len(line) > 3:
            return None, "beyond three layers the joint upper bound of rectifiers adds maxima that no point shares"
        return sp.S.One, "identity and ReLU, order 1: both sides are √m·(Π R)·√(S² + 1) to leading order"
    if top is None or any(s.linear for s in line[: top + 1]) or top < len(line) - 2:
        return None, "the sharpness theorem needs activations on all layers, or on all but the last"
    curved = line[: top + 1]
    if not all(s.activation.s0.is_finite and s.activation.s2.is_finite for s in curved):
        return None, "the sharpness theorem needs bounded activations; the certified ratio is what is known"
    if not all(sp.S.Zero in s.activation.attained[1] for s in curved):
        return None, "the sharpness theorem needs |σ'| to be largest at 0"
    offsets = [s for s in curved[:-1] if not s.activation.at_zero.is_zero]
    wide = all(s.width.is_Integer and s.width >= 2 for s in curved[:-1])
    if not offsets or wide:
        how = "σ(0) = 0 in the hidden layers" if not offsets else "all hidden widths ≥ 2"
        return sp.S.One, f"s0, s1, s2 < ∞, |σ'| largest at 0, {how}: the leading terms agree"
    if all(s.activation.name == "sigmoid" for s in offsets):
        power = order * len(offsets)
        return SIGMOID_LOSS**-power, "hidden sigmoid neurons alone: each loses max 4σ'/√(1 + σ²) = 0.90285…"
    return None, "σ(0) ≠ 0 needs hidden widths ≥ 2"


def _uniform_limit(network: UniformNetwork, region: Region, order: int) -> tuple[sp.Expr | None, str]:
    sigma = network.activation
    fits = network.bias and sigma.s0.is_finite and sigma.s2.is_finite and sp.S.Zero in sigma.attained[1]
    if not (fits and network.output.name in ("identity", sigma.name)) or (isinstance(region, Ball) and order == 2):
        return None, "for symbolic depth the theorem needs a bounded σ steepest at 0, and order 1 on joint balls"
    if not sigma.at_zero.is_zero and not (isinstance(network.width, int) and network.width >= 2):
        return None, "σ(0) ≠ 0 needs a width that is a number ≥ 2"
    how = "σ(0) = 0" if sigma.at_zero.is_zero else "hidden widths ≥ 2"
    least = 3 if order == 2 and network.output.name == "identity" else 2
    return sp.S.One, f"s0, s1, s2 < ∞, |σ'| largest at 0, {how}: the leading terms agree at every depth m ≥ {least}"
