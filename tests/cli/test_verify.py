"""``lipsym verify`` and ``lipsym check`` on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lipsym.cli import main


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


NET = ("verify", "mlp:1-1-1:tanh", "--budget", "20")


@pytest.mark.parametrize(
    ("claim", "relation", "at", "status", "word"),
    [
        ("R*(S + 2)", "<=", "R=2,S=1", 0, "PROVED"),
        ("R*sqrt(S**2 + 1)", "<=", "R=2,S=1", 1, "REFUTED"),
        ("R*(S + 2)", ">=", "R=2,S=1", 1, "REFUTED"),
        ("R*(S + 1) + 1", "<=", "R=1..2,S=0..1", 0, "PROVED"),
    ],
)
def test_verdicts_and_exit_statuses(claim: str, relation: str, at: str, status: int, word: str, tmp_path: Path) -> None:
    out = tmp_path / "c.json"
    found = run(*NET, "--claim", claim, "--relation", relation, "--at", at, "--out", str(out))
    assert found.exit_code == status, found.output
    assert found.output.startswith(word)
    checked = run("check", str(tmp_path))
    assert checked.exit_code == 0, checked.output
    assert f"{out}: verified: {word.lower()}" in checked.output


def test_json() -> None:
    found = run(*NET, "--claim", "R*(S + 2)", "--at", "R=2,S=1", "--format", "json")
    document = json.loads(found.output)
    assert document["verdict"] == "proved"
    assert set(document["sup"]) == {"lo", "hi"}
    assert document["claim"]["expr"] == "R*(S + 2)"


@pytest.mark.parametrize(
    "arguments",
    [
        ("--claim", "R", "--at", "R=2"),
        ("--claim", "__import__('os')", "--at", "R=2,S=1"),
        ("--claim", "R", "--at", "R=2..1,S=1"),
        ("--claim", "R", "--at", "R=1..2..3,S=1"),
        ("--claim", "R", "--at", "R=x,S=1"),
        ("--claim", "1.5*", "--at", "R=1,S=1"),
        ("--claim", "R", "--at", "R=1,S=1", "--weight-decay", "1"),
    ],
)
def test_bad_input_is_three_lines(arguments: tuple[str, ...]) -> None:
    found = run(*NET, *arguments)
    assert found.exit_code == 2
    assert len(found.stderr.strip().splitlines()) == 3


def test_check_tells_refused_from_unreadable(tmp_path: Path) -> None:
    good = tmp_path / "good.json"
    run(*NET, "--claim", "R*(S + 2)", "--at", "R=2,S=1", "--out", str(good))
    bad = tmp_path / "bad.json"
    bad.write_text(good.read_text().replace('"R*(S + 2)"', '"R*(S + 3)"', 1))
    cut = tmp_path / "cut.json"
    cut.write_text(good.read_text()[:-40])
    assert run("check", str(good)).exit_code == 0
    assert run("check", str(good), "--domain", "mpmath").exit_code == 0
    refused = run("check", str(good), str(bad))
    assert refused.exit_code == 1
    assert "REFUSED" in refused.output
    assert run("check", str(cut)).exit_code == 2
    (tmp_path / "empty").mkdir()
    assert run("check", str(tmp_path / "empty")).exit_code == 2
