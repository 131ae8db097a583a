"""Series of activations against derivatives that SymPy forms from the table: another origin for every coefficient."""

from fractions import Fraction

import mpmath
import pytest
import sympy as sp
from flint import arb, ctx
from hypothesis import given
from hypothesis import strategies as st

from lipsym.enclose.flow.recurrences import RECURRENCES, ActivationSeries, hull, recurrence, square
from lipsym.errors import InputError
from lipsym.nets.activations import activation

INNER = (Fraction(1, 3), Fraction(1, 2), Fraction(-1, 5), Fraction(1), Fraction(0), Fraction(0))
OWN = {"sigmoid": lambda z: 1 / (1 + mpmath.exp(-z)), "softplus": lambda z: mpmath.log1p(mpmath.exp(z))}


@pytest.mark.parametrize("name", RECURRENCES)
def test_coefficients_of_the_value_and_two_derivatives(name):
    sigma = activation(name)
    with ctx.workprec(128), mpmath.workdps(50):
        series = ActivationSeries(recurrence(sigma), curved=True)
        for c in INNER:
            series.push(arb(c.numerator) / c.denominator)
        coefficients = [mpmath.mpf(c.numerator) / c.denominator for c in reversed(INNER)]
        for order, balls in enumerate((series.y, series.q, series.r)):
            f = sp.lambdify(sigma.z, sigma.derivative(order), [OWN, "mpmath"])
            expected = mpmath.taylor(lambda t, f=f: f(mpmath.polyval(coefficients, t)), 0, 5)
            for k, value in enumerate(expected):
                reference = arb(mpmath.nstr(value, 40))
                assert abs(balls[k] - reference) < arb("1e-25"), (name, order, k)
                assert balls[k].rad() < arb("1e-30")


@given(st.floats(-30, 30), st.floats(0, 8), st.floats(0, 1))
def test_wide_balls_contain_their_points(middle, radius, share):
    x = arb(middle) + arb(0, radius)
    point = arb(middle) + arb(radius) * (2 * arb(share) - 1)
    assert square(x).overlaps(point * point)
    assert square(x) >= 0 or square(x).contains(0)
    assert hull(arb.tanh, x).overlaps(point.tanh())
    for name in RECURRENCES:
        wide, thin = (ActivationSeries(recurrence(activation(name)), curved=True) for _ in range(2))
        for c in (x, arb(1), arb(-2)):
            wide.push(c)
        for c in (point, arb(1), arb(-2)):
            thin.push(c)
        for a, b in ((wide.y, thin.y), (wide.q, thin.q), (wide.r, thin.r)):
            assert all(p.overlaps(q) for p, q in zip(a, b, strict=True)), name


def test_an_activation_without_recurrence_is_refused():
    for name in ("relu", "softsign", "elu"):
        with pytest.raises(InputError, match="Taylor coefficients are not known"):
            recurrence(activation(name))
