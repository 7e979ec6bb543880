"""Every public argument refuses what is of a wrong kind by a FastmlpError, and every strategy what any of them does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fastmlp
from fastmlp.errors import FastmlpError, InvalidInput, LabelError, ShapeError, UnknownName
from fastmlp.seeds import seed_for
from fastmlp.strategies import STRATEGIES

NET = fastmlp.init_mlp((3, 4, 3), rng=0)
X = np.zeros((5, 3))
Y = [0, 1, 2, 0, 1]
NETWORKS = [name for name, strategy in STRATEGIES.items() if strategy.start is not None]

RAGGED = [[0.0], [0.0, 1.0]]
NUMBERS = ["1", None, [1], 1j, True]
WRONG: dict[str, list[Any]] = {
    "sizes": [(6.9, 3.2), (6.0, 3), "64", 6, None, (3, None), (3, "2")],
    "theta": [[0.0] * 31, None, np.zeros(62, "float32")[::2], np.zeros(31, "int64")],
    "rng": [-1, 1.5, "1", None, [1, 2], True],
    "dtype": ["flot32", None, 3, object(), "float16"],
    "activation": ["rellu", None, 3, ("relu",)],
    "net": [None, 3, NET.theta],
    "X": [None, "abc", RAGGED, {"a": 1}, np.zeros(3), X + np.nan],
    "y": [None, "abc", [[0], [0, 1]], 3, [0.0] * 5, [10**12] * 5, [-1] * 5, [[0]] * 5],
    "backend": ["nunba", None, 3],
    "depth": ["1", None, 0.5, -1, 2],
    "epochs": [*NUMBERS, 0, 1.5],
    "batch_size": [*NUMBERS, 0, 1.5],
    "lr": [*NUMBERS, 0, float("nan"), 10**400],
    "momentum": [*NUMBERS, 1],
    "weight_decay": [*NUMBERS, -1],
    "optimizer": ["sdg", None, 3],
    "order": ["abc", 3, RAGGED, [[0.5] * 5], [[5] * 5]],
    "strategy": ["finetun", None, 3, STRATEGIES],
    "n_classes": [*NUMBERS, 0, 2],
}
GIVEN: dict[Callable[..., Any], dict[str, Any]] = {
    fastmlp.init_mlp: {"sizes": (3, 2), "rng": 0, "dtype": "float32", "activation": "relu"},
    fastmlp.Network: {"sizes": NET.sizes, "theta": NET.theta, "activation": "relu"},
    fastmlp.forward: {"net": NET, "X": X, "backend": "numpy"},
    fastmlp.predict: {"net": NET, "X": X, "backend": "numpy"},
    fastmlp.predict_proba: {"net": NET, "X": X, "backend": "numpy"},
    fastmlp.features: {"net": NET, "X": X, "depth": 1, "backend": "numpy"},
    fastmlp.backward: {"net": NET, "X": X, "y": Y, "backend": "numpy"},
    fastmlp.accuracy: {"net": NET, "X": X, "y": Y, "backend": "numpy"},
}
TRAINING: dict[str, Any] = {"net": NET, "X": X, "y": Y, "epochs": 1, "batch_size": 2, "lr": 0.1, "momentum": 0.9}
TRAINING |= {"optimizer": "sgd", "weight_decay": 0.0, "order": [[0, 1, 2, 3, 4]], "rng": 0, "backend": "numpy"}
GIVEN[fastmlp.train_mlp] = TRAINING
GIVEN[fastmlp.transfer] = TRAINING | {"strategy": "finetune", "n_classes": 3}
CASES = [(call, name) for call, given in GIVEN.items() for name in given if (call, name) != (fastmlp.train_mlp, "rng")]


@pytest.mark.parametrize("call", GIVEN, ids=lambda call: call.__name__)
def test_what_is_given_here_is_accepted_elsewhere(call: Callable[..., Any]) -> None:
    call(**GIVEN[call])


@pytest.mark.parametrize(("call", "name"), CASES, ids=[f"{call.__name__}-{name}" for call, name in CASES])
def test_every_public_argument_of_a_wrong_kind_is_refused(call: Callable[..., Any], name: str) -> None:
    for value in WRONG[name]:
        try:
            call(**GIVEN[call] | {name: value})
        except FastmlpError:
            continue
        pytest.fail(f"{name}={value!r} was accepted")


def test_an_order_is_drawn_from_a_seed_that_is_one() -> None:
    for rng in WRONG["rng"]:
        with pytest.raises(InvalidInput, match="rng is"):
            fastmlp.train_mlp(**TRAINING | {"rng": rng, "order": None})


def test_sizes_of_any_sequence_of_whole_numbers_are_taken() -> None:
    assert fastmlp.init_mlp(np.array([3, 2])).sizes == (3, 2)  # type: ignore[arg-type]
    net = fastmlp.Network([3, 2], np.zeros(8))  # type: ignore[arg-type]
    assert net.sizes == (3, 2)
    assert net.layout.n_parameters == 8


def test_refusals_hold_the_values() -> None:
    with pytest.raises(ShapeError, match=r"whole number of at least 1, not \(6.9, 3.2\)"):
        fastmlp.init_mlp((6.9, 3.2))  # type: ignore[arg-type]
    with pytest.raises(UnknownName, match="unknown dtype 'flot32'; did you mean 'float32'"):
        fastmlp.init_mlp((3, 2), dtype="flot32")
    with pytest.raises(InvalidInput, match=r"lr is '0\.1'; it must be a number"):
        fastmlp.train_mlp(NET, X, Y, lr="0.1")  # type: ignore[arg-type]


def test_a_seed_may_be_of_numpys_integers() -> None:
    seed_for.cache_clear()
    assert seed_for("split", seed=np.int64(1)) == seed_for("split", seed=1)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_strategy_refuses_the_same_examples_by_the_same_error(name: str) -> None:
    enough = {"epochs": 4, "order": [[0, 1, 2, 3, 4]] * 4}  # each phase needs an epoch
    for argument in ("X", "y"):
        for value in WRONG[argument]:
            errors = []
            for strategy in ("finetune", name):
                with pytest.raises(FastmlpError) as caught:
                    fastmlp.transfer(**GIVEN[fastmlp.transfer] | enough | {"strategy": strategy, argument: value})
                errors.append((caught.type, str(caught.value)))
            assert errors[0] == errors[1]


def test_an_order_that_repeats_examples_is_taken_unless_some_are_held_back() -> None:
    y = np.arange(40) % 3
    order = np.random.default_rng(0).integers(40, size=(4, 40))
    options: dict[str, Any] = {"X": np.zeros((40, 3)), "y": y, "epochs": 4, "order": order}
    fastmlp.transfer(**GIVEN[fastmlp.transfer] | options)
    with pytest.raises(InvalidInput, match=r"order visits \d+ to \d+ examples .* each example must be visited once"):
        fastmlp.transfer(**GIVEN[fastmlp.transfer] | options | {"strategy": "plateau"})


def test_too_few_labels_to_hold_some_back_are_a_matter_of_labels() -> None:
    with pytest.raises(LabelError, match="2 examples for 3 classes"):
        fastmlp.transfer(NET, X[:2], [0, 1], strategy="plateau", n_classes=3)
