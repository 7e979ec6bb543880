"""What a Dask worker does for a study: it runs bundles of trials, each about half a second of work.

A group is run by a generator that waits between two bundles, so all of them use one pretraining. Nothing here imports
Dask: these are functions that it calls.
"""

from __future__ import annotations

import pickle
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from time import monotonic
from typing import NamedTuple

from ..store.schema import Group, Outcome
from ..trial.run import load_libraries
from .blas_threads import limit_blas_threads
from .worker import RunGroup, outcomes_of

MOST_WAITING = 256  # groups whose generators are kept; those of a study that was killed are never asked for again
IDLE_SECONDS = 120.0  # after which a generator that waits is dropped


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
    """

    session: str
    group: Group
    received: int
    seconds: float


class Reply(NamedTuple):
    """Outcomes of a bundle, and whether the group has ended."""

    outcomes: list[Outcome]
    ended: bool


@dataclass
class Session:
    """A group under way, which waits for its next bundle."""

    outcomes: Iterator[Outcome]
    sent: int = 0
    since: float = 0.0


_waiting: dict[str, Session] = {}
_lock = threading.Lock()
_thread = threading.local()


def run_bundle(work: bytes, bundle: Bundle) -> Reply:
    """Run trials of a group for a while.

    Parameters
    ----------
    work
        The pickle of a `RunGroup`, the same bytes for all bundles of a study.
    bundle
        What to run.
    """
    prepare()
    session = _taken(bundle) or Session(outcomes_of(_unpickled(work), bundle.group, lambda: False))
    end, outcomes = monotonic() + bundle.seconds, list[Outcome]()
    for outcome in session.outcomes:
        outcomes.append(outcome)
        if monotonic() >= end:
            session.sent = bundle.received + len(outcomes)
            _keep(bundle.session, session)
            return Reply(outcomes, ended=False)
    return Reply(outcomes, ended=True)


def describe_here(describe: Callable[[], dict[str, str]]) -> dict[str, str]:
    """Return what results depend on, as it is on this worker."""
    prepare()
    return describe()


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
