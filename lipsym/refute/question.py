"""A claim made ready for a search: what can be tested, at which numbers, on which network and data.

Invariant: a claim that a point cannot refute is an error that says why; every ``Instance`` is exact, and a violation of
it violates the claim.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from lipsym.bounds.derive import check_question
from lipsym.domains import evaluate
from lipsym.domains.parse import exact
from lipsym.enclose.flow.numbers import equation_at, equation_symbols
from lipsym.enclosure import Enclosure
from lipsym.errors import ArgumentTypeError, DomainError, InputError, LipsymError
from lipsym.nets.claim import Claim
from lipsym.nets.inputs import Dataset, InputBall
from lipsym.nets.layers.affine import Affine
from lipsym.nets.layers.elementwise import Elementwise
from lipsym.nets.losses import Loss
from lipsym.nets.network import Network
from lipsym.nets.odes import ControlledODE
from lipsym.nets.quantities import at_values
from lipsym.nets.regions import Ball, Box, Region
from lipsym.nets.uniform import UniformNetwork
from lipsym.refute.confirm import check_searched
from lipsym.refute.starts import halton

Values = tuple[tuple[str, sp.Rational], ...]
"""Numbers by name, in the order of the names."""

RADII = tuple(sp.Rational(p, q) for p, q in ((1, 1), (3, 1), (1, 2), (10, 1), (1, 10), (30, 1), (100, 1), (1, 100)))
"""Where a radius is tried first; after these come numbers of a low-discrepancy sequence between the smallest and
largest of them."""

SIZES = (1, 2, 3, 4, 6)
"""Widths that are tried for a symbol."""

DEPTHS = (2, 3, 4, 5)
"""Depths that are tried for a symbol; with an affine output the package's own formulas begin at 2."""

PRECISION = 128


@dataclass(frozen=True, slots=True)
class Instance:
    """A claim at numbers.

    Args:
        network: with integer widths.
        region, inputs, loss: as claimed; ``inputs`` is a data set if there is a loss.
        quantity: of the claim.
        values: numbers for every symbol.
        claimed: an enclosure of the claimed constant there.
        expr: the claimed expression.
    """

    network: Network
    region: Region
    inputs: InputBall | Dataset
    quantity: str
    loss: Loss | None
    values: Values
    claimed: Enclosure
    expr: sp.Expr

    @property
    def at(self) -> dict[str, sp.Rational]:
        """The numbers by name."""
        return dict(self.values)

    @property
    def bound(self) -> float:
        """A float near the claimed constant."""
        return self.claimed.upper_float()


def check_testable(claim: Claim, values: Mapping[str, Any] | None = None) -> None:
    """Raise unless a point of the region could refute the claim.

    Raises:
        ArgumentTypeError: for something that is no claim, or a network or inputs of another kind.
        InputError: for a claim from below, a derivative that does not exist, a symbol that nothing gives a meaning to,
            or labels that do not fit.
    """
    if not isinstance(claim, Claim):
        raise ArgumentTypeError(
            f"a {type(claim).__name__} was given", "asked for is a claim", "give lipsym.Claim(network, region, ...)"
        )
    if claim.relation == ">=":
        raise InputError(
            f"the claim {claim} was given",
            "it bounds a supremum from below; points can prove such a claim, but only an upper bound on the whole "
            "region can refute it",
            "ask lipsym.verify(claim)",
        )
    check_question(claim.network, claim.region, claim.inputs, claim.quantity)
    if isinstance(claim.network, ControlledODE):
        check_searched(claim.network, claim.order, claim.loss)
    layers = _activations(claim.network)
    rough = [sigma.name for sigma in layers if not sigma.constants[claim.order].is_finite]
    if rough:
        raise InputError(
            f"the {claim.quantity} of a network with {rough[0]} was given",
            f"a derivative of {rough[0]} of order below {claim.order} jumps at 0, so D^{claim.order} does not exist "
            "everywhere and its supremum is no constant that a point could exceed",
            f"test the lipschitz constant, or ask lipsym.derive, which says whether the {claim.quantity} is infinite",
        )
    if claim.loss is not None:
        if claim.order == 3 and not claim.loss.third_bound.is_finite:
            raise InputError(
                f"the hessian_lipschitz constant of the {claim.loss.name} loss was given",
                "the second derivative of this loss jumps",
                "test the smoothness, or another loss",
            )
        if isinstance(claim.network, UniformNetwork):
            raise InputError(
                f"a loss of the network {claim.network} was given",
                "its output has the width of every layer, and labels need a number of outputs",
                "give .at(depth, width), and claim about that network",
            )
        claim.loss.check(claim.inputs, claim.network.output_width)
    given = {str(getattr(key, "name", key)) for key in values or {}}
    free = {s.name for s in claim.symbols} - {s.name for s in _question_symbols(claim)} - given
    if free:
        name = min(free)
        raise InputError(
            f"the claim {claim} was given",
            f"its symbol {name} occurs neither in the network nor in the region, the inputs or the loss, so nothing "
            "says which numbers it stands for",
            f"give it a number, values={{{name!r}: 1}}",
        )


def instances(claim: Claim, values: Mapping[str, Any] | None = None, seed: int = 0) -> Iterator[Instance]:
    """The claim at numbers, without end, always the same for one claim, values and seed.

    Numbers at which the claimed expression has no value are left out.

    Raises:
        InputError: if it has none anywhere.
    """
    given = {
        str(getattr(key, "name", key)): exact(value, f"the value of {key}") for key, value in (values or {}).items()
    }
    symbols = sorted(_question_symbols(claim), key=lambda s: s.name)
    free = [s for s in symbols if s.name not in given]
    failure: LipsymError | None = None
    found = 0
    for number in range(1 << 30):
        try:
            chosen = given | _numbers(free, number, seed, _depth_name(claim.network))
            made = instance(claim, chosen, number)
        except DomainError as error:
            failure = error
            if not found and (number > 200 or not free):
                raise InputError(
                    f"the claim {claim} was given",
                    f"its expression has no value at the numbers tried: {failure.fails}",
                    "give numbers at which it has one",
                ) from error
            continue
        found += 1
        yield made


def instance(claim: Claim, values: Mapping[str, sp.Expr], number: int = 0) -> Instance:
    """The claim at ``values``; ``number`` chooses the sample of a loss over a ball of inputs.

    Raises:
        DomainError: if the claimed expression has no value there.
        InputError: if a width is no positive integer.
    """
    network = concrete_network(claim.network, values)
    loss = claim.loss
    if loss is not None:
        decay, delta = (at_values(e, values, "a number of the loss") for e in (loss.weight_decay, loss.delta))
        loss = replace(loss, weight_decay=decay, delta=delta)
    inputs = claim.inputs
    if loss is not None and isinstance(inputs, InputBall):
        turned = number if _has_axes(claim.region) else 0
        inputs = sample(inputs, loss, network, values, number, turned)
    claimed = evaluate(claim.expr, values, precision=PRECISION)
    pairs = tuple(sorted((name, value) for name, value in values.items()))
    return Instance(network, claim.region, inputs, claim.quantity, loss, pairs, claimed, claim.expr)


def concrete_network(network: Any, values: Mapping[str, sp.Expr]) -> Any:
    """The network with numbers for its symbols; a uniform one reads inputs of length 1.

    Only ``‖x‖`` counts: rotating ``x`` rotates the first matrix, and the regions of a uniform network are balls.
    """
    if isinstance(network, UniformNetwork):
        depth, width = (_size(size, values) for size in (network.depth, network.width))
        return network.at(depth, width, inputs=1)
    if isinstance(network, ControlledODE):
        return equation_at(network, values, concrete_network)
    if all(isinstance(size, int) for layer in network.layers for size in (layer.inputs, layer.outputs)):
        return network
    return Network(
        [
            Affine(_size(layer.inputs, values), _size(layer.outputs, values), layer.block, layer.bias)
            if isinstance(layer, Affine)
            else Elementwise(layer.activation, _size(layer.width, values))
            for layer in network.layers
        ]
    )


def sample(
    inputs: InputBall, loss: Loss, network: Network, values: Mapping[str, sp.Expr], number: int = 0, turned: int = 0
) -> Dataset:
    """One sample within the hypotheses of a claim about every data set in the ball.

    An input of norm ``S``, along an axis unless ``turned`` (for balls around 0 nothing is lost: rotating the input
    rotates the first matrix), and a class, or a target of norm ``Y`` in one of several directions. Floats are rounded
    toward 0, to stay in.
    """
    columns, rows = int(network.input_width), int(network.output_width)  # type: ignore[arg-type]
    x = np.zeros((1, columns))
    x[0] = _of_norm(evaluate(inputs.radius, values).lower_float(), columns, turned)
    if loss.name == "cross_entropy":
        return Dataset(x, np.array([number % rows]))
    if loss.name == "logistic":
        return Dataset(x, np.array([1 - 2 * (number % 2)]))
    y = np.zeros((1, rows))
    most = evaluate(inputs.label_radius, values).lower_float()
    y[0] = _of_norm(most, rows, number // 3 if number % 3 == 2 else 0) * (1 if number % 3 == 1 else -1)
    return Dataset(x, y)


def _of_norm(most: float, count: int, turned: int) -> np.ndarray:
    """A vector of at most this norm: along the first axis, or in direction ``turned`` of a sequence."""
    vector = np.zeros(count)
    vector[0] = most
    if turned and count > 1:
        direction = np.random.default_rng(turned).standard_normal(count)
        vector = most * (1 - 1e-12) * direction / np.linalg.norm(direction)
        if sum(Fraction(v) ** 2 for v in vector.tolist()) > Fraction(most) ** 2:
            return np.zeros(count)
    return vector


def _has_axes(region: Region) -> bool:
    """Whether rotations may lead out of the region."""
    if isinstance(region, Box):
        return True
    return (region.center if isinstance(region, Ball) else region.centers) is not None


def _question_symbols(claim: Claim) -> set[sp.Symbol]:
    """Symbols of the network, the region, the inputs and the loss, by name the parser's."""
    found: list[Any] = [claim.inputs.radius]
    region = claim.region
    if isinstance(region, Box):
        found += [] if isinstance(region.lo, tuple) else [region.lo, region.hi]
    else:
        radii = region.radius if isinstance(region, Ball) else region.radii
        found += radii if isinstance(radii, tuple) else [radii]
    if isinstance(claim.network, UniformNetwork):
        found += [claim.network.depth, claim.network.width]
    elif isinstance(claim.network, ControlledODE):
        found += equation_symbols(claim.network)
    else:
        found += [size for layer in claim.network.layers for size in (layer.inputs, layer.outputs)]
    if claim.loss is not None:
        found += [*claim.loss.parameters]
        found += [claim.inputs.label_radius] if claim.loss.needs_label_radius else []
    return {s for e in found for s in sp.sympify(e).free_symbols if isinstance(s, sp.Symbol)}


def _numbers(free: list[sp.Symbol], number: int, seed: int, depth: str | None) -> dict[str, sp.Rational]:
    """Point ``number`` of the sequence: all radii alike and each apart from the others, in turn; then anywhere."""
    radii = [s for s in free if not s.is_integer]
    round_, apart = divmod(number, len(radii) + 1)
    chosen: dict[str, sp.Rational] = {}
    spread = halton(1, max(len(free), 1), 1 + number + 7919 * (seed % 1000))[0]
    for j, s in enumerate(free):
        if s.is_integer:
            sizes = DEPTHS if s.name == depth else SIZES
            chosen[s.name] = sp.Integer(sizes[int(spread[j] * len(sizes))] if number else sizes[0])
        elif round_ >= len(RADII) - 1:
            chosen[s.name] = _simple(10.0 ** (4 * spread[j] - 2))
        elif apart:
            chosen[s.name] = RADII[round_ + 1] if s is radii[apart - 1] else RADII[0]
        else:
            chosen[s.name] = RADII[round_]
    return chosen


def _simple(value: float) -> sp.Rational:
    """A rational with at most two significant digits near a positive float."""
    places = 1 - int(np.floor(np.log10(value)))
    return sp.Rational(round(value * 10**places)) / sp.Integer(10) ** places


def _depth_name(network: Network | UniformNetwork) -> str | None:
    depth = network.depth if isinstance(network, UniformNetwork) else None
    return str(depth) if isinstance(depth, sp.Symbol) else None


def _size(size: Any, values: Mapping[str, sp.Expr]) -> int:
    value = at_values(sp.sympify(size), values, "a width")
    if not (value.is_Integer and value > 0):
        raise InputError(f"the width {size} = {value} was given", "a width is a positive integer", "give another value")
    return int(value)


def _activations(network: Network | UniformNetwork | ControlledODE) -> list[Any]:
    if isinstance(network, UniformNetwork):
        return [network.activation, network.output]
    return [layer.activation for layer in network.layers if isinstance(layer, Elementwise)]
