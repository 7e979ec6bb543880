"""A study on a Dask cluster has the same table; workers that die, join, leave or differ do it no harm."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import numpy as np
import pytest

import fastmlp
from fastmlp.errors import ClusterLost, InvalidInput
from fastmlp.study import run as study_run
from fastmlp.study.execution import dask_members
from fastmlp.study.execution.dask_client import connect, kill_workers
from fastmlp.study.execution.dask_cluster import open_dask
from fastmlp.study.execution.scheduler import Progress, run_missing
from fastmlp.study.execution.signals import Stop
from fastmlp.study.execution.worker import RunGroup
from fastmlp.study.store import Store
from fastmlp.study.store.outcome import Outcome
from fastmlp.study.store.reader import reading
from fastmlp.study.store.schema import Group
from tests.made_up_study import SMALL, begin, made_up_plan, made_up_work, with_grid, without_seconds
from tests.study.execution.test_worker_processes import work_killed_once, work_that_raises

distributed = pytest.importorskip("distributed")

PLAN = made_up_plan(strategies=("scratch", "frozen", "finetune"), seeds=6)
pytestmark = [pytest.mark.cluster, pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")]


def same() -> dict[str, str]:
    return {"version": "1"}


def by_process(names: dict[int, str]) -> dict[str, str]:
    """What differs in some processes."""
    return {"version": names.get(os.getpid(), "1")}


def here_only(pid: int) -> dict[str, str]:
    return {"version": "1" if os.getpid() == pid else "2"}


def broken(pid: int) -> dict[str, str]:
    if os.getpid() != pid:
        raise ModuleNotFoundError("No module named 'fastmlp'")
    return {}


def slow_work(group: Group, stopped: Callable[[], bool]) -> Iterator[Outcome]:
    """A third of a second for each trial."""
    for outcome in made_up_work(group, stopped):
        sleep(0.33)
        yield outcome


def work_that_writes_processes(group: Group, stopped: Callable[[], bool]) -> Iterator[Outcome]:
    """Leave a file with the name of the worker's process."""
    sleep(0.05)
    (Path(os.environ["FASTMLP_TEST_MARK"]).parent / f"pid-{os.getpid()}").touch()
    yield from made_up_work(group, stopped)


def work_that_waits_for_two(group: Group, stopped: Callable[[], bool]) -> Iterator[Outcome]:
    """Leave a file with the name of the worker's process, and go on when there are two of them."""
    marks = Path(os.environ["FASTMLP_TEST_MARK"]).parent
    (marks / f"two-{os.getpid()}").touch()
    wait_for(lambda: len(list(marks.glob("two-*"))) == 2)
    yield from made_up_work(group, stopped)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_members, "WATCH_SECONDS", 0.1)
    monkeypatch.setattr(study_run, "refresh_report", lambda *_: None)


@pytest.fixture(scope="module")
def mark_path(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("marks") / "mark"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASTMLP_TEST_MARK", str(path))  # before workers start
        yield path


@pytest.fixture(scope="module")
def client(mark_path: Path) -> Iterator[Any]:
    """Two workers, each a process."""
    with connect("local:2") as client:
        yield client


@pytest.fixture
def mark(mark_path: Path) -> Path:
    mark_path.unlink(missing_ok=True)
    return mark_path


def run(client: Any, work: RunGroup, folder: Path, describe: Callable[[], dict[str, str]] = same) -> Progress:
    with Store.open(folder) as store:
        begin(store, PLAN)
        with open_dask(client, work, describe) as executor:
            return run_missing(store, executor, Stop())


def statuses(folder: Path) -> dict[str, str]:
    with reading(folder) as reader:
        return {row["key"]: row["status"] for row in reader.rows(["key", "status"])}


def test_a_study_on_a_cluster_has_the_same_table(client: Any, tmp_path: Path) -> None:
    there = fastmlp.run_study(SMALL, tmp_path / "there", backend="numpy", executor=client)
    here = fastmlp.run_study(SMALL, tmp_path / "here", backend="numpy", jobs=1)
    assert without_seconds(there.table) == without_seconds(here.table)
    assert client.status == "running", "a client that was given is not closed"


def test_both_workers_have_work(client: Any, tmp_path: Path, mark: Path) -> None:
    progress = run(client, work_that_waits_for_two, tmp_path)
    assert (progress.done, progress.failed) == (18, 0)


def test_a_killed_worker_costs_only_what_it_had(client: Any, tmp_path: Path, mark: Path) -> None:
    progress = run(client, work_killed_once, tmp_path)
    assert mark.exists()
    assert (progress.done, progress.failed) == (18, 0)


def test_a_group_that_raises_fails_with_its_error(client: Any, tmp_path: Path) -> None:
    progress = run(client, work_that_raises, tmp_path)
    assert progress.failed == 12
    with reading(tmp_path) as reader:
        assert {row["error"].split(" (")[0] for row in reader.rows(["error"]) if row["error"]} == {
            "UnknownName: unknown thing 'x'"
        }


def test_a_folder_that_cannot_be_written_to_is_one_error(client: Any, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InvalidInput, match="file/out: cannot be written to: Not a directory"):
        fastmlp.run_study(SMALL, tmp_path / "file" / "out", backend="numpy", executor=client)
    assert client.status == "running"


@contextmanager
def empty_cluster() -> Iterator[tuple[Any, Any]]:
    """A cluster without workers, and a client of it."""
    with distributed.LocalCluster(n_workers=0, threads_per_worker=1, dashboard_address=":0") as cluster:
        client = distributed.Client(cluster, set_as_default=False)
        try:
            yield cluster, client
        finally:
            client.close()


def test_a_worker_that_joins_late_gets_work(mark: Path, tmp_path: Path) -> None:
    with empty_cluster() as (cluster, client):
        thread = threading.Timer(0.5, cluster.scale, [1])
        thread.start()
        assert run(client, made_up_work, tmp_path).done == 18
        thread.join()


@pytest.mark.parametrize(
    ("describe", "why"),
    [(partial(here_only, os.getpid()), "version is 2, and here 1"),
     (partial(broken, os.getpid()), "ModuleNotFoundError: No module named 'fastmlp'")],
    ids=["other", "broken"],
)  # fmt: skip
def test_a_cluster_whose_results_would_differ_is_refused_by_name(
    describe: Callable[[], dict[str, str]], why: str, client: Any, tmp_path: Path
) -> None:
    with pytest.raises(ClusterLost, match=rf"no worker of the cluster can be used: worker tcp://\S+ is refused: {why}"):
        run(client, made_up_work, tmp_path, describe)
    assert set(statuses(tmp_path).values()) == {"missing"}


def test_one_worker_that_differs_is_left_out(client: Any, tmp_path: Path, mark: Path) -> None:
    for path in mark.parent.glob("pid-*"):
        path.unlink()
    wait_for(lambda: len(client.nthreads()) == 2)
    pids = client.run(os.getpid)
    other = next(iter(pids.values()))
    assert run(client, work_that_writes_processes, tmp_path, partial(by_process, {other: "2"})).done == 18
    assert {path.name for path in mark.parent.glob("pid-*")} == {f"pid-{pid}" for pid in pids.values() if pid != other}


def wait_for(true: Callable[[], bool], seconds: float = 30.0) -> None:
    end = monotonic() + seconds
    while not true():
        assert monotonic() < end
        sleep(0.05)


def test_data_that_only_this_machine_has_are_sent(client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng, y = np.random.default_rng(0), np.arange(400) % 4
    np.savez(tmp_path / "data.npz", X=rng.normal(size=(400, 5)) + np.eye(4, 5)[y] * 3, y=y)
    study = with_grid(SMALL, problems=["mine"], sizes=[20]) | {
        "problems": {"mine": dict.fromkeys(("source", "target"), str(tmp_path / "data.npz")) | {"shared": True}}
    }

    @contextmanager
    def without_files(*arguments: Any) -> Iterator[Any]:
        (tmp_path / "data.npz").rename(tmp_path / "elsewhere")
        with open_dask(*arguments) as executor:
            yield executor

    here = fastmlp.run_study(study, tmp_path / "here", backend="numpy", jobs=1)
    monkeypatch.setattr(study_run, "open_dask", without_files)
    there = fastmlp.run_study(study, tmp_path / "there", backend="numpy", executor=client)
    assert without_seconds(there.table) == without_seconds(here.table)


def test_workers_that_all_leave_are_waited_for_and_then_it_is_one_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask_members, "WORKERLESS_SECONDS", 1)
    with empty_cluster() as (_, client), pytest.raises(ClusterLost, match="has had no worker for 1 seconds"):
        run(client, made_up_work, tmp_path)


def test_a_client_that_is_closed_is_one_error_and_nothing_is_lost(tmp_path: Path) -> None:
    with empty_cluster() as (cluster, client):
        cluster.scale(1)
        other = distributed.Client(cluster, set_as_default=False)

        def close(progress: Progress) -> None:
            if progress.done:
                other.close()

        with Store.open(tmp_path) as store:
            begin(store, PLAN)
            with (
                open_dask(other, slow_work, same) as executor,
                pytest.raises(ClusterLost, match="connection to the Dask scheduler"),
            ):
                run_missing(store, executor, Stop(), close)
            assert 0 < store.count()[1] < 18
        assert run(client, made_up_work, tmp_path).done == 18


def test_a_cluster_that_is_restarted_goes_on(client: Any, tmp_path: Path) -> None:
    restarted = list[bool]()

    def restart(progress: Progress) -> None:
        if progress.done and not restarted:
            restarted.append(True)
            client.restart()

    with Store.open(tmp_path) as store:
        begin(store, PLAN)
        with open_dask(client, slow_work, same) as executor:
            progress = run_missing(store, executor, Stop(), restart)
    assert (restarted, progress.done, progress.failed) == ([True], 18, 0)


def test_workers_that_are_killed_at_the_end_are_not_started_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    started, instantiate = list[Any](), distributed.Nanny.instantiate

    async def noted(nanny: Any) -> Any:
        started.append(nanny)
        return await instantiate(nanny)

    monkeypatch.setattr(distributed.Nanny, "instantiate", noted)
    with connect("local:1") as client:
        (nanny,) = client.cluster.workers.values()
        kill_workers(client.cluster)
        wait_for(lambda: len(started) > 1 or nanny.status == distributed.Status.closed)
    assert started == [nanny]


def test_a_study_that_is_stopped_keeps_what_is_done(client: Any, tmp_path: Path) -> None:
    stop, since = Stop(), monotonic()

    def at_the_first(progress: Progress) -> None:
        if progress.done:
            stop.request()

    with Store.open(tmp_path) as store:
        begin(store, PLAN)
        with open_dask(client, slow_work, same) as executor:
            progress = run_missing(store, executor, stop, at_the_first)
    assert 0 < progress.done < 18
    assert monotonic() - since < 15
