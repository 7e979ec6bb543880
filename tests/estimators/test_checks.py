"""Scikit-learn's own checks of an estimator. `make oracles` runs them for every strategy, with frames of pandas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sklearn.utils.estimator_checks import check_estimator, parametrize_with_checks

from fastmlp import TransferSelectorCV
from fastmlp.strategies import STRATEGIES

from .any_width import OfAnyWidth

# Whole batches, for which a weight of two is the same as having an example twice; few epochs of large steps
QUICK: dict[str, Any] = {"batch_size": 200, "epochs": 30, "lr": 0.5, "backend": "numpy", "source_scaler": "target"}
FAMILIES = ("lora-2", "random-frozen-1", "transplant-1")


def of(name: str) -> OfAnyWidth:
    return OfAnyWidth(strategy=name, **QUICK)


@parametrize_with_checks([of("finetune"), of("baseline"), of("zero-shot")])
def test_scikit_learn_finds_nothing(estimator: Any, check: Callable[[Any], None]) -> None:
    check(estimator)


@pytest.mark.parametrize("name", [*STRATEGIES, *FAMILIES])
def test_nor_for_any_strategy(name: str, oracle: Callable[[str], Any]) -> None:
    oracle("pandas")
    check_estimator(of(name), on_skip=None)


def test_nor_for_a_selector(oracle: Callable[[str], Any]) -> None:
    oracle("pandas")
    quick = OfAnyWidth(**QUICK | {"epochs": 5})
    check_estimator(TransferSelectorCV(None, ("baseline", "scratch"), cv=3, repeats=1, estimator=quick), on_skip=None)
