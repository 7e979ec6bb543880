"""A backbone in scikit-learn's hands: fit, predict, clone, pickle, cross-validation, files."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image
from sklearn.base import clone

import fastmlp
from fastmlp.errors import FastmlpError

from ..backbones.modules import BLOCKS, pictures, sequential, small_cnn

X, Y = pictures()
NAMES = np.array(["ant", "bee", "cat", "dog"])[Y]
FAST: dict[str, Any] = {"epochs": 3, "random_state": 0, "backend": "numpy"}


@pytest.fixture
def cnn(oracle: Callable[[str], ModuleType]) -> Any:
    return fastmlp.make_backbone(small_cnn(oracle("torch")), BLOCKS, X[:4], head="fc")


@pytest.fixture
def linear(oracle: Callable[[str], ModuleType]) -> Any:
    net = fastmlp.init_mlp((6, 9, 7, 4), rng=1)
    return fastmlp.make_backbone(sequential(oracle("torch"), net), [["0", "1"], ["2", "3"]], np.ones((3, 6)), head="4")


def fitted(cnn: Any, strategy: str, **options: Any) -> fastmlp.TransferClassifier:
    return fastmlp.TransferClassifier(cnn, strategy, **FAST | options).fit(X, NAMES)


@pytest.mark.parametrize("strategy", ["frozen", "partial-2", "finetune", "probe-2", "baseline", "zero-shot"])
def test_it_is_the_transfer_under_names_and_it_can_be_copied_pickled_and_saved(
    strategy: str, cnn: Any, tmp_path: Path
) -> None:
    model = fitted(cnn, strategy)
    proba = model.predict_proba(X)
    assert_array_equal(model.classes_, ["ant", "bee", "cat", "dog"])
    assert_array_equal(model.predict(X), model.classes_[proba.argmax(axis=1)])
    if strategy != "baseline":
        seed = np.random.RandomState(0).randint(2**31 - 1)
        fit = fastmlp.transfer_backbone(
            cnn, X, Y, strategy=strategy, n_classes=4, rng=int(seed), epochs=3, backend="numpy"
        )
        assert_array_equal(fit.network.predict_proba(cnn.prepare(X)), proba)
    again = clone(model)
    assert again.pretrained is cnn
    assert not hasattr(again, "network_")
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict_proba(X), proba)
    loaded = fastmlp.load(fastmlp.save(model, tmp_path / "model.safetensors"), backbone=cnn)
    assert_array_equal(loaded.predict_proba(X), proba)
    assert loaded.get_params() == model.get_params()
    assert_array_equal(loaded.predict(X), model.predict(X))
    assert loaded.fit(X, NAMES).score(X, NAMES) == model.score(X, NAMES)  # with the parameters that it was saved with


def test_a_file_holds_what_moved_and_the_head_and_says_what_it_stands_on(cnn: Any, tmp_path: Path) -> None:
    sizes = {
        name: fastmlp.save(fitted(cnn, name), tmp_path / name).stat().st_size
        for name in ("frozen", "partial-2", "finetune")
    }
    assert sizes["frozen"] < sizes["partial-2"] < sizes["finetune"]
    with pytest.raises(FastmlpError, match=r"partial-2: it stands on the backbone 'Sequential'.*backbone="):
        fastmlp.load(tmp_path / "partial-2")
    cnn.stages[0].modules[0][0].weight.data[0, 0, 0, 0] += 1e-3
    del cnn.__dict__["fingerprint"]
    with pytest.raises(FastmlpError, match=r"partial-2: it stands on a backbone of fingerprint .*; 'Sequential' has"):
        fastmlp.load(tmp_path / "partial-2", backbone=cnn)
    with pytest.raises(FastmlpError, match="backbone is 3; a Backbone is needed"):
        fastmlp.load(tmp_path / "partial-2", backbone=3)
    net = fastmlp.save(fastmlp.init_mlp((2, 3), rng=0), tmp_path / "net")
    with pytest.raises(FastmlpError, match="net: it holds a Network, which stands on no backbone"):
        fastmlp.load(net, backbone=cnn)


def test_a_statistic_that_moved_is_in_the_file(cnn: Any, tmp_path: Path) -> None:
    model = fitted(cnn, "scratch", epochs=5)  # its counters of batches, which have no axis, end where no other did
    loaded = fastmlp.load(fastmlp.save(model, tmp_path / "model"), backbone=cnn)
    assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))


def test_weights_of_examples_and_classes_count(cnn: Any) -> None:
    heavy = np.where(Y == 2, 1e3, 1e-3)
    for strategy in ("frozen", "partial-2", "baseline"):
        model = fastmlp.TransferClassifier(cnn, strategy, **FAST | {"epochs": 20, "lr": 0.05})
        assert set(model.fit(X, NAMES, sample_weight=heavy).predict(X)) == {"cat"}
        assert set(model.set_params(class_weight={"cat": 1e6}).fit(X, NAMES).predict(X)) == {"cat"}
        none = model.set_params(class_weight=None).fit(X, NAMES, sample_weight=np.where(Y == 2, 0, 1))
        assert "cat" not in none.classes_


def test_a_kept_head_answers_with_the_labels_that_it_stands_for(cnn: Any) -> None:
    order = ["dog", "ant", "cat", "bee"]  # of the module's own outputs
    model = fitted(cnn, "zero-shot", source_classes=order)
    own = fastmlp.transfer_backbone(cnn, X, Y, strategy="zero-shot", n_classes=4).network
    assert model.predict(X).tolist() == [order[k] for k in own.predict(cnn.prepare(X))]
    assert_array_equal(model.classes_, sorted(order))


def test_a_comparison_computes_frozen_stages_once_for_all_folds(cnn: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from fastmlp.backbones import BackboneNetwork

    computed: list[tuple[int, int]] = []
    evaluate = BackboneNetwork.evaluate

    def counting(self: Any, inputs: Any, first: int, last: int) -> Any:
        if len(inputs) > 1 and first != last and first == 0:
            computed.append((first, last))
        return evaluate(self, inputs, first, last)

    monkeypatch.setattr(BackboneNetwork, "evaluate", counting)
    few = fastmlp.TransferClassifier(**FAST)
    strategies = ["frozen", "partial-2", "partial-1", "baseline"]
    model = fastmlp.TransferSelectorCV(cnn, strategies, cv=3, repeats=2, estimator=few, random_state=0).fit(X, NAMES)
    assert len(computed) <= 2, computed
    assert model.n_splits_ == 6
    assert set(model.cv_results_["strategy"]) == set(strategies)
    assert_array_equal(model.predict(X), model.best_estimator_.predict(X))
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))


def test_advice_for_a_backbone_is_that_of_what_is_cheap(cnn: Any, tmp_path: Path) -> None:
    advice = fastmlp.advise(cnn, X, NAMES, cv=2, repeats=1, candidates=2, estimator=fastmlp.TransferClassifier(**FAST))
    assert advice.selector.cv_results_["strategy"] == ["baseline", "frozen", "probe-2", "partial-2"]
    assert advice.rehearsal.confusion.sum() == 24
    path = fastmlp.save(advice.selector, tmp_path / "selector")
    loaded = fastmlp.load(path, backbone=cnn)
    assert_array_equal(loaded.predict(X), advice.fit().predict(X))
    assert loaded.best_strategy_ == advice.best


EARLY: dict[str, Any] = {"early_stopping": True, "validation_fraction": 0.3, "n_iter_no_change": 2, "epochs": 60}


@pytest.mark.parametrize("strategy", ["frozen", "lp-ft", "lora-2", "scratch"])
def test_early_stopping_keeps_the_best_network_and_ends_phases(
    strategy: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Copies that a callback makes are whole networks: within a rank, with what it has come to added."""
    backbone = request.getfixturevalue("linear" if strategy == "lora-2" else "cnn")
    inputs = X.reshape(len(X), -1)[:, :6] if strategy == "lora-2" else X
    seen: list[Any] = []
    model: Any = fastmlp.TransferClassifier(backbone, strategy, **FAST | EARLY | {"lr": 0.1})
    model.set_params(callbacks=lambda epoch: seen.append(epoch._replace(network=epoch.network.copy())))
    model.fit(inputs, NAMES)
    losses = model.validation_losses_
    assert losses is not None
    assert len(losses) == model.n_iter_ == len(model.loss_curve_) == len(seen) < 60
    assert [epoch.validation_loss for epoch in seen] == losses
    assert [epoch.loss for epoch in seen] == model.loss_curve_
    best = seen[int(np.argmin(losses))].network
    assert_array_equal(model.network_.theta, best.theta)
    assert_allclose(model.predict_proba(inputs), best.predict_proba(backbone.prepare(inputs)), atol=1e-6)
    assert model.fit_.free_by_stage[-2] > 0 or strategy == "frozen"  # the second phase of lp-ft was trained too
    loaded = fastmlp.load(fastmlp.save(model.set_params(callbacks=None), tmp_path / "model"), backbone=backbone)
    assert_allclose(loaded.predict_proba(inputs), model.predict_proba(inputs), atol=1e-6)


@pytest.mark.parametrize("strategy", ["frozen", "finetune", "gradual", "plateau", "scratch"])
def test_callbacks_see_each_epoch_and_change_no_bit_until_one_ends_the_training(strategy: str, cnn: Any) -> None:
    seen: list[Any] = []

    def look(epoch: Any) -> None:
        seen.append(epoch)
        epoch.network.predict(cnn.prepare(X))  # in evaluation, and dropout goes on in training

    plain = fitted(cnn, strategy, epochs=4)
    told = fitted(cnn, strategy, epochs=4, callbacks=[look])
    assert_array_equal(told.network_.theta, plain.network_.theta)
    assert [epoch.number for epoch in seen] == [1, 2, 3, 4][: plain.n_iter_]
    assert [epoch.loss for epoch in seen] == plain.loss_curve_
    ended = fitted(cnn, strategy, epochs=4, callbacks=lambda epoch: epoch.number == 2)
    assert ended.loss_curve_ == plain.loss_curve_[:2]


def test_pictures_are_files_arrays_or_columns(oracle: Callable[[str], ModuleType], tmp_path: Path) -> None:
    pd = oracle("pandas")

    from fastmlp.backbones.sources import Cut, picture_backbone

    own = fastmlp.Preparation(size=8)
    plan = Cut(small_cnn(oracle("torch")), BLOCKS, "fc", own)
    backbone = picture_backbone("net", plan, own)
    draw = (np.random.default_rng(0).random((24, 8, 8)) * 255).astype(np.uint8)
    paths = [tmp_path / f"{k}.png" for k in range(24)]
    for path, picture in zip(paths, draw, strict=True):
        Image.fromarray(picture).save(path)
    model = fastmlp.TransferClassifier(backbone, "frozen", **FAST).fit(paths, NAMES)
    expected = model.predict_proba(paths)
    frame = pd.DataFrame(draw.reshape(24, 64) / 255)
    for same in (draw, draw.reshape(24, 64), frame, np.array(list(map(str, paths))), pd.Series(paths)):
        assert_allclose(model.predict_proba(same), expected, atol=1e-5)
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict_proba(paths), expected)
    for bad in (paths[3], paths[5]):
        bad.write_bytes(b"?")
    with pytest.raises(FastmlpError, match=r"2 of 24 pictures cannot be read: .*3\.png: .*; .*5\.png: "):
        model.fit(paths, NAMES)
    with pytest.raises(FastmlpError, match=r"1 of 2 pictures cannot be read: .*3\.png: "):
        model.predict(paths[2:4])


REFUSED: list[tuple[dict[str, Any], Any, Any, str]] = [
    ({"early_stopping": 2}, X, NAMES, "early_stopping is 2"),
    ({"early_stopping": True}, X[:4], NAMES[:4], r"validation_fraction is 0\.1: that leaves none of 4 examples"),
    ({"callbacks": [3]}, X, NAMES, "callbacks holds 3, which cannot be called"),
    ({"device": "gpu"}, X, NAMES, "unknown device 'gpu'"),
    ({"cache": 3}, X, NAMES, "cache is 3; a FeatureCache is needed"),
    ({"batch_norm": "frozen"}, X, NAMES, "unknown batch_norm 'frozen'"),
    ({"strategy": "partial-4"}, X, NAMES, "needs 4 hidden layers; the backbone has 3 stages"),
    ({}, X, NAMES[:3], "X has 24 examples and y 3 labels"),
    ({}, X, ["ant"] * 24, "y holds 1 class, 'ant'; two or more classes are needed"),
    ({}, X[:, :1], NAMES, r"X of shape \(24, 1, 8, 8\) does not fit stage 'block0'"),
    ({"strategy": "finetune", "lr": 1e30, "epochs": 5}, X, NAMES, "strategy 'finetune' diverged in epoch"),
    ({"strategy": "keep-head"}, X, np.where(Y == 3, "ant", NAMES), "keeps the source's head"),
]


@pytest.mark.parametrize(("changed", "inputs", "labels", "message"), REFUSED, ids=range(len(REFUSED)))
def test_what_is_refused(changed: dict[str, Any], inputs: Any, labels: Any, message: str, cnn: Any) -> None:
    with pytest.raises(FastmlpError, match=message):
        fastmlp.TransferClassifier(cnn, **{"strategy": "frozen"} | FAST | changed).fit(inputs, labels)
