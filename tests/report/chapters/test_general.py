"""What is said of all cells together: ranks, probabilities of improvement, profiles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fastmlp.report.chapters.general.numbers import Numbers, numbers
from tests.report_data import MadeUp, flat, some_lost, study, study_of

FOUR = ("baseline", "scratch", "frozen", "finetune")


def made_up(mean: Callable[[str, int], float], **options: Any) -> MadeUp:
    usual: dict[str, Any] = {"strategies": FOUR, "sizes": [20, 50], "seeds": 10, "spread": 0.002}
    return study(mean, **usual | options)


def general(data: MadeUp) -> Numbers | None:
    return numbers(study_of(data))


def test_the_best_everywhere_has_the_first_rank_and_beats_all() -> None:
    found = general(made_up(lambda s, n: {"finetune": 0.9, "frozen": 0.7}.get(s, 0.8) + n / 1000))
    assert found is not None
    first, *_, last = found["ranks"]
    assert (first["strategy"], first["rank"]["mean"]) == ("finetune", 1.0)
    assert (last["strategy"], last["rank"]["mean"]) == ("frozen", 4.0)
    assert [b["case"] for b in first["beats"].values()] == ["likely", "likely"]
    assert [b["case"] for b in last["beats"].values()] == ["unlikely"] * 3
    assert [run["strategy"] for run in found["leads"]] == ["finetune"]
    assert found["behind"] == 3


def test_cells_that_disagree_are_said_to() -> None:
    order = {20: {"scratch": 0.9, "frozen": 0.8, "finetune": 0.7}, 50: {"scratch": 0.7, "frozen": 0.8, "finetune": 0.9}}
    found = general(made_up(lambda s, n: order[n].get(s, 0.8), strategies=FOUR[1:]))
    assert found is not None
    assert found["agreement"]["case"] == "unlike"
    assert found["agreement"]["w"] == pytest.approx(0.0)


@pytest.mark.parametrize(
    "options",
    [{"strategies": ["scratch"]}, {"sizes": [20]}, {"status": "failed"}],
    ids=["one strategy", "one cell", "all failed"],
)
def test_a_single_strategy_or_cell_is_no_generality(options: dict[str, Any]) -> None:
    assert general(made_up(flat({}), **options)) is None


def test_one_seed_and_ties_are_no_errors() -> None:
    single = general(made_up(flat({}), seeds=1))
    assert single is not None
    assert single["test"]["verdict"] == "not estimable"
    tied = general(made_up(flat({}), spread=0.0))
    assert tied is not None
    assert {row["rank"]["mean"] for row in tied["ranks"]} == {2.5}
    assert tied["agreement"]["case"] == "not estimable"
    assert tied["leads"] == []


def test_cells_that_lack_a_strategy_are_not_ranked() -> None:
    found = general(some_lost(study(sizes=[20, 50, 100], seeds=20)))
    assert found is not None
    assert found["ranks"][0]["rank"]["n"] == 19  # of one seed there is no cell in which all have finished
    assert found["agreement"]["cells"] == 3


def test_accuracy_over_all_cells_is_the_interquartile_mean_over_seeds() -> None:
    data = study(flat({}), strategies=["scratch", "frozen"], sizes=[20, 50], seeds=8)
    for row in data.rows:
        row["accuracy"] = 0.5 + 0.01 * row["seed"] + 0.1 * (row["n_target"] == 50) + 0.3 * (row["seed"] == 7)
    found = general(data)
    assert found is not None
    # Means over the two cells: 0.55, 0.56, ..., 0.61, and 0.92; two of eight are left out at each end
    assert found["ranks"][0]["accuracy"]["mean"] == pytest.approx((0.57 + 0.58 + 0.59 + 0.60) / 4)
