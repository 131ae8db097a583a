"""Claims: what anyone may assert about a constant of a network, to be proved or refuted.

Invariant: a claim is data. It names one of the three quantities, an exact expression and a direction; whether it holds
is for ``lipsym.verify`` and ``lipsym.refute`` to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Never

import sympy as sp

from lipsym.errors import InputError, UndecidedTruthError
from lipsym.nets.inputs import Dataset, InputBall
from lipsym.nets.losses import Loss
from lipsym.nets.losses import loss as find_loss
from lipsym.nets.quantities import Exact
from lipsym.nets.quantities import quantity as quantity_of
from lipsym.nets.regions import Region

ORDERS = {"lipschitz": 1, "smoothness": 2, "hessian_lipschitz": 3}
"""The order of the derivative whose norm each quantity is a supremum of."""

Relation = Literal["<=", ">="]


@dataclass(frozen=True, slots=True)
class Claim:
    """The assertion ``sup ‖D^k‖ ≤ expr`` (or ``≥``), ``k`` the order of the quantity.

    Let ``Θ`` be the region and ``X`` the inputs. Then the supremum is that of ``‖D^k_θ N_θ(x)‖`` over ``Θ × X``; with a
    loss, that of ``‖D^k Φ(θ)‖`` over ``Θ``.

    Args:
        network: what the claim is about.
        region: where its parameters lie.
        inputs: where its inputs lie, or the data of the loss.
        quantity: ``"lipschitz"``, ``"smoothness"`` or ``"hessian_lipschitz"``.
        relation: ``"<="`` or ``">="``.
        expr: the claimed constant: an int, a ``Fraction``, text such as ``"R*sqrt(S**2 + 1)"``, or a SymPy expression.
        loss: a loss, or its name, for a claim about the averaged loss.

    Raises:
        InputError: for an unknown quantity or relation.
        InexactNumberError: if the expression contains a float.

    Example:
        >>> from lipsym.nets.network import mlp
        >>> from lipsym.nets.regions import ProductBall
        >>> claim = Claim(mlp([1, 1, 1], "tanh"), ProductBall("R"), InputBall("S"), "lipschitz", "<=", "R*(S + 1)")
        >>> print(claim)
        lipschitz of mlp:1-1-1:tanh on layers:R, inputs ball:S, ≤ R*(S + 1)
        >>> claim.order, [s.name for s in claim.symbols]
        (1, ['R', 'S'])
    """

    network: Any
    region: Region
    inputs: InputBall | Dataset
    quantity: str
    relation: Relation
    expr: sp.Expr
    loss: Loss | None

    def __init__(
        self,
        network: Any,
        region: Region,
        inputs: InputBall | Dataset,
        quantity: str,
        relation: str,
        expr: Exact,
        loss: Loss | str | None = None,
    ) -> None:
        if quantity not in ORDERS:
            raise InputError(
                f"the quantity {quantity!r} was given",
                "it is not one of the constants",
                f"choose from {', '.join(ORDERS)}",
            )
        if relation not in ("<=", ">="):
            raise InputError(
                f"the relation {relation!r} was given", "a claim bounds a supremum from one side", "write '<=' or '>='"
            )
        fields = {
            "network": network,
            "region": region,
            "inputs": inputs,
            "quantity": quantity,
            "relation": relation,
            "expr": quantity_of(expr, "the claimed constant"),
            "loss": None if loss is None else find_loss(loss),
        }
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    @property
    def order(self) -> int:
        """The order of the derivative."""
        return ORDERS[self.quantity]

    @property
    def symbols(self) -> tuple[sp.Symbol, ...]:
        """The symbols of the claimed expression, by name; region and inputs may have more."""
        return tuple(sorted(self.expr.free_symbols, key=lambda s: s.name))

    def __bool__(self) -> Never:
        raise UndecidedTruthError(
            f"the claim {self} was used as a truth value",
            "a claim is an assertion and not yet a verdict",
            "ask lipsym.verify(claim).verdict",
        )

    def __str__(self) -> str:
        sign = {"<=": "≤", ">=": "≥"}[self.relation]
        of = self.network.spec if self.loss is None else f"{self.loss.name} of {self.network.spec}"
        return f"{self.quantity} of {of} on {self.region.spec}, inputs {self.inputs.spec}, {sign} {self.expr}"
