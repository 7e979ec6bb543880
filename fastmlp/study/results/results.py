"""What `run_study` returns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ..settings.schema import Settings
from ..store import read_study
from ..store.schema import Record


@dataclass(frozen=True)
class Results:
    """A finished study.

    Parameters
    ----------
    folder
        The folder with its files.
    settings
        The effective settings.
    counts
        Trials by status: ``ok``, ``diverged``, ``failed``, ``missing``.
    shards
        Names of the shards that these results are of, such as ``3/16``; empty if they are of the whole study.
    """

    folder: Path
    settings: Settings
    counts: dict[str, int]
    shards: tuple[str, ...] = ()

    @cached_property
    def rows(self) -> list[Record]:
        """One flat dict for each trial, in the plan's order; read from the store on first use."""
        return [dict(row) for row in read_study(self.folder).rows]

    @property
    def table(self) -> Path:
        """``results.csv``."""
        return self.folder / "results.csv"

    @property
    def report(self) -> Path:
        """``report.html``."""
        return self.folder / "report.html"

    @property
    def report_markdown(self) -> Path:
        """``report.md``."""
        return self.folder / "report.md"
