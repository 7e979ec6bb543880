"""Checks of `train_mlp`: the update, the batches, the order, and that it learns."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import flawed
from ..parameters import Sizes, Values, close, largest_gap, values
from ..student import Mistake, Student, number
from ..texts import at
from .network import SIZES, drawn

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
TOLERANCE = 1e-3
SMALL_RATE = 3e-5  # so small that the gradient hardly changes in an epoch
LARGE_GAP = 0.15


def check_training(student: Student, rng: np.random.Generator) -> None:
    """Check it on cases in which the batches drawn make no difference, then on those in which they do."""
    _check_updates(student, rng)
    _check_number_of_updates(student, rng)
    _check_each_example_once(student, rng)
    _check_order(student, rng)
    _check_learning(student, rng)


def _train(
    student: Student, rng: np.random.Generator, X: Floats, y: Ints, *options: Any, seed: int = 0
) -> tuple[Values, Values]:
    """Return parameters before and after a training."""
    net, before = drawn(student, rng)
    trained = _trained(student, net, X, y, *options, np.random.default_rng(seed))
    return before, values(trained, SIZES, "train_mlp")


def _trained(student: Student, net: Any, *arguments: Any) -> Any:
    trained = student.call("train_mlp", net, *arguments)
    if isinstance(trained, tuple) and not isinstance(net, tuple):
        raise Mistake("train_returns_more")
    return trained


def _check_updates(student: Student, rng: np.random.Generator) -> None:
    """All examples are one batch: five updates with momentum can be compared entry by entry."""
    epochs, lr, momentum, n = 5, 0.05, 0.8, 8
    X, y = rng.normal(size=(n, SIZES[0])), rng.permutation(np.arange(n) % SIZES[2])
    before, after = _train(student, rng, X, y, epochs, n, lr, momentum)
    right = flawed.trained(before, X, y, epochs, lr, momentum)
    if close(after, right, TOLERANCE):
        return
    name, place, _ = largest_gap(after, right)
    where = at("name_v2_after_epochs_updates", name=name, v2=", ".join(map(str, place)), epochs=epochs)
    for flaw in flawed.TRAINING:
        if close(after, flawed.trained(before, X, y, epochs, lr, momentum, flaw), TOLERANCE):
            raise Mistake(flaw, where, after[name][place], right[name][place])
    _, once = _train(student, np.random.default_rng(5), X, y, epochs, n, lr, momentum, seed=1)
    _, twice = _train(student, np.random.default_rng(5), X, y, epochs, n, lr, momentum, seed=2)
    if not close(once, twice, TOLERANCE):
        same_label = np.zeros(n, dtype=np.int64)
        before, after_one = _train(student, rng, X, same_label, epochs, n, lr, momentum)
        harmless = close(after_one, flawed.trained(before, X, same_label, epochs, lr, momentum), TOLERANCE)
        raise Mistake(
            "train_labels_apart" if harmless else "train_replacement", where, after[name][place], right[name][place]
        )
    raise Mistake("train_differs", where, after[name][place], right[name][place])


def _check_number_of_updates(student: Student, rng: np.random.Generator) -> None:
    """All examples are alike, so that each update is the same small step: count the steps."""
    n, batch = 10, 4
    X, y = np.repeat(rng.normal(size=(1, SIZES[0])), n, axis=0), np.full(n, 2)
    before, after = _train(student, rng, X, y, 1, batch, SMALL_RATE, 0.0)
    g = flawed.gradient(before, X, y)
    steps = _steps(before, after, g)
    if 2.3 < steps < 3.2:  # a short batch may count for its share
        return
    keys = {2: "train_short_batch_dropped", 1: "train_one_batch", 10: "train_batch_size_ignored"}
    key = (
        keys.get(round(steps), "train_number_of_updates")
        if abs(steps - round(steps)) < 0.1
        else "train_number_of_updates"
    )
    raise Mistake(key, at("updates_in_an_epoch_of_n_examples_with_batch", n=n, batch=batch), round(steps, 2), 3)


def _steps(before: Values, after: Values, g: Values) -> float:
    moved = sum(float(np.sum((before[name] - after[name]) * g[name])) for name in g)
    return moved / SMALL_RATE / sum(float(np.sum(g[name] ** 2)) for name in g)


def _check_each_example_once(student: Student, rng: np.random.Generator) -> None:
    """With batches of one, the sum of small steps is that of all gradients, whatever the order.

    Unless a step takes a unit of an example across zero, where the gradient jumps: another draw tells.
    """
    for _ in range(2):
        moved, g = _mean_small_step(student, rng)
        name, place, gap = largest_gap(moved, g)
        if gap <= LARGE_GAP:
            return
    where = at("mean_step_of_name_v2_in_an_epoch_over_the_ra", name=name, v2=", ".join(map(str, place)))
    raise Mistake("train_replacement", where, moved[name][place], g[name][place])


def _mean_small_step(student: Student, rng: np.random.Generator) -> tuple[Values, Values]:
    """Return the mean step of an epoch in batches of one, over the rate, and the gradient of all examples."""
    n = 12
    X, y = rng.normal(size=(n, SIZES[0])), rng.integers(0, SIZES[2], n)
    before, after = _train(student, rng, X, y, 1, 1, SMALL_RATE, 0.0)
    g = flawed.gradient(before, X, y)
    return {name: (before[name] - after[name]) / SMALL_RATE / n for name in g}, g


def _check_order(student: Student, rng: np.random.Generator) -> None:
    """Another generator is another order, so other bits; the same generator gives the same bits."""
    X, y = rng.normal(size=(30, SIZES[0])), rng.integers(0, SIZES[2], 30)
    options = (2, 7, 0.1, 0.5)
    start = int(rng.integers(2**31))
    runs = [_train(student, np.random.default_rng(start), X, y, *options, seed=seed)[1] for seed in (1, 1, 2)]
    if not close(runs[0], runs[1], 0):
        raise Mistake("train_not_repeatable", at("w2_first_entries"), runs[1]["W2"], runs[0]["W2"])
    if close(runs[0], runs[2], 1e-9):
        raise Mistake("train_not_shuffled", at("w2_first_entries_with_another_generator"), runs[2]["W2"])
    _check_new_orders(student, X, y, start)


def _check_new_orders(student: Student, X: Floats, y: Ints, start: int) -> None:
    """Two epochs are not one epoch twice with equal generators, unless both visit the examples in one order."""

    def after(*epochs: int) -> Values:
        net, _ = drawn(student, np.random.default_rng(start))
        for some in epochs:
            net = _trained(student, net, X, y, some, 7, 0.1, 0.0, np.random.default_rng(1))
        return values(net, SIZES, "train_mlp")

    if close(after(2), after(1, 1), 1e-9):
        raise Mistake("train_shuffled_once")


def _check_learning(student: Student, rng: np.random.Generator) -> None:
    """Four heaps of points that a network can tell apart."""
    sizes: Sizes = (2, 16, 4)
    y = rng.permutation(np.arange(80) % 4)
    centres = np.array([[2, 2], [2, -2], [-2, 2], [-2, -2]]) + 1.0
    X = centres[y] + 0.3 * rng.normal(size=(80, 2))
    net = student.call("init_mlp", *sizes, np.random.default_rng(int(rng.integers(2**31))))
    trained = _trained(student, net, X, y, 40, 16, 0.05, 0.9, np.random.default_rng(1))
    share = number(student.call("accuracy", trained, X, y), "accuracy")
    if share < 0.9:
        raise Mistake("train_learns_nothing", at("accuracy_on_four_heaps_of_points_it_was_trai"), share, at("near_1"))
