"""The chart: who stands at each end, by what is known of a task, and what verdicts allow to say of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fastmlp.report.chapters.chart.numbers import Branch, Numbers, numbers
from tests.report.test_sentences import said
from tests.report_data import MadeUp, flat, large, study_of

STRATEGIES = ("baseline", "scratch", "finetune", "zero-shot", "keep-head")
PROBLEMS = ("near", "far", "further", "spoilt")
ENDS = [(q, part) for q in ("head", "fits", "fits not", "unknown") for part in ("few", "many")]


def data(means: dict[str, float], heads: tuple[str, ...] = ("near",)) -> MadeUp:
    """The first problem keeps its head, which is right; the second is similar, the third is not, the last a control."""
    mean = flat({"zero-shot": 0.9, "scratch": 0.7, "baseline": 0.72, "finetune": 0.8, "keep-head": 0.93} | means)
    made = large(mean, strategies=STRATEGIES, problems=PROBLEMS, sizes=(20, 50, 200), seeds=8, spread=0.002)
    similarity = dict(zip(PROBLEMS, (0.9, 0.8, 0.1, 0.1), strict=True))
    kept = [row for row in made.rows if row["problem"] in heads or row["strategy"] not in {"zero-shot", "keep-head"}]
    made.rows = [
        row | {"h_score": 2.0 + similarity[row["problem"]], "h_score_random": 2.0, "h_score_target": 3.0}
        for row in kept
    ]
    facts = json.loads(made.meta["problem:near"])
    made.meta["problem:spoilt"] = json.dumps(facts | {"control": True})
    return made


def chart(made: MadeUp) -> Numbers:
    found = numbers(study_of(made))
    assert found is not None
    return found


def ends(found: Numbers) -> dict[tuple[str, str], Any]:
    return {(branch["question"], end["labels"]): end for branch in found["branches"] for end in branch["ends"]}


def test_problems_stand_at_the_end_of_what_is_known_of_them_and_controls_at_none() -> None:
    found = chart(data({}))
    assert {branch["question"]: branch["problems"] for branch in found["branches"]} == {
        "head": ["near"],
        "fits": ["far"],
        "fits not": ["further"],
        "unknown": ["far", "further"],
    }
    assert list(ends(found)) == ENDS


def test_the_highest_mean_is_named_with_its_verdicts() -> None:
    found = ends(chart(data({})))
    assert {key: end["top"] for key, end in found.items()} == {
        (q, part): "keep-head" if q == "head" else "finetune" for q, part in ENDS
    }
    end = found["head", "few"]
    place = end["strategies"].index("keep-head")
    assert end["case"] == "network"
    assert end["from_baseline"][place]["verdict"] == "better"
    assert end["from_baseline"][place]["mean"] == pytest.approx(0.21, abs=0.01)
    assert end["from_scratch"][end["strategies"].index("scratch")] is None
    assert "keep-head**" in (text := said("end", end, {"baseline": "baseline"})).replace("`", "")
    assert "points against `baseline`" in text


@pytest.mark.parametrize(
    ("means", "case", "words"),
    [
        ({"baseline": 0.9}, "baseline", "No network has a higher mean."),
        ({"baseline": 0.8, "finetune": 0.8005}, "open", "which may be the best."),
        ({"finetune": 0.9}, "network", "points against `scratch`"),
    ],
)
def test_each_outcome_has_its_words(means: dict[str, float], case: str, words: str) -> None:
    end = ends(chart(data(means)))["unknown", "many"]
    assert end["case"] == case
    assert words in said("end", end, {"baseline": "baseline"})


def test_a_head_that_is_no_better_than_guessing_is_no_reason_to_keep_it() -> None:
    found = chart(data({"zero-shot": 0.4}))
    assert "head" not in {branch["question"] for branch in found["branches"]}
    assert found["branches"][0]["problems"] == ["near", "far"]


def test_a_strategy_that_not_all_problems_of_an_end_have_is_not_chosen_there() -> None:
    end = ends(chart(data({"zero-shot": 0.4}, heads=("near", "further"))))["fits", "few"]
    assert set(end["strategies"]) == {"baseline", "scratch", "finetune"}


def test_there_is_no_chart_without_a_choice() -> None:
    made = data({})
    assert numbers(study_of(large(strategies=("scratch", "finetune"), problems=PROBLEMS, seeds=2))) is None
    made.settings["grid"]["sizes"] = [20, 50]
    made.rows = [row for row in made.rows if row["n_target"] <= 50]
    assert numbers(study_of(made)) is None


def test_an_unknown_question_is_an_error() -> None:
    branch: Branch = {"question": "?", "problems": [], "ends": []}  # type: ignore[typeddict-item]
    with pytest.raises(LookupError, match="no sentence"):
        said("question", branch, {})


def test_unstable_trainings_behind_an_end_are_told() -> None:
    made = data({})
    for row in made.rows:
        if (row["problem"], row["strategy"], row["n_target"]) == ("far", "finetune", 20):
            row["losses"] = [*row["losses"][:-1], 9.0]
    found = ends(chart(made))
    assert {key: (end["unsteady"], end["cells"]) for key, end in found.items() if end["unsteady"]} == {
        ("fits", "few"): (1, 2),
        ("unknown", "few"): (1, 4),
    }
    words = said("end", found["fits", "few"], {"baseline": "baseline"})
    assert words.endswith("In 1 of the 2 cells behind this, trainings are unstable often.")
