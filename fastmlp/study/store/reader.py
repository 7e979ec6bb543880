"""The reading side: plan and records joined, one flat row a trial. It needs no backend, and a study may be running."""

from __future__ import annotations

import json
import sqlite3
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from ...errors import StoreError
from .database import FILE, connect_reader, naming
from .records import COLUMNS, PRETRAINING, SCORES, STATUSES, TRIAL, Record


@dataclass(frozen=True)
class StudyData:
    """A study as it stands.

    Parameters
    ----------
    settings
        As in ``study.toml``.
    rows
        One a trial of the plan, in its order, with all of `records.COLUMNS`; the status of a trial that has not run is
        ``missing``, and its measures are None.
    meta
        Versions, processor, backend, command and the like.
    """

    settings: dict[str, Any]
    rows: list[Record]
    meta: dict[str, str]


def read_study(folder: str | Path) -> StudyData:
    """Read a study's settings, rows and circumstances, all from one moment.

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
        return StudyData(tomllib.loads(meta.pop("settings")), list(reader.rows()), meta)


@contextmanager
def reading(folder: Path) -> Iterator[Reader]:
    """Open a folder's store for reading; within the block, everything read is of one moment."""
    path = folder / FILE
    with closing(connect_reader(path)) as connection, naming(path):
        connection.execute("BEGIN")
        yield Reader(connection)


class Reader:
    """Answers from one moment of a store; `reading` makes one."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def meta(self) -> dict[str, str]:
        """Return what the study noted about itself."""
        return dict(self.connection.execute("SELECT name, value FROM meta ORDER BY name").fetchall())

    def counts(self) -> dict[str, int]:
        """Return how many trials of the plan have each status."""
        found = dict(
            self.connection.execute(
                "SELECT coalesce(status, 'missing'), count(*) FROM plan LEFT JOIN records USING (key) GROUP BY 1"
            ).fetchall()
        )
        return {status: found.get(status, 0) for status in STATUSES}

    def similarity(self) -> dict[str, float]:
        """Return each problem's place between random weights, 0, and pretraining on the target itself, 1.

        The mean over seeds of where the H-score of the pretrained features lies between the two others.
        """
        scores: dict[str, list[float]] = {}
        for problem, score, low, high in self.connection.execute(
            "SELECT problem, h_score, h_score_random, h_score_target"
            " FROM (SELECT DISTINCT problem, pretraining_key FROM plan)"
            " JOIN pretrainings ON pretrainings.key = pretraining_key"
            " WHERE h_score IS NOT NULL AND h_score_target != h_score_random"
        ):
            scores.setdefault(problem, []).append((score - low) / (high - low))
        return {problem: fmean(values) for problem, values in scores.items()}  # exact sums: the order does not matter

    def rows(self, columns: Iterable[str] = COLUMNS) -> Iterator[Record]:
        """Go through the plan, one flat row a trial, with some columns or all."""
        columns = list(columns)
        similarity = self.similarity()
        cursor = self.connection.execute(
            f"SELECT plan.problem, {', '.join(map(_selected, columns))} FROM plan LEFT JOIN records USING (key)"
            " LEFT JOIN pretrainings ON pretrainings.key = plan.pretraining_key"
            " LEFT JOIN scores ON scores.key = plan.scores_key ORDER BY position"
        )
        lists = [name for name in columns if COLUMNS[name] == "LIST"]
        for problem, *values in cursor:
            row = dict(zip(columns, values, strict=True))
            if "similarity" in row:
                row["similarity"] = similarity.get(problem)
            for name in lists:
                row[name] = json.loads(row[name]) if row[name] is not None else None
            yield row


def _selected(column: str) -> str:
    """Where a column of a row comes from."""
    if column == "similarity":
        return "NULL"  # it is computed
    if column == "status":
        return "coalesce(records.status, 'missing')"
    tables = {"records": TRIAL, "pretrainings": PRETRAINING, "scores": SCORES}
    table = next((name for name, columns in tables.items() if column in columns), "plan")
    return f"{table}.{column}"
