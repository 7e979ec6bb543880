"""Read plan and records, one flat row for each trial. It needs no backend, and a study may be running."""

from __future__ import annotations

import sqlite3
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import fmean
from typing import Any

from msgspec import json

from ...errors import StoreError
from ...files import reason
from ...stats import normalised_score
from .column_store import Table
from .database import FILE, connect_reader, naming
from .foreign import read_foreign
from .schema import (
    COLUMNS,
    DERIVED,
    NESTED,
    OWN,
    RECORDS,
    REFERENCE,
    STATUSES,
    Record,
    Trial,
)

NEEDED = ("problem", "n_target", "seed", "varied", "status", "steps", "train_seconds", "losses")  # by `DERIVED`
KEYS = {"pretrainings": "pretraining_key", "scores": "scores_key", "records": "key"}  # columns of the plan


@dataclass(frozen=True)
class StudyData:
    """The content of a store at one moment.

    Parameters
    ----------
    settings
        As in ``study.toml``.
    rows
        One mapping for each trial of the plan, in its order, with all of `schema.COLUMNS` and the study's own measures;
        the status of a trial that has not run is ``missing``, and its measures are None.
    meta
        Versions, processor, backend, command and the like; ``foreign`` has what was computed elsewhere, as JSON.
    """

    settings: dict[str, Any]
    rows: Table
    meta: dict[str, str]


def read_study(folder: str | Path) -> StudyData:
    """Read a study's settings, rows and environment, all from one moment.

    Raises
    ------
    StoreError
        If there is no study in the folder, or it cannot be read.
    StoreCorrupt
        If the file is damaged.
    """
    with reading(Path(folder)) as reader:
        meta = reader.meta()
        if "settings" not in meta:
            raise StoreError(f"{folder}: the study there has no plan yet")
        if foreign := read_foreign(Path(folder)):
            meta["foreign"] = json.encode([result.record() for result in foreign]).decode()
        return StudyData(tomllib.loads(meta.pop("settings")), reader.table(), meta)


@contextmanager
def reading(folder: Path) -> Iterator[Reader]:
    """Open a folder's store for reading; everything read within the block is of one moment."""
    path = folder / FILE
    with closing(connect_reader(path)) as connection, naming(path):
        connection.execute("BEGIN")
        yield Reader(connection)


class Reader:
    """Reads one moment of a store; `reading` makes one."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def meta(self) -> dict[str, str]:
        """Return the facts that the study has noted, by name."""
        return dict(self.connection.execute("SELECT name, value FROM meta ORDER BY name").fetchall())

    @cached_property
    def own_measures(self) -> list[str]:
        """The names of the study's own measures, in the order in which records hold them."""
        settings = tomllib.loads(self.meta().get("settings", ""))
        return sorted(settings.get("measures", {}).get("own", {}))

    @property
    def columns(self) -> dict[str, str]:
        """The columns of a row, and of what kind each is: those of all studies, and the study's own measures."""
        return COLUMNS | dict.fromkeys(self.own_measures, "REAL")

    def plan(self) -> Iterator[tuple[Any, ...]]:
        """Generate the place of each trial in the whole plan, and its fields."""
        yield from self.connection.execute(f"SELECT position, {', '.join(Trial._fields)} FROM plan ORDER BY position")

    def records(self, table: str) -> Iterator[tuple[Any, ...]]:
        """Generate the rows of a table that the plan's trials have, as `encoding.row_of` makes them."""
        names, of_trial = ("key", *RECORDS[table]), KEYS[table]
        planned = f"SELECT {', '.join(names)} FROM {table} WHERE key IN (SELECT {of_trial} FROM plan)"
        yield from self.connection.execute(planned)

    def counts(self) -> dict[str, int]:
        """Return the number of trials of the plan with each status."""
        found = dict(
            self.connection.execute(
                "SELECT coalesce(status, 'missing'), count(*) FROM plan LEFT JOIN records USING (key) GROUP BY 1"
            ).fetchall()
        )
        return {status: found.get(status, 0) for status in STATUSES}

    def similarity(self) -> dict[str, float]:
        """Return each problem's place between random weights, 0, and the end of its scale, 1: see `schema.PRETRAINING`.

        The mean over seeds of where the H-score of the pretrained features lies between the two others. Each seed has
        one pretraining, its first, and those of replicates do not count: the book says the same, with an interval.
        """
        scores: dict[str, dict[int, float | None]] = {}
        for problem, seed, *of_seed in self.connection.execute(
            "SELECT problem, seed, h_score_random, h_score, h_score_target"
            " FROM plan JOIN pretrainings ON pretrainings.key = pretraining_key"
            " WHERE varied = '' AND coalesce(source_accuracy, h_score) IS NOT NULL"
            " GROUP BY problem, seed, pretraining_key ORDER BY min(position)"
        ):
            scores.setdefault(problem, {}).setdefault(seed, normalised_score(*of_seed))
        defined = {problem: [s for s in of.values() if s is not None] for problem, of in scores.items()}
        return {problem: fmean(of) for problem, of in defined.items() if of}  # exact sums: the order does not matter

    def final_losses(self) -> dict[tuple[str, int, int], float]:
        """Return the final loss of scratch by problem, size and seed."""
        found = self.connection.execute(
            "SELECT problem, n_target, seed, final_loss FROM plan JOIN records USING (key)"
            " WHERE strategy = ? AND varied = '' AND status = 'ok' AND final_loss IS NOT NULL",
            (REFERENCE,),
        )
        return {(problem, n_target, seed): loss for problem, n_target, seed, loss in found}

    def rows(self, columns: Iterable[str] | None = None) -> Iterator[Record]:
        """Generate one flat row for each trial of the plan, with some columns or all."""
        kinds = self.columns
        for row in self._rows(list(kinds if columns is None else columns)):
            yield {name: json.decode(row[name]) if kinds[name] in NESTED and row[name] else row[name] for name in row}

    def table(self) -> Table:
        """Return all rows; they go to a temporary file, so that many rows take little memory.

        Raises
        ------
        StoreError
            If there is no room for it.
        """
        rows = (row.values() for row in self._rows(list(self.columns)))
        try:
            return Table(rows, self.columns)
        except OSError as error:
            raise StoreError(f"temporary file: cannot be written: {reason(error)}") from error

    def _rows(self, columns: Sequence[str]) -> Iterator[Record]:
        """Generate the rows of the plan; lists are JSON text."""
        derives = any(name in DERIVED for name in columns)
        similarity, targets = self.similarity(), self.final_losses() if derives else {}
        own = {name: place for place, name in enumerate(self.own_measures) if name in columns}
        needed = (*(NEEDED if derives else ()), *([OWN] if own else ()))
        selected = dict.fromkeys(name for name in ("problem", *columns, *needed) if name not in own)
        cursor = self.connection.execute(
            f"SELECT {', '.join(map(_selected, selected))} FROM plan LEFT JOIN records USING (key)"
            " LEFT JOIN pretrainings ON pretrainings.key = plan.pretraining_key"
            " LEFT JOIN scores ON scores.key = plan.scores_key ORDER BY position"
        )
        for values in cursor:
            row = dict(zip(selected, values, strict=True))
            row["similarity"] = similarity.get(row["problem"])
            if derives:
                row |= _reached_scratch_loss(row, targets.get((row["problem"], row["n_target"], row["seed"])))
            if own:
                measured = json.decode(row[OWN] or "null")
                row |= {name: measured and measured[place] for name, place in own.items()}
            yield {name: row[name] for name in columns}


def _reached_scratch_loss(row: Record, target: float | None) -> Record:
    """Return the columns of `DERIVED`; replicates have none, because scratch may have had another subset or order."""
    if target is None or row["status"] != "ok" or row["varied"]:
        return dict.fromkeys(DERIVED)
    losses = json.decode(row["losses"] or "[]")
    epoch = next((epoch for epoch, loss in enumerate(losses, 1) if loss is not None and loss <= target), None)
    if epoch is None or row["steps"] is None or row["train_seconds"] is None:
        return dict.fromkeys(DERIVED)
    return {
        "scratch_loss_steps": row["steps"] * epoch // len(losses),
        "scratch_loss_seconds": row["train_seconds"] * epoch / len(losses),
    }


def _selected(column: str) -> str:
    """Return the SQL expression for a column of a row."""
    if column == "similarity" or column in DERIVED:
        return f"NULL AS {column}"  # they are computed
    if column == "status":
        return "coalesce(records.status, 'missing')"
    table = next((name for name, columns in RECORDS.items() if column in columns), "plan")
    return f"{table}.{column}"
