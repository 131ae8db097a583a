"""The assertions catch wrong formulas and let right ones pass."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

import lipsym as ls
from lipsym.errors import InputError
from lipsym.testing import assert_lipschitz, assert_no_counterexample


def two_layers(theta: np.ndarray) -> np.ndarray:
    """A user's own 1-2-1 network at x = 3/2, written without lipsym."""
    a, b, c, d = theta[:2], theta[2:4], theta[4:6], theta[6:]
    return c @ np.tanh(1.5 * a + b) + d


def test_a_formula_that_forgets_the_last_layer_is_caught() -> None:
    wrong = 2 * math.sqrt(1.5**2 + 1)
    with pytest.raises(AssertionError, match="secant has the slope"):
        assert_lipschitz(two_layers, wrong, dimension=7, radius=2)


def test_the_right_formula_passes_and_is_nearly_reached() -> None:
    bound = ls.derive(ls.mlp([1, 2, 1], "tanh"), ls.Ball(2), ls.InputBall("3/2")).evaluate()  # type: ignore[union-attr]
    steepest = assert_lipschitz(two_layers, bound, dimension=7, radius=2, evaluations=20_000)
    assert bound.upper_float() * 0.9 < steepest.ratio <= bound.upper_float() * (1 + 1e-9)
    gap = np.linalg.norm(two_layers(steepest.theta) - two_layers(steepest.theta_prime))
    assert np.isclose(gap / np.linalg.norm(steepest.theta - steepest.theta_prime), steepest.ratio)
    assert max(np.linalg.norm(steepest.theta), np.linalg.norm(steepest.theta_prime)) <= 2 * (1 + 1e-12)


@pytest.mark.parametrize("share", [0.9, 0.97])
def test_a_known_constant_is_reached_in_twelve_dimensions(share: float) -> None:
    matrix = np.random.default_rng(0).standard_normal((3, 12))
    norm = float(np.linalg.norm(matrix, 2))
    assert_lipschitz(lambda t: matrix @ t, norm, dimension=12)
    with pytest.raises(AssertionError):
        assert_lipschitz(lambda t: matrix @ t, share * norm, dimension=12)


def test_a_centre_far_away() -> None:
    centre = np.array([10.0, -3.0])
    assert_lipschitz(lambda t: t[0] * t[1], math.hypot(10.5, 3.5), dimension=2, radius=0.5, center=centre)
    with pytest.raises(AssertionError):
        assert_lipschitz(lambda t: t[0] * t[1], 10.5, dimension=2, radius=0.5, center=centre)


def test_bad_arguments_are_refused() -> None:
    for bad in ({"dimension": 0}, {"dimension": 2, "radius": 0.0}, {"dimension": 2, "bound": -1}):
        with pytest.raises(InputError):
            assert_lipschitz(np.sum, **({"bound": 1} | bad))


def test_a_claim_is_attacked_and_its_strength_returned() -> None:
    network, where = ls.mlp([1, 1, 1], "tanh", output="tanh"), (ls.ProductBall(3), ls.InputBall(1))
    survived = assert_no_counterexample(ls.Claim(network, *where, "lipschitz", "<=", "sqrt(19)"), budget=1)
    assert survived.ratio.lo > Fraction(99, 100)
    with pytest.raises(AssertionError, match="refuted: lipschitz"):
        assert_no_counterexample(ls.Claim(network, *where, "lipschitz", "<=", "99/100*sqrt(19)"), budget=1)
