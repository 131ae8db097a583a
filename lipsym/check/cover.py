"""Covers re-checked: on every leaf of the tree, the quantity is at most the bound.

Invariant: the leaves tile a box that contains the reduced region, and each is bounded here by plain interval
evaluation. A leaf for which that is not enough is bisected further, within a budget of boxes. Derivatives are enclosed
in the chosen domain; largest eigenvalues of the matrices that they form, by Gershgorin discs in Arb.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb_mat

from lipsym.check.document import LARGEST_FILE, fields, number, numbers, refuse
from lipsym.check.jets import Calculus, Jet
from lipsym.check.model import Affine, Model, Sigma, Values, value
from lipsym.domains import evaluate
from lipsym.domains.balls import ball, ball_matrix, ends, midpoints, working_precision
from lipsym.domains.norms import symmetric_eigenvalue_bound
from lipsym.domains.parse import parse
from lipsym.domains.record import Domain
from lipsym.enclosure import Enclosure
from lipsym.errors import LipsymError

Box = list[tuple[Fraction, Fraction]]
Place = tuple[int | None, Enclosure]
"""A variable and the factor by which it enters; ``None``: the factor is the value itself."""

ZERO, ONE = Enclosure(0), Enclosure(1)
IDLE: Place = (None, ZERO)
_ALONG = (parse("S/sqrt(S**2 + 1)"), parse("1/sqrt(S**2 + 1)"))


class BeyondReachError(LipsymError, ValueError):
    """The budget of boxes ended before the last leaf, or the question is one that is not covered here."""


@dataclass(frozen=True, slots=True)
class Ball:
    """``Σ (v_i − c_i)² ≤ square`` over a group of variables."""

    group: tuple[int, ...]
    centre: tuple[Fraction, ...]
    square: Fraction


@dataclass(frozen=True, slots=True)
class Reduced:
    """The region in the variables that matter, and how they sit among all parameters and inputs.

    Args:
        names: of the variables: ``A2[1,3]``, ``b2[1]``, ``x[1]``; ``w1[2]`` is what moves unit 2 of the first layer.
        places: for each coordinate of ``(θ, x)`` where its value comes from.
        root: a box that contains the variables.
        balls: in which they lie.
        outputs: how many outputs, from the first, are looked at.
        units: for each variable the unit whose sign may be chosen, as layer and row, or ``None``.
    """

    names: tuple[str, ...]
    places: tuple[Place, ...]
    root: Box
    balls: tuple[Ball, ...]
    outputs: int
    units: tuple[tuple[int, int] | None, ...]


def check_cover(
    model: Model, item: Any, order: int, values: Values, domain: Domain[Any], budget: int
) -> tuple[Fraction, int]:
    """The bound that a cover proves, and how many boxes that took.

    A cover in other variables than the checker's is set aside: the checker then covers its own root box.

    Raises:
        RefusedError: if the record is no cover of the region.
        BeyondReachError: if the budget ended.
    """
    _, _, _, _, names, lo, hi, cases, nodes, bound = fields(
        item, "a cover", kind=str, domain=str, precision=int, reductions=list, variables=list,
        lo=list, hi=list, cases=int, nodes=str, bound=str)  # fmt: skip
    if order not in (1, 2):
        raise refuse(f"a cover for derivatives of order {order}", "covers bound the orders 1 and 2")
    reduced, most, tree = reduce(model, values), number(bound, "the bound"), _unpack(nodes)
    stated = list(zip(numbers(lo, "the root box", len(names)), numbers(hi, "the root box", len(names)), strict=True))
    boxes = leaves(tree, stated, cases)
    if sorted(map(str, names)) == sorted(reduced.names):
        order_of = [names.index(name) for name in reduced.names]
        root = [stated[i] for i in order_of]
        _contains(root, reduced)
        starts = ([box[i] for i in order_of] for box in boxes)
    else:
        for _ in boxes:  # the tree is read to its end, and refused where it is none
            pass
        root, starts = reduced.root, iter([reduced.root])
    count = 0
    with domain.session() as inner:
        leaf = Leaf(model, reduced, order, most, inner)
        for start in starts:
            waiting = [start]
            while waiting:
                count += 1
                if count > budget:
                    raise BeyondReachError(
                        f"the bound {float(most):.6g} by branch and bound",
                        f"the budget of {budget} boxes ended",
                        "raise it",
                    )
                box = waiting.pop()
                if not leaf.holds(box):
                    waiting += _halves(box, _widest(box, root))
    return most, count


def _contains(root: Box, reduced: Reduced) -> None:
    """Refuse a root box that misses a part of the region, but for one sign of one variable for each unit."""
    halved = []
    for (a, b), (lo, hi), unit in zip(root, reduced.root, reduced.units, strict=True):
        if b < hi or (a > lo and (a > 0 or unit is None)):
            raise refuse("the root box of a cover", "it does not contain the region")
        halved += [unit] if a > lo else []
    if len(set(halved)) < len(halved):
        raise refuse("the root box of a cover", "one unit has one sign to choose")


def leaves(tree: bytes, root: Box, cases: int) -> Iterator[Box]:
    """The leaves of a preorder of bisection trees; refuses what is not ``cases`` complete trees."""
    if not 0 < cases <= len(tree):
        raise refuse(f"a cover of {cases} cases", "each case has a tree")
    waiting = [root] * cases
    for code in tree:
        if not waiting or code > len(root):
            raise refuse("the tree of a cover", "it has nodes after its end, or bisects a variable that is not there")
        box = waiting.pop()
        if code:
            waiting += reversed(_halves(box, code - 1))
        else:
            yield box
    if waiting:
        raise refuse("the tree of a cover", "it ends before it covers the box")


class Leaf:
    """The estimate on one box."""

    def __init__(self, model: Model, reduced: Reduced, order: int, bound: Fraction, domain: Domain[Any]) -> None:
        self.model, self.reduced, self.order, self.bound, self.d = model, reduced, order, bound, domain
        self.calculus = Calculus(model, domain)
        self.places = [(v, None if f == ZERO else domain.enclose(f)) for v, f in reduced.places]

    def holds(self, box: Box) -> bool:
        """Whether the box lies outside of the region, or the norm is seen to be at most the bound on it."""
        inside = self._contracted(box)
        if inside is None:
            return True
        entered = [self.d.enclose(Enclosure(*ends)) for ends in inside]
        full = [f if v is None else self.calculus.multiply(entered[v], f) for v, f in self.places]
        outputs = self.calculus.outputs(full[: self.model.count], full[self.model.count :], self.order)
        return _norm_at_most(self.calculus, outputs[: self.reduced.outputs], self.order, self.bound)

    def _contracted(self, box: Box) -> Box | None:
        """The part of the box that may lie in the region, by ``|v_i − c_i|² ≤ r² − Σ_{j≠i} |v_j − c_j|²``."""
        result = list(box)
        for around in self.reduced.balls:
            terms = list(zip(around.group, around.centre, strict=True))
            nearest = [max(c - box[i][1], box[i][0] - c, Fraction(0)) ** 2 for i, c in terms]
            slack = around.square - sum(nearest)
            if slack < 0:
                return None
            for (i, c), own in zip(terms, nearest, strict=True):
                reach = self.d.ends(self.d.root(self.d.enclose(Enclosure(slack + own)), 2)).hi
                result[i] = max(result[i][0], Fraction(c - reach)), min(result[i][1], Fraction(c + reach))
        return result


def _norm_at_most(calculus: Calculus, outputs: Sequence[Jet], order: int, bound: Fraction) -> bool:
    """Whether the operator norm of the derivative is at most ``bound``, for all values in the intervals."""
    gradients, hessians = [jet[1] for jet in outputs], [jet[2] for jet in outputs]
    if order == 2 and len(outputs) == 1:
        return _spectral(calculus, hessians[0], bound)
    rows: dict[tuple[int, int], Any] = {}
    if order == 1:  # ‖J‖² = λ_max(JJᵀ)
        for c, f in enumerate(gradients):
            for e, g in list(enumerate(gradients))[c:]:
                products = (calculus.square(v) if c == e else calculus.multiply(v, g.get(p)) for p, v in f.items())
                rows[c, e] = calculus.total(products)
    else:  # ‖D²N[u, ·]‖ ≤ √λ_max(Σ_c H_c²) for unit u
        for h in hessians:
            whole = h | {(q, p): v for (p, q), v in h.items()}
            for (p, k), v in whole.items():
                for q in {q for r, q in whole if r == k and q >= p}:
                    term = calculus.square(v) if p == q else calculus.multiply(v, whole[k, q])
                    rows[p, q] = calculus.add(rows.get((p, q)), term)
    return _spectral(calculus, {place: v for place, v in rows.items() if v is not None}, bound**2)


def _spectral(calculus: Calculus, entries: Mapping[tuple[int, int], Any], bound: Fraction) -> bool:
    """Whether every symmetric matrix inside the intervals has a spectral norm of at most ``bound``.

    Let ``M`` be the midpoints, ``Δ`` the radii, ``v > 0`` any vector. Then ``‖H‖ ≤ ‖M‖ + max_i (Δv)_i/v_i``
    (Collatz–Wielandt); floating point proposes ``v``.
    """
    index = {p: i for i, p in enumerate(sorted({p for place in entries for p in place}))}
    if not index:
        return bound >= 0
    middle, radius = arb_mat(len(index), len(index)), arb_mat(len(index), len(index))
    with working_precision(100):
        for (p, q), interval in entries.items():
            entry, i, j = ball(calculus.domain.ends(interval)), index[p], index[q]
            if not entry.is_finite():
                return False
            middle[i, j] = middle[j, i] = entry.mid()
            radius[i, j] = radius[j, i] = entry.rad()
        proposed = abs(np.linalg.eigh(midpoints(radius))[1][:, -1:]) + 2.0**-10
        v = ball_matrix(proposed)
        spread = max((ends(a / b).hi for a, b in zip((radius * v).entries(), v.entries(), strict=True)), default=0)
        return all(symmetric_eigenvalue_bound(m).hi + spread <= bound for m in (middle, -middle))


def reduce(model: Model, values: Values) -> Reduced:
    """The region for all of the values, in the variables that matter.

    In balls around 0, with a first and a last block used once:

    - ``x = S e_1`` and ``(A_1 e_1, b_1) = w (S, 1)/q``, ``q² = S² + 1`` (without bias ``A_1 e_1 = w``). A rotation of
      the inputs turns ``x`` to ``s e_1``, where the other columns of ``A_1`` are idle. The network depends on ``θ_1``
      through ``z_1`` alone, linearly; among the ``(a, b)`` with ``a s + b = z_1`` the shortest at ``s = S`` is
      ``z_1 (S, 1)/q²``, no longer than any at ``s ≤ S``, and ``θ̇_1 ↦ ż_1`` maps the unit ball onto a larger ball there.
    - After a last affine layer ``b_m`` is idle, and a rotation of the outputs turns the unit ``v`` that attains
      ``‖v·D^kN‖`` to ``e_1``: the first output alone, and the first row of ``A_m`` alone, have the same supremum.
    - Where the activations after a layer are odd, negating a unit's row and its column in the next block changes
      nothing: one entry of the row may be taken not to be negative. The same holds for the row of a last layer.
    """
    region, count, width = model.region, model.count, model.widths[0]
    if model.radius is None or model.loss is not None:
        raise BeyondReachError(
            "a cover of a loss, or over given inputs", "it is not re-checked by this version", "take another proof"
        )
    affine = [layer for layer in model.layers if isinstance(layer, Affine)]
    first, last = affine[0], affine[-1]
    once = {layer.block for layer in affine if sum(layer.block == other.block for other in affine) == 1}
    balls = region.kind != "box" and not any(region.centre)
    turned = balls and first.block in once and model.layers[0] is first
    single = balls and last.block in once and model.layers[-1] is last and last is not first
    places: list[Place] = [(i, ONE) for i in range(count + width)]
    if turned:
        reach = Enclosure(value(model.radius, values).hi)
        along = [evaluate(t, {"S": reach}, "arb", 100) for t in _ALONG] if first.bias else [ONE]
        for i in range(first.outputs):
            row = first.start + i * width
            places[row : row + width] = [(row, along[0]), *[IDLE] * (width - 1)]
            if first.bias:
                places[first.start + first.outputs * width + i] = (row, along[1])
        places[count:] = [(None, reach), *[IDLE] * (width - 1)]
    if single:
        end = last.start + last.outputs * (last.inputs + last.bias)
        places[last.start + last.inputs : end] = [IDLE] * (end - last.start - last.inputs)
    names, units = _names(model, turned), _units(model, once) if balls else {}
    used = sorted({place[0] for place in places if place[0] is not None})
    index = {v: n for n, v in enumerate(used)}
    root, found = _root(model, values, index)
    return Reduced(
        tuple(names[v] for v in used),
        tuple((None if v is None else index[v], factor) for v, factor in places),
        root,
        found,
        1 if single else model.widths[1],
        tuple(units.get(v) for v in used),
    )


def _root(model: Model, values: Values, index: Mapping[int, int]) -> tuple[Box, tuple[Ball, ...]]:
    """The box and the balls of the variables that are used."""
    region, count = model.region, model.count
    root: dict[int, tuple[Fraction, Fraction]] = {}
    groups: list[tuple[int, int, Any]] = [(count, count + model.widths[0], model.radius)]
    if region.kind == "box":
        for v, lo, hi in zip(range(count), region.lo, region.hi, strict=True):
            root[v] = Fraction(value(lo, values).lo), Fraction(value(hi, values).hi)
    elif region.kind == "ball":
        groups.append((0, count, region.radii[0]))
    else:
        groups += [(a, b, r) for (a, b), r in zip(model.spans, region.radii, strict=True)]
    balls, centres = [], [*region.centre, *[Fraction(0)] * (count + model.widths[0] - len(region.centre))]
    for a, b, radius in groups:
        inside = [v for v in range(a, b) if v in index]
        reach, square = (Fraction(value(e, values).hi) for e in (radius, radius**2))
        root |= {v: (centres[v] - reach, centres[v] + reach) for v in inside}
        if inside:
            balls.append(Ball(tuple(index[v] for v in inside), tuple(centres[v] for v in inside), square))
    return [root[v] for v in index], tuple(balls)


def _names(model: Model, turned: bool) -> list[str]:
    """The names of all coordinates of ``(θ, x)``."""
    names = []
    for k, block in enumerate(dict.fromkeys(layer.block for layer in model.layers if isinstance(layer, Affine)), 1):
        layer = next(a for a in model.layers if isinstance(a, Affine) and a.block == block)
        for i in range(1, layer.outputs + 1):
            names += [f"w{k}[{i}]" if turned and k == 1 else f"A{k}[{i},{j}]" for j in range(1, layer.inputs + 1)]
        names += [f"b{k}[{i}]" for i in range(1, layer.outputs + 1)] if layer.bias else []
    return names + [f"x[{j}]" for j in range(1, model.widths[0] + 1)]


def _units(model: Model, once: set[int]) -> dict[int, tuple[int, int]]:
    """The unit whose row a parameter stands in, for the units whose signs may be chosen."""
    found: dict[int, tuple[int, int]] = {}
    free: list[tuple[int, Affine]] = []
    for layer in [*model.layers, None]:
        if isinstance(layer, Sigma):
            free = free if layer.odd else []
            continue
        if layer is None or layer.block in once:
            for k, one in free:
                rows, columns = one.outputs, one.inputs
                found |= {one.start + i * columns + j: (k, i) for i in range(rows) for j in range(columns)}
                found |= {one.start + rows * columns + i: (k, i) for i in range(rows)} if one.bias else {}
        free = [(len(found), layer)] if layer is not None and layer.block in once else []
    return found


def _halves(box: Box, i: int) -> list[Box]:
    lo, hi = box[i]
    middle = (lo + hi) / 2
    return [[*box[:i], (lo, middle), *box[i + 1 :]], [*box[:i], (middle, hi), *box[i + 1 :]]]


def _widest(box: Box, root: Box) -> int:
    return max(range(len(box)), key=lambda i: (box[i][1] - box[i][0]) / max(root[i][1] - root[i][0], Fraction(1)))


def _unpack(text: str) -> bytes:
    try:
        decoder = zlib.decompressobj()
        tree = decoder.decompress(base64.b64decode(text, validate=True), LARGEST_FILE)
    except (binascii.Error, zlib.error, ValueError) as error:
        raise refuse("the tree of a cover", f"it cannot be unpacked: {error}") from error
    if not decoder.eof or decoder.unused_data:
        raise refuse("the tree of a cover", "it is cut, or longer than it may be")
    return tree
