"""Numeric domains: the rigorous evaluation of expressions, by one walker in several arithmetics.

Invariant: whatever leaves a domain is an enclosure with exact ends that contains the exact value of the expression.
"""

from lipsym.domains.evaluate import domain, evaluate, evaluate_program
from lipsym.domains.record import Domain

__all__ = ["Domain", "domain", "evaluate", "evaluate_program"]
