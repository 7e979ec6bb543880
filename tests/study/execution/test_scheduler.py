"""The scheduler: every missing trial runs once, whatever fails, stops or is full on the way."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from itertools import islice, repeat
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
import threadpoolctl

from fastmlp.errors import StoreError
from fastmlp.study.execution import scheduler
from fastmlp.study.execution.scheduler import GRACE_SECONDS, GROUPS_PER_WORKER, Progress, Scheduler, Task, run_missing
from fastmlp.study.execution.signals import Stop
from fastmlp.study.store import Store
from fastmlp.study.store.outcome import Outcome, outcome_of
from fastmlp.study.store.reader import reading
from fastmlp.study.store.schema import Group, Record
from fastmlp.study.trial.run import load_libraries
from tests.made_up_study import begin, made_up_plan, made_up_work, records_of, run_in_threads

PLAN = made_up_plan(problems=("p", "q"), strategies=("scratch", "frozen", "finetune"), seeds=6)


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A commit whenever a group ends, and few groups out at once; these studies take no time."""
    monkeypatch.setattr(scheduler, "COMMIT_SECONDS", 0.0)
    monkeypatch.setattr(scheduler, "MOST_OUT", 0)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path) as opened:
        begin(opened, PLAN)
        yield opened


def rows(folder: Path) -> list[Record]:
    with reading(folder) as reader:
        return list(reader.rows())


def expected(folder: Path) -> list[Record]:
    """Rows of a study that ran without a hitch."""
    folder.mkdir()
    with Store.open(folder) as store:
        begin(store, PLAN)
        run_in_threads(store, made_up_work, 1, Stop())
    return rows(folder)


@pytest.mark.parametrize("jobs", [1, 2, 7])
def test_the_number_of_workers_changes_nothing(jobs: int, store: Store, tmp_path: Path) -> None:
    progress = run_in_threads(store, made_up_work, jobs, Stop())
    assert (progress.done, progress.total) == (30, 30)  # 6 of 36 rows are scratch's for the second problem
    assert store.is_complete()
    assert rows(tmp_path) == expected(tmp_path / "expected")


class WholeGroups:
    """An executor over one of concurrent.futures whose workers, elsewhere, hand a group back as a whole."""

    jobs = 2
    dashboard = ""

    def __init__(self, workers: Executor) -> None:
        self.workers = workers

    def submit(self, task: Task) -> Future[None]:
        ended: Future[None] = Future()

        def receive(group: Future[list[Outcome]]) -> None:
            for outcome in group.result():
                task.receive(outcome)
            ended.set_result(None)

        self.workers.submit(lambda: list(made_up_work(task.group, bool))).add_done_callback(receive)
        return ended


def test_an_executor_may_hand_back_whole_groups(store: Store, tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as workers:
        progress = run_missing(store, WholeGroups(workers), Stop())
    assert (progress.done, progress.total) == (30, 30)
    assert rows(tmp_path) == expected(tmp_path / "expected")


def test_progress_goes_from_what_was_there_to_all(store: Store) -> None:
    seen: list[int] = []
    run_in_threads(store, made_up_work, 2, Stop(), lambda progress: seen.append(progress.done))
    assert seen[0] == 0
    assert seen[-1] == 30
    assert seen == sorted(seen)
    again = run_in_threads(store, made_up_work, 2, Stop())
    assert (again.done, again.total) == (30, 30)


def test_a_group_that_raises_fails_its_own_trials_and_the_next_run_does_them(store: Store, tmp_path: Path) -> None:
    def work(group: Group, stopped: Callable[[], bool]) -> Iterable[Outcome]:
        if (group.problem, group.seed) == ("q", 3):
            raise RuntimeError("out of luck")
        return made_up_work(group, stopped)

    progress = run_in_threads(store, work, 2, Stop())
    assert (progress.done, progress.failed) == (30, 2)
    failed = [row for row in rows(tmp_path) if row["status"] == "failed"]
    assert {(row["problem"], row["seed"]) for row in failed} == {("q", 3)}
    assert failed[0]["error"].startswith("RuntimeError: out of luck (test_scheduler.py:")
    run_in_threads(store, made_up_work, 2, Stop())
    assert rows(tmp_path) == expected(tmp_path / "expected")


def test_what_a_group_has_done_before_it_raises_is_kept(store: Store, tmp_path: Path) -> None:
    def work(group: Group, stopped: Callable[[], bool]) -> Iterator[Outcome]:
        yield from islice(made_up_work(group, stopped), 2)
        raise RuntimeError("out of luck")

    progress = run_in_threads(store, work, 2, Stop())
    assert (progress.done, progress.failed) == (30, 18)
    assert {row["strategy"] for row in rows(tmp_path) if row["problem"] == "p" and row["status"] == "ok"} == {"scratch"}


def test_records_are_written_while_their_group_is_at_work(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler, "POLL_SECONDS", 0.01)
    written = threading.Event()

    def work(group: Group, stopped: Callable[[], bool]) -> Iterator[Outcome]:
        yield from islice(made_up_work(group, stopped), 3)
        assert written.wait(20)
        yield from islice(made_up_work(group, stopped), 3, None)

    run_in_threads(store, work, 1, Stop(), lambda progress: written.set() if progress.done == 2 else None)
    assert rows(tmp_path) == expected(tmp_path / "expected")


def test_commits_wait_for_each_other_and_none_is_left_out(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "COMMIT_SECONDS", 600.0)
    commits: list[int] = []
    run_in_threads(store, made_up_work, 1, Stop(), lambda progress: commits.append(progress.done))
    assert len(commits) <= 3, "what was there, the first group, all others"
    assert commits[-1] == 30
    assert store.is_complete()


def test_many_outcomes_do_not_wait_for_the_clock(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "COMMIT_SECONDS", 600.0)
    monkeypatch.setattr(scheduler, "MOST_UNCOMMITTED", 5)
    commits: list[int] = []
    run_in_threads(store, made_up_work, 1, Stop(), lambda progress: commits.append(progress.done))
    assert len(commits) > 5, "of 42 outcomes"


@pytest.mark.parametrize(("long", "workers"), [(0.0, 3), (600.0, 2)])
def test_a_long_group_is_shared_out_when_workers_have_nothing_to_do(
    long: float, workers: int, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler, "SPLIT_SECONDS", long)
    monkeypatch.setattr(scheduler, "POLL_SECONDS", 0.01)
    plan = made_up_plan(strategies=[f"strategy-{k}" for k in range(20)], seeds=2)
    begin(store, plan)
    seen: list[tuple[str, str]] = []
    measured: list[str] = []

    def work(group: Group, stopped: Callable[[], bool]) -> Iterator[Outcome]:
        for outcome in made_up_work(group, stopped):
            sleep(0.01)
            seen.extend((threading.current_thread().name, key) for key, *_ in outcome.records)
            measured.extend(key for key, *_ in outcome.pretrainings)
            yield outcome

    run_in_threads(store, work, 3, Stop())
    assert len({name for name, _ in seen}) == workers
    assert sorted(key for _, key in seen) == sorted(trial.key for trial in plan), "each once"
    assert sorted(measured) == ["p-0", "p-1"]
    assert store.is_complete()


def test_a_group_is_cut_into_parts_that_are_all_of_it() -> None:
    group = Group("p", 0, "p-0", pretraining_missing=True, trials=tuple(PLAN[:5]), scores=((20, "s"),))
    first, second = group.cut(2)
    assert sorted(first.trials + second.trials) == sorted(group.trials)
    assert (first.pretraining_missing, first.scores) == (True, group.scores)
    assert (second.pretraining_missing, second.scores) == (False, ())
    assert len(group.cut(7)) == 5
    assert group._replace(trials=()).cut(2) == [group._replace(trials=())]


def test_what_is_not_an_error_is_not_caught(store: Store) -> None:
    def work(group: Group, stopped: Callable[[], bool]) -> Iterable[Outcome]:
        raise SystemExit(7)

    with pytest.raises(SystemExit):
        run_in_threads(store, work, 1, Stop())


def test_only_a_few_groups_are_under_way_at_a_time(store: Store) -> None:
    """Memory does not grow with the study: what is not dispatched is not looked up either."""
    lock, most, under_way = threading.Lock(), 0, 0

    class Counting:
        def __init__(self, real: Iterator[Group]) -> None:
            self.real = real

        def __iter__(self) -> Iterator[Group]:
            nonlocal under_way, most
            for group in self.real:
                with lock:
                    under_way += 1
                    most = max(most, under_way)
                yield group

    def work(group: Group, stopped: Callable[[], bool]) -> Iterable[Outcome]:
        nonlocal under_way
        sleep(0.005)
        with lock:
            under_way -= 1
        return made_up_work(group, stopped)

    real = store.missing
    store.missing = lambda: iter(Counting(real()))  # type: ignore[method-assign]
    run_in_threads(store, work, 2, Stop())
    assert most <= 2 * GROUPS_PER_WORKER


class Silent:
    """An executor whose groups never end."""

    jobs = 2
    dashboard = ""

    def submit(self, task: Task) -> Future[None]:
        return Future()


@pytest.mark.parametrize(("trials", "a_second", "groups"), [(120, 200, 4), (120, 1200, 10), (160, 10**6, 26)])
def test_of_short_groups_more_are_out_so_that_workers_do_not_wait_for_a_commit(
    trials: int, a_second: int, groups: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    group = Group("p", 0, "", pretraining_missing=False, trials=tuple(made_up_plan(seeds=1)[:1]) * trials)
    filled = Scheduler(Silent(), Stop())
    filled.started, filled.back = monotonic() - 1000, a_second * 1000
    filled.fill(repeat(group))
    assert len(filled) == groups
    assert filled.out == groups * trials


def test_a_stop_ends_dispatch_and_keeps_what_is_finished(store: Store, tmp_path: Path) -> None:
    stop = Stop()

    def report(progress: Progress) -> None:
        if progress.done >= 5:
            stop.request()

    progress = run_in_threads(store, made_up_work, 1, stop, report)
    assert 5 <= progress.done < 30
    assert sum(row["status"] == "ok" and row["problem"] == "p" for row in rows(tmp_path)) >= 5
    run_in_threads(store, made_up_work, 1, Stop())
    assert rows(tmp_path) == expected(tmp_path / "expected")


def test_work_that_does_not_hear_a_stop_is_left_behind(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fastmlp.study.execution.scheduler.GRACE_SECONDS", 0.3)
    monkeypatch.setattr("fastmlp.study.execution.scheduler.POLL_SECONDS", 0.05)
    assert GRACE_SECONDS < 5, "seconds that a user waits after Ctrl-C"
    release, stop = threading.Event(), Stop()

    def deaf(group: Group, stopped: Callable[[], bool]) -> Iterable[Outcome]:
        release.wait(20)
        return made_up_work(group, stopped)

    timer = threading.Timer(0.1, stop.request)
    timer.start()
    start = monotonic()
    progress = run_in_threads(store, deaf, 2, stop)
    assert monotonic() - start < 2
    assert progress.done == 0
    release.set()
    timer.join()


class Failing:
    """A connection whose n-th statement fails, as on a broken disk."""

    def __init__(self, real: sqlite3.Connection, n: int) -> None:
        self.real = real
        self.left = n

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def _count(self) -> None:
        self.left -= 1
        if self.left == 0:
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR
            raise error

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        self._count()
        return self.real.execute(*arguments)

    def executemany(self, *arguments: Any) -> sqlite3.Cursor:
        self._count()
        return self.real.executemany(*arguments)


def test_whichever_store_operation_fails_what_was_committed_stays_and_the_rest_can_be_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = expected(tmp_path / "expected")
    for n in range(1, 1000):
        folder = tmp_path / str(n)
        folder.mkdir()
        failed = run_with_failure(folder, n)
        with Store.open(folder) as store, monkeypatch.context() as patch:
            patch.setattr(scheduler, "COMMIT_SECONDS", 600.0)
            store.connection.execute("PRAGMA synchronous=OFF")  # nobody cuts the power, and the disk is slow
            begin(store, PLAN)
            run_in_threads(store, made_up_work, 1, Stop())
        assert rows(folder) == wanted
        if not failed:
            break
    assert n > 50, "there are many operations, and the last n was beyond them"


def run_with_failure(folder: Path, n: int) -> bool:
    """Run with a store whose n-th operation fails; return whether the run came so far."""
    committed: list[int] = []
    with suppress(StoreError), Store.open(folder) as store:
        store.connection.execute("PRAGMA synchronous=OFF")  # as above
        failing = Failing(store.connection, n)
        store.connection = failing  # type: ignore[assignment]
        begin(store, PLAN)
        run_in_threads(store, made_up_work, 1, Stop(), lambda progress: committed.append(progress.done))
    done = {row["key"] for row in rows(folder) if row["status"] == "ok"}
    assert len(done) >= max(committed, default=0)
    return failing.left <= 0


def test_a_full_disk_ends_dispatch(store: Store, tmp_path: Path) -> None:
    (pages,) = store.connection.execute("PRAGMA page_count").fetchone()
    store.connection.execute(f"PRAGMA max_page_count={pages}")
    begun: list[Group] = []

    def work(group: Group, stopped: Callable[[], bool]) -> Iterable[Outcome]:
        begun.append(group)
        return made_up_work(group, stopped)

    with pytest.raises(StoreError, match="disk is full"):
        run_in_threads(store, lambda group, stopped: with_long_errors(work(group, stopped)), 1, Stop())
    sleep(0.05)
    assert len(begun) < 12
    store.connection.execute("PRAGMA max_page_count=10000")
    run_in_threads(store, made_up_work, 1, Stop())
    assert store.is_complete()
    assert {row["status"] for row in rows(tmp_path)} == {"ok"}


def with_long_errors(outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
    for outcome in outcomes:
        yield outcome_of(records=[record | {"error": "x" * 2000} for record in records_of([outcome])])


def test_linear_algebra_has_one_thread_where_trials_run(store: Store) -> None:
    load_libraries()
    seen: list[int] = []

    def work(group: Group, stopped: Callable[[], bool]) -> Iterable[Outcome]:
        seen.extend(pool["num_threads"] for pool in threadpoolctl.threadpool_info())
        return made_up_work(group, stopped)

    before = [pool["num_threads"] for pool in threadpoolctl.threadpool_info()]
    run_in_threads(store, work, 2, Stop())
    assert len(seen) > len(before) > 0
    assert set(seen) == {1}
    assert [pool["num_threads"] for pool in threadpoolctl.threadpool_info()] == before
