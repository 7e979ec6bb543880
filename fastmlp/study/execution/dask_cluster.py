"""Groups run on the workers of a Dask cluster.

Dask carries bundles and outcomes, sends the study's data once to each worker, notices workers that die or do not
answer, and connects again when the connection is lost. Which worker gets a group is decided here, because its bundles
share a pretraining and should stay together, and because workers whose results would differ are left out: each is
asked for its versions and the fingerprints of its kernels before it gets work, those that join late too.
"""

from __future__ import annotations

import logging
import pickle
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from time import monotonic
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from ...errors import ClusterLost
from ..store.schema import Group, Outcome
from .dask_client import CONNECT_SECONDS, why
from .dask_worker import Bundle, Reply, describe_here, run_bundle
from .executors import ThreadExecutor
from .worker import RunGroup
from .worker_processes import MAX_DEATHS, WorkerProcessError, after_death

Future = Any  # Dask's classes have few annotations
BUNDLE_SECONDS = 0.5  # of work in a bundle; so much is lost with a worker that is killed
SEATS = 2  # groups of a worker's thread: one that runs and one that waits, so that it is never idle
MOST_THREADS = 4096  # that wait for bundles
POLL_SECONDS = 0.25  # between two checks of whether to stop
WATCH_SECONDS = 0.5  # between two looks at the cluster
WORKERLESS_SECONDS = 60.0  # that a study waits for a first or another worker
log = logging.getLogger("fastmlp")


class WorkerGone(WorkerProcessError):
    """A worker has left the cluster with a bundle that it had."""


class Interrupted(Exception):
    """Dask has forgotten a bundle, because the connection was lost or the cluster was restarted."""


class DaskWorkers:
    """A function that runs groups on a cluster; each calling thread waits for one group.

    Parameters
    ----------
    client
        Of the cluster.
    run_group
        Runs the trials of a group. It can be pickled, and holds data that only this machine has.
    describe
        Returns what results depend on; a worker where it returns something else is refused. It can be pickled.
    """

    def __init__(self, client: Any, run_group: RunGroup, describe: Callable[[], dict[str, str]]) -> None:
        self.client = client
        self.describe, self.expected = describe, describe()
        self.accepted: dict[str, int] = {}  # threads by address, of the workers that are there
        self.refused: dict[str, str] = {}  # why, by address
        self.failure = ""  # why the cluster cannot be used any more
        self._asked: dict[str, Future] = {}
        self._known = dict[str, bool]()  # whether a worker that was asked may be used
        self._died = 0  # workers that did not survive the question
        self._seats: Counter[str] = Counter()
        self._changed = threading.Condition()
        self._work = pickle.dumps(run_group)
        self._sent: Future | None = None
        self._sending = threading.Lock()
        self._closed = threading.Event()
        self._since = monotonic()  # when there was a worker last
        self.dashboard = str(getattr(client, "dashboard_link", None) or "")
        self._watcher = threading.Thread(target=self._watch, name="fastmlp-dask", daemon=True)

    @property
    def threads(self) -> int:
        """Number of threads that all workers have; at least 1, because workers may join."""
        return max(1, sum(self.accepted.values()))

    def __call__(self, group: Group, stopped: Callable[[], bool]) -> Iterator[Outcome]:
        """Run a group's trials until there are no more or `stopped` returns true.

        Raises
        ------
        WorkerGone
            If one worker after the other dies at work on what is left of the group.
        ClusterLost
            If the cluster cannot be used any more.
        """
        while not stopped():
            done: set[str] = set()
            with self._seat(stopped) as address:
                try:
                    for outcome in self._on(address, group, stopped) if address else ():
                        done.update(outcome.keys())
                        yield outcome
                except WorkerGone as error:
                    group = after_death(group, done)
                    if group.deaths == MAX_DEATHS and not stopped():
                        raise WorkerGone(f"{error}, like {group.deaths - 1} before it") from error
                except Interrupted:
                    group = group.without(done)
                else:
                    return

    @contextmanager
    def _seat(self, stopped: Callable[[], bool]) -> Iterator[str]:
        """Wait for a worker that has room for a group, and yield its address; an empty one if the study stops."""
        address = ""
        with self._changed:
            while not address and not stopped():
                self._see_usable()
                free = {a: SEATS * n - self._seats[a] for a, n in self.accepted.items()}
                best = max(free, key=lambda a: free[a] / self.accepted[a], default="")
                if best and free[best] > 0:
                    address = best
                else:
                    self._changed.wait(POLL_SECONDS)
            self._seats[address] += 1
        try:
            yield address
        finally:
            with self._changed:
                self._seats[address] -= 1
                self._changed.notify()

    def _on(self, address: str, group: Group, stopped: Callable[[], bool]) -> Iterator[Outcome]:
        """Run a group on a worker, bundle by bundle."""
        session, received = uuid4().hex, 0
        seconds = (
            0.0 if group.deaths else BUNDLE_SECONDS
        )  # after a death one by one, so that the trial that kills is found
        while True:
            reply = self._reply(address, Bundle(session, group, received, seconds))
            yield from (outcome._replace(worker=address) for outcome in reply.outcomes)
            if reply.ended or stopped():
                return
            received += len(reply.outcomes)
            group = group.without({key for outcome in reply.outcomes for key in outcome.keys()})  # noqa: SIM118

    def _reply(self, address: str, bundle: Bundle) -> Reply:
        """Send a bundle to a worker, and wait for its outcomes."""
        from distributed import KilledWorker
        from distributed.scheduler import NoValidWorkerError

        future, came = self._submit(run_bundle, self._data(), bundle, address=address), threading.Event()
        try:
            future.add_done_callback(lambda _: came.set())
            while True:
                if came.wait(POLL_SECONDS):
                    with suppress(TimeoutError):  # the worker has died with the outcomes, or is about to send them
                        reply: Reply = future.result(timeout=POLL_SECONDS)
                        return reply
                self._see_usable()
                if address not in self.accepted and self.client.status == "running":
                    raise WorkerGone(f"worker {address} left the cluster at work")
        except (KilledWorker, NoValidWorkerError) as error:
            raise WorkerGone(f"worker {address} left the cluster at work") from error
        except _cancelled() as error:
            raise Interrupted from error
        finally:
            if not future.done():
                with suppress(Exception):
                    future.cancel()

    def _submit(self, function: Callable[..., Any], *arguments: object, address: str) -> Future:
        """Have one worker call a function; not twice the same, and no other worker."""
        key = f"fastmlp-{uuid4().hex}"
        try:
            return self.client.submit(function, *arguments, key=key, workers=[address], pure=False)
        except Exception as error:  # the client has lost its connection
            raise Interrupted from error

    def _data(self) -> Future:
        """Return the data of the study on the cluster; Dask sends them to each worker that has a bundle, once."""
        with self._sending:
            if self._sent is None or self._sent.status not in {"pending", "finished"}:
                key = f"fastmlp-{sha256(self._work).hexdigest()[:32]}-{uuid4().hex[:8]}"
                try:
                    self._sent = self.client.scatter({key: self._work}, workers=list(self.accepted))[key]
                except Exception as error:
                    raise Interrupted from error
            return self._sent

    def _see_usable(self) -> None:
        if self.failure:
            raise ClusterLost(self.failure)
        if self._closed.is_set():
            raise ClusterLost("the study has ended")

    def _watch(self) -> None:
        """Look at the cluster twice a second: who is there, who has left, who has answered."""
        while not self._closed.wait(WATCH_SECONDS):
            with suppress(Exception):  # the connection may be lost at any line; the next look tells
                self.look()

    def look(self) -> None:
        """Ask new workers what results depend on there, and forget those that have left."""
        if self.client.status in {"closing", "closed"}:
            self._fail("the connection to the Dask scheduler was lost and did not come back")
            return
        connected = self.client.status == "running"
        there: dict[str, int] = self.client.nthreads() if connected else {}
        for address in set(there) - set(self._known) - set(self._asked):
            self._asked[address] = self._submit(describe_here, self.describe, address=address)
        for address in [a for a in self._asked if a not in there or self._asked[a].done()]:
            answer = self._asked.pop(address)
            if address in there and answer.status != "cancelled":
                self._judge(address, answer)
            self._died += connected and address not in there
        with self._changed:
            self.accepted = {address: there[address] for address in there if self._known.get(address)}
            self._changed.notify_all()
        if self.accepted:
            self._since = monotonic()
        elif reason := self._why_unusable(there):
            self._fail(reason)

    def _why_unusable(self, there: Collection[str]) -> str:
        """Return why a cluster without accepted workers will have none; an empty string if it may have some soon."""
        if self._died >= MAX_DEATHS:
            return f"{self._died} workers of the cluster died when they were asked what results depend on there"
        if there and all(self._known.get(address) is False for address in there):
            return f"no worker of the cluster can be used: {next(iter(self.refused.values()))}"
        if not self._asked and monotonic() - self._since > WORKERLESS_SECONDS:
            return f"the Dask cluster has had no worker for {WORKERLESS_SECONDS:.0f} seconds"
        return ""

    def _judge(self, address: str, answer: Future) -> None:
        """Accept a worker, or refuse it by what differs there."""
        error = answer.exception() if answer.status == "error" else None
        found = {} if error else answer.result(timeout=CONNECT_SECONDS)
        names = [name for name in {**self.expected, **found} if self.expected.get(name) != found.get(name)]
        self._known[address] = not error and not names
        if self._known[address]:
            return
        differs = "".join(f"{n} is {found.get(n)}, and here {self.expected.get(n)}" for n in names[:1])
        self.refused[address] = f"worker {address} is refused: {why(error) if error else differs}"
        log.warning(self.refused[address])

    def _fail(self, reason: str) -> None:
        with self._changed:
            self.failure = reason
            self._changed.notify_all()

    def __enter__(self) -> Self:
        self._watcher.start()
        if self.dashboard:
            log.info("Dask's dashboard, where the scheduler has it: %s", self.dashboard)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed.set()
        with self._changed:
            self._changed.notify_all()
        self._watcher.join(2 * WATCH_SECONDS)


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


def _cancelled() -> tuple[type[BaseException], ...]:
    """Return what Dask raises for tasks that it has forgotten, and for a connection that is lost."""
    from concurrent.futures import CancelledError

    return (CancelledError, OSError)
