"""What is known of an activation: exact facts, true for every real argument.

Invariant: a row of the table states suprema, not bounds; each is proved in proofs/activations.md, and a test proves it
again.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from lipsym.errors import InputError

PROPERTIES = frozenset({"range-concave", "curvature-concave", "even-slope", "ratio-increasing"})
"""The facts that sharper rules ask for; see ``Activation``."""

SMOOTHNESS = ("C^∞", "C^{1,1}", "C^{0,1}")
"""The smoothness classes of the table."""

Points = tuple[sp.Expr, ...]


@dataclass(frozen=True, slots=True)
class Activation:
    """A function ``σ: ℝ → ℝ`` with exact constants.

    Let ``s0 = sup |σ|``, and ``s1``, ``s2``, ``s3`` the least Lipschitz constants of ``σ``, ``σ'``, ``σ''``, which are
    the suprema of ``|σ'|``, ``|σ''|``, ``|σ'''|`` where these exist; ``oo`` where there is none.

    The properties, each for a ``fold`` ``f`` (``None`` is ``f = ∞``):

    - ``"range-concave"``: with ``E(y) = σ(min(√y, f))²``, ``E`` is concave and non-decreasing on ``[0, ∞)``, and
      ``σ(z)² ≤ E(z²)`` for all ``z``.
    - ``"even-slope"``: every ``z`` has a ``z'`` in ``[0, min(|z|, f)]`` with ``|σ'(z)| = σ'(z')``,
      ``|σ''(z)| = −σ''(z')`` and ``σ(z)² ≤ E(z'²)``; ``σ'`` is non-increasing on ``[0, f]``.
      At a jump of ``σ''`` the limit from the right is meant.
    - ``"curvature-concave"``: ``|σ''| = g(σ'²)`` wherever ``σ''`` exists, with ``g`` concave on ``[0, s1²]``.
    - ``"ratio-increasing"``: either ``|σ''|`` increases on ``[0, z*]`` and decreases on ``[z*, ∞)`` and ``σ'''/σ'`` is
      non-decreasing on ``(0, z*)``; or ``|σ'|`` and ``|σ''|`` reach both suprema at the same point.

    Args:
        name: the name it is looked up by.
        z: the variable of ``value`` and ``derivatives``.
        value: ``σ(z)``, in the expression language of the domains.
        derivatives: ``σ'``, ``σ''``, ``σ'''``, almost everywhere.
        s0, s1, s2, s3: exact, ``oo`` where infinite.
        at_zero: ``σ(0)``.
        smoothness: ``"C^∞"``, ``"C^{1,1}"`` or ``"C^{0,1}"``.
        attained: for each of ``s0`` to ``s3`` the points where it is reached; ``oo`` and ``−oo`` are limits there, a
            kink of ``σ`` or of a derivative is a one-sided limit, and of an infinite constant it is where it diverges.
        properties: proved facts, from ``PROPERTIES``.
        fold: where the half line is folded for ``properties``; ``None``: nowhere.

    Raises:
        InputError: if the record contradicts itself.
    """

    name: str
    z: sp.Symbol
    value: sp.Expr
    derivatives: tuple[sp.Expr, sp.Expr, sp.Expr]
    s0: sp.Expr
    s1: sp.Expr
    s2: sp.Expr
    s3: sp.Expr
    at_zero: sp.Expr
    smoothness: str
    attained: tuple[Points, Points, Points, Points]
    properties: frozenset[str] = frozenset()
    fold: sp.Expr | None = None

    def __post_init__(self) -> None:
        fails = self._contradiction()
        if fails is not None:
            raise InputError(
                f"an activation {self.name!r} was given",
                fails,
                "correct the record; see proofs/activations.md for its facts",
            )

    @property
    def constants(self) -> tuple[sp.Expr, sp.Expr, sp.Expr, sp.Expr]:
        """``(s0, s1, s2, s3)``."""
        return self.s0, self.s1, self.s2, self.s3

    def derivative(self, order: int) -> sp.Expr:
        """``σ`` for order 0, else the derivative of that order, up to 3."""
        return (self.value, *self.derivatives)[order]

    def where(self, order: int) -> str:
        """In words, where the constant of this order is reached."""
        texts = [
            f"limit at {'−' if p is -sp.oo else '+'}∞" if p.is_infinite else f"z = {p}" for p in self.attained[order]
        ]
        return ", ".join(texts)

    def __str__(self) -> str:
        return self.name

    def _contradiction(self) -> str | None:
        parts = (self.value, *self.derivatives)
        if any(part.free_symbols - {self.z} or part.atoms(sp.Float) for part in parts):
            return f"its value and derivatives are exact expressions in {self.z} alone"
        if any(not (s is sp.oo or not (s.free_symbols or s.is_negative or s.atoms(sp.Float))) for s in self.constants):
            return "its constants are exact non-negative numbers, or oo"
        if sp.simplify(self.value.subs(self.z, 0) - self.at_zero) != 0:
            return f"σ(0) = {self.value.subs(self.z, 0)}, not {self.at_zero}"
        if self.smoothness not in SMOOTHNESS or not self.properties <= PROPERTIES:
            return f"its smoothness is one of {SMOOTHNESS}, its properties are among {sorted(PROPERTIES)}"
        if not all(self.attained):
            return "each of its four constants names at least one point or limit"
        return None
