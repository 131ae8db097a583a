"""Lower bounds for symbolic depth: the path bounds of every numbered network, and limits of the ratio."""

from __future__ import annotations

from fractions import Fraction

import pytest
import sympy as sp

import lipsym as ls
from lipsym.bounds.stages import stages
from lipsym.lower.candidates import Candidate
from lipsym.lower.lower_bound import lower_bound
from lipsym.lower.path import Forward, Pin
from lipsym.nets.activations import ACTIVATIONS

NAMES = sorted(set(ACTIVATIONS) - {"leaky_relu"})


@pytest.mark.parametrize("quantity", ["lipschitz", "smoothness"])
@pytest.mark.parametrize("name", NAMES)
def test_below_the_upper_bound_of_every_numbered_network(name: str, quantity: str) -> None:
    for output in ("identity", name):
        network = ls.uniform_mlp("m", "l", name, output)
        for region in (ls.ProductBall("R"), ls.Ball("R")):
            bound = ls.derive(network, region, ls.InputBall("S"), quantity, side="lower")
            if isinstance(bound, ls.Unknown):
                assert name == "relu"
                continue
            assert bound.rules == ("uniform-witness",)
            for depth, width, radius in ((2, 1, 2), (3, 2, "3/2")):
                low = bound.evaluate({"m": depth, "l": width, "R": radius, "S": 1})
                numbered = network.at(depth, width, inputs=1)
                above = ls.derive(numbered, ls.ProductBall(radius), ls.InputBall(1), quantity, rule="recursion")
                assert 0 <= low.hi
                assert low.lo <= above.evaluate().hi


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "softplus", "gelu", "relu"])
def test_order_1_is_the_path_with_all_arguments_0(name: str) -> None:
    for output, depth in (("identity", 2), ("identity", 4), (name, 3)):
        network = ls.uniform_mlp("m", "l", name, output).at(depth, 2, inputs=3)
        line = stages(network)
        assert line is not None
        choices = [Forward() if stage.linear else Pin(sp.S.Zero) for stage in line]
        candidate = Candidate("path-witness-1", tuple(choices), (sp.S.Zero, *(sp.S.One,) * (depth - 1)))
        for region in (ls.ProductBall("R"), ls.Ball("R")):
            path = lower_bound(network, region, ls.InputBall("S"), "lipschitz", None, [candidate])
            uniform = ls.derive(ls.uniform_mlp("m", "l", name, output), region, ls.InputBall("S"), side="lower")
            at = {"R": Fraction(7, 4), "S": 1}
            one, all_ = path.evaluate(at), uniform.evaluate(at | {"m": depth, "l": 2})
            assert all_.hi >= one.lo
            if name != "sigmoid":  # two opposed neurons may do better
                assert one.overlaps(all_)


@pytest.mark.parametrize(
    ("name", "width", "output", "quantity", "depth"),
    [("tanh", "l", "identity", "lipschitz", 2), ("tanh", "l", "tanh", "smoothness", 3),
     ("softsign", 3, "identity", "smoothness", 4), ("sigmoid", 2, "sigmoid", "lipschitz", 3)],
)  # fmt: skip
def test_the_ratio_tends_to_1(name: str, width: object, output: str, quantity: str, depth: int) -> None:
    network = ls.uniform_mlp("m", width, name, output)  # type: ignore[arg-type]
    found = ls.sharpness(network, ls.ProductBall("R"), ls.InputBall("S"), quantity)
    assert found.limit == 1
    at = {"m": depth, "S": 1} | ({"l": 2} if width == "l" else {})
    ratios = [found.at(at | {"R": 10**k}).hi for k in (2, 4, 6)]
    assert ratios[0] >= ratios[1] >= ratios[2] >= 1
    assert ratios[2] < Fraction(1001, 1000)


def test_the_limit_in_sympy() -> None:
    R = sp.Symbol("R", nonnegative=True)
    found = ls.sharpness(ls.uniform_mlp("m", "l", "tanh", "tanh"), ls.ProductBall("R"), ls.InputBall(1))
    assert found.upper is not None
    assert found.lower is not None
    for depth in (2, 3):
        numbers = {s: {"m": depth, "l": 2}.get(s.name, s) for s in found.upper.symbols}
        ratio = found.upper.expr.subs(numbers) / found.lower.expr.subs(numbers)
        assert sp.limit(ratio.rewrite(sp.Sum).doit(), R, sp.oo) == 1


def test_one_layer_gets_nothing() -> None:
    """The hypothesis is m ≥ 2; where it fails no number may be above the truth, 0 for an affine layer of order 2."""
    for name in ("identity", "tanh"):
        network = ls.uniform_mlp("m", "l", name)
        bound = ls.derive(network, ls.ProductBall("R"), ls.InputBall("S"), "smoothness", side="lower")
        assert "m ≥ 2" in bound.hypotheses
        assert bound.evaluate({"m": 1, "l": 2, "R": "1/10", "S": 1}).hi == 0


def test_joint_balls_and_what_is_unknown() -> None:
    network = ls.uniform_mlp("m", "l", "tanh")
    assert ls.sharpness(network, ls.Ball("R"), ls.InputBall("S")).limit == 1
    assert ls.sharpness(network, ls.Ball("R"), ls.InputBall("S"), "smoothness").limit is None
    assert ls.sharpness(ls.uniform_mlp("m", "l", "sigmoid"), ls.ProductBall("R"), ls.InputBall("S")).limit is None
    for question in (
        (ls.uniform_mlp("m", "l", "sigmoid", bias=False), ls.Ball("R"), "lipschitz"),
        (network, ls.ProductBall(["R", 1]), "lipschitz"),
        (network, ls.Ball(0), "lipschitz"),
        (network, ls.Ball("R"), "hessian_lipschitz"),
    ):
        answer = ls.derive(*question[:2], ls.InputBall("S"), question[2], side="lower")  # type: ignore[arg-type]
        assert isinstance(answer, ls.Unknown)
