"""``refute_global``: two parameter vectors that no claimed global constant survives.

Invariant: a ``Witness`` is certified by ball arithmetic at exact rationals; the theorem only proposes where to look.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import sympy as sp

from lipsym.bounds.result import Bound, Unbounded, Unknown
from lipsym.bounds.stages import Stage, stages
from lipsym.domains import evaluate
from lipsym.domains.parse import exact
from lipsym.enclosure import Enclosure
from lipsym.errors import InputError
from lipsym.lower.decision import Decision
from lipsym.lower.divergence import Family, Move, R, Route, family
from lipsym.lower.equilibrium import equation_decision
from lipsym.lower.finite import Question
from lipsym.lower.global_bounds import ORDERS, decide, ends_biased
from lipsym.lower.instance import ExactParameters
from lipsym.nets.inputs import Dataset, InputBall
from lipsym.nets.losses import Loss
from lipsym.nets.losses import loss as find_loss
from lipsym.nets.network import Network
from lipsym.nets.odes import ControlledODE
from lipsym.nets.quantities import Exact
from lipsym.nets.uniform import UniformNetwork
from lipsym.refute.global_flow import flow_pairs
from lipsym.refute.global_path import Pair, rational_pair
from lipsym.refute.secant import curvature_excess, difference, secant

QUANTITIES = (*ORDERS, "L0L1")
LARGEST_EXPONENT = 40_000
"""A weight of the route ``TAIL`` is about ``exp(R)``; beyond this ``R`` it is not written out."""

POINTS = tuple(sp.Rational(p, q) for p, q in ((1, 2), (-1, 2), (1, 1), (1, 4), (-1, 1), (3, 2), (1, 16)))
FRACTIONS = (Fraction(1, 64), Fraction(1, 1024))
SLACK = 64
"""Bits beyond those that the claim itself needs, several times over."""


@dataclass(frozen=True, slots=True)
class Witness:
    """Exact parameters at which a claimed global constant fails.

    Args:
        quantity: ``"lipschitz"``, ``"smoothness"`` or ``"L0L1"``.
        constant: the claim, exactly; for ``"L0L1"`` the pair.
        network, loss: what was asked, as text.
        x: the input; ``None`` for a loss.
        data: the samples of the loss.
        theta, theta_prime: rationals, one pair ``(A, b)`` per block; for ``"L0L1"`` the second is ``θ`` plus the
            direction in which the curvature is large.
        ratio: an enclosure of a lower bound of the secant quotient; for ``"L0L1"`` of ``‖D²Φ‖/(L0 + L1‖∇Φ‖)``, which
            the claim says is at most 1.
        family: the symbolic family the parameters belong to, with its limit.
        theorem, hypotheses: why the ratio has no bound at all.
        precision: the bits at which the ratio was certified.
    """

    quantity: str
    constant: Fraction | tuple[Fraction, Fraction]
    network: str
    loss: str | None
    x: tuple[Fraction, ...] | None
    data: Dataset | None
    theta: ExactParameters
    theta_prime: ExactParameters
    ratio: Enclosure
    family: Family | None
    theorem: str
    hypotheses: tuple[str, ...]
    precision: int


def refute_global(
    network: Network | UniformNetwork | ControlledODE,
    constant: Exact | tuple[Exact, Exact],
    quantity: str = "lipschitz",
    loss: str | Loss | None = None,
    inputs: InputBall | Dataset | None = None,
) -> Witness | Bound | Unbounded | Unknown:
    """Refute a constant claimed for all parameters, or return the one that holds.

    Args:
        network: affine and elementwise layers with integer widths.
        constant: an int, a ``Fraction`` or a string such as ``"1e300"``; a pair for ``"L0L1"``.
        quantity: ``"lipschitz"``; ``"smoothness"``; or ``"L0L1"``: ``‖D²Φ‖ ≤ L0 + L1‖∇Φ‖``.
        loss: a loss, or its name, for claims about ``Φ``; ``"L0L1"`` needs one.
        inputs: where the inputs lie; left out: ``‖x‖ ≤ 1``.

    Returns:
        A ``Witness``; the global ``Bound`` where one exists, and no search is made; ``Unbounded`` if every witness
        for this constant is too large to write out; ``Unknown`` if no theorem decides.

    Raises:
        InputError: for a constant that is not a number ≥ 0, or symbolic widths.

    Example:
        >>> from lipsym.nets.network import mlp
        >>> found = refute_global(mlp([2, 3, 1], "tanh"), "1e300")
        >>> found.ratio.lo > 10**300
        True

    Proof: proofs/global-order-1.md, proofs/global-order-2.md, proofs/global-loss.md, proofs/global-l0l1.md.
    """
    if quantity not in QUANTITIES:
        raise InputError(
            f"the quantity {quantity!r} was given",
            f"global claims are made about {', '.join(QUANTITIES)}",
            "take one of these",
        )
    objective = None if loss is None else find_loss(loss)
    claim = _claim(constant, quantity)
    if isinstance(network, UniformNetwork):
        return Unknown(quantity, "the depth is a symbol; ask for .at(depth)")
    if isinstance(network, ControlledODE):
        network = network.as_network() or network
    if isinstance(network, ControlledODE):
        return _flow(network, claim, quantity, objective, InputBall(1) if inputs is None else inputs)
    _integer_widths(network)
    where = InputBall(1) if inputs is None else inputs
    asked = Question(network, where, objective)
    question = asked if objective is None else Question(network, _data(network, where, objective), objective)
    if quantity == "L0L1":
        return _pair_claim(asked, question, claim)
    decision = decide(asked, quantity)
    if decision.bound is not None:
        return decision.bound
    if decision.theorem is None:
        return Unknown(quantity, decision.reason)
    found = _search(question, decision, claim[0])
    return _too_large(decision) if found is None else found


def _flow(
    ode: ControlledODE, claim: tuple[Fraction, ...], quantity: str, loss: Loss | None, inputs: InputBall | Dataset
) -> Witness | Unbounded | Unknown:
    """The witness of a controlled equation."""
    if quantity not in ORDERS:
        return Unknown(quantity, "(L0, L1) claims are decided for networks")
    if not isinstance(ode.width, int):
        raise InputError(f"the width {ode.width} was given", "a witness has numbered entries", "give an integer")
    decision = equation_decision(ode, inputs, loss, quantity)
    if decision.theorem is None:
        return Unknown(quantity, decision.reason)
    for pair in flow_pairs(ode, inputs, quantity, claim[0]):
        return Witness(
            quantity=quantity,
            constant=claim[0],
            network=ode.spec,
            loss=None,
            x=pair.x,
            data=None,
            theta=pair.theta,
            theta_prime=pair.theta_prime,
            ratio=pair.ratio,
            family=None,
            theorem=str(decision.theorem),
            hypotheses=decision.hypotheses,
            precision=pair.precision,
        )
    return Unbounded(quantity, decision.reason, "the equilibrium's parameters, R → ∞", str(decision.theorem))


def _search(question: Question, decision: Decision, claim: Fraction) -> Witness | None:
    """The first candidate whose certified ratio exceeds the claim."""
    network, inputs = question.network, question.inputs
    data = inputs if question.loss is not None and isinstance(inputs, Dataset) else None
    x = _input(question)
    for pair, precision, grown in _candidates(question, decision, x, claim):
        ratio = secant(network, pair.theta, pair.theta_prime, decision.quantity, x, question.loss, data, precision)
        if ratio.lo > claim:
            return _witness(question, decision, claim, pair, ratio, grown, precision, x)
    return None


def _candidates(
    question: Question, decision: Decision, x: tuple[Fraction, ...], claim: Fraction
) -> Iterator[tuple[Pair, int, Family | None]]:
    if decision.theorem == "global-decay":
        yield from _along_a_ray(question, claim)
        return
    path = stages(question.network)
    planned = decision.family
    if path is None or planned is None:
        return
    order = ORDERS[decision.quantity]
    for attempt, ((shift, point), fraction) in enumerate(
        product(product(range(3) if planned.route is Route.FAR else (0,), POINTS), FRACTIONS)
    ):
        grown = family(path, planned.route, planned.layer, order, point, shift)
        tail = planned.route is Route.TAIL  # every doubling of R doubles the digits of a weight: start low
        size = Fraction(2 ** (_bits(claim) // grown.power + (5 + attempt if tail else 12 + 4 * attempt)))
        if tail and size > LARGEST_EXPONENT:
            return
        precision = 3 * _bits(claim) + 8 * SLACK + (4 * int(size) if tail else 32 * attempt)
        yield rational_pair(path, grown, x, size, Fraction(1) if grown.fixed else fraction, precision), precision, grown


def _along_a_ray(question: Question, claim: Fraction) -> Iterator[tuple[Pair, int, None]]:
    """``0`` and ``t e_1``: the weight decay alone gives ``λt/2 − O(1/t)``."""
    loss = question.loss
    if loss is None:
        return
    zero: ExactParameters = tuple(
        (
            ((Fraction(0),) * int(layer.inputs),) * int(layer.outputs),
            (Fraction(0),) * int(layer.outputs) if layer.bias else None,
        )
        for layer in map(question.network.affine, question.network.blocks)
    )
    decay = Fraction(evaluate(loss.weight_decay).lo)
    for attempt in range(4):
        far = (4 * claim + 4) / decay * 16**attempt
        (first, bias), *rest = zero
        moved = (((far, *first[0][1:]), *first[1:]), bias)
        yield Pair(zero, (moved, *rest)), 2 * _bits(far) + 4 * SLACK, None


def _pair_claim(asked: Question, question: Question, claim: tuple[Fraction, ...]) -> Witness | Bound | Unknown:
    """``‖D²Φ‖ ≤ L0 + L1‖∇Φ‖`` for all parameters.

    Along the families of losses the curvature grows like ``R²`` and the gradient like ``R``; on the hyperbola
    ``w_m = R``, ``w_1 = y/(Rx)`` of a bias-free linear network with squared error the gradient is 0.
    """
    quantity, loss, data = "L0L1", question.loss, question.inputs
    if loss is None or not isinstance(data, Dataset):
        raise InputError(
            "an (L0, L1) claim was given without a loss",
            "it compares the Hessian of a loss with its gradient",
            "name the loss, for example loss='mse'",
        )
    decision = decide(asked, "smoothness")
    if decision.bound is not None:
        return decision.bound
    path = stages(question.network)
    if path is None:
        return Unknown(quantity, decision.reason)
    families = [f for f in (_hyperbola(path, data, loss),) if f is not None]
    if not families and decision.family is not None and len(path) > 1:
        route = Route.BIAS if ends_biased(path) else decision.family.route
        families = [family(path, route, len(path), 2, point) for point in POINTS]
    x = _input(question)
    base = max(claim)
    for attempt, grown in enumerate(families):
        size = Fraction(2 ** (_bits(base) + 16 + 4 * attempt))
        precision = 4 * _bits(size) + 8 * SLACK
        pair = rational_pair(path, grown, x, size, Fraction(1), precision)
        direction = difference(pair.theta, pair.theta_prime)
        ratio = curvature_excess(question.network, pair.theta, direction, (claim[0], claim[1]), loss, data, precision)
        if ratio.lo > 1:
            shown = Decision(quantity, "infinite", "global-l0l1", (*question.sentences(),), "", family=grown)
            return _witness(question, shown, (claim[0], claim[1]), pair, ratio, grown, precision, x)
    return Unknown(quantity, decision.reason if not families else "no point of the theorem's curve was certified")


def _hyperbola(path: tuple[Stage, ...], data: Dataset, loss: Loss) -> Family | None:
    """Stationary points of a bias-free linear network under the squared error with one sample."""
    plain = all(stage.linear and not stage.affine.bias for stage in path)
    if not plain or len(path) < 2 or loss.name != "mse" or data.size != 1 or data.radius.is_zero:
        return None
    if not loss.weight_decay.is_zero:
        return None
    target = sp.Rational(Fraction(float(np.asarray(data.labels).reshape(-1)[0])))
    middle = (sp.S.One,) * (len(path) - 2)
    weights = (target / R, *middle, R)
    offsets = tuple(sp.S.Zero if s.affine.bias else None for s in path)
    return Family(Route.SCALE, len(path), weights, offsets, (Move(1, False),), sp.S.One, R**2, 2)


def _witness(
    question: Question,
    decision: Decision,
    claim: Fraction | tuple[Fraction, Fraction],
    pair: Pair,
    ratio: Enclosure,
    grown: Family | None,
    precision: int,
    x: tuple[Fraction, ...],
) -> Witness:
    loss = question.loss
    return Witness(
        quantity=decision.quantity,
        constant=claim,
        network=question.network.spec,
        loss=None if loss is None else loss.name,
        x=x if loss is None else None,
        data=question.inputs if isinstance(question.inputs, Dataset) and loss is not None else None,
        theta=pair.theta,
        theta_prime=pair.theta_prime,
        ratio=ratio,
        family=grown,
        theorem=str(decision.theorem),
        hypotheses=decision.hypotheses,
        precision=precision,
    )


def _too_large(decision: Decision) -> Unbounded:
    return Unbounded(
        quantity=decision.quantity,
        reason=f"{decision.reason}; a pair that refutes this constant has parameters too large to be written out",
        witness="" if decision.family is None else decision.family.text,
        rule=str(decision.theorem),
    )


def _claim(constant: Any, quantity: str) -> tuple[Fraction, ...]:
    given = constant if isinstance(constant, tuple | list) else (constant,)
    wanted = 2 if quantity == "L0L1" else 1
    numbers = [exact(value, "the claimed constant") for value in given]
    if len(numbers) != wanted or not all(isinstance(n, sp.Rational) and n >= 0 for n in numbers):
        raise InputError(
            f"the constant {constant!r} was given for {quantity}",
            "a claimed constant is a rational number ≥ 0" + (", and an (L0, L1) claim is a pair" * (wanted == 2)),
            "give one such as 1000 or '1e300'" if wanted == 1 else "give a pair such as (1, '1e10')",
        )
    return tuple(Fraction(int(n.p), int(n.q)) for n in numbers)


def _integer_widths(network: Network) -> None:
    widths = [network.input_width, *(layer.outputs for layer in network.layers)]
    symbols = [w for w in widths if not isinstance(w, int)]
    if symbols:
        raise InputError(
            f"the width {symbols[0]} was given", "a witness has numbered entries", "give integers for the widths"
        )


def _input(question: Question) -> tuple[Fraction, ...]:
    """An input: of a data set one that is not 0 if there is one; of a ball 0 unless layer 1 needs another."""
    inputs, count = question.inputs, int(question.network.input_width)  # type: ignore[arg-type]
    if isinstance(inputs, Dataset):
        rows = [tuple(Fraction(v) for v in row) for row in inputs.points.tolist()]
        return next((row for row in rows if any(row)), rows[0])
    first = stages(question.network)
    if first is not None and first[0].affine.bias:
        return (Fraction(0),) * count
    return (_inside(inputs), *(Fraction(0),) * (count - 1))


def _inside(inputs: InputBall) -> Fraction:
    """A float, exactly, that is at most the radius."""
    if inputs.radius.free_symbols:
        raise InputError(
            f"the radius {inputs.radius} of the inputs was given",
            "without a bias in layer 1 a witness needs a numbered input",
            "give a number, for example ball:1",
        )
    return Fraction(evaluate(inputs.radius).lower_float())


def _data(network: Network, inputs: InputBall | Dataset, loss: Loss) -> Dataset:
    """The data of a loss; of a ball one sample with the label 0 (class 0, or 1 for the logistic loss)."""
    if isinstance(inputs, Dataset):
        return inputs
    x = np.zeros((1, int(network.input_width)))  # type: ignore[arg-type]
    if inputs.radius.is_number or not network.affine(network.blocks[0]).bias:
        x[0, 0] = float(_inside(inputs))
    if loss.name in ("cross_entropy", "logistic"):
        return Dataset(x, y=[0 if loss.name == "cross_entropy" else 1])
    return Dataset(x, y=np.zeros((1, int(network.output_width))))  # type: ignore[arg-type]


def _bits(number: Fraction) -> int:
    """About ``log2`` of a number, at least 1."""
    return max(1, abs(number.numerator).bit_length() - number.denominator.bit_length() + 1)
