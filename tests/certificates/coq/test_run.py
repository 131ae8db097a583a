"""coqc on certificates. Skipped where Coq or the compiled theorems are missing, except in CI."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from lipsym.certificates.coq import check_coq, coq_certificate, coq_library
from lipsym.cli import main
from lipsym.errors import InputError
from lipsym.verdict import Verdict

WIDE = "mlp:784-" + "100-" * 8 + "1:tanh"


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    try:
        coq_library()
    except InputError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"{error.fails}: {error.remedy}")


@pytest.mark.parametrize(
    "asked",
    [
        (WIDE, "layers:3/2", "ball:28", "lipschitz"),
        ("mlp:2-3-2:gelu,:".replace(",", "") + "silu", "layers:3/2,1", "ball:1", "smoothness"),
        ("mlp:2-3-3-1:tanh,softplus:sigmoid:nobias", "layers:2", "ball:1/2", "smoothness"),
        ("mlp:2-3-1:leaky_relu:relu", "layers:1", "ball:1", "lipschitz"),
        ("mlp:1-1-1:tanh", "box:-1/2,1/2", "ball:1", "lipschitz"),
    ],
)
def test_coqc_accepts(asked: tuple[str, ...], tmp_path: Path) -> None:
    file = tmp_path / "c.v"
    file.write_text(coq_certificate(*asked), encoding="utf-8")
    assert check_coq(file)[0] is Verdict.PROVED


@pytest.mark.parametrize(
    ("net", "region", "constant"),
    [
        # One hidden tanh, R = 10, S = 1: the supremum is √201 = 14.1774…
        ("mlp:1-1-1:tanh", "layers:10", "14.03"),
        # The box's supremum is at 0 input weights and largest last weight; 1 % below it.
        ("mlp:1-1-1:tanh", "box:-1,1", "1.71"),
    ],
)
def test_a_constant_one_percent_too_small_is_rejected(net: str, region: str, constant: str, tmp_path: Path) -> None:
    file = tmp_path / "c.v"
    file.write_text(coq_certificate(net, region, "ball:1", constant=constant), encoding="utf-8")
    assert check_coq(file)[0] is Verdict.REFUTED


def test_the_command_line(tmp_path: Path) -> None:
    file = tmp_path / "c.v"
    command = ["certificate", "mlp:2-2-1:tanh", "--region", "layers:2", "--inputs", "ball:1", "--coq"]
    run = CliRunner()
    assert run.invoke(main, [*command, "--out", str(file)]).exit_code == 0
    checked = run.invoke(main, ["check", "--coq", str(file)])
    assert (checked.exit_code, "verified by coqc" in checked.output) == (0, True)
    assert run.invoke(main, command).output.rstrip("\n") == file.read_text(encoding="utf-8").rstrip("\n")
