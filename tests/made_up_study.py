"""Made-up plans and records, and small real settings, for the tests of the study."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from fastmlp.study.execution.executors import ThreadExecutor
from fastmlp.study.execution.scheduler import Progress, run_missing
from fastmlp.study.execution.signals import Stop
from fastmlp.study.execution.worker import RunGroup
from fastmlp.study.store import Store
from fastmlp.study.store.outcome import Outcome, joined, outcome_of
from fastmlp.study.store.schema import PRETRAINING, RECORDS, TRIAL, Group, Record, Trial

# A real study of well under a second.
SMALL: dict[str, Any] = {
    "name": "small",
    "grid": {"strategies": ["baseline", "scratch", "frozen", "finetune"], "sizes": [20, 30], "seeds": 2},
    "network": {"hidden": [8]},
    "pretraining": {"epochs": 2},
    "training": {"epochs": 3},
}


def with_grid(study: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The same study with another grid."""
    return study | {"grid": study.get("grid", {}) | changes}


def made_up_plan(
    problems: Iterable[str] = ("p",), strategies: Iterable[str] = ("scratch", "frozen"), seeds: int = 3
) -> list[Trial]:
    """A plan in which scratch is shared between problems, as in a real one."""
    return [
        Trial(
            problem,
            strategy,
            20,
            seed,
            f"{'any' if strategy == 'scratch' else problem}-{strategy}-{seed}",
            f"{problem}-{seed}",
        )
        for problem in problems
        for strategy in strategies
        for seed in range(seeds)
    ]


def made_up_record(key: str, **changes: Any) -> Record:
    """A record that depends on the key alone."""
    number = int(sha256(key.encode()).hexdigest()[:8], 16) / 2**32
    measured = {"status": "ok", "accuracy": number, "train_seconds": 0.1, "losses": [number, None]}
    return dict.fromkeys(TRIAL) | {"key": key} | measured | changes


def made_up_pretraining(key: str) -> Record:
    """A pretraining whose similarity is one half."""
    scores = {"source_accuracy": 0.9, "h_score": 1.0, "h_score_random": 0.0, "h_score_target": 2.0}
    return dict.fromkeys(PRETRAINING) | {"key": key, "pretrain_losses": [1.0]} | scores


def made_up_work(group: Group, stopped: Callable[[], bool]) -> Iterator[Outcome]:
    """Do a group's trials in no time."""
    if group.pretraining_missing:
        yield outcome_of([made_up_pretraining(group.pretraining_key)])
    for trial in group.trials:
        if not stopped():
            yield outcome_of(records=[made_up_record(trial.key)])


def run_in_threads(
    store: Store, work: RunGroup, jobs: int, stop: Stop, report: Callable[[Progress], None] = lambda _: None
) -> Progress:
    """Run what is missing from a store."""
    with ThreadExecutor(work, jobs) as executor:
        return run_missing(store, executor, stop, report)


def together(outcomes: Iterable[Outcome]) -> Outcome:
    """All that a group's work hands back, as one."""
    return joined(list(outcomes))


def records_of(outcomes: Iterable[Outcome], table: str = "records") -> list[Record]:
    """What work hands back for a table, by the names of its columns; lists are JSON text."""
    rows = getattr(together(outcomes), table)
    return [dict(zip(("key", *RECORDS[table]), row, strict=True)) for row in rows]


def add(
    store: Store, pretrainings: Iterable[Record], records: Iterable[Record] = (), scores: Iterable[Record] = ()
) -> None:
    """Commit records to a store."""
    store.add([outcome_of(pretrainings, scores, records)])


def begin(store: Store, trials: Iterable[Trial]) -> None:
    store.begin(trials, {"settings": 'name = "made up"'})


def without_seconds(table: Path | str) -> list[list[str]]:
    """The cells of a results.csv, but for the columns that hold times."""
    import csv

    text = table.read_text(encoding="utf-8") if isinstance(table, Path) else table
    header, *rows = csv.reader(text.splitlines())
    kept = [place for place, name in enumerate(header) if not name.endswith("_seconds")]
    return [[row[place] for place in kept] for row in (header, *rows)]
