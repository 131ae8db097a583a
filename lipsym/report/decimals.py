"""Decimals with a direction.

Invariant: ``decimal(x, up=True)`` read as a number is at least ``x``, and with ``up=False`` at most ``x``: it is
computed in integers alone.
"""

from __future__ import annotations

from fractions import Fraction

from lipsym.enclosure import Enclosure, End
from lipsym.errors import InputError

LARGEST_PLAIN = 7
"""Numbers of up to so many digits before the point are printed without an exponent."""


def decimal(value: End | int, digits: int = 6, up: bool = True) -> str:
    """``value`` with ``digits`` significant digits, rounded up or down (never to nearest).

    Args:
        value: a ``Fraction`` or int, or ``±math.inf``.
        digits: at least 1.
        up: toward ``+∞`` or toward ``−∞``.

    Example:
        >>> decimal(Fraction(1, 3)), decimal(Fraction(1, 3), up=False), decimal(Fraction(1, 8))
        ('0.333334', '0.333333', '0.125')
        >>> decimal(Fraction(10**30, 7), 3)
        '1.43e+29'
    """
    if isinstance(digits, bool) or digits < 1:
        raise InputError(f"{digits!r} digits were asked for", "a decimal has at least one digit", "give digits=6")
    if isinstance(value, float):
        return "inf" if value > 0 else "-inf"
    x = Fraction(value)
    if x == 0:
        return "0"
    if x < 0:
        return "-" + decimal(-x, digits, not up)
    exponent = _magnitude(x)
    scaled = x * Fraction(10) ** (digits - 1 - exponent)
    mantissa = -(-scaled.numerator // scaled.denominator) if up else scaled.numerator // scaled.denominator
    if mantissa == 10**digits:
        mantissa, exponent = mantissa // 10, exponent + 1
    return _layout(str(mantissa), exponent)


def interval(enclosure: Enclosure, digits: int = 6) -> str:
    """An enclosure with its ends rounded outward."""
    return f"[{decimal(enclosure.lo, digits, up=False)}, {decimal(enclosure.hi, digits, up=True)}]"


def _magnitude(x: Fraction) -> int:
    """``e`` with ``10^e ≤ x < 10^(e+1)``, for ``x > 0``, by a guess from bit lengths and exact comparisons."""
    bits = x.numerator.bit_length() - x.denominator.bit_length()
    e = bits * 30103 // 100000
    while Fraction(10) ** e > x:
        e -= 1
    while Fraction(10) ** (e + 1) <= x:
        e += 1
    return e


def _layout(mantissa: str, exponent: int) -> str:
    digits = mantissa.rstrip("0")
    if not -4 <= exponent < LARGEST_PLAIN:
        head = digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
        return f"{head}e{'+' if exponent >= 0 else '-'}{abs(exponent):02d}"
    if exponent < 0:
        return "0." + "0" * (-exponent - 1) + digits
    whole = mantissa[: exponent + 1].ljust(exponent + 1, "0")
    fraction = mantissa[exponent + 1 :].rstrip("0")
    return whole + ("." + fraction if fraction else "")
