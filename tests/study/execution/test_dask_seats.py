"""Seats and turns: groups share a worker, and one that is suspected has its turns alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from fastmlp.study.execution.dask_members import Interrupted, Member, Members
from fastmlp.study.execution.dask_seats import SEATS, Seats


def seats_on(**threads: int) -> tuple[Members, Seats]:
    members = Members(SimpleNamespace(status="running"), dict)
    members.accepted = {address: Member(n, "process") for address, n in threads.items()}
    return members, Seats(members)


def never() -> bool:
    return False


def test_groups_are_spread_by_threads() -> None:
    _, seats = seats_on(one=1, three=3)
    with ExitStack() as stack:
        taken = [stack.enter_context(seats.seat(never)) for _ in range(SEATS * 4)]
        assert sorted(taken) == ["one"] * SEATS + ["three"] * 3 * SEATS
        assert stack.enter_context(seats.seat(lambda: True)) == "", "all are taken, and the study stops"


def test_a_seat_that_is_left_is_free() -> None:
    _, seats = seats_on(one=1)
    for _ in range(2 * SEATS):
        with seats.seat(never) as address:
            assert address == "one"


@contextmanager
def waiting(seats: Seats, *, alone: bool) -> Iterator[tuple[threading.Event, threading.Thread]]:
    """A thread that asks for a turn, keeps it until the block ends, and tells when it has it."""
    has_it, over = threading.Event(), threading.Event()

    def ask() -> None:
        with seats.turn("one", alone=alone):
            has_it.set()
            over.wait(10)

    thread = threading.Thread(target=ask)
    thread.start()
    yield has_it, thread
    over.set()
    thread.join(10)


def test_others_have_their_turns_at_once() -> None:
    _, seats = seats_on(one=1)
    with seats.turn("one", alone=False), waiting(seats, alone=False) as (has_it, _):
        assert has_it.wait(10)


@pytest.mark.parametrize(("first", "second"), [(True, False), (False, True), (True, True)])
def test_a_suspect_has_its_turn_alone(first: bool, second: bool) -> None:  # noqa: FBT001 (parameters of the test)
    _, seats = seats_on(one=1)
    with ExitStack() as stack:
        turn: Any = seats.turn("one", alone=first)
        turn.__enter__()
        has_it, _ = stack.enter_context(waiting(seats, alone=second))
        assert not has_it.wait(0.05)
        turn.__exit__(None, None, None)
        assert has_it.wait(10)


def test_a_turn_on_a_worker_that_has_left_is_not_waited_for() -> None:
    members, seats = seats_on(one=1)
    with seats.turn("one", alone=True):
        members.accepted.clear()
        with pytest.raises(Interrupted), seats.turn("one", alone=False):
            pass
