"""What becomes of the last batch of an epoch if it is short: the three choices, and who chooses which."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from fastmlp import init_mlp, train_mlp, transfer
from fastmlp.registry import SHORT_BATCHES
from fastmlp.study.settings.schema import Settings
from fastmlp.training import TrainingOptions

from ..conftest import SeededRng

EPOCHS, N = 3, 19


def trained(rng: SeededRng, **options: Any) -> Any:
    x, y = rng.normal(N, 4), rng.labels(N, 3)
    return train_mlp(init_mlp((4, 5, 3), rng=1), x, y, epochs=EPOCHS, **({"batch_size": 8, "rng": 2} | options))


def test_training_takes_the_mean_and_transfer_and_studies_weight_unless_told_otherwise() -> None:
    assert inspect.signature(train_mlp).parameters["short_batch"].default == "mean"
    assert TrainingOptions().short_batch == "mean"
    assert inspect.signature(transfer).parameters["short_batch"].default == "weighted"
    assert Settings().training.short_batch == "weighted"


@pytest.mark.parametrize(("size", "batches"), [(8, 2), (10, 1), (19, 1), (50, 1), (18, 1), (1, 19)])
def test_dropped_batches_make_no_update(size: int, batches: int) -> None:
    assert trained(SeededRng(0), batch_size=size, short_batch="drop").steps == EPOCHS * batches


@pytest.mark.parametrize("strategy", ["scratch", "frozen", "lora-1"])
def test_what_is_dropped_changes_nothing(strategy: str) -> None:
    rng = SeededRng(0)
    x, y, order = rng.normal(N, 4), rng.labels(N, 3), np.tile(np.arange(N), (EPOCHS, 1))
    options: dict[str, Any] = {"strategy": strategy, "n_classes": 3, "epochs": EPOCHS, "batch_size": 8, "order": order}
    moved = [
        transfer(init_mlp((4, 5, 3), rng=1), inputs, y, rng=0, short_batch=short, **options).network.theta
        for short in ("drop", "weighted")
        for inputs in (x, np.vstack([x[:16], 9 * x[16:]]))
    ]
    assert_array_equal(moved[0], moved[1])
    assert not np.array_equal(moved[2], moved[3])


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
def test_without_a_short_batch_all_choices_are_one(optimizer: str) -> None:
    fits = [trained(SeededRng(0), batch_size=N, optimizer=optimizer, short_batch=choice) for choice in SHORT_BATCHES]
    for fit in fits[1:]:
        assert_array_equal(fit.network.theta, fits[0].network.theta)
        assert_array_equal(fit.losses, fits[0].losses)
