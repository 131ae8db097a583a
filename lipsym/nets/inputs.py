"""Where a network's inputs, and the data of a loss, lie.

Invariant: ``radius`` bounds ``‖x‖`` over all inputs, exactly, and for a ``Dataset`` it is attained.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike

from lipsym.errors import InputError
from lipsym.nets.arrays import Floats, exact_floats, root, square_sums
from lipsym.nets.blocks import Keyed
from lipsym.nets.quantities import Exact, nonnegative


@dataclass(frozen=True, slots=True)
class InputBall:
    """All inputs with ``‖x‖ ≤ S``.

    Args:
        radius: ``S``: an int, a ``Fraction``, a string such as ``"3/2"`` or ``"S"``, or an exact SymPy expression.
        label_radius: ``Y`` with ``‖y‖ ≤ Y`` for the targets of a regression loss.

    Raises:
        InputError: for a negative radius.
        InexactNumberError: for a float.

    Example:
        >>> InputBall("3/2").radius
        3/2
    """

    radius: sp.Expr
    label_radius: sp.Expr

    def __init__(self, radius: Exact, label_radius: Exact = "Y") -> None:
        object.__setattr__(self, "radius", nonnegative(radius, "the radius of the inputs"))
        object.__setattr__(self, "label_radius", nonnegative(label_radius, "the radius of the targets"))

    @property
    def spec(self) -> str:
        """The inputs as text, which ``parse_inputs`` reads back."""
        return f"ball:{self.radius}"

    def describe(self) -> str:
        """The hypothesis as a sentence."""
        return f"‖x‖ ≤ {self.radius} (Euclidean norm)"

    def __str__(self) -> str:
        return self.spec


@dataclass(frozen=True, slots=True, eq=False)
class Dataset(Keyed):
    """Finitely many inputs, and their labels; floats are taken as exact.

    Args:
        points: inputs, an array of shape ``(samples, features)``.
        labels: integer class labels or scalar targets of shape ``(samples,)``, targets of shape ``(samples, outputs)``,
            or ``None``.

    Raises:
        InputError: for no sample, NaN or infinite entries, or another number of labels than of inputs.

    Example:
        >>> data = Dataset([[0.5, 0.5], [1.0, 0.0]], y=[0, 1])
        >>> data.radius, data.label_radius, data.size
        (1, 1, 2)
    """

    points: Floats
    labels: np.ndarray | None
    radius: sp.Expr

    def __init__(self, X: ArrayLike, y: ArrayLike | None = None) -> None:
        points = exact_floats(X, 2, "the inputs")
        if not points.size:
            raise InputError(
                f"inputs of shape {points.shape} were given",
                "a dataset has at least one sample with at least one feature",
                "give an array of shape (samples, features)",
            )
        labels = None if y is None else _labels(y)
        if labels is not None and len(labels) != len(points):
            raise InputError(
                f"{len(labels)} labels were given for {len(points)} inputs",
                "every input has one label",
                "check which of the two was cut",
            )
        object.__setattr__(self, "points", points)
        object.__setattr__(self, "labels", labels)
        object.__setattr__(self, "radius", root(max(square_sums(points))))

    @property
    def size(self) -> int:
        """The number of samples."""
        return len(self.points)

    @property
    def label_radius(self) -> sp.Expr:
        """The largest ``‖y‖``, exactly.

        Raises:
            InputError: if the dataset has no labels.
        """
        targets = self.required_labels("a loss").astype(np.float64)
        return root(max(square_sums(targets.reshape(self.size, -1))))

    def required_labels(self, needed_by: str) -> np.ndarray:
        """The labels.

        Raises:
            InputError: if there are none.
        """
        if self.labels is None:
            raise InputError(
                f"a dataset of {self.size} inputs without labels was given",
                f"{needed_by} compares the network's outputs with labels",
                "give them: Dataset(X, y)",
            )
        return self.labels

    @property
    def spec(self) -> str:
        """The dataset as text."""
        return f"dataset of {self.size} samples with {self.points.shape[1]} features"

    def describe(self) -> str:
        """The hypothesis as a sentence."""
        radius = self.radius if len(str(self.radius)) <= 40 else "the largest of their norms"
        return f"x is one of {self.size} given inputs, ‖x‖ ≤ {radius} (Euclidean norm; floats taken as exact)"

    def _key(self) -> tuple[Any, ...]:
        labels = None if self.labels is None else (self.labels.dtype.str, self.labels.shape, self.labels.tobytes())
        return self.points.shape, (self.points + 0).tobytes(), labels

    def __str__(self) -> str:
        return self.spec


def _labels(y: ArrayLike) -> np.ndarray:
    """Integer labels as int64, everything else as exact float64; read-only."""
    array = np.asarray(y)
    if array.ndim not in (1, 2):
        raise InputError(
            f"labels of shape {array.shape} were given",
            "labels have the shape (samples,) or (samples, outputs)",
            "reshape them",
        )
    floats = exact_floats(array, array.ndim, "the labels")
    if array.dtype.kind not in "iu":
        return floats
    integers = floats.astype(np.int64)
    integers.setflags(write=False)
    return integers


Inputs = InputBall | Dataset
"""Where inputs lie."""
