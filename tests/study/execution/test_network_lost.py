"""A study on hosts whose network is cut: network namespaces of the test's own, as root on Linux; skipped elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from fastmlp.study.execution.dask_client import connect
from fastmlp.study.execution.dask_cluster import open_dask
from fastmlp.study.execution.scheduler import Progress, run_missing
from fastmlp.study.execution.signals import Stop
from fastmlp.study.store import Store
from tests.made_up_study import begin

from .started_cluster import ROOT, StartedCluster
from .test_local_cluster import PLAN, same, slow_work

pytest.importorskip("distributed")
pytestmark = pytest.mark.cluster

NUMBER = os.getpid() % 250
NAME, HERE, THERE = f"fastmlp-{NUMBER}", f"10.213.{NUMBER}.1", f"10.213.{NUMBER}.2"
OUTSIDE, INSIDE = f"fm{NUMBER}a", f"fm{NUMBER}b"


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=20)


THERE_INSIDE = ("ip", "netns", "exec", NAME)


class Host:
    """A network namespace with one cable to this one, and a cluster that is in both."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.back = folder, threading.Timer(0, ip)
        self.cluster = StartedCluster(folder)

    def scheduler(self, *, there: bool) -> None:
        self.cluster = StartedCluster(self.folder, THERE if there else HERE)
        self.cluster.scheduler(THERE_INSIDE if there else ())

    def worker(self, *, there: bool) -> None:
        self.cluster.worker(host=THERE if there else HERE, inside=THERE_INSIDE if there else ())

    def cut(self, seconds: float) -> None:
        """Pull the cable, and put it back later."""
        ip("link", "set", OUTSIDE, "down")
        self.back = threading.Timer(seconds, ip, ["link", "set", OUTSIDE, "up"])
        self.back.start()


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    if os.geteuid() != 0 or not sys.platform.startswith("linux"):
        pytest.skip("only root on Linux can make network namespaces")
    try:
        ip("netns", "add", NAME)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this system makes no network namespaces")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL", "3 s")
    made = Host(tmp_path)
    try:
        ip("link", "add", OUTSIDE, "type", "veth", "peer", "name", INSIDE, "netns", NAME)
        ip("addr", "add", f"{HERE}/24", "dev", OUTSIDE)
        ip("link", "set", OUTSIDE, "up")
        ip("-n", NAME, "addr", "add", f"{THERE}/24", "dev", INSIDE)
        for device in (INSIDE, "lo"):
            ip("-n", NAME, "link", "set", device, "up")
        yield made
    finally:
        made.back.cancel()
        made.cluster.stop()
        ip("link", "del", OUTSIDE)  # or the next test would find it: a namespace goes when its last process has
        ip("netns", "del", NAME)


def run_and_cut(host: Host, folder: Path, seconds: float) -> Progress:
    """Run the made-up study, and cut the network as soon as something is done."""
    was_cut = list[bool]()

    def cut(progress: Progress) -> None:
        if progress.done and not was_cut:
            was_cut.append(True)
            host.cut(seconds)

    (folder / "out").mkdir()
    with connect(host.cluster.address) as client, Store.open(folder / "out") as store:
        begin(store, PLAN)
        with open_dask(client, slow_work, same) as executor:
            progress = run_missing(store, executor, Stop(), cut)
    assert was_cut
    return progress


def test_a_client_that_is_cut_off_for_a_while_goes_on(host: Host, tmp_path: Path) -> None:
    host.scheduler(there=True)
    host.worker(there=True)
    progress = run_and_cut(host, tmp_path, 4.0)
    assert (progress.done, progress.failed) == (18, 0)


def test_the_work_of_a_host_that_is_cut_off_goes_to_another(host: Host, tmp_path: Path) -> None:
    host.scheduler(there=False)
    for there in (True, False):
        host.worker(there=there)
    progress = run_and_cut(host, tmp_path, 20.0)
    assert (progress.done, progress.failed) == (18, 0)
