"""The store: what is committed stays, what is damaged is refused, what is full or locked says so."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import mkdtemp
from time import monotonic
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from fastmlp import files
from fastmlp.errors import StoreCorrupt, StoreError, StoreLocked
from fastmlp.report.grid import Grid
from fastmlp.report.measures import pretraining
from fastmlp.study.results.export import export
from fastmlp.study.store import Store, database, read_study
from fastmlp.study.store.lock import check_free, hold, holder
from fastmlp.study.store.outcome import Outcome, outcome_of
from fastmlp.study.store.reader import reading
from fastmlp.study.store.schema import COLUMNS, FINAL, PRETRAINING, SCORES, TRIAL, Trial

from ...made_up_study import add, begin, made_up_plan, made_up_pretraining, made_up_record


def has(store: Store, key: str) -> bool:
    """Whether there is a final record under a key."""
    found = store.connection.execute("SELECT status FROM records WHERE key = ?", (key,)).fetchone()
    return found is not None and found[0] in FINAL


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path) as opened:
        begin(opened, made_up_plan())
        yield opened


def names(store: Store) -> list[str]:
    return [trial.key for group in store.missing() for trial in group.trials]


def test_a_measure_without_a_column_is_refused_by_name(store: Store) -> None:
    record = made_up_record("p-frozen-0") | {"accuracy_blurred": 0.5, "top_two": 0.9}
    with pytest.raises(ValueError, match="accuracy_blurred, top_two: measured, and records has no such column"):
        add(store, [], [record])
    with pytest.raises(ValueError, match="warmth: measured, and pretrainings has no such column"):
        add(store, [made_up_pretraining("p-0") | {"warmth": 1.0}], [])
    assert not has(store, "p-frozen-0")


def test_a_plan_that_grows_has_not_finished_and_forgets_problems_that_left(store: Store, tmp_path: Path) -> None:
    def noted() -> dict[str, str]:
        with reading(tmp_path) as reader:
            return {name: value for name, value in reader.meta().items() if name == "finished" or ":" in name}

    plan = made_up_plan()
    add(store, [made_up_pretraining(f"p-{seed}") for seed in range(3)], [made_up_record(trial.key) for trial in plan])
    store.note({"finished": "yesterday"})
    assert not store.begin(plan, {"problem:p": "{}"})
    assert noted() == {"finished": "yesterday", "problem:p": "{}"}
    assert store.begin(made_up_plan(problems=("q",)), {"problem:q": "{}"})
    assert noted() == {"problem:q": "{}"}


def test_what_is_added_is_no_longer_missing(store: Store) -> None:
    assert store.count() == (6, 6)
    add(store, [made_up_pretraining("p-0")], [made_up_record("any-scratch-0"), made_up_record("p-frozen-0")])
    assert store.count() == (6, 4)
    assert has(store, "p-frozen-0")
    assert not has(store, "p-frozen-1")
    assert [(group.seed, group.pretraining_missing) for group in store.missing()] == [(1, True), (2, True)]


def test_rows_come_back_as_they_went_in_and_in_the_plans_order(store: Store, tmp_path: Path) -> None:
    add(store, [made_up_pretraining("p-1")], [made_up_record("p-frozen-1", error="ünïcode \0 'quoted'", steps=7)])
    data = read_study(tmp_path)
    assert data.settings == {"name": "made up"}
    assert [(row["strategy"], row["seed"]) for row in data.rows] == [trial[1:4:2] for trial in made_up_plan()]
    assert all(list(row) == list(COLUMNS) for row in data.rows)
    done = data.rows[4]
    expected = made_up_record("p-frozen-1", error="ünïcode \0 'quoted'", steps=7)
    shown = TRIAL.keys() & COLUMNS.keys()
    assert {name: done[name] for name in shown} == {name: expected[name] for name in shown}
    assert {name: done[name] for name in PRETRAINING} == {
        name: value for name, value in made_up_pretraining("p-1").items() if name != "key"
    }
    assert [row["status"] for row in data.rows] == ["missing"] * 4 + ["ok", "missing"]
    assert {row["similarity"] for row in data.rows} == {0.5}


def test_the_similarity_is_the_one_that_the_book_tells(tmp_path: Path) -> None:
    again = Trial("p", "frozen", 20, 9, "p-frozen-again", "p-again", varied="order", replicate=1)
    later = Trial("p", "frozen", 50, 0, "p-frozen-0-50", "p-0-50")
    with Store.open(tmp_path) as store:
        begin(store, [*made_up_plan(), later, again])
        changes: dict[str, dict[str, Any]] = {
            "p-0": {},
            "p-1": {"h_score": 1.5, "source_accuracy": None},  # of a network from elsewhere
            "p-2": {"h_score_random": 3.0},  # what the target itself taught is worse than random: that spans no scale
            "p-0-50": {"h_score": 9.0},
            "p-again": {"h_score": 9.0},
        }
        add(store, [made_up_pretraining(key) | change for key, change in changes.items()], [])
    rows = read_study(tmp_path).rows
    told = pretraining(Grid.of({"network": {"hidden": [8]}, "grid": {}}, rows), "p")["similarity"]
    assert {row["similarity"] for row in rows} == {told["mean"]} == {(0.5 + 0.75) / 2}
    assert told["n"] == 2


def test_a_trial_that_two_problems_share_runs_once_and_counts_for_both(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        begin(store, made_up_plan(problems=("p", "q"), seeds=1))
        assert store.count() == (3, 3)
        assert names(store) == ["any-scratch-0", "p-frozen-0", "q-frozen-0"]
        add(store, [], [made_up_record("any-scratch-0")])
    rows = read_study(tmp_path).rows
    assert [(row["problem"], row["status"]) for row in rows if row["strategy"] == "scratch"] == [
        ("p", "ok"),
        ("q", "ok"),
    ]


def test_a_group_without_its_pretraining_is_missing_though_its_trials_are_there(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        begin(store, made_up_plan(strategies=("scratch",), seeds=1))
        add(store, [], [made_up_record("any-scratch-0")])
        (group,) = store.missing()
        assert group.pretraining_missing
        assert group.trials == ()
        add(store, [made_up_pretraining("p-0")], [])
        assert store.is_complete()


def test_a_failed_trial_is_tried_again_and_a_final_one_is_not(store: Store, tmp_path: Path) -> None:
    add(store, [], [made_up_record("p-frozen-0", status="failed", accuracy=None, error="once")])
    add(store, [], [made_up_record("p-frozen-1", status="diverged", accuracy=None)])
    assert "p-frozen-0" in names(store)
    assert "p-frozen-1" not in names(store)
    add(store, [], [made_up_record("p-frozen-0")])
    assert {row["key"]: row["status"] for row in read_study(tmp_path).rows}["p-frozen-0"] == "ok"


def test_a_result_may_come_twice_but_must_be_the_same(store: Store) -> None:
    add(store, [], [made_up_record("p-frozen-0")])
    add(store, [], [made_up_record("p-frozen-0", train_seconds=99.0)])
    with pytest.raises(
        StoreError,
        match=r"trial p-frozen-0 \(p, frozen, 20 labels, seed 0\) was computed twice and differs: accuracy was 0",
    ):
        add(store, [], [made_up_record("p-frozen-1"), made_up_record("p-frozen-0", accuracy=0.5)])
    assert not has(store, "p-frozen-1"), "all of a commit or nothing"


def test_lists_are_compared_by_their_numbers(store: Store) -> None:
    """An earlier encoder put a space behind each comma, and wrote other digits for the same number."""
    record = made_up_record("p-frozen-0", losses=[0.5, None, 1e-7])
    add(store, [], [record])
    store.connection.execute("UPDATE records SET losses = '[0.5, null, 1e-07]'")
    add(store, [], [record])
    store.connection.execute("UPDATE records SET losses = '[0.5, null, 2e-07]'")
    with pytest.raises(StoreError, match="computed twice and differs: losses was"):
        add(store, [], [record])


def test_a_commit_is_in_the_order_of_keys_and_of_one_key_in_the_order_of_coming(store: Store) -> None:
    failed = made_up_record("p-frozen-1", status="failed", accuracy=None)
    add(store, [], [made_up_record("p-frozen-2"), failed, made_up_record("p-frozen-0"), made_up_record("p-frozen-1")])
    assert [has(store, f"p-frozen-{seed}") for seed in range(3)] == [True] * 3
    first, *_, last = store.connection.execute("SELECT key FROM records ORDER BY rowid").fetchall()
    assert (first, last) == (("p-frozen-0",), ("p-frozen-1",)), "what replaces another comes last"


def test_another_plan_keeps_the_records(store: Store) -> None:
    add(store, [], [made_up_record("p-frozen-0")])
    begin(store, made_up_plan(strategies=("finetune",)))
    assert not any("frozen" in key for key in names(store))
    begin(store, made_up_plan())
    assert "p-frozen-0" not in names(store)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_is_none_is_not_stored_as_nothing(store: Store, value: float) -> None:
    with pytest.raises(ValueError, match="Out of range float values are not JSON compliant"):
        add(store, [], [made_up_record("p-frozen-0", losses=[value])])
    with pytest.raises(ValueError, match=r"accuracy of trial p-frozen-0 is (nan|inf)"):
        add(store, [], [made_up_record("p-frozen-0", accuracy=value)])
    assert not has(store, "p-frozen-0")


def test_the_rollback_journal_and_full_synchronisation_are_used(store: Store) -> None:
    """Write-ahead mode can lose commits in SQLite before 3.51.3."""
    assert store.connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    assert store.connection.execute("PRAGMA synchronous").fetchone() == (2,)


def test_a_second_study_is_kept_out_and_told_by_whom(store: Store, tmp_path: Path) -> None:
    import os

    start = monotonic()
    with (
        pytest.raises(StoreLocked, match=f"another study is running here: process {os.getpid()} on "),
        Store.open(tmp_path),
    ):
        pass
    assert monotonic() - start < 1
    with pytest.raises(StoreLocked, match=f"process {os.getpid()} on"):
        check_free(tmp_path)


def test_a_lock_goes_with_its_holder(tmp_path: Path) -> None:
    """A PID file would be stale after kill -9; the operating system's lock is not."""
    code = "import os, pathlib, fastmlp.study.store.lock as x\nwith x.hold(pathlib.Path()): os.kill(os.getpid(), 9)"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False)
    assert done.returncode == -9
    assert (tmp_path / "study.lock").read_text().startswith("process ")
    assert holder(tmp_path) is None
    with Store.open(tmp_path):
        assert holder(tmp_path) is not None
    assert holder(tmp_path) is None


@pytest.mark.parametrize("error", [KeyboardInterrupt, StoreError, ZeroDivisionError])
def test_the_lock_names_nobody_after_an_exception(error: type[BaseException], tmp_path: Path) -> None:
    def fail() -> None:
        assert (tmp_path / "study.lock").read_text().startswith("process ")
        raise error

    with pytest.raises(error), hold(tmp_path):
        fail()
    assert (tmp_path / "study.lock").read_text() == ""
    with hold(tmp_path):
        pass


def test_a_full_disk_keeps_what_is_committed_and_nothing_of_the_rest(store: Store, tmp_path: Path) -> None:
    add(store, [], [made_up_record("p-frozen-0")])
    (pages,) = store.connection.execute("PRAGMA page_count").fetchone()
    store.connection.execute(f"PRAGMA max_page_count={pages + 1}")
    many = [made_up_record(f"p-{n}", error="x" * 400) for n in range(100)]
    with pytest.raises(StoreError, match=r"study.sqlite: database or disk is full; make room and start again"):
        add(store, [], many)
    assert store.connection.execute("SELECT count(*) FROM records").fetchone() == (1,)
    store.connection.execute("PRAGMA max_page_count=100000")
    add(store, [], many)
    assert store.connection.execute("PRAGMA quick_check").fetchone() == ("ok",)


def finished(folder: Path) -> Path:
    """Return the file of a study with enough records to fill several pages."""
    with Store.open(folder) as store:
        begin(store, made_up_plan(seeds=50))
        add(store, [], [made_up_record(trial.key) for trial in made_up_plan(seeds=50)])
    return folder / "study.sqlite"


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def fill_with_garbage(path: Path) -> None:
    path.write_bytes(b"\xde\xad\xbe\xef" * 2000)


def overwrite_a_page(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[8192:12288] = b"\xff" * 4096
    path.write_bytes(data)


def replace_by_another_database(path: Path) -> None:
    path.unlink()
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE cookies(name)")
    other.close()


@pytest.mark.parametrize("damage", [truncate, fill_with_garbage, overwrite_a_page, replace_by_another_database])
def test_a_damaged_file_is_named_and_left_as_it_is(damage: Any, tmp_path: Path) -> None:
    path = finished(tmp_path)
    damage(path)
    before = path.read_bytes()
    with pytest.raises(StoreCorrupt, match=r"study\.sqlite: .*left as it is"), Store.open(tmp_path):
        pass
    with pytest.raises(StoreCorrupt, match=r"study\.sqlite: "):
        read_study(tmp_path)
    assert path.read_bytes() == before


def another_fastmlp(patch: pytest.MonkeyPatch, table: str, column: str) -> None:
    """Let the tables have one more column, as those of a later fastmlp."""
    schema = {name: dict(columns) for name, columns in database.SCHEMA.items()}
    schema[table][column] = "REAL"
    patch.setattr(database, "SCHEMA", schema)
    patch.setattr(database, "VERSION", database.version_of(schema))


TABLES = ("plan", "pretrainings", "scores", "records")


@pytest.mark.parametrize("table", TABLES)
def test_a_column_more_is_another_version(table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = database.VERSION
    another_fastmlp(monkeypatch, table, "top_two")
    assert before != database.VERSION
    assert min(before, database.VERSION) > database.NUMBERED


@pytest.mark.parametrize("table", TABLES)
def test_a_file_of_a_newer_version_is_refused(table: str, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        another_fastmlp(patch, table, "top_two")
        path = finished(tmp_path)
        assert len(read_study(tmp_path).rows) == 100, "the newer one reads what it has written"
    before = path.read_bytes()
    refusal = r"study.sqlite: has columns that this fastmlp does not know, \['top_two'\]; use a newer fastmlp"
    with pytest.raises(StoreError, match=refusal), Store.open(tmp_path):
        pass
    with pytest.raises(StoreError, match=refusal):
        read_study(tmp_path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("table", TABLES)
def test_a_newer_version_takes_a_file_up_and_keeps_what_was_measured(
    table: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = finished(tmp_path)
    before, rows = path.read_bytes(), [dict(row) for row in read_study(tmp_path).rows]
    version = database.VERSION
    another_fastmlp(monkeypatch, table, "top_two")
    assert [dict(row) for row in read_study(tmp_path).rows] == rows
    assert path.read_bytes() == before, "to read it changes nothing"
    with Store.open(tmp_path) as store:
        (names,) = zip(*store.connection.execute("SELECT name FROM pragma_table_info(?)", (table,)), strict=True)
        assert "top_two" in names
        assert store.count() == (100, 0)
    assert path.with_name(f"study.sqlite.v{version}").read_bytes() == before
    assert [dict(row) for row in read_study(tmp_path).rows] == rows


# Tables as the first version made them, with a plan and a record of its own
FIRST = """
CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE plan(position INTEGER PRIMARY KEY, problem TEXT NOT NULL, strategy TEXT NOT NULL,
    n_target INTEGER NOT NULL, seed INTEGER NOT NULL, key TEXT NOT NULL, pretraining_key TEXT NOT NULL);
CREATE TABLE pretrainings(key TEXT PRIMARY KEY, h_score REAL);
CREATE TABLE records(key TEXT PRIMARY KEY, status TEXT, accuracy REAL, losses TEXT);
INSERT INTO meta VALUES ('schema', '1'), ('settings', 'name = "old"');
INSERT INTO plan VALUES (1, 'p', 'frozen', 20, 0, 'k', 'p-0');
INSERT INTO records VALUES ('k', 'ok', 0.5, '[1.0]');
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """The file of a study that an older fastmlp has made."""
    path = tmp_path / "study.sqlite"
    connection = sqlite3.connect(path)
    connection.executescript(FIRST + f"PRAGMA application_id = {database.APPLICATION};")
    connection.close()
    return path


def test_a_file_of_an_older_version_is_read_and_left_as_it_is(old: Path) -> None:
    before = old.read_bytes()
    old.chmod(0o444)
    old.parent.chmod(0o555)  # a medium that cannot be written
    try:
        (row,) = read_study(old.parent).rows
    finally:
        old.parent.chmod(0o755)
    assert list(row) == list(COLUMNS)
    assert (row["accuracy"], row["losses"], row["varied"], row["replicate"]) == (0.5, [1.0], "", 0)
    assert row["macro_recall"] is row["log_me"] is None
    assert old.read_bytes() == before
    assert list(old.parent.iterdir()) == [old]


def test_a_file_of_an_older_version_is_copied_before_it_gets_what_it_lacks(old: Path) -> None:
    before = old.read_bytes()
    with Store.open(old.parent) as store:
        assert store.count() == (1, 0)
        begin(store, made_up_plan())
        assert has(store, "k")
    assert old.with_name("study.sqlite.v1").read_bytes() == before
    with Store.open(old.parent):
        pass
    assert old.with_name("study.sqlite.v1").read_bytes() == before, "there is no second copy, of what is no longer old"


def test_a_file_of_an_older_version_that_cannot_be_copied_stays_old(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = old.read_bytes()

    def full(path: Path, chunks: Iterable[bytes]) -> None:
        raise StoreError(f"{path}: No space left on device")

    monkeypatch.setattr(database, "write_whole", full)
    with pytest.raises(StoreError, match=r"study\.sqlite\.v1: No space left"), Store.open(old.parent):
        pass
    assert old.read_bytes() == before


def test_what_reaches_the_loss_of_scratch_is_timed_by_its_epochs(tmp_path: Path) -> None:
    losses = {"scratch": [3.0, 2.0, 1.0], "fast": [2.0, 1.0, 1.5], "slow": [3.0, 2.0, 1.1], "baseline": []}
    trials = [*made_up_plan(strategies=losses, seeds=1), Trial("p", "fast", 20, 0, "again", "p-0", "", "order", 1)]
    keys = [trial.key for trial in trials]
    records = [
        made_up_record(key, losses=values, final_loss=values[-1] if values else None, steps=30, train_seconds=6.0)
        for key, values in zip(keys, [*losses.values(), [0.0]], strict=True)
    ]
    with Store.open(tmp_path) as store:
        begin(store, trials)
        add(store, [], records)
    columns = ["scratch_loss_steps", "scratch_loss_seconds"]
    with reading(tmp_path) as reader:
        found = [tuple(row.values()) for row in reader.rows(columns)]
    assert found == [(30, 6.0), (20, 4.0), (None, None), (None, None), (None, None)]
    assert found == [tuple(row[name] for name in columns) for row in read_study(tmp_path).rows]


def test_a_failed_scratch_times_nobody(tmp_path: Path) -> None:
    scratch, frozen = made_up_plan(seeds=1)
    with Store.open(tmp_path) as store:
        begin(store, [scratch, frozen])
        add(store, [], [made_up_record(scratch.key, status="diverged", final_loss=9.0), made_up_record(frozen.key)])
    assert {row["scratch_loss_steps"] for row in read_study(tmp_path).rows} == {None}


def test_scores_are_missing_until_they_are_there_and_are_read_by_size(store: Store, tmp_path: Path) -> None:
    trials = [trial._replace(scores_key=f"s-{trial.problem}-{trial.seed}") for trial in made_up_plan()]
    begin(store, trials)
    add(store, [made_up_pretraining(f"p-{seed}") for seed in range(3)], [made_up_record(t.key) for t in trials])
    assert [group.scores for group in store.missing()] == [((20, f"s-p-{seed}"),) for seed in range(3)]
    scores = {"log_me": 0.5, "leep": -1.0, "label_cka": None, "domain_distance": 0.0}
    add(store, [], [], [{"key": f"s-p-{seed}"} | scores for seed in range(3)])
    assert store.is_complete()
    assert all({name: row[name] for name in SCORES} == scores for row in read_study(tmp_path).rows)


def test_an_empty_file_is_a_new_study_that_was_killed_at_birth(tmp_path: Path) -> None:
    (tmp_path / "study.sqlite").touch()
    with Store.open(tmp_path) as store:
        assert store.count() == (0, 0)


def test_no_study_is_no_study(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no such file"):
        read_study(tmp_path)
    with pytest.raises(StoreError, match=r"study\.lock"), Store.open(tmp_path / "nowhere"):
        pass


def test_a_folder_that_cannot_be_written_can_be_read(tmp_path: Path) -> None:
    finished(tmp_path)
    connection = database.connect_reader(tmp_path / "study.sqlite")
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        connection.execute("DELETE FROM records")
    connection.close()


def interrupted(folder: Path) -> Path:
    """Return a copy of a store as a kill in the middle of a commit leaves it: half written, a journal beside it."""
    path = finished(folder)
    copy = folder / "copy"
    copy.mkdir()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA cache_size=1")  # pages go to the file before the commit
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("UPDATE records SET accuracy = -1, error = 'half written' || hex(zeroblob(500))")
    for name in ("study.sqlite", "study.sqlite-journal"):
        shutil.copy(folder / name, copy / name)
    connection.close()
    assert b"half written" in (copy / "study.sqlite").read_bytes()
    return copy


def test_a_reader_rolls_back_what_a_killed_study_left_half_written(tmp_path: Path) -> None:
    assert all(row["accuracy"] >= 0 for row in read_study(interrupted(tmp_path)).rows)


def test_a_reader_rolls_back_though_the_study_is_starting_again(tmp_path: Path) -> None:
    copy = interrupted(tmp_path)
    with hold(copy):  # which the study that starts has, before it opens the file
        assert all(row["accuracy"] >= 0 for row in read_study(copy).rows)


def test_while_a_reader_rolls_back_the_study_can_start_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy, opened = interrupted(tmp_path), list[Path]()
    connect = sqlite3.connect

    def connecting(*arguments: Any, uri: bool = False, **options: Any) -> sqlite3.Connection:
        if not uri and not opened:  # the reader is about to roll back
            opened.append(copy)
            with Store.open(copy) as store:
                assert store.count() == (100, 0)
        return connect(*arguments, uri=uri, **options)

    monkeypatch.setattr(sqlite3, "connect", connecting)
    assert all(row["accuracy"] >= 0 for row in read_study(copy).rows)
    assert opened


def test_a_study_rolls_back_what_a_killed_one_left_half_written(tmp_path: Path) -> None:
    copy = interrupted(tmp_path)
    with Store.open(copy) as store:
        assert store.count() == (100, 0)
    assert all(row["accuracy"] >= 0 for row in read_study(copy).rows)


def test_a_reader_sees_one_moment_and_holds_no_writer_up(tmp_path: Path) -> None:
    plan = made_up_plan(strategies=("frozen",), seeds=200)
    waits, counts = [], []
    stop = threading.Event()

    def read_on() -> None:
        while not stop.is_set():
            with reading(tmp_path) as reader:
                counts.append(
                    (
                        sum(reader.counts().values()),
                        sum(row["status"] == "ok" for row in reader.rows()),
                        reader.counts()["ok"],
                    )
                )

    with Store.open(tmp_path) as store:
        begin(store, plan)
        thread = threading.Thread(target=read_on)
        thread.start()
        for place in range(0, len(plan), 10):
            start = monotonic()
            add(store, [], [made_up_record(trial.key) for trial in plan[place : place + 10]])
            waits.append(monotonic() - start)
        stop.set()
        thread.join()
    assert max(waits) < 1
    assert all(planned == 200 and rows == counted and rows % 10 == 0 for planned, rows, counted in counts)


@pytest.fixture
def impatient(store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store that says at once that it waits."""
    monkeypatch.setattr(database, "TELL_SECONDS", 0.0)
    store.connection.execute("PRAGMA busy_timeout=10")
    return store


def test_a_commit_waits_for_a_reader_as_long_as_it_takes_and_says_so_once(
    impatient: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    attempts = []
    with ExitStack() as stack:
        stack.enter_context(reading(tmp_path)).counts()

        def gives_up() -> bool:
            attempts.append("one")
            if len(attempts) == 9:
                stack.close()
            return False

        impatient.gives_up = gives_up
        add(impatient, [], [made_up_record("p-frozen-0")])
    assert len(attempts) == 9
    assert has(impatient, "p-frozen-0")
    path = tmp_path / "study.sqlite"
    assert caplog.messages == [f"{path} is in use by another program; what is done is committed when that has ended"]


def test_a_study_that_is_to_end_does_not_wait_for_a_reader(impatient: Store, tmp_path: Path) -> None:
    impatient.gives_up = lambda: True
    with reading(tmp_path) as reader:
        reader.counts()
        with pytest.raises(StoreError, match=r"database is locked; another program .* try again"):
            add(impatient, [], [made_up_record("p-frozen-0")])
    assert not has(impatient, "p-frozen-0")


def test_whoever_takes_an_export_slowly_holds_nobody_up(store: Store, tmp_path: Path) -> None:
    table = export(tmp_path, "csv")
    assert next(table).startswith(b"problem,")
    start = monotonic()
    add(store, [], [made_up_record("p-frozen-0")])
    assert monotonic() - start < 1
    table.close()


def test_a_full_disk_for_temporary_files_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    finished(tmp_path)

    def full() -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "TemporaryFile", full)
    with pytest.raises(StoreError, match="temporary file: cannot be made: No space left on device"):
        read_study(tmp_path)


def test_a_study_without_a_plan_says_so(tmp_path: Path) -> None:
    with Store.open(tmp_path), pytest.raises(StoreError, match="the study there has no plan yet"):
        read_study(tmp_path)


class StoreMachine(RuleBasedStateMachine):
    """Adding, failing, replanning, crashing and reopening in any order: the store always knows what a dict would."""

    plan = made_up_plan(problems=("p", "q"), seeds=2)
    chosen = st.lists(st.sampled_from(sorted({trial.key for trial in plan})), min_size=1, max_size=3, unique=True)

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(mkdtemp())
        self.model: dict[str, str] = {}
        self.open()

    def open(self) -> None:
        self.context = Store.open(self.folder)
        self.store = self.context.__enter__()
        begin(self.store, self.plan)

    @rule(keys=chosen, status=st.sampled_from(["ok", "diverged"]))
    def add(self, keys: list[str], status: str) -> None:
        keys = [key for key in keys if self.model.get(key, status) in {status, "failed"}]
        add(self.store, [], [made_up_record(key, status=status) for key in keys])
        self.model |= dict.fromkeys(keys, status)

    @rule(keys=chosen)
    def fail(self, keys: list[str]) -> None:
        keys = [key for key in keys if self.model.get(key) not in {"ok", "diverged"}]
        add(self.store, [], [made_up_record(key, status="failed", accuracy=None) for key in keys])
        self.model |= dict.fromkeys(keys, "failed")

    @rule(keys=chosen)
    def crash_in_a_commit(self, keys: list[str]) -> None:
        keys = [key for key in keys if self.model.get(key) not in {"ok", "diverged"}]
        with pytest.raises(StoreError, match="number of bindings"):
            self.store.add([outcome_of(records=map(made_up_record, keys)), Outcome(records=[("~ has no columns",)])])

    @rule()
    def reopen(self) -> None:
        self.context.__exit__(None, None, None)
        self.open()

    @rule(plan=st.sampled_from([plan, plan[:4], plan[::-1]]))
    def replan(self, plan: list[Trial]) -> None:
        begin(self.store, plan)
        begin(self.store, self.plan)

    @invariant()
    def it_knows_what_a_dict_would(self) -> None:
        rows = {row["key"]: row["status"] for row in read_study(self.folder).rows}
        assert rows == {trial.key: self.model.get(trial.key, "missing") for trial in self.plan}
        final = {key for key, status in self.model.items() if status != "failed"}
        assert sorted(names(self.store)) == sorted({trial.key for trial in self.plan} - final)
        assert all(has(self.store, key) for key in final)

    def teardown(self) -> None:
        self.context.__exit__(None, None, None)
        shutil.rmtree(self.folder)


TestStoreMachine = StoreMachine.TestCase
TestStoreMachine.settings = settings(max_examples=20, stateful_step_count=12, deadline=None)
