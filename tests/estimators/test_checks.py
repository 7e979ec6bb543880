"""Scikit-learn's own checks of an estimator. `make oracles` runs them for every strategy, with frames of pandas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sklearn.utils.estimator_checks import check_estimator, parametrize_with_checks

from fastmlp.estimators import TransferSelectorCV
from fastmlp.strategies import STRATEGIES

from .any_width import OfAnyWidth

# Whole batches, for which a weight of two is the same as having an example twice; few epochs of large steps
QUICK: dict[str, Any] = {"batch_size": 200, "epochs": 30, "lr": 0.5, "backend": "numpy", "source_scaler": "target"}
FAMILIES = ("lora-2", "random-frozen-1", "transplant-1")
WEIGHTS = "check_sample_weight_equivalence_on_dense_data"
REASON = "which labels are held back is drawn from rows, so that a row of weight two is not the same as two rows"


def of(name: str) -> OfAnyWidth:
    return OfAnyWidth(strategy=name, **QUICK)


@parametrize_with_checks([of("finetune"), of("baseline"), of("zero-shot")])
def test_scikit_learn_finds_nothing(estimator: Any, check: Callable[[Any], None]) -> None:
    check(estimator)


@pytest.mark.parametrize("name", [*STRATEGIES, *FAMILIES])
def test_nor_for_any_strategy(name: str, oracle: Callable[[str], Any]) -> None:
    oracle("pandas")
    expected = {WEIGHTS: REASON} if STRATEGIES.get(name, STRATEGIES["finetune"]).held_back else {}
    done = check_estimator(of(name), expected_failed_checks=expected, on_skip=None)
    assert [one["check_name"] for one in done if one["status"] == "xfail"] == list(expected)


def test_nor_for_a_selector(oracle: Callable[[str], Any]) -> None:
    oracle("pandas")
    quick = OfAnyWidth(**QUICK | {"epochs": 5})
    check_estimator(TransferSelectorCV(None, ("baseline", "scratch"), cv=3, repeats=1, estimator=quick), on_skip=None)
