"""Lower bounds: below the upper ones, reached at explicit parameters, and not improvable at them."""

from __future__ import annotations

from fractions import Fraction

import pytest
import sympy as sp

import lipsym as ls
from lipsym.bounds.stages import stages
from lipsym.domains.balls import lower, total, working_precision
from lipsym.enclose.derivatives import lipschitz_at, smoothness_lower
from lipsym.enclose.losses import loss_gradient
from lipsym.lower.candidates import candidates
from lipsym.lower.growth import growth
from lipsym.lower.lower_bound import lower_bound
from lipsym.lower.sharpness import sharpness

REGIONS = (ls.ProductBall("R"), ls.Ball("R"))
NETWORKS = [f"mlp:{w}:{a}{o}" for w, a, o in (
    ("1-1-1", "tanh", ":tanh"), ("2-2-1", "tanh", ""), ("1-1-1", "sigmoid", ":sigmoid"), ("2-2-2-1", "sigmoid", ""),
    ("1-2-1", "sin", ":sin"), ("1-2-1", "arctan", ""), ("1-1-2", "erf", ":erf"), ("1-2-1", "softsign", ":softsign"),
    ("1-2-1", "softplus", ":softplus"), ("1-2-1", "gelu", ""), ("1-1-1", "silu", ":silu"), ("1-2-1", "elu", ""),
    ("2-2-1", "tanh", ":nobias"), ("1-2-1-1", "sin,gelu", ":tanh"))]  # fmt: skip


@pytest.mark.parametrize("quantity", ["lipschitz", "smoothness"])
@pytest.mark.parametrize("spec", NETWORKS)
def test_lower_is_at_most_upper(spec: str, quantity: str) -> None:
    network = ls.parse_network(spec)
    for region in REGIONS:
        below, above = (ls.derive(network, region, ls.InputBall("S"), quantity, side=s) for s in ("lower", "upper"))
        assert isinstance(below, ls.Bound)
        assert isinstance(above, ls.Bound)
        assert below.side == "lower"
        for radius in ("0", "1/3", "1", "20"):
            at = {"R": radius, "S": "3/2"}
            low, high = below.evaluate(at), above.evaluate(at)
            assert 0 <= low.hi
            assert low.lo <= high.hi, (region.spec, radius)
            assert low.lo > 0 or radius != "20"


@pytest.mark.parametrize("loss", ["mse", "huber", "cross_entropy", "logistic"])
@pytest.mark.parametrize("quantity", ["lipschitz", "smoothness"])
def test_losses_too(loss: str, quantity: str) -> None:
    for spec in ("mlp:2-2-1:tanh", "mlp:1-2-1:softplus:tanh", "mlp:1-2-1:sigmoid"):
        network = ls.parse_network(spec.replace("-1:", "-3:") if loss == "cross_entropy" else spec)
        for region in REGIONS:
            pair = [ls.derive(network, region, ls.InputBall("S"), quantity, loss, side=s) for s in ("lower", "upper")]
            for radius in ("1/2", "3"):
                at = {"R": radius, "S": "1", "Y": "2"}
                low, high = (b.evaluate({s.name: at[s.name] for s in b.symbols}) for b in pair)
                assert low.lo <= high.hi
                assert low.lo > 0


def test_the_standard_witness_of_order_1_attains_its_bound() -> None:
    # tanh, t = 0: A_1 = 0, A_2 = A_3 = R, all biases 0, exactly rational.
    network, radius, x = ls.mlp([1, 1, 1, 1], "tanh", output="tanh"), 3, Fraction(3, 4)
    theta = [([[0]], [0]), ([[radius]], [0]), ([[radius]], [0])]
    found = lipschitz_at(network, theta, [x])
    bound = ls.derive(network, ls.ProductBall(radius), ls.InputBall("3/4"), side="lower").evaluate()
    assert found.overlaps(bound)
    assert bound.lo * Fraction(101, 100) > found.hi  # a formula that claims 1 % more is refuted here


def test_the_cancelled_witness_attains_its_bound() -> None:
    # sigmoid, widths 2: A_2 = R wwᵀ with R = 2 has entries ±1; the last layer reads one neuron.
    network = ls.mlp([1, 2, 2, 1], "sigmoid")
    half = [[1, -1], [-1, 1]]
    theta = [([[0], [0]], [0, 0]), ([[1, -1], [0, 0]], [0, 0]), ([[2, 0]], [0])]
    assert half[0] == theta[1][0][0]
    radius = sp.sqrt(2)  # ‖A_2‖ = √2, all of it along w
    bound = ls.derive(network, ls.ProductBall([1, radius, 2]), ls.InputBall(1), side="lower")
    step = next(s for s in bound.steps if s.symbol.name == "W_b")
    assert step.rule == "offset-cancelling"
    value = ls.Bound(**{f: getattr(bound, f) for f in bound.__slots__} | {"result": step.symbol}).evaluate()
    found = lipschitz_at(network, theta, [1])
    assert found.overlaps(value)
    assert value.lo * Fraction(101, 100) > found.hi


def test_a_witness_of_order_2_reaches_its_bound() -> None:
    # Softsign, one-sided at 0: parameters with z_2 slightly below 0 come as near as they like.
    network, tiny = ls.mlp([1, 1, 1], "softsign", output="softsign"), Fraction(1, 10**9)
    theta = [([[0]], [tiny]), ([[2]], [0])]
    bound = ls.derive(network, ls.ProductBall(2), ls.InputBall(1), "smoothness", side="lower").evaluate()
    direction = [([[1]], [1]), ([[0]], [0])]
    found = smoothness_lower(network, theta, [1], [direction])
    assert bound.lo > 0
    assert found > 0


def test_two_layers_with_affine_output_are_nearly_exact() -> None:
    question = ls.mlp([2, 3, 1], "tanh"), ls.ProductBall("R"), ls.InputBall("S"), "smoothness"
    assert sharpness(*question).at({"R": 100, "S": "3/2"}).hi < Fraction(100001, 100000)


def test_a_loss_at_its_witness() -> None:
    network = ls.mlp([1, 1, 1], "tanh")
    question = network, ls.ProductBall(2), ls.InputBall(1, 3), "lipschitz", ls.loss("mse")
    bound = lower_bound(*question, candidates(stages(network), 1)).evaluate()  # type: ignore[arg-type]
    gradient = loss_gradient(network, [([[0]], [0]), ([[2]], [0])], ls.Dataset([[1.0]], y=[[3.0]]), ls.loss("mse"))
    with working_precision(128):
        square = total(e * e for pair in gradient.values() for part in pair if part is not None for e in part.entries())
        assert bound.lo <= float(square.sqrt()) * 1.000001
        assert lower(square.sqrt()) <= bound.hi * Fraction(1000001, 1000000)


@pytest.mark.parametrize("depth", [2, 3])
@pytest.mark.parametrize("output", ["identity", "tanh"])
@pytest.mark.parametrize("quantity", ["lipschitz", "smoothness"])
def test_the_ratio_at_radius_100(depth: int, output: str, quantity: str) -> None:
    network = ls.mlp([2, *[2] * (depth - 1), 1], "tanh", output=output)
    found = sharpness(network, ls.ProductBall("R"), ls.InputBall("S"), quantity)
    ratios = [found.at({"R": radius, "S": "3/2"}) for radius in (10, 100)]
    assert found.limit == 1
    assert 1 <= ratios[1].hi <= Fraction(102, 100)
    assert ratios[1].hi <= ratios[0].hi + Fraction(1, 10**4)


def test_the_sigmoid_alone_loses_its_factor() -> None:
    found = sharpness(ls.parse_network("mlp:1-1-1:sigmoid:sigmoid"), ls.ProductBall("R"), ls.InputBall("S"))
    ratio = found.at({"R": 10**6, "S": 1})
    value = ls.domains.evaluate(found.limit)
    assert abs(1 / Fraction(value.lo) - Fraction("0.90285")) < Fraction(1, 10**4)
    assert abs(ratio.hi - value.hi) < Fraction(1, 10**4)


def test_growth_is_seen_on_both_sides() -> None:
    for spec, quantity in (("mlp:1-2-1:gelu:gelu", "smoothness"), ("mlp:2-2-2-1:tanh", "smoothness"),
                           ("mlp:1-2-1:softplus", "lipschitz"), ("mlp:1-1-1-1:tanh:tanh", "lipschitz")):  # fmt: skip
        network = ls.parse_network(spec)
        degree = growth(network, quantity).degree
        for side in ("upper", "lower"):
            bound = ls.derive(network, ls.ProductBall("R"), ls.InputBall("S"), quantity, side=side)
            small, large = (bound.evaluate({"R": 10**k, "S": 1}) for k in (5, 6))
            assert abs(large.hi / small.lo / 10**degree - 1) < Fraction(1, 100)


def test_what_has_no_witness_says_so() -> None:
    shared = ls.Network([ls.Affine(2, 2, 1), ls.Elementwise("tanh", 2), ls.Affine(2, 2, 1)])
    third = ls.derive(ls.mlp([1, 1], "tanh"), ls.Ball(1), ls.InputBall(1), "hessian_lipschitz", side="lower")
    huber = ls.derive(ls.mlp([1, 1, 1], "tanh"), ls.Ball(1), ls.Dataset([[1.0]], [[1.0]]), loss="huber", side="lower")
    answers = [ls.derive(shared, ls.Ball("R"), ls.InputBall("S"), side="lower"), third, huber]
    answers.append(ls.derive(ls.uniform_mlp(), ls.Box(-1, 1), ls.InputBall("S"), side="lower"))
    assert all(isinstance(answer, ls.Unknown) for answer in answers)


@pytest.mark.parametrize("quantity", ["lipschitz", "smoothness"])
def test_cross_entropy_of_one_class_is_constant(quantity: str) -> None:
    """log e^u − u = 0: nothing but the weight decay is left."""
    question = ls.mlp([1, 1], [], "tanh"), ls.ProductBall(1), ls.InputBall(1), quantity
    assert ls.derive(*question, loss="cross_entropy", side="lower").evaluate().hi == 0


@pytest.mark.parametrize("radii", [["R", "R", 0], ["R", 0, "R"], [1, 2, 3], ["R", 1, "R"], ["R", "Q", "R"]])
def test_no_limit_is_claimed_unless_all_radii_grow(radii: list) -> None:
    assert (
        ls.sharpness(ls.mlp([2, 2, 2, 1], "tanh"), ls.ProductBall(radii), ls.InputBall(1), "smoothness").limit is None
    )


def test_inputs_of_radius_zero_without_bias() -> None:
    network = ls.mlp([2, 1], [], "tanh", bias=False)
    bound = ls.derive(network, ls.Ball("1/2"), ls.InputBall(0), "smoothness", side="lower")
    assert bound.evaluate().hi == 0


def test_a_region_of_one_point_has_no_witness_at_a_kink() -> None:
    outcome = ls.derive(ls.mlp([1, 1], [], "softsign"), ls.ProductBall(0), ls.InputBall(1), "smoothness", side="lower")
    assert isinstance(outcome, ls.Unknown)


SHARP = ("tanh", "sin", "arctan", "erf", "softsign")


@pytest.mark.parametrize("quantity", ["lipschitz", "smoothness"])
@pytest.mark.parametrize("name", [*SHARP, "sigmoid"])
def test_the_ratio_tends_to_its_limit(name: str, quantity: str) -> None:
    """Certified at growing radii; a limit smaller than the one stated would be missed."""
    width = 2 if name == "sigmoid" else 1
    found = ls.sharpness(ls.mlp([1, width, 1], name, name), ls.ProductBall("R"), ls.InputBall(1), quantity)
    assert found.limit == 1
    small, large = (found.at({"R": radius}).hi for radius in (10, 10**4))
    # A scalar maximum is enclosed to about 1e-4.
    assert large <= small + Fraction(1, 10**4)
    assert 1 <= large < Fraction(1002, 1000)


@pytest.mark.parametrize("name", ["identity", "relu"])
def test_rectifiers_have_the_exact_constant(name: str) -> None:
    for network in (ls.mlp([1, 2, 1], name), ls.mlp([1, 2, 2, 1], name)):
        found = ls.sharpness(network, ls.ProductBall("R"), ls.InputBall(1))
        assert found.limit == 1
        assert 1 <= found.at({"R": 10**4}).hi < Fraction(10001, 10000)


@pytest.mark.parametrize("name", ["tanh", "softplus", "gelu", "elu", "sigmoid"])
def test_one_layer_is_exact_in_the_limit(name: str) -> None:
    for quantity in ("lipschitz", "smoothness"):
        found = ls.sharpness(ls.mlp([1, 1], [], name), ls.Ball("R"), ls.InputBall(1), quantity)
        assert found.limit == 1
        assert 1 <= found.at({"R": 50}).hi < Fraction(1001, 1000)
