"""Deaths of workers: what they are charged to, and when it has failed.

A death is charged to what was under way, so that a trial which kills fails, and no other. What was under way is known
when a group's outcomes come back one by one, with no other group on the worker; so that is how a group is run on after
its first death. That first one is charged to what its worker began with, or to nothing if it had not begun.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from ...errors import FastmlpError
from ..store.outcome import Outcome, failed_outcome
from ..store.schema import Group

MAX_DEATHS = 3  # of workers at one trial, after which it has failed


class WorkerDied(FastmlpError):
    """A worker is gone: it was killed, it ran out of memory, it left, or it sent an invalid response.

    Parameters
    ----------
    worker
        Its name.
    how
        What happened to it.
    """

    def __init__(self, worker: str, how: str) -> None:
        self.worker, self.how = worker, how
        super().__init__(f"{worker} {how}")


def after_death(group: Group, done: Collection[str], error: WorkerDied) -> tuple[Group, list[Outcome]]:
    """Return what is left to run when a worker has died at work on a group, and the outcome of what has failed.

    The trial under way comes last: if it is what kills, the others are done before it does so again. If the measuring
    of a pretraining or of scores kills, all trials fail, because that comes before them.

    Parameters
    ----------
    group
        As it was sent to the worker.
    done
        Keys of what has come back since.
    error
        How the worker died, for the records of what fails.
    """
    left = group.without(done)
    if left.is_empty():
        return left, []
    trials, before = left.trials, left.keys_before_trials()
    if not before:
        trials = (*trials[1:], *trials[:1])
    left = left._replace(trials=trials, deaths=(*group.deaths, before[0] if before else left.trials[0].key))
    killers = {key for key, deaths in Counter(left.deaths).items() if deaths == MAX_DEATHS}
    if not killers.isdisjoint(before):
        killers = {trial.key for trial in trials}.union(before)
    failed = left._replace(trials=tuple(trial for trial in trials if trial.key in killers))
    last = WorkerDied(error.worker, f"{error.how}, like {MAX_DEATHS - 1} before it")
    outcome = failed_outcome(failed, last)._replace(worker=error.worker)
    return left.without(killers), [outcome] if failed.trials else []
