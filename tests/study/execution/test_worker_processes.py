"""Worker processes do what threads would do; a killed one is replaced, and none outlives the study."""

from __future__ import annotations

import os
import pickle
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from time import monotonic, sleep

import pytest

import fastmlp
from fastmlp.report import render
from fastmlp.study.execution import deaths, executors, worker, worker_processes
from fastmlp.study.execution.deaths import WorkerDied
from fastmlp.study.execution.executors import ThreadExecutor, open_executor
from fastmlp.study.execution.scheduler import run_missing
from fastmlp.study.execution.signals import Stop
from fastmlp.study.execution.worker import RunGroup
from fastmlp.study.execution.worker_processes import WorkerProcess, WorkerProcesses
from fastmlp.study.store import Store
from fastmlp.study.store.outcome import Outcome
from fastmlp.study.store.reader import reading
from fastmlp.study.store.schema import Group
from tests.made_up_study import SMALL, begin, made_up_plan, made_up_work, records_of, together, without_seconds
from tests.processes import alive, gone

PLAN = made_up_plan(strategies=("scratch", "frozen", "finetune"), seeds=6)
GROUP = Group("p", 0, "p-0", pretraining_missing=True, trials=tuple(PLAN[::6]))

Apart = Callable[..., Iterator[Outcome]]


def never() -> bool:
    return False


def work_killed_once(group: Group, stopped: Callable[[], bool]) -> Iterator[Outcome]:
    """Be killed by the system in the middle of one seed's trials, at the first try."""
    mark = Path(os.environ["FASTMLP_TEST_MARK"])
    for number, outcome in enumerate(made_up_work(group, stopped)):
        if group.seed == 3 and number == 2 and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        yield outcome


def work_that_kills(group: Group, stopped: Callable[[], bool]) -> Iterator[Outcome]:
    """Be killed by one trial, whenever it is tried."""
    for outcome in made_up_work(group, stopped):
        if "p-frozen-0" in outcome.keys():  # noqa: SIM118 (they are all there is)
            os.kill(os.getpid(), signal.SIGKILL)
        yield outcome


def work_in_parts(group: Group, stopped: Callable[[], bool]) -> Iterator[Outcome]:
    """Take longer for a trial than a part of the answer does, and for ever for the third."""
    for number, outcome in enumerate(made_up_work(group, stopped)):
        sleep(600 if number == 3 else 1.1 * worker.BATCH_SECONDS)
        yield outcome


def work_that_raises(group: Group, stopped: Callable[[], bool]) -> Iterator[Outcome]:
    """Raise what does not survive a pickle, when something is done."""
    sys.stdout.write("said on the way\n")
    yield from islice(made_up_work(group, stopped), 2)
    raise fastmlp.errors.UnknownName("thing", "x", ["y"])


def work_until_stopped(group: Group, stopped: Callable[[], bool]) -> Iterator[Outcome]:
    """Wait for the stop, and do one trial; of another seed than the first, do what there is time for."""
    if group.seed > 0:
        yield from made_up_work(group, stopped)
        return
    while not stopped():
        sleep(0.01)
    yield from islice(made_up_work(group, never), 2)


def work_for_ever(group: Group, stopped: Callable[[], bool]) -> Iterator[Outcome]:
    """Do not stop; write down the process that does not."""
    Path(os.environ["FASTMLP_TEST_MARK"]).write_text(str(os.getpid()), encoding="utf-8")
    sleep(600)
    yield Outcome()


@pytest.fixture
def mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FASTMLP_TEST_MARK", str(tmp_path / "mark"))
    monkeypatch.setattr(executors, "MIN_TRIALS_FOR_PROCESSES", 0)
    return tmp_path / "mark"


def test_a_study_in_processes_has_the_same_table(tmp_path: Path, mark: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render, "render_report", lambda *_: None)
    apart = fastmlp.run_study(SMALL, tmp_path / "apart", backend="numpy", jobs=2)
    together = fastmlp.run_study(SMALL, tmp_path / "together", backend="numpy", jobs=1)
    assert without_seconds(apart.table) == without_seconds(together.table)


def test_a_short_study_starts_no_process() -> None:
    with open_executor(made_up_work, jobs=2, trials=10) as executor:
        assert isinstance(executor, ThreadExecutor)
        assert executor.run_group is made_up_work


@pytest.fixture
def quick_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start processes without the libraries that made-up work does not need."""
    serve = "from fastmlp.study.execution import worker; worker.load_libraries = lambda: None; worker.serve"
    command = worker_processes.COMMAND.replace("from fastmlp.study.execution.worker import serve; serve", serve)
    monkeypatch.setattr(worker_processes, "COMMAND", command)


@pytest.fixture
def apart(quick_start: None) -> Iterator[Apart]:
    """Have one group done in a process, by any work."""
    started: list[WorkerProcesses] = []

    def do(work: RunGroup, stopped: Callable[[], bool] = never) -> Iterator[Outcome]:
        started.append(WorkerProcesses(work))
        return started[-1](GROUP, stopped)

    yield do
    for each in started:
        with each:
            pass
        assert all(gone(process.process.pid) for process in each.processes)


def test_an_error_comes_back_as_failed_trials_and_prints_disturb_nothing(apart: Apart) -> None:
    records = records_of(apart(work_that_raises))
    assert [record["status"] for record in records] == ["ok", "failed", "failed"]
    assert records[1]["error"].startswith("UnknownName: unknown thing 'x' (known: y) (test_worker_processes.py:")


def test_a_group_stops_between_two_trials(apart: Apart) -> None:
    stop = threading.Event()
    timer = threading.Timer(0.3, stop.set)
    timer.start()
    assert len(together(apart(work_until_stopped, stop.is_set)).records) == 1
    timer.join()


def test_a_stop_is_for_the_group_under_way(quick_start: None) -> None:
    with WorkerProcesses(work_until_stopped) as work:
        assert len(together(work(GROUP, lambda: True)).records) == 1
        assert len(together(work(GROUP._replace(seed=1), never)).records) == 3


def test_what_is_done_comes_back_before_the_group_ends(apart: Apart) -> None:
    """So a kill takes no more than a part with it."""
    outcomes = apart(work_in_parts)
    assert together(islice(outcomes, 3)).records == together(made_up_work(GROUP, never)).records[:2]


def test_a_trial_that_kills_every_process_fails_alone(apart: Apart, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deaths, "MAX_DEATHS", 2)  # or it takes longer
    records = records_of(apart(work_that_kills))
    assert {record["key"]: record["status"] for record in records} == {
        "any-scratch-0": "ok", "p-finetune-0": "ok", "p-frozen-0": "failed"
    }  # fmt: skip
    assert re.search("ended at work, with code -9, like 1 before it$", records[-1]["error"])


@pytest.mark.parametrize(
    "response",
    [
        pytest.param(r"\xff", id="no pickle"),
        pytest.param(r"cnowhere\nat_all\n.", id="a pickle of nothing here"),
        pytest.param(r"K\x01.", id="a pickle of something else"),
    ],
)
def test_an_invalid_response_ends_its_process(apart: Apart, monkeypatch: pytest.MonkeyPatch, response: str) -> None:
    """It is killed before it is waited for, because it may live on."""
    monkeypatch.setattr(worker_processes, "COMMAND", command(response, "time.sleep(600)"))
    monkeypatch.setattr(worker_processes, "EXIT_SECONDS", 600.0)
    assert_all_failed(apart(made_up_work), "sent an invalid response, like 2 before it$")


@pytest.mark.parametrize(
    ("response", "then", "code"),
    [
        pytest.param("", "sys.exit(3)", 3, id="nothing"),
        pytest.param(r"\x80\x05", "sys.exit(3)", 3, id="half a pickle"),
        pytest.param("", "os.close(1); time.sleep(600)", -9, id="nothing, and lives on"),
        pytest.param(r"\x80\x05", "os.close(1); time.sleep(600)", -9, id="half a pickle, and lives on"),
    ],
)
def test_a_process_that_ends_is_named_with_its_code(
    apart: Apart, monkeypatch: pytest.MonkeyPatch, response: str, then: str, code: int
) -> None:
    monkeypatch.setattr(worker_processes, "COMMAND", command(response, then))
    monkeypatch.setattr(worker_processes, "EXIT_SECONDS", 600.0 if code == 3 else 0.01)
    assert_all_failed(apart(made_up_work), f"ended at work, with code {code}, like 2 before it$")


def assert_all_failed(outcomes: Iterator[Outcome], why: str) -> None:
    """Nothing is known to be done, so what comes before the trials has failed, and they with it."""
    records = records_of(outcomes)
    assert [record["status"] for record in records] == ["failed"] * 3
    assert all(re.search(f"^WorkerDied: process [0-9]+ {why}", record["error"]) for record in records)


def command(response: str, then: str) -> str:
    """A process that sends one response, then does something else."""
    return f"import os, sys, time; sys.stdout.buffer.write(b'{response}'); sys.stdout.flush(); {then}"


def test_a_process_that_is_killed_takes_nothing_with_it(tmp_path: Path, mark: Path, quick_start: None) -> None:
    with Store.open(tmp_path) as store:
        begin(store, PLAN)
        with open_executor(work_killed_once, 2, len(PLAN)) as executor:
            progress = run_missing(store, executor, Stop())
    assert mark.exists()
    assert (progress.done, progress.failed) == (len(PLAN), 0)
    with reading(tmp_path) as reader:
        assert {row["status"] for row in reader.rows()} == {"ok"}


@pytest.mark.parametrize("left_out", [0, 20], ids=["between two requests", "in the middle of one"])
def test_a_process_ends_when_requests_end(left_out: int, quick_start: None) -> None:
    process = WorkerProcess(made_up_work)
    request = pickle.dumps(GROUP)
    process._send(*process._preamble)
    process.requests.write(request[: len(request) - left_out])
    process.requests.close()
    try:
        assert process.process.wait(10) == -signal.SIGKILL
    finally:
        process.close()


def test_a_process_ends_with_a_study_that_is_killed(mark: Path) -> None:
    code = (
        "from tests.study.execution.test_worker_processes import *; "
        "next(WorkerProcesses(work_for_ever)(GROUP, never))"
    )  # fmt: skip
    with subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[3]) as study:
        end = monotonic() + 30
        while not (mark.exists() and mark.read_text(encoding="utf-8")) and monotonic() < end:
            sleep(0.02)
        worker = int(mark.read_text(encoding="utf-8"))
        assert alive(worker)
        study.kill()
    assert gone(worker)


def test_a_process_that_does_not_stop_is_ended_with_the_block(mark: Path) -> None:
    with WorkerProcesses(work_for_ever) as work:
        asked: list[BaseException] = []

        def ask() -> None:
            with pytest.raises(WorkerDied) as raised:
                next(iter(work(GROUP, never)))
            asked.append(raised.value)

        thread = threading.Thread(target=ask)
        thread.start()
        while not (mark.exists() and mark.read_text(encoding="utf-8")):
            sleep(0.02)
    thread.join(10)
    assert asked
    assert gone(int(mark.read_text(encoding="utf-8")))
