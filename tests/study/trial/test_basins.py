from __future__ import annotations

import json

import numpy as np
import pytest

from fastmlp.network import init_mlp
from fastmlp.study.settings.load import from_dict
from fastmlp.study.trial.basins import between, measure_basins

YOSINSKI = {
    "grid": {"problems": ["halves", "halves-self"], "strategies": ["scratch", "finetune"], "seeds": 2},
    "network": {"hidden": [8]},
    "training": {"epochs": 2},
    "pretraining": {"epochs": 2},
    "measures": {"inside": True},
}


def test_a_barrier_is_measured_for_each_strategy_and_seed() -> None:
    found = json.loads(measure_basins(from_dict(YOSINSKI), "numpy"))
    assert {name: len(of_one) for name, of_one in found.items()} == {"scratch": 2, "finetune": 2}
    assert all(-1 <= x <= 1 for of_one in found.values() for x in of_one)


@pytest.mark.parametrize("change", [{"measures": {"inside": False}}, {"grid": {"problems": ["halves"]}}])
def test_other_studies_measure_nothing(change: dict[str, dict[str, object]]) -> None:
    assert measure_basins(from_dict(YOSINSKI | change), "numpy") == ""


def test_the_line_begins_at_one_network_and_ends_at_the_other() -> None:
    one, other = (init_mlp((3, 4, 2), rng=seed) for seed in (0, 1))
    ends = [between(one, other, share).theta for share in (0.0, 1.0)]
    np.testing.assert_allclose(ends, [one.theta, other.theta], rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(between(one, other, 0.5).theta, (one.theta + other.theta) / 2, atol=1e-7)
