"""``fastmlp lab``: the student's lab, a command for each thing that is done with it."""

from __future__ import annotations

import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..arguments import PATH
from ..console import say
from ..exit_codes import DONE, UNSOLVED

if TYPE_CHECKING:
    from ...lab.grading import Grade

TASK = click.IntRange(1, 6)
FILE = click.argument("file", type=PATH, default="lab.py")
POLL = 0.5  # seconds between two looks at a file


@click.group("lab")
def lab_command() -> None:
    """Do the lab yourself, and have it checked.

    Six tasks, from splitting the data to the comparison of strategies, as a notebook and as a Python file.
    """


@lab_command.command("start")
@click.argument("folder", type=PATH, default=".")
def start_command(folder: Path) -> int:
    """Write lab.py and lab.ipynb, which hold the same, into FOLDER.

    A file that is there is never changed. If it is of another version of the lab, the new one is written beside it.
    """
    from ...lab.starter import start

    for line in start(folder):
        click.echo(line)
    return DONE


@lab_command.command("check")
@FILE
@click.option("--task", type=TASK, help="Check one task. [default: all]")
@click.option("--hint", type=click.IntRange(0, 3), default=0, help="Show a hint for what fails, 1 to 3.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), help="Seed of the data. [default: drawn anew]")
def check_command(file: Path, *, task: int | None, hint: int, seed: int | None) -> int:
    """Check FILE, a lab.py or a notebook: what is solved, and of the rest what was seen.

    The file is run, so check only what you would run. The exit code is 1 as long as a task is unsolved.
    """
    return check_file(file, task, hint, seed)


def check_file(file: Path, task: int | None = None, hint: int = 0, seed: int | None = None) -> int:
    """Check a file and print what was found."""
    from ...lab.checking import check
    from ...lab.submission import load

    submission = load(file)
    for problem in submission.problems:
        say(problem)
    progress = check(task, hint=hint, seed=seed, namespace=submission.names, file=shlex.quote(str(file)))
    click.echo(str(progress))
    return DONE if all(outcome.solved for outcome in progress.outcomes) else UNSOLVED


@lab_command.command("watch")
@FILE
@click.option("--task", type=TASK, help="Check one task. [default: all]")
@click.option("--checks", type=click.IntRange(min=1), help="End after so many checks. [default: at Ctrl-C]")
def watch_command(file: Path, *, task: int | None, checks: int | None) -> int:
    """Check FILE now and whenever it is saved, each time in a process of its own."""
    import subprocess
    import sys

    from ...lab.texts import say as text

    click.echo(text("messages", "watching", file=file))
    seen: tuple[int, int] | None = None
    code, done = DONE, 0
    while checks is None or done < checks:
        state = _state(file)
        if state is not None and state != seen:
            click.echo(f"\n{time.strftime('%H:%M:%S')}")
            only = [] if task is None else ["--task", str(task)]
            code = subprocess.run(
                [sys.executable, "-m", "fastmlp", "lab", "check", *only, "--", str(file)], check=False
            ).returncode
            seen, done = state, done + 1
            continue
        time.sleep(POLL)
    return code


def _state(file: Path) -> tuple[int, int] | None:
    """Return what changes when a file is saved; editors replace files, so it may be gone for a moment."""
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


@lab_command.command("solution")
@click.argument("task", type=TASK)
@FILE
@click.option("--reveal", is_flag=True, help="Show it even if the task is not solved.")
def solution_command(task: int, file: Path, *, reveal: bool) -> int:
    """Show the solution of TASK and its explanation, once FILE solves it."""
    from ...lab.checking import check_task
    from ...lab.starter import solution
    from ...lab.submission import load
    from ...lab.texts import say as text

    if not reveal:
        outcome = check_task(task, load(file).names)
        if not outcome.solved:
            say(text("messages", "not_revealed", task=task, file=file, reason=outcome.sentence))
            return UNSOLVED
    click.echo(solution(task))
    return DONE


@lab_command.command("grade")
@click.argument("folder", type=PATH)
@click.option("--out", type=PATH, default=".", show_default=True, help="Folder for grades.csv and grades.html.")
@click.option(
    "--seconds", type=click.FloatRange(min=1), default=240.0, show_default=True, help="Limit of each submission."
)
@click.option("--memory", type=click.IntRange(min=512), default=2048, show_default=True, help="The same, in MiB.")
@click.option(
    "--jobs", type=click.IntRange(min=1, max=256), default=1, show_default=True, help="Submissions at a time."
)
def grade_command(folder: Path, *, out: Path, seconds: float, memory: int, jobs: int) -> int:
    """Grade all submissions in FOLDER, each in a process of its own.

    A submission is a file, a folder (also STUDENT/ASSIGNMENT/FILE, as nbgrader has them) or a zip archive, as otter
    exports. The process has limits, a temporary folder, and no network where the system allows it; the page says what
    held. It is no protection against a submission that is written to deceive the grader from within.
    """
    from ...files import prepare_folder, write_whole
    from ...lab.grading import grade_folder, to_csv
    from ..lab_page import page

    place = prepare_folder(out)
    grades = grade_folder(folder, seconds=seconds, memory=memory * 2**20, jobs=jobs, progress=_say_grade)
    for name, text in (("grades.csv", to_csv(grades)), ("grades.html", page(grades))):
        write_whole(place / name, [text.encode()])
        click.echo(place / name)
    return DONE


def _say_grade(grade: Grade) -> None:
    from ...lab.texts import say as text

    say(
        text(
            "page", "graded", name=grade.name, solved=len(grade.solved), total=6, status=text("statuses", grade.status)
        )
    )
