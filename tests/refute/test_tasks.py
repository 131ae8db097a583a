"""The same result on every executor and for every number of workers; what a worker loses is done again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from pathlib import Path

import pytest

import lipsym as ls
from lipsym.nets.claim import Claim
from lipsym.refute.tasks import AHEAD, results

RESTING = Claim(ls.mlp([1, 2, 1], "tanh"), ls.ProductBall("R"), ls.InputBall(1), "lipschitz", "<=", "2*R + 1/R + 1")
BROKEN = Claim(ls.mlp([1, 2, 1], "tanh"), ls.ProductBall("R"), ls.InputBall("S"), "lipschitz", "<=", "R*S")


def square(value: int) -> int:
    return value * value


def fragile(task: tuple[str, int]) -> int:
    """The first worker that is given 2 leaves a mark and dies; the mark protects all others."""
    mark, value = task
    if value == 2 and parent_process() is not None and not os.path.exists(mark):
        os.close(os.open(mark, os.O_CREAT))
        os._exit(1)
    return value * value


def failing(value: int) -> int:
    if value == 3:
        raise ValueError("three")
    return value


class Lazy(Executor):
    """Runs a task when its result is asked for, and counts."""

    def __init__(self) -> None:
        self.submitted: list[Future[int]] = []

    def submit(self, function, /, *arguments, **options):  # type: ignore[no-untyped-def,override]
        future: Future[int] = Future()
        future.set_running_or_notify_cancel()
        try:
            future.set_result(function(*arguments, **options))
        except ValueError as error:
            future.set_exception(error)
        self.submitted.append(future)
        return future


def pool(workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"))


def test_results_come_by_number() -> None:
    with ThreadPoolExecutor(3) as threads:
        assert list(results(square, range(200), threads)) == [n * n for n in range(200)]
    assert list(results(square, range(200))) == [n * n for n in range(200)]
    assert list(results(square, [], Lazy())) == []


def test_no_more_is_handed_out_than_needed() -> None:
    executor = Lazy()
    stream = results(square, range(1000), executor)
    assert next(stream) == 0
    stream.close()  # type: ignore[attr-defined]
    assert len(executor.submitted) <= AHEAD


def test_a_tasks_own_error_is_the_callers_to_see() -> None:
    with pytest.raises(ValueError, match="three"):
        list(results(failing, range(5), Lazy()))


def test_a_pool_that_breaks_loses_nothing_and_one_that_works_changes_nothing(tmp_path: Path) -> None:
    tasks = [(str(tmp_path / "mark"), n) for n in range(6)]
    with pool(2) as processes:
        assert list(results(fragile, tasks, processes)) == [n * n for n in range(6)]
    assert (tmp_path / "mark").exists()
    alone = [ls.refute(claim, budget=0.4) for claim in (RESTING, BROKEN)]
    with pool(2) as processes:
        assert [ls.refute(claim, budget=0.4, executor=processes) for claim in (RESTING, BROKEN)] == alone
    assert isinstance(alone[0], ls.Survived)
    assert isinstance(alone[1], ls.Counterexample)


@contextmanager
def dask_executor() -> Iterator[Executor]:
    """Two worker processes on this machine, without a dashboard, quiet when they end."""
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50, host="127.0.0.1"
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        yield client.get_executor()


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_dask_gives_the_same_and_a_killed_worker_is_survived(tmp_path: Path) -> None:
    tasks = [(str(tmp_path / "mark"), n) for n in range(4)]
    alone = ls.refute(RESTING, budget=0.4, seed=1)
    with dask_executor() as executor:
        assert ls.refute(RESTING, budget=0.4, seed=1, executor=executor) == alone
        assert list(results(fragile, tasks, executor)) == [n * n for n in range(4)]
    assert (tmp_path / "mark").exists()
