"""The float64 domain: arrays of intervals with float64 ends, rounded outward with NumPy alone.

Invariant: ``lo ≤ hi`` elementwise, no end is NaN, ``lo < ∞`` and ``hi > −∞``, and each element contains the true value.
Assumes IEEE 754 arithmetic rounded to nearest (``check_arithmetic``); nothing is taken from a mathematical library.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from lipsym.domains import float64_functions as kernels
from lipsym.domains import float64_powers as powers
from lipsym.domains import float64_rounding as rounding
from lipsym.domains.float64_rounding import Floats, Pair
from lipsym.domains.record import Domain
from lipsym.enclosure import Enclosure
from lipsym.errors import DomainError

_BLOCK = 8192
_LARGEST = float(np.finfo(np.float64).max)
_TRIG_REACH = 2.0**20


@dataclass(frozen=True, slots=True, eq=False)
class IntervalArray:
    """An array of intervals.

    Args:
        lo: lower ends, a float64 array of any shape.
        hi: upper ends, of the same shape.
    """

    lo: Floats
    hi: Floats


def float64_domain() -> Domain[IntervalArray]:
    """The domain of outward-rounded float64 intervals.

    Raises:
        HypothesisError: if the processor does not round to nearest or flushes subnormal numbers.

    Example:
        >>> from lipsym.enclosure import Enclosure
        >>> d = float64_domain()
        >>> third = d.divide(d.enclose(Enclosure(1)), d.enclose(Enclosure(3)))
        >>> d.ends(third).contains(Enclosure("1/3"))
        True
    """
    rounding.check_arithmetic()
    return Domain(
        name="float64",
        precision=53,
        enclose=lambda x: pack([x], shape=()),
        ends=ends,
        add=_blockwise(_add),
        multiply=_blockwise(_multiply),
        divide=_divide,
        power=_power,
        root=_root,
        maximum=lambda x, y: IntervalArray(np.maximum(x.lo, y.lo), np.maximum(x.hi, y.hi)),
        minimum=lambda x, y: IntervalArray(np.minimum(x.lo, y.lo), np.minimum(x.hi, y.hi)),
        functions={
            "exp": _increasing(kernels.exp),
            "expm1": _increasing(kernels.expm1),
            "log": _logarithm("log", kernels.log, 0.0),
            "log1p": _logarithm("log1p", kernels.log1p, -1.0),
            "sinh": _increasing(kernels.sinh),
            "cosh": _blockwise(_cosh),
            "tanh": _increasing(kernels.tanh),
            "sin": _blockwise(lambda lo, hi: _sine(lo, hi, 0)),
            "cos": _blockwise(lambda lo, hi: _sine(lo, hi, 1)),
            "atan": _increasing(kernels.atan),
            "erf": _increasing(kernels.erf),
            "sigmoid": _increasing(kernels.sigmoid),
            "softplus": _increasing(kernels.softplus),
        },
        pack=pack,
    )


def pack(enclosures: Sequence[Enclosure], shape: tuple[int, ...] | None = None) -> IntervalArray:
    """The array of the tightest float64 intervals around the given ones."""
    # A set of numbers that starts at ∞ holds no number; the largest float is below whatever was meant.
    lo = np.array([min(x.lower_float(), _LARGEST) for x in enclosures], dtype=np.float64)
    hi = np.array([max(x.upper_float(), -_LARGEST) for x in enclosures], dtype=np.float64)
    return IntervalArray(lo, hi) if shape is None else IntervalArray(lo.reshape(shape), hi.reshape(shape))


def ends(x: IntervalArray) -> Enclosure:
    """The exact ends of an interval; of an array, the smallest interval that holds all its elements."""
    lo, hi = float(np.min(x.lo)), float(np.max(x.hi))
    return Enclosure(lo, hi)


def unpack(x: IntervalArray) -> list[Enclosure]:
    """The elements of an array, in order."""
    return [Enclosure(float(a), float(b)) for a, b in zip(x.lo.ravel(), x.hi.ravel(), strict=True)]


Kernel = Callable[..., Pair]
"""Lower and upper ends (of one or two arrays of intervals) to lower and upper ends."""


def _blockwise(kernel: Kernel) -> Callable[..., IntervalArray]:
    """The kernel on arrays of any shapes, a cache-sized block at a time."""

    def run(*operands: IntervalArray) -> IntervalArray:
        parts = [part for x in operands for part in (x.lo, x.hi)]
        shape = np.broadcast_shapes(*(part.shape for part in parts))
        flat = [np.broadcast_to(part, shape).reshape(-1) for part in parts]
        lo, hi = np.empty(flat[0].size), np.empty(flat[0].size)
        # Overflow, invalid intermediate results and underflow are all part of the algorithms.
        with np.errstate(all="ignore"):
            for start in range(0, lo.size, _BLOCK):
                block = slice(start, start + _BLOCK)
                lo[block], hi[block] = kernel(*(part[block] for part in flat))
        return IntervalArray(lo.reshape(shape), hi.reshape(shape))

    return run


def _increasing(kernel: Callable[[Floats], Pair]) -> Callable[[IntervalArray], IntervalArray]:
    """A non-decreasing function: its bounds are those at the ends."""

    def at_ends(lo: Floats, hi: Floats) -> Pair:
        lower, upper = kernel(lo)
        return (lower, upper) if np.array_equal(lo, hi) else (lower, kernel(hi)[1])

    return _blockwise(at_ends)


def _logarithm(name: str, kernel: Callable[[Floats], Pair], pole: float) -> Callable[[IntervalArray], IntervalArray]:
    """``log`` or ``log1p``: arguments that only reach below the pole are cut there."""
    increasing = _increasing(kernel)

    def run(x: IntervalArray) -> IntervalArray:
        _refuse(x, x.hi <= pole, f"{name} was asked for", f"{name} is defined above {pole:g} alone")
        return increasing(IntervalArray(np.maximum(x.lo, pole), x.hi))

    return run


def _add(a: Floats, b: Floats, c: Floats, d: Floats) -> Pair:
    return rounding.add_down(a, c), rounding.add_up(b, d)


def _multiply(a: Floats, b: Floats, c: Floats, d: Floats) -> Pair:
    return _lower_product(a, b, c, d), -_lower_product(-b, -a, c, d)


def _lower_product(a: Floats, b: Floats, c: Floats, d: Floats) -> Floats:
    """The least product of ``[a, b]`` and ``[c, d]``, rounded down; its factors follow from the signs."""
    positive = c >= 0
    if positive.all():
        return rounding.multiply_down(a, np.where(a >= 0, c, d))
    first = np.where((b <= 0) & (d >= 0) & ~positive, a, np.where(positive, a, b))
    second = np.where((a >= 0) | ((b > 0) & ~positive), c, d)
    lower = rounding.multiply_down(first, second)
    # Both hold 0 inside: so far b·c, the other candidate is a·d.
    mixed = (a < 0) & (b > 0) & (c < 0) & (d > 0)
    if mixed.any():
        lower[mixed] = np.minimum(lower[mixed], rounding.multiply_down(a[mixed], d[mixed]))
    return lower


def _divide(x: IntervalArray, y: IntervalArray) -> IntervalArray:
    _refuse(y, (y.lo <= 0) & (y.hi >= 0), "a division was asked for", "the divisor must not contain 0")
    return _quotient(x, y)


def _divide_ends(a: Floats, b: Floats, c: Floats, d: Floats) -> Pair:
    negative = d < 0
    a, b = np.where(negative, -b, a), np.where(negative, -a, b)
    c, d = np.where(negative, -d, c), np.where(negative, -c, d)
    return rounding.divide_down(a, np.where(a >= 0, d, c)), rounding.divide_up(b, np.where(b >= 0, c, d))


_quotient = _blockwise(_divide_ends)


def _power(x: IntervalArray, n: int) -> IntervalArray:
    def ends_of_power(lo: Floats, hi: Floats) -> Pair:
        if n % 2:
            (a, b), (c, d) = powers.power(np.abs(lo), n), powers.power(np.abs(hi), n)
            return np.where(lo < 0, -b, a), np.where(hi < 0, -c, d)
        least, largest = _sizes(lo, hi)
        return powers.power(least, n)[0], powers.power(largest, n)[1]

    return _blockwise(ends_of_power)(x)


def _root(x: IntervalArray, n: int) -> IntervalArray:
    _refuse(x, x.hi < 0, f"a root of order {n} was asked for", "roots are taken of numbers ≥ 0")
    cut = IntervalArray(np.maximum(x.lo, 0.0), x.hi)
    return _blockwise(lambda lo, hi: (powers.root(lo, n)[0], powers.root(hi, n)[1]))(cut)


def _cosh(lo: Floats, hi: Floats) -> Pair:
    least, largest = _sizes(lo, hi)
    return kernels.cosh(least)[0], kernels.cosh(largest)[1]


def _sizes(lo: Floats, hi: Floats) -> Pair:
    """The least and the largest ``|z|`` over ``[lo, hi]``."""
    a, b = np.abs(lo), np.abs(hi)
    return np.where((lo <= 0) & (hi >= 0), 0.0, np.minimum(a, b)), np.maximum(a, b)


def _sine(lo: Floats, hi: Floats, shift: int) -> Pair:
    """``sin(z + shift·π/2)`` over ``[lo, hi]``: the ends, and ±1 where an odd multiple of π/2 lies between them."""
    far = ~((np.abs(lo) <= _TRIG_REACH) & (np.abs(hi) <= _TRIG_REACH))
    a, b, first = kernels.sin_and_floor(np.where(far, 0.0, lo), shift)
    c, d, last = kernels.sin_and_floor(np.where(far, 0.0, hi), shift)
    unknown = far | (first == kernels.UNKNOWN) | (last == kernels.UNKNOWN)
    # Multiples j of π/2 with first < j ≤ last lie between the ends; sin is 1 at j ≡ 1 and −1 at j ≡ 3 (mod 4).
    top = unknown | ((last - 1) // 4 > (first - 1) // 4)
    bottom = unknown | ((last - 3) // 4 > (first - 3) // 4)
    return np.where(bottom, -1.0, np.minimum(a, c)), np.where(top, 1.0, np.maximum(b, d))


def _refuse(x: IntervalArray, outside: np.ndarray, asked: str, condition: str) -> None:
    if not np.any(outside):
        return
    lo, hi = np.atleast_1d(x.lo)[np.atleast_1d(outside)][0], np.atleast_1d(x.hi)[np.atleast_1d(outside)][0]
    raise DomainError(
        f"{asked} with [{Fraction(float(lo)) if np.isfinite(lo) else lo}, "
        f"{Fraction(float(hi)) if np.isfinite(hi) else hi}] among the arguments",
        condition,
        "restrict the arguments, or rewrite the expression so that the case cannot occur",
    )
