"""Who is in a Dask cluster: workers that may be used, those that are refused, and those that have left.

A worker whose results would differ must not get work. So each is asked for its versions and the fingerprints of its
kernels first, those that join late too, and those that are started anew at the address of one that was known.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection
from contextlib import suppress
from time import monotonic
from typing import Any, NamedTuple
from uuid import uuid4

from ...errors import ClusterLost
from .dask_client import CONNECT_SECONDS, why
from .dask_worker import describe_here
from .deaths import MAX_DEATHS

Future = Any  # Dask's classes have few annotations
WATCH_SECONDS = 0.5  # between two looks at the cluster
ANSWER_SECONDS = 0.1  # the same while a worker is asked
WORKERLESS_SECONDS = 60.0  # that a study waits for a first or another worker
log = logging.getLogger("fastmlp")


class Interrupted(Exception):
    """A task has not run to its end, through no fault of its own: the cluster has lost or forgotten it."""


class Member(NamedTuple):
    """A worker that may be used: how many threads it has, and the name of its process."""

    threads: int
    process: str


class Members:
    """The workers of a cluster; a thread looks at it while the block runs.

    Parameters
    ----------
    client
        Of the cluster.
    describe
        Returns what results depend on; a worker where it returns something else is refused. It can be pickled.
    """

    def __init__(self, client: Any, describe: Callable[[], dict[str, str]]) -> None:
        self.client = client
        self.describe, self.expected = describe, describe()
        self.accepted: dict[str, Member] = {}  # by address, those that are there
        self.refused: dict[str, str] = {}  # why, by address
        self.failure = ""  # why the cluster cannot be used any more
        self.changed = threading.Condition()
        self.closed = threading.Event()
        self._asked: dict[str, Future] = {}
        self._known: dict[str, str | None] = {}  # processes of workers that were asked; None for a refused one
        self._died = 0  # workers that did not survive the question
        self._since = monotonic()  # when there was a worker last
        self._watcher = threading.Thread(target=self._watch, name="fastmlp-dask", daemon=True)

    def see_usable(self) -> None:
        """Raise `ClusterLost` if the cluster cannot be used any more, or the block has ended."""
        if self.failure or self.closed.is_set():
            raise ClusterLost(self.failure or "the study has ended")

    def submit(self, function: Callable[..., Any], *arguments: object, address: str) -> Future:
        """Have one worker call a function; not twice the same, and no other worker."""
        key = f"fastmlp-{uuid4().hex}"
        try:
            return self.client.submit(function, *arguments, key=key, workers=[address], pure=False)
        except Exception as error:  # the client has lost its connection
            raise Interrupted from error

    def has_left(self, address: str) -> bool:
        """Whether a worker that was accepted is there no more, as far as this can be known without a connection."""
        return address not in self.accepted and bool(self.client.status == "running")

    def forget(self, address: str) -> None:
        """Ask a worker anew: there is another process at its address."""
        with self.changed:
            self._known.pop(address, None)
            self.accepted.pop(address, None)

    def fail(self, reason: str) -> None:
        """Give the cluster up."""
        with self.changed:
            self.failure = reason
            self.changed.notify_all()

    def _watch(self) -> None:
        while not self.closed.is_set():
            with suppress(Exception):  # the connection may be lost at any line; the next look tells
                self.look()
            self.closed.wait(ANSWER_SECONDS if self._asked else WATCH_SECONDS)

    def look(self) -> None:
        """Ask new workers what results depend on there, and forget those that have left."""
        if self.client.status in {"closing", "closed"}:
            self.fail("the connection to the Dask scheduler was lost and did not come back")
            return
        if self.client.status != "running":
            return  # Dask is about to connect again; until then nobody is known to have left
        there: dict[str, int] = self.client.nthreads()
        self._known = {address: process for address, process in self._known.items() if address in there}
        for address in set(there) - set(self._known) - set(self._asked):
            self._asked[address] = self.submit(describe_here, self.describe, address=address)
        for address in [a for a in self._asked if a not in there or self._asked[a].done()]:
            answer = self._asked.pop(address)
            if address in there and answer.status != "cancelled":
                self._judge(address, answer)
            self._died += address not in there
        with self.changed:
            known = ((address, threads, self._known.get(address)) for address, threads in there.items())
            self.accepted = {address: Member(threads, process) for address, threads, process in known if process}
            self.changed.notify_all()
        if self.accepted:
            self._since = monotonic()
        elif reason := self._why_unusable(there):
            self.fail(reason)

    def _why_unusable(self, there: Collection[str]) -> str:
        """Return why a cluster without accepted workers will have none; an empty string if it may have some soon."""
        if self._died >= MAX_DEATHS:
            return f"{self._died} workers of the cluster died when they were asked what results depend on there"
        if there and all(self._known.get(address, "unknown") is None for address in there):
            return f"no worker of the cluster can be used: {next(iter(self.refused.values()))}"
        if not self._asked and monotonic() - self._since > WORKERLESS_SECONDS:
            return f"the Dask cluster has had no worker for {WORKERLESS_SECONDS:.0f} seconds"
        return ""

    def _judge(self, address: str, answer: Future) -> None:
        """Accept a worker, or refuse it by what differs there."""
        if answer.status == "error":
            self._refuse(address, why(answer.exception()))
            return
        found, process = answer.result(timeout=CONNECT_SECONDS)
        names = [name for name in {**self.expected, **found} if self.expected.get(name) != found.get(name)]
        if names:
            self._refuse(address, f"{names[0]} is {found.get(names[0])}, and here {self.expected.get(names[0])}")
        else:
            self._known[address] = process

    def _refuse(self, address: str, reason: str) -> None:
        self._known[address] = None
        self.refused[address] = f"worker {address} is refused: {reason}"
        log.warning(self.refused[address])

    def start(self) -> None:
        """Begin to look."""
        self._watcher.start()

    def close(self) -> None:
        """End all waits."""
        self.closed.set()
        with self.changed:
            self.changed.notify_all()
        self._watcher.join(2 * WATCH_SECONDS)
