"""From a grid to trials, each with a key.

A trial's key hashes everything its result depends on and nothing else. So a study that grows by a size, a seed or a
strategy keeps what it has; a change of data, settings, versions or compiled code asks for new trials; and trials that
are the same under different names, as scratch is for two problems with one target, have one key and run once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from hashlib import sha256
from typing import Any

import msgspec
import numpy as np

from ..problems import Problem, Task, load_problem
from ..strategies import Strategy, get_strategy
from .config import Settings
from .store.records import Trial

PROTOCOL = 1  # of `trial`; raise it when a trial comes to mean something else in a way that no fingerprint sees


@dataclass(frozen=True)
class Circumstances:
    """What results depend on besides settings and data.

    Parameters
    ----------
    backend
        ``numba`` or ``numpy``.
    kernels
        Fingerprint of what the backend computes: see `circumstances.fingerprint`.
    versions
        Of the libraries that draw the random numbers and fit the baseline.
    """

    backend: str
    kernels: str
    versions: dict[str, str]


def plan(settings: Settings, circumstances: Circumstances) -> Iterator[Trial]:
    """Go through the grid: problem by problem, strategy by strategy, size by size, seed by seed."""
    for name in settings.problems:
        problem = load_problem(name)
        pretraining = [pretraining_key(problem, seed, settings, circumstances) for seed in range(settings.seeds)]
        for strategy in settings.strategies:
            row = get_strategy(strategy)
            for n_target in settings.sizes:
                for seed in range(settings.seeds):
                    key = trial_key(problem, row, n_target, seed, settings, circumstances, pretraining[seed])
                    yield Trial(name, strategy, n_target, seed, key, pretraining[seed])


def pretraining_key(problem: Problem, seed: int, settings: Settings, circumstances: Circumstances) -> str:
    """Return the key of a pretraining."""
    training = settings.training
    return digest(
        what="pretraining",
        seed=seed,
        data=describe(problem, source=True),
        network=msgspec.to_builtins(settings.network),
        training=msgspec.to_builtins(settings.pretraining),
        optimizer=[training.optimizer, training.batch_size, training.momentum],
        kernels=[circumstances.backend, circumstances.kernels],
        numpy=circumstances.versions["numpy"],
    )


def trial_key(
    problem: Problem,
    strategy: Strategy,
    n_target: int,
    seed: int,
    settings: Settings,
    circumstances: Circumstances,
    pretraining: str,
) -> str:
    """Return the key of a trial."""
    depends: dict[str, Any] = {
        "seed": seed,
        "n_target": n_target,
        "strategy": asdict(strategy),  # what it does, not what it is called
        "data": describe(problem, source=strategy.knows_source),
    }
    if strategy.start is None:
        depends["versions"] = circumstances.versions
    else:
        depends["numpy"] = circumstances.versions["numpy"]
        depends["kernels"] = [circumstances.backend, circumstances.kernels]
        depends["network"] = msgspec.to_builtins(settings.network)
        depends["training"] = msgspec.to_builtins(settings.training)
    if strategy.start not in {None, "random"}:
        depends["pretraining"] = pretraining
    return digest(what="trial", **depends)


def describe(problem: Problem, *, source: bool) -> list[Any]:
    """Return what a result depends on of a problem: its target, its split and, if the strategy knows it, its source."""
    tasks = [problem.target, problem.source] if source else [problem.target]
    return [asdict(problem.sizes), [[task.name, fingerprint_of(task)] for task in tasks]]


@cache
def fingerprint_of(task: Task) -> str:
    """Return a hash of a task's inputs and labels."""
    return sha256(np.ascontiguousarray(task.X).tobytes() + np.ascontiguousarray(task.y).tobytes()).hexdigest()[:32]


def digest(**names: Any) -> str:
    """Return a hash of names and what they stand for, in any order."""
    return sha256(msgspec.json.encode([PROTOCOL, names], order="deterministic")).hexdigest()[:32]
