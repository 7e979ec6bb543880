"""The records of one study, and what several chapters need of them, each computed once.

Chapters read from a `Study` and never from each other.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from ..stats import LEVEL, Winners, safe_choices, winner_sets
from .grid import BASELINE, PLAIN, Grid, Mapped, Row, number, trial_of
from .measures import CellMeasures, Pretraining, cell_measures, pretraining
from .pairs import Comparison, Pair, Pairs
from .stability import Place, Stability, stability, unsteady
from .strategies import stages_of

__all__ = ["SIMILAR_FROM", "Contest", "InProblem", "Study"]

Array = NDArray[np.float64]
Cell = tuple[str, int]  # a problem and a number of labels

AS_DECLARED = ("problem", "strategy", "n_target", "seed", "varied", "status", "key", "accuracy")
SIMILAR_FROM = 0.5  # from which similarity on a problem is called similar: declared, for every chapter
SMALLER = "source"  # what a trial varies whose source has fewer examples than the grid's
STANDARD = (BASELINE, PLAIN, "frozen", "finetune")  # what a small figure shows of many


class InProblem(Comparison):
    """A comparison, and the problem it was made on."""

    problem: str


class Contest(TypedDict):
    """Who may be the best in a cell: see `Study.contests`."""

    top: str | None
    winners: list[str]
    borderline: list[str]
    tied: list[str]
    undecided: list[str]
    behind: list[str]
    present: list[str]
    n: int
    reason: str | None


class Study:
    """A study's records, laid out as a grid, with its comparisons and means.

    Parameters
    ----------
    settings
        The study's effective settings, as in its TOML.
    rows
        One record per trial, planned order; trials that have not run have the status "missing".
    meta
        Where and how the study ran. The keys ``problem:<name>`` hold a JSON object of facts about the data, and
        ``foreign`` a list of records that were computed elsewhere, on the same examples.
    folder
        Where other programs left files about it, such as ``peers.json``; None if there is no such place.
    grid
        The rows laid out already; they are laid out here unless it is given.
    """

    def __init__(
        self,
        settings: Mapping[str, Any],
        rows: Sequence[Row],
        meta: Mapping[str, str],
        folder: Path | None = None,
        grid: Grid | None = None,
    ) -> None:
        self.settings, self.rows, self.meta, self.folder = settings, rows, meta, folder
        self.grid = _laid_out(settings, rows, meta.get("foreign")) if grid is None else grid
        self.margin = float(settings["margin"])

    @cached_property
    def replicates(self) -> list[Row]:
        """The trials of which only one purpose of their draws is another than in the grid."""
        return [row for row in self.rows if row.get("varied") not in {None, "", SMALLER}]

    @cached_property
    def smaller_sources(self) -> list[Row]:
        """The trials whose source has fewer examples than the grid's."""
        return [row for row in self.rows if row.get("varied") == SMALLER]

    @cached_property
    def declared(self) -> Study | None:
        """The same trials with the settings that the study declares; None where nothing was tuned."""
        if not any(row.get("tuning_note") for row in self.rows):
            return None
        return Study(self.settings, Mapped(self.rows, _as_declared), self.meta, grid=self.grid.mapped(_as_declared))

    @cached_property
    def pairs(self) -> Pairs:
        """All comparisons of accuracy, those with the best of each cell last: they add none to another family."""
        pairs = Pairs(self.grid, self.margin, unsteady=self.unsteady)
        pairs.against_best(
            [
                Pair(n, (p, self.grid.contestants[result.best]), (p, s))
                for (p, n), result in self._winners.items()
                if result.best is not None
                for k, s in enumerate(self.grid.contestants)
                if k != result.best
            ]
        )
        return pairs

    @cached_property
    def subjects(self) -> tuple[str, ...]:
        """The problems that are counted, ranked and averaged over: all but controls, or all where there are no others.

        A control is there to explain others: its source was made to be of no use, or its data were made up.
        """
        problems = self.grid.problems
        return tuple(p for p in problems if not self.facts(p).get("control")) or problems

    @cached_property
    def stages(self) -> tuple[str, ...]:
        """The stages of the backbones, from the inputs up; none where the study pretrains its networks."""
        return stages_of(self.settings)

    @property
    def control_problems(self) -> tuple[str, ...]:
        """The problems that are not counted."""
        return tuple(p for p in self.grid.problems if p not in self.subjects)

    def distinct(self, comparisons: Iterable[InProblem]) -> list[InProblem]:
        """Return the comparisons of distinct trials: problems that share a target share trials that know no source."""
        by_trials: dict[tuple[Any, ...], InProblem] = {}
        for c in comparisons:
            sides = [self._keys(c["problem"], s, c["n_target"]) for s in (c["first"], c["second"])]
            by_trials.setdefault((c["n_target"], *sides), c)
        return list(by_trials.values())

    @cached_property
    def targets(self) -> dict[str, str]:
        """The first problem that has the same target task, by problem: itself, where none before it has.

        Trials that know no source have the same keys where targets, splits and examples are the same.
        """
        first: dict[Any, str] = {}
        return {p: first.setdefault(self._target_key(p), p) for p in self.grid.problems}

    def _target_key(self, problem: str) -> Any:
        """Return the key of a trial that knows no source; the problem itself, where there is none."""
        rows = (row for strategy in (PLAIN, BASELINE) for row in self.grid.cell(problem, strategy, self.grid.sizes[0]))
        return next(((row["strategy"], row["seed"], row["key"]) for row in rows if row.get("key")), problem)

    def _keys(self, problem: str, strategy: str, n_target: int) -> bytes:
        """Return a hash of what the trials of a cell depend on; of their place, where that was not noted."""
        found = sha256()
        for row in self.grid.cell(problem, strategy, n_target):
            found.update(repr(trial_of(row)).encode())
        return found.digest()

    @property
    def choices(self) -> tuple[str, ...]:
        """What one may choose: the contestants, and the baseline."""
        return (*self.grid.contestants, *([BASELINE] if BASELINE in self.grid.strategies else []))

    @property
    def few(self) -> list[str]:
        """The strategies that a small figure shows of many."""
        return [s for s in STANDARD if s in self.grid.strategies] or list(self.grid.strategies[:4])

    def accuracies(self, strategies: Sequence[str], problems: Sequence[str] | None = None) -> Array:
        """Return held-out accuracy, (problems, sizes, strategies, seeds), NaN where a trial is missing.

        The problems are those of the grid unless they are given.
        """
        grid, rows = self.grid, self.grid.problems if problems is None else problems
        x = np.full((len(rows), len(grid.sizes), len(strategies), len(grid.seeds)), np.nan)
        for p, problem in enumerate(rows):
            for s, strategy in enumerate(strategies):
                x[p, :, s] = self.curve(problem, strategy).T
        return x

    def curve(self, problem: str, strategy: str) -> Array:
        """Return held-out accuracy of one strategy, (seeds, sizes), NaN where a trial is missing."""
        if (problem, strategy) not in self._curves:
            curve = np.empty((len(self.grid.seeds), len(self.grid.sizes)))
            for k, n in enumerate(self.grid.sizes):  # rows of many seeds, of one size at a time
                ok = self.grid.ok(problem, strategy, n)
                curve[:, k] = [number(ok[seed], "accuracy") if seed in ok else None for seed in self.grid.seeds]
            self._curves[problem, strategy] = curve
        return self._curves[problem, strategy]

    def over_sizes(self, problem: str, strategy: str) -> Array:
        """Return held-out accuracy averaged over the numbers of labels that a problem has, (seeds,)."""
        places = [self.grid.sizes.index(n) for n in self.grid.sizes_of[problem]]
        mean: Array = self.curve(problem, strategy)[:, places].mean(axis=1)
        return mean

    @cached_property
    def _curves(self) -> dict[Cell | tuple[str, str], Array]:
        return {}

    @cached_property
    def _winners(self) -> dict[Cell, Winners]:
        """One procedure with one guarantee for the whole grid."""
        names, seeds = self.grid.contestants, len(self.grid.seeds)
        cells = [(p, n) for p in self.grid.problems for n in self.grid.sizes]
        if not names:
            return {}
        # Without a name for them here, the accuracies are gone as soon as their seeds are put into another order
        found = winner_sets(self.accuracies(names).reshape(len(cells), len(names), seeds).transpose(0, 2, 1))
        return dict(zip(cells, found, strict=True))

    @cached_property
    def contests(self) -> dict[Cell, Contest]:
        """For each cell its best strategy, its winners, and where all others stand against the best.

        `top` has the highest mean; `winners` may be the best, of which other draws of signs might exclude those that
        are `borderline`; others are `tied` with the top, `behind` it or behind
        another, or `undecided`; `present` are those with results; `n` is the most seeds that one has; `reason` says why
        no strategy is shown to be behind the best, or is None. Empty without contestants.
        """
        return {cell: self._contest(cell, result) for cell, result in self._winners.items()}

    @cached_property
    def safe(self) -> dict[str, tuple[str, ...]]:
        """For each problem the contestants that are shown to be behind no other by the margin, at any size.

        With 95 % confidence none of them, on any problem, is.
        """
        names, problems = self.grid.contestants, self.grid.problems
        level = 1 - (1 - LEVEL) / len(problems)
        found = {
            p: safe_choices(self.accuracies(names, [p])[0].transpose(0, 2, 1), margin=self.margin, level=level)
            for p in problems
        }
        return {
            p: tuple(s for s, one in zip(names, of_problem, strict=True) if one.case == "safe")
            for p, of_problem in found.items()
        }

    def _contest(self, cell: Cell, result: Winners) -> Contest:
        """Take the verdict on each against the best, and where that is open, whether it may be the best itself."""
        (problem, n), names = cell, self.grid.contestants
        top = None if result.best is None else names[result.best]
        winners = [names[s] for s in result.winners]
        present = [s for s, count in zip(names, result.counts, strict=True) if count]
        contest: Contest = {
            "top": top,
            "winners": winners,
            "borderline": [names[s] for s in result.borderline],
            "tied": [],
            "undecided": [],
            "behind": [],
            "present": present,
            "n": max(result.counts),
            "reason": result.reason,
        }
        for s in present:
            if s != top:
                verdict = self.pairs[n, (problem, str(top)), (problem, s)]["verdict"]
                lost = verdict == "better" or (verdict != "tied" and s not in winners)
                contest["tied" if verdict == "tied" else "behind" if lost else "undecided"].append(s)
        return contest

    @cached_property
    def measures(self) -> dict[str, dict[str, list[CellMeasures]]]:
        """Means over seeds, by problem and strategy, one cell per size."""
        grid = self.grid
        return {
            p: {s: [cell_measures(grid, p, s, n) for n in grid.sizes] for s in grid.strategies} for p in grid.problems
        }

    @cached_property
    def foreign(self) -> dict[str, dict[str, list[CellMeasures]]]:
        """The same of what was computed elsewhere."""
        grid = self.grid
        return {p: {s: [cell_measures(grid, p, s, n) for n in grid.sizes] for s in grid.foreign} for p in grid.problems}

    @cached_property
    def pretraining(self) -> dict[str, Pretraining]:
        """What the pretrainings of each problem measured, its similarity among it."""
        return {p: pretraining(self.grid, p, probe=self.facts(p).get("probe") != 0) for p in self.grid.problems}

    def similarity(self, problem: str) -> float | None:
        """Return the similarity of a problem, or None where it could not be measured."""
        return self.pretraining[problem]["similarity"]["mean"]

    @cached_property
    def ordered(self) -> tuple[str, ...]:
        """The problems by falling similarity; those without one come last, in the order of the plan."""

        def rank(problem: str) -> tuple[bool, float]:
            similarity = self.similarity(problem)
            return similarity is None, 0.0 if similarity is None else -similarity

        return tuple(sorted(self.grid.problems, key=rank))

    @cached_property
    def stability(self) -> Stability:
        """What finished and cannot be trusted."""

        def classes(problem: str) -> int:
            return int(self.facts(problem).get("target_classes") or 2)

        return stability(self.grid, self.settings, classes, self.margin)

    @cached_property
    def unsteady(self) -> frozenset[Place]:
        """Where a strategy's trainings are unstable so often that nothing is concluded from it."""
        return unsteady(self.stability)

    def is_unsteady(self, problem: str, n_target: int, *strategies: str) -> bool:
        """Whether that is so of one of some strategies in a cell."""
        return any((problem, s, n_target) in self.unsteady for s in strategies)

    @property
    def lacking(self) -> dict[str, list[str]]:
        """The problems that were left out, each with the data sets that were not on the machine."""
        return dict(json.loads(self.meta.get("lacking", "{}")))

    def facts(self, problem: str) -> dict[str, Any]:
        """Return what the study noted of a problem's data; empty if nothing."""
        text = self.meta.get(f"problem:{problem}")
        return dict(json.loads(text)) if text else {}


def _laid_out(settings: Mapping[str, Any], rows: Sequence[Row], noted: str | None) -> Grid:
    """Return the grid of a study's rows and of what was noted as computed elsewhere."""
    foreign = _foreign(noted, rows)
    return Grid.of(settings, [*rows, *foreign] if foreign else rows, {row["strategy"] for row in foreign})


def _foreign(noted: str | None, rows: Sequence[Row]) -> list[Row]:
    """Return what was computed elsewhere, of cells that the plan still has."""
    if not noted:
        return []
    cells = {(row["problem"], row["n_target"], row["seed"]) for row in rows}
    return [row for row in json.loads(noted) if (row["problem"], row["n_target"], row["seed"]) in cells]


def _as_declared(row: Row) -> Row:
    kept = {name: row.get(name) for name in AS_DECLARED}
    if row["status"] == "missing" or not row.get("tuning_note"):
        return kept
    accuracy = number(row, "declared_accuracy")
    return kept | {"accuracy": accuracy, "status": "diverged" if accuracy is None else "ok"}
