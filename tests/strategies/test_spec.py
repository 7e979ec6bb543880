"""What a strategy may hold is checked where it is made, in Python as in a study's settings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fastmlp.errors import FieldError
from fastmlp.strategies import STRATEGIES, Phase, Strategy, read_strategy
from fastmlp.strategies.spec import PATIENCE

HALF = Phase(share=0.5)

PHASES: list[tuple[dict[str, Any], str]] = [
    ({"head": -1}, "Phase.head: must be at least 0, not -1"),
    ({"body": float("nan")}, "Phase.body: must be at least 0, not nan"),
    ({"biases": "1"}, "Phase.biases: must be a number, not '1'"),
    ({"head": True}, "Phase.head: must be a number, not True"),
    ({"head": None}, "Phase.head: must be a number, not None"),
    ({"frozen": -1}, "Phase.frozen: must be at least 0, not -1"),
    ({"frozen": 1.0}, "Phase.frozen: must be a whole number, not 1.0"),
    ({"divisor": 0}, "Phase.divisor: must be above 0, not 0"),
    ({"share": 1.5}, "Phase.share: must be at most 1, not 1.5"),
    ({"patience": 0}, "Phase.patience: must be at least 1, not 0"),
    ({"rank": 2, "pull": 0.1}, "Phase.pull: has no effect beside a rank"),
    ({"rank": 2, "biases": 0.0}, "Phase.biases: has no effect beside a rank: the biases of the body do not move"),
    ({"body": 0.5, "biases": 0.5}, "Phase.biases: has no effect: it is 0.5, as body is"),
    ({"head": 0, "body": 0}, "Phase.head: is 0 beside body = 0: nothing would move"),
    ({"body": 0, "frozen": 1}, "Phase.frozen: has no effect beside body = 0: the body does not move"),
    ({"body": 0, "divisor": 2}, "Phase.divisor: has no effect beside body = 0"),
    ({"body": 0, "pull": 1}, "Phase.pull: has no effect beside body = 0"),
    ({"body": 0, "rank": 1}, "Phase.rank: has no effect beside body = 0"),
]
STRATEGY: list[tuple[dict[str, Any], str]] = [
    ({"start": "pretraned"}, "Strategy.start: unknown start 'pretraned'; did you mean 'pretrained'"),
    ({"start": 1}, "Strategy.start: must be text, not 1"),
    ({"start": None}, "Strategy.phases: has no effect: without a start, no network is trained"),
    ({"unfreeze": "plato"}, "Strategy.unfreeze: unknown unfreeze 'plato'; did you mean 'plateau'"),
    ({"scaler": None}, "Strategy.scaler: must be text, not None"),
    ({"layers": 0}, "Strategy.layers: must be at least 1, not 0"),
    ({"cut": 1, "layers": 1}, "Strategy.cut: must be true or false, not 1"),
    ({"cut": True}, "Strategy.cut: has no effect without a number of layers"),
    ({"start": "random", "layers": 1}, "Strategy.layers: has no effect: from a random start none are copied"),
    ({"held_back": 1}, "Strategy.held_back: must be at most 0.9, not 1"),
    ({"held_back": 0.2}, "Strategy.held_back: takes labels from training that nothing watches"),
    ({"phases": (Phase(patience=2),)}, "Strategy.held_back: must be above 0: patience watches labels"),
    ({"phases": ()}, "Strategy.phases: must hold at least one phase"),
    ({"phases": Phase()}, "Strategy.phases: must be a tuple of phases, not Phase("),
    ({"phases": [Phase()]}, "Strategy.phases: must be a tuple of phases, not [Phase("),
    ({"phases": (Phase(), Phase())}, "Strategy.phases: the shares add up to 2; they must add up to 1"),
    ({"phases": (HALF,)}, "Strategy.phases: the shares add up to 0.5; they must add up to 1"),
    ({"phases": (HALF, HALF), "unfreeze": "schedule"}, "Strategy.unfreeze: repeats one phase for every layer"),
    ({"phases": (Phase(frozen=1),), "unfreeze": "schedule"}, "Strategy.phases[0].frozen: has no effect"),
    ({"phases": (Phase(body=0),), "unfreeze": "schedule"}, "Strategy.unfreeze: has no effect beside body = 0"),
    ({"phases": (Phase(head=0),), "unfreeze": "schedule"}, "Strategy.unfreeze: begins with the head alone, and beside"),
    (
        {"phases": (Phase(frozen=2),), "layers": 1, "cut": True},
        "Strategy.phases[0].frozen: is 2; with cut, the network has the 1 hidden layers that layers says",
    ),
]


@pytest.mark.parametrize(("given", "message"), PHASES, ids=range(len(PHASES)))
def test_a_phase_refuses_what_it_would_not_do(given: dict[str, Any], message: str) -> None:
    with pytest.raises(FieldError) as caught:
        Phase(**given)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(("given", "message"), STRATEGY, ids=range(len(STRATEGY)))
def test_a_strategy_refuses_what_it_would_not_do(given: dict[str, Any], message: str) -> None:
    with pytest.raises(FieldError) as caught:
        Strategy(**{"start": "pretrained", "phases": (Phase(),), **given})
    assert str(caught.value).startswith(message)


def test_numbers_of_other_libraries_become_plain_ones() -> None:
    phase = Phase(head=np.float32(0.5), body=1, frozen=np.int64(2))  # type: ignore[arg-type]
    assert [type(value) for value in (phase.head, phase.body, phase.frozen)] == [float, float, int]


def test_what_a_table_holds_is_refused_with_its_path() -> None:
    with pytest.raises(FieldError, match=r"Strategy\.phases\[1\]\.share: must be above 0, not 0"):
        read_strategy({"start": "random", "phases": [{}, {"share": 0}]})


def test_plateau_has_the_patience_of_its_phase() -> None:
    plateau = STRATEGIES["plateau"]
    patient = replace(plateau, phases=(replace(plateau.phases[0], patience=7),))
    assert [phase.patience for phase in plateau.phases_for(3)] == [PATIENCE, PATIENCE, None]
    assert [phase.patience for phase in patient.phases_for(3)] == [7, 7, None]
