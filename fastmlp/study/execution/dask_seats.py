"""Where groups sit on the workers of a cluster, and whose turn it is there.

A group stays on one worker, because its bundles share a pretraining. A worker seats more groups than it has threads, so
that it is never idle. A group that is suspected of killing workers has its turns alone: if a worker dies then, it is
known by what.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from .dask_members import Interrupted, Members

SEATS = 2  # of a worker's thread: a group that runs and one that waits
POLL_SECONDS = 0.25  # between two checks of whether to stop


class Seats:
    """Seats on the workers of a cluster.

    Parameters
    ----------
    members
        The workers.
    """

    def __init__(self, members: Members) -> None:
        self.members = members
        self._seated = Counter[str]()
        self._turns = Counter[str]()  # bundles that are on a worker
        self._suspects = Counter[str]()  # groups that have a turn alone there, or wait for it

    @contextmanager
    def seat(self, stopped: Callable[[], bool]) -> Iterator[str]:
        """Wait for a worker with a free seat, and yield its address; an empty one if the study stops."""
        with ExitStack() as stack:
            with self.members.changed:
                address = self._wait_for_seat(stopped)
                stack.enter_context(self._counted(self._seated, address))
            yield address

    @contextmanager
    def turn(self, address: str, *, alone: bool) -> Iterator[None]:
        """Wait until a bundle may be sent to a worker: one group alone, or any number of others.

        Raises
        ------
        Interrupted
            If the worker leaves before that.
        """
        with ExitStack() as stack:
            with self.members.changed:
                if alone:
                    stack.enter_context(self._counted(self._suspects, address))
                self._wait_for_turn(address, self._turns if alone else self._suspects)
                stack.enter_context(self._counted(self._turns, address))
            yield

    def _wait_for_seat(self, stopped: Callable[[], bool]) -> str:
        while not stopped():
            self.members.see_usable()
            accepted = self.members.accepted
            taken = {address: self._seated[address] / member.threads for address, member in accepted.items()}
            best = min(taken, key=taken.__getitem__, default="")
            if best and taken[best] < SEATS:
                return best
            self.members.changed.wait(POLL_SECONDS)
        return ""

    def _wait_for_turn(self, address: str, others: Counter[str]) -> None:
        while others[address]:
            self.members.see_usable()
            if self.members.has_left(address):
                raise Interrupted
            self.members.changed.wait(POLL_SECONDS)

    @contextmanager
    def _counted(self, counter: Counter[str], address: str) -> Iterator[None]:
        """Count a group or a bundle at a worker while the block runs."""
        with self.members.changed:
            counter[address] += 1
        try:
            yield
        finally:
            with self.members.changed:
                counter[address] -= 1
                self.members.changed.notify_all()
