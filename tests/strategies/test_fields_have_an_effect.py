"""Any two fields of a strategy and its phases: refused with both named, or each changes the result as it says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache
from itertools import combinations
from typing import Any

import numpy as np
import pytest

import fastmlp
from fastmlp.errors import InvalidInput
from fastmlp.strategies import Phase, Strategy, transfer

SOURCE = fastmlp.init_mlp((4, 6, 5, 4, 3), rng=11, dtype="float64")  # three hidden layers
SOURCE.theta[:] += 0.1  # biases too, so that a copy of them is seen
# Labels that inputs say nothing of: the loss on those held back stalls at once, so patience ends phases.
Y = np.random.default_rng(2).permutation(np.arange(30) % 3)
X = np.random.default_rng(1).normal(size=(30, 4))

# Values other than the default. Those of `frozen` and `layers` leave out a layer of the body: with all of it, one
# strategy may come to be another (`partial-3` of three hidden layers freezes all that a multiplier of the body moves).
PHASE: dict[str, list[Any]] = {
    "head": [0.0, 0.5],
    "body": [0.0, 0.5],
    "biases": [0.0, 2.0],
    "frozen": [1, 2],
    "divisor": [2.0],
    "pull": [0.5],
    "rank": [1],
    "patience": [1],
}
STRATEGY: dict[str, list[Any]] = {
    "start": ["random", "meanvar"],
    "layers": [1, 2],
    "cut": [True],
    "unfreeze": ["schedule", "plateau"],
    "held_back": [0.3],
    "head": ["source"],
}
# `share` is not free: the shares add up to 1. `scaler` is for a study, which scales; `transfer` does not.
FIXED = {"share", "phases", "scaler"}


@dataclass(frozen=True)
class Change:
    """A field with another value than its default; of a phase, in the phase at a place."""

    name: str
    value: Any
    place: int | None = None

    def __str__(self) -> str:
        return f"{self.name}={self.value}" + ("" if self.place is None else f"@{self.place}")


def build(n_phases: int, changes: frozenset[Change]) -> Strategy:
    """A strategy of plain phases, with changes."""
    phases = [
        Phase(share=1 / n_phases, **{change.name: change.value for change in changes if change.place == place})
        for place in range(n_phases)
    ]
    own = {change.name: change.value for change in changes if change.place is None}
    return Strategy(**{"start": "pretrained", "phases": tuple(phases), **own})


@cache
def result(n_phases: int, changes: frozenset[Change]) -> fastmlp.Fit | str:
    """The training of a strategy, or the message of its refusal."""
    try:
        strategy = build(n_phases, changes)
        return transfer(SOURCE, X, Y, strategy=strategy, n_classes=3, rng=3, epochs=20, lr=0.5, backend="numpy")
    except InvalidInput as error:
        return str(error)


def changes_of(n_phases: int) -> Iterator[Change]:
    for place in range(n_phases):
        yield from (Change(name, value, place) for name, values in PHASE.items() for value in values)
    yield from (Change(name, value) for name, values in STRATEGY.items() for value in values)


Pairs = list[tuple[int, tuple[Change, Change]]]


def by_first_field() -> dict[str, Pairs]:
    """All pairs, by the field of the first: a test for each pair would cost more than what it tests."""
    pairs: defaultdict[str, Pairs] = defaultdict(list)
    for n_phases in (1, 2):
        for one, other in combinations(changes_of(n_phases), 2):
            if (one.name, one.place) != (other.name, other.place):
                pairs[one.name].append((n_phases, (one, other)))
    return pairs


PAIRS = by_first_field()
# Patience needs held-back labels and held-back labels need patience, so a pair with one of them is tried with both.
NEEDED = {
    "patience": Change("held_back", 0.3),
    "plateau": Change("held_back", 0.3),
    "held_back": Change("patience", 1, 0),
    "cut": Change("layers", 1),
}


def completed(pair: tuple[Change, ...]) -> frozenset[Change]:
    """A pair with what one of its fields cannot be without."""
    names = {change.name for change in pair} | {change.value for change in pair if change.name == "unfreeze"}
    if "held_back" in names and names & {"patience", "plateau"}:
        names -= {"held_back", "patience", "plateau"}
    needed = {NEEDED[name] for name in names if name in NEEDED}
    return frozenset(pair) | {change for change in needed if change.name not in names}


def movable(strategy: Strategy, n_layers: int) -> list[tuple[bool, bool]]:
    """Which weights and biases of each layer may move, as the documentation of the fields says it."""
    moves = [[False, False] for _ in range(n_layers)]
    for number, phase in enumerate(strategy.phases_for(n_layers)):
        for layer in range(phase.frozen, n_layers):
            is_head = layer == n_layers - 1
            weights = (phase.head if is_head else phase.body) > 0
            biases = weights
            if not is_head and phase.biases is not None:
                biases = phase.biases > 0
            elif not is_head and phase.rank:
                biases = False
            ran = strategy.unfreeze != "plateau" or number == 0
            moves[layer] = [moves[layer][0] or (weights and ran), moves[layer][1] or (biases and ran)]
    return [(weights, biases) for weights, biases in moves]


def test_every_field_is_tried() -> None:
    assert {field.name for field in fields(Phase)} | {field.name for field in fields(Strategy)} == {
        *PHASE,
        *STRATEGY,
        *FIXED,
    }


@pytest.mark.parametrize("pairs", PAIRS.values(), ids=PAIRS)
def test_each_of_two_fields_changes_the_result_or_both_are_named(pairs: Pairs) -> None:
    for n_phases, pair in pairs:
        together = completed(pair)
        outcome = result(n_phases, together)
        alone = {change: result(n_phases, together - {change}) for change in pair}
        if isinstance(outcome, fastmlp.Fit):
            for change, without in alone.items():
                same = isinstance(without, fastmlp.Fit) and np.array_equal(outcome.network.theta, without.network.theta)
                assert not same, f"{change} has no effect in {build(n_phases, together)}"
        elif all(isinstance(without, fastmlp.Fit) for without in alone.values()):
            for change in pair:
                assert change.name in outcome, f"{outcome!r} does not name {change}"


@pytest.mark.parametrize("pairs", PAIRS.values(), ids=PAIRS)
def test_two_fields_that_are_accepted_move_what_each_says(pairs: Pairs) -> None:
    for n_phases, pair in pairs:
        fit = result(n_phases, completed(pair))
        if isinstance(fit, str):
            continue
        moved = [
            (not np.array_equal(weights, old_weights), not np.array_equal(biases, old_biases))
            for weights, old_weights, biases, old_biases in zip(
                fit.network.weights, fit.start.weights, fit.network.biases, fit.start.biases, strict=True
            )
        ]
        strategy = build(n_phases, completed(pair))
        says = movable(strategy, fit.network.layout.n_layers)
        if strategy.unfreeze == "plateau":  # how far it comes depends on the losses
            assert all(has >= must for has, must in zip(moved, says, strict=True)), f"{strategy} says {says}"
        else:
            assert moved == says, f"{strategy} says {says}"
