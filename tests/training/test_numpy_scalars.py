"""A scalar that NumPy typed gives the bits of the Python scalar of its value, and compiles no kernel for its type."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import fastmlp
from fastmlp.strategies import Phase, Strategy
from fastmlp.training import TrainingOptions

from ..conftest import SeededRng

INTEGERS = [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64]
FLOATS = [np.float16, np.float32, np.float64, np.longdouble]
NET = fastmlp.init_mlp((4, 6, 5, 3), rng=2)
OPTIONS: dict[str, Any] = {"epochs": 3, "batch_size": 8, "lr": 0.0625, "momentum": 0.5, "weight_decay": 0.125}
OPTIONS |= {"optimizer": "sgd", "accuracies": True, "rng": 3}  # floats that every type holds exactly


def typed(value: Any, whole: type, real: type) -> Any:
    """A value of Python's as one of NumPy's types."""
    kinds: dict[type, Callable[[Any], Any]] = {bool: np.bool_, int: whole, float: real, str: np.str_}
    return kinds.get(type(value), lambda value: value)(value)


def compiled_signatures() -> int:
    """How many versions of kernels there are."""
    modules = [module for name, module in sys.modules.items() if name.startswith("fastmlp.backends")]
    kernels = {id(one): one for module in modules for one in vars(module).values() if hasattr(one, "signatures")}
    return sum(len(kernel.signatures) for kernel in kernels.values())


def trainings(options: dict[str, Any], data: tuple[Any, Any], backend: str) -> list[fastmlp.Fit]:
    x, y = data
    made = [fastmlp.train_mlp(NET, x, y, backend=backend, **options)]
    for strategy in ("lp-ft", "plateau", "lora-2"):
        classes = type(options["epochs"])(3)
        made.append(fastmlp.transfer(NET, x, y, strategy=strategy, n_classes=classes, backend=backend, **options))
    return made


@pytest.mark.parametrize("whole", INTEGERS)
@pytest.mark.parametrize("real", FLOATS)
def test_trainings_are_the_same_whatever_typed_their_options(
    whole: type, real: type, backend: str, rng: SeededRng
) -> None:
    data = rng.normal(30, 4), rng.labels(30, 3)
    plain = trainings(OPTIONS, data, backend)
    before = compiled_signatures()
    numpys = trainings({name: typed(value, whole, real) for name, value in OPTIONS.items()}, data, backend)
    assert compiled_signatures() == before
    assert before or backend == "numpy"
    for ours, theirs in zip(plain, numpys, strict=True):
        assert_array_equal(theirs.network.theta, ours.network.theta)
        assert_array_equal(theirs.losses, ours.losses)
        assert theirs.accuracies == ours.accuracies


@pytest.mark.parametrize("whole", INTEGERS)
def test_networks_are_the_same_whatever_typed_their_sizes_seed_and_depth(
    whole: type, backend: str, rng: SeededRng
) -> None:
    x = rng.normal(30, 4)
    sizes: Any = tuple(map(whole, NET.sizes))
    net = fastmlp.init_mlp(sizes, rng=whole(2), activation=np.str_("relu"))
    assert_array_equal(net.theta, NET.theta)
    assert [type(size) for size in net.sizes] == [int] * 4
    assert type(net.activation) is str
    plain = fastmlp.features(NET, x, depth=2, backend=backend)
    before = compiled_signatures()
    assert_array_equal(fastmlp.features(net, x, depth=whole(2), backend=np.str_(backend)), plain)
    assert compiled_signatures() == before


@pytest.mark.parametrize("whole", INTEGERS)
@pytest.mark.parametrize("real", FLOATS)
def test_what_is_kept_is_of_pythons_types(whole: type, real: type) -> None:
    plain: dict[str, Any] = {name: value for name, value in OPTIONS.items() if name != "rng"}
    phase: dict[str, Any] = {"head": 0.5, "frozen": 1, "share": 1.0, "patience": 2}
    strategy: dict[str, Any] = {"start": "pretrained", "layers": 1, "cut": True, "held_back": 0.25}
    for make, given in ((TrainingOptions, plain), (Phase, phase), (Strategy, strategy | {"phases": (Phase(**phase),)})):
        made = make(**{name: typed(value, whole, real) for name, value in given.items()})
        assert made == make(**given)
        assert {name: type(getattr(made, name)) for name in given} == {name: type(given[name]) for name in given}
