"""Every public function refuses every wrong argument by a FastmlpError that holds the value, before anything is done.

A new argument of a public function needs a row here: `test_every_argument_has_a_row` says which is missing.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastmlp
from fastmlp.checks import plain
from fastmlp.errors import FastmlpError, InvalidInput, LabelError, ShapeError, UnknownName, shown
from fastmlp.seeds import seed_for
from fastmlp.strategies import STRATEGIES, Phase, get_strategy
from fastmlp.study import run as study_run

from .made_up_study import SMALL

NET = fastmlp.init_mlp((3, 4, 3), rng=0)
X = np.zeros((5, 3))
Y = [0, 1, 2, 0, 1]
NETWORKS = [name for name, strategy in STRATEGIES.items() if strategy.start is not None]

RAGGED = [[0.0], [0.0, 1.0]]
HUGE = 10**5000  # Python refuses to write it out
LONG = "partial-" + "9" * 5000
ARRAY = np.arange(2.0)
# Values of no kind that a scalar argument takes
OTHERS: list[Any] = [None, [1], 1j, b"1", object(), ARRAY, np.array(1)]
NUMBERS: list[Any] = [*OTHERS, "1", LONG, True, np.True_, float("nan"), np.float32("nan"), -1, np.int8(-1), -HUGE]
WHOLE: list[Any] = [*NUMBERS, 0, 1.5, 2.0, np.float64(2), np.int8(0), float("inf")]
NAMES: list[Any] = [*OTHERS, 3, True, float("nan"), HUGE, "", "sdg", LONG, np.str_("nunba"), np.array(["relu", "sgd"])]
TRUTHS: list[Any] = [*OTHERS, 0, 1, "yes", LONG, float("nan"), HUGE]
FRACTIONS: list[Any] = [*NUMBERS, HUGE, float("inf")]

SCALARS: dict[str, list[Any]] = {
    "rng": [*OTHERS, "1", -1, 1.5, float("nan"), True, np.True_, -HUGE, [1, 2], LONG],
    "dtype": [*OTHERS, "flot32", 3, "float16", np.float16, HUGE, LONG, True, {"a": 1}, [("a", "f4")]],
    "activation": [*NAMES, ("relu",)],
    "backend": NAMES,
    "optimizer": NAMES,
    "short_batch": [*NAMES, "weigthed"],
    "loss": [*NAMES, "cross_entropy"],
    "nesterov": TRUTHS,
    "l2": FRACTIONS,
    "learning_rate": [*NAMES, "adaptiv"],
    "power_t": FRACTIONS,
    "patience": WHOLE[1:],
    "tol": FRACTIONS,
    "depth": [*NUMBERS, 0.5, 2, HUGE],
    "epochs": [*WHOLE, HUGE],
    "batch_size": [*WHOLE, HUGE],
    "threads": WHOLE[1:],
    "lr": [*FRACTIONS, 0, 10**400],
    "momentum": [*FRACTIONS, 1],
    "weight_decay": FRACTIONS,
    "accuracies": TRUTHS,
    "strategy": [*NAMES, STRATEGIES, "finetun", "partial-01", "partial-99", "partial-k", "baseline"],
    "n_classes": [*WHOLE, HUGE],
}
# Of these a refusal names what disagrees: a shape, a dtype, a range, a place
ARRAYS: dict[str, list[Any]] = {
    "sizes": [*OTHERS, (6.9, 3.2), (6.0, 3), "64", 6, (3, None), (3, "2"), (3, True), (3, HUGE), (3, -HUGE), (0, 3)],
    "theta": [*OTHERS, [0.0] * 31, np.zeros(62, "float32")[::2], np.zeros(31, "int64"), np.zeros(30), "31", HUGE],
    "norms": [*OTHERS[:1], *OTHERS[2:], 3, HUGE, LONG, (1e-5,), [1], (0, "1"), (0, -1), (0, 1), (0, True), (0, HUGE)],
    "inner_norms": [*OTHERS[:1], *OTHERS[2:], 3, HUGE, LONG, (1e-5,) * 9, (0, "1"), (0, 1e-5), (0, -1), (0, HUGE)],
    "dropout": [*OTHERS[:1], *OTHERS[2:], 3, HUGE, LONG, (0.5,) * 9, (0, "1"), (0, 1), (0, -1), (0, True), -1, "0.5"],
    "norm_dropout": [*OTHERS[:1], *OTHERS[2:], 3, HUGE, LONG, (0.5,) * 9, (0, "1"), (0, 0.5), (0, -1), (0, HUGE)],
    "net": [*OTHERS, 3, "net", HUGE, LONG, NET.theta],
    "X": [*OTHERS, "abc", LONG, 3, HUGE, RAGGED, {"a": 1}, np.zeros(3), X + np.nan, X + np.inf, X[:0], X.astype(str)],
    "y": [*OTHERS, "abc", LONG, 3, HUGE, [[0], [0, 1]], [0.0] * 5, [10**12] * 5, [HUGE] * 5, [-1] * 5, [[0]] * 5],
    "sample_weight": [*OTHERS[1:], "abc", LONG, 3, HUGE, RAGGED, [1.0] * 4, [[1.0]] * 5, [-1] * 5, [0] * 5, [HUGE] * 5],
    "held_back": [*OTHERS, "abc", LONG, HUGE, -1, 1, 0.01, True, float("nan"), RAGGED, [0] * 5, [True] * 5, [True] * 4],
    "order": [*OTHERS[1:], "abc", LONG, 3, HUGE, RAGGED, [[0.5] * 5], [[5] * 5], [[-1] * 5], [[HUGE] * 5], True],
}
PHASE: dict[str, list[Any]] = {
    "head": [*FRACTIONS, 1e7],
    "body": [*FRACTIONS, 1e7],
    "biases": [*FRACTIONS[1:], 1e7],  # None, the first, means the same as for the weights
    "frozen": [*NUMBERS, 1.0, HUGE, 1001],
    "divisor": [*FRACTIONS, 0],
    "pull": [*FRACTIONS, 1e13],
    "rank": [*NUMBERS, 1.0, HUGE, 1001],
    "share": [*FRACTIONS, 0, 1.5],
    "patience": [*NUMBERS[1:], 0, 1.5, HUGE],
}
STRATEGY: dict[str, list[Any]] = {
    "start": [*NAMES[1:], "pretraned"],
    "phases": [*OTHERS, (), Phase(), [Phase()], (Phase(), None), "phases", HUGE],
    "layers": [*NUMBERS[1:], 0, 1.0, HUGE, 1001],
    "cut": TRUTHS,
    "unfreeze": [*NAMES[1:], "plato"],
    "held_back": [*FRACTIONS, 1],
    "scaler": [*NAMES, "sauce"],
    "head": [*NAMES, "old"],
}
STUDY: dict[str, list[Any]] = {
    "study": [*OTHERS, 3, float("nan"), HUGE, "", "labb", LONG, [SMALL]],
    "out": [*OTHERS, 3, float("nan"), HUGE, ""],
    "jobs": [*WHOLE[1:], HUGE],
    "seeds": [*WHOLE[1:], HUGE],
    "backend": NAMES,
    "quick": TRUTHS,
    "trust_code": TRUTHS,
    "budget": [*OTHERS[1:], 3, True, HUGE, "", "30", "0min", "an hour", "1h", LONG],
    "device": [*OTHERS[1:], 3, True, HUGE, "", "gpu", "cpu", LONG],
    "shard": [*OTHERS[1:], 3, HUGE, LONG, "", "3", "0/0", "17/16", "1/2/3"],
    "executor": [*OTHERS[1:], 3, True, HUGE, "", "tcp://", "local", "local:0", "local:x", "local:9999", "host", LONG],
    "progress": [*OTHERS[1:], 3, "yes", True, HUGE],
}

Call = Callable[..., Any]
ON_NUMPY: dict[str, Any] = {"net": NET, "X": X, "backend": "numpy", "threads": 1}
TRAINING: dict[str, Any] = ON_NUMPY | {"y": Y, "epochs": 1, "batch_size": 2, "lr": 0.1, "momentum": 0.9, "rng": 0}
TRAINING |= {"optimizer": "sgd", "weight_decay": 0.0, "accuracies": False, "order": [[0, 1, 2, 3, 4]]}
TRAINING |= {"short_batch": "mean"}
LOSS: dict[str, Any] = {"loss": "cross-entropy", "sample_weight": [1.0] * 5}
SCHEDULE = {"nesterov": False, "l2": 0.0, "learning_rate": "constant", "power_t": 0.5, "held_back": 0.0}
SCHEDULE |= {"patience": 2, "tol": 0.0}
BETWEEN: dict[str, Any] = {"norms": (), "inner_norms": (), "dropout": (), "norm_dropout": ()}
# Every argument of every public function: what it is given here, and what is wrong for it
GIVEN: dict[Call, dict[str, Any]] = {
    fastmlp.init_mlp: {"sizes": (3, 4, 2), "rng": 0, "dtype": "float32", "activation": "relu"} | BETWEEN,
    fastmlp.Network: {"sizes": NET.sizes, "theta": NET.theta, "activation": "relu"} | BETWEEN,
    fastmlp.forward: ON_NUMPY,
    fastmlp.predict: ON_NUMPY,
    fastmlp.predict_proba: ON_NUMPY,
    fastmlp.features: ON_NUMPY | {"depth": 1},
    fastmlp.backward: {"net": NET, "X": X, "backend": "numpy", "y": Y} | LOSS,
    fastmlp.accuracy: ON_NUMPY | {"y": Y},
    fastmlp.train_mlp: TRAINING | LOSS | SCHEDULE,
    fastmlp.transfer: TRAINING | {"strategy": "finetune", "n_classes": 3, "sample_weight": LOSS["sample_weight"]},
    fastmlp.get_backend: {"name": "numpy"},
    get_strategy: {"name": "finetune"},
    fastmlp.Phase: {name: getattr(Phase, name) for name in PHASE},
    fastmlp.Strategy: {name: getattr(STRATEGIES["finetune"], name) for name in STRATEGY},
    fastmlp.run_study: {
        "study": SMALL,
        "out": "out",
        "jobs": 1,
        "seeds": 1,
        "backend": "numpy",
        "quick": False,
        "trust_code": False,
    }
    | {"budget": None, "device": None, "shard": "1/1", "executor": None, "progress": None},
    fastmlp.save: {"model": NET, "path": "model.safetensors"},
}
WRONG: dict[Call, dict[str, list[Any]]] = {
    call: {name: (SCALARS | ARRAYS)[name] for name in given if name in SCALARS | ARRAYS}
    for call, given in GIVEN.items()
} | {
    fastmlp.get_backend: {"name": NAMES},
    get_strategy: {"name": [*NAMES, "finetun", "partial-0", "partial-01", "partial-k", "lora-1001"]},
    fastmlp.Phase: PHASE,
    fastmlp.Strategy: STRATEGY,
    fastmlp.run_study: STUDY,
    fastmlp.save: {"model": [*OTHERS, 3, HUGE, LONG, NET.theta, type(NET)], "path": STUDY["out"]},
}
CASES = [(call, name) for call, rows in WRONG.items() for name in rows]
ELSEWHERE = {"own"}  # of get_strategy: strategies of a study, which its settings check


@pytest.mark.parametrize("call", GIVEN, ids=lambda call: call.__name__)
def test_every_argument_has_a_row(call: Call) -> None:
    assert set(inspect.signature(call).parameters) - ELSEWHERE == set(GIVEN[call]) == set(WRONG[call])


@pytest.mark.parametrize("call", GIVEN, ids=lambda call: call.__name__)
def test_what_is_given_here_is_accepted_elsewhere(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(study_run, "refresh_report", lambda *_: None)
    call(**GIVEN[call])


@pytest.mark.parametrize(("call", "name"), CASES, ids=[f"{call.__name__}-{name}" for call, name in CASES])
def test_every_wrong_argument_is_refused_with_its_value(
    call: Call, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for value in WRONG[call][name]:
        with pytest.raises(FastmlpError) as caught:
            call(**GIVEN[call] | {name: value})
        message = str(caught.value)
        assert name in ARRAYS or name == "phases" or quoted(value, message), f"{name}={shown(value)}: {message}"
        assert len(message) < 1000 or (name == "study" and value in message)  # a path is written out
        assert "\n" not in message
    assert list(tmp_path.iterdir()) == []


def quoted(value: Any, message: str) -> bool:
    """Whether a message holds a value as Python would write it, perhaps shortened, or a text as it is."""
    return shown(value) in message or shown(plain(value)) in message or (isinstance(value, str) and value in message)


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
    with pytest.raises(InvalidInput, match="lr is a whole number of 16610 bits; it must be above 0 and below inf"):
        fastmlp.train_mlp(NET, X, Y, lr=HUGE)
    with pytest.raises(InvalidInput, match=r"epochs is 1000000000000: with 5 examples, more than \d+ visits in all"):
        fastmlp.train_mlp(NET, X, Y, epochs=10**12)
    with pytest.raises(ShapeError, match=r"sizes \(1000000, 1000000\) need more than \d+ parameters"):
        fastmlp.init_mlp((10**6, 10**6))


def test_a_seed_may_be_of_numpys_integers() -> None:
    seed_for.cache_clear()
    assert seed_for("split", seed=np.int64(1)) == seed_for("split", seed=1)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_strategy_refuses_the_same_examples_by_the_same_error(name: str) -> None:
    enough = {"epochs": 4, "order": [[0, 1, 2, 3, 4]] * 4}  # each phase needs an epoch
    for argument in ("X", "y"):
        for value in ARRAYS[argument]:
            errors = []
            for strategy in ("finetune", name):
                with pytest.raises(FastmlpError) as caught:
                    fastmlp.transfer(**GIVEN[fastmlp.transfer] | enough | {"strategy": strategy, argument: value})
                errors.append((caught.type, str(caught.value)))
            assert errors[0] == errors[1]


def test_an_order_that_repeats_examples_is_taken_unless_some_are_held_back() -> None:
    y = np.arange(40) % 3
    order = np.random.default_rng(0).integers(40, size=(4, 40))
    options: dict[str, Any] = {"X": np.zeros((40, 3)), "y": y, "epochs": 4, "order": order, "sample_weight": None}
    fastmlp.transfer(**GIVEN[fastmlp.transfer] | options)
    with pytest.raises(InvalidInput, match=r"order visits \d+ to \d+ examples .* each example must be visited once"):
        fastmlp.transfer(**GIVEN[fastmlp.transfer] | options | {"strategy": "plateau"})


def test_too_few_labels_to_hold_some_back_are_a_matter_of_labels() -> None:
    with pytest.raises(LabelError, match="2 examples for 3 classes"):
        fastmlp.transfer(NET, X[:2], [0, 1], strategy="plateau", n_classes=3)
