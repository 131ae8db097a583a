"""The checker's reductions and estimates never lose a point: bounds below a certified value are never verified."""

from __future__ import annotations

from fractions import Fraction

import pytest

import lipsym as ls
from lipsym.certificates.question import question
from lipsym.check.cover import BeyondReachError, Leaf, reduce
from lipsym.check.model import rebuild
from lipsym.domains import domain
from lipsym.refute.confirm import certified_lower

CASES = [
    (ls.mlp([2, 1, 1], "tanh"), ls.ProductBall("3/2"), "lipschitz"),
    (ls.mlp([2, 1, 2], "tanh"), ls.Ball("3/2"), "smoothness"),
    (ls.mlp([1, 1, 1], "sigmoid", "sigmoid"), ls.ProductBall(2), "smoothness"),
    (ls.mlp([1, 1, 2], "sin", "tanh"), ls.Ball(1), "lipschitz"),
    (ls.mlp([2, 1, 1], "gelu", bias=False), ls.ProductBall([1, 2]), "smoothness"),
    (ls.mlp([1, 1, 1], "softsign"), ls.Box("-1/2", 1), "smoothness"),
    (ls.mlp([1, 1, 1], "relu"), ls.ProductBall(1, [([[0.5]], [0.25]), ([[1.0]], [0.0])]), "lipschitz"),
    (ls.Network([ls.Affine(1, 1, 1), ls.Elementwise("tanh", 1), ls.Affine(1, 1, 1)]), ls.Ball(2), "lipschitz"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0].spec} {case[1].spec} {case[2]}")
def test_a_bound_below_a_certified_value_is_never_verified(case: tuple[ls.Network, object, str]) -> None:
    network, region, quantity = case
    order = {"lipschitz": 1, "smoothness": 2}[quantity]
    inputs = ls.InputBall("5/4")
    found = certified_lower(network, region, inputs, quantity, evaluations=1_500)
    model = rebuild(question(network, region, inputs, None), order)  # type: ignore[arg-type]
    reduced = reduce(model, {})
    with domain("arb").session() as inner:
        leaf = Leaf(model, reduced, order, found.value * Fraction(999, 1000), inner)
        waiting, count = [reduced.root], 0
        while waiting and count < 1_500:
            box = waiting.pop()
            count += 1
            if not leaf.holds(box):
                i = max(range(len(box)), key=lambda i: box[i][1] - box[i][0])
                middle = sum(box[i]) / 2
                waiting += [[*box[:i], half, *box[i + 1 :]] for half in ((box[i][0], middle), (middle, box[i][1]))]
    assert waiting, "every box was seen to be below a value that is attained"


def test_the_reduced_variables_of_a_two_layer_network() -> None:
    network = ls.mlp([3, 2, 2], "tanh")
    model = rebuild(question(network, ls.ProductBall(1), ls.InputBall(1), None), 1)
    reduced = reduce(model, {})
    assert reduced.names == ("w1[1]", "w1[2]", "A2[1,1]", "A2[1,2]")
    assert reduced.outputs == 1
    assert all(unit is not None for unit in reduced.units)


def test_what_is_not_covered_is_said() -> None:
    data = ls.Dataset([[1.0]])
    model = rebuild(question(ls.mlp([1, 1], "tanh"), ls.Ball(1), data, None), 1)
    with pytest.raises(BeyondReachError):
        reduce(model, {})
