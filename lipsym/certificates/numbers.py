"""Exact numbers as text.

Invariant: ``read_end(write_end(x)) == x``; no number passes through a decimal or a float.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction

from flint import fmpz

from lipsym.enclosure import Enclosure, End
from lipsym.errors import InputError

_RATIONAL = re.compile(r"-?[0-9]+(/[0-9]+)?")
_INFINITE = {"inf": math.inf, "-inf": -math.inf}


def write_end(end: End | int) -> str:
    """``"p/q"`` in lowest terms (``"p"`` for an integer), or ``"inf"``, ``"-inf"``.

    Example:
        >>> write_end(Fraction(6, 4)), write_end(2), write_end(-math.inf)
        ('3/2', '2', '-inf')
    """
    if isinstance(end, float) and math.isinf(end):
        return "inf" if end > 0 else "-inf"
    number = Fraction(end)
    # Through fmpz: Python refuses to write integers of more than 4300 digits, which weights of a witness may have.
    top, bottom = str(fmpz(number.numerator)), number.denominator
    return top if bottom == 1 else f"{top}/{fmpz(bottom)}"


def read_end(text: str) -> End:
    """The end that ``write_end`` wrote.

    Raises:
        InputError: for text in any other form.
    """
    if isinstance(text, str) and text in _INFINITE:
        return _INFINITE[text]
    if not isinstance(text, str) or not _RATIONAL.fullmatch(text) or re.search(r"/0+$", text):
        raise InputError(
            f"{text!r} stands where a certificate has a number",
            'a number in a certificate is a string "p/q", "p", "inf" or "-inf"',
            "write the certificate anew; this one was altered or cut",
        )
    top, _, bottom = text.partition("/")
    return Fraction(int(fmpz(top)), int(fmpz(bottom or "1")))


def write_enclosure(enclosure: Enclosure) -> dict[str, str]:
    """``{"lo": ..., "hi": ...}``."""
    return {"lo": write_end(enclosure.lo), "hi": write_end(enclosure.hi)}


def read_enclosure(stored: dict[str, str]) -> Enclosure:
    """The enclosure that ``write_enclosure`` wrote."""
    return Enclosure(read_end(stored["lo"]), read_end(stored["hi"]))
