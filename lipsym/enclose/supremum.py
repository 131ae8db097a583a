"""``enclose``: the supremum of a derivative's norm over a region, from both sides.

Invariant: ``lo`` is proved at an exact point of the region, and every point of the region lies in a box on which the
norm is proved to be at most ``hi``; this holds whenever the search stops, whatever the budget.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from lipsym.bounds.kinks import kink
from lipsym.bounds.result import Unbounded, Unknown
from lipsym.enclose.branch import Frontier
from lipsym.enclose.climb import climb, highest
from lipsym.enclose.cover import MOST_VARIABLES, Cover
from lipsym.enclose.journal import Journal
from lipsym.enclose.layout import Layout
from lipsym.enclose.one_region import RegionEnclosure, enclose_region
from lipsym.enclose.problem import Problem
from lipsym.enclose.reduction import Question, output_is_symmetric, reduce
from lipsym.enclose.uncertain import is_supported
from lipsym.enclose.witness import Point, certify
from lipsym.enclosure import Enclosure, End
from lipsym.errors import InputError
from lipsym.nets.claim import ORDERS
from lipsym.nets.inputs import Dataset, InputBall
from lipsym.nets.layers.affine import Affine
from lipsym.nets.losses import Loss
from lipsym.nets.losses import loss as find_loss
from lipsym.nets.network import Network
from lipsym.nets.odes import ControlledODE
from lipsym.nets.quantities import at_values, nonnegative
from lipsym.nets.regions import Region
from lipsym.nets.uniform import UniformNetwork

HIGHEST_ORDER = 2
SEARCHED = 24
"""Up to so many variables boxes are searched; with more, one bound over the whole region does better."""

_CLIMBERS, _STEPS = 32, 30


@dataclass(frozen=True, slots=True, eq=False)
class Supremum:
    """A certified enclosure of ``sup ‖D^k_θN‖``, or of the same of a loss.

    Args:
        quantity: ``"lipschitz"`` or ``"smoothness"``.
        lo: proved at ``witness``.
        hi: proved by ``cover``; ``math.inf`` if the budget ended before any bound was found.
        reached: whether ``hi − lo ≤ gap·hi``.
        gap: what was asked for.
        witness: exact parameters, input and label where the norm is at least ``lo``.
        cover: the boxes on which it is at most ``hi``, and the reductions by which their variables arise; ``None`` for
            a controlled ODE, whose boxes were bounded by validated integration.
        variables: how many variables a box has.
        boxes: how many boxes were bounded.
        seconds: how long the search took, earlier runs of a resumed one included.
        network, region, inputs, loss: what was asked, as readable text.
    """

    quantity: str
    lo: Fraction
    hi: End
    reached: bool
    gap: Fraction
    witness: Point
    cover: Cover | None
    variables: int
    boxes: int
    seconds: float
    network: str
    region: str
    inputs: str
    loss: str | None

    @property
    def enclosure(self) -> Enclosure:
        """``[lo, hi]``."""
        return Enclosure(self.lo, self.hi)

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules, each with its proof, that the upper end rests on."""
        if self.cover is None:  # a controlled ODE: its rules are those of validated integration
            return ()
        engine = ("running-error", "tabulated-activation", "multiplier-form")
        return (*self.cover.reductions, *engine, *(("eigenvector-split",) if self.quantity == "smoothness" else ()))

    def __str__(self) -> str:
        return (
            f"sup in {self.enclosure} ({self.boxes} boxes of {self.variables} variables, "
            f"{self.seconds:.2f} s{'' if self.reached else ', gap not reached'})"
        )


def enclose(
    network: Network | UniformNetwork | ControlledODE,
    region: Region,
    inputs: InputBall | Dataset,
    quantity: str = "lipschitz",
    values: Mapping[Any, Any] | None = None,
    gap: int | Fraction | str = "1/100",
    budget: int | float | Fraction = 60,
    executor: Executor | None = None,
    loss: Loss | str | None = None,
    state: str | Path | None = None,
) -> Supremum | RegionEnclosure | Unbounded | Unknown:
    """Enclose the supremum of ``‖D_θN‖`` (``"lipschitz"``) or ``‖D²_θN‖`` (``"smoothness"``) by branch and bound.

    Let ``Θ`` be the region and ``X`` the inputs. Then ``lo ≤ sup ‖D^k_θN_θ(x)‖ ≤ hi`` over ``Θ × X``; with a loss,
    the same of ``Φ``.

    Args:
        network: affine and elementwise layers of integer widths; or a controlled ODE with at most 6 parameters, whose
            boxes are bounded by validated integration.
        region: where the parameters lie.
        inputs: where the inputs lie, or the data of a loss. A loss on an ``InputBall`` is that of one sample there.
        quantity: ``"lipschitz"`` or ``"smoothness"``.
        values: exact numbers for the symbols of region, inputs and loss.
        gap: stop once ``hi − lo ≤ gap·hi``.
        budget: stop after so many seconds.
        executor: anything with ``submit`` (``concurrent.futures``); left out: this process. The result is the same.
        loss: a loss, or its name.
        state: a file to which every round is written, and from which a search that was cut off goes on.

    Returns:
        ``Supremum``; ``RegionEnclosure`` for a network that is too wide for branch and bound; ``Unbounded`` where a
        theorem says that there is none; ``Unknown`` where no engine applies.

    Raises:
        InputError: for an unknown quantity, a gap or budget that is not positive, or a state of another problem.
        MissingValueError: for a symbol without a value.

    Example:
        >>> from lipsym.nets.network import mlp
        >>> from lipsym.nets.regions import ProductBall
        >>> found = enclose(mlp([1, 1, 1], "tanh"), ProductBall("R"), InputBall("S"), values={"R": 3, "S": 1})
        >>> found.lo**2 <= 19 <= found.hi**2, found.reached  # √(R²(S² + 1) + 1)
        (True, True)
    """
    started = time.perf_counter()
    order = _order(quantity)
    wanted, seconds = _gap(gap), _budget(budget)
    if isinstance(network, ControlledODE):
        return _of_flow(network, region, inputs, quantity, values, wanted, seconds, loss, started)
    objective = None if loss is None else _at_values(find_loss(loss), values)
    if not isinstance(network, Network) or not _is_numeric(network):
        return Unknown(quantity, "depth or widths are symbols, and a search needs numbers: give integer widths")
    if objective is not None:
        objective.check(inputs, network.output_width)
    question = Question(network, region, inputs, order, objective, dict(values or {}))
    problem = _problem(question, quantity)
    if not isinstance(problem, tuple):
        return problem
    reduced, layout = problem
    if len(reduced.names) > SEARCHED and objective is None and is_supported(network):
        return enclose_region(network, region, inputs, quantity, values, wanted)
    if len(reduced.names) > MOST_VARIABLES:
        return Unknown(
            quantity, f"the search has {len(reduced.names)} variables, and covers have at most {MOST_VARIABLES}"
        )
    journal = None if state is None else Journal(state, _identity(question, reduced))
    point, frontier, spent = _search(question, reduced, layout, wanted, seconds, executor, journal, started)
    top = frontier.top
    hi: End = Fraction(top) if math.isfinite(top) else math.inf
    hi = max(hi, point.value)  # two proofs of one number: rounding alone could set them apart
    reached = isinstance(hi, Fraction) and hi - point.value <= wanted * hi
    cover = Cover(
        reduced.reductions,
        reduced.names,
        tuple(reduced.lo.tolist()),
        tuple(reduced.hi.tolist()),
        reduced.cases,
        frontier.tree(),
        hi,
    )
    return Supremum(
        quantity,
        point.value,
        hi,
        reached,
        wanted,
        point,
        cover,
        len(cover.variables),
        frontier.count,
        spent,
        network.spec,
        region.spec,
        inputs.spec,
        None if objective is None else objective.name,
    )


def _of_flow(
    ode: ControlledODE,
    region: Region,
    inputs: InputBall | Dataset,
    quantity: str,
    values: Mapping[Any, Any] | None,
    gap: Fraction,
    budget: float,
    loss: Loss | str | None,
    started: float,
) -> Supremum | Unknown:
    from lipsym.enclose.flow.supremum import flow_supremum  # which builds on this package's searches

    if loss is not None:
        return Unknown(quantity, "losses of a controlled ODE are bounded by derive, and not searched")
    found = flow_supremum(ode, region, inputs, quantity, ORDERS[quantity], values, gap, budget)
    if isinstance(found, Unknown):
        return found
    low, hi = found.point.value, found.upper
    reached = isinstance(hi, Fraction) and hi - low <= gap * hi
    seconds = time.perf_counter() - started
    texts = ode.spec, region.spec, inputs.spec, None
    return Supremum(quantity, low, hi, reached, gap, found.point, None, found.variables, found.boxes, seconds, *texts)


def _search(
    question: Question,
    problem: Problem,
    layout: Layout,
    gap: Fraction,
    budget: float,
    executor: Executor | None,
    journal: Journal | None,
    started: float,
) -> tuple[Point, Frontier, float]:
    """The best point, the boxes, and the seconds that were spent."""
    deadline = started + budget
    best, v, case = highest(problem, started + budget / 4)
    point = _certify(question, problem, layout, best, v, case)
    frontier = Frontier.of(problem, executor)
    records = [] if journal is None else journal.records
    earlier = records[-1][1] if records else 0.0
    number = 0
    while True:
        replaying = number < len(records)
        if not replaying:
            # What is below lo/(1 − gap) needs no more work; a hair less, since floats round.
            target = float(point.value / (1 - gap)) * (1.0 - 2.0**-40) if gap < 1 else math.inf
            frontier.settle(target)
            if not len(frontier.upper) or time.perf_counter() > deadline:
                break
        number += 1
        if number & (number - 1) == 0:  # rounds 1, 2, 4, 8, …: look again, where the bounds are largest
            value, w, k = _look_again(problem, frontier, deadline)
            if value > best * (1.0 + 2.0**-20):
                found = _certify(question, problem, layout, value, w, k)
                best, point = value, max(point, found, key=lambda p: p.value)
        if replaying:
            frontier.replay(records[number - 1][0])
            continue
        record = frontier.bisect(executor)
        if not len(record.nodes):
            break
        if journal is not None:
            journal.append(record, earlier + time.perf_counter() - started)
    return point, frontier, earlier + time.perf_counter() - started


def _certify(question: Question, problem: Problem, layout: Layout, value: float, v: np.ndarray, case: int) -> Point:
    """A proved lower bound near ``v``; beside it, if ``v`` lies on a kink, where the value is a one-sided limit."""
    point = certify(question, problem, layout, v, case)
    if math.isfinite(value) and point.value < Fraction(value) * Fraction(99, 100):
        aside = np.random.default_rng(0).choice([-1.0, 1.0], size=(8, len(v))) * 2.0**-24 * (problem.hi - problem.lo)
        points = [certify(question, problem, layout, w, case) for w in problem.project((v + aside).T).T]
        point = max([point, *points], key=lambda p: p.value)
    return point


def _look_again(problem: Problem, frontier: Frontier, deadline: float) -> tuple[float, np.ndarray, int]:
    order = np.lexsort((frontier.node, -frontier.upper))[:_CLIMBERS]
    middle = frontier.lo[order] + (frontier.hi[order] - frontier.lo[order]) / 2
    value, v, case = climb(problem, middle, frontier.case[order], _STEPS, deadline)
    top = int(np.argmax(value))
    return float(value[top]), v[top], int(case[top])


def _problem(question: Question, quantity: str) -> tuple[Problem, Layout] | Unbounded | Unknown:
    """The reduced problem, or why there is none."""
    network, loss = question.network, question.loss
    if question.order > HIGHEST_ORDER:
        return Unknown(quantity, "branch and bound is built for the orders 1 and 2: derive bounds order 3")
    if not any(isinstance(layer, Affine) for layer in network.layers):
        return Unknown(quantity, "the network has no parameters")
    known = kink(network, question.region, quantity, loss is not None)
    if known is not None:
        return known
    free = loss is not None and loss.name == "cross_entropy" and isinstance(question.inputs, InputBall)
    if free and not output_is_symmetric(question):
        return Unknown(
            quantity,
            "the classes are not interchangeable on this region, so the label of a free sample matters: give a Dataset",
        )
    return reduce(question)


def _identity(question: Question, problem: Problem) -> dict[str, Any]:
    """What distinguishes a problem from others, for the header of its state."""
    digest = hashlib.sha256()
    for part in (problem.tape.constants, problem.lo, problem.hi, *(problem.inner or ())):
        digest.update(np.ascontiguousarray(part).tobytes())
    digest.update(repr(problem.tape.operations).encode())
    # Two activations of one name differ in their tables alone.
    for table in problem.tape.tables:
        for part in (*table.coefficients, table.errors, table.sizes):
            digest.update(np.ascontiguousarray(part).tobytes())
        digest.update(repr((table.reach, table.extrema, table.tails)).encode())
    digest.update(repr([(c.variables.tolist(), c.low, c.high, c.sphere) for c in problem.constraints]).encode())
    return {
        "network": question.network.spec,
        "region": question.region.spec,
        "inputs": question.inputs.spec,
        "order": question.order,
        "loss": None if question.loss is None else question.loss.name,
        "digest": digest.hexdigest(),
    }


def _is_numeric(network: Network) -> bool:
    """Whether all widths are numbers."""
    return all(isinstance(width, int) for layer in network.layers for width in (layer.inputs, layer.outputs))


def _order(quantity: str) -> int:
    if quantity not in ORDERS:
        raise InputError(
            f"the quantity {quantity!r} was given", "it is not one of the constants", f"choose from {', '.join(ORDERS)}"
        )
    return ORDERS[quantity]


def _gap(given: Any) -> Fraction:
    value = nonnegative(given, "the gap")
    if not value.is_Rational or not 0 < value <= 1:
        raise InputError(
            f"the gap {given} was given",
            "the gap is the width of the enclosure, as a part of its upper end: a rational number in (0, 1]",
            "give a string such as '1/100'",
        )
    return Fraction(int(value.p), int(value.q))


def _budget(given: Any) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float | Fraction) or not given > 0:
        raise InputError(
            f"the budget {given!r} was given",
            "the budget is a positive number of seconds",
            "give a number such as 60",
        )
    return float(given)


def _at_values(loss: Loss, values: Mapping[Any, Any] | None) -> Loss:
    """The loss at numbers."""
    return replace(
        loss,
        weight_decay=at_values(loss.weight_decay, values, "the weight decay"),
        delta=at_values(loss.delta, values, "δ of the Huber loss"),
    )
