"""Strategies that do the same under two names are known to: held against what they train, to the bit."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

import fastmlp
from fastmlp.strategies import FAMILIES, STRATEGIES, Phase, Strategy, get_strategy, plainest, transfer

from ..conftest import SeededRng

SHARES = (replace(STRATEGIES["frozen"].phases[0], share=0.5), Phase(frozen=2, share=0.5))
OWN = {
    "twice": Strategy("pretrained", SHARES),
    "cut-and-cooled": Strategy("pretrained", (Phase(divisor=2),), layers=2, cut=True),
    "kept": Strategy("pretrained", (Phase(frozen=2, pull=0.5),), head="source"),
}


def names_at(depth: int) -> list[str]:
    """All strategies that train a network with so many hidden layers, those without a row of their own too."""
    numbered = [f"{family}-{k}" for family in FAMILIES for k in range(1, depth + 1)]
    every = [name for name, strategy in STRATEGIES.items() if strategy.phases] + numbered + [*OWN]
    return [name for name in dict.fromkeys(every) if get_strategy(name, OWN).refusal_of_depth(depth) is None]


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_two_names_are_equal_if_and_only_if_they_train_the_same(depth: int, rng: SeededRng) -> None:
    net = fastmlp.init_mlp((4, *(7, 6, 5)[:depth], 3), rng=11, dtype="float64")
    net.theta[:] += 0.1  # biases too
    x, y = rng.normal(30, 4), rng.labels(30, 3)
    forms, trained = {}, {}
    for name in names_at(depth):
        strategy = replace(get_strategy(name, OWN), scaler="source")  # which transfer does not look at
        forms[name] = plainest(strategy, depth)
        fit = transfer(net, x, y, strategy=strategy, n_classes=3, rng=3, epochs=8, lr=0.5, backend="numpy")
        trained[name] = fit.network.sizes, fit.network.theta.tobytes()
    equal = {pair for pair in combinations(forms, 2) if forms[pair[0]] == forms[pair[1]]}
    same = {pair for pair in combinations(forms, 2) if trained[pair[0]] == trained[pair[1]]}
    assert equal == same
    assert ("frozen", f"probe-{depth}") in equal
    assert ("frozen", f"transplant-{depth}") in equal


def test_a_form_is_its_own_and_trains_what_the_strategy_trains(rng: SeededRng) -> None:
    net = fastmlp.init_mlp((4, 6, 5, 3), rng=11)
    x, y = rng.normal(30, 4), rng.labels(30, 3)
    for name in names_at(2):
        strategy = get_strategy(name, OWN)
        form = plainest(strategy, 2)
        assert plainest(form, 2) == form
        fits = [
            transfer(net, x, y, strategy=one, n_classes=3, rng=3, epochs=8, backend="numpy") for one in (strategy, form)
        ]
        np.testing.assert_array_equal(fits[0].network.theta, fits[1].network.theta, err_msg=name)
        np.testing.assert_array_equal(fits[0].losses, fits[1].losses, err_msg=name)


def test_what_does_not_fit_a_network_stays_as_it_is() -> None:
    for name in ("probe-3", "baseline", "transfuse-3"):
        assert plainest(get_strategy(name), 2) is get_strategy(name)
