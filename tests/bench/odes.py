"""Controlled equations: upper/lower against the radius, residual networks against their flow.

Run: ``python -m tests.bench.odes``.
"""

from __future__ import annotations

import time
from fractions import Fraction

import lipsym as ls
from lipsym.nets.odes import neural_ode, residual
from tests.bench.table import show

RADII = (1, 8, 32, 128)


def ratio(activation: str, quantity: str) -> list[str]:
    """Certified upper ends of upper/lower, and the proved limit."""
    found = ls.sharpness(neural_ode(2, activation, 1), ls.Ball("R"), ls.InputBall(1), quantity)
    cells = [f"{float(found.at({'R': radius}).hi):.4g}" for radius in RADII]
    return [activation, quantity, *cells, str(found.limit)]


def convergence(quantity: str) -> list[list[str]]:
    """Bounds of residual networks with shared blocks and step 1/n at R = S = 1, and of the flow."""
    rows = []
    for blocks in (8, 32, 128, None):
        start = time.process_time()
        ode = neural_ode(2, "tanh", 1) if blocks is None else residual(2, blocks, Fraction(1, blocks), shared=True)
        bound = ls.derive(ode, ls.Ball(1), ls.InputBall(1), quantity)
        value = bound.evaluate({}).upper_float() if isinstance(bound, ls.Bound) else float("nan")
        rows.append([quantity, str(blocks or "flow"), f"{value:.5g}", f"{time.process_time() - start:.2f}"])
    return rows


def main() -> None:
    """Print the tables."""
    rows = [
        ratio(activation, quantity) for activation in ("tanh", "sigmoid") for quantity in ("lipschitz", "smoothness")
    ]
    show("upper/lower of X' = σ(AX + b), S = T = 1, width 2", ["σ", "quantity", *map(str, RADII), "limit"], rows)
    rows = [row for quantity in ("lipschitz", "smoothness") for row in convergence(quantity)]
    show("residual networks with step 1/n, tanh, R = S = 1", ["quantity", "n", "bound", "CPU s"], rows)


if __name__ == "__main__":
    main()
