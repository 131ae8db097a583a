"""The pytest plugin of lipsym: two fixtures, and nothing that is loaded before a test asks for one of them.

Invariant: importing this module imports pytest alone. It lies beside the package and not in it, because importing
anything of the package loads SymPy, and a plugin is imported by every run of pytest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def assert_no_counterexample() -> Callable[..., Any]:
    """``lipsym.testing.assert_no_counterexample(claim, budget=5)``: fails with a proved counterexample."""
    from lipsym.testing.assertions import assert_no_counterexample as assertion

    return assertion


@pytest.fixture
def assert_lipschitz() -> Callable[..., Any]:
    """``lipsym.testing.assert_lipschitz(f, bound, dimension)``: fails with two points whose secant is too steep."""
    from lipsym.testing.assertions import assert_lipschitz as assertion

    return assertion
