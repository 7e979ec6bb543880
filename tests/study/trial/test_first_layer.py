"""The first layer as pictures: of the networks that a study trains, in the order of the units."""

from __future__ import annotations

import json

import numpy as np
import pytest

from fastmlp.study.settings.load import from_dict
from fastmlp.study.trial.first_layer import LABELS, UNITS, largest_units, picture_first_layer, smoothness

from ...made_up_study import SMALL

STUDY = SMALL | {
    "grid": {"problems": ["parity"], "strategies": ["scratch", "finetune"], "sizes": [20], "seeds": 1},
    "network": {"hidden": [16, 8]},
    "measures": {"inside": True},
}


def test_each_layer_has_its_pictures_and_its_correlations() -> None:
    found = json.loads(picture_first_layer(from_dict(STUDY), "numpy"))
    assert (found["problem"], found["n_target"]) == ("parity", LABELS)
    layers = {layer["name"]: layer for layer in found["layers"]}
    assert list(layers) == ["random", "pretrained", "finetune", "scratch"]
    for layer in layers.values():
        assert len(layer["pixels"]) == UNITS
        assert all(len(picture) == 64 and set(picture) <= set("0123456789abcdef") for picture in layer["pixels"])
        assert -1 <= layer["smooth"] <= 1
    assert layers["random"]["moved"] == pytest.approx(1)
    assert 0 < layers["finetune"]["moved"] < 1
    assert layers["pretrained"]["smooth"] > abs(layers["random"]["smooth"])


@pytest.mark.parametrize(
    "change",
    [
        {"measures": {"inside": False}},
        {"grid": STUDY["grid"] | {"problems": ["halves"]}},
        {"grid": STUDY["grid"] | {"strategies": ["scratch"]}},
    ],
)
def test_a_study_that_does_not_look_pictures_nothing(change: dict[str, object]) -> None:
    assert picture_first_layer(from_dict(STUDY | change), "numpy") == ""


def test_noise_is_not_smooth_and_the_largest_units_keep_their_order() -> None:
    rng = np.random.default_rng(0)
    assert abs(smoothness(rng.normal(size=(64, 200)))) < 0.05
    weights = rng.normal(size=(64, 16))
    weights[:, [3, 7]] *= 9
    units = largest_units(weights)
    assert {3, 7} <= set(units.tolist())
    assert units.tolist() == sorted(units.tolist())
