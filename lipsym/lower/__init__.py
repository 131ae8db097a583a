"""The other side: lower bounds by explicit families of parameters, and where no global constant exists.

Invariant: every statement here is about a family that can be written down and evaluated.
"""
