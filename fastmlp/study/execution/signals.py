"""Signals: the first one asks the study to stop, the second one ends the process.

The main thread is where signals are handled, so none of its waits may outlast them. On Python 3.11 and 3.12 one kind
does: `queue.SimpleQueue.get` with a timeout waits for ever if the handler takes longer than what is left of the
timeout. `queue.Queue`, whose waits are those of a lock, does not, and neither do `select` and `subprocess`.
"""

from __future__ import annotations

import math
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from types import FrameType

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class StudyStopped(KeyboardInterrupt):
    """A signal stopped the study; what was finished is committed.

    It is a `KeyboardInterrupt`, so that a script that calls `fastmlp.run_study` stops too.

    Parameters
    ----------
    signum
        Number of the signal.
    """

    def __init__(self, signum: int) -> None:
        self.signum = signum
        name = signal.Signals(signum).name
        super().__init__(f"stopped by {name}; what is finished is kept, and the same call goes on with the rest")


class Stop:
    """Whether the study has been asked to stop.

    Outside `drain` the first signal raises `StudyStopped` at once. Within it, it is only noted, so that running trials
    end and are committed; the block's end raises. A second signal has its default effect: it ends the process, which
    leaves a consistent store.

    A signal's handler may interrupt the main thread anywhere, so it takes no lock: it sets attributes, and no
    `threading.Event`, whose lock the main thread could be holding.
    """

    def __init__(self) -> None:
        self.signum: int | None = None
        self.since = math.inf
        self._draining = False

    def __call__(self) -> bool:
        """Whether to stop."""
        return self.since < math.inf

    def request(self) -> None:
        """Ask the study to stop."""
        self.since = min(self.since, monotonic())

    def overdue(self, seconds: float) -> bool:
        """Whether the request is older than that."""
        return monotonic() - self.since > seconds

    @contextmanager
    def drain(self) -> Iterator[None]:
        """Let the block end normally when a signal comes, then raise.

        Raises
        ------
        StudyStopped
            If a signal came.
        """
        self._draining = True
        try:
            yield
        finally:
            self._draining = False
        if self.signum is not None:
            raise StudyStopped(self.signum)

    def handle(self, signum: int, _frame: FrameType | None) -> None:
        """Note a signal, and restore the default effect of the next one of any kind."""
        for each in SIGNALS:
            if signal.getsignal(each) == self.handle:
                signal.signal(each, signal.SIG_DFL)
        self.signum = signum
        self.request()
        if not self._draining:
            raise StudyStopped(signum)


@contextmanager
def handling_signals() -> Iterator[Stop]:
    """Handle signals while the block runs, and restore the previous handlers after it.

    A signal that the caller ignores, as ``nohup`` does, stays ignored. Outside the main thread no signal is handled:
    Python allows it there alone.
    """
    stop = Stop()
    before = {}
    if threading.current_thread() is threading.main_thread():
        before = {each: signal.getsignal(each) for each in SIGNALS}
        before = {each: handler for each, handler in before.items() if handler not in {signal.SIG_IGN, None}}
    for each in before:
        signal.signal(each, stop.handle)
    try:
        yield stop
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
