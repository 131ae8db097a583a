"""Writes proofs/README.md and proofs/coq/axioms.v: who has checked which proof. Run: ``python proofs/index.py``.

It also writes the list of rules that the checker knows, ``lipsym/check/rules.json``: the checker may not import ours.

Invariant: all are read off the source, so they cannot disagree with it; a test fails while a file is not current. A
proof page names its Coq theorems in a line ``Coq: `File.theorem`, …`` and its exact script in ``Exact script: `file```;
a name that does not exist is an error, and the status follows from these lines.
"""

from __future__ import annotations

import ast
import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

from lipsym.bounds.rules import RULES

HERE = Path(__file__).resolve().parent
PACKAGE = HERE.parent / "lipsym"
FACTS = ("activations", "losses")
"""Pages that prove the rows of a table, one in each section."""
STATUSES = ("Coq", "Coq, in part", "exact script", "text only")

HEADER = """# Proofs

Every rule that a derivation may use, with its proof and the functions that apply it. A bound lists the ids of its rules
(`bound.rules`). This page is generated: `python proofs/index.py`.

Status, by what else than a reader has checked the proof: **Coq**, the rule's inequality is a theorem of [coq/](coq/)
(what a page says beyond it, such as when it is sharp, is text); **Coq, in part**, the page says which part;
**exact script**, its identities and inequalities are run in exact arithmetic by pytest ([python/](python/));
**text only**. Rules that are proved in Coq have their scripts too. `make -C proofs/coq` compiles the theorems,
`make -C proofs/coq check` compares the axioms they rest on (those of Coq's real numbers, no other) with
[coq/axioms.txt](coq/axioms.txt) and runs coqchk.

"""


ROWS = """## Rows of the tables

Stated with the constants of [coq/Constants.v](coq/Constants.v), which `python proofs/coq_constants.py` writes from the
Python tables. Every row has its exact test in `tests/nets/`.

"""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a page, or a section of one, rests on besides its text.

    Args:
        theorems: Coq names, ``File.theorem``.
        partial: whether they prove a part of it only.
        scripts: paths in ``proofs``.
    """

    theorems: tuple[str, ...]
    partial: bool
    scripts: tuple[str, ...]

    @property
    def status(self) -> str:
        """One of ``STATUSES``."""
        if self.theorems:
            return STATUSES[self.partial]
        return STATUSES[2] if self.scripts else STATUSES[3]


def evidence(text: str) -> Evidence:
    """Read it off the text of a proof.

    Raises:
        SystemExit: for a theorem or a script that does not exist.
    """
    theorems, partial = [], False
    for marker, line in re.findall(r"^(Coq(?:, in part)?): (.*)$", text, re.MULTILINE):
        partial |= marker != "Coq"
        theorems += re.findall(r"`(\w+\.\w+)`", line)
    scripts = re.findall(r"Exact script: `([\w/.]+)`", text)
    missing = [name for name in theorems if name not in coq_theorems()] + [
        s for s in scripts if not (HERE / s).is_file()
    ]
    if missing:
        raise SystemExit(f"a proof page names what does not exist: {', '.join(missing)}")
    return Evidence(tuple(theorems), partial, tuple(scripts))


def coq_theorems() -> set[str]:
    """Every theorem of proofs/coq as ``File.name``."""
    stated = re.compile(r"^\s*(?:Theorem|Corollary|Lemma)\s+([\w']+)", re.MULTILINE)
    return {
        f"{path.stem}.{name}" for path in (HERE / "coq").glob("*.v") for name in stated.findall(path.read_text("utf-8"))
    }


def appliers() -> dict[str, list[str]]:
    """The functions of the package that use a rule's id as a value, by id."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for path in sorted(PACKAGE.rglob("*.py")):
        module = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
        for name, function in _functions(ast.parse(path.read_text(encoding="utf-8"))):
            for rule in RULES.keys() & _values(function):
                found[rule].append(f"`{module}.{name}`")
    return found


def _values(function: ast.AST) -> set[str]:
    """Strings that are given on: to a call, a return, an assignment.

    A key that is looked up or written is none, nor one of several names that are gone through or compared with: the
    rule "loss" shares its name with a field of documents.
    """
    names: set[int] = set()
    for node in ast.walk(function):
        match node:
            case ast.Dict():
                labels = [key for key in node.keys if key is not None]
            case ast.Subscript():
                labels = [node.slice]
            case ast.For() | ast.comprehension():
                labels = [node.iter]
            case ast.Compare():
                labels = node.comparators
            case _:
                continue
        names |= {id(inner) for label in labels for inner in ast.walk(label)}
    return {
        node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in names
    }


def _functions(tree: ast.Module) -> list[tuple[str, ast.AST]]:
    """Top-level functions, methods and constants with their names."""
    named: list[tuple[str, ast.AST]] = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            named.append((node.name, node))
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            named += [(target.id, node.value) for target in node.targets if isinstance(target, ast.Name)]
        elif isinstance(node, ast.ClassDef):
            named += [(f"{node.name}.{item.name}", item) for item in node.body if isinstance(item, ast.FunctionDef)]
    return named


def page(name: str) -> str:
    """The text of a proof page."""
    return (HERE / f"{name}.md").read_text(encoding="utf-8")


def facts() -> list[tuple[str, str, Evidence]]:
    """Page, row and evidence of every row that a page of facts proves in Coq."""
    rows = []
    for name in FACTS:
        for section in re.split(r"^## ", page(name), flags=re.MULTILINE)[1:]:
            title, _, text = section.partition("\n")
            found = evidence(text)
            if found.theorems:
                rows.append((name, title.strip(), found))
    return rows


def render() -> str:
    """The text of proofs/README.md."""
    used = appliers()
    found = {rule: evidence(page(rule)) for rule in RULES}
    counts = Counter(item.status for item in found.values())
    shares = "".join(f"| {s} | {counts[s]} | {100 * counts[s] / len(RULES):.0f} % |\n" for s in STATUSES)
    rows = [
        f"| [{rule.id}]({rule.id}.md) | {rule.statement.replace('|', chr(92) + '|')} | {', '.join(used[rule.id])} "
        f"| {found[rule.id].status} | {_links(found[rule.id])} |\n"
        for rule in RULES.values()
    ]
    tables = [f"| [{title}]({name}.md) | {item.status} | {_links(item)} |\n" for name, title, item in facts()]
    parts = [
        f"{HEADER}| status | rules | share |\n|---|---|---|\n{shares}",
        f"## Rules\n\n| rule | statement | applied by | status | Coq, script |\n|---|---|---|---|---|\n{''.join(rows)}",
        f"{ROWS}| row | status | Coq |\n|---|---|---|\n{''.join(tables)}",
    ]
    return "\n".join(parts)


def _links(item: Evidence) -> str:
    return ", ".join(
        [f"[{name}](coq/{name.partition('.')[0]}.v)" for name in item.theorems] + [f"[{s}]({s})" for s in item.scripts]
    )


def headline() -> list[str]:
    """Every Coq theorem that a page names, and the theorems that certificates instantiate."""
    named = [name for rule in RULES for name in evidence(page(rule)).theorems]
    named += [name for _, _, item in facts() for name in item.theorems]
    return sorted({*named, "Activations.values_of_the_table", *OTHER})


OTHER = ("Gronwall.discrete_gronwall", "Gronwall.jumps", "Gronwall.gronwall", "Gronwall.gronwall_integral")
"""Theorems for which no rule is written yet."""


def axioms() -> str:
    """The text of proofs/coq/axioms.v."""
    names = headline()
    files = sorted({name.partition(".")[0] for name in names})
    listed = ",\n  ".join(f"@{name}" for name in names)
    return (
        "(* Generated: python proofs/index.py.  What the theorems named on the proof pages rest on, all of them. *)\n"
        f"From Lipsym Require {' '.join(files)}.\n"
        f"Definition headline := (\n  {listed}).\n"
        "Print Assumptions headline.\n"
    )


def known_rules() -> str:
    """The text of lipsym/check/rules.json."""
    return json.dumps(sorted(RULES), indent=2) + "\n"


if __name__ == "__main__":
    (PACKAGE / "check" / "rules.json").write_text(known_rules(), encoding="utf-8")
    (HERE / "coq" / "axioms.v").write_text(axioms(), encoding="utf-8")
    (HERE / "README.md").write_text(render(), encoding="utf-8")
