"""A real data set, a real time series and a real trained network, small enough to ship.

Invariant: loading never executes anything from the files (``allow_pickle=False``), and every float returned is exact:
pixels are multiples of 1/16, flows of 1/1024, weights are the stored float64 numbers.
"""

from __future__ import annotations

from importlib.resources import files

import numpy as np

__all__ = ["digits", "digits_mlp", "nile"]


def digits() -> tuple[np.ndarray, np.ndarray]:
    """The 1797 handwritten digits of 8×8 pixels: images and labels.

    Returns:
        ``X`` of shape (1797, 64), float64 multiples of 1/16 in [0, 1], and integer labels ``y`` of shape (1797,).

    Example:
        >>> X, y = digits()
        >>> X.shape, float(X.max()), y[:3].tolist()
        ((1797, 64), 1.0, [0, 1, 2])
    """
    stored = _load("digits.npz")
    return stored["images"] / 16.0, stored["labels"].astype(np.int64)


def digits_mlp() -> list[tuple[np.ndarray, np.ndarray]]:
    """The weights of a tanh network 64-32-10 (identity output) trained on the first 1437 digits.

    Returns:
        One pair ``(A, b)`` of float64 arrays per affine layer, in the form ``lipsym`` takes parameters in.

    Example:
        >>> [A.shape for A, b in digits_mlp()]
        [(32, 64), (10, 32)]
    """
    stored = _load("digits_mlp.npz")
    return [(stored["A1"], stored["b1"]), (stored["A2"], stored["b2"])]


def nile() -> np.ndarray:
    """The annual flow of the Nile at Aswan from 1871 to 1970, in units of 1024·10⁸ m³.

    Returns:
        An array of shape (100, 1), multiples of 1/1024.

    Example:
        >>> nile().shape, int(nile().sum() * 1024)
        ((100, 1), 91935)

    Source: G. W. Cobb, Biometrika 65 (1978) 243–251; the R data set ``Nile``.
    """
    text = files("lipsym.data").joinpath("nile.txt").read_text(encoding="ascii")
    return np.array([[int(word)] for word in text.split()]) / 1024.0


def _load(name: str) -> dict[str, np.ndarray]:
    with files("lipsym.data").joinpath(name).open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
        return {key: archive[key] for key in archive.files}
