"""The exact smoothness of a two-layer network with affine output.

Invariant: the value is the supremum itself, attained by one neuron, for every width.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sympy as sp

from lipsym.bounds.derivation import Derivation
from lipsym.bounds.local import BlockFacts
from lipsym.bounds.stages import Stage

SCALES: dict[str, tuple[sp.Expr, sp.Expr]] = {
    "tanh": (sp.S.One, sp.S.One),
    "sigmoid": (sp.Rational(1, 2), sp.Rational(1, 4)),
}
"""``(c, w)`` with ``|σ''(z)| = 2cτ·w(1−τ²)`` and ``σ'(z) = w(1−τ²)`` for ``τ = tanh(cz)``."""


def applies(network: Sequence[Stage], facts: Mapping[int, BlockFacts]) -> bool:
    """Whether the theorem's hypotheses hold: two stages, tanh or sigmoid hidden, affine output, centre 0."""
    around_zero = all(f.center_gain.is_zero and f.center_offset.is_zero for f in facts.values())
    return len(network) == 2 and network[1].linear and network[0].activation.name in SCALES and around_zero


def two_layer_smoothness(
    network: Sequence[Stage], facts: Mapping[int, BlockFacts], radius: sp.Expr, out: Derivation
) -> sp.Expr:
    """``sup ‖D²_θ N‖`` of ``N(x) = A_2 σ(A_1 x + b_1) + b_2``, exactly.

    Let ``‖x‖ ≤ S``, ``‖θ_1‖ ≤ R_1``, ``‖θ_2‖ ≤ R_2``, ``q = √(S² + 1)`` (``S`` without ``b_1``), ``σ = tanh``,
    ``ρ = R_2 q``, ``X = ρ⁴ + ρ² + 1`` and ``T = ρ²/(2 + ρ² + 2√X)``.
    Then ``sup = q (1 − T) (ρ√T + √(1 + ρ²T))`` if ``T ≤ tanh²(R_1 q)``, which holds for ``R_1 ≥ R_2``; else the same
    with ``tanh²(R_1 q)`` for ``T``. Sigmoid: ``ρ/2`` for ``ρ``, ``R_1 q/2`` for ``R_1 q``, and a factor ¼.

    Sharp when: always; one hidden neuron with ``tanh² z = T`` attains it.

    Proof: proofs/two-layer-exact.md.
    """
    scale, weight = SCALES[network[0].activation.name]
    first, second = (facts[stage.affine.block] for stage in network)
    rule = "two-layer-exact"
    q = first.slope(radius)
    rho = out.define("rho", scale * second.radius * q, rule, "weighs the curvature of one hidden neuron")
    best = rho**2 / (2 + rho**2 + 2 * sp.sqrt(rho**4 + rho**2 + 1))
    if first.radius != second.radius:
        best = sp.Min(best, sp.tanh(scale * first.radius * q) ** 2)
    best = out.define("T", best, rule, "tanh² of the best pre-activation")
    return weight * q * (1 - best) * (rho * sp.sqrt(best) + sp.sqrt(1 + rho**2 * best))
