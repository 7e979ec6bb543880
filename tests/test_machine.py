"""Facts about the machine: cores that may be used, the processor, versions."""

from __future__ import annotations

import os
from pathlib import Path

import joblib
import numpy as np
import pytest

import fastmlp
from fastmlp.machine import cpu_name, usable_cores, version_of
from fastmlp.report import render
from fastmlp.study import doctor, run
from fastmlp.study.store import read_study

from .made_up_study import SMALL

V2 = "0::{}\n"
V1 = "9:name=systemd:{0}\n4:cpu,cpuacct:{0}\n3:cpuset:{0}\n"


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


@pytest.fixture(autouse=True)
def eight_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)


def v1(group: str, quota: str) -> dict[str, str]:
    folder = f"sys/fs/cgroup/cpu{group}"
    return {f"{folder}/cpu.cfs_quota_us": quota + "\n", f"{folder}/cpu.cfs_period_us": "100000\n"}


@pytest.mark.parametrize(
    ("groups", "files", "cores"),
    [
        pytest.param(V2.format("/"), {"sys/fs/cgroup/cpu.max": "200000 100000\n"}, 2, id="a container"),
        pytest.param(V2.format("/"), {"sys/fs/cgroup/cpu.max": "max 100000\n"}, 8, id="no limit"),
        pytest.param(V2.format("/"), {"sys/fs/cgroup/cpu.max": "150000 100000\n"}, 2, id="one and a half"),
        pytest.param(V2.format("/"), {"sys/fs/cgroup/cpu.max": "10000 100000\n"}, 1, id="a tenth"),
        pytest.param(V2.format("/"), {"sys/fs/cgroup/cpu.max": "9900000 100000\n"}, 8, id="more than there are"),
        pytest.param(V2.format("/a/b"), {"sys/fs/cgroup/a/b/cpu.max": "300000 100000\n"}, 3, id="a group"),
        pytest.param(
            V2.format("/a/b"),
            {"sys/fs/cgroup/a/b/cpu.max": "max 100000\n", "sys/fs/cgroup/a/cpu.max": "50000 10000\n"},
            5,
            id="the group above",
        ),
        pytest.param(V2.format("/../a"), {"sys/fs/cgroup/cpu.max": "400000 100000\n"}, 4, id="outside the namespace"),
        pytest.param(V1.format("/"), v1("", "200000"), 2, id="a container, version 1"),
        pytest.param(V1.format("/docker/f00"), v1("", "200000"), 2, id="version 1, by the host's path"),
        pytest.param(V1.format("/a"), v1("/a", "300000"), 3, id="a group, version 1"),
        pytest.param(V1.format("/a"), v1("/a", "-1"), 8, id="no limit, version 1"),
        pytest.param(V1.format("/") + V2.format("/"), v1("", "200000"), 2, id="both versions"),
        pytest.param(V2.format("/"), {}, 8, id="no files"),
        pytest.param("", {}, 8, id="no groups"),
        pytest.param(V2.format("/"), {"sys/fs/cgroup/cpu.max": "0 0\n"}, 8, id="zeros"),
        pytest.param(V2.format("/"), {"sys/fs/cgroup/cpu.max": "what?\n"}, 8, id="no quota"),
    ],
)
def test_the_quota_of_a_container_counts(tmp_path: Path, groups: str, files: dict[str, str], cores: int) -> None:
    assert usable_cores(write(tmp_path, {"proc/self/cgroup": groups, **files})) == cores


def test_affinity_counts_where_it_is_smaller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3}, raising=False)
    quota = {"proc/self/cgroup": V2.format("/"), "sys/fs/cgroup/cpu.max": "200000 100000\n"}
    assert usable_cores(write(tmp_path, quota)) == 1


def test_this_machine_has_as_many_cores_as_joblib_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.delenv("LOKY_MAX_CPU_COUNT", raising=False)
    assert 1 <= usable_cores() <= joblib.cpu_count()  # which knows nothing of groups within a group


def test_a_study_and_the_doctor_go_by_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render, "render_report", lambda *_: None)
    for room in (run, doctor):
        monkeypatch.setattr(room, "usable_cores", lambda: 1)
    assert "1 core for this process" in dict(doctor.examine())["processor"]
    out = fastmlp.run_study(SMALL, tmp_path, backend="numpy").folder
    assert read_study(out).meta["jobs"] == "1"


def test_versions_and_names_are_there_or_said_to_be_missing() -> None:
    assert version_of("numpy") == np.__version__
    assert version_of("no-such-library") == "-"
    assert cpu_name()
