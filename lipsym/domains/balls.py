"""Between exact numbers and Arb balls: the one place where the enclosures of this package enter and leave Arb.

Invariant: a ball made here contains the number it was made from (floats are taken at their exact binary value, and a
finite one is represented exactly), and the ends read off a ball are exact rationals outside of which no point of the
ball lies. Precision is scoped: ``working_precision`` restores what it found, also when an error passes through.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb, arb_mat, ctx, fmpq

from lipsym.domains.expressions import FUNCTIONS
from lipsym.domains.record import Domain
from lipsym.enclosure import Enclosure
from lipsym.errors import DomainError, InputError

_SMALLEST_EXPONENT = -100_000
"""Smaller numbers count as 0, with an error of ``2**_SMALLEST_EXPONENT``: their zeros would fill the memory."""


@contextmanager
def working_precision(bits: int) -> Iterator[None]:
    """Run the body at ``bits`` bits of Arb's process-wide precision and restore the former precision afterwards."""
    if isinstance(bits, bool) or not isinstance(bits, int) or not 2 <= bits <= 1_000_000:
        raise InputError(
            f"the precision {bits!r} was given",
            "a working precision is an int from 2 to 1000000 (bits)",
            "give precision=128, or more bits for a narrower enclosure",
        )
    with ctx.workprec(bits):
        yield


def ball(value: Any) -> arb:
    """The tightest ball, at the current precision, that contains an exact number or an ``Enclosure``."""
    if isinstance(value, arb):
        return value
    if isinstance(value, Enclosure):
        if isinstance(value.lo, float) or isinstance(value.hi, float):
            return arb(0, math.inf)
        return ball(value.lo).union(ball(value.hi))
    if isinstance(value, (float, np.floating)):
        if not math.isfinite(value):
            raise _not_finite(value)
        return arb(float(value))
    if isinstance(value, (int, np.integer)):
        return arb(int(value))
    try:
        exact = Fraction(int(value.p), int(value.q)) if hasattr(value, "p") else Fraction(value)
    except (TypeError, ValueError, ZeroDivisionError) as error:
        raise InputError(
            f"the entry {value!r} was given as an exact number",
            "an entry is an int, a Fraction, a rational string, a SymPy rational or a finite float (taken as exact)",
            "convert the entry to one of these",
        ) from error
    return arb(fmpq(exact.numerator, exact.denominator))


def ball_matrix(rows: Any) -> arb_mat:
    """A ball matrix from a two-dimensional array, or nested sequences, of exact numbers."""
    if isinstance(rows, arb_mat):
        return rows
    array = np.asarray(rows)
    if array.ndim != 2:
        raise InputError(
            f"an array of shape {array.shape} was given as a matrix",
            "a matrix has two dimensions",
            "reshape it to (rows, columns)",
        )
    if array.dtype.kind == "f":
        if not np.isfinite(array).all():
            raise _not_finite(array[~np.isfinite(array)][0])
        entries: Iterable[Any] = (arb(x) for x in array.astype(np.float64).ravel().tolist())
    else:
        entries = (ball(x) for x in array.ravel().tolist())
    rows_count, columns_count = array.shape
    return arb_mat(rows_count, columns_count, list(entries))


def column(values: Sequence[Any]) -> arb_mat:
    """A ball matrix with one column."""
    return arb_mat(len(values), 1, [ball(value) for value in values])


def ends(x: arb) -> Enclosure:
    """The exact ends of a ball; the whole line where the ball is not finite."""
    if not x.is_finite():
        return Enclosure(-math.inf, math.inf)
    centre, spill = _rational(x.mid())
    radius, extra = _rational(x.rad())
    radius += spill + extra
    return Enclosure(centre - radius, centre + radius)


def lower(x: arb) -> Fraction:
    """The exact lower end of a ball that encloses a non-negative number; 0 where the ball says nothing better."""
    end = ends(x).lo
    return max(Fraction(0), end) if isinstance(end, Fraction) else Fraction(0)


def total(values: Iterable[arb]) -> arb:
    """The sum of balls."""
    return sum(values, arb(0))  # type: ignore[return-value]


def midpoints(matrix: arb_mat) -> np.ndarray:
    """Float midpoints (not rigorous), scaled by one power of two so that the largest is near 1."""
    balls = [x.mid() for x in matrix.entries()]
    if not all(x.is_finite() for x in balls):
        return np.full((matrix.nrows(), matrix.ncols()), math.nan)
    top = max((_exponent(x) for x in balls if not x.is_zero()), default=0)
    scale = arb(2) ** arb(-top)
    values = [float(x * scale) for x in balls]
    return np.array(values).reshape(matrix.nrows(), matrix.ncols())


def ball_domain(precision: int) -> Domain[arb]:
    """Balls as a numeric domain, for functions of arguments known to many bits.

    On wide arguments it is looser than the interval domains; at points it is the fastest. ``Heaviside`` of a ball that
    contains 0 is the hull ``[0, 1]``. The caller scopes the precision.
    """
    return Domain(
        name="ball",
        precision=precision,
        enclose=ball,
        ends=ends,
        add=arb.__add__,
        multiply=arb.__mul__,
        divide=_divide,
        power=_power,
        root=lambda x, n: x.sqrt() if n == 2 else x.root(n),
        maximum=arb.max,
        minimum=arb.min,
        functions={name: getattr(arb, name) for name in FUNCTIONS if hasattr(arb, name)}
        | {"sigmoid": _sigmoid, "softplus": _softplus, "Heaviside": _heaviside},
    )


def _divide(x: arb, y: arb) -> arb:
    if y.contains(0):
        raise DomainError(
            f"a division by the ball {y} was met",
            "a divisor that may be 0 has no bounded quotient",
            "move the point away from the pole, or raise the precision",
        )
    return x / y


def _power(x: arb, n: int) -> arb:
    return abs(x) ** n if n % 2 == 0 else x**n


def _sigmoid(x: arb) -> arb:
    return 1 / (1 + (-x).exp())


def _softplus(x: arb) -> arb:
    """``max(x, 0) + log(1 + exp(−|x|))``: no cancellation and no overflow on either side."""
    return x.max(arb(0)) + (-abs(x)).exp().log1p()


def _heaviside(x: arb) -> arb:
    exact = ends(x)
    return ball(Enclosure(1 if exact.lo > 0 else 0, 0 if exact.hi < 0 else 1))


def _exponent(exact: arb) -> int:
    """``e`` with ``2**(e−1) <= |exact| < 2**e``, for an exact ball that is not 0."""
    mantissa, exponent = exact.man_exp()
    return int(exponent) + int(mantissa).bit_length()


def _rational(exact: arb) -> tuple[Fraction, Fraction]:
    """A rational and how far, at most, the exact ball lies from it: 0 but for numbers too small to write out."""
    mantissa, exponent = exact.man_exp()
    m, e = int(mantissa), int(exponent)
    if m == 0:
        return Fraction(0), Fraction(0)
    if e + m.bit_length() < _SMALLEST_EXPONENT:
        return Fraction(0), Fraction(1, 1 << -_SMALLEST_EXPONENT)
    return (Fraction(m << e) if e >= 0 else Fraction(m, 1 << -e)), Fraction(0)


def _not_finite(value: Any) -> InputError:
    return InputError(
        f"the entry {value!r} was given",
        "every entry is a finite number",
        "remove NaN and infinite entries before asking for a bound",
    )
