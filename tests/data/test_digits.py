"""The shipped arrays are what they claim to be, and the script beside them makes the same."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from importlib.resources import files

import numpy as np
import pytest

from lipsym.data import digits, digits_mlp, remake_digits

IMAGES_SHA256 = "8f26b2bd9d135c256808f68f14fdabddde6d9c7f869ae419704b051f0f14b3b3"
LABELS_SHA256 = "8ba4f891220f5e4c9c819638d1602d74b83618f167043c6da52a2a247841ddf0"


def test_shapes_sums_and_hashes() -> None:
    x, y = digits()
    assert x.shape == (1797, 64)
    assert x.dtype == np.float64
    assert y.shape == (1797,)
    assert y.dtype == np.int64
    sixteenths = (x * 16).astype(np.uint8)
    assert (sixteenths / 16.0 == x).all()
    assert sixteenths.max() == 16
    assert int(sixteenths.sum()) == 561718
    assert int(y.sum()) == 8070
    assert hashlib.sha256(sixteenths.tobytes()).hexdigest() == IMAGES_SHA256
    assert hashlib.sha256(y.astype(np.uint8).tobytes()).hexdigest() == LABELS_SHA256


def test_the_network_is_trained() -> None:
    x, y = digits()
    parameters = digits_mlp()
    assert [(a.shape, b.shape, a.dtype) for a, b in parameters] == [
        ((32, 64), (32,), np.float64),
        ((10, 32), (10,), np.float64),
    ]
    loss, accuracy = remake_digits.scores(parameters, x * 16, y)
    assert loss < 0.05
    assert accuracy > 0.91
    untrained = remake_digits.train((x * 16).astype(np.uint8), y, steps=0)
    assert remake_digits.scores(untrained, x * 16, y)[1] < 0.3, "the score must be able to fail"


def test_training_from_the_seed_gives_the_shipped_weights() -> None:
    x, y = digits()
    again = remake_digits.train((x * 16).astype(np.uint8), y)
    for (a, b), (shipped_a, shipped_b) in zip(again, digits_mlp(), strict=True):
        np.testing.assert_allclose(a, shipped_a, rtol=0, atol=1e-6)
        np.testing.assert_allclose(b, shipped_b, rtol=0, atol=1e-6)


def test_the_archives_are_small_and_hold_no_pickles() -> None:
    folder = files("lipsym.data")
    assert sum(len((folder / name).read_bytes()) for name in ("digits.npz", "digits_mlp.npz")) < 300_000
    for name in ("digits.npz", "digits_mlp.npz"):
        with (folder / name).open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            assert all(archive[key].dtype.kind in "uf" for key in archive.files)


def test_the_images_are_scikit_learns() -> None:
    pytest.importorskip("sklearn", reason="scikit-learn is needed to compare with its copy of the images")
    images, labels = remake_digits.load_images()
    x, y = digits()
    assert (images == x * 16).all()
    assert (labels == y).all()


def test_the_script_writes_the_shipped_images(tmp_path) -> None:
    pytest.importorskip("sklearn", reason="scikit-learn is needed to make the images")
    command = [sys.executable, "-m", "lipsym.data.remake_digits", "--out", str(tmp_path)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "training loss" in printed
    assert "test accuracy" in printed
    with np.load(tmp_path / "digits.npz", allow_pickle=False) as archive:
        assert (archive["images"] / 16.0 == digits()[0]).all()
