"""The plain recursion: layer sums against the entrywise chain rule, symbolic depth against numeric depth."""

from __future__ import annotations

import pytest
import sympy as sp

import lipsym as ls
from lipsym.bounds import recursion, uniform
from lipsym.bounds.chain import compose
from lipsym.bounds.derivation import Derivation
from lipsym.bounds.jet import NormJet
from lipsym.bounds.jet import lipschitz as jet_lipschitz
from lipsym.bounds.jet import smoothness as jet_smoothness
from lipsym.bounds.local import block_facts
from lipsym.bounds.unfold import unfold
from lipsym.enclosure import Enclosure
from lipsym.verdict import Verdict

VALUES = {"R": "3/2", "S": "2/3"}


def _jets(network, radius="R"):
    region = ls.ProductBall(radius)
    out = Derivation(set())
    facts = block_facts(network, dict(zip(network.blocks, region.blocks(network), strict=True)), out)
    return recursion.local_jets(network, facts, ls.InputBall("S").radius, out), out


def _evaluate(steps, result, values=VALUES, precision=200) -> Enclosure:
    from lipsym.domains import evaluate_program

    return evaluate_program([(s.symbol, s.expr) for s in steps], result, values, "arb", precision)


def _close(a: Enclosure, b: Enclosure) -> bool:
    return a.overlaps(b) and a.width + b.width < a.hi / 10**30


@pytest.mark.parametrize("widths", [[2, 3], [2, 3, 1], [1, 1, 1, 1], [2, 2, 2, 2, 2]])
@pytest.mark.parametrize("activation", ["tanh", "softplus", "identity"])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("order", [1, 2])
def test_layer_sums_equal_the_entrywise_chain_rule(widths, activation, bias, order) -> None:
    network = ls.mlp(widths, activation, output="tanh", bias=bias)
    jets, out = _jets(network)
    summed = recursion.layer_sums(jets, order, out)
    jet = NormJet(ls.InputBall("S").radius)
    for layer in jets:
        jet = compose(jet, layer, order)
    entrywise = {1: jet_lipschitz, 2: jet_smoothness}[order](jet)
    assert _close(_evaluate(out.steps, summed), _evaluate(out.steps, entrywise))


@pytest.mark.parametrize("output", ["tanh", "identity"])
@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("radius", ["1", "5/2", "1/3"])
@pytest.mark.parametrize("depth", [2, 3, 4, 5])
@pytest.mark.parametrize("bias", [True, False])
def test_symbolic_depth_equals_the_layer_sums(output, order, radius, depth, bias) -> None:
    """With the range ``√ℓ s0`` in both; radius 1 is the case ρ = 1."""
    width, s = 3, sp.Rational(2, 3)
    symbolic = ls.derive(
        ls.uniform_mlp(activation="tanh", output=output, bias=bias), ls.ProductBall("R"), ls.InputBall("S"),
        ["lipschitz", "smoothness"][order - 1],
    )  # fmt: skip
    value = symbolic.evaluate({"m": depth, "l": width, "R": radius, "S": s}, precision=200)
    network = ls.mlp([width] * (depth + 1), "tanh", output=output, bias=bias)
    jets, out = _jets(network)
    from dataclasses import replace

    n, r = sp.sqrt(width), sp.Rational(radius)
    fixed, nu = [], sp.Symbol("S", nonnegative=True)
    for jet in jets:
        if jet.block is None:
            fixed.append(jet)
            nu = n
        else:
            fixed.append(replace(jet, p=sp.sqrt(nu**2 + 1) if bias else nu))
    # Two blocks have a closed largest eigenvalue; the symbolic form is the Frobenius norm.
    if order == 2 and depth == 2:
        summed = sp.sqrt(_frobenius_squared(fixed))
    else:
        summed = recursion.layer_sums(fixed, order, out)
    assert _close(value, _evaluate(out.steps, summed, {"R": r, "S": s}))


def _frobenius_squared(jets):
    jet = NormJet(sp.Symbol("S", nonnegative=True))
    for layer in jets:
        jet = compose(jet, layer, 2)
    return sp.Add(*((1 if i == j else 2) * h**2 for (i, j), h in jet.h.items()))


def test_joint_symbolic_depth_is_at_least_every_share_of_the_radius() -> None:
    for output in ("tanh", "identity"):
        joint = ls.derive(ls.uniform_mlp(activation="tanh", output=output), ls.Ball("R"), ls.InputBall("S"))
        high = joint.evaluate({"m": 3, "l": 2, "R": 3, "S": 1})
        network = ls.mlp([2, 2, 2, 2], "tanh", output=output)
        for shares in (
            ["1", "2", "2"],
            ["2", "1", "2"],
            ["0", "2", "11/5"],
            ["2", "2", "1"],
            ["1/10", "3/10", "29/10"],
        ):
            share = ls.derive(network, ls.ProductBall(shares), ls.InputBall("S"), rule="recursion").evaluate({"S": 1})
            assert (share <= high) is Verdict.PROVED


def test_order_3_contains_the_exact_value_of_a_single_layer() -> None:
    """One affine layer and sin: ‖D³N‖ = s3 (S²+1)^{3/2}."""
    bound = ls.derive(ls.mlp([2, 1], [], output="sin"), ls.ProductBall("R"), ls.InputBall("S"), "hessian_lipschitz")
    assert sp.simplify(bound.expr - sp.sqrt(ls.InputBall("S").radius ** 2 + 1) ** 3) == 0


def test_depth_and_size_grow_together() -> None:
    """The printed derivation is linear in the depth, both orders."""
    for quantity in ("lipschitz", "smoothness"):
        for rule in ("recursion", "coupled"):
            sizes = []
            for depth in (8, 16, 32):
                widths = [f"w{i}" for i in range(depth + 1)] if rule == "recursion" else [2] * (depth + 1)
                radii = [f"R{i}" for i in range(depth)]
                bound = ls.derive(ls.mlp(widths, "tanh"), ls.ProductBall(radii), ls.InputBall("S"), quantity, rule=rule)
                sizes.append(sum(len(str(s.expr)) for s in bound.steps) + len(str(bound.result)))
            assert sizes[2] - sizes[1] < 3 * (sizes[1] - sizes[0]), (quantity, rule, sizes)


def test_unfolding_keeps_the_value() -> None:
    network = ls.mlp([2, 3, 2, 1], "tanh", output="sin")
    bound = ls.derive(network, ls.ProductBall("R"), ls.InputBall("S"), "smoothness", rule="recursion")
    from lipsym.domains import evaluate

    whole = evaluate(unfold([(s.symbol, s.expr) for s in bound.steps], bound.result), VALUES, "arb", 200)
    assert _close(bound.evaluate(VALUES, precision=200), whole)
    assert _close(whole, evaluate(bound.expr, VALUES, "arb", 200))
    assert uniform.RULE not in bound.rules
