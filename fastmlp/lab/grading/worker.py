"""What runs in a submission's process: load the file, check the six tasks, and write each result into a pipe."""

from __future__ import annotations

import json
import os
import resource
import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

OWN_PROCESSES = 40


class OutOfTime(KeyboardInterrupt):
    """A task has taken its time; nothing that expects an `Exception` catches this."""


def main(arguments: list[str]) -> None:
    """Grade a file.

    Parameters
    ----------
    arguments
        The file, the descriptor of the pipe, bytes of memory, seconds of CPU, seconds of a task, and 1 if processes
        can be limited.
    """
    file, (pipe, memory, seconds, task_seconds, own_user) = Path(arguments[0]), map(int, arguments[1:])
    token = os.read(0, 64).decode()
    prepare()
    limit(memory, seconds, own_user=bool(own_user))
    grade(file, lambda entry: _write(pipe, {"token": token} | entry), task_seconds)


def _write(pipe: int, entry: dict[str, Any]) -> None:
    data = (json.dumps(entry) + "\n").encode()
    while data:
        data = data[os.write(pipe, data) :]


def prepare() -> None:
    """Import and call what opens libraries or starts threads, before that is forbidden."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    from ..checks.data import digits

    X, y = digits()
    LogisticRegression(max_iter=5).fit(X[:50] / 16, np.arange(50) % 2).score(X[:5], y[:5])


def limit(memory: int, seconds: int, *, own_user: bool) -> None:
    """Lower the limits of this process and all that it starts; they cannot be raised again without privileges."""
    limits = {
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_FSIZE: 2**24,
        resource.RLIMIT_NOFILE: 128,
        resource.RLIMIT_CORE: 0,
    }
    if own_user:
        limits[resource.RLIMIT_NPROC] = OWN_PROCESSES
    for which, most in limits.items():
        resource.setrlimit(which, (most, most))


def grade(file: Path, write: Callable[[dict[str, Any]], None], seconds: int) -> None:
    """Check all tasks of a file; each result is written at once, so that what was found before an end is known."""
    from ..checking import check_task
    from ..checks import CHECKS
    from ..submission import load
    from . import guard

    before = guard.fingerprint()
    tried = guard.install(file.parent)
    signal.signal(signal.SIGALRM, _out_of_time)
    names: dict[str, Any] = {}
    problems: list[str] = []
    try:
        with _Alarm(seconds):
            submission = load(file)
            names, problems = submission.names, submission.problems
    except OutOfTime:
        write({"late": True})
    changed = guard.changed_since(before)
    write({"loaded": problems[:20], "changed": changed[:3], "tried": sorted(tried)})
    for task in CHECKS if not changed else ():  # with changed checks there is nothing to be known
        start = time.perf_counter()
        try:
            with _Alarm(seconds):
                outcome = check_task(task, names)
            entry = {"task": task, "key": outcome.key, "sentence": outcome.sentence, "numbers": outcome.numbers}
        except OutOfTime:
            entry = {"task": task, "key": "took_too_long", "sentence": "", "numbers": ""}
        changed = guard.changed_since(before)
        write(entry | {"seconds": time.perf_counter() - start, "changed": changed[:3], "tried": sorted(tried)})
    write({"done": True})


def _out_of_time(_signal: int, _frame: FrameType | None) -> None:
    raise OutOfTime


class _Alarm:
    """Raise `OutOfTime` in the block if it takes too long."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds

    def __enter__(self) -> None:
        signal.setitimer(signal.ITIMER_REAL, self.seconds)

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
