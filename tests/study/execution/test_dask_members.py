"""Who may work: each worker is asked first, and a cluster that cannot be used says why in one line."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import wait
from typing import Any

import pytest

from fastmlp.errors import ClusterLost
from fastmlp.study.execution import dask_members
from fastmlp.study.execution.dask_members import Members
from fastmlp.study.execution.dask_worker import Description

from .made_up_cluster import MadeUpClient

ONE, TWO = "tcp://one:1", "tcp://two:1"


def version(number: str) -> Callable[[], dict[str, str]]:
    return lambda: {"version": number}


def looked(client: MadeUpClient, times: int = 2) -> Members:
    """Look so many times: the first asks, the next hears the answers."""
    members = Members(client, version("1"))
    for _ in range(times):
        members.look()
        wait(members._asked.values(), 10)
    return members


def answering(found: str) -> Callable[..., Any]:
    return lambda *_: Description({"version": found}, "a process")


def test_a_worker_that_computes_the_same_is_accepted_after_it_was_asked() -> None:
    silent = Members(MadeUpClient({ONE: 3}, lambda *_: None), version("1"))
    silent.look()
    assert silent.accepted == {}
    assert looked(MadeUpClient({ONE: 3}, answering("1"))).accepted == {ONE: (3, "a process")}


def test_one_that_differs_is_refused_by_name_and_the_other_works() -> None:
    answers = iter([Description({"version": "1"}, "a"), Description({"version": "2"}, "b")])
    members = looked(MadeUpClient({ONE: 1, TWO: 1}, lambda *_: next(answers)))
    assert len(members.accepted) == 1
    (reason,) = members.refused.values()
    assert reason.endswith("is refused: version is 2, and here 1")
    members.see_usable()


def test_without_another_worker_the_study_ends_and_says_why() -> None:
    members = looked(MadeUpClient({ONE: 1}, answering("2")))
    with pytest.raises(ClusterLost, match=f"no worker of the cluster can be used: worker {ONE} is refused: version is"):
        members.see_usable()


def test_a_worker_that_leaves_and_comes_back_is_asked_again() -> None:
    client = MadeUpClient({ONE: 1}, answering("2"))
    members = looked(client, 1)
    members.accepted, client.workers = {}, {}
    members.look()
    client.workers, client.answer = {ONE: 1}, answering("1")
    for _ in range(2):
        members.look()
        wait(members._asked.values(), 10)
    assert ONE in members.accepted


def test_while_the_connection_is_lost_nobody_has_left() -> None:
    client = MadeUpClient({ONE: 1}, answering("1"))
    members = looked(client)
    client.status, client.workers = "connecting", {}
    members.look()
    assert ONE in members.accepted
    assert not members.has_left(ONE)
    client.status = "closed"
    members.look()
    with pytest.raises(ClusterLost, match="connection to the Dask scheduler was lost and did not come back"):
        members.see_usable()


def test_workers_that_die_when_they_are_asked_end_the_study() -> None:
    client = MadeUpClient({}, lambda *_: None)
    members = Members(client, version("1"))
    for number in range(4):
        client.workers = {f"tcp://worker:{number}": 1}
        members.look()
    with pytest.raises(ClusterLost, match="3 workers of the cluster died when they were asked what results depend on"):
        members.see_usable()


def test_a_cluster_without_workers_is_waited_for_and_then_it_is_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    members = looked(MadeUpClient({}))
    members.see_usable()
    monkeypatch.setattr(dask_members, "WORKERLESS_SECONDS", 0.0)
    members.look()
    with pytest.raises(ClusterLost, match="has had no worker for 0 seconds"):
        members.see_usable()
