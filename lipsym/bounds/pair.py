"""Generalised smoothness on a region: pairs ``(L0, L1)`` with ``‖D²Φ‖ ≤ L0 + L1‖∇Φ‖``.

Invariant: ``L0`` and ``L1`` are expressions in derived bounds of the network, so each carries a derivation.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import sympy as sp

from lipsym.bounds.derive import derive
from lipsym.bounds.objective import largest_norm
from lipsym.bounds.result import Bound, Constant, Step, Unbounded, Unknown
from lipsym.bounds.rules import RULES
from lipsym.bounds.stages import stages
from lipsym.nets.inputs import Dataset, InputBall
from lipsym.nets.losses import Loss
from lipsym.nets.losses import loss as find_loss
from lipsym.nets.network import Network
from lipsym.nets.regions import Region

RULE = "l0l1-region"


@dataclass(frozen=True, slots=True)
class SmoothnessPair:
    """``‖D²Φ(θ)‖ ≤ L0 + L1‖∇Φ(θ)‖`` for all ``θ`` of a region.

    Args:
        L0, L1: bounds; ``L1`` is 0 where only the smoothness constant is known.
        each_sample: whether ``Φ`` is the loss of any one sample, not of the average over several.
    """

    L0: Bound
    L1: Bound
    each_sample: bool


def smoothness_pair(
    network: Network,
    region: Region,
    inputs: InputBall | Dataset,
    loss: str | Loss,
    each_sample: bool = False,
) -> SmoothnessPair | Unbounded | Unknown:
    """The pair ``(L0, L1)`` of generalised smoothness, from the network's own bounds.

    Let ``L``, ``M`` bound ``‖D_θN‖`` and ``‖D²_θN‖``, the last layer be affine with a bias, and ``Φ`` the loss of one
    sample, ``ρ = max‖θ‖``. Then with ``(κ0, κ1)`` = (1, 0) for the squared and the Huber loss, (0, 2) for
    cross-entropy and (0, 1) for the logistic loss, ``L1 = κ1 L² + M`` and ``L0 = κ0 L² + λ + L1 λ ρ``.
    Of an average over several samples, and for other networks, ``L0`` is the smoothness bound of the loss, ``L1 = 0``.

    Args:
        network, region, inputs, loss: as for ``derive``.
        each_sample: whether the pair is for every single sample's loss.

    Example:
        >>> from lipsym.nets.network import mlp
        >>> from lipsym.nets.regions import ProductBall
        >>> pair = smoothness_pair(mlp([2, 3, 1], "tanh"), ProductBall(1), InputBall(1), "logistic", each_sample=True)
        >>> print(pair.L0.evaluate(), pair.L1.evaluate() <= 8)
        [0, 0] Verdict.PROVED

    Proof: proofs/l0l1-region.md.
    """
    objective = find_loss(loss)
    objective.check(inputs, network.output_width)
    one = each_sample or (isinstance(inputs, Dataset) and inputs.size == 1)
    line = stages(network)
    if not one or line is None or not (line[-1].linear and line[-1].affine.bias):
        whole = derive(network, region, inputs, "smoothness", objective)
        if not isinstance(whole, Bound):
            return whole
        nothing = replace(whole, quantity="L1", steps=(), constants=(), result=sp.S.Zero)
        return SmoothnessPair(replace(whole, quantity="L0"), nothing, one)
    first, second = (derive(network, region, inputs, quantity) for quantity in ("lipschitz", "smoothness"))
    for found in (first, second):
        if not isinstance(found, Bound):
            return found
    return _combined(first, second, network, region, objective)  # type: ignore[arg-type]


def _combined(first: Bound, second: Bound, network: Network, region: Region, loss: Loss) -> SmoothnessPair:
    kept, ignored = {"cross_entropy": (0, 2), "logistic": (0, 1)}.get(loss.name, (1, 0))
    first, second = _renamed(first, "L"), _renamed(second, "M")
    slope, bend, pair = (sp.Symbol(name, nonnegative=True) for name in ("L_N", "M_N", "L_1"))
    own = (Step(slope, first.result, RULES[RULE].id, "bounds ‖D_θN‖"),)
    curved = (Step(bend, second.result, RULES[RULE].id, "bounds ‖D²_θN‖"),)
    value = ignored * slope**2 + bend
    steps, constants = (*second.steps, *curved), second.constants
    if ignored:
        steps, constants = (*first.steps, *own, *steps), (*first.constants, *constants)
    decay = loss.weight_decay
    rest: sp.Expr = kept * slope**2 + decay
    before, known = ((*first.steps, *own), first.constants) if kept else ((), ())
    if not decay.is_zero:
        if not ignored and kept:
            before, known = (*before, *steps), (*known, *constants)
        elif not kept:
            before, known = steps, constants
        before = (*before, Step(pair, value, RULES[RULE].id, "L1"))
        rest += pair * decay * largest_norm(region, network)
    told = (*first.hypotheses, *loss.conventions, "Φ is the loss of one sample")
    like = replace(first, hypotheses=told, norm="‖D²Φ‖ ≤ L0 + L1‖∇Φ‖, Euclidean norms", loss=loss.name)
    return SmoothnessPair(
        replace(like, quantity="L0", steps=before, constants=known, result=rest),
        replace(like, quantity="L1", steps=steps, constants=constants, result=value),
        True,
    )


def _renamed(bound: Bound, suffix: str) -> Bound:
    """The same bound with names of its own for steps and constants."""
    old = [s.symbol for s in (*bound.steps, *bound.constants)]
    new = {s: sp.Symbol(f"{s.name}_{suffix}", nonnegative=True) for s in old}
    return replace(
        bound,
        steps=tuple(Step(new[s.symbol], s.expr.xreplace(new), s.rule, s.text) for s in bound.steps),  # type: ignore[index]
        constants=tuple(Constant(new[c.symbol], c.enclosure, c.text) for c in bound.constants),  # type: ignore[index]
        result=bound.result.xreplace(new),
    )
