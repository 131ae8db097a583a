"""The main job: derive, evaluate in several arithmetics, attack, certify, report.

Invariant: a run holds only if all arithmetics agree on every bound and no certified lower bound exceeds one.
"""

from lipsym.prove.run import Run, prove
from lipsym.prove.suite import SUITES, Case, suite

__all__ = ["SUITES", "Case", "Run", "prove", "suite"]
