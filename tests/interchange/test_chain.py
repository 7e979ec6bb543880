"""Steps become a network, or all that stands in the way is named."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import fastmlp
from fastmlp.errors import InvalidInput
from fastmlp.interchange.chain import Activation, Foreign, Linear, network_of

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


def test_the_wider_dtype_holds() -> None:
    assert network_of([linear("a", 4, 5, "float32"), linear("b", 5, 2, "float32")], "it").dtype == "float32"
    assert network_of([linear("a", 4, 5, "float32"), linear("b", 5, 2)], "it").dtype == "float64"


RELU, TANH = Activation("r", "relu"), Activation("t", "tanh")
WRONG: dict[str, tuple[list[Any], str]] = {
    "nothing": ([], "it has no linear layer"),
    "only foreign": ([Foreign("conv", "no such layer")], "conv: no such layer$"),
    "two foreign": ([Foreign("a", "one"), linear("b", 4, 2), Foreign("c", "two")], "a: one; c: two$"),
    "widths": ([linear("a", 4, 5), RELU, linear("b", 6, 2)], "b takes 6 inputs, and a before it gives 5$"),
    "first": ([RELU, linear("a", 4, 2)], r"r \(relu\) comes before any linear layer$"),
    "twice": ([linear("a", 4, 5), RELU, RELU, linear("b", 5, 2)], r"r \(relu\) follows r, with no linear layer"),
    "two kinds": ([linear("a", 4, 5), RELU, linear("b", 5, 5), TANH, linear("c", 5, 2)], "r is relu, t is tanh$"),
    "many": ([Foreign(f"l{k}", "no") for k in range(50)], "l19: no; and 30 more$"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_all_that_stands_in_the_way_is_named(name: str) -> None:
    steps, says = WRONG[name]
    with pytest.raises(InvalidInput, match=f"^the thing cannot be translated: .*{says}"):
        network_of(steps, "the thing")
