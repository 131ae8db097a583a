"""How fast bounds are evaluated, rigorously and vectorised: ``python -m tests.bench.evaluation``."""

from __future__ import annotations

import numpy as np

import lipsym as ls
from tests.bench.table import seconds, show, timed

DOMAINS = (("arb", 53), ("arb", 200), ("mpmath", 53), ("float64", 53))
QUESTIONS = (
    ("mlp:2-2-1:tanh", "lipschitz", "recursion"),
    ("mlp:2-2-1:tanh", "lipschitz", "auto"),
    ("mlp:2-2-1:tanh", "smoothness", "auto"),
    ("mlp:2-3-2:tanh:tanh", "smoothness", "auto"),
    ("mlp:2-2-2-1:tanh", "smoothness", "auto"),
)
AT = {"R": "3/2", "S": "1"}


def derive(network: ls.Network, quantity: str, rule: str) -> ls.Bound:
    found = ls.derive(network, ls.ProductBall("R"), ls.InputBall("S"), quantity, rule=rule)
    assert isinstance(found, ls.Bound)
    return found


def relative(value: ls.Enclosure) -> str:
    """Width divided by the upper end."""
    return f"{float(value.width / value.hi):.1e}"


def main() -> None:
    rows = []
    deep = derive(ls.mlp([4] * 101, "tanh"), "lipschitz", "recursion")
    for name, bits in DOMAINS:
        value, spent = timed(lambda d=name, b=bits: deep.evaluate(AT, d, b), 3)
        limit = 0.05 if (name, bits) == ("arb", 53) else None
        rows.append(
            [
                "depth 100, order 1, recursion",
                name,
                str(bits),
                seconds(spent, limit),
                relative(value),
            ]
        )
    for text, quantity, rule in QUESTIONS:
        bound = derive(ls.parse_network(text), quantity, rule)  # type: ignore[arg-type]
        for name, bits in DOMAINS:
            value, spent = timed(lambda d=name, b=bits, f=bound: f.evaluate(AT, d, b), 2)
            rows.append([f"{text}, {quantity}, {rule}", name, str(bits), seconds(spent), relative(value)])
    show("Enclosures", ["bound", "domain", "bits", "time", "relative width"], rows)

    rows = []
    radii = np.linspace(0.1, 10, 100_000)
    for text, quantity, rule in QUESTIONS[:3]:
        function = derive(ls.parse_network(text), quantity, rule).lambdify()  # type: ignore[arg-type]
        count = len(radii) if "recursion" in rule or quantity == "smoothness" else 1_000
        _, spent = timed(lambda f=function, n=count: f(R=radii[:n], S=np.ones(n)), 2)
        rows.append([f"{text}, {quantity}, {rule}", f"{count / spent:.3g} per second"])
    _, spent = timed(lambda: deep.lambdify()(R=radii, S=np.ones_like(radii)), 2)
    rows.append(["depth 100, order 1, recursion", f"{len(radii) / spent:.3g} per second"])
    show("Vectorised floating point (not bounds)", ["bound", "evaluations"], rows)


if __name__ == "__main__":
    main()
