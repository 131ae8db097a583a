"""What the index of proofs claims: Coq names that exist, constants that have not drifted, statuses that are derived."""

from __future__ import annotations

import ast
import re
import runpy
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
COQ = ROOT / "proofs" / "coq"


@pytest.fixture(scope="module")
def index() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "proofs" / "index.py"))


def test_coq_has_the_constants_of_the_tables() -> None:
    constants = runpy.run_path(str(ROOT / "proofs" / "coq_constants.py"))
    assert (COQ / "Constants.v").read_text(encoding="utf-8") == constants["render"](), "python proofs/coq_constants.py"


def test_a_changed_constant_is_seen() -> None:
    constants = runpy.run_path(str(ROOT / "proofs" / "coq_constants.py"))
    row = constants["ACTIVATIONS"]["tanh"]
    assert "Definition tanh_s1 : R := 1." in constants["activation_lines"](row)
    text = (COQ / "Constants.v").read_text(encoding="utf-8")
    assert text.replace("tanh_s1 : R := 1.", "tanh_s1 : R := (99 / 100).") != constants["render"]()


def test_the_list_of_axioms_is_that_of_the_index(index: dict[str, Any]) -> None:
    assert (COQ / "axioms.v").read_text(encoding="utf-8") == index["axioms"](), "python proofs/index.py"
    assert set(index["headline"]()) <= index["coq_theorems"]()


def test_nothing_is_admitted_and_no_axiom_is_added() -> None:
    forbidden = re.compile(r"\b(Admitted|admit|Axiom|Axioms|Parameter|Parameters|Conjecture|Abort)\b")
    for path in COQ.glob("*.v"):
        code = re.sub(r"\(\*.*?\*\)", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        assert forbidden.findall(code) == [], path.name


def test_every_file_is_compiled_and_the_core_needs_no_intervals() -> None:
    listed = re.findall(r"^(\w+)\.v$", (COQ / "_CoqProject").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted({path.stem for path in COQ.glob("*.v")} - {"axioms"})
    core = (COQ / "Makefile").read_text(encoding="utf-8").split("CORE =")[1].split("\n\n")[0].replace("\\", " ").split()
    for name in listed:
        text = (COQ / f"{name}.v").read_text(encoding="utf-8")
        assert ("From Interval" in text) == (name not in core), name


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("Coq: `Network.lipschitz`.", "Coq"),
        ("Coq, in part: `Network.lipschitz` (order 1).\nExact script: `python/test_chain.py`.", "Coq, in part"),
        ("Exact script: `python/test_chain.py`.", "exact script"),
        ("A proof that mentions Coq.", "text only"),
    ],
)
def test_the_status_follows_from_the_page(index: dict[str, Any], text: str, status: str) -> None:
    assert index["evidence"](text).status == status


@pytest.mark.parametrize("text", ["Coq: `Network.nothing`.", "Exact script: `python/test_nothing.py`."])
def test_what_does_not_exist_is_an_error(index: dict[str, Any], text: str) -> None:
    with pytest.raises(SystemExit):
        index["evidence"](text)


def test_a_field_named_like_a_rule_is_no_use_of_it(index: dict[str, Any]) -> None:
    values = index["_values"]
    assert "loss" not in values(ast.parse('d = {"loss": x}; d["loss"]; [d[k] for k in ("loss", "x")]; y == "loss"'))
    assert "loss" in values(ast.parse('out.define("G1", value, "loss", "text")'))
