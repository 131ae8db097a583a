"""Running a suite: every case in a pool of processes, results in the suite's order.

Invariant: the result does not depend on the number of processes; an interruption cancels what has not begun and leaves
no incomplete file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import active_children, get_context
from pathlib import Path
from typing import Any

from lipsym.bounds.result import Unknown
from lipsym.certificates import certificate, write_certificate, write_text
from lipsym.errors import LipsymError
from lipsym.prove.digits import QUANTITIES, RADII, TEXT, trained_case, trained_file
from lipsym.prove.everywhere import GlobalClaim, claims, examine
from lipsym.prove.suite import Case, suite
from lipsym.prove.work import Done, work

Progress = Callable[[Done, int, int], None]
"""Called after each case with its result, how many are done, and of how many."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a run found.

    Args:
        suite: its name.
        cases: in the suite's order.
        trained: the trained network's.
        everywhere: claims for all parameters.
        folder: where the certificates and ``report.html`` are.
    """

    suite: str
    cases: tuple[Done, ...]
    trained: tuple[Done, ...]
    everywhere: tuple[Done, ...]
    folder: Path

    @property
    def all(self) -> tuple[Done, ...]:
        """Every result."""
        return (*self.cases, *self.trained, *self.everywhere)

    @property
    def failures(self) -> tuple[tuple[Done, str], ...]:
        """Everything that went wrong."""
        return tuple((done, failure) for done in self.all for failure in done.failures)


def prove(
    name: str = "default",
    out: str | Path = "lipsym-report",
    seed: int = 0,
    jobs: int = 2,
    executor: Executor | None = None,
    progress: Progress | None = None,
    cases: Sequence[Case] | None = None,
    trained: bool = True,
    everywhere: Sequence[GlobalClaim] | None = None,
) -> Run:
    """Derive, evaluate, attack and certify every case of a suite, and write certificates and the report.

    Args:
        name: ``"quick"``, ``"default"`` or ``"full"``.
        out: the folder that receives ``certificates/*.json`` and ``report.html``.
        seed: of the searches.
        jobs: processes, if no executor is given; 1 stays in this process.
        executor: anything with ``submit``.
        progress: called as work gets done.
        cases: other cases than the suite's.
        trained: whether the trained network is part of the run.
        everywhere: claims for all parameters; left out: the suite's, none beside other cases.

    Returns:
        A ``Run``; ``.failures`` is empty if everything holds.

    Raises:
        InputError: for an unknown suite, or a folder that cannot be written to.
    """
    chosen = suite(name) if cases is None else tuple(cases)
    wanted = tuple(everywhere) if everywhere is not None else claims(name) if cases is None else ()
    folder = Path(out)
    # The folder is tried first: an hour's work must not end at a folder that cannot be written to.
    write_text("", folder / ".writable").unlink()
    results: dict[Any, Done] = {}
    with _pool(executor, jobs) as submit:
        plan: dict[Future[Any], Any] = {}
        if trained:
            plan.update({submit(attempt, trained_case, q, r): (q, r) for q in QUANTITIES for r in RADII})
        plan.update({submit(attempt, work, case, seed): index for index, case in enumerate(chosen)})
        plan.update({submit(attempt, examine, claim, seed): claim for claim in wanted})
        for future in as_completed(plan):
            done = results[plan[future]] = future.result()
            write_certificate(done.document, folder / "certificates" / done.file)
            if progress is not None:
                progress(done, len(results), len(plan))
    run = Run(
        name,
        tuple(results[index] for index in range(len(chosen))),
        tuple(results[q, r] for q in QUANTITIES for r in RADII) if trained else (),
        tuple(results[claim] for claim in wanted),
        folder,
    )
    # Imported here: the processes of the pool import this package, and need no figures.
    from lipsym.report.html import report

    page = report(_documents(run.cases), _documents(run.trained), name, TEXT, _documents(run.everywhere))
    write_text(page, folder / "report.html")
    return run


def attempt(function: Callable[..., Done], question: Any, detail: Any) -> Done:
    """``function(question, detail)``; an error of lipsym's own becomes a failure of this case alone."""
    try:
        return function(question, detail)
    except LipsymError as error:
        return failed(question, detail, error)


def failed(question: Case | GlobalClaim | str, detail: Any, error: LipsymError) -> Done:
    """The result of a case that ended in an error."""
    reason = "failed: " + "; ".join(str(error).splitlines())
    if isinstance(question, GlobalClaim):
        document = question.document(Unknown(question.quantity, reason))
        return Done(question.title, question.quantity, question.file, document, (reason,))
    if isinstance(question, Case):
        title, quantity, file = question.title, question.quantity, question.file
        asked = {"network": question.network, "region": question.region, "inputs": question.inputs}
        loss = question.loss
    else:
        title, quantity, file = f"digits 64-32-10, radius {detail}", question, trained_file(question, detail)
        asked, loss = (
            {"network": "mlp:64-32-10:tanh", "region": f"layers:{detail}", "inputs": "digits"},
            "cross_entropy",
        )
    asked |= {"quantity": quantity, "side": "upper", "loss": loss}
    document = certificate(Unknown(quantity, reason), asked, case=title)
    return Done(title, quantity, file, document, (reason,))


def _documents(done: Sequence[Done]) -> list[tuple[str, Any]]:
    return [(one.file, one.document) for one in done]


class _pool:  # noqa: N801 - a context manager used like a function
    """``submit`` of an executor; pending work is cancelled when the block is left by an exception."""

    def __init__(self, executor: Executor | None, jobs: int) -> None:
        self.given = executor
        self.jobs = jobs
        self.own: Executor | None = None
        self.others = set(active_children())

    def __enter__(self) -> Callable[..., Future[Any]]:
        if self.given is not None:
            return self.given.submit
        if self.jobs == 1:
            self.own = ThreadPoolExecutor(1)
        else:
            # "spawn" starts clean interpreters: a forked one may hold a lock of a library's threads.
            self.own = ProcessPoolExecutor(self.jobs, mp_context=get_context("spawn"), initializer=_ignore_interrupts)
        return self.own.submit

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self.own is None:
            return
        self.own.shutdown(wait=kind is None, cancel_futures=True)
        if kind is not None:
            # Work in progress is worth nothing now, and the interpreter would wait for it before it ends.
            for child in set(active_children()) - self.others:
                child.terminate()


def _ignore_interrupts() -> None:
    """An interrupt is the parent's to handle; its children end when it ends the pool."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
