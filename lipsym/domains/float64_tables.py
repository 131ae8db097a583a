"""The tables of the float64 kernels: constants, and series with the proofs of their remainders.

Invariant: every entry carries a bound on its distance from the true number, every polynomial one on what it leaves out.
Nothing is computed at import; each table is made once, when its function is first used.
"""

from __future__ import annotations

import functools
from fractions import Fraction
from math import factorial, isqrt

import numpy as np

from lipsym.domains import float64_constants as constants
from lipsym.domains.float64_constants import Constant
from lipsym.domains.float64_double import Double, Polynomial, from_constants, polynomial


class ExpTable:
    """``2^(j/64)`` and the series of ``(exp r − 1 − r)/r²``.

    Its tail after ``r^5/7!`` is at most ``1.01·|r|^6/8!``, the slope of the tail at most 7 times that over ``|r|``.
    """

    def __init__(self) -> None:
        log2 = constants.logarithm(Fraction(2))
        one = Constant(Fraction(1))
        self.roots = from_constants([one] + [constants.two_to_the(j, 64) for j in range(1, 64)])
        self.step = _scalar(Constant(log2.value / 64, log2.error / 64))
        self.per_step = float(64 / log2.value)
        reach = Fraction(55, 10000)
        row = [Constant(Fraction(1, factorial(i + 2))) for i in range(6)]
        rest = 2 * reach**6 / factorial(8)
        self.series = polynomial([row], reach, rest, 7 * rest / reach).at(np.array(0))


class LogTable:
    """Inverses of ``j/128`` to 12 bits, their logarithms, and the series of ``(log(1+s) − s + s²/2)/s³``.

    Its tail after ``s^6/9`` is at most ``|s|^7/10/(1 − |s|)``.
    """

    def __init__(self) -> None:
        self.offset = 89
        inverses = [Fraction(round(Fraction(128, j) * 4096), 4096) for j in range(89, 184)]
        logs = [constants.logarithm(w) if w != 1 else Constant(Fraction(0)) for w in inverses]
        self.inverses = np.array([float(w) for w in inverses])
        self.logarithms = from_constants([Constant(-c.value, c.error) for c in logs])
        self.log2 = _scalar(constants.logarithm(Fraction(2)))
        reach = Fraction(61, 10000)
        row = [Constant(Fraction((-1) ** i, i + 3)) for i in range(7)]
        self.series = polynomial([row], reach, reach**7, 8 * reach**6).at(np.array(0))


class AtanTable:
    """``atan(j/64)``, ``π/2``, and the series of ``(atan t − t)/t³`` in ``z = t²``, alternating: the tail is at most
    its first term."""

    def __init__(self) -> None:
        angles = [Constant(Fraction(0))] + [constants.arctangent(Fraction(j, 64)) for j in range(1, 65)]
        self.angles = from_constants(angles)
        half = constants.pi()
        self.half_pi = _scalar(Constant(half.value / 2, half.error / 2))
        reach = Fraction(79, 10000) ** 2
        row = [Constant(Fraction((-1) ** (i + 1), 2 * i + 3)) for i in range(5)]
        self.series = polynomial([row], reach, reach**5 / 13, 5 * reach**4).at(np.array(0))


class TrigTable:
    """``π/2`` in four parts of 33 bits and a rest, and the series of ``(sin r − r)/r³`` and ``(cos r − 1 + r²/2)/r⁴``.

    Both are series in ``z = r²`` that alternate with decreasing terms: the tail is at most its first term.
    """

    def __init__(self) -> None:
        half = Constant(constants.pi().value / 2, constants.pi().error)
        parts, rest = [], half.value
        for place in (32, 65, 98, 131):
            part = Fraction(int(rest * 2**place), 2**place)
            parts.append(float(part))
            rest -= part
        self.parts = parts
        self.rest = _scalar(Constant(rest, half.error))
        self.per_quarter = float(1 / half.value)
        reach, count = Fraction(625, 1000), 9
        sine = [Constant(Fraction((-1) ** (i + 1), factorial(2 * i + 3))) for i in range(count)]
        cosine = [Constant(Fraction((-1) ** i, factorial(2 * i + 4))) for i in range(count)]
        rest = reach**count / factorial(2 * count + 3)
        slope = 2 * count * rest / reach
        self.sine = polynomial([sine], reach, rest, slope).at(np.array(0))
        self.cosine = polynomial([cosine], reach, rest, slope).at(np.array(0))


class ErfTable:
    """Taylor coefficients of ``erf`` at ``c = j/16``: the ``n``-th derivative of ``erf′`` is
    ``(2/√π)(−1)^n H_n(c) exp(−c²)``.

    By Cramér's inequality ``|H_n(x)| exp(−x²/2) ≤ 1.09·2^{n/2}√(n!)``, so the term ``n`` is at most
    ``1.24·2^{n/2}|t|^{n+1}/√(n!)/(n+1)``, and from ``n = 14`` on the terms shrink by more than 1/2 for
    ``|t| ≤ 1/31``: the tail is at most twice the first term left out.
    """

    def __init__(self) -> None:
        count, reach = 15, Fraction(1, 31)
        values, slopes, rows = [], [], []
        for j in range(97):
            c = Fraction(j, 16)
            decay = constants.exponential(c * c).inverse()
            factor = decay.times(constants.two_over_root_pi())
            hermite = [Fraction(1), 2 * c]
            for n in range(1, count):
                hermite.append(2 * c * hermite[n] - 2 * n * hermite[n - 1])
            terms = [factor.times(Fraction((-1) ** n) * hermite[n] / factorial(n + 1)) for n in range(count)]
            values.append(constants.error_function(c, decay) if j else Constant(Fraction(0)))
            slopes.append(terms[0])
            rows.append(terms[1:])
        self.values, self.slopes = from_constants(values), from_constants(slopes)
        # Term n is t·slope_n with t² taken out: (2^n/n!)^{1/2} is bounded through an integer square root.
        bound = Fraction(isqrt(2**count * 10**20 // factorial(count)) + 1, 10**10)
        tail = 2 * Fraction(124, 100) * bound * reach ** (count - 1) / (count + 1)
        self.series: Polynomial = polynomial(rows, reach, tail, (count + 1) * tail / reach)


def _scalar(constant: Constant) -> Double:
    table = from_constants([constant])
    return Double(*(part[0] for part in table))


exp_table = functools.cache(ExpTable)
log_table = functools.cache(LogTable)
atan_table = functools.cache(AtanTable)
trig_table = functools.cache(TrigTable)
erf_table = functools.cache(ErfTable)
