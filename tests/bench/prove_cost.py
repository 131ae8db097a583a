"""Time and memory of ``lipsym prove``: ``python -m tests.bench.prove_cost [SUITE...]`` (default: quick default)."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.bench.table import seconds, show

LIMITS = {"quick": 40.0, "default": 180.0}


def main(*suites: str) -> None:
    rows = []
    for suite in suites or ("quick", "default"):
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "lipsym.cli", "prove", "--suite", suite, "--out", folder]
            start = time.perf_counter()
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            peak = Peak(process.pid)
            assert process.stdout is not None
            claims = len(process.stdout.read().splitlines())
            status, spent = process.wait(), time.perf_counter() - start
            size = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
        memory = f"{peak.stop() / 1e6:.0f} MB"
        rows.append(
            [suite, str(status), str(claims), seconds(spent, LIMITS.get(suite)), memory, f"{size / 1e6:.1f} MB"]
        )
    head = ["suite", "status", "lines", "wall clock", "peak memory of all processes", "files"]
    show(f"lipsym prove on {os.cpu_count()} cores", head, rows)


class Peak(threading.Thread):
    """The largest sum of the resident sets of a process and its descendants, read from /proc ten times a second."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.most, self.ended = pid, 0, threading.Event()
        self.start()

    def run(self) -> None:
        while not self.ended.wait(0.1):
            self.most = max(self.most, sum(map(_resident, _family(self.pid))))

    def stop(self) -> int:
        self.ended.set()
        return self.most


def _family(pid: int) -> list[int]:
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:  # the process has just ended
            continue
        found += [member for child in children for member in _family(int(child))]
    return found


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


if __name__ == "__main__":
    main(*sys.argv[1:])
