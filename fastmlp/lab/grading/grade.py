"""From what the processes said to one row for each submission."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..checks import CHECKS
from ..texts import say
from .sandbox import Run, run, task_seconds
from .submissions import Found, find

SECONDS, MEMORY = 240.0, 2**31
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # how a spreadsheet knows a formula
OUT_OF_TIME = "timeout"


@dataclass(frozen=True)
class Grade:
    """One submission's row.

    Parameters
    ----------
    name, file
        As in `Found`.
    status
        ``ok``, ``timeout``, ``memory``, ``crashed``, ``tampered``, ``read_solutions`` or ``unreadable``.
    solved
        The tasks that are solved; none if the status says that nothing was graded.
    seen
        A sentence for each task that is not.
    seconds
        How long it took.
    note
        Why it is not graded.
    """

    name: str
    file: str
    status: str
    solved: frozenset[int] = frozenset()
    seen: dict[int, str] = field(default_factory=dict)
    seconds: float = 0.0
    note: str = ""


def grade_folder(
    folder: Path,
    *,
    seconds: float = SECONDS,
    memory: int = MEMORY,
    jobs: int = 1,
    progress: Callable[[Grade], None] = lambda _: None,
) -> list[Grade]:
    """Grade all submissions in a folder.

    Parameters
    ----------
    folder
        Where they are: see `submissions.find`.
    seconds, memory
        Limits of each process.
    jobs
        How many run at once.
    progress
        Called with each grade, in order.

    Raises
    ------
    InvalidInput
        If the folder cannot be read.
    """
    found = find(folder)
    grades = []
    with ThreadPoolExecutor(jobs) as pool:
        for grade in pool.map(lambda one: grade_one(one, seconds, memory), found):
            progress(grade)
            grades.append(grade)
    return grades


def grade_one(found: Found, seconds: float = SECONDS, memory: int = MEMORY) -> Grade:
    """Grade one submission."""
    if found.problem:
        return Grade(found.name, found.file, "unreadable", note=found.problem)
    ran = run(found.suffix, found.text, seconds, memory)
    tasks = {entry["task"]: entry for entry in ran.entries if "task" in entry}
    status, note = _status(ran, tasks)
    if status in {"tampered", "read_solutions"}:
        return Grade(found.name, found.file, status, seconds=ran.seconds, note=note)
    seen = {task: _sentence(entry, seconds) for task, entry in tasks.items() if entry["key"]}
    solved = frozenset(task for task, entry in tasks.items() if not entry["key"])
    return Grade(found.name, found.file, status, solved, seen, ran.seconds, note)


def _status(ran: Run, tasks: dict[int, dict[str, Any]]) -> tuple[str, str]:
    tried = [what for entry in ran.entries for what in entry.get("tried", [])]
    changed = [name for entry in ran.entries for name in entry.get("changed", [])]
    loaded = "; ".join(problem for entry in ran.entries for problem in entry.get("loaded", []))
    if "read_solutions" in tried:
        return "read_solutions", loaded
    if changed:
        return "tampered", ", ".join(dict.fromkeys(changed))
    if any("MemoryError" in entry["sentence"] for entry in tasks.values()):
        return "memory", ""
    late = any(entry.get("late") or entry.get("key") == "took_too_long" for entry in ran.entries)
    if late or ran.end == "timeout":
        return OUT_OF_TIME, ""
    if ran.end == "crashed":
        return "crashed", f"exit code {ran.code}"
    return "ok", loaded


def _sentence(entry: dict[str, Any], seconds: float) -> str:
    if entry["key"] == "took_too_long":
        return say("page", "took_too_long", seconds=task_seconds(seconds))
    return " ".join(filter(None, (entry["sentence"], entry["numbers"])))


def to_csv(grades: Sequence[Grade]) -> str:
    """Return the grades as CSV; a text that a spreadsheet would take for a formula begins with an apostrophe."""
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    tasks = list(CHECKS)
    of_tasks = [*(f"task_{n}" for n in tasks), *(f"seen_{n}" for n in tasks)]
    writer.writerow(["submission", "file", "status", "solved", *of_tasks, "note", "seconds"])
    for grade in grades:
        row = [grade.name, grade.file, grade.status, len(grade.solved), *(int(n in grade.solved) for n in tasks)]
        row += [*(grade.seen.get(n, "") for n in tasks), grade.note, f"{grade.seconds:.1f}"]
        writer.writerow([_harmless(value) if isinstance(value, str) else value for value in row])
    return lines.getvalue()


def _harmless(text: str) -> str:
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    return f"'{text}" if text.startswith(FORMULA) else text
