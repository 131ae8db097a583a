from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import lipsym as ls
from lipsym.report.text import bound_text, columns, directed

NETWORKS = ["mlp:2-2-1:tanh", "mlp:2-3-2:gelu:sigmoid", "mlp:2-2-2-1:relu", "mlp:n-k-1:sin:nobias"]
ASKED = {"quantity": "lipschitz", "loss": None}


def derive(network: str, quantity: str) -> ls.Bound:
    found = ls.derive(ls.parse_network(network), ls.ProductBall("R"), ls.InputBall("S"), quantity)
    assert isinstance(found, ls.Bound)
    return found


def test_every_part_of_a_bound_is_printed() -> None:
    bound = derive(NETWORKS[1], "lipschitz")
    value = bound.evaluate({"R": 2, "S": 1})
    text = bound_text(bound, ASKED, value, {"R": "2", "S": "1"})
    assert all(hypothesis in text for hypothesis in bound.hypotheses)
    assert all(rule in text for rule in bound.rules)
    assert directed(value) in text
    assert "upper end rounded up" in text
    assert float(directed(value).split()[1]) >= value.hi


def test_a_lower_bound_is_rounded_down() -> None:
    assert directed(ls.Enclosure("1/3", "2/3"), "lower") == "≥ 0.333333 (lower end rounded down)"


def test_columns_line_up() -> None:
    text = columns([["a", "‖x‖", "end"], ["long", "y", ""]], ["h1", "h2", "h3"])
    head, rule, first, second = text.splitlines()
    assert head.index("h3") == first.index("end") == rule.rindex(" ") + 1
    assert head.index("h2") == first.index("‖x‖") == second.index("y")
    assert columns([]) == ""


def balanced(text: str) -> bool:
    """Braces, \\left and \\right, and environments close in order."""
    stack: list[str] = []
    pairs = {"}": "{", r"\right": r"\left", r"\end{align*}": r"\begin{align*}"}
    for token in re.findall(r"\\begin\{align\*\}|\\end\{align\*\}|\\left(?![a-z])|\\right(?![a-z])|\\.|[{}]", text):
        if token in pairs.values():
            stack.append(token)
        elif token in pairs and (not stack or stack.pop() != pairs[token]):
            return False
    return not stack and text.count("$") % 2 == 0


QUESTIONS = [(network, "lipschitz") for network in NETWORKS]
QUESTIONS += [("mlp:2-2-1:tanh", "smoothness"), ("mlp:3-2-1:elu", "smoothness")]


@pytest.mark.parametrize(("network", "quantity"), QUESTIONS)
def test_latex_is_balanced(network: str, quantity: str) -> None:
    assert balanced(derive(network, quantity).to_latex())


@pytest.mark.parametrize("text", [r"\left( x", "{a}}", "$a", r"\begin{align*} x", r"{ \left( } \right)"])
def test_imbalance_is_seen(text: str) -> None:
    assert not balanced(text)


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdflatex (texlive-latex-base)")
def test_latex_compiles(tmp_path: Path) -> None:
    body = "\n\n".join(derive(network, quantity).to_latex() for network, quantity in QUESTIONS)
    source = "\\documentclass{article}\\usepackage{amsmath}\\begin{document}\n" + body + "\n\\end{document}\n"
    (tmp_path / "bounds.tex").write_text(source, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "bounds.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-1500:]
