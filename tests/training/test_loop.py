"""The loop of a training and what it leaves behind."""

from __future__ import annotations

import gc

import numpy as np

from fastmlp import init_mlp, train_mlp
from fastmlp.training.loop import TrainingLoop


def loops() -> set[int]:
    """Where loops lie in memory; others may have been kept by an error of an earlier test."""
    return {id(one) for one in gc.get_objects() if type(one) is TrainingLoop}  # `isinstance` would ask dead proxies


def test_the_arrays_of_a_training_are_free_when_it_ends(backend: str) -> None:
    """A cycle would keep them until it is collected, and each training would begin with memory that no cache holds."""
    net, X, y = init_mlp((4, 5, 3)), np.eye(12, 4), np.arange(12) % 3
    gc.collect()
    before = loops()
    gc.disable()
    try:
        fit = train_mlp(net, X, y, epochs=4, accuracies=True, backend=backend)
        assert loops() <= before
    finally:
        gc.enable()
    assert len(fit.accuracies) == 3
