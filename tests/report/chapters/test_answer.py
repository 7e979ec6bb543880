"""Negative transfer is looked for in every cell, and told by its case."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fastmlp.report.chapters.answer.harm import Negative, negative
from tests.report_data import MadeUp, flat, study, study_of

FOUR = ("baseline", "scratch", "frozen", "finetune")


def made_up(mean: Callable[[str, int], float], **options: Any) -> MadeUp:
    usual: dict[str, Any] = {"strategies": FOUR[:3], "sizes": [20, 50], "seeds": 10, "spread": 0.002}
    return study(mean, **usual | options)


def looked_for(data: MadeUp, margin: float = 0.01) -> Negative:
    data.settings["margin"] = margin
    found = negative(study_of(data))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("frozen", "case"), [(0.7, "found"), (0.9, "ruled out"), (0.8, "ruled out")], ids=["worse", "better", "tied"]
)
def test_every_cell_has_its_case(frozen: float, case: str) -> None:
    found = looked_for(made_up(flat({"frozen": frozen}), strategies=FOUR))
    assert [cell["case"] for cell in found["problems"][0]["cells"]] == [case, case]
    assert found["tested"] == 4
    assert (found["worst"] is not None) == (case == "found")


def test_a_cell_that_is_undecided_is_open() -> None:
    found = looked_for(made_up(flat({}), spread=0.05, seeds=3))
    assert found["cells"] == {"found": 0, "open": 2, "ruled out": 0, "not tested": 0}


def test_one_seed_tests_nothing() -> None:
    found = looked_for(made_up(flat({}), seeds=1))
    assert (found["tested"], found["cells"]["not tested"]) == (0, 2)


def test_it_is_corrected_over_all_cells() -> None:
    alone = looked_for(made_up(flat({"frozen": 0.797}), sizes=[20]), 0.0)
    company = looked_for(made_up(flat({"frozen": 0.797}), sizes=[20, 50, 100, 200]), 0.0)
    mine, theirs = (found["problems"][0]["differences"][0] for found in (alone, company))
    assert mine["mean"] == theirs["mean"]
    assert mine["p_different"] is not None
    assert theirs["p_different"] is not None
    assert mine["p_different"] < theirs["p_different"]


def test_a_scaler_that_harms_is_seen_beside_the_weights() -> None:
    means = {"frozen": 0.7, "scratch-source-scaler": 0.7}
    found = looked_for(made_up(flat(means), strategies=[*FOUR[:3], "scratch-source-scaler"]))
    assert found["scaled_worse"] == 2
    without = looked_for(made_up(flat(means)))
    assert without["scaled_worse"] is None


def test_only_what_starts_from_a_pretrained_network_transfers() -> None:
    data = study(flat({}), strategies=[*FOUR, "mine", "theirs"], seeds=2, sizes=[20])
    data.settings["strategies"] = {"mine": {"start": "random", "phases": [{}]}}
    assert study_of(data).grid.transferring == ("frozen", "finetune", "theirs")


def test_without_scratch_nothing_is_looked_for() -> None:
    assert negative(study_of(made_up(flat({}), strategies=["frozen", "finetune"]))) is None
    assert negative(study_of(made_up(flat({}), strategies=["scratch"]))) is None
