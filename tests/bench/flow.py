"""Widths and costs of validated integration, and gaps of certified suprema: ``python -m tests.bench.flow``.

Fields ``tanh(Ax + b)`` with random ``A`` scaled to the spectral norm in the table; process time, since it is what a
shared machine leaves unchanged.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

import lipsym as ls
from lipsym.enclose.flow.solution import solution
from lipsym.enclose.flow.trajectory import Trajectory
from lipsym.nets.controls import DataPath
from lipsym.nets.odes import neural_cde, neural_ode
from tests.bench.table import seconds, show


def spent(function: Callable[[], Any], repeats: int = 3) -> tuple[Any, float]:
    """The result, and the least process time of a few runs."""
    best, result = float("inf"), None
    for _ in range(repeats):
        start = time.process_time()
        result = function()
        best = min(best, time.process_time() - start)
    return result, best


def field(dim: int, norm: float, seed: int = 5) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    a = rng.standard_normal((dim, dim))
    return a * norm / np.linalg.norm(a, 2), rng.standard_normal(dim) * 0.3, rng.standard_normal(dim) * 0.5


def width(end: Any) -> Fraction:
    assert isinstance(end, Trajectory)
    return max(e.width for e in end.state)  # type: ignore[type-var,return-value]


def points() -> None:
    cases = [(dim, norm, 15, Fraction(1, 40), 128, "1e-25", 0.1) for dim in (2, 3, 4) for norm in (1.0, 2.0, 4.0)]
    cases += [(20, 2.0, 10, Fraction(1, 32), 64, "1e-9", 1.0), (20, 4.0, 12, Fraction(1, 40), 64, "1e-9", 1.0)]
    rows = []
    for dim, norm, order, step, bits, wanted, limit in cases:
        a, b, x = field(dim, norm)
        end, taken = spent(
            lambda a=a, b=b, x=x, dim=dim, order=order, step=step, bits=bits: solution(
                neural_ode(dim, "tanh", 1), [(a, b)], x.tolist(), 0, None, "none", order, step, bits
            )
        )
        reached = width(end)
        kept = "within" if reached <= Fraction(wanted) else "OVER"
        rows.append(
            [
                str(dim),
                f"{norm:g}",
                str(order),
                str(step or "chosen"),
                str(bits),
                f"{float(reached):.1e} ({kept} {wanted})",
                seconds(taken, limit),
            ]
        )
    show("Points, T = 1", ["dim", "‖A‖", "order", "step", "bits", "width", "time"], rows)


def derivatives() -> None:
    rows = []
    for dim, degree in ((2, 1), (4, 1), (2, 2)):
        a, b, x = field(dim, 2.0)
        end, taken = spent(
            lambda a=a, b=b, x=x, dim=dim, degree=degree: solution(
                neural_ode(dim, "tanh", 1), [(a, b)], x.tolist(), degree, order=15, step="1/40"
            ),
            1,
        )
        matrix = end.first if degree == 1 else end.second
        widest = max(float(2 * v.rad()) for v in matrix.entries())
        rows.append([str(dim), "D" if degree == 1 else "D²", f"{matrix.ncols()}", f"{widest:.1e}", seconds(taken)])
    show("Derivatives by all parameters, order 15, step 1/40, 128 bits", ["dim", "", "columns", "width", "time"], rows)


def boxes() -> None:
    rows = []
    for dim, norm, radius, parts in (
        (2, 2.0, 0.01, 1),
        (4, 1.0, 0.01, 1),
        (4, 2.0, 0.01, 1),
        (4, 4.0, 0.01, 1),
        (4, 4.0, 0.01, 64),
        (4, 2.0, 0.1, 1),
        (4, 2.0, 0.1, 64),
    ):
        a, b, x = field(dim, norm)
        wide = [([[ball(v, radius) for v in row] for row in a.tolist()], [ball(v, radius) for v in b.tolist()])]
        end, taken = spent(
            lambda wide=wide, x=x, dim=dim, parts=parts: solution(
                neural_ode(dim, "tanh", 1), wide, x.tolist(), 0, order=8, step="1/20", precision=64, parts=parts
            ),
            1,
        )
        sampled = reachable(a, b, x, radius)
        ratio = max(e.width / Fraction(float(s)) for e, s in zip(end.state, sampled, strict=True))
        limit = "≤ 1.6 wanted" if (dim, radius) == (4, 0.01) else ""
        rows.append([str(dim), f"{norm:g}", f"{radius:g}", str(parts), f"{float(ratio):.2f} {limit}", seconds(taken)])
    show("Boxes of parameters, T = 1", ["dim", "‖A‖", "radius", "parts", "width / sampled width", "time"], rows)


def ball(value: float, radius: float) -> ls.Enclosure:
    return ls.Enclosure(Fraction(value) - Fraction(radius), Fraction(value) + Fraction(radius))


def reachable(a: np.ndarray, b: np.ndarray, x: np.ndarray, radius: float) -> np.ndarray:
    """Widths over samples: random corners, and the corners that the derivatives of each coordinate point to."""
    dim = len(b)
    rng = np.random.default_rng(0)
    signs = np.sign(rng.standard_normal((2000, dim * dim + dim)))
    slopes = solution(neural_ode(dim, "tanh", 1), [(a, b)], x.tolist(), 1, order=8, step="1/8", precision=64)
    for i, row in enumerate(slopes.first.tolist()):  # type: ignore[union-attr]
        signs[2 * i] = np.sign([float(v.mid()) for v in row])
        signs[2 * i + 1] = -signs[2 * i]
    matrices = a + radius * signs[:, : dim * dim].reshape(-1, dim, dim)
    offsets = b + radius * signs[:, dim * dim :]
    y, n = np.tile(x, (len(signs), 1)), 100

    def f(y: np.ndarray) -> np.ndarray:
        return np.tanh(np.einsum("nij,nj->ni", matrices, y) + offsets)

    for _ in range(n):
        k1 = f(y)
        k2 = f(y + k1 / (2 * n))
        k3 = f(y + k2 / (2 * n))
        y = y + (k1 + 2 * k2 + 2 * k3 + f(y + k3 / n)) / (6 * n)
    return y.max(0) - y.min(0)


def series() -> None:
    rng = np.random.default_rng(1)
    path = np.cumsum(rng.standard_normal((50, 3)), axis=0) / 8
    params = [(rng.standard_normal((4, 4)) / 2, rng.standard_normal(4)) for _ in range(3)]
    ode = neural_cde(4, "tanh", DataPath(path))
    end, taken = spent(lambda: solution(ode, params, [0.5, -1, 0, 0.25], 0, None, "none", 12, None, 96), 1)
    show(
        "A path of 50 points in 3 channels, dimension 4",
        ["width", "time"],
        [[f"{float(width(end)):.1e}", seconds(taken)]],
    )


def suprema(budget: float) -> None:
    rows = []
    for ode, radius, inputs in (
        (neural_ode(1, "tanh", 1), 1, ls.Dataset([[0.5]])),
        (neural_ode(1, "tanh", 1), 2, ls.InputBall(1)),
        (neural_ode(2, "tanh", 1, bias=False), 1, ls.Dataset([[1.0, 0.0]])),
        (neural_ode(2, "tanh", 1), 1, ls.Dataset([[0.5, 0.5]])),
    ):
        for quantity in ("lipschitz", "smoothness"):
            question = ode, ls.Ball(radius), inputs, quantity
            found = ls.enclose(*question, gap="1/50", budget=budget)
            derived = ls.derive(*question).evaluate({}).upper_float()
            rows.append([str(ode), str(radius), inputs.spec, quantity, f"{found}", f"{derived:.4g}"])
    show(f"Suprema, {budget:g} s each", ["equation", "R", "inputs", "quantity", "found", "derived"], rows)


def main() -> None:
    points()
    derivatives()
    boxes()
    series()
    suprema(30)


if __name__ == "__main__":
    main()
