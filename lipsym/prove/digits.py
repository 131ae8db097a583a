"""A network trained on real data: 64-32-10, tanh, softmax cross-entropy, 1437 handwritten digits.

Invariant: the lower bounds are of the loss averaged over the whole training set, at exact rational parameters inside
the region; floating point proposes the points and directions, and Arb confirms.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import cache

import numpy as np

from lipsym.bounds.result import Bound
from lipsym.certificates import certificate, evaluation
from lipsym.data import digits, digits_mlp
from lipsym.derive import derive
from lipsym.domains import evaluate as evaluate_expression
from lipsym.enclose.forward import Parameters
from lipsym.enclose.inside import ExactPairs, inside
from lipsym.enclose.loss_search import steepest_loss_directions
from lipsym.enclose.losses import loss_lipschitz_lower, loss_smoothness_lower
from lipsym.nets.inputs import Dataset
from lipsym.nets.losses import loss
from lipsym.nets.network import mlp
from lipsym.nets.regions import ProductBall
from lipsym.prove.work import ARITHMETICS, Done, disagreements, evaluate, kind, refutation, searched
from lipsym.refute.confirm import Confirmed

TRAINED_ON = 1437
RADII = ("0", "1/100", "1/10")
QUANTITIES = ("lipschitz", "smoothness")
PRECISION = 64
"""Bits of the lower bounds: enough for six digits of a sum over the data."""

METHODS = {
    "lipschitz": "the gradient in Arb, over all samples, at the weights and one radius away along the direction of "
    "steepest curvature",
    "smoothness": "the second derivative in Arb along a direction found by power iteration, over all samples, at the "
    "weights and one radius away along it",
}

TEXT = (
    "The shipped network 64-32-10 (tanh, affine output) was trained on the first 1437 of the 8×8 digits. The "
    "quantities are those of its cross-entropy loss averaged over these samples, on products of balls around the "
    "trained weights. The lower bounds are certified over all 1437 samples, at the weights or one radius away. The "
    "bounds know the weights by their norms alone, so the ratios are large: this is what closed forms from norms are "
    "worth on a trained network."
)


def training_data() -> Dataset:
    """The samples the weights were trained on."""
    X, y = digits()
    return Dataset(X[:TRAINED_ON], y[:TRAINED_ON])


def trained_case(quantity: str, radius: str) -> Done:
    """The bound on a product of balls around the weights, and a certified lower bound within them."""
    network, data, objective = mlp([64, 32, 10], "tanh"), training_data(), loss("cross_entropy")
    region = ProductBall(radius, centers=digits_mlp())  # type: ignore[arg-type]
    outcome = derive(network, region, data, quantity, objective)
    asked = {
        "quantity": quantity,
        "side": "upper",
        "network": network.spec,
        "region": region.spec,
        "inputs": data.spec,
        "loss": objective.name,
    }
    title, file = f"digits 64-32-10, radius {radius}", trained_file(quantity, radius)
    if not isinstance(outcome, Bound):
        reason = f"expected bound, derived {kind(outcome)}: {outcome.reason}"
        return Done(title, quantity, file, certificate(outcome, asked, case=title), (reason,))
    values = evaluate(outcome, {})
    upper = values[ARITHMETICS[0]].hi
    found = lower_bound(quantity, region, data)
    record = searched(found, upper) | {"method": METHODS[quantity]}
    failures = disagreements(values, {}) + refutation(found, upper, {})
    document = certificate(outcome, asked, [evaluation({}, values, None, record)], title)
    return Done(title, quantity, file, document, tuple(failures))


def trained_file(quantity: str, radius: str) -> str:
    """The certificate's file name."""
    return f"digits_{quantity}_{radius.replace('/', '-')}.json"


def lower_bound(quantity: str, region: ProductBall, data: Dataset) -> Confirmed:
    """The largest certified value at the weights, and one radius away along the direction of steepest curvature.

    Let ``u`` be a direction in which ``D²Φ[u, u]`` is large at the weights. There the gradient grows fastest, so each
    block moves by its whole radius along its part of ``±u``; ``inside`` makes the points rational and keeps them in.
    """
    network, objective = mlp([64, 32, 10], "tanh"), loss("cross_entropy")
    weights: ExactPairs = list(digits_mlp())
    u = steepest_direction()
    points = [weights]
    radius = evaluate_expression(region.radii).lower_float()  # type: ignore[arg-type]
    if radius > 0:
        points += [inside(network, region, _moved(weights, u, sign * radius)) for sign in (1, -1)]
    best = Confirmed(Fraction(0), weights, None, 0)
    for theta in points:
        if quantity == "lipschitz":
            value = loss_lipschitz_lower(network, theta, data, objective, PRECISION)
        else:
            value = loss_smoothness_lower(network, theta, data, objective, [u], PRECISION)
        if value > best.value:
            best = Confirmed(value, theta, None, 0)
    return replace(best, evaluations=len(points))


@cache
def steepest_direction() -> Parameters:
    """A direction of large curvature at the weights: proposed in floating point, once for each process."""
    network, objective = mlp([64, 32, 10], "tanh"), loss("cross_entropy")
    return steepest_loss_directions(network, digits_mlp(), training_data(), objective, 2, starts=1, rounds=25)[0]


def _moved(weights: Parameters, direction: Parameters, by: float) -> Parameters:
    """Each block moved by ``by`` along its own part of the direction; a candidate, in floating point."""
    moved = []
    for (A, b), (dA, db) in zip(weights, direction, strict=True):
        length = np.sqrt((dA * dA).sum() + (db * db).sum())
        step = by / length if length > 0 else 0
        moved.append((A + step * dA, b + step * db))
    return moved
