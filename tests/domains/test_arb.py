"""The Arb domain: the traps of midpoint–radius balls, precision that is always restored, tight wide intervals."""

from __future__ import annotations

import math
import random
from fractions import Fraction

import pytest
from flint import arb, ctx

from lipsym.domains.arb import _enter_down, _enter_up, _leave, arb_domain
from lipsym.domains.intervals import LARGEST_EXPONENT, LIMITS
from lipsym.enclosure import Enclosure
from lipsym.errors import DomainError

D = arb_domain(53)
WIDE = Enclosure(-1, 2)


def apply(name: str, x: Enclosure, precision: int = 53) -> Enclosure:
    d = arb_domain(precision)
    return d.ends(d.functions[name](d.enclose(x)))


def test_an_even_power_around_zero_is_not_nan() -> None:
    assert (arb(0, 1) ** 2).is_nan()  # the trap
    assert D.ends(D.power(D.enclose(Enclosure(-1, 1)), 2)) == Enclosure(0, 1)


def test_the_upper_end_is_never_rounded_down() -> None:
    third = D.ends(D.divide(D.enclose(Enclosure(1)), D.enclose(Enclosure(3))))
    assert third.lo < Fraction(1, 3) < third.hi
    high = arb_domain(300)
    sharp = high.ends(high.divide(high.enclose(Enclosure(1)), high.enclose(Enclosure(3))))
    assert sharp.lo < Fraction(1, 3) < sharp.hi
    assert Fraction(sharp.upper_float()) >= sharp.hi


def test_overlapping_values_have_a_maximum_that_contains_both() -> None:
    x, y = D.enclose(Enclosure(0, 3)), D.enclose(Enclosure(1, 2))
    assert D.ends(D.maximum(x, y)) == Enclosure(1, 3)
    assert D.ends(D.minimum(x, y)) == Enclosure(0, 2)


def test_nan_never_leaves() -> None:
    assert arb(0).root(10).is_nan()  # the trap
    assert D.ends(D.root(D.enclose(Enclosure(0)), 10)) == Enclosure(0)
    assert _leave(arb.nan(), 53, True) == math.inf
    assert _leave(arb.nan(), 53, False) == -math.inf
    for name in ("sinh", "cosh", "exp"):
        assert apply(name, Enclosure(10**300)).hi == math.inf
    with pytest.raises(DomainError):
        D.multiply(D.enclose(Enclosure(0)), D.enclose(Enclosure(0, math.inf)))
    with pytest.raises(DomainError):
        D.multiply(D.enclose(Enclosure(-1, 0)), D.enclose(Enclosure(-1, math.inf)))


def test_precision_is_restored() -> None:
    before = ctx.prec
    D.add(D.enclose(WIDE), D.enclose(WIDE))
    assert ctx.prec == before
    with pytest.raises(DomainError):
        D.divide(D.enclose(WIDE), D.enclose(WIDE))
    assert ctx.prec == before
    with arb_domain(200).session():
        inside = ctx.prec
        with D.session():
            assert ctx.prec < inside
        assert ctx.prec == inside
    assert ctx.prec == before
    with pytest.raises(ZeroDivisionError), D.session():
        raise ZeroDivisionError
    assert ctx.prec == before


def test_results_hold_whatever_the_ambient_precision() -> None:
    with D.session() as bare:
        x, y = bare.enclose(Enclosure("1/3")), bare.enclose(Enclosure("2/7"))
        ctx.prec = 10
        found = bare.ends(bare.add(bare.multiply(x, y), bare.functions["tanh"](x)))
    truth_domain = arb_domain(300)
    with truth_domain.session() as t:
        a, b = t.enclose(Enclosure("1/3")), t.enclose(Enclosure("2/7"))
        truth = t.ends(t.add(t.multiply(a, b), t.functions["tanh"](a)))
    assert found.contains(truth)


@pytest.mark.parametrize("name", sorted(LIMITS))
def test_wide_intervals_of_increasing_functions_are_their_ends(name: str) -> None:
    low, high = Fraction(1, 10), Fraction(7)
    found = apply(name, Enclosure(low, high))
    assert found.lo == apply(name, Enclosure(low)).lo
    assert found.hi == apply(name, Enclosure(high)).hi


def test_ranges_that_turn_around() -> None:
    assert apply("cosh", WIDE).lo == 1
    assert apply("cosh", Enclosure(-3, -1)).lo == apply("cosh", Enclosure(1)).lo
    assert apply("sin", Enclosure(0, 2)) == Enclosure(0, 1)
    assert apply("cos", Enclosure(-1, 1)).hi == 1
    assert apply("cos", Enclosure(3, 4)).lo == -1
    assert apply("sin", Enclosure(0, 7)) == Enclosure(-1, 1)
    assert apply("sin", Enclosure("3/2", "31/20")).hi < 1
    assert apply("sin", Enclosure(-1, 1)).width < 2


@pytest.mark.parametrize("name", [n for n in LIMITS if n not in ("exp", "log", "sigmoid", "softplus")])
@pytest.mark.parametrize("x", [Fraction(1, 10**300), Fraction(-1, 10**300), Fraction(1, 10**18)])
def test_tiny_arguments_keep_relative_accuracy(name: str, x: Fraction) -> None:
    found = apply(name, Enclosure(x))
    assert found.width <= max(abs(found.lo), abs(found.hi)) / 2**51


@pytest.mark.parametrize("x", [-700, -40, -1, 0, 1, 40, 700, 10**6])
@pytest.mark.parametrize("name", ["sigmoid", "softplus", "tanh", "erf", "expm1"])
def test_saturating_functions_keep_relative_accuracy(name: str, x: int) -> None:
    if name == "expm1" and x > 700:
        return
    found = apply(name, Enclosure(x))
    assert found.width <= max(abs(found.lo), abs(found.hi)) / 2**51
    assert found.overlaps(apply(name, Enclosure(x), 300))


def test_ranges_are_kept() -> None:
    for name, (least, most) in LIMITS.items():
        for x in (Enclosure(1, 10**30), Enclosure(1, math.inf)):
            found = apply(name, x)
            assert least <= found.lo, name
            assert found.hi <= most, name


def test_logarithms_are_cut_and_refused() -> None:
    assert apply("log", Enclosure(-1, 1)) == Enclosure(-math.inf, 0)
    assert apply("log1p", Enclosure(-1, 0)) == Enclosure(-math.inf, 0)
    for name, x in (("log", 0), ("log", -1), ("log1p", -1)):
        with pytest.raises(DomainError):
            apply(name, Enclosure(x))


def test_roots_are_cut_and_refused() -> None:
    assert D.ends(D.root(D.enclose(Enclosure(-1, 4)), 2)) == Enclosure(0, 2)
    assert D.ends(D.root(D.enclose(Enclosure(27)), 3)) == Enclosure(3)
    with pytest.raises(DomainError):
        D.root(D.enclose(Enclosure(-2, -1)), 2)


def test_huge_results_stay_small_fractions() -> None:
    d = D
    huge = d.functions["exp"](d.functions["exp"](d.enclose(Enclosure(25))))
    assert d.ends(huge).hi == math.inf
    assert d.ends(huge).lo == Fraction(2) ** (LARGEST_EXPONENT - 1)
    tiny = d.divide(d.enclose(Enclosure(1)), huge)
    assert d.ends(tiny).lo == 0
    assert 0 < d.ends(tiny).hi <= Fraction(1, 2**LARGEST_EXPONENT)


def test_entering_is_directed_and_exact_where_it_can_be() -> None:
    for end in (Fraction(1, 3), Fraction(-1, 3), Fraction(10**400 + 1), Fraction(5, 8)):
        with D.session():
            low, high = _leave(_enter_down(end), 10**4, False), _leave(_enter_up(end), 10**4, True)
        assert low <= end <= high
        assert (low == high) == (end == Fraction(5, 8))


def test_random_field_operations_contain_the_exact_result() -> None:
    rng = random.Random(3)
    for _ in range(2000):
        p, q = (Fraction(rng.randint(-(10**6), 10**6), rng.randint(1, 10**6)) for _ in range(2))
        x, y = D.enclose(Enclosure(p)), D.enclose(Enclosure(q))
        for found, exact in ((D.add(x, y), p + q), (D.multiply(x, y), p * q)):
            assert D.ends(found).contains(exact)
        if q:
            assert D.ends(D.divide(x, y)).contains(p / q)
