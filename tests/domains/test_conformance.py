"""The conformance suite: it passes the shipped domains, and catches domains that are wrong by very little."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from lipsym.domains import domain, float64_rounding
from lipsym.domains.conformance import ConformanceReport, Failure, check_domain
from lipsym.domains.conformance_reference import Truth, function_range, operation_range
from lipsym.domains.float64 import float64_domain
from lipsym.domains.record import Domain
from lipsym.enclosure import Enclosure
from lipsym.errors import DomainError

FUNCTIONS = ("exp", "expm1", "log", "log1p", "sinh", "cosh", "tanh", "sin", "cos", "atan", "erf", "sigmoid", "softplus")
OPERATIONS = ("enclose", "add", "multiply", "divide", "power", "root", "maximum", "minimum", "abs", *FUNCTIONS)


@pytest.mark.parametrize(("name", "precision"), [("arb", 53), ("arb", 24), ("mpmath", 53), ("float64", 53)])
def test_the_shipped_domains_conform(name: str, precision: int) -> None:
    report = check_domain(domain(name, precision), seed=1, cases=120)
    sys.stdout.write(f"{report}\n")
    assert report.ok, str(report)
    assert set(report.tallies) == set(OPERATIONS)
    assert all(tally.cases == 120 for tally in report.tallies.values())


# Domains that are wrong in one operation and otherwise those of float64.


def but_with(**changes: Any) -> Domain[Any]:
    return replace(float64_domain(), **changes)


def inward(function: Callable[..., Any], base: Domain[Any]) -> Callable[..., Any]:
    """The upper end of every result moved inward by one ulp, unless the result is a point or unbounded."""

    def broken(*arguments: Any) -> Any:
        ends = base.ends(function(*arguments))
        if ends.lo == ends.hi or math.isinf(ends.hi):
            return base.enclose(ends)
        return base.enclose(Enclosure(ends.lo, max(math.nextafter(ends.upper_float(), -math.inf), ends.lo)))

    return broken


def nearest(x: Enclosure, function: Callable[[float], float]) -> Enclosure:
    lo, hi = x.lower_float(), x.upper_float()
    return Enclosure(function(lo), function(hi))


def test_exp_one_ulp_inward_is_caught() -> None:
    base = float64_domain()
    report = check_domain(but_with(functions={**base.functions, "exp": inward(base.functions["exp"], base)}), cases=100)
    assert {f.operation for f in report.failures} == {"exp"}


def test_a_product_rounded_to_nearest_is_caught() -> None:
    base = float64_domain()

    def multiply(x: Any, y: Any) -> Any:
        a, b = base.ends(x), base.ends(y)
        if any(math.isinf(end) for end in (a.lo, a.hi, b.lo, b.hi)):
            return base.multiply(x, y)
        corners = [float(p) * float(q) for p in (a.lo, a.hi) for q in (b.lo, b.hi)]
        if any(math.isinf(c) for c in corners):
            return base.multiply(x, y)
        return base.enclose(Enclosure(min(corners), max(corners)))

    report = check_domain(but_with(multiply=multiply), cases=100, operations=["multiply"])
    assert len(report.failures) > 10


def test_an_even_power_that_takes_the_ends_alone_is_caught() -> None:
    base = float64_domain()

    def power(x: Any, n: int) -> Any:
        ends = base.ends(x)
        if n == 0 or math.isinf(ends.lo) or math.isinf(ends.hi):
            return base.power(x, n)
        at = [base.ends(base.power(base.enclose(Enclosure(end)), n)) for end in (ends.lo, ends.hi)]
        return base.enclose(Enclosure(min(e.lo for e in at), max(e.hi for e in at)))

    report = check_domain(but_with(power=power), cases=150, operations=["power"])
    assert report.failures
    assert {f.arguments[1] for f in report.failures} <= {2, 4, 6, 8}


def test_tanh_of_the_mathematical_library_is_caught() -> None:
    base = float64_domain()
    tanh = lambda x: base.enclose(nearest(base.ends(x), math.tanh))  # noqa: E731
    report = check_domain(but_with(functions={**base.functions, "tanh": tanh}), cases=100, operations=["tanh"])
    assert len(report.failures) > 10


def test_a_sum_whose_rounding_underflows_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(float64_rounding, "_ETA", 0.0)
    report = check_domain(float64_domain(), cases=400, operations=["add"])
    assert report.failures


def test_a_sine_that_forgets_its_maxima_is_caught() -> None:
    base = float64_domain()

    def sin(x: Any) -> Any:
        ends = base.ends(x)
        if math.isinf(ends.lo) or math.isinf(ends.hi):
            return base.functions["sin"](x)
        at = [base.ends(base.functions["sin"](base.enclose(Enclosure(end)))) for end in (ends.lo, ends.hi)]
        return base.enclose(Enclosure(min(e.lo for e in at), max(e.hi for e in at)))

    assert not check_domain(but_with(functions={"sin": sin}), cases=100, operations=["sin"]).ok


@pytest.mark.parametrize("operation", ["divide", "root", "log", "log1p"])
def test_a_result_where_there_is_none_is_caught(operation: str) -> None:
    base = float64_domain()
    right = base.functions.get(operation) or getattr(base, operation)

    def everywhere(*arguments: Any) -> Any:
        try:
            return right(*arguments)
        except DomainError:
            return base.enclose(Enclosure(-math.inf, math.inf))

    changes = {"functions": {operation: everywhere}} if operation.startswith("log") else {operation: everywhere}
    report = check_domain(but_with(**changes), cases=100, operations=[operation])
    assert report.failures
    assert all(f.expected is None for f in report.failures)


def test_a_refusal_without_reason_and_an_exception_are_caught() -> None:
    def refuse(x: Any) -> Any:
        raise DomainError("a", "b", "c")

    def crash(x: Any) -> Any:
        raise OverflowError("too large")

    report = check_domain(but_with(functions={"exp": refuse, "tanh": crash}), cases=60, operations=["exp", "tanh"])
    assert {f.operation for f in report.failures} == {"exp", "tanh"}
    assert any("too large" in str(f) for f in report.failures)


def test_a_failure_reproduces_from_its_arguments() -> None:
    base = float64_domain()
    broken = inward(base.functions["exp"], base)
    failure = check_domain(but_with(functions={"exp": broken}), cases=60, operations=["exp"]).failures[0]
    assert isinstance(failure, Failure)
    assert isinstance(failure.expected, Enclosure)
    (x,) = failure.arguments
    assert isinstance(x, Enclosure)
    assert base.ends(broken(base.enclose(x))) == failure.obtained
    assert repr(x) in str(failure)


def test_reports_are_reproducible_and_readable() -> None:
    reports = [check_domain(float64_domain(), seed=5, cases=40, operations=["add", "log"]) for _ in range(2)]
    assert reports[0] == reports[1]
    assert isinstance(reports[0], ConformanceReport)
    text = str(reports[0])
    assert "float64, 53 bits" in text
    assert "add" in text
    assert "tightest" in text


# The reference itself, against facts known without it.


@pytest.mark.parametrize(
    ("name", "lo", "hi", "expected"),
    [
        ("exp", 0, 0, (1, 1)),
        ("log", 1, 1, (0, 0)),
        ("cosh", -1, "1/2", (1, None)),
        ("sin", 0, 2, (0, 1)),
        ("cos", 3, 4, (-1, None)),
        ("sin", 1, 100, (-1, 1)),
        ("sigmoid", 0, 0, (Fraction(1, 2), Fraction(1, 2))),
        ("tanh", -math.inf, math.inf, (-1, 1)),
        ("log", -1, 1, (-math.inf, 0)),
    ],
)
def test_the_reference_at_known_values(name: str, lo: Any, hi: Any, expected: Sequence[Any]) -> None:
    truth = function_range(name, (Enclosure(lo, hi),), 400)
    assert truth is not None
    assert expected[0] is None or truth.lo == (expected[0], expected[0])
    assert expected[1] is None or truth.hi == (expected[1], expected[1])


def test_the_reference_knows_where_nothing_is_defined() -> None:
    assert function_range("log", (Enclosure(-2, 0),), 400) is None
    assert operation_range("divide", (Enclosure(1), Enclosure(-1, 1))) is None
    assert operation_range("root", (Enclosure(-2, -1), 2)) is None
    assert operation_range("multiply", (Enclosure(0), Enclosure(-math.inf, math.inf))) == Truth((0, 0), (0, 0))
