"""Signals: the first asks to stop, the second is obeyed by the operating system."""

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
        The signal.
    """

    def __init__(self, signum: int) -> None:
        self.signum = signum
        super().__init__(f"stopped by {signal.Signals(signum).name}; what is finished is kept")


class Stop:
    """Whether a signal has come.

    Outside `drain` the first signal raises `StudyStopped` at once. Within it, it is only noted, so that running trials
    end and are committed; the block's end raises. A second signal does what it does without us: it ends the process,
    which leaves a consistent store.
    """

    def __init__(self) -> None:
        self.event = threading.Event()
        self.signum: int | None = None
        self.since = math.inf
        self._draining = False

    def __call__(self) -> bool:
        """Whether to stop."""
        return self.event.is_set()

    def overdue(self, seconds: float) -> bool:
        """Whether a signal came longer ago than that."""
        return monotonic() - self.since > seconds

    @contextmanager
    def drain(self) -> Iterator[None]:
        """Let the block end in its own way when a signal comes, then raise.

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

    def hear(self, signum: int, _frame: FrameType | None) -> None:
        """Note a signal; the next one of any kind is not ours."""
        for each in SIGNALS:
            if signal.getsignal(each) == self.hear:
                signal.signal(each, signal.SIG_DFL)
        self.signum, self.since = signum, monotonic()
        self.event.set()
        if not self._draining:
            raise StudyStopped(signum)


@contextmanager
def listening() -> Iterator[Stop]:
    """Hear signals while the block runs, and put the handlers back after it.

    What the caller has chosen to ignore, as ``nohup`` does, stays ignored. Outside the main thread nothing is heard:
    Python allows it there alone.
    """
    stop = Stop()
    before = {}
    if threading.current_thread() is threading.main_thread():
        before = {each: signal.getsignal(each) for each in SIGNALS}
        before = {each: handler for each, handler in before.items() if handler not in {signal.SIG_IGN, None}}
    for each in before:
        signal.signal(each, stop.hear)
    try:
        yield stop
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
