"""One pair of strategies in one cell has one verdict, and what is tested together follows from the plan."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies

from fastmlp.report.chapters import CONTENTS
from fastmlp.report.grid import Grid
from fastmlp.report.pairs import FAMILIES, Pair, Pairs
from fastmlp.report.study import Contest
from tests.report_data import LAB, MadeUp, flat, large, study, study_of, summary_of

Json = dict[str, Any]

TURNED = {"better": "worse", "worse": "better"}
PLACES = {"tied": {"tied"}, "undecided": {"undecided"}, "behind": {"better", "undecided"}}  # of the best about them
FEW = (*LAB, "partial-1", "partial-2")
LARGE = (*LAB, "partial-1", "partial-2", "transplant-1", "transplant-2", "transfuse-1", "lp-ft", "random-frozen-1")


def told(summary: Json) -> Iterator[tuple[str, int, Json]]:
    """Every comparison of two strategies in one cell that the book tells of, with its problem and size."""
    for p in summary["problems"]:
        families = list(p["comparisons"].values())
        yield from ((p["name"], c["n_target"], c) for c in chain.from_iterable(families))
    chapters = summary["numbers"]
    for p in chapters["transfer"]["freezing"]:
        yield from ((p["name"], c["n_target"], c) for c in p["comparisons"])
    for part in ("negative", "freezing"):
        for p in (chapters["answer"][part] or {"problems": []})["problems"]:
            yield from ((p["name"], c["n_target"], c) for c in p["differences"])
    layers = chapters["layers"] or {"series": [], "protocol": None}
    for one in layers["series"]:
        yield one["problem"], one["n_target"], one["change"]
    for row in (layers["protocol"] or {"rows": []})["rows"]:
        yield "halves-self", layers["protocol"]["n_target"], row["fragile"]


def verdicts(summary: Json) -> dict[tuple[str, int, str, str], str]:
    """Verdicts by problem, size and pair, seen from both sides; it fails on two verdicts of one pair."""
    found: dict[tuple[str, int, str, str], str] = {}
    for problem, n, c in told(summary):
        verdict = str(c["verdict"])
        sides = (c["first"], c["second"], verdict), (c["second"], c["first"], TURNED.get(verdict, verdict))
        for a, b, verdict in sides:
            assert found.setdefault((problem, n, a, b), verdict) == verdict, (problem, n, a, b)
    return found


def drawn(seed: int, spread: float, names: tuple[str, ...]) -> MadeUp:
    """A study whose differences are near what can just be told, so that corrections decide."""
    gaps = np.random.default_rng(seed).normal(0, 2 * spread, len(names))
    means = dict(zip(names, 0.8 + gaps, strict=True))
    return large(
        lambda strategy, _: means[strategy], strategies=names, problems=("halves", "halves-self"), sizes=(20, 100)
    )


@settings(max_examples=8)
@given(seed=strategies.integers(0, 2**32), spread=strategies.sampled_from([0.002, 0.008]))
@pytest.mark.parametrize("names", [FEW, LARGE], ids=["few", "large"])
def test_no_pair_has_two_verdicts(names: tuple[str, ...], seed: int, spread: float) -> None:
    data = drawn(seed, spread, names)
    summary = summary_of(data)
    known = verdicts(summary)
    for p in summary["numbers"]["answer"]["winners"]["problems"]:
        for cell in p["cells"]:
            for place, allowed in {
                "tied": {"tied"},
                "undecided": {"undecided"},
                "behind": {"better", "undecided"},
            }.items():
                for s in cell[place]:
                    verdict = known.get((p["name"], cell["n_target"], cell["top"], s))
                    assert verdict is None or verdict in allowed, (p["name"], cell, s, verdict)


def by_accuracy(columns: dict[str, np.ndarray[Any, Any]], problems: tuple[str, ...] = ("parity",)) -> MadeUp:
    """A study of one size with these accuracies, the same on every problem."""
    data = study(flat({}), strategies=list(columns), sizes=[20], seeds=20, problems=problems)
    data.rows = [row | {"accuracy": float(columns[row["strategy"]][row["seed"]])} for row in data.rows]
    return data


def cell_of(columns: dict[str, np.ndarray[Any, Any]]) -> Contest:
    return study_of(by_accuracy(columns)).contests["parity", 20]


def test_a_tie_with_the_best_is_tested_beside_all_others_of_its_cell() -> None:
    wobble = np.tile([1.0, -1.0], 10)
    best, near = np.full(20, 0.9), 0.8988 + 0.017 * wobble  # p = 0.016 that they are not within a point
    assert cell_of({"frozen": best, "finetune": near})["tied"] == ["finetune"]
    far = {f"lora-{r}": 0.5 + 0.01 * wobble for r in range(1, 9)}
    crowded = cell_of({"frozen": best, "finetune": near} | far)
    assert crowded["winners"] == ["frozen", "finetune"]  # the others are far, and yet belong to the family
    assert (crowded["tied"], crowded["undecided"]) == ([], ["finetune"])


def test_who_came_out_best_by_luck_is_not_called_better() -> None:
    equals = np.random.default_rng(6).normal(0.8, 0.01, (10, 20))
    data = by_accuracy({f"lora-{r + 1}": x for r, x in enumerate(equals)})
    grid = Grid.of(data.settings, data.rows)
    best = max(grid.contestants, key=lambda s: float(equals[grid.contestants.index(s)].mean()))
    asked = [Pair(20, ("parity", best), ("parity", s)) for s in grid.contestants if s != best]
    assert "better" in {
        c["verdict"] for c in Pairs(grid, 0.0, {"named before": lambda _: asked}).family("named before")
    }
    chosen = Pairs(grid, 0.0, {"none": lambda _: []})
    chosen.against_best(asked)
    assert {chosen[pair]["verdict"] for pair in asked} == {"undecided"}


def test_a_pair_keeps_the_verdict_of_the_family_that_had_it_first() -> None:
    data = study(spread=0.02, sizes=[20, 50])
    pair = Pair(20, ("parity", "finetune"), ("parity", "scratch"))
    others = [Pair(n, ("parity", a), ("parity", "scratch")) for n in (20, 50) for a in LAB if a != "scratch"]
    made = Pairs(Grid.of(data.settings, data.rows), 0.01, {"alone": lambda _: [pair], "crowd": lambda _: others})
    (alone,), crowd = made.family("alone"), made.family("crowd")
    assert alone["together"] == 1
    assert next(c for c in crowd if (c["n_target"], c["first"]) == (20, "finetune")) == alone == made[pair]
    assert {c["together"] for c in crowd} == {1, 10}


def test_a_comparison_can_be_seen_from_the_other_side() -> None:
    data = study(sizes=[20])
    made = study_of(data).pairs
    there = made[20, ("parity", "frozen"), ("parity", "scratch")]
    assert there["mean"] is not None
    assert there["low"] is not None
    assert there["high"] is not None
    back = made[20, ("parity", "scratch"), ("parity", "frozen")]
    assert (there["verdict"], back["verdict"]) == ("better", "worse")
    assert (back["first"], back["mean"], back["low"], back["high"]) == (
        "scratch",
        -there["mean"],
        -there["high"],
        -there["low"],
    )


def test_problems_that_share_trials_share_their_verdict() -> None:
    draw = np.random.default_rng(8)
    columns = {s: 0.8 + 0.004 * k + 0.01 * draw.standard_normal(20) for k, s in enumerate(LAB)}
    data = by_accuracy(columns, problems=("a", "b", "c"))
    made = study_of(data).pairs
    for family in FAMILIES:
        assert made.family(family, "a") == made.family(family, "b") == made.family(family, "c")
    assert {c["together"] for c in made.family("baseline", "a")} == {9}  # three strategies on three problems


def test_no_order_of_chapters_changes_a_verdict() -> None:
    """A chapter can be added, moved or deleted, for comparisons are made before any chapter asks for one."""
    data = drawn(3, 0.008, LARGE)
    usual, backwards = study_of(data), study_of(data)
    there = {chapter.name: chapter.numbers(usual) for chapter in CONTENTS}
    back = {chapter.name: chapter.numbers(backwards) for chapter in reversed(CONTENTS)}
    assert there == back
    alone = study_of(data)
    assert {chapter.name: chapter.numbers(alone) for chapter in CONTENTS if chapter.name == "layers"}[
        "layers"
    ] == there["layers"]


def test_the_order_of_families_is_declared_because_it_decides_verdicts() -> None:
    """In the other order the same records have other verdicts: nobody may reorder `FAMILIES` in passing."""
    data = drawn(5, 0.002, FEW)
    grid = study_of(data).grid
    there, back = Pairs(grid, 0.01), Pairs(grid, 0.01, dict(reversed(FAMILIES.items())))
    pairs = {pair for pairs_of in FAMILIES.values() for pair in pairs_of(grid)}
    assert any(there[pair]["together"] != back[pair]["together"] for pair in pairs)
    assert list(FAMILIES) == [
        *("question", "baseline", "scaler", "weights", "freezing", "layers", "yosinski", "matched", "crossings"),
        *("foreign", "preparation", "mistakes"),
    ]


def test_only_what_starts_from_pretrained_weights_says_what_they_are_worth() -> None:
    """A user's strategy that starts at random is compared with no control of the weights, whatever its scaler."""
    own = {"slow": {"start": "random", "scaler": "target", "phases": [{"body": 0.5, "head": 0.5}]}}
    data = study(flat({}), strategies=[*LAB, "slow"], sizes=[20], seeds=3)
    data.settings["strategies"] = own
    weights = {c["first"] for c in study_of(data).pairs.family("weights")}
    assert weights == {"frozen", "finetune"}
