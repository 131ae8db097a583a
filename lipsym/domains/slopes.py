"""Values with their partial derivatives, as a domain built on another one.

Invariant: with arguments that range over boxes, the first part of a value encloses the function, and the parts after
it enclose the partial derivatives wherever these exist; by the mean value theorem (Lebourg's, for functions that are
only Lipschitz), ``f(y) − f(x)`` lies in ``Σ_i slope_i (y_i − x_i)`` for ``x, y`` in the box.

A value is ``(value, slopes)``, where ``slopes`` is ``None`` for what does not depend on the variables. An operation
that has no bounded slope here (a root at 0, a jump) raises ``DomainError``; callers then do without the derivative.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lipsym.domains import elementary
from lipsym.domains.record import Domain
from lipsym.enclosure import Enclosure
from lipsym.errors import DomainError

Slopes = tuple[Any, tuple[Any, ...] | None]


def no_slope(what: str) -> DomainError:
    """The error of an operation without a bounded derivative."""
    return DomainError(
        f"the derivative of {what} was asked for", "it does not exist, or is not bounded, on this box", "do without it"
    )


def with_slopes(domain: Domain[Any]) -> Domain[Slopes]:
    """The domain of values of ``domain`` with slopes. Seed variable ``i`` of ``m`` by ``variable``."""
    d = domain
    add, multiply, divide = d.add, d.multiply, d.divide
    one, minus_one, zero = (d.enclose(Enclosure(n)) for n in (1, -1, 0))

    def combine(left: Slopes, a: Any, right: Slopes, b: Any) -> tuple[Any, ...] | None:
        """``a · left' + b · right'``; a factor of ``None`` is 1."""
        parts = []
        for factor, slopes in ((a, left[1]), (b, right[1])):
            if slopes is not None:
                parts.append(slopes if factor is None else tuple(multiply(factor, s) for s in slopes))
        if not parts:
            return None
        return parts[0] if len(parts) == 1 else tuple(add(s, t) for s, t in zip(*parts, strict=True))

    def chain(value: Any, derivative: Callable[[], Any], x: Slopes) -> Slopes:
        if x[1] is None:
            return value, None
        factor = derivative()
        return value, tuple(multiply(factor, s) for s in x[1])

    def plus(x: Slopes, y: Slopes) -> Slopes:
        return add(x[0], y[0]), combine(x, None, y, None)

    def times(x: Slopes, y: Slopes) -> Slopes:
        return multiply(x[0], y[0]), combine(x, y[0], y, x[0])

    def over(x: Slopes, y: Slopes) -> Slopes:
        value = divide(x[0], y[0])
        slopes = combine(x, None, y, multiply(minus_one, value))
        return value, None if slopes is None else tuple(divide(s, y[0]) for s in slopes)

    def power(x: Slopes, n: int) -> Slopes:
        return chain(
            d.power(x[0], n), lambda: multiply(d.enclose(Enclosure(n)), d.power(x[0], n - 1)) if n else zero, x
        )

    def root(x: Slopes, n: int) -> Slopes:
        value = d.root(x[0], n)
        return chain(value, lambda: divide(one, multiply(d.enclose(Enclosure(n)), d.power(value, n - 1))), x)

    def choose(operation: Callable[[Any, Any], Any], greater: bool) -> Callable[[Slopes, Slopes], Slopes]:
        """Maximum or minimum: almost everywhere the slope of the one that is attained, so of either where unsure."""

        def chosen(x: Slopes, y: Slopes) -> Slopes:
            value = operation(x[0], y[0])
            if x[1] is None and y[1] is None:
                return value, None
            a, b = d.ends(x[0]), d.ends(y[0])
            if a.lo >= b.hi:
                return value, x[1] if greater else y[1]
            if a.hi <= b.lo:
                return value, y[1] if greater else x[1]
            count = len(x[1] or y[1] or ())
            left, right = x[1] or (zero,) * count, y[1] or (zero,) * count
            return value, tuple(hull(s, t) for s, t in zip(left, right, strict=True))

        return chosen

    def hull(s: Any, t: Any) -> Any:
        a, b = d.ends(s), d.ends(t)
        return d.enclose(Enclosure(min(a.lo, b.lo), max(a.hi, b.hi)))

    f = d.functions

    def gaussian(x: Any) -> Any:
        pi = d.enclose(elementary.pi(d.precision + 40))
        two_over_root_pi = divide(d.enclose(Enclosure(2)), d.root(pi, 2))
        return multiply(two_over_root_pi, f["exp"](multiply(minus_one, d.power(x, 2))))

    derivatives: dict[str, Callable[[Any, Any], Any]] = {
        "exp": lambda x, v: v,
        "expm1": lambda x, v: add(v, one),
        "log": lambda x, v: divide(one, x),
        "log1p": lambda x, v: divide(one, add(one, x)),
        "sinh": lambda x, v: f["cosh"](x),
        "cosh": lambda x, v: f["sinh"](x),
        "tanh": lambda x, v: add(one, multiply(minus_one, d.power(v, 2))),
        "sin": lambda x, v: f["cos"](x),
        "cos": lambda x, v: multiply(minus_one, f["sin"](x)),
        "atan": lambda x, v: divide(one, add(one, d.power(x, 2))),
        "erf": lambda x, v: gaussian(x),
        "sigmoid": lambda x, v: multiply(v, f["sigmoid"](multiply(minus_one, x))),
        "softplus": lambda x, v: f["sigmoid"](x),
    }

    def elementary_function(name: str) -> Callable[[Slopes], Slopes]:
        def function(x: Slopes) -> Slopes:
            value = f[name](x[0])
            return chain(value, lambda: derivatives[name](x[0], value), x)

        return function

    def heaviside(x: Slopes) -> Slopes:
        ends = d.ends(x[0])
        if x[1] is not None and ends.lo <= 0 <= ends.hi:
            raise no_slope("Heaviside at 0")
        return d.enclose(Enclosure(1 if ends.lo > 0 else 0, 0 if ends.hi < 0 else 1)), None

    return Domain(
        name=d.name,
        precision=d.precision,
        enclose=lambda value: (d.enclose(value), None),
        ends=lambda x: d.ends(x[0]),
        add=plus,
        multiply=times,
        divide=over,
        power=power,
        root=root,
        maximum=choose(d.maximum, True),
        minimum=choose(d.minimum, False),
        functions={name: elementary_function(name) for name in derivatives} | {"Heaviside": heaviside},
    )


def variable(domain: Domain[Any], value: Any, index: int, count: int) -> Slopes:
    """The ``index``-th of ``count`` variables, ranging over ``value``."""
    return value, tuple(domain.enclose(Enclosure(1 if i == index else 0)) for i in range(count))
