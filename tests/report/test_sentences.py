"""Every case that the answers can take has a sentence, and a case without one is an error."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import pytest

from fastmlp.report.chapters.answer.numbers import HeadlineCase
from fastmlp.report.labels import Labels
from fastmlp.report.render import environment_of, templates
from fastmlp.report.standings import Case


def sentences() -> Any:
    """Every sentence of the book by its macro's name, from whichever room it is in."""
    environment, root = environment_of("markdown", Labels()), templates()
    rooms = [Path("sentences.j2"), *(path.relative_to(root) for path in sorted(root.glob("chapters/*/sentences.j2")))]
    modules = [environment.get_template(room.as_posix()).module for room in rooms]
    return SimpleNamespace(**{name: macro for module in modules for name, macro in vars(module).items()})


@pytest.mark.parametrize("case", get_args(HeadlineCase))
def test_every_headline_has_a_sentence(case: str) -> None:
    headline = {"case": case, "strategies": ["a", "b"], "sizes": [20]}
    assert (
        str(sentences().headline(headline, {"sizes": [20], "margin": 0.01, "baseline": None, "n_seeds": 3}))
        .strip()
        .endswith(".")
    )


@pytest.mark.parametrize("case", get_args(Case))
@pytest.mark.parametrize("against", ["better", "worse", "tied", "undecided", None])
def test_every_answer_at_a_size_has_a_sentence(case: str, against: str | None) -> None:
    group = {"case": case, "top": "a", "leaders": ["a", "b"], "tied": ["b"], "undecided": ["c"], "behind": ["d"]}
    assert str(sentences().at_size(group | {"against_baseline": against}, "baseline")).strip().endswith(".")


def test_a_case_without_a_sentence_is_an_error() -> None:
    words = sentences()
    with pytest.raises(LookupError, match="no sentence"):
        words.headline(
            {"case": "?", "sizes": [], "strategies": []}, {"sizes": [], "margin": 0.01, "baseline": None, "n_seeds": 3}
        )
    with pytest.raises(LookupError, match="no sentence"):
        words.at_size({"case": "?", "against_baseline": None}, "baseline")
    with pytest.raises(LookupError, match="no sentence"):
        words.similarity({"case": "?"})


def said(macro: str, *arguments: Any) -> str:
    return " ".join(str(getattr(sentences(), macro)(*arguments)).split())


CELLS = {"found": 0, "open": 0, "ruled out": 0, "not tested": 0}
LOSS = {"first": "frozen", "problem": "p", "n_target": 20, "mean": -0.1, "low": -0.2, "high": -0.05, "reason": None}
NONE_WORSE = {"tested": 9, "worse": 0, "better": 0, "tied": 0, "undecided": 9, "all_worse": 0, "worst": None}
WORSE = NONE_WORSE | {"worse": 1, "undecided": 8, "worst": LOSS, "cells": CELLS | {"found": 3}}


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (NONE_WORSE | {"tested": 0, "cells": CELLS | {"not tested": 3}}, "could not be tested"),
        (NONE_WORSE | {"cells": CELLS | {"ruled out": 3}}, "was tested in 3 cells and is ruled out:"),
        (NONE_WORSE | {"cells": CELLS | {"open": 1}}, "in 1 cell and not found, but it is not ruled out in any."),
        (NONE_WORSE | {"cells": CELLS | {"open": 1, "ruled out": 2}}, "in 1 of them it is not ruled out either."),
        (WORSE | {"all_worse": 0}, "in 3 of 3 cells at least one strategy is worse with pretrained weights than with"),
        (WORSE | {"all_worse": 1}, "that may move the same, and in 1 of these all of them are worse."),
        (WORSE | {"all_worse": 3}, "that may move the same, and in each of these cells all of them are worse."),
    ],
)
def test_negative_transfer_has_a_sentence_for_each_outcome(found: dict[str, Any], words: str) -> None:
    assert words in said("negative", found)


def test_comparisons_with_controls_are_counted() -> None:
    text = said("negative_counts", WORSE)
    assert "Of 9 comparisons with such a control, 1 is worse, 0 better, 0 tied and 8 undecided. The largest" in text
    assert "(−20.0 to −5.0)." in text


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (WORSE | {"helped": 0}, "(−20.0 to −5.0)."),
        (WORSE | {"worse": 3, "helped": 2}, "In 2 of the 3 that are worse, the pretrained weights are shown to be"),
        (NONE_WORSE | {"tested": 0}, "could not be tested"),
    ],
)
def test_freezing_has_a_sentence_for_each_outcome(found: dict[str, Any], words: str) -> None:
    assert words in said("cost_of_freezing", found)
    assert ("weights help" in said("cost_of_freezing", found)) == (found.get("helped", 0) > 0)


DEAREST = {"problem": "unscaled", "strategy": "frozen", "n_target": 50, "difference": {"mean": -0.3}}


@pytest.mark.parametrize(
    ("worst", "counts", "words"),
    [
        (None, (0, 0, 0, 0, 0), "cannot be said yet"),
        (None, (0, 1, 2, 5, 1), "No mistake of this study is shown to cost anything. Of 9 comparisons of a strategy"),
        (None, (0, 1, 2, 5, 1), "0 are worse, 1 better, 2 tied and 5 undecided; 1 is the same on every seed."),
        (DEAREST, (1, 0, 2, 5, 0), "1 is worse, 0 better, 2 tied and 5 undecided. The dearest is `unscaled`: `frozen`"),
    ],
)
def test_mistakes_have_a_sentence_for_each_outcome(worst: Any, counts: tuple[int, ...], words: str) -> None:
    by_verdict = dict(zip(("worse", "better", "tied", "undecided", "same"), counts, strict=True))
    text = said("mistaken", {"counts": by_verdict, "tested": sum(counts), "worst": worst})
    assert words in text
    assert ("50 labels loses 30.0 points." in text) == (worst is not None)


def problem(name: str, similarity: str, *verdicts: str) -> dict[str, Any]:
    freezing = [{"n_target": n, "verdict": verdict} for n, verdict in zip((20, 500), verdicts, strict=False)]
    return {"name": name, "pretraining": {"similarity": {"case": similarity}}, "comparisons": freezing}


def test_similarities_are_told_together_by_their_case() -> None:
    found = [problem("a", "itself"), problem("b", "partial"), problem("c", "negative"), problem("d", "partial")]
    text = said("similarities", found)
    assert "by construction, on `a`; between random ones" in text
    assert "learned on that task on `b` and `d`; worse than random ones on `c`." in text
    with pytest.raises(LookupError, match="no sentence"):
        said("similarities", [problem("a", "?")])


def test_freezing_is_told_of_all_problems_together() -> None:
    found = [problem("a", "", "better", "better"), problem("b", "", "worse", "better"), problem("c", "", "tied")]
    assert said("freezings", found) == (
        "With 20 labels, `finetune` is better than `frozen` on 1 of 3 problems, "
        "`frozen` is better than `finetune` on 1, the two are tied on 1; "
        "with 500 labels, `finetune` is better than `frozen` on every problem."
    )
    assert "No problem has results of both" in said("freezings", [problem("a", "")])
    found[1]["comparisons"][-1]["n_target"] = 50
    assert said("freezings", found).endswith(
        "; with the most labels of each problem (50 to 500), `finetune` is better than `frozen` on every problem."
    )


def row(name: str, rank: float | None = 1.0, **beats: str) -> dict[str, Any]:
    mean = {"mean": rank, "low": rank, "high": rank, "reason": None if rank else "no data"}
    return {"strategy": name, "rank": mean, "beats": {k: {"case": v} for k, v in beats.items()}}


@pytest.mark.parametrize(
    ("behind", "words"), [(2, "every other strategy is shown"), (0, "no other is shown"), (1, "1 of 2 others is shown")]
)
def test_the_first_rank_is_held_by_verdicts(behind: int, words: str) -> None:
    assert words in said("ranks", {"ranks": [row("a"), row("b", 2.0), row("c", 3.0)], "behind": behind})


def test_ranks_that_cannot_be_told_are_said_to_be() -> None:
    assert "cannot be ranked" in said("ranks", {"ranks": [row("a", None), row("b", None)], "behind": 0})


@pytest.mark.parametrize(
    ("cases", "words"),
    [
        (("likely", "likely"), "every other strategy is more likely to be ahead than behind."),
        (("unlikely", "unlikely"), "every other strategy is more likely to be behind than ahead."),
        (("even", "even"), "no other strategy is shown to be more likely"),
        (("likely", "even"), "1 of 2 is more likely to be ahead and 0 more likely to be behind."),
    ],
)
def test_probabilities_are_told_by_their_side_of_one_half(cases: tuple[str, str], words: str) -> None:
    ranks = [row("scratch"), *(row(f"s{k}", scratch=case) for k, case in enumerate(cases))]
    assert words in said("beats", {"opponents": ["scratch"], "ranks": ranks})


@pytest.mark.parametrize("case", ["alike", "partly", "unlike", "not estimable"])
def test_agreement_has_a_sentence_for_each_case(case: str) -> None:
    assert said("agreement", {"case": case, "w": 0.5}).endswith(".")


def test_friedmans_test_has_its_sentences() -> None:
    assert "rejects that all strategies have the same rank (p = 0.010)" in said(
        "friedman", {"verdict": "differ", "p": 0.01}
    )
    assert "(p < 0.001)" in said("friedman", {"verdict": "differ", "p": 1e-9})
    assert "does not reject" in said("friedman", {"verdict": "undecided", "p": 0.4})
    assert said("friedman", {"verdict": "not estimable", "p": None}) == ""


def test_profiles_say_which_line_is_highest_where() -> None:
    runs = [{"strategy": "a", "first": 0.2, "last": 0.6}, {"strategy": "b", "first": 0.62, "last": 0.62}]
    assert "No line is above all others" in said("profiles", {"leads": []})
    again = {"strategy": "b", "first": 0.7, "last": 0.8}
    text = said("profiles", {"leads": [*runs, again]})
    assert (
        "highest line is that of `a` from 20 % to 60 %, `b` at 62 %, from 70 % to 80 %; at other accuracies no line"
        in text
    )


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("even", "confirmed in as many cells as"),
        ("confirmed", "confirmed in more cells than"),
        ("contradicted", "contradicted in more cells than"),
        ("depends", "depends on the thresholds"),
    ],
)
def test_thresholds_that_move_have_a_sentence_for_each_case(case: str, words: str) -> None:
    moved = {"case": case, "choices": 20, "least": 0.01, "most": 0.02}
    text = said("sensitivity", moved)
    assert words in text
    assert "from +1.0 to +2.0 points." in text
    assert "points." not in said("sensitivity", moved | {"least": None, "most": None})


def test_a_gradient_that_is_wrong_is_a_fault() -> None:
    assert "which rounding in `float32` explains" in said(
        "gradient", {"case": "agrees", "largest": 1e-7, "dtype": "float32"}
    )
    assert "error in the program" in said("gradient", {"case": "differs", "largest": 0.1, "dtype": "float32"})


@pytest.mark.parametrize(
    ("verdicts", "words"),
    [
        (["worse", "worse"], "`probe-k` loses accuracy on every problem."),
        (["better", "tied", "tied"], "gains accuracy on 1 of 3 problems, stays within the margin on 2."),
        (["undecided"], "`probe-k` shows no clear change on problem `p`."),
    ],
)
def test_depth_is_told_by_verdicts(verdicts: list[str], words: str) -> None:
    assert words in said("layers", [{"family": "probe", "problem": "p", "change": {"verdict": v}} for v in verdicts])


def test_how_soon_is_told_by_the_side_of_one_half() -> None:
    rows = [{"strategy": "finetune", "soon": {"reached": 1}}, {"strategy": "frozen", "soon": {"reached": 0}}]
    problems = [{"rows": rows, "soon": {"case": case}} for case in ("likely", "unlikely", "even")]
    text = said("soon", problems)
    assert "before `scratch` on 1 of 3 problems, and more likely after it or never on 1." in text
    assert "`frozen` reaches it on no problem and no seed." in text
    assert said("soon", [{"rows": rows[:1], "soon": None}]) == ""


@pytest.mark.parametrize(
    ("largest", "rivals", "words"),
    [
        ("subset", [], "does not overlap with that of any other source. It matters more which examples are"),
        (
            "subset",
            ["weights", "order"],
            "overlaps with that of the initial weights and the order of the batches, so",
        ),
        ("pretraining", [], "Another network pretrained on the same source task would have given another"),
        ("order", [], "is the order of the batches, and its interval does not"),
        (None, [], "No source of randomness is shown to have an effect."),
    ],
)
def test_the_largest_source_of_chance_is_told_by_intervals(largest: str | None, rivals: list[str], words: str) -> None:
    assert words in said("ledger", {"problem": "p", "largest": largest, "rivals": rivals})


@pytest.mark.parametrize(("verdict", "warned"), [("worse", True), ("better", False), ("tied", False)])
def test_what_the_scaler_alone_does_is_counted(verdict: str, *, warned: bool) -> None:
    control = {"first": "scratch-source-scaler", "second": "scratch", "p_different": 0.1, "verdict": verdict}
    text = said("scalers", [{"comparisons": {"scaler": [control]}}])
    assert "`scratch` is better in" in text
    assert ("of another kind" in text) == warned


RELATION = {"first": "scratch-source-scaler", "second": "scratch", "better": [], "worse": []}


@pytest.mark.parametrize(
    ("relations", "words"),
    [
        ([RELATION | {"better": [20]}], "an advantage at some size, and is not shown to be a disadvantage at any."),
        ([RELATION | {"worse": [20]}], "a disadvantage at some size, and is not shown to be an advantage at any."),
        ([RELATION | {"better": [20]}, RELATION | {"worse": [50]}], "helps at some sizes and harms at others."),
        ([RELATION], "is not shown to be an advantage or a disadvantage."),
        ([], "was not measured"),
    ],
)
def test_the_scaler_is_called_an_advantage_only_where_it_is_one(relations: list[dict[str, Any]], words: str) -> None:
    assert words in said("scaler_alone", relations)


SEEN = {"name": "p", "case": "near", "ignored": 0, "ignored_features": [], "largest_mean_shift": 0.3}
IGNORED = SEEN | {"case": "ignored"}


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        (
            IGNORED | {"ignored": 1, "ignored_features": [7]},
            "1 feature is constant in the source and not",
        ),
        (
            IGNORED | {"ignored": 25, "ignored_features": [0, 3]},
            "in the target (0 and 3 and others).",
        ),
        (SEEN | {"case": "far", "largest_mean_shift": 2.5}, "is shifted by 2.50 standard deviations of the source"),
        (SEEN, "the mean of no feature is shifted"),
    ],
)
def test_what_a_pretrained_network_sees_has_a_sentence_for_each_case(inputs: dict[str, Any], words: str) -> None:
    assert words in said("seen_inputs", inputs)
    assert words in said("seen_together", [inputs])
    assert ("and not its weights" in said("seen_inputs", inputs)) == (inputs["case"] == "ignored")


@pytest.mark.parametrize("macro", ["agreement", "friedman", "gradient", "seen_inputs", "sensitivity"])
def test_a_new_case_without_a_sentence_is_an_error(macro: str) -> None:
    unknown = {"case": "?", "verdict": "?", "choices": 1, "least": None, "name": "p"}
    with pytest.raises(LookupError, match="no sentence"):
        said(macro, unknown)


def test_problems_with_far_inputs_are_told_together() -> None:
    far = [
        SEEN | {"name": name, "case": "far", "largest_mean_shift": shift} for name, shift in (("a", 2.5), ("b", 4.0))
    ]
    assert said("seen_together", [*far, SEEN | {"name": "c", "case": "near"}]) == (
        "On `a` (2.50) and `b` (4.00), the target’s inputs are far from the source’s; in parentheses stands by how "
        "many standard deviations of the source the mean of one feature is shifted. There a pretrained network gets "
        "inputs that differ in kind from those it was trained on. "
        "On `c`, the mean of no feature is shifted by a standard deviation of the source or more."
    )
