"""Faults of a cluster of separate processes: workers that die, freeze or change, a scheduler that is started anew."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from time import sleep

import pytest

from fastmlp.errors import ClusterLost
from fastmlp.study.execution import dask_members
from fastmlp.study.execution.dask_client import connect
from fastmlp.study.execution.dask_cluster import open_dask
from fastmlp.study.execution.scheduler import Progress, run_missing
from fastmlp.study.execution.signals import Stop
from fastmlp.study.execution.worker import RunGroup
from fastmlp.study.store import Store
from fastmlp.study.store.outcome import Outcome
from fastmlp.study.store.reader import reading
from fastmlp.study.store.schema import Group
from tests.made_up_study import begin, made_up_work

from .started_cluster import ROOT, StartedCluster, free_port
from .test_local_cluster import PLAN, same, slow_work

pytest.importorskip("distributed")
pytestmark = [pytest.mark.cluster, pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")]


def work_with_a_killer(group: Group, stopped: Callable[[], bool]) -> Iterator[Outcome]:
    """A tenth of a second for each trial; one of them kills its process."""
    for outcome in made_up_work(group, stopped):
        if "p-frozen-0" in outcome.keys():  # noqa: SIM118 (they are all there is)
            os.kill(os.getpid(), signal.SIGKILL)
        sleep(0.1)
        yield outcome


def by_file(path: Path) -> dict[str, str]:
    """A version that can be changed under way."""
    return {"version": path.read_text(encoding="utf-8")}


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StartedCluster]:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setattr(dask_members, "WORKERLESS_SECONDS", 600.0)  # on a busy machine one takes long to start
    (tmp_path / "cluster").mkdir()
    cluster = StartedCluster(tmp_path / "cluster")
    cluster.scheduler()
    try:
        yield cluster
    finally:
        cluster.stop()


def run(
    started: StartedCluster,
    folder: Path,
    fault: Callable[[], object] = lambda: None,
    work: RunGroup = slow_work,
    describe: Callable[[], dict[str, str]] = same,
) -> Progress:
    """Run the made-up study, with a fault as soon as something is done."""
    happened = list[bool]()

    def report(progress: Progress) -> None:
        if progress.done and not happened:
            happened.append(True)
            fault()

    out = folder / "out"
    out.mkdir(exist_ok=True)
    with connect(started.address) as client, Store.open(out) as store:
        begin(store, PLAN)
        with open_dask(client, work, describe) as executor:
            progress = run_missing(store, executor, Stop(), report)
    assert happened
    return progress


@pytest.mark.parametrize("threads", [1, 2])
def test_a_trial_that_kills_three_workers_has_failed_and_no_other(
    threads: int, started: StartedCluster, tmp_path: Path
) -> None:
    """Others wait behind it on its worker, and with two threads others are under way beside it."""
    started.keep_worker(threads)
    progress = run(started, tmp_path, work=work_with_a_killer)
    with reading(tmp_path / "out") as reader:
        errors = {row["key"]: row["error"] for row in reader.rows(["key", "error"]) if row["error"]}
    assert list(errors) == ["p-frozen-0"]
    assert re.fullmatch(
        r"WorkerDied: worker tcp://\S+ left the cluster at work, like 2 before it", errors["p-frozen-0"]
    )
    assert (progress.done, progress.failed) == (18, 1)


def test_a_scheduler_that_is_killed_and_started_anew_costs_only_what_was_under_way(
    started: StartedCluster, tmp_path: Path
) -> None:
    def fault() -> None:
        started.processes[0].kill()
        started.processes[0].wait()
        started.scheduler()
        started.worker()

    started.worker()
    progress = run(started, tmp_path, fault)
    assert (progress.done, progress.failed) == (18, 0)


def test_a_scheduler_that_does_not_come_back_is_one_error_and_the_next_run_does_the_rest(
    started: StartedCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT", "1 s")
    started.worker()
    with pytest.raises(ClusterLost, match="connection to the Dask scheduler was lost and did not come back"):
        run(started, tmp_path, started.processes[0].kill)
    with reading(tmp_path / "out") as reader:
        assert 0 < reader.counts()["ok"] < 18
    started.processes[0].wait()
    started.scheduler()
    started.worker()
    assert run(started, tmp_path, work=made_up_work).done == 18


def test_a_worker_that_does_not_answer_is_replaced(
    started: StartedCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is stopped, so its connection stays; the scheduler gives it up after its time, and another has its bundles."""
    monkeypatch.setenv("DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL", "5 s")
    started.processes[0].kill()
    started.processes[0].wait()
    started.scheduler()

    def fault() -> None:
        frozen.send_signal(signal.SIGSTOP)
        started.worker()

    frozen = started.worker()
    progress = run(started, tmp_path, fault)
    assert (progress.done, progress.failed) == (18, 0)


def test_another_process_at_the_address_of_a_worker_is_asked_before_it_gets_work(
    started: StartedCluster, tmp_path: Path
) -> None:
    """Dask would run there what it had sent to the one before; but it has other versions now."""
    (version := tmp_path / "version").write_text("1", encoding="utf-8")
    port = ("--worker-port", str(free_port()))

    def describe() -> dict[str, str]:
        return by_file(version)

    def fault() -> None:
        version.write_text("2", encoding="utf-8")
        worker.kill()
        worker.wait()
        started.worker(*port)

    worker = started.worker(*port)
    with pytest.raises(ClusterLost, match=r"no worker of the cluster can be used: .*: version is 2, and here 1"):
        run(started, tmp_path, fault, describe=describe)
