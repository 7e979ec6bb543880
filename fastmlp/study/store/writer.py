"""Write the plan, and records as they arrive. One process, one connection, one thread."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import chain, count, islice
from operator import itemgetter
from pathlib import Path
from typing import Any

from ...errors import StoreError
from .database import FILE, connect_writer, naming, transaction
from .encoding import Row, alike
from .lock import hold
from .outcome import Outcome
from .reader import KEYS, Reader
from .schema import FINAL, RECORDS, Group, Record, Trial, reproducible

# A trial is missing if there is no final record under its key; it is run at the first place in the plan with that key.
PLAN = "FROM plan LEFT JOIN records USING (key)"
PLANNED = ", ".join(Trial._fields)
PLACED = f"plan(position, {PLANNED}) VALUES (?, {', '.join('?' * len(Trial._fields))})"
AT_ONCE = 256  # rows that are inserted before it is looked whether all were new
# Rows of a statement. While one runs, other threads may have the interpreter, and the writer then waits for it. SQLite
# before 3.32 binds no more than 999 values
TOGETHER = 32 if sqlite3.sqlite_version_info >= (3, 32) else 8
WHAT = {"pretrainings": "pretraining", "scores": "scores", "records": "trial"}  # a table holds, for messages
MISSING = f"""(
    (records.status IS NULL OR records.status NOT IN {FINAL})
    AND position = (SELECT min(position) FROM plan AS twin WHERE twin.key = plan.key)
)"""


@dataclass(slots=True)
class _Unfinished:
    """What a group still has to do, and the key of its pretraining."""

    pretraining_key: str = ""
    unmeasured: bool = False
    unscored: bool = False
    missing: bool = False


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
        self.gives_up: Callable[[], bool] = lambda: False  # asked while results wait to be committed

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

    def begin(
        self, trials: Iterable[Trial], meta: Mapping[str, str], share: Callable[[Trial], bool] = lambda _: True
    ) -> bool:
        """Replace the plan, keep all records, and note facts about the study.

        Notes about the problems and the shard of the old plan are deleted; and, if there is something to do, the note
        that the study has finished.

        Parameters
        ----------
        trials
            All of the plan, in order.
        meta
            What is noted, besides the number of trials in the plan.
        share
            Whether a trial is kept. Those that are keep their place in the whole plan.

        Returns
        -------
        bool
            Whether there is something to do.
        """
        positions = count(1)
        rows = ((position, *trial) for trial, position in zip(trials, positions, strict=False) if share(trial))
        with naming(self.path), transaction(self.connection):
            self.connection.execute("DELETE FROM plan")
            self.connection.executemany(f"INSERT INTO {PLACED}", rows)
            self.connection.execute("DELETE FROM meta WHERE name GLOB 'problem:*' OR name = 'shard'")
            complete = self.is_complete()
            if not complete:
                self.connection.execute("DELETE FROM meta WHERE name = 'finished'")
            self._note({**meta, "planned": str(next(positions) - 1)})
        return not complete

    def join(self, parts: Mapping[str, Reader], plan: Iterable[tuple[Any, ...]] = ()) -> None:
        """Add the plans and the records of other stores: all of them, or nothing.

        Parameters
        ----------
        parts
            Readers by the name that an error gives them. Each has some trials of one plan, at their places in it.
        plan
            The whole plan, if the parts have other places in their own.

        Raises
        ------
        StoreError
            If two of them hold different trials at one place, or different results of one trial.
        """
        rows = [(position, *trial) for position, trial in enumerate(plan, 1)]
        with naming(self.path), transaction(self.connection):
            if rows:
                self.connection.execute("DELETE FROM plan")
                self.connection.executemany(f"INSERT INTO {PLACED}", rows)
            for name, reader in parts.items():
                try:
                    if not rows:
                        self._join_plan(reader)
                    for table in RECORDS:
                        self._insert(table, reader.records(table))
                except StoreError as error:
                    raise StoreError(f"{name}: does not agree with what it is merged with: {error}") from error

    def _join_plan(self, reader: Reader) -> None:
        for row in reader.plan():
            if not self.connection.execute(f"INSERT OR IGNORE INTO {PLACED}", row).rowcount:
                cursor = self.connection.execute(f"SELECT position, {PLANNED} FROM plan WHERE position = ?", row[:1])
                if (known := cursor.fetchone()) != row:
                    raise StoreError(f"{self.path}: place {row[0]} of the plan is {known[1:6]} and {row[1:6]}")

    def rows(self) -> int:
        """Return the number of trials in the plan, those that are the same included."""
        with naming(self.path):
            number: int = self.connection.execute("SELECT count(*) FROM plan").fetchone()[0]
        return number

    def replace_notes(self, meta: Mapping[str, str]) -> None:
        """Replace all notes but the one of the store's version."""
        with naming(self.path), transaction(self.connection):
            self.connection.execute("DELETE FROM meta WHERE name != 'schema'")
            self._note(meta)

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
            done = f"SELECT count(*) FROM records WHERE status IN {FINAL} AND key IN (SELECT key FROM plan)"
            return planned, planned - self.connection.execute(done).fetchone()[0]

    def is_complete(self) -> bool:
        """Whether there is nothing to do."""
        return next(self.missing(), None) is None

    def missing(self) -> Iterator[Group]:
        """Generate the groups that have something to do, in the plan's order.

        What is missing is looked up once, a byte for each place in the plan; the trials of a group when it is reached,
        so a long plan is never in memory.
        """
        with naming(self.path):
            groups, missing = self._unfinished()
        for (problem, seed), group in groups.items():
            if group.unmeasured or group.unscored or group.missing:
                with naming(self.path):
                    rows = self.connection.execute(
                        f"SELECT position, {PLANNED} FROM plan WHERE problem = ? AND seed = ? ORDER BY position",
                        (problem, seed),
                    ).fetchall()
                    scores = self._unscored(problem, seed) if group.unscored else []
                trials = tuple(Trial._make(row) for position, *row in rows if missing[position])
                yield Group(problem, seed, group.pretraining_key, group.unmeasured, trials, tuple(scores))

    def _unfinished(self) -> tuple[dict[tuple[str, int], _Unfinished], bytearray]:
        """Return what is missing of each group, in the plan's order, and of each place whether its trial is."""
        (last,) = self.connection.execute("SELECT coalesce(max(position), 0) FROM plan").fetchone()
        groups, missing = defaultdict[tuple[str, int], _Unfinished](_Unfinished), bytearray(last + 1)
        for position, problem, seed, pretraining_key, unmeasured, unscored, is_missing in self.connection.execute(
            "SELECT position, problem, seed, pretraining_key,"
            " pretraining_key != '' AND pretrainings.key IS NULL,"
            f" scores_key != '' AND scores.key IS NULL, {MISSING} {PLAN}"
            " LEFT JOIN pretrainings ON pretrainings.key = pretraining_key"
            " LEFT JOIN scores ON scores.key = scores_key ORDER BY position"
        ):
            group = groups[problem, seed]
            group.pretraining_key = group.pretraining_key or pretraining_key
            group.unmeasured |= bool(unmeasured)
            group.unscored |= bool(unscored)
            group.missing |= bool(is_missing)
            missing[position] = is_missing
        return groups, missing

    def _unscored(self, problem: str, seed: int) -> list[tuple[int, str]]:
        """Return the numbers of labels of a group whose scores are missing, each with their key."""
        return self.connection.execute(
            "SELECT DISTINCT n_target, scores_key FROM plan LEFT JOIN scores ON scores.key = scores_key"
            " WHERE scores_key != '' AND scores.key IS NULL AND problem = ? AND seed = ? ORDER BY n_target",
            (problem, seed),
        ).fetchall()

    def add(self, outcomes: Sequence[Outcome]) -> None:
        """Commit what workers have returned: all of it, or nothing.

        A failed record is replaced by a later one. A final one stays: what comes again is ignored if it has failed or
        is the same.

        Raises
        ------
        StoreError
            If the disk is full, or a result comes again and differs.
        """
        with naming(self.path), transaction(self.connection, self.gives_up):
            for table in RECORDS:
                rows = [row for outcome in outcomes for row in getattr(outcome, table)]
                # Keys are hashes: in their order each page of their index is reached once, and not again and again
                self._insert(table, sorted(rows, key=itemgetter(0)))

    def _insert(self, table: str, rows: Iterable[Row]) -> None:
        """Add rows; one that is there already under its key stays, or has failed and is replaced."""
        remaining = iter(rows)
        while some := list(islice(remaining, AT_ONCE)):
            if self._insert_new(table, some) < len(some):
                for row in some:
                    self._insert_again(table, dict(zip(("key", *RECORDS[table]), row, strict=True)))

    def _insert_new(self, table: str, rows: Sequence[Row]) -> int:
        """Insert the rows whose keys are new, and return how many they are."""
        whole = len(rows) // TOGETHER * TOGETHER
        blocks = (tuple(chain.from_iterable(rows[k : k + TOGETHER])) for k in range(0, whole, TOGETHER))
        of_blocks = self.connection.executemany(insert(table, TOGETHER), blocks).rowcount
        return of_blocks + self.connection.executemany(insert(table, 1), rows[whole:]).rowcount

    def _insert_again(self, table: str, new: Record) -> None:
        """Replace a failed record by a later one; a final one stays, and if a new one differs, that is an error.

        What was added a moment ago is the same as itself.
        """
        cursor = self.connection.execute(f"SELECT {', '.join(new)} FROM {table} WHERE key = ?", (new["key"],))
        old = dict(zip(new, cursor.fetchone(), strict=True))
        if "status" in old and old["status"] not in FINAL:
            marks = ", ".join("?" * len(new))
            self.connection.execute(f"REPLACE INTO {table}({', '.join(new)}) VALUES ({marks})", list(new.values()))
        elif new.get("status") != "failed":
            for name in reproducible(new):
                if new[name] != old[name] and not alike(RECORDS[table].get(name, ""), new[name], old[name]):
                    what = f"{self.path}: {WHAT[table]} {new['key']}{self._place(table, new['key'])}"
                    both = f"{name} was {old[name]} and is {new[name]}"
                    raise StoreError(f"{what} was computed twice and differs: {both}")

    def _place(self, table: str, key: str) -> str:
        """Return where in the plan a record belongs, for a message: the first place, if it has several."""
        where = f"SELECT problem, strategy, n_target, seed FROM plan WHERE {KEYS[table]} = ? ORDER BY position"
        problem, strategy, n_target, seed = self.connection.execute(where, (key,)).fetchone() or [""] * 4
        trial = f"{strategy}, {n_target} labels, " if table == "records" else ""
        return f" ({problem}, {trial}seed {seed})" if problem else ""


@cache
def insert(table: str, rows: int) -> str:
    """Return the statement that inserts so many rows into a table of records, but for those whose key is there."""
    columns = ("key", *RECORDS[table])
    row = f"({', '.join('?' * len(columns))})"
    return f"INSERT INTO {table}({', '.join(columns)}) VALUES {', '.join([row] * rows)} ON CONFLICT(key) DO NOTHING"
