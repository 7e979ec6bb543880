"""The words of a study's table: a trial, its record, their columns.

A record is one flat dict. `TRIAL` says which columns a trial's own record has, `PRETRAINING` which ones come from the
pretraining it started from; the store's tables, `results.csv` and every export are made from these two mappings, so a
new measure is one more line here.
"""

from __future__ import annotations

import math
import traceback
from typing import Any, NamedTuple

Record = dict[str, Any]


class Trial(NamedTuple):
    """One cell of the grid, and the two keys under which its results are kept.

    Rows with the same `key` have the same result: scratch and the baseline do not know the source, so they run once for
    all problems that share a target.
    """

    problem: str
    strategy: str
    n_target: int
    seed: int
    key: str
    pretraining_key: str


class Group(NamedTuple):
    """What is handed to a worker: the missing trials of one problem and one seed, which share a pretraining."""

    problem: str
    seed: int
    pretraining_key: str
    pretraining_missing: bool  # it has to be measured; it is trained anyway
    trials: tuple[Trial, ...]


class Outcome(NamedTuple):
    """What a worker hands back; a group that was asked to stop has fewer records than trials."""

    pretraining: Record | None
    records: list[Record]


LONGEST_ERROR = 500  # characters
FINAL = ("ok", "diverged")  # results; a failed trial is tried again on the next run, and a missing one too
STATUSES = ("ok", "diverged", "failed", "missing")

TRIAL = {
    "status": "TEXT",
    "accuracy": "REAL",
    "macro_f1": "REAL",
    "log_loss": "REAL",
    "auc": "REAL",
    "train_accuracy": "REAL",
    "train_seconds": "REAL",
    "ece": "REAL",
    "final_loss": "REAL",
    "evaluate_seconds": "REAL",
    "parameters_trained": "INTEGER",
    "steps": "INTEGER",
    "diverged_epoch": "INTEGER",
    "frozen_before": "TEXT",
    "frozen_after": "TEXT",
    "error": "TEXT",
    "losses": "LIST",
}
PRETRAINING = {
    "source_accuracy": "REAL",
    "pretrain_seconds": "REAL",
    "h_score": "REAL",
    "h_score_random": "REAL",
    "h_score_target": "REAL",
    "pretrain_losses": "LIST",
}
IDENTITY = {"problem": "TEXT", "similarity": "REAL", "strategy": "TEXT", "n_target": "INTEGER", "seed": "INTEGER"}
COLUMNS = IDENTITY | TRIAL | PRETRAINING | {"key": "TEXT"}  # of a row, as read
TABLE = {name: kind for name, kind in COLUMNS.items() if kind != "LIST"}  # of results.csv


def blank_record(trial: Trial) -> Record:
    """Return a trial's record with everything still to be filled in."""
    return dict.fromkeys(TRIAL) | {"key": trial.key, "losses": []}


def failed_record(trial: Trial, error: Exception) -> Record:
    """Return the record of a trial that raised: what, and where, on one line."""
    place = traceback.extract_tb(error.__traceback__)[-1:]
    where = "".join(f" ({frame.filename.rpartition('/')[2]}:{frame.lineno})" for frame in place)
    text = " ".join(f"{type(error).__name__}: {error}".split())[:LONGEST_ERROR]
    # A message may quote a file name that is no Unicode, and SQLite stores Unicode.
    return blank_record(trial) | {"status": "failed", "error": text.encode(errors="replace").decode() + where}


def finite(value: float | None) -> float | None:
    """Return a number that can be stored, or None: NaN and infinity have no place in a table."""
    return float(value) if value is not None and math.isfinite(value) else None


def reproducible(record: Record) -> Record:
    """Return what must be the same whenever and wherever a trial is run again: everything but the seconds."""
    return {name: value for name, value in record.items() if not name.endswith("_seconds")}
