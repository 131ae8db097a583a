"""Users' jets against the formulas: true ones are proved where enclosures reach, wrong ones refuted at a point."""

from __future__ import annotations

from fractions import Fraction

import pytest
import sympy as sp

import lipsym as ls
from lipsym.bounds.own_jet import check_jet, jet_status
from lipsym.errors import InputError
from lipsym.nets.controls import Time
from lipsym.nets.fields import JetField
from lipsym.nets.odes import ControlledODE
from lipsym.verdict import Verdict

TRUE = {"value": "r", "u": "r", "p": 1, "uu": "r", "up": 1, "pp": 0}
"""Of ``a sin x``, true in every entry."""

TURN = {"value": "3*r*nu/2", "u": "r", "p": "3*nu/2", "uu": 0, "up": 1, "pp": 0}
"""Of ``a (x, y)``: its state's matrix is ``aI``, whose norm is ``r`` where the sum of squares says ``√2 r``."""


def sine(**changed: object) -> JetField:
    return JetField(["a*sin(x)"], ["x"], ["a"], {**TRUE, **changed})


@pytest.mark.parametrize(("nu", "r"), [(0, 1), (1, 1), ("5/2", 3)])
def test_true_jets_are_proved(nu: object, r: object) -> None:
    assert check_jet(sine(), nu, r).verdict is Verdict.PROVED  # type: ignore[arg-type]


def test_a_bound_between_the_sum_of_squares_and_the_norm() -> None:
    assert check_jet(JetField(["a*x", "a*y"], ["x", "y"], ["a"], TURN), 1, 2).verdict is Verdict.PROVED


@pytest.mark.parametrize("entry", TRUE)
def test_each_entry_has_power(entry: str) -> None:
    """Less than the size of the derivative is refuted, at a point at which it is larger."""
    sizes = {"value": "r*tanh(nu)", "u": "99*r/100", "p": "tanh(nu)", "uu": "r*nu/2", "up": "99/100"}
    if entry == "pp":
        wrong = JetField(["a**2*sin(x)"], ["x"], ["a"], {"value": "r**2", "u": "r**2", "p": "2*r", "pp": "nu"})
    else:
        wrong = sine(**{entry: sizes[entry]})
    found = check_jet(wrong, 1, 1)
    assert (found.verdict, found.entry) == (Verdict.REFUTED, entry)
    assert found.x is not None
    assert found.theta is not None
    x, a = sp.symbols("x a", real=True)
    by = {"value": (), "p": (a,), "u": (x,), "uu": (x, x), "up": (x, a), "pp": (a, a)}[entry]
    formula = wrong.components[0]
    size = abs((sp.diff(formula, *by) if by else formula).subs({x: found.x[0], a: found.theta[0]}))
    claimed = dict(wrong.jet)[entry]
    at = {s: {"nu": found.nu, "r": found.r}[s.name] for s in claimed.free_symbols}
    assert sp.N(size, 30) > sp.N(claimed.subs(at), 30)
    assert abs(found.x[0]) <= found.nu
    assert abs(found.theta[0]) <= found.r


def test_what_enclosures_do_not_decide() -> None:
    kink = JetField(["a*Abs(x)"], ["x"], ["a"], {"value": "r*nu", "u": "r", "p": "nu"})
    assert str(kink.components[0]) == "a*Abs(x)"
    assert check_jet(kink, 1, 1).verdict is Verdict.UNDECIDED
    assert jet_status(kink).startswith("not checked")
    on_a_sphere = JetField(["a*x", "a*y"], ["x", "y"], ["a"], {"value": "r*nu", "u": "r", "p": "nu"})
    found = check_jet(on_a_sphere, 1, 1, boxes=50)
    assert (found.verdict, found.entry) == (Verdict.UNDECIDED, "value")


def test_a_derivation_refuses_a_wrong_jet() -> None:
    wrong = ControlledODE([sine(u="r/2")], Time())
    with pytest.raises(InputError, match="its entry u is exceeded at x = ") as caught:
        ls.derive(wrong, ls.Ball("R"), ls.InputBall("S"))
    assert len(str(caught.value).splitlines()) == 3
    narrow = JetField(["a*x**2"], ["x"], ["a"], {"value": "r*nu**2", "u": "2*r", "p": "nu**2"})
    with pytest.raises(InputError, match="its entry u"):
        jet_status(narrow)


def test_a_derivation_says_what_was_checked() -> None:
    found = ls.derive(ControlledODE([sine()], Time()), ls.Ball(1), ls.InputBall(1))
    assert isinstance(found, ls.Bound)
    assert any(
        "proved from the formulas at (nu, r) = (1, 1), (8, 8), not checked elsewhere" in h for h in found.hypotheses
    )


def test_other_radii_are_refused() -> None:
    for nu, r in ((-1, 1), (1, "sqrt(2)")):
        with pytest.raises(InputError, match="rational") as caught:
            check_jet(sine(), nu, r)
        assert len(str(caught.value).splitlines()) == 3
    assert check_jet(sine(), 1, Fraction(1, 3)).r == Fraction(1, 3)
