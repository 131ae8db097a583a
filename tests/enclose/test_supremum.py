"""``enclose``: closed forms inside, attacks outside, resumption, executors, and what it refuses."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lipsym as ls
from lipsym.enclose.branch import Frontier
from lipsym.enclose.derivatives import lipschitz_lower, smoothness_lower
from lipsym.enclose.inside import inside
from lipsym.enclose.search import model
from lipsym.errors import InputError, MissingValueError

ROOT = Path(__file__).resolve().parents[2]
TANH = ls.mlp([1, 1, 1], "tanh")
BALL = ls.InputBall("S")


def enclosed(*args: Any, **options: Any) -> ls.Supremum:
    found = ls.enclose(*args, **options)
    assert isinstance(found, ls.Supremum)
    return found


@pytest.mark.parametrize("R", [1, 3, 10])
def test_the_closed_form_of_order_1_lies_inside(R: int) -> None:
    found = enclosed(TANH, ls.ProductBall(R), ls.InputBall(1), gap="1/1000")
    assert found.reached
    assert found.lo**2 <= 2 * R**2 + 1 <= found.hi**2
    assert found.hi - found.lo <= found.hi / 1000


@pytest.mark.parametrize("network", [TANH, ls.mlp([3, 2, 2], "tanh"), ls.mlp([1, 1, 1], "sigmoid")], ids=str)
@pytest.mark.parametrize("region", [ls.ProductBall(2), ls.Ball(2)], ids=str)
def test_the_exact_smoothness_lies_inside(network: ls.Network, region: ls.Ball | ls.ProductBall) -> None:
    found = enclosed(network, region, BALL, "smoothness", {"S": "3/2"}, gap="1/50")
    exact = ls.derive(network, region, BALL, "smoothness")
    assert isinstance(exact, ls.Bound)
    assert "two-layer-exact" in exact.rules
    assert found.reached
    assert found.enclosure.overlaps(exact.evaluate({"S": "3/2"}))


def test_affine_networks_have_known_suprema() -> None:
    found = enclosed(ls.mlp([2, 3], "identity"), ls.Ball(5), ls.InputBall("3/4"))
    assert found.enclosure.contains(Fraction(5, 4))
    assert enclosed(ls.mlp([2, 3], "identity"), ls.Ball(5), ls.InputBall("3/4"), "smoothness").hi == 0
    two = enclosed(ls.mlp([1, 1, 1], "identity"), ls.ProductBall(3), ls.InputBall("3/4"), "smoothness")
    assert two.enclosure.contains(Fraction(5, 4))


def attack(found: ls.Supremum, network: ls.Network, region: Any, S: Fraction, count: int, seed: int) -> None:
    """Random points, most on the boundary, and points around the witness, evaluated in Arb, stay below ``hi``."""
    rng = np.random.default_rng(seed)
    m = model(network, 0)
    lower = lipschitz_lower if found.quantity == "lipschitz" else smoothness_lower
    best = m.pack([(np.array(a, dtype=float), np.array(b, dtype=float)) for a, b in found.witness.params])
    for k in range(count):
        theta = rng.standard_normal(m.count) * rng.choice([0.1, 1.0, 10.0])
        if k % 2:
            theta = best + theta * 10.0 ** -rng.integers(1, 6)
        params = [(a, b) for a, b in m.unpack(theta)]
        if isinstance(region, ls.Box):
            params = [(np.clip(a, -1, 1), np.clip(b, -1, 1)) for a, b in params]
        else:
            radius = float(region.radii)
            for i, (a, b) in enumerate(params):
                length = max(1.0, np.sqrt((a**2).sum() + (b**2).sum()) / radius)
                params[i] = a / length, b / length
        exact = inside(network, region, params)
        x = [Fraction(float(s)) for s in rng.standard_normal(network.input_width)]
        norm = max(1, sum(abs(v) for v in x) / S)
        assert lower(network, exact, np.array([v / norm for v in x], dtype=object)) <= found.hi


ATTACKED = {
    "two units": (ls.mlp([1, 2, 1], "tanh", "tanh"), ls.ProductBall(2)),
    "box": (ls.mlp([1, 1, 1], "sin"), ls.Box(-1, 1)),
}


@pytest.mark.parametrize("quantity", ["lipschitz", "smoothness"])
@pytest.mark.parametrize("name", ATTACKED)
def test_no_attack_exceeds_the_supremum(name: str, quantity: str) -> None:
    network, region = ATTACKED[name]
    found = enclosed(network, region, ls.InputBall(1), quantity, gap="1/10", budget=20)
    attack(found, network, region, Fraction(1), 500 if quantity == "lipschitz" else 25, 0)


@pytest.mark.nightly
@pytest.mark.parametrize("quantity", ["lipschitz", "smoothness"])
@pytest.mark.parametrize("name", ATTACKED)
def test_no_attack_of_a_hundred_thousand_points_exceeds_the_supremum(name: str, quantity: str) -> None:
    network, region = ATTACKED[name]
    found = enclosed(network, region, ls.InputBall(1), quantity, gap="1/100", budget=120)
    attack(found, network, region, Fraction(1), 100_000, 1)


def test_a_smaller_bound_is_refuted_by_the_witness() -> None:
    region, network = ls.ProductBall("R"), ls.mlp([2, 2, 1], "tanh")
    found = enclosed(network, region, BALL, "smoothness", {"R": 2, "S": 1}, gap="1/100")
    assert found.reached
    claimed = found.hi * Fraction(98, 100)
    point = found.witness
    assert region.contains(point.params, network, {"R": 2})
    assert point.x is not None
    assert sum(v * v for v in point.x) <= 1
    assert smoothness_lower(network, point.params, np.array(point.x, dtype=object)) > claimed


def test_an_unreachable_gap_ends_with_the_budget() -> None:
    found = enclosed(ls.mlp([1, 4, 1], "tanh", "tanh"), ls.Ball(3), ls.InputBall(1), "smoothness", budget=0.01)
    assert not found.reached
    assert 0 < found.lo < found.hi


def test_executors_change_nothing() -> None:
    question = (ls.mlp([1, 2, 1], "tanh", "tanh"), ls.ProductBall(3), ls.InputBall(1), "lipschitz")
    alone = enclosed(*question, gap="1/50")
    with ThreadPoolExecutor(2) as threads:
        threaded = enclosed(*question, gap="1/50", executor=threads)
    with ProcessPoolExecutor(2) as processes:
        spread = enclosed(*question, gap="1/50", executor=processes)
    for other in (threaded, spread):
        assert (other.lo, other.hi, other.boxes, other.cover.nodes) == (
            alone.lo, alone.hi, alone.boxes, alone.cover.nodes)  # fmt: skip


SEARCH = """
import sys, lipsym as ls
found = ls.enclose(ls.mlp([1, 2, 1], "tanh", "tanh"), ls.ProductBall(1), ls.InputBall(1), "smoothness", gap="1/10",
                   budget=100, state=sys.argv[1])
print(found.lo, found.hi, found.boxes, hash(found.cover.nodes))
"""


def test_a_killed_search_resumes_to_the_same_answer(tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0"}

    def start(name: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", SEARCH, str(tmp_path / name)],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    whole, error = start("whole").communicate(timeout=200)
    assert whole, error
    state = tmp_path / "cut"
    kills = 0
    for size in (1, 3_000):
        process = start("cut")
        deadline = time.monotonic() + 100
        while process.poll() is None and time.monotonic() < deadline:
            if state.exists() and state.stat().st_size > size:
                process.send_signal(signal.SIGKILL)
                kills += 1
                break
            time.sleep(0.01)
        process.communicate(timeout=100)
        content = state.read_bytes()
        state.write_bytes(content[: len(content) - 7 * (size == 3_000)])  # a record cut short
    assert kills
    assert start("cut").communicate(timeout=200)[0] == whole


def test_the_state_of_another_activation_of_the_same_name_is_refused(tmp_path: Path) -> None:
    other = ls.mlp([1, 1, 1], replace(ls.activation("sin"), name="tanh"))
    state = tmp_path / "state"
    ls.enclose(TANH, ls.ProductBall(1), ls.InputBall(1), gap="1/2", state=state)
    with pytest.raises(InputError):
        ls.enclose(other, ls.ProductBall(1), ls.InputBall(1), gap="1/2", state=state)


def test_the_state_of_another_problem_is_refused(tmp_path: Path) -> None:
    state = tmp_path / "state"
    enclosed(TANH, ls.ProductBall(1), ls.InputBall(1), state=state)
    with pytest.raises(InputError, match="another problem"):
        ls.enclose(TANH, ls.ProductBall(2), ls.InputBall(1), state=state)
    state.write_bytes(b"not a journal")
    with pytest.raises(InputError, match="another problem"):
        ls.enclose(TANH, ls.ProductBall(1), ls.InputBall(1), state=state)
    state.write_bytes(b"{")
    assert enclosed(TANH, ls.ProductBall(1), ls.InputBall(1), state=state).reached, "a header cut short is no journal"


def test_replaying_a_record_gives_the_same_boxes() -> None:
    from lipsym.enclose.reduction import Question, reduce

    problem, _ = reduce(Question(ls.mlp([1, 2, 1], "tanh"), ls.ProductBall(1), ls.InputBall(1), 2, None, {}))
    first, second = Frontier.of(problem), Frontier.of(problem)
    for _ in range(6):
        second.replay(first.bisect())
        assert all(np.array_equal(getattr(first, n), getattr(second, n)) for n in ("lo", "hi", "upper", "axis", "node"))
    assert first.tree() == second.tree()


def test_the_cover_s_leaves_have_the_bound() -> None:
    from lipsym.enclose.bounding import upper_bounds
    from lipsym.enclose.reduction import Question, reduce

    network, region = ls.mlp([1, 1, 1], "tanh", "tanh"), ls.Ball(1)
    found = enclosed(network, region, ls.InputBall(1), "smoothness", gap="1/20")
    case, lo, hi = found.cover.boxes()
    problem, _ = reduce(Question(network, region, ls.InputBall(1), 2, None, {}))
    bounds = upper_bounds(problem, lo, hi, case).upper
    # A leaf may owe its bound to its parent's.
    assert (bounds <= float(found.hi)).mean() > 0.9
    assert found.cover.leaves * 2 - 1 == found.boxes


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"quantity": "area"}, "not one of the constants"),
        ({"gap": 0}, "rational number in"),
        ({"gap": "sqrt(2)/2"}, "rational number in"),
        ({"budget": 0}, "positive number of seconds"),
        ({"loss": "mse"}, "no value is known for Y"),
    ],
)
def test_bad_questions_are_refused(options: dict[str, Any], text: str) -> None:
    with pytest.raises((InputError, MissingValueError), match=text):
        ls.enclose(TANH, ls.ProductBall(1), ls.InputBall(1), **options)


def test_symbols_need_values() -> None:
    with pytest.raises(MissingValueError, match="no value is known for"):
        ls.enclose(TANH, ls.ProductBall("R"), ls.InputBall(1))


def test_what_cannot_be_enclosed_says_why() -> None:
    symbolic = ls.enclose(ls.mlp([1, "l", 1], "tanh"), ls.ProductBall(1), ls.InputBall(1))
    assert isinstance(symbolic, ls.Unknown)
    assert "integer widths" in symbolic.reason
    third = ls.enclose(TANH, ls.ProductBall(1), ls.InputBall(1), "hessian_lipschitz")
    assert isinstance(third, ls.Unknown)
    assert "orders 1 and 2" in third.reason
    rectified = ls.enclose(ls.mlp([1, 1, 1], "relu"), ls.ProductBall(1), ls.InputBall(1), "smoothness")
    assert isinstance(rectified, ls.Unbounded)
    box = ls.Box([([[-1.0]], [0.0]), ([[0.0], [1.0]], [0.0, 0.0])], [([[1.0]], [0.0]), ([[1.0], [2.0]], [0.0, 0.0])])
    classes = ls.enclose(ls.mlp([1, 1, 2], "tanh"), box, ls.InputBall(1), loss="cross_entropy")
    assert isinstance(classes, ls.Unknown)
    assert "Dataset" in classes.reason
