"""Approximate values on arrays: near the rigorous ones, broadcast, fast."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
import sympy as sp

from lipsym.domains import evaluate
from lipsym.domains.expressions import FUNCTIONS
from lipsym.domains.numeric import lambdify
from lipsym.domains.parse import parse, symbol
from lipsym.errors import MissingValueError

R, S = symbol("R"), symbol("S")


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_functions_agree_with_the_rigorous_ones(name: str) -> None:
    expression = FUNCTIONS[name](R)
    points = ["1/3", "1", "5/2", "7"]
    found = lambdify([], expression, [R])(R=[1 / 3, 1.0, 2.5, 7.0])
    for point, value in zip(points, found, strict=True):
        exact = evaluate(expression, {"R": point})
        assert value == pytest.approx(exact.lower_float(), rel=1e-13)


@pytest.mark.parametrize(
    "text",
    [
        "R**(3/2) - 2*R**-1/7 + pi + E",
        "R**m + GeometricSum(R, m)",
        "Max(R, 2) - Min(R, 1/2) + abs(R - 3)",
        "Heaviside(R - 1/2)",
        "MaxOver(z*exp(-z*R), z, 0, 5)",
        "MaxOver(sin(3*z)*R, z, -2, S)",
        "SumOver(t*R**t, t, 1, m)",
        "IsolatedRoot(z**2 - S - 1, z, 0, 50)",
        "BallMax(r*s + R*r, (r, s), S)",
        "BallMax(r*s*t, (r, s, t), R)",
    ],
)
def test_programs_agree_with_the_rigorous_ones(text: str) -> None:
    expression = parse(text)
    function = lambdify([], expression, ["R", "S", "m"])
    found = function(R=np.array([0.75, 2.0]), S=1.5, m=4)
    assert found.shape == (2,)
    for r, value in zip(("3/4", 2), found, strict=True):
        exact = evaluate(expression, {"R": r, "S": "3/2", "m": 4})
        assert value == pytest.approx((exact.lower_float() + exact.upper_float()) / 2, rel=2e-3)
        assert value <= exact.upper_float() * (1 + 1e-12)


def test_steps_and_broadcasting() -> None:
    a = symbol("a")
    function = lambdify([(a, R + 1)], a * S, [R, S])
    assert function(R=1, S=2) == 4.0
    assert isinstance(function(R=1, S=2), float)
    assert function(R=np.zeros((3, 1)), S=np.ones(4)).shape == (3, 4)
    assert lambdify([], sp.Integer(2), [R])(R=[1.0, 2.0]).tolist() == [2.0, 2.0]


def test_missing_symbols_are_named() -> None:
    with pytest.raises(MissingValueError, match="S"):
        lambdify([], R * S, [R])
    with pytest.raises(MissingValueError, match="S"):
        lambdify([], R * S, [R, S])(R=1)


def test_a_hundred_thousand_values_a_second() -> None:
    steps: list[tuple[Any, Any]] = []
    last: Any = R
    for k in range(10):
        new = symbol(f"a_{k}")
        steps.append((new, sp.sqrt(1 + last**2) * sp.tanh(last) + last / 3))
        last = new
    function = lambdify(steps, last, [R])
    points = np.linspace(0.0, 2.0, 100_000)
    function(R=points)
    start = time.perf_counter()
    function(R=points)
    assert time.perf_counter() - start < 1
