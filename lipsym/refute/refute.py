"""``refute``: an attack on a claimed upper bound, in numbered tasks, with a proof at the end.

Invariant: what is reported depends on the claim, the values, the budget and the seed alone, never on the clock or on
the number of workers; a counterexample is proved before it is returned.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from lipsym.enclose.inside import inside
from lipsym.enclosure import Enclosure
from lipsym.errors import ArgumentTypeError, DomainError, InputError
from lipsym.nets.claim import ORDERS, Claim
from lipsym.nets.controls import Jump
from lipsym.nets.inputs import Dataset
from lipsym.nets.odes import ControlledODE
from lipsym.nets.uniform import UniformNetwork
from lipsym.refute.ascent import Candidate, maximise
from lipsym.refute.confirm import exact_input
from lipsym.refute.counterexample import Counterexample, Point, Survived, examine, frozen, quotient, secant_pair
from lipsym.refute.question import Instance, check_testable, instance, instances
from lipsym.refute.shrink import shrink
from lipsym.refute.tasks import results

EVALUATIONS = 4_000
"""Derivatives that one task evaluates."""

NUMBERS = 6
"""So many values of each symbol the first round tries if it can."""

FEWEST = 1_000
"""Derivatives that a task evaluates at least."""

FLOW_EVALUATIONS = 1_200
"""Of a controlled ODE, each of which is a whole integration."""

LONGER = 3
"""A task of the second round evaluates so many times more."""

BEST = 3
"""So many numbers of the first round are looked at again in the second."""

NEARBY = tuple(sp.Rational(p, q) for p, q in ((1, 1), (3, 2), (2, 3), (2, 1), (1, 2)))
"""Factors by which the second round moves a radius."""


@dataclass(frozen=True, slots=True)
class Task:
    """One search at fixed numbers; it depends on nothing else, and can run anywhere.

    Args:
        number: its place in the plan.
        instance: the claim at numbers.
        seed: of its generator.
        evaluations: derivatives it may evaluate.
    """

    number: int
    instance: Instance
    seed: tuple[int, int]
    evaluations: int


@dataclass(frozen=True, slots=True)
class Found:
    """What a task found, in floating point."""

    task: Task
    candidate: Candidate

    @property
    def ratio(self) -> float:
        """Value over claim; infinite where the claim is not positive."""
        bound = self.task.instance.bound
        value = self.candidate.value
        return value / bound if bound > 0 else float("inf") if value > bound else 0.0


Violation = tuple[Point, Any]
"""A point at which a claim fails, and the direction the search found there."""


def refute(
    claim: Claim,
    budget: float = 30,
    seed: int = 0,
    executor: Executor | None = None,
    values: Mapping[str, Any] | None = None,
) -> Counterexample | Survived:
    """Try to break a claim ``sup ‖D^k‖ ≤ expr``.

    Let ``Θ`` be the region and ``X`` the inputs of the claim. Then a ``Counterexample`` holds rational ``θ ∈ Θ`` and
    ``x ∈ X``, and numbers for the claim's symbols (radii, widths, depth), at which ``‖D^k‖ > expr`` is proved in ball
    arithmetic. It has been made simple: few neurons awake, small denominators.

    Args:
        claim: with the relation ``"<="``; its numbers may be symbols, which are searched, too.
        budget: in seconds of one core, by a fixed price for each task: it decides how many numbered tasks there are, so
            that the result is the same on every machine and for every number of workers. The attack stops at the first
            task that breaks the claim.
        seed: of every random choice.
        executor: anything with ``submit`` (a process pool, ``dask.distributed``'s ``Client.get_executor()``,
            ``mpi4py.futures.MPIPoolExecutor``); left out: this process. A task that a worker did not finish is done
            again.
        values: numbers for some of the claim's symbols; the others are searched.

    Returns:
        A ``Counterexample``, or ``Survived`` with the best ratio found; neither has a truth value, and ``Survived`` is
        no proof.

    Raises:
        InputError: for a claim that a point cannot test: one from below, a derivative that does not exist, a symbol
            that nothing gives a meaning to.

    Example:
        >>> from lipsym.nets.inputs import InputBall
        >>> from lipsym.nets.network import mlp
        >>> from lipsym.nets.regions import ProductBall
        >>> claim = Claim(mlp([1, 1, 1], "tanh"), ProductBall("R"), InputBall("S"), "lipschitz", "<=", "R*S + 1")
        >>> found = refute(claim, budget=1)
        >>> type(found).__name__, found.ratio.lo > 1
        ('Counterexample', True)
    """
    check_testable(claim, values)
    if isinstance(budget, bool) or not isinstance(budget, int | float | Fraction) or not 0 < budget < 1e7:
        raise InputError(f"the budget {budget!r} was given", "a budget is a positive number of seconds", "give 30")
    if executor is not None and not callable(getattr(executor, "submit", None)):
        raise ArgumentTypeError(
            f"{executor!r:.60} was given as an executor",
            "an executor has a method submit(function, argument) that returns a concurrent.futures.Future",
            "give a ProcessPoolExecutor, or Client.get_executor() of dask.distributed",
        )
    first = tuple(_first_round(claim, values, budget, seed))
    found: list[Found] = []
    for round_ in (first, None):
        tasks = round_ if round_ is not None else _second_round(claim, found, values, budget, seed)
        for result in results(attack, tasks, executor):
            found.append(result)
            if result.candidate.value > result.task.instance.bound:
                violation = _proved(result)
                if violation is not None:
                    return _report(claim, _at_simple_numbers(claim, violation, values, seed), found, seed)
    return _survived(claim, found, seed)


def attack(task: Task) -> Found:
    """Search at the task's numbers."""
    at = task.instance
    with np.errstate(all="ignore"):
        candidate = maximise(at.network, at.region, at.inputs, at.quantity, at.at, task.seed, task.evaluations, at.loss)
    return Found(task, candidate)


def work(at: Instance) -> int:
    """Derivatives that one task of the first round evaluates: fewer where each is a whole integration."""
    return FLOW_EVALUATIONS if isinstance(at.network, ControlledODE) else EVALUATIONS


def price(at: Instance, evaluations: int) -> float:
    """Seconds that a task is counted as: measured once on one core, and fixed, so that plans are reproducible."""
    if isinstance(at.network, ControlledODE):
        fields = sum(1 if isinstance(piece, Jump) else 24 for piece in at.network.pieces if piece.amounts)
        return evaluations * 20e-6 * ORDERS[at.quantity] * fields
    order, layers = ORDERS[at.quantity], len(at.network.layers)
    samples = at.inputs.size if at.loss is not None and isinstance(at.inputs, Dataset) else 1
    entries = samples * int(at.network.parameter_count)  # type: ignore[arg-type]
    steps = 600 + evaluations / 10
    return steps * (50e-6 + 50e-6 * order * layers) + 20e-9 * evaluations * entries * (order + 1)


def _first_round(claim: Claim, values: Mapping[str, Any] | None, budget: float, seed: int) -> Iterator[Task]:
    """Three fifths of the budget; where numbers are searched, many short tasks rather than a few long ones."""
    count, evaluations = 2, EVALUATIONS
    for number, at in enumerate(instances(claim, values, seed)):
        if number == 0:
            affordable = float(budget) * 3 / 5 / price(at, work(at))
            fewest = min(FEWEST, work(at))
            free = len(at.values) - len(values or {})
            wanted = NUMBERS * (free + 1) if free > 0 else 2
            count = max(2, int(affordable), min(wanted, int(affordable * work(at) / fewest)))
            evaluations = max(fewest, min(work(at), int(work(at) * affordable / count)))
        if number == count:
            return
        yield Task(number, at, (seed, number), evaluations)


def _second_round(
    claim: Claim, found: Sequence[Found], values: Mapping[str, Any] | None, budget: float, seed: int
) -> list[Task]:
    """Longer searches at the best numbers of the first round and next to them."""
    start = len(found)
    left = float(budget) * 2 / 5
    best = sorted(found, key=lambda f: (-f.ratio, f.task.number))[:BEST]
    fixed = {str(getattr(key, "name", key)) for key in values or {}}
    tasks: list[Task] = []
    for number in range(start, start + 10_000):
        at = _beside(claim, best[number % len(best)].task.instance, fixed, number - start)
        left -= price(at, LONGER * work(at))
        if left < 0:
            break
        tasks.append(Task(number, at, (seed, number), LONGER * work(at)))
    return tasks


def _beside(claim: Claim, at: Instance, fixed: set[str], number: int) -> Instance:
    """The same numbers, with one radius moved by a factor in later tasks."""
    free = [name for name, value in at.values if name not in fixed and not _is_size(claim, name)]
    factor = NEARBY[number // BEST % len(NEARBY)]
    if not free or factor == 1:
        return at
    name = free[number % len(free)]
    try:
        return instance(claim, at.at | {name: at.at[name] * factor}, number)
    except DomainError:
        return at


def _is_size(claim: Claim, name: str) -> bool:
    """Whether a symbol stands for a width or the depth."""
    network = claim.network
    sizes = [network.depth, network.width] if isinstance(network, UniformNetwork) else []
    sizes += [w for layer in getattr(network, "layers", ()) for w in (layer.inputs, layer.outputs)]
    return any(name in {s.name for s in sp.sympify(size).free_symbols} for size in sizes)


def _proved(found: Found) -> Violation | None:
    """The candidate at rationals, if ball arithmetic confirms that it violates the claim."""
    at, candidate = found.task.instance, found.candidate
    params = inside(at.network, at.region, candidate.params, at.at)
    x = None if at.loss is not None else exact_input(at.inputs, candidate.x, at.at)
    point = examine(at, params, x, candidate.direction)
    return (point, candidate.direction) if point.violates else None


def _at_simple_numbers(claim: Claim, violation: Violation, values: Mapping[str, Any] | None, seed: int) -> Violation:
    """The same claim broken at simpler numbers, if short searches manage it: one symbol after the other."""
    fixed = {str(getattr(key, "name", key)) for key in values or {}}
    for name in [name for name, _ in violation[0].instance.values if name not in fixed]:
        here = violation[0].instance
        for number, simple in enumerate(_simpler_numbers(here.at[name], _is_size(claim, name))):
            try:
                there = instance(claim, here.at | {name: simple})
            except DomainError:
                continue
            found = attack(Task(number, there, (seed, number), work(there) // 2))
            simpler = _proved(found) if found.candidate.value > there.bound else None
            if simpler is not None:
                violation = simpler
                break
    return violation


def _simpler_numbers(value: sp.Rational, size: bool) -> list[sp.Rational]:
    """A few numbers that are easier to read than ``value``, of about its size."""
    if size:
        return [sp.Integer(k) for k in range(1, int(value))][:2]
    near = [sp.Integer(1), sp.Integer(max(1, round(value))), sp.Rational(1, max(1, round(1 / value))), sp.Integer(10)]
    weight = value.p + value.q
    return [n for n in dict.fromkeys(near) if n.p + n.q < weight and value / 4 <= n <= 4 * value]


def _report(claim: Claim, violation: Violation, found: Sequence[Found], seed: int) -> Counterexample:
    point = shrink(*violation)
    at = point.instance
    pair = secant_pair(point)
    beyond = at.quantity != "lipschitz" and point.direction is not None
    return Counterexample(
        claim=str(claim),
        network=at.network.spec,
        quantity=at.quantity,
        values=at.values,
        theta=frozen(point.params),
        x=point.x,
        data=at.inputs if at.loss is not None and isinstance(at.inputs, Dataset) else None,
        direction=frozen(point.direction) if beyond else None,
        value=Enclosure(point.value, float("inf")),
        claimed=at.claimed,
        theta_prime=None if pair is None else pair[0],
        secant=None if pair is None else pair[1],
        evaluations=sum(f.candidate.evaluations for f in found),
        tasks=len(found),
        seed=seed,
    )


def _survived(claim: Claim, found: Sequence[Found], seed: int) -> Survived:
    """The best candidate, certified: it does not exceed the claim, or that could not be proved."""
    best = max(found, key=lambda f: (f.ratio, -f.task.number))
    at = best.task.instance
    params = inside(at.network, at.region, best.candidate.params, at.at)
    x = None if at.loss is not None else exact_input(at.inputs, best.candidate.x, at.at)
    point = examine(at, params, x, best.candidate.direction)
    return Survived(
        claim=str(claim),
        ratio=quotient(point.value, at.claimed),
        values=at.values,
        value=Enclosure(point.value, float("inf")),
        claimed=at.claimed,
        theta=frozen(params),
        x=x,
        data=at.inputs if at.loss is not None and isinstance(at.inputs, Dataset) else None,
        evaluations=sum(f.candidate.evaluations for f in found),
        tasks=len(found),
        seed=seed,
    )


__all__ = ["Counterexample", "Survived", "Task", "attack", "price", "refute"]
