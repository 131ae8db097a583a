"""Upper bounds of norms in float64: against exact rational cases, Arb, extreme scales, and bad proposals."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lipsym.domains import float64_norms
from lipsym.domains.float64_matrices import MidRad
from lipsym.domains.float64_norms import largest_eigenvalue_bound, perron_bound, spectral_norm_bound, squaring_bound
from lipsym.domains.norms import spectral_norm, sum_of_squares

RNG = np.random.default_rng(11)
TIGHT = Fraction(1, 10**10)


def hadamard(k: int) -> np.ndarray:
    h = np.ones((1, 1))
    for _ in range(k):
        h = np.block([[h, h], [h, -h]])
    return h


SQUARES = {
    "hadamard 64": (hadamard(6), Fraction(64)),
    "hadamard 4, columns cut": (hadamard(2)[:, :3], Fraction(4)),
    "diagonal": (np.diag([3.0, -0.7, 0.1]), Fraction(9)),
    "rank one": (np.outer([3.0, 4.0], [5.0, 12.0, 84.0]), Fraction(25 * 7225)),
    "ones": (np.ones((30, 30)), Fraction(900)),
    "row": (np.array([[3.0, 4.0]]), Fraction(25)),
    "column": (np.array([[8.0], [15.0]]), Fraction(289)),
    "nilpotent": (np.array([[0.0, 2.0], [0.0, 0.0]]), Fraction(4)),
    "shifted blocks": (np.kron(np.eye(5), np.array([[3.0, 0.0], [4.0, 0.0]])), Fraction(25)),
}
SCALES = (0, 500, 1000, -500, -1000, -1060)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("name", SQUARES)
def test_exact_norms_at_all_scales(name: str, scale: int) -> None:
    matrix, square = SQUARES[name]
    if name == "diagonal" and scale < -500:
        matrix = np.diag([3.0, -0.5, 0.125])  # entries that stay floats
    matrix = np.ldexp(matrix, scale)
    square = square * Fraction(4) ** scale
    bounds = [spectral_norm_bound(matrix), squaring_bound(matrix, 20)]
    if (matrix >= 0).all():
        bounds.append(perron_bound(matrix))
    for bound in bounds:
        assert Fraction(bound) ** 2 >= square
    # At the smallest scales one unit of the last place is all there is.
    slack = Fraction(3, 2**1074) if scale == -1060 else Fraction(0)
    assert (Fraction(bounds[0]) - slack) ** 2 <= square * (1 + TIGHT)


@pytest.mark.parametrize("shape", [(2, 2), (5, 9), (40, 30), (100, 100)])
def test_against_arb_from_below_and_tight(shape: tuple[int, int]) -> None:
    a = RNG.standard_normal(shape)
    true = spectral_norm(a)
    for bound in (spectral_norm_bound(a), spectral_norm_bound(a.T)):
        assert true.lo <= Fraction(bound) <= true.hi * (1 + TIGHT)
    assert true.lo <= Fraction(squaring_bound(a, 14)) <= true.hi * (1 + Fraction(1, 10**4))
    positive = spectral_norm(abs(a))
    assert positive.lo <= Fraction(perron_bound(abs(a))) <= positive.hi * (1 + TIGHT)


@given(
    hnp.arrays(
        np.float64,
        st.tuples(st.integers(1, 5), st.integers(1, 5)),
        elements=st.floats(-1e300, 1e300) | st.sampled_from([0.0, 5e-324, -1e-310, 1.0]),
    )
)
def test_no_matrix_escapes(a: np.ndarray) -> None:
    bound = spectral_norm_bound(a)
    # ‖A‖ ≥ ‖A‖_F/√rank, and every column and row is a lower bound.
    squares = [sum_of_squares(line) for line in (*a, *a.T)]
    assert math.isinf(bound) or Fraction(bound) ** 2 >= max(squares)
    assert math.isinf(bound) or Fraction(bound) ** 2 * min(a.shape) >= sum_of_squares(a)
    for other in (perron_bound(abs(a)), squaring_bound(a)):
        assert math.isinf(other) or Fraction(other) ** 2 >= max(squares)


def test_interval_matrices_hold_all_their_members() -> None:
    x = MidRad(RNG.standard_normal((8, 12)), RNG.uniform(0, 0.3, (8, 12)))
    bound = Fraction(spectral_norm_bound(x))
    for _ in range(30):
        corner = x.mid + x.rad * RNG.choice([-1.0, 1.0], x.shape) * (1 - 1e-15)
        assert spectral_norm(corner).lo <= bound
    # Sharp: a positive matrix with positive radii attains ‖mid‖ + ‖rad‖ where the two have one Perron vector.
    flat = MidRad(np.full((4, 4), 2.0), np.full((4, 4), 0.5))
    assert 10 <= Fraction(spectral_norm_bound(flat)) <= 10 * (1 + TIGHT)


def test_eigenvalues_of_symmetric_matrices() -> None:
    a = RNG.standard_normal((30, 30))
    s = a + a.T
    top = float(np.linalg.eigvalsh(s)[-1])
    assert top * (1 - 1e-13) <= largest_eigenvalue_bound(s) <= top * (1 + 1e-10)
    assert largest_eigenvalue_bound(np.diag([2.0, -5.0])) >= 2.0
    assert largest_eigenvalue_bound(np.diag([2.0, -5.0])) <= 2.0 * (1 + 1e-10)
    # Never below 0, as it says.
    assert 0.0 <= largest_eigenvalue_bound(-np.eye(3)) < 1e-10
    radius = np.full((2, 2), 0.25)
    assert largest_eigenvalue_bound(MidRad(np.zeros((2, 2)), radius)) >= 0.5
    assert 2.5 <= largest_eigenvalue_bound(MidRad(2.0 * np.eye(2), radius)) <= 2.5 * (1 + 1e-10)
    skew = np.array([[1.0, 4.0], [0.0, 1.0]])  # the mean of entries, since members are symmetric
    assert largest_eigenvalue_bound(skew) >= 3.0


def test_degenerate_matrices() -> None:
    for bound in (spectral_norm_bound, perron_bound, squaring_bound):
        assert bound(np.zeros((3, 4))) == 0.0
        assert bound(np.zeros((0, 4))) == 0.0
        assert math.isinf(bound(np.array([[np.inf, 1.0], [0.0, 1.0]])))
        assert math.isinf(bound(np.array([[np.nan, 1.0], [0.0, 1.0]])))
        assert bound(np.full((2, 2), 1.7e308)) > 1.7e308
    assert math.isinf(spectral_norm_bound(MidRad(np.eye(2), np.full((2, 2), np.inf))))
    assert math.isinf(largest_eigenvalue_bound(np.array([[np.nan]])))


def test_a_bad_proposal_costs_tightness_not_soundness(monkeypatch: pytest.MonkeyPatch) -> None:
    a = RNG.standard_normal((12, 12))
    true = spectral_norm(a).lo
    for estimate in (np.full(12, 1e-3), np.full(12, 1e3), np.full(12, -1.0)):
        monkeypatch.setattr(float64_norms.np.linalg, "eigvalsh", lambda _, e=estimate: e)
        assert Fraction(spectral_norm_bound(a)) >= true
    monkeypatch.undo()

    def wrong_factor(matrix: np.ndarray) -> np.ndarray:
        return np.tril(RNG.standard_normal(matrix.shape))

    monkeypatch.setattr(float64_norms.np.linalg, "cholesky", wrong_factor)
    assert Fraction(spectral_norm_bound(a)) >= true


def test_has_power_a_smaller_claim_is_refuted() -> None:
    a = RNG.standard_normal((20, 30))
    bound = Fraction(spectral_norm_bound(a))
    assert bound * Fraction(99, 100) < spectral_norm(a).lo
    without_radius = MidRad(a, np.full(a.shape, 0.1))
    assert Fraction(spectral_norm_bound(without_radius)) > bound * Fraction(101, 100)
