"""Wrong formulas, and how many of them the harness breaks: ``python -m tests.bench.mutation``.

Every mutant of the catalogue is claimed at numbers. It is true if its number is at least a derived bound, or at least
the certified supremum; else it counts as false, and the harness has to break it. Arguments: the budget in seconds for
each mutant (default 12), and how many mutants to sample (default: all). About twenty minutes on one core.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lipsym.enclose.supremum import Supremum, enclose
from lipsym.nets.network import Network
from lipsym.refute.counterexample import Counterexample
from lipsym.refute.mutate import KINDS, Mutant, dominates, mutants, subjects
from lipsym.refute.refute import refute
from tests.bench.table import show

ENCLOSING = 6
"""Seconds for the certified supremum where a mutant survives."""

TRUE, BROKEN, STANDING = "true", "broken", "standing"


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of a mutant: broken, proved true, or standing, with the reason or the ratio reached."""

    mutant: Mutant
    outcome: str
    text: str


def trial(mutant: Mutant, budget: float = 12) -> Trial:
    """Attack a mutant; true ones are attacked, too, briefly: breaking one of them would break a proof."""
    reason = dominates(mutant)
    found = refute(mutant.claim, budget / 20 if reason else budget, values=dict(mutant.subject.values))
    if isinstance(found, Counterexample):
        if reason:
            raise SystemExit(f"VIOLATION of a derived bound ({reason}): {found}")
        return Trial(mutant, BROKEN, f"{found.ratio.lower_float():.6f}")
    reason = reason or enclosed(mutant)
    return Trial(mutant, TRUE if reason else STANDING, reason or f"{found.ratio.lower_float():.6f}")


def enclosed(mutant: Mutant) -> str:
    """Why the mutant is true, if branch and bound proves that it is at least the supremum."""
    of = mutant.subject
    if not isinstance(of.network, Network) or of.loss is not None:
        return ""
    outcome = enclose(of.network, of.region, of.inputs, of.quantity, dict(of.values), gap="1/1000", budget=ENCLOSING)
    above = isinstance(outcome, Supremum) and outcome.hi <= mutant.value.hi
    return "at least the certified supremum" if above else ""


def sampled(count: int | None = None, seed: int = 0) -> list[Mutant]:
    """All mutants, or a sample in which every question and every kind has a chance."""
    made = [mutant for subject in subjects() for mutant in mutants(subject)]
    if count is None or count >= len(made):
        return made
    chosen = np.random.default_rng(seed).permutation(len(made))[:count]
    return [made[i] for i in sorted(chosen.tolist())]


def table(trials: Sequence[Trial]) -> list[list[str]]:
    """One row for each kind, and their sum."""
    rows = []
    for kind in (*KINDS, "all"):
        counts = Counter(t.outcome for t in trials if kind in (t.mutant.kind, "all"))
        if counts:
            false = counts[BROKEN] + counts[STANDING]
            share = "–" if not false else f"{100 * counts[BROKEN] / false:.1f} %"
            rows.append([kind, *(str(n) for n in (sum(counts.values()), counts[TRUE], false, counts[BROKEN])), share])
    return rows


def main(budget: float = 12, count: int | None = None) -> None:
    start = time.process_time()
    trials = []
    made = sampled(count)
    for number, mutant in enumerate(made, 1):
        trials.append(trial(mutant, budget))
        last = trials[-1]
        note = f"{last.mutant.subject.title} {last.mutant.kind} {last.text}\n" if last.outcome == STANDING else ""
        sys.stderr.write(f"\r{note}{number}/{len(made)} {time.process_time() - start:.0f} s")
        sys.stderr.flush()
    show(
        "mutants of derived bounds: proved true, else false; broken by the harness",
        ["mistake", "mutants", "true", "false", "broken", "share"],
        table(trials),
    )
    reasons = Counter(t.text for t in trials if t.outcome == TRUE)
    show("why the true ones are true", ["reason", "mutants"], [[text, str(n)] for text, n in reasons.most_common()])
    standing = [
        [t.mutant.subject.title, t.mutant.kind, t.mutant.formula[:70], t.text] for t in trials if t.outcome == STANDING
    ]
    show("neither proved true nor broken (they count as false)", ["question", "mistake", "formula", "ratio"], standing)
    show("cost", ["what", "value"], [["CPU", f"{time.process_time() - start:.0f} s"], ["mutants", str(len(trials))]])


if __name__ == "__main__":
    main(*(float(sys.argv[1]),) if len(sys.argv) > 1 else (), *(int(v) for v in sys.argv[2:3]))
