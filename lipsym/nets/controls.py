"""Controls: the paths ``u`` of finite variation that drive a differential equation ``dX = Σ_i V_i(X) du_i``.

Invariant: a control is an ordered list of pieces: linear motions and continuous pieces of bounded variation, with jumps
between them, no jump at time 0. Every number is exact and finite, so the total variation is finite.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import sympy as sp
from numpy.typing import ArrayLike

from lipsym.errors import InputError
from lipsym.nets.arrays import exact_floats
from lipsym.nets.quantities import Exact, nonnegative, quantity

Amounts = tuple[tuple[int, sp.Expr], ...]
"""``(channel, amount)`` for every channel that moves, channels counted from 0, in order."""


@dataclass(frozen=True, slots=True)
class Motion:
    """Every channel moves linearly, by its amount in all, during ``duration``; without amounts, time alone passes."""

    duration: sp.Expr
    amounts: Amounts


@dataclass(frozen=True, slots=True)
class Variation:
    """Every channel moves continuously, in an unknown way, with at most its amount as total variation."""

    duration: sp.Expr
    amounts: Amounts


@dataclass(frozen=True, slots=True)
class Jump:
    """Every channel jumps by its amount, all at once."""

    amounts: Amounts


Piece = Motion | Variation | Jump


@dataclass(frozen=True, slots=True)
class Time:
    """``u(t) = t``: an ordinary differential equation."""

    @property
    def channels(self) -> int:
        """One."""
        return 1

    def pieces(self, horizon: sp.Expr) -> tuple[Piece, ...]:
        """One motion by the horizon."""
        return (Motion(horizon, ((0, horizon),)),)

    @property
    def spec(self) -> str:
        """The control in words."""
        return "time"


@dataclass(frozen=True, slots=True)
class Jumps:
    """A path that is constant but for jumps.

    Args:
        sizes: for each jump a number (of the only channel), a sequence with one number for each channel, or a mapping
            from channels (counted from 0) to numbers.
        times: when each jump happens, increasing, after 0 and up to the horizon; left out: ``T/n, 2T/n, …, T``.
        channels: left out: as many as the sizes speak of.

    Raises:
        InputError: if a jump is at time 0, the times do not increase, or a size is not finite.

    Example:
        >>> Jumps([1, "1/2"]).pieces(sp.Integer(2))[1]
        Jump(amounts=((0, 1),))
    """

    sizes: tuple[Amounts, ...]
    times: tuple[sp.Expr, ...] | None
    channels: int

    def __init__(self, sizes: Iterable[Any], times: Sequence[Exact] | None = None, channels: int | None = None) -> None:
        given = tuple(_amounts(size, "a jump of a control") for size in sizes)
        when = None if times is None else tuple(quantity(t, "the time of a jump") for t in times)
        if not given or (when is not None and len(when) != len(given)):
            raise InputError(
                f"{len(given)} jumps at {'no' if when is None else len(when)} times were given",
                "a control of jumps has at least one, and one time for each",
                "give as many times as sizes, or leave the times out",
            )
        for before, after in zip((sp.S.Zero, *(when or ())), when or (), strict=False):
            if not (after - before).is_positive:
                first = before.is_zero
                raise InputError(
                    f"a jump at time {after} was given" + ("" if first else f" after one at time {before}"),
                    "a control is continuous at time 0: its jumps there would change the initial value X_0 = x"
                    if first
                    else "the times of the jumps increase",
                    "move the jump to a positive time, or apply it to the inputs" if first else "sort the jumps",
                )
        object.__setattr__(self, "sizes", given)
        object.__setattr__(self, "times", when)
        object.__setattr__(self, "channels", _channels(given, channels))

    def pieces(self, horizon: sp.Expr) -> tuple[Piece, ...]:
        """The jumps, with the time that passes between them."""
        count = len(self.sizes)
        times = self.times or tuple(horizon * sp.Rational(k, count) for k in range(1, count + 1))
        found: list[Piece] = []
        for before, time, amounts in zip((sp.S.Zero, *times), times, self.sizes, strict=False):
            found += [Motion(time - before, ()), Jump(amounts)]
        return (*found, *_idle(horizon - times[-1]))

    @property
    def spec(self) -> str:
        """The control in words."""
        amounts = {amount for jump in self.sizes for _, amount in jump}
        of = f" of {amounts.pop()}" if len(amounts) == 1 else ""
        return f"{len(self.sizes)} jump{'s' * (len(self.sizes) > 1)}{of}"


@dataclass(frozen=True, slots=True)
class DataPath:
    """A data path: linear interpolation of points, one channel for each feature; floats are taken as exact.

    Args:
        points: an array of shape ``(points, channels)``.
        times: when each point is reached, exact and increasing from 0 to the horizon; left out: equally spaced.

    Raises:
        InputError: for fewer than two points, or entries that are NaN or infinite (the variation would not be finite).

    Example:
        >>> DataPath([[0.0], [1.0], [0.5]]).variations
        (3/2,)
    """

    points: tuple[tuple[Fraction, ...], ...]
    times: tuple[sp.Expr, ...] | None

    def __init__(self, points: ArrayLike, times: Sequence[Exact] | None = None) -> None:
        array = exact_floats(points, 2, "the points of a data path")
        when = None if times is None else tuple(quantity(t, "the time of a point") for t in times)
        if len(array) < 2 or not array.size or (when is not None and len(when) != len(array)):
            raise InputError(
                f"points of shape {array.shape} and {'no' if when is None else len(when)} times were given",
                "a path has at least two points with at least one feature, and one time for each",
                "give an array of shape (points, features)",
            )
        if when is not None and not (when[0].is_zero and all((b - a).is_positive for a, b in pairwise(when))):
            raise InputError(
                f"a data path with the times {', '.join(map(str, when[:4]))}, … was given",
                "its times start at 0 and increase",
                "sort the points, and subtract the first time",
            )
        object.__setattr__(self, "points", tuple(tuple(Fraction(x) for x in row) for row in array.tolist()))
        object.__setattr__(self, "times", when)

    @property
    def channels(self) -> int:
        """The number of features."""
        return len(self.points[0])

    @property
    def variations(self) -> tuple[sp.Rational, ...]:
        """The total variation of each channel, exactly."""
        steps = list(pairwise(self.points))
        totals = (sum((abs(b[i] - a[i]) for a, b in steps), Fraction(0)) for i in range(self.channels))
        return tuple(sp.Rational(v.numerator, v.denominator) for v in totals)

    def pieces(self, horizon: sp.Expr) -> tuple[Piece, ...]:
        """One motion from each point to the next."""
        count = len(self.points) - 1
        times = self.times or tuple(horizon * sp.Rational(k, count) for k in range(count + 1))
        found: list[Piece] = []
        for k in range(count):
            increments = [b - a for a, b in zip(self.points[k], self.points[k + 1], strict=True)]
            amounts = _amounts([sp.Rational(x.numerator, x.denominator) for x in increments], "a step of a path")
            found.append(Motion(times[k + 1] - times[k], amounts))
        return (*found, *_idle(horizon - times[-1]))

    @property
    def spec(self) -> str:
        """The control in words."""
        return f"a path through {len(self.points)} points in {self.channels} channel{'s' * (self.channels > 1)}"


@dataclass(frozen=True, slots=True)
class BoundedVariation:
    """A continuous path of which nothing but the total variation of every channel is known.

    Args:
        variations: a bound for each channel.

    Raises:
        InputError: if a variation is negative or not finite.
    """

    variations: tuple[sp.Expr, ...]

    def __init__(self, *variations: Exact) -> None:
        if not variations:
            raise InputError(
                "no variation was given", "a control has at least one channel", "give one for each channel"
            )
        object.__setattr__(self, "variations", tuple(_finite(v, "a total variation") for v in variations))

    @property
    def channels(self) -> int:
        """The number of variations."""
        return len(self.variations)

    def pieces(self, horizon: sp.Expr) -> tuple[Piece, ...]:
        """One piece with these variations."""
        return (Variation(horizon, _amounts(self.variations, "a total variation")),)

    @property
    def spec(self) -> str:
        """The control in words."""
        return f"a continuous path of total variation {', '.join(map(str, self.variations))}"


@dataclass(frozen=True, slots=True)
class Piecewise:
    """Pieces in order, as they are given.

    Args:
        given: ``Motion``, ``Variation`` and ``Jump``, their amounts as for ``Jumps``.
        channels: left out: as many as the pieces speak of.

    Raises:
        InputError: if the first piece is a jump, or an amount is not finite.
    """

    given: tuple[Piece, ...]
    channels: int

    def __init__(self, given: Iterable[Piece], channels: int | None = None) -> None:
        found = tuple(_piece(piece) for piece in given)
        if not found or isinstance(found[0], Jump):
            raise InputError(
                "a piecewise control that starts with a jump was given" if found else "no piece was given",
                "a control is continuous at time 0: its jumps there would change the initial value X_0 = x",
                "start with a continuous piece, or apply the jump to the inputs",
            )
        object.__setattr__(self, "given", found)
        object.__setattr__(self, "channels", _channels([piece.amounts for piece in found], channels))

    def pieces(self, horizon: sp.Expr) -> tuple[Piece, ...]:
        """The pieces, and the time that is left after them."""
        passed = sp.Add(*(piece.duration for piece in self.given if not isinstance(piece, Jump)))
        return (*self.given, *_idle(horizon - passed))

    @property
    def spec(self) -> str:
        """The control in words."""
        jumps = sum(isinstance(piece, Jump) for piece in self.given)
        return f"{len(self.given) - jumps} continuous pieces and {jumps} jumps"


@dataclass(frozen=True, slots=True)
class Mixture:
    """Several controls side by side, each with channels of its own, such as time and jumps.

    Args:
        parts: at least one control; their channels are numbered through.

    Example:
        >>> [type(p).__name__ for p in Mixture(Time(), Jumps([1], times=["1/2"])).pieces(sp.Integer(1))]
        ['Motion', 'Jump', 'Motion']
    """

    parts: tuple[Control, ...]

    def __init__(self, *parts: Control) -> None:
        if not parts:
            raise InputError("no control was given", "a mixture has at least one part", "give one, such as Time()")
        object.__setattr__(self, "parts", parts)

    @property
    def channels(self) -> int:
        """The channels of all parts."""
        return sum(part.channels for part in self.parts)

    def pieces(self, horizon: sp.Expr) -> tuple[Piece, ...]:
        """The parts' pieces, cut where any part has a break.

        Raises:
            InputError: if the order of two breaks cannot be told, or a piece of unknown variation would be cut.
        """
        first, merged = 0, ()
        for part in self.parts:
            own = tuple(_renumbered(piece, first) for piece in part.pieces(horizon))
            merged = _merged(merged, own) if first else own
            first += part.channels
        return merged

    @property
    def spec(self) -> str:
        """The control in words."""
        return " and ".join(part.spec for part in self.parts)


Control = Time | Jumps | DataPath | BoundedVariation | Piecewise | Mixture
"""Anything that drives a differential equation."""


def _finite(value: Any, what: str) -> sp.Expr:
    if value in (sp.oo, math.inf, "oo", "inf"):
        raise InputError(
            f"{value} was given as {what}",
            "the control has finite variation: the equation is a Stieltjes one, path by path",
            "give a bound on the variation; rough paths such as Brownian motion are not covered",
        )
    return nonnegative(value, what)


def _amounts(given: Any, what: str) -> Amounts:
    """Exact amounts by channel, zeros left out."""
    if isinstance(given, Mapping):
        pairs = list(given.items())
    elif isinstance(given, Sequence) and not isinstance(given, str):
        pairs = list(enumerate(given))
        if pairs and all(isinstance(item, tuple) and len(item) == 2 for item in given):
            pairs = list(given)
    else:
        pairs = [(0, given)]
    exact = [(int(channel), quantity(amount, what)) for channel, amount in pairs]
    return tuple(sorted(((c, a) for c, a in exact if not a.is_zero), key=lambda pair: pair[0]))


def _piece(piece: Any) -> Piece:
    if isinstance(piece, Jump):
        return Jump(_amounts(piece.amounts, "a jump of a control"))
    if isinstance(piece, Motion):
        return Motion(
            nonnegative(piece.duration, "the duration of a piece"), _amounts(piece.amounts, "a motion of a control")
        )
    if isinstance(piece, Variation):
        amounts = dict(piece.amounts) if not isinstance(piece.amounts, Mapping) else piece.amounts
        finite = {channel: _finite(amount, "a total variation") for channel, amount in amounts.items()}
        return Variation(nonnegative(piece.duration, "the duration of a piece"), _amounts(finite, "a total variation"))
    raise InputError(
        f"the piece {piece!r:.60} was given",
        "a control is made of motions, variations and jumps",
        "give Motion(duration, amounts), Variation(duration, amounts) or Jump(amounts)",
    )


def _channels(pieces: Iterable[Amounts], given: int | None) -> int:
    used = max((channel for amounts in pieces for channel, _ in amounts), default=0) + 1
    if given is not None and given < used:
        raise InputError(
            f"{given} channels were given", f"an amount is given for channel {used - 1}", f"give at least {used}"
        )
    return used if given is None else given


def _idle(duration: sp.Expr) -> tuple[Piece, ...]:
    """The time left, if any.

    Raises:
        InputError: if the pieces last longer than the horizon, or it cannot be told.
    """
    left = sp.simplify(duration)
    if left.is_zero:
        return ()
    if left.is_positive:
        return (Motion(left, ()),)
    raise InputError(
        f"a control that leaves {left} of the horizon was given",
        "the pieces of a control last at most as long as the horizon",
        "give a later horizon, or shorter pieces",
    )


def _renumbered(piece: Piece, first: int) -> Piece:
    amounts = tuple((channel + first, amount) for channel, amount in piece.amounts)
    return Jump(amounts) if isinstance(piece, Jump) else type(piece)(piece.duration, amounts)


def _merged(left: tuple[Piece, ...], right: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """Two lists of pieces over the same time, side by side."""
    one, two = list(left), list(right)
    found: list[Piece] = []
    while one or two:
        jumps = [queue.pop(0) for queue in (one, two) if queue and isinstance(queue[0], Jump)]
        if jumps:
            found.append(Jump(sum((jump.amounts for jump in jumps), ())))
            continue
        if not one or not two:  # only rounding-free zero durations can be left over
            found.append((one or two).pop(0))
            continue
        a, b = one[0], two[0]
        excess = sp.simplify(a.duration - b.duration)  # type: ignore[union-attr]
        if not excess.is_zero and not excess.is_positive and not excess.is_negative:
            raise InputError(
                f"controls with breaks {a.duration} and {b.duration} apart were mixed",  # type: ignore[union-attr]
                "the order of two breaks has to be known",
                "give times and horizon as numbers",
            )
        shorter = b.duration if excess.is_positive else a.duration  # type: ignore[union-attr]
        parts = [_cut(queue, shorter) for queue in (one, two)]
        kind = Variation if any(isinstance(part, Variation) for part in parts) else Motion
        found.append(kind(shorter, parts[0].amounts + parts[1].amounts))
    return tuple(found)


def _cut(queue: list[Piece], duration: sp.Expr) -> Piece:
    """The first ``duration`` of the first piece, which is taken off the queue."""
    piece = queue.pop(0)
    rest = sp.simplify(piece.duration - duration)  # type: ignore[union-attr]
    if rest.is_zero:
        return piece
    if isinstance(piece, Variation) and piece.amounts:
        raise InputError(
            f"a piece of unknown course and duration {piece.duration} was mixed with a break inside it",
            "only its whole variation is known, not how much of it comes before the break",
            "give the variation between the breaks, by Piecewise",
        )
    share = duration / piece.duration  # type: ignore[union-attr]
    queue.insert(0, Motion(rest, tuple((c, sp.simplify(a * (1 - share))) for c, a in piece.amounts)))
    return Motion(duration, tuple((c, sp.simplify(a * share)) for c, a in piece.amounts))
