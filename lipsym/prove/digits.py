"""A network trained on real data: 64-32-10, tanh, softmax cross-entropy, 1437 handwritten digits.

Invariant: the lower bounds are of the loss over the whole training set at exactly the shipped weights, which every ball
around them contains; the direction of the second derivative is proposed in floating point and confirmed by Arb.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from lipsym.bounds.derive import derive
from lipsym.bounds.result import Bound
from lipsym.certificates import certificate, evaluation
from lipsym.data import digits, digits_mlp
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

TEXT = (
    "The shipped network 64-32-10 (tanh, affine output) was trained on the first 1437 of the 8×8 digits. The quantities are "
    "those of its cross-entropy loss averaged over these samples, on products of balls around the trained weights. "
    "The lower bounds are certified at the weights themselves, over all 1437 samples. The bounds use norms of the weights "
    "alone, so the ratios are large: that is their honest price on trained networks."
)


@dataclass(frozen=True, slots=True)
class Lower:
    """Certified lower bounds at the trained weights, by quantity."""

    lipschitz: Fraction
    smoothness: Fraction


def training_data() -> Dataset:
    """The samples the weights were trained on."""
    X, y = digits()
    return Dataset(X[:TRAINED_ON], y[:TRAINED_ON])


def lower_bounds() -> Lower:
    """``‖∇Φ‖`` and ``|D²Φ[u, u]|/‖u‖²`` from below, at the trained weights."""
    network, weights, data, objective = mlp([64, 32, 10], "tanh"), digits_mlp(), training_data(), loss("cross_entropy")
    return Lower(
        loss_lipschitz_lower(network, weights, data, objective, PRECISION),
        loss_smoothness_lower(network, weights, data, objective, precision=PRECISION),
    )


def trained_case(quantity: str, radius: str, lower: Lower) -> Done:
    """The bound on a product of balls around the weights, with ``lower`` beside it."""
    weights = digits_mlp()
    network, data = mlp([64, 32, 10], "tanh"), training_data()
    region = ProductBall(radius, centers=weights)  # type: ignore[arg-type]
    outcome = derive(network, region, data, quantity, "cross_entropy")
    asked = {
        "quantity": quantity,
        "side": "upper",
        "network": network.spec,
        "region": region.spec,
        "inputs": data.spec,
        "loss": "cross_entropy",
    }
    title, file = f"digits 64-32-10, radius {radius}", f"digits_{quantity}_{radius.replace('/', '-')}.json"
    if not isinstance(outcome, Bound):
        reason = f"expected bound, derived {kind(outcome)}: {outcome.reason}"
        return Done(title, quantity, file, certificate(outcome, asked, case=title), (reason,))
    values = evaluate(outcome, {})
    found = Confirmed(getattr(lower, quantity), [], None, 1)
    record = searched(found, values[ARITHMETICS[0]].hi) | {
        "parameters": None,
        "method": "at the trained weights, over all 1437 samples: the gradient in Arb"
        if quantity == "lipschitz"
        else "at the trained weights, over all 1437 samples: direction by power iteration, second derivative along it in Arb",
    }
    failures = disagreements(values, {}) + refutation(found, values[ARITHMETICS[0]].hi, {})
    document = certificate(outcome, asked, [evaluation({}, values, None, record)], title)
    return Done(title, quantity, file, document, tuple(failures))
