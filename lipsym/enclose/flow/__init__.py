"""Validated integration of controlled ODEs in Arb: the state and its first two derivatives, suprema of their norms.

Invariant: every matrix handed out contains the exact solution (and derivatives) for *every* initial state and parameter
of the set it was started from. A step that cannot be validated ends in ``Unknown`` with the time reached.
"""
