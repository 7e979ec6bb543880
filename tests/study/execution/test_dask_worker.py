"""Bundles end by the clock, a group goes on where it stopped, and the scheduler knows what was begun."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable, Iterator
from time import monotonic

import pytest

from fastmlp.study.execution import dask_worker
from fastmlp.study.execution.dask_worker import PROCESS, Bundle, OtherProcess, Reply, run_bundle
from fastmlp.study.store.outcome import Outcome, outcome_of
from fastmlp.study.store.schema import Group
from tests.made_up_study import made_up_plan, made_up_record, made_up_work, records_of, together

GROUP = Group(
    "p",
    0,
    "p-0",
    pretraining_missing=True,
    trials=tuple(made_up_plan(strategies=("scratch", "frozen", "finetune"), seeds=1)),
)
WORK = pickle.dumps(made_up_work)
TRIAL_SECONDS = 0.3

clock = [0.0]


def timed_work(group: Group, stopped: Callable[[], bool]) -> Iterator[Outcome]:
    for outcome in made_up_work(group, stopped):
        clock[0] += TRIAL_SECONDS
        yield outcome


def run(session: str, group: Group = GROUP, received: int = 0, seconds: float = 0.0, work: bytes = WORK) -> Reply:
    return run_bundle(work, Bundle(session, group, received, seconds, PROCESS), "topic")


def test_a_bundle_is_about_as_long_as_it_should_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the clock: as many trials as there is time for, and the generator goes on where it stopped."""
    monkeypatch.setattr(dask_worker, "monotonic", lambda: clock[0])
    replies = [run("session", seconds=0.5, work=pickle.dumps(timed_work))]
    while not replies[-1].ended:
        done = together(reply.outcome for reply in replies)
        sent = sum(reply.sent for reply in replies)
        replies.append(run("session", GROUP.without(set(done.keys())), sent, 0.5, pickle.dumps(timed_work)))
    assert [reply.sent for reply in replies] == [2, 2, 0]
    assert together(reply.outcome for reply in replies) == together(made_up_work(GROUP, lambda: False))


def not_a_number(group: Group, stopped: Callable[[], bool]) -> Iterator[Outcome]:
    for trial in group.trials:
        yield outcome_of(records=[made_up_record(trial.key, losses=[math.nan if "frozen" in trial.key else 0.5])])


def test_a_list_that_cannot_be_stored_fails_the_trial_and_what_comes_after_it() -> None:
    """Lists are encoded where they were made."""
    reply = run("not a number", seconds=60.0, work=pickle.dumps(not_a_number))
    records = records_of([reply.outcome])
    assert [record["status"] for record in records] == ["ok", "failed", "failed"]
    assert records[1]["error"].startswith("ValueError: Out of range float values are not JSON compliant")


def test_a_worker_without_the_generator_begins_with_what_is_left() -> None:
    first = run("elsewhere")
    assert first.sent == 1
    dask_worker._waiting.clear()
    rest = run("elsewhere", GROUP.without(set(first.outcome.keys())), 1, 60.0)
    assert rest.ended
    assert together([first.outcome, rest.outcome]) == together(made_up_work(GROUP, lambda: False))


def test_a_generator_that_is_ahead_is_not_used() -> None:
    """A bundle whose reply was lost is run again from where the study knows it to be."""
    run("ahead")
    assert together([run("ahead", seconds=60.0).outcome]) == together(made_up_work(GROUP, lambda: False))


def test_what_waits_on_a_worker_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_worker, "MOST_WAITING", 3)
    for number in range(10):
        run(f"bounded-{number}")
    assert len(dask_worker._waiting) <= 3


def test_what_nobody_asks_for_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    run("old")
    monkeypatch.setattr(dask_worker, "monotonic", lambda: monotonic() + 2 * dask_worker.IDLE_SECONDS)
    run("new")
    assert set(dask_worker._waiting) == {"new"}


def test_a_bundle_for_a_process_that_is_no_more_is_not_run() -> None:
    """A worker that was started anew at the same address may have other versions."""
    with pytest.raises(OtherProcess):
        run_bundle(WORK, Bundle("session", GROUP, 0, 0.0, "another"), "topic")


def test_what_begins_is_told_before_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    events = list[str]()

    def work(*_: object) -> Iterator[Outcome]:
        events.append("runs")
        yield Outcome()

    monkeypatch.setattr(dask_worker, "tell_scheduler", lambda topic, message: events.append(f"{topic}: {message}"))
    monkeypatch.setattr(dask_worker, "outcomes_of", work)
    run("session", received=7)
    assert events == ["topic: session 7", "runs"]
