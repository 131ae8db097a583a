"""The cases of each suite, from one declarative table.

Invariant: a case is text that the command line could have read, so every line of a run can be repeated with
``lipsym bound``; the outcome a case should have is part of the case, and another outcome fails the run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from lipsym.errors import InputError

RADII = ("1/2", "1", "3", "10")
"""The radii of the figures."""

Values = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Case:
    """One question, where it is evaluated, and how hard its answer is attacked.

    Args:
        network, region, inputs, loss: as on the command line.
        quantity: order 1, 2 or 3 by its name.
        weight_decay: with a loss.
        at: exact values of the symbols, one tuple for each point.
        budget: evaluations of the search at each point.
        compared: whether the plain recursion is evaluated beside it.
        expect: ``"bound"``, ``"unbounded"`` or ``"unknown"``.
    """

    network: str
    quantity: str = "lipschitz"
    region: str = "layers:R"
    inputs: str = "ball:S"
    loss: str | None = None
    weight_decay: str = "0"
    at: tuple[Values, ...] = ((("R", "1"), ("S", "1")),)
    budget: int = 1_000
    compared: bool = False
    expect: str = "bound"

    @property
    def title(self) -> str:
        """Network, loss and region."""
        loss = (
            ""
            if self.loss is None
            else f" {self.loss}" + (f" λ={self.weight_decay}" if self.weight_decay != "0" else "")
        )
        return f"{self.network}{loss} [{self.region}]"

    @property
    def file(self) -> str:
        """The certificate's file name."""
        parts = [self.network, self.region, self.inputs, self.loss or "", self.quantity]
        if self.weight_decay != "0":
            parts.insert(4, f"decay-{self.weight_decay}")
        text = "_".join(part for part in parts if part)
        return "".join(c if c.isalnum() or c in "-._" else "-" for c in text) + ".json"


def points(radii: Sequence[str] = RADII, **others: str) -> tuple[Values, ...]:
    """One point for each radius, ``S = 1`` unless given."""
    rest = {"S": "1"} | others
    return tuple((("R", radius), *rest.items()) for radius in radii)


BOTH = ("lipschitz", "smoothness")
ALL = (*BOTH, "hessian_lipschitz")
SMOOTH = ("sigmoid", "softplus", "sin", "arctan", "erf", "softsign", "gelu", "silu", "elu")


def _figures(networks: Sequence[str], radii: Sequence[str], budget: int) -> Iterator[Case]:
    """Networks whose sharpness is shown against the radius."""
    for network in networks:
        for quantity in BOTH:
            yield Case(network, quantity, at=points(radii), budget=budget, compared=True)


def _activations(budget: int, names: Sequence[str] = SMOOTH) -> Iterator[Case]:
    """Every activation once, in a network small enough for the search to be strong."""
    for name in names:
        for quantity in BOTH:
            yield Case(f"mlp:1-2-1:{name}", quantity, at=points(("1",)), budget=budget, compared=True)


def _losses(budget: int) -> Iterator[Case]:
    """Averaged losses; the labels of a regression lie in a ball of radius Y."""
    for name, network in (
        ("mse", "mlp:2-3-2:tanh"),
        ("huber", "mlp:2-3-2:tanh"),
        ("cross_entropy", "mlp:2-3-2:tanh"),
        ("logistic", "mlp:2-3-1:tanh"),
    ):
        others = {"Y": "1"} if name in ("mse", "huber") else {}
        for quantity in BOTH:
            yield Case(network, quantity, loss=name, at=points(("1",), **others), budget=budget)
    decayed = Case("mlp:2-3-2:tanh", loss="mse", weight_decay="1/100", at=points(("1",), Y="1"), budget=budget)
    yield decayed
    yield replace(decayed, quantity="smoothness")


def _shapes(budget: int) -> Iterator[Case]:
    """Regions, biases, mixed activations, third order, symbols for depth and width, and what has no bound."""
    for quantity in BOTH:
        yield Case("mlp:2-3-1:tanh", quantity, region="ball:R", at=points(("2",)), budget=budget, compared=True)
        yield Case("mlp:2-3-2:tanh", quantity, region="layers:1,R", at=points(("2",)), budget=budget, compared=True)
        yield Case("mlp:2-2-1:tanh:nobias", quantity, at=points(("1",)), budget=budget, compared=True)
        yield Case("mlp:2-3-3-1:tanh,sin:sigmoid", quantity, at=points(("1",)), budget=budget, compared=True)
        yield Case("uniform:m-l:tanh", quantity, at=points(("1",), m="12", l="8"), budget=budget)
    yield Case("mlp:2-2-1:tanh", "hessian_lipschitz", at=points(("1",)), budget=budget)
    yield Case("mlp:2-3-1:relu", "lipschitz", at=points(("1",)), budget=budget)
    yield Case("mlp:2-3-1:relu", "smoothness", expect="unbounded")
    yield Case("mlp:2-3-1:elu", "hessian_lipschitz", expect="unbounded")
    yield Case("uniform:m-l:softplus", expect="unknown")


def _deep(budget: int, networks: Sequence[str]) -> Iterator[Case]:
    """Deeper and wider networks, where the search is weak and the ratio says so."""
    for network in networks:
        for quantity in BOTH:
            yield Case(network, quantity, at=points(("1",)), budget=budget, compared=True)


def _equations() -> Iterator[Case]:
    """Controlled equations: a neural ODE, a residual network of 50 blocks, and one driven by a real time series.

    A loss of an equation, and a path of 99 pieces, are bounded and not searched.
    """
    for quantity in BOTH:
        radii = RADII if quantity == "lipschitz" else ("1",)
        yield Case("node:2:tanh:1", quantity, region="ball:R", at=points(radii), compared=True)
        yield Case("node:2:identity:1:nobias", quantity, at=points(("1",)), compared=True)
        yield Case("resnet:4-50:tanh:1/50", quantity, at=points(("1", "3")))
        yield Case("ncde:2:tanh:nile", quantity, at=points(("1/8", "1/4")), budget=0)
    yield Case("node:4-8:tanh:1", at=points(("1",)), compared=True)
    yield Case("node:2:sigmoid:1", loss="cross_entropy", at=points(("1",)), budget=0)
    yield Case("node:2:relu:1", "smoothness", expect="unknown")
    yield from (
        Case(f"resnet:2-{n}:tanh:1/{n}:shared", quantity, region="ball:R", at=points(("1",)))
        for quantity in BOTH
        for n in (4, 8, 16, 32)
    )


def _quick() -> Iterator[Case]:
    yield from _figures(("mlp:1-1-1:tanh:tanh", "mlp:2-2-1:tanh"), ("1/2", "1", "3"), 1_500)
    yield Case("mlp:2-3-2:tanh", "smoothness", loss="cross_entropy", at=points(("1",)), budget=1_000)
    yield Case("mlp:2-3-2:tanh", loss="mse", at=points(("1",), Y="1"), budget=1_000)
    yield Case("mlp:2-3-1:tanh", region="ball:R", at=points(("2",)), budget=1_000)
    yield Case("uniform:m-l:tanh", at=points(("1",), m="12", l="8"))
    yield Case("node:2:tanh:1", region="ball:R", at=points(("1",)), compared=True)
    yield Case("mlp:2-3-1:relu", "smoothness", expect="unbounded")


def _default() -> Iterator[Case]:
    networks = (
        "mlp:1-1-1:tanh:tanh",
        "mlp:2-2-1:tanh",
        "mlp:2-3-2:tanh:tanh",
        "mlp:2-2-2-1:tanh",
        "mlp:1-1-1:sigmoid:sigmoid",
    )
    yield from _figures(networks, RADII, 4_000)
    yield from _activations(3_000)
    yield from _losses(2_000)
    yield from _shapes(3_000)
    yield from _deep(1_500, ("mlp:4-8-8-1:tanh",))
    yield from _equations()


def _full() -> Iterator[Case]:
    networks = [
        f"mlp:{widths}:tanh{output}" for widths in ("1-1-1", "2-2-1", "2-3-2", "2-2-2-1") for output in (":tanh", "")
    ]
    yield from _figures((*networks, "mlp:1-1-1:sigmoid:sigmoid", "mlp:1-1-1:sigmoid"), RADII, 40_000)
    yield from _activations(20_000)
    yield from _losses(20_000)
    yield from _shapes(20_000)
    yield from _deep(
        10_000, ("mlp:4-8-8-1:tanh", "mlp:4-8-8-1:tanh:tanh", "mlp:8-16-16-16-4:tanh", "mlp:4-8-8-1:sigmoid")
    )
    yield from _equations()


SUITES = {"quick": _quick, "default": _default, "full": _full}
"""The suites by name."""


def suite(name: str) -> tuple[Case, ...]:
    """The cases of a suite.

    Raises:
        InputError: for an unknown name.

    Example:
        >>> len({case.file for case in suite("default")}) == len(suite("default"))
        True
    """
    if name not in SUITES:
        raise InputError(f"the suite {name!r} was given", f"the suites are {', '.join(SUITES)}", "choose one of these")
    return tuple(SUITES[name]())
