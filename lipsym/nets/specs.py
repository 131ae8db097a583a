"""Networks, regions and inputs as short texts, for the command line and for certificates.

Invariant: for every object whose ``spec`` is such a text, parsing it gives an equal object.
"""

from __future__ import annotations

from lipsym.errors import InputError, LipsymError
from lipsym.nets.inputs import InputBall
from lipsym.nets.network import Network, mlp
from lipsym.nets.odes import SERIES, ControlledODE, neural_cde, neural_ode, residual
from lipsym.nets.regions import Ball, Box, ProductBall, Region
from lipsym.nets.uniform import UniformNetwork, uniform_mlp

NETWORK_FORMS = (
    "mlp:2-8-1:tanh",
    "mlp:2-8-1:tanh:sigmoid (last-layer activation)",
    "mlp:n-l-l-1:tanh,sin (one activation for each hidden layer)",
    "mlp:2-8-1:tanh:nobias",
    "uniform:m-l:tanh (m layers of width l)",
    "node:2:tanh:T (neural ODE on [0, T]; node:2-8:tanh:T with a hidden layer; :timed, :nobias)",
    "resnet:4-50:tanh:1/50 (width, blocks, step; resnet:4-50-8:... with a hidden layer; :shared, :nobias)",
    "ncde:4:tanh:V,2 (neural CDE, total variation of each channel; ncde:4-8:... with a hidden layer; :nobias)",
    "ncde:2:tanh:nile (driven by the time and a shipped series)",
)
"""The forms of a network's text."""

REGION_FORMS = ("ball:R (joint)", "layers:R (each block)", "layers:2,R,3/2 (block by block)", "box:-1,1")
"""The forms of a region's text."""

INPUT_FORMS = ("ball:S", "ball:3/2")
"""The forms of the inputs' text."""


def parse_network(text: str) -> Network | UniformNetwork | ControlledODE:
    """Read a network.

    Args:
        text: one of ``NETWORK_FORMS``.

    Raises:
        InputError: if the text has none of these forms, or names an unknown activation or a width that is none.

    Example:
        >>> parse_network("mlp:2-8-1:tanh:sigmoid:nobias").parameter_count
        24
        >>> print(parse_network("uniform:m-l:tanh"))
        uniform:m-l:tanh
        >>> parse_network("resnet:4-50:tanh:1/50").horizon
        1
    """
    kind, *parts = _parts(text, "a network", NETWORK_FORMS)
    if kind in ("node", "resnet", "ncde"):
        return _equation(text, kind, parts)
    bias = parts[-1:] != ["nobias"]
    names = parts if bias else parts[:-1]
    if kind not in ("mlp", "uniform") or not 2 <= len(names) <= 3 or not all(names):
        raise _no_form(text, "a network", NETWORK_FORMS)
    widths, hidden, output = names[0].split("-"), _split(names[1]), (names[2:] or ["identity"])[0]
    try:
        if kind == "mlp":
            return mlp(widths, hidden[0] if len(hidden) == 1 else hidden, output, bias)
        if len(widths) != 2 or len(hidden) != 1:
            raise _no_form(text, "a network", NETWORK_FORMS)
        return uniform_mlp(widths[0], widths[1], hidden[0], output, bias)
    except LipsymError as error:
        raise InputError(f"the network {text!r}: {error.given}", error.fails, error.remedy) from error


def parse_region(text: str) -> Region:
    """Read a region of parameters with centre 0.

    Args:
        text: one of ``REGION_FORMS``; numbers, symbols or expressions.

    Raises:
        InputError: if the text has none of these forms, or a radius is negative or no expression.

    Example:
        >>> parse_region("ball:R").radius, parse_region("layers:2,3").radii
        (R, (2, 3))
    """
    kind, *rest = _parts(text, "a region", REGION_FORMS)
    values = _split(rest[0]) if len(rest) == 1 else []
    if kind not in ("ball", "layers", "box") or not values or not all(values):
        raise _no_form(text, "a region", REGION_FORMS)
    try:
        if kind == "ball" and len(values) == 1:
            return Ball(values[0])
        if kind == "layers":
            return ProductBall(values[0] if len(values) == 1 else values)
        if kind == "box" and len(values) == 2:
            return Box(*values)
    except LipsymError as error:
        raise InputError(f"the region {text!r}: {error.given}", error.fails, error.remedy) from error
    raise _no_form(text, "a region", REGION_FORMS)


def parse_inputs(text: str) -> InputBall:
    """Read where the inputs lie.

    Args:
        text: ``ball:S`` with a number, a symbol or an expression.

    Raises:
        InputError: if the text has another form, or the radius is negative or no expression.

    Example:
        >>> parse_inputs("ball:3/2").radius
        3/2
    """
    kind, *rest = _parts(text, "the inputs", INPUT_FORMS)
    if kind != "ball" or len(rest) != 1 or len(_split(rest[0])) != 1 or not rest[0]:
        raise _no_form(text, "the inputs", INPUT_FORMS)
    try:
        return InputBall(rest[0])
    except LipsymError as error:
        raise InputError(f"the inputs {text!r}: {error.given}", error.fails, error.remedy) from error


def _equation(text: str, kind: str, parts: list[str]) -> ControlledODE:
    """``kind:sizes:activation:number`` and options in any order."""
    allowed = {"node": {"timed", "nobias"}, "resnet": {"shared", "nobias"}, "ncde": {"nobias"}}[kind]
    if len(parts) < 3 or not all(parts) or not set(parts[3:]) <= allowed or len(set(parts[3:])) < len(parts[3:]):
        raise _no_form(text, "a network", NETWORK_FORMS)
    sizes, activation, number, bias = parts[0].split("-"), parts[1], parts[2], "nobias" not in parts
    needed = 2 if kind == "resnet" else 1
    if not needed <= len(sizes) <= needed + 1 or not all(sizes) or (kind == "resnet" and not sizes[1].isdecimal()):
        raise _no_form(text, "a network", NETWORK_FORMS)
    hidden = sizes[needed] if len(sizes) > needed else None
    try:
        if kind == "node":
            return neural_ode(sizes[0], activation, number, hidden, bias, "timed" in parts)
        if kind == "ncde":
            control = number if number in SERIES else _split(number)
            return neural_cde(sizes[0], activation, control, hidden=hidden, bias=bias)
        return residual(sizes[0], int(sizes[1]), number, activation, hidden, bias, "shared" in parts)
    except LipsymError as error:
        raise InputError(f"the network {text!r}: {error.given}", error.fails, error.remedy) from error


def _parts(text: object, what: str, forms: tuple[str, ...]) -> list[str]:
    if not isinstance(text, str) or ":" not in text:
        raise _no_form(text, what, forms)
    return [part.strip() for part in text.split(":")]


def _split(text: str) -> list[str]:
    """``text`` at its commas outside brackets."""
    parts, depth = [""], 0
    for character in text:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]


def _no_form(text: object, what: str, forms: tuple[str, ...]) -> InputError:
    return InputError(f"{text!r} was given as {what}", "it has none of the known forms", f"write {'; '.join(forms)}")
