"""The records of a study, laid out as the grid they were planned in.

What part a strategy has is read from its rule, see `rules`: the baseline, the controls, which explain others, and the
contestants, which are all the others and which the study's question is about.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from ..seeds import seed_range
from .strategies import Rule, mistaken_of, rules

__all__ = [
    "BASELINE",
    "FACTS",
    "FEW_LABELS",
    "PARTS",
    "PLAIN",
    "STATUSES",
    "Grid",
    "Mapped",
    "Row",
    "firsts",
    "flat",
    "number",
    "paired",
    "trial_of",
]

Row = Mapping[str, Any]

BASELINE = "baseline"
PLAIN = "scratch"
FEW_LABELS = 50  # up to so many labels are few
PARTS = {"source_pool": "source pool", "target_pool": "target pool", "probe": "probe set", "held_out": "held-out set"}
#: The facts that the report uses of a problem's data, and their names in the report.
FACTS = {
    "examples": "examples",
    "features": "features",
    "source_classes": "source classes",
    "target_classes": "target classes",
    **PARTS,
}
AT_ONCE = 2**16  # rows that are placed
PARTS_OF_HASHES = 16  # that are sorted one after the other
STATUSES = ("ok", "diverged", "failed", "missing")


def trial_of(row: Row) -> Any:
    """What says that two rows are one trial: its key, which it may have under several names, or else its place."""
    return row.get("key") or _key(row)


def firsts(trials: Iterable[Any], number: int) -> NDArray[np.bool_]:
    """Return of each of so many trials whether none before it is the same.

    Of a trial it holds a hash, eight bytes, and sorts a part of them at a time: they may be millions.
    """
    hashes = np.fromiter(map(hash, trials), np.int64, number)
    first, parts = np.zeros(number, np.bool_), hashes.view(np.uint8)[::8] % PARTS_OF_HASHES
    for part in range(PARTS_OF_HASHES):
        places = np.flatnonzero(parts == part)
        first[places[np.unique(hashes[places], return_index=True)[1]]] = True
    return first


def number(row: Row, column: str) -> float | None:
    """A finite number from a row, or None: not measured, not finite, or not stored."""
    value = row.get(column)
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def accuracy(row: Row) -> float | None:
    """Held-out accuracy of a trial."""
    return number(row, "accuracy")


def paired(
    first: Mapping[int, Row], second: Mapping[int, Row], of: Callable[[Row], float | None] = accuracy
) -> tuple[list[float], list[float]]:
    """Numbers of two groups of trials, each by seed, on the seeds that both have, in their order."""
    both = [(of(first[seed]), of(second[seed])) for seed in first if seed in second]
    kept = [(x, y) for x, y in both if x is not None and y is not None]
    return [x for x, _ in kept], [y for _, y in kept]


def flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Settings by their path: {"training.lr": 0.05}."""
    by_path: dict[str, Any] = {}
    for name, value in settings.items():
        by_path |= flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {prefix + name: value}
    return by_path


@dataclass(frozen=True)
class Grid:
    """Trials by problem, strategy, number of labels and seed.

    Attributes
    ----------
    problems, strategies, sizes, seeds
        What was planned, in the order of the plan; sizes and seeds are sorted.
    trials
        The records.
    rules
        What each strategy does, by its name: see `strategies.Rule`.
    foreign
        Methods that were run elsewhere on the same examples. They are compared with the contestants, and are none.
    own_measures
        Columns that the study's own functions measured.
    mistaken
        Problems whose inputs are prepared with a mistake, each with the one that differs from it in nothing else.
    """

    problems: tuple[str, ...]
    strategies: tuple[str, ...]
    sizes: tuple[int, ...]
    seeds: tuple[int, ...]
    trials: Trials
    rules: Mapping[str, Rule]
    foreign: tuple[str, ...] = ()
    own_measures: tuple[str, ...] = ()
    mistaken: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: Mapping[str, Any], rows: Sequence[Row], foreign: Collection[str] = ()) -> Grid:
        """Lay out rows, but for replicates, which are no grid; settings say what was planned where there are none.

        Methods that are `foreign` are in the rows, and no strategies of the study.
        """
        grid = settings["grid"]
        trials = Trials(rows)
        problems, names, sizes, seeds = trials.names
        strategies = tuple(s for s in names or grid["strategies"] if s not in foreign)
        return cls(
            problems=tuple(problems or grid["problems"]),
            strategies=strategies,
            sizes=tuple(sorted(sizes or grid["sizes"])),
            seeds=tuple(sorted(seeds or seed_range(grid["seeds"]))),
            trials=trials,
            rules={rule["name"]: rule for rule in rules(strategies, settings)},
            foreign=tuple(sorted(foreign)),
            own_measures=tuple(sorted(settings.get("measures", {}).get("own", {}))),
            mistaken=mistaken_of(settings),
        )

    def mapped(self, view: Callable[[Row], Row]) -> Grid:
        """Return the same grid with each record as a function shows it, which leaves its place and its key."""
        return replace(self, trials=self.trials.mapped(view))

    @property
    def contestants(self) -> tuple[str, ...]:
        """The strategies that the study's question is about."""
        return tuple(s for s in self.strategies if self.rules[s]["role"] == "contestant")

    @property
    def controls(self) -> dict[str, str | None]:
        """The controls, each with the strategy that differs from it only in the scaler, or None."""
        return {s: self.rules[s]["plain"] for s in self.strategies if self.rules[s]["role"] == "control"}

    @property
    def scaler_controls(self) -> tuple[tuple[str, str], ...]:
        """Pairs (control, the strategy it differs from in its scaler alone), where both were planned."""
        return tuple((control, plain) for control, plain in self.controls.items() if plain in self.strategies and plain)

    @property
    def transferring(self) -> tuple[str, ...]:
        """The contestants that start from a pretrained network, as far as their rules are known."""
        starts = {s: self.rules[s].get("start", "pretrained") for s in self.contestants}
        return tuple(s for s, start in starts.items() if s != PLAIN and start == "pretrained")

    @property
    def matched_controls(self) -> tuple[tuple[str, str], ...]:
        """Pairs (a strategy that transfers, what may move the same from random weights), where there is such a one."""
        controls = ((s, self.rules[s]["matched"]) for s in self.transferring)
        return tuple((s, control) for s, control in controls if control)

    @property
    def restrained(self) -> tuple[str, ...]:
        """The strategies that transfer and train, but do not move all weights freely."""
        rules = [self.rules[s] for s in self.transferring]
        return tuple(r["name"] for r in rules if r["phases"] and not all(layer[0] for layer in r.get("moves", [])))

    def left_out(self, problem: str, strategy: str) -> bool:
        """Whether the plan has no trials of a strategy on a problem, because it keeps a head that has other classes."""
        keeps = strategy in self.rules and self.rules[strategy].get("head") == "source"
        return keeps and len(self.trials) > 0 and not self.trials.has(problem, strategy)

    @cached_property
    def sizes_of(self) -> Mapping[str, tuple[int, ...]]:
        """The numbers of labels at which the plan has trials of each problem: it may have too few examples for some.

        Where nothing was planned yet they are all.
        """
        there = {p: tuple(n for n in self.sizes if self.trials.has_size(p, n)) for p in self.problems}
        return {p: sizes or self.sizes for p, sizes in there.items()}

    @property
    def cells(self) -> list[tuple[str, int]]:
        """The problems with each of their numbers of labels."""
        return [(problem, n) for problem in self.problems for n in self.sizes_of[problem]]

    def cell(self, problem: str, strategy: str, n_target: int) -> list[Row]:
        """The rows of one cell, one a seed, whatever their status."""
        rows = (self.trials.get((problem, strategy, n_target, seed)) for seed in self.seeds)
        return [row for row in rows if row is not None]

    def ok(self, problem: str, strategy: str, n_target: int) -> dict[int, Row]:
        """The finished trials of one cell, by seed."""
        return {row["seed"]: row for row in self.cell(problem, strategy, n_target) if row["status"] == "ok"}

    def counts(self, problem: str, strategy: str, n_target: int) -> dict[str, int]:
        """How many trials of one cell ended how; what was planned and has no row is missing."""
        statuses = [row["status"] for row in self.cell(problem, strategy, n_target)]
        counts = {status: statuses.count(status) for status in STATUSES}
        if n_target in self.sizes_of[problem] and not self.left_out(problem, strategy):
            counts["missing"] += len(self.seeds) - len(statuses)
        return counts


class Trials(Mapping[tuple[str, str, int, int], Row]):
    """Rows by problem, strategy, number of labels and seed; of a row it holds no more than its place.

    Parameters
    ----------
    rows
        In a sequence that does not change; replicates are left out. Of two of the same trial the last counts.

    Attributes
    ----------
    names
        The problems, strategies, sizes and seeds that occur, each with its place along its axis.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows
        self.names: tuple[dict[Any, int], ...] = ({}, {}, {}, {})
        kept = np.fromiter((k for k, row in enumerate(rows) if not row.get("varied")), np.int32)
        keys = (_key(rows[k]) for k in kept)
        along = (axis.setdefault(name, len(axis)) for key in keys for axis, name in zip(self.names, key, strict=True))
        places = np.fromiter(along, np.int32, 4 * len(kept)).reshape(-1, 4)
        self._index = np.full([len(axis) for axis in self.names], -1, np.int32)
        for some in range(0, len(kept), AT_ONCE):  # places become eight bytes each to find the cells of an array
            self._index[tuple(places[some : some + AT_ONCE].T)] = kept[some : some + AT_ONCE]

    def mapped(self, view: Callable[[Row], Row]) -> Trials:
        """Return the same trials with each row as a function shows it."""
        trials = copy(self)
        trials._rows = Mapped(self._rows, view)  # noqa: SLF001 (of the same class)
        return trials

    def distinct(self) -> Iterator[Row]:
        """Go through the trials, of those that are one trial under several names the first.

        What is one trial has one number of labels, so hashes are held of the trials of one number at a time.
        """
        for n_target in self.names[2]:
            places = self._in_order(self._index[:, :, self.names[2][n_target]])
            first = firsts((trial_of(self._rows[int(place)]) for place in places), len(places))
            yield from (self._rows[int(place)] for place in places[first])

    def __getitem__(self, key: tuple[str, str, int, int]) -> Row:
        """Return the row of a trial."""
        place = int(self._index[tuple(axis[name] for axis, name in zip(self.names, key, strict=True))])
        if place < 0:
            raise KeyError(key)
        return self._rows[place]

    def __iter__(self) -> Iterator[tuple[str, str, int, int]]:
        """Go through the trials in the order of their rows."""
        return map(_key, self.rows())

    def __len__(self) -> int:
        """Return the number of trials."""
        return int((self._index >= 0).sum())

    def has(self, problem: str, strategy: str) -> bool:
        """Whether there is any trial of a strategy on a problem."""
        problems, strategies = self.names[:2]
        known = problem in problems and strategy in strategies
        return known and bool((self._index[problems[problem], strategies[strategy]] >= 0).any())

    def has_size(self, problem: str, n_target: int) -> bool:
        """Whether there is any trial of a problem with a number of labels."""
        problems, _, sizes, _ = self.names
        known = problem in problems and n_target in sizes
        return known and bool((self._index[problems[problem], :, sizes[n_target]] >= 0).any())

    def rows(self, problem: str | None = None) -> Iterator[Row]:
        """Go through the rows in their order: all, or those of one problem."""
        index = self._index if problem is None else self._index[self.names[0].get(problem, []), ...]
        return (self._rows[int(place)] for place in self._in_order(index))

    @staticmethod
    def _in_order(index: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the places of the rows in a part of the index, in their order."""
        there = index[index >= 0]
        there.sort()
        return there


class Mapped(Sequence[Row]):
    """Rows as a function shows them; each is made when it is asked for.

    Parameters
    ----------
    rows
        The rows as they are.
    view
        Returns what is shown of one.
    """

    def __init__(self, rows: Sequence[Row], view: Callable[[Row], Row]) -> None:
        self._rows, self._view = rows, view

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._rows)

    @overload
    def __getitem__(self, place: int) -> Row: ...
    @overload
    def __getitem__(self, place: slice) -> list[Row]: ...
    def __getitem__(self, place: int | slice) -> Row | list[Row]:
        """Return a row, or some."""
        if isinstance(place, slice):
            return [*map(self._view, self._rows[place])]
        return self._view(self._rows[place])


def _key(row: Row) -> tuple[str, str, int, int]:
    return row["problem"], row["strategy"], row["n_target"], row["seed"]
