"""A task is known by its data."""

from __future__ import annotations

from fastmlp.problems import Task, get_problem


def test_the_fingerprint_changes_with_a_single_pixel() -> None:
    task = get_problem("parity").target
    copied, changed = task.X.copy(), task.X.copy()
    changed[0, 0] += 1
    one, other, third = (Task("digits", X, y) for X, y in ((copied, task.y), (changed, task.y), (copied, 9 - task.y)))
    assert one.fingerprint == task.fingerprint
    assert len({task.fingerprint, other.fingerprint, third.fingerprint}) == 3
