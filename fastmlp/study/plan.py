"""The plan: the trials of a study in order, each with a key.

A trial's key hashes everything its result depends on and nothing else. So a study that grows by a size, a seed or a
strategy keeps the trials it has; a change of data, settings, versions or compiled code needs new trials; and trials
that are the same under different names, as scratch is for two problems with one target, have one key and run once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from functools import lru_cache
from hashlib import sha256
from itertools import product
from typing import Any, NamedTuple

import msgspec

from ..problems import Problem
from ..strategies import Strategy, plainest
from .environment import Environment, kernel_kind
from .settings.schema import SMALLER, Settings
from .store.schema import PROTOCOL, Trial


class Dependencies(NamedTuple):
    """What trials of one problem and one seed depend on: the target, target and source, and the pretraining.

    `scaled` is what those depend on that know no more of the source than its scaler. `on_subset` says whether the
    pretraining depends on the n_target examples.
    """

    target: list[Any]
    scaled: list[Any]
    both: list[Any]
    pretraining: str
    on_subset: bool = False


class Cell(NamedTuple):
    """One cell of the grid, or one replicate of it."""

    strategy: str
    n_target: int
    seed: int
    varied: str = ""
    replicate: int = 0


def plan(settings: Settings, environment: Environment) -> Iterator[Trial]:
    """Generate all trials: the grid by problem, strategy, size and seed, the replicates, those of smaller sources.

    A strategy that keeps the source's head has none on a problem whose source has other classes.
    """

    @lru_cache(maxsize=1000)  # making a problem may take a tenth of a second
    def depends_on(name: str, seed: int) -> Dependencies:
        return dependencies(settings.problem(name, seed), seed, settings, environment)

    grid, again, smaller = settings.grid, settings.replicates, settings.amounts
    names = (*grid.strategies, *again.strategies, *smaller.strategies)
    rows = {name: settings.strategy(name) for name in names}
    parts = {name: strategy_part(strategy, settings, environment) for name, strategy in rows.items()}
    for problems, cells, seeds in (
        (grid.problems, grid_cells, grid.seed_range),
        (again.problems or grid.problems, replicate_cells, grid.first_seeds(again.seeds if again.number else 0)),
        (smaller.problems or grid.problems, amount_cells, grid.first_seeds(smaller.seeds if smaller.ratios else 0)),
    ):
        for name in problems:
            problem_of = {seed: depends_on(name, seed) for seed in seeds}
            runs = {strategy: settings.can_run(strategy, name) for strategy in rows}
            for cell in (cell for cell in cells(settings, name) if runs[cell.strategy]):
                problem, strategy = problem_of[cell.seed], rows[cell.strategy]
                key = trial_key(problem, strategy, cell, parts[cell.strategy])
                # Scores and the record of a pretraining belong to the grid, not to replicates that vary them
                unscored = cell.varied in {"subset", "pretraining", SMALLER} or not settings.measures.scores
                scored = (
                    "" if unscored else digest(what="scores", pretraining=problem.pretraining, n_target=cell.n_target)
                )
                pretraining = "" if cell.varied in {"pretraining", SMALLER} else problem.pretraining
                yield Trial(name, *cell[:3], key, pretraining, scored, *cell[3:])


def grid_cells(settings: Settings, problem: str) -> Iterator[Cell]:
    """Generate the cells of one problem."""
    grid = settings.grid
    for strategy in grid.strategies:
        for n_target in settings.sizes_on(problem, grid.sizes):
            for seed in grid.seed_range:
                yield Cell(strategy, n_target, seed)


def replicate_cells(settings: Settings, problem: str) -> Iterator[Cell]:
    """Generate the replicates of one problem."""
    again = settings.replicates
    sizes = settings.sizes_on(problem, again.sizes)
    for strategy, n_target, purpose in product(again.strategies, sizes, again.purposes):
        for seed in settings.grid.first_seeds(again.seeds):
            for number in range(1, again.number + 1):
                yield Cell(strategy, n_target, seed, purpose, number)


def amount_cells(settings: Settings, problem: str) -> Iterator[Cell]:
    """Generate the cells of one problem with a smaller source; its number of examples stands where replicates count."""
    smaller, most = settings.amounts, settings.problem(problem).source_pool
    sizes = settings.sizes_on(problem, smaller.sizes)
    for strategy, n_target, ratio in product(smaller.strategies, sizes, smaller.ratios):
        if ratio * n_target <= most:
            for seed in settings.grid.first_seeds(smaller.seeds):
                yield Cell(strategy, n_target, seed, SMALLER, ratio * n_target)


def trial_key(problem: Dependencies, strategy: Strategy, cell: Cell, part: dict[str, Any]) -> str:
    """Return the key of a trial; `part` is the `strategy_part` of its strategy."""
    depends: dict[str, Any] = {
        "seed": cell.seed,
        "strategy": part,
        "data": _data(problem, strategy),
    }
    sees_examples = strategy.sees_examples or problem.on_subset
    if sees_examples:
        depends["n_target"] = cell.n_target
    if strategy.starts_from_source:
        depends["pretraining"] = problem.pretraining
    if affects(cell.varied, strategy, sees_examples=sees_examples):
        depends["replicate"] = [cell.varied, cell.replicate]
    return digest(what="trial", **depends)


def _data(problem: Dependencies, strategy: Strategy) -> list[Any]:
    if strategy.starts_from_source:
        return problem.both
    return problem.scaled if strategy.knows_source else problem.target


def affects(varied: str, strategy: Strategy, *, sees_examples: bool = True) -> bool:
    """Whether the draws for a purpose can change a strategy's result; if not, its replicates are one trial."""
    match varied:
        case "":
            return False
        case "subset":
            return sees_examples
        case "pretraining":
            return strategy.starts_from_source
        case "source":
            return strategy.knows_source
        case _:
            return strategy.start is not None and strategy.trains


def strategy_part(strategy: Strategy, settings: Settings, environment: Environment) -> dict[str, Any]:
    """Return what a trial depends on apart from its data: the strategy, training settings, kernels and versions."""
    versions = environment.versions
    part: dict[str, Any] = {"does": strategy_content(plainest(strategy, settings.depth))}
    if environment.measures:  # keys without them are older than the choice
        part["measures"] = environment.measures
    if settings.tuning.trials > 1 and strategy.trains:
        part["tuning"] = msgspec.to_builtins(settings.tuning)
    if strategy.start is None:
        return part | {"versions": versions}
    part |= {
        "versions": {name: versions[name] for name in ("numpy", "scipy")},
        "kernels": [environment.backend, environment.kernels[kernel_kind(strategy)]],
        "network": msgspec.to_builtins(settings.network),
        "inside": settings.measures.inside,
    }
    return part | {"training": msgspec.to_builtins(settings.training)} if strategy.trains else part


def strategy_content(strategy: Strategy) -> dict[str, Any]:
    """Return all fields of a strategy, without its name; 0 and 0.0 are the same.

    A new head is left out: keys are older than the choice.
    """
    content = asdict(msgspec.convert(asdict(strategy), Strategy))
    return {name: value for name, value in content.items() if (name, value) != ("head", "new")}


def dependencies(problem: Problem, seed: int, settings: Settings, environment: Environment) -> Dependencies:
    """Return what trials of a problem depend on for one seed."""
    training = settings.training
    target = [asdict(problem.sizes), problem.target.name, problem.target.fingerprint, problem.target.one_unit]
    if problem.folds:  # keys without them are older than the choice
        target.append(["folds", problem.folds])
    target += problem.conditions
    how = [problem.shared, problem.on_subset]
    both = [*target, *how, problem.source.name, problem.source.fingerprint]
    # Where tasks share examples, the source's rows are chosen by the target: its labels have no part in its scaler
    by_target = problem.shared and not problem.on_subset
    scaled = [*target, *how, problem.source.inputs_fingerprint, problem.source.one_unit] if by_target else both
    pretraining = digest(
        what="pretraining",
        seed=seed,
        data=both,
        network=msgspec.to_builtins(settings.network),
        training=pretraining_part(settings),
        optimizer=[training.optimizer, training.batch_size, training.momentum, training.short_batch],
        kernels=[environment.backend, environment.kernels["full rank"]],
        numpy=environment.versions["numpy"],
    )
    return Dependencies(target, scaled, both, pretraining, problem.on_subset)


def pretraining_part(settings: Settings) -> dict[str, Any]:
    """Return how the source is trained. No weight decay is left out: keys are older than the choice."""
    content: dict[str, Any] = msgspec.to_builtins(settings.pretraining)
    return {name: value for name, value in content.items() if (name, value) != ("weight_decay", 0.0)}


def digest(**names: Any) -> str:
    """Return a hash of named values; their order does not matter."""
    return sha256(msgspec.json.encode([PROTOCOL, names], order="deterministic")).hexdigest()[:32]
