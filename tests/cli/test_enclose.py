"""``lipsym enclose``: its two formats and its exit statuses."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

from click.testing import CliRunner

from lipsym.cli.verbs import main


def call(*args: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["enclose", *args])
    return done.exit_code, done.output


def test_text_and_exit_status() -> None:
    status, text = call("mlp:1-1-1:tanh", "--at", "R=3,S=1")
    assert status == 0
    assert "≤ sup ≤" in text
    assert "first-column" in text
    status, text = call("mlp:1-4-1:tanh:tanh", "--at", "R=3,S=1", "--quantity", "smoothness", "--budget", "0.01")
    assert status == 3
    assert "gap not reached" in text
    assert call("mlp:1-1-1:relu", "--at", "R=3,S=1", "--quantity", "smoothness")[0] == 0
    assert call("mlp:1-l-1:tanh", "--at", "R=3,S=1")[0] == 3
    assert call("mlp:1-1-1:tanh", "--at", "R=3")[0] == 2
    assert call("mlp:1-1-1:tanh", "--at", "R=3,S=1", "--gap", "0")[0] == 2


def test_a_wide_network_has_one_bound() -> None:
    status, text = call("mlp:4-16-2:tanh", "--at", "R=1,S=1", "--gap", "1")
    assert status == 0
    assert "the whole region at once" in text
    document = json.loads(call("mlp:4-16-2:tanh", "--at", "R=1,S=1", "--gap", "1", "--format", "json")[1])
    assert Fraction(document["sup"]["lo"]) <= Fraction(document["sup"]["hi"])


def test_json_has_exact_numbers(tmp_path: Path) -> None:
    out = tmp_path / "sup.json"
    status, text = call(
        *("mlp:1-1-1:tanh", "--region", "ball:R", "--at", "R=3,S=1", "--format", "json"),
        *("--state", str(tmp_path / "state"), "--out", str(out)),
    )
    assert status == 0
    document = json.loads(text)
    assert document == json.loads(out.read_text(encoding="utf-8"))
    lo, hi = (Fraction(document["sup"][end]) for end in ("lo", "hi"))
    assert lo**2 <= 19 <= hi**2
    assert document["boxes"] > 0
    assert document["seconds"] >= 0
    assert document["gap"] == "1/100"
    assert [len(block["A"]) for block in document["witness"]["theta"]] == [1, 1]
    assert "multiplier-form" in document["rules"]


def test_a_loss_of_one_free_sample() -> None:
    status, text = call(
        "mlp:1-1-1:tanh", "--region", "ball:1", "--inputs", "ball:1", "--loss", "logistic", "--gap", "1/5"
    )
    assert status == 0
    assert text.startswith("logistic of mlp:1-1-1:tanh")
