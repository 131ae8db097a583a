"""Where the parameters, the input and the label of a question went in the variables of its reduced problem.

Invariant: a point of the reduced region comes from the parameters, input and label returned here (up to rounding: what
is returned are floats, proposals for exact points), and the quantity is the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lipsym.domains.float64_rounding import Floats
from lipsym.nets.arrays import Block
from lipsym.nets.network import Network

Place = tuple[int, str, int, int]
"""Block, ``"A"``, ``"b"`` or ``"w"`` (the first column), row, column."""

Pairs = list[tuple[np.ndarray, np.ndarray | None]]


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """The way back from variables.

    Args:
        network: of the question.
        places: the variable of each parameter; dropped ones are missing.
        centres: of each block, ``None`` where 0.
        x, y: the variables of the input and of the label with its sign changed; empty where they are no variables.
        samples: for each case its input, or ``None``.
    """

    network: Network
    places: dict[Place, int]
    centres: dict[int, Block | None]
    x: tuple[int, ...]
    y: tuple[int, ...]
    samples: tuple[tuple[float, ...] | None, ...]

    def parameters(self, v: Floats, x: Floats, centred: bool) -> Pairs:
        """The parameters of a point, plus their centre if ``centred``; else a direction.

        The first column ``w`` stands for ``w (x, 1)ᵀ/‖(x, 1)‖``.
        """
        result: Pairs = []
        for block in self.network.blocks:
            layer = self.network.affine(block)
            a = np.zeros((int(layer.outputs), int(layer.inputs)))  # type: ignore[arg-type]
            b = np.zeros(int(layer.outputs)) if layer.bias else None  # type: ignore[arg-type]
            tail = np.append(x, 1.0) if layer.bias else np.asarray(x, dtype=np.float64)
            tail = tail / max(float(np.sqrt((tail * tail).sum())), 1e-300)
            for (owner, kind, i, j), index in self.places.items():
                if owner != block:
                    continue
                if kind == "w":
                    a[i] = v[index] * tail[: a.shape[1]]
                    if b is not None:
                        b[i] = v[index] * tail[-1]
                elif kind == "A":
                    a[i, j] = v[index]
                elif b is not None:
                    b[i] = v[index]
            centre = self.centres[block]
            if centred and centre is not None:
                a, b = a + centre[0], None if b is None or centre[1] is None else b + centre[1]
            result.append((a, b))
        return result
