"""What every test shares: the Hypothesis profiles.

``ci``, the default, draws the same examples on every run, so that a red test is the change's doing; ``nightly`` draws
fresh ones, and many: ``python -m pytest -m nightly --hypothesis-profile=nightly``. Warnings are errors throughout
(``filterwarnings`` in pyproject.toml): a test that expects one says so with ``pytest.warns``.
"""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# No deadline: exact and interval arithmetic on a shared machine has no meaningful time limit per example.
settings.register_profile(
    "ci", derandomize=True, deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "nightly", deadline=None, max_examples=2000, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("ci")
