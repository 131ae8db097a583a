"""The search reaches known suprema, and what it reports is proved at exact points of the region."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from lipsym.bounds.derive import derive
from lipsym.bounds.result import Bound
from lipsym.domains.norms import spectral_norm
from lipsym.enclose.box import derivative_bound
from lipsym.enclose.derivatives import jacobian, lipschitz_at, smoothness_lower
from lipsym.enclose.inside import inside
from lipsym.enclose.search import fixed_output, gradient_series, model
from lipsym.errors import InputError
from lipsym.nets.inputs import Dataset, InputBall
from lipsym.nets.losses import loss
from lipsym.nets.network import mlp
from lipsym.nets.regions import Ball, Box, ProductBall
from lipsym.refute.ascent import maximise
from lipsym.refute.confirm import certified_lower, confirm

PERCENT = Fraction(99, 100)


def two_layer_smoothness(R: float, S: float) -> float:
    """The supremum of ‖D²N‖ of two layers, tanh hidden, identity output."""
    q = math.sqrt(S * S + 1)
    rho = R * q
    t = (2 * math.sqrt(rho**4 + rho**2 + 1) - 2 - rho**2) / (3 * rho**2)
    return q * (1 - t) * (rho * math.sqrt(t) + math.sqrt(1 + rho**2 * t))


@pytest.mark.parametrize("R", [1, 3, 10])
def test_reaches_the_order_one_supremum_of_1_1_1_tanh(R: int) -> None:
    network = mlp([1, 1, 1], "tanh", output="tanh")
    found = certified_lower(network, ProductBall(R), InputBall(1), evaluations=8000)
    supremum_squared = 2 * R * R + 1
    assert found.value**2 <= supremum_squared
    assert found.value**2 >= supremum_squared * PERCENT**2


@pytest.mark.parametrize("widths", [[1, 1, 1], [2, 3, 2]])
@pytest.mark.parametrize("R", ["1/2", "10"])
def test_reaches_the_order_two_supremum_of_two_layers(widths: list[int], R: str) -> None:
    found = certified_lower(mlp(widths, "tanh"), ProductBall(R), InputBall(1), "smoothness", evaluations=8000)
    supremum = Fraction(two_layer_smoothness(float(Fraction(R)), 1.0))
    assert supremum * PERCENT <= found.value <= supremum * (1 + Fraction(1, 10**9))


def test_independent_seeds_agree_on_a_deep_network() -> None:
    network = mlp([2, 2, 2, 1], "tanh", output="tanh")
    values = [
        maximise(network, ProductBall(3), InputBall(1), quantity, seed=seed, evaluations=20_000).value
        for quantity in ("lipschitz", "smoothness")
        for seed in (1, 2)
    ]
    assert abs(values[0] / values[1] - 1) < 0.02
    assert abs(values[2] / values[3] - 1) < 0.02


def test_the_search_is_deterministic() -> None:
    network = mlp([2, 2, 1], "sigmoid")
    first, second = (maximise(network, Ball(2), InputBall("3/2"), seed=5, evaluations=1000) for _ in range(2))
    assert first.value == second.value
    assert all((a == c).all() and (b == d).all() for (a, b), (c, d) in zip(first.params, second.params, strict=True))
    assert maximise(network, Ball(2), InputBall("3/2"), seed=6, evaluations=200).value != first.value


CENTRE = [(np.array([[0.1, -0.7], [0.3, 0.4]]), np.array([0.2, -0.1])), (np.array([[1.5, -2.0]]), np.array([0.0]))]
CORNER = [(a + 0.125, b + 0.5) for a, b in CENTRE]


@pytest.mark.parametrize(
    "region",
    [
        Ball(2),
        Ball("R"),
        ProductBall([1, "3/7"]),
        ProductBall("R", CENTRE),
        Ball("1/1000", CENTRE),
        Box(-1, "1/3"),
        Box(CENTRE, CORNER),
    ],
    ids=["ball", "symbol", "product", "centred", "tiny", "interval", "arrays"],
)
@pytest.mark.parametrize("quantity", ["lipschitz", "smoothness", "hessian_lipschitz"])
def test_confirmed_points_are_exact_and_inside(region: Any, quantity: str) -> None:
    network, values = mlp([2, 2, 1], "tanh"), {"R": Fraction(5, 3), "S": 2}
    candidate = maximise(network, region, InputBall("S"), quantity, values, evaluations=600)
    found = confirm(network, region, InputBall("S"), candidate, quantity, values)
    assert region.contains(found.params, network, values)
    entries = [x for pair in found.params for part in pair for x in np.ravel(part).tolist()]
    assert all(isinstance(x, Fraction) for x in (*entries, *found.x))
    assert sum(x * x for x in found.x) <= 4
    assert 0 < found.value <= Fraction(candidate.value) * Fraction(11, 10)
    assert found.value >= Fraction(candidate.value) * PERCENT
    if quantity == "lipschitz":
        norm = spectral_norm(jacobian(network, found.params, np.array(found.x, dtype=object)))
        assert found.value <= norm.hi


def test_a_candidate_outside_is_pulled_in() -> None:
    network = mlp([1, 1], "identity")
    pairs = inside(network, Ball(1), [(np.array([[1.0]]), np.array([1e-9]))])
    assert Ball(1).contains(pairs, network)
    assert pairs[0][0][0, 0] > Fraction(999, 1000)
    at_centre = inside(network, Ball(0, [(np.array([[0.3]]), np.array([0.1]))]), [(np.array([[5.0]]), np.array([1.0]))])
    assert at_centre[0][0][0, 0] == Fraction(0.3)


def test_data_and_losses() -> None:
    data = Dataset(np.array([[0.5, -1.0], [1.25, 0.75]]), y=np.array([0, 1]))
    network = mlp([2, 2, 2], "tanh")
    found = certified_lower(network, ProductBall(1), data, evaluations=2000)
    assert list(found.x) in [[Fraction(v) for v in row] for row in data.points.tolist()]
    free = certified_lower(network, ProductBall(1), InputBall("3/2"), evaluations=2000)
    assert 0 < found.value <= free.value * (1 + Fraction(1, 100))
    for name, decay in (("cross_entropy", 0), ("mse", Fraction(1, 2))):
        labelled = data if name == "cross_entropy" else Dataset(data.points, np.eye(2))
        for quantity in ("lipschitz", "smoothness"):
            g = loss(name, weight_decay=decay)
            candidate = maximise(network, Ball(2), labelled, quantity, evaluations=2000, loss=g)
            certified = confirm(network, Ball(2), labelled, candidate, quantity, loss=g)
            assert certified.x is None
            assert Fraction(candidate.value) * PERCENT <= certified.value
            assert certified.value <= Fraction(candidate.value) * Fraction(11, 10)
    one_layer = mlp([2, 2], "identity")
    g = loss("cross_entropy")
    certified = certified_lower(one_layer, Ball(3), data, "smoothness", evaluations=2000, loss=g)
    q = max(sum(Fraction(v) ** 2 for v in row) + 1 for row in data.points.tolist())
    assert certified.value <= Fraction(1, 2) * q, "the Hessian of cross-entropy is at most 1/2"


def test_starts_whose_directions_have_settled_still_move() -> None:
    """At order 1 a power iteration is done after one step, and the first value of the ascent is no better."""
    network = mlp([2, 2, 1], "tanh")
    found = certified_lower(network, ProductBall("1/2"), InputBall(1), evaluations=1500)
    bound = derive(network, ProductBall("1/2"), InputBall(1))
    assert isinstance(bound, Bound)
    assert Fraction("1.36773") <= found.value <= bound.evaluate().hi


@pytest.mark.parametrize("seed", [0, 2])
def test_reaches_the_corners_of_a_box_around_initial_weights(seed: int) -> None:
    rng = np.random.default_rng(seed)
    centre = [(rng.standard_normal((4, 2)) / math.sqrt(2), np.zeros(4)), (rng.standard_normal((1, 4)) / 2, np.zeros(1))]
    network, x = mlp([2, 4, 1], "tanh"), rng.standard_normal(2)
    region = Box(*([(a + s, b + s) for a, b in centre] for s in (-1, 1)))
    found = certified_lower(network, region, Dataset(x[None]), evaluations=4000)
    upper = derivative_bound(network, centre, 1, x, "lipschitz").hi
    assert upper * PERCENT <= found.value <= upper


def test_has_power_a_claim_below_the_supremum_is_refuted() -> None:
    network, R = mlp([1, 1, 1], "tanh", output="tanh"), 3
    found = certified_lower(network, ProductBall(R), InputBall(1), evaluations=8000)
    assert found.value > Fraction(435, 100), "sup = √19 = 4.3589"
    assert lipschitz_at(network, found.params, np.array(found.x, dtype=object)).lo >= found.value
    shrunk = certified_lower(network, ProductBall("29/10"), InputBall(1), evaluations=8000)
    assert shrunk.value < Fraction(435, 100), "the region matters"


def test_series_agree_with_the_certified_derivatives() -> None:
    network = mlp([2, 3, 2], "sigmoid", output="tanh")
    m, rng = model(network, 2), np.random.default_rng(0)
    theta, x, u = rng.standard_normal((1, m.count)), rng.standard_normal((1, 1, 2)), rng.standard_normal((1, m.count))
    w = np.array([[[1.0, 0.0]]])
    _, gradient, by_input = gradient_series(m, theta, x, u, fixed_output(w), 2)
    exact = jacobian(network, m.unpack(theta[0]), x[0, 0])
    np.testing.assert_allclose(gradient[0][0], [float(exact[0, i]) for i in range(m.count)], atol=1e-12)
    step = 1e-5
    for k in (1, 2):  # the next coefficient is the derivative of the last along u, divided by k
        ahead, behind = (gradient_series(m, theta + s * u, x, u, fixed_output(w), 2)[1][k - 1] for s in (step, -step))
        np.testing.assert_allclose(gradient[k], (ahead - behind) / (2 * step * k), atol=1e-7)
    assert by_input[2].shape == (1, 1, 2)
    assert smoothness_lower(network, m.unpack(theta[0]), x[0, 0], [m.unpack(u[0])]) <= smoothness_lower(
        network, m.unpack(theta[0]), x[0, 0]
    )


def test_an_unknown_quantity_is_refused() -> None:
    with pytest.raises(InputError, match="curvature"):
        maximise(mlp([1, 1], "tanh"), Ball(1), InputBall(1), "curvature")
