"""How long a study of backbones takes, from a measured step of each kind, and the part of its grid that fits a time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from time import thread_time
from typing import TYPE_CHECKING, Any, cast

import msgspec

from ..backbones import Timing
from ..errors import FastmlpError, InvalidInput, shown
from ..files import entry_at
from ..seeds import name_of_seeds
from ..strategies import Strategy
from ..strategies.backbone_seconds import seconds_per_example
from .settings import load
from .settings.schema import Settings
from .trial.tuning import FEWEST, fits

if TYPE_CHECKING:
    from ..problems.backbone import BackboneProblem

UNITS = {"s": 1, "min": 60, "h": 3600}
USUAL = "30min"  # the budget that is offered
FEWEST_SEEDS = 3  # that a budget leaves, for differences are judged over seeds
ALWAYS = 0.3  # seconds of a trial that are no training: copies of the network, hashes of what is frozen
SCORED = 1.5  # of a seed: a network is drawn at random, and the features of two are scored
START = 15.0  # seconds until the workers have loaded PyTorch and their network


def read_seconds(budget: object) -> float:
    """Return the seconds of a text such as ``90s``, ``30min`` or ``1.5h``.

    Raises
    ------
    InvalidInput
        If it is no such text.

    Examples
    --------
    >>> read_seconds("30min"), read_seconds("1.5h")
    (1800.0, 5400.0)
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?) ?(s|min|h)", budget) if isinstance(budget, str) else None
    if found is None or not float(found[1]):
        raise InvalidInput(f"budget is {shown(budget)}; a time is needed, such as '90s', '30min' or '2h'")
    return float(found[1]) * UNITS[found[2]]


class Clock:
    """Says how long the trials of a study take, from one timed step of each kind on each problem.

    Parameters
    ----------
    settings
        Of a study whose problems have a backbone.
    workers
        How many trials run at once.
    """

    def __init__(self, settings: Settings, workers: int) -> None:
        self.settings, self.workers = settings, workers
        self._timings = {name: _timing(settings, name) for name in settings.grid.problems}
        self._preparing = {name: _preparing(settings, name) for name in settings.grid.problems}

    def seconds(self, settings: Settings | None = None) -> float:
        """Return the seconds that all trials take, of these settings or of some with a smaller grid."""
        settings = settings or self.settings
        grid = settings.grid
        of_seed = sum(map(self._shared, grid.problems)) + sum(
            self._trial(problem, settings.strategy(strategy), size)
            for problem in grid.problems
            for strategy in grid.strategies
            for size in settings.sizes_on(problem, grid.sizes)
        )
        groups = len(grid.seed_range) * len(grid.problems)  # a worker runs whole seeds of a problem
        rounds = -(-groups // self.workers) / len(grid.problems)
        return START + of_seed * rounds

    def _shared(self, problem: str) -> float:
        """Return the seconds of what a seed's trials share: inputs, prepared, and two networks on the probe set."""
        sizes, passes = self.settings.problem(problem).sizes, self._timings[problem].forward(0, self.settings.depth)
        scored = SCORED + 2 * sizes.probe * passes if sizes.probe else 0.0
        return scored + (sizes.heldout + sizes.pool + sizes.probe) * self._preparing[problem]

    def _trial(self, problem: str, strategy: Strategy, size: int) -> float:
        """Return the seconds of a trial: training, and predictions for the examples seen and held out."""
        if strategy.start is None:
            return ALWAYS
        timing, training, stages = self._timings[problem], self.settings.training, self.settings.depth
        chosen = self.settings.problem(problem)
        passes = timing.forward(0, stages)
        trainings = self._trainings(size, chosen.target.n_classes) if strategy.trains else 1.0
        once = ALWAYS + size * seconds_per_example(strategy, timing, stages, training.epochs)
        return trainings * once + (size + chosen.sizes.heldout) * passes

    def _trainings(self, size: int, n_classes: int) -> float:
        """Return how many trainings on all labels of a trial the tuning of its settings comes to, itself included."""
        tuning = self.settings.tuning
        if tuning.trials == 1 or size < FEWEST * n_classes:
            return 1.0
        declared = 1.0  # the settings that the study declares are trained too, to say what tuning changed
        return 1.0 + declared + fits(tuning.trials, tuning.folds) * (1 - 1 / tuning.folds)

    def within(self, budget: float) -> Settings:
        """Return the settings with the largest grid that fits a budget in seconds.

        Raises
        ------
        InvalidInput
            If not even the smallest does.
        """
        smaller = self.settings
        for smaller in smaller_grids(self.settings):
            if self.seconds(smaller) <= budget:
                return smaller
        least, seeds, size = self.seconds(smaller), len(smaller.grid.seed_range), smaller.grid.sizes[0]
        raise InvalidInput(
            f"the budget is {budget:.0f} s; with {seeds} seeds and {size} labels alone the study takes "
            f"about {least:.0f} s. Leave out strategies that train many stages, or make inputs smaller"
        )


def smaller_grids(settings: Settings) -> Iterator[Settings]:
    """Generate settings with ever smaller grids: fewer seeds first, then fewer sizes, the largest of them first."""
    sizes, seeds = settings.grid.sizes, settings.grid.seed_range
    least = min(len(seeds), FEWEST_SEEDS)
    grids = [(sizes, number) for number in range(len(seeds), least - 1, -1)]
    grids += [(tuple(sorted(sizes))[:number], least) for number in range(len(sizes) - 1, 0, -1)]
    for some, number in grids:
        grid = msgspec.structs.replace(settings.grid, sizes=some, seeds=name_of_seeds(seeds[:number]))
        yield msgspec.structs.replace(settings, grid=grid)


def resumed(settings: Settings, folder: Path) -> Settings | None:
    """Return the settings with the grid that an earlier run in this folder had, if it is a part of theirs."""
    path = folder / "study.toml"
    if entry_at(path) != "file":
        return None
    try:
        noted = load.load_settings(path)
    except FastmlpError:  # damaged by an edit, or of data that have changed
        return None
    grid = msgspec.structs.replace(settings.grid, sizes=noted.grid.sizes, seeds=noted.grid.seeds)
    same = msgspec.structs.replace(settings, grid=grid) == noted
    part = all(
        set(mine) <= set(whole)
        for mine, whole in (
            (noted.grid.sizes, settings.grid.sizes),
            (noted.grid.seed_range, settings.grid.seed_range),
        )
    )
    return noted if same and part else None


def in_words(clock: Clock, settings: Settings) -> str:
    """Return how long a study takes, and what of its grid was left out to fit a budget."""
    grid, whole = settings.grid, clock.settings.grid
    part = f"{len(grid.strategies)} strategies, sizes {', '.join(map(str, grid.sizes))}, {len(grid.seed_range)} seeds"
    text = f"about {minutes(clock.seconds(settings))} on {clock.workers} workers: {part}"
    if grid == whole:
        return text + _offer(clock)
    all_of_it = f"all of it, sizes {', '.join(map(str, whole.sizes))} and {len(whole.seed_range)} seeds"
    return f"{text}; {all_of_it}, would take about {minutes(clock.seconds())}"


def _offer(clock: Clock) -> str:
    """Return what the usual budget would leave of a study that takes longer, if it leaves anything."""
    budget = read_seconds(USUAL)
    if clock.seconds() <= budget:
        return ""
    try:
        grid = clock.within(budget).grid
    except InvalidInput:
        return ""
    return f"; --budget {USUAL} would leave sizes {', '.join(map(str, grid.sizes))} and {len(grid.seed_range)} seeds"


def minutes(seconds: float) -> str:
    """Return a time to a reader's precision.

    Examples
    --------
    >>> minutes(50), minutes(130), minutes(9000)
    ('50 s', '2 min', '2.5 h')
    """
    if seconds < UNITS["min"]:
        return f"{seconds:.0f} s"
    return f"{seconds / UNITS['min']:.0f} min" if seconds < UNITS["h"] else f"{seconds / UNITS['h']:.1f} h"


def _batch(settings: Settings, name: str) -> tuple[BackboneProblem, Any]:
    """Return a problem, and the inputs of a batch of its examples, not yet prepared."""
    problem = cast("BackboneProblem", settings.problem(name))
    return problem, problem.rows(problem.split(0).pool[: settings.training.batch_size])


def _timing(settings: Settings, name: str) -> Timing:
    problem, batch = _batch(settings, name)
    return Timing(problem.network(), problem.backbone.prepared(batch).tensors)


def _preparing(settings: Settings, name: str) -> float:
    """Return the seconds that the preparation of an example takes."""
    problem, batch = _batch(settings, name)
    start = thread_time()
    problem.backbone.prepared(batch)
    return (thread_time() - start) / len(batch)
