"""Validate settings that depend on each other: known names, network depth, split sizes."""

from __future__ import annotations

import math
from dataclasses import replace

from ...errors import SettingsError
from ...network import DTYPES
from ...problems import NEEDS, Problem
from ...registry import ACTIVATIONS, OPTIMIZERS, SHORT_BATCHES
from ...strategies import STRATEGIES
from .messages import passing_on, refuse_duplicates, refuse_unknown
from .schema import BUDGETS, PURPOSES, TUNED_EPOCHS, NetworkSettings, ProblemSettings, Settings
from .sizes import sizes_that_fit

LARGEST_GRID = 1_000_000  # trials


def check(settings: Settings) -> None:
    """Check that names exist, that nothing is listed twice, and that sizes fit the problems.

    Raises
    ------
    SettingsError
        At the first setting that is refused.
    """
    if not settings.name.isprintable():
        raise SettingsError("name", f"{settings.name!r} has characters that cannot be printed")
    for path, kind, name, known in (
        ("network.activation", "activation", settings.network.activation, ACTIVATIONS),
        ("network.dtype", "dtype", settings.network.dtype, DTYPES),
        ("training.optimizer", "optimizer", settings.training.optimizer, OPTIMIZERS),
        ("training.budget", "budget", settings.training.budget, BUDGETS),
        ("training.short_batch", "short_batch", settings.training.short_batch, SHORT_BATCHES),
    ):
        refuse_unknown(path, kind, name, known)
    for name, problem in settings.problems.items():
        if isinstance(problem, ProblemSettings):
            _check_pretrained(settings, problem, f"problems.{name}.pretrained")
    for name in settings.strategies:
        check_depth(settings, name, f"strategies.{name}")
    grid = settings.grid
    _check_kinds(settings)
    check_part(settings, "grid", grid.problems, grid.strategies, grid.sizes)
    for name in grid.optional:
        refuse_unknown("grid.optional", "problem", name, NEEDS)
    if settings.replicates.number:
        _check_replicates(settings)
    if settings.amounts.ratios:
        _check_amounts(settings)
    if (trials := size_of_grid(settings)) > LARGEST_GRID:
        raise SettingsError("", f"the grid has {trials} trials; at most {LARGEST_GRID} are possible")


def _check_pretrained(settings: Settings, problem: ProblemSettings, path: str) -> None:
    """Check that a pretrained network is the study's: one without source data brings its own layers."""
    if not problem.pretrained:
        return
    net, wanted = problem.network().network, settings.network
    if net.norms:
        raise SettingsError(
            path,
            "has inner layers that normalise their inputs (LayerNorm), which a study has not; `fastmlp fit` takes it",
        )
    there = NetworkSettings(hidden=net.sizes[1:-1], activation=net.activation, dtype=net.dtype.name)
    if there != wanted:
        raise SettingsError(
            path,
            f"is a network with hidden = {list(there.hidden)}, {there.activation} and {there.dtype}; the study's has "
            f"hidden = {list(wanted.hidden)}, {wanted.activation} and {wanted.dtype}. Leave out the table network",
        )


def _check_kinds(settings: Settings) -> None:
    """Check that strategies mean the same on all problems: either each has a backbone with so many stages, or none."""
    own = settings.problems
    stages = {name: len(own[name].stage_names) if name in own else 0 for name in settings.all_problems}
    if len(set(stages.values())) > 1:
        parts = ", ".join(f"{name} has {number or 'no'} stages" for name, number in stages.items())
        raise SettingsError("grid.problems", f"{parts}; give backbones of another depth a study of their own")


def _check_replicates(settings: Settings) -> None:
    again = settings.replicates
    check_part(settings, "replicates", again.problems or settings.grid.problems, again.strategies, again.sizes)
    for purpose in again.purposes:
        refuse_unknown("replicates.purposes", "purpose", purpose, PURPOSES)
    refuse_duplicates("replicates.purposes", again.purposes)


def _check_amounts(settings: Settings) -> None:
    smaller, sizes = settings.amounts, settings.grid.sizes
    check_part(settings, "amounts", smaller.problems or settings.grid.problems, smaller.strategies, smaller.sizes)
    refuse_duplicates("amounts.ratios", smaller.ratios)
    for name in smaller.problems or settings.grid.problems:
        if settings.problem(name).pretrained is not None:
            raise SettingsError("amounts.problems", f"{name!r} has no source data, so none can be left out")
    for place, size in enumerate(smaller.sizes):
        if size not in sizes:
            there = f"grid.sizes is {list(sizes)}, and trials with a smaller source are compared with those"
            raise SettingsError(f"amounts.sizes[{place}]", f"is {size}; {there}")


def check_part(
    settings: Settings, path: str, problems: tuple[str, ...], strategies: tuple[str, ...], sizes: tuple[int, ...]
) -> None:
    """Check that a table's problems and strategies exist, that sizes fit, and that nothing is listed twice."""
    for name in strategies:
        check_depth(settings, name, f"{path}.strategies")
    for name in problems:
        with passing_on(f"{path}.problems"):
            settings.problem(name)
    refuse_duplicates(f"{path}.problems", problems)
    refuse_duplicates(f"{path}.strategies", strategies)
    refuse_duplicates(f"{path}.sizes", sizes)
    if not any(settings.can_run(strategy, name) for strategy in strategies for name in problems):
        raise SettingsError(
            f"{path}.strategies",
            f"leaves no trial: {', '.join(strategies)} keep the source's head, and on none of the problems "
            f"{', '.join(problems)} do source and target have the same classes",
        )
    for name in problems:
        _check_sizes(settings.sizes_on(name, sizes) or sizes, settings.problem(name), f"{path}.sizes")


def size_of_grid(settings: Settings) -> int:
    """Return the number of trials, those counted too that are left out because classes differ."""
    grid, again = settings.grid, settings.replicates
    cells = len(again.problems or grid.problems) * len(again.strategies) * len(again.sizes) * again.seeds
    replicates = cells * len(again.purposes) * again.number
    smaller = settings.amounts
    cells = len(smaller.problems or grid.problems) * len(smaller.strategies) * len(smaller.sizes) * smaller.seeds
    amounts = cells * len(smaller.ratios)
    return len(grid.problems) * len(grid.strategies) * len(grid.sizes) * len(grid.seed_range) + replicates + amounts


def check_depth(settings: Settings, name: str, path: str) -> None:
    """Check that a strategy exists, and that the network is deep enough for it."""
    with passing_on(path):
        strategy = settings.strategy(name)
    if reason := strategy.refusal_of_depth(settings.depth):
        has = f"the backbone has {settings.depth} stages" if settings.stages else f"network.hidden has {settings.depth}"
        raise SettingsError(path, f"{name!r} {reason}; {has}")
    without = replace(strategy, scaler="target")
    if settings.stages and not strategy.starts_from_source and strategy != without in STRATEGIES.values():
        other = next(other for other, one in STRATEGIES.items() if one == without)
        raise SettingsError(path, f"{name!r} is {other!r} for a backbone, which has a preparation and no scaler")
    check_epochs(settings, name, path)


def check_epochs(settings: Settings, name: str, path: str) -> None:
    """Check that every phase of a strategy gets an epoch, whatever number of epochs tuning may draw."""
    strategy, depth, declared = settings.strategy(name), settings.depth, settings.training.epochs
    factor = 1.0 if settings.tuning.trials == 1 else TUNED_EPOCHS
    fewest, most = max(1, round(declared / factor)), round(declared * factor)
    least_share = min((phase.share for phase in strategy.phases_for(depth + 1)), default=1)
    for epochs in range(
        fewest, min(most, math.ceil(2 / least_share)) + 1
    ):  # with a share of 2 epochs, none rounds to 0
        if reason := strategy.refusal_of_epochs(epochs, depth):
            tuned = "" if epochs == declared else f"; training.epochs is {declared}, and tuning may try {epochs}"
            raise SettingsError(path, f"{name!r} cannot be trained: {reason}{tuned}")


def _check_sizes(sizes: tuple[int, ...], problem: Problem, path: str) -> None:
    """Check that the pool is large enough for each size, and each size for the classes."""
    for place, size in enumerate(sizes):
        if reason := problem.refusal_of_size(size):
            would_do = f"{path} = {list(sizes_that_fit([problem]))} would do"
            raise SettingsError(f"{path}[{place}]", f"is {size}; {reason}; {would_do}")
