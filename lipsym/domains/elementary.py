"""Elementary functions in integer arithmetic, with proved error bounds.

Invariant: each function returns exact ends between which the value lies.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache

from lipsym.enclosure import Enclosure


def inverse_sum(q: int, bits: int, sign: int) -> tuple[int, int]:
    """Integers ``(s, e)`` with ``|2^bits Σ_k sign^k q^−(2k+1)/(2k+1) − s| ≤ e``: ``atan(1/q)``, or ``atanh(1/q)``.

    Proof. Each power ``⌊2^bits/q^(2k+1)⌋`` is exact down to its floor (nested floors by integers compose), each term
    loses less than 1 more to its own floor, so ``n`` terms lose less than ``2n``. The first power that is 0 leaves a
    tail below ``Σ q^−2j ≤ 2`` for ``q ≥ 2``.
    """
    power, total, k = (1 << bits) // q, 0, 0
    while power:
        total += (power // (2 * k + 1)) * (sign**k)
        power //= q * q
        k += 1
    return total, 2 * k + 2


@cache
def pi(bits: int) -> Enclosure:
    """π to about ``bits`` bits, by Machin: ``π = 16 atan(1/5) − 4 atan(1/239)``."""
    (a, e), (b, f) = inverse_sum(5, bits, -1), inverse_sum(239, bits, -1)
    middle, error = 16 * a - 4 * b, 16 * e + 4 * f
    return Enclosure(Fraction(middle - error, 1 << bits), Fraction(middle + error, 1 << bits))


@cache
def e(bits: int) -> Enclosure:
    """e to about ``bits`` bits: ``Σ 1/k!``, whose tail after a term ``t < 1`` is at most ``t``."""
    term, total, k = 1 << bits, 0, 0
    while term:
        total += term
        k += 1
        term //= k
    return Enclosure(Fraction(total, 1 << bits), Fraction(total + k + 3, 1 << bits))
