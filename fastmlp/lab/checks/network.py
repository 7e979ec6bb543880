"""Checks of the network: its first weights, the forward pass, the gradient and the accuracy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import flawed
from ..parameters import Sizes, Values, assign, close, largest_gap, shapes, values
from ..student import Mistake, Student, array, floats, number, pair_with_number
from ..texts import at

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
SIZES: Sizes = (3, 5, 4)
LARGE: Sizes = (200, 60, 10)
N = 7
FLOAT32 = 2e-4  # relative to the largest entry: a student may compute in float32


def drawn(student: Student, rng: np.random.Generator, sizes: Sizes = SIZES) -> tuple[Any, Values]:
    """Return a student's network with parameters that are all different from zero, and these."""
    net = student.call("init_mlp", *sizes, np.random.default_rng(int(rng.integers(2**31))))
    new = {name: rng.normal(size=shape) for name, shape in shapes(sizes).items()}
    assign(net, sizes, new)
    return net, values(net, sizes, "init_mlp")


def check_init(student: Student, rng: np.random.Generator) -> None:
    """Check shapes, the spread of the weights, the biases, and that the generator is used."""
    seed = int(rng.integers(2**31))
    first = values(student.call("init_mlp", *LARGE, np.random.default_rng(seed)), LARGE, "init_mlp")
    again = values(student.call("init_mlp", *LARGE, np.random.default_rng(seed)), LARGE, "init_mlp")
    other = values(student.call("init_mlp", *LARGE, np.random.default_rng(seed + 1)), LARGE, "init_mlp")
    weight = first["W1"]
    if weight.std() < 1e-12:
        raise Mistake("init_all_alike", at("w1_first_entries"), weight, at("all_different"))
    if not close(first, again, 0):
        raise Mistake("init_not_repeatable", at("w1_first_entries"), again["W1"], weight)
    if close(first, other, 0):
        raise Mistake("init_ignores_rng", at("w1_first_entries_with_another_generator"), other["W1"])
    if weight.min() >= 0:
        raise Mistake("init_positive", at("smallest_entry_of_w1"), weight.min(), at("below_0"))
    for name, scale in (("W1", np.sqrt(2 / LARGE[0])), ("W2", np.sqrt(2 / (LARGE[1] + LARGE[2])))):
        spread = float(first[name].std())
        if not 0.45 * scale <= spread <= 2.2 * scale:
            squared = 0.8 < spread / scale**2 < 1.25
            key = "init_variance_as_spread" if squared else "init_too_large" if spread > scale else "init_too_small"
            raise Mistake(key, at("standard_deviation_of_name", name=name), spread, float(scale))
    if max(float(np.abs(first[name]).max()) for name in ("b1", "b2")) > 0.3:
        raise Mistake("init_biases", at("b1_first_entries"), first["b1"], 0)


def check_forward(student: Student, rng: np.random.Generator) -> None:
    """Compare logits with the reference, and a row alone with the same row in its batch."""
    net, p = drawn(student, rng)
    X = rng.normal(size=(N, SIZES[0]))
    right = flawed.logits(p, X)
    mine = array(student.call("forward", net, X), "forward")
    if mine.shape != right.shape or not _agree(mine, right):
        for flaw in flawed.FORWARD:
            wrong = flawed.logits(p, X, flaw)
            if mine.shape == wrong.shape and _agree(mine, wrong):
                raise Mistake(flaw, at("logits_of_the_first_example"), mine[0], right[0])
        if mine.shape != right.shape:
            raise Mistake("shape", at("shape"), str(mine.shape), str(right.shape), function="forward")
        raise Mistake("forward_differs", at("logits_of_the_first_example"), mine[0], right[0])
    alone = floats(student.call("forward", net, X[:1]), "forward", (1, SIZES[2]))
    if not _agree(alone, right[:1]):
        raise Mistake("forward_batch_scaled", at("logits_of_the_first_example_alone"), alone[0], right[0])


def _agree(mine: Floats, right: Floats) -> bool:
    return bool(np.allclose(mine, right, rtol=FLOAT32, atol=FLOAT32 * max(1.0, float(np.abs(right).max()))))


def check_gradient(student: Student, rng: np.random.Generator) -> None:
    """Compare loss and gradient with the reference; the numbers shown come from finite differences."""
    net, p = drawn(student, rng)
    X, y = rng.normal(size=(N, SIZES[0])), rng.permutation(np.arange(N) % SIZES[2])
    g, loss = _measured(student, net, X, y)
    _check_loss(loss, p, X, y)
    mine, right = _gradient_values(g), flawed.gradient(p, X, y)
    if not close(values(net, SIZES, "init_mlp"), p, 0):
        raise Mistake("gradient_changes_network", at("b2_afterwards"), values(net, SIZES, "init_mlp")["b2"], p["b2"])
    name, place, gap = largest_gap(mine, right)
    if gap > FLOAT32:
        slope = flawed.finite_difference(p, X, y, name, place)
        where = at("slope_of_the_loss_in_name_v2", name=name, v2=", ".join(map(str, place)))
        for flaw in flawed.GRADIENT:
            if close(mine, flawed.gradient(p, X, y, flaw), FLOAT32):
                raise Mistake(flaw, where, mine[name][place], slope)
        raise Mistake("gradient_differs", where, mine[name][place], slope, what=name)
    _check_overflow(student, net, p, y)


def _measured(student: Student, net: Any, X: Floats, y: Ints) -> tuple[Any, float]:
    value = student.call("loss_and_gradient", net, X, y)
    return pair_with_number(value, "loss_and_gradient", "the loss and the gradient", 0)


def _gradient_values(g: Any) -> Values:
    try:
        return values(g, SIZES, "loss_and_gradient")
    except Mistake as mistake:
        if mistake.key == "no_parameter" and any(np.shape(part) == (N, SIZES[1]) for part in _listed(g)):
            raise Mistake("gradient_bias_not_summed", at("shape"), f"({N}, {SIZES[1]})", f"({SIZES[1]},)") from None
        raise


def _listed(g: Any) -> list[Any]:
    return list(g.values()) if isinstance(g, dict) else list(g) if isinstance(g, list | tuple) else []


def _check_loss(mine: float, p: Values, X: Floats, y: Ints) -> None:
    right = flawed.loss(p, X, y)
    if np.isclose(mine, right, rtol=FLOAT32):
        return
    for flaw in flawed.LOSS:
        if np.isclose(mine, flawed.loss(p, X, y, flaw), rtol=FLOAT32):
            raise Mistake(flaw, at("loss_of_v1_examples", v1=len(y)), mine, right)
    raise Mistake("loss_differs", at("loss_of_v1_examples", v1=len(y)), mine, right)


def _check_overflow(student: Student, net: Any, p: Values, y: Ints) -> None:
    """Try logits so large that exp overflows unless the largest is subtracted first."""
    assign(net, SIZES, p | {"b2": np.array([0.0, 2000.0, -2000.0, 1000.0])})
    g, loss = _measured(student, net, np.zeros((N, SIZES[0])), y)
    entries = values(g, SIZES, "loss_and_gradient")
    if not np.isfinite(loss) or not all(np.isfinite(v).all() for v in entries.values()):
        raise Mistake("softmax_overflows", at("loss_where_a_logit_is_2000"), loss, at("a_number"))


def check_accuracy(student: Student, rng: np.random.Generator) -> None:
    """Compare with the share of examples whose largest logit is that of their label."""
    net, p = drawn(student, rng)
    X = rng.normal(size=(31, SIZES[0]))
    z = flawed.logits(p, X)
    y = np.where(np.arange(31) % 4 == 0, (z.argmax(axis=1) + 1) % SIZES[2], z.argmax(axis=1))
    right = float(np.mean(z.argmax(axis=1) == y))
    mine = number(student.call("accuracy", net, X, y), "accuracy")
    if np.isclose(mine, right, atol=1e-6):
        return
    keys = {"error_instead_of_accuracy": 1 - right, "accuracy_percent": 100 * right, "accuracy_counted": 31 * right}
    keys |= {"accuracy_of_smallest": float(np.mean(z.argmin(axis=1) == y))}
    named = next((key for key, wrong in keys.items() if np.isclose(mine, wrong, atol=1e-6)), "accuracy_differs")
    raise Mistake(named, at("accuracy_on_31_examples"), mine, right)
