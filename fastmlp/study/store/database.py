"""Open the store's file, for one connection that writes and any number that read; errors name the file.

The rollback journal is kept on purpose. SQLite before 3.51.3 can lose commits in write-ahead mode when two connections
checkpoint at once; with a rollback journal, ``synchronous=FULL`` and a single writer, what is committed is on the disk.
"""

from __future__ import annotations

import json
import logging
import math
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from hashlib import sha256
from pathlib import Path
from time import monotonic

from ...errors import StoreCorrupt, StoreError
from ...files import absolute, entry_at, refusing, write_whole
from .schema import NESTED, PRETRAINING, SCORES, TRIAL

SQLITE = sqlite3.sqlite_version
FILE = "study.sqlite"
APPLICATION = 0x666D6C70  # "fmlp" in the file's header, where SQLite's tools and `file` look
PAGE = 8192  # bytes of a page of a new file: records take some two kilobytes, of which 4096 often hold only one
CACHE_KIB = 48_000  # of pages: keys are hashes, so a commit touches pages all over their index
COPIED = 1 << 20  # bytes at a time
BUSY_TIMEOUT = 5.0  # seconds to wait for another connection's lock
RETRY_SECONDS = 0.5  # that the writer waits for readers before it handles signals, and waits again
TELL_SECONDS = 5.0  # after which it says so
HINTS = {  # what can be done, by SQLite's code
    sqlite3.SQLITE_FULL: "; make room and start again: what is committed is kept",
    sqlite3.SQLITE_BUSY: "; another program writes or reads it for long: try again when it has ended",
    sqlite3.SQLITE_READONLY: "; a study was killed as it wrote, which only who may write here can undo, by reading it",
}
log = logging.getLogger("fastmlp")


def _keyed(kinds: dict[str, str]) -> dict[str, str]:
    # SQLite has no lists: losses are JSON text.
    return {"key": "TEXT PRIMARY KEY"} | {name: "TEXT" if kind in NESTED else kind for name, kind in kinds.items()}


def _columns(table: str) -> str:
    return ", ".join(f"{name} {kind}" for name, kind in SCHEMA[table].items())


SCHEMA = {
    "plan": {
        "position": "INTEGER PRIMARY KEY",
        "problem": "TEXT NOT NULL",
        "strategy": "TEXT NOT NULL",
        "n_target": "INTEGER NOT NULL",
        "seed": "INTEGER NOT NULL",
        "key": "TEXT NOT NULL",
        "pretraining_key": "TEXT NOT NULL",
        "scores_key": "TEXT NOT NULL DEFAULT ''",
        "varied": "TEXT NOT NULL DEFAULT ''",
        "replicate": "INTEGER NOT NULL DEFAULT 0",
    },
    "pretrainings": _keyed(PRETRAINING),
    "scores": _keyed(SCORES),
    "records": _keyed(TRIAL),
}


def version_of(schema: Mapping[str, Mapping[str, str]]) -> int:
    """Return a number for tables of certain columns: no two differ in their columns and have the same."""
    return int(sha256(json.dumps(schema, sort_keys=True).encode()).hexdigest()[:7], 16)


VERSION = version_of(SCHEMA)
NUMBERED = 3  # the first formats were numbered by hand, up to this
TABLES = f"""
CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE plan({_columns("plan")});
CREATE INDEX plan_groups ON plan(problem, seed);
CREATE INDEX plan_keys ON plan(key);
CREATE TABLE pretrainings({_columns("pretrainings")});
CREATE TABLE scores({_columns("scores")});
CREATE TABLE records({_columns("records")}, CHECK (status IN ('ok', 'diverged', 'failed')));
INSERT INTO meta VALUES ('schema', '{VERSION}');
PRAGMA application_id = {APPLICATION};
"""


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours, with the file's name and what can be done."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the primary code, without its refinement
        if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
            raise damaged(path, error) from error
        raise StoreError(f"{path}: {error}{HINTS.get(code, '')}") from error


def damaged(path: Path, why: object) -> StoreCorrupt:
    """Return the refusal of a file that is no store; it is never overwritten."""
    return StoreCorrupt(f"{path}: {why}; it is left as it is: move it away to start anew, or put a copy back")


@contextmanager
def transaction(connection: sqlite3.Connection, gives_up: Callable[[], bool] = lambda: False) -> Iterator[None]:
    """Commit all or nothing; it is on the disk when the block ends.

    A commit waits for those who read, however long they do, unless `gives_up` returns true: a study that waits loses
    less than one that ends.
    """
    try:
        _execute_patiently(connection, "BEGIN IMMEDIATE", gives_up)
        yield
        _execute_patiently(connection, "COMMIT", gives_up)
    except BaseException:
        if connection.in_transaction:  # a full disk has rolled back already
            connection.execute("ROLLBACK")
        raise


def _execute_patiently(connection: sqlite3.Connection, statement: str, gives_up: Callable[[], bool]) -> None:
    """Execute a statement, again and again while others hold a lock; signals are handled between two attempts."""
    told = monotonic() + TELL_SECONDS
    while True:
        try:
            connection.execute(statement)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or gives_up():
                raise
            if monotonic() > told:
                (path,) = connection.execute("SELECT file FROM pragma_database_list WHERE name = 'main'").fetchone()
                log.warning("%s is in use by another program; what is done is committed when that has ended", path)
                told = math.inf
        else:
            return


def connect_writer(path: Path) -> sqlite3.Connection:
    """Open the file for writing, check that it is whole, and make the tables if it is new.

    The caller holds the folder's lock. SQLite rolls back what a killed study has half written. A file of
    an older fastmlp is copied, to ``study.sqlite.v3``, before missing tables and columns are added.

    Raises
    ------
    StoreCorrupt
        If the file is damaged, or a database of someone else.
    StoreError
        If it cannot be opened or copied, or a newer fastmlp has written it.
    """
    with naming(path):
        connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT, isolation_level=None)
        try:
            connection.execute(f"PRAGMA page_size={PAGE}")
            connection.execute("PRAGMA journal_mode=DELETE")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
            _check_whole(connection, path)
            if connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,):
                _make_tables(connection)
            if (found := check_version(connection, path)) != VERSION:
                _copy_aside(path, found)
                _migrate(connection)
            connection.execute(f"PRAGMA busy_timeout={RETRY_SECONDS * 1000:.0f}")
        except BaseException:
            connection.close()
            raise
    return connection


def _check_whole(connection: sqlite3.Connection, path: Path) -> None:
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise damaged(path, " ".join(verdict.split()))


def _make_tables(connection: sqlite3.Connection) -> None:
    with transaction(connection):
        for statement in TABLES.split(";\n"):
            connection.execute(statement)


def _copy_aside(path: Path, version: int) -> None:
    """Copy the file; nobody writes it, and there is no journal."""
    with refusing(path, "cannot be read", StoreError), path.open("rb") as file:
        write_whole(path.with_name(f"{path.name}.v{version}"), iter(partial(file.read, COPIED), b""))


def _migrate(connection: sqlite3.Connection) -> None:
    """Add the tables and columns that an older fastmlp did not have; its records are kept."""
    with transaction(connection):
        for table, columns in SCHEMA.items():
            connection.execute(f"CREATE TABLE IF NOT EXISTS {table}({_columns(table)})")
            existing = _columns_of(connection, table)
            for name, kind in columns.items():
                if name not in existing:
                    connection.execute(f"ALTER TABLE {table} ADD COLUMN {name} {kind}")
        connection.execute("UPDATE meta SET value = ? WHERE name = 'schema'", (str(VERSION),))


def connect_reader(path: Path) -> sqlite3.Connection:
    """Open the file for reading only; a study may be writing it at the same time.

    A file of an older fastmlp is not changed; columns that it lacks are read as missing values.

    Raises
    ------
    StoreError
        If there is no such file, it cannot be read, or a newer fastmlp has written it.
    StoreCorrupt
        If it is damaged, or a database of someone else.
    """
    if entry_at(path, StoreError) != "file":
        raise StoreError(f"{path}: there is no such file; `fastmlp study --out {path.parent}` makes one")
    with naming(path):
        try:
            return _open_read_only(path)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_READONLY_ROLLBACK:
                raise
        # A study was killed while it wrote. SQLite rolls back, under its own locks, for whoever may write. The lock of
        # the folder is not taken: the study may be starting again, and would be told that another one runs
        with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master")
        return _open_read_only(path)


def _open_read_only(path: Path) -> sqlite3.Connection:
    uri = f"{absolute(path, StoreError).as_uri()}?mode=ro"
    connection = sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT, isolation_level=None)
    try:
        if check_version(connection, path) != VERSION:
            _present_as_current(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _present_as_current(connection: sqlite3.Connection) -> None:
    """Let old tables look like ours on this connection alone: views in memory take their names."""
    connection.execute("PRAGMA temp_store=MEMORY")
    for table, columns in SCHEMA.items():
        existing = _columns_of(connection, table)
        values = (
            name if name in existing else f"{kind.partition(' DEFAULT ')[2] or 'NULL'} AS {name}"
            for name, kind in columns.items()
        )
        source = f"FROM main.{table}" if existing else "WHERE 0"
        connection.execute(f"CREATE TEMP VIEW {table} AS SELECT {', '.join(values)} {source}")


def _columns_of(connection: sqlite3.Connection, table: str) -> set[str]:
    """Return the names of a table's columns in the file; an empty set if there is no such table."""
    return {name for (name,) in connection.execute("SELECT name FROM pragma_table_info(?, 'main')", (table,))}


def check_version(connection: sqlite3.Connection, path: Path) -> int:
    """Return the version of a database's tables; one that is not ours, or has columns that we do not know, is refused.

    Columns are only ever added. So a file without unknown ones is of this fastmlp or of an older one.
    """
    if connection.execute("PRAGMA application_id").fetchone() != (APPLICATION,):
        raise damaged(path, "an SQLite database, but not a study's")
    (found,) = connection.execute("SELECT value FROM meta WHERE name = 'schema'").fetchone() or ("0",)
    if int(found) > NUMBERED and int(found) != VERSION:
        unknown = sorted(
            name for table, columns in SCHEMA.items() for name in _columns_of(connection, table) - set(columns)
        )
        if unknown:
            raise StoreError(f"{path}: has columns that this fastmlp does not know, {unknown}; use a newer fastmlp")
    return int(found)
