"""The steps of the elimination: each form is above what it stands for, in the Loewner order, at every member."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lipsym.domains.float64_matrices import MidRad, from_ends
from lipsym.enclose import elimination
from lipsym.enclose.elimination import CHOICES, FLOATS, PROVED, Choice, Prepared

RNG = np.random.default_rng(3)
WIDTH = 4


def symmetric(n: int) -> np.ndarray:
    a = RNG.standard_normal((n, n))
    return a + a.T


def layer(curvature: np.ndarray, slope: MidRad, weight_norm: float = 0.3, delta_norm: float = 0.8) -> Prepared:
    largest = np.maximum(abs(slope.mid - slope.rad), abs(slope.mid + slope.rad)) * (1 + 1e-15)
    return Prepared(
        weights=RNG.standard_normal((WIDTH, 3)),
        weight_norm=weight_norm,
        square=1.5,
        outer=RNG.standard_normal((WIDTH, 3)) * 0.2,
        outer_norm=0.1,
        delta_norm=delta_norm,
        curvature=curvature[:, None],
        opposite_curvature=-curvature[:, None],
        slope_square=largest[:, None] ** 2 * (1 + 1e-15),
        slope=slope,
    )


def members(slope: MidRad, count: int) -> list[np.ndarray]:
    corners = [np.diag(slope.mid + slope.rad * RNG.choice([-1.0, 1.0], WIDTH)) for _ in range(count)]
    return [*corners, *(np.diag(slope.mid + slope.rad * RNG.uniform(-1, 1, WIDTH)) for _ in range(count))]


def above(big: np.ndarray, small: np.ndarray) -> bool:
    return np.linalg.eigvalsh(big - small)[0] >= -1e-9


@pytest.mark.parametrize("arithmetic", [FLOATS, PROVED], ids=["floats", "proved"])
def test_forms_are_above_their_members(arithmetic: elimination.Arithmetic) -> None:
    for _ in range(10):
        slope = from_ends(RNG.uniform(-0.5, 0.5, WIDTH), RNG.uniform(0.5, 1.2, WIDTH))
        kappa = RNG.standard_normal(WIDTH)
        given, omega = layer(kappa, slope), symmetric(WIDTH)
        for choice in (*CHOICES, Choice(False, 5.0, 5.0)):
            outer = elimination._outer_form(given, omega, choice, arithmetic)
            for s in members(slope, 10):
                assert above(outer, np.diag(kappa) + s @ omega @ s), choice
            level = 1.5 * 1.4 * float(np.linalg.eigvalsh(outer)[-1])
            inner = elimination._inner_form(given, outer, level, choice, arithmetic)
            assert inner is not None
            share = given.square / level
            alpha = outer + share * outer @ np.linalg.inv(np.eye(WIDTH) - share * outer) @ outer
            for _ in range(10):
                error = RNG.standard_normal((WIDTH, 3))
                error *= (given.weight_norm + given.outer_norm / level) / np.linalg.norm(error, 2)
                b = given.weights + given.outer / level + error
                exact = b.T @ alpha @ b + given.delta_norm**2 / level * np.eye(3)
                assert above(inner, exact), choice


@pytest.mark.parametrize("arithmetic", [FLOATS, PROVED], ids=["floats", "proved"])
def test_the_last_eigenvalue_is_above_also_where_the_form_is_indefinite(arithmetic: elimination.Arithmetic) -> None:
    slope = from_ends(np.zeros(2), np.ones(2))
    given = layer(np.array([10.0, 0.0]), slope)
    indefinite = np.array([[-1.0, 2.0], [2.0, -1.0]])
    # With all slopes 0 the largest eigenvalue is 10, with all slopes 1 it is less.
    assert np.linalg.eigvalsh(np.diag([10.0, 0.0]) + indefinite)[-1] < 9.5
    assert elimination._top(given, indefinite, arithmetic) >= 10.0
    for _ in range(40):
        slope = from_ends(RNG.uniform(-1, 0.2, WIDTH), RNG.uniform(0.2, 1, WIDTH))
        kappa, omega = 3 * RNG.standard_normal(WIDTH), symmetric(WIDTH)
        top = elimination._top(layer(kappa, slope), omega, arithmetic)
        for s in members(slope, 20):
            assert top >= np.linalg.eigvalsh(np.diag(kappa) + s @ omega @ s)[-1] - 1e-9


def test_the_proved_arithmetic_is_above_the_exact_one_and_near_it() -> None:
    for _ in range(20):
        m, b = symmetric(WIDTH), RNG.standard_normal((WIDTH, WIDTH))
        form = PROVED.above((0.7, b, m), (1.0, None, m))
        exact = 0.7 * b.T @ m @ b + m
        assert np.linalg.eigvalsh(form - exact)[0] >= -1e-14
        assert np.abs(form - exact).max() < 1e-12
        y = symmetric(WIDTH)
        y *= 0.9 / np.abs(np.linalg.eigvalsh(y)).max()
        resolvent = PROVED.resolvent(y)
        assert resolvent is not None
        assert np.linalg.eigvalsh(resolvent - np.linalg.inv(np.eye(WIDTH) - y))[0] >= -1e-13
        assert np.abs(resolvent - np.linalg.inv(np.eye(WIDTH) - y)).max() < 1e-11
        assert PROVED.resolvent(y * 1.2 / np.linalg.eigvalsh(y)[-1]) is None


def test_a_level_that_is_too_low_is_refused() -> None:
    slope = from_ends(np.zeros(WIDTH), np.ones(WIDTH))
    first = layer(np.zeros(WIDTH), slope)
    second = layer(np.zeros(3), from_ends(np.zeros(3), np.ones(3)))
    wide = Prepared(
        RNG.standard_normal((3, WIDTH)), 0.0, 1.0, np.zeros((3, WIDTH)), 0.0, 0.0, *[np.zeros((3, 1))] * 2,
        np.ones((3, 1)), second.slope,
    )  # fmt: skip
    for arithmetic in (FLOATS, PROVED):
        assert math.isinf(elimination.residue([first, wide], 1, 0.5, CHOICES[0], arithmetic))
        assert elimination.residue([first, wide], 1, 1e6, CHOICES[0], arithmetic) < 1e6
