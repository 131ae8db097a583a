"""The coupled rules: ``σ``, ``σ'`` and ``σ''`` of a layer bounded together, by one scalar maximum per layer.

Invariant: after stage ``k`` the state bounds, over the region, all inputs and all unit directions,
``‖z_k‖ ≤ ζ``, ``‖ż_k‖² ≤ Z²`` and ``A‖ż_k‖² + B‖z̈_k‖ ≤ V_k(A, B)`` for all ``A, B ≥ 0``. ``V_k`` is convex and
homogeneous; it is kept at a few directions and bounded between them by its chords.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import sympy as sp

from lipsym.bounds.derivation import Derivation
from lipsym.bounds.jet import ZERO
from lipsym.bounds.local import BlockFacts, elementwise_jet
from lipsym.bounds.profile import Profile, energy_bound, profile
from lipsym.bounds.stages import Stage
from lipsym.domains.expressions import EigenvalueBound, MaxOver
from lipsym.nets.layers.elementwise import Elementwise

Pair = tuple[sp.Expr, sp.Expr]

DIRECTIONS: tuple[Pair, ...] = tuple(
    (sp.Integer(a), sp.Integer(b)) for a, b in ((1, 0), (3, 1), (1, 1), (1, 3), (0, 1))
)
"""Where ``V_k`` is kept, in order from ``(1, 0)`` to ``(0, 1)``; more of them tighten the bound by a few percent."""


@dataclass(frozen=True, slots=True)
class Ranges:
    """``start`` bounds ``‖x‖``, ``reach[k]`` bounds ``‖z_{k+1}‖``, ``output`` bounds ``‖N‖``."""

    start: sp.Expr
    reach: tuple[sp.Expr, ...]
    output: sp.Expr


def ranges(network: Sequence[Stage], facts: Mapping[int, BlockFacts], radius: sp.Expr, out: Derivation) -> Ranges:
    """The ranges of all stages.

    Let ``n_0 = S`` and ``ζ_k = max ‖A u + b‖`` over ``‖u‖ ≤ n_{k−1}`` and the block's ball.
    Then ``n_k² = ℓ E(ζ_k²/ℓ)`` where ``E(y) = σ(√y)²`` is concave, non-decreasing and bounds ``σ(−√y)²``, else
    ``n_k = min(√ℓ s0, √ℓ|σ(0)| + s1 ζ_k)``.

    Proof: proofs/range.md.
    """
    reach: list[sp.Expr] = []
    nu = radius
    for k, stage in enumerate(network, 1):
        zeta = out.define(f"zeta_{k}", facts[stage.affine.block].range(nu), "affine-jet", f"bounds ‖z_{k}‖")
        reach.append(zeta)
        squared = energy_bound(stage.activation, stage.width, zeta)
        if squared is not None:
            value, rule = sp.sqrt(squared), "range"
        else:
            value, rule = elementwise_jet(Elementwise(stage.activation, stage.width), zeta).value, "elementwise-jet"
        # The last range matters to a loss only, which names it.
        nu = out.define(f"n_{k}", value, rule, f"bounds ‖N_{k}‖") if k < len(network) else value
    return Ranges(radius, tuple(reach), nu)


def order_1(
    network: Sequence[Stage], facts: Mapping[int, BlockFacts], reached: Ranges, out: Derivation, closed: bool = False
) -> sp.Expr:
    """A bound on ``‖D_θ N‖``.

    Let ``Z_1² = S² + 1`` and ``Z²_{k+1} = max_z [a²Z_k² σ'(z)² + 1 + n²(z)]``, ``a`` the next layer's gain.
    Then ``‖D_θ N‖ ≤ s1 Z_m``.

    Sharp when: every hidden layer has one neuron; for tanh and ``R ≥ 1`` equal to the truth.

    Args:
        closed: only forms without a maximum over ``z``, so that the result can stand inside another maximum.

    Proof: proofs/coupled-order-1.md.
    """
    speeds = _speeds(network, facts, reached, out, closed)
    return network[-1].activation.s1 * speeds[-1]


def order_2(
    network: Sequence[Stage], facts: Mapping[int, BlockFacts], reached: Ranges, target: Pair, out: Derivation
) -> sp.Expr:
    """A bound on ``sup A‖Ṅ‖² + B‖N̈‖`` for ``target = (A, B)``: ``(0, 1)`` is the network's smoothness.

    Let, for the effective neuron ``z`` of layer ``k``, ``β = |σ'(z)|``, ``α = |σ''(z)|``, ``n²`` the energy,
    ``q² = 1 + n²``, and ``β° = β`` for one neuron, ``s1`` for several.
    Then ``V_{k+1}(A, B) ≤ max_z λ_max`` of the symmetric matrix with rows
    ``(V_k(Aa²β² + Baα, Baβ°), (Aaq + Bn/q)βZ_k, BβZ_k/q)``, ``(·, Aq², 0)``, ``(·, 0, 0)``; without bias ``q = n`` and
    the third row is absent.

    Proof: proofs/coupled-order-2.md, proofs/coupled-output.md.
    """
    speeds = _speeds(network, facts, reached, out, closed=False)
    chords: tuple[Pair, ...] = ((speeds[0] ** 2, ZERO),)
    last = network[-1]
    for k in range(1, len(network)):
        stage = network[k - 1]
        here = _view(stage, reached.reach[k - 1], out.bound_name("z"))
        final = k == len(network) - 1
        directions = (target,) if final and last.linear else DIRECTIONS
        values = []
        for j, (a, b) in enumerate(directions):
            if b.is_zero:
                values.append(a * speeds[k] ** 2)
                continue
            growth = _growth(stage, here, facts[network[k].affine.block], chords, speeds[k - 1], a, b)
            text = f"bounds {a}‖ż_{k + 1}‖² + {b}‖z̈_{k + 1}‖"
            values.append(out.define(f"V_{k + 1}_{j}", here.maximum(growth), "coupled-order-2", text))
        if final and last.linear:
            return values[0]
        chords = _chords(values, k + 1, out)
    if last.linear:
        return _combined(chords, *target)
    value = _through_output(last, reached.reach[-1], out.bound_name("z"), chords, target)
    return out.define("V", value, "coupled-output", "the same through the last activation")


@dataclass(frozen=True, slots=True)
class _View:
    """A layer's scalar picture, or its separate suprema where it has none."""

    profile: Profile | None
    energy: sp.Expr
    slope: sp.Expr
    curvature: sp.Expr

    def maximum(self, body: sp.Expr) -> sp.Expr:
        if self.profile is None or self.profile.z not in body.free_symbols:
            return body
        return MaxOver(body, self.profile.z, self.profile.lower, self.profile.upper)


def _view(stage: Stage, reach: sp.Expr, name: str | None) -> _View:
    """The scalar picture over a variable called ``name``; the separate suprema if there is none, or no name."""
    sigma = stage.activation
    seen = None if name is None or stage.linear else profile(sigma, stage.width, reach, name)
    if seen is not None:
        return _View(seen, seen.energy, seen.slope, seen.curvature)
    energy = energy_bound(sigma, stage.width, reach)
    if energy is None:
        energy = elementwise_jet(Elementwise(sigma, stage.width), reach).value ** 2
    return _View(None, energy, sigma.s1, sigma.s2)


def _speeds(
    network: Sequence[Stage], facts: Mapping[int, BlockFacts], reached: Ranges, out: Derivation, closed: bool
) -> list[sp.Expr]:
    """``Z_k`` for every stage."""
    speeds = [out.define("Z_1", facts[network[0].affine.block].slope(reached.start), "affine-jet", "bounds ‖ż_1‖")]
    for k, (stage, following) in enumerate(pairwise(network), 1):
        block = facts[following.affine.block]
        gained = (block.gain * speeds[-1]) ** 2
        if closed:
            squared = _closed_speed(stage, reached.reach[k - 1], gained, block.bias)
        else:
            here = _view(stage, reached.reach[k - 1], out.bound_name("z"))
            squared = here.maximum(gained * here.slope**2 + here.energy + (1 if block.bias else 0))
        speeds.append(out.define(f"Z_{k + 1}", sp.sqrt(squared), "coupled-order-1", f"bounds ‖ż_{k + 1}‖"))
    return speeds


def _closed_speed(stage: Stage, reach: sp.Expr, gained: sp.Expr, bias: bool) -> sp.Expr:
    """The maximum over ``z`` in closed form for tanh (convex in ``T = tanh² z``), else the separate suprema."""
    here = _view(stage, reach, None)
    offset = 1 if bias else 0
    if stage.activation.name != "tanh" or not stage.width.is_Integer:
        return gained * here.slope**2 + here.energy + offset
    top = sp.tanh(reach) ** 2
    others = (stage.width - 1) * sp.tanh(reach / sp.sqrt(stage.width - 1)) ** 2 if stage.width > 1 else ZERO
    # Never above the separate suprema: the minimum keeps the better of two bounds.
    joint = sp.Max(gained, gained * (1 - top) ** 2 + top) + others
    return sp.Min(joint, gained + here.energy) + offset


def _growth(
    stage: Stage, here: _View, following: BlockFacts, chords: Sequence[Pair], speed: sp.Expr, a: sp.Expr, b: sp.Expr
) -> sp.Expr:
    """A bound on the largest eigenvalue of the matrix in ``order_2``."""
    gain, n = following.gain, sp.sqrt(here.energy)
    across = here.slope if stage.width == 1 else stage.activation.s1
    own = _combined(chords, a * gain**2 * here.slope**2 + b * gain * here.curvature, b * gain * across)
    rate = here.slope * speed
    if a.is_zero:
        return EigenvalueBound(own, b * rate, ZERO, ZERO)
    if not following.bias:
        return EigenvalueBound(own, (a * gain * n + b) * rate, ZERO, a * here.energy)
    q2 = 1 + here.energy
    q = sp.sqrt(q2)
    return EigenvalueBound(own, (a * gain * q + b * n / q) * rate, b * rate / q, a * q2)


def _chords(values: Sequence[sp.Expr], k: int, out: Derivation) -> tuple[Pair, ...]:
    """The chords of ``V_k`` through neighbouring directions, as coefficients of ``A`` and ``B``.

    ``V_k`` is convex, so the lower convex envelope of its bounds bounds it too; for convex values the largest chord is
    the one of the sector that contains ``(A, B)``.
    """
    convex = []
    for j, value in enumerate(values):
        across = [
            _along(DIRECTIONS[before], values[before], DIRECTIONS[after], values[after], *DIRECTIONS[j])
            for before in range(j)
            for after in range(j + 1, len(values))
        ]
        text = f"bounds V_{k}{DIRECTIONS[j]}, convex in the direction"
        least = sp.Min(value, *across, evaluate=False) if across else value
        convex.append(out.define(f"v_{k}_{j}", least, "coupled-order-2", text))
    chords: list[Pair] = []
    text = f"coefficient of a chord of V_{k}"
    for j in range(len(DIRECTIONS) - 1):
        ends = DIRECTIONS[j], convex[j], DIRECTIONS[j + 1], convex[j + 1]
        x = out.define(f"x_{k}_{j}", _raised(_along(*ends, 1, 0)), "coupled-order-2", text)
        y = out.define(f"y_{k}_{j}", _raised(_along(*ends, 0, 1)), "coupled-order-2", text)
        chords.append((x, y))
    return tuple(chords)


def _raised(coefficient: sp.Expr) -> sp.Expr:
    """At least 0: ``V_k`` is monotone, its bounds need not be; a negative coefficient is looseness, and 0 is sound."""
    return coefficient if coefficient.is_nonnegative else sp.Max(0, coefficient, evaluate=False)


def _along(p: Pair, u: sp.Expr, q: Pair, v: sp.Expr, a: sp.Expr | int, b: sp.Expr | int) -> sp.Expr:
    """At ``(a, b)``, the linear function that is ``u`` at ``p`` and ``v`` at ``q``."""
    det = p[0] * q[1] - p[1] * q[0]
    return u * (q[1] * a - q[0] * b) / det + v * (p[0] * b - p[1] * a) / det


def _combined(chords: Sequence[Pair], a: sp.Expr, b: sp.Expr) -> sp.Expr:
    terms = [x * a + y * b for x, y in chords]
    # Chords with symbols are compared by the domains; SymPy would only spend time on it.
    return terms[0] if len(terms) == 1 else sp.Max(*terms, evaluate=False)


def _through_output(last: Stage, reach: sp.Expr, name: str, chords: Sequence[Pair], target: Pair) -> sp.Expr:
    """``A‖σ'∘ż‖² + B‖σ''∘ż² + σ'∘z̈‖`` through the activation of the last stage."""
    a, b = target
    here = _view(last, reach, name)
    together = last.width == 1 or (a.is_zero and "ratio-increasing" in last.activation.properties)
    across = here.slope if together else last.activation.s1
    return here.maximum(_combined(chords, a * here.slope**2 + b * here.curvature, b * across))
