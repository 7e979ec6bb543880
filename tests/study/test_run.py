"""A whole study, small: its files, its second run, its growth, its failures."""

from __future__ import annotations

import csv
import json
import os
import tomllib
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest

import fastmlp
from fastmlp.errors import InvalidInput, SettingsError, StoreError, StoreLocked, UnknownName
from fastmlp.report import render
from fastmlp.strategies import fit_baseline
from fastmlp.study import run as study_run
from fastmlp.study.results.results import Results
from fastmlp.study.results.status import resume_command
from fastmlp.study.run import command
from fastmlp.study.settings.load import from_dict
from fastmlp.study.store import Store, read_study
from fastmlp.study.store.schema import TABLE
from fastmlp.study.trial import model
from fastmlp.study.trial import run as trial

from ..made_up_study import SMALL, with_grid, without_seconds

RENDERED: list[Path] = []


@pytest.fixture(autouse=True)
def report_stub(monkeypatch: pytest.MonkeyPatch) -> None:
    """Count reports instead of drawing them, which takes longer than the studies here; one test draws one."""

    def count(data: object, out: Path) -> tuple[Path, Path]:
        RENDERED.append(out)
        for name in ("report.html", "report.md"):
            (out / name).write_text("stub")
        return out / "report.html", out / "report.md"

    RENDERED.clear()
    monkeypatch.setattr(render, "render_report", count)


def run(out: Path, changes: dict[str, Any] | None = None, **options: Any) -> Results:
    defaults: dict[str, Any] = {"backend": "numpy", "jobs": 1}
    return fastmlp.run_study(SMALL | (changes or {}), out, **(defaults | options))


def test_a_study_leaves_settings_records_a_table_and_a_report(tmp_path: Path) -> None:
    results = run(tmp_path / "deep" / "out")
    assert results.counts == {"ok": 16, "diverged": 0, "failed": 0, "missing": 0}
    assert {path.name for path in results.folder.iterdir()} == {
        "study.toml", "study.sqlite", "study.lock", "results.csv", "report.html", "report.md"
    }  # fmt: skip
    assert from_dict(tomllib.loads((results.folder / "study.toml").read_text())) == results.settings == from_dict(SMALL)
    assert results.rows == list(read_study(results.folder).rows)
    assert results.table.exists()
    assert results.report.exists()
    assert results.report_markdown.exists()


def test_the_table_has_the_columns_in_their_order_and_numbers_to_the_last_bit(tmp_path: Path) -> None:
    results = run(tmp_path)
    with results.table.open(encoding="utf-8", newline="") as file:
        header, *cells = csv.reader(file)
    assert header == list(TABLE)
    assert ",".join(header).startswith(
        "problem,similarity,strategy,n_target,seed,status,accuracy,macro_f1,log_loss,auc,train_accuracy,train_seconds,"
    )
    for row, line in zip(results.rows, cells, strict=True):
        for name, cell in zip(header, line, strict=True):
            value = row[name]
            assert cell == ("" if value is None else str(value))
            assert not isinstance(value, float) or float(cell) == value


def test_circumstances_are_noted(tmp_path: Path) -> None:
    meta = read_study(run(tmp_path).folder).meta
    assert meta["backend"] == "numpy"
    assert meta["command"] == "fastmlp study study.toml"
    assert meta["started"] <= meta["finished"]
    assert {"version_fastmlp", "version_python", "version_numpy", "version_numba", "cpu", "platform"} <= meta.keys()
    facts = json.loads(meta["problem:parity"])
    assert (facts["examples"], facts["source_pool"], facts["held_out"]) == (1797, 697, 500)


def test_two_workers_write_the_table_of_one(tmp_path: Path) -> None:
    one, two = run(tmp_path / "one"), run(tmp_path / "two", jobs=2)
    assert without_seconds(one.table) == without_seconds(two.table)


def test_both_backends_agree_on_what_is_done_if_not_on_the_last_bit(tmp_path: Path) -> None:
    pytest.importorskip("numba")
    one, two = run(tmp_path / "one"), run(tmp_path / "two", backend="numba")
    for mine, theirs in zip(one.rows, two.rows, strict=True):
        assert mine["accuracy"] == pytest.approx(theirs["accuracy"], abs=0.01)
        assert (mine["key"] == theirs["key"]) == mine["strategy"].startswith("baseline")


def test_a_second_run_trains_nothing_and_draws_no_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = run(tmp_path).table.read_bytes()
    monkeypatch.setattr(study_run, "run_missing", broken)
    monkeypatch.setattr(study_run, "open_executor", broken)
    assert run(tmp_path).table.read_bytes() == first
    assert len(RENDERED) == 1
    (tmp_path / "report.md").unlink()
    run(tmp_path)
    assert len(RENDERED) == 2


def test_a_tuned_study_has_processes_sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = list[int]()

    def noted(_: object, __: int, trials: int, **_how: object) -> AbstractContextManager[None]:
        asked.append(trials)
        return nullcontext()

    monkeypatch.setattr(study_run, "open_executor", noted)
    with study_run.open_workers(from_dict(SMALL | {"tuning": {"trials": 4}}), "numpy", 2, 30):
        assert asked == [120]


def broken(*_: object, **__: object) -> Any:
    raise AssertionError("this should not have been called")


def trained(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int, int]]:
    """Return a list that fills with the trials that run."""
    seen: list[tuple[str, int, int]] = []
    real = trial.run_trial

    def spy(cell: Any, one: Any) -> Any:
        seen.append((one.strategy, one.n_target, one.seed))
        return real(cell, one)

    monkeypatch.setattr(trial, "run_trial", spy)
    return seen


@pytest.mark.parametrize(
    ("options", "new"),
    [
        ({"seeds": 3}, lambda strategy, size, seed: seed == 2),
        ({"changes": with_grid(SMALL, sizes=[20, 25, 30])}, lambda strategy, size, seed: size == 25),
        (
            {"changes": with_grid(SMALL, strategies=[*SMALL["grid"]["strategies"], "bitfit"])},
            lambda strategy, size, seed: strategy == "bitfit",
        ),
        ({"changes": {"pretraining": {"epochs": 1}}}, lambda strategy, size, seed: strategy in {"frozen", "finetune"}),
    ],
    ids=["seeds", "sizes", "strategies", "pretraining"],
)
def test_a_study_that_grows_runs_what_is_new(
    options: dict[str, Any], new: Callable[..., bool], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path / "grown")
    seen = trained(monkeypatch)
    grown = run(tmp_path / "grown", **options)
    assert seen
    assert all(new(*one) for one in seen)
    assert len(seen) == sum(new(row["strategy"], row["n_target"], row["seed"]) for row in grown.rows)
    fresh = run(tmp_path / "fresh", **options)
    assert without_seconds(grown.table) == without_seconds(fresh.table)


def test_a_trial_that_fails_is_counted_and_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "fit_baseline", lambda *_, **__: (_ for _ in ()).throw(ValueError("no luck")))
    first = run(tmp_path)
    assert first.counts == {"ok": 12, "diverged": 0, "failed": 4, "missing": 0}
    assert {row["error"].split(" (")[0] for row in first.rows if row["status"] == "failed"} == {"ValueError: no luck"}
    monkeypatch.setattr(model, "fit_baseline", fit_baseline)
    seen = trained(monkeypatch)
    assert run(tmp_path).counts["ok"] == 16
    assert {strategy for strategy, *_ in seen} == {"baseline"}


def test_a_trial_that_diverges_is_final(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wild = {"training": {"epochs": 3, "lr": 1e6}}
    assert run(tmp_path, wild).counts == {"ok": 4, "diverged": 12, "failed": 0, "missing": 0}
    seen = trained(monkeypatch)
    run(tmp_path, wild)
    assert seen == []


def test_a_full_disk_ends_the_study_and_keeps_what_is_committed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Store.begin

    def begin(store: Store, *arguments: Any) -> bool:
        missing = real(store, *arguments)
        (pages,) = store.connection.execute("PRAGMA page_count").fetchone()
        store.connection.execute(f"PRAGMA max_page_count={pages}")
        return missing

    monkeypatch.setattr(Store, "begin", begin)
    with pytest.raises(StoreError, match=r"study\.sqlite: database or disk is full; make room and start again"):
        run(tmp_path, seeds=8)
    kept = {row["key"] for row in read_study(tmp_path).rows if row["status"] == "ok"}
    monkeypatch.setattr(Store, "begin", real)
    seen = trained(monkeypatch)
    results = run(tmp_path, seeds=8)
    assert len(seen) == 64 - len(kept)
    assert results.counts["ok"] == 64


def test_a_folder_where_another_study_is_at_work_is_left_alone(tmp_path: Path) -> None:
    with Store.open(tmp_path), pytest.raises(StoreLocked, match=f"process {os.getpid()} on"):
        run(tmp_path)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"changes": {"grid": {"sizes": []}}}, SettingsError, "grid.sizes: must be a list"),
        ({"seeds": 0}, SettingsError, "grid.seeds: must be at least 1, not 0"),
        ({"jobs": 0}, InvalidInput, "jobs is 0; it must be a whole number of at least 1"),
        ({"backend": "cuda"}, UnknownName, "unknown backend 'cuda'"),
    ],
    ids=["settings", "seeds", "jobs", "backend"],
)
def test_what_is_refused_leaves_no_trace(
    options: dict[str, Any], error: type[Exception], message: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=message):
        run(tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_a_file_or_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InvalidInput, match="file: is a file; a study needs a folder"):
        run(tmp_path / "file")
    with pytest.raises(InvalidInput, match="cannot be written to"):
        run(tmp_path / "file" / "below")
    with pytest.raises(InvalidInput, match="cannot be written to"):
        run(Path("/proc/fastmlp"))
    assert (tmp_path / "file").read_text() == "mine"


def test_a_command_repeats_a_study() -> None:
    assert command(from_dict({"name": "lab"})) == "fastmlp study lab"
    assert command(from_dict({"name": "lab", "grid": {"seeds": 3}})) == "fastmlp study study.toml"
    assert resume_command("my out") == "fastmlp study 'my out/study.toml' --out 'my out'"
    assert resume_command("out", "numpy").endswith(" --backend numpy")


def test_the_report_of_a_real_study_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    results = run(tmp_path)
    assert "<html" in results.report.read_text(encoding="utf-8")
    assert results.report_markdown.read_text(encoding="utf-8").startswith("# ")
