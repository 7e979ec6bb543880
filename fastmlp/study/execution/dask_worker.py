"""What a Dask worker does for a study: it runs bundles of trials, each about half a second of work.

A group is run by a generator that waits between two bundles, so all of them use one pretraining. The worker tells the
scheduler when it begins a bundle, and waits until that is known there: when a worker dies, the study learns what it was
at, and what had only been sent to it.
"""

from __future__ import annotations

import pickle
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, lru_cache
from time import monotonic
from typing import NamedTuple
from uuid import uuid4

from ..store.outcome import Outcome, joined
from ..store.schema import Group
from ..trial.run import load_libraries
from .blas_threads import limit_blas_threads
from .worker import RunGroup, outcomes_of

MOST_WAITING = 256  # groups whose generators are kept; those of a study that was killed are never asked for again
IDLE_SECONDS = 120.0  # after which a generator that waits is dropped
TELL_SECONDS = 10.0  # that a scheduler may take to note what begins
PROCESS = uuid4().hex  # names this process: a worker that is started anew may have the address of the one before


class Bundle(NamedTuple):
    """A piece of work.

    Parameters
    ----------
    session
        Names the generator that goes on with a group.
    group
        What is left of it; a worker without that generator begins here.
    received
        How many outcomes of the session have been received; a generator that is elsewhere is not used.
    seconds
        After which it ends between two trials; with 0 after one.
    process
        The process that was found to compute the same as the study's; no other may run it.
    """

    session: str
    group: Group
    received: int
    seconds: float
    process: str


class Reply(NamedTuple):
    """What a bundle has done, of how many outcomes of its session it is, and whether the group has ended."""

    outcome: Outcome
    sent: int
    ended: bool


class Description(NamedTuple):
    """What results depend on in a process, and the name of the process."""

    found: dict[str, str]
    process: str


class OtherProcess(Exception):
    """A bundle has come to a process that was not asked what results depend on there."""


@dataclass
class Session:
    """A group under way, which waits for its next bundle."""

    outcomes: Iterator[Outcome]
    sent: int = 0
    since: float = 0.0


_waiting: dict[str, Session] = {}
_lock = threading.Lock()
_thread = threading.local()


def run_bundle(work: bytes, bundle: Bundle, topic: str) -> Reply:
    """Run trials of a group for a while.

    Parameters
    ----------
    work
        The pickle of a `RunGroup`, the same bytes for all bundles of a study.
    bundle
        What to run.
    topic
        Under which the scheduler keeps what this worker has begun.

    Raises
    ------
    OtherProcess
        If it is for another process.
    """
    if bundle.process != PROCESS:
        raise OtherProcess(PROCESS)
    prepare()
    tell_scheduler(topic, begun(bundle))
    session = _taken(bundle) or Session(outcomes_of(_unpickled(work), bundle.group, lambda: False))
    end, outcomes = monotonic() + bundle.seconds, list[Outcome]()
    for outcome in session.outcomes:
        outcomes.append(outcome)
        if monotonic() >= end:
            session.sent = bundle.received + len(outcomes)
            _keep(bundle.session, session)
            return Reply(joined(outcomes), len(outcomes), ended=False)
    return Reply(joined(outcomes), len(outcomes), ended=True)


def begun(bundle: Bundle) -> str:
    """Return what the scheduler is told when a bundle begins."""
    return f"{bundle.session} {bundle.received}"


def tell_scheduler(topic: str, message: str) -> None:
    """Note an event at the scheduler and wait until it is there; without a scheduler nobody will ask for it."""
    with suppress(Exception):
        from distributed import get_worker, sync

        worker = get_worker()
        sync(worker.loop, worker.scheduler.log_event, topic=topic, msg=message, callback_timeout=TELL_SECONDS)


def describe_here(describe: Callable[[], dict[str, str]]) -> Description:
    """Return what results depend on, as it is on this worker."""
    prepare()
    return Description(describe(), PROCESS)


def prepare() -> None:
    """Prepare the process once, and each of its threads: linear algebra is held to one thread for good."""
    _prepare_process()
    if not getattr(_thread, "is_ready", False):
        limit_blas_threads()
        _thread.is_ready = True


@cache
def _prepare_process() -> None:
    load_libraries()
    warnings.filterwarnings("ignore", message="lbfgs failed to converge")


@lru_cache(maxsize=4)
def _unpickled(work: bytes) -> RunGroup:
    run_group: RunGroup = pickle.loads(work)  # noqa: S301 (from the study's process, as all of a cluster's tasks are)
    return run_group


def _taken(bundle: Bundle) -> Session | None:
    """Return the session that goes on, if it is here and where it should be."""
    with _lock:
        session = _waiting.pop(bundle.session, None)
    return session if session is not None and session.sent == bundle.received else None


def _keep(name: str, session: Session) -> None:
    session.since = monotonic()
    with _lock:
        _waiting[name] = session
        old = [each for each, waiting in _waiting.items() if session.since - waiting.since > IDLE_SECONDS]
        for each in old or list(_waiting)[:-MOST_WAITING]:
            del _waiting[each]
