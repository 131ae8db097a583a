"""Upper bounds: local jets, the chain rule, sharper coupled rules, and what a derivation returns.

Invariant: a derivation ends in a ``Bound`` that carries its proof steps, in ``Unbounded`` or in ``Unknown``.
"""
