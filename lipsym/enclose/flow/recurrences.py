"""Taylor coefficients of ``σ(s(t))``, ``σ'(s(t))`` and ``σ''(s(t))`` from those of ``s``, one order after the other.

Invariant: given balls that contain the coefficients of ``s`` up to order ``k``, the balls appended contain the
coefficients of order ``k``; each formula is an identity of power series, with ball arithmetic for its sums.

All rest on two identities: the product of series, and the chain rule ``(f∘s)' = (f'∘s)·s'``, whose coefficient of order
``k − 1`` reads ``k f_k = Σ_{j=1}^{k} j s_j f'_{k−j}``. An activation belongs here if ``σ''(s)`` is a polynomial in
series that this pair of identities reaches; one with a kink does not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from operator import mul

from flint import arb

from lipsym.errors import InputError
from lipsym.nets.activations import Activation

Series = list[arb]

_ZERO = arb(0)
_ONE = arb(1)
_TWO = arb(2)


@dataclass(frozen=True, slots=True)
class Recurrence:
    """How the series of one activation are extended by one coefficient.

    Args:
        extend: called as ``extend(s, ds, y, q, *extra)`` with ``s`` and ``ds`` (``j s_j``, from ``j = 1``) complete up
            to the new order and the others one coefficient short; it appends one to each.
        curvature: called with the same lists once they are extended; the new coefficient of ``σ''(s)``.
        extra: how many auxiliary series it keeps.
        increasing: whether ``σ`` is non-decreasing on the whole line.
    """

    extend: Callable[..., None]
    curvature: Callable[..., arb]
    extra: int = 0
    increasing: bool = False


class ActivationSeries:
    """The series of one neuron: ``y = σ(s)``, ``q = σ'(s)`` and, where it is ``curved``, ``r = σ''(s)``."""

    __slots__ = ("_lists", "_rule", "curved", "q", "r", "y")

    def __init__(self, rule: Recurrence, curved: bool) -> None:
        self._rule = rule
        self.curved = curved
        self.y: Series = []
        self.q: Series = []
        self.r: Series = []
        self._lists: tuple[Series, ...] = ([], [], self.y, self.q, *([] for _ in range(rule.extra)))

    def push(self, coefficient: arb) -> None:
        """Take the next coefficient of ``s`` and append one to each series."""
        s, ds = self._lists[:2]
        if s:
            ds.append(coefficient * len(s))
        s.append(coefficient)
        self._rule.extend(*self._lists)
        if self.curved:
            self.r.append(self._rule.curvature(*self._lists))


def recurrence(activation: Activation) -> Recurrence:
    """The recurrence of an activation.

    Raises:
        InputError: for one with a kink, or of the caller's own.
    """
    known = RECURRENCES.get(activation.name)
    if known is None:
        raise InputError(
            f"the activation {activation.name!r} was given for a vector field that is integrated in time",
            "its Taylor coefficients are not known: it has a kink, or is not of the table",
            f"take one of {', '.join(RECURRENCES)}; across a jump every activation is evaluated",
        )
    return known


def square(x: arb) -> arb:
    """The range of ``x²``; the product ``x·x`` alone would be negative in part where ``x`` contains 0."""
    return _ZERO.union(x.abs_upper() ** 2) if x.contains(_ZERO) else x * x


def hull(function: Callable[[arb], arb], x: arb) -> arb:
    """A non-decreasing function on a ball, from its ends where the ball is wide: Arb's own enclosure is first order."""
    if x.rad() < _NARROW:
        return function(x)
    return function(x.lower()).union(function(x.upper()))


_NARROW = arb(2) ** -20


def sigmoid(x: arb) -> arb:
    """``1/(1 + exp(−x))``, from the ends of the ball."""
    return hull(lambda z: _ONE / (_ONE + (-z).exp()), x)


def softplus(x: arb) -> arb:
    """``log(1 + exp x)`` as ``max(x, 0) + log1p(exp(−|x|))``, from the ends of the ball."""
    return hull(lambda z: z.max(_ZERO) + (-abs(z)).exp().log1p(), x)


def _product(a: Series, b: Series) -> arb:
    """The newest coefficient of ``a·b``, both of the same length."""
    return sum(map(mul, a, reversed(b)), _ZERO)


def _squared(a: Series) -> arb:
    """The newest coefficient of ``a²``: half the products, and the square of the middle one."""
    order = len(a) - 1
    if order == 0:
        return square(a[0])
    half = (order + 1) // 2
    twice = _TWO * sum(map(mul, a[:half], a[: order - half : -1]), _ZERO)
    return twice if order % 2 else twice + square(a[order // 2])


def _chain(ds: Series, slope: Series) -> arb:
    """The newest coefficient of ``f(s)``, ``slope`` the series of ``f'(s)``, which may already be one ahead."""
    order = len(ds)
    return sum(map(mul, ds, slope[order - 1 :: -1]), _ZERO) / order


def _bump(a: Series) -> arb:
    """The newest coefficient of ``a − a²``, at order 0 as ``¼ − (a − ½)²``, which is its range."""
    return a[-1] - _squared(a) if len(a) > 1 else arb(0.25) - square(a[0] - arb(0.5))


def _identity(s: Series, ds: Series, y: Series, q: Series) -> None:
    y.append(s[-1])
    q.append(_ZERO if ds else _ONE)


def _tanh(s: Series, ds: Series, y: Series, q: Series) -> None:
    """``σ' = 1 − σ²``."""
    y.append(_chain(ds, q) if ds else hull(arb.tanh, s[0]))
    q.append(-_squared(y) if ds else _ONE - square(y[0]))


def _sigmoid(s: Series, ds: Series, y: Series, q: Series) -> None:
    """``σ' = σ − σ²``."""
    y.append(_chain(ds, q) if ds else sigmoid(s[0]))
    q.append(_bump(y))


def _softplus(s: Series, ds: Series, y: Series, q: Series, m: Series) -> None:
    """``σ'`` is the sigmoid, and ``m = σ''`` its slope."""
    y.append(_chain(ds, q) if ds else softplus(s[0]))
    q.append(_chain(ds, m) if ds else sigmoid(s[0]))
    m.append(_bump(q))


def _silu(s: Series, ds: Series, y: Series, q: Series, g: Series, m: Series, v: Series) -> None:
    """``y = s g``, ``g`` the sigmoid, ``m`` its slope, ``v = s m``: ``σ' = g + v``, ``σ'' = 2m + v(1 − 2g)``."""
    g.append(_chain(ds, m) if ds else sigmoid(s[0]))
    m.append(_bump(g))
    v.append(_product(s, m))
    y.append(_product(s, g))
    q.append(g[-1] + v[-1])


def _sin(s: Series, ds: Series, y: Series, q: Series) -> None:
    y.append(_chain(ds, q) if ds else s[0].sin())
    q.append(-_chain(ds, y) if ds else s[0].cos())


def _arctan(s: Series, ds: Series, y: Series, q: Series, w: Series, v: Series) -> None:
    """``w = 1 + s²``, ``w q = 1``, ``v = s q``: ``σ' = q``, ``σ'' = −2 v q``."""
    w.append(_squared(s) if ds else _ONE + square(s[0]))
    y.append(_chain(ds, q) if ds else hull(arb.atan, s[0]))
    q.append(-sum(map(mul, w[1:], reversed(q)), _ZERO) / w[0] if ds else _ONE / w[0])
    v.append(_product(s, q))


def _erf(s: Series, ds: Series, y: Series, q: Series, r: Series) -> None:
    """``q = 2 exp(−s²)/√π`` with ``r = q' = −2 s q``."""
    y.append(_chain(ds, q) if ds else hull(arb.erf, s[0]))
    q.append(_chain(ds, r) if ds else _TWO / arb.pi().sqrt() * (-square(s[0])).exp())
    r.append(-_TWO * _product(s, q))


def _gelu(s: Series, ds: Series, y: Series, q: Series, n: Series, f: Series, g: Series) -> None:
    """``n = Φ(s)``, ``f`` the normal density there, ``g = −s f`` its slope: ``σ' = n − g``, ``σ'' = 2f + s g``."""
    n.append(_chain(ds, f) if ds else hull(lambda z: (_ONE + (z / _TWO.sqrt()).erf()) / 2, s[0]))
    f.append(_chain(ds, g) if ds else (-square(s[0]) / 2).exp() / (2 * arb.pi()).sqrt())
    g.append(-_product(s, f))
    y.append(_product(s, n))
    q.append(n[-1] - g[-1])


RECURRENCES = {
    "identity": Recurrence(_identity, lambda s, ds, y, q: _ZERO, increasing=True),
    "tanh": Recurrence(_tanh, lambda s, ds, y, q: -_TWO * _product(y, q), increasing=True),
    "sigmoid": Recurrence(_sigmoid, lambda s, ds, y, q: q[-1] - _TWO * _product(y, q), increasing=True),
    "softplus": Recurrence(_softplus, lambda s, ds, y, q, m: m[-1], extra=1, increasing=True),
    "sin": Recurrence(_sin, lambda s, ds, y, q: -y[-1]),
    "arctan": Recurrence(_arctan, lambda s, ds, y, q, w, v: -_TWO * _product(v, q), extra=2, increasing=True),
    "erf": Recurrence(_erf, lambda s, ds, y, q, r: r[-1], extra=1, increasing=True),
    "gelu": Recurrence(_gelu, lambda s, ds, y, q, n, f, g: _TWO * f[-1] + _product(s, g), extra=3),
    "silu": Recurrence(_silu, lambda s, ds, y, q, g, m, v: _TWO * m[-1] + v[-1] - _TWO * _product(v, g), extra=3),
}
"""The activations whose flows can be integrated."""
