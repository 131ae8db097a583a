"""Certified upper/lower of tanh networks at R = 100, S = 3/2, and what a global witness costs.

``python -m tests.bench.sharpness``
"""

from __future__ import annotations

import time

import lipsym as ls
from lipsym.report.decimals import decimal
from tests.bench.table import show

AT = {"R": 100, "S": "3/2"}


def ratios() -> None:
    rows = []
    for output in (":tanh", ""):
        for widths in ("1-1-1", "2-3-2", "1-1-1-1", "2-3-3-2"):
            for quantity in ("lipschitz", "smoothness"):
                network = ls.parse_network(f"mlp:{widths}:tanh{output}")
                cells = []
                for region in (ls.ProductBall("R"), ls.Ball("R")):
                    found = ls.sharpness(network, region, ls.InputBall("S"), quantity)
                    started = time.process_time()
                    ratio = found.at(AT)
                    spent = time.process_time() - started
                    cells += [decimal(ratio.hi, 5), f"{spent:.1f}"]
                rows.append([network.spec, quantity, *cells, str(found.limit), str(ls.growth(network, quantity))])
    head = ["network", "quantity", "layers: ratio ≤", "s", "joint: ratio ≤", "s", "limit", "growth"]
    show("Certified upper/lower at R = 100, S = 3/2", head, rows)


def witnesses() -> None:
    rows = []
    for name in ("tanh", "sigmoid", "gelu", "softplus"):
        for bias in (True, False):
            for quantity in ("lipschitz", "smoothness"):
                cells = []
                for depth in (2, 3, 4, 5):
                    network = ls.mlp([2, *[3] * (depth - 1), 1], name, name, bias)
                    started = time.process_time()
                    found = ls.refute_global(network, "1e300", quantity)
                    spent = time.process_time() - started
                    assert isinstance(found, ls.Witness)
                    assert found.ratio.lo > 10**300
                    cells.append(f"{spent:.3f}")
                rows.append([name, "yes" if bias else "no", quantity, *cells])
    show(
        "CPU seconds of refute_global(network, 1e300), widths 3",
        ["activation", "bias", "quantity", "m = 2", "3", "4", "5"],
        rows,
    )


if __name__ == "__main__":
    ratios()
    witnesses()
