"""Verdicts on anyone's formula: proved, refuted at exact parameters, or undecided with the interval reached.

Invariant: PROVED and REFUTED are comparisons of certified numbers; whatever decided stands in the certificate, where
``lipsym.check`` finds it.
"""

from lipsym.verify.certificate import Certificate
from lipsym.verify.decide import verify

__all__ = ["Certificate", "verify"]
