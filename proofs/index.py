"""Writes proofs/README.md: every rule, its proof, and the functions that apply it. Run: ``python proofs/index.py``.

It also writes the list of rules that the checker knows, ``lipsym/check/rules.json``: the checker may not import ours.

Invariant: both are read off the source, so they cannot disagree with it; a test fails while a file is not current.
"""

from __future__ import annotations

import ast
import json
from collections import defaultdict
from pathlib import Path

from lipsym.bounds.rules import RULES

HERE = Path(__file__).resolve().parent
PACKAGE = HERE.parent / "lipsym"
HEADER = """# Proofs

Every rule that a derivation may use, with its proof and the functions that apply it. A bound lists the ids of its rules
(`bound.rules`). This page is generated: `python proofs/index.py`.

| rule | statement | applied by |
|---|---|---|
"""


def appliers() -> dict[str, list[str]]:
    """The functions of the package in whose body a rule's id stands as a string, by id."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for path in sorted(PACKAGE.rglob("*.py")):
        module = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
        for name, function in _functions(ast.parse(path.read_text(encoding="utf-8"))):
            words = {node.value for node in ast.walk(function) if isinstance(node, ast.Constant)}
            for rule in RULES.keys() & words:
                found[rule].append(f"`{module}.{name}`")
    return found


def _functions(tree: ast.Module) -> list[tuple[str, ast.AST]]:
    """Top-level functions and methods with their names."""
    named: list[tuple[str, ast.AST]] = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            named.append((node.name, node))
        elif isinstance(node, ast.ClassDef):
            named += [(f"{node.name}.{item.name}", item) for item in node.body if isinstance(item, ast.FunctionDef)]
    return named


def render() -> str:
    """The text of proofs/README.md."""
    used = appliers()
    rows = []
    for rule in RULES.values():
        statement = rule.statement.replace("|", r"\|")
        rows.append(f"| [{rule.id}]({rule.id}.md) | {statement} | {', '.join(used[rule.id])} |\n")
    return HEADER + "".join(rows)


def known_rules() -> str:
    """The text of lipsym/check/rules.json."""
    return json.dumps(sorted(RULES), indent=2) + "\n"


if __name__ == "__main__":
    (PACKAGE / "check" / "rules.json").write_text(known_rules(), encoding="utf-8")
    (HERE / "README.md").write_text(render(), encoding="utf-8")
