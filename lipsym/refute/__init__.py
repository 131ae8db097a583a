"""The search for parameters at which a claimed bound fails.

Invariant: search proposes, only ball arithmetic disposes: nothing found in floating point is reported unconfirmed.
"""
