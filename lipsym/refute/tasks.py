"""Numbered tasks on any executor.

Invariant: results come back by number, and the answer does not depend on how many workers share the tasks or on which
of them fails: a task that a worker did not finish is done again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import CancelledError, Executor, Future
from contextlib import closing
from typing import Any, TypeVar

Given = TypeVar("Given")
Result = TypeVar("Result")

AHEAD = 64
"""So many tasks are handed out before the first result is read."""


def results(
    function: Callable[[Given], Result], tasks: Sequence[Given], executor: Executor | None = None
) -> Iterator[Result]:
    """``function(task)`` for every task, in order; left early, what has not begun is cancelled.

    Args:
        function: importable by name, so that processes can run it; it must depend on its argument alone.
        tasks: picklable.
        executor: anything with ``submit``; ``None``: this process.

    Example:
        >>> from concurrent.futures import ThreadPoolExecutor
        >>> with ThreadPoolExecutor(2) as pool:
        ...     list(results(abs, [-1, 2, -3], pool))
        [1, 2, 3]
    """
    if executor is None:
        yield from map(function, tasks)
        return
    with closing(_handed_out(function, tasks, executor)) as done:
        yield from done


def _handed_out(function: Callable[[Given], Result], tasks: Sequence[Given], executor: Executor) -> Generator[Result]:
    waiting: deque[Future[Any] | None] = deque()
    handed = 0
    try:
        for number, task in enumerate(tasks):
            while handed < min(number + AHEAD, len(tasks)):
                waiting.append(_submit(executor, function, tasks[handed]))
                handed += 1
            yield _result(waiting.popleft(), function, task)
    finally:
        for future in waiting:
            if future is not None:
                future.cancel()


def _submit(executor: Executor, function: Callable[[Given], Result], task: Given) -> Future[Result] | None:
    try:
        return executor.submit(function, task)
    except RuntimeError:  # the pool is broken (a worker died), or was shut down
        return None


def _result(future: Future[Result] | None, function: Callable[[Given], Result], task: Given) -> Result:
    """The result; a task that a worker did not finish, for whatever reason, is done here."""
    if future is not None:
        try:
            if future.exception() is None:
                return future.result()
        except CancelledError:
            pass
    # If the task itself fails, it fails here again, and the caller sees why.
    return function(task)
