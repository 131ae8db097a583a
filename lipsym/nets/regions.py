"""Regions of parameters: joint balls and products of balls; boxes are next door.

Invariant: every region is convex, its numbers are exact, and ``blocks`` returns balls, one for each parameter block,
whose product contains the region, the smallest such product.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy as sp

from lipsym.errors import InputError
from lipsym.nets.arrays import Block, blocks_from, key
from lipsym.nets.blocks import (
    BlockBall,
    Keyed,
    at_most,
    centers_for,
    exact_entries,
    norm_text,
    parameters_text,
    square_distance,
)
from lipsym.nets.boxes import Box
from lipsym.nets.network import Network
from lipsym.nets.quantities import Exact, nonnegative

__all__ = ["Ball", "BlockBall", "Box", "ProductBall", "Region"]


@dataclass(frozen=True, slots=True, eq=False)
class Ball(Keyed):
    """The joint ball ``‖θ − c‖ ≤ R``, ``‖θ‖² = Σ_k ‖A_k‖_F² + ‖b_k‖²``.

    Args:
        radius: ``R``: an int, a ``Fraction``, a string such as ``"3/2"`` or ``"R"``, or an exact SymPy expression.
        center: ``c`` as ``(A_k, b_k)`` for each block, floats taken as exact; left out: 0.

    Raises:
        InputError: for a negative radius, or a centre with NaN or infinite entries.
        InexactNumberError: for a float as radius.

    Example:
        >>> region = Ball("3/2")
        >>> region.radius, region.spec
        (3/2, 'ball:3/2')
    """

    radius: sp.Expr
    center: tuple[Block, ...] | None

    def __init__(self, radius: Exact, center: Iterable[Any] | None = None) -> None:
        object.__setattr__(self, "radius", nonnegative(radius, "the radius of a ball"))
        object.__setattr__(self, "center", None if center is None else blocks_from(center, "the centre of a ball"))

    def blocks(self, network: Network) -> tuple[BlockBall, ...]:
        """The ball of radius ``R`` for each block, in the network's order: every block may use the whole radius."""
        centers = centers_for(network, self.center)
        return tuple(BlockBall(self.radius, center) for center in centers)

    def contains(self, parameters: Iterable[Any], network: Network, values: Mapping[Any, Any] | None = None) -> bool:
        """Whether exact parameters ``[(A_1, b_1), …]`` lie in the region, decided exactly.

        Raises:
            InputError: if the shapes do not fit the network, or a symbol of the radius has no value in ``values``.
        """
        given = exact_entries(parameters, network)
        distances = [square_distance(*pair) for pair in zip(given, centers_for(network, self.center), strict=True)]
        return at_most(sum(distances, Fraction(0)), self.radius**2, values)

    @property
    def spec(self) -> str:
        """The region as text; ``parse_region`` reads it back if the centre is 0."""
        return f"ball:{self.radius}" + ("" if self.center is None else " around given weights")

    def describe(self, network: Network) -> str:
        """The hypothesis as a sentence."""
        what = "θ" if self.center is None else "θ − c"
        where = "" if self.center is None else ", c the given weights"
        return (
            f"‖{what}‖ ≤ {self.radius} jointly over {parameters_text(network)} (Euclidean norm of all entries){where}"
        )

    def _key(self) -> tuple[Any, ...]:
        return self.radius, key(self.center)

    def __str__(self) -> str:
        return self.spec


@dataclass(frozen=True, slots=True, eq=False)
class ProductBall(Keyed):
    """One ball for each block: ``‖θ_k − c_k‖ ≤ R_k``, ``‖θ_k‖² = ‖A_k‖_F² + ‖b_k‖²``.

    Args:
        radii: one radius for all blocks, or one for each.
        centers: ``c_k`` as ``(A_k, b_k)`` for each block, floats taken as exact; left out: 0.

    Raises:
        InputError: for a negative radius, no radius, or a centre with NaN or infinite entries.
        InexactNumberError: for a float as radius.

    Example:
        >>> ProductBall([2, "R", 3]).spec
        'layers:2,R,3'
    """

    radii: sp.Expr | tuple[sp.Expr, ...]
    centers: tuple[Block, ...] | None

    def __init__(self, radii: Exact | Sequence[Exact], centers: Iterable[Any] | None = None) -> None:
        what = "the centres of a product of balls"
        object.__setattr__(self, "radii", _radii(radii))
        object.__setattr__(self, "centers", None if centers is None else blocks_from(centers, what))

    def blocks(self, network: Network) -> tuple[BlockBall, ...]:
        """The balls in the network's order of blocks.

        Raises:
            InputError: if the number of radii is not the number of blocks.
        """
        centers = centers_for(network, self.centers)
        radii = self.radii if isinstance(self.radii, tuple) else (self.radii,) * len(network.blocks)
        if len(radii) != len(network.blocks):
            raise InputError(
                f"{len(radii)} radii were given",
                f"the network has {len(network.blocks)} parameter blocks",
                "give one radius for all blocks, or one for each",
            )
        return tuple(BlockBall(radius, center) for radius, center in zip(radii, centers, strict=True))

    def contains(self, parameters: Iterable[Any], network: Network, values: Mapping[Any, Any] | None = None) -> bool:
        """Whether exact parameters ``[(A_1, b_1), …]`` lie in the region, decided exactly."""
        pairs = zip(exact_entries(parameters, network), self.blocks(network), strict=True)
        inside = [at_most(square_distance(given, ball.center), ball.radius**2, values) for given, ball in pairs]
        return all(inside)  # every comparison is made, so that a missing value is reported wherever it is

    @property
    def spec(self) -> str:
        """The region as text; ``parse_region`` reads it back if the centres are 0."""
        radii = self.radii if isinstance(self.radii, tuple) else (self.radii,)
        return f"layers:{','.join(map(str, radii))}" + ("" if self.centers is None else " around given weights")

    def describe(self, network: Network) -> str:
        """The hypothesis as a sentence."""
        what = "θ_k" if self.centers is None else "θ_k − c_k"
        where = "" if self.centers is None else ", c the given weights"
        radii = [ball.radius for ball in self.blocks(network)]
        if len(set(radii)) == 1:
            text = f"‖{what}‖ ≤ {radii[0]} for each of {parameters_text(network)}"
        else:
            each = ", ".join(f"‖{what.replace('k', str(b))}‖ ≤ {r}" for b, r in zip(network.blocks, radii, strict=True))
            text = f"{each} for {parameters_text(network)}"
        return f"{text} (‖θ_k‖² = {norm_text(network)}){where}"

    def _key(self) -> tuple[Any, ...]:
        return self.radii, key(self.centers)

    def __str__(self) -> str:
        return self.spec


def _radii(given: Exact | Sequence[Exact]) -> sp.Expr | tuple[sp.Expr, ...]:
    if isinstance(given, str) or not isinstance(given, Sequence):
        return nonnegative(given, "the radius of each block")
    if not given:
        raise InputError(
            "an empty list of radii was given",
            "a product of balls has a radius for each block",
            "give one radius for all blocks, or one for each",
        )
    return tuple(nonnegative(radius, f"the radius of block {k}") for k, radius in enumerate(given, 1))


Region = Ball | ProductBall | Box
"""A region of parameters."""
