"""Every derived upper bound is at least what ball arithmetic proves at points of the region; and the check has power.

Points are random, aligned (rank one), of one neuron per layer, and explicit witnesses where the bound is sharp. For the
sharp cases the same check is shown to fail for 99/100 of the bound, so a bound that is 1 % too small turns this red.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import lipsym as ls
from lipsym.domains import evaluate
from lipsym.enclose.derivatives import hessian_lipschitz_lower, lipschitz_lower, smoothness_lower
from lipsym.enclose.losses import loss_hessian_lipschitz_lower, loss_lipschitz_lower, loss_smoothness_lower
from lipsym.enclose.search import model
from lipsym.nets.activations import ACTIVATIONS as TABLE
from lipsym.refute.ascent import ORDERS
from lipsym.refute.confirm import certified_lower, inside
from lipsym.enclose.geometry import geometry
from lipsym.refute.starts import starting_points

ACTIVATIONS = [*TABLE, "leaky_relu(-2)"]
SMOOTH = ["tanh", "sigmoid", "softplus", "sin", "arctan", "erf", "gelu", "silu"]
QUANTITIES = tuple(ORDERS)
LOWER = {"lipschitz": lipschitz_lower, "smoothness": smoothness_lower, "hessian_lipschitz": hessian_lipschitz_lower}


def arrays(network: ls.Network, rng: np.random.Generator, size: float) -> list:
    affine = [network.affine(block) for block in network.blocks]
    return [
        (size * rng.standard_normal((a.outputs, a.inputs)), size * rng.standard_normal(a.outputs) if a.bias else None)
        for a in affine
    ]


def regions(network: ls.Network, rng: np.random.Generator) -> dict[str, ls.Ball | ls.ProductBall | ls.Box]:
    count = len(network.blocks)
    centre = arrays(network, rng, 0.6)
    up = [(a + 0.25, None if b is None else b + 0.5) for a, b in centre]
    radii = [Fraction(1, 100), Fraction(3, 2), 4, Fraction(1, 3), 100]
    return {
        "ball": ls.Ball("3/2"),
        "ball around": ls.Ball("1/2", centre),
        "product": ls.ProductBall(1),
        "unequal": ls.ProductBall([radii[k % 5] for k in range(count)]),
        "reversed": ls.ProductBall([radii[-k % 5] for k in range(count)]),
        "product around": ls.ProductBall("1/3", centre),
        "box": ls.Box("-1/2", "1/2"),
        "skew box": ls.Box("1/10", 1),
        "arrays": ls.Box(centre, up),
    }


def points(network: ls.Network, region: object, radius: float, count: int, seed: int) -> Iterator[tuple]:
    """Rational parameters in the region and rational inputs in the ball of ``radius``."""
    m = model(network, 0)
    rng = np.random.default_rng(seed)
    theta, x = starting_points(m, geometry(m, region, None), radius, count, rng)
    for row, at in zip(theta, x, strict=True):
        # 2**-40 below the sphere, so that rounding stays inside the ball of inputs.
        yield inside(network, region, m.unpack(row)), [Fraction(v) * (1 - Fraction(1, 2**40)) for v in at.tolist()]


def assert_sound(
    network: ls.Network, region: object, radius: str, quantity: str, rule: str = "auto", seed: int = 0
) -> None:
    bound = ls.derive(network, region, ls.InputBall(radius), quantity, rule=rule)
    if not isinstance(bound, ls.Bound):
        return
    upper = bound.evaluate().hi
    for params, x in points(network, region, float(Fraction(radius)), 2, seed):
        assert region.contains(params, network)
        assert sum(v * v for v in x) <= Fraction(radius) ** 2
        lower = LOWER[quantity](network, params, np.array(x, dtype=object))
        assert lower <= upper, (network.spec, region.spec, quantity, rule, params, x)


SHAPES = (([2, 3, 2], True), ([3, 2], True), ([2, 2, 3, 1], False))


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("quantity", QUANTITIES)
def test_no_point_exceeds_the_bound(name: str, quantity: str) -> None:
    seed = 100 * ACTIVATIONS.index(name) + QUANTITIES.index(quantity)
    rng = np.random.default_rng(seed)
    for k, (widths, bias) in enumerate(SHAPES):
        output = ("identity", name, "tanh", "softplus")[(seed + k) % 4]
        network = ls.mlp(widths, name, output, bias)
        kinds = regions(network, rng)
        kind = list(kinds)[(seed + 4 * k) % len(kinds)]
        rule = ("auto", "coupled", "recursion")[(seed + k) % 3]
        assert_sound(network, kinds[kind], ("1", "0", "3")[k], quantity, rule, seed)


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_every_kind_of_region(quantity: str) -> None:
    network = ls.mlp([2, 2, 1], "tanh", "sigmoid")
    for kind, region in regions(network, np.random.default_rng(7)).items():
        assert_sound(network, region, "2", quantity, seed=len(kind))


@pytest.mark.parametrize("quantity", QUANTITIES)
@pytest.mark.parametrize("name", ["tanh", "softplus", "gelu", "sin"])
def test_shared_blocks(name: str, quantity: str) -> None:
    layers = [
        ls.Affine(2, 2, 1),
        ls.Elementwise(name, 2),
        ls.Affine(2, 2, 2),
        ls.Elementwise("sin", 2),
        ls.Affine(2, 2, 1),
    ]
    network = ls.Network(layers)
    for region in (ls.Ball("3/2"), ls.ProductBall([1, "1/3"]), ls.Box("-1/2", "1/2")):
        assert_sound(network, region, "2", quantity)


@pytest.mark.parametrize("quantity", QUANTITIES[:2])
@pytest.mark.parametrize("region", [ls.Ball(1), ls.ProductBall("3/4"), ls.ProductBall(3)], ids=str)
@pytest.mark.parametrize("output", ["identity", "sigmoid"])
def test_uniform_networks_at_numbers(output: str, region: ls.Ball | ls.ProductBall, quantity: str) -> None:
    uniform = ls.uniform_mlp("m", "l", "sigmoid", output)
    bound = ls.derive(uniform, region, ls.InputBall(2), quantity)
    for depth, width in ((2, 1), (3, 2), (4, 1)):
        upper = bound.evaluate({"m": depth, "l": width}).hi
        network = uniform.at(depth, width, inputs=2)
        for params, x in points(network, region, 2.0, 3, seed=depth):
            assert LOWER[quantity](network, params, np.array(x, dtype=object)) <= upper


LOSSES = [
    ("mse", [[0.5], [-1.0]]),
    ("huber", [[2.0], [-1.0]]),
    ("logistic", [1, -1]),
    ("cross_entropy", [0, 2]),
]


@pytest.mark.parametrize(("name", "y"), LOSSES)
@pytest.mark.parametrize("quantity", QUANTITIES)
def test_losses(name: str, y: list, quantity: str) -> None:
    network = ls.mlp([2, 2, 3 if name == "cross_entropy" else 1], "tanh")
    data = ls.Dataset([[1.0, -0.5], [0.0, 2.0]], y)
    loss = ls.loss(name, weight_decay="1/3", delta="1/2")
    lower = {
        "lipschitz": loss_lipschitz_lower,
        "smoothness": loss_smoothness_lower,
        "hessian_lipschitz": loss_hessian_lipschitz_lower,
    }[quantity]
    for kind, region in regions(network, np.random.default_rng(1)).items():
        for rule in ("auto", "recursion"):
            bound = ls.derive(network, region, data, quantity, loss, rule=rule)
            if not isinstance(bound, ls.Bound):
                continue
            upper = bound.evaluate().hi
            for params, _ in points(network, region, 1.0, 2, seed=len(kind)):
                assert lower(network, params, data, loss) <= upper, (kind, rule)


names = st.sampled_from(ACTIVATIONS)
widths = st.lists(st.integers(1, 3), min_size=2, max_size=5)


@settings(max_examples=20)
@given(
    widths,
    st.lists(names, min_size=3, max_size=3),
    names,
    st.booleans(),
    st.integers(0, 8),
    st.sampled_from(QUANTITIES),
)
def test_any_network(widths: list[int], hidden: list[str], output: str, bias: bool, kind: int, quantity: str) -> None:
    network = ls.mlp(widths, hidden[: len(widths) - 2], output, bias)
    region = list(regions(network, np.random.default_rng(kind)).values())[kind]
    assert_sound(network, region, "3/2", quantity, seed=kind)


# Sharp cases: the network, the region, the inputs, the quantity and a point at which the bound is attained.

Witness = tuple[ls.Network, ls.ProductBall, str, str, list, list[float]]


def one_layer(name: str, order: int) -> Witness:
    """``σ(Ax + b)`` with ``z_1`` where ``|σ^{(k)}|`` peaks: the constant is ``s_k (S² + 1)^{k/2}``."""
    peak = next((p for p in ls.activation(name).attained[order] if p.is_finite), None)
    # softplus' peaks at ∞ only; at 30 it is 1 to within 1e−13.
    z = 30.0 if peak is None else evaluate(peak).upper_float()
    x = [1.0, 1.0]
    weights, offset = np.zeros((2, 2)), np.zeros(2)
    weights[0], offset[0] = z / 3 * np.array(x), z / 3
    region = ls.ProductBall(20)
    return ls.mlp([2, 2], name, output=name), region, "sqrt(2)", QUANTITIES[order - 1], [(weights, offset)], x


def chain(depth: int, radius: int) -> Witness:
    """One neuron per layer, tanh, ``R ≥ 1``: all weights ``R``, all arguments 0."""
    params = [(np.array([[0.0 if k == 0 else float(radius)]]), np.zeros(1)) for k in range(depth)]
    return ls.mlp([1] * (depth + 1), "tanh"), ls.ProductBall(radius), "2", "lipschitz", params, [2.0]


def two_layers(name: str, widths: list[int], radii: tuple[Fraction, Fraction]) -> Witness:
    """Order 2, affine output: one neuron at the argument that maximises the eigenvalue, found by a scan."""
    scale, weight = {"tanh": (1.0, 1.0), "sigmoid": (0.5, 0.25)}[name]
    n, width, outputs = widths
    q = math.sqrt(2)
    z = np.linspace(0, min(float(radii[0]) * q, 6), 20_001)
    tau = np.tanh(scale * z)
    slope = weight * (1 - tau**2)
    own = float(radii[1]) * 2 * scale * tau * slope * q**2
    best = float(z[np.argmax((own + np.sqrt(own**2 + 4 * (slope * q) ** 2)) / 2)])
    x = np.zeros(n)
    x[0] = 1.0
    first, offset, second = np.zeros((width, n)), np.zeros(width), np.zeros((outputs, width))
    first[0, 0] = offset[0] = best / 2
    second[0, 0] = float(radii[1])
    params = [(first, offset), (second, np.zeros(outputs))]
    return ls.mlp(widths, name), ls.ProductBall(radii), "1", "smoothness", params, list(x)


def two_layers_order_1(name: str, width: int, radius: Fraction) -> Witness:
    """One neuron where the maximum over ``z`` is, the others equal."""
    sigma = {"tanh": np.tanh, "sigmoid": lambda z: 1 / (1 + np.exp(-z))}[name]
    slope = {"tanh": lambda z: 1 - np.tanh(z) ** 2, "sigmoid": lambda z: sigma(z) * (1 - sigma(z))}[name]
    r, q2 = float(radius), 5.0
    zeta = r * math.sqrt(q2)
    z = np.linspace(0, zeta, 10_001)
    rest = np.sqrt((zeta**2 - z**2) / max(width - 1, 1))
    value = r**2 * q2 * slope(z) ** 2 + sigma(z) ** 2 + (width - 1) * sigma(rest) ** 2
    at = int(np.argmax(value))
    arguments = np.array([z[at], *[rest[at]] * (width - 1)])
    first = (2 / q2 * arguments)[:, None]
    second = np.zeros((1, width))
    second[0, 0] = r
    params = [(first, arguments / q2), (second, np.zeros(1))]
    return ls.mlp([1, width, 1], name), ls.ProductBall(radius), "2", "lipschitz", params, [2.0]


def linear() -> Witness:
    """Two affine layers: ``‖DN‖² = R²(S² + 1) + R²(S² + 1) + 1``."""
    root = math.sqrt(5)
    params = [(np.array([[3 * 2 / root]]), np.array([3 / root])), (np.array([[3.0]]), np.zeros(1))]
    return ls.mlp([1, 1, 1], "identity"), ls.ProductBall(3), "2", "lipschitz", params, [2.0]


SHARP: dict[str, Witness] = {
    **{f"one layer {name} {order}": one_layer(name, order) for name in SMOOTH for order in (1, 2, 3)},
    **{f"chain {depth} {radius}": chain(depth, radius) for depth in (2, 3, 5) for radius in (1, 3)},
    **{
        f"two layers {name} {widths} {radii}": two_layers(name, widths, radii)
        for name in ("tanh", "sigmoid")
        for widths in ([1, 1, 1], [2, 3, 1], [3, 6, 2])
        for radii in ((Fraction(1), Fraction(1)), (Fraction(1, 5), Fraction(4)), (Fraction(10), Fraction(10)))
    },
    **{
        f"order 1 {name} {width} {radius}": two_layers_order_1(name, width, radius)
        for name in ("tanh", "sigmoid")
        for width in (1, 2, 5)
        for radius in (Fraction(1, 2), Fraction(2))
    },
    "two affine layers": linear(),
}


@pytest.mark.parametrize("case", SHARP)
def test_sharp_bounds_hold_and_one_percent_less_does_not(case: str) -> None:
    network, region, radius, quantity, given_params, x = SHARP[case]
    params = inside(network, region, given_params)
    exact = [Fraction(v) for v in x]
    upper = ls.derive(network, region, ls.InputBall(radius), quantity).evaluate().hi
    lower = LOWER[quantity](network, params, np.array(exact, dtype=object))
    assert sp.Rational(str(sum(v * v for v in exact))) <= ls.InputBall(radius).radius ** 2
    assert lower <= upper
    assert lower > Fraction(99, 100) * upper


DOMAIN_CASES = [
    (ls.mlp([2, 3, 1], "tanh"), ls.ProductBall("R"), "smoothness"),
    (ls.mlp([2, 3, 1], "sigmoid"), ls.Ball("R"), "lipschitz"),
    (ls.mlp([1, 2, 2], ["gelu"], "silu"), ls.ProductBall(["R", 1]), "hessian_lipschitz"),
    (ls.mlp([1, 2, 1], "softsign", "erf"), ls.ProductBall("R"), "smoothness"),
    (ls.mlp([1, 1, 1], "elu", "sin"), ls.ProductBall("R"), "smoothness"),
    (ls.mlp([1, 2, 1], "arctan"), ls.Box("-R", "R"), "lipschitz"),
]


@pytest.mark.parametrize(("network", "region", "quantity"), DOMAIN_CASES, ids=lambda v: getattr(v, "spec", v))
def test_domains_agree(network: ls.Network, region: object, quantity: str) -> None:
    bound = ls.derive(network, region, ls.InputBall("S"), quantity)
    for R, S in ((Fraction(1, 7), 3), (0, 0)):
        values = {"R": R, "S": S}
        sharp = bound.evaluate(values, "arb", 200)
        for domain, precision in (("arb", 10), ("mpmath", 53), ("float64", 53)):
            assert bound.evaluate(values, domain, precision).overlaps(sharp), (domain, precision, values)


@pytest.mark.parametrize(("network", "region", "quantity"), DOMAIN_CASES[:4], ids=lambda v: getattr(v, "spec", v))
@pytest.mark.parametrize("domain", ["arb", "mpmath", "float64"])
def test_intervals_contain_the_values_inside(network: ls.Network, region: object, quantity: str, domain: str) -> None:
    bound = ls.derive(network, region, ls.InputBall("S"), quantity)
    whole = bound.evaluate({"R": ls.Enclosure("1/2", "3/4"), "S": ls.Enclosure(1, 2)}, domain)
    for R, S in ((Fraction(1, 2), 1), (Fraction(2, 3), Fraction(3, 2)), (Fraction(3, 4), 2)):
        inner = bound.evaluate({"R": R, "S": S}, "arb", 100)
        assert whole.lo <= inner.hi
        assert inner.lo <= whole.hi


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(40))
def test_no_search_exceeds_the_bound(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(4):
        sizes = rng.integers(1, 5, size=rng.integers(2, 6)).tolist()
        hidden = [str(a) for a in rng.choice(ACTIVATIONS, size=len(sizes) - 2)]
        network = ls.mlp(sizes, hidden, str(rng.choice(ACTIVATIONS)), bool(rng.integers(2)))
        region = list(regions(network, rng).values())[int(rng.integers(9))]
        quantity = str(rng.choice(QUANTITIES))
        bound = ls.derive(network, region, ls.InputBall("3/2"), quantity, rule=str(rng.choice(["auto", "recursion"])))
        if isinstance(bound, ls.Bound):
            found = certified_lower(network, region, ls.InputBall("3/2"), quantity, seed=seed, evaluations=5_000)
            assert found.value <= bound.evaluate().hi, (network.spec, region.spec, quantity)
