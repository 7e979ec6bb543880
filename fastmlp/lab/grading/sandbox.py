"""Run a submission in a process of its own, and end it with all that it started."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from ...files import write_whole

NOBODY = "65534"
MOST = 1_000_000  # bytes that a process may write into the pipe
ROOT = Path(os.path.realpath(__file__)).parents[3]  # where this package is imported from
CODE = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); from fastmlp.lab.grading.worker import main; main(sys.argv[1:])"
)


@dataclass(frozen=True)
class Isolation:
    """How processes are kept apart here.

    Parameters
    ----------
    prefix
        The command that starts them.
    holds
        What holds, in words.
    own_user
        Whether they run as a user, or in a user namespace, whose processes can be counted.
    """

    prefix: tuple[str, ...]
    holds: tuple[str, ...]
    own_user: bool = False

    @property
    def as_nobody(self) -> bool:
        """Whether they run as another user, who must own their folder."""
        return NOBODY in self.prefix


ALWAYS = ("limits of time and memory", "a temporary folder")
NAMESPACES = ("--net", "--pid", "--fork", "--kill-child")
CHOICES = (
    Isolation(
        ("unshare", *NAMESPACES, "--setgid", NOBODY, "--setuid", NOBODY, "--"),
        (*ALWAYS, "no network", "no process outlives its submission", "another user"),
    ),
    Isolation(
        ("unshare", "--user", "--map-current-user", *NAMESPACES, "--"),
        (*ALWAYS, "no network", "no process outlives its submission"),
    ),
    Isolation((), (*ALWAYS, "no network and no processes as far as the interpreter sees")),
)


@cache
def isolation() -> Isolation:
    """Return the strictest way that works on this machine."""
    for choice in CHOICES[:-1]:
        if choice.as_nobody and os.geteuid() != 0:
            continue
        command = [
            *choice.prefix,
            *_python(),
            "-c",
            "import sys; sys.path.append(sys.argv[1]); import fastmlp.lab",
            str(ROOT),
        ]
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            done = subprocess.run(command, capture_output=True, check=False, timeout=60, env=environment(Path("/tmp")))  # noqa: S108
            if done.returncode == 0:
                counted = choice.as_nobody or os.geteuid() != 0  # the kernel counts no processes of root
                return replace(choice, own_user=counted)
    return CHOICES[-1]


def _python() -> list[str]:
    return [sys.executable, "-I", "-B"]


def environment(folder: Path) -> dict[str, str]:
    """Return the few variables that a submission sees; nothing of the teacher's is among them."""
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT") if name in os.environ}
    home = {"HOME": str(folder), "TMPDIR": str(folder), "MPLCONFIGDIR": str(folder), "MPLBACKEND": "agg"}
    return kept | one_thread | home | {"LANG": "C.UTF-8"}


@dataclass
class Run:
    """What a process said, and how it ended: ``done``, ``timeout`` or ``crashed``."""

    entries: list[dict[str, Any]]
    end: str
    seconds: float
    code: int | None


def run(suffix: str, text: str, seconds: float, memory: int) -> Run:
    """Grade one submission.

    Parameters
    ----------
    suffix, text
        Of its file.
    seconds
        After which the process is ended.
    memory
        Bytes of address space.
    """
    folder = Path(tempfile.mkdtemp(prefix="fastmlp-lab-"))
    try:
        file = folder / f"lab{suffix}"
        write_whole(file, [text.encode()])
        chosen = isolation()
        if chosen.as_nobody:
            for path in (folder, file):
                os.chown(path, int(NOBODY), int(NOBODY))
        return _run(chosen, file, seconds, memory)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def task_seconds(seconds: float) -> int:
    """Return what loading, and each task, may take of a submission's seconds."""
    return max(1, int(seconds / 8))


def _run(chosen: Isolation, file: Path, seconds: float, memory: int) -> Run:
    reader, writer = os.pipe()
    token, start = secrets.token_hex(16), time.monotonic()
    limits = [str(writer), str(memory), str(int(seconds) + 1), str(task_seconds(seconds)), str(int(chosen.own_user))]
    try:
        process = subprocess.Popen(
            [*chosen.prefix, *_python(), "-c", CODE, str(ROOT), str(file), *limits],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=file.parent,
            env=environment(file.parent),
            pass_fds=(writer,),
            start_new_session=True,
        )
    finally:
        os.close(writer)
    try:
        if process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(token.encode())
                process.stdin.close()
        data, in_time = _listen(process, reader, start + seconds)
    finally:
        os.close(reader)
        _end(process)
    entries = _entries(data, token)
    done = any("done" in entry for entry in entries)
    end = "done" if done else "crashed" if in_time else "timeout"
    return Run(entries, end, time.monotonic() - start, process.returncode)


def _listen(process: subprocess.Popen[bytes], reader: int, deadline: float) -> tuple[bytes, bool]:
    """Read the pipe until the process ends or its time does; what it left behind cannot keep us waiting."""
    os.set_blocking(reader, False)
    data = b""
    with selectors.DefaultSelector() as selector:
        selector.register(reader, selectors.EVENT_READ)
        while time.monotonic() < deadline:
            ended = process.poll() is not None
            if selector.select(0 if ended else 0.2):
                chunk = os.read(reader, 65536)
                data = (data + chunk)[:MOST]
                if not chunk and not ended:
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        process.wait(max(0.0, deadline - time.monotonic()))
                if chunk:
                    continue
            if process.poll() is not None:
                return data, True
    return data, False


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill the process, its group, and with the first process of a namespace all others in it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _entries(data: bytes, token: str) -> list[dict[str, Any]]:
    """Return the entries that carry the token; what else is in the pipe comes from the submission."""
    entries = []
    for line in data.decode(errors="replace").splitlines():
        with contextlib.suppress(ValueError, RecursionError):
            entry = json.loads(line)
            if isinstance(entry, dict) and entry.pop("token", None) == token:
                entries.append(entry)
    return entries
