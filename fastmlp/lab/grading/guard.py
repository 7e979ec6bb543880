"""What a submission may not do, as far as the interpreter sees it, and whether it changed what grades it.

An audit hook sees each file, socket and process before it is opened, and Python cannot remove it. Machine code can
get around it, which is why the process also has limits and namespaces: see `sandbox`.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from types import FunctionType
from typing import Any

from ..starter import solution_source

LAB = Path(os.path.realpath(__file__)).parent.parent
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC
PROCESSES = (
    "os.fork",
    "os.forkpty",
    "os.posix_spawn",
    "os.exec",
    "os.spawn",
    "os.system",
    "subprocess.",
    "pty.",
    "os.kill",
)
NETWORK = ("socket.", "urllib.", "http.", "ftplib.", "smtplib.", "ssl.")
FOREIGN = ("ctypes.",)
CHANGES = (
    "os.remove",
    "os.rename",
    "os.link",
    "os.symlink",
    "os.rmdir",
    "os.mkdir",
    "os.chmod",
    "os.chown",
    "os.truncate",
    "shutil.",
)
WATCHED = re.compile(r"(fastmlp|numpy|sklearn\.linear_model)(\.|$)|builtins$")


def install(folder: Path) -> set[str]:
    """Forbid processes, sockets, foreign code, the solutions, and files outside a folder, for good.

    Returns
    -------
    What was tried, as far as it decides how a submission is graded: ``read_solutions``.
    """
    tried: set[str] = set()
    inside = os.path.realpath(folder)
    solutions = (str(LAB / "solutions"), str(LAB / "__pycache__" / "solutions"))

    def see(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path = _path(arguments[0])
            if path.startswith(solutions):
                tried.add("read_solutions")
                raise PermissionError("the solutions are closed while a submission is graded")
            if path and _writes(arguments[1], arguments[2]) and not _within(path, inside):
                raise PermissionError(f"{path}: a submission may write to its own folder only")
        elif event.startswith((*PROCESSES, *NETWORK, *FOREIGN)):
            raise PermissionError(f"{event}: a submission starts no processes and opens no connections")
        elif event.startswith(CHANGES):
            paths = [_path(value) for value in arguments if isinstance(value, str | bytes | os.PathLike)]
            if any(path.startswith(str(LAB)) or not _within(path, inside) for path in paths):
                raise PermissionError(f"{event}: a submission may change its own folder only")

    solution_source()  # the file is there; from now on nobody reads it
    sys.addaudithook(see)
    return tried


def _path(value: Any) -> str:
    """Return a path without links, or nothing for a descriptor."""
    return os.path.realpath(os.fsdecode(value)) if isinstance(value, str | bytes | os.PathLike) else ""


def _writes(mode: Any, flags: Any) -> bool:
    return any(letter in mode for letter in "wax+") if isinstance(mode, str) else bool(flags & WRITING)


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith((folder + os.sep, os.devnull))


def fingerprint() -> dict[str, tuple[int, ...]]:
    """Return the identity of all that checks are made of: names of modules, code of functions, methods of classes."""
    found: dict[str, tuple[int, ...]] = {}
    for name, module in sorted(sys.modules.items()):
        if WATCHED.match(name) and module is not None:
            for key, value in list(vars(module).items()):
                found[f"{name}.{key}"] = _identity(value)
                if isinstance(value, type) and value.__module__.startswith("fastmlp"):
                    found |= {f"{name}.{key}.{k}": _identity(v) for k, v in list(vars(value).items())}
    return found


def _identity(value: Any) -> tuple[int, ...]:
    if isinstance(value, FunctionType):
        return id(value), id(value.__code__), id(value.__defaults__), id(value.__kwdefaults__)
    return (id(value),)


def changed_since(before: dict[str, tuple[int, ...]]) -> list[str]:
    """Return the names whose value is another one; names that came later do not count."""
    now = fingerprint()
    return [name for name, identity in before.items() if now.get(name) != identity]
