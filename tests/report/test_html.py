"""The page is self-contained, well formed, honest, and escapes what it shows."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest

import lipsym as ls
from lipsym.certificates import certificate, evaluation, search_record
from lipsym.report.formula import Formulas
from lipsym.report.html import headline, report
from lipsym.report.plot import Curve, bound_figure, ratio_figure
from lipsym.report.view import case_view, curve, ratio

VOID = {"meta", "br", "hr", "img", "link", "input", "path", "use"}


class Tags(HTMLParser):
    """Checks that every element is closed, and collects addresses."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        for name, value in attrs:
            if name in ("href", "src", "xlink:href"):
                self.addresses.append(value)
            if name == "id":
                self.ids.append(value)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


def document(name: str = "mlp:2-2-1:tanh", radii: tuple[str, ...] = ("1", "2"), share: str = "9/10") -> dict[str, Any]:
    bound = ls.derive(ls.parse_network(name), ls.ProductBall("R"), ls.InputBall("S"))
    asked = {"quantity": "lipschitz", "side": "upper", "network": name, "region": "layers:R", "inputs": "ball:S"}
    items = []
    for radius in radii if isinstance(bound, ls.Bound) else ():
        value = bound.evaluate({"R": radius, "S": 1})  # type: ignore[union-attr]
        lower = value.hi * ls.parse(share).p / ls.parse(share).q
        verdict = "no counterexample found" if lower <= value.hi else "refuted"
        items.append(evaluation({"R": radius, "S": "1"}, {("arb", 53): value}, value, search_record(verdict, lower, 1)))
    return certificate(bound, asked | {"loss": None}, items, f"{name} <script>")


@pytest.fixture(scope="module")
def page() -> str:
    infinite = ls.derive(ls.mlp([1, 1, 1], "relu"), ls.ProductBall("R"), ls.InputBall("S"), "smoothness")
    asked = {"side": "upper", "network": "mlp:1-1-1:relu", "region": "layers:R", "inputs": "ball:S", "loss": None}
    documents = [
        ("a.json", document()),
        ("b.json", certificate(infinite, asked | {"quantity": "smoothness"}, (), "infinite")),
    ]
    return report(documents, [("digits.json", document(radii=("1",)))], "test", "A text & more.")


def test_the_page_is_well_formed_and_loads_nothing(page: str) -> None:
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert tags.addresses
    assert all(address.startswith("#") for address in tags.addresses)
    assert not re.search(r"https?://(?!www\.w3\.org/)|@import|url\((?!#)", page)
    anchors = {address[1:] for address in tags.addresses}
    assert anchors <= set(tags.ids)


def test_text_is_escaped(page: str) -> None:
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "A text &amp; more." in page


def test_the_page_claims_no_more_than_is_known(page: str) -> None:
    text = re.sub(r"<[^>]*>", " ", page)
    assert "verified" not in text.lower()
    assert "no counterexample found" in text
    assert "proved infinite" in text
    for part in ("Proved", "Searched", "Not claimed"):
        assert part in text


def test_a_refuted_bound_is_said_to_be_refuted() -> None:
    false = document(share="11/10")
    text = report([("a.json", false)])
    assert "REFUTED" in text
    assert "1 REFUTED" in text
    assert "proved; no counterexample" not in text


def test_ratios_are_rounded_up() -> None:
    item = document(share="2/3", radii=("1",))["evaluations"][0]
    assert ratio(item) == ls.parse("3/2").p / 2
    view = case_view(document(share="3/4", radii=("1",)), "a.json", Formulas())
    assert view.rows[0].ratio == "1.3334"


def test_a_curve_needs_two_searched_points() -> None:
    assert curve("t", [document(radii=("1",))]) is None
    found = curve("t", [document(radii=("2", "1"))])
    assert found is not None
    assert found.radii == (1.0, 2.0)
    assert found.sharp >= found.lower


def test_figures_are_reproducible_and_follow_the_text_colour() -> None:
    curves = [Curve("a", (0.5, 1.0, 3.0), (1.0, 2.0, 9.0), (2.0, 3.0, 10.0), (0.9, 1.9, 8.9))] * 4
    for figure in (ratio_figure(curves), bound_figure(curves)):
        assert figure.startswith("<svg")
        assert "currentColor" in figure
        assert "#010203" not in figure
    assert ratio_figure(curves) == ratio_figure(curves)


def test_the_headline_counts() -> None:
    view = case_view(document(), "a.json", Formulas())
    assert headline([view, view]) == "2 bounds derived and enclosed. 2 bounds attacked: no counterexample found."
