"""The constants that are valid for all parameters at once, as bounds.

Invariant: each function is one theorem; its caller has checked the hypotheses.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from lipsym.bounds.result import Bound, Step
from lipsym.bounds.stages import Stage
from lipsym.domains.expressions import EigenvalueBound
from lipsym.lower.decision import Decision
from lipsym.lower.divergence import Route, family
from lipsym.lower.moments import Moments, curvature_product, moments
from lipsym.nets.inputs import Dataset, InputBall
from lipsym.nets.losses import Loss
from lipsym.nets.network import Network

NORMS = {
    "lipschitz": "operator norm of the first derivative in θ, Euclidean norms on parameters and outputs",
    "smoothness": "operator norm of the second derivative in θ, Euclidean norms",
}


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: a network, where its inputs lie, and perhaps a loss."""

    network: Network
    inputs: InputBall | Dataset
    loss: Loss | None

    def sentences(self) -> tuple[str, ...]:
        """The conventions of the question."""
        conventions = () if self.loss is None else self.loss.conventions
        return f"N is the network {self.network.spec}; θ is any parameter vector", self.inputs.describe(), *conventions


def one_layer(question: Question, path: tuple[Stage, ...], quantity: str) -> Decision:
    """One layer ``σ(Ax + b)``.

    Let ``q² = S² + 1`` (``S²`` without bias) and ``‖∇g‖ ≤ G1``, ``‖∇²g‖ ≤ G2`` on the range of σ.
    Then ``L = s1 q`` and ``M = s2 q²``; of a loss ``L ≤ G1 s1 q`` and ``M ≤ (G2 s1² + G1 s2) q²``, both plus what the
    weight decay adds. For the squared error with an unbounded ``σ``: ``M ≤ (s1² + sup|σσ''| + Y s2) q²``.

    Sharp when: there is no loss; both are attained.

    Proof: proofs/global-one-layer.md.
    """
    rule = "global-one-layer"
    sigma, squared = path[0].activation, _squared(question, path)
    if quantity == "smoothness" and not sigma.s2.is_finite:
        # The jump of the slope is met for every input: layer 1's argument runs through all of the line.
        return Decision(
            quantity,
            "infinite",
            "global-order-2",
            (*question.sentences(), f"the slope of {sigma.name} jumps at 0"),
            "the first derivative of the network jumps where the argument of a neuron is 0",
            family=family(path, Route.KINK, 1, 2),
        )
    loss, steps = question.loss, []
    if loss is None:
        result = sigma.s1 * sp.sqrt(squared) if quantity == "lipschitz" else sigma.s2 * squared
    else:
        label = question.inputs.label_radius if loss.needs_label_radius else sp.S.Zero
        if loss.name == "mse" and sigma.s0 is sp.oo:
            curved = curvature_product(sigma)
            result = (sigma.s1**2 + (sp.S.Zero if curved is None else curved) + label * sigma.s2) * squared
        else:
            out_range = sp.sqrt(path[0].width) * sigma.s0
            slope = sp.Symbol("G1", nonnegative=True)
            bound = loss.gradient_bound(out_range, label, path[0].affine.outputs)
            steps = [Step(slope, bound, "loss", "bounds ‖∇g‖ on the outputs' range")]
            first = slope * sigma.s1 * sp.sqrt(squared)
            second = (loss.hessian_bound * sigma.s1**2 + slope * sigma.s2) * squared
            result = first if quantity == "lipschitz" else second
        result += loss.weight_decay if quantity == "smoothness" else sp.S.Zero
    return _finite(question, quantity, result, rule, "the only layer's argument is linear in θ", steps)


def sigmoid_pair(question: Question, path: tuple[Stage, ...], quantity: str) -> Decision:
    """One hidden sigmoid neuron ``v = σ_1(z)``, ``z = aᵀx (+ b)``, and outputs ``N_i = σ_2(w_i v)`` without bias.

    Let ``q² = S²`` (``S² + 1`` with ``b``), ``ℓ`` the number of outputs, ``κ = sup|sσ_2'(s)|``,
    ``κ' ≥ sup|sσ_2''(s)|``, ``κ'' ≥ sup|s²σ_2''(s)|``.
    Then ``L = max(s1, √ℓ κ q)``, with the constants ``s1``, ``s2`` of ``σ_2``, and ``M`` is at most the largest
    eigenvalue of ``[[s2, (κ' + s1) q/4], [·, √ℓ (κ'' + κ) q²]]``.

    Sharp when: for ``L`` always (a supremum that is not attained).

    Proof: proofs/global-sigmoid-pair.md.
    """
    outer = path[1].activation
    known, squared = moments(outer), _squared(question, path)
    if known is None:
        known = Moments(sp.oo, sp.oo, sp.oo)
    many = sp.sqrt(path[1].width)
    if quantity == "lipschitz":
        result = sp.Max(outer.s1, many * known.first * sp.sqrt(squared))
    else:
        across = (known.mixed + outer.s1) * sp.sqrt(squared) / 4
        result = EigenvalueBound(outer.s2, across, sp.S.Zero, many * (known.second + known.first) * squared)
    reason = "|σ_1'/σ_1| < 1 and zσ_2'(z) is bounded, so a growing weight cannot make a small neuron matter"
    return _finite(question, quantity, result, "global-sigmoid-pair", reason)


def two_affine(question: Question, path: tuple[Stage, ...]) -> Decision:
    """Two affine layers: ``M = √(S² + 1)`` (``S`` without a bias in layer 1), attained everywhere.

    Proof: proofs/global-two-affine.md.
    """
    result = sp.sqrt(_squared(question, path))
    return _finite(question, "smoothness", result, "global-two-affine", "the network is bilinear in its two layers")


def _finite(
    question: Question, quantity: str, result: sp.Expr, rule: str, reason: str, before: list[Step] | None = None
) -> Decision:
    symbol = sp.Symbol("L" if quantity == "lipschitz" else "M", nonnegative=True)
    hypotheses = question.sentences()
    bound = Bound(
        quantity=quantity,
        side="upper",
        steps=(*(before or ()), Step(symbol, result, rule, "bounds the constant for all parameters")),
        result=symbol,
        hypotheses=hypotheses,
        norm=NORMS[quantity],
        network=question.network.spec,
        region="all parameters",
        inputs=question.inputs.spec,
        loss=None if question.loss is None else question.loss.name,
    )
    return Decision(quantity, "finite", rule, hypotheses, reason, bound=bound)


def _squared(question: Question, path: tuple[Stage, ...]) -> sp.Expr:
    return question.inputs.radius**2 + (1 if path[0].affine.bias else 0)
