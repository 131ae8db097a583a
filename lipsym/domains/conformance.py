"""A test suite for numeric domains, shipped so that anyone's ``Domain`` can be held to it.

Invariant: a failure is never a false alarm. The true range of every operation is enclosed, by exact rational arithmetic
or by Arb with up to 6400 bits, and a result counts as a failure only where it certainly misses a part of that range, or
where an operation that has no value returned one.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from lipsym.domains.conformance_reference import INCREASING, function_range, operation_range
from lipsym.domains.record import Domain
from lipsym.enclosure import Enclosure, End
from lipsym.errors import DomainError

INFINITY = float("inf")

Arguments = tuple[Enclosure | int, ...]


@dataclass(frozen=True, slots=True)
class Failure:
    """One wrong result.

    Args:
        operation: its name.
        arguments: what reproduces it, exactly.
        expected: an enclosure of the true range, or ``None`` where a ``DomainError`` is due.
        obtained: the result, or the exception's text.
    """

    operation: str
    arguments: Arguments
    expected: Enclosure | None
    obtained: Enclosure | str

    def __str__(self) -> str:
        return f"{self.operation}{self.arguments!r}: expected {self.expected!r}, obtained {self.obtained!r}"


@dataclass(frozen=True, slots=True)
class Tally:
    """How one operation did: cases, those with the tightest possible result, and those refused by a ``DomainError``."""

    cases: int
    tightest: int
    refused: int


@dataclass(frozen=True, slots=True)
class ConformanceReport:
    """The outcome of ``check_domain``: conformity is ``ok``; the tallies say how tight the domain is."""

    name: str
    precision: int
    tallies: Mapping[str, Tally]
    failures: tuple[Failure, ...]

    @property
    def ok(self) -> bool:
        """Whether no case failed."""
        return not self.failures

    def __str__(self) -> str:
        rows = [f"{'operation':12}{'cases':>7}{'tightest':>10}{'refused':>9}{'failed':>8}"]
        for name, tally in self.tallies.items():
            failed = sum(f.operation == name for f in self.failures)
            share = tally.tightest / max(tally.cases - tally.refused, 1)
            rows.append(f"{name:12}{tally.cases:7}{share:10.1%}{tally.refused:9}{failed:8}")
        return "\n".join([f"{self.name}, {self.precision} bits", *rows, *map(str, self.failures[:20])])


def check_domain(
    domain: Domain[Any], seed: int = 0, cases: int = 200, operations: Sequence[str] | None = None
) -> ConformanceReport:
    """Compare every operation of a domain with the truth, at hard points and intervals and at random ones.

    Args:
        domain: the domain.
        seed: of the random arguments; reports are reproducible.
        cases: per operation.
        operations: names of those to check; left out, all of them.

    Example:
        >>> from lipsym.domains.float64 import float64_domain
        >>> check_domain(float64_domain(), cases=20, operations=["add", "tanh"]).ok
        True
    """
    rng = random.Random(seed)
    with domain.session() as inner:
        callables = _callables(inner)
        names = list(callables) if operations is None else list(operations)
        tallies, failures = {}, []
        for name in names:
            outcomes = [_judge(inner, name, callables[name], arguments) for arguments in _arguments(name, rng, cases)]
            failures += [failure for failure, _, _ in outcomes if failure is not None]
            tallies[name] = Tally(len(outcomes), sum(t for _, t, _ in outcomes), sum(r for _, _, r in outcomes))
    return ConformanceReport(domain.name, domain.precision, tallies, tuple(failures))


def _callables(domain: Domain[Any]) -> dict[str, Callable[..., Any]]:
    basic = {
        name: getattr(domain, name) for name in ("add", "multiply", "divide", "power", "root", "maximum", "minimum")
    }
    # The absolute value, as the evaluator forms it.
    minus_one = domain.enclose(Enclosure(-1))
    absolute = lambda x: domain.maximum(x, domain.multiply(minus_one, x))  # noqa: E731
    return {"enclose": lambda x: x, **basic, "abs": absolute, **domain.functions}


def _judge(
    domain: Domain[Any], name: str, operation: Callable[..., Any], arguments: Arguments
) -> tuple[Failure | None, bool, bool]:
    """A failure or ``None``, whether the result is tightest, and whether the domain refused."""
    truth = function_range(name, arguments, 400) if name in _FUNCTIONS else operation_range(name, arguments)
    try:
        values = [domain.enclose(x) if isinstance(x, Enclosure) else x for x in arguments]
        result = domain.ends(operation(*values))
    except DomainError as error:
        # A refusal is sound; it is a failure where all operands are bounded and the operation has a value.
        bounded = all(isinstance(x, int) or _bounded(x) for x in arguments)
        refused_wrongly = truth is not None and bounded and truth.within_domain
        failure = Failure(name, arguments, truth.enclosure, str(error)) if truth and refused_wrongly else None
        return failure, False, True
    except (ArithmeticError, ValueError, TypeError) as error:
        expected = None if truth is None else truth.enclosure
        return Failure(name, arguments, expected, f"{type(error).__name__}: {error}"), False, False
    if truth is None:
        return Failure(name, arguments, None, result), False, False
    if name in _FUNCTIONS and not truth.decides(result):
        truth = function_range(name, arguments, 6400) or truth
    failure = Failure(name, arguments, truth.enclosure, result) if truth.missed_by(result) else None
    return failure, failure is None and truth.tightest(result, domain.precision), False


_FUNCTIONS = (*INCREASING, "cosh", "sin", "cos")


def _bounded(x: Enclosure) -> bool:
    return abs(x.lo) < 2**500 and abs(x.hi) < 2**500


# Arguments.


def _arguments(name: str, rng: random.Random, cases: int) -> Iterator[Arguments]:
    count = {"power": 1, "root": 1, "add": 2, "multiply": 2, "divide": 2, "maximum": 2, "minimum": 2}.get(name, 1)
    points = _hard_points()
    for case in range(cases):
        # The hard points come first, each once as a point; then intervals of all shapes.
        hard = [Enclosure(rng.choice(points)) for _ in range(count)]
        if case < len(points):
            hard[0] = Enclosure(points[case])
        operands = hard if case < max(len(points), cases // 3) else [_interval(rng, points) for _ in range(count)]
        if count == 2 and case % 4 == 3:
            # Operands a few ulps apart, up to sign: sums that cancel or only just round, quotients near 1.
            a = rng.choice((rng.choice(points), _random_point(rng), Fraction(rng.choice((2, 3)), 1 << 1023)))
            b = a * (1 + Fraction(rng.randint(-3, 3), 1 << 52)) * rng.choice((1, -1))
            operands = [Enclosure(a), Enclosure(_floats(b, b).lo)]
        if name == "enclose" and case % 3 == 0:
            operands = [Enclosure(Fraction(rng.randint(-(10**30), 10**30), rng.choice((3, 7, 10**20, 10**400))))]
        if name == "power":
            yield (*operands, rng.choice((0, 1, 2, 2, 3, 3, 4, 5, 6, 7, 8, 9)))
        elif name == "root":
            yield (*operands, rng.choice((2, 2, 3, 3, 4, 5, 7, 10)))
        else:
            yield tuple(operands)


def _interval(rng: random.Random, points: Sequence[Fraction]) -> Enclosure:
    a, b = (rng.choice(points) if rng.random() < 0.5 else _random_point(rng) for _ in range(2))
    match rng.randrange(8):
        case 0:
            return Enclosure(a)
        case 1:
            return _floats(a, a + abs(a) * Fraction(1, 1 << rng.choice((52, 40, 20, 6))))
        case 2:
            return Enclosure(-abs(a), abs(b))
        case 3:
            return Enclosure(min(a, Fraction(0)), max(a, Fraction(0)))
        case 4:
            return Enclosure(-INFINITY, a) if rng.random() < 0.5 else Enclosure(a, INFINITY)
        case 5:
            return Enclosure(-INFINITY, INFINITY) if rng.random() < 0.2 else _floats(abs(a), abs(a) + abs(b))
        case _:
            return Enclosure(min(a, b), max(a, b))


def _floats(lo: Fraction, hi: Fraction) -> Enclosure:
    """An interval whose ends every domain of 53 bits represents, so that its results can be tight."""
    wide = Enclosure(lo, hi)
    return Enclosure(wide.lower_float(), wide.upper_float())


def _random_point(rng: random.Random) -> Fraction:
    exponent = rng.choice((0, 0, rng.randint(-12, 10), rng.randint(-60, 60), rng.randint(-1074, 960)))
    mantissa = Fraction(rng.choice((rng.getrandbits(53), rng.getrandbits(8) << 45)) | (1 << 52), 1 << 52)
    return Fraction(float(mantissa * Fraction(2) ** exponent)) * rng.choice((1, -1))


def _hard_points() -> list[Fraction]:
    """Zeros, poles, branch points, the ends of the float64 range, and where functions saturate or cancel."""
    ulp = Fraction(1, 1 << 52)
    # Floats near multiples of log 2 and of π/2; the decimals only choose where to look.
    near = [float.fromhex("0x1.62e42fefa39efp-1") * k for k in (0.5, 1, 3, 37)]
    near += [float.fromhex("0x1.921fb54442d18p+0") * k for k in (0.5, 1, 2, 3, 7, 22, 4099)]
    sizes: list[End | float] = [
        *(Fraction(1, 1 << k) for k in (1074, 1022, 600, 61, 54, 53, 52, 30, 27, 10, 4, 1)),
        Fraction(1, 1 << 1022) - Fraction(1, 1 << 1074),
        *(1 + k * ulp for k in (-8, 0, 1, 5)),
        *(Fraction(k) for k in (2, 3, 6, 20, 41, 50, 60, 700, 709, 710, 745, 746, 1 << 20, 1 << 53)),
        *(Fraction(x) for x in near),
        Fraction(2) ** 900,
        (2 - ulp) * Fraction(2) ** 1023,
    ]
    return [Fraction(0)] + [sign * Fraction(size) for size in sizes for sign in (1, -1)]
