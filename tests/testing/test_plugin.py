"""The pytest plugin: light to import, and its fixtures fail a user's test with the numbers."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))}
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, encoding="utf-8", check=False
    )


def test_importing_the_plugin_loads_neither_lipsym_nor_numpy() -> None:
    done = run("-c", "import sys, pytest_lipsym; print([m for m in ('lipsym', 'sympy', 'numpy') if m in sys.modules])")
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def test_the_entry_point_names_the_module() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["entry-points"]["pytest11"] == {"pytest_lipsym": "pytest_lipsym"}
    assert project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"] == {
        "pytest_lipsym.py": "pytest_lipsym.py"
    }


def test_a_users_wrong_formula_fails_their_test(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(
        textwrap.dedent(
            """
            import lipsym as ls
            import numpy as np

            REGION, INPUTS = ls.ProductBall("R"), ls.InputBall("S")

            def test_wrong(assert_no_counterexample):
                network = ls.mlp([2, 8, 1], "tanh")
                mine = "R*sqrt(S**2 + 1)"  # forgets the last layer
                assert_no_counterexample(ls.Claim(network, REGION, INPUTS, "lipschitz", "<=", mine), budget=1)

            def test_wrong_function(assert_lipschitz):
                assert_lipschitz(lambda t: np.sin(3 * t[0]) * t[1], bound=2.9, dimension=2, radius=1)

            def test_right(assert_no_counterexample):
                network = ls.mlp([1, 1], "tanh")
                mine = "sqrt(S**2 + 1)"
                assert_no_counterexample(ls.Claim(network, REGION, INPUTS, "lipschitz", "<=", mine), budget=1)
            """
        ),
        encoding="utf-8",
    )
    done = run("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "pytest_lipsym", "test_mine.py", folder=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "2 failed, 1 passed" in done.stdout
    assert "refuted: lipschitz of mlp:2-8-1:tanh on layers:R, inputs ball:S" in done.stdout
    assert "A_2 = ((" in done.stdout
    assert "the bound 2.9 fails" in done.stdout
