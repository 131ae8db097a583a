"""Claims about all parameters in ``prove``: each comes out as it should, and what is written proves it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

import lipsym as ls
from lipsym.cli.prove import lines
from lipsym.prove.everywhere import GlobalClaim, claims, examine
from lipsym.prove.run import prove
from lipsym.refute.secant import secant


def test_every_claim_of_the_suites_comes_out_as_expected() -> None:
    for claim in {*claims("quick"), *claims("default")}:
        assert examine(claim).failures == (), claim
    assert len({claim.file for claim in claims("default")}) == len(claims("default"))


def test_the_document_alone_refutes_the_claim() -> None:
    done = examine(GlobalClaim("mlp:2-3-1:tanh:nobias"))
    network = ls.parse_network(done.document["network"])
    assert isinstance(network, ls.Network)
    theta, moved = (
        tuple((tuple(tuple(map(Fraction, row)) for row in block["A"]), None) for block in done.document[name])
        for name in ("theta", "theta_prime")
    )
    ratio = secant(network, theta, moved, "lipschitz", list(map(Fraction, done.document["x"])), precision=8000)
    assert ratio.lo > 10**300


@pytest.mark.parametrize(
    ("claim", "part"),
    [
        (GlobalClaim("mlp:2-3-1:tanh"), "refuted: ratio ≥ "),
        (GlobalClaim("mlp:1-1-1:sigmoid:sigmoid:nobias", expect="bound"), "a constant exists ≤ 0.25"),
        (GlobalClaim("mlp:1-1-1-1:sigmoid:sigmoid:nobias", expect="unbounded"), "no constant exists"),
        (GlobalClaim("mlp:1-1-1:sigmoid:sigmoid:nobias", loss="mse", expect="unknown"), "undecided"),
    ],
)
def test_one_line_each(claim: GlobalClaim, part: str) -> None:
    done = examine(claim)
    assert done.failures == ()
    (line,) = lines(done)
    assert part in line
    assert "for all parameters" in line


def test_another_outcome_is_a_failure() -> None:
    assert examine(GlobalClaim("mlp:1-1-1:sigmoid:sigmoid:nobias")).failures == ("expected witness, found bound",)


def test_the_report_shows_the_witnesses(tmp_path: Path) -> None:
    chosen = claims("quick")
    run = prove("quick", tmp_path, jobs=1, cases=(), trained=False, everywhere=chosen)
    page = (tmp_path / "report.html").read_text()
    assert run.failures == ()
    assert "Constants for all parameters at once" in page
    assert all(claim.file in page for claim in chosen)
    assert page.count("global-order-1") == 1
    written = {path.name for path in (tmp_path / "certificates").iterdir()}
    assert written == {claim.file for claim in chosen}
