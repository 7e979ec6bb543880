"""CS231n's rule: its thresholds, which count labels per class of each problem's own target task."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastmlp.report.chapters.decisions.advice import LITTLE_PER_CLASS, Rule
from fastmlp.report.chapters.decisions.numbers import Numbers, numbers
from fastmlp.report.chapters.decisions.regret import NEAREST, RULE
from fastmlp.report.chapters.decisions.sensitivity import LITTLE_GRID, SIMILAR_GRID
from fastmlp.report.chapters.decisions.worth import arrange
from fastmlp.report.render import to_markdown
from fastmlp.report.study import SIMILAR_FROM, Study
from tests.report.test_sentences import said
from tests.report_data import AXIS, MadeUp, large, study_of, summary_of

STRATEGIES = ("scratch", "frozen", "finetune", "probe-1")
BY_PROBLEM = {"same": 10, "halves": 5, "halves-self": 5, "parity": 20}


def with_classes(classes: dict[str, int | None], problems: tuple[str, ...] = AXIS) -> MadeUp:
    """A study on an axis of similarity whose target tasks have so many classes, or have noted no number."""
    data = large(strategies=STRATEGIES, problems=AXIS, sizes=(20, 50, 100, 200), seeds=4)
    data.rows = sorted(data.rows, key=lambda row: problems.index(row["problem"]))
    facts = json.loads(data.meta["problem:parity"])
    data.meta |= {f"problem:{p}": json.dumps(facts | {"target_classes": k}) for p, k in classes.items()}
    return data


def decided(data: MadeUp) -> Numbers:
    found = numbers(study_of(data))
    assert found is not None
    return found


def test_the_declared_thresholds_are_on_the_grid() -> None:
    assert SIMILAR_FROM in SIMILAR_GRID
    assert LITTLE_PER_CLASS in LITTLE_GRID
    found = decided(large(strategies=["scratch", "frozen", "finetune", "probe-1", "probe-2"], seeds=6))
    advice, moved = found["advice"], found["sensitivity"]
    assert advice is not None
    assert moved is not None
    declared = moved["rows"][SIMILAR_GRID.index(SIMILAR_FROM)]["cells"][LITTLE_GRID.index(LITTLE_PER_CLASS)]
    outcomes = {
        "agrees": declared["agrees"],
        "contradicted": declared["contradicted"],
        "undecided": declared["undecided"],
    }
    assert {mark: outcomes.get(mark) for mark in advice["counts"]} == advice["counts"]
    (rule,) = [r for r in found["regrets"] if r["advice"] == "CS231n’s rule"]
    assert declared["regret"]["mean"] == pytest.approx(rule["mean"])
    assert moved["choices"] == 20


def test_little_data_is_so_many_labels_for_each_class_of_a_problem() -> None:
    rule = Rule.of(study_of(with_classes(dict(BY_PROBLEM))), AXIS)
    assert rule.little_to(LITTLE_PER_CLASS) == [100, 50, 50, 200]
    unknown = Rule.of(study_of(with_classes({"halves": None})), AXIS)
    assert unknown.little_to(2) == [20] * 4


def test_what_is_advised_changes_with_the_classes_of_the_problem() -> None:
    problems = ("same",)
    rules = [Rule.of(study_of(with_classes({"same": classes})), problems) for classes in (5, 10)]
    taken = [rule.choice(SIMILAR_FROM, LITTLE_PER_CLASS).tolist() for rule in rules]
    frozen, finetune = STRATEGIES.index("frozen"), STRATEGIES.index("finetune")
    assert taken == [[frozen, frozen, finetune, finetune], [frozen, frozen, frozen, finetune]]


@settings(max_examples=5, deadline=None)
@given(st.permutations(AXIS))
def test_the_order_of_problems_decides_nothing(problems: list[str]) -> None:
    planned, moved = (decided(with_classes(dict(BY_PROBLEM), order)) for order in (AXIS, tuple(problems)))
    assert planned["advice"] == moved["advice"]
    for one, other in ((planned["sensitivity"], moved["sensitivity"]),):
        assert one is not None
        assert other is not None
        for a, b in zip(one["rows"], other["rows"], strict=True):
            assert [(c["agrees"], c["contradicted"]) for c in a["cells"]] == [
                (c["agrees"], c["contradicted"]) for c in b["cells"]
            ]
            assert [c["regret"]["mean"] for c in a["cells"]] == pytest.approx([c["regret"]["mean"] for c in b["cells"]])
    costs = [{r["advice"]: r["mean"] for r in found["regrets"]} for found in (planned, moved)]
    assert costs[0] == pytest.approx(costs[1])


@pytest.mark.parametrize(
    ("classes", "words"),
    [
        ({}, "few up to 10 per class, which is 100 in all;"),
        (
            BY_PROBLEM,
            "few up to 10 per class, which is 50 to 200 in all, because target tasks differ in their number of",
        ),
    ],
    ids=["alike", "different"],
)
def test_the_book_says_what_few_labels_are(classes: dict[str, int | None], words: str) -> None:
    text = to_markdown(summary_of(with_classes(classes)))
    assert words in text
    assert all(f"up to {k} labels per class" in text.replace("\N{NO-BREAK SPACE}", " ") for k in LITTLE_GRID)


def test_without_contestants_to_choose_from_there_is_no_chapter() -> None:
    assert numbers(study_of(large(strategies=["baseline", "scratch"]))) is None


def test_without_a_similarity_there_is_no_advice() -> None:
    data = large(strategies=STRATEGIES, seeds=4)
    data.rows = [row | {"h_score": None} for row in data.rows]
    found = numbers(Study(data.settings, data.rows, data.meta))
    assert found is not None
    assert (found["advice"], found["sensitivity"]) == (None, None)
    assert [r["advice"] for r in found["regrets"]] == [
        *("always finetune", "always frozen", "always scratch"),
        "one at random",
    ]


def sharing_targets(problems: tuple[str, ...] = AXIS) -> MadeUp:
    """A study in which the problems of an axis have two target tasks: the digits, and halves of them."""
    data = with_classes({}, problems)
    for row in data.rows:
        if row["strategy"] == "scratch" and "halves" in row["problem"]:
            row["key"] = f"half {row['key']}"
    return data


def test_what_was_best_elsewhere_is_asked_of_another_target() -> None:
    study = study_of(sharing_targets())
    assert study.targets == {"same": "same", "halves": "halves", "halves-self": "halves", "parity": "same"}
    found = {r["advice"]: r for r in decided(sharing_targets())["regrets"]}
    assert found[NEAREST]["cells"] == len(AXIS) * 4
    assert NEAREST not in {r["advice"] for r in decided(with_classes({}))["regrets"]}, "all have one target"


def test_what_nobody_can_know_is_called_an_oracle() -> None:
    found = decided(sharing_targets())
    assert {r["advice"] for r in found["regrets"] if r["oracle"]} == {RULE, NEAREST}
    text = said("regrets", found["regrets"])
    cheapest = min(found["regrets"], key=lambda r: r["mean"] or 0.0)
    assert ("needs an oracle" in text) == cheapest["oracle"]


def test_a_source_is_chosen_without_the_target_itself_too() -> None:
    data = with_classes({})
    data.rows = [
        row
        | ({"domain_distance": 0.25, "leep": -1.0} if row["problem"] != "halves" else {"domain_distance": 0.5})
        | ({"accuracy": row["accuracy"] - 0.2} if (row["problem"], row["strategy"]) == ("parity", "finetune") else {})
        for row in data.rows
    ]
    sources = decided(data)["sources"]
    assert sources is not None
    assert [r["advice"] for r in sources["regrets"]] == [r["advice"] for r in sources["harder"]]
    costs = {r["advice"]: r["mean"] for r in sources["regrets"]}
    # The distance cannot tell three sources apart, one of which is 20 points behind
    assert costs["the source with the smallest distance of the inputs"] == pytest.approx(0.2 / 3, abs=0.01)


def test_the_cases_of_the_rule_add_up_to_the_whole() -> None:
    found = decided(with_classes(dict(BY_PROBLEM)))
    cases, advice = found["quadrants"], found["advice"]
    assert cases is not None
    assert advice is not None
    for mark in ("agrees", "contradicted", "undecided"):
        assert sum(q[mark] for q in cases) == advice["counts"].get(mark, 0)
    (rule,) = [r for r in found["regrets"] if r["advice"] == RULE]
    costs = [(q["cells"], q["regret"]["mean"]) for q in cases]
    assert rule["mean"] == pytest.approx(sum(n * mean for n, mean in costs if mean is not None) / rule["cells"])
    assert {q["advice"]: q["representative"] for q in cases} == {
        "linear on top": "frozen",
        "linear lower down": "probe-1",
        "fine-tune": "finetune",
        "fine-tune or scratch": "finetune",
    }


def test_agreement_is_told_beside_chance() -> None:
    found = decided(with_classes(dict(BY_PROBLEM)))["quadrants"]
    assert found is not None
    for more, words in ((True, "In each case more cells agree"), (False, "In no case do more cells agree")):
        assert words in said("quadrants", [q | {"beyond_chance": more} for q in found])
    mixed = [q | {"beyond_chance": q["advice"] == "fine-tune"} for q in found]
    assert "than chance would give for “fine-tune”, and no more for" in said("quadrants", mixed)
    assert "No strategy that is advised" in said("quadrants", [q | {"beyond_chance": None} for q in found])


def test_the_lecture_is_held_against_the_notes() -> None:
    data = with_classes(dict(BY_PROBLEM))
    for row in data.rows:
        row["accuracy"] = 0.5 + row["n_target"] / 1000 + 0.2 * (row["strategy"] == "finetune") + row["seed"] / 1000
    study = study_of(data)
    source, labels = decided(data)["lecture"]
    few = {"halves": (20, 50), "halves-self": (20, 50), "parity": (20, 50, 100, 200)}
    cells = [(p, n) for p in few for n in few[p] if (study.similarity(p) or 0) < SIMILAR_FROM]
    assert (source["way"], source["strategy"], source["cells"]) == ("another source", "finetune", len(cells))
    assert source["mean"] == pytest.approx(0.2)
    steps = {20: 0.03, 50: 0.05, 100: 0.1}
    assert (labels["way"], labels["strategy"]) == ("more labels", "probe-1")
    assert labels["mean"] == pytest.approx(sum(steps[n] for _, n in cells if n in steps) / labels["cells"])
    data.rows = [row for row in data.rows if (row["problem"], row["n_target"]) != ("parity", 200)]
    fewer = decided(data)["lecture"]
    assert [way["cells"] for way in fewer] == [source["cells"] - 1, labels["cells"] - 1]
    assert fewer[0]["mean"] == pytest.approx(0.2)
    assert "takes an oracle" in said("lecture", [source])
    assert "With the next number of labels" in said("lecture", [labels])


def advice_file(gain: float, tasks: int = 8, noise: float = 0.001) -> dict[str, Any]:
    """Tasks on which the baseline or fine-tuning is better by 0.2, and what is advised is right, but for a share."""
    cells = []
    for task in range(tasks):
        right, wrong = ("baseline", "finetune") if task % 2 else ("finetune", "baseline")
        better = [0.8 + noise * (task + seed) for seed in range(4)]
        accuracy = {right: better, wrong: [x - gain for x in better], "scratch": [None, *better[1:]]}
        cells.append({"task": f"task {task}", "n": 40, "accuracy": accuracy, "advised": [right, right, right, wrong]})
    return {"cpu": "c", "seeds": 4, "strategies": ["baseline", "finetune", "scratch"], "cells": cells}


def test_what_the_advice_is_worth_is_its_regret_beside_that_of_fixed_rules() -> None:
    found = arrange(advice_file(0.2), 0.01)
    ways = {way["advice"]: way for way in found["ways"]}
    assert ways["what advise says"]["mean"] == pytest.approx(0.2 / 4)
    assert ways["always baseline"]["mean"] == ways["always finetune"]["mean"] == pytest.approx(0.2 / 2)
    assert ways["always baseline"]["gain"] is not None
    assert ways["always baseline"]["gain"]["mean"] == pytest.approx(0.2 / 4)
    assert ways["always baseline"]["gain"]["n"] == found["tasks"] == 8
    assert ways["what advise says"]["gain"] is None
    assert "always frozen" not in ways
    assert sum(map(len, found["verdicts"].values())) == len(ways) - 1


@pytest.mark.parametrize(
    "change",
    [{"seeds": 5}, {"cells": []}, {"strategies": ["baseline"]}, {"strategies": ["baseline", "frozen"]}, {"cpu": 3}],
    ids=str,
)
def test_a_file_of_another_shape_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises((ValueError, msgspec.ValidationError)):
        arrange(advice_file(0.2) | change, 0.01)


def test_the_book_tells_what_the_advice_is_worth(tmp_path: Path) -> None:
    data = large(strategies=STRATEGIES, problems=AXIS[:2], sizes=(20, 50), seeds=3)
    without = to_markdown(summary_of(data, tmp_path))
    assert "run `python -m bench.advice` in a checkout" in without
    (tmp_path / "advice.json").write_text(json.dumps(advice_file(0.05, tasks=30, noise=0.0001)))
    text = to_markdown(summary_of(data, tmp_path))
    assert "What the advice of this program is worth" in text
    assert "It was asked on 30 tasks with 40 labels, 4 draws of each" in text
    assert "Following it is better than “always baseline” and “always finetune”." in text
    assert "run `python -m bench.advice`" not in text
    (tmp_path / "advice.json").write_text("{")
    assert to_markdown(summary_of(data, tmp_path)) == without
