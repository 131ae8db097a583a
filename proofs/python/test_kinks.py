"""Exact checks behind proofs/kink-unbounded.md: one-sided Taylor coefficients along the witness, in rationals."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import pytest

Jet = tuple[Fraction, Fraction, Fraction]
"""Value and first two one-sided derivatives at s = 0 of a function of s, for one sign of s."""

# σ(0), σ'(0±), σ''(0±) of the rows whose value at 0 is 0 and rational: (right, left).
ROWS: dict[str, tuple[tuple[Fraction, Fraction], tuple[Fraction, Fraction]]] = {
    "relu": ((Fraction(1), Fraction(0)), (Fraction(0), Fraction(0))),
    "leaky_relu": ((Fraction(1), Fraction(0)), (Fraction(1, 100), Fraction(0))),
    "softsign": ((Fraction(1), Fraction(-2)), (Fraction(1), Fraction(2))),
    "elu": ((Fraction(1), Fraction(0)), (Fraction(1), Fraction(1))),
    "tanh": ((Fraction(1), Fraction(0)), (Fraction(1), Fraction(0))),
    "silu": ((Fraction(1, 2), Fraction(1, 2)), (Fraction(1, 2), Fraction(1, 2))),
}
KINKS = {"relu": 2, "leaky_relu": 2, "softsign": 3, "elu": 3}
"""The order from which the constant is infinite."""


def through(name: str, jet: Jet, side: int) -> Jet:
    """σ after a non-decreasing function with value 0 at 0: the right-hand branch for s > 0, the left for s < 0."""
    value, first, second = jet
    assert value == 0
    assert first >= 0
    slope, curvature = ROWS[name][0 if side > 0 else 1]
    return Fraction(0), slope * first, curvature * first**2 + slope * second


def along(names: tuple[str, ...], epsilon: Fraction, side: int) -> Jet:
    jet: Jet = through(names[0], (Fraction(0), Fraction(1), Fraction(0)), side)
    for name in names[1:]:
        jet = through(name, tuple(epsilon * x for x in jet), side)  # type: ignore[arg-type]
    return jet


@pytest.mark.parametrize("kinked", sorted(KINKS))
def test_no_later_layer_without_bias_cancels_the_jump(kinked: str) -> None:
    for later in product(sorted(ROWS), repeat=3):
        right, left = (along((kinked, *later), Fraction(1, 7), side) for side in (1, -1))
        jumps = [a != b for a, b in zip(right, left, strict=True)]
        assert any(jumps[: KINKS[kinked]]), later
        if KINKS[kinked] == 2:
            assert left[1] <= right[1] / 100


def test_reciprocal_slopes_cancel() -> None:
    """Why only the slopes of the table are covered: slope ½ then slope 2 is linear on both sides."""
    import sympy as sp

    from lipsym.nets.activations import leaky_relu

    half, two = leaky_relu("1/2"), leaky_relu(2)
    both = two.value.subs(two.z, half.value)
    assert [both.subs(half.z, v) for v in (-3, sp.Rational(-1, 7), 0, 5)] == [-3, sp.Rational(-1, 7), 0, 5]


def test_the_jumps_of_the_table() -> None:
    import sympy as sp

    from lipsym.nets.activations import activation

    z = sp.Symbol("z", real=True)
    for name, (right, left) in ROWS.items():
        sigma = activation(name)
        for sign, expected in ((1, right), (-1, left)):
            for order in (1, 2):
                # One side of 0: the branches of the step and of the minimum there.
                expr = sp.sympify(sigma.derivative(order)).subs(sigma.z, z)
                expr = expr.replace(sp.Heaviside, lambda x, *_, sign=sign: sp.Integer(_step(x, z, sign)))
                expr = expr.replace(sp.Min, lambda *_, sign=sign: sp.S.Zero if sign > 0 else z)
                assert sp.nsimplify(expr.subs(z, 0)) == expected[order - 1], (name, order, sign)


def _step(argument: object, z: object, sign: int) -> int:
    return int((argument == z) == (sign > 0))


def test_an_activation_in_a_row_may_hide_the_kink() -> None:
    """24 softplus layers send 0 to log 25, which lies strictly between π and 2π, where sin is negative."""
    import flint

    value = flint.arb(0)
    for _ in range(24):
        value = (1 + value.exp()).log()
    assert value.overlaps(flint.arb(25).log())
    assert flint.arb.pi() < value < 2 * flint.arb.pi()
    assert value.sin() < 0
