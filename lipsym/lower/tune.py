"""The free points of a witness, tuned at numbers.

Invariant: floating point only proposes. What is returned is the formula of a family, enclosed at exact rational points,
so it is a lower bound whatever the search found.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import sympy as sp

from lipsym.bounds.derivation import Derivation
from lipsym.bounds.derive import check_question
from lipsym.bounds.kinks import ORDERS
from lipsym.bounds.result import Bound, Unbounded, Unknown
from lipsym.bounds.stages import Stage, stages
from lipsym.domains import evaluate
from lipsym.enclosure import Enclosure
from lipsym.lower.candidates import Candidate, can_cancel, candidates
from lipsym.lower.inscribed import inscribed
from lipsym.lower.instance import Instance, instance
from lipsym.lower.lower_bound import lower_bound
from lipsym.lower.path import Cancel, Choice, Direction, Forward, Pin
from lipsym.nets.activations import Activation
from lipsym.nets.inputs import Dataset, InputBall
from lipsym.nets.losses import Loss
from lipsym.nets.losses import loss as find_loss
from lipsym.nets.network import Network
from lipsym.nets.regions import Ball, Region
from lipsym.nets.uniform import UniformNetwork

LARGEST_PATTERNS = 8
"""Sign patterns that are tried; each is a family of its own."""

GENERATIONS, MEMBERS = 120, 64
FARTHEST = 9
"""Points are searched up to ``sinh(9)``, about 4000; beyond, the standard witnesses align weight and bias."""
GRID = 2**20
"""Tuned points are multiples of ``1/GRID``."""


@dataclass(frozen=True, slots=True)
class LowerWitness:
    """A lower bound at numbers, with the parameters that attain it.

    Args:
        value: an enclosure of the family's formula at ``points``; its lower end bounds the supremum from below.
        bound: the family, its free points as symbols.
        points: their exact values, by name.
        instance: exact parameters of the region and an input at which it is reached, but for rounding; ``None`` for
            symbolic widths.
    """

    value: Enclosure
    bound: Bound
    points: Mapping[str, Fraction]
    instance: Instance | None


def lower_at(
    network: Network | UniformNetwork,
    region: Region,
    inputs: InputBall | Dataset,
    quantity: str = "lipschitz",
    values: Mapping[str, Any] | None = None,
    loss: str | Loss | None = None,
    precision: int = 53,
) -> LowerWitness | Unbounded | Unknown:
    """The best path witness at numbers: its free points, shares and direction are optimised, rounded and certified.

    Args:
        network, region, inputs, quantity, loss: as for ``derive``.
        values: for every symbol an exact number.
        precision: bits of the enclosure.

    Example:
        >>> import lipsym as ls
        >>> question = ls.mlp([1, 1, 1], "tanh", "tanh"), ls.ProductBall("R"), ls.InputBall("S"), "smoothness"
        >>> at = {"R": 1, "S": 1}
        >>> tuned, standard = lower_at(*question, at).value, ls.derive(*question, side="lower").evaluate(at)
        >>> tuned.lo > Fraction(189, 100) * Fraction(standard.hi)
        True

    Proof: proofs/path-witness-1.md, proofs/path-witness-2.md.
    """
    check_question(network, region, inputs, quantity)
    objective, given = None if loss is None else find_loss(loss), dict(values or {})
    standard = lower_bound(network, region, inputs, quantity, objective)
    if not isinstance(standard, Bound):
        return standard
    if isinstance(network, UniformNetwork):
        if not isinstance(network.depth, int):
            return Unknown(quantity, "witnesses are tuned for numbered layers; give the depth as a number")
        network = network.at()
    line, order = stages(network), ORDERS[quantity]
    if line is None:
        raise TypeError("a lower bound was derived without stages")
    joint = isinstance(region, Ball) and len(line) > 1
    best: tuple[Enclosure, Bound, Candidate, dict[str, Fraction]] | None = None
    inner = inscribed(region, network, Derivation(set()))
    for candidate in [*candidates(line, order, inner, objective), *families(line, order, joint, objective is not None)]:
        bound = lower_bound(network, region, inputs, quantity, objective, [candidate])
        if not isinstance(bound, Bound):
            continue
        numbers = {s.name: given[s.name] for s in bound.symbols if s not in candidate.free and s.name in given}
        points = _tuned(bound, candidate, numbers)
        value = bound.evaluate(numbers | points, precision=precision)
        if best is None or value.lo > best[0].lo:
            best = value, bound, candidate, points
    if best is None:
        return Unknown(quantity, "no family of witnesses applies")
    value, bound, candidate, points = best
    return LowerWitness(value, bound, points, instance(network, region, inputs, candidate.at(points), given, objective))


def families(line: Sequence[Stage], order: int, joint: bool, with_loss: bool) -> Iterator[Candidate]:
    """Paths whose points, shares and, for order 2, direction are symbols; one for each pattern of signs."""
    m = len(line)
    rule = "path-witness-1" if order == 1 else "path-witness-2"
    shares = tuple(sp.Symbol(f"s_{k}", positive=True) for k in range(1, m + 1)) if joint else (sp.S.One,) * m
    direction = None
    if order == 2:
        own, across = (tuple(sp.Symbol(f"{name}_{k}", real=True) for k in range(1, m + 1)) for name in "uc")
        direction = Direction(own, (sp.S.Zero, *across[1:]))
    for signs in _patterns(line):
        choices: list[Choice] = []
        for k, (stage, sign) in enumerate(zip(line, signs, strict=True), 1):
            forward = (k > 1 and not stage.affine.bias) or (k == m and stage.linear and not with_loss)
            choices.append(Forward() if forward else Pin(sp.Symbol(f"p_{k}", nonnegative=True), sign))
        free = [c.point for c in choices if isinstance(c, Pin)] + [s for s in shares if joint]
        free += [] if direction is None else [*direction.own, *direction.across[1:]]
        yield Candidate(rule, tuple(choices), shares, direction, tuple(free))
        top = max((k for k, stage in enumerate(line) if not stage.linear), default=0)
        offsets = any(not s.activation.at_zero.is_zero for s in line[:top])
        if offsets and all(can_cancel(s) for s in line[:top]) and all(s > 0 for s in signs[:top]):
            paired = tuple(Cancel() if k < top else c for k, c in enumerate(choices))
            yield Candidate("offset-cancelling", paired, shares, direction, tuple(free))


def _patterns(line: Sequence[Stage]) -> list[tuple[int, ...]]:
    """Signs of the points: a hidden one is negative only where ``σ ≥ 0`` everywhere."""
    *hidden, last = line
    allowed = [(1, -1) if s.activation.name in ("sigmoid", "softplus") else (1,) for s in hidden]
    allowed.append((1,) if _odd(last.activation) else (1, -1))
    return sorted(product(*allowed), key=lambda signs: abs(abs(sum(signs)) - len(signs)))[:LARGEST_PATTERNS]


def _odd(sigma: Activation) -> bool:
    return sp.simplify(sigma.value + sigma.value.subs(sigma.z, -sigma.z)) == 0


def _tuned(bound: Bound, candidate: Candidate, numbers: Mapping[str, Any]) -> dict[str, Fraction]:
    """Points for the free symbols at which the bound is large, by differential evolution in floating point."""
    free = [s for s in bound.symbols if s in candidate.free]
    unused = {s.name: Fraction(1) for s in candidate.free}
    if not free:
        return unused
    function = bound.lambdify()
    fixed = {name: _float(value) for name, value in numbers.items()}
    known = {name: np.full(MEMBERS, value) for name, value in fixed.items()}

    def value(y: np.ndarray) -> np.ndarray:
        found = function(**known, **{s.name: _scale(s, row) for s, row in zip(free, y.T, strict=True)})
        return np.where(np.isfinite(found), found, -np.inf)

    generator = np.random.default_rng(0)
    y = generator.uniform(0.0, 1.0, (MEMBERS, len(free)))
    y[0] = [0.0 if _is_point(s) else 0.75 if s.is_positive else float(s.name == "u_1") / 2 + 0.5 for s in free]
    best = value(y)
    for _ in range(GENERATIONS):
        a, b, c = (y[generator.permutation(MEMBERS)] for _ in range(3))
        pull = generator.uniform(0.3, 0.9, (MEMBERS, 1))
        toward = np.where(generator.random((MEMBERS, 1)) < 0.5, y[best.argmax()], a)
        trial = np.clip(toward + pull * (b - c), 0.0, 1.0)
        trial = np.where(generator.random(y.shape) < 0.8, trial, y)
        reached = value(trial)
        better = reached > best
        y, best = np.where(better[:, None], trial, y), np.where(better, reached, best)
    top = y[best.argmax()]
    return unused | {s.name: Fraction(round(float(_scale(s, v)) * GRID), GRID) for s, v in zip(free, top, strict=True)}


def _is_point(symbol: sp.Symbol) -> bool:
    return symbol.name.startswith("p_")


def _scale(symbol: sp.Symbol, y: Any) -> Any:
    """From ``[0, 1]`` to the symbol's range: points far out are rare, shares positive, directions of either sign."""
    if _is_point(symbol):
        return np.sinh(FARTHEST * y)
    return y + 1 / GRID if symbol.is_positive else 2 * y - 1


def _float(value: Any) -> float:
    enclosure = evaluate(sp.sympify(value), {})
    return (enclosure.lower_float() + enclosure.upper_float()) / 2
