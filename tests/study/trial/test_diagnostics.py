from __future__ import annotations

import numpy as np
import pytest

import fastmlp
from fastmlp.strategies import STRATEGIES, starting_network
from fastmlp.study.trial.diagnostics import cka_by_layer, drift_by_layer, hidden_features, source_accuracy_kept

from ...conftest import SeededRng

PRETRAINED = fastmlp.init_mlp((4, 6, 5, 2), rng=11)
START = starting_network(PRETRAINED, STRATEGIES["finetune"], 10, 3)


def test_a_network_that_did_not_move_has_drifted_nowhere_and_remembers_everything(rng: SeededRng) -> None:
    x, y = rng.normal(30, 4).astype("float32"), rng.labels(30, 2)
    assert drift_by_layer(START, START) == [0, 0, 0]
    assert cka_by_layer(*(hidden_features(net, x, "numpy") for net in (START, PRETRAINED))) == pytest.approx([1, 1])
    assert source_accuracy_kept(START, PRETRAINED, x, y, "numpy") == fastmlp.accuracy(PRETRAINED, x, y, backend="numpy")


def test_drift_is_told_layer_by_layer() -> None:
    trained = START.copy()
    trained.weights[1][:] += 1
    drifts = drift_by_layer(trained, START)
    assert (drifts[0], drifts[2]) == (0, 0)
    expected = np.sqrt(30) / np.linalg.norm(START.theta[START.layout.starts[1] : START.layout.starts[2]])
    assert drifts[1] == pytest.approx(expected)


def test_features_that_change_are_less_alike_from_there_up(rng: SeededRng) -> None:
    x = rng.normal(30, 4).astype("float32")
    trained = START.copy()
    trained.weights[1][:] = rng.normal(6, 5)
    first, second = cka_by_layer(*(hidden_features(net, x, "numpy") for net in (trained, PRETRAINED)))
    assert first == pytest.approx(1)
    assert second is not None
    assert second < 0.99


def test_a_body_destroyed_has_forgotten_the_source(rng: SeededRng) -> None:
    x, y = rng.normal(200, 4), rng.labels(200, 2)
    x[:, 0] = np.where(y == 1, 2, -2)
    source = fastmlp.train_mlp(PRETRAINED, x, y, epochs=20, backend="numpy").network
    trained = starting_network(source, STRATEGIES["finetune"], 10, 3)
    assert source_accuracy_kept(trained, source, x.astype("float32"), y, "numpy") == 1
    trained.theta[:] = 0
    lost = source_accuracy_kept(trained, source, x.astype("float32"), y, "numpy")
    assert lost == pytest.approx(0.5, abs=0.05)


def test_a_probe_has_another_shape_and_is_compared_where_it_can_be(rng: SeededRng) -> None:
    x, y = rng.normal(30, 4).astype("float32"), rng.labels(30, 2)
    probe = starting_network(PRETRAINED, STRATEGIES["probe-1"], 10, 3)
    assert drift_by_layer(probe, START) == []
    assert cka_by_layer(*(hidden_features(net, x, "numpy") for net in (probe, PRETRAINED))) == pytest.approx([1])
    assert source_accuracy_kept(probe, PRETRAINED, x, y, "numpy") is None
