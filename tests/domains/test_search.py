"""Certified maxima and roots: sound on every budget, sharp where they should be, in every domain."""

from __future__ import annotations

import math
import time
from fractions import Fraction
from typing import Any

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from lipsym.domains import domain, evaluate, search, search_ball
from lipsym.domains.compile import Program
from lipsym.domains.expressions import MaxOver
from lipsym.domains.parse import parse, symbol
from lipsym.domains.slopes import variable, with_slopes
from lipsym.enclosure import Enclosure
from lipsym.errors import DomainError

NUMERIC = ("arb", "mpmath", "float64")
GAP = Fraction(1, 1 << 15)


def sharp(found: Enclosure, gap: Fraction = GAP) -> bool:
    return found.width <= gap * max(abs(found.lo), abs(found.hi))


# Over an interval. Each with its exact maximum, as an expression.

MAXIMA = [
    ("z*(1 - z)", "0", "1", "1/4"),
    ("2*tanh(z)*(1 - tanh(z)**2)", "-5", "5", "4/(3*sqrt(3))"),
    ("z*exp(-z)", "0", "10", "exp(-1)"),
    ("abs(z - 1)", "0", "3", "2"),
    ("Max(z, 1 - z)", "0", "1", "1"),
    ("sqrt(z)*(1 - z)", "0", "1", "2/(3*sqrt(3))"),
    ("sin(z)", "0", "3", "1"),
    ("-z**2", "1", "2", "-1"),
    ("7", "0", "1", "7"),
    ("sigmoid(z)*(1 - sigmoid(z))", "-3", "8", "1/4"),
    ("Heaviside(z - 1/3)*(1 - z)", "0", "1", "2/3"),
]


@pytest.mark.parametrize("name", NUMERIC)
@pytest.mark.parametrize(("body", "lower", "upper", "maximum"), MAXIMA)
def test_known_maxima(name: str, body: str, lower: str, upper: str, maximum: str) -> None:
    found = evaluate(parse(f"MaxOver({body}, z, {lower}, {upper})"), {}, name)
    exact = evaluate(parse(maximum), {}, "arb", 200)
    assert found.contains(exact) or (exact.width == 0 and found.contains(exact.lo))
    assert sharp(found, Fraction(1, 1 << 8) if name == "float64" else GAP)


def test_a_maximum_of_fifty_instructions_is_fast() -> None:
    body = parse(
        "4*R**2*(1 - tanh(z)**2)**2 + tanh(z)**2 + 5*R*tanh(sqrt((R**2 - z**2)/5 + 1))**2 + "
        "2*S*tanh(z)*(1 - tanh(z)**2)*sqrt(1 + R**2*(1 - tanh(z)**2)**2) + sigmoid(z)*S*erf(z/3) + atan(z*S)/(1 + z**2)"
    )
    z = symbol("z")
    start = time.perf_counter()
    found = evaluate(MaxOver(body, z, 0, symbol("R")), {"R": 2, "S": "3/2"})
    assert time.perf_counter() - start < 1.5  # 0.05 s where nothing else runs
    assert sharp(found)
    assert len(Program.compile(body).instructions) > 45


@pytest.mark.parametrize("cells", [0, 1, 3, 10])
@pytest.mark.parametrize(("body", "lower", "upper", "maximum"), MAXIMA)
def test_any_budget_is_sound(cells: int, body: str, lower: str, upper: str, maximum: str) -> None:
    z = sp.Symbol("z", nonnegative=True) if not lower.startswith("-") else sp.Symbol("z", real=True)
    expression = parse(f"MaxOver({body}, z, {lower}, {upper})")
    with domain("arb").session() as d:
        function = Program.compile(expression.body).bind(d, {}, [z])
        found = search.maximum_on_interval(d, function, Enclosure(lower), Enclosure(upper), cells)
    assert found.contains(evaluate(parse(maximum), {}, "arb", 200))


@settings(max_examples=60)
@given(
    st.fractions(0, 3, max_denominator=9), st.fractions(0, 2, max_denominator=9), st.integers(0, 10), st.integers(0, 10)
)
def test_enclosures_of_ends_and_parameters(left: Fraction, width: Fraction, i: int, j: int) -> None:
    """The maximum for any choice of the ends within their enclosures lies in the result."""
    z, a, b = symbol("z"), symbol("a"), symbol("b")
    spread = Fraction(1, 4)
    found = evaluate(
        MaxOver(sp.sin(3 * z) + z, z, a, b),
        {"a": Enclosure(left, left + spread), "b": Enclosure(left + width, left + width + spread)},
    )
    start, end = left + spread * i / 10, left + width + spread * j / 10
    if start <= end:
        for k in range(21):
            at = start + (end - start) * k / 20
            assert evaluate(sp.sin(3 * z) + z, {"z": at}).lo <= found.hi
        truth = evaluate(MaxOver(sp.sin(3 * z) + z, z, a, b), {"a": start, "b": end})
        assert found.lo <= truth.hi
        assert truth.lo <= found.hi


def test_an_empty_range_is_refused() -> None:
    with pytest.raises(DomainError, match="empty"):
        evaluate(parse("MaxOver(z, z, 2, 1)"))


def test_an_unbounded_range_is_refused() -> None:
    with pytest.raises(DomainError, match="bounded"):
        evaluate(parse("MaxOver(z, z, 0, R)"), {"R": Enclosure(1, math.inf)})


def test_a_range_whose_start_has_no_upper_bound() -> None:
    found = evaluate(parse("MaxOver(-z, z, a, 5)"), {"a": Enclosure(1, math.inf)})
    assert found.contains(Enclosure(-5, -1))


@pytest.mark.parametrize(
    "radius", [Fraction(10) ** n for n in (400, 300, -300, -400)], ids=["1e400", "1e300", "1e-300", "1e-400"]
)
def test_radii_beyond_floats(radius: Fraction) -> None:
    found = evaluate(parse("BallMax(r*s + s, (r, s), R)"), {"R": radius})
    assert found.lo <= radius**2 / 2 + radius
    assert max(radius, radius**2 / 2 + radius * Fraction(12, 17)) <= found.hi
    assert sharp(found, Fraction(1, 1000))


def test_a_body_without_values_says_why() -> None:
    with pytest.raises(DomainError, match="log"):
        evaluate(parse("MaxOver(log(z - 5), z, 0, 1)"))


def test_wide_parameters_stop_early() -> None:
    start = time.perf_counter()
    found = evaluate(parse("MaxOver(R*z*(1 - z), z, 0, 1)"), {"R": Enclosure(1, 2)})
    assert found.contains(Enclosure("1/4", "1/2"))
    assert found.hi < Fraction(51, 100)
    assert time.perf_counter() - start < 1


def test_nested_binders() -> None:
    assert evaluate(parse("MaxOver(MaxOver(w*z*(1-w)*(1-z), w, 0, 1), z, 0, 1)")).contains(Fraction(1, 16))
    assert evaluate(parse("MaxOver(z*IsolatedRoot(w**2 - 1 - z, w, 1, 2), z, 0, 1)")).contains(
        evaluate(sp.sqrt(2), {}, precision=100)
    )
    nested = evaluate(parse("BallMax(MaxOver(r*tanh(z)*exp(-z*s), z, 0, 3) + s, (r, s), 2)"))
    assert sharp(nested, Fraction(1, 1000))


@pytest.mark.parametrize("name", NUMERIC)
def test_a_nested_maximum_that_is_constant_at_some_places_only(name: str) -> None:
    """Where the inner maximum may be attained at two places and only one of them moves, its slope is not 0."""
    inner = "MaxOver(Max(1 - w, (3/2 - (z - 1)**2)*(2*w - 1)), w, 0, 1)"
    assert evaluate(parse(f"MaxOver({inner}, z, 0, 2)"), {}, name).contains(Fraction(3, 2))


# Over a ball.


@pytest.mark.parametrize("name", NUMERIC)
@pytest.mark.parametrize(
    ("body", "variables", "radius", "maximum"),
    [
        ("r", "r,", "7/3", "7/3"),
        ("r*s", "r, s", "2", "2"),
        ("r**2*s", "r, s", "1", "2/(3*sqrt(3))"),
        ("r*s*t", "r, s, t", "1", "1/(3*sqrt(3))"),
        ("r + s + t", "r, s, t", "2", "2*sqrt(3)"),
        ("sqrt(r**2 + s**2)", "r, s", "3", "3"),
        ("sqrt(r) + sqrt(s)", "r, s", "1", "2**(3/4)"),
        ("Max(r, 2*s)", "r, s", "1", "2"),
        ("5", "r, s", "1", "5"),
        ("r*s", "r, s", "0", "0"),
    ],
)
def test_known_maxima_on_balls(name: str, body: str, variables: str, radius: str, maximum: str) -> None:
    found = evaluate(parse(f"BallMax({body}, ({variables}), {radius})"), {}, name)
    exact = evaluate(parse(maximum), {}, "arb", 200)
    assert found.contains(exact)
    assert sharp(found, Fraction(1, 200) if name == "float64" else Fraction(1, 1000))


def test_four_radii_in_a_second() -> None:
    start = time.perf_counter()
    found = evaluate(parse("BallMax(r*s*t*u, (r, s, t, u), 1)"))
    assert time.perf_counter() - start < 8  # 0.6 s where nothing else runs
    assert found.contains(Fraction(1, 16))
    assert sharp(found, Fraction(1, 1000))


@pytest.mark.parametrize("cells", [0, 1, 5, 40])
def test_any_budget_is_sound_on_balls(cells: int) -> None:
    r, s, t = (symbol(n) for n in "rst")
    body = sp.sqrt(1 + r**2) * (1 + s) * sp.tanh(t) + s * t
    with domain("arb").session() as d:
        function = Program.compile(body).bind(d, {}, [r, s, t])
        found = search_ball.maximum_on_ball(d, function, 3, Enclosure(2), cells)
        fine = search_ball.maximum_on_ball(d, function, 3, Enclosure(2))
        assert found.lo <= fine.hi
        assert fine.lo <= found.hi
        for i in range(1, 12):
            for j in range(1, 12):
                a, b = math.pi * i / 24, math.pi * j / 24
                point = [2 * math.cos(a), 2 * math.sin(a) * math.cos(b), 2 * math.sin(a) * math.sin(b)]
                inside = [Fraction(p) * (1 - Fraction(1, 2**40)) for p in point]
                assert sum(p * p for p in inside) <= 4
                assert d.ends(function.value(*(d.enclose(Enclosure(p)) for p in inside))).lo <= fine.hi


def test_a_radius_that_is_an_enclosure() -> None:
    found = evaluate(parse("BallMax(r*s, (r, s), R)"), {"R": Enclosure(1, 2)})
    assert found.contains(Enclosure("1/2", 2))
    assert found.hi < Fraction(21, 10)


def test_boxes_reach_beyond_their_cells() -> None:
    """At the corner (1, 1, 1, 1)/2 of four cells the ends of a box are exact, and a kink there must lie inside it."""
    boxes = []

    class Recorder:
        packed = False

        def value(self, *arguments: Any) -> Any:
            return arguments[0]

        def slopes(self, *arguments: Any) -> Any:
            boxes.append([d.ends(value) for value, _ in arguments])
            raise DomainError("slopes", "are recorded", "only")

    with domain("arb").session() as d:
        search_ball.maximum_on_ball(d, Recorder(), 4, Enclosure(1), 0)
    assert len(boxes) == 5  # the start of the ascent, and four faces
    for face, box in enumerate(boxes[1:]):
        assert 0 < Fraction(1, 2) - box[face].lo < Fraction(1, 1 << 20)


def test_a_negative_radius_is_refused() -> None:
    with pytest.raises(DomainError, match="empty"):
        evaluate(parse("BallMax(r, (r,), R - 2)"), {"R": 1})


# Roots.


@pytest.mark.parametrize("name", NUMERIC)
@pytest.mark.parametrize(
    ("body", "lower", "upper", "root"),
    [
        ("z**2 - 2", "1", "2", "sqrt(2)"),
        ("z**3 - z - 1", "1", "2", None),
        ("z*tanh(z) - 1", "1", "2", None),
        ("exp(-z) - 1/2", "0", "5", "log(2)"),
        ("2*z - 1", "0", "1", "1/2"),
        ("z - 1", "1", "2", "1"),
        ("abs(z - 1) + z - 3/2", "0", "4", "5/4"),
    ],
)
def test_known_roots(name: str, body: str, lower: str, upper: str, root: str | None) -> None:
    found = evaluate(parse(f"IsolatedRoot({body}, z, {lower}, {upper})"), {}, name)
    assert found.width <= found.hi / 2**46
    if root is not None:
        assert found.contains(evaluate(parse(root), {}, "arb", 300))
    if found.width:
        left, right = (evaluate(parse(body), {"z": end}, "arb", 300) for end in (found.lo, found.hi))
        assert left.lo * right.hi <= 0 or left.hi * right.lo <= 0


def test_roots_to_high_precision() -> None:
    found = evaluate(parse("IsolatedRoot(z*tanh(z) - 1, z, 1, 2)"), {}, "arb", 300)
    assert found.width <= Fraction(1, 2**298)


def test_a_multiple_root_terminates() -> None:
    found = evaluate(parse("IsolatedRoot(z**3, z, -1, 2)"))
    assert found.contains(0)
    assert found.width < Fraction(1, 1000)


@pytest.mark.parametrize("name", NUMERIC)
@pytest.mark.parametrize(
    "text", ["IsolatedRoot(z**2 - 2, z, -1, 1)", "IsolatedRoot(z**2 + 1, z, 0, 1)", "IsolatedRoot(z, z, 2, 1)"]
)
def test_no_certified_sign_change_no_root(name: str, text: str) -> None:
    with pytest.raises(DomainError, match="differ in sign"):
        evaluate(parse(text), {}, name)


def test_a_root_with_a_wide_parameter_contains_all_roots() -> None:
    found = evaluate(parse("IsolatedRoot(z**2 - R, z, 0, 3)"), {"R": Enclosure(2, 4)})
    assert found.contains(Enclosure(evaluate(sp.sqrt(2), {}).lo, 2))
    assert found.hi < 3


# Slopes: against SymPy's derivatives.


@pytest.mark.parametrize(
    "text",
    [
        "exp(z)",
        "expm1(z)",
        "log(z)",
        "log1p(z)",
        "sinh(z)",
        "cosh(z)",
        "tanh(z)",
        "sin(z)",
        "cos(z)",
        "atan(z)",
        "erf(z)",
        "sigmoid(z)",
        "softplus(z)",
        "z**3",
        "sqrt(z)",
        "1/z",
        "z*tanh(z)/(1 + z**2)",
        "z**(5/2)",
        "Max(z, 1)",
        "abs(z - 3)",
        "GeometricSum(z, 5)",
        "Min(z**2, z)",
        "SumOver(z**t, t, 0, 3)",
    ],
)
def test_slopes_contain_derivatives(text: str) -> None:
    z = symbol("z")
    body = parse(text)
    derivative = sp.diff(body.doit() if not text.startswith(("Geo", "Sum")) else body.rewrite(sp.Sum).doit(), z)
    derivative = derivative.rewrite(sp.exp) if text.startswith(("sig", "soft")) else derivative
    with domain("arb").session() as d:
        program = Program.compile(body).bind(d, {}, [z])
        box = Enclosure("5/4", "3/2")
        _, (slope,) = program.slopes(variable(d, d.enclose(box), 0, 1))
        for k in range(6):
            at = box.lo + box.width * Fraction(k, 5)
            exact = evaluate(derivative.subs(sp.sign(z - 3), -1), {"z": at}, "arb", 200)
            assert d.ends(slope).contains(exact)


def test_slopes_at_kinks_are_hulls_and_at_jumps_refused() -> None:
    z = symbol("z")
    with domain("arb").session() as d:
        box = d.enclose(Enclosure(0, 2))
        kink = Program.compile(sp.Max(z, 1)).bind(d, {}, [z]).slopes(variable(d, box, 0, 1))
        assert d.ends(kink[1][0]) == Enclosure(0, 1)
        for jump in (sp.Heaviside(z - 1), sp.sqrt(z)):
            with pytest.raises(DomainError):
                Program.compile(jump).bind(d, {}, [z]).slopes(variable(d, box, 0, 1))
        assert with_slopes(d).precision == d.precision


def test_a_search_on_a_wrong_domain_is_caught() -> None:
    """Has power: where tanh is too small by 2^−20, the maximum misses the true one."""
    from dataclasses import replace

    d = domain("arb")

    def low(x: Any) -> Any:
        ends = d.ends(d.functions["tanh"](x))
        return d.enclose(Enclosure(ends.lo * Fraction(2**18 - 1, 2**18), ends.hi * Fraction(2**18 - 1, 2**18)))

    wrong = replace(d, scope=None, functions={**d.functions, "tanh": low})
    z = symbol("z")
    program = Program.compile(sp.tanh(z))
    truth = evaluate(sp.tanh(2), {}, precision=200)
    for chosen, holds in ((d, True), (wrong, False)):
        function = program.bind(chosen, {}, [z])
        found = search.maximum_on_interval(chosen, function, Enclosure(0), Enclosure(2))
        assert found.contains(truth) is holds
