"""One source, prepared in two ways: what is compared, and what may be said of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fastmlp.report.chapters.preparation.numbers import Numbers, numbers
from tests.report.test_sentences import said
from tests.report_data import MadeUp, large, study_of

STRATEGIES = ("baseline", "scratch", "frozen", "finetune", "scratch-source-scaler", "partial-1", "bitfit", "lora-4")


def data(naive: float = -0.3, alike: float = 0.1) -> MadeUp:
    """A study in which what transfers is above scratch on mnist, and below it on mnist-naive."""
    made = large(strategies=STRATEGIES, problems=("mnist", "mnist-naive", "parity"), seeds=8)
    shift = {"mnist": alike, "mnist-naive": naive, "parity": 0.0}
    for row in made.rows:
        if row["strategy"] in {"frozen", "finetune", "partial-1", "bitfit", "lora-4"} and row["accuracy"] is not None:
            noise = 0.001 * (row["seed"] % 3) * (row["problem"] == "mnist")
            row["accuracy"] = row["accuracy"] - 0.1 + shift[row["problem"]] + noise
    return made


def found(made: MadeUp) -> Numbers:
    result = numbers(study_of(made))
    assert result is not None
    return result


def test_strategies_are_compared_across_the_two_problems() -> None:
    chapter = found(data())
    assert {row["strategy"] for row in chapter["rows"]} == {"finetune", "frozen", "scratch", "baseline"}
    differences = {row["strategy"]: row["difference"] for row in chapter["told"]}
    assert set(differences) == {"finetune", "frozen"}
    for difference in differences.values():
        assert difference is not None
        assert difference["mean"] == pytest.approx(0.4, abs=0.02)
        assert difference["verdict"] == "better"


def test_what_turns_is_told_as_that() -> None:
    chapter = found(data())
    assert chapter["case"] == "turns"
    assert chapter["naive"]["worse"] == chapter["naive"]["tested"] > 0
    assert "hurt if they were only made as small" in said("prepared_case", chapter)
    assert "Only made small, 15 of" not in said("prepared_counts", chapter["naive"], "Only made small")
    assert "is better, and" in said("prepared_counts", {**chapter["naive"], "better": 1}, "Only made small")


@pytest.mark.parametrize(("naive", "case"), [(0.1, "helps"), (0.15, "unclear")])
def test_less_is_not_told_as_more(naive: float, case: str) -> None:
    chapter = found(data(naive=naive, alike=0.15))
    assert chapter["case"] == case
    assert said("prepared_case", chapter).endswith(".")


def test_a_case_without_a_sentence_is_an_error() -> None:
    with pytest.raises(LookupError, match="no sentence"):
        said("prepared_case", {"case": "?"})


@pytest.mark.parametrize("lacking", ["scratch", "mnist-naive"])
def test_without_a_side_there_is_no_chapter(lacking: str) -> None:
    strategies = tuple(s for s in STRATEGIES if s != lacking)
    problems = tuple(p for p in ("mnist", "mnist-naive", "parity") if p != lacking)
    assert numbers(study_of(large(strategies=strategies, problems=problems, seeds=2))) is None


def test_inputs_and_zero_shot_are_told_where_they_are_known() -> None:
    made = data()
    assert said("prepared_inputs", found(made)["naive"]) == ""
    inputs = {"largest_mean_shift": 2.0, "largest_input": 40.0, "outside_source_range": 0.25}
    noted: dict[str, Any] = json.loads(made.meta["problem:mnist-naive"]) | {"inputs": inputs}
    made.meta["problem:mnist-naive"] = json.dumps(noted)
    assert "`mnist-naive` the largest input of the target pool is 40 standard" in said(
        "prepared_inputs", found(made)["naive"]
    )
    assert said("prepared_zero_shot", found(made)) == ""
    means = [{"zero_shot": {"mean": mean}} for mean in (0.8, 0.1)]
    assert "right on 80.0 % of" in said(
        "prepared_zero_shot", dict(zip(("alike", "naive"), means, strict=True))
    ).replace("\N{NO-BREAK SPACE}", " ")
