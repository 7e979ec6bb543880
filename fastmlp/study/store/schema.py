"""The schema of a study's table: trials, records and their columns.

A record is one flat dict. `TRIAL` lists the columns of a trial's own record, `PRETRAINING` those of the pretraining it
started from, and `SCORES` those that depend on the pretraining and the labels; `DERIVED` is computed from several
records when a table is read. The store's tables and their version, `results.csv` and every export are made from these
mappings: a new measure is one more line here, and a raised `PROTOCOL`. Columns of seconds end in ``_seconds``: they
alone differ between two runs.
"""

from __future__ import annotations

import math
import traceback
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from ...measures import MEASURES

Record = dict[str, Any]

# Part of every trial's key. Raise it when the records of some trials change or a column is added, so that all trials
# run anew: a test compares trials with those of tests/written_records.json.
PROTOCOL = 8


class Trial(NamedTuple):
    """One cell of the grid, and the keys under which its results are kept.

    Rows with the same `key` have the same result: scratch and the baseline do not know the source, so they run once for
    all problems that share a target.
    """

    problem: str
    strategy: str
    n_target: int
    seed: int
    key: str
    pretraining_key: str  # empty if it starts from a pretraining of its own
    scores_key: str = ""  # the same
    varied: str = ""  # the one purpose of randomness in which it differs from the trial of the grid
    replicate: int = 0


class Group(NamedTuple):
    """A unit of work: the missing trials of one problem and one seed, which share a pretraining."""

    problem: str
    seed: int
    pretraining_key: str
    pretraining_missing: bool  # it has to be measured; it is trained anyway
    trials: tuple[Trial, ...]
    scores: tuple[tuple[int, str], ...] = ()  # numbers of labels whose scores are missing, and their keys
    deaths: tuple[str, ...] = ()  # keys of what was under way when workers died; see `execution.deaths`

    def is_empty(self) -> bool:
        """Whether nothing is to be done."""
        return not (self.pretraining_missing or self.trials or self.scores)

    def keys_before_trials(self) -> list[str]:
        """Return the keys of what comes before the trials, in the order in which it is done."""
        first = [self.pretraining_key] if self.pretraining_missing else []
        return first + [key for _, key in self.scores]

    def without(self, done: Collection[str]) -> Group:
        """Return the rest of the group when some keys have a record."""
        return self._replace(
            pretraining_missing=self.pretraining_missing and self.pretraining_key not in done,
            trials=tuple(trial for trial in self.trials if trial.key not in done),
            scores=tuple((n_target, key) for n_target, key in self.scores if key not in done),
        )

    def cut(self, parts: int) -> list[Group]:
        """Split the group into parts, at most one for each trial; pretraining and scores go with the first."""
        others = self._replace(pretraining_missing=False, scores=())
        return [
            (others if part else self)._replace(trials=self.trials[part::parts])
            for part in range(min(parts, max(1, len(self.trials))))
        ]


LONGEST_ERROR = 500  # characters
FINAL = ("ok", "diverged")  # results; a failed trial is tried again on the next run, and a missing one too
STATUSES = ("ok", "diverged", "failed", "missing")

TRIAL = {  # and None wherever a model has no such thing
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
    "macro_precision": "REAL",
    "macro_recall": "REAL",
    "accuracy_rotated": "REAL",  # of the held-out set under each shift; see `problems.SHIFTS`
    "accuracy_noisy": "REAL",
    "accuracy_inverted": "REAL",
    "source_accuracy_kept": "REAL",
    "tuned_lr": "REAL",
    "tuned_epochs": "INTEGER",
    "tuned_weight_decay": "REAL",
    "tuned_C": "REAL",
    "declared_accuracy": "REAL",  # of the same trial with the declared settings: what tuning changed
    "tuning_note": "TEXT",
    "tune_seconds": "REAL",
    "trainable": "LIST",  # numbers free to move, by layer
    "drift": "LIST",  # relative distance from the start, by layer
    "cka": "LIST",  # with the pretrained network's features, by hidden layer
    "tuning": "LIST",  # mean log-loss in cross-validation of every candidate, the declared one first
    "train_accuracies": "PAIRS",  # [epoch, accuracy on the n_target examples] after epochs 1, 2, 4, 8, ..., the last
    # [true class * classes + likeliest class, held-out examples], as far as there are any: what is mistaken for what
    "confusion": "PAIRS",
    "losses": "LIST",
}
TRIAL |= {name: "REAL" for name in MEASURES if name not in TRIAL}
OWN = "own_measures"  # what the study's own measured, in the order of their names; readers make columns of it
TRIAL[OWN] = "LIST"
PRETRAINING = {
    "source_accuracy": "REAL",
    "pretrain_seconds": "REAL",
    "h_score": "REAL",
    "h_score_random": "REAL",
    "h_score_target": "REAL",  # of a network pretrained on the target; for a backbone, the highest that there can be
    "pretrain_losses": "LIST",
}
SCORES = {"log_me": "REAL", "leep": "REAL", "label_cka": "REAL", "domain_distance": "REAL"}
RECORDS = {"pretrainings": PRETRAINING, "scores": SCORES, "records": TRIAL}  # tables of the store, by key
IDENTITY = {"problem": "TEXT", "similarity": "REAL", "strategy": "TEXT", "n_target": "INTEGER", "seed": "INTEGER"}
VARIATION = {"varied": "TEXT", "replicate": "INTEGER"}
# Updates, and their share of the training's seconds, until the loss of an epoch is at most the last one of scratch on
# the same problem, size and seed; None if it never is, and where there are no epochs.
REFERENCE = "scratch"
DERIVED = {"scratch_loss_steps": "INTEGER", "scratch_loss_seconds": "REAL"}
COLUMNS = IDENTITY | TRIAL | PRETRAINING | SCORES | DERIVED | VARIATION | {"key": "TEXT"}  # of a row, as read
del COLUMNS[OWN]
NESTED = ("LIST", "PAIRS")  # kinds of columns that hold numbers, or pairs of numbers; SQLite has none, and CSV neither
TABLE = {name: kind for name, kind in COLUMNS.items() if kind not in NESTED}  # of results.csv


def blank_record(trial: Trial) -> Record:
    """Return an empty record of a trial."""
    return dict.fromkeys(TRIAL) | {"key": trial.key, "losses": []}


def failed_record(trial: Trial, error: Exception) -> Record:
    """Return the record of a trial that raised an exception: which one, and where, on one line."""
    place = traceback.extract_tb(error.__traceback__)[-1:]
    where = "".join(f" ({frame.filename.rpartition('/')[2]}:{frame.lineno})" for frame in place)
    text = " ".join(f"{type(error).__name__}: {error}".split())[:LONGEST_ERROR]
    # A message may quote a file name that is not Unicode, and SQLite stores Unicode
    return blank_record(trial) | {"status": "failed", "error": text.encode(errors="replace").decode() + where}


def finite(value: float | None) -> float | None:
    """Return a number that can be stored, or None: NaN and infinity have no place in a table."""
    return float(value) if value is not None and math.isfinite(value) else None


def all_finite(values: Sequence[float]) -> Sequence[float | None]:
    """Return numbers that can be stored, with None in the place of those that cannot."""
    return values if all(map(math.isfinite, values)) else [finite(value) for value in values]


def reproducible(record: Record) -> Record:
    """Return the columns that are the same whenever a trial is run again: all but the seconds."""
    return {name: value for name, value in record.items() if not name.endswith("_seconds")}
