"""The assumptions of a bound, as sentences.

Invariant: whatever a rule uses about the network, the region, the inputs or the loss is printed with the bound: the
conventions (biases, means, factors) are the commonest source of wrong constants.
"""

from __future__ import annotations

from collections.abc import Iterator

import sympy as sp

from lipsym.bounds.own_jet import describe_jet, jet_status
from lipsym.nets.activations import Activation
from lipsym.nets.fields import JetField
from lipsym.nets.inputs import Dataset, InputBall
from lipsym.nets.layers.elementwise import Elementwise
from lipsym.nets.losses import Loss
from lipsym.nets.network import Network
from lipsym.nets.odes import ControlledODE
from lipsym.nets.regions import Ball, Region
from lipsym.nets.uniform import UniformNetwork


def hypotheses(
    network: Network | UniformNetwork | ControlledODE,
    region: Region,
    inputs: InputBall | Dataset,
    loss: Loss | None,
    order: int,
) -> Iterator[str]:
    """One sentence for each assumption, in the order network, region, inputs, activations, loss."""
    if isinstance(network, ControlledODE):
        yield from _equation(network)
    else:
        yield f"N is the network {network.spec}: N_0 = x, z_k = A_k N_(k-1) + b_k, N_k = σ_k(z_k)"
    yield _region(network, region)
    yield inputs.describe()
    for sigma in _activations(network):
        yield _facts(sigma, order)
    if loss is not None:
        yield from loss.conventions


def _equation(ode: ControlledODE) -> Iterator[str]:
    yield (
        f"X is the solution of {ode.spec}: X_0 = x, dX_t = Σ_i V_i(X_(t-), θ_i) du_i(t) on [0, {ode.horizon}], "
        f"output X_T; the control u is {ode.control.spec}"
    )
    for field in dict.fromkeys(field for field in ode.fields if isinstance(field, JetField)):
        jet = f"{describe_jet(field)} for ‖x‖ ≤ nu, ‖θ‖ ≤ r"
        yield f"the local jet of V = {field.spec} is as it was given: {jet} ({jet_status(field)})"


def _region(network: Network | UniformNetwork | ControlledODE, region: Region) -> str:
    if not isinstance(network, UniformNetwork):
        return region.describe(network)  # type: ignore[arg-type]
    norm = "‖θ_k‖² = ‖A_k‖_F² + ‖b_k‖²" if network.bias else "‖θ_k‖ = ‖A_k‖_F"
    if isinstance(region, Ball):
        return f"Σ_k ‖θ_k‖² ≤ ({region.radius})² over the {network.depth} parameter blocks ({norm})"
    return f"{region.spec}: one radius for each of the {network.depth} parameter blocks ({norm})"


def _activations(network: Network | UniformNetwork | ControlledODE) -> list[Activation]:
    if isinstance(network, UniformNetwork):
        found = [network.activation, network.output]
    else:
        found = [layer.activation for layer in network.layers if isinstance(layer, Elementwise)]
    return list({a.name: a for a in found if a.name != "identity"}.values())


def _facts(sigma: Activation, order: int) -> str:
    sups = {"sup|σ|": sigma.s0, "|σ(0)|": abs(sigma.at_zero), "sup|σ'|": sigma.s1}
    if order >= 2:
        sups["Lip(σ')"] = sigma.s2
    if order >= 3:
        sups["Lip(σ'')"] = sigma.s3
    return f"{sigma.name}: " + ", ".join(f"{name} = {'∞' if s is sp.oo else s}" for name, s in sups.items())
