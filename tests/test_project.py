"""What holds for the project as a whole: imports, proofs, names, packaging and the README.

Every check that reads source has a twin below that plants a violation: a check that sees nothing would pass for ever.
"""

from __future__ import annotations

import ast
import doctest
import importlib
import importlib.metadata
import inspect
import json
import os
import re
import runpy
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FACTS = {"README", "activations", "losses", "validated-flow"}  # pages in proofs/ that are not the proof of one rule
PACKAGE = ROOT / "lipsym"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
README = (ROOT / "README.md").read_text(encoding="utf-8")
IN_CI = os.environ.get("CI", "") == "true"

COMMANDS = (
    "python -m pip install . && lipsym prove",
    'python -m pip install ".[test]" && python -m pytest',
)
EDGE_LIBRARIES = {"click", "hypothesis", "jinja2", "matplotlib", "onnx", "pytest", "rich", "scipy", "sklearn", "torch"}
MAX_PUBLIC_NAMES = 60


def sources(*folders: str) -> list[Path]:
    """The Python files of the package, or of some of its folders."""
    found = sorted(path for folder in folders or (".",) for path in (PACKAGE / folder).rglob("*.py"))
    assert found, f"no source in {folders}"
    return found


def parsed(path: Path) -> ast.AST:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"))


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    """Run ``code`` in a fresh interpreter that imports the same lipsym as this one."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", check=False
    )


# Imports


def test_the_import_contract_holds() -> None:
    if not IN_CI:
        pytest.importorskip("importlinter", reason='needs import-linter: python -m pip install ".[test]"')
    done = run_python("from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"[1-9]\d* kept, 0 broken", done.stdout)


def test_importing_the_package_loads_no_edge_library() -> None:
    done = run_python("import json, sys, lipsym; print(json.dumps(sorted(sys.modules)))")
    assert done.returncode == 0, done.stderr
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert "lipsym" in loaded
    assert not loaded & EDGE_LIBRARIES


# Habits of the source that a reader relies on


def swallowing_handlers(tree: ast.AST) -> Iterator[int]:
    """Lines of ``except:``, ``except Exception`` and ``except BaseException``, alone or in a tuple."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            if any(kind is None or ast.unparse(kind) in {"Exception", "BaseException"} for kind in kinds):
                yield node.lineno


def float_literals(tree: ast.AST) -> Iterator[int]:
    """Lines of float and complex literals, ``float("0.5")`` and ``Float("0.5")`` included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in {"float", "Float"}:
            literal = any(isinstance(argument, ast.Constant) for argument in node.args)
        else:
            literal = isinstance(node, ast.Constant) and isinstance(node.value, float | complex)
        if literal:
            yield node.lineno


def violations(check: Callable[[ast.AST], Iterator[int]], *folders: str) -> list[str]:
    """Every line of ``folders`` that ``check`` objects to, as ``path:line``."""
    return [f"{path.relative_to(ROOT)}:{line}" for path in sources(*folders) for line in check(parsed(path))]


def test_no_error_is_swallowed() -> None:
    assert violations(swallowing_handlers) == []


@pytest.mark.parametrize("clause", ["except:", "except Exception:", "except (ValueError, BaseException) as e:"])
def test_a_swallowed_error_is_seen(clause: str) -> None:
    assert list(swallowing_handlers(ast.parse(f"try:\n    f()\n{clause}\n    pass"))) == [3]


def test_a_named_error_is_no_swallowed_one() -> None:
    assert not list(swallowing_handlers(ast.parse("try:\n    f()\nexcept (ValueError, TypeError):\n    pass")))


def test_no_float_literal_enters_a_bound() -> None:
    assert violations(float_literals, "bounds", "nets") == []


@pytest.mark.parametrize("code", ["x = 0.7699", "x = 1e-3", "x = -.5", "x = 2j", "x = sp.Float('0.1')", "float('1')"])
def test_a_float_literal_is_seen(code: str) -> None:
    assert list(float_literals(ast.parse(code))) == [1]


def test_exact_numbers_are_no_float_literals() -> None:
    assert not list(float_literals(ast.parse('"""0.5"""\nx = (math.inf, 1, sp.Rational(1, 2), "0.5", float(y))')))


# Rules and proofs


def test_every_rule_has_a_proof_and_every_proof_a_rule() -> None:
    from lipsym.bounds.rules import RULES

    assert all(rule.id == key for key, rule in RULES.items())
    assert sorted(RULES) == sorted(path.stem for path in (ROOT / "proofs").glob("*.md") if path.stem not in FACTS)


def test_every_rule_is_used() -> None:
    from lipsym.bounds.rules import RULES

    used = {
        node.value
        for path in sources()
        if path != PACKAGE / "bounds" / "rules.py"
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert sorted(RULES.keys() - used) == []


def test_the_index_of_proofs_is_current() -> None:
    index = runpy.run_path(str(ROOT / "proofs" / "index.py"))
    assert (ROOT / "proofs" / "README.md").read_text(encoding="utf-8") == index["render"](), "python proofs/index.py"
    assert (PACKAGE / "check" / "rules.json").read_text(encoding="utf-8") == index["known_rules"]()


# Public names


def undocumented(name: str, value: object) -> bool:
    """Whether a public name has no docstring of its own (a dataclass's generated signature is none)."""
    text = inspect.getdoc(value) or ""
    return not text or text.startswith(f"{name}(")


def test_public_names_are_few_and_documented() -> None:
    lipsym = importlib.import_module("lipsym")
    names = [name for name in lipsym.__all__ if name != "__version__"]
    assert 0 < len(names) <= MAX_PUBLIC_NAMES
    assert len(set(names)) == len(names)
    assert [name for name in names if undocumented(name, getattr(lipsym, name))] == []


def test_an_undocumented_name_is_seen() -> None:
    from dataclasses import dataclass

    @dataclass
    class Plain:
        x: int

    def verb() -> None: ...

    def documented() -> None:
        """Says what it does."""

    assert undocumented("Plain", Plain)
    assert undocumented("verb", verb)
    assert not undocumented("documented", documented)


# Packaging and the README


def test_one_version_everywhere() -> None:
    version = PROJECT["version"]
    citation = re.search(r"^version: (.+)$", (ROOT / "CITATION.cff").read_text(encoding="utf-8"), re.MULTILINE)
    releases = re.findall(r"^## \[(\d+\.\d+\.\d+)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert citation is not None
    assert citation[1] == version
    assert releases[0] == version
    assert importlib.import_module("lipsym").__version__ == version


def test_the_readme_names_this_version_and_python() -> None:
    versions = re.findall(r"[Vv]ersion (\d+\.\d+\.\d+)|lipsym[ =]=?(\d+\.\d+\.\d+)", README)
    pythons = re.findall(r"Python (?:≥|>=) ?(\d+\.\d+)", README)
    assert {first or second for first, second in versions} == {PROJECT["version"]}
    assert {f">={python}" for python in pythons} == {PROJECT["requires-python"]}


@pytest.mark.parametrize("command", COMMANDS)
def test_the_readme_has_the_command(command: str) -> None:
    assert command in README.splitlines()


def test_the_installed_package_holds_every_file_of_the_source() -> None:
    try:
        distribution = importlib.metadata.distribution("lipsym")
    except importlib.metadata.PackageNotFoundError:
        assert not IN_CI, "CI tests an installed package"
        pytest.skip("lipsym runs from its source here; nothing is installed to compare with")
    if '"editable": true' in (distribution.read_text("direct_url.json") or ""):
        pytest.skip("an editable installation holds no files of its own")
    installed = {Path(str(file)).as_posix() for file in distribution.files or ()}
    wanted = {
        path.relative_to(ROOT).as_posix()
        for path in PACKAGE.rglob("*")
        if path.is_file() and path.suffix != ".pyc" and not any(part.startswith(".") for part in path.parts[-2:])
    }
    assert sorted(wanted - installed) == []


def readme_blocks(text: str) -> list[str]:
    """The Python code blocks of a Markdown text, in order."""
    return re.findall(r"^```(?:python|pycon)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def failures(blocks: list[str]) -> int:
    """Run code blocks one after the other in one namespace; prompts make a block a doctest."""
    parser, runner, names = doctest.DocTestParser(), doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE), {}
    for number, block in enumerate(blocks):
        if ">>>" not in block:
            exec(compile(block, f"README.md, block {number}", "exec"), names)
            continue
        test = parser.get_doctest(block, names, f"README.md, block {number}", "README.md", 0)
        runner.run(test, clear_globs=False)
        names = test.globs
    return runner.failures


def test_the_examples_of_the_readme_run() -> None:
    blocks = readme_blocks(README)
    if not blocks:
        pytest.skip("the README has no Python example")
    assert failures(blocks) == 0


def test_a_wrong_example_is_seen(capsys: pytest.CaptureFixture[str]) -> None:
    blocks = readme_blocks("Text\n```python\nx = 1\n```\n```pycon\n>>> x + 1\n2\n```\n```python\n>>> x + 1\n3\n```\n")
    assert len(blocks) == 3
    assert failures(blocks[:2]) == 0
    assert failures(blocks) == 1
    assert "Expected:" in capsys.readouterr().out
