"""A worker process: it reads groups from its stdin, runs their trials, and writes the outcomes to its stdout.

It ends when its stdin does, so it never outlives the study, however that ends. It sends the outcomes of a group in
batches, the next one when it has been asked to continue: `pickle.load` reads ahead, and with two batches in the pipe
the parent's `select` would not see the second.
"""

from __future__ import annotations

import os
import pickle
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from queue import Queue
from time import monotonic
from typing import Any, BinaryIO

from ..store.outcome import Outcome, failed_outcome, joined
from ..store.schema import Group
from ..trial.run import load_libraries
from .blas_threads import blas_threads_limited, limit_blas_threads

RunGroup = Callable[[Group, Callable[[], bool]], Iterable[Outcome]]

STOP, CONTINUE = "stop", "continue"  # requests: end the group between two trials; send its next batch
BATCH_SECONDS = 0.5  # of work in a batch of outcomes; so much is lost with a process that is killed


def serve(requests: BinaryIO) -> None:
    """Read a function, then run it on every group that follows, until the requests end.

    Parameters
    ----------
    requests
        Pickles: a `RunGroup`, then groups, `STOP` and `CONTINUE`.
    """
    responses = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a trial prints must not be read as a response
    run_group: RunGroup = pickle.load(requests)  # noqa: S301 (from the process that started this one)
    received: Queue[Any] = Queue()
    stop = threading.Event()
    threading.Thread(target=_listen, args=(requests, received, stop), daemon=True).start()
    load_libraries()
    with blas_threads_limited():
        limit_blas_threads()
        while True:
            for number, response in enumerate(chain(_batches(run_group, received.get(), stop.is_set), [None])):
                if number:
                    received.get()  # CONTINUE, which has come while the batch was made
                pickle.dump(response, responses)
                responses.flush()


def _listen(requests: BinaryIO, received: Queue[Any], stop: threading.Event) -> None:
    """Sort the requests, and end the process when they end."""
    try:
        while True:
            request = pickle.load(requests)  # noqa: S301 (as above)
            if request == STOP:
                stop.set()
                continue
            if request != CONTINUE:
                stop.clear()  # it was meant for the group before
            received.put(request)
    finally:  # also after half a request: the parent is gone, and nobody waits for the trial under way
        signal.raise_signal(signal.SIGKILL)


def _batches(run_group: RunGroup, group: Group, stopped: Callable[[], bool]) -> Iterator[Outcome]:
    """Run a group and join its outcomes in batches.

    After a process has died at work on the group, each outcome is a batch, so that the trial that kills is found.
    """
    batch: list[Outcome] = []
    since = monotonic()
    for outcome in outcomes_of(run_group, group, stopped):
        batch.append(outcome)
        if group.deaths or monotonic() - since > BATCH_SECONDS:
            yield joined(batch)
            batch, since = [], monotonic()
    if batch:
        yield joined(batch)


def outcomes_of(run_group: RunGroup, group: Group, stopped: Callable[[], bool]) -> Iterator[Outcome]:
    """Generate the outcomes of a group; after an exception the trials that were not run failed."""
    done: set[str] = set()
    try:
        for outcome in run_group(group, stopped):
            done.update(outcome.keys())
            yield outcome
    except Exception as error:  # noqa: BLE001 - it is recorded with the trials that were not run
        yield failed_outcome(group.without(done), error)
