"""The report: one self-contained HTML page.

Invariant: the page holds its styles, formulas and figures and loads nothing; text from certificates is escaped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from lipsym.report.formula import Formulas
from lipsym.report.plot import bound_figure, convergence_figure, ratio_figure
from lipsym.report.view import CaseView, case_view, convergence, curve, global_view

LARGEST_FIGURE = 12
"""Panels of a figure."""


def report(
    documents: Sequence[tuple[str, Mapping[str, Any]]],
    trained: Sequence[tuple[str, Mapping[str, Any]]] = (),
    suite: str = "default",
    trained_text: str = "",
    everywhere: Sequence[tuple[str, Mapping[str, Any]]] = (),
) -> str:
    """The page for a run of ``lipsym prove``.

    Args:
        documents: file name and certificate of each case, in order.
        trained: the same for a trained network.
        suite: the suite's name.
        trained_text: what the trained network is.
        everywhere: the certificates of claims for all parameters.
    """
    formulas = Formulas()
    cases = [case_view(document, file, formulas) for file, document in documents]
    weights = [case_view(document, file, formulas) for file, document in trained]
    everything = [*documents, *trained]
    found = [curve(_panel(document), [document]) for _, document in documents if document["outcome"] == "bound"]
    curves = [c for c in found if c is not None][:LARGEST_FIGURE]
    panels = convergence([document for _, document in documents])
    first: Mapping[str, Any] = everything[0][1] if everything else {"lipsym": "", "libraries": {}}
    environment = Environment(
        loader=PackageLoader("lipsym.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2").render(
        suite=suite,
        version=first["lipsym"],
        libraries=first["libraries"],
        headline=headline([*cases, *weights]),
        cases=cases,
        trained=weights,
        trained_text=trained_text,
        everywhere=[global_view(document, file) for file, document in everywhere],
        domains=next((c.domains for c in cases if c.domains), ()),
        ratio_figure=ratio_figure(curves) if curves else "",
        bound_figure=bound_figure(curves) if curves else "",
        convergence_figure=convergence_figure(panels) if panels else "",
        # Last: the glyphs of all formulas are known now.
        glyphs=formulas.definitions(),
    )


def headline(cases: Sequence[CaseView]) -> str:
    """The outcome of a run in a sentence."""
    counts = {kind: sum(case.outcome == kind for case in cases) for kind in ("bound", "unbounded", "unknown")}
    searched = [case for case in cases if any(row.verdict for row in case.rows)]
    refuted = [case for case in searched if case.tone == "bad"]
    parts = [f"{_count(counts['bound'], 'bound')} derived and enclosed"]
    if counts["unbounded"]:
        parts.append(f"{_count(counts['unbounded'], 'constant')} proved infinite")
    if counts["unknown"]:
        parts.append(f"{_count(counts['unknown'], 'question')} without a proved rule")
    verdict = f"{len(refuted)} REFUTED" if refuted else "no counterexample found"
    return f"{'; '.join(parts)}. {_count(len(searched), 'bound')} attacked: {verdict}."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _panel(document: Mapping[str, Any]) -> str:
    order = {"lipschitz": "order 1", "smoothness": "order 2", "hessian_lipschitz": "order 3"}[document["quantity"]]
    return f"{document['network'].removeprefix('mlp:')}, {order}"
