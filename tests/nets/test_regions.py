"""Regions of parameters: the balls of their blocks, membership, hypotheses, errors."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from lipsym.errors import InexactNumberError, InputError, LipsymError, MissingValueError
from lipsym.nets.blocks import exact_entries, square_distance
from lipsym.nets.network import mlp
from lipsym.nets.regions import Ball, BlockBall, Box, ProductBall
from lipsym.nets.specs import REGION_FORMS, parse_region

NETWORK = mlp([2, 3, 1], "tanh")
R = sp.Symbol("R", nonnegative=True)
FLOATS = st.floats(-1e6, 1e6, allow_subnormal=False)


def weights(seed: int, scale: float = 1.0) -> list[tuple[np.ndarray, np.ndarray]]:
    """Parameters of ``NETWORK``."""
    random = np.random.default_rng(seed)
    return [(scale * random.normal(size=(o, i)), scale * random.normal(size=o)) for o, i in ((3, 2), (1, 3))]


def test_ball_gives_every_block_the_whole_radius() -> None:
    assert Ball("R").blocks(NETWORK) == (BlockBall(R), BlockBall(R))
    center = weights(0)
    first, second = Ball(2, center).blocks(NETWORK)
    assert first.radius == second.radius == 2
    assert (first.center[0] == center[0][0]).all()
    assert (second.center[1] == center[1][1]).all()


def test_product_ball_radii() -> None:
    assert [b.radius for b in ProductBall([2, "3/2"]).blocks(NETWORK)] == [2, sp.Rational(3, 2)]
    assert [b.radius for b in ProductBall("R").blocks(NETWORK)] == [R, R]
    with pytest.raises(InputError, match="2 parameter blocks"):
        ProductBall([1, 2, 3]).blocks(NETWORK)


def test_a_symbol_without_assumptions_is_the_parsers() -> None:
    assert Ball(sp.Symbol("R")) == Ball("R")
    assert Ball(sp.Symbol("R") ** 2 + 1) == Ball("R**2 + 1")


def test_centers_are_read_only_copies() -> None:
    center = weights(1)
    region = Ball(1, center)
    center[0][0][0, 0] = 77.0
    assert region.center[0][0][0, 0] != 77.0
    with pytest.raises(ValueError, match="read-only"):
        region.center[0][0][0, 0] = 0.0


def test_equality_and_hash_see_the_arrays() -> None:
    for kind in (Ball, ProductBall):
        same = kind(1, weights(2)), kind(1, weights(2))
        assert same[0] == same[1]
        assert hash(same[0]) == hash(same[1])
        assert kind(1, weights(2)) != kind(1, weights(3))
        assert kind(1) != kind(1, weights(2))
    assert Ball(1) != ProductBall(1)
    assert Box(weights(1), weights(1)) == Box(weights(1), weights(1))


@pytest.mark.parametrize("text", ["ball:R", "ball:3/2", "layers:R", "layers:2,3", "layers:2,sqrt(2),R", "box:-1,1"])
def test_specs_are_read_back(text: str) -> None:
    region = parse_region(text)
    assert region.spec == str(region) == text
    assert parse_region(region.spec) == region


def test_every_printed_form_is_read() -> None:
    for form in REGION_FORMS:
        assert parse_region(form.split(" ")[0])


def test_expressions_in_texts() -> None:
    assert parse_region("ball:2*R + sqrt(2)").radius == 2 * R + sp.sqrt(2)
    assert parse_region("layers:Max(1,R),2").radii == (sp.Max(1, R), 2)


@given(st.lists(st.tuples(FLOATS, FLOATS), min_size=6, max_size=6), st.integers(0, 63))
def test_a_box_lies_in_its_balls(ends: list[tuple[float, float]], corner: int) -> None:
    """Every corner is in the ball, exactly, whatever the rounding of the midpoint did."""
    network = mlp([2, 2], "tanh")
    lo, hi = ([f(pair) for pair in ends] for f in (min, max))
    block = lambda x: [([x[:2], x[2:4]], x[4:])]  # noqa: E731
    (ball,) = Box(block(lo), block(hi)).blocks(network)
    chosen = [hi[i] if corner >> i & 1 else lo[i] for i in range(6)]
    distance = square_distance(exact_entries(block(chosen), network)[0], ball.center)
    assert sp.Rational(distance.numerator, distance.denominator) <= ball.radius**2


def test_a_box_ball_is_tight_and_exact() -> None:
    network = mlp([1, 1], "tanh")
    (ball,) = Box([([[0.0]], [1.0])], [([[0.5]], [3.0])]).blocks(network)
    assert ball.radius == sp.sqrt(sp.Rational(1, 16) + 1)
    assert (ball.center[0].item(), ball.center[1].item()) == (0.25, 2.0)


def test_a_midpoint_that_is_no_float() -> None:
    """Between two neighbouring floats there is none: the radius must be the whole gap, not half of it."""
    low, high = 1.0, float(np.nextafter(1.0, 2.0))
    (ball,) = Box([([[low]], [0.0])], [([[high]], [0.0])]).blocks(mlp([1, 1], "tanh"))
    assert ball.radius == sp.Rational(*(high - low).as_integer_ratio())


@pytest.mark.parametrize(
    ("lo", "hi", "radius", "middle"),
    [
        ("-R", "R", sp.sqrt(9) * R, None),
        (-1, 1, 3, None),
        (0, 1, sp.Rational(3, 2), 0.5),
        ("-R", "2*R", 6 * R, None),
        ("-1", "S", 3 * sp.Max(1, sp.Symbol("S", nonnegative=True)), None),
    ],
)
def test_an_interval_for_all_parameters(lo: object, hi: object, radius: sp.Expr, middle: float | None) -> None:
    ball, _ = Box(lo, hi).blocks(NETWORK)
    assert sp.simplify(ball.radius - radius) == 0
    assert (ball.center is None) if middle is None else (ball.center[0] == middle).all()


def test_an_interval_whose_midpoint_is_rounded() -> None:
    ball, _ = Box(0, "2/3").blocks(NETWORK)
    centre = Fraction(float(ball.center[0][0, 0]))
    assert centre != Fraction(1, 3)
    assert ball.radius == 3 * sp.Rational(str(max(centre, Fraction(2, 3) - centre)))


def test_an_interval_of_a_network_with_symbolic_widths() -> None:
    first, _ = Box(-1, 1).blocks(mlp(["n", "l", 1], "tanh"))
    assert first.radius.subs(dict.fromkeys(first.radius.free_symbols, 2)) == sp.sqrt(6)
    asymmetric, _ = Box(0, 1).blocks(mlp(["n", "l", 1], "tanh"))
    assert asymmetric.center is None


THIRD = Fraction(1, 3)


def parameters(x: Fraction) -> list[tuple[list[list[Fraction]], list[Fraction]]]:
    """All zero but one entry of each block."""
    zero = Fraction(0)
    return [([[x, zero], [zero, zero], [zero, zero]], [zero] * 3), ([[zero] * 3], [x])]


def test_membership_is_exact() -> None:
    inside, outside = parameters(THIRD), parameters(THIRD + Fraction(1, 10**40))
    assert ProductBall("1/3").contains(inside, NETWORK)
    assert not ProductBall("1/3").contains(outside, NETWORK)
    assert Ball("sqrt(2)/3").contains(inside, NETWORK)
    assert not Ball("sqrt(2)/3").contains(outside, NETWORK)
    assert not Ball("1/3").contains(inside, NETWORK)
    assert Box("-1/3", "1/3").contains(inside, NETWORK)
    assert not Box("-1/3", "1/3").contains(outside, NETWORK)
    assert not Box("1/100", "1/3").contains(inside, NETWORK)


def test_membership_with_symbols_and_centres() -> None:
    assert Ball("R").contains(parameters(THIRD), NETWORK, {"R": "1/2"})
    assert not Ball("R").contains(parameters(THIRD), NETWORK, {R: "1/3"})
    with pytest.raises(MissingValueError, match="R"):
        Ball("R").contains(parameters(THIRD), NETWORK)
    center = weights(4)
    assert Ball(0, center).contains(center, NETWORK)
    assert ProductBall(0, center).contains(center, NETWORK)
    assert not Ball("1/10**9", center).contains(weights(5), NETWORK)
    assert Box(center, center).contains(center, NETWORK)
    assert not Box(center, center).contains(weights(5), NETWORK)


def test_hypotheses_name_the_norm() -> None:
    assert Ball("R").describe(NETWORK) == (
        "‖θ‖ ≤ R jointly over the 2 parameter blocks (Euclidean norm of all entries)"
    )
    assert ProductBall([2, 3]).describe(NETWORK) == (
        "‖θ_1‖ ≤ 2, ‖θ_2‖ ≤ 3 for the 2 parameter blocks (‖θ_k‖² = ‖A_k‖_F² + ‖b_k‖²)"
    )
    assert "‖θ_k − c_k‖ ≤ R" in ProductBall("R", weights(0)).describe(NETWORK)
    assert ProductBall("R").describe(mlp([2, 1], "tanh", bias=False)).endswith("(‖θ_k‖² = ‖A_k‖_F²)")
    assert "[-1, 1]" in Box(-1, 1).describe(NETWORK)


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("make", "kind", "says"),
    [
        (lambda: Ball(-1), InputError, "not negative"),
        (lambda: Ball("-R"), InputError, "not negative"),
        (lambda: Ball("R - 1"), InputError, "sign of this expression"),
        (lambda: Ball(0.1), InexactNumberError, "rounded number"),
        (lambda: Ball(NAN), InputError, "real number"),
        (lambda: Ball(sp.oo), InputError, "real number"),
        (lambda: Ball(sp.I), InputError, "real number"),
        (lambda: Ball(sp.Float(2)), InexactNumberError, "Float"),
        (lambda: ProductBall([1, -1]), InputError, "radius of block 2"),
        (lambda: ProductBall([]), InputError, "empty list"),
        (lambda: Ball(1, [([[NAN]], [0.0])]), InputError, "finite"),
        (lambda: Ball(1, [([[1.0]], [INF])]), InputError, "finite"),
        (lambda: Ball(1, [([1.0], [1.0])]), InputError, "2 dimension"),
        (lambda: Ball(1, [([[1.0]], [1.0, 2.0])]), InputError, "as many entries"),
        (lambda: Ball(1, [[[1.0]]]), InputError, "pair"),
        (lambda: Ball(1, [([[2**53 + 1]], [0])]), InputError, "exact float64"),
        (lambda: Ball(1, [([["a"]], [0])]), InputError, "real numbers"),
        (lambda: Ball(1, weights(0)[:1]).blocks(NETWORK), InputError, "2 parameter blocks"),
        (lambda: Ball(1, weights(0)[::-1]).blocks(NETWORK), InputError, "shape"),
        (lambda: Ball(1, weights(0)).blocks(mlp([2, 3, 1], "tanh", bias=False)), InputError, "no b"),
        (lambda: Ball(1, weights(0)).blocks(mlp(["n", 3, 1], "tanh")), InputError, "shape"),
        (lambda: Box(1, 0), InputError, "lower end"),
        (lambda: Box("S", "R"), InputError, "lower end"),
        (lambda: Box(weights(0), weights(0)[::-1]), InputError, "same shapes"),
        (lambda: Box([([[1.0]], [1.0])], [([[0.0]], [1.0])]), InputError, "entry by entry"),
        (lambda: Ball(1).contains(parameters(THIRD)[:1], NETWORK), InputError, "1 blocks"),
        (lambda: Ball(1).contains(parameters(THIRD)[::-1], NETWORK), InputError, "shape"),
        (lambda: Ball(1).contains([([[NAN]], [1])], mlp([1, 1], "tanh")), InputError, "finite float"),
        (lambda: Ball(1).contains([([[1], [1, 1]], [1, 1])], mlp([1, 2], "tanh")), InputError, "shape"),
        (lambda: parse_region("ball"), InputError, "ball:R"),
        (lambda: parse_region("sphere:R"), InputError, "layers:R"),
        (lambda: parse_region("ball:1,2"), InputError, "none of the known forms"),
        (lambda: parse_region("layers:1,,2"), InputError, "none of the known forms"),
        (lambda: parse_region("box:1"), InputError, "none of the known forms"),
        (lambda: parse_region("ball:-2"), InputError, "not negative"),
        (lambda: parse_region("ball:__import__('os')"), InputError, "the region"),
        (lambda: parse_region("ball:1/0"), InputError, "the region"),
    ],
)
def test_errors_have_three_lines(make: Callable[[], object], kind: type[LipsymError], says: str) -> None:
    with pytest.raises(kind, match=says) as caught:
        make()
    assert len(str(caught.value).splitlines()) == 3
