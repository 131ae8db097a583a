"""A reader of ITF1788 interval test libraries (``.itl``): the part of the language that bare interval results need."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from lipsym.enclosure import Enclosure

_STATEMENT = re.compile(r"^\s*(\w+)\s+([^=;]*?)\s*=\s*([^;]*?)\s*;", re.MULTILINE)
_OPERAND = re.compile(r"\[([^\]]*)\](?:_\w+)?|[^\s\[\]]+")


class Vector(NamedTuple):
    """``function operands = result``; an empty or invalid interval is ``None``, an integer operand an int."""

    function: str
    operands: tuple[Enclosure | int | None, ...]
    result: Enclosure | None
    text: str


def vectors(path: Path, functions: frozenset[str]) -> Iterator[Vector]:
    """The vectors of the named functions, with decorations dropped."""
    source = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    for match in _STATEMENT.finditer(re.sub(r"//.*", "", source)):
        function, operands, result = match.groups()
        if function not in functions:
            continue
        # Of "tight <= accurate" the tight result, of "result signal exception" the result.
        tight = re.split(r"<=|\bsignal\b", result)[0]
        (expected,) = _operands(tight)
        if isinstance(expected, int):
            raise ValueError(match.group().strip())
        yield Vector(function, tuple(_operands(operands)), expected, match.group().strip())


def _operands(text: str) -> list[Enclosure | int | None]:
    return [
        int(match.group()) if match.group(1) is None else _interval(match.group(1)) for match in _OPERAND.finditer(text)
    ]


def _interval(text: str) -> Enclosure | None:
    word = text.strip().lower()
    if word in ("empty", "nai"):
        return None
    if word == "entire":
        return Enclosure(-math.inf, math.inf)
    lo, _, hi = word.partition(",")
    return Enclosure(_number(lo), _number(hi or lo))


def _number(text: str) -> float:
    """A binary64 number: hexadecimal, or the float nearest to a decimal, as the vectors' authors meant it."""
    word = text.strip()
    return float.fromhex(word) if "0x" in word else float(word)
