from __future__ import annotations

import pytest

import lipsym as ls
from lipsym.errors import InputError
from lipsym.prove.suite import SUITES, suite


@pytest.mark.parametrize("name", SUITES)
def test_cases_are_questions_the_command_line_can_read(name: str) -> None:
    cases = suite(name)
    assert len({case.file for case in cases}) == len(cases)
    for case in cases:
        network = ls.parse_network(case.network)
        assert network.spec == case.network
        assert ls.parse_region(case.region).spec == case.region
        ls.parse_inputs(case.inputs)
        assert all(ls.parse(value).is_Rational for point in case.at for _, value in point)
        assert case.file.isascii()
        assert "/" not in case.file


def test_the_suites_grow() -> None:
    sizes = [len(suite(name)) for name in ("quick", "default", "full")]
    assert sizes == sorted(set(sizes))


def test_the_default_suite_covers_what_lipsym_knows() -> None:
    cases = suite("default")
    text = " ".join(case.network for case in cases)
    for name in ("tanh", "sigmoid", "softplus", "sin", "arctan", "erf", "softsign", "gelu", "silu", "elu", "relu"):
        assert name in text
    assert {case.loss for case in cases} == {None, *ls_losses()}
    assert {case.quantity for case in cases} == {"lipschitz", "smoothness", "hessian_lipschitz"}
    assert {case.expect for case in cases} == {"bound", "unbounded", "unknown"}
    assert {case.region.partition(":")[0] for case in cases} == {"layers", "ball"}
    assert any("nobias" in case.network for case in cases)
    assert any(case.weight_decay != "0" for case in cases)


def ls_losses() -> tuple[str, ...]:
    from lipsym.nets.losses import LOSSES

    return LOSSES


def test_an_unknown_suite() -> None:
    with pytest.raises(InputError, match="suites are") as caught:
        suite("none")
    assert len(str(caught.value).splitlines()) == 3
