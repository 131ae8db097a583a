"""Exact checks behind proofs/chain-rule.md and proofs/layer-sums.md."""

from __future__ import annotations

from itertools import combinations_with_replacement

import pytest
import sympy as sp

from lipsym.bounds.chain import compose
from lipsym.bounds.derivation import Derivation
from lipsym.bounds.jet import ZERO, LocalJet, NormJet, largest_eigenvalue
from lipsym.bounds.recursion import layer_sums
from lipsym.bounds.unfold import unfold

ENTRIES = ("u", "p", "uu", "up", "pp", "uuu", "uup", "upp", "ppp")


def scalar_layer(entries: dict[str, sp.Expr], u: sp.Expr, p: sp.Expr) -> sp.Expr:
    """The polynomial whose derivatives at (0, 0) are the entries."""
    total = sp.S.Zero
    for name, value in entries.items():
        i, j = name.count("u"), name.count("p")
        total += value * u**i * p**j / (sp.factorial(i) * sp.factorial(j))
    return total


@pytest.mark.parametrize("blocks", [(1, 2), (1, 1), (1, 2, 1), (2, 1, 1), (1, None, 2)])
def test_the_chain_rule_is_attained_by_scalar_polynomials(blocks: tuple[int | None, ...]) -> None:
    thetas = {b: sp.Symbol(f"theta_{b}") for b in blocks if b is not None}
    jet, map_, number = NormJet(ZERO), sp.S.Zero, 1
    for block in blocks:
        entries = {}
        for name in ENTRIES if block is not None else ("u", "uu", "uuu"):
            number += 1
            entries[name] = sp.Rational(sp.prime(number), number)
        jet = compose(jet, LocalJet(value=ZERO, block=block, **entries), 3)
        map_ = sp.expand(scalar_layer(entries, map_, thetas.get(block, ZERO)))
        # Degree 3 is all that third derivatives at 0 see.
        poly = sp.Poly(map_, *thetas.values())
        map_ = sp.Add(
            *(
                c * sp.prod(t**e for t, e in zip(thetas.values(), m, strict=True))
                for m, c in poly.terms()
                if sum(m) <= 3
            )
        )
    origin = dict.fromkeys(thetas.values(), 0)
    names = sorted(thetas)
    for i in names:
        assert jet.d[i] == sp.diff(map_, thetas[i]).subs(origin)
    for i, j in combinations_with_replacement(names, 2):
        assert jet.h.get((i, j), ZERO) == sp.diff(map_, thetas[i], thetas[j]).subs(origin)
    for i, j, k in combinations_with_replacement(names, 3):
        assert jet.t.get((i, j, k), ZERO) == sp.diff(map_, thetas[i], thetas[j], thetas[k]).subs(origin)


def symbolic_layers(kinds: str) -> list[LocalJet]:
    """a: affine-like with a block and every second-order entry, e: elementwise."""
    made = []
    for k, kind in enumerate(kinds, 1):
        s = [sp.Symbol(f"{name}{k}", positive=True) for name in ("u", "uu", "p", "up", "pp")]
        if kind == "a":
            made.append(LocalJet(value=ZERO, u=s[0], uu=s[1], p=s[2], up=s[3], pp=s[4], block=k))
        else:
            made.append(LocalJet(value=ZERO, u=s[0], uu=s[1]))
    return made


@pytest.mark.parametrize("kinds", ["a", "ae", "aea", "aeae", "eaa", "aeaea", "aaea", "aeaeaee"])
def test_layer_sums_equal_the_entrywise_chain_rule(kinds: str) -> None:
    layers = symbolic_layers(kinds)
    jet = NormJet(ZERO)
    for layer in layers:
        jet = compose(jet, layer, 2)

    def sums(order: int) -> sp.Expr:
        out = Derivation(set())
        result = layer_sums(layers, order, out)
        return unfold([(s.symbol, s.expr) for s in out.steps], result)

    assert sp.expand(sums(1) ** 2 - sum(d**2 for d in jet.d.values())) == 0
    h = {key: sp.expand(value) for key, value in jet.h.items()}
    if len(jet.d) == 2:
        i, j = sorted(jet.d)
        numbers = {s: sp.Rational(sp.prime(n + 3), n + 2) for n, s in enumerate(sorted(sums(2).free_symbols, key=str))}
        expected = largest_eigenvalue(h[i, i], h[i, j], h[j, j])
        assert sp.expand(sp.radsimp((sums(2) - expected).subs(numbers))) == 0
    else:
        frobenius = sum((1 if i == j else 2) * value**2 for (i, j), value in h.items())
        assert sp.expand(sums(2) ** 2 - frobenius) == 0


def test_composition_of_tails_is_associative() -> None:
    pairs = [sp.symbols(f"S{k} C{k}") for k in range(3)]

    def after(second: tuple, first: tuple) -> tuple:
        return second[0] * first[0], second[0] * first[1] + second[1] * first[0] ** 2

    a, b, c = pairs
    left, right = after(after(c, b), a), after(c, after(b, a))
    assert [sp.expand(x - y) for x, y in zip(left, right, strict=True)] == [0, 0]


def test_the_largest_eigenvalue_is_a_root_and_the_larger_one() -> None:
    a, b, d, x = sp.symbols("a b d x", positive=True)
    top = largest_eigenvalue(a, b, d)
    charpoly = (x - a) * (x - d) - b**2
    assert sp.expand(charpoly.subs(x, top)) == 0
    assert sp.expand(2 * top - (a + d) - sp.sqrt((a - d) ** 2 + 4 * b**2)) == 0


def test_orderings_of_a_triple() -> None:
    from itertools import permutations

    assert [len(set(permutations(key))) for key in ((1, 1, 1), (1, 1, 2), (1, 2, 2), (1, 2, 3))] == [1, 3, 3, 6]
