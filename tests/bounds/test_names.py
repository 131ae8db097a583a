"""A user's symbol may have any name: it is never confused with a step, a constant, a share or a bound variable."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import lipsym as ls
from lipsym.errors import LipsymError

INTERNAL = [
    *("z", "t", "u", "x", "tau", "rho", "T", "V", "K", "J", "G1", "L2"),
    *("q", "q_1", "S", "R", "n_1", "n_2", "r_1", "r_2", "a_1", "a_2", "Z_1", "Z_2"),
    *("zeta_1", "zeta_2", "V_2_0", "v_2_0", "x_2_0", "y_2_0", "V_3_0", "W_1", "W_3", "C_2", "S_2", "nu_1"),
    *("d_1_at_1", "h_1_2_at_3"),
]

NETWORK = ls.mlp([2, 2, 2, 1], ["tanh", "sin"], "sigmoid")
CENTRE = [(np.ones((2, 2)), np.ones(2)), (np.ones((2, 2)), np.ones(2)), (np.ones((1, 2)), np.ones(1))]

CASES = {
    "coupled 1": (lambda R: ls.ProductBall(R), "lipschitz", "auto", False),
    "coupled 2": (lambda R: ls.ProductBall(R), "smoothness", "coupled", False),
    "loss": (lambda R: ls.ProductBall(R), "lipschitz", "auto", True),
    "centre": (lambda R: ls.ProductBall(R, CENTRE), "lipschitz", "auto", False),
    "layer sums": (lambda R: ls.ProductBall(R), "smoothness", "recursion", False),
    "chain rule": (lambda R: ls.ProductBall(R), "hessian_lipschitz", "auto", False),
    "box": (lambda R: ls.Box("-" + R, R), "lipschitz", "recursion", False),
}


def value(case: str, R: str, S: str, Y: str, decay: str) -> ls.Enclosure:
    region, quantity, rule, with_loss = CASES[case]
    loss = ls.loss("mse", weight_decay=decay) if with_loss else None
    bound = ls.derive(NETWORK, region(R), ls.InputBall(S, Y), quantity, loss, rule=rule)
    values = {R: Fraction(1, 2), S: 2, Y: 3, decay: Fraction(1, 3)}
    needed = {symbol.name for symbol in bound.symbols}
    assert needed == ({R, S, Y, decay} if with_loss else {R, S})
    return bound.evaluate({name: v for name, v in values.items() if name in needed})


@pytest.fixture(scope="module")
def plain() -> dict[str, ls.Enclosure]:
    return {case: value(case, "plain_R", "plain_S", "plain_Y", "plain_d") for case in CASES}


@pytest.mark.parametrize("name", INTERNAL)
def test_names_change_nothing(name: str, plain: dict[str, ls.Enclosure]) -> None:
    place = INTERNAL.index(name)
    others = [INTERNAL[(place + k) % len(INTERNAL)] for k in (5, 11, 17)]
    for case in [*list(CASES)[place % 3 :: 3], "coupled 1"]:
        for symbols in ([name, *others], [others[0], name, *others[1:]]):
            assert value(case, *symbols) == plain[case], (case, symbols)


@pytest.mark.parametrize("name", ["r_1", "r_2", "z", "K", "J", "a_1"])
def test_names_change_no_joint_ball(name: str) -> None:
    network = ls.mlp([1, 1, 1], "tanh")
    found = [
        ls.derive(network, ls.Ball(R), ls.InputBall(S)).evaluate({R: 1, S: 2})
        for R, S in (("plain_R", "plain_S"), (name, "T"), ("T", name))
    ]
    assert found[0] == found[1] == found[2]


def test_depth_and_width_are_apart_from_the_summation_index() -> None:
    plain = ls.derive(ls.uniform_mlp("m", "l", "tanh"), ls.ProductBall("R"), ls.InputBall("S"), "smoothness")
    named = ls.derive(ls.uniform_mlp("t", "q", "tanh"), ls.ProductBall("rho"), ls.InputBall("q_1"), "smoothness")
    expected = plain.evaluate({"m": 4, "l": 3, "R": 2, "S": 1})
    assert named.evaluate({"t": 4, "q": 3, "rho": 2, "q_1": 1}) == expected


def test_one_symbol_for_two_radii() -> None:
    together = ls.derive(NETWORK, ls.ProductBall("z"), ls.InputBall("z"), "smoothness").evaluate({"z": 1})
    apart = ls.derive(NETWORK, ls.ProductBall("R"), ls.InputBall("S"), "smoothness").evaluate({"R": 1, "S": 1})
    assert together.overlaps(apart)


@pytest.mark.parametrize("name", ["a_1", "a_2", "a_3", "Z_1", "Z_3", "zeta_1", "z"])
def test_values_never_replace_a_certified_constant_or_a_step(name: str) -> None:
    bound = ls.derive(NETWORK, ls.ProductBall("R", CENTRE), ls.InputBall("S"))
    expected = bound.evaluate({"R": 1, "S": 1})
    for value_of_name in (0, ls.Enclosure(0, Fraction(1, 1000))):
        try:
            found = bound.evaluate({"R": 1, "S": 1, name: value_of_name})
        except LipsymError:
            continue  # refusing a name that is no symbol of the bound is as good
        assert found == expected
