"""Time trainings, and the same work done by scikit-learn."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING

from .common import BACKENDS, CASES, IMAGES, LAB, ready, training
from .kernel_modules import SHARES_TRAININGS
from .peers import sklearn_training

if TYPE_CHECKING:
    from collections.abc import Callable


class Epoch:
    """One epoch with momentum: the batches of a case, visited once."""

    params = (BACKENDS, list(CASES))
    param_names = ("backend", "case")

    def setup(self, backend: str, case: str) -> None:
        self.epoch = ready(training, replace(CASES[case], epochs=1), backend)

    def time_epoch(self, backend: str, case: str) -> None:
        self.epoch()


class Training:
    """The lab's training from start to end: 64-64-10, 200 examples, batches of 32, 100 epochs."""

    params = (BACKENDS, ["float32", "float64"])
    param_names = ("backend", "dtype")

    def setup(self, backend: str, dtype: str) -> None:
        self.training = ready(training, replace(LAB, dtype=dtype), backend)

    def time_training(self, backend: str, dtype: str) -> None:
        self.training()


class Shared:
    """An epoch of a wide network, 784-512-512-10 with 1000 examples in batches of 128, by one thread and by two."""

    params = ([1, 2],)
    param_names = ("threads",)

    def setup(self, threads: int) -> None:
        if not SHARES_TRAININGS:
            raise NotImplementedError("a training has one thread")
        self.epoch = ready(training, replace(IMAGES, threads=threads), "numba")

    def time_epoch(self, threads: int) -> None:
        self.epoch()


class Peer:
    """The lab's training by scikit-learn's `MLPClassifier`: the same epochs, batches, rule and rate."""

    def setup(self) -> None:
        self.training = ready(sklearn_training, LAB, "numpy", reference=training)

    def time_sklearn(self) -> None:
        self.training()


class Advantage:
    """How many times faster than scikit-learn the lab's training is, both timed alternately in one process."""

    params = (BACKENDS,)
    param_names = ("backend",)
    unit = "times"
    rounds = 5

    def setup(self, backend: str) -> None:
        self.ours = ready(training, LAB, backend)
        self.peer = ready(sklearn_training, LAB, "numpy", reference=training)

    def track_times_faster_than_sklearn(self, backend: str) -> float:
        turns = [(seconds(self.peer), seconds(self.ours)) for _ in range(self.rounds)]
        return min(peer for peer, _ in turns) / min(ours for _, ours in turns)


def seconds(work: Callable[[], object]) -> float:
    """Time one call."""
    start = perf_counter()
    work()
    return perf_counter() - start
