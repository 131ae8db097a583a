"""What is bounded, as data only: networks, activations, parameter regions, inputs and losses.

Invariant: nothing here derives or evaluates a bound; every number is exact.
"""
