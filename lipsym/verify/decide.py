"""``verify``: a claim against certified bounds from both sides.

Invariant: a part's verdict is the comparison of its evidence's numbers with an enclosure of the claimed expression, in
exact rationals; the whole is PROVED only by parts that tile the values, and REFUTED by any one of them.

From above: the closed form that ``derive`` yields, then branch and bound. From below: the best point of branch and
bound, or of a search, at exact rationals. Over ranges, boxes of values are bisected until each is decided.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any

import sympy as sp

from lipsym.bounds.result import Bound
from lipsym.certificates.claim import claim_document, closed_form, cover
from lipsym.certificates.numbers import write_enclosure
from lipsym.derive import derive
from lipsym.domains import evaluate, evaluate_program
from lipsym.domains.parse import exact
from lipsym.enclose.supremum import Supremum, enclose
from lipsym.enclosure import Enclosure, End
from lipsym.errors import DomainError, InputError, MissingValueError
from lipsym.nets.claim import Claim
from lipsym.nets.inputs import Dataset
from lipsym.nets.network import Network
from lipsym.nets.odes import ControlledODE
from lipsym.nets.quantities import Exact
from lipsym.nets.regions import Ball, Box
from lipsym.verdict import Verdict
from lipsym.verify.certificate import Certificate
from lipsym.verify.hull import Values, inner, outer
from lipsym.verify.witness import at, searched

PRECISION = 53
EVALUATIONS = 4_000
"""Of a search, for each second of the budget, within the limits below."""

FEWEST, MOST = 400, 40_000

FIRST_GAP, LAST_GAP = Fraction(1, 8), Fraction(1, 10**9)
"""Of branch and bound."""

MOST_PARTS = 4_096
"""Boxes of values."""


@dataclass(frozen=True, slots=True)
class Part:
    """A box of values, the claimed number there, and the evidence on the supremum."""

    values: Values
    claimed: Enclosure
    upper: Mapping[str, Any] | None = None
    lower: Mapping[str, Any] | None = None
    lo: Fraction = Fraction(0)
    hi: End = math.inf
    exact: bool = False

    def verdict(self, relation: str) -> Verdict:
        """What the evidence says of the claim at every one of the values."""
        if relation == "<=":
            holds, fails = self.hi <= self.claimed.lo or self.exact, self.lo > self.claimed.hi
        else:
            holds, fails = self.lo >= self.claimed.hi, self.hi < self.claimed.lo
        return Verdict.PROVED if holds else Verdict.REFUTED if fails else Verdict.UNDECIDED

    def document(self) -> dict[str, Any]:
        """As it stands in a certificate."""
        return {
            "values": {name: write_enclosure(v) for name, v in sorted(self.values.items())},
            "claimed": write_enclosure(self.claimed),
            "upper": self.upper,
            "lower": self.lower,
            "sup": write_enclosure(Enclosure(self.lo, self.hi)),
        }


def verify(
    claim: Claim,
    values: Mapping[Any, Exact | Enclosure] | None = None,
    budget: float = 60,
    gap: Exact | None = None,
    domain: str = "arb",
    executor: Executor | None = None,
    seed: int = 0,
) -> Certificate:
    """Prove or refute a claim at numbers, or over ranges of them.

    Let ``s(v)`` be the supremum and ``c(v)`` the claimed expression at the values ``v`` of the symbols. Then PROVED
    says that ``s(v) ≤ c(v)`` (or ``≥``) for *all* ``v`` given, REFUTED that it fails for one of them, with exact
    rational parameters where ``s`` is too large, and UNDECIDED that the budget ended between the ends of ``.sup``.

    Args:
        claim: what is asserted.
        values: for each symbol of the claim and its question an exact number, or an ``Enclosure`` for all in it.
        budget: seconds.
        gap: enclose the supremum at least to this relative gap, though the claim may be decided before.
        domain: where closed forms are evaluated, ``"arb"``, ``"mpmath"`` or ``"float64"``.
        executor: for branch and bound; anything with ``submit``.
        seed: of the search.

    Raises:
        MissingValueError: for a symbol without value.
        InputError: for widths that are no numbers, or values that are no rational numbers.

    Example:
        >>> import lipsym as ls
        >>> question = ls.mlp([1, 1, 1], "tanh"), ls.ProductBall("R"), ls.InputBall("S")
        >>> claim = ls.Claim(*question, "lipschitz", "<=", "R*(S + 1)")
        >>> verify(claim, {"R": 2, "S": "1/2"}).verdict
        <Verdict.PROVED: 'proved'>
        >>> wrong = ls.Claim(*question, "lipschitz", "<=", "R*sqrt(S**2 + 1)")
        >>> verify(wrong, {"R": 2, "S": "1/2"}).verdict
        <Verdict.REFUTED: 'refuted'>
    """
    whole = _values(claim, values or {})
    return _Verification(claim, whole, budget, gap, domain, executor, seed).run()


class _Verification:
    """One call of ``verify``."""

    def __init__(
        self,
        claim: Claim,
        whole: Values,
        budget: float,
        gap: Exact | None,
        domain: str,
        executor: Executor | None,
        seed: int,
    ) -> None:
        self.claim, self.whole, self.gap, self.domain = claim, whole, gap, domain
        self.executor, self.seed = executor, seed
        self.deadline = time.monotonic() + budget

    @property
    def left(self) -> float:
        """Seconds of the budget that are left."""
        return self.deadline - time.monotonic()

    def run(self) -> Certificate:
        """Corners and centre first, since one number refutes; then boxes."""
        if all(v.lo == v.hi for v in self.whole.values()):
            return self._certificate([self._point(self.whole)])
        for values in self._samples():
            part = self._point(values, share=1 / 16)
            if part.verdict(self.claim.relation) is Verdict.REFUTED:
                return self._certificate([part])
        done: list[Part] = []
        waiting = deque([self.whole])
        while waiting:
            values = waiting.popleft()
            part = self._box(values)
            if part.verdict(self.claim.relation) is Verdict.PROVED or self.left <= 0 or len(done) >= MOST_PARTS:
                done.append(part)
            else:
                waiting += _bisected(values, self.whole)
        return self._certificate(done)

    def _certificate(self, parts: Sequence[Part]) -> Certificate:
        verdicts = [part.verdict(self.claim.relation) for part in parts]
        verdict = Verdict.REFUTED if Verdict.REFUTED in verdicts else Verdict.PROVED
        if verdict is Verdict.PROVED and Verdict.UNDECIDED in verdicts:
            verdict = Verdict.UNDECIDED
        sup = Enclosure(min(part.lo for part in parts), max(part.hi for part in parts))
        documents = [part.document() for part in parts]
        return Certificate(claim_document(self.claim, verdict.value, self.whole, sup, documents))

    def _point(self, values: Values, share: float = 1) -> Part:
        """A part at exact numbers: the closed form, branch and bound, and a search where that has no engine."""
        part = self._above(Part(values, self._claimed(values)), self.claim, values)
        if not self._settled(part):
            part = self._branch(part, self.claim, values, share)
        if not self._settled(part):
            part = self._below(part, self.claim, values, share)
        return part

    def _box(self, values: Values) -> Part:
        """A part over ranges: the outer question from above, or the inner one from below."""
        part = Part(values, self._claimed(values))
        question = outer(self.claim, values) if self.claim.relation == "<=" else inner(self.claim, values)
        if self.claim.relation == "<=":
            part = self._above(part, question, {})
            # A claimed number that varies more over the box than the bound exceeds it by: bisecting comes first.
            coarse = part.claimed.hi - part.claimed.lo > (part.hi - part.claimed.lo) / 2
            return part if coarse or self._settled(part) else self._branch(part, question, {}, 1 / 16)
        return self._below(part, question, {}, 1 / 16)

    def _settled(self, part: Part) -> bool:
        """Whether nothing more is asked of a part."""
        decided = part.verdict(self.claim.relation) is not Verdict.UNDECIDED
        narrow = self.gap is None or part.hi - part.lo <= _rational(self.gap) * part.lo
        return decided and narrow

    def _claimed(self, values: Values) -> Enclosure:
        """The claimed expression over the values; the whole line where it has no enclosure there."""
        try:
            return evaluate(self.claim.expr, values, "arb", 2 * PRECISION)
        except DomainError:
            if all(v.lo == v.hi for v in values.values()):
                raise
            return Enclosure(-math.inf, math.inf)

    def _above(self, part: Part, question: Claim, values: Values) -> Part:
        """The closed form."""
        asked = question.network, question.region, question.inputs, question.quantity, question.loss
        bound = derive(*asked)
        if not isinstance(bound, Bound):
            return part
        numbers = {symbol.name: values[symbol.name] for symbol in bound.symbols}
        value = bound.evaluate(numbers, self.domain, PRECISION)
        if not isinstance(value.hi, Fraction):
            return part
        equal = value.overlaps(part.claimed) and not value.hi <= part.claimed.lo and self._equal(bound, part)
        evidence = closed_form(bound, value, self.domain, PRECISION, equal)
        return Part(part.values, part.claimed, evidence, part.lower, part.lo, value.hi, equal)

    def _equal(self, bound: Bound, part: Part) -> bool:
        """Whether the closed form minus the claimed expression simplifies to a number that is not positive."""
        if any(v.lo != v.hi for v in part.values.values()):
            return False
        numbers = {name: v.lo for name, v in part.values.items()} | {
            c.symbol.name: c.enclosure.lo for c in bound.constants if c.enclosure.lo == c.enclosure.hi
        }
        steps = [(s.symbol, s.expr) for s in bound.steps]
        if bound.constants and not all(c.symbol.name in numbers for c in bound.constants):
            return False
        return evaluate_program(steps, bound.result - self.claim.expr, numbers, "symbolic", PRECISION).hi <= 0

    def _below(self, part: Part, question: Claim, values: Values, share: float) -> Part:
        """The search."""
        if question.order == 3 and question.loss is not None and not question.loss.third_bound.is_finite:
            return part
        if question.loss is not None and not isinstance(question.inputs, Dataset):
            return part
        evaluations = int(min(max(EVALUATIONS * self.left * share, FEWEST), MOST))
        evidence = searched(question, values, evaluations, self.seed)
        if evidence is None:
            return part
        lo = Fraction(evidence["value"])
        return Part(part.values, part.claimed, part.upper, evidence, lo, part.hi, part.exact)

    def _branch(self, part: Part, question: Claim, values: Values, share: float) -> Part:
        """Branch and bound, to the gap between the claimed number and the best point, again as that grows."""
        numbers = {name: v.lo for name, v in values.items()}
        until = time.monotonic() + max(self.left, 0) * share
        gap = FIRST_GAP
        while until > time.monotonic() and not self._settled(part):
            found = enclose(
                question.network, question.region, question.inputs, question.quantity, numbers, gap,
                until - time.monotonic(), self.executor, question.loss)  # fmt: skip
            if not isinstance(found, Supremum):
                return part
            part = self._with(part, question, found)
            if not found.reached or gap <= LAST_GAP:
                return part
            gap = max(self._next_gap(part, gap), LAST_GAP)
        return part

    def _with(self, part: Part, question: Claim, found: Supremum) -> Part:
        """The part with what branch and bound found; a point of a range's outer question says nothing of the part."""
        upper, hi, lower, lo, equal = part.upper, part.hi, part.lower, part.lo, part.exact
        point = all(v.lo == v.hi for v in part.values.values())
        # Without a cover (controlled equations) nobody could re-check the upper end: it is no evidence.
        if found.cover is not None and found.hi < hi and isinstance(found.hi, Fraction) and not equal:
            upper, hi = cover(found.cover.document()), found.hi
        if point and found.lo > lo:
            evidence = at(question, found.witness.params, found.witness.x, y=found.witness.y)
            if evidence is not None and Fraction(evidence["value"]) > lo:
                lower, lo = evidence, Fraction(evidence["value"])
        return Part(part.values, part.claimed, upper, lower, lo, hi, equal)

    def _next_gap(self, part: Part, gap: Fraction) -> Fraction:
        """Nine tenths of the way from the best point to the claimed number, where that lies above it."""
        claimed = part.claimed.lo
        room = (claimed - part.lo) / claimed if isinstance(claimed, Fraction) and claimed > 0 else Fraction(0)
        least = room * Fraction(9, 10) if self.gap is None else min(room, _rational(self.gap))
        return least if 0 < least < gap else gap / 10

    def _samples(self) -> list[Values]:
        """The centre and the corners of the ranges."""
        ends = {name: sorted({v.lo, v.hi}) for name, v in self.whole.items()}
        corners = [dict(zip(ends, map(Enclosure, corner), strict=True)) for corner in product(*ends.values())]
        centre = {name: Enclosure((Fraction(v.lo) + Fraction(v.hi)) / 2) for name, v in self.whole.items()}
        return [centre, *corners]


def enclosed(claim: Claim, values: Values, gap: Fraction, budget: float) -> Certificate | None:
    """A claim against an enclosure of the supremum at numbers, and nothing else; ``None`` if the budget ended before.

    Args:
        claim: whose expression is compared.
        values: exact numbers.
        gap: relative width of the enclosure.
        budget: seconds.
    """
    run = _Verification(claim, values, budget, None, "arb", None, 0)
    numbers = {name: v.lo for name, v in values.items()}
    question = claim.network, claim.region, claim.inputs, claim.quantity
    found = enclose(*question, numbers, gap, budget, loss=claim.loss)
    if not isinstance(found, Supremum) or not found.reached:
        return None
    return run._certificate([run._with(Part(values, run._claimed(values)), claim, found)])


def _values(claim: Claim, given: Mapping[Any, Exact | Enclosure]) -> dict[str, Enclosure]:
    """The values of the question's symbols as enclosures by name."""
    network = claim.network
    if isinstance(network, ControlledODE):
        raise InputError(
            f"the controlled equation {network.spec} was given",
            "a verdict comes with a certificate, and the independent checker runs networks, not differential equations",
            "take derive for a proved upper bound, enclose for both sides, refute for a counterexample",
        )
    if not isinstance(network, Network) or not all(
        isinstance(width, int) for layer in network.layers for width in (layer.inputs, layer.outputs)
    ):
        raise InputError(
            f"the network {network.spec} was given",
            "a claim is verified for a network whose depth and widths are numbers",
            "give them, for example mlp:2-8-1:tanh",
        )
    loss, region, inputs = claim.loss, claim.region, claim.inputs
    if loss is not None and any(part.free_symbols for part in loss.parameters):
        raise InputError(
            f"the {loss.name} loss has symbols of its own",
            "a claim is verified at numbers of the loss",
            "give weight decay and threshold as numbers",
        )
    if isinstance(region, Box):
        sizes: list[Any] = [] if isinstance(region.lo, tuple) else [region.lo, region.hi]
    else:
        radii = region.radius if isinstance(region, Ball) else region.radii
        sizes = list(radii) if isinstance(radii, tuple) else [radii]
    sizes += [claim.expr, inputs.radius]
    if loss is not None and loss.needs_label_radius:
        sizes.append(inputs.label_radius)
    names = sorted({s.name for size in sizes for s in sp.sympify(size).free_symbols})
    by_name = {getattr(name, "name", name): value for name, value in given.items()}
    missing = [name for name in names if name not in by_name]
    if missing:
        raise MissingValueError(
            f"no value was given for {', '.join(missing)}",
            "a claim is verified where each of its symbols has a value",
            f"give values={{{missing[0]!r}: 1}}, or an Enclosure for a range; on the command line: --at {missing[0]}=1",
        )
    return {name: _value(name, by_name[name]) for name in names}


def _rational(gap: Exact) -> Fraction:
    return Fraction(str(exact(gap, "the gap")))


def _value(name: str, value: Exact | Enclosure) -> Enclosure:
    if not isinstance(value, Enclosure):
        number = exact(value, f"the value of {name}")
        if not isinstance(number, sp.Rational):
            raise InputError(
                f"the value {value} was given for {name}",
                "values are rational numbers, so that a certificate can hold them",
                "give an Enclosure that contains it",
            )
        value = Enclosure(Fraction(int(number.p), int(number.q)))
    if not (isinstance(value.lo, Fraction) and isinstance(value.hi, Fraction) and value.lo >= 0):
        raise InputError(
            f"the range {value} was given for {name}",
            f"{name} stands for a number that is not negative, and a range is bounded",
            "give a range such as Enclosure(1, 3)",
        )
    return value


def _bisected(values: Values, whole: Values) -> list[Values]:
    """Halves along the range that is widest relative to the whole one."""
    name = max(
        (n for n in values if whole[n].width), key=lambda n: Fraction(values[n].width) / Fraction(whole[n].width)
    )
    lo, hi = Fraction(values[name].lo), Fraction(values[name].hi)
    middle = (lo + hi) / 2
    return [{**values, name: Enclosure(lo, middle)}, {**values, name: Enclosure(middle, hi)}]
