"""The records of a study, laid out as the grid they were planned in.

A role is read from a strategy's name: the baseline, the controls that differ from a strategy of the same name in the
scaler alone, and the contestants, which are all the others and which the study's question is about.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["BASELINE", "PLAIN", "STATUSES", "Grid", "Row", "number"]

Row = Mapping[str, Any]

BASELINE = "baseline"
PLAIN = "scratch"
SOURCE_SCALER = "-source-scaler"
OTHER_CONTROLS = ("random-frozen", "meanvar")  # or of their family
STATUSES = ("ok", "diverged", "failed", "missing")


def number(row: Row, column: str) -> float | None:
    """A finite number from a row, or None: not measured, not finite, or not stored."""
    value = row.get(column)
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


@dataclass(frozen=True)
class Grid:
    """Trials by problem, strategy, number of labels and seed.

    Attributes
    ----------
    problems, strategies, sizes, seeds
        What was planned, in the order of the plan; sizes and seeds are sorted.
    """

    problems: tuple[str, ...]
    strategies: tuple[str, ...]
    sizes: tuple[int, ...]
    seeds: tuple[int, ...]
    trials: Trials

    @classmethod
    def of(cls, settings: Mapping[str, Any], rows: Sequence[Row]) -> Grid:
        """Lay out rows, but for replicates, which are no grid; settings say what was planned where there are none."""
        grid = settings.get("grid", settings)  # which had its lists itself before it had a table
        trials = Trials(rows)
        problems, strategies, sizes, seeds = trials.names
        return cls(
            problems=tuple(problems or grid["problems"]),
            strategies=tuple(strategies or grid["strategies"]),
            sizes=tuple(sorted(sizes or grid["sizes"])),
            seeds=tuple(sorted(seeds or range(grid["seeds"]))),
            trials=trials,
        )

    @property
    def contestants(self) -> tuple[str, ...]:
        """The strategies that the study's question is about."""
        return tuple(s for s in self.strategies if s != BASELINE and not is_control(s))

    @property
    def scaler_controls(self) -> tuple[tuple[str, str], ...]:
        """Pairs (control, the strategy it differs from in its scaler alone), where both were planned."""
        pairs = ((s, s.removesuffix(SOURCE_SCALER)) for s in self.strategies if s.endswith(SOURCE_SCALER))
        return tuple((control, plain) for control, plain in pairs if plain in self.strategies)

    def cell(self, problem: str, strategy: str, n_target: int) -> list[Row]:
        """The rows of one cell, one a seed, whatever their status."""
        found = (self.trials.get((problem, strategy, n_target, seed)) for seed in self.seeds)
        return [row for row in found if row is not None]

    def ok(self, problem: str, strategy: str, n_target: int) -> dict[int, Row]:
        """The finished trials of one cell, by seed."""
        return {row["seed"]: row for row in self.cell(problem, strategy, n_target) if row["status"] == "ok"}

    def counts(self, problem: str, strategy: str, n_target: int) -> dict[str, int]:
        """How many trials of one cell ended how; what has no row is missing."""
        statuses = [row["status"] for row in self.cell(problem, strategy, n_target)]
        counts = {status: statuses.count(status) for status in STATUSES}
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
        self._index[tuple(places.T)] = kept

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

    def rows(self, problem: str | None = None) -> Iterator[Row]:
        """Go through the rows in their order: all, or those of one problem."""
        index = self._index if problem is None else self._index[self.names[0].get(problem, []), ...]
        return (self._rows[place] for place in np.sort(index[index >= 0]).tolist())


def _key(row: Row) -> tuple[str, str, int, int]:
    return row["problem"], row["strategy"], row["n_target"], row["seed"]


def is_control(strategy: str) -> bool:
    """Whether a strategy is there to explain others, not to be chosen."""
    return strategy.endswith(SOURCE_SCALER) or re.sub(r"-\d+$", "", strategy) in OTHER_CONTROLS
