from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import advice
from bench.advice import TASKS, measure
from fastmlp.problems import Problem
from fastmlp.report.chapters.decisions.worth import arrange

BENCH = Path(advice.__file__).parent


def test_twenty_tasks_need_no_data_of_others() -> None:
    problems = {name: make(0) for name, make in TASKS.items()}
    assert len(problems) >= 20
    assert all(min(problem.target.n_classes, problem.source.n_classes) >= 2 for problem in problems.values())
    assert all(problem.split(0).subset(40).size == 40 for problem in problems.values())


def test_what_is_measured_can_be_told() -> None:
    made: list[int] = []

    def make(seed: int) -> Problem:
        made.append(seed)
        return TASKS["wine"](seed)

    names = ("baseline", "scratch")
    few = measure(make, (40, 160), 2, names, repeats=1, epochs=2, backend="numpy")
    cells = [{"task": "wine", "n": n, **cell} for n, cell in few]
    assert [cell["n"] for cell in cells] == [40, 50], "the pool has 50"
    assert made == [0, 0, 1, 0, 1]
    found = arrange({"cpu": "c", "seeds": 2, "strategies": names, "cells": cells}, 0.01)
    assert (found["tasks"], found["cells"], found["sizes"]) == (1, 2, [40, 50])
    assert [way["advice"] for way in found["ways"]] == ["what advise says", "always baseline", "always scratch"]


@pytest.mark.skipif(not (BENCH / "advice.json").exists(), reason="never run")
def test_what_is_written_down_is_of_twenty_tasks_or_more() -> None:
    found = arrange(json.loads((BENCH / "advice.json").read_text(encoding="utf-8")), 0.01)
    assert found["tasks"] >= 20
    assert found["cells"] >= 1.5 * found["tasks"], "with one label of a class there is no advice"
    assert all(way["low"] is not None for way in found["ways"])
