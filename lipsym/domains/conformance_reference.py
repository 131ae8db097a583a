"""The true ranges that ``conformance`` compares with.

Invariant: each end of the true range lies between the two exact numbers given for it. Field operations, powers and
extrema are exact; roots and elementary functions come from Arb at the asked precision, called here directly so that no
code under test takes part.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import flint

from lipsym.enclosure import Enclosure, End

INFINITY = math.inf

INCREASING = ("exp", "expm1", "log", "log1p", "sinh", "tanh", "atan", "erf", "sigmoid", "softplus")
"""The non-decreasing functions of the language."""

_EXPLODING = 2000


@dataclass(frozen=True, slots=True)
class Truth:
    """The range of an operation.

    Args:
        lo: two numbers with the range's lower end between them.
        hi: likewise for the upper end.
        within_domain: whether the operation is defined on all of the arguments.
    """

    lo: tuple[End, End]
    hi: tuple[End, End]
    within_domain: bool = True

    @property
    def enclosure(self) -> Enclosure:
        """An interval that contains the range."""
        return Enclosure(self.lo[0], self.hi[1])

    def missed_by(self, result: Enclosure) -> bool:
        """Whether the result certainly leaves out a part of the range."""
        return result.lo > self.lo[1] or result.hi < self.hi[0]

    def decides(self, result: Enclosure) -> bool:
        """Whether more precision could not change ``missed_by``."""
        return not (self.lo[0] < result.lo <= self.lo[1] or self.hi[0] <= result.hi < self.hi[1])

    def tightest(self, result: Enclosure, precision: int) -> bool:
        """Whether the result is the range rounded outward to ``precision`` bits (to float64, for 53)."""
        rounded = Enclosure(_rounded(self.lo[0], precision, False), _rounded(self.hi[1], precision, True))
        if rounded.contains(result):
            return True
        return (
            precision == 53 and self.enclosure.lower_float() <= result.lo and result.hi <= self.enclosure.upper_float()
        )


def operation_range(name: str, arguments: tuple[Enclosure | int, ...]) -> Truth | None:
    """The range of a basic operation, ``None`` where it has none."""
    x, *rest = arguments
    if not isinstance(x, Enclosure):
        raise TypeError(name)
    if name == "enclose":
        return _exactly(x.lo, x.hi)
    if name == "abs":
        return _exactly(*_sizes(x))
    if name == "root":
        return _root_range(x, int(rest[0]))  # type: ignore[arg-type]
    if name == "power":
        n = int(rest[0])  # type: ignore[arg-type]
        a, b = x.lo, x.hi
        if n == 0:
            return _exactly(Fraction(1), Fraction(1))
        if n % 2 == 0:
            a, b = _sizes(x)
        return _exactly(a**n, b**n)
    y = rest[0]
    if not isinstance(y, Enclosure):
        raise TypeError(name)
    if name == "add":
        return _exactly(x.lo + y.lo, x.hi + y.hi)
    if name == "maximum":
        return _exactly(max(x.lo, y.lo), max(x.hi, y.hi))
    if name == "minimum":
        return _exactly(min(x.lo, y.lo), min(x.hi, y.hi))
    if name == "divide":
        if y.lo <= 0 <= y.hi:
            return None
        y = Enclosure(_inverse(y.hi), _inverse(y.lo))
    # A product of a zero with any number is zero, however large the number.
    corners = [Fraction(0) if a == 0 or b == 0 else _times(a, b) for a in (x.lo, x.hi) for b in (y.lo, y.hi)]
    return _exactly(min(corners), max(corners))


def function_range(name: str, arguments: tuple[Enclosure | int, ...], bits: int) -> Truth | None:
    """The range of an elementary function, ``None`` where it has none."""
    x = arguments[0]
    if not isinstance(x, Enclosure):
        raise TypeError(name)
    with flint.ctx.workprec(bits):
        if name == "cosh":
            a, b = _sizes(x)
            return Truth(_at(name, a), _at(name, b))
        if name in ("sin", "cos"):
            return _wave_range(name, x)
        pole = {"log": 0, "log1p": -1}.get(name)
        if pole is None:
            return Truth(_at(name, x.lo), _at(name, x.hi))
        if x.hi <= pole:
            return None
        lowest = (-INFINITY, -INFINITY) if x.lo <= pole else _at(name, x.lo)
        return Truth(lowest, _at(name, x.hi), within_domain=x.lo > pole)


def _root_range(x: Enclosure, n: int) -> Truth | None:
    if x.hi < 0:
        return None

    def at(end: End) -> tuple[End, End]:
        return (end, end) if isinstance(end, float) else _ends(_ball(end).root(n))

    with flint.ctx.workprec(600):
        return Truth(at(max(x.lo, Fraction(0))), at(x.hi), within_domain=x.lo >= 0)


_LIMITS: dict[str, tuple[End, End]] = {
    "exp": (Fraction(0), INFINITY),
    "expm1": (Fraction(-1), INFINITY),
    "log": (-INFINITY, INFINITY),
    "log1p": (-INFINITY, INFINITY),
    "sinh": (-INFINITY, INFINITY),
    "cosh": (INFINITY, INFINITY),
    "tanh": (Fraction(-1), Fraction(1)),
    "erf": (Fraction(-1), Fraction(1)),
    "sigmoid": (Fraction(0), Fraction(1)),
    "softplus": (Fraction(0), INFINITY),
}


def _at(name: str, end: End) -> tuple[End, End]:
    """Two numbers with the function's value between them; the limit, at an infinite end."""
    if isinstance(end, float):
        if name == "atan":
            low, high = _ends(flint.arb.pi() / 2)
            return (low, high) if end > 0 else (-high, -low)
        limit = _LIMITS[name][end > 0]
        return limit, limit
    if abs(end) > _EXPLODING and name in ("exp", "expm1", "sinh", "cosh", "tanh", "erf", "sigmoid", "softplus"):
        return _far(name, Fraction(end))
    return _ends(_value(name, _ball(end)))


def _far(name: str, end: Fraction) -> tuple[End, End]:
    """Beyond 2000: between the value there and the limit (the function is monotone)."""
    if name == "softplus" and end > 0:
        return end, end + Fraction(1, 1 << 2000)
    near = _ends(_value(name, _ball(Fraction(_EXPLODING if end > 0 else -_EXPLODING))))
    limit = _LIMITS[name][end > 0]
    return min(near[0], limit), max(near[1], limit)


def _value(name: str, x: flint.arb) -> flint.arb:
    if name == "sigmoid":
        return 1 / (1 + (-x).exp())
    if name == "softplus":
        return x + (-x).exp().log1p() if x > 0 else x.exp().log1p()
    return getattr(x, name)()


def _wave_range(name: str, x: Enclosure) -> Truth:
    one = Fraction(1)
    if isinstance(x.lo, float) or isinstance(x.hi, float):
        return _exactly(-one, one)
    phase = flint.arb(0) if name == "cos" else flint.arb(1) / 2
    # Maxima at π(phase + 2k), minima at π(phase + 2k + 1).
    first = _ends(_ball(x.lo) / flint.arb.pi() - phase)
    last = _ends(_ball(x.hi) / flint.arb.pi() - phase)
    values = [_ends(_value(name, _ball(end))) for end in (x.lo, x.hi)]
    certain = range(math.ceil(first[1]), min(math.floor(last[0]), math.ceil(first[1]) + 3) + 1)
    lo = (min(v[0] for v in values), min(v[1] for v in values))
    hi = (max(v[0] for v in values), max(v[1] for v in values))
    if any(k % 2 for k in certain):
        lo = (-one, -one)
    if any(k % 2 == 0 for k in certain):
        hi = (one, one)
    return Truth(lo, hi)


def _exactly(lo: End, hi: End) -> Truth:
    return Truth((lo, lo), (hi, hi))


def _sizes(x: Enclosure) -> tuple[End, End]:
    a, b = abs(x.lo), abs(x.hi)
    return (Fraction(0) if x.lo <= 0 <= x.hi else min(a, b)), max(a, b)


def _inverse(end: End) -> End:
    return Fraction(0) if isinstance(end, float) else 1 / end


def _times(a: End, b: End) -> End:
    if isinstance(a, float) or isinstance(b, float):
        return INFINITY if (a > 0) == (b > 0) else -INFINITY
    return a * b


def _ball(end: End) -> flint.arb:
    q = Fraction(end)
    return flint.arb(flint.fmpq(q.numerator, q.denominator))


def _ends(x: flint.arb) -> tuple[Fraction, Fraction]:
    middle, radius = _exact(x.mid()), _exact(x.rad())
    return middle - radius, middle + radius


def _exact(x: flint.arb) -> Fraction:
    mantissa, exponent = x.man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


def _rounded(end: End, bits: int, up: bool) -> End:
    """The end rounded to ``bits`` bits, any exponent."""
    if isinstance(end, float) or end == 0:
        return end
    exponent = abs(end.numerator).bit_length() - end.denominator.bit_length() - bits
    while abs(end) >= Fraction(2) ** (exponent + bits):
        exponent += 1
    scaled = end / Fraction(2) ** exponent
    return Fraction(math.ceil(scaled) if up else math.floor(scaled)) * Fraction(2) ** exponent
