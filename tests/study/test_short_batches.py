from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from fastmlp.study import short_batches
from fastmlp.study.settings.load import from_dict
from fastmlp.study.short_batches import SEEDS, measure_short_batches

SHORT: dict[str, Any] = {"grid": {"problems": ["rotated-30"]}, "network": {"hidden": [8]}, "training": {"epochs": 2}}


def test_each_choice_is_measured_around_full_batches() -> None:
    found = json.loads(measure_short_batches(from_dict(SHORT), "numpy"))
    assert found["sizes"] == [96, 97, 98, 100, 128, 129, 130, 132]
    assert list(found["accuracy"]) == ["weighted", "mean", "drop"]
    for cells in found["accuracy"].values():
        assert [len(cell) for cell in cells] == [SEEDS] * 8
    full = [cells[0] for cells in found["accuracy"].values()]
    assert full[0] == full[1] == full[2], "without a short batch all choices are one"
    assert found["accuracy"]["mean"][1] != found["accuracy"]["weighted"][1]


@pytest.mark.parametrize(
    "change",
    [
        {"grid": {"problems": ["parity"]}},
        {"training": {"batch_size": 200}},  # three of them are more than the pool
        {"training": {"batch_size": 1}},  # none is short
    ],
)
def test_studies_without_the_problem_or_without_room_measure_nothing(change: dict[str, Any]) -> None:
    assert measure_short_batches(from_dict(SHORT | change), "numpy") == ""


def test_an_example_left_over_harms_no_training_of_a_study(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a whole step it wrecks a network whose inputs the source’s scaler blows up, as in the book."""
    monkeypatch.setattr(short_batches, "SEEDS", 2)
    monkeypatch.setattr(short_batches, "FULL", (3,))
    book = {"grid": {"problems": ["rotated-30"]}, "network": {"hidden": [32, 32]}}
    found = json.loads(measure_short_batches(from_dict(book), "numpy"))
    means = {choice: np.mean(cells, axis=1) for choice, cells in found["accuracy"].items()}
    assert found["sizes"] == [96, 97, 98, 100]
    assert min(means["weighted"]) > means["weighted"][0] - 0.03
    assert min(means["mean"]) < means["mean"][0] - 0.2
