"""The independent checker: re-verifies certificates, and imports nothing of the program that writes them.

Invariant: it rebuilds the question from a certificate's plain data, and shares with the deriver the numeric domains and
nothing else; the import contract enforces it.
"""

from lipsym.check.claims import Checked, check

__all__ = ["Checked", "check"]
