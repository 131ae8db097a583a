"""The mpmath domain and its elementary functions, against Arb on hard points, and against broken copies of itself."""

from __future__ import annotations

import math
import random
from fractions import Fraction

import mpmath
import pytest

from lipsym.domains import elementary
from lipsym.domains.arb import arb_domain
from lipsym.domains.mpmath_interval import mpmath_domain
from lipsym.enclosure import Enclosure
from lipsym.errors import DomainError

FUNCTIONS = ("exp", "expm1", "log", "log1p", "sinh", "cosh", "tanh", "sin", "cos", "atan", "erf", "sigmoid", "softplus")
REFERENCE = arb_domain(300)


def hard_points(name: str, count: int) -> list[Fraction]:
    """Tiny, huge, near 1, near multiples of π/2, ordinary; zero, one and their neighbours."""
    rng = random.Random(name)
    ulp = Fraction(1, 2**52)
    points = [
        Fraction(0),
        Fraction(1),
        Fraction(-1),
        1 + ulp,
        1 - ulp / 2,
        Fraction(1, 2),
        Fraction(2, 3),
        Fraction(4, 3),
    ]
    while len(points) < count:
        sign = rng.choice([1, -1])
        points += [
            sign * Fraction(rng.getrandbits(53) | 1) * Fraction(2) ** rng.randint(-1050, 10),
            sign * Fraction(rng.getrandbits(53) | 1) * Fraction(2) ** rng.randint(-70, -40),
            1 + sign * Fraction(2) ** -rng.randint(1, 52),
            Fraction(math.pi / 2) * rng.randint(-1000, 1000),
            Fraction(rng.uniform(-30, 30)),
        ]
    points = points[:count]
    if name in ("log", "log1p"):
        pole = 0 if name == "log" else -1
        points = [x if x > pole else pole + abs(x) + ulp for x in points]
    return [
        min(max(x, Fraction(-5000)), Fraction(5000)) if name in ("exp", "expm1", "sinh", "cosh") else x for x in points
    ]


def apply(name: str, x: Enclosure, precision: int = 53) -> Enclosure:
    d = mpmath_domain(precision)
    return d.ends(d.functions[name](d.enclose(x)))


def misses(name: str, points: list[Fraction], bits: int = 53) -> int:
    """How many brackets are certainly wrong. Both sides are enclosures: a wrong one does not meet Arb's."""
    wrong = 0
    with REFERENCE.session() as reference:
        for x in points:
            truth = reference.ends(reference.functions[name](reference.enclose(Enclosure(x))))
            wrong += not apply(name, Enclosure(x), bits).overlaps(truth)
    return wrong


@pytest.mark.parametrize("name", FUNCTIONS)
def test_ten_thousand_hard_points(name: str) -> None:
    points = hard_points(name, 10_000)
    assert misses(name, points) == 0


@pytest.mark.nightly
@pytest.mark.parametrize("name", FUNCTIONS)
def test_more_hard_points(name: str) -> None:
    assert misses(name, hard_points(name + "+", 20_000)) == 0


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("bits", [10, 24, 200])
def test_other_precisions(name: str, bits: int) -> None:
    points = hard_points(name, 60)
    assert misses(name, points, bits) == 0


@pytest.mark.parametrize("name", FUNCTIONS)
def test_brackets_are_narrow(name: str) -> None:
    """Relative to the value: also next to zeros, for tiny arguments and in the tails."""
    for x in hard_points(name, 200):
        found = apply(name, Enclosure(x))
        if found.hi == math.inf or Fraction(0) in (found.lo, found.hi):
            continue
        assert found.width <= max(abs(found.lo), abs(found.hi)) / 2**51, (name, x)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_bracket_slightly_off_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison has power: brackets moved by 2^−70 of their value miss on nearly every point."""
    bracket = elementary.bracket

    def moved(which: str, mantissa: int, exponent: int, bits: int) -> elementary.Bracket | None:
        found = bracket(which, mantissa, exponent, bits)
        if found is None or found[0] == found[1]:
            return found
        low, high, q = found
        return ((low << 80) + (abs(low) << 10), (high << 80) + (abs(high) << 10), q - 80)

    points = [Fraction(n, 70) + Fraction(1, 1000) for n in range(1, 50)]
    assert misses(name, points, 100) == 0
    monkeypatch.setattr(elementary, "bracket", moved)
    assert misses(name, points, 100) > 40


def test_the_known_failure_of_mpmath_iv() -> None:
    context = mpmath.iv.__class__()
    assert context.exp(context.mpf("4.23e-21")).delta == 0  # a point interval at 1, which misses
    found = apply("exp", Enclosure("4.23e-21"))
    assert found.lo == 1
    assert found.hi > 1 + Fraction(423, 10**23)


def test_field_operations_are_tightest() -> None:
    d, rng = mpmath_domain(53), random.Random(5)
    for _ in range(3000):
        p, q = (Fraction(rng.getrandbits(53) | 1) * Fraction(2) ** rng.randint(-200, 200) for _ in range(2))
        p *= rng.choice([1, -1])
        x, y = d.enclose(Enclosure(p)), d.enclose(Enclosure(q))
        for found, exact in ((d.add(x, y), p + q), (d.multiply(x, y), p * q), (d.divide(x, y), p / q)):
            ends = d.ends(found)
            assert ends.contains(exact)
            assert ends.width <= max(abs(ends.lo), abs(ends.hi)) / 2**52


def test_roots_are_exact_integers_or_bracket() -> None:
    d = mpmath_domain(53)
    for n in (2, 3, 5, 10):
        for a in (Fraction(2), Fraction(3, 7), Fraction(10**40 + 1), Fraction(1, 10**30)):
            found = d.ends(d.root(d.enclose(Enclosure(a)), n))
            assert found.lo**n <= a <= found.hi**n
        assert d.ends(d.root(d.enclose(Enclosure(Fraction(3, 4) ** n)), n)) == Enclosure(Fraction(3, 4))
    with pytest.raises(DomainError):
        d.root(d.enclose(Enclosure(-1)), 2)


@pytest.mark.parametrize("bits", [64, 200, 1000])
def test_constants(bits: int) -> None:
    reference = arb_domain(2000)
    with reference.session() as r:
        one = r.enclose(Enclosure(1))
        e = r.ends(r.functions["exp"](one))
        quarter = r.ends(r.functions["atan"](one))
    assert elementary.e(bits).contains(e)
    assert elementary.pi(bits).contains(Enclosure(4 * quarter.lo, 4 * quarter.hi))
    assert elementary.pi(bits).width < Fraction(1, 2 ** (bits - 15))


def test_integer_roots() -> None:
    rng = random.Random(9)
    for _ in range(500):
        a, n = rng.getrandbits(rng.randint(1, 300)), rng.randint(2, 12)
        root = elementary.integer_root(a, n)
        assert root**n <= a < (root + 1) ** n


def test_saturation_beyond_every_exponent() -> None:
    far = Enclosure(Fraction(2) ** 60)
    assert apply("tanh", far).hi == 1
    assert apply("tanh", far).lo >= 1 - Fraction(1, 2**52)
    assert apply("softplus", far).lo == far.lo
    assert apply("softplus", far).width <= far.lo / 2**51
    assert apply("exp", Enclosure(-far.lo)).lo == 0
    assert apply("exp", far).hi == math.inf
