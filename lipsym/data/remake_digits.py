"""Make ``digits.npz`` and ``digits_mlp.npz`` anew: ``python -m lipsym.data.remake_digits --out DIR``.

Invariant: nothing is random but for one fixed seed. The images come from scikit-learn (the only part of lipsym that
needs it); the network is trained by plain full-batch gradient descent in float64. Sums in matrix products are ordered
differently by different linear-algebra libraries, so weights made elsewhere agree to rounding, not bit for bit.
"""

from __future__ import annotations

import argparse
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np

TRAINING_SAMPLES = 1437
"""The first samples train the network; the other 360 only measure its accuracy."""
WIDTHS = (64, 32, 10)
SEED = 0
STEP_SIZE = 0.5
STEPS = 1000

Parameters = list[tuple[np.ndarray, np.ndarray]]


def load_images() -> tuple[np.ndarray, np.ndarray]:
    """The 1797 images as ``uint8`` of shape (1797, 64) with values 0..16, and their labels as ``uint8``."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    return images.astype(np.uint8), labels.astype(np.uint8)


def train(images: np.ndarray, labels: np.ndarray, steps: int = STEPS) -> Parameters:
    """Full-batch gradient descent on the mean cross-entropy of the tanh network 64-32-10 on ``images / 16``."""
    x = images[:TRAINING_SAMPLES] / 16.0
    targets = np.eye(WIDTHS[-1])[labels[:TRAINING_SAMPLES]]
    rng = np.random.default_rng(SEED)
    (a1, b1), (a2, b2) = (
        (rng.standard_normal((outputs, inputs)) / np.sqrt(inputs), np.zeros(outputs))
        for inputs, outputs in pairwise(WIDTHS)
    )
    for _ in range(steps):
        hidden = np.tanh(x @ a1.T + b1)
        residual = (_softmax(hidden @ a2.T + b2) - targets) / len(x)
        back = (residual @ a2) * (1 - hidden**2)
        a2, b2 = a2 - STEP_SIZE * residual.T @ hidden, b2 - STEP_SIZE * residual.sum(0)
        a1, b1 = a1 - STEP_SIZE * back.T @ x, b1 - STEP_SIZE * back.sum(0)
    return [(a1, b1), (a2, b2)]


def scores(parameters: Parameters, images: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Mean cross-entropy on the training samples and accuracy on the others."""
    (a1, b1), (a2, b2) = parameters
    probabilities = _softmax(np.tanh(images / 16.0 @ a1.T + b1) @ a2.T + b2)
    n = TRAINING_SAMPLES
    loss = -np.log(probabilities[np.arange(n), labels[:n]]).mean()
    return float(loss), float((probabilities[n:].argmax(1) == labels[n:]).mean())


def write(out: Path, images: np.ndarray, labels: np.ndarray, parameters: Parameters) -> None:
    """Write both archives into the folder ``out``."""
    out.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(out / "digits.npz", images=images, labels=labels)
    (a1, b1), (a2, b2) = parameters
    np.savez_compressed(out / "digits_mlp.npz", A1=a1, b1=b1, A2=a2, b2=b2)


def main() -> None:
    """Make both archives and report how well the network does."""
    parser = argparse.ArgumentParser(description="make lipsym's digits data and the network trained on it anew")
    parser.add_argument("--out", type=Path, required=True, help="folder to write digits.npz and digits_mlp.npz to")
    images, labels = load_images()
    out = parser.parse_args().out
    parameters = train(images, labels)
    write(out, images, labels, parameters)
    loss, accuracy = scores(parameters, images, labels)
    sys.stdout.write(
        f"training loss {loss:.4f} on {TRAINING_SAMPLES} samples, test accuracy {accuracy:.4f} on the other 360\n"
    )


def _softmax(logits: np.ndarray) -> np.ndarray:
    weights = np.exp(logits - logits.max(1, keepdims=True))
    return weights / weights.sum(1, keepdims=True)


if __name__ == "__main__":
    main()
