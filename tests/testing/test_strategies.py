"""What the strategies draw lies where it should, reaches the boundary, and shrinks to what one can read."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

import lipsym as ls
from lipsym.errors import LipsymError
from lipsym.refute.counterexample import Counterexample, Survived
from lipsym.testing import strategies


@given(st.data())
def test_parameters_lie_in_their_region(data: st.DataObject) -> None:
    network = data.draw(strategies.networks(biases=False))
    region = data.draw(strategies.regions(network))
    assert region.contains(data.draw(strategies.parameters(network, region)), network)
    one, two = data.draw(strategies.pairs(network, region))
    assert region.contains(one, network)
    assert region.contains(two, network)


CENTRE = [([[0.5, -1.0]], [0.25])]
REGIONS = [
    ls.Ball("sqrt(2)"),
    ls.Ball("R", CENTRE),
    ls.ProductBall("R"),
    ls.Box("-1/3", "R"),
    ls.Box("-sqrt(2)", "sqrt(3)"),
    ls.Box(CENTRE, [([[1.0, 0.0]], [0.5])]),
]


@pytest.mark.parametrize("region", REGIONS, ids=str)
@given(data=st.data())
@settings(max_examples=15)
def test_parameters_lie_in_special_regions(region: ls.Ball, data: st.DataObject) -> None:
    network, values = ls.mlp([2, 1], "tanh"), {"R": Fraction(5, 3)}
    assert region.contains(data.draw(strategies.parameters(network, region, values)), network, values)


def test_parameters_come_close_to_the_boundary() -> None:
    network, region = ls.mlp([2, 2, 1], "tanh"), ls.Ball(3)
    inner = ls.Ball(Fraction(29, 10))
    assert find(strategies.parameters(network, region), lambda p: not inner.contains(p, network))


@given(strategies.inputs(ls.InputBall("3/2"), 2))
def test_inputs_lie_in_their_ball(x: tuple[Fraction, ...]) -> None:
    assert sum(v * v for v in x) <= Fraction(9, 4)


def test_inputs_of_a_dataset_are_its_points() -> None:
    data = ls.Dataset([[1.0, 2.0]])
    assert find(strategies.inputs(data, 2), lambda x: True) == (1, 2)


def test_examples_shrink_to_what_one_can_read() -> None:
    deep = find(strategies.networks(), lambda n: n.depth >= 2 and n.output_width >= 2)
    assert deep.spec == "mlp:1-1-2:identity"
    region = find(strategies.regions(), lambda r: True)
    assert region == ls.ProductBall(1)
    network = ls.mlp([1, 1], "tanh")
    (weights, offset), *_ = find(strategies.parameters(network, region), lambda p: p[0][0][0, 0] > Fraction(1, 3))
    assert offset is not None
    assert (weights[0, 0], offset[0]) == (Fraction(3, 8), 0)
    claim = find(strategies.claims(), lambda c: c.quantity == "smoothness")
    assert claim.network.spec == "mlp:1-1:identity"
    assert (claim.region, claim.inputs.radius) == (ls.Ball(1), 1)


@given(strategies.claims(holds=True))
@settings(max_examples=5)
def test_claims_that_hold_survive(claim: ls.Claim) -> None:
    assert isinstance(ls.refute(claim, budget=0.2), Survived)


@given(strategies.claims(holds=False))
@settings(max_examples=6)
def test_claims_that_fail_are_broken(claim: ls.Claim) -> None:
    assert isinstance(ls.refute(claim, budget=4), Counterexample)


@given(strategies.networks(activations=strategies.SMOOTH, max_width=2), strategies.radii(), strategies.radii())
@settings(max_examples=4)
def test_architectures_are_searched_for_a_derived_bound_that_fails(
    network: ls.Network, radius: Fraction, size: Fraction
) -> None:
    """Hypothesis chooses the architecture, the search the parameters."""
    for quantity in ("lipschitz", "smoothness"):
        bound = ls.derive(network, ls.ProductBall(radius), ls.InputBall(size), quantity)
        assert isinstance(bound, ls.Bound)
        upper = bound.evaluate().hi
        claim = ls.Claim(network, ls.ProductBall(radius), ls.InputBall(size), quantity, "<=", Fraction(upper))
        assert isinstance(ls.refute(claim, budget=0.1), Survived)


def test_a_wrong_kind_is_an_error_of_lipsym() -> None:
    with pytest.raises(LipsymError):
        find(strategies.networks(activations=["relo"]), lambda n: n.depth > 1)
