"""The Coq certificate of a small scalar network on a box: its gradient bounded by interval bisection.

Invariant: the derivatives written here are re-derived by Coq, and the bound on them is Coq's own; nothing is trusted.
"""

from __future__ import annotations

from fractions import Fraction

import sympy as sp

from lipsym.certificates.coq.layers import coq_fraction, input_radius
from lipsym.certificates.coq.terms import coq_term
from lipsym.enclose.supremum import Supremum, enclose
from lipsym.errors import InputError
from lipsym.nets.inputs import InputBall
from lipsym.nets.layers.affine import Affine
from lipsym.nets.network import Network
from lipsym.nets.regions import Box

MOST_PARAMETERS = 7
"""Bisection in more variables than these takes Coq minutes."""
ACTIVATIONS = frozenset({"identity", "tanh", "sigmoid", "softplus", "sin", "arctan"})
_SLACK = Fraction(21, 20)


def box_bound(network: Network, region: Box, inputs: InputBall) -> Fraction:
    """A constant that Coq will accept: the supremum's upper end, and a margin for its bisection."""
    scalar_network(network, region, inputs)
    found = enclose(network, region, inputs, "lipschitz", gap="1/20", budget=20)
    if not isinstance(found, Supremum) or not isinstance(found.hi, Fraction):
        raise _outside(f"the network {network} on {region}", "its supremum was enclosed within the budget")
    return found.hi * _SLACK


def scalar_network(network: Network, region: Box, inputs: InputBall) -> tuple[sp.Expr, list[sp.Symbol], sp.Symbol]:
    """The network's value as an expression, its parameters and its input.

    Raises:
        InputError: for more than one input or output, too many parameters, or an activation that Coq's intervals lack.
    """
    fits = network.input_width == network.output_width == 1 and isinstance(network.parameter_count, int)
    if not fits or network.parameter_count > MOST_PARAMETERS:
        raise _outside(
            f"the network {network}", f"it has one input, one output and at most {MOST_PARAMETERS} parameters"
        )
    if isinstance(region.lo, tuple) or not (region.lo.is_Rational and region.hi.is_Rational):  # type: ignore[union-attr]
        raise _outside(f"the region {region}", "the box has the same two rational ends for all parameters")
    input_radius(inputs)
    x = sp.Symbol("x", real=True)
    values: list[sp.Expr] = [x]
    parameters: list[sp.Symbol] = []
    for layer in network.layers:
        if isinstance(layer, Affine):
            rows = []
            for i in range(layer.outputs):  # type: ignore[arg-type]
                weights = [sp.Symbol(f"a{layer.block}_{i}_{j}", real=True) for j in range(len(values))]
                offset = [sp.Symbol(f"b{layer.block}_{i}", real=True)] if layer.bias else []
                parameters += [*weights, *offset]
                rows.append(sp.Add(*(w * v for w, v in zip(weights, values, strict=True)), *offset))
            values = rows
        else:
            row = layer.activation
            if row.name not in ACTIVATIONS:
                raise _outside(f"the activation {row}", f"it is one of {', '.join(sorted(ACTIVATIONS))}")
            values = [row.value.xreplace({row.z: value}) for value in values]
    return values[0], list(dict.fromkeys(parameters)), x


def box_text(network: Network, region: Box, inputs: InputBall, constant: Fraction) -> str:
    """The certificate without its header."""
    value, parameters, x = scalar_network(network, region, inputs)
    names = [p.name for p in parameters]
    count = len(names)
    derivatives = [sp.diff(value, p) for p in parameters]
    radius = coq_fraction(input_radius(inputs))
    low, high = coq_term(region.lo), coq_term(region.hi)  # type: ignore[arg-type]
    primed = [f"{name}'" for name in names]
    segment = [f"({name} + t * ({name}' - {name}))" for name in names]
    halves = ", ".join(f"i_bisect {p.name}" for p in [*parameters, x] if any(p in d.free_symbols for d in derivatives))
    at, start, end = " ".join(segment), " ".join(names), " ".join(primed)
    gradients = [f"g{i}" for i in range(count)]
    steps = [f"{name}' - {name}" for name in names]
    square = " + ".join(f"({step}) ^ 2" for step in steps)
    slope = " + ".join(f"{g} x {at} * ({step})" for g, step in zip(gradients, steps, strict=True))
    total = " + ".join(f"{g} x {start} ^ 2" for g in gradients)
    unfolded = ", ".join(gradients)
    lines = [
        "From Coq Require Import Reals Lra List.",
        "From Coquelicot Require Import Coquelicot.",
        "From Interval Require Import Tactic.",
        "From Lipsym Require Import Sums Functions ActTanh Certificate.",
        "Import ListNotations.",
        "Open Scope R_scope.",
        "",
        f"Definition N (x {start} : R) : R := {coq_term(value)}.",
        *(f"Definition {g} (x {start} : R) : R := {coq_term(d)}." for g, d in zip(gradients, derivatives, strict=True)),
        f"Definition bound := {coq_fraction(constant)}.",
        "",
        f"Lemma gradient x {start} : - {radius} <= x <= {radius} ->",
        f"  {_hypotheses(names, low, high)}",
        f"  {total} <= bound ^ 2.",
        "Proof.",
        f"  intros; unfold {unfolded}, bound; unfold sigmoid, softplus; rewrite ?tanh_exp.",
        f"  interval with ({halves}, i_depth 60).",
        "Qed.",
        "",
        f"Lemma path x {start} {end} t : is_derive (fun t => N x {at}) t",
        f"  ({slope}).",
        f"Proof. unfold N, {unfolded}; auto_derive; [sides|]; slopes; field; sides. Qed.",
        "",
        "(* |N_theta(x) - N_theta'(x)| <= bound ||theta - theta'|| on the box, for all |x| <= the inputs' radius *)",
        f"Theorem certificate x {start} {end} : - {radius} <= x <= {radius} ->",
        f"  {_hypotheses(names, low, high)} {_hypotheses(primed, low, high)}",
        f"  Rabs (N x {end} - N x {start}) <= bound * sqrt ({square}).",
        "Proof.",
        "  intros.",
        f"  pose proof (segment _ _ (bound * sqrt ({square})) (path x {start} {end})) as S; cbv beta in S.",
        *(
            f"  replace ({n} + 1 * ({step})) with {n}' in S by ring.\n"
            f"  replace ({n} + 0 * ({step})) with {n} in S by ring."
            for n, step in zip(names, steps, strict=True)
        ),
        "  apply S; clear S; intros t Ht.",
        f"  assert (G := gradient x {at}).",
        "  specialize (G ltac:(assumption)).",
        "  repeat (specialize (G ltac:(apply on_segment; assumption))).",
        *(f"  set (u{i} := {g} x {at}) in *; clearbody u{i}." for i, g in enumerate(gradients)),
        f"  eapply Rle_trans; [apply (gradient_bound [{'; '.join(f'u{i}' for i in range(count))}]",
        f"    [{'; '.join(steps)}] bound)|].",
        "  - unfold bound; lra.",
        "  - cbn [length Sum nth]; ring.",
        "  - cbn [length Sum nth]; lra.",
        "  - cbn [length Sum nth]; apply Req_le; do 2 f_equal; ring.",
        "Qed.",
        "",
    ]
    return "\n".join(lines)


def _hypotheses(names: list[str], low: str, high: str) -> str:
    return " ".join(f"{low} <= {name} <= {high} ->" for name in names)


def _outside(given: str, fails: str) -> InputError:
    return InputError(
        f"{given} was given for a Coq certificate on a box",
        fails,
        "take for example mlp:1-1-1:tanh on box:-1,1, or a product of balls (layers:...)",
    )
