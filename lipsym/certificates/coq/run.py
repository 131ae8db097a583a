"""coqc on a certificate.

Invariant: coqc sees a text that lipsym has just written itself, in a folder of its own, and never a file that somebody
sent: a Coq file may load plug-ins, redirect its output to any file, or declare what it pretends to prove an axiom.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from lipsym.certificates.coq.document import CoqQuestion, coq_certificate, read_question
from lipsym.errors import InputError
from lipsym.verdict import Verdict

TIMEOUT = 600
_BUILT = "Certificate.vo"


def check_coq(
    path: str | Path, library: str | Path | None = None, timeout: float = TIMEOUT
) -> tuple[Verdict, CoqQuestion]:
    """Let coqc check a certificate that ``coq_certificate`` wrote.

    Args:
        path: the file; only its first line is used, and the rest must be what lipsym writes for it.
        library: the folder of compiled theorems; see ``coq_library``.
        timeout: seconds for coqc.

    Returns:
        ``PROVED`` if coqc accepts the proof, ``REFUTED`` (the certificate, not its statement) if it does not,
        ``UNDECIDED`` if the time ran out; and what the certificate is about.

    Raises:
        InputError: if the file cannot be read, is not what lipsym writes, or coqc or the library is missing.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"the file {path} was to be checked", "it cannot be read as text", "name a file that lipsym wrote"
        ) from error
    question = read_question(text)
    return _run(coq_certificate(**_fields(question)), coq_library(library), timeout), question


def coq_library(folder: str | Path | None = None) -> Path:
    """The folder with the compiled theorems.

    Args:
        folder: where ``make -C proofs/coq`` ran; left out: ``$LIPSYM_COQ``, or the source tree lipsym runs from.

    Raises:
        InputError: if there is no coqc, or the theorems are not compiled there.
    """
    if shutil.which("coqc") is None:
        raise InputError(
            "a Coq certificate was to be checked",
            "coqc is not installed",
            "apt-get install --no-install-recommends coq libcoq-interval libcoq-coquelicot",
        )
    default = os.environ.get("LIPSYM_COQ") or Path(__file__).resolve().parents[3] / "proofs" / "coq"
    chosen = Path(folder or default)
    if not (chosen / _BUILT).is_file():
        raise InputError(
            f"the theorems were looked for in {chosen}",
            "they are not compiled there",
            "run make -C proofs/coq in lipsym's source tree, and name that folder: --library DIR",
        )
    return chosen.resolve()


def _run(text: str, library: Path, timeout: float) -> Verdict:
    with tempfile.TemporaryDirectory(prefix="lipsym-coq-") as folder:
        Path(folder, "Question.v").write_text(text, encoding="utf-8")
        command = ["coqc", "-q", "-w", "none", "-R", str(library), "Lipsym", "Question.v"]
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, timeout=timeout, check=False)
        except subprocess.TimeoutExpired:
            return Verdict.UNDECIDED
        accepted = done.returncode == 0 and Path(folder, "Question.vo").is_file()
        return Verdict.PROVED if accepted else Verdict.REFUTED


def _fields(question: CoqQuestion) -> dict[str, str]:
    return {
        "network": question.network,
        "region": question.region,
        "inputs": question.inputs,
        "quantity": question.quantity,
        "constant": question.bound,
    }
