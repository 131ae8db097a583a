"""Unfolding: the value is kept, sharing is kept, nothing is captured."""

from __future__ import annotations

import pytest
import sympy as sp

from lipsym.bounds.unfold import unfold
from lipsym.domains import evaluate, evaluate_program
from lipsym.domains.expressions import MaxOver
from lipsym.domains.parse import symbol
from lipsym.errors import ExpressionError

A, B, Z = symbol("a"), symbol("b"), symbol("z")


def test_a_bound_variable_does_not_capture_a_free_one() -> None:
    steps, result = [(A, Z + 1)], MaxOver(A * Z * (2 - Z), Z, 0, 2)
    assert evaluate_program(steps, result, {"z": 3}).contains(4)
    with pytest.raises(ExpressionError, match="binds z"):
        unfold(steps, result)


def test_capture_through_a_chain_of_steps() -> None:
    with pytest.raises(ExpressionError, match="binds z"):
        unfold([(A, Z + 1), (B, A**2)], MaxOver(B * Z, Z, 0, 2))


def test_a_maximum_inside_a_maximum_over_the_same_name() -> None:
    inner = MaxOver(Z * (1 - Z), Z, 0, 1)
    whole = unfold([(A, inner)], MaxOver(A * Z, Z, 0, 2))
    assert evaluate(whole, {}).overlaps(evaluate(sp.Rational(1, 2), {}))


def test_sharing_keeps_a_doubling_chain_small() -> None:
    steps, last = [], A
    for k in range(200):
        following = symbol(f"s{k}")
        steps.append((following, last + last**2))
        last = following
    whole = unfold(steps, last)
    seen, stack = set(), [whole]
    while stack:
        node = stack.pop()
        if id(node) not in seen:
            seen.add(id(node))
            stack.extend(node.args)
    assert len(seen) < 1500
