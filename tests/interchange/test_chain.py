"""Steps become a network, or all that stands in the way is named."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import fastmlp
from fastmlp.errors import InvalidInput, NotFiniteError
from fastmlp.interchange.chain import Activation, Drop, Foreign, Linear, Norm, network_of

DRAW = np.random.default_rng(0)
X = DRAW.normal(size=(6, 4))


def linear(name: str, n_in: int, n_out: int, dtype: str = "float64") -> Linear:
    return Linear(name, DRAW.normal(size=(n_in, n_out)).astype(dtype), DRAW.normal(size=n_out).astype(dtype))


def test_linear_steps_between_activations_become_one() -> None:
    a, b, c = linear("a", 4, 5), linear("b", 5, 3), linear("c", 3, 2)
    net = network_of([a, b, Activation("tanh", "tanh"), c], "it")
    assert (net.sizes, net.activation) == ((4, 3, 2), "tanh")
    expected = np.tanh((X @ a.weight + a.bias) @ b.weight + b.bias) @ c.weight + c.bias
    assert_allclose(fastmlp.forward(net, X, backend="numpy"), expected, rtol=1e-13)


def test_without_any_activation_layers_stay_apart() -> None:
    net = network_of([linear("a", 4, 5), linear("b", 5, 3)], "it")
    assert (net.sizes, net.activation) == ((4, 5, 3), "identity")


def test_a_chain_that_ends_in_its_activation_gets_a_head_that_hands_it_on() -> None:
    a = linear("a", 4, 5)
    net = network_of([a, Activation("end", "relu")], "it")
    assert net.sizes == (4, 5, 5)
    assert_array_equal(fastmlp.forward(net, X, backend="numpy"), np.maximum(X @ a.weight + a.bias, 0))


def norm(name: str, width: int, epsilon: float = 1e-3) -> Norm:
    return Norm(name, epsilon, DRAW.normal(size=width), DRAW.normal(size=width))


def layer_norm(x: Any, step: Norm) -> Any:
    rows = (x - x.mean(axis=1, keepdims=True)) / np.sqrt(x.var(axis=1, keepdims=True) + step.epsilon)
    return rows * step.gain + step.shift


def test_gain_and_shift_of_a_layer_norm_become_part_of_the_layer_behind_it() -> None:
    n, a, m, b, o = norm("n", 4), linear("a", 4, 5), norm("m", 5), linear("b", 5, 3), norm("o", 3)
    net = network_of([n, a, Activation("t", "tanh"), m, b], "it")
    assert net.norms == (1e-3, 1e-3)
    hidden = np.tanh(layer_norm(X, n) @ a.weight + a.bias)
    expected = layer_norm(hidden, m) @ b.weight + b.bias
    assert_allclose(fastmlp.forward(net, X, backend="numpy"), expected, rtol=1e-12)
    ends = network_of([a, Activation("t", "tanh"), b, Activation("t", "tanh"), o], "it")
    assert (ends.sizes, ends.norms) == ((4, 5, 3, 3), (0, 0, 1e-3))
    hidden = np.tanh(np.tanh(X @ a.weight + a.bias) @ b.weight + b.bias)
    assert_allclose(fastmlp.forward(ends, X, backend="numpy"), layer_norm(hidden, o), rtol=1e-12)


def test_a_layer_norm_before_an_activation_keeps_its_gain_and_shift() -> None:
    a, n, b = linear("a", 4, 5), norm("n", 5), linear("b", 5, 3)
    net = network_of([a, n, Activation("t", "tanh"), b], "it")
    assert (net.sizes, net.norms, net.inner_norms) == ((4, 5, 3), (), (1e-3, 0))
    assert_array_equal(net.gains[0], [n.gain, n.shift])
    expected = np.tanh(layer_norm(X @ a.weight + a.bias, n)) @ b.weight + b.bias
    assert_allclose(fastmlp.forward(net, X, backend="numpy"), expected, rtol=1e-12)
    n.gain[0] = np.nan
    with pytest.raises(NotFiniteError, match="n has NaN or infinity in it"):
        network_of([a, n, Activation("t", "tanh"), b], "it")


def drop(share: float) -> Drop:
    return Drop(f"d{share}", share)


def test_dropout_comes_in_with_its_share_wherever_it_usually_stands() -> None:
    a, n, b = linear("a", 4, 5), norm("n", 5), linear("b", 5, 3)
    relu, tanh = Activation("r", "relu"), Activation("t", "tanh")
    orders: list[tuple[list[Any], tuple[float, ...], tuple[float, ...]]] = [
        ([a, relu, drop(0.1), b], (0, 0.1), ()),
        ([a, drop(0.25), relu, b], (0, 0.25), ()),  # ReLU does not mind
        ([drop(0.25), a, tanh, drop(0.5), b], (0.25, 0.5), ()),
        ([a, n, tanh, drop(0.25), b], (0, 0.25), ()),
        ([a, n, drop(0.25), relu, b], (0, 0.25), ()),
        ([a, tanh, drop(0.25), n, b], (0, 0.25), ()),
        ([a, tanh, n, drop(0.25), b], (), (0, 0.25)),
        ([a, tanh, drop(0.5), drop(0.5), n, drop(0.25), b], (0, 0.75), (0, 0.25)),
        ([a, b, relu, drop(0.25)], (0, 0.25), ()),
        ([a, drop(0.25), b], (0, 0.25), ()),  # with no activation at all
    ]
    for steps, dropout, norm_dropout in orders:
        net = network_of(steps, "it")
        assert (net.dropout, net.norm_dropout) == (dropout, norm_dropout), steps


def test_the_wider_dtype_holds() -> None:
    assert network_of([linear("a", 4, 5, "float32"), linear("b", 5, 2, "float32")], "it").dtype == "float32"
    assert network_of([linear("a", 4, 5, "float32"), linear("b", 5, 2)], "it").dtype == "float64"


RELU, TANH = Activation("r", "relu"), Activation("t", "tanh")
WRONG: dict[str, tuple[list[Any], str]] = {
    "nothing": ([], "it has no linear layer"),
    "only foreign": ([Foreign("conv", "no such layer")], "conv: no such layer$"),
    "two foreign": ([Foreign("a", "one"), linear("b", 4, 2), Foreign("c", "two")], "a: one; c: two$"),
    "widths": ([linear("a", 4, 5), RELU, linear("b", 6, 2)], "b takes 6 inputs, and a before it gives 5$"),
    "first": ([RELU, linear("a", 4, 2)], r"r \(relu\) comes first; an activation comes behind a linear layer$"),
    "twice": ([linear("a", 4, 5), RELU, RELU, linear("b", 5, 2)], r"r \(relu\) follows r; an activation comes behind"),
    "two kinds": ([linear("a", 4, 5), RELU, linear("b", 5, 5), TANH, linear("c", 5, 2)], "r is relu, t is tanh$"),
    "norm between linear steps": (
        [linear("a", 4, 5), RELU, linear("b", 5, 5), norm("n", 5), linear("c", 5, 2)],
        "n follows b with no activation between them$",
    ),
    "two norms before an activation": (
        [linear("a", 4, 5), norm("n", 5), norm("m", 5), RELU, linear("b", 5, 2)],
        "m follows n, with no linear layer between them$",
    ),
    "an activation first, behind a norm": ([norm("n", 4), RELU, linear("a", 4, 2)], r"r \(relu\) follows n; an activ"),
    "dropout before what bends": (
        [linear("a", 4, 5), Drop("d", 0.5), TANH, linear("b", 5, 2)],
        r"d comes before t \(tanh\); dropout comes behind it \(with a share of 0 it is left out\)$",
    ),
    "dropout before a norm before an activation": (
        [linear("a", 4, 5), Drop("d", 0.5), norm("n", 5), RELU, linear("b", 5, 2)],
        "n follows dropout before an activation; there, dropout comes behind it$",
    ),
    "dropout between linear steps": (
        [linear("a", 4, 5), RELU, linear("b", 5, 5), Drop("d", 0.5), linear("c", 5, 2)],
        r"d follows b with no activation between them \(with a share of 0 it is left out\)$",
    ),
    "dropout of outputs": ([linear("a", 4, 5), RELU, linear("b", 5, 2), Drop("d", 0.1)], "d follows b with no activ"),
    "norm of another width": ([norm("n", 5), linear("a", 4, 2)], "a takes 4 inputs, and n before it gives 5$"),
    "two norms": ([norm("n", 4), norm("m", 4), linear("a", 4, 2)], "m follows n, with no linear layer between them$"),
    "only a norm": ([norm("n", 4)], "it has no linear layer$"),
    "many": ([Foreign(f"l{k}", "no") for k in range(50)], "l19: no; and 30 more$"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_all_that_stands_in_the_way_is_named(name: str) -> None:
    steps, says = WRONG[name]
    with pytest.raises(InvalidInput, match=f"^the thing cannot be translated: .*{says}"):
        network_of(steps, "the thing")
