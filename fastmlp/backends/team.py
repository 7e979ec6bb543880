"""Threads that make the same call of a kernel at the same time, each for its share of the work."""

from __future__ import annotations

from threading import Event, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class TooFewThreads(RuntimeError):
    """The operating system gives no more threads."""


def run_team(call: Callable[[int, int], int], threads: int) -> int:
    """Make a call in several threads at the same time, the first of them this one; return its result there.

    Members of a team wait for each other, so either all calls are made or none is. The threads live as long as the
    call, some tenth of a second: nothing is left behind that a fork could find without its threads.

    Parameters
    ----------
    call
        Gets the number of a thread, from 0, and that of all.
    threads
        How many there are.

    Raises
    ------
    TooFewThreads
        If one of them cannot be started. Nothing was called.
    """
    if threads == 1:
        return call(0, 1)
    others = _Others(call, threads)
    try:
        return call(0, threads)
    finally:
        others.join()


class _Others:
    """The other threads of a team: all started, or none of them calls."""

    def __init__(self, call: Callable[[int, int], int], threads: int) -> None:
        self._decided, self._all_started = Event(), False
        self._threads: list[Thread] = []
        self._failures: list[BaseException] = []
        try:
            for thread in range(1, threads):
                started = Thread(target=self._work, args=(call, thread, threads), daemon=True)
                started.start()
                self._threads.append(started)
        except RuntimeError as error:
            self._decided.set()
            self.join()
            raise TooFewThreads(f"a team needs {threads} threads: {error}") from error
        self._all_started = True
        self._decided.set()

    def _work(self, call: Callable[[int, int], int], thread: int, threads: int) -> None:
        self._decided.wait()
        if not self._all_started:
            return
        try:
            call(thread, threads)
        except BaseException as error:  # noqa: BLE001  raised again where it is heard
            self._failures.append(error)

    def join(self) -> None:
        """Wait until all have returned; raise what one of them raised."""
        for thread in self._threads:
            thread.join()
        if self._failures:
            raise self._failures[0]
