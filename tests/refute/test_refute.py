"""False claims are broken, and an independent computation agrees; true ones survive; the rest is refused."""

from __future__ import annotations

import math
import pickle
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest

import lipsym as ls
from lipsym.domains import evaluate
from lipsym.errors import ArgumentTypeError, InputError, UndecidedTruthError
from lipsym.nets.claim import Claim
from lipsym.refute.counterexample import Counterexample, Survived, examine
from lipsym.refute.question import check_testable, instance, instances
from lipsym.refute.refute import _first_round, attack, refute
from lipsym.refute.shrink import neurons, shrink

DATA = ls.Dataset([[0.5, -1.0], [1.0, 0.25]], y=[0, 1])


def claim(
    network: str,
    expr: Any,
    quantity: str = "lipschitz",
    region: Any = "layers:R",
    inputs: Any = "ball:S",
    loss: Any = None,
    relation: str = "<=",
) -> Claim:
    where = ls.parse_region(region) if isinstance(region, str) else region
    data = ls.parse_inputs(inputs) if isinstance(inputs, str) else inputs
    return Claim(ls.parse_network(network), where, data, quantity, relation, expr, loss)


FALSE = [
    claim("mlp:1-1-1:tanh", "R*(S + 1)"),  # a product instead of a sum of squares
    claim("mlp:1-1-1:tanh:tanh", "99/100*sqrt(R**2*(S**2 + 1) + 1)"),  # 1 % below the truth
    claim("mlp:2-8-1:tanh", "R*S*4*sqrt(3)/9 + S", "smoothness"),  # the bias forgotten
    claim("uniform:m-l:tanh", "R**(m - 1)*sqrt(S**2 + 1)"),  # a layer's own block forgotten
    claim("mlp:n-l-1:sin", "R*sqrt(S**2 + 1)"),
    claim("mlp:1-2-1:relu", "R*sqrt(S**2 + 1)", region="ball:R"),
    claim("mlp:2-3-1:tanh", "5*R*S + 1/2", region="box:-R,R"),
    claim("mlp:1-2-1:tanh", "2*R*S**2 + 1", "hessian_lipschitz"),
    claim("mlp:2-3-2:tanh", "S**2 + 1", "smoothness", loss="cross_entropy"),
    claim("mlp:2-2-1:tanh", "R + Y", loss="mse"),
    claim("mlp:2-2-2:tanh", "1/4*R**2", "smoothness", region="layers:3", inputs=DATA, loss="cross_entropy"),
]


@pytest.mark.parametrize("wrong", FALSE, ids=str)
def test_false_claims_are_broken(wrong: Claim) -> None:
    values = {"R": 3} if wrong.symbols and "R" not in str(wrong.region.spec) else None
    found = refute(wrong, budget=2, values=values)
    assert isinstance(found, Counterexample), found
    assert found.value.lo > found.claimed.hi
    assert found.ratio.lo > 1
    at = dict(found.values)
    network = ls.parse_network(found.network)
    assert wrong.region.contains(found.theta, network, at)
    if found.x is not None:
        assert sum(v * v for v in found.x) <= evaluate(wrong.inputs.radius, at).hi ** 2
    assert found.value.lo > evaluate(wrong.expr, at, domain="mpmath", precision=90).hi
    if wrong.order == 1 and found.x is not None and found.data is None:
        assert mp_lipschitz(network, found.theta, found.x) >= float(found.value.lo) * (1 - 1e-12)


def mp_lipschitz(network: Any, theta: Any, x: Any) -> float:
    """The norm of a Jacobian by central differences in 60 digits: nothing of lipsym's enclosures is used."""
    functions = {"tanh": mpmath.tanh, "sin": mpmath.sin, "relu": lambda z: max(z, mpmath.mpf(0))}
    with mpmath.workdps(60):
        flat = [mpmath.mpf(v.numerator) / v.denominator for a, b in theta for row in (*a, b) for v in row]

        def value(parameters: list[Any]) -> list[Any]:
            state, rest = [mpmath.mpf(v.numerator) / v.denominator for v in x], iter(parameters)
            for layer in network.layers:
                if isinstance(layer, ls.Affine):
                    matrix = [[next(rest) for _ in range(layer.inputs)] for _ in range(layer.outputs)]
                    offset = [next(rest) for _ in range(layer.outputs)]
                    state = [
                        sum(map(lambda p, q: p * q, row, state)) + c for row, c in zip(matrix, offset, strict=True)
                    ]
                else:
                    state = [functions[layer.activation.name](z) for z in state]
            return state

        step = mpmath.mpf(10) ** -20
        columns = []
        for i in range(len(flat)):
            up, down = list(flat), list(flat)
            up[i] += step
            down[i] -= step
            columns.append([float((p - q) / (2 * step)) for p, q in zip(value(up), value(down), strict=True)])
        return float(np.linalg.norm(np.array(columns), 2))


TRUE = [
    claim("mlp:1-1-1:tanh:tanh", "sqrt(R**2*(S**2 + 1) + 1) + (1/R)"),
    claim("mlp:1-2-1:relu", "sqrt(R**2*(S**2 + 1) + R**2*(S**2 + 1) + 1)", region="ball:R"),
    claim("mlp:2-3-1:tanh", "4*sqrt(3)/9*R*(S**2 + 1) + sqrt(S**2 + 1)", "smoothness"),
]


@pytest.mark.parametrize("right", TRUE, ids=str)
def test_true_claims_survive_and_nothing_is_called_verified(right: Claim) -> None:
    outcome = refute(right, budget=1)
    assert isinstance(outcome, Survived)
    assert 0 < outcome.ratio.lo <= 1
    assert "no counterexample found" in str(outcome)
    assert "verified" not in str(outcome).lower()
    assert outcome.evaluations > 1000


@pytest.mark.parametrize("network", ["mlp:2-3-1:tanh", "mlp:1-1-1:tanh:tanh", "mlp:2-2-1:sigmoid"])
@pytest.mark.parametrize("quantity", ["lipschitz", "smoothness"])
def test_derived_bounds_survive_at_symbols(network: str, quantity: str) -> None:
    bound = ls.derive(ls.parse_network(network), ls.ProductBall("R"), ls.InputBall("S"), quantity)
    assert isinstance(bound, ls.Bound)
    outcome = refute(claim(network, bound.expr, quantity), budget=0.5)
    assert isinstance(outcome, Survived), outcome
    assert outcome.ratio.lo > Fraction(1, 2)


def test_the_same_seed_finds_the_same() -> None:
    wrong = FALSE[2]
    assert refute(wrong, budget=1, seed=3) == refute(wrong, budget=1, seed=3)


def test_a_counterexample_is_simple() -> None:
    found = refute(claim("mlp:2-8-1:tanh", "R*sqrt(S**2 + 1)", "smoothness"), budget=1)
    assert isinstance(found, Counterexample)
    entries = [v for a, b in found.theta for row in (*a, b) for v in row]
    assert sum(bool(v) for v in entries) <= 3
    assert max(v.denominator for v in entries) <= 16
    assert found.x is not None
    assert found.x[1] == 0
    assert found.theta[1][0][0][0]  # the neuron that is awake is the first
    assert all(value.q <= 10 for _, value in found.values)


def test_the_second_point_violates_the_claim_without_a_derivative() -> None:
    found = refute(claim("mlp:1-1-1:tanh:tanh", "R*(S + 1)/3"), budget=1, values={"R": 2, "S": 1})
    assert isinstance(found, Counterexample)
    assert found.theta_prime is not None
    assert found.secant is not None
    network = ls.parse_network(found.network)
    assert ls.ProductBall(2).contains(found.theta_prime, network)

    def value(theta: Any) -> float:
        (a, b), (c, d) = theta
        hidden = math.tanh(float(a[0][0]) * float(found.x[0]) + float(b[0]))  # type: ignore[index]
        return math.tanh(float(c[0][0]) * hidden + float(d[0]))

    flat = [
        np.array([float(v) for a, b in t for row in (*a, b) for v in row]) for t in (found.theta, found.theta_prime)
    ]
    quotient = abs(value(found.theta) - value(found.theta_prime)) / float(np.linalg.norm(flat[0] - flat[1]))
    assert quotient > found.claimed.upper_float()
    assert math.isclose(quotient, found.secant.lower_float(), rel_tol=1e-6)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (claim("mlp:1-1-1:tanh", "R", relation=">="), "from below"),
        (claim("mlp:1-1-1:relu", "R", "smoothness"), "relu"),
        (claim("mlp:1-1-1:elu", "R", "hessian_lipschitz"), "elu"),
        (claim("mlp:1-1-1:tanh", "R", "hessian_lipschitz", loss="huber"), "huber"),
        (claim("mlp:1-1-1:tanh", "C*R"), "C occurs neither"),
        (claim("mlp:1-1-1:tanh", "log(R - 1000 + sin(S))"), "no value"),
        (claim("uniform:m-l:tanh", "R", loss="mse"), "uniform"),
        (claim("mlp:2-2-3:tanh", "R", loss="logistic"), "logistic"),
    ],
)
def test_what_cannot_be_tested_is_an_error(wrong: Claim, why: str) -> None:
    with pytest.raises(InputError) as caught:
        refute(wrong, budget=1)
    assert why in str(caught.value)
    assert len(str(caught.value).splitlines()) == 3


def test_other_objects_are_refused() -> None:
    with pytest.raises(ArgumentTypeError, match="a claim"):
        refute("R + 1")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="budget"):
        refute(FALSE[0], budget=0)
    with pytest.raises(ArgumentTypeError, match="submit"):
        refute(FALSE[0], executor=3)  # type: ignore[arg-type]

    class Everywhere:
        """All of space: an input set that no ball contains."""

        radius = math.inf

    with pytest.raises(ArgumentTypeError, match="where the inputs lie"):
        refute(Claim(ls.mlp([1, 1, 1], "tanh"), ls.Ball(1), Everywhere(), "lipschitz", "<=", 1))  # type: ignore[arg-type]


def test_outcomes_have_no_truth_value() -> None:
    for outcome in (refute(FALSE[0], budget=1), refute(TRUE[0], budget=1)):
        with pytest.raises(UndecidedTruthError):
            bool(outcome)


def test_numbers_without_a_value_are_left_out() -> None:
    partial = claim("mlp:1-1-1:tanh", "sqrt(R - 2) + 1/10", inputs="ball:1")
    points = [dict(at.values)["R"] for at, _ in zip(instances(partial), range(5), strict=False)]
    assert all(value >= 2 for value in points)
    found = refute(partial, budget=1)
    assert isinstance(found, Counterexample)


def test_a_point_outside_the_region_or_the_inputs_proves_nothing() -> None:
    at = instance(claim("mlp:1-1:identity", "1", inputs="ball:1", region="layers:1"), {})
    one, zero = np.array([[Fraction(1)]]), np.array([Fraction(0)])
    assert examine(at, [(one, zero)], (Fraction(1),)).violates
    assert not examine(at, [(2 * one, zero)], (Fraction(1),)).violates
    assert not examine(at, [(one, zero)], (Fraction(2),)).violates


def test_shrinking_keeps_the_violation_and_only_simplifies() -> None:
    at = instance(claim("mlp:2-4-1:tanh", "9/10", inputs="ball:1", region="layers:2"), {})
    rng = np.random.default_rng(0)
    params = []
    for shape in ((4, 2), (1, 4)):
        entries = [[Fraction(v) for v in row] for row in rng.uniform(-0.4, 0.4, shape)]
        params.append((np.array(entries), np.array([Fraction(0)] * shape[0])))
    before = examine(at, params, (Fraction(1, 3), Fraction(1, 7)))
    assert before.violates
    after = shrink(before)
    assert after.violates
    assert not any(v for a, b in after.params for v in [*a.ravel(), *b])


def test_neurons_are_rows_and_the_columns_that_read_them() -> None:
    assert [[sorted(p.tolist()) for p in layer] for layer in neurons(ls.mlp([1, 2, 1], "tanh"))] == [
        [[0, 2, 4], [1, 3, 5]]
    ]


def test_tasks_travel_and_depend_on_their_number_alone() -> None:
    task = next(_first_round(FALSE[8], None, 1, 0))
    again = pickle.loads(pickle.dumps(task))  # noqa: S301 - what was just written here
    assert again == task
    assert attack(again).ratio == attack(task).ratio
    check_testable(FALSE[8])
