from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import fastmlp
from fastmlp.errors import InvalidInput, LabelError, NotFiniteError, ShapeError, UnknownName
from fastmlp.registry import BINARY_CROSS_ENTROPY, LOSSES, POISSON, SQUARED_ERROR
from fastmlp.targets import check_sample_weight, check_targets

X = np.zeros((4, 3))


def test_targets_come_out_in_two_dimensions_and_the_networks_dtype() -> None:
    for y in ([1, 2, 3, 4], [[1], [2], [3], [4]]):
        given = check_targets(y, 4, 1, SQUARED_ERROR, "float32")
        assert given.dtype == "float32"
        assert_array_equal(given, [[1], [2], [3], [4]])
    assert check_targets(np.eye(4, 2, dtype=bool).T[:, :2].T, 2, 2, BINARY_CROSS_ENTROPY, "float64").max() == 1


REFUSED: list[tuple[str, int, Any, type, str]] = [
    ("squared-error", 2, [1.0] * 4, ShapeError, r"y has shape \(4,\); X has 4 examples and the network 2 outputs"),
    ("squared-error", 1, np.zeros((4, 2)), ShapeError, r"'squared-error' needs \(4, 1\)"),
    ("squared-error", 1, [0, 1, np.inf, 0], NotFiniteError, r"y\[2\] is inf; it must be finite in float32"),
    ("squared-error", 1, [0, 1, 1e300, 0], NotFiniteError, r"y\[2\] is 1e\+300; it must be finite in float32"),
    ("squared-error", 1, list("abcd"), InvalidInput, r"y holds <U1 values.*y\[0\] is 'a'"),
    ("squared-error", 1, [1j] * 4, InvalidInput, r"y holds complex128 values.*y.real drops"),
    ("binary-cross-entropy", 1, [0, 1, 2, 0], LabelError, r"y\[2, 0\] is 2.0; .* at least 0 and at most 1"),
    ("binary-cross-entropy", 1, [0, 1, -1, 0], LabelError, r"y\[2, 0\] is -1.0"),
    ("poisson", 1, [0, 1, -2, 0], LabelError, r"y\[2, 0\] is -2.0; 'poisson' takes targets of at least 0"),
    ("poisson", 1, [0, 1, np.nan, 0], NotFiniteError, r"y\[2\] is nan"),
    ("cross-entropy", 2, [0.0, 1.0, 0.0, 1.0], LabelError, "integer labels from 0 are needed"),
    ("cross-entropy", 2, np.eye(4, 2), ShapeError, r"np.argmax\(y, axis=1\)"),
    ("poison", 1, [0, 1, 2, 3], UnknownName, "unknown loss 'poison'; did you mean 'poisson'"),
]


@pytest.mark.parametrize(("loss", "outputs", "y", "error", "message"), REFUSED)
def test_targets_that_a_loss_does_not_take_are_refused(
    loss: str, outputs: int, y: Any, error: type, message: str
) -> None:
    net = fastmlp.init_mlp((3, outputs))
    for call in (fastmlp.backward, fastmlp.train_mlp):
        with pytest.raises(error, match=message):
            call(net, X, y, loss=loss)


@pytest.mark.parametrize(
    ("weights", "error", "message"),
    [
        ([1.0, 2.0], ShapeError, r"sample_weight has shape \(2,\); X has 4 examples, so \(4,\) is needed"),
        ([1, 2, -0.5, 1], InvalidInput, r"sample_weight\[2\] is -0.5; a weight must be at least 0"),
        ([1, 2, np.nan, 1], NotFiniteError, r"sample_weight\[2\] is nan; it must be finite in float32"),
        ([1, 2, np.inf, 1], NotFiniteError, r"sample_weight\[2\] is inf"),
        ([0, 0, 0, 0], InvalidInput, "all 4 of sample_weight are zero; at least one must be above 0"),
        ([3e38] * 4, InvalidInput, "sample_weight adds up to inf in float32"),
        (list("abcd"), InvalidInput, "sample_weight holds <U1 values"),
        (1.0, ShapeError, "sample_weight is 1.0; an array is needed"),
    ],
)
@pytest.mark.parametrize("loss", LOSSES)
def test_weights_that_are_none_are_refused(loss: str, weights: Any, error: type, message: str) -> None:
    net = fastmlp.init_mlp((3, 2))
    y = [0, 1, 0, 1] if loss == "cross-entropy" else np.zeros((4, 2))
    for call in (fastmlp.backward, fastmlp.train_mlp):
        with pytest.raises(error, match=message):
            call(net, X, y, loss=loss, sample_weight=weights)


def test_no_weights_stay_none() -> None:
    assert check_sample_weight(None, 4, "float32") is None
    assert check_targets([0, 3], 2, 1, POISSON, "float32").shape == (2, 1)


def test_weights_must_count_on_both_sides_of_what_is_held_back() -> None:
    net, y = fastmlp.init_mlp((3, 2)), [0, 1, 0, 1]
    for mask, side in (([True, False, False, False], "held back"), ([False, False, False, True], "trained on")):
        with pytest.raises(InvalidInput, match=f"of sample_weight that are {side} are zero"):
            fastmlp.train_mlp(net, X, y, sample_weight=[0, 0, 0, 1], held_back=mask)
