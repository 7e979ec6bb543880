"""Facts about the machine and the installation: usable cores, name of the processor, versions of libraries."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


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
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.split("\t")[0] == name), "")


def usable_cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
