"""What more labels would be worth: arithmetic, an interval that holds what happens, and what cannot be told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone

import fastmlp
from fastmlp.errors import InvalidInput
from fastmlp.estimators.more_labels import Rehearsal
from fastmlp.stats import Difference, paired_difference

PLAIN = fastmlp.TransferClassifier(backend="numpy")
FLAT = paired_difference([0.9] * 4, [0.9] * 4, margin=0.0)
SURE = replace(FLAT, mean=0.02, low=0.01, high=0.03, verdict="better", reason=None)
NOW = Rehearsal(100, 80.0, 40.0, SURE, SURE, np.array(["a", "b"]), np.eye(2, dtype=int))


@pytest.mark.parametrize(
    ("doubling", "labels", "verdict", "gain", "says"),
    [
        (SURE, 100, "more", 0.02, "would be worth +2.0 points of accuracy (+1.0 to +3.0), if it goes on as from 40"),
        (SURE, 50, "more", 0.02 * np.log2(1.5), "The next 50 labels would be worth +1.2 points"),
        (replace(SURE, low=-0.01), 100, "unknown", 0.02, "whether they would help cannot be told; +2.0 points"),
        (FLAT, 100, "same", 0.0, "expect nothing; 40 labels scored on every fold what 80 did"),
        (SURE, 101, "too far", None, "that is more than there are now, 100, and too far ahead to tell"),
        (None, 100, "unknown", None, "nobody can tell; half of the labels are too few"),
    ],
)
def test_a_doubling_is_shared_out_by_logarithms(
    doubling: Difference | None, labels: int, verdict: str, gain: float | None, says: str
) -> None:
    more = replace(NOW, doubling=doubling).worth_of(labels)
    assert more.verdict == verdict
    assert more.gain == (None if gain is None else pytest.approx(gain))
    assert says in str(more)


def test_a_number_of_labels_is_a_number() -> None:
    with pytest.raises(InvalidInput, match="labels is 0"):
        NOW.worth_of(0)


@pytest.fixture(scope="module")
def labelled() -> tuple[Any, Any, Any]:
    """Ten classes, so close that a hundred labels are few, and as many rows again as there are labels."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(10, 16))
    y = np.arange(2400) % 10
    return centres[y] * 0.8 + rng.normal(size=(2400, 16)), np.array(list("abcdefghij"))[y], y


def test_the_interval_holds_what_the_labels_bring(labelled: tuple[Any, Any, Any]) -> None:
    X, names, _ = labelled
    advice = fastmlp.advise(None, X[:120], names[:120], strategies=["baseline"], repeats=1, estimator=PLAIN)
    more = advice.more_labels(120)
    before, after = (
        clone(PLAIN).set_params(strategy="baseline").fit(X[:n], names[:n]).score(X[400:], names[400:])
        for n in (120, 240)
    )
    assert more.low is not None
    assert more.high is not None
    assert more.low <= after - before <= more.high
    assert advice.rehearsal.score.low is not None
    assert advice.rehearsal.score.low <= before
    assert advice.rehearsal.confusion.sum() == 120
    assert advice.rehearsal is advice.rehearsal, "it is trained once"


def test_half_of_few_labels_are_too_few(labelled: tuple[Any, Any, Any]) -> None:
    X, names, _ = labelled
    advice = fastmlp.advise(None, X[:30], names[:30], strategies=["baseline"], cv=3, repeats=1, estimator=PLAIN)
    assert advice.rehearsal.doubling is None
    assert "nobody can tell" in str(advice.more_labels(10))
