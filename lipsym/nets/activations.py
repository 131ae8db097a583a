"""Activations by name.

Invariant: an unknown name raises; no activation is ever replaced by a similar one.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import cache

import sympy as sp

from lipsym.domains.parse import exact
from lipsym.errors import InputError, LipsymError
from lipsym.nets.activation_record import PROPERTIES, Activation
from lipsym.nets.activation_table import ROWS, leaky

__all__ = ["ACTIVATIONS", "PROPERTIES", "Activation", "activation", "leaky_relu"]

_LEAKY = "leaky_relu"
_DEFAULT_SLOPE = sp.Rational(1, 100)


def leaky_relu(slope: int | Fraction | str | sp.Expr = _DEFAULT_SLOPE) -> Activation:
    """``z`` for ``z ≥ 0`` and ``slope·z`` for ``z ≤ 0``.

    Args:
        slope: an exact rational number other than 1.

    Raises:
        InputError: for another slope.
        InexactNumberError: for a float.

    Example:
        >>> leaky_relu("1/10").name, leaky_relu("-3").s1
        ('leaky_relu(1/10)', 3)
    """
    given = exact(slope, "the slope of leaky_relu")
    if not isinstance(given, sp.Rational) or given == 1:
        raise InputError(
            f"the slope {slope} was given for leaky_relu",
            "the slope is a rational number other than 1, with which it would be the identity",
            "give one such as '1/100', or take the identity",
        )
    return leaky(_LEAKY if given == _DEFAULT_SLOPE else f"{_LEAKY}({given})", given)


ACTIVATIONS: dict[str, Activation] = {row.name: row for row in (*(make() for make in ROWS), leaky_relu())}
"""The table by name."""


def activation(given: str | Activation) -> Activation:
    """Look an activation up.

    Args:
        given: a name of ``ACTIVATIONS``, ``"leaky_relu(a)"`` with a rational slope, or an ``Activation``.

    Raises:
        InputError: for an unknown name.

    Example:
        >>> activation("tanh").s2, activation("tanh").where(0)
        (4*sqrt(3)/9, 'limit at +∞, limit at −∞')
    """
    if isinstance(given, Activation):
        return given
    if isinstance(given, str):
        return _by_name(given.strip())
    raise _unknown(given)


@cache
def _by_name(name: str) -> Activation:
    if name in ACTIVATIONS:
        return ACTIVATIONS[name]
    matched = re.fullmatch(rf"{_LEAKY}\((.+)\)", name)
    if matched is None:
        raise _unknown(name)
    try:
        return leaky_relu(matched[1])
    except LipsymError as error:
        raise InputError(error.given, error.fails, error.remedy) from error


def _unknown(given: object) -> InputError:
    return InputError(
        f"the activation {given!r} was given",
        "it is not in the table of activations, so none of its constants is proved",
        f"take one of {', '.join(ACTIVATIONS)}, leaky_relu(1/10), or give an Activation of your own",
    )
