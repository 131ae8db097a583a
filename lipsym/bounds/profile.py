"""One neuron seen as functions of its pre-activation: ``σ²``, ``|σ'|`` and ``|σ''|`` over one scalar.

Invariant: a ``Profile`` exists only where the activation's table row has the properties the coupled rules use.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from lipsym.domains.expressions import bound_symbol
from lipsym.nets.activations import Activation

COUPLING = frozenset({"range-concave", "even-slope", "curvature-concave"})
"""What many neurons need to be replaced by one."""


@dataclass(frozen=True, slots=True)
class Profile:
    """The scalar over which a layer's rules are maximised, and what they need as functions of it.

    Args:
        z: the scalar.
        lower, upper: its interval.
        energy: ``n²(z)``, a bound on ``‖N‖²`` given that the layer's effective neuron is at ``z``.
        slope, curvature: ``|σ'(z)|`` and ``|σ''(z)|``.
    """

    z: sp.Symbol
    lower: sp.Expr
    upper: sp.Expr
    energy: sp.Expr
    slope: sp.Expr
    curvature: sp.Expr


def profile(sigma: Activation, width: sp.Expr, reach: sp.Expr, name: str) -> Profile | None:
    """The profile of ``width`` neurons with ``‖z‖ ≤ reach`` over a scalar called ``name``; ``None`` if none is proved.

    A single neuron needs nothing of the activation. Several neurons need ``COUPLING``: with
    ``E(y) = σ(√y)²`` concave, the neurons other than the one at ``z`` contribute at most
    ``(ℓ−1) E((ζ²−z²)/(ℓ−1))``; for a width that is a symbol, all of them at most ``ℓ E(ζ²/ℓ)``.

    Proof: proofs/coupled-order-1.md, proofs/coupled-order-2.md.
    """
    first, second = sigma.derivatives[:2]
    if COUPLING <= sigma.properties:
        z = bound_symbol(name, sp.S.Zero)
        upper = reach if sigma.fold is None else sp.Min(reach, sigma.fold)
        own = energy(sigma, z)
        if not width.is_Integer:
            total = width * energy(sigma, reach / sp.sqrt(width))
        elif width == 1:
            total = own
        else:
            rest = sp.sqrt(sp.Max(0, reach**2 - z**2) / (width - 1))
            total = own + (width - 1) * energy(sigma, rest)
        return Profile(z, sp.S.Zero, upper, total, _right(first, sigma.z, z), _right(-second, sigma.z, z))
    if width == 1:
        z = bound_symbol(name, -reach)
        parts = (sigma.value**2, sp.Abs(first), sp.Abs(second))
        return Profile(z, -reach, reach, *(part.subs(sigma.z, z) for part in parts))
    return None


def _right(expr: sp.Expr, old: sp.Symbol, z: sp.Symbol) -> sp.Expr:
    """``expr`` for ``z ≥ 0``; at 0 the limit from the right, so that ``Abs`` and ``Heaviside`` resolve."""
    positive = sp.Dummy(positive=True)
    return expr.subs(old, positive).xreplace({positive: z})


def energy(sigma: Activation, z: sp.Expr) -> sp.Expr:
    """``E(z²)``: ``σ(z)²`` for ``z ≥ 0``, constant beyond the fold."""
    return sigma.value.subs(sigma.z, z if sigma.fold is None else sp.Min(z, sigma.fold)) ** 2


def energy_bound(sigma: Activation, width: sp.Expr, reach: sp.Expr) -> sp.Expr | None:
    """``ℓ E(ζ²/ℓ)``, which bounds ``‖N‖²`` for ``‖z‖ ≤ ζ``, or ``None`` without "range-concave"."""
    if "range-concave" not in sigma.properties:
        return None
    return width * energy(sigma, reach / sp.sqrt(width))
