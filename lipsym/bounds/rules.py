"""The rules a derivation may use: one identifier, one statement, one proof file each.

Invariant: a step of a derivation names a rule of this table, and every rule has a proof in ``proofs/<id>.md``.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """A proved inequality.

    Args:
        id: identifier; the proof is ``proofs/<id>.md``.
        statement: the inequality in one line.
    """

    id: str
    statement: str


RULES: dict[str, Rule] = {
    rule.id: rule
    for rule in (
        Rule("affine-jet", "local jet of u ↦ Au + b on a ball of parameters around a centre"),
        Rule("elementwise-jet", "local jet of an elementwise activation from s0, |σ(0)|, s1, s2, s3"),
        Rule("range", "‖N_k‖² ≤ ℓ·E(ζ_k²/ℓ) where E(y) = σ(√y)² is concave"),
        Rule("chain-rule", "norm jets of a composition, orders 1 to 3, any sharing of blocks"),
        Rule("layer-sums", "the chain rule summed over layers when every layer has its own block"),
        Rule("coupled-order-1", "‖D z_{k+1}‖² ≤ max over one scalar z of a²Z²σ'(z)² + 1 + ‖N‖²(z)"),
        Rule("coupled-order-2", "sup A‖ż‖² + B‖z̈‖ by one scalar maximum of a largest eigenvalue per layer"),
        Rule("coupled-output", "one scalar maximum for σ' and σ'' of the last layer together"),
        Rule("two-layer-exact", "the exact smoothness of a two-layer tanh or sigmoid network with affine output"),
        Rule("joint-ball-sum", "sum of maxima over a joint ball by weighted AM–GM"),
        Rule("joint-ball-maximum", "maximum over the ways to share a joint radius among the blocks"),
        Rule("uniform-depth", "the layer sums for equal layers, depth and width symbols"),
        Rule("loss", "‖∇Φ‖ and ‖∇²Φ‖ of an averaged loss from the network's jet"),
        Rule("kink-unbounded", "a jump of σ' or σ'' that the region meets makes the next constant infinite"),
    )
}
