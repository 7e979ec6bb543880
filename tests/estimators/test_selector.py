from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.model_selection import StratifiedShuffleSplit, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import fastmlp
from fastmlp import TransferClassifier, TransferSelectorCV
from fastmlp.errors import InvalidInput, LabelError, TrainingDiverged
from fastmlp.estimators.columns import Columns
from fastmlp.estimators.cross_validation import Labelled, _folds_of_tuning, folds_of, overlap_of
from fastmlp.stats import paired_family

from ..conftest import SeededRng

N, CLASSES = 60, 3
NAMES = np.array(["ape", "bee", "cow"])


@pytest.fixture(name="data", scope="module")
def labelled() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    random = np.random.default_rng(0)
    y = np.arange(N) % CLASSES
    return random.normal(size=(CLASSES, 8))[y] * 2 + random.normal(size=(N, 8)), y


@pytest.fixture(name="net", scope="module")
def pretrained(data: Any) -> fastmlp.Network:
    X, y = data
    start = fastmlp.init_mlp((8, 6, CLASSES), rng=0, dtype="float64")
    return fastmlp.train_mlp(start, X, y, epochs=20, lr=0.05, backend="numpy").network


FEW = TransferClassifier(epochs=3, backend="numpy")


def selector(net: Any, strategies: Any = ("baseline", "frozen", "scratch"), **given: Any) -> TransferSelectorCV:
    options: dict[str, Any] = {"cv": 3, "repeats": 2, "estimator": FEW, "random_state": 0}
    return TransferSelectorCV(net, strategies, **options | given)


def test_each_pair_is_compared_on_the_same_folds_and_draws(net: fastmlp.Network, data: Any) -> None:
    X, y = data
    model = selector(net).fit(X, NAMES[y])
    results = model.cv_results_
    assert (model.n_splits_, results["strategy"]) == (6, ["baseline", "frozen", "scratch"])
    scores = np.stack([results[f"split{k}_test_score"] for k in range(6)], axis=1)
    pairs = [(0, 1), (0, 2), (1, 2)]
    family = paired_family([(scores[i], scores[j]) for i, j in pairs], margin=0.01, overlap=1 / 2)
    assert model.verdicts_["difference"] == [one.mean for one in family]
    assert model.verdicts_["low"] == [one.low for one in family]
    assert model.verdicts_["verdict"] == [one.verdict for one in family]
    assert list(zip(model.verdicts_["first"], model.verdicts_["second"], strict=True)) == [
        ("baseline", "frozen"), ("baseline", "scratch"), ("frozen", "scratch"),
    ]  # fmt: skip
    twin = selector(net, {"one": fastmlp.STRATEGIES["scratch"], "two": fastmlp.STRATEGIES["scratch"]}).fit(X, y)
    assert twin.verdicts_["difference"] == [0.0]
    assert twin.verdicts_["verdict"] == ["tied"]
    assert twin.best_strategy_ == "one"  # as cheap as the other


def test_of_the_tied_it_takes_the_cheapest_and_trains_it_on_all(net: fastmlp.Network, data: Any) -> None:
    X, y = data
    model = selector(net, margin=0.99).fit(X, NAMES[y])  # all are tied
    assert set(model.verdicts_["verdict"]) == {"tied"}
    costs = dict(zip(model.cv_results_["strategy"], model.cv_results_["mean_cost"], strict=True))
    assert model.best_strategy_ == min(costs, key=costs.__getitem__) == "frozen"
    assert model.contenders_ == ["baseline", "frozen", "scratch"]
    best = model.best_estimator_
    assert isinstance(best, TransferClassifier)
    again = TransferClassifier(net, "frozen", epochs=3, backend="numpy", random_state=best.random_state)
    np.testing.assert_array_equal(again.fit(X, NAMES[y]).network_.theta, best.network_.theta)
    np.testing.assert_array_equal(model.predict(X), best.predict(X))
    np.testing.assert_array_equal(model.predict_log_proba(X), np.log(model.predict_proba(X)))
    strict = selector(net, margin=0).fit(X, NAMES[y])
    leader = int(np.argmax(strict.cv_results_["mean_test_score"]))
    assert strict.best_strategy_ == strict.cv_results_["strategy"][leader]


def test_what_is_shown_to_be_worse_is_no_contender(data: Any) -> None:
    X, y = data
    useless = fastmlp.Strategy("random", (fastmlp.Phase(head=1e-9, body=0),))
    model = selector(
        fastmlp.init_mlp((8, 6, 3), rng=1), {"useless": useless, "baseline": fastmlp.STRATEGIES["baseline"]}
    )
    model.fit(X, y)
    assert model.verdicts_["verdict"] == ["worse"]
    assert model.contenders_ == [model.best_strategy_] == ["baseline"]


def test_the_number_of_threads_changes_nothing(net: fastmlp.Network, data: Any) -> None:
    X, y = data
    model, other = (selector(net, ["frozen", "scratch"], candidates=2, n_jobs=n).fit(X, y) for n in (None, 2))
    assert dict(model.verdicts_) == dict(other.verdicts_)
    np.testing.assert_array_equal(model.predict_proba(X), other.predict_proba(X))


def test_every_strategy_tries_the_same_settings(net: fastmlp.Network, data: Any) -> None:
    """With a declared rate at which nothing is learned, any other is better."""
    X, y = data
    dull = TransferClassifier(epochs=3, backend="numpy", lr=1e-6)
    chosen = []
    for strategy in ("frozen", "finetune"):
        models = [
            selector(net, [strategy], cv=2, repeats=1, candidates=candidates, estimator=dull).fit(X, y).best_estimator_
            for candidates in (1, 2)
        ]
        assert models[0].lr == 1e-6
        assert models[0].random_state == models[1].random_state
        chosen.append((models[1].lr or 0.0, models[1].C))
    assert chosen[0] == chosen[1]
    assert 1e-6 / 3 < chosen[0][0] < 3e-6
    assert chosen[0][0] != 1e-6


def test_the_usual_contestants_depend_on_what_is_known_of_the_source(net: fastmlp.Network, data: Any) -> None:
    X, y = data
    source = TransferClassifier(net, "zero-shot", source_classes=NAMES, backend="numpy").fit(X, NAMES[y])

    def contestants(pretrained: Any, classes: Any) -> list[str]:
        model = TransferSelectorCV(pretrained)
        model.classes_ = classes
        return list(model._contestants(model._base()))

    assert contestants(None, NAMES) == ["baseline", "scratch"]
    assert contestants(source, NAMES)[-2:] == ["zero-shot", "keep-head"]
    assert contestants(source, np.arange(3)) == contestants(net, NAMES) == contestants(source, NAMES)[:-2]
    assert selector(None, None, cv=2, repeats=1).fit(X, y).cv_results_["strategy"] == ["baseline", "scratch"]


def test_folds_are_stratified_fewer_where_labels_are_few_and_keep_groups_together(rng: SeededRng) -> None:
    y = np.repeat([0, 1], [12, 3])
    examples = Labelled(rng.normal(15, 2), y, y, None)
    with pytest.warns(UserWarning, match="class 1 has 3 labels, so there are 3 folds and not 5"):
        folds = folds_of(examples, 5, 2, None, seed=0)
    assert len(folds) == 6
    assert all(np.bincount(y[left_out]).tolist() == [4, 1] for _, left_out in folds)
    assert overlap_of(examples, folds) == 0.5
    groups = np.array(list("abcdeabcdeababc"))
    for train, left_out in folds_of(examples, 2, 3, groups, seed=0):
        assert not set(groups[train]) & set(groups[left_out])
        assert set(y[train]) == {0, 1}
    with pytest.warns(UserWarning, match="there are 2 groups, so there are as many folds and not 3"):
        assert len(folds_of(examples, 3, 1, np.arange(15) % 2, seed=0)) == 2
    with pytest.raises(LabelError, match="class 1 is in one group alone; two are needed"):
        folds_of(examples, 2, 1, np.arange(15) // 3, seed=0)
    own = folds_of(examples, StratifiedShuffleSplit(4, test_size=0.4, random_state=0), 9, None, seed=0)
    assert len(own) == 4
    with pytest.raises(LabelError, match="class 1 has 1 label; cross-validation needs at least 2 of each class"):
        folds_of(examples.rows(np.arange(13)), 5, 1, None, seed=0)


def test_nothing_of_what_is_left_out_is_seen(net: fastmlp.Network, data: Any) -> None:
    """Other inputs and labels of a fold that is left out change no training, and so no cost and no other fold."""
    X, y = data
    folds = [(np.arange(20, N), np.arange(20)), (np.arange(40), np.arange(40, N))]
    other, labels = X.copy(), y.copy()
    other[:20] += 100
    labels[:20] = labels[:20][::-1]
    seen = []
    base = TransferClassifier(net, "scratch", epochs=3, backend="numpy", callbacks=None)
    for inputs, targets in ((X, y), (other, labels)):
        thetas: list[NDArray[np.float64]] = []
        recording = base.set_params(callbacks=lambda epoch, kept=thetas: kept.append(epoch.network.theta.copy()))
        selector(None, ["scratch"], cv=folds, estimator=recording).fit(inputs, targets)
        seen.append(thetas[2])  # after the last epoch of the first fold
    np.testing.assert_array_equal(seen[0], seen[1])


def test_a_strategy_that_diverges_is_not_chosen(net: fastmlp.Network, data: Any) -> None:
    X, y = data
    wild = fastmlp.Strategy("pretrained", (fastmlp.Phase(head=1e6, body=1e6),))
    model = selector(net, {"wild": wild, "frozen": fastmlp.STRATEGIES["frozen"]}).fit(X, y)
    assert model.best_strategy_ == "frozen"
    assert model.contenders_ == ["frozen"]
    assert np.isnan(model.cv_results_["mean_test_score"][0])
    assert model.cv_results_["rank_test_score"].tolist() == [2, 1]
    with pytest.raises(TrainingDiverged, match="of wild, each diverged on some fold"):
        selector(net, {"wild": wild}).fit(X, y)


def test_it_is_an_estimator_among_others(net: fastmlp.Network, data: Any) -> None:
    X, y = data
    predicted = cross_val_predict(selector(net, ["frozen", "baseline"], cv=2, repeats=1), X, NAMES[y], cv=2)
    assert (predicted == NAMES[y]).mean() > 0.6
    with pytest.raises(InvalidInput, match="strategies is 'frozen'; names, or a mapping"):
        selector(net, "frozen").fit(X, y)
    with pytest.raises(InvalidInput, match="strategies names one twice: frozen, frozen"):
        selector(net, ["frozen", "frozen"]).fit(X, y)
    with pytest.raises(InvalidInput, match="strategies is empty"):
        selector(net, []).fit(X, y)
    with pytest.raises(InvalidInput, match="estimator is 3; a TransferClassifier is needed"):
        selector(net, estimator=3).fit(X, y)


def test_columns_are_shown_as_a_table_that_nothing_breaks_out_of() -> None:
    columns = Columns({"<i>": ["a & b", None], "x": [0.123456, 2]})
    assert columns._repr_html_().count("<td>") == 4
    assert "<i>" not in columns._repr_html_()
    assert str(columns) == "<i>    x\na & b  0.1235\n       2"


def test_advice_says_what_the_comparison_shows(net: fastmlp.Network, data: Any) -> None:
    X, y = data
    useless = fastmlp.Strategy("random", (fastmlp.Phase(head=1e-9, body=0),))
    strategies = {name: fastmlp.STRATEGIES[name] for name in ("frozen", "scratch")}
    quick: dict[str, Any] = {"cv": 3, "repeats": 1, "estimator": FEW}
    both = fastmlp.advise(net, X, NAMES[y], strategies=strategies, **quick)
    assert str(both) == f"Take {both.best}, or any: none of 2 strategies is shown to be worse than the best."
    assert both.fit().predict(X).dtype == NAMES.dtype
    strategies = {"useless": useless, "baseline": fastmlp.STRATEGIES["baseline"]}
    other = fastmlp.advise(net, X, y, strategies=strategies, **quick | {"repeats": 2})
    assert str(other) == "Take baseline: each other strategy is shown to be worse."
    table = other.table
    assert (table["strategy"], table["verdict"]) == (["baseline", "useless"], ["advised", "worse"])
    assert table["difference"][1] == other.selector.verdicts_["difference"][0]
    assert table["difference"][1] == pytest.approx(table["score"][1] - table["score"][0])
    assert table["low"][1] < table["difference"][1] < table["high"][1]
    assert "shown to be worse" in other._repr_html_()


def test_groups_come_through_a_pipeline_and_reach_tuning(net: fastmlp.Network, data: Any) -> None:
    X, y = data
    chosen = selector(None, ["baseline"], candidates=2)
    with config_context(enable_metadata_routing=True):
        routed = make_pipeline(StandardScaler(), chosen.set_fit_request(groups=True))
        routed.fit(X, NAMES[y], groups=np.arange(N) % 10)
        with pytest.raises(LabelError, match="class 0 is in one group alone"):
            routed.fit(X, NAMES[y], groups=y)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        chosen.fit(X, y, groups=[1, 2])
    groups = np.repeat(np.arange(12), 5)
    inside = Labelled(X, y, y, None, groups).rows(np.arange(40))
    folds = _folds_of_tuning(inside, 0)
    assert len(folds) == 3
    assert all(not set(groups[train]) & set(groups[left_out]) for train, left_out in folds)
    assert _folds_of_tuning(inside._replace(groups=y[:40]), 0) == [], "the declared settings are taken"
