"""A death is charged to what was under way, and to nothing else."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from fastmlp.study.execution.deaths import MAX_DEATHS, WorkerDied, after_death
from fastmlp.study.store.schema import Group
from tests.made_up_study import made_up_plan, records_of

TRIALS = tuple(made_up_plan(strategies=("scratch", "frozen", "finetune", "gradual"), seeds=1))
KEYS = [trial.key for trial in TRIALS]
GROUP = Group("p", 0, "p-0", pretraining_missing=False, trials=TRIALS)
DIED = WorkerDied("worker 7", "was killed")


def run(group: Group, killers: Collection[str]) -> tuple[dict[str, str], int]:
    """Run a group trial by trial, on workers that die at some of its keys; return what came of each, and the deaths."""
    came, deaths = dict[str, str](), 0
    while not group.is_empty():
        done = set[str]()
        for key in [*group.keys_before_trials(), *(trial.key for trial in group.trials)]:
            if key in killers:
                break
            done.add(key)
        came |= dict.fromkeys(done, "ok")
        deaths += not group.without(done).is_empty()
        group, failed = after_death(group, done, DIED)
        came |= {record["key"]: record["status"] for record in records_of(failed)}
    return came, deaths


@pytest.mark.parametrize("killers", [KEYS[:1], KEYS[2:3], KEYS[:3], KEYS[1:], KEYS], ids=",".join)
def test_each_trial_that_kills_fails_at_its_third_death_and_no_other(killers: list[str]) -> None:
    came, deaths = run(GROUP, killers)
    assert came == {key: "failed" if key in killers else "ok" for key in KEYS}
    assert deaths == MAX_DEATHS * len(killers)


@pytest.mark.parametrize("killer", ["p-0", "scores-20"])
def test_with_what_comes_before_them_all_trials_fail(killer: str) -> None:
    group = GROUP._replace(pretraining_missing=True, scores=((20, "scores-20"),))
    came, deaths = run(group, {killer})
    assert {key: came[key] for key in KEYS} == dict.fromkeys(KEYS, "failed")
    assert deaths == MAX_DEATHS


def test_what_was_under_way_comes_last_and_is_charged() -> None:
    left, failed = after_death(GROUP, {KEYS[0]}, DIED)
    assert [trial.key for trial in left.trials] == [*KEYS[2:], KEYS[1]]
    assert (left.deaths, failed) == ((KEYS[1],), [])


def test_a_worker_that_dies_when_all_is_done_is_nobodys_fault() -> None:
    assert after_death(GROUP, KEYS, DIED) == (GROUP.without(KEYS), [])


def test_the_record_says_who_died_how_and_how_often() -> None:
    group = GROUP._replace(deaths=(KEYS[0],) * (MAX_DEATHS - 1))
    left, (outcome,) = after_death(group, (), DIED)
    assert [trial.key for trial in left.trials] == KEYS[1:]
    assert outcome.worker == "worker 7"
    assert records_of([outcome])[0]["error"] == "WorkerDied: worker 7 was killed, like 2 before it"
