"""Input balls and datasets."""

from __future__ import annotations

import time
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from lipsym.errors import InexactNumberError, InputError, LipsymError
from lipsym.nets.arrays import square_sums
from lipsym.nets.inputs import Dataset, InputBall
from lipsym.nets.specs import parse_inputs


@given(
    arrays(np.float64, array_shapes(min_dims=2, max_dims=2), elements=st.floats(allow_nan=False, allow_infinity=False))
)
def test_sums_of_squares_are_exact(rows: np.ndarray) -> None:
    """Subnormal and huge entries together included."""
    assert square_sums(rows) == [sum(Fraction(x) ** 2 for x in row) for row in rows.tolist()]


def test_the_radius_is_attained_and_exact() -> None:
    data = Dataset([[0.1, 0.2], [0.3, -0.4]])
    assert data.radius**2 == sp.Rational(str(Fraction(0.3) ** 2 + Fraction(-0.4) ** 2))
    assert data.radius**2 != sp.Rational(1, 4)


def test_a_realistic_dataset_is_fast() -> None:
    images = np.random.default_rng(0).normal(size=(1797, 64))
    start = time.perf_counter()
    radius = Dataset(images).radius
    assert time.perf_counter() - start < 5
    assert abs(float(sp.N(radius)) - np.linalg.norm(images, axis=1).max()) < 1e-12


def test_labels() -> None:
    X = [[1.0], [2.0], [3.0]]
    assert Dataset(X, [0, 2, 1]).labels.dtype == np.int64
    assert Dataset(X, [0, 2, 1]).label_radius == 2
    assert Dataset(X, [0.5, -1.5, 1.0]).label_radius == sp.Rational(3, 2)
    assert Dataset(X, [[3, 4], [0, 0], [1, 1]]).label_radius == 5
    assert Dataset(X, [[0.5, 0.5], [0.0, 0.0], [0.0, 0.0]]).label_radius == sp.sqrt(2) / 2


def test_arrays_are_read_only_and_compared() -> None:
    X, y = np.eye(2), np.array([0, 1])
    data = Dataset(X, y)
    for array in (data.points, data.labels):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 7
    X[0, 0] = 7
    assert data.points[0, 0] == 1
    assert data == Dataset(np.eye(2), [0, 1])
    assert hash(data) == hash(Dataset(np.eye(2), [0, 1]))
    assert data != Dataset(np.eye(2), [1, 0])
    assert data != Dataset(np.eye(2))


def test_texts() -> None:
    assert parse_inputs("ball:S") == InputBall("S") == InputBall(sp.Symbol("S"))
    assert parse_inputs("ball:S").spec == "ball:S"
    assert InputBall("3/2").describe() == "‖x‖ ≤ 3/2 (Euclidean norm)"
    assert InputBall(1).label_radius == sp.Symbol("Y", nonnegative=True)
    assert InputBall(1, label_radius=2).label_radius == 2
    assert "2 given inputs, ‖x‖ ≤ 1 " in Dataset(np.eye(2)).describe()


@pytest.mark.parametrize(
    ("make", "kind", "says"),
    [
        (lambda: InputBall(-1), InputError, "not negative"),
        (lambda: InputBall(1.5), InexactNumberError, "rounded number"),
        (lambda: InputBall(1, label_radius=-1), InputError, "targets"),
        (lambda: Dataset([[1.0, float("nan")]]), InputError, "finite"),
        (lambda: Dataset([1.0, 2.0]), InputError, "2 dimension"),
        (lambda: Dataset(np.zeros((0, 3))), InputError, "at least one sample"),
        (lambda: Dataset(np.zeros((3, 0))), InputError, "at least one sample"),
        (lambda: Dataset(np.eye(2), [1]), InputError, "1 labels were given for 2 inputs"),
        (lambda: Dataset(np.eye(2), [[[1]], [[1]]]), InputError, "labels of shape"),
        (lambda: Dataset(np.eye(2), [1.0, float("inf")]), InputError, "finite"),
        (lambda: Dataset(np.eye(2)).label_radius, InputError, "without labels"),
        (lambda: Dataset([["a"]]), InputError, "real numbers"),
        (lambda: parse_inputs("box:1"), InputError, "ball:S"),
        (lambda: parse_inputs("ball:1,2"), InputError, "none of the known forms"),
        (lambda: parse_inputs("ball:"), InputError, "none of the known forms"),
        (lambda: parse_inputs("ball:-S"), InputError, "not negative"),
    ],
)
def test_errors_have_three_lines(make: Callable[[], object], kind: type[LipsymError], says: str) -> None:
    with pytest.raises(kind, match=says) as caught:
        make()
    assert len(str(caught.value).splitlines()) == 3
