"""Kill a study at its n-th SQL statement, for every n, and see that the rest can be done. Run by `test_study_faults`.

It forks, which a process with threads should not; hence it is one of its own.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from fastmlp.study.execution import scheduler
from fastmlp.study.execution.signals import Stop
from fastmlp.study.store import Store, read_study
from tests.made_up_study import begin, made_up_plan, made_up_work, run_in_threads

PLAN = made_up_plan(problems=("p", "q"), seeds=2)


def run(folder: Path, last: int | None = None) -> None:
    """Run what is missing, or do not return from the last statement."""
    seen = 0

    def note(_: str) -> None:
        nonlocal seen
        seen += 1
        if seen == last:
            os.kill(os.getpid(), signal.SIGKILL)

    with Store.open(folder) as store:
        store.connection.set_trace_callback(note)
        begin(store, PLAN)
        run_in_threads(store, made_up_work, 1, Stop())


def killed(folder: Path, n: int) -> bool:
    """Whether a study in another process was killed at its n-th statement."""
    child = os.fork()
    if child == 0:
        run(folder, n)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    assert status in {0, signal.SIGKILL}
    return status != 0


def main() -> None:
    scheduler.COMMIT_SECONDS = 0.0  # many commits
    with TemporaryDirectory() as name:
        folders = Path(name)
        (folders / "whole").mkdir()
        run(folders / "whole")
        expected = list(read_study(folders / "whole").rows)
        for n in count(1):
            folder = folders / str(n)
            folder.mkdir()
            if not killed(folder, n):  # it has no n-th statement
                break
            connection = sqlite3.connect(folder / "study.sqlite")
            assert connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
            connection.close()
            run(folder)
            assert list(read_study(folder).rows) == expected, f"killed at statement {n}"
        sys.stdout.write(f"{n}\n")


if __name__ == "__main__":
    main()
