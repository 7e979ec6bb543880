"""The summary: numbers by hand, JSON, and the grid it is made from."""

from __future__ import annotations

import json
import math

import pytest

from fastmlp.report import tables
from fastmlp.report.chapters.baseline.tables import measures
from fastmlp.report.chapters.comparison.tables import answers, comparisons
from fastmlp.report.chapters.data.tables import split
from fastmlp.report.chapters.pretraining.tables import h_scores
from fastmlp.report.chapters.reproducibility.tables import counts, listing
from fastmlp.report.grid import Grid, firsts, number
from fastmlp.report.render import to_markdown
from tests.report_data import META, MadeUp, flat, large, settings, study, summary_of


def by_hand() -> MadeUp:
    """Two strategies, one size, three seeds, whose numbers can be worked on paper."""
    s = settings(strategies=["scratch", "finetune"], sizes=[20], seeds=3)
    values = {"scratch": (0.70, 0.72, 0.74), "finetune": (0.80, 0.83, 0.86)}
    rows = [
        {"problem": "parity", "strategy": name, "n_target": 20, "seed": seed, "status": "ok", "accuracy": value}
        for name, column in values.items()
        for seed, value in enumerate(column)
    ]
    return MadeUp(s, rows, {})


def test_mean_and_interval_by_hand() -> None:
    cell = summary_of(by_hand())["problems"][0]["measures"]["scratch"][0]
    # mean 0.72, sd 0.02, t(0.975, 2 degrees of freedom) = 4.30265: 0.72 ± 4.30265 * 0.02 / sqrt(3) = 0.72 ± 0.04968
    assert cell["accuracy"]["mean"] == pytest.approx(0.72)
    assert cell["accuracy"]["low"] == pytest.approx(0.72 - 0.049683, abs=1e-6)
    assert cell["accuracy"]["high"] == pytest.approx(0.72 + 0.049683, abs=1e-6)
    assert (cell["ok"], cell["missing"]) == (3, 0)


def test_comparison_by_hand() -> None:
    (comparison,) = summary_of(by_hand())["problems"][0]["comparisons"]["question"]
    # finetune - scratch: 0.10, 0.11, 0.12; mean 0.11, sd 0.01; t = 0.11 / (0.01 / sqrt(3)) = 19.05, p = 0.00274
    assert (comparison["first"], comparison["second"], comparison["n"]) == ("finetune", "scratch", 3)
    assert comparison["mean"] == pytest.approx(0.11)
    assert comparison["p_different"] == pytest.approx(0.00274, abs=1e-5)
    assert comparison["verdict"] == "better"


def test_seeds_that_only_one_has_finished_are_not_compared() -> None:
    data = by_hand()
    data.rows[0]["status"] = "diverged"
    (comparison,) = summary_of(data)["problems"][0]["comparisons"]["question"]
    assert (comparison["n"], comparison["planned"]) == (2, 3)
    assert comparison["mean"] == pytest.approx(0.115)


def test_a_result_that_is_not_finite_is_not_averaged() -> None:
    data = by_hand()
    data.rows[0]["accuracy"] = math.nan
    data.rows[1]["accuracy"] = None
    cell = summary_of(data)["problems"][0]["measures"]["scratch"][0]
    assert cell["accuracy"]["n"] == 1
    assert cell["accuracy"]["reason"] == "one seed"


def test_similarity_by_hand() -> None:
    data = by_hand()
    for row in data.rows:
        row |= {
            "source_accuracy": 0.9,
            "h_score_random": 2.0,
            "h_score": 2.5 + 0.1 * row["seed"],
            "h_score_target": 4.0,
        }
    similarity = summary_of(data)["problems"][0]["pretraining"]["similarity"]
    # (0.5 + 0.6 + 0.7) / 3 / (4 - 2) = 0.3, one pretraining a seed however many trials started from it
    assert similarity["mean"] == pytest.approx(0.3)
    assert (similarity["n"], similarity["case"]) == (3, "partial")


def test_curve_is_median_and_range_over_seeds() -> None:
    data = by_hand()
    for row in data.rows:
        row["losses"] = [2.0 - row["seed"] * 0.5, 0.3 + row["seed"] * 0.1]
    curve = summary_of(data)["numbers"]["transfer"]["curves"]["parity"][0]
    assert curve["epochs"] == [1, 2]
    assert curve["median"] == pytest.approx([1.5, 0.4])
    assert curve["low"] == pytest.approx([1.0, 0.3])
    assert curve["high"] == pytest.approx([2.0, 0.5])


def test_curves_are_of_the_smallest_and_the_largest_size() -> None:
    curves = summary_of(study(seeds=2))["numbers"]["transfer"]["curves"]["parity"]
    assert sorted({c["n_target"] for c in curves}) == [20, 500]
    assert {c["strategy"] for c in curves} == {"scratch", "frozen", "finetune"}


def test_a_family_is_corrected_together() -> None:
    """The same numbers with more company: p-values can only grow."""
    alone = summary_of(study(strategies=["scratch", "finetune"], sizes=[200]))["problems"][0]["comparisons"]["question"]
    company = summary_of(study(strategies=["scratch", "finetune", "frozen"]))["problems"][0]["comparisons"]["question"]
    same = next(c for c in company if c["n_target"] == 200 and {c["first"], c["second"]} == {"scratch", "finetune"})
    assert same["mean"] == alone[0]["mean"]
    assert same["p_different"] >= alone[0]["p_different"]


def test_families_of_the_lab() -> None:
    comparisons = summary_of(study(seeds=2, sizes=[20]))["problems"][0]["comparisons"]
    pairs = {kind: [(c["first"], c["second"]) for c in family] for kind, family in comparisons.items()}
    assert pairs == {
        "question": [("frozen", "scratch"), ("finetune", "scratch"), ("finetune", "frozen")],
        "baseline": [("scratch", "baseline"), ("frozen", "baseline"), ("finetune", "baseline")],
        "scaler": [
            ("baseline-source-scaler", "baseline"),
            ("scratch-source-scaler", "scratch"),
        ],
        "weights": [("frozen", "scratch-source-scaler"), ("finetune", "scratch-source-scaler")],
    }


def test_replicates_are_no_trials_of_the_grid() -> None:
    data = study(seeds=2, sizes=[20])
    again = [row | {"varied": "order", "replicate": 1, "accuracy": 0.0} for row in data.rows[:3]]
    grid = Grid.of(data.settings, [*again, *data.rows])
    assert dict(grid.trials) == dict(Grid.of(data.settings, data.rows).trials)
    assert [row["accuracy"] for row in grid.trials.rows()] == [row["accuracy"] for row in data.rows]
    assert ("parity", "scratch", 20, 7) not in grid.trials
    assert ("parity", "none", 20, 0) not in grid.trials


def test_of_trials_that_are_the_same_the_first_counts() -> None:
    keys = [f"key {k % 300}" for k in range(1000)]
    assert firsts(keys, len(keys)).tolist() == [k < 300 for k in range(1000)]


def test_plan_says_what_a_family_of_strategies_became() -> None:
    data = study(flat({}), strategies=["partial-1", "partial-2"], seeds=1, sizes=[20])
    data.settings["strategies"] = ["partial-k"]
    assert summary_of(data)["study"]["strategies"] == ["partial-1", "partial-2"]


def test_a_row_that_is_not_there_is_missing() -> None:
    data = study(seeds=3, sizes=[20])
    del data.rows[0]
    counts = summary_of(data)["counts"]
    assert (counts["planned"], counts["ok"], counts["missing"]) == (18, 17, 1)


def test_notes_of_the_store_are_not_quoted() -> None:
    data = study(seeds=1, sizes=[20])
    data.meta = {**META, "rendered": "abc", "schema": "1"}
    assert {m["name"] for m in summary_of(data)["numbers"]["reproducibility"]["notes"]} == {
        "backend",
        "cpu",
        "started",
        "version_fastmlp",
    }


@pytest.mark.parametrize("value", [None, math.nan, math.inf, "1"])
def test_number_is_finite_or_nothing(value: object) -> None:
    assert number({"x": value}, "x") is None
    assert number({}, "x") is None


def test_summary_is_json_without_nan() -> None:
    data = study(flat({}), spread=0.0)
    text = json.dumps(summary_of(data), allow_nan=False)
    assert json.loads(text)["study"]["name"] == "lab"


def test_a_shift_is_told_of_by_its_column_alone() -> None:
    data = large(strategies=["scratch", "finetune"], problems=["parity"], sizes=[20], seeds=3)
    data.rows = [row | {"accuracy_blurred": 0.5} for row in data.rows]
    (inside,) = summary_of(data)["numbers"]["inside"]["problems"]
    assert inside["shifts"] == ["rotated", "noisy", "inverted", "blurred"]
    assert inside["rows"][0]["shifts"]["blurred"]["mean"] == 0.5
    assert [c["what"] for c in inside["shifted"]] == inside["shifts"]


# --- tables


def test_tables_are_rectangular() -> None:
    s = summary_of(study(seeds=2))
    problem = s["problems"][0]
    standings = s["numbers"]["comparison"]["problems"]["parity"]["standings"]
    made = [
        tables.accuracy(problem["main"]),
        measures(problem["measures"]["baseline"]),
        tables.training(problem["measures"]["scratch"]),
        comparisons(problem["comparisons"]["question"]),
        answers(standings, problem["comparisons"]["baseline"]),
        tables.curves(s["numbers"]["transfer"]["curves"]["parity"]),
        counts(s["counts"]),
        h_scores(problem["pretraining"]),
        split(problem["facts"]),
        listing(s["numbers"]["reproducibility"]["notes"]),
    ]
    for table in made:
        assert {len(row) for row in table["rows"]} == {len(table["columns"])}


def test_epochs_of_a_table_begin_and_end_with_the_training() -> None:
    table = tables.curves(summary_of(study(seeds=2))["numbers"]["transfer"]["curves"]["parity"])
    epochs = [row[0]["value"] for row in table["rows"]]
    assert (epochs[0], epochs[-1]) == (1, 60)
    assert len(epochs) < 10


def test_sizes_that_a_problem_has_too_few_examples_for_are_in_no_count() -> None:
    data = large(seeds=3, sizes=(20, 100, 500))
    data.rows = [row for row in data.rows if (row["problem"], row["n_target"]) != ("parity", 500)]
    summary = summary_of(data)
    assert (summary["counts"]["missing"], summary["study"]["cells"]) == (0, 11)
    assert summary["numbers"]["general"]["cells"] == summary["numbers"]["answer"]["winners"]["cells"] == 11
    parity = next(p for p in summary["numbers"]["answer"]["pooled"]["problems"] if p["name"] == "parity")
    assert all(d["mean"] is not None for d in parity["differences"]["all"])
    by_size = {c["n_target"]: c for c in summary["numbers"]["answer"]["negative"]["problems"][-1]["cells"]}
    assert by_size[500]["case"] == "not tested"


def test_problems_that_were_left_out_are_named() -> None:
    data = study(seeds=2)
    assert summary_of(data)["study"]["lacking"] == {}
    data.meta["lacking"] = '{"mnist": ["mnist"]}'
    assert summary_of(data)["study"]["lacking"] == {"mnist": ["mnist"]}
    assert "Problem `mnist`: `fastmlp data get mnist`." in to_markdown(summary_of(data))
