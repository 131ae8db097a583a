"""Every constant of the table of activations, proved for all real arguments, and every property it claims.

On each piece of the line (the whole of it for smooth functions, a half for the others) a derivative is a polynomial in
one coordinate ``t`` that runs through an interval, or a polynomial times a positive function. Its supremum is then the
largest value at finitely many exact candidates: critical points and ends. SiLU alone needs intervals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest
import sympy as sp

from lipsym.domains import evaluate
from lipsym.domains.expressions import IsolatedRoot, sigmoid
from lipsym.enclosure import Enclosure
from lipsym.errors import InexactNumberError, InputError
from lipsym.nets.activations import ACTIVATIONS, PROPERTIES, Activation, activation, leaky_relu
from lipsym.verdict import Verdict

ROWS = [*ACTIVATIONS.values(), leaky_relu("-3"), leaky_relu("1/2")]
SMOOTH = [row for row in ROWS if row.smoothness == "C^∞"]
KINKED = [row for row in ROWS if row.smoothness != "C^∞"]
BITS = 200
CLOSE = Fraction(1, 10**50)

Z = ACTIVATIONS["tanh"].z
X = sp.Symbol("x", positive=True)
T = sp.Symbol("t", real=True)


def name_of(value: object) -> str:
    """Test identifiers."""
    return value.name if isinstance(value, Activation) else str(value)


def enclose(expr: sp.Expr, **values: object) -> Enclosure:
    """In Arb, at a precision that makes equal numbers look equal to 50 digits."""
    return evaluate(expr, values, domain="arb", precision=BITS)


def close(left: sp.Expr, right: sp.Expr) -> bool:
    """Equal to 50 digits, certified."""
    found = enclose(left - right)
    return found.contains(0) and found.width < CLOSE


def equal(left: sp.Expr, right: sp.Expr) -> bool:
    """Equal exactly; to 50 digits only where a root without closed form (``IsolatedRoot``) is involved."""
    if not close(left, right):
        return False
    difference = left - right
    return difference.has(IsolatedRoot) or sp.simplify(difference.rewrite(sp.exp)) == 0


def below(left: sp.Expr, right: sp.Expr) -> bool:
    """``left < right``, certified."""
    return enclose(right - left).lo > 0


# Candidates: a supremum over a piece of the line is the largest of finitely many exact values.


def polynomial_candidates(expr: sp.Expr, low: int, high: int) -> Iterator[sp.Expr]:
    """``|P|`` at the critical points of a polynomial in ``T`` and at the ends of ``[low, high]``."""
    polynomial = sp.Poly(sp.expand(expr), T)
    roots = polynomial.diff(T).real_roots() if polynomial.degree() > 1 else []
    for point in {sp.Integer(low), sp.Integer(high), *(r for r in roots if low <= r <= high)}:
        yield sp.Abs(sp.simplify(polynomial.as_expr().subs(T, point)))


def gaussian_candidates(expr: sp.Expr, bell: sp.Expr) -> Iterator[sp.Expr]:
    """``|f|`` at the zeros of ``f' = p·bell``, ``p`` a polynomial in ``Z``, and its limits at ``±∞``."""
    slope = sp.Poly(sp.expand(sp.simplify(sp.diff(expr, Z) / bell)), Z)
    roots = sp.roots(slope)
    assert sum(roots.values()) == slope.degree(), "every root is found"
    for point in roots:
        if point.is_real:
            yield sp.Abs(expr.subs(Z, point))
    yield from (sp.Abs(sp.limit(expr, Z, end)) for end in (sp.oo, -sp.oo))


def halves(expr: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """A piecewise expression on ``z = x > 0`` and on ``z = −x < 0``."""
    return expr.subs(Z, X), expr.subs(Z, -X)


def squared_or_itself(row: Activation, order: int) -> tuple[bool, list[tuple[sp.Expr, int, int]]]:
    """Whether ``f²`` is meant instead of ``f = σ^(order)``, and polynomials in ``T`` with the interval of ``T``."""
    f = row.derivative(order)
    match row.name:
        case "tanh":
            return False, [(f.subs(sp.tanh(Z), T), -1, 1)]
        case "sigmoid" | "softplus":
            return False, [(f.subs(sigmoid(Z), T), 0, 1)]
        case "arctan":  # T = 1/(1 + z²)
            return True, [(sp.simplify((f**2).subs(Z, sp.sqrt(1 / X - 1))).subs(X, T), 0, 1)]
        case "softsign":  # T = 1/(1 + x)
            return False, [(sp.simplify(half.subs(X, 1 / T - 1)), 0, 1) for half in halves(f)]
        case "elu":  # T = exp(−x)
            return False, [(half.subs(sp.exp(-X), T), 0, 1) for half in halves(f)]
        case "sin":  # sin or cos itself
            return False, [(f.subs({sp.sin(Z): T, sp.cos(Z): T}), -1, 1)]
    return False, [(half, 0, 1) for half in halves(f)]  # piecewise linear, order 1 and above: constants


def candidates(row: Activation, order: int) -> list[sp.Expr]:
    """Exact values whose largest is ``sup |σ^(order)|`` over all real ``z`` (over each open half line at kinks)."""
    f = row.derivative(order)
    if row.name in ("erf", "gelu"):
        bell = sp.exp(-(Z**2)) / sp.sqrt(sp.pi) if row.name == "erf" else sp.exp(-(Z**2) / 2) / sp.sqrt(2 * sp.pi)
        return list(gaussian_candidates(f, bell))
    if (row.name, order) == ("arctan", 0):  # increasing: its limits
        return [sp.Abs(sp.limit(f, Z, end)) for end in (sp.oo, -sp.oo)]
    square, parts = squared_or_itself(row, order)
    for polynomial, *_ in parts:
        assert polynomial.free_symbols <= {T}, f"{row.name}, order {order}: {polynomial}"
    found = [value for part in parts for value in polynomial_candidates(*part)]
    return [sp.sqrt(value) for value in found] if square else found


def is_supremum(constant: sp.Expr, values: list[sp.Expr]) -> bool:
    """Whether ``constant`` is the largest of ``values``: none above, one equal."""
    return all(below(v, constant) or equal(v, constant) for v in values) and any(equal(v, constant) for v in values)


FINITE = [(row, k) for row in ROWS for k in range(4) if row.constants[k].is_finite is not False]
BY_CANDIDATES = [(row, k) for row, k in FINITE if row.name != "silu"]


def test_nothing_is_forgotten() -> None:
    """How many finite constants each row has; all but SiLU's are proved by candidates."""
    expected = dict.fromkeys(("tanh", "sigmoid", "sin", "arctan", "erf"), 4)
    expected |= dict.fromkeys(("identity", "softplus", "softsign", "gelu", "silu"), 3)
    expected |= {"elu": 2, "relu": 1, "leaky_relu": 1, "leaky_relu(-3)": 1, "leaky_relu(1/2)": 1}
    assert expected == {row.name: sum(r is row for r, _ in FINITE) for row in ROWS}
    assert len(BY_CANDIDATES) == len(FINITE) - 3


@pytest.mark.parametrize(("row", "order"), BY_CANDIDATES, ids=name_of)
def test_constant_is_the_supremum(row: Activation, order: int) -> None:
    constant, values = row.constants[order], candidates(row, order)
    assert is_supremum(constant, values)
    # Power: one percent less or more is refuted.
    if constant != 0:
        assert not is_supremum(constant * sp.Rational(99, 100), values)
        assert not is_supremum(constant * sp.Rational(101, 100), values)


@pytest.mark.parametrize(("row", "order"), FINITE, ids=name_of)
def test_constant_is_reached_where_the_table_says(row: Activation, order: int) -> None:
    f, constant = row.derivative(order), row.constants[order]
    for point in row.attained[order]:
        if point.is_infinite:
            value = sp.limit(f.rewrite(sp.exp) if row.name in ("sigmoid", "softplus", "tanh") else f, Z, point)
            if row.name == "softsign":
                value = sp.limit(halves(f)[0 if point is sp.oo else 1], X, sp.oo)
            assert equal(sp.Abs(value), constant)
        elif row in KINKED and point == 0:
            assert any(equal(sp.Abs(sp.limit(half, X, 0, "+")), constant) for half in halves(f))
        else:
            value = f.subs(Z, point)
            assert equal(value, constant) or equal(-value, constant)


# SiLU: σ'' = p (2 − zT), σ''' = −p (3T + z(1 − 3T²)/2), σ'''' = p h, with T = tanh(z/2), p = (1 − T²)/4.

SILU = ACTIVATIONS["silu"]
HALF = sp.tanh(Z / 2)
P = (1 - HALF**2) / 4
H = 6 * HALF**2 - 2 + 2 * Z * HALF - 3 * Z * HALF**3


def plain(e: sp.Expr) -> sp.Expr:
    """In ``z`` and ``x = exp(z/2)``, simplified."""
    return sp.simplify(e.rewrite(sp.exp).subs(sp.exp(Z / 2), X).subs(sp.exp(-Z / 2), 1 / X).subs(sp.exp(-Z), X**-2))


def sign_on(expr: sp.Expr, low: Fraction, high: Fraction, sign: int, pieces: int = 256) -> bool:
    """Whether ``expr`` has the strict sign on ``[low, high]``, certified by subdivision."""
    step = (high - low) / pieces
    boxes = (Enclosure(low + i * step, low + (i + 1) * step) for i in range(pieces))
    found = (evaluate(expr, {"z": box}, domain="arb", precision=64) for box in boxes)
    return all(e.lo > 0 if sign > 0 else e.hi < 0 for e in found)


def test_silu_in_terms_of_tanh() -> None:
    """The forms used below are the table's derivatives, and the third derivative is odd."""
    second, third = SILU.derivatives[1:]
    assert plain(second - P * (2 - Z * HALF)) == 0
    assert plain(third + P * (3 * HALF + Z * (1 - 3 * HALF**2) / 2)) == 0
    assert plain(sp.diff(third, Z) - P * H) == 0
    odd = -P * (3 * HALF + Z * (1 - 3 * HALF**2) / 2)
    assert sp.simplify(odd + odd.subs(Z, -Z)) == 0


def test_silu_slope() -> None:
    """σ'' has the sign of 2 − z tanh(z/2), and z tanh(z/2) is even and increasing on z ≥ 0 (a product of such).

    So σ' is largest at the positive root and least at the negative one, and its limits are 0 and 1.
    """
    root = SILU.attained[1][0]
    assert (2 - Z * HALF).subs(Z, -Z) == 2 - Z * HALF
    assert sign_on(2 - Z * HALF, Fraction(2), Fraction(2), 1, 1)
    assert sign_on(2 - Z * HALF, Fraction(3), Fraction(3), -1, 1)
    slope = SILU.derivatives[0].subs(Z, root)
    least = SILU.derivatives[0].subs(Z, -root)
    assert equal(slope, SILU.s1)
    assert below(1, SILU.s1)
    assert below(-least, SILU.s1)
    assert not equal(slope, SILU.s1 * sp.Rational(99, 100))


def test_silu_curvature() -> None:
    """|p(2 − zT)| ≤ 2p ≤ ½ where zT ≤ 2, and ≤ |z|p ≤ |z|exp(−|z|) ≤ 1/e elsewhere."""
    assert SILU.derivatives[1].subs(Z, 0) == SILU.s2 == sp.Rational(1, 2)
    assert below(sp.exp(-1), SILU.s2)
    bell = X * sp.exp(-X)
    assert sp.solve(sp.diff(bell, X), X) == [1]
    assert bell.subs(X, 1) == sp.exp(-1)


def silu_third_is(constant: sp.Expr) -> bool:
    """Whether ``constant = sup |σ'''|``: |σ'''| is even; on z ≥ 0 its derivative is −p h.

    h < 0 on [0, 1]: it increases there. On [1, 5/4] h increases from − to +: one maximum there, at the root of h.
    On [5/4, 8] it is below; beyond, |σ'''| ≤ (3 + z)exp(−z), which decreases.
    """
    root = SILU.attained[3][0]
    one, middle, far = Fraction(1), Fraction(5, 4), Fraction(8)
    rising = sign_on(H, Fraction(0), one, -1) and sign_on(sp.diff(H, Z), one, middle, 1)
    crossing = sign_on(H, one, one, -1, 1) and sign_on(H, middle, middle, 1, 1)
    top = enclose(constant).lo
    under = sp.Rational(top.numerator, top.denominator)
    third = SILU.derivatives[2]
    away = sign_on(under - third, middle, far, 1, 2048) and sign_on(under + third, middle, far, 1, 2048)
    tail = below((3 + 8) * sp.exp(-8), constant)
    return rising and crossing and away and tail and equal(-third.subs(Z, root), constant)


def test_silu_third() -> None:
    assert silu_third_is(SILU.s3)
    assert not silu_third_is(SILU.s3 * sp.Rational(99, 100))
    assert not silu_third_is(SILU.s3 * sp.Rational(101, 100))


# Infinite constants, derivatives, values.


@pytest.mark.parametrize(
    ("row", "order"), [(r, k) for r in ROWS for k in range(4) if r.constants[k] is sp.oo], ids=name_of
)
def test_infinite_constants_are_infinite(row: Activation, order: int) -> None:
    """σ grows without bound, or a derivative below jumps at 0, or is itself not Lipschitz continuous already."""
    if order == 0:
        at_least = {"gelu": X / 2, "silu": X / 2, "softplus": X}.get(row.name, X)  # Φ, sigmoid ≥ ½ on z ≥ 0
        right = row.value.subs(Z, X)
        grown = sp.limit(right, X, sp.oo) if row in KINKED or row.name == "identity" else sp.limit(at_least, X, sp.oo)
        assert grown is sp.oo
        if row in SMOOTH:
            assert all(enclose((row.value - at_least.subs(X, Z)), z=n).lo >= 0 for n in (0, 1, 10, 100))
        return
    jumps = [len({sp.limit(half, X, 0, "+") for half in halves(row.derivative(k))}) == 2 for k in range(order)]
    assert row in KINKED
    assert any(jumps)


@pytest.mark.parametrize("row", SMOOTH, ids=name_of)
def test_derivatives_of_smooth_rows(row: Activation) -> None:
    for k in range(3):
        assert sp.simplify(sp.expand(sp.diff(row.derivative(k), Z) - row.derivative(k + 1))) == 0


def test_the_derivatives_of_sigmoid_and_softplus_that_sympy_is_told() -> None:
    s, plus = sigmoid(Z), ACTIVATIONS["softplus"].value
    assert sp.simplify(sp.diff(s.rewrite(sp.exp), Z) - sp.diff(s, Z).rewrite(sp.exp)) == 0
    assert sp.simplify(sp.diff(plus.rewrite(sp.exp), Z) - sp.diff(plus, Z).rewrite(sp.exp)) == 0


@pytest.mark.parametrize("row", KINKED, ids=name_of)
def test_derivatives_of_kinked_rows_on_both_half_lines(row: Activation) -> None:
    for k in range(3):
        here, following = halves(row.derivative(k)), halves(row.derivative(k + 1))
        assert sp.simplify(sp.diff(here[0], X) - following[0]) == 0
        assert sp.simplify(-sp.diff(here[1], X) - following[1]) == 0


@pytest.mark.parametrize("row", KINKED, ids=name_of)
def test_lipschitz_constants_at_kinks(row: Activation) -> None:
    """A function that is continuous at 0 has the supremum of its slopes on the two half lines as Lipschitz constant."""
    for k in range({"C^{0,1}": 1, "C^{1,1}": 2}[row.smoothness]):
        right, left = (sp.limit(half, X, 0, "+") for half in halves(row.derivative(k)))
        assert right == left
    assert row.constants[{"C^{0,1}": 2, "C^{1,1}": 3}[row.smoothness]] is sp.oo


DEFINITIONS: dict[str, Callable[[sp.Expr], sp.Expr]] = {
    "identity": lambda z: z,
    "tanh": lambda z: (sp.exp(z) - sp.exp(-z)) / (sp.exp(z) + sp.exp(-z)),
    "sigmoid": lambda z: 1 / (1 + sp.exp(-z)),
    "softplus": lambda z: sp.log(1 + sp.exp(z)),
    "sin": sp.sin,
    "arctan": sp.atan,
    "erf": sp.erf,
    "softsign": lambda z: z / (1 + abs(z)),
    "gelu": lambda z: z * (1 + sp.erf(z / sp.sqrt(2))) / 2,
    "silu": lambda z: z / (1 + sp.exp(-z)),
    "elu": lambda z: z if z >= 0 else sp.exp(z) - 1,
    "relu": lambda z: max(z, sp.Integer(0)),
    "leaky_relu": lambda z: z if z >= 0 else z / 100,
    "leaky_relu(-3)": lambda z: z if z >= 0 else -3 * z,
    "leaky_relu(1/2)": lambda z: z if z >= 0 else z / 2,
}


@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_values_are_those_of_the_definition(row: Activation) -> None:
    for z in map(sp.Rational, ("-7", "-4/3", "-1/10", "0", "1/9", "2", "31/5")):
        assert close(row.value.subs(Z, z), DEFINITIONS[row.name](z))
    assert row.value.subs(Z, 0) == row.at_zero


@pytest.mark.parametrize("row", ROWS, ids=name_of)
@pytest.mark.parametrize("domain", ["arb", "mpmath", "float64"])
def test_every_domain_encloses_value_and_derivatives(row: Activation, domain: str) -> None:
    """A box is enclosed together with values inside it; across the kink as well."""
    if domain == "mpmath":
        pytest.importorskip("lipsym.domains.mpmath_interval")
    for low, high in (("-1/3", "1/4"), ("2", "9/4"), ("-5", "-19/4")):
        box = Enclosure(low, high)
        inner = [box.lo + (box.hi - box.lo) * Fraction(k, 7) for k in range(8)]
        for k in range(4):
            outer = evaluate(row.derivative(k), {"z": box}, domain=domain)
            for z in inner:
                assert outer.overlaps(enclose(row.derivative(k), z=z))


# Properties. Exact algebra where the claim is one; for all a certified grid, which also shows what is not claimed.

GRID = [sp.Rational(k, 16) for k in range(1, 97)]


def at(expr: sp.Expr, z: sp.Expr) -> Enclosure:
    """``expr`` at ``z``, a number."""
    return enclose(expr.subs(Z, z))


def refuted(left: sp.Expr, right: sp.Expr) -> bool:
    """Whether ``left ≤ right`` certainly fails."""
    return (enclose(left) <= enclose(right)) is Verdict.REFUTED


def range_concave(row: Activation) -> bool:
    """No violation on a grid of ``y = u²``: midpoint concavity, monotonicity, and ``σ(−u)² ≤ E(u²)``."""

    def energy(y: sp.Expr) -> sp.Expr:
        u = sp.sqrt(y) if row.fold is None else sp.Min(sp.sqrt(y), row.fold)
        return row.value.subs(Z, u) ** 2

    grid = [sp.Rational(k, 3) for k in range(60)]
    for low, high in zip(grid, grid[2:], strict=False):
        if refuted((energy(low) + energy(high)) / 2, energy((low + high) / 2)) or refuted(energy(low), energy(high)):
            return False
        if any(refuted(row.value.subs(Z, z) ** 2, energy(low)) for z in (sp.sqrt(low), -sp.sqrt(low))):
            return False
    return True


def even_slope(row: Activation) -> bool:
    """No violation on a grid of ``z``, with ``z'`` the fold of ``|z|``."""
    first, second, _ = row.derivatives
    for z in GRID:
        folded = z
        if row.fold is not None:  # the distance of z from the multiples of 2·fold
            turns = sp.floor(z / (2 * row.fold) + sp.Rational(1, 2))
            folded = sp.Abs(z - turns * 2 * row.fold)
            if refuted(sp.Abs(row.value.subs(Z, z)), row.value.subs(Z, folded)):
                return False
        for side in (z, -z):
            for f, g in ((first, first), (second, -second)):
                one, two = sp.Abs(f.subs(Z, side)), g.subs(Z, folded)
                if refuted(one, two) or refuted(two, one):
                    return False
    top = [z for z in GRID if row.fold is None or z < row.fold]
    return not any(refuted(first.subs(Z, b), first.subs(Z, a)) for a, b in pairwise(top))


def curvature_concave(row: Activation) -> bool:
    """No violation among points on both half lines: sorted by ``σ'²``, ``|σ''|`` is a function, and concave in it."""
    first, second, _ = row.derivatives
    points = [z for k in GRID[::3] for z in (k, -k)]
    graph = [(at(first**2, z), at(sp.Abs(second), z)) for z in points]
    graph.sort(key=lambda pair: pair[0].lo)
    for (y0, a0), (y1, a1), (y2, a2) in zip(graph, graph[1:], graph[2:], strict=False):
        if y2.lo - y0.hi < Fraction(1, 10**30):  # the same σ'²: the same |σ''| is needed
            if not a0.overlaps(a2):
                return False
            continue
        if y1.lo - y0.hi < Fraction(1, 10**30) or y2.lo - y1.hi < Fraction(1, 10**30):
            continue
        share = (y1.lo - y0.lo) / (y2.lo - y0.lo)
        if (1 - share) * a0.lo + share * a2.lo > a1.hi + Fraction(1, 10**30):
            return False
    return True


def ratio_increasing(row: Activation) -> bool:
    """No violation on a grid: the shape of ``|σ''|`` and the monotonicity of ``σ'''/σ'`` up to its maximum."""
    first, second, third = row.derivatives
    if row.attained[1] == row.attained[2] and row.s1.is_finite and row.s2.is_finite:
        return True
    peak = row.attained[2][0]
    for low, high in pairwise(GRID):
        before, after = below(high, peak), below(peak, low)
        a, b = sp.Abs(second.subs(Z, low)), sp.Abs(second.subs(Z, high))
        if (before and refuted(a, b)) or (after and refuted(b, a)):
            return False
        ratio = third / first
        if before and refuted(ratio.subs(Z, low), ratio.subs(Z, high)):
            return False
    return True


CHECKS = {
    "range-concave": range_concave,
    "even-slope": even_slope,
    "curvature-concave": curvature_concave,
    "ratio-increasing": ratio_increasing,
}
CLAIMED = [(row, p) for row in ROWS for p in sorted(row.properties)]
REFUTED = [("softplus", "range-concave"), ("gelu", "range-concave"), ("silu", "range-concave")]
REFUTED += [(n, "even-slope") for n in ("softplus", "gelu", "silu", "elu", "relu")]
REFUTED += [("gelu", "curvature-concave"), ("silu", "curvature-concave")]


def test_every_property_has_a_check() -> None:
    assert set(CHECKS) == PROPERTIES
    assert len(CLAIMED) == 5 * 4 + 3 + 1


@pytest.mark.parametrize(("row", "name"), CLAIMED, ids=name_of)
def test_claimed_properties(row: Activation, name: str) -> None:
    assert CHECKS[name](row)


@pytest.mark.parametrize(("name", "fact"), REFUTED)
def test_properties_rightly_not_claimed(name: str, fact: str) -> None:
    assert fact not in ACTIVATIONS[name].properties
    assert not CHECKS[fact](ACTIVATIONS[name])


def test_the_fold_of_sin_is_needed() -> None:
    for wrong in (None, sp.pi / 3, sp.Integer(2)):
        assert not range_concave(replace(ACTIVATIONS["sin"], fold=wrong)) or not even_slope(
            replace(ACTIVATIONS["sin"], fold=wrong)
        )


S = sp.Symbol("s", positive=True)
Y = S**2
CURVATURES = {  # |σ''| as a function of s = √y = |σ'|, with the range of s, and |σ'| in the coordinate of the row
    "tanh": (4 * (S**2 - S**3), 1),
    "sigmoid": (S**2 - 4 * S**3, sp.Rational(1, 4)),
    "sin": (1 - S**2, 1),
    "arctan": (4 * (S**3 - S**4), 1),
    "softsign": (4 * S**3, 1),
    "softplus": ((S - S**2) ** 2, 1),
    "erf": (2 * S**2 * (sp.log(4 / sp.pi) - 2 * sp.log(S)), 2 / sp.sqrt(sp.pi)),
}
"""``g²`` in terms of ``s = |σ'|``."""


@pytest.mark.parametrize("row", [row for row in ROWS if "curvature-concave" in row.properties], ids=name_of)
def test_curvature_is_a_concave_function_of_the_squared_slope(row: Activation) -> None:
    """|σ''|² = f(s), exactly; √f is concave in y = s² since 2 f f_yy ≤ f_y² (with f ≥ 0) on the whole range of s."""
    f, top = CURVATURES[row.name]
    first, second, _ = (half.subs(Z, X) for half in row.derivatives)
    difference = second**2 - f.subs(S, first)
    if row.name == "sin":
        difference = sp.simplify(difference)
    plain = sp.simplify(sp.expand(sp.expand_log(sp.simplify(difference), force=True)))
    assert plain == 0
    assert equal(sp.sympify(top), row.s1)
    first_y = sp.diff(f, S) / (2 * S)
    second_y = sp.diff(first_y, S) / (2 * S)
    condition = sp.expand(sp.simplify((first_y**2 - 2 * f * second_y) / S**2))
    if row.name == "erf":  # f itself is concave: f_yy = −2/y
        assert sp.simplify(second_y + 2 / Y) == 0
        return
    numerator = sp.Poly(sp.numer(sp.together(condition)), S)
    inside = [r for r in numerator.real_roots() if 0 < r < top]
    ends = [0, *sorted(set(inside)), top]
    middles = [(sp.sympify(a) + b) / 2 for a, b in pairwise(ends)]
    assert all(condition.subs(S, m) >= 0 for m in middles)


RATIOS = {
    "tanh": (6 * T**2 - 2, sp.tanh(Z)),
    "sigmoid": ((3 * T**2 - 1) / 2, sp.tanh(Z / 2)),
    "erf": (4 * T**2 - 2, Z),
}


@pytest.mark.parametrize("name", sorted(RATIOS))
def test_the_ratio_is_an_increasing_polynomial(name: str) -> None:
    """In ``T ≥ 0``, itself increasing in ``z ≥ 0``; it vanishes once, so ``|σ''|`` rises before and falls after."""
    row, (polynomial, coordinate) = ACTIVATIONS[name], RATIOS[name]
    first, _, third = row.derivatives
    left = (third - polynomial.subs(T, coordinate) * first).rewrite(sp.exp)
    assert sp.simplify(left) == 0
    assert all(c > 0 for c in sp.Poly(sp.diff(polynomial, T), T).coeffs())


def test_the_ratio_of_arctan() -> None:
    first, _, third = ACTIVATIONS["arctan"].derivatives
    ratio = sp.simplify(third / first)
    assert sp.simplify(ratio - (6 * Z**2 - 2) / (1 + Z**2) ** 2) == 0
    assert sp.simplify(sp.diff(ratio, Z) - Z * (20 - 12 * Z**2) / (1 + Z**2) ** 3) == 0
    assert sp.Rational(1, 3) < sp.Rational(20, 12)


@pytest.mark.parametrize("name", ["tanh", "arctan", "erf", "softsign", "sin"])
def test_odd_rows(name: str) -> None:
    right, left = halves(ACTIVATIONS[name].value)
    assert right + left == 0


def test_the_range_of_sigmoid() -> None:
    """σσ'/u decreases: its logarithmic derivative is 2 − 3s − 1/u, and s ≥ 2/3 from u = log 2 < 2 on."""
    s, u = sigmoid(X), X
    logarithmic = sp.diff(sp.log(s * s * (1 - s) / u), X)
    assert sp.simplify((logarithmic - (2 - 3 * s - 1 / u)).rewrite(sp.exp)) == 0
    assert sigmoid(sp.log(2)).rewrite(sp.exp) == sp.Rational(2, 3)
    assert below(sp.log(2), sp.Integer(2))
    assert sp.Rational(2) - 3 * sp.Rational(1, 2) == sp.Rational(1, 2)


# Looking up.


def test_lookup() -> None:
    assert activation(" tanh ") is ACTIVATIONS["tanh"]
    assert activation(ACTIVATIONS["sin"]) is ACTIVATIONS["sin"]
    assert activation("leaky_relu(1/10)") == leaky_relu(Fraction(1, 10))
    assert activation("leaky_relu(1/100)") == activation("leaky_relu")
    assert list(ACTIVATIONS)[:3] == ["identity", "tanh", "sigmoid"]
    assert ACTIVATIONS["softplus"].where(1) == "limit at +∞"
    assert ACTIVATIONS["relu"].where(2) == "z = 0"


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: activation("tan"), "take one of identity, tanh"),
        (lambda: activation(None), "table of activations"),
        (lambda: activation("leaky_relu(x)"), "rational number other than 1"),
        (lambda: leaky_relu(1), "rational number other than 1"),
        (lambda: leaky_relu("sqrt(2)"), "rational number other than 1"),
        (lambda: replace(ACTIVATIONS["tanh"], at_zero=sp.S.One), "σ\\(0\\) = 0, not 1"),
        (lambda: replace(ACTIVATIONS["tanh"], s1=sp.Integer(-1)), "non-negative"),
        (lambda: replace(ACTIVATIONS["tanh"], s1=sp.Symbol("a")), "non-negative"),
        (lambda: replace(ACTIVATIONS["tanh"], properties=frozenset({"nice"})), "properties are among"),
        (lambda: replace(ACTIVATIONS["tanh"], value=sp.Symbol("w")), "alone"),
        (lambda: replace(ACTIVATIONS["tanh"], attained=((),) * 4), "at least one point"),
    ],
)
def test_errors_have_three_lines(make: Callable[[], object], says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        make()
    assert len(str(caught.value).splitlines()) == 3


def test_a_float_slope_is_refused() -> None:
    with pytest.raises(InexactNumberError, match="rounded"):
        leaky_relu(0.01)
