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
        Rule("jump-jet", "local jet of a jump x ↦ x + Σ Δu_i V_i(x), of f itself for V = f − id and Δu = 1"),
        Rule("gronwall", "closed forms for the flow of dX = Σ V_i(X) du_i, coefficients at their largest"),
        Rule("majorant-ode", "the flow's equations of variation solved along a bound on ‖X_s‖: one integral per entry"),
        Rule("l0l1-region", "‖D²Φ‖ ≤ L0 + L1‖∇Φ‖ on a region, of one sample and an affine output with bias"),
        Rule("path-witness-1", "‖D_θN‖ at parameters with one active neuron per layer, from below"),
        Rule("path-witness-2", "‖D²_θN[u, u]‖/‖u‖² at parameters with one active neuron per layer, from below"),
        Rule("offset-cancelling", "two neurons in opposition carry σ'(0) through a layer with σ(0) ≠ 0, from below"),
        Rule("rectifier-path", "one active neuron per layer, weights aligned with biases, for unbounded activations"),
        Rule("loss-witness", "a witness of the network with the label that makes its loss steep, from below"),
        Rule("equilibrium-witness", "derivatives of a flow at an unstable equilibrium, from below"),
        Rule("inscribed-ball", "a region contains a ball around 0, where witnesses are built, from below"),
        Rule("uniform-witness", "path witnesses of equal layers, depth and width symbols, from below"),
        Rule("kink-unbounded", "a jump of σ' or σ'' that the region meets makes the next constant infinite"),
        Rule("global-one-layer", "one layer has global constants: s1·√(S² + 1), s2·(S² + 1), and those of its losses"),
        Rule("global-order-1", "two or more layers have no global Lipschitz constant"),
        Rule("global-sigmoid-pair", "one hidden sigmoid, no bias after it, bounded zσ'(z): both constants are global"),
        Rule("global-two-affine", "two affine layers: the smoothness is √(S² + 1), the Lipschitz constant is ∞"),
        Rule("global-flow", "flows with a weight in the field have no global constants: they grow exponentially"),
        Rule("global-order-2", "two or more layers have no global smoothness constant, but for two affine ones"),
        Rule("global-loss", "losses of two or more layers with biases have neither global constant"),
        Rule("global-decay", "weight decay: no global Lipschitz constant; the smoothness grows by λ"),
        Rule("global-l0l1", "‖D²Φ‖ ≤ L0 + L1‖∇Φ‖ fails globally for two or more layers with biases"),
        Rule("layer-norms", "‖DN‖² ≤ Σ_l ‖ñ_l‖²‖B_l‖², and ‖D²N‖ ≤ λ_max of a matrix with a row for each layer"),
        Rule("layer-elimination", "the directions of one layer after the other maximised out, by a Riccati recursion"),
        Rule("radial-mean-value", "the mean value theorem from the centre of a region outwards, in nested regions"),
        Rule("coupled-neurons", "‖DN‖² ≤ [bias] + Σ_i max over one scalar z of σ(z)² + k a_i²σ'(z)²"),
        Rule("entrywise-jet", "interval Jacobians and Hessians, entry by entry"),
        Rule("first-column", "enclosing a supremum: the first layer enters by one column, at the largest ‖x‖"),
        Rule("linear-output", "enclosing a supremum: an affine last layer enters by one row of full length"),
        Rule("unit-symmetry", "enclosing a supremum: signs and order of the units of a layer may be chosen"),
        Rule("running-error", "interval arithmetic with one bound on the rounding of a whole array"),
        Rule(
            "tabulated-activation", "ranges of an activation and three derivatives from tables of Taylor coefficients"
        ),
        Rule("multiplier-form", "a mean value form that knows the ball: f(c) + Σ sup(s d − μd²) + Σ μ(R² − ‖c‖²)"),
        Rule("eigenvector-split", "λ_max of an interval matrix from a 2×2 matrix around an approximate eigenvector"),
    )
}
