"""One attack on one and on two workers: ``python -m tests.bench.executors``.

The speed-up is that of wall time, so the machine should have two idle cores; the results have to be equal.
"""

from __future__ import annotations

from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import AbstractContextManager
from multiprocessing import get_context
from typing import Any

import lipsym as ls
from tests.bench.table import seconds, show, timed

BUDGET = 30


def main() -> None:
    network, region, inputs = ls.mlp([2, 4, 4, 1], "tanh"), ls.ProductBall("R"), ls.InputBall("S")
    claim = ls.Claim(network, region, inputs, "smoothness", "<=", "100*(R + 1)**5*(S + 1)**2")
    alone, _ = timed(lambda: ls.refute(claim, budget=BUDGET))
    rows = []
    for name, make in (("ProcessPoolExecutor", _processes), ("dask.distributed", _dask)):
        walls = []
        for workers in (1, 2):
            with make(workers) as executor:
                list(executor.map(_warm, range(workers * 4)))
                outcome, wall = timed(lambda: ls.refute(claim, budget=BUDGET, executor=executor))
            same = "equal" if outcome == alone else "DIFFERENT"
            walls.append(wall)
            ratio = f"{walls[0] / wall:.2f}x"
            rows.append([name, str(workers), seconds(wall), ratio, same])
    show("one attack, the same seed", ["executor", "workers", "wall time", "speed-up", "result"], rows)


def _warm(_: Any) -> None:
    """Starts a worker's imports."""
    import lipsym  # noqa: F401


def _processes(workers: int) -> AbstractContextManager[Executor]:
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"))


class _dask:  # noqa: N801 - a context manager used like a function
    def __init__(self, workers: int) -> None:
        self.workers = workers

    def __enter__(self) -> Executor:
        from distributed import Client, LocalCluster

        self.cluster = LocalCluster(n_workers=self.workers, threads_per_worker=1, dashboard_address=None)
        self.client = Client(self.cluster, set_as_default=False)
        return self.client.get_executor()

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self.cluster.close()


if __name__ == "__main__":
    main()
