"""Enclosures of networks that are too wide for a cover."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from click.testing import CliRunner

import lipsym as ls
from lipsym.cli import main
from lipsym.enclose.derivatives import lipschitz_at
from lipsym.enclose.one_region import RegionEnclosure, enclose_region
from lipsym.nets.network import mlp

WIDE = [32, 40, 8]


def drawn(widths: list[int], seed: int = 0) -> tuple[ls.Network, list[tuple[np.ndarray, np.ndarray]], np.ndarray]:
    rng = np.random.default_rng(seed)
    params = [(rng.standard_normal((b, a)) / np.sqrt(a), np.zeros(b)) for a, b in pairwise(widths)]
    return mlp(widths, "tanh"), params, rng.standard_normal(widths[0])


@pytest.mark.parametrize("quantity", ["lipschitz", "smoothness"])
def test_a_wide_network_is_enclosed_at_once(quantity: str) -> None:
    network, params, x = drawn(WIDE)
    region = ls.Ball("1/10", center=params)
    found = ls.enclose(network, region, ls.Dataset(x[None]), quantity, gap="1/2")
    assert isinstance(found, RegionEnclosure)
    assert 0 < found.lo <= found.hi <= found.lo * Fraction(3, 2)
    assert found.reached
    assert region.contains(found.witness.params, network)
    assert found.witness.x is not None
    if quantity == "lipschitz":
        assert lipschitz_at(network, found.witness.params, np.array(found.witness.x, dtype=object)).hi >= found.lo
    assert found.rules[0] in str(found)


def test_inputs_of_a_ball_and_of_a_box_of_weights() -> None:
    network, params, _ = drawn([3, 4, 2])
    region = ls.Box(*([(a + s, b + s) for a, b in params] for s in (-0.0625, 0.0625)))
    found = enclose_region(network, region, ls.InputBall("S"), values={"S": "3/2"})
    assert found.lo <= found.hi <= found.lo * 2
    assert found.witness.x is not None
    assert sum(c * c for c in found.witness.x) <= Fraction(9, 4)
    assert region.contains(found.witness.params, network)


def test_what_neither_engine_can_do_stays_unknown() -> None:
    layers = [ls.Affine(20, 20, 1), ls.Elementwise("tanh", 20), ls.Affine(20, 20, 1)]
    found = ls.enclose(ls.Network(layers), ls.Box(-1, 1), ls.InputBall(1))
    assert isinstance(found, ls.Unknown)
    assert "variables" in found.reason


def test_the_command_line_prints_it() -> None:
    runner = CliRunner()
    where = ["--region", "box:-1/50,1/50", "--inputs", "ball:1", "--quantity", "lipschitz"]
    asked = ["enclose", "mlp:32-40-8:tanh", *where]
    text = runner.invoke(main, [*asked, "--gap", "9/10"])
    assert text.exit_code in (0, 3)
    assert "the whole region at once by" in text.output
    document = json.loads(runner.invoke(main, [*asked, "--format", "json"]).output)
    assert document["boxes"] == 1
    assert document["variables"] == []
    assert Fraction(document["sup"]["lo"]) <= Fraction(document["sup"]["hi"])
