"""Groups run on the workers of a Dask cluster.

Dask carries bundles and outcomes, sends the study's data once to each worker, notices workers that die or do not
answer, and connects again when the connection is lost. Which worker gets a group is decided here: see `dask_members`
and `dask_seats`.
"""

from __future__ import annotations

import logging
import pickle
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from ..store.outcome import Outcome
from ..store.schema import Group
from .dask_members import Future, Interrupted, Members
from .dask_seats import POLL_SECONDS, Seats
from .dask_worker import Bundle, OtherProcess, Reply, begun, run_bundle
from .deaths import WorkerDied, after_death
from .executors import ThreadExecutor
from .worker import RunGroup

FETCH_SECONDS = 1.0  # that outcomes may take from a worker to here, before it is asked whether it is still there
BUNDLE_SECONDS = 0.5  # of work in a bundle; so much is lost with a worker that is killed
MOST_THREADS = 4096  # that wait for bundles
MOST_STILLBORN = 10  # workers in a row that leave before they have begun anything
MOST_ERRORS = 3  # of workers that cannot run a group, after which its trials have failed
log = logging.getLogger("fastmlp")


class FailedOnWorker(Exception):
    """A worker could not run a bundle. No trial has raised that, for outcomes say so: a worker that closes may have."""


class DaskWorkers:
    """A function that runs groups on a cluster; each calling thread waits for one group.

    Parameters
    ----------
    client
        Of the cluster.
    run_group
        Runs the trials of a group. It can be pickled, and holds data that only this machine has.
    describe
        As for `Members`.
    """

    def __init__(self, client: Any, run_group: RunGroup, describe: Callable[[], dict[str, str]]) -> None:
        self.client = client
        self.members = Members(client, describe)
        self.dashboard = str(getattr(client, "dashboard_link", None) or "")
        self._seats = Seats(self.members)
        self._name = f"fastmlp-{uuid4().hex[:8]}"  # of this study, at the scheduler
        self._work = pickle.dumps(run_group)
        self._sent: Future | None = None
        self._sending = threading.Lock()
        self._stillborn = set[str]()

    @property
    def threads(self) -> int:
        """Number of threads that all workers have; at least 1, because workers may join."""
        return max(1, sum(member.threads for member in self.members.accepted.values()))

    def __call__(self, group: Group, stopped: Callable[[], bool]) -> Iterator[Outcome]:
        """Run a group's trials until there are no more or `stopped` returns true.

        A trial at which one worker after the other dies has failed.

        Raises
        ------
        ClusterLost
            If the cluster cannot be used any more.
        Exception
            What workers have raised, if they did so one after the other.
        """
        errors = 0
        while not stopped():
            done: set[str] = set()
            with self._seats.seat(stopped) as address:
                try:
                    for outcome in self._on(address, group, stopped) if address else ():
                        done.update(outcome.keys())
                        yield outcome
                except WorkerDied as error:
                    group, failed = after_death(group, done, error)
                    yield from failed
                except (Interrupted, FailedOnWorker) as error:
                    group = group.without(done)
                    errors = errors + 1 if isinstance(error, FailedOnWorker) and self._is_there(address) else 0
                    if errors == MOST_ERRORS:
                        raise error.__cause__ or error from None
                    self.members.closed.wait(POLL_SECONDS)  # what has happened is seen at the next look
                else:
                    return
            if group.is_empty():
                return

    def _on(self, address: str, group: Group, stopped: Callable[[], bool]) -> Iterator[Outcome]:
        """Run a group on a worker, bundle by bundle; after a death trial by trial, so that what kills is found."""
        session, received, alone = uuid4().hex, 0, bool(group.deaths)
        while True:
            with self._seats.turn(address, alone=alone):
                reply = self._reply(address, session, group, received)
            if reply.sent:
                yield reply.outcome._replace(worker=address)
            if reply.ended or stopped():
                return
            received += reply.sent
            group = group.without(set(reply.outcome.keys()))

    def _reply(self, address: str, session: str, group: Group, received: int) -> Reply:
        """Send a bundle to a worker, and wait for its outcomes.

        Raises
        ------
        WorkerDied
            If the worker leaves the cluster after it has begun with the bundle.
        Interrupted
            If it leaves before, or the bundle is lost otherwise.
        """
        if not (member := self.members.accepted.get(address)):
            raise Interrupted
        bundle = Bundle(session, group, received, 0.0 if group.deaths else BUNDLE_SECONDS, member.process)
        future = self.members.submit(run_bundle, self._data(), bundle, self._topic(address), address=address)
        try:
            reply = self._wait(future, address)
        finally:
            if not future.done():
                with suppress(Exception):
                    future.cancel()
        if reply is None:
            raise self._what_happened(address, bundle)
        self._stillborn.clear()
        return reply

    def _wait(self, future: Future, address: str) -> Reply | None:
        """Wait for what a worker returns; None if that will not come."""
        came = threading.Event()
        future.add_done_callback(lambda _: came.set())
        while True:
            if came.wait(POLL_SECONDS):
                try:
                    reply: Reply = future.result(timeout=FETCH_SECONDS)
                except Exception as error:  # noqa: BLE001 - Dask's own, timeouts among them, or the worker's
                    if self._is_lost(future, address, error):
                        return None
                else:
                    return reply
            self.members.see_usable()
            if self.members.has_left(address):
                return None

    def _is_lost(self, future: Future, address: str, error: Exception) -> bool:
        """Whether a bundle will have no outcomes, after an error.

        An error on the way is one of a busy machine or of a connection lost for a while: outcomes may come.

        Raises
        ------
        FailedOnWorker
            From an error of the worker's.
        """
        from distributed import KilledWorker
        from distributed.scheduler import NoValidWorkerError

        if future.status == "error":
            if isinstance(error, OtherProcess):
                self.members.forget(address)
            elif not isinstance(error, (KilledWorker, NoValidWorkerError)):
                raise FailedOnWorker from error
        return future.status not in {"pending", "finished"}

    def _what_happened(self, address: str, bundle: Bundle) -> Exception:
        """Return what to raise for a bundle without a reply: it is charged with a death if its worker had begun it."""
        with suppress(Exception):  # the connection may be lost too
            has_left = not self._is_there(address)
            events = self.client.get_events(self._topic(address)) if has_left else ()
            if begun(bundle) in {message for _, message in events}:
                return WorkerDied(f"worker {address}", "left the cluster at work")
            if has_left and not events:
                self._count_stillborn(address)
        return Interrupted()

    def _is_there(self, address: str) -> bool:
        """Ask the scheduler whether a worker that was accepted is still there; without a connection it is not."""
        try:
            return address in self.client.nthreads() and not self.members.has_left(address)
        except Exception:  # noqa: BLE001 - Dask's own
            return False

    def _count_stillborn(self, address: str) -> None:
        """Give the cluster up if too many workers in a row have begun nothing: what they are sent may kill them."""
        self._stillborn.add(address)
        if len(self._stillborn) >= MOST_STILLBORN:
            self.members.fail(f"{MOST_STILLBORN} workers of the cluster left one after the other and had begun nothing")

    def _topic(self, address: str) -> str:
        """Return the name under which the scheduler keeps what a worker has begun."""
        return f"{self._name}-{address}"

    def _data(self) -> Future:
        """Return the data of the study on the cluster; Dask sends them to each worker that has a bundle, once."""
        with self._sending:
            if self._sent is None or self._sent.status not in {"pending", "finished"}:
                key = f"fastmlp-{sha256(self._work).hexdigest()[:32]}-{uuid4().hex[:8]}"
                try:
                    self._sent = self.client.scatter({key: self._work}, workers=list(self.members.accepted))[key]
                except Exception as error:
                    raise Interrupted from error
            return self._sent

    def __enter__(self) -> Self:
        self.members.start()
        if self.dashboard:
            log.info("Dask's dashboard, where the scheduler has it: %s", self.dashboard)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.members.close()


class DaskExecutor(ThreadExecutor):
    """Threads that wait for the workers of a cluster, as many as these have threads.

    Parameters
    ----------
    workers
        Those of the cluster.
    """

    def __init__(self, workers: DaskWorkers) -> None:
        super().__init__(workers, MOST_THREADS)
        self._workers = workers

    @property
    def jobs(self) -> int:
        """Number of groups that can run at once; it changes as workers join and leave."""
        return self._workers.threads

    @property
    def dashboard(self) -> str:
        """Address of Dask's dashboard, where it runs."""
        return self._workers.dashboard


@contextmanager
def open_dask(client: Any, run_group: RunGroup, describe: Callable[[], dict[str, str]]) -> Iterator[DaskExecutor]:
    """Yield an executor on a cluster; parameters as for `DaskWorkers`."""
    with DaskWorkers(client, run_group, describe) as workers, DaskExecutor(workers) as executor:
        yield executor
