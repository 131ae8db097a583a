"""For other people's tests: assertions that search for counterexamples, and Hypothesis strategies.

Invariant: a test that fails shows the numbers at which the bound is broken; one that passes says only that a search of
stated strength found nothing.

``assert_no_counterexample`` attacks a claim about a network and proves what it finds. ``assert_lipschitz`` attacks any
function of a vector by measured secants. Both are pytest fixtures of the same names where lipsym is installed, and
``lipsym.testing.strategies`` draws networks, regions, parameters, inputs and claims (it needs ``lipsym[testing]``).

Example:
    Someone's formula for the Lipschitz constant of a two-layer network forgets the last bias:

    >>> import lipsym as ls
    >>> from lipsym.testing import assert_no_counterexample
    >>> def my_formula(R, S):
    ...     return f"{R}*sqrt({S}**2 + 1)"
    >>> network = ls.mlp([2, 8, 1], "tanh")
    >>> claim = ls.Claim(network, ls.ProductBall("R"), ls.InputBall("S"), "lipschitz", "<=", my_formula("R", "S"))
    >>> assert_no_counterexample(claim, budget=1)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    AssertionError: refuted: lipschitz of mlp:2-8-1:tanh on layers:R, inputs ball:S, ≤ R*sqrt(S**2 + 1)
    at R = 1, S = 1
    network mlp:2-8-1:tanh
    A_1 = ...
    x = (1, 0)
    lipschitz ≥ 1.73205, the claimed constant is 1.41421
"""

from lipsym.testing.assertions import assert_lipschitz, assert_no_counterexample

__all__ = ["assert_lipschitz", "assert_no_counterexample"]
