"""Deriving a bound from either side.

Invariant: an upper bound comes from the rules of ``lipsym.bounds``, a lower bound from a witness of ``lipsym.lower``;
both are ``Bound`` objects that say which side they are.
"""

from __future__ import annotations

from lipsym.bounds.derive import RULES, check_choice, check_question
from lipsym.bounds.derive import derive as derive_upper
from lipsym.bounds.result import Bound, Unbounded, Unknown
from lipsym.errors import InputError
from lipsym.lower.equilibrium import equation_lower_bound
from lipsym.lower.lower_bound import lower_bound
from lipsym.nets.inputs import Dataset, InputBall
from lipsym.nets.losses import Loss
from lipsym.nets.losses import loss as find_loss
from lipsym.nets.network import Network
from lipsym.nets.odes import ControlledODE
from lipsym.nets.regions import Region
from lipsym.nets.uniform import UniformNetwork

__all__ = ["RULES", "derive"]


def derive(
    network: Network | UniformNetwork | ControlledODE,
    region: Region,
    inputs: InputBall | Dataset,
    quantity: str = "lipschitz",
    loss: str | Loss | None = None,
    side: str = "upper",
    rule: str = "auto",
) -> Bound | Unbounded | Unknown:
    """A closed-form bound on a constant of ``θ ↦ N_θ(x)``, or of an averaged loss, uniform over a region and inputs.

    Let ``Θ`` be the region and ``Φ(θ) = mean_s g(N_θ(x_s), y_s) + λ/2‖θ‖²``.
    Then for ``"lipschitz"`` the bound is on ``sup_Θ ‖D_θ N‖`` (of ``Φ``: ``sup_Θ ‖∇Φ‖``), for ``"smoothness"`` on
    ``sup_Θ ‖D²_θ N‖``, for ``"hessian_lipschitz"`` on ``sup_Θ ‖D³_θ N‖``, over all inputs (and labels) as well.

    Args:
        network: what is bounded.
        region: convex set of parameters.
        inputs: the ball or data set the inputs lie in.
        quantity: order 1, 2 or 3 by its name.
        loss: a loss, or its name, to bound ``Φ`` instead of ``N``.
        side: ``"upper"``, or ``"lower"``: the value at an explicit witness.
        rule: of the upper side; ``"auto"`` takes the sharpest rule that applies, ``"coupled"`` and ``"recursion"``
            force one for networks, ``"gronwall"`` the elementary closed forms for controlled equations.

    Returns:
        ``Bound``, ``Unbounded`` or ``Unknown``.

    Raises:
        InputError: for an unknown quantity, side or rule, or a region that does not fit the network.

    Example:
        >>> import lipsym as ls
        >>> question = ls.mlp([2, 8, 1], "tanh"), ls.ProductBall("R"), ls.InputBall("S")
        >>> ls.derive(*question).rules[-1], ls.derive(*question, side="lower").rules[-1]
        ('coupled-order-1', 'path-witness-1')

    Source: the questions are those of Herrera, Krach, Teichmann (2020).
    """
    check_choice(side, "side", ("upper", "lower"))
    if side == "upper":
        return derive_upper(network, region, inputs, quantity, loss, rule)
    if rule != "auto":
        raise InputError(
            f"the rule {rule!r} was given for a lower bound",
            "it is a rule of the upper side",
            'leave it out, or "auto"',
        )
    check_question(network, region, inputs, quantity)
    objective = None if loss is None else find_loss(loss)
    if isinstance(network, ControlledODE):
        return equation_lower_bound(network, region, inputs, quantity, objective)
    return lower_bound(network, region, inputs, quantity, objective)
