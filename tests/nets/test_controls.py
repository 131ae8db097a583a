"""Controls: pieces, variations, and errors for what is no control of finite variation."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from lipsym.errors import InputError
from lipsym.nets.controls import BoundedVariation, DataPath, Jump, Jumps, Mixture, Motion, Piecewise, Time, Variation

POINTS = st.lists(st.integers(-50, 50).map(lambda n: n / 8), min_size=2, max_size=8)


@given(POINTS)
def test_the_variation_of_a_path_is_the_sum_of_its_steps(values: list[float]) -> None:
    path = DataPath([[v] for v in values])
    truth = sum(abs(Fraction(b) - Fraction(a)) for a, b in pairwise(values))
    assert path.variations == (sp.Rational(truth.numerator, truth.denominator),)
    moved = sum(amount for piece in path.pieces(sp.Integer(1)) for _, amount in piece.amounts)
    assert moved == sp.Rational(*Fraction(values[-1] - values[0]).as_integer_ratio())


@given(POINTS, st.lists(st.fractions(Fraction(1, 100), 1), min_size=1, max_size=3, unique=True))
def test_a_mixture_moves_every_channel_as_its_parts_do(values: list[float], times: list[Fraction]) -> None:
    parts = DataPath([[v] for v in values]), Jumps([1] * len(times), times=[sp.Rational(t) for t in sorted(times)])
    pieces = Mixture(Time(), *parts).pieces(sp.Integer(1))
    assert sp.Add(*(p.duration for p in pieces if not isinstance(p, Jump))) == 1
    totals = [sp.Add(*(a for p in pieces for c, a in p.amounts if c == channel)) for channel in range(3)]
    assert totals == [1, sp.Rational(*Fraction(values[-1] - values[0]).as_integer_ratio()), len(times)]
    size = [sp.Add(*(abs(a) for p in pieces for c, a in p.amounts if c == 1))]
    assert tuple(size) == parts[0].variations


def test_pieces_fill_the_horizon() -> None:
    assert Time().pieces(sp.Symbol("T")) == (Motion(sp.Symbol("T"), ((0, sp.Symbol("T")),)),)
    assert [type(p) for p in Jumps([1, 2], times=["1/2", 1]).pieces(sp.Integer(2))] == [
        Motion,
        Jump,
        Motion,
        Jump,
        Motion,
    ]
    assert BoundedVariation(1, "V").pieces(sp.Integer(1))[0].amounts[0] == (0, 1)
    kept = Piecewise([Variation(1, {0: 2}), Jump({1: 3})]).pieces(sp.Integer(2))
    assert [type(p) for p in kept] == [Variation, Jump, Motion]


@pytest.mark.parametrize(
    ("make", "fails"),
    [
        (lambda: Jumps([1], times=[0]), "continuous at time 0"),
        (lambda: Piecewise([Jump({0: 1})]), "continuous at time 0"),
        (lambda: Jumps([1, 1], times=[2, 1]), "increase"),
        (lambda: BoundedVariation("oo"), "finite variation"),
        (lambda: BoundedVariation(math.inf), "finite variation"),
        (lambda: Piecewise([Variation(1, {0: sp.oo})]), "finite variation"),
        (lambda: DataPath([[0.0], [math.inf]]), "finite"),
        (lambda: DataPath([[0.0], [math.nan]]), "finite"),
        (lambda: DataPath([[0.0]]), "at least two points"),
        (lambda: DataPath([[0.0], [1.0]], times=[1, 2]), "start at 0"),
        (lambda: BoundedVariation(-1), "not negative"),
        (lambda: Jumps([1], times=[3]).pieces(sp.Integer(2)), "at most as long"),
        (
            lambda: Mixture(BoundedVariation(1), Jumps([1], times=["1/2"])).pieces(sp.Integer(1)),
            "only its whole variation",
        ),
        (lambda: Piecewise(["jump"]), "motions, variations and jumps"),  # type: ignore[list-item]
        (lambda: Jumps([{3: 1}], channels=2), "channel 3"),
        (lambda: Mixture(), "at least one part"),
    ],
)
def test_bad_controls_are_refused_in_three_lines(make: Callable[[], object], fails: str) -> None:
    with pytest.raises(InputError, match=fails) as caught:
        make()
    assert len(str(caught.value).splitlines()) == 3
