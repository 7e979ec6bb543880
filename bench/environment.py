"""What a number belongs to: the processor, the system and the versions."""

from __future__ import annotations

import datetime as dt
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from . import kernel_modules


def circumstances(*distributions: str) -> dict[str, Any]:
    """Return processor, cores, system, date, and versions of Python and of these distributions."""
    return {
        "cpu": cpu_name(),
        "cores": os.cpu_count(),
        "system": platform.platform(terse=True),
        "versions": {"Python": platform.python_version(), **{name: installed(name) for name in distributions}},
        "date": dt.datetime.now(tz=dt.UTC).date().isoformat(),
    }


def cpu_name() -> str:
    """Name of the processor, with the vectors that the kernels use."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.machine()} ({kernel_modules.tile().name})"


def installed(name: str) -> str:
    """Return a library's version, or that it is not there."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def described(data: dict[str, Any]) -> str:
    """Return circumstances in a line."""
    versions = ", ".join(f"{name} {version}" for name, version in data["versions"].items())
    return f"{data['cpu']}, {data['cores']} cores, {data['system']}. {versions}. {data['date']}."
