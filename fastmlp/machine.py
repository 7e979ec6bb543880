"""Facts about the machine and the installation: usable cores, name of the processor, versions of libraries."""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

# What a team of threads must have to do: less work before they meet and they would wait for each other, less in all and
# they would not be worth starting.
FLOP_OF_A_TEAM, FLOP_WORTH_A_TEAM = 2e7, 5e8


def version_of(library: str) -> str:
    """Return the installed version of a library, or ``-``."""
    try:
        return version(library)
    except PackageNotFoundError:
        return "-"


def cpu_name() -> str:
    """Return the name of the processor."""
    return cpu_fact("model name") or platform.processor() or platform.machine()


def cpu_fact(name: str) -> str:
    """Return a field of the first processor in ``/proc/cpuinfo``, or an empty string."""
    lines = _read(Path("/proc/cpuinfo")).splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.split("\t")[0] == name), "")


def usable_cores(root: Path = Path("/")) -> int:
    """Return the number of cores that this process may use.

    The affinity counts, and on Linux the CPU quota of the process's control group and of those above it, which is how
    containers are limited: half a core too is one worker. joblib's `cpu_count` does the same for the outermost group
    only, and takes a third of a second to import.

    Parameters
    ----------
    root
        Folder in which ``proc`` and ``sys`` are.
    """
    has_affinity = hasattr(os, "sched_getaffinity")
    cores = len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1
    return max(1, math.ceil(min([cores, *map(_quota, _control_groups(root))])))


def threads_for(flop: float, updates: int = 1) -> int:
    """Return how many threads share some work if nobody says: as many as the process may use, or one.

    Parameters
    ----------
    flop
        Floating-point operations of an update.
    updates
        Their number.
    """
    return usable_cores() if flop >= FLOP_OF_A_TEAM and flop * updates >= FLOP_WORTH_A_TEAM else 1


def _control_groups(root: Path) -> Iterator[Path]:
    """Go through the folders of this process's control groups that may hold a CPU quota, version 1 and 2."""
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        mount = root / "sys/fs/cgroup" / ("cpu" if controllers else "")
        yield mount  # in a container the path may be the host's, and the mount the group itself
        names = [name for name in path.split("/") if name not in {"", ".."}]
        yield from (mount.joinpath(*names[:depth]) for depth in range(1, len(names) + 1))


def _quota(group: Path) -> float:
    """Return the CPU quota of a control group in cores; infinite if there is none."""
    words = _read(group / "cpu.max") or _read(group / "cpu.cfs_quota_us") + _read(group / "cpu.cfs_period_us")
    try:
        quota, period = map(float, words.split())  # "max" and "-1" say that there is no limit
    except ValueError:
        return math.inf
    return quota / period if quota > 0 and period > 0 else math.inf


def _read(path: Path) -> str:
    """Return what a file of the kernel's says, or an empty string if there is none."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
