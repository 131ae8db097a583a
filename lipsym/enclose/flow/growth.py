"""Norms of the variations over a set, bounded by how fast they can grow: for sets too wide for their entries.

Invariant: ``first`` bounds ``‖D_θX_t‖₂`` for every initial state and parameter of the set, at the end of the last step
that was watched.

Let ``V' = f_x V + f_θ`` and ``f_x``, ``f_θ`` in known sets, with ``L`` at least the largest eigenvalue of the symmetric
part of ``f_x`` and ``F ≥ ‖f_θ‖₂``. Then ``‖V‖' ≤ L‖V‖ + F`` (the right-hand derivative), hence over a step
``‖V‖ ≤ e^{Lh}‖V‖ + F (e^{Lh} − 1)/L``. Proof: proofs/validated-flow.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from flint import arb, arb_mat

from lipsym.domains.balls import ball, total
from lipsym.domains.norms import symmetric_eigenvalue_bound
from lipsym.enclose.flow.field import Field, Jet, jump

_ZERO = arb(0)
PRECISION = 53


@dataclass(slots=True)
class Growth:
    """Watches an integration.

    Args:
        variables: how many of the variables the norms are by: the last ones, which are the parameters.
    """

    variables: int
    first: arb = field(default_factory=lambda: arb(0))

    def __call__(self, rhs: Field, states: arb_mat, during: arb, length: arb) -> None:
        """Take a step into account."""
        rows, count = states.nrows(), rhs.seeds.count
        start = Jet.identity(states, count, 1)
        image = jump(rhs, start, during, PRECISION) if length.is_zero() else rhs.value(start, during)
        if image.first is None:
            return
        table = image.first.tolist()
        state = arb_mat([row[:rows] for row in table])
        own = arb_mat([row[count - self.variables :] for row in table])
        drive = norm_bound(own)
        if length.is_zero():
            self.first = (norm_bound(state) * self.first + drive).abs_upper()
            return
        rate = largest_eigenvalue((state + state.transpose()) / arb(2))
        # (e^{Lh} − 1)/L increases with L; at L ≤ 0 it is at most h.
        grown = (rate * length).exp()
        gain = (rate * length).expm1() / rate if rate > _ZERO else length
        self.first = (grown * self.first + drive * gain).upper()


def norm_bound(matrix: arb_mat) -> arb:
    """An upper bound of the spectral norm of every matrix in a ball matrix."""
    gram = matrix * matrix.transpose() if matrix.nrows() <= matrix.ncols() else matrix.transpose() * matrix
    square = largest_eigenvalue(gram)
    frobenius = total(x.abs_upper() ** 2 for x in matrix.entries())
    return frobenius.min(square.max(_ZERO)).sqrt().abs_upper()


def largest_eigenvalue(symmetric: arb_mat) -> arb:
    """An upper bound of the largest eigenvalue of every symmetric matrix in a ball matrix; infinite if there is none."""
    end = symmetric_eigenvalue_bound(symmetric, PRECISION).hi
    return arb.pos_inf() if isinstance(end, float) else ball(end).upper()
