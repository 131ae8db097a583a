"""A question as plain data, from which a program without any of our tables can rebuild it.

Invariant: activations are written out as the text of their value and derivatives, numbers as exact rationals, and the
order of all parameters is that of the blocks, ``A`` row by row before ``b``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from lipsym.certificates.numbers import write_end
from lipsym.errors import InputError
from lipsym.nets.blocks import centers_for
from lipsym.nets.inputs import Dataset, InputBall
from lipsym.nets.layers.affine import Affine
from lipsym.nets.layers.elementwise import Elementwise
from lipsym.nets.losses import Loss
from lipsym.nets.network import Network
from lipsym.nets.regions import Ball, Box, Region

HIGHEST_ORDER = 3


def question(network: Network, region: Region, inputs: InputBall | Dataset, loss: Loss | None) -> dict[str, Any]:
    """The network, the region, the inputs and the loss as plain data.

    Raises:
        InputError: for a network with widths that are no numbers, or layers that are not affine or elementwise.
    """
    return {
        "network": {"layers": [_layer(layer) for layer in network.layers]},
        "region": _region(network, region),
        "inputs": samples(inputs),
        "loss": None
        if loss is None
        else {"name": loss.name, "weight_decay": str(loss.weight_decay), "delta": str(loss.delta)},
    }


def flat(parameters: Iterable[Any]) -> list[str]:
    """All parameters as one list of rationals, ``A`` row by row before ``b``, block by block."""
    parts = (np.asarray(part, dtype=object).ravel() for pair in parameters for part in pair if part is not None)
    return [write_end(Fraction(v)) for part in parts for v in part]


def vector(values: Sequence[Any]) -> list[str]:
    """A list of exact numbers."""
    return [write_end(Fraction(v)) for v in values]


def _layer(layer: Any) -> dict[str, Any]:
    if isinstance(layer, Affine) and isinstance(layer.inputs, int) and isinstance(layer.outputs, int):
        widths = {"inputs": layer.inputs, "outputs": layer.outputs}
        return {"kind": "affine"} | widths | {"block": layer.block, "bias": layer.bias}
    if isinstance(layer, Elementwise) and isinstance(layer.width, int):
        sigma = layer.activation
        variable = {sigma.z: sigma.z.func("z", real=True)}
        texts = [str(sigma.derivative(k).xreplace(variable)) for k in range(HIGHEST_ORDER + 1)]
        return {"kind": "elementwise", "width": layer.width, "value": texts[0], "derivatives": texts[1:]}
    raise InputError(
        f"the layer {layer!r:.120} was to be written into a certificate",
        "a certificate describes affine and elementwise layers whose widths are numbers",
        "give the widths as numbers, or verify the closed form alone",
    )


def _region(network: Network, region: Region) -> dict[str, Any]:
    if isinstance(region, Box):
        if isinstance(region.lo, tuple):
            return {"kind": "box", "lo": flat(region.lo), "hi": flat(region.hi)}  # type: ignore[arg-type]
        return {"kind": "box", "lo": str(region.lo), "hi": str(region.hi)}
    joint = isinstance(region, Ball)
    balls = region.blocks(network)
    centers = centers_for(network, region.center if joint else region.centers)
    given = [center for center in centers if center is not None]
    return {
        "kind": "ball" if joint else "layers",
        "radii": [str(region.radius)] if joint else [str(ball.radius) for ball in balls],
        "centre": flat(given) if given else None,
    }


def samples(inputs: InputBall | Dataset) -> dict[str, Any]:
    """Where inputs lie, as plain data."""
    if isinstance(inputs, InputBall):
        return {"kind": "ball", "radius": str(inputs.radius), "labels": str(inputs.label_radius)}
    labels = [] if inputs.labels is None else np.atleast_2d(inputs.labels.T).T.tolist()
    return {
        "kind": "points",
        "points": [vector(row) for row in inputs.points.tolist()],
        "labels": [",".join(vector(row)) for row in labels],
    }
