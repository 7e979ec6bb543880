"""A smaller source against scratch, and the largest against the smallest."""

from __future__ import annotations

import numpy as np
import pytest

from fastmlp.report.chapters.amount.figures import amount
from fastmlp.report.chapters.amount.numbers import Numbers, numbers
from fastmlp.report.chapters.amount.tables import amounts
from tests.report.test_sentences import said
from tests.report_data import MadeUp, large, study_of

STRATEGIES = ("scratch", "frozen", "finetune")


def data(gain: float = 0.05) -> MadeUp:
    """A study in which each factor of ten in the source is worth a gain, on one of two problems."""
    made = large(strategies=STRATEGIES, problems=("same", "parity"), seeds=8)
    made.rows += [
        row
        | {
            "varied": "source",
            "replicate": 20 * ratio,
            "accuracy": row["accuracy"] + step * (worth + 0.001 * (row["seed"] % 3)),
        }
        for row in made.rows
        if row["n_target"] == 20 and row["strategy"] != "scratch" and not row.get("varied")
        for worth in [gain if row["problem"] == "same" else 0.0]
        for step, ratio in enumerate((1, 10, 100))
        if ratio < 100 or row["problem"] == "same"
    ]
    return made


def found(made: MadeUp) -> Numbers:
    result = numbers(study_of(made))
    assert result is not None
    return result


def test_lines_are_by_ratio_and_what_was_not_run_is_left_open() -> None:
    chapter = found(data())
    assert chapter["ratios"] == [1, 10, 100]
    lines = {(line["problem"], line["strategy"]): line for line in chapter["lines"]}
    assert set(lines) == {(p, s) for p in ("same", "parity") for s in ("frozen", "finetune")}
    same, parity = lines["same", "frozen"], lines["parity", "frozen"]
    assert parity["differences"][2] is None
    assert (same["largest"], parity["largest"]) == (100, 10)
    assert same["more"] is not None
    assert parity["more"] is not None
    assert same["more"]["mean"] == pytest.approx(0.1, abs=2e-3)
    assert same["more"]["verdict"] == "better"
    assert parity["more"]["verdict"] != "better"
    assert (chapter["better"], chapter["worse"]) == (2, 0)


def test_the_differences_are_from_scratch_seed_by_seed() -> None:
    made = data()
    study = study_of(made)
    (line,) = (x for x in found(made)["lines"] if (x["problem"], x["strategy"]) == ("same", "frozen"))
    expected = (study.curve("same", "frozen") - study.curve("same", "scratch"))[:, 0].mean()
    assert line["differences"][0] is not None
    assert line["differences"][0]["mean"] == pytest.approx(expected, abs=1e-9)


def test_the_table_has_a_column_for_each_ratio() -> None:
    table = amounts(dict(found(data())))
    assert [column["head"]["value"] for column in table["columns"][3:6]] == [1, 10, 100]
    assert all(len(row) == len(table["columns"]) for row in table["rows"])


@pytest.mark.parametrize(("gain", "words"), [(0.05, "gains"), (-0.05, "loses")])
def test_gains_and_losses_have_their_sentences(gain: float, words: str) -> None:
    chapter = found(data(gain))
    lines = [said("larger_line", line) for line in chapter["lines"]]
    assert sum(words in line for line in lines) == 2
    assert "100 source examples for each label" in "".join(lines)
    assert "of 4 strategies and problems are" in said("larger_source", chapter)
    assert "Nothing could be compared" in said("larger_source", {**chapter, "tested": 0})


def test_other_replicates_are_no_smaller_sources_and_the_reverse() -> None:
    study = study_of(data())
    assert {row["varied"] for row in study.replicates} == {"subset", "weights"}
    assert numbers(study_of(large(seeds=2))) is None


def test_the_figure_shows_one_strategy_in_one_place_each() -> None:
    chapter = found(data())
    assert [(line["problem"], line["strategy"]) for line in chapter["drawn"]] == [
        ("same", "finetune"),
        ("parity", "finetune"),
    ]
    figure = amount({"ratios": chapter["ratios"], "lines": chapter["drawn"]}, 700)
    first, second = (line for line in figure.axes[0].lines if line.get_marker() != "None")
    assert [np.size(line.get_xdata()) for line in (first, second)] == [3, 2]
