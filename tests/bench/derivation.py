"""How long a derivation takes and how long it prints: ``python -m tests.bench.derivation``."""

from __future__ import annotations

import lipsym as ls
from tests.bench.table import seconds, show, timed

DEPTHS = (10, 20, 40, 80)


def derive(depth: int, quantity: str, rule: str, output: str = "identity") -> ls.Bound:
    """Width 4, a radius symbol of its own for every layer."""
    network = ls.mlp([4] * (depth + 1), "tanh", output)
    region = ls.ProductBall([f"R_{k}" for k in range(1, depth + 1)])
    found = ls.derive(network, region, ls.InputBall("S"), quantity, rule=rule)
    assert isinstance(found, ls.Bound)
    return found


def size(bound: ls.Bound) -> int:
    """Characters of all steps and the result."""
    return sum(len(str(step.expr)) for step in bound.steps) + len(str(bound.result))


def main() -> None:
    rows = []
    for quantity, depth, rule, limit in (
        ("lipschitz", 100, "auto", 1.0),
        ("lipschitz", 100, "recursion", 1.0),
        ("smoothness", 20, "auto", 5.0),
        ("smoothness", 20, "recursion", 5.0),
    ):
        bound, spent = timed(lambda q=quantity, d=depth, r=rule: derive(d, q, r))
        rows.append([quantity, str(depth), rule, seconds(spent, limit), str(len(bound.steps)), str(size(bound))])
    for quantity in ("lipschitz", "smoothness"):
        bound, spent = timed(lambda q=quantity: ls.derive(ls.uniform_mlp(), ls.ProductBall("R"), ls.InputBall("S"), q))
        assert isinstance(bound, ls.Bound)
        rows.append([quantity, "m", "uniform", seconds(spent, 1.0), str(len(bound.steps)), str(size(bound))])
    show("Derivation, distinct radius symbols", ["quantity", "depth", "rule", "time", "steps", "characters"], rows)

    rows = []
    for quantity in ("lipschitz", "smoothness"):
        for rule in ("auto", "recursion"):
            sizes = [size(derive(depth, quantity, rule)) for depth in DEPTHS]
            per_layer = f"{(sizes[-1] - sizes[-2]) / (DEPTHS[-1] - DEPTHS[-2]):.0f}"
            rows.append([quantity, rule, *map(str, sizes), per_layer])
    show("Printed size of the steps", ["quantity", "rule", *(f"depth {d}" for d in DEPTHS), "per layer"], rows)


if __name__ == "__main__":
    main()
