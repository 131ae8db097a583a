"""``lipsym prove``: the main job.

Invariant: one line on stdout for each claim, in the suite's order; progress on stderr, and only on a terminal.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from lipsym.certificates.numbers import read_enclosure
from lipsym.cli.output import PROVED, REFUTED, printable, say
from lipsym.prove import SUITES, Run
from lipsym.prove import prove as run_suite
from lipsym.prove.run import Progress as Report
from lipsym.prove.work import Done
from lipsym.report.decimals import decimal
from lipsym.report.view import best_lower, global_outcome, limit_text, ratio, verified_ratio

CORES = os.cpu_count() or 1


@click.command(short_help="Derive, enclose, attack and certify a suite of bounds.")
@click.option("--suite", type=click.Choice(list(SUITES)), default="default", show_default=True)
@click.option(
    "--out",
    type=click.Path(file_okay=False),
    default="lipsym-report",
    show_default=True,
    help="Folder for certificates/*.json and report.html.",
)
@click.option("--jobs", type=click.IntRange(1, CORES), default=min(2, CORES), show_default=True, help="Processes.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the searches.")
def prove(suite: str, out: str, jobs: int, seed: int) -> int:
    """Derive, evaluate, attack and certify the bounds of a suite, and of a trained network.

    Prints one line for each claim: case | quantity | bound ≤ value | best certified lower bound | ratio | evaluations
    of the search | the ratio's limit for growing radii | growth in R | rules; and for a constant claimed for all
    parameters: outcome | theorem | witness.
    Exit status 1 if two arithmetics disagree, a certified lower bound exceeds a bound, or an outcome is not the
    expected one.
    """
    with _progress() as report:
        run = run_suite(suite, out, seed, jobs, progress=report)
    for done in run.all:
        for line in lines(done):
            say(line)
    _end(run)
    return REFUTED if run.failures else PROVED


def lines(done: Done) -> Iterator[str]:
    """The lines of one case, one for each point it was evaluated at."""
    document = done.document
    rules = ", ".join(document["rules"]) or "–"
    name = f"{done.case} | {done.quantity}"
    if "claim" in document:
        outcome, witness = global_outcome(document)
        yield f"{name} | ≤ {document['claim']} for all parameters | {outcome} | {rules} | {witness}"
        return
    if document["outcome"] != "bound":
        text = "= ∞ (proved)" if document["outcome"] == "unbounded" else "unknown (no proved rule)"
        yield f"{name} | {text} | – | – | – | – | {rules}"
    limit = limit_text(document)
    degree = (document.get("sharpness") or {}).get("growth", "").partition(":")[0]
    for item in document.get("evaluations", ()):
        point = "".join(f" {symbol}={value}" for symbol, value in item["at"].items())
        upper = f"≤ {decimal(read_enclosure(item['values'][0]).hi)}"
        below, over = best_lower(item), ratio(item)
        lower = "no lower bound" if below is None else f"≥ {decimal(below, up=False)}"
        shown = "–" if over is None else f"ratio {decimal(over, 5)}"
        tends = f"→ {limit}" if limit else "–"
        strength = "–" if item["search"] is None else f"{item['search']['evaluations']} evaluations"
        sides = f"{upper} | {lower} | {shown} | {strength} | {tends} | {degree or '–'}"
        yield f"{name} |{point} {sides} | {rules}{_supremum(item)}"


def _supremum(item: Mapping[str, Any]) -> str:
    """The certified supremum, and the factor by which the bound exceeds it at most."""
    found, over = item.get("verified"), verified_ratio(item)
    if found is None or over is None:
        return ""
    sup = read_enclosure(found["sup"])
    return f" | sup in [{decimal(sup.lo, up=False)}, {decimal(sup.hi)}], bound/sup ≤ {decimal(over, 5)}"


def _end(run: Run) -> None:
    for done, failure in run.failures:
        _alarm(f"{done.case} | {done.quantity}: {failure}")
    searched = [item["search"] for done in run.all for item in done.document.get("evaluations", ())]
    attacks = sum(search is not None for search in searched)
    verdict = f"{len(run.failures)} FAILURES" if run.failures else "no counterexample found"
    say(f"{len(run.all)} claims, {attacks} attacks: {verdict}", error=True)
    say(f"report: {run.folder / 'report.html'}", error=True)


def _alarm(text: str) -> None:
    """A line on stdout, red on a terminal."""
    if sys.stdout.isatty():
        text = click.style(printable(text, sys.stdout.encoding), fg="red", bold=True)
    say(text)


@contextmanager
def _progress() -> Iterator[Report | None]:
    """A bar on stderr, or nothing where stderr is no terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    shown = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*shown, console=console, transient=True) as bar:
        task = bar.add_task("trained network", total=None)

        def report(done: Done, count: int, total: int) -> None:
            text = printable(f"{done.case}, {done.quantity}", console.encoding)
            bar.update(task, completed=count, total=total, description=text)

        yield report
