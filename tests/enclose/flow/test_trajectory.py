"""Trajectories contain references of other origin: exact solutions, and integration at 60 digits."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from flint import arb, arb_mat, ctx

from lipsym.domains.balls import ball
from lipsym.enclose.flow.field import Term
from lipsym.enclose.flow.integrate import Piece, Stopped
from lipsym.enclose.flow.recurrences import RECURRENCES
from lipsym.enclose.flow.trajectory import Trajectory, subdivided, trajectory
from lipsym.enclosure import Enclosure
from lipsym.errors import InputError
from lipsym.nets.layers.affine import Affine
from lipsym.nets.layers.elementwise import Elementwise

A = [["1/2", "-3/4"], ["5/4", "1/3"]]
B = ["1/5", "-1/7"]
X = ["3/10", "-2/5"]
F = Fraction

MP = {
    "identity": lambda z: z,
    "tanh": mpmath.tanh,
    "sigmoid": lambda z: 1 / (1 + mpmath.exp(-z)),
    "softplus": lambda z: mpmath.log(1 + mpmath.exp(z)),
    "sin": mpmath.sin,
    "arctan": mpmath.atan,
    "erf": mpmath.erf,
    "gelu": lambda z: z * (1 + mpmath.erf(z / mpmath.sqrt(2))) / 2,
    "silu": lambda z: z / (1 + mpmath.exp(-z)),
}


def neuron(name, d=2, rate=1, blocks=(1,)):
    layers = []
    for block in blocks:
        layers += [Affine(d, d, block), Elementwise(name, d)]
    return Term(arb(rate), tuple(layers))


def piece(*terms, start=0, duration=1):
    return Piece(F(start), F(duration), terms)


def reference(f, x, t, start=0, steps=6, columns=13):
    """Extrapolation of the modified midpoint rule (Gragg, Bulirsch, Stoer) at 40 digits; errs by less than 1e-20."""
    with mpmath.workdps(40):
        y, h = [_mpf(v) for v in x], mpmath.mpf(t) / steps
        for s in range(steps):
            y = _extrapolated(f, y, start + s * h, h, columns)
        return y


def _extrapolated(f, y, t, h, columns):
    table = []
    for k in range(1, columns + 1):
        n, old, new = 2 * k, y, [v + h / (2 * k) * w for v, w in zip(y, f(t, y), strict=True)]
        for m in range(1, n):
            old, new = new, [v + 2 * h / n * w for v, w in zip(old, f(t + m * h / n, new), strict=True)]
        row = [[(a + b + h / n * w) / 2 for a, b, w in zip(new, old, f(t + h, new), strict=True)]]
        for j in range(1, k):
            ratio = mpmath.mpf(k) ** 2 / (k - j) ** 2 - 1
            row.append([p + (p - q) / ratio for p, q in zip(row[-1], table[-1][j - 1], strict=True)])
        table.append(row)
    return table[-1][-1]


def contains(balls, values, slack="1e-20"):
    """Every ball, widened by more than the reference errs, contains the value."""
    with ctx.workprec(200):
        return all(
            (b + arb(0, slack)).contains(arb(mpmath.nstr(v, 45))) for b, v in zip(balls.entries(), values, strict=True)
        )


def _mpf(v):
    return v if isinstance(v, mpmath.mpf) else mpmath.mpf(v.numerator) / v.denominator


def mp_affine(a, b, y):
    q = [[_mpf(F(v)) for v in row] for row in a]
    c = [_mpf(F(v)) for v in b]
    return [sum(w * z for w, z in zip(row, y, strict=True)) + v for row, v in zip(q, c, strict=True)]


@pytest.mark.parametrize("name", RECURRENCES)
def test_contains_the_solution_at_many_digits(name):
    end = trajectory([piece(neuron(name))], {1: (A, B)}, X, step=F(1, 10))
    with mpmath.workdps(40):
        expected = reference(lambda t, y: [MP[name](z) for z in mp_affine(A, B, y)], [F(v) for v in X], 1)
    assert isinstance(end, Trajectory)
    assert contains(end.balls, expected)
    assert max(e.width for e in end.state) < F(1, 10**12)


def test_scalar_tanh_in_closed_form():
    # x' = tanh(a x): sinh(a x(t)) = sinh(a x(0)) exp(a t).
    a, x0 = F(3, 2), F(1, 3)
    end = trajectory([piece(neuron("tanh", 1))], {1: ([[a]], [0])}, [x0], degree=2)
    with ctx.workprec(128):
        s = (ball(a) * ball(x0)).sinh() * ball(a).exp()
        assert end.balls[0, 0].overlaps(s.asinh() / ball(a))
        assert end.balls[0, 0].rad() < arb("1e-15")


def test_linear_by_the_matrix_exponential():
    # X_T = exp(AT) x, D_A X_T[H] = the upper right block of exp(T (A H; 0 A)) x.
    layers = Term(arb(1), (Affine(2, 2, 1, bias=False),))
    end = trajectory([piece(layers)], {1: (A, None)}, X, degree=2, step=F(1, 10))
    with ctx.workprec(128):
        a = arb_mat([[ball(v) for v in row] for row in A])
        x = arb_mat(2, 1, [ball(v) for v in X])
        assert (a.exp() * x).overlaps(end.balls)
        for k in range(4):
            h = arb_mat(2, 2, [int(i == k) for i in range(4)])
            big = arb_mat(4, 4)
            for i in range(2):
                for j in range(2):
                    big[i, j] = big[i + 2, j + 2] = a[i, j]
                    big[i, j + 2] = h[i, j]
            power = big.exp()
            block = arb_mat(2, 2, [power[i, j + 2] for i in range(2) for j in range(2)])
            column = (block * x).entries()
            assert all(c.overlaps(end.first[i, k]) for i, c in enumerate(column))
            assert all(end.first[i, k].rad() < arb("1e-15") for i in range(2))
            # D²X[H, H] = 2 x the third block of exp of the 3-by-3 block bidiagonal matrix.
            tri = arb_mat(6, 6)
            for i in range(2):
                for j in range(2):
                    for s in range(3):
                        tri[2 * s + i, 2 * s + j] = a[i, j]
                    tri[i, 2 + j] = tri[2 + i, 4 + j] = h[i, j]
            power = tri.exp()
            block = arb_mat(2, 2, [power[i, 4 + j] for i in range(2) for j in range(2)])
            column = (block * x * arb(2)).entries()
            assert all(c.overlaps(end.second[i, 5 * k]) for i, c in enumerate(column))


@pytest.mark.parametrize("name", ["tanh", "softplus", "gelu", "silu"])
def test_derivatives_agree_with_differences_of_enclosures(name):
    """Central differences of tight states and derivatives, whose own error is of order ``eps²``."""
    blocks = {1: (A, B), 2: ([["1/3", "1/2"], ["-2/3", "1/4"]], ["1/9", "0"])}
    field = [piece(neuron(name, blocks=(1, 2)))]
    end = trajectory(field, blocks, X, degree=2, variables="all", order=10, step=F(1, 8))
    eps = F(1, 10**3)
    count = 2 + 12
    assert end.first.ncols() == count
    for k in range(0, count, 5):
        shifted = [_shift(blocks, X, k, sign * eps) for sign in (1, -1)]
        up, down = (trajectory(field, t, x, degree=1, variables="all", order=10, step=F(1, 8)) for t, x in shifted)
        with ctx.workprec(128):
            for i in range(2):
                slope = (up.balls[i, 0] - down.balls[i, 0]) / (2 * ball(eps))
                assert abs(slope - end.first[i, k]) < arb("1e-5")
                for m in range(count):
                    bend = (up.first[i, m] - down.first[i, m]) / (2 * ball(eps))
                    assert abs(bend - end.second[i, k * count + m]) < arb("1e-5")


def _shift(blocks, x, k, eps):
    flat = [F(v) for v in x]
    for a, b in blocks.values():
        flat += [F(v) for row in a for v in row] + [F(v) for v in b]
    flat[k] += eps
    result, at = {}, 2
    for block in blocks:
        result[block] = ([flat[at : at + 2], flat[at + 2 : at + 4]], flat[at + 4 : at + 6])
        at += 6
    return result, flat[:2]


def test_a_direction_is_the_contraction_of_the_coordinates():
    blocks = {1: (A, B)}
    u = {1: ([[1, "1/2"], ["-1/3", 2]], ["1/4", -1])}
    field = [piece(neuron("tanh"))]
    full = trajectory(field, blocks, X, degree=2, step=F(1, 8))
    along = trajectory(field, blocks, X, degree=2, variables=u, step=F(1, 8))
    with ctx.workprec(128):
        v = arb_mat(6, 1, [ball(w) for w in [1, "1/2", "-1/3", 2, "1/4", -1]])
        assert (full.first * v).overlaps(along.first)
        forms = [arb_mat(6, 6, row) for row in full.second.tolist()]
        assert all((v.transpose() * m * v)[0, 0].overlaps(along.second[i, 0]) for i, m in enumerate(forms))
        assert max(x.rad() for x in along.second.entries()) < arb("1e-10")


def test_controls_mixed_of_pieces_and_jumps():
    """Two fields driven by a path with two linear pieces and a jump of a kinked field between them."""
    blocks = {1: (A, B), 2: ([["1/3", "1/2"], ["-2/3", "1/4"]], ["1/9", "0"])}

    def terms(r1, r2):
        return neuron("tanh", rate=r1), neuron("sigmoid", rate=r2, blocks=(2,))

    kink = Term(arb(1), (Affine(2, 2, 2), Elementwise("relu", 2)))
    pieces = [
        Piece(F(0), F(1, 2), terms(2, -1)),
        Piece(F(1, 2), F(0), (kink,)),
        Piece(F(1, 2), F(1), terms(-1, 3)),
    ]
    end = trajectory(pieces, blocks, X, degree=1, step=F(1, 10))

    def rhs(r1, r2):
        return lambda t, y: [
            r1 * mpmath.tanh(p) + r2 / (1 + mpmath.exp(-q))
            for p, q in zip(mp_affine(A, B, y), mp_affine(*blocks[2], y), strict=True)
        ]

    with mpmath.workdps(40):
        y = reference(rhs(2, -1), [F(v) for v in X], mpmath.mpf(1) / 2)
        y = [v + max(0, s) for v, s in zip(y, mp_affine(*blocks[2], y), strict=True)]
        y = reference(rhs(-1, 3), y, 1)
    assert contains(end.balls, y)
    assert max(e.width for e in end.state) < F(1, 10**12)


def test_time_as_an_input():
    # x' = sin(t + x): the affine map reads (x, t).
    term = Term(arb(1), (Affine(2, 1, 1, bias=False), Elementwise("sin", 1)), timed=True)
    end = trajectory([Piece(F(1, 2), F(1), (term,))], {1: ([[1, 1]], None)}, [F(1, 3)], degree=1, step=F(1, 10))
    with mpmath.workdps(40):
        half = mpmath.mpf(1) / 2
        assert contains(end.balls, reference(lambda t, y: [mpmath.sin(y[0] + t)], [F(1, 3)], 1, start=half))


def _samples(d, rho, count, seed):
    rng = np.random.default_rng(seed)
    return np.concatenate([np.sign(rng.standard_normal((count, d))), rng.uniform(-1, 1, (count, d))]) * rho


@pytest.mark.parametrize("rho", [F(1, 100), F(1, 5)])
def test_boxes_of_parameters_and_states_contain_samples(rho):
    box = [[Enclosure(F(v) - rho, F(v) + rho) for v in row] for row in (*A, B, X)]
    end = trajectory(
        [piece(neuron("tanh"))],
        {1: (box[:2], box[2])},
        box[3],
        degree=2,
        variables="all",
        order=6,
        step=F(1, 4),
        precision=64,
    )
    assert isinstance(end, Trajectory)
    offsets = _samples(8, float(rho), 300, 0)
    base = np.array([float(F(v)) for row in (*A, B, X) for v in row])
    p = base + offsets
    x = p[:, 6:].copy()
    for _ in range(200):
        x = _rk4(lambda y: np.tanh(np.einsum("nij,nj->ni", p[:, :4].reshape(-1, 2, 2), y) + p[:, 4:6]), x, 1 / 200)
    for i, e in enumerate(end.state):
        assert float(e.lo) - 1e-9 <= x[:, i].min()
        assert x[:, i].max() <= float(e.hi) + 1e-9
    # The derivatives of exact points of the box lie inside as well.
    for row in offsets[:2]:
        at = [F(v) + F(o) for v, o in zip([v for r in (*A, B, X) for v in r], row.tolist(), strict=True)]
        point = trajectory(
            [piece(neuron("tanh"))],
            {1: ([at[:2], at[2:4]], at[4:6])},
            at[6:],
            degree=2,
            variables="all",
            order=8,
            step=F(1, 4),
            precision=64,
        )
        for wide, thin in ((end.balls, point.balls), (end.first, point.first), (end.second, point.second)):
            assert all(w.contains(t) for w, t in zip(wide.entries(), thin.entries(), strict=True))


def _rk4(f, x, h):
    k1 = f(x)
    k2 = f(x + h / 2 * k1)
    k3 = f(x + h / 2 * k2)
    k4 = f(x + h * k3)
    return x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


@pytest.mark.parametrize("rate", [1, -1])
def test_a_box_of_states_alone_is_as_wide_as_its_image(rate):
    """No derivatives, or derivatives by the parameters: the box of states is carried along; the embedding is sharp."""
    box = [Enclosure(F(v) - F(1, 5), F(v) + F(1, 5)) for v in X]
    a = [["1/2", "3/4"], ["5/4", "1/3"]] if rate > 0 else [["-1/2", "-3/4"], ["-5/4", "-1/3"]]
    for variables in ("none", "parameters"):
        end = trajectory([piece(neuron("tanh", rate=rate))], {1: (a, B)}, box, variables=variables, step=F(1, 10))
        corners = [
            trajectory([piece(neuron("tanh", rate=rate))], {1: (a, B)}, [getattr(e, end) for e in box]).state
            for end in ("lo", "hi")
        ]
        # The field is cooperative, so the images of two corners span the image of the box.
        for e, lo, hi in zip(end.state, *corners, strict=True):
            assert e.lo <= lo.hi
            assert hi.lo <= e.hi
            assert e.width < (hi.hi - lo.lo) * F(1001, 1000)


def test_a_shrunk_enclosure_misses():
    """The same comparison fails once a quarter of the width is taken away: it has power."""
    rho = F(1, 100)
    box = [[Enclosure(F(v) - rho, F(v) + rho) for v in row] for row in A]
    field = [piece(neuron("tanh"))]
    end = trajectory(field, {1: (box, B)}, X)
    centre = trajectory(field, {1: (A, B)}, X, degree=1)
    signs = [1 if centre.first[0, k].mid() > 0 else -1 for k in range(4)]
    corner = [[F(A[i][j]) + signs[2 * i + j] * rho for j in range(2)] for i in range(2)]
    point = trajectory(field, {1: (corner, B)}, X).state[0]
    wide = end.state[0]
    middle, half = (wide.lo + wide.hi) / 2, wide.width / 2
    assert wide.contains(point)
    assert not Enclosure(middle - half * F(3, 4), middle + half * F(3, 4)).contains(point)


def test_subdividing_a_box_narrows_what_is_reached():
    rho = F(1, 10)
    box = [[Enclosure(F(v) - rho, F(v) + rho) for v in row] for row in (*A, B, X)]
    field = [piece(neuron("tanh"))]
    asked = {"degree": 1, "order": 4, "step": F(1, 8), "precision": 64}
    whole = trajectory(field, {1: (box[:2], box[2])}, box[3], variables="all", **asked)
    parts = subdivided(field, {1: (box[:2], box[2])}, box[3], 8, variables="all", **asked)
    rng = np.random.default_rng(2)
    for _ in range(3):
        flat = [
            F(v) + rho * F(s)
            for v, s in zip([v for r in (*A, B, X) for v in r], rng.uniform(-1, 1, 8).tolist(), strict=True)
        ]
        point = trajectory(field, {1: ([flat[:2], flat[2:4]], flat[4:6])}, flat[6:], variables="all", **asked)
        assert all(p.contains(q) for p, q in zip(parts.balls.entries(), point.balls.entries(), strict=True))
        assert all(p.overlaps(q) for p, q in zip(parts.first.entries(), point.first.entries(), strict=True))
    for p, w in zip(parts.state, whole.state, strict=True):
        assert p.width < w.width


def test_a_joint_ball_is_narrower_than_its_box():
    rho = F(1, 20)
    box = [[Enclosure(F(v) - rho, F(v) + rho) for v in row] for row in A]
    bias = [Enclosure(F(v) - rho, F(v) + rho) for v in B]
    field = [piece(neuron("tanh"))]
    cube = trajectory(field, {1: (box, bias)}, X)
    round_ = trajectory(field, {1: (box, bias)}, X, joint=[((1,), rho)])
    point = trajectory(field, {1: (A, B)}, X, degree=1)
    gradient = np.array([float(v.mid()) for v in point.first.tolist()[0]])
    edge = [F(v) * F(999, 1000) * rho for v in (gradient / np.linalg.norm(gradient)).tolist()]
    moved = [[F(A[i][j]) + edge[2 * i + j] for j in range(2)] for i in range(2)]
    reached = trajectory(field, {1: (moved, [F(v) + e for v, e in zip(B, edge[4:], strict=True)])}, X)
    for r, c, p in zip(round_.state, cube.state, reached.state, strict=True):
        assert r.contains(p)
        assert r.width < c.width * F(3, 4)


def test_what_cannot_be_validated_says_how_far_it_came():
    # x' = x² is not in the table; a linear field with an enormous parameter box soon is not bounded.
    wide = [[Enclosure(-(10**30), 10**30)]]
    end = trajectory([piece(Term(arb(1), (Affine(1, 1, 1, bias=False),)))], {1: (wide, None)}, [1])
    assert isinstance(end, Stopped)
    assert 0 <= end.time < 1


def test_kinks_are_refused_in_a_flow():
    with pytest.raises(InputError, match="it has a kink"):
        trajectory([piece(neuron("relu"))], {1: (A, B)}, X)
    with pytest.raises(InputError, match="no second derivative"):
        trajectory([piece(neuron("relu"), duration=0)], {1: (A, B)}, X, degree=2)
    with pytest.raises(InputError, match="order 2 at least"):
        trajectory([piece(neuron("tanh"))], {1: (A, B)}, X, order=1)
