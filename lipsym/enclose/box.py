"""Upper bounds of ``‖D_θN‖`` and ``‖D²_θN‖`` over one region of parameters, however wide the network: no subdivision.

Invariant: the bound is the least of several, each proved on its own; which one won is reported, and so are the others.

| by | what | where it is good |
|---|---|---|
| ``layer-norms`` | norms of the layers' matrices | large radii |
| ``layer-elimination`` | the layers' directions maximised out one after the other | order 2; exact at a point |
| ``radial-mean-value`` | the mean value theorem from the centre outwards | order 1 with one output, small radii |
| ``coupled-neurons`` | ``σ²`` and ``σ'²`` of a neuron together | order 1 with one output; exact for two layers |
| ``entrywise-jet`` | interval Jacobian and Hessian, entry by entry, in Arb | few parameters; shared blocks |
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from lipsym.domains.float64_matrices import magnitude, root_up, sum_up, up
from lipsym.domains.float64_rounding import check_arithmetic
from lipsym.enclose.elimination import elimination_bound
from lipsym.enclose.entrywise import entrywise_bound
from lipsym.enclose.forward import Parameters
from lipsym.enclose.layer_norms import layer_bound
from lipsym.enclose.radial import radial_bound
from lipsym.enclose.uncertain import PIECES, Stage, box_around, forward, input_range, is_supported, uncertain_layers
from lipsym.errors import InputError
from lipsym.nets.inputs import Dataset
from lipsym.nets.network import Network
from lipsym.nets.regions import Region

ORDERS = {"lipschitz": 1, "smoothness": 2}
"""The quantities, and the order of the derivative."""

ENTRYWISE_PARAMETERS = 24
"""Up to so many parameters the entrywise engine runs beside the others; it alone serves networks with shared blocks."""


@dataclass(frozen=True, slots=True)
class DerivativeBound:
    """A proved upper bound of the norm of a derivative over a region.

    Args:
        hi: the bound, exactly; ``math.inf`` where no engine has one.
        by: the engine it is from, by the id of its rule.
        bounds: what every engine that was run gave, as floats that are bounds themselves.
    """

    hi: Fraction | float
    by: str
    bounds: Mapping[str, float]


def derivative_bound(
    network: Network, params: Parameters, radius: Any, x: Any, quantity: str = "lipschitz"
) -> DerivativeBound:
    """Bound ``‖D_θN‖`` or ``‖D²_θN‖`` at one input, for all parameters within ``radius`` of ``params``, entry by entry.

    Args:
        network: affine and elementwise layers of integer widths.
        params: one pair ``(A, b)`` of float64 arrays per block, taken as exact.
        radius: of the box: an int, a ``Fraction``, a string such as ``"1/100"``, or a float, taken as exact.
        x: one input.
        quantity: ``"lipschitz"`` or ``"smoothness"``.

    Raises:
        InputError: for another quantity, arrays that do not fit, or order 2 of an activation whose derivative jumps.
        HypothesisError: if the processor does not round to nearest or flushes subnormal numbers.

    Example:
        >>> from lipsym.nets.network import mlp
        >>> network = mlp([1, 1, 1], "tanh")
        >>> params = [(np.array([[0.5]]), np.array([0.0])), (np.array([[2.0]]), np.array([0.0]))]
        >>> bound = derivative_bound(network, params, "1/10", [1.0])
        >>> bound.by, bound.hi < 4
        ('coupled-neurons', True)
    """
    return region_bound(network, box_around(network, params, radius), x, quantity)


def region_bound(
    network: Network,
    region: Region,
    inputs: Any,
    quantity: str = "lipschitz",
    values: Mapping[Any, Any] | None = None,
) -> DerivativeBound:
    """Bound ``‖D_θN‖`` or ``‖D²_θN‖`` over a region of parameters and all inputs.

    Args:
        network: affine and elementwise layers of integer widths.
        region: any region, with numbers or with symbols that have ``values``.
        inputs: one input, an ``InputBall`` or a ``Dataset`` (each of its points in turn).
        quantity: ``"lipschitz"`` or ``"smoothness"``.
        values: numbers for the symbols.

    Raises:
        InputError, HypothesisError: as for ``derivative_bound``.
    """
    if quantity not in ORDERS:
        raise InputError(
            f"the quantity {quantity!r} was given",
            "bounds over one region are known for derivatives of order 1 and 2",
            f"choose from {', '.join(ORDERS)}",
        )
    check_arithmetic()
    if isinstance(inputs, Dataset):
        each = [region_bound(network, region, x, quantity, values) for x in inputs.points]
        return max(each, key=lambda bound: bound.hi)
    bounds: dict[str, float] = {}
    with np.errstate(all="ignore"):  # what overflows becomes an infinite radius
        for name, engine in _engines(network, region, inputs, ORDERS[quantity], values):
            bound = engine(min(bounds.values(), default=math.inf))
            bounds[name] = math.inf if math.isnan(bound) else float(bound)
    by = min(bounds, key=lambda name: bounds[name])
    end = bounds[by]
    return DerivativeBound(Fraction(end) if math.isfinite(end) else math.inf, by, bounds)


Engine = Callable[[float], float]
"""From the best bound so far to another one."""


def _engines(
    network: Network, region: Any, inputs: Any, order: int, values: Mapping[Any, Any] | None
) -> Sequence[tuple[str, Engine]]:
    entrywise = ("entrywise-jet", lambda _: entrywise_bound(network, region, inputs, order, values))
    if not is_supported(network):
        return [entrywise]
    layers = uncertain_layers(network, region, values)
    given = input_range(inputs, network, values)
    stages = forward(layers, given, order, PIECES // (3 - order))
    engines: list[tuple[str, Engine]] = [
        ("layer-norms", lambda _: layer_bound(stages, order)),
    ]
    if order == 1:
        engines.append(("coupled-neurons", lambda _: coupled_bound(stages)))
        engines.append(("radial-mean-value", lambda _: radial_bound(layers, given)))
    # At order 1 the norms of one row, or of two layers, leave nothing for the elimination to gain.
    if order == 2 or (len(stages) > 2 and layers[-1].weights.shape[-2] > 1):
        engines.append(("layer-elimination", lambda best: elimination_bound(stages, order, best)))
    if int(network.parameter_count) <= ENTRYWISE_PARAMETERS:  # type: ignore[arg-type]
        engines.append(entrywise)
    return engines


def coupled_bound(stages: Sequence[Stage]) -> float:
    """At least ``sup ‖DN‖`` for one output without activation; infinite otherwise.

    Let ``z`` be the last hidden layer's argument and ``k ≥ ‖Dz‖²``. Then
    ``‖DN‖² = [bias] + ‖N_{m−1}‖² + ‖a·diag(σ'(z))Dz‖² ≤ [bias] + Σ_i max_z (σ(z)² + k a_i² σ'(z)²)``.

    Sharp for two layers, where ``k = ‖x‖² + [bias]`` is exact and every neuron has parameters of its own.

    Proof: proofs/coupled-neurons.md.
    """
    last, hidden = stages[-1], stages[-2] if len(stages) > 1 else None
    if hidden is None or hidden.slopes is None or last.slopes is not None or last.layer.weights.shape[-2] != 1:
        return math.inf
    with np.errstate(all="ignore"):
        below = [*stages[:-2], replace(hidden, slopes=None)]
        k = below[0].square if len(below) == 1 else up(np.square(np.float64(layer_bound(below, 1))))
        weights = up(k * up(np.square(magnitude(last.layer.weights)[0])))
        value, slope = (
            up(np.square(np.maximum(np.abs(part.lo), np.abs(part.hi))))
            for part in (hidden.slopes.value, hidden.slopes.slope)
        )
        neurons = np.max(up(value + up(weights[:, None] * slope)), axis=-1)
        return float(root_up(up(sum_up(neurons) + (0.0 if last.layer.bias is None else 1.0))))
