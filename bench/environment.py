"""The environment of a measurement: processor, system and versions."""

from __future__ import annotations

import datetime as dt
import platform
from typing import Any

from fastmlp import machine

from . import kernel_modules


def circumstances(*distributions: str) -> dict[str, Any]:
    """Return processor, cores, system, date, and versions of Python and of these distributions."""
    return {
        "cpu": cpu_name(),
        "cores": machine.usable_cores(),
        "system": platform.platform(terse=True),
        "versions": {"Python": platform.python_version(), **{name: machine.version_of(name) for name in distributions}},
        "date": dt.datetime.now(tz=dt.UTC).date().isoformat(),
    }


def cpu_name() -> str:
    """Return the name of the processor, with the vectors that the kernels use."""
    return f"{machine.cpu_name()} ({kernel_modules.tile().name})"


def described(data: dict[str, Any]) -> str:
    """Return an environment in one line."""
    versions = ", ".join(f"{name} {version}" for name, version in data["versions"].items())
    return f"{data['cpu']}, {data['cores']} cores, {data['system']}. {versions}. {data['date']}."
