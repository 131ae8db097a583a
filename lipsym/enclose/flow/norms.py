"""Norms of the derivatives of a controlled ODE at one point, certified.

Invariant: as for networks, a lower bound holds for whatever direction floating point proposed, and 0 is returned where
the integration proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from lipsym.domains.balls import ball, lower, total, working_precision
from lipsym.domains.norms import spectral_norm
from lipsym.enclose.flow.solution import Pairs, solution
from lipsym.enclose.flow.trajectory import Trajectory
from lipsym.enclose.search import steepest_directions
from lipsym.enclosure import Enclosure
from lipsym.nets.odes import ControlledODE

MOST_COLUMNS = 24
"""Up to so many parameters ``D_θX`` is integrated as a whole; beyond, along proposed directions."""

ORDER = 12
PRECISION = 96


def flow_lipschitz_at(
    ode: ControlledODE, params: Pairs, x: Sequence[Any], values: Mapping[Any, Any] | None = None
) -> Enclosure:
    """Enclose ``‖D_θX_T‖₂`` at exact parameters and initial state; ``[0, ∞)`` where no solution was validated."""
    end = solution(ode, params, x, 1, values, order=ORDER, precision=PRECISION)
    if not isinstance(end, Trajectory) or end.first is None:
        return Enclosure(0, float("inf"))
    return spectral_norm(end.first, PRECISION)


def flow_lower(
    ode: ControlledODE,
    params: Pairs,
    x: Sequence[Any],
    order: int,
    directions: Iterable[Pairs] | None = None,
    values: Mapping[Any, Any] | None = None,
) -> Fraction:
    """A lower bound of ``‖D_θX_T‖`` (order 1) or ``‖D²_θX_T‖`` (order 2) at exact parameters and initial state.

    Args:
        ode: the equation; only numbers, or symbols with ``values``.
        params, x: exact numbers.
        order: 1 or 2.
        directions: the ``u`` of ``‖DX[u]‖/‖u‖`` and ``‖D²X[u, u]‖/‖u‖²``; left out: what floating point proposes, or
            for order 1 and few parameters the whole matrix.
        values: numbers for the equation's symbols.
    """
    if order == 1 and directions is None and int(ode.parameter_count) <= MOST_COLUMNS:  # type: ignore[arg-type]
        low = flow_lipschitz_at(ode, params, x, values).lo
        return low if isinstance(low, Fraction) else Fraction(0)
    if directions is None:
        floats = [(_floats(a), None if b is None else _floats(b)) for a, b in params]
        directions = steepest_directions(ode, floats, _floats(x), order)  # type: ignore[arg-type]
    best = Fraction(0)
    for u in directions:
        end = solution(ode, params, x, order, values, _lists(u), ORDER, precision=PRECISION)
        if not isinstance(end, Trajectory):
            continue
        form = end.first if order == 1 else end.second
        square = sum((Fraction(v) ** 2 for part in _entries(u) for v in part), Fraction(0))
        if form is None or not square:
            continue
        with working_precision(PRECISION):
            length = ball(square) if order == 2 else ball(square).sqrt()
            best = max(best, lower(total(v * v for v in form.entries()).sqrt() / length))
    return best


def _floats(values: Any) -> np.ndarray:
    return np.asarray(values, dtype=object).astype(np.float64)


def _lists(pairs: Any) -> list[tuple[Any, Any]]:
    return [(np.asarray(a).tolist(), None if b is None else np.asarray(b).tolist()) for a, b in pairs]


def _entries(pairs: Any) -> Iterable[list[Any]]:
    for a, b in pairs:
        yield np.asarray(a).ravel().tolist()
        if b is not None:
            yield np.asarray(b).ravel().tolist()
