"""The published error rates: the page says what the numbers say, and a measurement goes on where it stopped."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import bench
from bench.gate import power
from bench.gate.build import GateError, Wanted
from bench.gate.compare import Settings
from bench.gate.power import COUNTS, LOADED, QUIET, OtherRuleError, read, tasks
from bench.gate.power_report import rate, render
from bench.gate.selection import HEADLINE
from bench.gate.verdict import Estimate, Result, Verdict

from ...processes import gone

BENCH = Path(bench.__file__).parent
ONE = Estimate(1.0123456, 0.99, 1.03, 1.0, 1.0, 3, 15)


@pytest.mark.skipif(not (BENCH / "gate.json").exists(), reason="never run")
def test_the_page_is_rendered_from_the_numbers() -> None:
    assert render(json.loads((BENCH / "gate.json").read_text())) == (BENCH / "GATE.md").read_text()


def test_every_comparison_is_planned_once() -> None:
    planned = list(tasks([LOADED, QUIET], None))
    assert len(set(planned)) == len(planned) == 460
    assert Counter((task.condition, task.extra) for task in planned) == {
        (condition, extra): count for condition, counts in COUNTS.items() for extra, count in counts.items()
    }
    assert {task.benchmark for task in planned} == set(HEADLINE)


def test_kinds_are_mixed() -> None:
    """Whatever drifts in an hour drifts under all kinds: a quarter of the time has a quarter of each."""
    first = list(tasks([QUIET], None))[:70]
    assert Counter(task.extra for task in first) == {0.0: 50, 0.05: 10, 0.1: 10}


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Comparisons without builds and workers; what was compared."""
    names: list[str] = []

    def build_all(_repository: Path, wanted: list[Wanted], _folder: Path) -> list[Wanted]:
        return wanted

    def compare(builds: tuple[Wanted, Wanted], chosen: list[str], *_: Any) -> tuple[list[Result], Estimate]:
        names.extend(chosen)
        verdict = Verdict.SLOWER if builds[1].extra_work else Verdict.SAME
        return [Result(chosen[0], verdict, "", ONE, ONE if builds[1].extra_work else None, 1.2)], ONE

    @contextmanager
    def load(_core: int) -> Iterator[None]:
        names.append("loaded")
        yield

    for name, other in (("build_all", build_all), ("compare", compare), ("load", load), ("warm", lambda *_: None)):
        monkeypatch.setattr(power, name, other)
    return names


def test_a_measurement_goes_on_where_it_stopped(tmp_path: Path, done: list[str]) -> None:
    file = tmp_path / "gate.json"

    def measure(conditions: list[str], limit: int) -> list[dict[str, Any]]:
        power.measure(BENCH.parent, file, conditions, limit, 0, lambda _: None)
        rows: list[dict[str, Any]] = json.loads(file.read_text())["comparisons"]
        return rows

    assert len(measure([QUIET], 2)) == 6
    assert "loaded" not in done
    assert len(measure([QUIET], 3)) == 9
    assert len(done) == 9
    rows = measure([LOADED, QUIET], 3)
    assert len(rows) == 18
    assert done.count("loaded") == 1
    assert len({(row["condition"], row["extra"], row["number"]) for row in rows}) == 18
    text = render(json.loads(file.read_text()))
    assert "| loaded | 5% | 3 | 3 | 0 | 0 | 0 | caught | 3 of 3: 100.0%, 29.2% to 100.0% |" in text
    assert "| quiet | none | 3 | 0 | 0 | 3 | 0 | false alarms | 0 of 3: 0.0%, 0.0% to 70.8% |" in text


def test_another_rule_is_another_file(tmp_path: Path, done: list[str]) -> None:
    file = tmp_path / "gate.json"
    power.measure(BENCH.parent, file, [QUIET], 1, 0, lambda _: None)
    assert read(file, Settings(0))["comparisons"]
    with pytest.raises(OtherRuleError, match="another rule"):
        read(file, Settings(0, rounds=7))


@pytest.mark.skipif(sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2, reason="it takes another core")
def test_a_load_ends_with_whoever_asked_for_it() -> None:
    core = min(os.sched_getaffinity(0))
    code = f"from bench.gate.power import load\nwith load({core}): print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=BENCH.parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as asking:
        assert asking.stdout is not None
        asking.stdout.readline()
        (started,) = Path(f"/proc/{asking.pid}/task/{asking.pid}/children").read_text().split()
        asking.kill()
    assert gone(int(started))


def test_without_another_core_there_is_no_load(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {1}, raising=False)
    with pytest.raises(GateError, match="no other core"), power.load(1):
        pass


def test_rates_have_exact_intervals() -> None:
    # No event in n: the upper end is 1 - 0.025 ** (1 / n), Clopper and Pearson by hand.
    assert rate(0, 200) == f"0 of 200: 0.0%, 0.0% to {1 - 0.025 ** (1 / 200):.1%}"
    assert rate(38, 40) == "38 of 40: 95.0%, 83.1% to 99.4%"
