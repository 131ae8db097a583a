"""The shipped series is the published one: three sums, of which the last depends on the order."""

from __future__ import annotations

import numpy as np

from lipsym.data import nile


def test_the_flows_are_the_published_ones() -> None:
    flows = nile()
    assert flows.shape == (100, 1)
    units = [int(flow) for flow in flows[:, 0] * 1024]
    assert (np.array(units) / 1024 == flows[:, 0]).all()
    assert (units[0], units[42], units[-1]) == (1120, 456, 740)
    # Taken from the copy in statsmodels; 28637.95 is the variance that is printed with the series.
    assert sum(units) == 91935
    assert sum(flow**2 for flow in units) == 87355599
    assert sum(year * flow for year, flow in enumerate(units, 1)) == 4416548
    assert round((87355599 - 91935**2 / 100) / 99, 2) == 28637.95
