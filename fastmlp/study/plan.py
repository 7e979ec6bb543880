"""From a grid to trials, each with a key.

A trial's key hashes everything its result depends on and nothing else. So a study that grows by a size, a seed or a
strategy keeps what it has; a change of data, settings, versions or compiled code asks for new trials; and trials that
are the same under different names, as scratch is for two problems with one target, have one key and run once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from hashlib import sha256
from itertools import product
from typing import Any, NamedTuple

import msgspec

from ..problems import Problem
from ..strategies import Strategy
from .environment import Environment, kernel_kind
from .settings.schema import Settings
from .store.schema import PROTOCOL, Trial


class Source(NamedTuple):
    """What trials of one problem and one seed depend on: the target, the source as well, the pretraining on it."""

    target: list[Any]
    both: list[Any]
    pretraining: str


class Cell(NamedTuple):
    """One place of the grid, or one replicate of it."""

    strategy: str
    n_target: int
    seed: int
    varied: str = ""
    replicate: int = 0


def plan(settings: Settings, environment: Environment) -> Iterator[Trial]:
    """Go through the grid: problem by problem, strategy by strategy, size by size, seed by seed; then replicates."""
    grid, again = settings.grid, settings.replicates
    rows = {name: settings.strategy(name) for name in (*grid.strategies, *again.strategies)}
    parts = {name: strategy_part(strategy, settings, environment) for name, strategy in rows.items()}
    for problems, cells, seeds in (
        (grid.problems, grid_cells, grid.seeds),
        (again.problems or grid.problems, replicate_cells, again.seeds if again.number else 0),
    ):
        for name in problems:
            sources = [describe(settings.problem(name, seed), seed, settings, environment) for seed in range(seeds)]
            for cell in cells(settings):
                source, strategy = sources[cell.seed], rows[cell.strategy]
                key = trial_key(source, strategy, cell, parts[cell.strategy])
                # Scores are of the grid's own pretraining and subset; so is what is told of a pretraining
                unscored = cell.varied in {"subset", "pretraining"} or not settings.measures.scores
                scored = (
                    "" if unscored else digest(what="scores", pretraining=source.pretraining, n_target=cell.n_target)
                )
                pretraining = "" if cell.varied == "pretraining" else source.pretraining
                yield Trial(name, *cell[:3], key, pretraining, scored, *cell[3:])


def grid_cells(settings: Settings) -> Iterator[Cell]:
    """Go through the grid of one problem."""
    grid = settings.grid
    for strategy in grid.strategies:
        for n_target in grid.sizes:
            for seed in range(grid.seeds):
                yield Cell(strategy, n_target, seed)


def replicate_cells(settings: Settings) -> Iterator[Cell]:
    """Go through the replicates for one problem."""
    again = settings.replicates
    for strategy, n_target, purpose in product(again.strategies, again.sizes, again.purposes):
        for seed in range(again.seeds):
            for number in range(1, again.number + 1):
                yield Cell(strategy, n_target, seed, purpose, number)


def trial_key(source: Source, strategy: Strategy, cell: Cell, part: dict[str, Any]) -> str:
    """Return the key of a trial; `part` is what `strategy_part` says of its strategy."""
    depends: dict[str, Any] = {
        "seed": cell.seed,
        "n_target": cell.n_target,
        "strategy": part,
        "data": source.both if strategy.knows_source else source.target,
    }
    if strategy.starts_from_source:
        depends["pretraining"] = source.pretraining
    if matters(cell.varied, strategy):
        depends["replicate"] = [cell.varied, cell.replicate]
    return digest(what="trial", **depends)


def matters(varied: str, strategy: Strategy) -> bool:
    """Whether randomness of a purpose can change what a strategy ends in; if not, its replicates are one trial."""
    match varied:
        case "":
            return False
        case "subset":
            return True
        case "pretraining":
            return strategy.starts_from_source
        case _:
            return strategy.start is not None


def strategy_part(strategy: Strategy, settings: Settings, environment: Environment) -> dict[str, Any]:
    """Return what a trial of a strategy depends on for any data: what it does, how, and by what it is computed."""
    versions = environment.versions
    part: dict[str, Any] = {"does": what_it_does(strategy)}
    if settings.tuning.trials > 1:
        part["tuning"] = msgspec.to_builtins(settings.tuning)
    if strategy.start is None:
        return part | {"versions": versions}
    return part | {
        "versions": {name: versions[name] for name in ("numpy", "scipy")},
        "kernels": [environment.backend, environment.kernels[kernel_kind(strategy)]],
        "network": msgspec.to_builtins(settings.network),
        "training": msgspec.to_builtins(settings.training),
        "inside": settings.measures.inside,
    }


def what_it_does(strategy: Strategy) -> dict[str, Any]:
    """Return all of a strategy but its name; a 0 and a 0.0 are the same."""
    return asdict(msgspec.convert(asdict(strategy), Strategy))


def describe(problem: Problem, seed: int, settings: Settings, environment: Environment) -> Source:
    """Return what trials of a problem, as one seed sees it, depend on."""
    training = settings.training
    target = [asdict(problem.sizes), problem.target.name, problem.target.fingerprint, problem.target.one_unit]
    how = [problem.shared, problem.on_subset]
    both = [*target, *how, problem.source.name, problem.source.fingerprint]
    pretraining = digest(
        what="pretraining",
        seed=seed,
        data=both,
        network=msgspec.to_builtins(settings.network),
        training=msgspec.to_builtins(settings.pretraining),
        optimizer=[training.optimizer, training.batch_size, training.momentum],
        kernels=[environment.backend, environment.kernels["full rank"]],
        numpy=environment.versions["numpy"],
    )
    return Source(target, both, pretraining)


def digest(**names: Any) -> str:
    """Return a hash of names and what they stand for, in any order."""
    return sha256(msgspec.json.encode([PROTOCOL, names], order="deterministic")).hexdigest()[:32]
