"""Fast approximate values of expressions on arrays, for plots and for searches that confirm what they find.

Not a domain, and not a bound: everything here is rounded, and maxima are sampled from below. Nothing computed here may
reach a verdict; the rigorous values of the same programs are those of ``evaluate_program``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import sympy as sp

from lipsym.domains.compile import Body, Instruction, Program, missing_values

Array = np.ndarray[Any, np.dtype[np.float64]]

_GRID = 33
_REFINEMENTS = 4
_DIRECTIONS = 512
_BISECTIONS = 60

_erf = np.frompyfunc(math.erf, 1, 1)

_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    **{name: getattr(np, name) for name in ("exp", "expm1", "log", "log1p", "sinh", "cosh", "tanh", "sin", "cos")},
    **{name: getattr(np, name) for name in ("add", "multiply", "divide", "maximum", "minimum")},
    "atan": np.arctan,
    "erf": lambda x: np.asarray(_erf(x), dtype=np.float64),
    "sigmoid": lambda x: 0.5 + 0.5 * np.tanh(0.5 * x),
    "softplus": lambda x: np.logaddexp(0.0, x),
    "Heaviside": lambda x: np.heaviside(x, 0.5),
    "raise": np.power,
}


def lambdify(
    steps: Sequence[tuple[sp.Symbol, sp.Expr]], result: sp.Expr, symbols: Sequence[sp.Symbol | str]
) -> Callable[..., Any]:
    """A function of arrays (or numbers), given by keyword and broadcast, that approximates ``result`` after ``steps``.

    Args:
        steps: definitions, each of which may use earlier ones.
        result: the expression to evaluate.
        symbols: the symbols that the function takes, by which it is called.

    Returns:
        ``f(**arrays)``, a float64 array of the broadcast shape (a float for numbers alone).

    Raises:
        MissingValueError: if the expression has further symbols, or the call leaves one out.

    Example:
        >>> R = sp.Symbol("R", nonnegative=True)
        >>> f = lambdify([], R**2 + 1, [R])
        >>> [float(y) for y in f(R=[0.0, 2.0])]
        [1.0, 5.0]
    """
    program = Program.compile(sp.sympify(result), steps)
    names = {str(s) for s in symbols}
    unknown = [s.name for s in program.symbols if s.name not in names]
    if unknown:
        raise missing_values(unknown)

    def function(**arrays: Any) -> Any:
        missing = [s.name for s in program.symbols if s.name not in arrays]
        if missing:
            raise missing_values(missing)
        values = {name: np.asarray(value, dtype=np.float64) for name, value in arrays.items()}
        shape = np.broadcast_shapes(*(v.shape for v in values.values()))
        with np.errstate(all="ignore"):
            found = _run(program, {s: values[s.name] for s in program.symbols})
        return np.broadcast_to(found, shape).copy() if shape else float(found)

    return function


def _run(program: Program, environment: Mapping[sp.Symbol, Any]) -> Any:
    registers: list[Any] = []
    for instruction in program.instructions:
        operation, operands, data = instruction
        if operation == "load":
            registers.append(environment[data])  # type: ignore[index]
        else:
            registers.append(_apply(instruction, [registers[i] for i in operands]))
    return registers[program.result]


def _apply(instruction: Instruction, values: list[Any]) -> Any:
    operation, _, data = instruction
    match operation:
        case "constant":
            return {"pi": math.pi, "E": math.e}[data] if isinstance(data, str) else _float(data)
        case "power":
            return values[0] ** float(data)  # type: ignore[arg-type]
        case "root":
            return np.maximum(values[0], 0.0) ** (1.0 / float(data))  # type: ignore[arg-type]
        case "GeometricSum":
            return _geometric_sum(*values)
        case "ExpPhi":
            return _phi(int(data), values[0])  # type: ignore[call-overload]
        case "IntegralOver":
            return _integral(data, *values)  # type: ignore[arg-type]
        case "MaxOver":
            return _maximum_on_interval(data, *values)  # type: ignore[arg-type]
        case "SumOver":
            return _sum(data, *values)  # type: ignore[arg-type]
        case "IsolatedRoot":
            return _root(data, *values)  # type: ignore[arg-type]
        case "BallMax":
            return _maximum_on_ball(data, *values)  # type: ignore[arg-type]
    return _FUNCTIONS[operation](*values)


def _float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _geometric_sum(ratio: Any, count: Any) -> Any:
    near = np.abs(ratio - 1.0) < 1e-9
    return np.where(near, count, (ratio**count - 1.0) / np.where(near, 1.0, ratio - 1.0))


def _phi(order: int, z: Any) -> Any:
    """The series near 0, the recurrence elsewhere."""
    near = np.abs(z) < 1.0
    small, far = np.where(near, z, 0.0), np.where(near, 1.0, z)
    series: Any = 0.0
    for n in range(20, -1, -1):
        series = series * small + 1.0 / math.factorial(n + order)
    value: Any = np.exp(far)
    for k in range(order):
        value = (value - 1.0 / math.factorial(k)) / far
    return np.where(near, series, value)


def _integral(body: Body, lower: Any, upper: Any, *outer: Any) -> Any:
    """Gauss–Legendre quadrature on four panels."""
    function = _body(body, outer)
    nodes, weights = np.polynomial.legendre.leggauss(16)
    a, width = np.asarray(lower)[..., None], (np.asarray(upper) - np.asarray(lower))[..., None] / 4
    total: Any = 0.0
    for panel in range(4):
        z = a + width * (panel + 0.5 + 0.5 * nodes)
        total = (
            total
            + (np.broadcast_to(function(z), np.broadcast_shapes(np.shape(function(z)), z.shape)) * weights).sum(axis=-1)
            * 0.5
            * width[..., 0]
        )
    return total


def _body(body: Body, outer: Sequence[Any]) -> Callable[..., Any]:
    """The body on arrays with one more axis, the last, along which the bound variables run."""
    fixed = {s: np.asarray(v)[..., None] for s, v in zip(body.outer, outer, strict=True)}
    return lambda *bound: _run(body.program, {**fixed, **dict(zip(body.bound, bound, strict=True))})


def _maximum_on_interval(body: Body, lower: Any, upper: Any, *outer: Any) -> Any:
    """The largest value on a grid, refined around its place."""
    function = _body(body, outer)
    shape = np.broadcast_shapes(*(np.shape(v) for v in (lower, upper, *outer)))
    a, b = (np.broadcast_to(v, shape).astype(np.float64)[..., None] for v in (lower, upper))
    best = np.full(shape, -np.inf)
    for _ in range(1 + _REFINEMENTS):
        z = a + (b - a) * np.linspace(0.0, 1.0, _GRID)
        values = np.nan_to_num(np.broadcast_to(function(z), z.shape), nan=-np.inf, posinf=np.inf, neginf=-np.inf)
        place = values.argmax(axis=-1)[..., None]
        best = np.maximum(best, np.take_along_axis(values, place, -1)[..., 0])
        step, centre = (b - a) / (_GRID - 1), np.take_along_axis(z, place, -1)
        a, b = np.maximum(a, centre - step), np.minimum(b, centre + step)
    return best


def _sum(body: Body, lower: Any, upper: Any, *outer: Any) -> Any:
    environment = dict(zip(body.outer, outer, strict=True))
    total: Any = 0.0
    for t in range(int(np.min(lower)), int(np.max(upper)) + 1):
        inside = (np.asarray(lower) <= t) & (t <= np.asarray(upper))
        total = total + np.where(inside, _run(body.program, {**environment, body.bound[0]: float(t)}), 0.0)
    return total


def _root(body: Body, lower: Any, upper: Any, *outer: Any) -> Any:
    function = _body(body, outer)
    shape = np.broadcast_shapes(*(np.shape(v) for v in (lower, upper, *outer)))
    a, b = (np.broadcast_to(v, shape).astype(np.float64)[..., None] for v in (lower, upper))
    rising = function(b) > 0
    for _ in range(_BISECTIONS):
        middle = 0.5 * (a + b)
        right = (function(middle) > 0) == rising
        a, b = np.where(right, a, middle), np.where(right, middle, b)
    return (0.5 * (a + b))[..., 0]


def _maximum_on_ball(body: Body, radius: Any, *outer: Any) -> Any:
    """The largest value at directions drawn once and for all, then drawn ever closer to the best."""
    function = _body(body, outer)
    shape = np.broadcast_shapes(*(np.shape(v) for v in (radius, *outer)))
    size = np.broadcast_to(radius, shape).astype(np.float64)[..., None]
    generator, m = np.random.default_rng(0), len(body.bound)
    directions = np.broadcast_to(
        np.abs(generator.standard_normal((m, *(1 for _ in shape), _DIRECTIONS))), (m, *shape, _DIRECTIONS)
    )
    best = np.full(shape, -np.inf)
    centre = np.ones((m, *shape, 1))
    for k in range(12):
        if k:
            noise = generator.standard_normal((m, *(1 for _ in shape), _DIRECTIONS)) * 0.5**k
            noise[..., 0] = 0.0
            directions = np.maximum(centre + noise, 0.0)
        points = size * directions / np.linalg.norm(directions, axis=0)
        values = np.nan_to_num(np.broadcast_to(function(*points), points.shape[1:]), nan=-np.inf, posinf=np.inf)
        place = values.argmax(axis=-1)[..., None]
        best = np.maximum(best, np.take_along_axis(values, place, -1)[..., 0])
        chosen = np.take_along_axis(directions, np.broadcast_to(place, (m, *place.shape)), -1)
        centre = chosen / np.linalg.norm(chosen, axis=0)
    return best
