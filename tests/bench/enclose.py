"""Certified suprema of small networks: gap, boxes, time; and the speed of the batched engine.

Run: ``python -m tests.bench.enclose [seconds per row]``.
"""

from __future__ import annotations

import sys
import time

import numpy as np

import lipsym as ls
from lipsym.enclose.batch import intervals
from lipsym.enclose.bounding import upper_bounds
from lipsym.enclose.reduction import Question, reduce
from lipsym.enclose.tape import Sweep
from tests.bench.table import show

ROWS = (
    ("1-1-1", ls.mlp([1, 1, 1], "tanh"), "1/1000", "1/100"),
    ("1-1-1", ls.mlp([1, 1, 1], "tanh", "tanh"), "1/1000", "1/100"),
    ("1-2-1", ls.mlp([1, 2, 1], "tanh"), "1/100", "1/100"),
    ("1-2-1", ls.mlp([1, 2, 1], "tanh", "tanh"), "1/100", "1/100"),
    ("2-2-1", ls.mlp([2, 2, 1], "tanh"), "1/20", "1/20"),
    ("1-3-1", ls.mlp([1, 3, 1], "tanh"), "1/20", "1/20"),
    ("2-3-1", ls.mlp([2, 3, 1], "tanh"), "1/20", "1/20"),
    ("1-4-1", ls.mlp([1, 4, 1], "tanh"), "1/20", "1/20"),
    ("1-2-2-1", ls.mlp([1, 2, 2, 1], "tanh"), "1/20", "1/20"),
)
COUNT = 8192


def suprema(budget: float) -> None:
    """``sup ‖D^k_θN‖`` over ‖θ_k‖ ≤ R, ‖x‖ ≤ 1."""
    rows = []
    for name, network, *gaps in ROWS:
        for order, quantity in enumerate(("lipschitz", "smoothness"), 1):
            for R in (1, 3, 10):
                began = time.process_time()
                found = ls.enclose(
                    network, ls.ProductBall(R), ls.InputBall(1), quantity, gap=gaps[order - 1], budget=budget
                )
                spent = time.process_time() - began
                if not isinstance(found, ls.Supremum):
                    raise TypeError(found)
                relative = float((found.hi - found.lo) / found.hi)
                rows.append(
                    [name, network.spec.split(":", 2)[2], str(network.parameter_count), str(len(found.cover.variables)),
                     str(order), str(R), str(found.enclosure), f"{100 * relative:.3f} %", str(found.boxes),
                     f"{spent:.2f}"]
                )  # fmt: skip
    show(
        "sup over ‖θ_k‖ ≤ R, ‖x‖ ≤ 1",
        ["network", "activation", "parameters", "variables", "order", "R", "supremum", "gap", "boxes", "CPU s"],
        rows,
    )


def speed() -> None:
    """Boxes of all four parameters of 1-1-1 tanh that the engine bounds in a second, on one core."""
    rng = np.random.default_rng(0)
    rows = []
    for order in (1, 2):
        question = Question(ls.mlp([1, 1, 1], "tanh"), ls.Box(-3, 3), ls.Dataset([[1.0]]), order, None, {})
        problem, _ = reduce(question)
        lo = rng.uniform(-3, 2.9, (COUNT, 4))
        hi, case = lo + 0.05, rng.integers(problem.cases, size=COUNT)
        columns = [intervals(a, b) for a, b in zip(lo.T.copy(), hi.T.copy(), strict=True)]

        def values_and_gradients(columns: list = columns, problem: object = problem, case: np.ndarray = case) -> None:
            Sweep(problem.tape, problem.tape.leaves(columns, case))  # type: ignore[attr-defined]

        def bounds(
            problem: object = problem, lo: np.ndarray = lo, hi: np.ndarray = hi, case: np.ndarray = case
        ) -> None:
            upper_bounds(problem, lo, hi, case)  # type: ignore[arg-type]

        for what, run in (("value and Jacobian", values_and_gradients), ("upper bound", bounds)):
            if order == 2 and run is values_and_gradients:
                continue
            run()
            began, rounds = time.process_time(), 0
            while time.process_time() - began < 1.0:
                run()
                rounds += 1
            rows.append([str(order), what, f"{rounds * COUNT / (time.process_time() - began):.3g}"])
    show("1-1-1 tanh, all four parameters", ["order", "what", "boxes/s/core"], rows)


if __name__ == "__main__":
    speed()
    suprema(float(sys.argv[1]) if len(sys.argv) > 1 else 20.0)
