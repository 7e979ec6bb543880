from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sklearn
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

import fastmlp
from fastmlp import TransferClassifier
from fastmlp.errors import InvalidInput, LabelError, ShapeError, TrainingDiverged, UnknownName
from fastmlp.estimators.pretrained import scaler_of
from fastmlp.problems import Pretrained, Scaler
from fastmlp.training import Epoch

from ..conftest import SeededRng

NET = fastmlp.init_mlp((6, 8, 3), rng=0, dtype="float64")
FAST: dict[str, Any] = {"epochs": 4, "backend": "numpy", "random_state": 0}
NAMES = np.array(["ape", "bee", "cow"])


@pytest.fixture(name="X")
def inputs(rng: SeededRng) -> NDArray[np.float64]:
    return rng.normal(45, 6) * 3 + 10


@pytest.fixture(name="y")
def labels_of_three(rng: SeededRng) -> NDArray[np.int64]:
    return rng.labels(45, 3)


def fast(strategy: str | fastmlp.Strategy = "finetune", **given: Any) -> TransferClassifier:
    return TransferClassifier(NET, strategy, **FAST | given)


@pytest.mark.parametrize("strategy", [*fastmlp.STRATEGIES, "random-frozen-1", "lora-2"])
def test_every_strategy_does_what_transfer_does(strategy: str, X: Any, y: Any) -> None:
    scaler = Scaler(X.mean(axis=0), X.std(axis=0))
    model = fast(strategy, source_scaler=(scaler.mean, scaler.scale)).fit(X, y)
    assert model.predict_proba(X).shape == (45, 3)
    if fastmlp.STRATEGIES.get(strategy, fastmlp.STRATEGIES["finetune"]).start is None:
        oracle = LogisticRegression(max_iter=1000).fit(scaler.transform(X), y)
        np.testing.assert_allclose(model.predict_proba(X), oracle.predict_proba(scaler.transform(X)), atol=1e-8)
        return
    seed = int(np.random.RandomState(0).randint(2**31 - 1))
    fit = fastmlp.transfer(
        NET, scaler.transform(X), y, strategy=strategy, n_classes=3, epochs=4, backend="numpy", rng=seed
    )
    np.testing.assert_array_equal(model.network_.theta, fit.network.theta)
    assert model.loss_curve_ == fit.losses.tolist()
    assert (model.n_iter_, model.n_steps_) == (len(fit.losses), fit.steps)


@pytest.mark.parametrize(
    "labels", [NAMES, np.array([1, 2, 3]), np.array([-1.0, 0.0, 7.0]), NAMES.astype(object)], ids=lambda a: a.dtype.name
)
@pytest.mark.parametrize("strategy", ["finetune", "baseline", "keep-head"])
def test_labels_are_of_any_kind(labels: Any, strategy: str, X: Any, y: Any) -> None:
    model, plain = (fast(strategy, source_scaler="target").fit(X, given) for given in (labels[y], y))
    np.testing.assert_array_equal(model.classes_, labels)
    np.testing.assert_array_equal(model.predict(X), labels[plain.predict(X)])
    assert model.predict(X).dtype == labels.dtype


def test_the_source_says_which_of_its_outputs_is_which_label(X: Any, y: Any) -> None:
    order = ["cow", "ape", "bee"]
    model = fast("zero-shot", source_classes=order).fit(X, NAMES[y])
    np.testing.assert_array_equal(model.predict(X), np.array(order)[fastmlp.predict(NET, X, backend="numpy")])
    model = fast("zero-shot", source_classes=order).fit(X[y < 2], NAMES[y[y < 2]])  # no cow: it is known all the same
    assert model.classes_.tolist() == ["ape", "bee", "cow"]
    one_logit = fastmlp.init_mlp((6, 8, 1), rng=0, dtype="float64")
    turned = TransferClassifier(one_logit, "zero-shot", source_classes=["bee", "ape"], backend="numpy")
    wanted = np.array(["bee", "ape"])[fastmlp.predict(one_logit, X, backend="numpy")]
    np.testing.assert_array_equal(turned.fit(X, NAMES[y % 2]).predict(X), wanted)
    with pytest.raises(LabelError, match=r"y holds \['cow'\], which the source's head does not know"):
        fast("keep-head", source_classes=["ape", "bee", "emu"]).fit(X, NAMES[y])
    with pytest.raises(InvalidInput, match=r"source_classes is \['a', 'b'\]; the pretrained network tells 3 classes"):
        fast("keep-head", source_classes=["a", "b"]).fit(X, NAMES[y])
    with pytest.raises(LabelError, match="has 3 classes, and y holds 2: "):
        fast("keep-head").fit(X, y % 2)


@pytest.mark.parametrize("kind", [StandardScaler, RobustScaler, MinMaxScaler, lambda: StandardScaler(with_mean=False)])
def test_scalers_of_scikit_learn_are_read(kind: Any, X: Any) -> None:
    scaler = kind().fit(X)
    np.testing.assert_allclose(scaler_of(scaler).transform(X), scaler.transform(X), atol=1e-12)


def test_a_network_sees_its_inputs_through_its_own_scaler(X: Any, y: Any) -> None:
    scaler = StandardScaler().fit(X + 1)
    as_they_are, through = fast("zero-shot").fit(X, y), fast("zero-shot", source_scaler=scaler).fit(X, y)
    np.testing.assert_array_equal(as_they_are.predict_proba(X), fastmlp.predict_proba(NET, X, backend="numpy"))
    np.testing.assert_allclose(
        through.predict_proba(X), fastmlp.predict_proba(NET, scaler.transform(X), backend="numpy"), atol=1e-12
    )
    again = TransferClassifier(through, "zero-shot", backend="numpy").fit(X, y)  # an estimator brings its own
    np.testing.assert_array_equal(again.predict_proba(X), through.predict_proba(X))
    piped = TransferClassifier(make_pipeline(scaler, as_they_are), "zero-shot", backend="numpy").fit(X, y)
    np.testing.assert_array_equal(piped.predict_proba(X), through.predict_proba(X))
    for strategy in ("scratch", "baseline"):  # theirs is the target's
        own = fast(strategy, source_scaler=scaler).fit(X, y).scaler_
        assert own is not None
        np.testing.assert_array_equal(own.mean, X.mean(axis=0))


def test_networks_of_scikit_learn_bring_their_classes(X: Any, y: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it has not converged
        theirs = MLPClassifier((5,), max_iter=3, random_state=0).fit(X, NAMES[y])
    kept = TransferClassifier(theirs, "zero-shot", backend="numpy").fit(X[y < 2], NAMES[y[y < 2]])
    np.testing.assert_allclose(kept.predict_proba(X), theirs.predict_proba(X), atol=1e-12)
    assert kept.classes_.tolist() == NAMES.tolist()
    linear = LogisticRegression().fit(X, NAMES[y])
    kept = TransferClassifier(linear, "zero-shot", backend="numpy").fit(X, NAMES[y])
    np.testing.assert_allclose(kept.predict_proba(X), linear.predict_proba(X), atol=1e-12)


def test_trainings_and_networks_from_files_come_in(X: Any, y: Any) -> None:
    fit = fastmlp.train_mlp(NET, X, y, epochs=1, backend="numpy")
    given = Pretrained.named(fit.network, Scaler.fit(X), NAMES)
    plain, scaled = (
        TransferClassifier(one, "frozen", epochs=1, backend="numpy", random_state=0).fit(X, y) for one in (fit, given)
    )
    assert plain.scaler_ is None
    assert scaled.scaler_ is given.scaler


def test_modules_of_pytorch_come_in(X: Any, y: Any, oracle: Callable[[str], Any]) -> None:
    torch = oracle("torch")
    module = torch.nn.Sequential(torch.nn.Linear(6, 5), torch.nn.ReLU(), torch.nn.Linear(5, 3))
    model = TransferClassifier(module, "zero-shot", backend="numpy").fit(X, NAMES[y])
    wanted = torch.softmax(module(torch.from_numpy(X.astype("float32"))), 1).detach().numpy()
    np.testing.assert_allclose(model.predict_proba(X), wanted, atol=1e-6)
    assert clone(model).pretrained is module
    assert pickle.loads(pickle.dumps(model)).predict(X).tolist() == model.predict(X).tolist()


def test_early_stopping_keeps_the_best_network_and_ends_phases(X: Any, y: Any) -> None:
    model = fast("lp-ft", source_scaler="target", early_stopping=True, validation_fraction=0.3, n_iter_no_change=3)
    model.set_params(epochs=200, lr=0.5).fit(X, y)
    losses = model.validation_losses_
    assert losses is not None
    assert model.fit_ is not None
    assert len(losses) == model.n_iter_ < 200
    assert model.fit_.free_by_layer[0] > 0  # the second phase was trained, though the first had ended early
    held = fast("lp-ft", source_scaler="target", early_stopping=True, validation_fraction=0.3, epochs=200, lr=0.5)
    best = int(np.argmin(losses)) + 1
    seen: list[Epoch] = []
    held.set_params(
        n_iter_no_change=3, callbacks=lambda epoch: seen.append(epoch._replace(network=epoch.network.copy()))
    )
    held.fit(X, y)
    np.testing.assert_array_equal(model.network_.theta, seen[best - 1].network.theta)
    assert [epoch.validation_loss for epoch in seen] == losses
    with pytest.raises(InvalidInput, match=r"validation_fraction is 0\.1: that leaves none of 4 examples"):
        fast(early_stopping=True).fit(X[:4], [0, 1, 0, 1])


@pytest.mark.parametrize("strategy", ["finetune", "lora-4", "plateau", "gradual"])
def test_callbacks_see_each_epoch_and_change_no_bit_until_one_ends_the_training(strategy: str, X: Any, y: Any) -> None:
    seen: list[Epoch] = []
    plain = fast(strategy, source_scaler="target").fit(X, y)
    told = fast(strategy, source_scaler="target", callbacks=[seen.append]).fit(X, y)
    np.testing.assert_array_equal(told.network_.theta, plain.network_.theta)
    assert [epoch.number for epoch in seen] == [1, 2, 3, 4][: plain.n_iter_]
    assert [epoch.loss for epoch in seen] == plain.loss_curve_
    ended = fast(strategy, source_scaler="target", callbacks=lambda epoch: epoch.number == 2).fit(X, y)
    assert ended.loss_curve_ == plain.loss_curve_[:2]
    with pytest.raises(InvalidInput, match="callbacks holds 3, which cannot be called"):
        fast(callbacks=[3]).fit(X, y)


@pytest.mark.parametrize("strategy", ["finetune", "baseline", "lora-4"])
def test_weights_of_classes_multiply_those_of_examples(strategy: str, X: Any, y: Any) -> None:
    weighted = fast(strategy, source_scaler="target", class_weight={0: 4, 1: 1, 2: 1}).fit(X, y)
    same = fast(strategy, source_scaler=weighted.scaler_).fit(X, y, sample_weight=np.where(y == 0, 4.0, 1.0))
    plain = fast(strategy, source_scaler="target").fit(X, y)
    if strategy != "baseline":  # whose scaler is fitted with the weights of examples
        np.testing.assert_allclose(weighted.network_.theta, same.network_.theta)
    assert (weighted.predict(X) == 0).sum() > (plain.predict(X) == 0).sum()


def test_it_works_where_scikit_learn_works_with_estimators(X: Any, y: Any) -> None:
    words = NAMES[y]
    piped = make_pipeline(StandardScaler(), fast())
    search = GridSearchCV(piped, {"transferclassifier__strategy": ["baseline", "frozen", "zero-shot"]}, cv=2)
    assert search.fit(X, words).best_params_["transferclassifier__strategy"] in {"baseline", "frozen", "zero-shot"}
    assert cross_val_score(fast("lp-ft"), X, words, cv=3).shape == (3,)
    calibrated = CalibratedClassifierCV(fast("baseline"), cv=2).fit(X, words)
    assert calibrated.predict_proba(X).shape == (45, 3)
    with sklearn.config_context(enable_metadata_routing=True):
        unweighted = StandardScaler().set_fit_request(sample_weight=False)
        routed = make_pipeline(unweighted, fast().set_fit_request(sample_weight=True))
        routed.fit(X, words, sample_weight=np.arange(1.0, 46.0))
        direct = fast().fit(StandardScaler().fit_transform(X), words, sample_weight=np.arange(1.0, 46.0))
    np.testing.assert_array_equal(routed[-1].network_.theta, direct.network_.theta)
    restored = pickle.loads(pickle.dumps(search))
    np.testing.assert_array_equal(restored.predict(X), search.predict(X))
    assert "Network(sizes=(6, 8, 3)" in fast()._repr_html_()
    assert piped.set_output(transform="default").fit(X, words).predict(X).shape == (45,)


def test_a_clone_shares_what_is_fitted_already(X: Any, y: Any) -> None:
    inner = fast("finetune").fit(X, y)
    model = TransferClassifier(inner, source_scaler=StandardScaler().fit(X), **FAST)
    copied = clone(model)
    assert copied.pretrained is inner
    assert copied.source_scaler is model.source_scaler
    frozen = TransferClassifier(FrozenEstimator(inner), **FAST).fit(X, y)
    np.testing.assert_array_equal(frozen.network_.theta, TransferClassifier(inner, **FAST).fit(X, y).network_.theta)


def test_without_a_pretrained_network_it_starts_at_random(X: Any, y: Any) -> None:
    model = TransferClassifier(None, "scratch", hidden_layer_sizes=(5, 4), activation="tanh", **FAST).fit(X, y)
    assert (model.network_.sizes, model.network_.activation) == ((6, 5, 4, 3), "tanh")
    assert model.network_.dtype == np.float64
    single = TransferClassifier(None, "scratch", **FAST).fit(X.astype(np.float32), y)
    assert single.network_.dtype == np.float32
    with pytest.raises(
        InvalidInput, match="strategy 'finetune' starts from a pretrained network, and pretrained is None"
    ):
        TransferClassifier(**FAST).fit(X, y)


def test_bad_input_is_refused_with_what_disagrees(X: Any, y: Any) -> None:
    with pytest.raises(ShapeError, match=r"X has 5 features, and the pretrained network of sizes \(6, 8, 3\) takes 6"):
        fast().fit(X[:, :5], y)
    with pytest.raises(UnknownName, match="did you mean 'finetune'"):
        fast("finetun").fit(X, y)
    with pytest.raises(InvalidInput, match="strategy is 3; a name or a Strategy is needed"):
        fast(3).fit(X, y)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="pretrained is 'net'; a Network, a Fit, a fitted classifier or"):
        TransferClassifier("net", **FAST).fit(X, y)
    with pytest.raises(LabelError, match=r"labels of mixed kinds: .*\(str\), .*\(int\)"):
        fast().fit(X, np.array(["a", 1, "b"] * 15, dtype=object))
    with pytest.raises(ValueError, match="Input y contains NaN"):
        fast().fit(X, np.where(y == 0, np.nan, y))
    with pytest.raises(ShapeError, match=r"source_scaler is of 5 features; the pretrained network .* has 6"):
        fast(source_scaler=StandardScaler().fit(X[:, :5])).fit(X, y)
    with pytest.raises(InvalidInput, match="a StandardScaler that is not fitted"):
        fast(source_scaler=StandardScaler()).fit(X, y)
    with pytest.raises(InvalidInput, match="source_scaler is 3; a fitted scaler or a pair"):
        fast(source_scaler=3).fit(X, y)
    with pytest.raises(InvalidInput, match="must have finite means, and scales above 0"):
        fast(source_scaler=(np.zeros(6), np.zeros(6))).fit(X, y)
    with pytest.raises(TrainingDiverged, match=r"strategy 'finetune' diverged in epoch \d of 4 at lr = 1000000.0"):
        fast(lr=1e6).fit(X, y)
