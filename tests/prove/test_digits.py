from __future__ import annotations

import pytest

import lipsym as ls
from lipsym.certificates.numbers import read_enclosure, read_end
from lipsym.data import digits_mlp
from lipsym.nets.inputs import Dataset
from lipsym.prove import digits as module


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few samples: the whole training set is the command line's business."""
    whole = module.training_data()
    part = Dataset(whole.points[:60], whole.required_labels("a test")[:60])
    monkeypatch.setattr(module, "training_data", lambda: part)
    module.steepest_direction.cache_clear()


@pytest.mark.usefixtures("few")
def test_the_trained_network() -> None:
    bounds = []
    for radius in ("0", "1/10"):
        done = module.trained_case("smoothness", radius)
        assert done.failures == ()
        (item,) = done.document["evaluations"]
        upper, lower = read_enclosure(item["values"][0]).hi, read_end(item["search"]["lower"])
        assert 0 < lower < upper
        bounds.append((upper, lower))
        assert done.document["constants"]
    # The wider ball contains the weights, so neither number is smaller there.
    assert all(wide >= narrow for narrow, wide in zip(*bounds, strict=True))
    assert bounds[1][0] > bounds[0][0]
    module.steepest_direction.cache_clear()


@pytest.mark.usefixtures("few")
def test_the_points_of_the_lower_bound_lie_in_the_region() -> None:
    region = ls.ProductBall("1/10", centers=digits_mlp())  # type: ignore[arg-type]
    found = module.lower_bound("lipschitz", region, module.training_data())
    network = ls.mlp([64, 32, 10], "tanh")
    assert region.contains(found.params, network)
    assert not ls.ProductBall("99/1000", centers=digits_mlp()).contains(found.params, network)  # type: ignore[arg-type]
    module.steepest_direction.cache_clear()
