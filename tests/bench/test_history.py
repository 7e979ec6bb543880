"""From what asv stores to a page of steps: what cannot be read is named, and is never a verdict."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("asv")

from bench.history import command, page
from bench.history.read import NoHistory, direction, read
from fastmlp.report.chapters.speed.numbers import read_history
from fastmlp.report.history import arrange_history
from fastmlp.report.history import history as series_table
from fastmlp.report.render import to_html, to_markdown
from tests.report_data import study, summary_of
from tests.report_text import text_of_html, text_of_markdown

Json = dict[str, Any]

COMMITS = [f"{number:040x}" for number in range(0xA0, 0xAC)]
FLAT = [1.0] * 12
FASTER = [1.0] * 6 + [0.8] * 6
SLOWER = [1.0] * 6 + [1.3] * 6
MENDED = [1.0] * 4 + [1.3] * 4 + [1.0] * 4
TRAIN, SHARE, OLD = (
    "bench_kernels.Kernel.time_train",
    "bench_kernels.Share.track_share_of_peak",
    "bench_old.Old.time_it",
)
NAMES = ["lab", "deep", "tiny"]


def store(
    results: Path, values: Mapping[str, Sequence[Sequence[float | None]]], units: dict[str, str] | None = None
) -> None:
    """Write what asv would: for each benchmark a series for each of its parameters."""
    machine = results / "box"
    machine.mkdir(parents=True)
    (machine / "machine.json").write_text(json.dumps({"machine": "box", "cpu": "a <b>CPU</b>", "version": 1}))
    benchmarks: Json = {
        name: {
            "name": name,
            "params": [[repr(label) for label in NAMES[: len(series)]]],
            "param_names": ["shape"],
            "unit": (units or {}).get(name, "seconds"),
            "version": "1",
        }
        for name, series in values.items()
        if name != OLD
    }
    (results / "benchmarks.json").write_text(json.dumps(benchmarks | {"version": 2}))
    for place, commit in enumerate(COMMITS):
        stored = {
            name: [[one[place] for one in series], [[repr(label) for label in NAMES[: len(series)]]], "1"]
            for name, series in values.items()
            if place < len(series[0])
        }
        if stored:
            (machine / f"{commit[-8:]}-env.json").write_text(
                json.dumps(
                    {
                        "commit_hash": commit,
                        "env_name": "env",
                        "date": 1_700_000_000_000 + 86_400_000 * place,
                        "params": {"machine": "box", "python": "3.11"},
                        "python": "3.11",
                        "requirements": {},
                        "env_vars": {},
                        "result_columns": ["result", "params", "version"],
                        "results": stored,
                        "durations": {},
                        "version": 2,
                    }
                )
            )


def verdicts(results: Path) -> dict[str, str]:
    return {one["parameters"]: one["reason"] or one["verdict"] for one in read(results, COMMITS)["series"]}


def test_steps_are_found_where_they_are(tmp_path: Path) -> None:
    store(tmp_path, {TRAIN: [FASTER, SLOWER, MENDED]})
    history = read(tmp_path, COMMITS)
    assert verdicts(tmp_path) == {"lab": "better", "deep": "worse", "tiny": "same"}
    steps = {one["parameters"]: [(left, right) for left, right, _ in one["steps"]] for one in history["series"]}
    assert steps == {"lab": [(0, 6), (6, 12)], "deep": [(0, 6), (6, 12)], "tiny": [(0, 4), (4, 8), (8, 12)]}
    (group,) = arrange_history(history)["groups"]
    (jump,) = group["series"][0]["jumps"]
    assert jump["hash"] == COMMITS[6][:8]
    assert jump["change"] == pytest.approx(-0.2)
    (jump,) = series_table(group)["rows"][1][-1]["value"]
    assert jump["change"] == pytest.approx(0.3)


def test_more_is_better_for_a_share() -> None:
    steps = [(0, 6, 0.5, 0.5, 0.01), (6, 12, 0.7, 0.7, 0.01)]
    assert direction(steps, "higher", 0.05) == "better"
    assert direction(steps[::-1], "higher", 0.05) == "worse"
    assert direction(steps, "lower", 0.05) == "worse"
    assert direction([(0, 2, 0.0, 0.0, 0.0)], "lower", 0.05) == "same"  # nothing spilled, ever


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([*FLAT[:-1], None], "no number on 00000000: it fails or is skipped"),
        ([*FLAT[:-1], float("nan")], "no number on 00000000: it fails or is skipped"),
        ([None] * 11 + [1.0], "new, there is nothing to compare with"),
        (FLAT[:5], "not run on 00000000, the newest commit"),
        ([None] * 12, "no number on 00000000: it fails or is skipped"),
    ],
)
def test_a_series_without_its_newest_value_has_no_verdict(
    values: list[float | None], reason: str, tmp_path: Path
) -> None:
    store(tmp_path, {TRAIN: [values], SHARE: [[*FLAT]]}, {SHARE: "share of peak"})
    one, _ = read(tmp_path, COMMITS)["series"]
    assert (one["verdict"], one["reason"]) == ("no verdict", reason)


def test_what_cannot_be_read_is_named_and_the_rest_is_drawn(tmp_path: Path) -> None:
    store(tmp_path, {TRAIN: [FLAT], OLD: [FLAT]})
    files = sorted((tmp_path / "box").glob("*-env.json"))
    files[0].write_text(files[0].read_text()[:300])
    files[1].write_text("[]")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "machine.json").write_text('{"machine": "oth')
    (tmp_path / "third").mkdir()
    (tmp_path / "third" / "machine.json").write_text('{"machine": "third", "version": 1}')
    history = read(tmp_path, COMMITS[:-1])
    told = "\n".join(history["left_out"])
    for words in (
        f"{files[0].name}: cannot be read: Error parsing JSON",
        f"{files[1].name}: cannot be read",
        f"{files[-1].name}: its commit is not on this branch",
        "other: machine.json cannot be read",
        "third: another machine",
        f"{OLD}: gone",
    ):
        assert words in told
    assert len(history["commits"]) == 9
    assert [one["benchmark"] for one in history["series"]] == [TRAIN]


def test_older_code_of_a_benchmark_is_not_compared(tmp_path: Path) -> None:
    store(tmp_path, {TRAIN: [SLOWER]})
    path = tmp_path / "benchmarks.json"
    path.write_text(path.read_text().replace('"version": "1"', '"version": "2"'))
    with pytest.raises(NoHistory, match=f"no benchmark was run\n{TRAIN}: results of 12 commits are of older code"):
        read(tmp_path, COMMITS)


@pytest.mark.parametrize("result", ["[1.0]", '["fast", 1.0]', "3", "[Infinity, 1.0]"])
def test_a_result_that_is_no_list_of_numbers_is_no_number(result: str, tmp_path: Path) -> None:
    store(tmp_path, {TRAIN: [FLAT, FLAT]})
    path = max((tmp_path / "box").glob("*-env.json"))
    path.write_text(path.read_text().replace("[1.0, 1.0]", result))
    history = read(tmp_path, COMMITS)
    json.dumps(history, allow_nan=False)
    assert "no verdict" in {one["verdict"] for one in history["series"]}
    assert any("cannot be read" in line for line in history["left_out"]) is (result in {'["fast", 1.0]', "3"})


@pytest.mark.parametrize("text", [None, "", '{"bench_kernels', "[]", '{"version": 1}'])
def test_without_a_list_of_benchmarks_there_is_nothing(text: str | None, tmp_path: Path) -> None:
    store(tmp_path, {TRAIN: [FLAT]})
    (tmp_path / "benchmarks.json").unlink()
    if text is not None:
        (tmp_path / "benchmarks.json").write_text(text)
    with pytest.raises(NoHistory):
        read(tmp_path, COMMITS)


def test_the_command_writes_a_page_that_asks_for_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store(tmp_path / "r", {TRAIN: [FASTER, SLOWER, FLAT], SHARE: [[None] * 12]}, {SHARE: "share of peak"})
    assert page.draw(tmp_path / "r", tmp_path / "page.html", None, "", COMMITS) == 0
    text = (tmp_path / "page.html").read_text()
    assert "1 of the series got worse and stayed worse; 1 got better, 1 stayed the same, 1 without a verdict." in text
    assert not re.search(r"https?://|<script|url\((?!#)", text)
    assert "a &lt;b&gt;CPU&lt;/b&gt;" in text
    for kind in ("wide", "narrow"):
        assert len(re.findall(rf'<svg class="{kind}"[^>]*role="img"', text)) == 1
    assert all(f">{name}</text>" in text for name in NAMES)
    assert "prefers-color-scheme: dark" in text
    assert f"{COMMITS[6][:8]}" in text[text.index("<table") :]
    whole = argparse.ArgumentParser()
    command.add_to(whole.add_subparsers())
    options = whole.parse_args(["history", "--results", str(tmp_path / "r"), "--bench", "nothing"])
    assert options.run(options) == 5
    assert "no verdict: " in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["history.json", "page.html", "r"]


@pytest.mark.usefixtures("no_pictures")
def test_the_book_is_told_of_the_kernels_alone(tmp_path: Path) -> None:
    store(tmp_path / "r", {TRAIN: [FASTER], "bench_study.Storing.time_store": [SLOWER]})
    (tmp_path / "history.json").write_text(json.dumps(read(tmp_path / "r", COMMITS)))
    history = read_history(tmp_path)
    assert history is not None
    assert [group["name"] for group in history["groups"]] == [TRAIN]
    data = study(seeds=2, sizes=[20])
    summary = summary_of(data, tmp_path)
    page = to_html(summary)
    text = text_of_html(page)
    assert text == text_of_markdown(to_markdown(summary))
    assert "No series got worse and stayed worse; 1 got better, 0 stayed the same, 0 without a verdict." in text
    assert f"lab better 0.80 s −20.0 −20.0 % at {COMMITS[6][:8]}" in text
    assert "time_store" not in text


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "null", '{"commits": [], "series": [{}]}', '{"series": []}'])
def test_a_book_without_a_history_that_can_be_read_has_none(text: str, tmp_path: Path) -> None:
    assert read_history(tmp_path) is None
    (tmp_path / "history.json").write_text(text)
    assert read_history(tmp_path) is None
