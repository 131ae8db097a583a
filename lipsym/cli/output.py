"""Printing.

Invariant: printing never fails. Characters that a stream cannot encode become their ASCII names, and a reader that went
away ends the program quietly.
"""

from __future__ import annotations

import os
import sys
from typing import NoReturn, TextIO

PROVED, REFUTED, USAGE, UNDECIDED = 0, 1, 2, 3
"""Exit statuses."""
INTERRUPTED, BROKEN_PIPE = 130, 141
"""Exit statuses of a process that a signal (SIGINT, SIGPIPE) ends, as a shell reports them."""

ASCII = str.maketrans(
    {
        "≤": "<=", "≥": ">=", "≠": "!=", "−": "-", "–": "-", "·": "*", "×": "x", "√": "sqrt", "∞": "inf", "‖": "||",
        "∈": "in", "∇": "grad ", "∂": "d", "∑": "sum", "Σ": "Sum", "Π": "Prod", "→": "->", "↦": "->", "…": "...",
        "’": "'", "“": '"', "”": '"', "½": "1/2", "¼": "1/4", "²": "^2", "³": "^3", "₀": "_0", "₁": "_1", "₂": "_2",
        "α": "alpha", "β": "beta", "δ": "delta", "ζ": "zeta", "θ": "theta", "Θ": "Theta", "λ": "lambda", "ℓ": "l",
        "ν": "nu", "ρ": "rho", "σ": "sigma", "τ": "tau", "φ": "phi", "Φ": "Phi", "ψ": "psi", "ε": "eps", "ⁿ": "^n",
        "ᵀ": "^T", "ż": "z'", "ö": "oe", "é": "e", "│": "|", "─": "-", "̈": "''", "∘": "o", "ℝ": "R", "±": "+-",
    }
)  # fmt: skip
"""What stands for a character where a stream has only ASCII."""


def printable(text: str, encoding: str | None) -> str:
    """``text``, or its transliteration if ``encoding`` cannot hold it.

    Example:
        >>> printable("‖θ‖ ≤ √R", "ascii"), printable("‖θ‖ ≤ √R", "utf-8")
        ('||theta|| <= sqrtR', '‖θ‖ ≤ √R')
    """
    try:
        text.encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return text.translate(ASCII).encode("ascii", "replace").decode("ascii")
    return text


def say(text: str, error: bool = False) -> None:
    """Print a text and a line feed to stdout, or to stderr."""
    stream = sys.stderr if error else sys.stdout
    try:
        stream.write(printable(text, stream.encoding) + "\n")
        stream.flush()
    except BrokenPipeError:
        _leave(stream)


def _leave(stream: TextIO) -> NoReturn:
    """End the process; its last flush must not meet the closed pipe again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    raise SystemExit(BROKEN_PIPE)
