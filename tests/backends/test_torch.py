"""PyTorch's optimizers and autograd against the reference, after whole trainings: the tables mean the same to both."""

from __future__ import annotations

import csv
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import fastmlp
from fastmlp.backends import get_backend, reference, reference_lora
from fastmlp.errors import MissingLibrary
from fastmlp.registry import ACTIVATIONS, LOSSES, OPTIMIZERS, Adam
from fastmlp.strategies import STRATEGIES
from fastmlp.study import run as study_run

from ..made_up_study import SMALL
from ..trainings import between_of, run, training, watched

FUNCTIONS = ("features", "forward", "loss_and_gradient", "train")
NETWORKS = [name for name, strategy in STRATEGIES.items() if strategy.start is not None]
FAMILIES = ["partial-2", "probe-2", "transfuse-2", "transplant-1", "random-frozen-1", "lora-2"]
LEARNING = {"sgd": 0.05, "adam": 0.01, "adamw": 0.01}


@pytest.fixture
def ours(oracle: Callable[[str], ModuleType]) -> Any:
    oracle("torch")
    return get_backend("torch")


def assert_close(actual: Any, expected: Any, tolerance: float = 1e-9) -> None:
    largest = np.abs(np.nan_to_num(expected)).max(initial=1e-3)  # NaN where an epoch was not run
    assert_allclose(actual, expected, rtol=0, atol=tolerance * largest)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("strategy", [*NETWORKS, *FAMILIES])
def test_a_strategy_means_the_same_to_pytorch(strategy: str, optimizer: str, dtype: str, ours: Any) -> None:
    """45 examples in batches of 16: each epoch ends with a step that is weighted."""
    draw = np.random.default_rng(0)
    X, y = draw.normal(size=(45, 6)), np.arange(45) % 4
    source = fastmlp.train_mlp(fastmlp.init_mlp((6, 9, 7, 4), rng=1, dtype=dtype), X, y, epochs=3, backend="numpy")
    options: dict[str, Any] = {"optimizer": optimizer, "lr": LEARNING[optimizer], "weight_decay": 0.02}
    fits = [
        fastmlp.transfer(
            source.network, X, y, strategy=strategy, n_classes=4, rng=3, epochs=20, batch_size=16, backend=name,
            accuracies=True, **options,
        )
        for name in ("torch", "numpy")
    ]  # fmt: skip
    tolerance = 1e-5 if dtype == "float32" else 1e-9
    assert_close(fits[0].network.theta, fits[1].network.theta, tolerance)
    assert_close(fits[0].losses, fits[1].losses, tolerance)
    for name in ("steps", "free_by_layer", "frozen_before", "frozen_after", "accuracies"):
        assert getattr(fits[0], name) == getattr(fits[1], name), name
    assert fits[0].frozen_before == fits[0].frozen_after
    if fits[0].steps:
        assert (fits[0].network.theta != fits[0].start.theta).any()


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("loss", LOSSES)
def test_a_training_means_the_same_to_pytorch(loss: str, optimizer: str, weighted: bool, ours: Any) -> None:  # noqa: FBT001
    arguments = training(
        (5, 4, 6, 3), loss=loss, optimizer=optimizer, weighted=weighted, has_weights=True, activation="tanh",
        decays=[0.1, 0.0], pulls=0.3,
    )  # fmt: skip
    arguments["rates"][1, 0] = 0
    assert_same_training(ours, arguments | {"paces": np.linspace(1, 0.2, 4), "penalties": np.zeros(4)})
    assert_same_training(ours, watched(arguments, 4, tolerance=0.01, patience=1))
    assert_same_training(ours, training(
        (5, 4, 6, 3), loss=loss, optimizer=optimizer, weighted=weighted, has_weights=True, activation="tanh",
        decays=[0.1, 0.0], pulls=0.3, between=between_of(3),
    ))  # fmt: skip
    if optimizer != "sgd":
        for adam in (Adam(0.5, 0.7, 0.1, corrected=True), Adam(0.8, 0.9, 1e-3, corrected=False, earlier=5)):
            assert_same_training(ours, arguments | {"adam": adam, "state": arguments["state"] + 0.01})


def assert_same_training(ours: Any, arguments: dict[str, Any]) -> None:
    steps, found = run(ours, arguments)
    expected_steps, expected = run(reference, arguments)
    assert steps == expected_steps
    for name in ("theta", "state", "losses"):
        assert_close(found[name], expected[name])
    if "penalties" in arguments:
        assert_close(found["penalties"], expected["penalties"])
    if "watch" in arguments:
        assert_close(found["watch"].best, expected["watch"].best)
        assert_close(found["watch"].losses, expected["watch"].losses)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_training_goes_on_from_its_moments(optimizer: str, ours: Any) -> None:
    arguments = training(optimizer=optimizer, weighted=True, nesterov=optimizer == "sgd")
    _, whole = run(ours, arguments)
    halves = {name: value.copy() if isinstance(value, np.ndarray) else value for name, value in arguments.items()}
    for first, last in ((0, 5), (5, arguments["last"])):
        assert ours.train(**halves | {"first": first, "last": last}) == last
    for name in ("theta", "state", "losses"):
        assert_close(halves[name], whole[name])


@pytest.mark.parametrize("activation", range(len(ACTIVATIONS)))
@pytest.mark.parametrize("outputs", [1, 3])
def test_values_and_gradients_are_those_of_the_reference(activation: int, outputs: int, ours: Any) -> None:
    arguments = training((5, 4, outputs), activation=ACTIVATIONS[activation])
    theta, sizes, x, y = (arguments[name] for name in ("theta", "sizes", "x", "y"))
    x.flags.writeable = False  # PyTorch knows no memory that may not be written
    for depth in (0, 1):
        assert_close(
            ours.features(theta, sizes, activation, x, depth), reference.features(theta, sizes, activation, x, depth)
        )
    assert_close(ours.forward(theta, sizes, activation, x), reference.forward(theta, sizes, activation, x))
    for found, expected in zip(
        ours.loss_and_gradient(theta, sizes, activation, x, y),
        reference.loss_and_gradient(theta, sizes, activation, x, y),
        strict=True,
    ):
        assert_close(found, expected)


def test_a_training_that_moves_nothing_or_diverges_ends_as_the_reference_s(ours: Any) -> None:
    assert_same_training(ours, training(rates=0.0))
    steps, found = run(ours, training(rates=1e200, activation="identity"))
    assert steps < 12
    assert np.isnan(found["losses"][-1])


def test_functions_have_the_reference_signatures(ours: Any) -> None:
    for name in FUNCTIONS:
        assert inspect.signature(getattr(ours, name)) == inspect.signature(getattr(reference, name))
    assert inspect.signature(ours.train_lora) == inspect.signature(reference_lora.train_lora)


def test_pytorch_gets_its_threads_back(ours: Any, oracle: Callable[[str], ModuleType]) -> None:
    before = oracle("torch").get_num_threads()
    run(ours, training())
    assert oracle("torch").get_num_threads() == before


def test_without_pytorch_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from fastmlp.backends.torch.library import import_torch

    import_torch.cache_clear()
    get_backend.__globals__["_load"].cache_clear()
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingLibrary, match=r"torch cannot be imported; pip install 'fastmlp\[torch\]'"):
        fastmlp.transfer(fastmlp.init_mlp((2, 2, 2)), [[0, 1], [1, 0]], [0, 1], n_classes=2, backend="torch")
    old = ModuleType("torch")
    old.__dict__["__version__"] = "2.9.1+cpu"
    monkeypatch.setitem(sys.modules, "torch", old)
    with pytest.raises(MissingLibrary, match=r"torch 2.9.1\+cpu cannot be imported; 2.10 or newer is needed"):
        get_backend("torch")


def test_both_lists_of_parameters_are_in_the_memory_of_the_network(ours: Any) -> None:
    from fastmlp.backends.torch.stages import mlp_stages, parameters_of

    net = fastmlp.init_mlp((3, 4, 2), rng=0)
    for parameter in parameters_of(mlp_stages(net.theta, np.array(net.sizes), 0)):
        parameter.add_(1)
    assert_array_equal(net.theta, fastmlp.init_mlp((3, 4, 2), rng=0).theta + 1)


def test_a_study_by_pytorch_has_the_reference_s_results(
    ours: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(study_run, "refresh_report", lambda *_: None)
    rows = {}
    for backend in (ours.name, "numpy"):
        fastmlp.run_study(SMALL, out=tmp_path / backend, backend=backend, jobs=1)
        with (tmp_path / backend / "results.csv").open(newline="") as file:
            rows[backend] = [
                (row["strategy"], row["n_target"], row["seed"], row["status"], row["accuracy"], row["steps"])
                for row in csv.DictReader(file)
            ]
    assert len(rows["torch"]) > 1
    assert rows["torch"] == rows["numpy"]
