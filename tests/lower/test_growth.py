"""The degree in the radius: what the theorem says, and what the bounds on both sides do."""

from __future__ import annotations

from fractions import Fraction
from math import log10

import pytest
import sympy as sp

import lipsym as ls
from lipsym.lower.growth import growth

m = sp.Symbol("m", integer=True, positive=True)
PER_LAYER = [  # network, loss, degree of order 1 and of order 2
    ("mlp:1-2-1:tanh:tanh", None, 1, 2),
    ("mlp:2-2-2-1:tanh", None, 2, 3),
    ("mlp:1-2-1:sigmoid", None, 1, 1),
    ("mlp:1-2-1:gelu:gelu", None, 1, 2),
    ("mlp:1-1-1-1:softplus,identity:identity", None, 2, 2),
    ("mlp:1-2-2-1:identity", None, 2, 1),
    ("mlp:1-2-2-1:tanh:tanh:nobias", None, 2, 4),
    ("mlp:1-2-1:sin:nobias", None, 1, 1),
    ("mlp:1-2-1:tanh", "mse", 2, 2),
    ("mlp:1-2-1:tanh:tanh", "mse", 1, 2),
    ("mlp:1-2-1:sigmoid", "logistic", 1, 2),
    ("mlp:1-2-2:tanh", "cross_entropy", 1, 2),
    ("mlp:1-2-1:tanh", "huber", 1, 2),
    ("mlp:1-2-1:softplus", "mse", 3, None),
]


def slope(bound: object, R: int = 10**6) -> float:
    """The degree seen between ``R`` and ``100 R``."""
    assert isinstance(bound, ls.Bound)
    low, high = (bound.evaluate({"R": r, "S": 1, "Y": 1}) for r in (R, 100 * R))
    return log10(Fraction(high.hi) / Fraction(low.lo)) / 2


@pytest.mark.parametrize(("spec", "loss", "first", "second"), PER_LAYER)
def test_both_sides_have_the_degree(spec: str, loss: str | None, first: int, second: int | None) -> None:
    network = ls.parse_network(spec)
    for quantity, degree in (("lipschitz", first), ("smoothness", second)):
        found = growth(network, quantity, loss)
        assert found.degree == degree
        if degree is None:
            assert found.least is not None
            assert found.most is not None
            assert found.least < found.most
        expected = (found.least, found.most) if degree is None else (degree, degree)
        for side, power in zip(("lower", "upper"), expected, strict=True):
            rule = "recursion" if side == "upper" else "auto"
            bound = ls.derive(network, ls.ProductBall("R"), ls.InputBall("S"), quantity, loss, side, rule)
            seen = slope(bound)
            between = degree is None and float(found.least) <= seen <= float(found.most)
            assert between or abs(seen - float(power)) < 0.01


@pytest.mark.parametrize("quantity", ["lipschitz", "smoothness"])
def test_joint_balls_have_the_same_degree(quantity: str) -> None:
    network = ls.mlp([1, 2, 2, 1], "tanh")
    bound = ls.derive(network, ls.Ball("R"), ls.InputBall("S"), quantity, side="lower")
    assert abs(slope(bound) - float(growth(network, quantity).degree)) < 0.01  # type: ignore[arg-type]


def test_symbolic_depth() -> None:
    network = ls.uniform_mlp(m, "l", "tanh")
    assert growth(network).degree == m - 1
    assert growth(network, "smoothness").degree.equals(2 * m - 3)  # type: ignore[union-attr]
    assert growth(ls.uniform_mlp(m, "l", "tanh", "tanh"), "smoothness").degree.equals(2 * m - 2)  # type: ignore[union-attr]
    assert growth(ls.uniform_mlp("m", "l", "relu"), "smoothness").degree is sp.oo
    bound = ls.derive(network, ls.ProductBall("R"), ls.InputBall("S"), side="lower")
    ratio = [bound.evaluate({"m": 5, "l": 2, "S": 1, "R": 10**k}).lo for k in (6, 8)]
    assert abs(log10(Fraction(ratio[1]) / Fraction(ratio[0])) / 2 - 4) < 0.01


def test_gaps_and_what_is_unknown_are_named() -> None:
    assert str(growth(ls.mlp([1, 2, 1], "relu"), "smoothness")) == "infinite for every R"
    assert str(growth(ls.mlp([1, 2, 2, 1], "tanh"), "smoothness")) == "R^3"
    narrow = growth(ls.mlp([1, 1, 1, 1], "sigmoid", bias=False))
    assert narrow.degree is None
    assert "no witness" in str(narrow)
    shared = ls.Network([ls.Affine(2, 2, 1), ls.Elementwise("tanh", 2), ls.Affine(2, 2, 1)])
    for unknown in (
        growth(shared),
        growth(ls.mlp([1, 2, 1], "tanh"), "hessian_lipschitz"),
        growth(ls.mlp([1, 2, 1], "tanh", bias=False), "lipschitz", "mse"),
        growth(ls.mlp([1, 2, 1], "tanh"), "lipschitz", "cross_entropy"),
        growth(ls.uniform_mlp(), "lipschitz", "mse"),
        growth(ls.mlp([1, 2, 1], "relu"), "smoothness", "mse"),
    ):
        assert unknown.degree is unknown.least is unknown.most is None
        assert str(unknown).startswith("unknown")


def test_weight_decay_grows_linearly() -> None:
    one = ls.mlp([1, 1], [], "tanh")
    assert growth(one, "lipschitz", ls.loss("logistic", weight_decay="1/10")).degree == 1
    assert growth(one, "lipschitz", "logistic").degree == 0
