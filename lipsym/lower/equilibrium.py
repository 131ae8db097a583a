"""Lower bounds for controlled differential equations: a state that rests while its perturbations grow.

Invariant: every lower bound is the norm of a derivative along one direction at explicit parameters of the region and an
explicit input; the largest of several is one too.

Let ``w = (1, −1, 0, …)/√2``, ``A = R w wᵀ``, ``b = 0`` and ``x ⟂ w``. Then ``AX = 0`` on the whole path, whatever
``σ(0)`` is, and a perturbation ``ξw`` of the state grows like ``ξ' = σ'(0) R ξ``.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from lipsym.bounds.controlled import as_network_bound
from lipsym.bounds.derivation import Derivation, names
from lipsym.bounds.derive import NORMS
from lipsym.bounds.hypotheses import hypotheses
from lipsym.bounds.kinks import ORDERS
from lipsym.bounds.result import Bound, Unbounded, Unknown
from lipsym.domains.expressions import ExpPhi, GeometricSum
from lipsym.domains.parse import symbol
from lipsym.lower.decision import Decision
from lipsym.lower.lower_bound import lower_bound
from lipsym.lower.moments import in_table
from lipsym.nets.activations import Activation, activation
from lipsym.nets.controls import Jump
from lipsym.nets.fields import LayerField
from lipsym.nets.inputs import Dataset, InputBall
from lipsym.nets.layers.affine import Affine
from lipsym.nets.layers.elementwise import Elementwise
from lipsym.nets.losses import Loss
from lipsym.nets.odes import ControlledODE
from lipsym.nets.regions import Ball, Box, ProductBall, Region

ZERO, ONE = sp.S.Zero, sp.S.One


@dataclass(frozen=True, slots=True)
class Driven:
    """An equation that the witnesses cover: fields ``σ(Ax + b)``, or with a hidden layer, driven forward.

    Args:
        field: the first field; the others, if any, are like it with blocks of their own.
        sigma: the activation, ``identity`` for a linear field.
        hidden: the width of the hidden layer, ``None`` without one.
        total: ``u(T)``.
        jumps: the number of equal jumps; ``None`` for a continuous control.
        separate: whether every jump has a field of its own.
    """

    field: LayerField
    sigma: Activation
    hidden: sp.Expr | None
    total: sp.Expr
    jumps: int | None
    separate: bool

    @property
    def width(self) -> sp.Expr:
        """The length of the state."""
        return sp.sympify(self.field.network.output_width)

    @property
    def biases(self) -> tuple[bool, ...]:
        """Whether each affine map has a bias."""
        return tuple(layer.bias for layer in self.field.affine)

    @property
    def slope(self) -> sp.Expr:
        """``|σ'(0)|``."""
        return abs(sp.sympify(self.sigma.derivative(1)).subs(self.sigma.z, 0))


def driven(ode: ControlledODE) -> Driven | str:
    """The equation as a ``Driven``, or why it is none."""
    fields = ode.fields
    forms = {_form(field) for field in fields}
    form = forms.pop() if len(forms) == 1 else None
    if form is None:
        return (
            "equilibrium witnesses need fields σ(Ax + b), Ax + b or A_2 σ(A_1 x + b_1) + b_2, all alike, without time"
        )
    name, hidden, _ = form
    moving = [piece for piece in ode.pieces if piece.amounts]
    amounts = [amount for piece in moving for _, amount in piece.amounts]
    if not amounts or not all(amount.is_nonnegative for amount in amounts):
        return "equilibrium witnesses need a control that moves forward alone"
    jumps = [isinstance(piece, Jump) for piece in moving]
    separate = len(fields) > 1
    channels = [channel for piece in moving for channel, _ in piece.amounts]
    once = channels == list(range(len(fields))) and len(ode.blocks) == len(fields)
    if any(jumps) and not (all(jumps) and len(set(amounts)) == 1):
        return "equilibrium witnesses need a continuous control or equal jumps"
    if separate and not (all(jumps) and once and hidden is None):
        return "equilibrium witnesses need one field, or one of its own without hidden layer for each jump"
    sigma = activation(name)
    if not in_table(sigma) or sigma.smoothness == "C^{0,1}":
        return f"equilibrium witnesses need an activation of the table with a slope at 0, not {name}"
    return Driven(
        fields[0],  # type: ignore[arg-type]
        sigma,
        hidden,
        sp.Add(*amounts),
        len(moving) if any(jumps) else None,
        separate,
    )


def equation_lower_bound(
    ode: ControlledODE, region: Region, inputs: InputBall | Dataset, quantity: str, loss: Loss | None
) -> Bound | Unbounded | Unknown:
    """A closed form that the constant of ``θ ↦ X_T`` is at least.

    Let ``ρ = σ'(0) R``. Then ``‖D_θX_T‖ ≥ σ'(0) √(S² + 1) (e^{ρT} − 1)/ρ``. For ``tanh``, with ``a² + b² = R²``,
    ``b`` of the order of ``e^{−RT}`` and ``v = e^{aT} sinh b``,
    ``‖D²_θX_T‖ ≥ (S² + 1) v (e^{2aT} − 1)/(a(1 + v²)^{3/2})``.

    Sharp when: order 1, bounded ``σ``, ``R → ∞``; and always for ``V = Ax``.
    Proof: proofs/equilibrium-witness.md.
    """
    network = ode.as_network()
    if network is not None:
        return as_network_bound(lower_bound(network, region, inputs, quantity, loss), ode)
    found = driven(ode)
    reason = _unsupported(found, region, inputs, quantity, loss)
    if isinstance(found, str) or reason is not None:
        return Unknown(quantity, str(reason or found))
    balls = [ball.radius for ball in region.blocks(ode)]
    if isinstance(region, Ball) and len(balls) > 1:
        balls = [region.radius / sp.sqrt(len(balls))] * len(balls)
    used = [*balls, inputs.radius, found.total, found.width]
    out = Derivation(names(used))
    reached = _first if ORDERS[quantity] == 1 else _second
    values = reached(found, balls, inputs)
    if not values:
        return Unknown(quantity, "no equilibrium witness covers this width, activation and order")
    shown = [
        out.define(f"W_{k}", value, "equilibrium-witness", "reached at this witness", always=True)
        for k, value in enumerate(values, 1)
    ]
    result = shown[0] if len(shown) == 1 else sp.Max(*shown, evaluate=False)
    return Bound(
        quantity=quantity,
        side="lower",
        steps=out.needed(result),
        result=result,
        hypotheses=tuple(hypotheses(ode, region, inputs, None, ORDERS[quantity])),
        norm=NORMS[quantity].replace("N", "X_T"),
        network=ode.spec,
        region=region.spec,
        inputs=inputs.spec,
    )


def equation_limit(ode: ControlledODE, region: Region, quantity: str) -> tuple[sp.Expr | None, str]:
    """The proved limit of upper/lower as the radius grows, with its reason.

    Proof: proofs/equilibrium-witness.md.
    """
    found = driven(ode)
    if isinstance(found, str):
        return None, found
    centred = isinstance(region, Ball | ProductBall) and all(ball.center is None for ball in region.blocks(ode))
    if not centred or ORDERS[quantity] > 2 or found.jumps is not None or found.hidden is not None:
        return None, "the sharpness theorem covers orders 1 and 2 of X' = σ(AX + b) on balls around 0"
    if not found.total.is_positive and not found.total.is_Symbol:
        return None, "the sharpness theorem needs a positive horizon"
    sigma = found.sigma
    if sigma.name == "identity":
        if found.biases == (False,):
            return ONE, "V = Ax: both sides are S T e^{RT} (order 1) and S T² e^{RT} (order 2)"
        return None, "no limit is proved for V = Ax + b"
    if found.biases != (True,) or not _is_wide(found) or not sigma.s0.is_finite:
        return None, "the sharpness theorem needs biases, a width of at least 2 and a bounded activation"
    if sp.S.Zero not in sigma.attained[1]:
        return None, "the sharpness theorem needs |σ'| to be largest at 0"
    if ORDERS[quantity] == 1:
        return (
            ONE,
            "σ bounded, |σ'| largest at 0, width ≥ 2: both sides are s1 √(S² + 1) e^{s1 R T}/(s1 R) to first order",
        )
    if sigma.name == "tanh":
        return sp.Integer(2), "tanh: the sides are s2 (S² + 1) e^{2RT}/R and s2/2 (S² + 1) e^{2RT}/R to leading order"
    return None, "order 2 has a witness of the same exponential rate for tanh alone"


def _form(field: object) -> tuple[str, sp.Expr | None, tuple[bool, ...]] | None:
    """``(activation, hidden width, biases)`` of a field, or ``None``."""
    if not isinstance(field, LayerField) or field.minus_identity or field.timed:
        return None
    match field.network.layers:
        case (Affine() as one,):
            name, hidden, affine = "identity", None, (one,)
        case (Affine() as one, Elementwise() as sigma):
            name, hidden, affine = sigma.activation.name, None, (one,)
        case (Affine() as one, Elementwise() as sigma, Affine() as two) if one.block != two.block:
            name, hidden, affine = sigma.activation.name, sp.sympify(sigma.width), (one, two)
        case _:
            return None
    if affine[0].inputs != affine[-1].outputs:
        return None
    return name, hidden, tuple(layer.bias for layer in affine)


def _unsupported(
    found: Driven | str, region: Region, inputs: InputBall | Dataset, quantity: str, loss: Loss | None
) -> str | None:
    if isinstance(found, str):
        return found
    if loss is not None:
        return "equilibrium witnesses bound the state, not a loss of it"
    if ORDERS[quantity] > 2:
        return "equilibrium witnesses cover orders 1 and 2"
    if isinstance(region, Box) or (region.center if isinstance(region, Ball) else region.centers) is not None:
        return "equilibrium witnesses are built in balls around the centre 0"
    if isinstance(inputs, Dataset) and (ORDERS[quantity] == 2 or not found.sigma.at_zero.is_zero):
        return "for σ(0) ≠ 0 and for order 2 the witness chooses the input; those of a data set are given"
    return None


def _is_wide(found: Driven) -> bool:
    return bool((found.width - 2).is_nonnegative)


def _impulses(found: Driven, rate: sp.Expr, inputs: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """``∫ e^{ρ(T−s)} du`` and a lower bound of ``∫ e^{ρ(T−s)} ‖X_s‖ du``, the state moving along ``σ(0)(1, …, 1)``."""
    total = found.total
    if found.jumps is None:
        drift = sp.sqrt(found.width) * abs(found.sigma.at_zero) if found.hidden is None else ZERO
        one = total * ExpPhi(1, rate * total)
        return one, inputs * one + drift * total**2 * ExpPhi(2, rate * total)
    step = total / found.jumps
    one = step * GeometricSum(1 + step * rate, sp.Integer(found.jumps))
    return one, inputs * one


def _first(found: Driven, balls: list[sp.Expr], inputs: InputBall | Dataset) -> list[sp.Expr]:
    slope, S = found.slope, inputs.radius
    bias = ONE if found.biases[0] else ZERO
    passes = found.sigma.at_zero.is_zero
    if found.separate:
        if not _is_wide(found):
            return []
        # ``d_k = h σ' q (1 + hρ_{k+1}) … (1 + hρ_m)``
        step, onward, squares = found.total / found.jumps, ONE, ZERO  # type: ignore[operator]
        if len(set(balls)) == 1:
            squares = GeometricSum((1 + step * slope * balls[0]) ** 2, sp.Integer(len(balls)))
        else:
            for radius in reversed(balls):
                squares, onward = squares + onward**2, onward * (1 + step * slope * radius)
        return [slope * step * sp.sqrt(S**2 + bias) * sp.sqrt(squares)]
    if found.hidden is not None:
        if not _is_wide(found) or not (passes or (found.hidden - 2).is_nonnegative):
            return []
        one, state = _impulses(found, slope * balls[0] * balls[1], S)
        last = ONE if found.biases[1] else ZERO
        return [sp.sqrt((slope * balls[1]) ** 2 * (state**2 + bias * one**2) + last * one**2)]
    radius = balls[0]
    values = []
    if _is_wide(found):
        one, state = _impulses(found, slope * radius, S)
        values.append(slope * sp.sqrt(state**2 + bias * one**2))
    elif passes and found.width == 1 and found.biases[0]:
        one, _ = _impulses(found, slope * radius / sp.sqrt(S**2 + 1), S)
        values.append(slope * sp.sqrt(S**2 + 1) * one)
        if isinstance(inputs, InputBall):
            values.append(slope * _impulses(found, slope * radius, ZERO)[0])
    if found.sigma.name == "identity" and found.jumps is None:
        # A = R e_1 e_1ᵀ and x = S e_1: the state grows as fast as its perturbations.
        T = found.total
        values.append(T * sp.exp(radius * T) * sp.sqrt(S**2 + bias * ExpPhi(1, -radius * T) ** 2))
    return values


def _second(found: Driven, balls: list[sp.Expr], inputs: InputBall | Dataset) -> list[sp.Expr]:
    sigma, T, S = found.sigma, found.total, inputs.radius
    if found.jumps is not None or found.hidden is not None or sigma.smoothness != "C^∞":
        return []
    radius, values = balls[0], []
    rate, square = found.slope * balls[0], S**2 + (1 if found.biases[0] else 0)
    if _is_wide(found):
        growth = ExpPhi(1, rate * T) - ExpPhi(2, rate * T)
        values.append(found.slope**2 * sp.sqrt(square) * T**2 * growth)
    if _is_wide(found) and sigma.name == "tanh" and found.biases[0]:
        share = 1 / (sp.sqrt(2) * (1 + radius) * sp.exp(radius * T))
        weight = radius * sp.sqrt(1 - share**2)
        v = sp.exp(weight * T) * sp.sinh(share * radius)
        values.append(square * 2 * T * ExpPhi(1, 2 * weight * T) * v / (1 + v**2) ** sp.Rational(3, 2))
    if sigma.name == "identity":
        values.append(T**2 * sp.exp(radius * T) * S)
    return values


def equation_decision(ode: ControlledODE, inputs: InputBall | Dataset, loss: Loss | None, quantity: str) -> Decision:
    """Whether ``θ ↦ X_T`` has a constant for all parameters: it has none where a witness reaches every radius.

    Proof: proofs/global-flow.md.
    """
    found = driven(ode)
    reason = _unsupported(found, Ball("R"), inputs, quantity, loss)
    if isinstance(found, str) or reason is not None:
        return Decision(quantity, "unknown", None, (), str(reason or found))
    reached = (_first if ORDERS[quantity] == 1 else _second)(found, [symbol("R")] * len(ode.blocks), inputs)
    grows = not found.slope.is_zero and not found.total.is_zero and (True in found.biases or _state_matters(inputs))
    if not reached or not grows:
        return Decision(quantity, "unknown", None, (), "no theorem covers this width, activation and order")
    how = "e^{σ'(0)RT}" if found.jumps is None else "a positive power of R"
    if ORDERS[quantity] == 1 and found.jumps == 1:
        return Decision(quantity, "unknown", None, (), "one jump is one layer: no theorem of flows covers it")
    return Decision(
        quantity,
        "infinite",
        "global-flow",
        (
            f"X is the solution of {ode.spec}; θ is any parameter vector",
            inputs.describe(),
            f"σ = {found.sigma.name} with σ'(0) ≠ 0, u moves forward by {found.total} > 0"
            + ("" if True in found.biases else ", some input is not 0"),
        ),
        f"an unstable equilibrium: the constant grows like {how} → ∞ as R → ∞",
    )


def _state_matters(inputs: InputBall | Dataset) -> bool:
    return inputs.radius.is_zero is not True
