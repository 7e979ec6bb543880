"""Checks of `compare`: its rows, and which examples it hands to the experiments, which are replaced by recorders."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..student import Mistake, Student
from ..texts import at
from .data import digits

Rows = NDArray[np.float64]
Keys = frozenset[bytes]
STRATEGIES = ("baseline", "scratch", "frozen", "finetune")
TRANSFERRED = ("frozen", "finetune")
SIZES, SEEDS = (20, 50), (3, 8)
N_TEST, N_SOURCE = 500, 697
NEARLY_ALL = 1600  # of the 1797 examples


class Examples(NamedTuple):
    """Inputs and labels that a function was called with, and the inputs as a set."""

    X: Rows
    y: Any
    rows: Keys


def examples(X: Any, y: Any) -> Examples:
    """Return what a function was called with."""
    X = np.ascontiguousarray(X)
    return Examples(X, y, frozenset(row.tobytes() for row in X))


class Call(NamedTuple):
    """A call of a strategy; one that transfers is given a network and a scaler."""

    strategy: str
    train: Examples
    test: Examples
    given: tuple[Any, ...]


@dataclass
class Recorder:
    """What the experiments were called with."""

    calls: list[Call] = field(default_factory=list)
    sources: list[Examples] = field(default_factory=list)

    def strategy(self, name: str) -> Any:
        """Return a function that stands in for a strategy."""
        skipped = 2 if name in TRANSFERRED else 0

        def stand_in(*arguments: Any, **_: Any) -> Any:
            X_train, y_train, X_test, y_test = arguments[skipped : skipped + 4]
            train, test = examples(X_train, y_train), examples(X_test, y_test)
            self.calls.append(Call(name, train, test, arguments[:skipped]))
            share = STRATEGIES.index(name) / 10 + len(train.X) / 1000
            return share if name == "baseline" else ({}, share)

        return stand_in

    def pretrain(self, X: Any, digits: Any, *_: Any, **__: Any) -> Any:
        """Stand in for `pretrain`; what is returned tells which call it came from."""
        self.sources.append(examples(X, digits))
        return {"network": len(self.sources)}, {"scaler": len(self.sources)}


def check_compare(student: Student, rng: np.random.Generator) -> None:
    """Check what it returns and whom it trained on what."""
    X, y = digits()
    X = X + 1e-6 * rng.normal(size=X.shape)  # every row is different, so rows can be told apart
    recorder = Recorder()
    stand_ins = {name: recorder.strategy(name) for name in STRATEGIES} | {"pretrain": recorder.pretrain}
    with student.standing_in(stand_ins):
        value = student.call("compare", X, y, SIZES, SEEDS)
    rows = _rows(value)
    wanted = {(name, n, seed) for name in STRATEGIES for n in SIZES for seed in SEEDS}
    found = [row[:3] for row in rows]
    if set(found) != wanted or len(found) != len(wanted):
        missing = sorted(wanted - set(found), key=str)
        example = missing[0] if missing else "none, but some rows appear twice"
        raise Mistake("compare_rows", at("rows"), len(found), len(wanted), example=example)
    if not recorder.calls:
        raise Mistake("compare_calls_nothing")
    _check_examples(recorder)
    _check_labels(recorder, {row.tobytes(): int(label) for row, label in zip(X, y, strict=True)})
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


def _check_labels(recorder: Recorder, labels: dict[bytes, int]) -> None:
    """Each row of inputs comes with its own label."""
    given = [("pretrain", source) for source in recorder.sources]
    given += [(call.strategy, part) for call in recorder.calls for part in (call.train, call.test)]
    for function, part in given:
        right = [labels.get(row.tobytes()) for row in part.X]
        if None not in right and not np.array_equal(np.array(right), part.y):
            raise Mistake("compare_labels_apart", at("first_labels"), part.y, right, function=function)


def _check_examples(recorder: Recorder) -> None:
    for call in recorder.calls:
        shared = len(call.train.rows & call.test.rows)
        if shared:
            where = at("examples_of_name_both_trained_and_tested_on", name=call.strategy)
            raise Mistake("compare_test_in_training", where, shared, 0)
    if len(recorder.sources) == 1 and len(recorder.sources[0].X) > NEARLY_ALL:
        where = at("examples_pretrained_on")
        raise Mistake("compare_pretrained_on_everything", where, len(recorder.sources[0].X), N_SOURCE)
    seeds = {
        call.test.rows: [other for other in recorder.calls if other.test.rows == call.test.rows]
        for call in recorder.calls
    }
    if len(seeds) == 1:
        raise Mistake("compare_one_split")
    if len(seeds) > len(SEEDS):
        raise Mistake("compare_not_paired", at("test_sets"), len(seeds), len(SEEDS))
    for calls in seeds.values():
        large = _check_one_seed(calls)
        for call in calls:
            if call.strategy in TRANSFERRED:
                _check_source(_source_of(call, recorder), call.test.rows, large)


def _check_one_seed(calls: list[Call]) -> Keys:
    """Check what was trained in one seed, which is known by its test set; return the examples of the largest size."""
    subsets = {n: {call.train.rows for call in calls if len(call.train.X) == n} for n in SIZES}
    wrong = sorted({len(call.train.X) for call in calls} - set(SIZES))
    if wrong:
        raise Mistake("compare_sizes", at("examples_trained_on"), wrong[0], str(SIZES))
    if any(len(different) > 1 for different in subsets.values()):
        raise Mistake("compare_not_paired", at("subsets_of_one_size_in_one_seed"), max(map(len, subsets.values())), 1)
    small, large = (next(iter(subsets[n])) for n in SIZES)
    if not small <= large:
        raise Mistake("compare_not_nested", at("of_the_20_examples_those_among_the_50"), len(small & large), len(small))
    if len(calls[0].test.X) != N_TEST:
        raise Mistake("compare_split_sizes", at("examples_tested_on"), len(calls[0].test.X), N_TEST)
    return large


def _check_source(source: Keys, test: Keys, large: Keys) -> None:
    """Check what a network was pretrained on, beside the examples of its seed."""
    if source & test:
        key = "compare_pretrained_on_everything" if len(source) > NEARLY_ALL else "compare_test_in_pretraining"
        raise Mistake(key, at("test_examples_pretrained_on"), len(source & test), 0)
    if source & large:
        raise Mistake("compare_target_in_pretraining", at("training_examples_pretrained_on"), len(source & large), 0)
    if len(source) != N_SOURCE:
        raise Mistake("compare_source_part", at("examples_pretrained_on"), len(source), N_SOURCE)


def _source_of(call: Call, recorder: Recorder) -> Keys:
    """Return the inputs that the network of a call was pretrained on."""
    for number, source in enumerate(recorder.sources, 1):
        if call.given == ({"network": number}, {"scaler": number}):
            return source.rows
    raise Mistake("compare_pretrained_mixed", function=call.strategy)
