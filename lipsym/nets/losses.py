"""Losses: what is averaged over the samples, and bounds on its derivatives in the network's output.

Invariant: each constant bounds, for all outputs in the stated range and all admissible labels, the Euclidean norm of a
derivative of one sample's loss ``g(u, y)`` in ``u``; each is proved in proofs/losses.md and is the least such constant
where "exact" is stated there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import sympy as sp

from lipsym.domains.expressions import softplus
from lipsym.errors import InputError
from lipsym.nets.inputs import Dataset, InputBall
from lipsym.nets.quantities import Exact, nonnegative
from lipsym.nets.widths import Width

LOSSES = ("mse", "cross_entropy", "logistic", "huber")
"""The names ``loss`` knows."""

_FORMULAS = {
    "mse": "g(u, y) = ½‖u − y‖² (factor ½, sum over components, y a vector)",
    "cross_entropy": "g(u, y) = log Σ_c exp(u_c) − u_y (softmax cross-entropy, natural logarithm, y a class)",
    "logistic": "g(u, y) = log(1 + exp(−y u)) (one output u, natural logarithm, y = 1 or −1)",
    "huber": "g(u, y) = Σ_c h(u_c − y_c), h(t) = t²/2 for |t| ≤ δ, else δ(|t| − δ/2), δ = {} (sum over components)",
}


@dataclass(frozen=True, slots=True)
class Loss:
    """``Φ(θ) = mean_s g(N_θ(x_s), y_s) + (λ/2)‖θ‖²``.

    Args:
        name: one of ``LOSSES``.
        weight_decay: ``λ``.
        delta: ``δ`` of the Huber loss.
    """

    name: str
    weight_decay: sp.Expr = sp.S.Zero
    delta: sp.Expr = sp.S.One

    @property
    def needs_label_radius(self) -> bool:
        """Whether ``gradient_bound`` depends on ``label_radius``."""
        return self.name in ("mse", "huber")

    def gradient_bound(self, output_range: sp.Expr, label_radius: sp.Expr, width: Width) -> sp.Expr:
        """``G1 ≥ ‖∇g(u, y)‖`` for ``‖u‖ ≤ output_range`` and ``‖y‖ ≤ label_radius``.

        Args:
            output_range: ``n``, a bound on ``‖u‖``.
            label_radius: ``Y``, a bound on the norm of the targets (mse and huber).
            width: the length of ``u``.

        Returns:
            ``n + Y`` (mse), ``√2`` (cross-entropy), ``1`` (logistic), ``min(√width δ, n + Y)`` (huber).

        Raises:
            InputError: for the logistic loss of a network with more than one output.

        Proof: proofs/losses.md.
        """
        self._check_width(width)
        match self.name:
            case "cross_entropy":
                return sp.sqrt(2)
            case "logistic":
                return sp.S.One
            case "huber":
                return sp.Min(sp.sqrt(width) * self.delta, output_range + label_radius)
        return output_range + label_radius

    @property
    def hessian_bound(self) -> sp.Expr:
        """``G2 ≥ ‖∇²g‖``; for the Huber loss the Lipschitz constant of ``∇g``. Exact for all four."""
        return {"cross_entropy": sp.Rational(1, 2), "logistic": sp.Rational(1, 4)}.get(self.name, sp.S.One)

    @property
    def third_bound(self) -> sp.Expr:
        """``G3``, the Lipschitz constant of ``∇²g``; ``oo`` for the Huber loss. Exact for all four."""
        third = 1 / (6 * sp.sqrt(3))
        exact = {"mse": sp.S.Zero, "cross_entropy": 2 * sp.sqrt(2) * third, "logistic": third, "huber": sp.oo}
        return exact[self.name]

    @property
    def parameters(self) -> tuple[sp.Expr, ...]:
        """The loss's own numbers, which may be symbols."""
        return (self.weight_decay, self.delta) if self.name == "huber" else (self.weight_decay,)

    @property
    def conventions(self) -> tuple[str, ...]:
        """The hypotheses to print with every bound: means, factors, labels, regulariser."""
        decay = "" if self.weight_decay.is_zero else f" + ({self.weight_decay})/2·‖θ‖²"
        regulariser = "no regulariser" if not decay else "the regulariser includes the biases"
        lines = [
            f"Φ(θ) = mean over the samples of g(N_θ(x), y){decay}; {regulariser}",
            _FORMULAS[self.name].format(self.delta),
        ]
        if self.needs_label_radius:
            lines.append("‖y‖ ≤ Y for every target y (for a dataset: Y is the largest ‖y‖)")
        return tuple(lines)

    def value(self, output: Sequence[sp.Expr], label: int | sp.Expr | Sequence[sp.Expr]) -> sp.Expr:
        """``g(u, y)`` of one sample, as an expression.

        Args:
            output: ``u``, its components.
            label: a class ``0 … len(u) − 1`` (cross-entropy), ``1`` or ``−1`` (logistic), else the components of ``y``.

        Raises:
            InputError: if the label does not fit.

        Example:
            >>> u, y = sp.symbols("u y")
            >>> loss("mse").value([u], [y])
            (u - y)**2/2
        """
        u = [sp.sympify(component) for component in output]
        self._check_width(len(u))
        if self.name in ("cross_entropy", "logistic"):
            classes = range(len(u)) if self.name == "cross_entropy" else (-1, 1)
            if label not in classes:
                raise self._wrong_label(label, len(u))
            known = int(label)  # type: ignore[arg-type]
            if self.name == "logistic":
                return softplus(-known * u[0])
            return sp.log(sum((sp.exp(component) for component in u), sp.S.Zero)) - u[known]
        target = [sp.sympify(c) for c in label] if isinstance(label, Sequence) else [sp.sympify(label)]
        if len(target) != len(u):
            raise self._wrong_label(label, len(u))
        return sum((self._of_difference(a - b) for a, b in zip(u, target, strict=True)), sp.S.Zero)

    def check(self, inputs: InputBall | Dataset, width: Width) -> None:
        """Check a dataset's labels against the loss and the network's output width; an ``InputBall`` has none.

        Raises:
            InputError: if labels are missing, are of the wrong kind or shape, or name a class the network has not.
        """
        self._check_width(width)
        if not isinstance(inputs, Dataset):
            return
        labels = inputs.required_labels(f"the {self.name} loss")
        scalar = labels.ndim == 1
        match self.name:
            case "cross_entropy":
                top = width if isinstance(width, int) else np.inf
                fits = scalar and labels.dtype.kind == "i" and bool(((labels >= 0) & (labels < top)).all())
            case "logistic":
                fits = (scalar or labels.shape[1] == 1) and bool(np.isin(labels, (-1, 1)).all())
            case _:
                fits = (1 if scalar else labels.shape[1]) == width or not isinstance(width, int)
        if not fits:
            raise self._wrong_label(f"labels of shape {labels.shape} and type {labels.dtype}", width)

    def _of_difference(self, t: sp.Expr) -> sp.Expr:
        if self.name == "mse":
            return t**2 / 2
        least = sp.Min(sp.Abs(t), self.delta)
        return least * (sp.Abs(t) - least / 2)

    def _check_width(self, width: Width) -> None:
        if self.name == "logistic" and width != 1:
            raise InputError(
                f"the logistic loss was given for a network with {width} outputs",
                "it is defined for one output and labels 1 and −1",
                "take cross_entropy for several classes",
            )

    def _wrong_label(self, label: object, width: Width) -> InputError:
        wanted = {
            "cross_entropy": f"its labels are classes, integers from 0 to {width} − 1",
            "logistic": "its labels are 1 and −1",
        }
        return InputError(
            f"{label} given for the {self.name} loss of a network with {width} outputs",
            wanted.get(self.name, f"its targets have {width} components"),
            "convert the labels, or take another loss",
        )

    def __str__(self) -> str:
        return self.name


def loss(name: str | Loss, weight_decay: Exact = 0, delta: Exact = 1) -> Loss:
    """A loss by its name.

    Args:
        name: ``"mse"``, ``"cross_entropy"``, ``"logistic"`` or ``"huber"``; a ``Loss`` is returned as it is.
        weight_decay: ``λ ≥ 0`` of the regulariser ``(λ/2)‖θ‖²``.
        delta: ``δ > 0`` of the Huber loss.

    Raises:
        InputError: for an unknown name, a negative ``λ`` or a ``δ`` that is not positive.
        InexactNumberError: for a float.

    Example:
        >>> loss("cross_entropy").hessian_bound, loss("huber", delta="1/2").gradient_bound(1, 1, 4)
        (1/2, 1)
    """
    if isinstance(name, Loss):
        return name
    if name not in LOSSES:
        raise InputError(
            f"the loss {name!r} was given",
            "no constants are proved for it",
            f"take one of {', '.join(LOSSES)}",
        )
    threshold = nonnegative(delta, "δ of the Huber loss")
    if threshold.is_zero:
        raise InputError("δ = 0 was given", "the Huber loss has δ > 0", "give a positive number")
    return Loss(name, nonnegative(weight_decay, "the weight decay"), threshold)
