"""Arrays of floats taken as exact, and exact arithmetic on them.

Invariant: an array kept here is a read-only float64 copy whose entries are finite and equal to what was given; sums of
squares are exact rationals.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

from lipsym.errors import InputError

Floats = NDArray[np.float64]
Block = tuple[Floats, Floats | None]
"""The entries of one parameter block: ``A``, and ``b`` or ``None``."""


def exact_floats(given: ArrayLike, ndim: int, what: str) -> Floats:
    """A read-only float64 copy of ``given``.

    Raises:
        InputError: for another number of dimensions, an entry that is not a finite number, or one that float64 would
            round.
    """
    try:
        array = np.asarray(given)
    except ValueError as error:  # rows of different lengths
        raise _refused(type(given).__name__, what, "its rows have one length", "fill up the rows") from error
    if array.dtype.kind not in "fiub":
        raise _refused(array.dtype, what, "its entries are real numbers", "convert it to float64 first")
    if array.ndim != ndim:
        raise _refused(f"shape {array.shape}", what, f"it has {ndim} dimension(s)", "reshape it")
    copy = np.array(array, dtype=np.float64)
    if not np.isfinite(copy).all():
        raise _refused(
            copy[~np.isfinite(copy)][0], what, "every entry is a finite number", "remove NaN and infinite entries"
        )
    # Integers beyond 2**53 and long doubles may have no float64 of the same value; int64 cannot hold every such float.
    same = copy.tolist() == array.tolist() if array.dtype.kind in "iu" else bool((copy == array).all())
    if not same:
        raise _refused(array.dtype, what, "every entry has an exact float64", "round it to float64 yourself")
    copy.setflags(write=False)
    return copy


def square_sums(rows: Floats) -> list[Fraction]:
    """``Σ_j rows[i, j]²`` for every ``i``, exactly."""
    ratios = [[x.as_integer_ratio() for x in row] for row in rows.tolist()]
    # Denominators of floats are powers of two, so the largest is a common one and the sum is one of integers.
    scale = max((q for row in ratios for _, q in row), default=1)
    return [Fraction(sum((p * (scale // q)) ** 2 for p, q in row), scale**2) for row in ratios]


def root(square: Fraction) -> sp.Expr:
    """``√square``, exactly."""
    return sp.sqrt(sp.Rational(square.numerator, square.denominator))


def blocks_from(given: Iterable[Any], what: str) -> tuple[Block, ...]:
    """A tuple of ``(A, b)`` from a sequence of pairs, each checked on its own.

    Raises:
        InputError: if an element is no pair, ``A`` no matrix, or ``b`` not as long as ``A`` has rows.
    """
    if not isinstance(given, Iterable):
        raise _refused(repr(given), what, "it is a list of pairs (A, b), one for each block", "give such a list")
    blocks: list[Block] = []
    for k, pair in enumerate(given, 1):
        if not isinstance(pair, Sequence) or len(pair) != 2:
            raise _refused(
                type(pair).__name__, f"{what}, element {k}", "an element is a pair (A, b)", "give b=None without bias"
            )
        weights = exact_floats(pair[0], 2, f"A_{k} of {what}")
        offset = None if pair[1] is None else exact_floats(pair[1], 1, f"b_{k} of {what}")
        if offset is not None and len(offset) != len(weights):
            raise _refused(
                f"A of shape {weights.shape} with b of length {len(offset)}",
                f"{what}, element {k}",
                "b has as many entries as A has rows",
                "check which of the two is transposed or cut",
            )
        blocks.append((weights, offset))
    return tuple(blocks)


def same_shape(left: Block, right: Block) -> bool:
    """Whether two blocks have equal shapes."""
    return left[0].shape == right[0].shape and (left[1] is None) == (right[1] is None)


def entries(block: Block) -> Floats:
    """All entries of a block in one vector."""
    weights, offset = block
    return weights.ravel() if offset is None else np.concatenate([weights.ravel(), offset])


def key(blocks: Iterable[Block] | None) -> tuple[Any, ...] | None:
    """What two sequences of blocks have in common exactly when they are equal, hashable; ``-0.0`` counts as ``0.0``."""
    if blocks is None:
        return None
    return tuple((a.shape, (a + 0).tobytes(), None if b is None else (b + 0).tobytes()) for a, b in blocks)


def _refused(given: object, what: str, fails: str, remedy: str) -> InputError:
    return InputError(f"{given} was given for {what}", fails, remedy)
