from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import fastmlp
from fastmlp.errors import InvalidInput, LabelError, NotFiniteError, ShapeError, UnknownName

from .conftest import SeededRng

NET = fastmlp.init_mlp((3, 4, 3), rng=0)
X = np.zeros((5, 3))
Y = [0, 1, 2, 0, 1]


@pytest.mark.parametrize(
    ("activation", "variances"),
    [("relu", (2 / 400, 2 / 700)), ("tanh", (2 / 700, 2 / 700))],  # He 2 / n_in; Glorot 2 / (n_in + n_out)
)
def test_weights_follow_he_or_glorot_and_the_head_always_glorot(
    activation: str, variances: tuple[float, float]
) -> None:
    net = fastmlp.init_mlp((400, 300, 400), rng=1, dtype="float64", activation=activation)
    for weight, variance in zip(net.weights, variances, strict=True):
        assert weight.var() == pytest.approx(variance, rel=0.02)  # five standard errors of 120,000 draws
        assert abs(weight.mean()) < 5 * np.sqrt(variance / weight.size)
    assert all((bias == 0).all() for bias in net.biases)


def test_a_network_and_its_training_are_shown_in_one_line() -> None:
    assert repr(NET) == "Network(sizes=(3, 4, 3), activation='relu')"
    shown = repr(fastmlp.train_mlp(NET, X, Y, epochs=50, backend="numpy"))
    assert shown.startswith("Fit(network=Network(sizes=(3, 4, 3), activation='relu'), steps=50, seconds=")
    assert len(shown) < 200


def test_both_dtypes_hold_the_same_draw() -> None:
    narrow, wide = (fastmlp.init_mlp((5, 4, 3), rng=7, dtype=dtype) for dtype in ("float32", "float64"))
    assert_array_equal(narrow.theta, wide.theta.astype("float32"))


@pytest.mark.parametrize(
    "rng", [3, np.random.SeedSequence(3), np.random.default_rng(3)], ids=lambda r: type(r).__name__
)
def test_a_seed_a_sequence_and_a_generator_are_one_rng(rng: Any) -> None:
    assert_array_equal(fastmlp.init_mlp((5, 4), rng=rng).theta, fastmlp.init_mlp((5, 4), rng=3).theta)


def test_weights_share_memory_and_a_copy_does_not() -> None:
    net = fastmlp.init_mlp((3, 2))
    twin = net.copy()
    net.weights[0][0, 0] = 9
    assert net.theta[0] == 9
    assert twin.theta[0] != 9


def test_forward_is_two_matrix_products_and_a_relu(rng: SeededRng, backend: str) -> None:
    net = fastmlp.init_mlp((3, 4, 2), rng=1, dtype="float64")
    net.theta[:] += rng.normal(net.theta.size)
    (w1, w2), (b1, b2) = net.weights, net.biases
    x = rng.normal(6, 3)
    hidden = np.einsum("bi,io->bo", x, w1) + b1
    hidden[hidden < 0] = 0
    assert_allclose(fastmlp.features(net, x, depth=1, backend=backend), hidden, rtol=1e-12)
    assert_allclose(fastmlp.forward(net, x, backend=backend), np.einsum("bi,io->bo", hidden, w2) + b2, rtol=1e-12)
    assert_array_equal(fastmlp.features(net, x, depth=0, backend=backend), x)


def test_accuracy_counts_the_likeliest_class(backend: str) -> None:
    net = fastmlp.init_mlp((1, 1), dtype="float64")
    net.theta[:] = [1, 0]  # the sigmoid head says 1 where x > 0
    x = [[-2.0], [-1.0], [1.0], [2.0]]
    assert fastmlp.accuracy(net, x, [0, 1, 1, 1], backend=backend) == 0.75
    assert_array_equal(fastmlp.predict(net, x, backend=backend), [0, 0, 1, 1])


def test_probabilities_add_up_to_one_at_huge_logits(backend: str) -> None:
    net = fastmlp.init_mlp((1, 3), dtype="float64")
    net.theta[:3] = [1e4, -1e4, 0]
    p = fastmlp.predict_proba(net, [[1.0], [-1.0], [0.0]], backend=backend)
    assert_allclose(p.sum(axis=1), 1)
    assert_allclose(p, np.array([[1, 0, 0], [0, 1, 0], [1 / 3, 1 / 3, 1 / 3]]), atol=1e-12)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["float16", "float64", "int8", "uint64", "bool"])
def test_inputs_of_any_real_kind_and_order_are_taken(dtype: str, order: Any, backend: str) -> None:
    x = np.asarray(np.eye(4, 3), dtype=dtype, order=order)
    x.flags.writeable = False
    expected = fastmlp.forward(NET, np.eye(4, 3), backend=backend)
    assert_array_equal(fastmlp.forward(NET, x, backend=backend), expected)


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (np.zeros((5, 4)), ShapeError, r"\(5, 4\); the network expects \(n, 3\)"),
        (np.zeros(3), ShapeError, r"\(3,\); the network expects \(n, 3\)"),
        (np.zeros((0, 3)), ShapeError, r"0 examples"),
        (np.full((5, 3), np.nan), NotFiniteError, r"X\[0, 0\] is nan"),
        (np.where(np.eye(5, 3) > 0, np.inf, 0), NotFiniteError, r"X\[0, 0\] is inf"),
        (np.full((5, 3), 1e39), NotFiniteError, r"1e\+39; inputs must be finite in float32"),
        (np.full((5, 3), "a"), InvalidInput, r"<U1 values; real numbers"),
        (np.full((5, 3), 1j), InvalidInput, r"complex128 values; real numbers"),
        (np.full((5, 3), None), InvalidInput, r"object values; real numbers"),
    ],
)
def test_inputs_that_cannot_be_used_are_refused_with_their_values(x: Any, error: type, message: str) -> None:
    for call in (
        fastmlp.forward,
        lambda net, x: fastmlp.backward(net, x, Y),
        lambda net, x: fastmlp.train_mlp(net, x, Y),
    ):
        with pytest.raises(error, match=message):
            call(NET, x)


@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        ([0, 1], ShapeError, r"\(2,\); X has 5 examples"),
        ([[0]] * 5, ShapeError, r"\(5, 1\); X has 5 examples"),
        ([0, 1, 2, 3, 0], LabelError, r"from 0 to 3; the network has classes 0 to 2"),
        ([0, 1, 2, -1, 0], LabelError, r"from -1 to 2; the network has classes 0 to 2"),
        (
            [0.0, 1.0, 2.0, 1.0, 0.0],
            LabelError,
            r"float64 values, such as 0\.0; integer labels.*np\.asarray\(y, dtype='int64'\)",
        ),
        (["a", "b", "c", "a", "b"], LabelError, r"<U1 values, such as 'a'; integer labels.*np\.unique\(y"),
    ],
)
def test_labels_that_do_not_fit_are_refused_with_their_values(y: Any, error: type, message: str) -> None:
    for call in (fastmlp.backward, fastmlp.accuracy, fastmlp.train_mlp):
        with pytest.raises(error, match=message):
            call(NET, X, y)


def test_names_that_do_not_exist_are_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="unknown activation 'rellu'; did you mean 'relu'"):
        fastmlp.init_mlp((3, 2), activation="rellu")
    with pytest.raises(UnknownName, match="unknown dtype 'float16'"):
        fastmlp.init_mlp((3, 2), dtype="float16")
    with pytest.raises(UnknownName, match="unknown backend 'nunba'; did you mean 'numba'"):
        fastmlp.forward(NET, X, backend="nunba")
    with pytest.raises(ShapeError, match=r"depth is 2; .* depths 0 to 1"):
        fastmlp.features(NET, X, depth=2)
    with pytest.raises(ShapeError, match=r"theta has shape \(3,\); sizes \(3, 2\) need \(8,\)"):
        fastmlp.Network((3, 2), np.zeros(3))
