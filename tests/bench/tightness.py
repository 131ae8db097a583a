"""Bound / best certified lower bound, sharpest rule beside plain recursion: ``python -m tests.bench.tightness``.

An argument multiplies the searches' budget (default 1: about two minutes).
"""

from __future__ import annotations

import sys
from fractions import Fraction

import lipsym as ls
from lipsym.refute.confirm import certified_lower
from lipsym.report.decimals import decimal
from tests.bench.table import show

NETWORKS = [
    *(f"mlp:{shape}:tanh{output}" for shape in ("1-1-1", "2-2-1", "2-3-2", "2-2-2-1") for output in (":tanh", "")),
    "mlp:1-1-1:sigmoid:sigmoid",
]
RADII = ("1/2", "1", "3", "10")


def ratio(network: ls.Network, quantity: str, radius: str, rule: str, lower: Fraction) -> str:
    """``upper end / lower``, rounded up."""
    bound = ls.derive(network, ls.ProductBall("R"), ls.InputBall(1), quantity, rule=rule)
    assert isinstance(bound, ls.Bound)
    upper = bound.evaluate({"R": radius}).hi
    assert upper >= lower, f"REFUTED: {network}, {quantity}, R = {radius}, {rule}"
    return decimal(Fraction(upper) / lower, 5)


def main(factor: int = 1) -> None:
    for quantity in ("lipschitz", "smoothness"):
        rows = []
        for text in NETWORKS:
            network = ls.parse_network(text)
            assert isinstance(network, ls.Network)
            cells = []
            for radius in RADII:
                region, inputs = ls.ProductBall("R"), ls.InputBall(1)
                lower = certified_lower(network, region, inputs, quantity, {"R": radius}, 0, 4_000 * factor).value
                cells.append(
                    " / ".join(ratio(network, quantity, radius, rule, lower) for rule in ("auto", "recursion"))
                )
            rows.append([text, *cells])
        head = ["network", *(f"R = {radius}" for radius in RADII)]
        show(f"{quantity}: bound / best certified lower bound, S = 1 (sharpest rule / plain recursion)", head, rows)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
