"""Deaths of workers are charged to bundles that they had begun, and to no other; by a client of no cluster."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import Any

import pytest

from fastmlp.errors import ClusterLost
from fastmlp.study.execution import dask_cluster, dask_members, dask_worker
from fastmlp.study.execution.dask_cluster import DaskWorkers
from fastmlp.study.execution.dask_worker import Bundle, OtherProcess, Reply, begun, run_bundle
from fastmlp.study.store.schema import Group
from tests.made_up_study import made_up_plan, made_up_work, records_of

from . import made_up_cluster
from .made_up_cluster import MadeUpClient

pytest.importorskip("distributed")

HERE = "tcp://here:1"
GROUP = Group("p", 0, "p-0", pretraining_missing=False, trials=tuple(made_up_plan(seeds=1)))
KEYS = [trial.key for trial in GROUP.trials]


def same() -> dict[str, str]:
    return {"version": "1"}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_members, "WATCH_SECONDS", 0.01)
    monkeypatch.setattr(dask_cluster, "POLL_SECONDS", 0.01)


@contextmanager
def workers_of(client: MadeUpClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[DaskWorkers]:
    monkeypatch.setattr(dask_worker, "tell_scheduler", client.tell)
    with DaskWorkers(client, made_up_work, same) as workers:
        yield workers


class Faults:
    """A worker that does something else, so many times, in the place of a bundle."""

    def __init__(self, times: int, fault: Callable[[MadeUpClient, Bundle, str], object]) -> None:
        self.client = MadeUpClient({HERE: 1}, self.answer)
        self.times, self.fault = times, fault
        self.bundles = list[Bundle]()

    def answer(self, function: Callable[..., Any], *arguments: Any) -> Any:
        if function is run_bundle:
            _, bundle, topic = arguments
            self.bundles.append(bundle)
            if len(self.bundles) <= self.times:
                return self.fault(self.client, bundle, topic)
        return function(*arguments)


def dies_when_it_has_begun(client: MadeUpClient, bundle: Bundle, topic: str) -> None:
    client.tell(topic, begun(bundle))
    dies(client, bundle, topic)


def dies(client: MadeUpClient, bundle: Bundle, topic: str) -> None:
    """Leave; another worker joins."""
    client.workers = {f"tcp://here:{len(client.workers) + int(next(iter(client.workers)).split(':')[2])}": 1}


def is_forgotten(client: MadeUpClient, bundle: Bundle, topic: str) -> None:
    """What comes of a bundle when the client's connection was lost and is back: the worker is there."""
    client.tell(topic, begun(bundle))
    raise CancelledError


def is_forgotten_with_its_worker(client: MadeUpClient, bundle: Bundle, topic: str) -> None:
    """What comes of a bundle when the data of the study were lost with the only worker."""
    dies_when_it_has_begun(client, bundle, topic)
    raise CancelledError


def is_closing(client: MadeUpClient, bundle: Bundle, topic: str) -> None:
    """Take no bundle any more, which is an error of Dask's own, and leave; another worker joins."""
    dies(client, bundle, topic)
    raise RuntimeError("cannot schedule new futures after shutdown")


def is_another(client: MadeUpClient, bundle: Bundle, topic: str) -> None:
    raise OtherProcess


@pytest.mark.parametrize("times", [1, 2, 5])
@pytest.mark.parametrize("fault", [dies, is_forgotten, is_another, is_closing])
def test_what_was_not_begun_or_only_forgotten_counts_no_death(
    fault: Callable[..., None], times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = Faults(times, fault)
    with workers_of(faults.client, monkeypatch) as workers:
        records = records_of(workers(GROUP, lambda: False))
    assert [(record["key"], record["status"]) for record in records] == [(key, "ok") for key in KEYS]
    assert all(bundle.group.deaths == () for bundle in faults.bundles)


@pytest.mark.parametrize("fault", [dies_when_it_has_begun, is_forgotten_with_its_worker])
def test_what_was_begun_counts_one(fault: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    faults = Faults(1, fault)
    with workers_of(faults.client, monkeypatch) as workers:
        records = records_of(workers(GROUP, lambda: False))
    assert {(record["key"], record["status"]) for record in records} == {(key, "ok") for key in KEYS}
    assert [bundle.group.deaths for bundle in faults.bundles[:2]] == [(), (KEYS[0],)]
    assert {bundle.seconds for bundle in faults.bundles[1:]} == {0.0}, "trial by trial, so that what kills is found"


def test_each_trial_that_is_begun_when_three_workers_die_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    faults = Faults(6, dies_when_it_has_begun)
    with workers_of(faults.client, monkeypatch) as workers:
        records = records_of(workers(GROUP, lambda: False))
    assert Counter(record["status"] for record in records) == {"failed": 2}
    assert all(record["error"].endswith("left the cluster at work, like 2 before it") for record in records)


def test_a_cluster_whose_workers_die_of_what_they_are_sent_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """They begin nothing, so no trial is charged; without an end the study would wait for ever."""
    faults = Faults(1000, dies)
    with (
        workers_of(faults.client, monkeypatch) as workers,
        pytest.raises(ClusterLost, match="10 workers of the cluster left one after the other and had begun nothing"),
    ):
        list(workers(GROUP, lambda: False))


def test_an_error_on_the_way_of_outcomes_is_no_error_of_a_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine Dask has raised an UnboundLocalError of its own where outcomes were late."""
    client, fetched, errors = MadeUpClient({HERE: 1}), made_up_cluster.MadeUpFuture.result, [UnboundLocalError()]

    def fetch(future: made_up_cluster.MadeUpFuture, timeout: float | None = None) -> Any:
        if errors and isinstance(found := fetched(future, timeout), Reply) and found.sent:
            raise errors.pop()
        return fetched(future, timeout)

    monkeypatch.setattr(made_up_cluster.MadeUpFuture, "result", fetch)
    with workers_of(client, monkeypatch) as workers:
        records = records_of(workers(GROUP, lambda: False))
    assert [(record["key"], record["status"]) for record in records] == [(key, "ok") for key in KEYS]
    assert errors == []


def test_an_error_of_workers_is_raised_when_it_comes_three_times(monkeypatch: pytest.MonkeyPatch) -> None:
    def cannot_read(*_: object) -> None:
        raise ModuleNotFoundError("No module named 'mine'")

    with workers_of(Faults(3, cannot_read).client, monkeypatch) as workers, pytest.raises(ModuleNotFoundError):
        list(workers(GROUP, lambda: False))


def test_the_data_of_the_study_are_sent_once(monkeypatch: pytest.MonkeyPatch) -> None:
    client = MadeUpClient({HERE: 1})
    with workers_of(client, monkeypatch) as workers:
        for seed in range(3):
            list(workers(GROUP._replace(seed=seed), lambda: False))
    assert len(client.sent) == 1
