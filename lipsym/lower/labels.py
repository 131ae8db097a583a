"""The label that makes a loss steep at a witness.

Invariant: each pair is the first and second derivative of one sample's loss along the path's output, for a label that
the hypotheses allow, so the loss of that one sample bounds the constant from below.
"""

from __future__ import annotations

import sympy as sp

from lipsym.domains.expressions import sigmoid
from lipsym.nets.losses import Loss

Pair = tuple[sp.Expr, sp.Expr]


def labelled(loss: Loss, output: sp.Expr, width: sp.Expr, resting: sp.Expr, label_radius: sp.Expr) -> list[Pair]:
    """``(∂g/∂u_1, ∂²g/∂u_1²)`` at ``u = (output, resting, …, resting)``, for each of the labels tried.

    For the Huber loss the second entry is 0, which is at most the second derivative.

    Proof: proofs/loss-witness.md.
    """
    one = sp.S.One
    if loss.name == "cross_entropy" and width == 1:
        return [(sp.S.Zero, sp.S.Zero)]  # log e^u − u = 0: there is no other class
    match loss.name:
        case "logistic":
            up, down = sigmoid(output), sigmoid(-output)
            return [(up, up * down), (-down, up * down)]
        case "cross_entropy":
            # The share of class 1 among all classes, as a logistic function of the gap.
            share = sigmoid(output - resting - sp.log(width - 1))
            return [(share, share * (1 - share)), (share - 1, share * (1 - share))]
        case "huber":
            low, high = output - label_radius, output + label_radius
            clipped = [sp.Max(-loss.delta, sp.Min(loss.delta, e, evaluate=False), evaluate=False) for e in (low, high)]
            return [(e, sp.S.Zero) for e in clipped]
    return [(output - label_radius, one), (output + label_radius, one)]
