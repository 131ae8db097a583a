"""Certified enclosures at concrete numbers: norms of matrices, derivatives of a network at a point.

Invariant: floating point may propose, and only ball arithmetic disposes.
"""
