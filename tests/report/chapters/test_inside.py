"""What is counted in one sentence is corrected together, over all problems."""

from __future__ import annotations

import json

import pytest

from fastmlp.report.chapters.inside.numbers import Numbers, numbers
from fastmlp.stats import paired_family
from tests.report.test_sentences import said
from tests.report_data import MadeUp, large, study_of

STRATEGIES = ("scratch", "finetune", "lp-ft")


def inside(data: MadeUp) -> Numbers:
    found = numbers(study_of(data))
    assert found is not None
    return found


def test_shifts_of_all_problems_are_one_family() -> None:
    data = large(strategies=STRATEGIES, seeds=6, spread=0.05)
    found, values = inside(data), list[tuple[list[float], list[float]]]()
    for problem in (one["name"] for one in found["problems"]):
        rows = [r for r in data.rows if (r["problem"], r["n_target"]) == (problem, 500) and not r.get("varied")]
        for shift in ("rotated", "noisy", "inverted"):
            of = {s: [float(r[f"accuracy_{shift}"]) for r in rows if r["strategy"] == s] for s in STRATEGIES}
            values.append((of["finetune"], of["scratch"]))
    expected = [d.p_different for d in paired_family(values, margin=0.01)]
    assert [d["p_different"] for one in found["problems"] for d in one["shifted"]] == pytest.approx(expected)
    assert len(expected) == 12


def test_a_shift_under_which_all_networks_guess_is_not_compared() -> None:
    data = large(strategies=STRATEGIES, seeds=4)
    data.rows = [row | {"accuracy_inverted": 0.02} for row in data.rows]
    found = inside(data)["problems"]
    assert [[d["what"] for d in one["shifted"]] for one in found] == [["rotated", "noisy"]] * 4
    assert [[d["what"] for d in one["pairs"]] for one in found] == [["drift", "kept", "rotated", "noisy"]] * 4
    assert [one["by_chance"] for one in found] == [1] * 4
    assert "which is 4 times so under a shift" in said("by_chance", found)
    assert said("by_chance", inside(large(strategies=STRATEGIES, seeds=4))["problems"]) == ""
    facts = json.loads(data.meta["problem:same"]) | {"target_classes": 100}  # chance is 1 %
    data.meta["problem:same"] = json.dumps(facts)
    assert [one["by_chance"] for one in inside(data)["problems"]] == [0, 1, 1, 1]
