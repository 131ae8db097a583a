"""Assertions: a claim has no counterexample that a search finds; a function is as Lipschitz as somebody says.

Invariant: ``assert_no_counterexample`` fails only with a proof. ``assert_lipschitz`` knows a function by its floats
alone, so it fails with two points whose measured secant exceeds the bound by more than rounding can explain.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lipsym.enclosure import Enclosure
from lipsym.errors import InexactNumberError, InputError
from lipsym.nets.claim import Claim
from lipsym.refute.counterexample import Counterexample, Survived
from lipsym.refute.refute import refute
from lipsym.refute.starts import PRIMES, halton

STEP = 1e-4
"""Secants are measured over this share of the radius."""


def assert_no_counterexample(
    claim: Claim,
    budget: float = 5,
    seed: int = 0,
    values: Mapping[str, Any] | None = None,
    executor: Executor | None = None,
) -> Survived:
    """Fail if ``lipsym.refute`` breaks the claim.

    Args:
        claim: an upper bound on a constant of a network.
        budget: seconds of one core.
        seed, values, executor: as for ``lipsym.refute``.

    Returns:
        What the claim survived: ``.ratio``, ``.evaluations``. This is not a proof.

    Raises:
        AssertionError: with the counterexample.
        InputError: for a claim that no point can test.
    """
    found = refute(claim, budget, seed, executor, values)
    if isinstance(found, Counterexample):
        raise AssertionError(str(found))
    return found


@dataclass(frozen=True, slots=True)
class Steepest:
    """The steepest secant that was measured.

    Args:
        ratio: ``‖f(θ') − f(θ)‖/‖θ' − θ‖``.
        theta, theta_prime: where.
        evaluations: of ``f``.
    """

    ratio: float
    theta: np.ndarray
    theta_prime: np.ndarray
    evaluations: int


def assert_lipschitz(
    f: Callable[[np.ndarray], ArrayLike],
    bound: int | Fraction | float | Enclosure,
    dimension: int,
    radius: float = 1.0,
    center: ArrayLike | None = None,
    evaluations: int = 20_000,
    seed: int = 0,
    slack: float = 1e-6,
) -> Steepest:
    """Fail if a search finds ``θ, θ'`` in a ball with ``‖f(θ) − f(θ')‖ > bound · ‖θ − θ'‖``.

    Args:
        f: from an array of shape ``(dimension,)`` to a number or an array.
        bound: the claimed Lipschitz constant on the ball; of an ``Enclosure`` the upper end counts.
        dimension: of ``θ``.
        radius, center: the ball ``‖θ − center‖ ≤ radius``; around 0 if left out.
        evaluations: how often ``f`` may be called.
        seed: of the search.
        slack: a secant counts as steeper only beyond ``bound · (1 + slack)``, since ``f`` is rounded.

    Returns:
        The steepest secant found, for tests of how sharp a bound is.

    Raises:
        AssertionError: with the two points.
        InputError: for a dimension, radius or bound that is none.

    Example:
        >>> steepest = assert_lipschitz(lambda t: t[0] * np.tanh(t[1]), bound=1.01, dimension=2, radius=1)
        >>> 0.99 < steepest.ratio < 1.01
        True
    """
    allowed = _float_bound(bound)
    if isinstance(dimension, bool) or not isinstance(dimension, int) or dimension < 1 or not radius > 0:
        raise InputError(
            f"the dimension {dimension!r} and the radius {radius!r} were given",
            "a ball of parameters has a positive dimension and a positive radius",
            "give dimension=len(theta) and a radius such as 1",
        )
    middle = np.zeros(dimension) if center is None else np.asarray(center, dtype=np.float64).reshape(dimension)
    search = _Search(f, middle, float(radius), evaluations, np.random.default_rng(seed))
    steepest = search.run(allowed * (1 + slack))
    if steepest.ratio > allowed * (1 + slack):
        raise AssertionError(
            f"the bound {allowed:.9g} fails: a secant has the slope {steepest.ratio:.9g}\n"
            f"θ  = {steepest.theta.tolist()}\nθ' = {steepest.theta_prime.tolist()}\n"
            f"found in {steepest.evaluations} evaluations, in floating point"
        )
    return steepest


class _Search:
    """Random and low-discrepancy points, the steepest direction at each, and steps from the best of them."""

    def __init__(
        self,
        f: Callable[[np.ndarray], ArrayLike],
        center: np.ndarray,
        radius: float,
        evaluations: int,
        rng: np.random.Generator,
    ) -> None:
        self.f, self.center, self.radius, self.left, self.rng = f, center, radius, evaluations, rng
        self.spent = 0
        self.best = Steepest(0.0, center, center, 0)

    def run(self, enough: float) -> Steepest:
        """Search until a secant is steeper than ``enough`` or the evaluations are spent."""
        count = len(self.center)
        starts = max(4, self.left // (6 * (count + 2)))
        even = 2 * halton(starts, min(count, len(PRIMES))) - 1
        seen: list[tuple[float, np.ndarray]] = []
        for i in range(starts):
            point = self._start(i, even)
            seen.append((self._slope(point), point))
            if self._done(enough):
                return self.best
        seen.sort(key=lambda pair: -pair[0])
        while seen and not self._done(enough):
            for slope, point in seen[:8]:
                self._climb(slope, point, enough)
                if self._done(enough):
                    break
        return self.best

    def _done(self, enough: float) -> bool:
        return self.best.ratio > enough or self.left <= 0

    def _start(self, number: int, even: np.ndarray) -> np.ndarray:
        count = len(self.center)
        match number % 4:
            case 0:  # few coordinates are not 0
                offset = np.zeros(count)
                chosen = self.rng.choice(count, min(count, 1 + number // 4 % 3), replace=False)
                offset[chosen] = self.rng.standard_normal(len(chosen))
            case 1:
                offset = np.resize(even[number], count)
            case _:
                offset = self.rng.standard_normal(count)
        length = float(np.linalg.norm(offset))
        share = 1.0 if number % 2 else float(self.rng.random() ** (1 / count))
        return self.center + offset * (share * self.radius * (1 - 2 * STEP) / max(length, 1e-300))

    def _value(self, point: np.ndarray) -> np.ndarray:
        self.left -= 1
        self.spent += 1
        return np.atleast_1d(np.asarray(self.f(point), dtype=np.float64)).ravel()

    def _slope(self, point: np.ndarray) -> float:
        """The largest secant in the direction that finite differences propose."""
        step, count = STEP * self.radius, len(point)
        base = self._value(point)
        columns = np.array([(self._value(point + step * e) - base) / step for e in np.eye(count)]).T
        if not np.isfinite(columns).all():
            return 0.0
        direction = np.linalg.svd(columns, full_matrices=False)[2][0]
        steepest = 0.0
        for sign in (1.0, -1.0):
            other = self.center + _into(point + sign * step * direction - self.center, self.radius)
            length = float(np.linalg.norm(other - point))
            if length > step / 2:
                ratio = float(np.linalg.norm(self._value(other) - base)) / length
                steepest = max(steepest, ratio)
                if ratio > self.best.ratio:
                    self.best = Steepest(ratio, point, other, self.spent)
        return steepest

    def _climb(self, slope: float, point: np.ndarray, enough: float) -> None:
        """Random steps of adapted length, accepted if they are steeper."""
        size = 0.3 * self.radius
        while size > 1e-4 * self.radius and not self._done(enough):
            trial = point + size * self.rng.standard_normal(len(point)) / np.sqrt(len(point))
            trial = self.center + _into(trial - self.center, self.radius * (1 - 2 * STEP))
            found = self._slope(trial)
            if found > slope:
                slope, point, size = found, trial, size * 1.5
            else:
                size *= 0.85


def _into(offset: np.ndarray, radius: float) -> np.ndarray:
    length = float(np.linalg.norm(offset))
    return offset if length <= radius else offset * (radius / length)


def _float_bound(bound: Any) -> float:
    if isinstance(bound, Enclosure):
        return bound.upper_float()
    if isinstance(bound, str | bool):
        raise InexactNumberError(
            f"{bound!r} was given as a bound", "the bound on a function of floats is a number", "give a number"
        )
    value = float(bound)
    if not value >= 0:
        raise InputError(f"the bound {bound!r} was given", "a Lipschitz constant is not negative", "give a number ≥ 0")
    return value
