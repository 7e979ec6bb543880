"""Write the plan, and records as they arrive. One process, one connection, one thread."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from ...errors import StoreError
from .database import FILE, connect_writer, naming, transaction
from .lock import hold
from .schema import FINAL, NESTED, PRETRAINING, SCORES, TRIAL, Group, Record, Trial, reproducible

# A trial is missing if there is no final record under its key; it is run at the first place in the plan with that key.
PLAN = "FROM plan LEFT JOIN records USING (key)"
PLANNED = ", ".join(Trial._fields)
MISSING = f"""(
    (records.status IS NULL OR records.status NOT IN {FINAL})
    AND position = (SELECT min(position) FROM plan AS twin WHERE twin.key = plan.key)
)"""


class Store:
    """The store of a folder, opened for writing by `Store.open`.

    Parameters
    ----------
    connection
        As `connect_writer` gives it.
    path
        The file, for messages.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self.connection = connection
        self.path = path

    @classmethod
    @contextmanager
    def open(cls, folder: Path) -> Iterator[Store]:
        """Lock the folder and open its store, or make one.

        Raises
        ------
        StoreLocked
            If another study is at work in the folder.
        StoreCorrupt, StoreError
            As `connect_writer`.
        """
        path = folder / FILE
        with hold(folder), closing(connect_writer(path)) as connection:
            yield cls(connection, path)

    def begin(self, trials: Iterable[Trial], meta: Mapping[str, str]) -> bool:
        """Replace the plan, keep all records, and note facts about the study.

        Notes about the problems of the old plan are deleted; and, if there is something to do, the note that the study
        has finished.

        Returns
        -------
        bool
            Whether there is something to do.
        """
        with naming(self.path), transaction(self.connection):
            self.connection.execute("DELETE FROM plan")
            self.connection.executemany(
                f"INSERT INTO plan({PLANNED}) VALUES ({', '.join('?' * len(Trial._fields))})", trials
            )
            self.connection.execute("DELETE FROM meta WHERE name GLOB 'problem:*'")
            complete = self.is_complete()
            if not complete:
                self.connection.execute("DELETE FROM meta WHERE name = 'finished'")
            self._note(meta)
        return not complete

    def note(self, meta: Mapping[str, str]) -> None:
        """Note facts about the study; those of the same name are replaced."""
        with naming(self.path), transaction(self.connection):
            self._note(meta)

    def _note(self, meta: Mapping[str, str]) -> None:
        self.connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", meta.items())

    def count(self) -> tuple[int, int]:
        """Return the number of different trials in the plan, and how many of them are missing."""
        with naming(self.path):
            (planned,) = self.connection.execute("SELECT count(DISTINCT key) FROM plan").fetchone()
            (missing,) = self.connection.execute(f"SELECT count(*) {PLAN} WHERE {MISSING}").fetchone()
        return planned, missing

    def is_complete(self) -> bool:
        """Whether there is nothing to do."""
        return next(self.missing(), None) is None

    def missing(self) -> Iterator[Group]:
        """Generate the groups that have something to do, in the plan's order.

        The trials of a group are looked up when it is reached, so a long plan is never in memory.
        """
        with naming(self.path):
            groups = self.connection.execute(
                "SELECT problem, seed, max(pretraining_key),"
                " max(pretraining_key != '' AND pretrainings.key IS NULL) AS unmeasured,"
                f" max(scores_key != '' AND scores.key IS NULL) AS unscored {PLAN}"
                " LEFT JOIN pretrainings ON pretrainings.key = pretraining_key"
                " LEFT JOIN scores ON scores.key = scores_key"
                f" GROUP BY problem, seed HAVING unmeasured OR unscored OR max({MISSING}) ORDER BY min(position)"
            ).fetchall()
        for problem, seed, pretraining_key, unmeasured, _ in groups:
            with naming(self.path):
                rows = self.connection.execute(
                    f"SELECT {PLANNED} {PLAN} WHERE {MISSING} AND problem = ? AND seed = ? ORDER BY position",
                    (problem, seed),
                ).fetchall()
                scores = self.connection.execute(
                    "SELECT DISTINCT n_target, scores_key FROM plan LEFT JOIN scores ON scores.key = scores_key"
                    " WHERE scores_key != '' AND scores.key IS NULL AND problem = ? AND seed = ? ORDER BY n_target",
                    (problem, seed),
                ).fetchall()
            trials = tuple(map(Trial._make, rows))
            yield Group(problem, seed, pretraining_key, bool(unmeasured), trials, tuple(scores))

    def add(self, pretrainings: Iterable[Record], records: Iterable[Record], scores: Iterable[Record] = ()) -> None:
        """Commit what workers have returned: all of it, or nothing.

        A failed record is replaced by a later one. A final one stays; if it comes again with the same content, it is
        ignored.

        Raises
        ------
        StoreError
            If the disk is full, or a result comes again and differs.
        """
        with naming(self.path), transaction(self.connection):
            for record in pretrainings:
                self._insert("pretrainings", PRETRAINING, record)
            for record in scores:
                self._insert("scores", SCORES, record)
            for record in records:
                self._check_same(record)
                self._insert("records", TRIAL, record)

    def _insert(self, table: str, columns: Mapping[str, str], record: Record) -> None:
        names = ("key", *columns)
        over = "REPLACE" if table == "records" else "IGNORE"
        marks = ", ".join("?" * len(names))
        if homeless := [name for name in record if name not in columns and name != "key"]:
            raise ValueError(f"{', '.join(homeless)}: measured, and {table} has no such column; see store/schema.py")
        for name in names:
            if isinstance(record[name], float) and not math.isfinite(record[name]):
                raise ValueError(f"{name} of trial {record['key']} is {record[name]}; SQLite would keep it as nothing")
        values = [_stored(record[name], columns.get(name, "TEXT")) for name in names]
        self.connection.execute(f"INSERT OR {over} INTO {table}({', '.join(names)}) VALUES ({marks})", values)

    def _check_same(self, record: Record) -> None:
        names = ("key", *TRIAL)
        cursor = self.connection.execute(f"SELECT {', '.join(names)} FROM records WHERE key = ?", (record["key"],))
        stored = cursor.fetchone()
        if stored is None or stored[names.index("status")] not in FINAL:
            return
        new = {name: _stored(record[name], TRIAL.get(name, "TEXT")) for name in names}
        old = dict(zip(names, stored, strict=True))
        for name in reproducible(new):
            if new[name] != old[name]:
                both = f"{name} was {old[name]} and is {new[name]}"
                raise StoreError(f"{self.path}: trial {record['key']} was computed twice and differs: {both}")


def _stored(value: object, kind: str) -> object:
    return json.dumps(value, allow_nan=False) if kind in NESTED and value is not None else value
