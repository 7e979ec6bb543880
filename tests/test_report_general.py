"""What is said of all cells together: negative transfer, ranks, probabilities, profiles, and thresholds that move."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from fastmlp.report.comparisons import Comparisons, in_families
from fastmlp.report.general import general
from fastmlp.report.grid import Grid
from fastmlp.report.negative import negative, transferring
from fastmlp.report.sensitivity import LITTLE_A_CLASS, LITTLE_GRID, SIMILAR_FROM, SIMILAR_GRID
from fastmlp.report.summary import summarise
from tests.report_data import MadeUp, flat, large, some_lost, study

FOUR = ("baseline", "scratch", "frozen", "finetune")


def grid(data: MadeUp) -> Grid:
    return Grid.of(data.settings, data.rows)


def made_up(mean: Callable[[str, int], float], **options: Any) -> Grid:
    usual: dict[str, Any] = {"strategies": FOUR, "sizes": [20, 50], "seeds": 10, "spread": 0.002}
    return grid(study(mean, **usual | options))


# --- negative transfer


def looked_for(cells: Grid, names: Sequence[str], margin: float = 0.01) -> Any:
    made = Comparisons(cells, margin)
    in_families(cells, made)
    return negative(cells, names, made)


@pytest.mark.parametrize(
    ("frozen", "case"), [(0.7, "found"), (0.9, "ruled out"), (0.8, "ruled out")], ids=["worse", "better", "tied"]
)
def test_every_cell_has_its_case(frozen: float, case: str) -> None:
    found = looked_for(made_up(flat({"frozen": frozen})), ["frozen", "finetune"])
    assert found is not None
    assert [cell["case"] for cell in found["problems"][0]["cells"]] == [case, case]
    assert found["tested"] == 4
    assert (found["worst"] is not None) == (case == "found")


def test_a_cell_that_is_undecided_is_open() -> None:
    found = looked_for(made_up(flat({}), spread=0.05, seeds=3), ["frozen"])
    assert found is not None
    assert found["cells"] == {"found": 0, "open": 2, "ruled out": 0, "not tested": 0}


def test_one_seed_tests_nothing() -> None:
    found = looked_for(made_up(flat({}), seeds=1), ["frozen"])
    assert found is not None
    assert (found["tested"], found["cells"]["not tested"]) == (0, 2)


def test_it_is_corrected_over_all_cells() -> None:
    alone = looked_for(made_up(flat({"frozen": 0.797}), sizes=[20]), ["frozen"], 0.0)
    company = looked_for(made_up(flat({"frozen": 0.797}), sizes=[20, 50, 100, 200]), ["frozen"], 0.0)
    assert alone is not None
    assert company is not None
    mine, theirs = (found["problems"][0]["differences"][0] for found in (alone, company))
    assert mine["mean"] == theirs["mean"]
    assert mine["p_different"] < theirs["p_different"]


def test_a_scaler_that_harms_is_seen_beside_the_weights() -> None:
    means = {"frozen": 0.7, "scratch-source-scaler": 0.7}
    cells = made_up(flat(means), strategies=[*FOUR, "scratch-source-scaler"])
    found = looked_for(cells, ["frozen"])
    assert found is not None
    assert found["scaled_worse"] == 2
    without = looked_for(made_up(flat(means)), ["frozen"])
    assert without is not None
    assert without["scaled_worse"] is None


def test_only_what_starts_from_a_pretrained_network_transfers() -> None:
    data = study(flat({}), strategies=[*FOUR, "mine", "theirs"], seeds=2, sizes=[20])
    data.settings["strategies"] = {"mine": {"start": "random", "phases": [{}]}}
    assert transferring(grid(data)) == ["frozen", "finetune", "theirs"]


def test_without_scratch_nothing_is_looked_for() -> None:
    assert looked_for(made_up(flat({}), strategies=["frozen", "finetune"]), ["frozen", "finetune"]) is None
    assert looked_for(made_up(flat({}), strategies=["scratch"]), []) is None


# --- in general


def test_the_best_everywhere_has_the_first_rank_and_beats_all() -> None:
    found = general(made_up(lambda s, n: {"finetune": 0.9, "frozen": 0.7}.get(s, 0.8) + n / 1000), FOUR)
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
    found = general(made_up(lambda s, n: order[n].get(s, 0.8), strategies=FOUR[1:]), FOUR)
    assert found is not None
    assert found["agreement"]["case"] == "unlike"
    assert found["agreement"]["w"] == pytest.approx(0.0)


@pytest.mark.parametrize(
    "options",
    [{"strategies": ["scratch"]}, {"sizes": [20]}, {"status": "failed"}],
    ids=["one strategy", "one cell", "all failed"],
)
def test_a_single_strategy_or_cell_is_no_generality(options: dict[str, Any]) -> None:
    assert general(made_up(flat({}), **options), FOUR) is None


def test_one_seed_and_ties_are_no_errors() -> None:
    single = general(made_up(flat({}), seeds=1), FOUR)
    assert single is not None
    assert single["test"]["verdict"] == "not estimable"
    tied = general(made_up(flat({}), spread=0.0), FOUR)
    assert tied is not None
    assert {row["rank"]["mean"] for row in tied["ranks"]} == {2.5}
    assert tied["agreement"]["case"] == "not estimable"
    assert tied["leads"] == []


def test_cells_that_lack_a_strategy_are_not_ranked() -> None:
    found = general(grid(some_lost(study(sizes=[20, 50, 100], seeds=20))), FOUR)
    assert found is not None
    assert found["ranks"][0]["rank"]["n"] == 19  # of one seed there is no cell in which all have finished
    assert found["agreement"]["cells"] == 3


# --- thresholds


def test_the_declared_thresholds_are_on_the_grid() -> None:
    assert SIMILAR_FROM in SIMILAR_GRID
    assert LITTLE_A_CLASS in LITTLE_GRID
    data = large(strategies=["scratch", "frozen", "finetune", "probe-1", "probe-2"], seeds=6)
    matrix = summarise(data.settings, data.rows, data.meta)["matrix"]
    advice, moved = matrix["advice"], matrix["advice"]["sensitivity"]
    declared = moved["rows"][SIMILAR_GRID.index(SIMILAR_FROM)]["cells"][LITTLE_GRID.index(LITTLE_A_CLASS)]
    assert {mark: declared[mark] for mark in advice["counts"]} == advice["counts"]
    (rule,) = [r for r in matrix["regrets"] if r["advice"] == "CS231n’s rule"]
    assert declared["regret"]["mean"] == pytest.approx(rule["mean"])
    assert moved["choices"] == advice["choices"] == 20
