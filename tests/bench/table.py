"""What every benchmark shares: a clock and a table."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from lipsym.report.text import columns

T = TypeVar("T")


def timed(function: Callable[[], T], repeats: int = 1) -> tuple[T, float]:
    """The result and the least of ``repeats`` wall-clock times, in seconds."""
    best, result = float("inf"), None
    for _ in range(repeats):
        start = time.perf_counter()
        result = function()
        best = min(best, time.perf_counter() - start)
    return result, best  # type: ignore[return-value]


def show(title: str, head: list[str], rows: list[list[str]]) -> None:
    """Print a table."""
    print(f"\n{title}\n{columns(rows, head)}", flush=True)  # noqa: T201


def seconds(value: float, limit: float | None = None) -> str:
    """A time, with the limit it should keep."""
    text = f"{value * 1e3:.1f} ms" if value < 1 else f"{value:.2f} s"
    return text if limit is None else f"{text} ({'within' if value < limit else 'OVER'} {limit:g} s)"
