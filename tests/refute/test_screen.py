"""Sifted norms are those of the reverse series, in any layout, and good starts come out of the sieve."""

from __future__ import annotations

import numpy as np
import pytest

import lipsym as ls
from lipsym.enclose.geometry import geometry
from lipsym.enclose.search import fixed_output, gradient_series, model
from lipsym.refute.screen import directional_norms, gradient_norms, sifted

NETWORKS = ["mlp:1-1-1:tanh", "mlp:2-2-1:tanh:sin", "mlp:2-3-1:relu", "mlp:1-2-2-1:gelu:nobias", "mlp:3-1:tanh"]


@pytest.mark.parametrize("text", NETWORKS)
def test_norms_agree_with_the_reverse_series(text: str) -> None:
    m = model(ls.parse_network(text), 3)  # type: ignore[arg-type]
    rng = np.random.default_rng(1)
    theta, u = rng.standard_normal((2, m.count, 50))
    x = rng.standard_normal((int(m.network.input_width), 50))  # type: ignore[arg-type]
    w = np.ones((50, 1, 1))
    _, gradient, _ = gradient_series(m, theta.T, x.T[:, None], u.T, fixed_output(w), 2)
    assert np.allclose(gradient_norms(m, theta, x), np.linalg.norm(gradient[0], axis=1))
    for order in (1, 2, 3):
        form = np.abs((gradient[order - 1] * u.T).sum(1)) * (1, 1, 2)[order - 1]
        assert np.allclose(directional_norms(m, theta, x, u, order), form, rtol=1e-9, atol=1e-9)


def test_norms_of_several_outputs_and_shared_blocks() -> None:
    shared = ls.Network([ls.Affine(2, 2, 1), ls.Elementwise("tanh", 2), ls.Affine(2, 2, 1)])
    m = model(shared, 2)
    rng = np.random.default_rng(2)
    theta, u = rng.standard_normal((2, m.count, 20))
    x = rng.standard_normal((2, 20))
    found = directional_norms(m, theta, x, u, 2)
    for w in np.eye(2):
        fixed = fixed_output(np.tile(w, (20, 1, 1)))
        _, gradient, _ = gradient_series(m, theta.T, x.T[:, None], u.T, fixed, 2)
        assert (found >= np.abs((gradient[1] * u.T).sum(1)) * (1 - 1e-12)).all()


@pytest.mark.parametrize("region", [ls.Ball(3), ls.ProductBall(2), ls.Box(-1, 2)], ids=str)
def test_sifted_starts_lie_in_the_region_and_are_better_than_most(region: ls.Ball) -> None:
    network = ls.mlp([1, 2, 1], "tanh")
    m = model(network, 1)
    g = geometry(m, region, None)
    rng = np.random.default_rng(0)
    theta, x = sifted(m, g, 1.5, 1, 8, 2, rng)
    assert theta.shape == (8, 7)
    assert np.allclose(g.project(theta), theta, atol=1e-12)
    assert np.allclose(np.linalg.norm(x, axis=1), 1.5)
    usual = gradient_norms(m, g.project(rng.standard_normal((200, 7)) * g.scale).T, np.full((1, 200), 1.5))
    assert gradient_norms(m, theta.T, x.T).min() > np.quantile(usual, 0.99)
