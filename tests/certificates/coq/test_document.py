"""Coq certificates: their constants, what they cover, and what is refused before coqc starts."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import lipsym as ls
from lipsym.certificates.coq import check_coq, coq_certificate, read_question
from lipsym.certificates.coq.layers import bound, stages
from lipsym.derive import derive
from lipsym.errors import InputError, LipsymError


@pytest.mark.parametrize("net", ["mlp:2-3-1:tanh", "mlp:3-2-2:gelu:sigmoid", "mlp:1-2-2-1:elu:softsign:nobias"])
@pytest.mark.parametrize(("quantity", "order"), [("lipschitz", 1), ("smoothness", 2)])
def test_the_constant_is_that_of_the_plain_recursion(net: str, quantity: str, order: int) -> None:
    """``derive`` computes the layer sums by formulas of its own; for two blocks it takes λ_max, which is smaller."""
    network, region = ls.parse_network(net), ls.ProductBall(["3/2"] * (net.split(":")[1].count("-")))
    own = bound(stages(network, region, order), Fraction(2), order)
    plain = derive(network, region, ls.InputBall(2), quantity, rule="recursion").evaluate({}, precision=100)
    assert plain.lo <= own
    if order == 1 or len(network.blocks) != 2:
        assert own <= plain.hi * (1 + Fraction(1, 10**6))


@given(
    st.lists(st.integers(1, 5), min_size=2, max_size=5),
    st.sampled_from(["tanh", "relu", "gelu", "softplus"]),
    st.fractions("1/10", 4, max_denominator=20),
)
def test_the_first_line_says_it_all(widths: list[int], name: str, radius: Fraction) -> None:
    text = coq_certificate(f"mlp:{'-'.join(map(str, widths))}:{name}", f"layers:{radius}", "ball:1")
    question = read_question(text)
    assert (
        coq_certificate(question.network, question.region, question.inputs, question.quantity, question.bound) == text
    )


@pytest.mark.parametrize(
    ("net", "region", "quantity"),
    [
        ("mlp:2-3-1:relu", "layers:1", "smoothness"),
        ("mlp:2-3-1:tanh", "layers:R", "lipschitz"),
        ("mlp:2-3-1:tanh", "ball:1", "lipschitz"),
        ("mlp:2-n-1:tanh", "layers:1", "lipschitz"),
        ("uniform:m-l:tanh", "layers:1", "lipschitz"),
        ("mlp:2-3-1:tanh", "box:-1,1", "lipschitz"),
        ("mlp:1-1-1:gelu", "box:-1,1", "lipschitz"),
        ("mlp:1-1-1:tanh", "box:-1,1", "smoothness"),
        ("mlp:2-3-1:leaky_relu(1/10)", "layers:1", "lipschitz"),
        ("mlp:2-3-1:tanh", "layers:1", "hessian_lipschitz"),
    ],
)
def test_what_no_theorem_covers_is_refused(net: str, region: str, quantity: str) -> None:
    with pytest.raises(InputError):
        coq_certificate(net, region, "ball:1", quantity)


@pytest.mark.parametrize("given_bound", ["-1", "x", "1/0", "0.1; Admitted"])
def test_a_bound_is_a_number(given_bound: str) -> None:
    with pytest.raises(LipsymError):
        coq_certificate("mlp:2-3-1:tanh", "layers:1", "ball:1", constant=given_bound)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text + "\n",
        lambda text: text.replace("Qed.", "Admitted.", 1),
        lambda text: text.replace('"layers:1"', '"layers:2"'),
        lambda text: text.replace("From Coq", 'Redirect "/tmp/x" Print nat.\nFrom Coq', 1),
        lambda text: text.split("\n", 1)[1],
        lambda text: text.replace('"bound"', '"bond"'),
        lambda text: text.replace('"lipschitz"', "[1]"),
    ],
)
def test_only_the_text_that_lipsym_writes_reaches_coqc(change, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("subprocess.run", lambda *_, **__: pytest.fail("coqc was started"))
    file = tmp_path / "certificate.v"
    text = coq_certificate("mlp:2-3-1:tanh", "layers:1", "ball:1")
    assert change(text) != text
    file.write_text(change(text), encoding="utf-8")
    with pytest.raises(InputError, match="a Coq file was to be checked"):
        check_coq(file)


def test_a_missing_library_is_named(tmp_path: Path) -> None:
    file = tmp_path / "certificate.v"
    file.write_text(coq_certificate("mlp:2-3-1:tanh", "layers:1", "ball:1"), encoding="utf-8")
    with pytest.raises(InputError, match=r"coqc is not installed|make -C proofs/coq"):
        check_coq(file, tmp_path)
    with pytest.raises(InputError, match="cannot be read"):
        check_coq(tmp_path / "none.v")
