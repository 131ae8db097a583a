"""Norms of the variations over a set, bounded by how fast they can grow: for sets too wide for their entries.

Invariant: ``first`` bounds ``‖D_θX_t‖₂``, and ``second`` (for order 2) ``‖D²_θX_t‖``, for every initial state and
parameter of the set, at the end of the last step that was watched.

Let ``V' = f_x V + f_θ`` and ``f_x``, ``f_θ`` in known sets, with ``L`` at least the largest eigenvalue of the symmetric
part of ``f_x`` and ``F ≥ ‖f_θ‖₂``. Then ``‖V‖' ≤ L‖V‖ + F`` (the right-hand derivative), hence over a step
``‖V‖ ≤ e^{Lh}‖V‖ + F (e^{Lh} − 1)/L``. The second variation obeys the same with the drive
``F_xx‖V‖² + 2F_xθ‖V‖ + F_θθ`` in place of ``F``. Proof: proofs/validated-flow.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from flint import arb, arb_mat

from lipsym.domains.balls import ball, total
from lipsym.domains.norms import symmetric_eigenvalue_bound
from lipsym.enclose.flow.field import Field, Jet, jump

_ZERO = arb(0)
_ONE = arb(1)
PRECISION = 53


@dataclass(slots=True)
class Growth:
    """Watches an integration.

    Args:
        variables: how many of the variables the norms are by: the last ones, which are the parameters.
        order: 1, or 2 for the second variation as well.
    """

    variables: int
    order: int = 1
    first: arb = field(default_factory=lambda: arb(0))
    second: arb = field(default_factory=lambda: arb(0))

    def __call__(self, rhs: Field, states: arb_mat, during: arb, length: arb) -> None:
        """Take a step into account."""
        rows, count = states.nrows(), rhs.seeds.count
        start, leap = Jet.identity(states, count, self.order), length.is_zero()
        image = jump(rhs, start, during, PRECISION) if leap else rhs.value(start, during)
        table = image.first.tolist()  # type: ignore[union-attr]
        state, own = (
            arb_mat([row[part] for row in table]) for part in (slice(rows), slice(count - self.variables, count))
        )
        drive = norm_bound(own)
        if leap:
            grown, gain, most = norm_bound(state), _ONE, self.first
        else:
            rate = largest_eigenvalue((state + state.transpose()) / arb(2))
            grown = (rate * length).exp().upper()
            # (e^{Lh} − 1)/L increases with L, and is at most h for L ≤ 0.
            gain = ((rate * length).expm1() / rate).upper() if rate > _ZERO else length.upper()
            most = (grown.max(_ONE) * self.first + drive * gain).upper()
        if image.second is not None:
            bent = self._bent(image.second, rows, most)
            self.second = (grown * self.second + bent * gain).upper()
        self.first = (grown * self.first + drive * gain).upper()

    def _bent(self, second: arb_mat, rows: int, most: arb) -> arb:
        """``F_xx‖V‖² + 2F_xθ‖V‖ + F_θθ``."""
        count = math.isqrt(second.ncols())
        places = range(rows), range(count - self.variables, count)

        def block(left: range, right: range) -> arb:
            square = arb_mat(len(left), len(left))
            for row in second.tolist():
                form = arb_mat([[row[a * count + b] for b in right] for a in left])
                square += form * form.transpose()
            # ‖B(a, b)‖² = Σ (aᵀM_i b)² ≤ aᵀ(Σ M_iM_iᵀ)a for unit b.
            return largest_eigenvalue(square).max(_ZERO).sqrt().upper()

        x, p = places
        return (block(x, x) * most * most + 2 * block(x, p) * most + block(p, p)).upper()


def norm_bound(matrix: arb_mat) -> arb:
    """An upper bound of the spectral norm of every matrix in a ball matrix."""
    gram = matrix * matrix.transpose() if matrix.nrows() <= matrix.ncols() else matrix.transpose() * matrix
    square = largest_eigenvalue(gram)
    frobenius = total(x.abs_upper() ** 2 for x in matrix.entries())
    return frobenius.min(square.max(_ZERO)).sqrt().abs_upper()


def largest_eigenvalue(symmetric: arb_mat) -> arb:
    """An upper bound of the largest eigenvalue of every symmetric matrix in a ball matrix, perhaps infinite."""
    end = symmetric_eigenvalue_bound(symmetric, PRECISION).hi
    return arb.pos_inf() if isinstance(end, float) else ball(end).upper()
