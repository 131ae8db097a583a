"""The command line: results, errors in three lines, exit statuses, streams."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from fractions import Fraction
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner, Result

import lipsym as ls
from lipsym.bounds.rules import RULES
from lipsym.cli import main
from lipsym.cli.output import ASCII, printable
from lipsym.nets.activations import ACTIVATIONS
from lipsym.nets.losses import LOSSES

ROOT = Path(__file__).resolve().parent.parent


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def shell(arguments: Sequence[str], **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "lipsym.cli", *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        check=False,
    )


def test_the_version() -> None:
    assert run("--version").output == f"lipsym {ls.__version__}\n"


def test_help_names_the_verbs() -> None:
    result = run("--help")
    assert result.exit_code == 0
    assert all(verb in result.output for verb in ("prove", "bound", "list"))


def test_the_formula_alone() -> None:
    result = run("bound", "mlp:2-8-1:tanh", "--quantity", "smoothness")
    assert result.exit_code == 0
    assert "two-layer-exact" in result.output
    assert "value" not in result.output
    assert result.stderr == ""


def test_the_value_is_rounded_up() -> None:
    result = run("bound", "mlp:2-8-1:tanh", "--quantity", "smoothness", "--at", "R=2,S=3/2")
    printed = re.search(r"value ≤ (\S+) \(upper end rounded up\) at R = 2, S = 3/2 \(arb, 53 bits\)", result.output)
    assert printed is not None
    bound = ls.derive(ls.mlp([2, 8, 1], "tanh"), ls.ProductBall("R"), ls.InputBall("S"), "smoothness")
    assert isinstance(bound, ls.Bound)
    value = bound.evaluate({"R": 2, "S": "3/2"})
    assert value.hi <= Fraction(printed[1]) < Fraction(value.hi) * Fraction(100001, 100000)


def test_json_is_the_contracts() -> None:
    command = ("bound", "mlp:1-2-1:tanh", "--at", "R=1/2,S=1", "--domain", "mpmath", "--precision", "80")
    result = run(*command, "--format", "json")
    document = json.loads(result.output)
    keys = [
        "schema",
        "quantity",
        "side",
        "network",
        "region",
        "inputs",
        "loss",
        "expr",
        "latex",
        "hypotheses",
        "rules",
        "value",
    ]
    assert set(keys) <= set(document)
    assert (document["domain"], document["precision"], document["at"]) == ("mpmath", 80, {"R": "1/2", "S": "1"})
    assert Fraction(document["value"]["lo"]) <= Fraction(document["value"]["hi"])
    assert ls.parse(document["region"].partition(":")[2]) == ls.parse("R")
    assert json.loads(run("bound", "mlp:1-2-1:tanh", "--format", "json").output)["value"] is None


def test_latex() -> None:
    output = run("bound", "mlp:2-2-1:tanh", "--quantity", "smoothness", "--format", "latex").output
    assert output.startswith(("$", r"\begin{align*}"))


def test_losses_and_weight_decay() -> None:
    plain = ["bound", "mlp:1-1-1:tanh", "--quantity", "smoothness", "--loss", "mse", "--at", "R=1,S=1,Y=1"]
    first, second = (
        json.loads(run(*plain, *more, "--format", "json").output) for more in ([], ["--weight-decay", "1/2"])
    )
    gap = Fraction(second["value"]["lo"]) - Fraction(first["value"]["lo"])
    assert abs(gap - Fraction(1, 2)) < Fraction(1, 1000)
    assert any("1/2" in hypothesis for hypothesis in second["hypotheses"])


def test_the_rule_can_be_chosen() -> None:
    command = ["bound", "mlp:1-1-1:tanh:tanh", "--at", "R=1,S=1", "--format", "json"]
    sharp, plain = (json.loads(run(*command, "--rule", rule).output) for rule in ("auto", "recursion"))
    assert Fraction(sharp["value"]["hi"]) < Fraction(plain["value"]["lo"])


def test_a_symbol_of_the_region_may_be_absent_from_the_bound() -> None:
    assert run("bound", "mlp:2-1:tanh", "--at", "R=1,S=1").exit_code == 0


def test_uniform_depth() -> None:
    result = run("bound", "uniform:m-l:tanh", "--at", "R=1/2,S=1,m=50,l=8")
    assert result.exit_code == 0
    assert "value ≤" in result.output


def test_infinity_is_proved() -> None:
    result = run("bound", "mlp:2-3-1:relu", "--quantity", "smoothness")
    assert result.exit_code == 0
    assert "= ∞" in result.output
    assert "witness" in result.output


def test_a_printed_bound_shows_its_other_side() -> None:
    arguments = ("mlp:1-1-1:tanh:tanh", "--quantity", "smoothness", "--at", "R=1,S=1")
    text = run("bound", *arguments).output
    assert "upper/lower → 1 as the radii grow" in text
    assert "growth: R^2" in text
    assert "upper/lower ≤ 1.1866 at these values" in text
    assert "block 2: A = [[" in text
    found = json.loads(run("bound", *arguments, "--format", "json").output)
    text = files("lipsym.certificates").joinpath("schemas", "bound.schema.json").read_text(encoding="utf-8")
    jsonschema.validate(found, json.loads(text))
    sharp = found["sharpness"]
    assert Fraction(sharp["ratio"]["hi"]) < Fraction(119, 100)
    assert Fraction(sharp["witness"]["lower"]) <= Fraction(found["value"]["hi"])
    assert len(sharp["witness"]["parameters"]) == 2
    lower = run("bound", "mlp:1-1-1:tanh:tanh", "--side", "lower").output
    assert "sup ‖D_θ N‖ ≥ W" in lower
    assert "growth: R^1" in lower
    third = run("bound", "mlp:2-2-1:tanh", "--quantity", "hessian_lipschitz", "--at", "R=1,S=1").output
    assert "no limit proved" in third


@pytest.mark.parametrize(
    "arguments",
    [("--side", "lower", "--region", "box:1,2"), ("--rule", "coupled", "--quantity", "hessian_lipschitz")],
)
def test_what_no_rule_covers_is_unknown(arguments: tuple[str, ...]) -> None:
    result = run("bound", "mlp:2-3-1:tanh", *arguments)
    assert result.exit_code == 3
    assert "unknown" in result.output


BAD = [
    (["bound", "mlp:2-3-1:tanhh"], "tanhh"),
    (["bound", "mlp:2-x!-1:tanh"], "x!"),
    (["bound", "mlp:2-0-1:tanh"], "0"),
    (["bound", "mlp:2:tanh"], "mlp:2:tanh"),
    (["bound", "perceptron"], "perceptron"),
    (["bound", "mlp:2-3-1:tanh", "--region", "ball:-1"], "negative"),
    (["bound", "mlp:2-3-1:tanh", "--region", "layers:1,2,3"], "2 parameter blocks"),
    (["bound", "mlp:2-3-1:tanh", "--region", "ball:__import__('os')"], "ball"),
    (["bound", "mlp:2-3-1:tanh", "--inputs", "cube:1"], "cube:1"),
    (["bound", "mlp:2-3-1:tanh", "--at", "R=2"], "for S"),
    (["bound", "mlp:2-3-1:tanh", "--at", "R=2,S=1,Q=3"], "no symbol Q"),
    (["bound", "mlp:2-3-1:tanh", "--at", "R=-1,S=1"], "not negative"),
    (["enclose", "mlp:2-3-1:tanh", "--at", "R=2,S=1,Q=3"], "no symbol Q"),
    (["enclose", "mlp:2-3-1:tanh", "--at", "S=1"], "--at R=1"),
    (["verify", "mlp:2-3-1:tanh", "--claim", "R", "--at", "R=2,S=1,Q=3"], "no symbol Q"),
    (["verify", "mlp:2-3-1:tanh", "--claim", "R", "--at", "S=1"], "--at R=1"),
    (["refute", "mlp:2-3-1:tanh", "--claim", "R", "--at", "Q=3"], "no symbol Q"),
    (["refute", "mlp:2-3-1:tanh", "--claim", "R", "--constant", "3"], "--constant"),
    ([], "missing command"),
    (["bound", "mlp:2-3-1:tanh", "--at", "R=1,R=2,S=1"], "two values"),
    (["bound", "mlp:2-3-1:tanh", "--at", "R"], "name=number"),
    (["bound", "mlp:2-3-1:tanh", "--at", "R=,S=1"], "name=number"),
    (["bound", "mlp:2-3-1:tanh", "--at", "R=x,S=1"], "not a number"),
    (["bound", "mlp:2-3-1:tanh", "--at", "R=1;S=1"], "1;S=1"),
    (["bound", "mlp:2-3-1:tanh", "--at", "R=exit(),S=1"], "exit"),
    (["bound", "mlp:2-3-1:tanh", "--at", "R=9**9**9**9,S=1"], "9"),
    (["bound", "mlp:2-3-1:tanh", "--at", "R=1,S=1", "--domain", "float64", "--precision", "80"], "53 bits"),
    (["bound", "mlp:2-3-1:tanh", "--weight-decay", "1"], "without a loss"),
    (["bound", "mlp:2-3-1:tanh", "--loss", "mse", "--weight-decay", "-1"], "-1"),
    (["bound", "mlp:2-3-2:tanh", "--loss", "logistic"], "one output"),
    (["bound", "mlp:2-3-1:tanh", "--loss", "hinge"], "hinge"),
    (["bound", "mlp:2-3-1:tanh", "--quantity", "convexity"], "convexity"),
    (["bound", "mlp:2-3-1:tanh", "--precision", "1"], "precision"),
    (["bound", "mlp:2-3-1:tanh", "--format", "xml"], "xml"),
    (["bound"], "missing"),
    (["bound", "a", "b"], "unexpected"),
    (["bound", "--nosuch"], "nosuch"),
    (["boun"], "boun"),
    (["prove", "--suite", "huge"], "huge"),
    (["prove", "--jobs", "0"], "jobs"),
    (["prove", "--suite", "quick", "--out", "/dev/null/x"], "/dev/null"),
]


@pytest.mark.parametrize(("arguments", "says"), BAD, ids=[" ".join(arguments) for arguments, _ in BAD])
def test_bad_input_ends_in_three_lines(arguments: list[str], says: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 3, result.stderr
    assert "Traceback" not in result.stderr
    assert says in result.stderr


@pytest.mark.parametrize("verb", ["bound", "enclose"])
def test_an_error_about_a_huge_text_stays_short(verb: str) -> None:
    result = run(verb, "x" * 100_000)
    assert result.exit_code == 2
    assert len(result.stderr) < 2000


def test_the_list_fits_a_screen() -> None:
    assert max(map(len, run("list").output.splitlines())) <= 145


def test_the_list_names_everything() -> None:
    result = run("list")
    assert result.exit_code == 0
    for name in (*ACTIVATIONS, *LOSSES, *RULES, "mlp:2-8-1:tanh", "ball:S", "arb", "mpmath", "float64", "symbolic"):
        assert name in result.output
    assert "2*sqrt(3)" in result.output or "4*sqrt(3)/9" in result.output


def test_prove(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lipsym.cli import prove as verb
    from lipsym.prove import run as module
    from lipsym.prove.suite import Case, points

    tiny = (
        Case("mlp:1-1-1:tanh", at=points(("1",)), budget=200),
        Case("mlp:1-1-1:relu", "smoothness", expect="unbounded"),
    )
    monkeypatch.setattr(verb, "run_suite", lambda *a, **o: module.prove(*a, **o, cases=tiny, trained=False))
    result = run("prove", "--suite", "quick", "--jobs", "1", "--out", str(tmp_path))
    assert result.exit_code == 0, result.output
    first, second = result.stdout.splitlines()
    case, quantity, bound, lower, ratio, strength, limit, degree, rules, supremum = first.split(" | ")
    assert supremum.startswith("sup in [")
    assert re.fullmatch(r"\d+ evaluations", strength)
    assert (limit, degree) == ("→ 1", "R^1")
    assert (case, quantity) == ("mlp:1-1-1:tanh [layers:R]", "lipschitz")
    assert re.fullmatch(r"R=1 S=1 ≤ [\d.]+", bound)
    assert Fraction(bound.split()[-1]) >= Fraction(lower.removeprefix("≥ "))
    assert 1 <= Fraction(ratio.removeprefix("ratio ")) < Fraction(11, 10)
    assert "coupled-order-1" in rules
    assert "= ∞ (proved)" in second
    assert "no counterexample found" in result.stderr
    assert "verified" not in (result.output + (tmp_path / "report.html").read_text()).lower()


def test_a_false_claim_is_refuted_with_exact_numbers(tmp_path: Path) -> None:
    file = tmp_path / "found.json"
    question = ("refute", "mlp:2-3-1:tanh", "--region", "layers:R", "--claim", "R*sqrt(S**2 + 1)", "--budget", "0.5")
    result = run(*question, "--at", "R=2,S=1", "--out", str(file))
    assert result.exit_code == 1, result.output
    assert result.output.startswith("refuted: lipschitz of mlp:2-3-1:tanh on layers:R")
    document = json.loads(file.read_text(encoding="utf-8"))
    assert document["verdict"] == "refuted"
    assert document["at"] == {"R": "2", "S": "1"}
    assert Fraction(document["value"]["lo"]) > Fraction(document["claimed"]["hi"])
    assert Fraction(document["ratio"]["lo"]) > 1
    theta = [([[Fraction(v) for v in r] for r in k["A"]], [Fraction(v) for v in k["b"]]) for k in document["theta"]]
    assert ls.ProductBall(2).contains(theta, ls.mlp([2, 3, 1], "tanh"))
    assert document["theta_prime"] is not None
    again = run(*question, "--at", "R=2,S=1", "--format", "json")
    assert json.loads(again.output) == document


def test_a_true_claim_ends_in_status_3_and_never_says_verified() -> None:
    result = run("refute", "mlp:1-1:tanh", "--claim", "sqrt(S**2 + 1)", "--budget", "0.1")
    assert result.exit_code == 3
    assert "no counterexample found" in result.output
    assert "verified" not in result.output.lower()
    asked = ("refute", "mlp:1-1:tanh", "--claim", "sqrt(S**2 + 1)", "--budget", "0.1", "--format", "json")
    document = json.loads(run(*asked).output)
    assert (document["verdict"], document["text"]) == ("undecided", "no counterexample found")


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--claim", "R", "--global"), "both --claim and --global"),
        ((), "without --claim"),
        (("--global", "--constant", "3", "--region", "layers:R"), "--region"),
        (("--claim", "R", "--quantity", "smoothness"), "relu"),
        (("--claim", "C*R"), "C occurs neither"),
        (("--claim", "__import__('os')"), "expression"),
        (("--claim", "R", "--weight-decay", "1"), "without a loss"),
        (("--claim", "R", "--at", "R=x"), "x"),
    ],
)
def test_what_refute_cannot_do_is_three_lines(options: tuple[str, ...], why: str) -> None:
    result = run("refute", "mlp:1-1-1:relu", *options)
    assert result.exit_code == 2
    assert why in result.stderr
    assert len(result.stderr.strip().splitlines()) == 3


def test_a_refuted_bound_ends_in_status_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from lipsym.cli import prove as verb
    from lipsym.prove import run as module
    from lipsym.prove import work
    from lipsym.prove.suite import Case, points

    def smaller(*arguments: object, **options: object) -> ls.Bound:
        bound = ls.derive(*arguments, **options)  # type: ignore[arg-type]
        assert isinstance(bound, ls.Bound)
        return replace(bound, result=bound.result / 2)

    tiny = (Case("mlp:1-1-1:tanh", at=points(("1",)), budget=200),)
    monkeypatch.setattr(work, "derive", smaller)
    monkeypatch.setattr(verb, "run_suite", lambda *a, **o: module.prove(*a, **o, cases=tiny, trained=False))
    result = run("prove", "--suite", "quick", "--jobs", "1", "--out", str(tmp_path))
    assert result.exit_code == 1
    assert "REFUTED at R=1, S=1" in result.stdout
    assert "2 FAILURES" in result.stderr  # the search's and the witness's
    assert "REFUTED" in (tmp_path / "report.html").read_text()


@pytest.mark.parametrize("arguments", [["list"], ["bound", "mlp:2-3-1:tanh", "--at", "R=1,S=1"], ["bound", "σ"]])
def test_a_terminal_that_knows_ascii_only(arguments: list[str]) -> None:
    done = shell(arguments, PYTHONIOENCODING="ascii", PYTHONUTF8="0", LC_ALL="C")
    text = done.stdout + done.stderr
    assert text.isascii()
    assert b"Traceback" not in text
    assert b"Error" not in text
    assert done.returncode in (0, 2)
    if arguments[0] == "bound" and len(arguments) > 2:
        assert b"<=" in done.stdout


def test_transliterations_are_ascii() -> None:
    assert all(value.isascii() for value in ASCII.values())
    assert printable("≤ 漢", "ascii") == "<= ?"
    assert printable("≤ 漢", None) == "<= ?"
    assert printable("≤ 漢", "utf-8") == "≤ 漢"


def test_a_reader_that_goes_away_ends_the_program_quietly() -> None:
    command = f"{sys.executable} -m lipsym.cli list | head -1; exit ${{PIPESTATUS[0]}}"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "-c", command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines() == ["Architectures"]
    assert done.stderr == ""
    assert done.returncode in (0, 141)


def test_an_interrupted_run_leaves_complete_files_only(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "lipsym.cli", "prove", "--suite", "quick", "--jobs", "2", "--out", str(tmp_path)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    deadline = time.monotonic() + 300
    while not list(tmp_path.rglob("*.json")) and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert b"Traceback" not in err
    assert b"interrupted" in err
    found = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert found
    assert all(path.suffix == ".json" and json.loads(path.read_text())["schema"] for path in found)


@pytest.mark.nightly
def test_the_quick_suite_holds(tmp_path: Path) -> None:
    done = shell(["prove", "--suite", "quick", "--out", str(tmp_path)])
    assert done.returncode == 0, done.stderr.decode()
    assert b"digits 64-32-10" in done.stdout
    assert (tmp_path / "report.html").stat().st_size > 100_000
