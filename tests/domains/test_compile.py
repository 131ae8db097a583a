"""Programs: linear in the graph, exact where the operations are, and refusing what has no enclosure."""

from __future__ import annotations

import time
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
import sympy as sp

from lipsym.domains import domain, evaluate, evaluate_program
from lipsym.domains.compile import Program
from lipsym.domains.expressions import GeometricSum, MaxOver
from lipsym.domains.parse import parse, symbol
from lipsym.enclosure import Enclosure
from lipsym.errors import DomainError, ExpressionError, MissingValueError

R, M = symbol("R"), symbol("m")
NUMERIC = ("arb", "mpmath", "float64")


def operations(program: Program) -> list[str]:
    return [i.operation for i in program.instructions]


def test_equal_instructions_are_numbered_once() -> None:
    program = Program.compile(sp.tanh(R) ** 2 + sp.tanh(R) + 1 / sp.tanh(R))
    assert operations(program).count("tanh") == 1


def test_a_deep_graph_compiles_in_linear_time() -> None:
    expression: sp.Expr = R
    for _ in range(10_000):
        expression = sp.Add(sp.Mul(expression, expression, evaluate=False), 1, evaluate=False)
    start = time.perf_counter()
    program = Program.compile(expression)
    assert time.perf_counter() - start < 3
    assert len(program.instructions) == 20_002
    assert operations(program).count("power") == 10_000


def test_a_depth_100_recursion_is_fast() -> None:
    steps, last = [], R
    for k in range(100):
        new = symbol(f"a_{k}")
        steps.append((new, sp.sqrt(1 + last**2) * sp.tanh(last) + sp.Max(last, 1) / 3 + last / (1 + last)))
        last = new
    evaluate_program(steps, last, {"R": "1/2"})
    start = time.perf_counter()
    found = evaluate_program(steps, last, {"R": "1/2"})
    assert time.perf_counter() - start < 0.5  # 0.02 s where nothing else runs
    assert 0 < found.width / found.hi < Fraction(1, 2**40)


@pytest.mark.parametrize("name", NUMERIC)
def test_the_square_of_a_node_is_not_a_product(name: str) -> None:
    wide = Enclosure(-1, 2)
    x = sp.Symbol("x", real=True)
    assert evaluate(x * x, {x: wide}, name) == Enclosure(0, 4)
    assert evaluate(x**3, {x: wide}, name) == Enclosure(-1, 8)
    a, b = sp.symbols("a b", real=True)
    assert evaluate_program([(a, x), (b, x)], a * b, {x: wide}, name) == Enclosure(0, 4)
    assert evaluate_program([(a, sp.Abs(x))], a, {x: wide}, name) == Enclosure(0, 2)


@pytest.mark.parametrize("name", NUMERIC)
@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("R/3", {"R": 6}, 2),
        ("2*R/7", {"R": 7}, 2),
        ("R**(3/2)", {"R": 4}, 8),
        ("R**(-3/2)", {"R": 4}, Fraction(1, 8)),
        ("R**(m - 1)", {"R": 3, "m": 4}, 27),
        ("R**(2*m)", {"R": "1/2", "m": 3}, Fraction(1, 64)),
        ("R**(m/2)", {"R": 9, "m": 3}, 27),
        ("Max(R, 2) - Min(R, 2)", {"R": 5}, 3),
        ("abs(R - 3)", {"R": 1}, 2),
        ("Heaviside(R - 1)", {"R": 2}, 1),
        ("Heaviside(R - 1)", {"R": 0}, 0),
        ("GeometricSum(R, m)", {"R": 1, "m": 9}, 9),
        ("GeometricSum(R, m)", {"R": 2, "m": 10}, 1023),
        ("GeometricSum(R, 0)", {"R": 2}, 0),
        ("SumOver(t*R**t, t, 1, m)", {"R": 2, "m": 3}, 34),
        ("SumOver(t, t, 2, 1)", {}, 0),
    ],
)
def test_exact_operations_are_exact(name: str, text: str, values: dict[str, Any], expected: Fraction | int) -> None:
    assert evaluate(parse(text), values, name) == Enclosure(expected)


@pytest.mark.parametrize("name", NUMERIC)
def test_heaviside_is_the_hull_at_its_jump(name: str) -> None:
    assert evaluate(parse("Heaviside(R - 1)"), {"R": 1}, name) == Enclosure(0, 1)
    assert evaluate(parse("Heaviside(R - 1)"), {"R": Enclosure(0, 2)}, name) == Enclosure(0, 1)


@pytest.mark.parametrize("name", NUMERIC)
def test_a_geometric_sum_encloses_at_its_removable_pole(name: str) -> None:
    ratio = Enclosure(Fraction(99, 100), Fraction(101, 100))
    found = evaluate(GeometricSum(R, 12), {R: ratio}, name)
    exact = [sum(q**t for t in range(12)) for q in (ratio.lo, ratio.hi)]
    assert found.contains(Enclosure(*exact))
    assert found.width < (exact[1] - exact[0]) * Fraction(1001, 1000)


def test_constants_agree_with_sympy() -> None:
    for constant in (sp.pi, sp.E):
        digits = Fraction(str(constant.n(70)))
        assert evaluate(constant, {}, precision=200).overlaps(
            Enclosure(digits - Fraction(1, 10**69), digits + Fraction(1, 10**69))
        )


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        (R + sp.Float("0.1"), "floating-point"),
        (sp.I * R, "only real numbers"),
        (R + sp.oo, "only real numbers"),
        (sp.gamma(R), "gamma is not a head"),
        (sp.Symbol("c", imaginary=True), "real number"),
        (sp.sqrt(sp.Symbol("x", negative=True) ** 2), "real number"),  # which SymPy has turned into -x
        ((-1) ** sp.Symbol("n", odd=True) * sp.Symbol("n", odd=True), "real number"),
        (sp.Heaviside(R, 2), "lies outside"),
        (sp.Integral(R, (R, 0, 1)), "Integral is not a head"),
    ],
)
def test_heads_outside_the_language_are_named(expression: sp.Expr, says: str) -> None:
    with pytest.raises(ExpressionError, match=says) as raised:
        Program.compile(expression)
    assert len(str(raised.value).splitlines()) == 3


@pytest.mark.parametrize(
    ("text", "values"),
    [("R**m", {"m": Enclosure(2, 3)}), ("GeometricSum(R, S)", {"S": "1/2"}), ("SumOver(t, t, 1, S)", {"S": "3/2"})],
)
def test_counts_and_exponents_are_exact_integers(text: str, values: dict[str, Any]) -> None:
    expression = parse(text).subs(M, sp.Symbol("m", positive=True))
    with pytest.raises(DomainError):
        evaluate(expression, {"R": 2, **values})


def test_a_bound_variable_hides_the_value_of_that_name() -> None:
    z = symbol("z")
    assert evaluate(MaxOver(z, z, 0, 1) + z, {"z": 7}) == Enclosure(8)


def test_running_without_a_value_names_the_symbol() -> None:
    with pytest.raises(MissingValueError, match="R"):
        Program.compile(R + 1).run(domain("arb"), {})


def test_what_does_not_depend_on_the_variables_is_computed_once() -> None:
    calls = 0
    arb = domain("arb")

    def counted(x: Any) -> Any:
        nonlocal calls
        calls += 1
        return arb.functions["exp"](x)

    d = replace(arb, scope=None, functions={**arb.functions, "exp": counted})
    z = symbol("z")
    program = Program.compile(sp.exp(R) * sp.tanh(z) + sp.exp(z))
    function = program.bind(d, {R: d.enclose(Enclosure(1))}, [z])
    for k in range(5):
        function.value(d.enclose(Enclosure(k)))
    assert calls == 6


def test_a_domain_whose_exp_is_shifted_is_noticed() -> None:
    """The walker uses the domain it is given: a wrong exp gives a wrong value, which the comparison finds."""
    arb = domain("arb")

    def shifted(x: Any) -> Any:
        ends = arb.ends(arb.functions["exp"](x))
        ulp = Fraction(1, 2**51)
        return arb.enclose(Enclosure(ends.lo + ulp, ends.hi + ulp))

    wrong = replace(arb, scope=None, functions={**arb.functions, "exp": shifted})
    program = Program.compile(sp.exp(R))
    truth = evaluate(sp.exp(R), {R: 1}, precision=300)
    assert arb.ends(program.run(arb, {R: arb.enclose(Enclosure(1))})).contains(truth)
    assert not wrong.ends(program.run(wrong, {R: wrong.enclose(Enclosure(1))})).overlaps(truth)
