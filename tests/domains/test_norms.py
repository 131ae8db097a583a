"""Certified norms: sound, tight, total on the degenerate cases, and able to catch a wrong answer."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from flint import arb, arb_mat, ctx

from lipsym.domains import norms
from lipsym.domains.balls import ball, ball_matrix, ends, working_precision
from lipsym.domains.norms import frobenius_norm, spectral_norm, symmetric_eigenvalue_bound
from lipsym.enclosure import Enclosure
from lipsym.errors import InputError
from lipsym.verdict import Verdict

RNG = np.random.default_rng(20)
TIGHT = Fraction(1, 10**12)


def relative_width(e: Enclosure) -> Fraction:
    return e.width / e.hi


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (2, 2), (5, 9), (40, 30), (128, 128)])
def test_sound_and_tight_on_random_matrices(shape: tuple[int, int]) -> None:
    a = RNG.standard_normal(shape)
    enclosure = spectral_norm(a)
    assert relative_width(enclosure) <= TIGHT
    # A vector is a witness: ‖Av‖² ≤ hi²‖v‖² must hold exactly for any v, in particular for the best float one.
    v = np.linalg.svd(a)[2][0]
    exact_v = [Fraction(x) for x in v.tolist()]
    image = [sum(Fraction(x) * y for x, y in zip(row, exact_v, strict=True)) for row in a.tolist()]
    assert sum(y * y for y in image) <= enclosure.hi**2 * sum(x * x for x in exact_v)
    assert (enclosure <= Enclosure(Fraction(float(np.linalg.norm(a, 2))) * (1 + TIGHT))) is Verdict.PROVED


def test_exact_values_are_enclosed() -> None:
    for rotation, values in (([[3, -4], [4, 3]], [2, 1]), ([[5, -12], [12, 5]], [Fraction(1, 3), Fraction(1, 7)])):
        scale = math.isqrt(rotation[0][0] ** 2 + rotation[0][1] ** 2)
        matrix = [[Fraction(x, scale) * s for x, s in zip(row, values, strict=True)] for row in rotation]
        assert spectral_norm(matrix).contains(Fraction(values[0]))
    n = 30
    assert spectral_norm(np.ones((n, n))).contains(n)
    hilbert = [[Fraction(1, i + j + 1) for j in range(4)] for i in range(4)]
    characteristic = sp.Matrix(hilbert).charpoly().as_expr()
    (z,) = characteristic.free_symbols
    largest = sp.real_roots(characteristic, z)[-1].evalf(40)
    enclosure = spectral_norm(hilbert)
    assert sp.Rational(enclosure.lo) <= largest <= sp.Rational(enclosure.hi)
    assert relative_width(enclosure) <= TIGHT


@pytest.mark.parametrize(
    ("matrix", "norm"),
    [
        (np.zeros((3, 4)), 0),
        (np.zeros((3, 0)), 0),
        (np.eye(50), 1),
        (-np.eye(4), 1),
        (np.diag([2.0, 2.0, 0.0]), 2),
        (np.array([[3.0, 4.0]]), 5),
        (np.outer([3.0, 4.0], [5.0, 12.0]), 65),
        (np.array([[0.0, 2.0], [0.0, 0.0]]), 2),
        (np.array([[2.0**1000]]), 2**1000),
        (np.eye(2) * 2.0**-1074, Fraction(1, 2**1074)),
    ],
    ids=[
        "zero",
        "empty",
        "identity",
        "minus-identity",
        "repeated",
        "row",
        "rank-one",
        "nilpotent",
        "huge",
        "subnormal",
    ],
)
def test_degenerate_matrices(matrix: np.ndarray, norm: Fraction | int) -> None:
    enclosure = spectral_norm(matrix)
    assert enclosure.contains(norm)
    assert enclosure.width <= TIGHT * norm


@pytest.mark.parametrize("bad", [np.array([[1.0, np.nan]]), np.array([[np.inf]]), np.ones(3), [["x"]], [[None]]])
def test_bad_input_is_refused(bad: object) -> None:
    with pytest.raises(InputError) as caught:
        spectral_norm(bad)
    assert len(str(caught.value).splitlines()) == 3


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_frobenius_refuses_what_is_not_finite(bad: float) -> None:
    with pytest.raises(InputError):
        frobenius_norm([[1.0, bad]])


def test_frobenius_is_exact() -> None:
    assert frobenius_norm([[0.1]]) == sp.Rational(Fraction(0.1))
    assert frobenius_norm(np.array([[1.0, 1.0]])) == sp.sqrt(2)
    assert frobenius_norm([[Fraction(3, 5), Fraction(4, 5)]]) == 1
    assert frobenius_norm(np.zeros((2, 2))) == 0
    assert frobenius_norm(np.array([2.0**-1074, 0.0])) == sp.Rational(1, 2**1074)
    a = RNG.standard_normal((6, 5))
    assert frobenius_norm(a) ** 2 == sum(sp.Rational(Fraction(x)) ** 2 for x in a.ravel().tolist())


def test_has_power_a_smaller_claim_is_refuted() -> None:
    a = RNG.standard_normal((20, 30))
    true = Fraction(float(np.linalg.norm(a, 2)))
    enclosure = spectral_norm(a)
    assert (enclosure <= true * (1 - TIGHT)) is Verdict.REFUTED
    assert (enclosure <= true * (1 + TIGHT)) is Verdict.PROVED


def test_a_bad_proposal_costs_tightness_not_soundness(monkeypatch: pytest.MonkeyPatch) -> None:
    a = RNG.standard_normal((12, 12))
    good = norms.spectral_norm(a)
    for proposal in (RNG.standard_normal((12, 12)), np.eye(12), np.ones((12, 12))):
        monkeypatch.setattr(norms, "_eigenvectors", lambda _, v=proposal: v)
        assert norms.spectral_norm(a).contains(good)
    monkeypatch.setattr(norms, "_eigenvectors", lambda _: None)
    assert norms.spectral_norm(a).contains(good)


def test_eigenvalues_of_ball_matrices() -> None:
    negative = ball_matrix(np.diag([-3.0, -2.0]))
    assert symmetric_eigenvalue_bound(negative).contains(-2)
    wide = arb_mat([[arb(2, 0.5), arb(0, 0.25)], [arb(0, 0.25), arb(1, 0.5)]])
    enclosure = symmetric_eigenvalue_bound(wide)
    for top, off in ((2.5, 0.25), (1.5, 0.0), (2.0, -0.25)):
        assert enclosure.contains(Fraction(float(np.linalg.eigvalsh([[top, off], [off, 1.0]])[-1])))
    with pytest.raises(InputError):
        symmetric_eigenvalue_bound(arb_mat(2, 3))
    unknown = arb_mat([[arb.nan(), arb(0)], [arb(0), arb(1)]])
    assert symmetric_eigenvalue_bound(unknown) == Enclosure(-math.inf, math.inf)


def test_precision_is_scoped() -> None:
    before = ctx.prec
    spectral_norm(np.eye(3), precision=200)
    assert ctx.prec == before
    with pytest.raises(RuntimeError, match="inside"), working_precision(300):
        raise RuntimeError("inside")
    assert ctx.prec == before
    with pytest.raises(InputError), working_precision(0):
        pass


def test_balls_and_their_ends() -> None:
    assert ends(ball(0.1)) == Enclosure(0.1)
    assert ends(ball(Fraction(1, 3))).contains(Fraction(1, 3))
    assert ends(ball(sp.Rational(2, 7))).contains(Fraction(2, 7))
    assert ends(ball("3/8")) == Enclosure("3/8")
    assert ends(ball(Enclosure(1, "4/3"))).contains(Enclosure(1, "4/3"))
    assert ends(ball(Enclosure(0, math.inf))) == Enclosure(-math.inf, math.inf)
    assert ends(arb(1, 0.5)).contains(Enclosure("1/2", "3/2"))
    assert ends(arb(1, 0.5)).width < 1 + Fraction(1, 10**6)
    tiny = ends((-(arb(10) ** 9)).exp())
    assert tiny.lo <= 0 < tiny.hi < Fraction(1, 2**99_000)
