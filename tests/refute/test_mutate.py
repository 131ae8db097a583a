"""The catalogue is large and its mutants differ from the right answers; a sample of it is broken or proved true."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import numpy as np
import pytest

import lipsym as ls
from lipsym.refute.counterexample import Counterexample
from lipsym.refute.mutate import KINDS, Mutant, dominates, mutants, subjects
from lipsym.refute.refute import refute

LIGHT = tuple(s for s in subjects() if "smoothness" not in s.title or s.quantity != "smoothness" or s.rule != "auto")
SAMPLE = 12


def sample() -> list[Mutant]:
    """Mutants of a third of the questions, chosen by a fixed seed."""
    made = [mutant for subject in LIGHT[::3] for mutant in mutants(subject)]
    return [made[i] for i in sorted(np.random.default_rng(0).permutation(len(made))[:SAMPLE].tolist())]


def test_every_rule_of_the_upper_side_is_mutated() -> None:
    bounds = [subject.bound() for subject in subjects()]
    used = {rule for bound in bounds if bound is not None for rule in bound.rules}
    assert {
        "affine-jet", "elementwise-jet", "range", "chain-rule", "layer-sums", "coupled-order-1", "coupled-order-2",
        "coupled-output", "two-layer-exact", "joint-ball-maximum", "uniform-depth", "loss",
    } <= used  # fmt: skip


def test_the_mutants_of_one_question() -> None:
    (subject, *_) = [s for s in subjects() if s.title.startswith("mlp:2-3-1:tanh smoothness layers:R R=2")]
    made = mutants(subject)
    right = subject.bound()
    assert right is not None
    assert len(made) > 20
    assert len({mutant.value for mutant in made}) == len(made)
    assert all(mutant.value != right.evaluate(dict(subject.values), precision=64) for mutant in made)
    kinds = Counter(mutant.kind for mutant in made)
    assert set(kinds) <= set(KINDS)
    assert {"factor dropped", "term dropped", "1 % shaved", "inputs too small", "bias forgotten"} <= set(kinds)
    loose = [mutant for mutant in made if dominates(mutant)]
    assert all(mutant.value.hi >= right.evaluate(dict(subject.values)).lo for mutant in loose)
    shaved = next(mutant for mutant in made if mutant.kind == "1 % shaved")
    assert not dominates(shaved)
    assert shaved.claim.relation == "<="


def test_a_sample_of_mutants_is_broken_or_proved_true() -> None:
    standing = []
    for mutant in sample():
        reason = dominates(mutant)
        found = refute(mutant.claim, budget=0.2 if reason else 5, values=dict(mutant.subject.values))
        if reason:
            assert not isinstance(found, Counterexample), (reason, str(found))
        elif not isinstance(found, Counterexample):
            standing.append((mutant, found.ratio.lower_float()))
    assert standing == []


def test_a_bound_is_not_its_own_mutant() -> None:
    subject = subjects()[0]
    bound = subject.bound()
    assert bound is not None
    exact = Mutant("1 % shaved", subject, "", bound.evaluate(dict(subject.values)))
    assert "at least the bound" in dominates(exact)
    with pytest.raises(ls.LipsymError):
        refute(subject.claim(Fraction(-1)), budget=0)
