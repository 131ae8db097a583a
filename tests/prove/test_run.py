from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from lipsym.certificates import read_certificate
from lipsym.prove import run as module
from lipsym.prove.run import prove
from lipsym.prove.suite import Case, points
from lipsym.prove.work import Done

TINY = (
    Case("mlp:1-1-1:tanh", at=points(("1", "2")), budget=200, compared=True),
    Case("mlp:1-1-1:relu", "smoothness", expect="unbounded"),
)


def contents(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): p.read_text() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_a_run_writes_certificates_and_a_report(tmp_path: Path) -> None:
    calls: list[tuple[Done, int, int]] = []
    run = prove("quick", tmp_path, jobs=1, cases=TINY, trained=False, progress=lambda *a: calls.append(a))
    assert run.failures == ()
    files = contents(tmp_path)
    assert set(files) == {"report.html", *(f"certificates/{case.file}" for case in TINY)}
    assert [(count, total) for _, count, total in calls] == [(1, 2), (2, 2)]
    for case in TINY:
        assert read_certificate(tmp_path / "certificates" / case.file)["case"] == case.title
    assert "no counterexample found" in files["report.html"]


def test_the_result_does_not_depend_on_the_executor(tmp_path: Path) -> None:
    prove("quick", tmp_path / "one", jobs=1, cases=TINY, trained=False)
    with ThreadPoolExecutor(2) as executor:
        prove("quick", tmp_path / "two", executor=executor, cases=TINY, trained=False)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_the_pool_of_processes(tmp_path: Path) -> None:
    run = prove("quick", tmp_path, jobs=2, cases=TINY[1:], trained=False)
    assert run.cases[0].document["outcome"] == "unbounded"


def test_an_interruption_leaves_complete_files_only(tmp_path: Path) -> None:
    def stop(done: Done, count: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prove("quick", tmp_path, jobs=1, cases=TINY[1:], trained=False, progress=stop)
    names = [name for _, _, names in os.walk(tmp_path) for name in names]
    assert names == [TINY[1].file]
    assert json.loads((tmp_path / "certificates" / names[0]).read_text())["schema"] == "lipsym/certificate/2"


def test_an_error_in_a_case_fails_the_run_and_not_the_other_cases(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lipsym.errors import DomainError

    def broken(case: Case, seed: int) -> Any:
        raise DomainError("a root of -1 was met", "it is not real", "do not")

    monkeypatch.setattr(module, "work", broken)
    run = prove("quick", tmp_path, jobs=1, cases=TINY[:1], trained=False)
    assert "a root of -1 was met" in run.failures[0][1]
    assert "failed" in (tmp_path / "report.html").read_text()
