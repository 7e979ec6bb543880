"""`check`: run the checks of one task, or of all, on the functions in a namespace."""

from __future__ import annotations

import secrets
import sys
from typing import Any

import numpy as np

from ..errors import InvalidInput, shown
from .checks import CHECKS
from .outcome import Outcome, Progress
from .student import Mistake, Student
from .texts import say

SOLVED = "_lab_solved"  # in the student's namespace: the tasks that were solved in this session
LOADING = "_lab_loading"  # set while a file is loaded, so that the check cells in it do nothing


def check(
    task: int | None = None,
    *,
    hint: int = 0,
    seed: int | None = None,
    namespace: dict[str, Any] | None = None,
    file: str = "",
) -> Progress:
    """Check a task of the lab, or all of them.

    Parameters
    ----------
    task
        Its number, 1 to 6; all if it is not given.
    hint
        Which hint to show if it is not solved, 1 to 3.
    seed
        Of the data; drawn anew if it is not given.
    namespace
        Where the functions are: the caller's global names if it is not given.
    file
        The file that is checked, if it is one and not a notebook's session: how to ask for a hint depends on it.

    Raises
    ------
    InvalidInput
        If there is no such task.
    """
    names = sys._getframe(1).f_globals if namespace is None else namespace  # noqa: SLF001 - a notebook's own names
    if names.get(LOADING):
        return Progress([], frozenset(), len(CHECKS), counted=False)
    if task is not None and check_number(task) not in CHECKS:
        raise InvalidInput(f"task is {shown(task)}; it must be a whole number from 1 to {len(CHECKS)}")
    outcomes = [check_task(number, names, seed) for number in ([task] if task else CHECKS)]
    solved: set[int] = names.setdefault(SOLVED, set())
    for outcome in outcomes:
        (solved.add if outcome.solved else solved.discard)(outcome.task)
    return Progress(outcomes, frozenset(solved), len(CHECKS), hint, file, counted=task is None or not file)


def check_number(task: object) -> object:
    """Return a task's number as it was given, or nothing if it is of another kind."""
    return task if isinstance(task, int) else None


def check_task(task: int, namespace: dict[str, Any], seed: int | None = None) -> Outcome:
    """Run the checks of a task until one fails."""
    seed = secrets.randbelow(2**31) if seed is None else seed
    student = Student(namespace)
    for number, function in enumerate(CHECKS[task]):
        topic = function.__name__.removeprefix("check_")
        try:
            function(student, np.random.default_rng([seed, task, number]))
        except Mistake as mistake:
            return Outcome(
                task, mistake.key, say("mistakes", mistake.key, **mistake.facts), _numbers(mistake), topic, seed
            )
    return Outcome(task, seed=seed)


def _numbers(mistake: Mistake) -> str:
    if mistake.numbers is None:
        return ""
    where, seen, expected = mistake.numbers
    key = "numbers" if expected else "numbers_only"
    return say("messages", key, where=where, seen=seen, expected=expected)
