"""One case: derive, evaluate, attack.

Invariant: disagreement of two arithmetics and a certified lower bound above a bound are reported as what they are,
never averaged away; the comparison is one of exact rationals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np
import sympy as sp

from lipsym.bounds.result import Bound, Unbounded, Unknown
from lipsym.certificates import certificate, evaluation, search_record
from lipsym.certificates.document import sharpness_record, witness_record
from lipsym.certificates.numbers import read_end, write_end
from lipsym.certificates.question import flat, question, samples
from lipsym.certificates.witness import write_parameters
from lipsym.derive import derive
from lipsym.enclosure import Enclosure, End
from lipsym.lower.growth import growth
from lipsym.lower.sharpness import Sharpness, sharpness
from lipsym.lower.tune import LowerWitness
from lipsym.nets.claim import Claim
from lipsym.nets.inputs import Dataset, InputBall
from lipsym.nets.losses import Loss, loss
from lipsym.nets.network import Network
from lipsym.nets.odes import ControlledODE
from lipsym.nets.specs import parse_inputs, parse_network, parse_region
from lipsym.prove.suite import Case
from lipsym.refute.ascent import maximise
from lipsym.refute.confirm import Confirmed, confirm
from lipsym.refute.question import concrete_network, sample
from lipsym.verdict import Verdict
from lipsym.verify.decide import enclosed
from lipsym.verify.witness import steepest

ARITHMETICS = (("arb", 53), ("mpmath", 53), ("float64", 53))
"""The domains every bound is evaluated in, with their precision in bits; the first is the one reported."""

LARGEST_VERIFIED = 9
"""Parameters up to which the supremum is enclosed by branch and bound."""

GAP, BUDGET = Fraction(1, 50), 60
"""Relative width of that enclosure, and seconds it may take: many more than it does, so that runs are repeatable."""

NOTHING_FOUND, REFUTED = "no counterexample found", "refuted"


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a case.

    Args:
        case: the case's title.
        quantity: of the bound.
        file: the certificate's name.
        document: the certificate.
        failures: what went wrong, one sentence each; empty for a run that holds.
    """

    case: str
    quantity: str
    file: str
    document: Mapping[str, Any]
    failures: tuple[str, ...] = ()


def work(case: Case, seed: int = 0) -> Done:
    """Derive the case's bound, evaluate it in every arithmetic, and search for parameters above it."""
    network, region, inputs = parse_network(case.network), parse_region(case.region), parse_inputs(case.inputs)
    objective = None if case.loss is None else loss(case.loss, weight_decay=case.weight_decay)
    outcome = derive(network, region, inputs, case.quantity, objective)
    asked = {
        "quantity": case.quantity,
        "side": "upper",
        "network": network.spec,
        "region": region.spec,
        "inputs": inputs.spec,
        "loss": case.loss,
    }
    failures: list[str] = []
    if kind(outcome) != case.expect:
        reason = "" if isinstance(outcome, Bound) else f": {outcome.reason}"
        failures.append(f"expected {case.expect}, derived {kind(outcome)}{reason}")
    if not isinstance(outcome, Bound):
        return Done(case.title, case.quantity, case.file, certificate(outcome, asked, case=case.title), tuple(failures))
    elementary = "gronwall" if isinstance(network, ControlledODE) else "recursion"
    plain = derive(network, region, inputs, case.quantity, objective, rule=elementary) if case.compared else None
    sides = sharpness(network, region, inputs, case.quantity, objective)
    degree = str(growth(network, case.quantity, objective))
    record = sharpness_record(sides.limit, sides.reason, degree, sides.lower)
    items = []
    for point in case.at:
        at = dict(point)
        values = evaluate(outcome, at)
        failures += disagreements(values, at)
        upper = values[ARITHMETICS[0]].hi
        search = None
        if case.budget:
            attacked = concrete_network(network, {name: sp.Rational(value) for name, value in at.items()})
            data = inputs if objective is None else attack_data(inputs, objective, attacked, at)
            found, direction = attack(attacked, region, data, case, objective, at, seed)
            search = searched(found, upper, direction, None if objective is None else data)
            failures += refutation(found, upper, at)
        beside = plain.evaluate(at, *ARITHMETICS[0]) if isinstance(plain, Bound) else None
        witness = _witness(sides, at) if sides.lower is not None else None
        if witness is not None and read_end(witness["lower"]) > upper:
            failures.append(f"the witness at {_point(at)} is above the bound")
        verified = None
        if search is not None and objective is None and small(network) and isinstance(upper, Fraction):
            verified, wrong = supremum(network, region, inputs, case.quantity, upper, at)
            failures += wrong if search["verdict"] == NOTHING_FOUND else []
        items.append(evaluation(at, values, beside, search, witness, verified))
    plain_data = question(network, region, inputs, objective) if written(network) else None  # type: ignore[arg-type]
    document = certificate(outcome, asked, items, case.title, plain_data, record)
    return Done(case.title, case.quantity, case.file, document, tuple(failures))


def written(network: Any) -> bool:
    """Whether a certificate can hold the network as plain data: its depth and widths are numbers."""
    return isinstance(network, Network) and isinstance(network.parameter_count, int)


def small(network: Any) -> bool:
    """Whether branch and bound, and the checker's after it, enclose the supremum in seconds."""
    return written(network) and network.parameter_count <= LARGEST_VERIFIED


def supremum(
    network: Any, region: Any, inputs: Any, quantity: str, upper: Fraction, at: Mapping[str, str]
) -> tuple[dict[str, Any] | None, list[str]]:
    """The supremum at numbers, as a part of the claim that it is at most the bound, and what went wrong."""
    claim = Claim(network, region, inputs, quantity, "<=", upper)
    values = {name: Enclosure(Fraction(value)) for name, value in at.items()}
    found = enclosed(claim, values, GAP, BUDGET)
    if found is None:
        return None, []
    failures = [f"REFUTED at {_point(at)}: {found}"] if found.verdict is Verdict.REFUTED else []
    return found.document["parts"][0], failures


def attack(
    network: Any,
    region: Any,
    data: Any,
    case: Case,
    objective: Loss | None,
    at: Mapping[str, str],
    seed: int,
) -> tuple[Confirmed, Any]:
    """The best point of a search, with a direction in which the derivative is that large (``None`` for equations)."""
    candidate = maximise(network, region, data, case.quantity, at, seed, case.budget, objective)
    found = confirm(network, region, data, candidate, case.quantity, at, objective)
    if isinstance(network, ControlledODE):
        return found, None
    claim = Claim(network, region, data, case.quantity, ">=", 0, objective)
    value, direction = steepest(claim, found.params, found.x, candidate.direction)
    return replace(found, value=value), direction


def _witness(sides: Sharpness, at: Mapping[str, str]) -> dict[str, Any]:
    """The lower side at a point: the tuned member of the family, or the formula's value."""
    found = sides.lower_at(at)
    if not isinstance(found, LowerWitness):
        return witness_record(found.lo, () if sides.lower is None else sides.lower.rules)
    exact = found.instance
    parameters = None if exact is None else write_parameters(exact.parameters)
    inputs = None if exact is None else [write_end(v) for v in exact.x]
    return witness_record(found.value.lo, found.bound.rules, parameters, inputs)


def kind(outcome: Bound | Unbounded | Unknown) -> str:
    """The outcome's name in lower case."""
    return type(outcome).__name__.lower()


def evaluate(bound: Bound, at: Mapping[str, Any]) -> dict[tuple[str, int], Enclosure]:
    """The bound in every arithmetic."""
    needed = {symbol.name for symbol in bound.symbols}
    values = {name: value for name, value in at.items() if name in needed}
    return {arithmetic: bound.evaluate(values, *arithmetic) for arithmetic in ARITHMETICS}


def disagreements(values: Mapping[tuple[str, int], Enclosure], at: Mapping[str, Any]) -> list[str]:
    """Pairs of arithmetics whose enclosures of one number do not meet: one of them is wrong."""
    return [
        f"{one[0]} and {two[0]} disagree at {_point(at)}: {values[one]} and {values[two]} do not meet"
        for one, two in combinations(values, 2)
        if not values[one].overlaps(values[two])
    ]


def refutation(found: Confirmed, upper: End, at: Mapping[str, Any]) -> list[str]:
    """A certified lower bound above the bound: exact rationals are compared."""
    if found.value <= upper:
        return []
    parameters = write_arrays([part for pair in found.params for part in pair if part is not None])
    x = None if found.x is None else [write_end(v) for v in found.x]
    claim = f"the quantity is at least {write_end(found.value)} > {write_end(upper)}"
    return [f"REFUTED at {_point(at)}: {claim} at the parameters {parameters} and the input {x}"]


def searched(found: Confirmed, upper: End, direction: Any = None, data: Any = None) -> dict[str, Any]:
    """The search's part of the certificate."""
    return search_record(
        verdict=NOTHING_FOUND if found.value <= upper else REFUTED,
        lower=found.value,
        evaluations=found.evaluations,
        parameters=[[None if part is None else write_arrays([part])[0] for part in pair] for pair in found.params],
        inputs=None if found.x is None else [write_end(v) for v in found.x],
        direction=None if direction is None else flat(direction),
        data=None if data is None else samples(data),
        method="projected ascent in floating point; confirmed by Arb at these rational parameters",
    )


def write_arrays(arrays: Sequence[Any]) -> list[Any]:
    """Arrays of exact numbers as nested lists of rationals."""
    return [_write(np.asarray(array).tolist()) for array in arrays]


def attack_data(inputs: InputBall, objective: Loss, network: Network, at: Mapping[str, str]) -> Dataset:
    """One sample within the hypotheses; the bound holds for every data set in the ball, so it holds for this one."""
    return sample(inputs, objective, network, {name: sp.Rational(value) for name, value in at.items()})


def _write(value: Any) -> Any:
    return [_write(item) for item in value] if isinstance(value, list) else write_end(Fraction(value))


def _point(at: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in at.items())
