"""``lipsym check``: certificates re-checked by a second program.

Invariant: one line for each certificate, which says what had to be taken on trust; exit status 0 only if every one of
them was verified.
"""

from __future__ import annotations

from pathlib import Path

import click

from lipsym.certificates.coq import check_coq
from lipsym.check import check as check_certificate
from lipsym.check.claims import BUDGET
from lipsym.cli.output import PROVED, REFUTED, UNDECIDED, USAGE, say
from lipsym.errors import InputError
from lipsym.verdict import Verdict

WORDS = {Verdict.PROVED: "verified", Verdict.REFUTED: "REFUSED", Verdict.UNDECIDED: "undecided"}
STATUS = {Verdict.PROVED: PROVED, Verdict.REFUTED: REFUTED, Verdict.UNDECIDED: UNDECIDED}


@click.command(short_help="Re-check certificates by an independent program.")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--domain", type=click.Choice(["arb", "mpmath"]), help="Left out: another than made the evidence.")
@click.option("--budget", type=click.IntRange(1), default=BUDGET, show_default=True, help="Boxes for each certificate.")
@click.option("--coq", is_flag=True, help="The files are Coq certificates: let coqc check them.")
@click.option("--library", type=click.Path(path_type=Path), help="With --coq: where the theorems are compiled.")
def check(paths: tuple[Path, ...], domain: str | None, budget: int, coq: bool, library: Path | None) -> int:
    """Re-check certificates, files or folders of them, by a program that shares no code with the one that wrote them.

    Exit status 0 if all are verified, 1 if one is refused, 2 if one cannot be read, 3 if a budget ended.
    """
    statuses = {PROVED}
    pattern = "*.v" if coq else "*.json"
    files = [file for path in paths for file in (sorted(path.rglob(pattern)) if path.is_dir() else [path])]
    if not files:
        raise InputError(
            f"{', '.join(map(str, paths))} was given", "there are no certificates in it", "give JSON files or folders"
        )
    if coq:
        return _by_coqc(files, library)
    for file in files:
        try:
            found = check_certificate(file, domain, budget)
        except InputError as error:
            say(f"{file}: cannot be checked: {error.fails}")
            statuses.add(USAGE)
            continue
        boxes = f" ({found.boxes} boxes)" if found.boxes else ""
        trust = f" [on trust: {'; '.join(found.trusted)}]" if found.trusted else ""
        say(f"{file}: {WORDS[found.verdict]}: {found.text}{boxes}{trust}")
        statuses.add(STATUS[found.verdict])
    return next(status for status in (REFUTED, USAGE, UNDECIDED, PROVED) if status in statuses)


def _by_coqc(files: list[Path], library: Path | None) -> int:
    """One line for each Coq certificate, as for the others; a file that lipsym did not write is an error."""
    verdicts = set()
    for file in files:
        verdict, question = check_coq(file, library)
        verdicts.add(verdict)
        what = f"{question.quantity} of {question.network} on {question.region}, inputs {question.inputs}"
        say(f"{file}: {WORDS[verdict]} by coqc: {what}: at most {question.bound}")
    order = (Verdict.REFUTED, Verdict.UNDECIDED, Verdict.PROVED)
    return STATUS[next(verdict for verdict in order if verdict in verdicts)]
