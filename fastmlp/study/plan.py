"""From a grid to trials, each with a key.

A trial's key hashes everything its result depends on and nothing else. So a study that grows by a size, a seed or a
strategy keeps what it has; a change of data, settings, versions or compiled code asks for new trials; and trials that
are the same under different names, as scratch is for two problems with one target, have one key and run once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any, NamedTuple

import msgspec
import numpy as np

from ..problems import Problem, Task, load_problem
from ..strategies import Strategy
from .settings import Settings
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
        Fingerprints of what the backend computes, by kind of kernel: see `circumstances.fingerprint`.
    versions
        Of the libraries that draw the random numbers and fit the baseline.
    """

    backend: str
    kernels: dict[str, str]
    versions: dict[str, str]


def kind_of(strategy: Strategy) -> str:
    """Return which kernels a strategy needs: those of one kind may change without the other's results."""
    return "low rank" if any(phase.rank for phase in strategy.phases) else "full rank"


class Source(NamedTuple):
    """What trials of one problem and one seed depend on: the target, the source as well, the pretraining on it."""

    target: list[Any]
    both: list[Any]
    pretraining: str


def plan(settings: Settings, circumstances: Circumstances) -> Iterator[Trial]:
    """Go through the grid: problem by problem, strategy by strategy, size by size, seed by seed."""
    grid = settings.grid
    for name in grid.problems:
        sources = [describe(load_problem(name, seed), seed, settings, circumstances) for seed in range(grid.seeds)]
        for strategy in grid.strategies:
            row = settings.strategy(strategy)
            for n_target in grid.sizes:
                for seed, source in enumerate(sources):
                    key = trial_key(source, row, n_target, seed, settings, circumstances)
                    yield Trial(name, strategy, n_target, seed, key, source.pretraining)


def trial_key(
    source: Source,
    strategy: Strategy,
    n_target: int,
    seed: int,
    settings: Settings,
    circumstances: Circumstances,
) -> str:
    """Return the key of a trial."""
    depends: dict[str, Any] = {
        "seed": seed,
        "n_target": n_target,
        "strategy": what_it_does(strategy),
        "data": source.both if strategy.knows_source else source.target,
    }
    if strategy.start is None:
        depends["versions"] = circumstances.versions
    else:
        depends["numpy"] = circumstances.versions["numpy"]
        depends["kernels"] = [circumstances.backend, circumstances.kernels[kind_of(strategy)]]
        depends["network"] = msgspec.to_builtins(settings.network)
        depends["training"] = msgspec.to_builtins(settings.training)
    if strategy.start not in {None, "random"}:
        depends["pretraining"] = source.pretraining
    return digest(what="trial", **depends)


def what_it_does(strategy: Strategy) -> dict[str, Any]:
    """Return all of a strategy but its name; a 0 and a 0.0 are the same."""
    return asdict(msgspec.convert(asdict(strategy), Strategy))


def describe(problem: Problem, seed: int, settings: Settings, circumstances: Circumstances) -> Source:
    """Return what trials of a problem, as one seed sees it, depend on."""
    training = settings.training
    target = [asdict(problem.sizes), problem.target.name, fingerprint_of(problem.target)]
    how = [problem.shared, problem.on_subset]
    both = [*target, *how, problem.source.name, fingerprint_of(problem.source)]
    pretraining = digest(
        what="pretraining",
        seed=seed,
        data=both,
        network=msgspec.to_builtins(settings.network),
        training=msgspec.to_builtins(settings.pretraining),
        optimizer=[training.optimizer, training.batch_size, training.momentum],
        kernels=[circumstances.backend, circumstances.kernels["full rank"]],
        numpy=circumstances.versions["numpy"],
    )
    return Source(target, both, pretraining)


@lru_cache(maxsize=64)  # some tasks are the same for all seeds, and some are drawn for each
def fingerprint_of(task: Task) -> str:
    """Return a hash of a task's inputs and labels."""
    return sha256(np.ascontiguousarray(task.X).tobytes() + np.ascontiguousarray(task.y).tobytes()).hexdigest()[:32]


def digest(**names: Any) -> str:
    """Return a hash of names and what they stand for, in any order."""
    return sha256(msgspec.json.encode([PROTOCOL, names], order="deterministic")).hexdigest()[:32]
