"""Checks of `compare`: its rows, and which examples it hands to the experiments, which are replaced by recorders."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..student import Mistake, Student
from ..texts import at
from .data import digits

Rows = NDArray[np.float64]
STRATEGIES = ("baseline", "scratch", "frozen", "finetune")
SIZES, SEEDS = (20, 50), (3, 8)


@dataclass
class Recorder:
    """What the experiments were called with."""

    trainings: list[tuple[str, Rows, Rows]] = field(default_factory=list)  # strategy, training inputs, test inputs
    sources: list[Rows] = field(default_factory=list)

    def strategy(self, name: str) -> Any:
        """Return a function that stands in for a strategy."""
        skipped = 0 if name in {"baseline", "scratch"} else 2

        def stand_in(*arguments: Any, **_: Any) -> Any:
            X_train, _y, X_test = arguments[skipped : skipped + 3]
            self.trainings.append((name, np.asarray(X_train), np.asarray(X_test)))
            share = STRATEGIES.index(name) / 10 + len(X_train) / 1000
            return share if name == "baseline" else ({}, share)

        return stand_in

    def pretrain(self, X: Any, *_: Any, **__: Any) -> Any:
        """Stand in for `pretrain`."""
        self.sources.append(np.asarray(X))
        return {}, {}


@contextmanager
def recording(namespace: MutableMapping[str, Any]) -> Iterator[Recorder]:
    """Replace the experiments in a namespace for a while."""
    recorder = Recorder()
    kept = {name: namespace[name] for name in (*STRATEGIES, "pretrain") if name in namespace}
    try:
        namespace.update({name: recorder.strategy(name) for name in STRATEGIES}, pretrain=recorder.pretrain)
        yield recorder
    finally:
        namespace.update(kept)


def check_compare(student: Student, rng: np.random.Generator) -> None:
    """Check what it returns and whom it trained on what."""
    X, y = digits()
    X = X + 1e-6 * rng.normal(size=X.shape)  # every row is different, so rows can be told apart
    namespace = student.namespace
    if not isinstance(namespace, dict):
        raise TypeError("the namespace of a check must be a dict")
    with recording(namespace) as recorder:
        value = student.call("compare", X, y, SIZES, SEEDS)
    rows = _rows(value)
    wanted = {(name, n, seed) for name in STRATEGIES for n in SIZES for seed in SEEDS}
    found = [row[:3] for row in rows]
    if set(found) != wanted or len(found) != len(wanted):
        missing = sorted(wanted - set(found), key=str)
        example = missing[0] if missing else "none, but some rows appear twice"
        raise Mistake("compare_rows", at("rows"), len(found), len(wanted), example=example)
    if not recorder.trainings:
        raise Mistake("compare_calls_nothing")
    _check_examples(recorder)
    _check_results(rows)


def _rows(value: Any) -> list[tuple[str, int, int, float]]:
    if hasattr(value, "to_dict"):  # a data frame
        value = value.to_dict("records")
    rows = []
    try:
        for row in value:
            name, n, seed, share = row.values() if isinstance(row, dict) else row
            rows.append((str(name), int(n), int(seed), float(share)))
    except (TypeError, ValueError):
        raise Mistake("compare_row", at("a_row"), row if "row" in locals() else type(value).__name__) from None
    return rows


def _check_results(rows: list[tuple[str, int, int, float]]) -> None:
    for name, n, _, share in rows:
        right = STRATEGIES.index(name) / 10 + n / 1000
        if abs(share - right) > 1e-9:
            raise Mistake("compare_results_mixed", at("name_with_n_labels", name=name, n=n), share, right)


def _keys(X: Rows) -> set[bytes]:
    return {row.tobytes() for row in np.ascontiguousarray(X)}


def _check_examples(recorder: Recorder) -> None:
    tests = {frozenset(_keys(X_test)) for _, _, X_test in recorder.trainings}
    for name, X_train, X_test in recorder.trainings:
        shared = len(_keys(X_train) & _keys(X_test))
        if shared:
            raise Mistake(
                "compare_test_in_training", at("examples_of_name_both_trained_and_tested_on", name=name), shared, 0
            )
        for source in recorder.sources:
            if len(recorder.sources) == 1 and len(source) > 1600:
                raise Mistake("compare_pretrained_on_everything", at("examples_pretrained_on"), len(source), 697)
    if len(tests) == 1:
        raise Mistake("compare_one_split")
    if len(tests) > len(SEEDS):
        raise Mistake("compare_not_paired", at("test_sets"), len(tests), len(SEEDS))
    for test in tests:
        _check_one_seed(recorder, test)


def _check_one_seed(recorder: Recorder, test: frozenset[bytes]) -> None:
    """All that was trained in one seed, which is known by its test set."""
    trained = [(name, X) for name, X, X_test in recorder.trainings if frozenset(_keys(X_test)) == test]
    subsets = {n: {frozenset(_keys(X)) for _, X in trained if len(X) == n} for n in SIZES}
    wrong = sorted({len(X) for _, X in trained} - set(SIZES))
    if wrong:
        raise Mistake("compare_sizes", at("examples_trained_on"), wrong[0], str(SIZES))
    if any(len(different) > 1 for different in subsets.values()):
        raise Mistake("compare_not_paired", at("subsets_of_one_size_in_one_seed"), max(map(len, subsets.values())), 1)
    small, large = (next(iter(subsets[n])) for n in SIZES)
    if not small <= large:
        raise Mistake("compare_not_nested", at("of_the_20_examples_those_among_the_50"), len(small & large), len(small))
    sources = [_keys(source) for source in recorder.sources]
    if sources and all(source & test for source in sources):
        shared = min(len(source & test) for source in sources)
        key = "compare_pretrained_on_everything" if min(map(len, sources)) > 1600 else "compare_test_in_pretraining"
        raise Mistake(key, at("test_examples_pretrained_on"), shared, 0)
    if sources and all(source & large for source in sources):
        raise Mistake(
            "compare_target_in_pretraining", at("training_examples_pretrained_on"), len(sources[0] & large), 0
        )
