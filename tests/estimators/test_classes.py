from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.sparse import csr_array

import fastmlp
from fastmlp.errors import LabelError
from fastmlp.estimators.classes import Classes

F8 = np.dtype("float64")
KINDS: dict[str, Any] = {
    "text": np.array(["b", "a", "c", "a"]),
    "objects": np.array(["b", "a", "c", "a"], dtype=object),
    "from 1": np.array([2, 1, 3, 1]),
    "whole floats": np.array([0.0, -1.0, 7.0, -1.0]),
    "truths": np.array([True, False, True, False]),
    "one class": np.array(["a"] * 4),
}


@pytest.mark.parametrize("kind", KINDS)
def test_classes_of_any_kind_come_back_as_they_are(kind: str) -> None:
    y = KINDS[kind]
    classes = Classes.of(y)
    target = classes.encode(y, F8)
    outputs = np.where(target > 0, 1.0, -1.0) if target.ndim == 2 else np.eye(len(classes.names))[target]
    assert outputs.shape == (4, classes.n_outputs)
    assert_array_equal(classes.decide(outputs), y)


def test_labels_of_which_several_are_true_come_back() -> None:
    y = np.array([[1, 0, 1], [0, 0, 0]])
    for given in (y, csr_array(y)):
        classes = Classes.of(given)
        assert_array_equal(classes.decide(classes.encode(given, F8) - 0.5), y)


@pytest.mark.parametrize(
    ("y", "says"),
    [
        ([0.5, 1.5, 2.5, 3.0], "Unknown label type: continuous"),
        ([0.0, np.nan, 1.0, 0.0], "NaN"),
        (np.array(["a", np.nan, "b", "a"], dtype=object), "NaN"),
        (np.array(["a", 1, None, 2.5], dtype=object), "kinds, str .*a.* and int .1. and NoneType .None. and float"),
        ([[0, 1], [2, 1], [1, 1], [0, 0]], r"shape \(4, 2\) and holds more than zeros and ones"),
        (None, "requires y to be passed"),
        ([0, 1, 0], r"inconsistent numbers of samples: \[4, 3\]"),
    ],
)
def test_what_is_no_class_is_refused_once(y: Any, says: str) -> None:
    model = fastmlp.MLPClassifier(backend="numpy", max_iter=1)
    with pytest.raises((ValueError, TypeError), match=says):
        model.fit(np.zeros((4, 2)), y)
    assert not hasattr(model, "coefs_")


def test_a_class_that_was_never_seen_is_named() -> None:
    model = fastmlp.MLPClassifier(backend="numpy", random_state=0)
    model.partial_fit([[0.0], [1.0]], ["a", "b"], classes=["a", "b"])
    with pytest.raises(LabelError, match=r"y holds \['z'\]; the classes are \['a' 'b'\]"):
        model.partial_fit([[0.0], [1.0]], ["a", "z"])
    with pytest.raises(LabelError, match=r"y holds \[1 2\]; the classes are \['a' 'b'\]"):
        model.partial_fit([[0.0], [1.0]], [1, 2])
    with pytest.raises(ValueError, match="is not the same as on last call"):
        model.partial_fit([[0.0], [1.0]], ["a", "b"], classes=["a", "c"])
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        fastmlp.MLPClassifier().partial_fit([[0.0]], ["a"])
    labels = fastmlp.MLPClassifier(backend="numpy").partial_fit([[0.0], [1.0]], [[1, 0], [0, 1]], classes=[0, 1])
    with pytest.raises(LabelError, match=r"shape \(2, 3\); each example needs 2 labels"):
        labels.partial_fit([[0.0], [1.0]], [[1, 0, 1], [0, 1, 1]])
