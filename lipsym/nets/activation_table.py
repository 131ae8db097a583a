"""The table of activations.

Invariant: every constant is the exact supremum over all real arguments, with its proof in proofs/activations.md.
"""

from __future__ import annotations

import sympy as sp

from lipsym.domains.expressions import IsolatedRoot, sigmoid, softplus
from lipsym.nets.activation_record import Activation, Points

Z = sp.Symbol("z", real=True)
_X = sp.Symbol("x", nonnegative=True)

_OO = sp.oo
_ZERO, _ONE, _HALF = sp.S.Zero, sp.S.One, sp.Rational(1, 2)
_ALL = frozenset({"range-concave", "curvature-concave", "even-slope", "ratio-increasing"})
_AT_ZERO: Points = (_ZERO,)
_FAR: Points = (_OO, -_OO)
_RIGHT: Points = (_OO,)
_THIRD = 1 / (6 * sp.sqrt(3))


def _both(point: sp.Expr) -> Points:
    return point, -point


def identity() -> Activation:
    """``z``."""
    return Activation(
        "identity",
        Z,
        Z,
        (_ONE, _ZERO, _ZERO),
        _OO,
        _ONE,
        _ZERO,
        _ZERO,
        _ZERO,
        "C^∞",
        (_FAR, _AT_ZERO, _AT_ZERO, _AT_ZERO),
    )


def tanh() -> Activation:
    """``tanh z``; ``σ' = 1 − σ²``."""
    t = sp.tanh(Z)
    return Activation(
        name="tanh",
        z=Z,
        value=t,
        derivatives=(1 - t**2, -2 * t * (1 - t**2), 2 * (1 - t**2) * (3 * t**2 - 1)),
        s0=_ONE,
        s1=_ONE,
        s2=4 / (3 * sp.sqrt(3)),
        s3=sp.Integer(2),
        at_zero=_ZERO,
        smoothness="C^∞",
        attained=(_FAR, _AT_ZERO, _both(sp.log(2 + sp.sqrt(3)) / 2), _AT_ZERO),
        properties=_ALL,
    )


def logistic() -> Activation:
    """``sigmoid z = 1/(1 + exp(−z))``; ``σ' = σ(1 − σ)``."""
    s = sigmoid(Z)
    return Activation(
        name="sigmoid",
        z=Z,
        value=s,
        derivatives=(s * (1 - s), s * (1 - s) * (1 - 2 * s), s * (1 - s) * (1 - 6 * s * (1 - s))),
        s0=_ONE,
        s1=sp.Rational(1, 4),
        s2=_THIRD,
        s3=sp.Rational(1, 8),
        at_zero=_HALF,
        smoothness="C^∞",
        attained=(_RIGHT, _AT_ZERO, _both(sp.log(2 + sp.sqrt(3))), _AT_ZERO),
        properties=_ALL,
    )


def smooth_plus() -> Activation:
    """``softplus z = log(1 + exp z)``; ``σ' = sigmoid``."""
    s = sigmoid(Z)
    return Activation(
        name="softplus",
        z=Z,
        value=softplus(Z),
        derivatives=(s, s * (1 - s), s * (1 - s) * (1 - 2 * s)),
        s0=_OO,
        s1=_ONE,
        s2=sp.Rational(1, 4),
        s3=_THIRD,
        at_zero=sp.log(2),
        smoothness="C^∞",
        attained=(_RIGHT, _RIGHT, _AT_ZERO, _both(sp.log(2 + sp.sqrt(3)))),
        properties=frozenset({"curvature-concave"}),
    )


def sine() -> Activation:
    """``sin z``; folded at ``π/2``, beyond which nothing new occurs."""
    peak = _both(sp.pi / 2)
    return Activation(
        name="sin",
        z=Z,
        value=sp.sin(Z),
        derivatives=(sp.cos(Z), -sp.sin(Z), -sp.cos(Z)),
        s0=_ONE,
        s1=_ONE,
        s2=_ONE,
        s3=_ONE,
        at_zero=_ZERO,
        smoothness="C^∞",
        attained=(peak, _AT_ZERO, peak, _AT_ZERO),
        properties=frozenset({"range-concave", "curvature-concave", "even-slope"}),
        fold=sp.pi / 2,
    )


def arctan() -> Activation:
    """``arctan z``."""
    w = 1 + Z**2
    return Activation(
        name="arctan",
        z=Z,
        value=sp.atan(Z),
        derivatives=(1 / w, -2 * Z / w**2, (6 * Z**2 - 2) / w**3),
        s0=sp.pi / 2,
        s1=_ONE,
        s2=3 * sp.sqrt(3) / 8,
        s3=sp.Integer(2),
        at_zero=_ZERO,
        smoothness="C^∞",
        attained=(_FAR, _AT_ZERO, _both(1 / sp.sqrt(3)), _AT_ZERO),
        properties=_ALL,
    )


def error_function() -> Activation:
    """``erf z``."""
    bell = sp.exp(-(Z**2)) / sp.sqrt(sp.pi)
    return Activation(
        name="erf",
        z=Z,
        value=sp.erf(Z),
        derivatives=(2 * bell, -4 * Z * bell, (8 * Z**2 - 4) * bell),
        s0=_ONE,
        s1=2 / sp.sqrt(sp.pi),
        s2=2 * sp.sqrt(2) * sp.exp(-_HALF) / sp.sqrt(sp.pi),
        s3=4 / sp.sqrt(sp.pi),
        at_zero=_ZERO,
        smoothness="C^∞",
        attained=(_FAR, _AT_ZERO, _both(1 / sp.sqrt(2)), _AT_ZERO),
        properties=_ALL,
    )


def softsign() -> Activation:
    """``z/(1 + |z|)``; ``σ''`` jumps from 2 to −2 at 0."""
    w = 1 + sp.Abs(Z)
    return Activation(
        name="softsign",
        z=Z,
        value=Z / w,
        derivatives=(1 / w**2, 2 * (1 - 2 * sp.Heaviside(Z)) / w**3, 6 / w**4),
        s0=_ONE,
        s1=_ONE,
        s2=sp.Integer(2),
        s3=_OO,
        at_zero=_ZERO,
        smoothness="C^{1,1}",
        attained=(_FAR, _AT_ZERO, _AT_ZERO, _AT_ZERO),
        properties=_ALL,
    )


def gelu() -> Activation:
    """``z Φ(z)``, ``Φ`` the normal distribution function: the exact GELU, not its approximation by tanh."""
    bell = sp.exp(-(Z**2) / 2) / sp.sqrt(2 * sp.pi)
    normal = (1 + sp.erf(Z / sp.sqrt(2))) / 2
    steepest = sp.sqrt((7 - sp.sqrt(33)) / 2)
    return Activation(
        name="gelu",
        z=Z,
        value=Z * normal,
        derivatives=(normal + Z * bell, (2 - Z**2) * bell, (Z**3 - 4 * Z) * bell),
        s0=_OO,
        s1=(1 + sp.erf(1)) / 2 + sp.exp(-1) / sp.sqrt(sp.pi),
        s2=sp.sqrt(2 / sp.pi),
        s3=(4 * steepest - steepest**3) * sp.exp(-(steepest**2) / 2) / sp.sqrt(2 * sp.pi),
        at_zero=_ZERO,
        smoothness="C^∞",
        attained=(_RIGHT, (sp.sqrt(2),), _AT_ZERO, _both(steepest)),
    )


def silu() -> Activation:
    """``z sigmoid(z)``, also called swish."""
    s = sigmoid(Z)
    slope = s * (1 - s)
    half = sp.tanh(_X / 2)
    steepest = IsolatedRoot(_X * half - 2, _X, 2, 3)
    # σ'''' = s(1 − s)(6T² − 2 + 2zT − 3zT³), T = tanh(z/2).
    sharpest = IsolatedRoot(6 * half**2 - 2 + 2 * _X * half - 3 * _X * half**3, _X, 1, sp.Rational(5, 4))
    t = sp.tanh(sharpest / 2)
    return Activation(
        name="silu",
        z=Z,
        value=Z * s,
        derivatives=(
            s + Z * slope,
            slope * (2 + Z * (1 - 2 * s)),
            slope * (3 * (1 - 2 * s) + Z * (1 - 6 * slope)),
        ),
        s0=_OO,
        s1=_HALF + steepest / 4,
        s2=_HALF,
        s3=(1 - t**2) / 4 * (3 * t + sharpest * (1 - 3 * t**2) / 2),
        at_zero=_ZERO,
        smoothness="C^∞",
        attained=(_RIGHT, (steepest,), _AT_ZERO, _both(sharpest)),
    )


def elu() -> Activation:
    """``z`` for ``z ≥ 0``, ``exp(z) − 1`` for ``z ≤ 0``; ``σ''`` jumps from 1 to 0 at 0."""
    left = sp.exp(sp.Min(0, Z))
    return Activation(
        name="elu",
        z=Z,
        value=sp.Max(0, Z) + left - 1,
        derivatives=(left, left * sp.Heaviside(-Z), left * sp.Heaviside(-Z)),
        s0=_OO,
        s1=_ONE,
        s2=_ONE,
        s3=_OO,
        at_zero=_ZERO,
        smoothness="C^{1,1}",
        attained=(_RIGHT, _AT_ZERO, _AT_ZERO, _AT_ZERO),
    )


def relu() -> Activation:
    """``max(0, z)``; ``σ'`` jumps from 0 to 1 at 0."""
    return _kinked("relu", _ZERO)


def leaky(name: str, slope: sp.Expr) -> Activation:
    """``z`` for ``z ≥ 0``, ``slope·z`` for ``z ≤ 0``, ``slope ≠ 1``."""
    return _kinked(name, slope)


def _kinked(name: str, slope: sp.Expr) -> Activation:
    side = _AT_ZERO if abs(slope) <= 1 else (sp.S.NegativeOne,)
    return Activation(
        name=name,
        z=Z,
        value=slope * Z + (1 - slope) * sp.Max(0, Z),
        derivatives=(slope + (1 - slope) * sp.Heaviside(Z), _ZERO, _ZERO),
        s0=_OO,
        s1=sp.Max(1, abs(slope)),
        s2=_OO,
        s3=_OO,
        at_zero=_ZERO,
        smoothness="C^{0,1}",
        attained=(_RIGHT if slope.is_zero else _FAR, side, _AT_ZERO, _AT_ZERO),
    )


ROWS = (
    identity,
    tanh,
    logistic,
    smooth_plus,
    sine,
    arctan,
    error_function,
    softsign,
    gelu,
    silu,
    elu,
    relu,
)
"""The rows without a parameter."""
