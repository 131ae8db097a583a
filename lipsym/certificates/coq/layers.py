"""The Coq certificate of a feed-forward network on a product of balls: the general theorem at widths and radii.

Invariant: the constant written is an upper bound of what the theorem gives, computed here with every step rounded up;
Coq computes it again and trusts nothing of this file.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import sympy as sp

from lipsym.certificates.coq.terms import coq_term
from lipsym.domains import evaluate
from lipsym.errors import InputError
from lipsym.nets.activations import Activation, activation
from lipsym.nets.inputs import InputBall
from lipsym.nets.layers.affine import Affine
from lipsym.nets.network import Network
from lipsym.nets.regions import ProductBall

_BITS = 128
ORDERS = {"lipschitz": 1, "smoothness": 2}


@dataclass(frozen=True, slots=True)
class Stage:
    """A layer ``N_{k+1} = σ(A N_k + b)`` and the bounds on its derivatives, rounded up.

    Args:
        outputs: its width.
        activation: ``σ``; the identity where none is written.
        bias: whether there is ``b``.
        radius: ``r`` with ``‖θ_k‖ ≤ r``.
    """

    outputs: int
    activation: Activation
    bias: bool
    radius: Fraction

    def slope_square(self, reach: Fraction) -> Fraction:
        """``‖(N_k, 1)‖²``, or ``‖N_k‖²`` without bias."""
        return reach**2 + self.bias

    def ranges(self, reach: Fraction) -> tuple[Fraction, bool]:
        """A bound on ``‖N_{k+1}‖``, and whether it is the one by ``s0``."""
        row, root = self.activation, sp.sqrt(self.outputs)
        zeta = self.radius * root_up(self.slope_square(reach))
        linear = up(root * sp.Abs(row.at_zero)) + up(row.s1) * zeta
        bounded = None if row.s0 is sp.oo else up(root * row.s0)
        by_bound = bounded is not None and bounded <= linear
        return _grown(bounded if by_bound else linear), by_bound  # type: ignore[arg-type]


def stages(network: Network, region: ProductBall, order: int) -> list[Stage]:
    """The layers as the theorem reads them.

    Raises:
        InputError: for what the theorem does not cover: centres, symbols, shared blocks, activations in a row, and for
            order 2 an activation whose derivative jumps.
    """
    if region.centers is not None:
        raise _outside("a region around given weights", "the certificate's region has its centre at 0")
    balls = dict(zip(network.blocks, region.blocks(network), strict=True))
    affine = [layer for layer in network.layers if isinstance(layer, Affine)]
    if len(affine) != len(network.blocks) or not isinstance(network.layers[0], Affine):
        raise _outside(f"the network {network}", "every layer has a block of its own, and the first one is affine")
    made: list[Stage] = []
    for layer in network.layers:
        if isinstance(layer, Affine):
            radius = balls[layer.block].radius
            if not isinstance(layer.outputs, int) or not isinstance(layer.inputs, int) or not radius.is_Rational:
                raise _outside(f"the network {network} on {region}", "widths and radii are rational numbers")
            made.append(
                Stage(layer.outputs, activation("identity"), layer.bias, Fraction(int(radius.p), int(radius.q)))
            )
        elif made[-1].activation.name != "identity":
            raise _outside(f"the network {network}", "every activation follows an affine layer")
        else:
            made[-1] = Stage(made[-1].outputs, layer.activation, made[-1].bias, made[-1].radius)
    for stage in made:
        row = stage.activation
        if row.name.startswith("leaky_relu(") or (order == 2 and row.s2 is sp.oo):
            raise _outside(f"the activation {row}", "its constants of this order are proved in proofs/coq and finite")
    return made


def bound(made: list[Stage], inputs: Fraction, order: int) -> Fraction:
    """The theorem's constant, rounded up: ``√W_m`` or ``√(H2 m 1 0)`` of ``proofs/coq``."""
    squares, rows, reach = Fraction(0), [], inputs
    for stage in made:
        s1, slope = up(stage.activation.s1), stage.slope_square(reach)
        rows.append((stage, squares, slope))
        squares = _rounded(s1**2 * (stage.radius**2 * squares + slope))
        reach, _ = stage.ranges(reach)
    if order == 1:
        return root_up(squares)
    total, first, second = Fraction(0), Fraction(1), Fraction(0)
    for stage, before, slope in reversed(rows):
        s1, s2 = up(stage.activation.s1), up(stage.activation.s2)
        first, second = _rounded(first * s1), _rounded(first * s2 + second * s1**2)
        mixed = first + second * stage.radius * root_up(slope)
        total = _rounded(total + (second * slope) ** 2 + 2 * before * mixed**2)
        first, second = first * stage.radius, _rounded(second * stage.radius**2)
    return root_up(total)


def layers_text(network: Network, region: ProductBall, inputs: InputBall, quantity: str, constant: Fraction) -> str:
    """The certificate without its header."""
    order = ORDERS[quantity]
    made = stages(network, region, order)
    reach = input_radius(inputs)
    ranges, choices = [reach], []
    for k, stage in enumerate(made):
        following, by_bound = stage.ranges(ranges[-1])
        ranges.append(following)
        choices.append(f"  destruct k as [|k]; [{_range_proof(stage, by_bound)}|]." if k < len(made) else "")
    depth = len(made)
    names = [f"{stage.activation.name}_act" for stage in made]
    acts = "; ".join(names if order == 2 else [_base(name) for name in names])
    widths = "; ".join(map(str, [int(network.input_width), *(stage.outputs for stage in made)]))  # type: ignore[arg-type]
    biases = {stage.bias for stage in made}
    if len(biases) > 1:
        raise _outside(f"the network {network}", "all layers have a bias, or none has")
    bias = "true" if biases == {True} else "false"
    kind = "activation" if order == 1 else "smooth_activation"
    lookup = "layer_act acts" if order == 1 else "fun k => base (layer_smooth acts k)"
    return _TEMPLATE.format(
        widths=widths,
        kind=kind,
        acts=acts,
        radii="; ".join(coq_fraction(stage.radius) for stage in made),
        ranges="; ".join(map(coq_fraction, ranges)),
        lookup=lookup,
        bias=bias,
        depth=depth,
        constant=coq_fraction(constant),
        choices="\n".join(choices),
        theorem=(_ORDER_1 if order == 1 else _ORDER_2).format(
            depth=depth,
            inputs=coq_fraction(reach),
            width=int(network.input_width),
            bias=bias,  # type: ignore[arg-type]
        ),
    )


def input_radius(inputs: InputBall) -> Fraction:
    """The rational radius of the inputs.

    Raises:
        InputError: for any other.
    """
    if not isinstance(inputs, InputBall) or not inputs.radius.is_Rational:
        raise _outside(f"the inputs {inputs}", "the inputs' radius is a rational number")
    return Fraction(int(inputs.radius.p), int(inputs.radius.q))


def coq_fraction(value: Fraction) -> str:
    """A rational as a Coq term."""
    return coq_term(sp.Rational(value.numerator, value.denominator))


def up(expr: sp.Expr) -> Fraction:
    """A rational that is at least ``expr``."""
    end = evaluate(expr, {}, "arb", _BITS).hi
    if not isinstance(end, Fraction):
        raise _outside(f"the number {expr}", "every constant of the certificate is finite")
    return _rounded(end)


def root_up(value: Fraction) -> Fraction:
    """A rational that is at least ``√value``."""
    return up(sp.sqrt(sp.Rational(value.numerator, value.denominator)))


def _rounded(value: Fraction) -> Fraction:
    """The least fraction with ``_BITS`` significant bits that is at least ``value``."""
    if value <= 0:
        return value
    shift = _BITS - value.numerator.bit_length() + value.denominator.bit_length()
    scale = Fraction(2) ** shift
    return Fraction(-((-value * scale).__floor__()), 1) / scale


def _grown(value: Fraction) -> Fraction:
    """Somewhat more than ``value``, with few digits: what Coq's intervals of 53 bits still tell apart."""
    scale = Fraction(2) ** (36 - value.numerator.bit_length() + value.denominator.bit_length())
    return Fraction((value * scale).__floor__() + 2, 1) / scale


def _base(name: str) -> str:
    return name if name in ("relu_act", "leaky_relu_act") else f"base {name}"


def _range_proof(stage: Stage, by_bound: bool) -> str:
    if by_bound:
        return f"left; exists {stage.activation.name}_s0; split; [reflexivity | here; numbers]"
    return "right; here; numbers"


def _outside(given: str, fails: str) -> InputError:
    return InputError(
        f"{given} was given for a Coq certificate",
        fails,
        "take mlp:... on layers:... with numbers, for example mlp:2-8-1:tanh on layers:2",
    )


_TEMPLATE = """\
From Coq Require Import Reals Lra Lia List.
From Lipsym Require Import Sums Network Smoothness Constants Activations Certificate.
Import ListNotations.
Open Scope R_scope.

Definition widths := [{widths}]%nat.
Definition acts : list {kind} := [{acts}].
Definition radii := [{radii}].
(* ||N_k|| <= entry ranges k *)
Definition ranges := [{ranges}].
Definition bound := {constant}.
Definition net := Build_network (layer_width widths) ({lookup}) (fun _ => {bias}).
Definition Theta := around_zero (entry radii).

Ltac here := unfold bound, Theta, net, ranges, radii, acts, widths.

Lemma radii_ok : forall k, (k < {depth})%nat -> 0 <= entry radii k.
Proof. intros k H; unfold radii; do {depth} (destruct k as [|k]; [cbn; lra|]); lia. Qed.

Lemma ranges_ok : forall k, (k < {depth})%nat -> range_step net Theta (entry ranges) k.
Proof.
  intros k H.
{choices}
  lia.
Qed.

{theorem}"""

_ORDER_1 = """\
(* ||N_theta(x) - N_theta'(x)|| <= bound ||theta - theta'||  for all parameters of Theta and all ||x|| <= {inputs} *)
Theorem certificate x theta theta' :
  norm {width} x <= {inputs} -> inside net Theta {depth} theta -> inside net Theta {depth} theta' ->
  norm (width net {depth}) (fun i => N net x theta {depth} i - N net x theta' {depth} i)
    <= bound * parameter_norm net {depth} (minus_all theta theta').
Proof.
  intros Hx Ht Ht'.
  eapply Rle_trans; [exact (lipschitz net Theta {depth} (around_zero_well_formed net (entry radii) {depth} radii_ok)
    (entry ranges) ranges_ok x theta theta' Hx Ht Ht')|].
  apply Rmult_le_compat_r; [apply norm_nonneg | here; numbers].
Qed.
"""

_ORDER_2 = """\
(* ||D N_theta(x)[v] - D N_theta'(x)[v]|| <= bound ||theta - theta'|| ||v||  for all parameters of Theta, all directions
   v and all ||x|| <= {inputs};  T is the derivative: Smoothness.derivative *)
Theorem certificate x theta theta' v :
  norm {width} x <= {inputs} -> inside net Theta {depth} theta -> inside net Theta {depth} theta' ->
  (forall k, (k < {depth})%nat -> respects {bias} (v k)) ->
  norm (width net {depth}) (fun i => T (layer_width widths) (layer_smooth acts) (fun _ => {bias}) x theta v {depth} i
                               - T (layer_width widths) (layer_smooth acts) (fun _ => {bias}) x theta' v {depth} i)
    <= bound * (parameter_norm net {depth} (minus_all theta theta') * parameter_norm net {depth} v).
Proof.
  intros Hx Ht Ht' Hv.
  eapply Rle_trans; [exact (smoothness (layer_width widths) (layer_smooth acts) (fun _ => {bias}) Theta {depth}
    (around_zero_well_formed net (entry radii) {depth} radii_ok) (entry ranges) ranges_ok
    x theta theta' v Hx Ht Ht' Hv)|].
  apply Rmult_le_compat_r; [apply Rmult_le_pos; apply norm_nonneg | here; numbers].
Qed.
"""
