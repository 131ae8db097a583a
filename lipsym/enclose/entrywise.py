"""Upper bounds of ``‖D_θN‖`` and ``‖D²_θN‖`` over a region from interval Jacobians and Hessians in Arb.

Invariant: the ball matrices contain the derivatives at every parameter vector of the region and every input, so a bound
of their norm is one of the supremum. Any network that can be differentiated; quadratic in the number of parameters.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from lipsym.domains.balls import working_precision
from lipsym.domains.norms import square_root, symmetric_eigenvalue_bound
from lipsym.enclose.derivatives import hessian, output_gram
from lipsym.enclose.uncertain import enclosures, refuse_kinks
from lipsym.enclosure import Enclosure
from lipsym.errors import DomainError
from lipsym.nets.layers.elementwise import Elementwise
from lipsym.nets.network import Network
from lipsym.nets.regions import Region


def entrywise_bound(
    network: Network,
    region: Region,
    inputs: Any,
    order: int,
    values: Mapping[Any, Any] | None = None,
    precision: int = 64,
) -> float:
    """At least ``sup ‖DN‖`` (order 1) or ``sup ‖D²N‖`` (order 2); infinite where a ball meets a pole.

    Order 1 by ``‖DN‖² = λ_max(DN DNᵀ)``; order 2 by ``‖D²N‖² ≤ Σ_c ‖D²N_c‖²`` over the outputs, which is exact for one.
    """
    if order == 2:
        for layer in network.layers:
            if isinstance(layer, Elementwise):
                refuse_kinks(layer.activation)
    params, x = enclosures(network, region, inputs, values)
    with working_precision(precision):
        try:
            square = _first(network, params, x, precision) if order == 1 else _second(network, params, x, precision)
        except DomainError:
            return math.inf
        return math.inf if isinstance(square, float) else square_root(Enclosure(0, square)).upper_float()


def _first(network: Network, params: Any, x: Any, precision: int) -> Fraction | float:
    return max(Fraction(0), symmetric_eigenvalue_bound(output_gram(network, params, x, precision), precision).hi)


def _second(network: Network, params: Any, x: Any, precision: int) -> Fraction | float:
    square: Fraction | float = Fraction(0)
    for second in hessian(network, params, x, precision):
        ends = [symmetric_eigenvalue_bound(matrix, precision).hi for matrix in (second, -1 * second)]
        square += max(Fraction(0), *ends) ** 2
    return square
