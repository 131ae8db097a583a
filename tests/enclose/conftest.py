"""Questions that the tests of branch and bound share: every kind of region, inputs, network and loss."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lipsym.enclose.reduction import Question
from lipsym.nets.inputs import Dataset, InputBall
from lipsym.nets.layers.affine import Affine
from lipsym.nets.layers.elementwise import Elementwise
from lipsym.nets.losses import loss
from lipsym.nets.network import Network, mlp
from lipsym.nets.regions import Ball, Box, ProductBall

CENTRE = [(np.array([[0.5, -1.0]]), np.array([0.25])), (np.array([[1.0], [-0.5]]), np.array([0.0, 1.0]))]
SAMPLES = Dataset([[1.0, 0.5], [-2.0, 0.25]])
TARGETS = Dataset([[1.0], [-0.5]], [0.5, 1.0])
CLASSES = Dataset([[1.0], [-0.5]], [0, 1])
ARRAYS = Box([([[-1.0]], [0.0]), ([[-0.5]], [0.0])], [([[1.0]], [0.5]), ([[2.0]], [1.0])])
SHARED = Network([Affine(1, 1, 1), Elementwise("tanh", 1), Affine(1, 1, 1)])

QUESTIONS = {
    "product ball": (mlp([1, 1, 1], "tanh"), ProductBall("R"), InputBall("S"), None),
    "two units": (mlp([2, 2, 1], "tanh"), ProductBall("R"), InputBall("S"), None),
    "joint ball": (mlp([1, 2, 1], "tanh", "tanh"), Ball("R"), InputBall("S"), None),
    "two outputs": (mlp([1, 1, 2], "sigmoid"), Ball("R"), InputBall("S"), None),
    "two curved outputs": (mlp([1, 2, 2], "tanh", "sigmoid"), ProductBall("R"), InputBall("S"), None),
    "three layers": (mlp([1, 1, 2, 1], ["sin", "tanh"]), ProductBall("R"), InputBall("S"), None),
    "no bias": (mlp([2, 1, 1], "tanh", bias=False), ProductBall("R"), InputBall("S"), None),
    "one layer": (mlp([2, 1], "tanh", "tanh"), ProductBall("R"), InputBall("S"), None),
    "centre and ball": (mlp([2, 1, 2], "tanh"), ProductBall("R", CENTRE), InputBall("S"), None),
    "centre and data": (mlp([2, 1, 2], "tanh", "sigmoid"), Ball("R", CENTRE), SAMPLES, None),
    "data": (mlp([2, 1, 1], "softplus", "sigmoid"), Ball("R"), SAMPLES, None),
    "box": (mlp([1, 1, 1], "sin"), Box("-R", "R"), InputBall("S"), None),
    "box of arrays": (mlp([1, 1, 1], "softplus", "tanh"), ARRAYS, Dataset([[1.0], [2.0]]), None),
    "shared": (SHARED, Ball("R"), InputBall("S"), None),
    "softsign": (mlp([1, 1, 1], "softsign"), ProductBall("R"), InputBall("S"), None),
    "mse": (mlp([1, 1, 1], "tanh"), Ball("R"), TARGETS, loss("mse", weight_decay="1/10")),
    "huber": (mlp([1, 1, 1], "tanh"), ProductBall("R"), TARGETS, loss("huber", delta="1/2")),
    "cross-entropy": (mlp([1, 1, 2], "tanh"), Ball("R"), CLASSES, loss("cross_entropy", weight_decay=1)),
    "logistic": (mlp([1, 1, 1], "tanh"), Box("-R", "R"), Dataset([[1.0], [-0.5]], [1, -1]), loss("logistic")),
    "free mse": (mlp([1, 1, 1], "tanh"), Ball("R"), InputBall("S", 1), loss("mse")),
    "free classes": (mlp([1, 1, 2], "tanh"), Ball("R"), InputBall("S"), loss("cross_entropy")),
}


CASES = [
    # One order of each question on every run, both at night.
    pytest.param((name, order), marks=[pytest.mark.nightly] * (place % 2 == order % 2), id=f"{name}, order {order}")
    for place, name in enumerate(QUESTIONS)
    for order in (1, 2)
]


def question(name: str, order: int, R: int | Fraction = 1, S: int | Fraction = 1) -> Question:
    """A question at numbers."""
    network, region, inputs, objective = QUESTIONS[name]
    return Question(network, region, inputs, order, objective, {"R": R, "S": S})


@pytest.fixture(params=CASES)
def asked(request: pytest.FixtureRequest) -> Question:
    """Each question of each order."""
    return question(*request.param)
