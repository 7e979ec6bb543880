"""Signals are handled while a study runs, wherever its main thread waits."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from time import monotonic, sleep
from types import FrameType
from typing import Any

import pytest

from fastmlp.study.execution.executors import ThreadExecutor
from fastmlp.study.execution.scheduler import Scheduler
from fastmlp.study.execution.signals import Stop, StudyStopped, handling_signals
from fastmlp.study.store.outcome import Outcome
from fastmlp.study.store.schema import Group

GROUP = Group("p", 0, "p-0", pretraining_missing=False, trials=())
CAME = 0.1  # seconds from the start of a wait to a signal
TIMEOUT = 0.25  # of the wait
HANDLED = 0.3  # seconds that the handler takes: longer than what is left of the timeout
ENDLESS = 4.0  # seconds until what is waited for ends


@contextmanager
def slow_signal() -> Iterator[None]:
    """Interrupt the block by a signal whose handler outlasts the timeout of a wait."""
    before = signal.signal(signal.SIGALRM, lambda *_: sleep(HANDLED))
    signal.setitimer(signal.ITIMER_REAL, CAME)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_the_scheduler_waits_no_longer_when_a_slow_handler_interrupts_it() -> None:
    release = threading.Event()

    def work(group: Group, stopped: Callable[[], bool]) -> Iterator[Outcome]:
        release.wait(ENDLESS)
        yield Outcome()

    with ThreadExecutor(work, 1) as executor:
        scheduler = Scheduler(executor, Stop())
        scheduler.submit(GROUP)
        start = monotonic()
        with slow_signal():
            scheduler.wait(TIMEOUT)
        waited = monotonic() - start
        release.set()
    assert waited < ENDLESS / 2


def test_a_handler_waits_for_nothing_that_the_main_thread_holds() -> None:
    """Wherever a request to stop is interrupted by a signal, its handler ends."""
    stop, interrupted = Stop(), list[str]()

    def interrupt(frame: FrameType, event: str, _: object) -> Any:
        if not interrupted or interrupted[-1] == "handled":
            interrupted.append(f"{frame.f_code.co_name}, {event}")
            stop.handle(signal.SIGTERM, frame)
            interrupted.append("handled")
        return interrupt

    def request() -> None:
        with suppress(StudyStopped), stop.drain():
            sys.settrace(interrupt)
            stop.request()
            sys.settrace(None)

    thread = threading.Thread(target=request, daemon=True)
    thread.start()
    thread.join(10)
    assert not thread.is_alive(), interrupted[-1]
    assert len(interrupted) > 4


def test_signals_are_handled_only_while_a_study_runs() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with handling_signals() as stop:
        assert signal.getsignal(signal.SIGTERM) == stop.handle
        with pytest.raises(StudyStopped, match="stopped by SIGTERM"):
            signal.raise_signal(signal.SIGTERM)
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL, "a second one is the system's"
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_signal_during_work_is_noted_and_raised_after_it() -> None:
    reached = []

    def work() -> None:
        with handling_signals() as stop, stop.drain():
            signal.raise_signal(signal.SIGTERM)
            reached.append(stop())

    with pytest.raises(StudyStopped) as caught:
        work()
    assert reached == [True]
    assert caught.value.signum == signal.SIGTERM
    assert isinstance(caught.value, KeyboardInterrupt)


def test_what_nohup_ignores_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with handling_signals():
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_study_in_another_thread_leaves_signals_alone() -> None:
    seen: list[Any] = []

    def listen() -> None:
        with handling_signals() as stop:
            seen.append(signal.getsignal(signal.SIGTERM) != stop.handle)

    thread = threading.Thread(target=listen)
    thread.start()
    thread.join()
    assert seen == [True]
