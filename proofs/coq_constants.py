"""Writes proofs/coq/Constants.v from the tables of activations and of losses: ``python proofs/coq_constants.py``.

Invariant: the theorems of proofs/coq are stated with these names, and a test fails while the file is not current:
Python and Coq cannot mean different numbers.
"""

from __future__ import annotations

from pathlib import Path

import sympy as sp

from lipsym.certificates.coq.terms import coq_term
from lipsym.nets.activation_record import Activation
from lipsym.nets.activations import ACTIVATIONS
from lipsym.nets.losses import LOSSES, loss

CONSTANTS_FILE = Path(__file__).resolve().parent / "coq" / "Constants.v"
HEADER = """\
(** The constants of lipsym's tables.  Generated: python proofs/coq_constants.py

    For each activation: its value, c0 = sigma(0), s0 = sup |sigma| and s1, s2, s3, the least Lipschitz constants of
    sigma, sigma', sigma''; [_at] is the first finite point where the table says the constant is attained.
    Infinite constants are comments. *)
From Coq Require Import Reals.
From Lipsym Require Import Functions.
Open Scope R_scope.
"""


def activation_lines(activation: Activation) -> list[str]:
    """The definitions of one row."""
    name = activation.name
    lines = [f"Definition {name}_value (z : R) : R := {coq_term(activation.value)}."]
    lines.append(f"Definition {name}_c0 : R := {coq_term(activation.at_zero)}.")
    for order, (constant, points) in enumerate(zip(activation.constants, activation.attained, strict=True)):
        if constant is sp.oo:
            lines.append(f"(* {name}_s{order} is infinite *)")
            continue
        lines.append(f"Definition {name}_s{order} : R := {coq_term(constant)}.")
        finite = [point for point in points if not point.is_infinite]
        if finite:
            lines.append(f"Definition {name}_s{order}_at : R := {coq_term(finite[0])}.")
    return lines


def loss_lines(name: str) -> list[str]:
    """The definitions of one loss; what depends on the region or on δ is no constant of the table."""
    row = loss(name)
    constants = {"G2": row.hessian_bound, "G3": row.third_bound}
    if name in ("cross_entropy", "logistic"):
        constants = {"G1": row.gradient_bound(sp.Symbol("n"), sp.Symbol("Y"), 1)} | constants
    return [
        f"(* {name}_{key} is infinite *)" if value is sp.oo else f"Definition {name}_{key} : R := {coq_term(value)}."
        for key, value in constants.items()
    ]


def render() -> str:
    """The text of Constants.v."""
    groups = [activation_lines(row) for row in ACTIVATIONS.values()] + [loss_lines(name) for name in LOSSES]
    return HEADER + "".join("\n" + "\n".join(group) + "\n" for group in groups)


if __name__ == "__main__":
    CONSTANTS_FILE.write_text(render(), encoding="utf-8")
