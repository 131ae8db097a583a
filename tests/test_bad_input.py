"""Whatever a user gets wrong ends in an error of lipsym's own with three lines; on the command line with status 2."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import lipsym as ls
from lipsym.cli import main
from lipsym.domains import evaluate
from lipsym.errors import LipsymError

NET = ls.mlp([2, 3, 1], "tanh")
ONE, TWO = (np.zeros((3, 2)), np.zeros(3)), (np.zeros((1, 3)), np.zeros(1))


def assert_three_lines(error: LipsymError) -> None:
    assert type(error).__module__ == "lipsym.errors"
    assert str(error).split("\n") == [error.given, error.fails, error.remedy]
    assert all(line.strip() for line in (error.given, error.fails, error.remedy))


TEXTS = [
    *("", "  ", "\x00", "R\x00", "R\u200b", "٣", "𝟙", "∞", "ｅval(1)", "\\", "#", "1\n2"),
    *("__import__('os').system('true')", "().__class__", "R.x", "R[0]", "lambda: 1", "lambda", "f'{R}'", "'R'", "[1]"),
    *("{1: 2}", "R if R else S", "R and S", "not R", "R < S", "R := 1", "*R", "R, S", "R; S", "R = 1", "await R"),
    *("0x10", "0b1", "1j", "1e999999", "1" * 10**6, "9**9**9", "2**100000", "(2**50000)**2", "R**(10**9)"),
    *("1/0", "0**-1", "1/(R - R)", "x**(1/0)", "nan", "inf", "oo", "zoo", "I", "True", "None", "R^2"),
    *("-" * 3000 + "1", "+".join(["R"] * 20_000), "R" * 30_000, "(" * 3000 + "1" + ")" * 3000),
    *("sqrt(-1)", "log(0)", "log(-1)", "erf(oo)", "tanh", "Max()", "factorial(5)", "Symbol('R')", "Integer(3)"),
    *("MaxOver(z, z, 0)", "MaxOver(z, 1, 0, 1)", "BallMax(r, 1)", "SumOver(t)", "exp()", "exp(1, 2)", "exp(x=1)"),
]


@pytest.mark.parametrize("text", TEXTS, ids=lambda t: ascii(t[:30]))
def test_parser_refuses(text: str) -> None:
    with pytest.raises(LipsymError) as caught:
        ls.parse(text)
    assert_three_lines(caught.value)


@given(st.text(alphabet="RSz01e.+-*/()%^,_ \n\t'\"[]{}:=<>!#@λ∞", max_size=40))
def test_parser_refuses_or_reads(text: str) -> None:
    try:
        assert isinstance(ls.parse(text), sp.Expr)
    except LipsymError as error:
        assert_three_lines(error)


EVALUATED = [
    *("MaxOver(z, z, 1, 0)", "MaxOver(z, z, 2, R)", "IsolatedRoot(z + 1, z, 0, 1)", "BallMax(r_1, (r_1,), -1)"),
    *("SumOver(t, t, 0, 10**30)", "GeometricSum(R, 10**30)", "1/(R - 1)", "log(R - 1)", "sqrt(R - 2)", "Q"),
]


@pytest.mark.parametrize("domain", ["arb", "mpmath", "float64", "symbolic"])
@pytest.mark.parametrize("text", EVALUATED)
def test_domains_refuse(text: str, domain: str) -> None:
    with pytest.raises(LipsymError) as caught:
        evaluate(ls.parse(text), {"R": 1}, domain)
    assert_three_lines(caught.value)


def bound(**values: object) -> ls.Enclosure:
    return ls.derive(NET, ls.ProductBall("R"), ls.InputBall("S")).evaluate(values)  # type: ignore[arg-type]


CALLS: dict[str, Callable[[], object]] = {
    **{
        f"radius {v!r:.30}": (lambda v=v: ls.Ball(v))
        for v in (-1, 1.5, True, None, 1j, sp.I, sp.oo, sp.Float(1), sp.nan, float("nan"), float("inf"), "-R", "R - S")
    },
    "numpy radius": lambda: ls.Ball(np.float64(1.5)),  # type: ignore[arg-type]
    "decimal radius": lambda: ls.Ball(Decimal("0.1")),  # type: ignore[arg-type]
    "enclosure as radius": lambda: ls.Ball(ls.Enclosure(0, 1)),  # type: ignore[arg-type]
    "no radius": lambda: ls.ProductBall([]),
    "wrong number of radii": lambda: ls.derive(NET, ls.ProductBall([1, 2, 3]), ls.InputBall(1)),
    "centre with NaN": lambda: ls.Ball(1, [(np.full((3, 2), np.nan), np.zeros(3)), TWO]),
    "centre with infinity": lambda: ls.Ball(1, [(np.full((3, 2), np.inf), np.zeros(3)), TWO]),
    "complex centre": lambda: ls.Ball(1, [(np.zeros((3, 2), complex), np.zeros(3)), TWO]),
    "centre of another shape": lambda: ls.derive(NET, ls.Ball(1, [TWO, ONE]), ls.InputBall(1)),
    "centre without bias": lambda: ls.derive(NET, ls.Ball(1, [(ONE[0], None), TWO]), ls.InputBall(1)),
    "centre of one block": lambda: ls.derive(NET, ls.Ball(1, [ONE]), ls.InputBall(1)),
    "text as centre": lambda: ls.Ball(1, "abc"),
    "reversed box": lambda: ls.Box(1, -1),
    "box of one list": lambda: ls.Box([ONE, TWO], 1),
    "empty data": lambda: ls.Dataset(np.zeros((0, 2))),
    "data with NaN": lambda: ls.Dataset([[np.nan]]),
    "data of text": lambda: ls.Dataset([["a"]]),
    "flat data": lambda: ls.Dataset([1.0, 2.0]),
    "loss without labels": lambda: ls.derive(NET, ls.Ball(1), ls.Dataset([[1.0, 2.0]]), loss="mse"),
    "unknown quantity": lambda: ls.derive(NET, ls.Ball(1), ls.InputBall(1), "speed"),
    "unknown rule": lambda: ls.derive(NET, ls.Ball(1), ls.InputBall(1), rule="guess"),
    "unknown loss": lambda: ls.loss("mae"),
    "negative decay": lambda: ls.loss("mse", -1),
    "delta 0": lambda: ls.loss("huber", delta=0),
    "logistic of two outputs": lambda: ls.derive(ls.mlp([1, 2], "tanh"), ls.Ball(1), ls.InputBall(1), loss="logistic"),
    **{f"width {w!r}": (lambda w=w: ls.mlp([w, 1], "tanh")) for w in (0, -1, 1.5, True, None)},
    "unknown activation": lambda: ls.mlp([2, 2, 1], "tangent"),
    "leaky 1": lambda: ls.activation("leaky_relu(1)"),
    "leaky R": lambda: ls.activation("leaky_relu(R)"),
    "value missing": lambda: bound(R=1),
    "float value": lambda: bound(R=1.0, S=1),
    "NaN value": lambda: bound(R=float("nan"), S=1),
    "negative value": lambda: bound(R=-1, S=1),
    "negative interval": lambda: bound(R=ls.Enclosure(-1, 1), S=1),
    "symbol as value": lambda: bound(R="T", S=1),
    "a depth of 0": lambda: ls.derive(ls.uniform_mlp(), ls.ProductBall(1), ls.InputBall(1)).evaluate({"m": 0, "l": 1}),
    "half a layer": lambda: ls.derive(ls.uniform_mlp(), ls.ProductBall(1), ls.InputBall(1)).evaluate(
        {"m": Fraction(1, 2), "l": 1}
    ),
    "a bound as truth": lambda: bool(ls.derive(NET, ls.Ball(1), ls.InputBall(1))),
    "a verdict as truth": lambda: bool(ls.Enclosure(0, 1) <= 1),
    "an enclosure as float": lambda: float(ls.Enclosure(0, 1)),
    "an enclosure as truth": lambda: bool(ls.Enclosure(0, 1)),
    # Malformed objects.
    "a number as centre": lambda: ls.Ball(1, 3),  # type: ignore[arg-type]
    "ragged centre": lambda: ls.Ball(1, [([[1], [1, 2]], None)]),
    "ragged data": lambda: ls.Dataset([[1.0], [1.0, 2.0]]),
    "data of another width": lambda: ls.derive(NET, ls.Ball(1), ls.Dataset(np.ones((2, 5)))),
    "text as region": lambda: ls.derive(NET, "ball:1", ls.InputBall(1)),  # type: ignore[arg-type]
    "no network": lambda: ls.derive(None, ls.Ball(1), ls.InputBall(1)),  # type: ignore[arg-type]
    "no inputs": lambda: ls.derive(NET, ls.Ball(1), None),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("case", CALLS)
def test_calls_refuse(case: str) -> None:
    with pytest.raises(LipsymError) as caught:
        CALLS[case]()
    assert_three_lines(caught.value)


@pytest.mark.parametrize("domain", ["arb", "mpmath", "float64"])
@pytest.mark.parametrize("radius", ["1e300", "1e-300", "1e400"])
def test_numbers_beyond_floats(domain: str, radius: str) -> None:
    outcome = ls.derive(ls.mlp([2, 3, 1], "gelu"), ls.ProductBall("R"), ls.InputBall("S"))
    value = outcome.evaluate({"R": radius, "S": 1}, domain)
    sharp = outcome.evaluate({"R": radius, "S": 1}, "arb", 3000)
    assert value.overlaps(sharp)


@pytest.mark.parametrize("radius", ["1e300", "1e400"])
def test_a_search_beyond_floats(radius: str) -> None:
    outcome = ls.derive(ls.mlp([2, 3, 2, 1], "tanh"), ls.ProductBall("R"), ls.InputBall(1))
    assert outcome.evaluate({"R": radius}).hi > Fraction(radius)


def test_symbolic_at_radius_zero() -> None:
    outcome = ls.derive(ls.mlp([2, 3, 2, 1], "gelu"), ls.ProductBall("R"), ls.InputBall("S"), "smoothness")
    values = {"R": 0, "S": 0}
    assert outcome.evaluate(values, "symbolic").overlaps(outcome.evaluate(values, "arb"))


COMMANDS = [
    *(
        ["bound"],
        ["bound", "nonsense"],
        ["bound", "mlp:2-8-1"],
        ["bound", "mlp:2-0-1:tanh"],
        ["bound", "mlp:-1-2:tanh"],
    ),
    *(["bound", "mlp:2-8-1:foo"], ["bound", "mlp:1e5-1:tanh"], ["bound", "uniform:m:tanh"], ["bound", "mlp::"]),
    *(["bound", "mlp:2-8-1:tanh", "--region", r] for r in ("ball", "ball:-1", "ball:1,2", "layers:", "layers:1,2,3")),
    *(["bound", "mlp:2-8-1:tanh", "--region", r] for r in ("box:1,-1", "ball:__import__('os')", "ball:nan", "ball:λ(")),
    *(["bound", "mlp:2-8-1:tanh", "--inputs", i] for i in ("ball:", "ball:-S", "data:x", "ball:0x10")),
    *(["bound", "mlp:2-8-1:tanh", "--at", a] for a in ("", "R", "R=", "R=1,R=2,S=1", "R=-1,S=1", "R=1", "R=x,S=1")),
    *(["bound", "mlp:2-8-1:tanh", "--at", a] for a in ("R=1,S=1,T=2", "R=1/0,S=1", "R=nan,S=1", "R=1;S=2")),
    *(["bound", "mlp:2-8-1:tanh", "--precision", p] for p in ("0", "x", "-5", "99999999")),
    *(["bound", "mlp:2-8-1:tanh", "--domain", "exact"], ["bound", "mlp:2-8-1:tanh", "--weight-decay", "1"]),
    *(
        ["bound", "mlp:2-8-1:tanh", "--loss", "mse", "--weight-decay", "-1"],
        ["bound", "mlp:2-8-2:tanh", "--loss", "logistic"],
    ),
    *(["prove", "--suite", "none"], ["frobnicate"], ["bound", "mlp:2-8-1:tanh", "--colour"]),
    *(["bound", "mlp:2-8-1:tanh", "--region", "ball:10**5000"], ["bound", "mlp:2-8-1:tanh", "--at", "R=-1e19999,S=1"]),
]


@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda a: ascii(" ".join(a))[:60])
def test_command_line_refuses(arguments: list[str]) -> None:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2, result.exception
    assert isinstance(result.exception, SystemExit)
    assert len(result.stderr.strip().split("\n")) == 3
    assert "Traceback" not in result.output
    assert not result.stdout


def test_json_is_read_back() -> None:
    arguments = ["bound", "mlp:2-8-1:tanh", "--at", "R=1,S=1/3", "--format", "json"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert json.loads(json.dumps(document)) == document
    assert "verified" not in result.stdout
