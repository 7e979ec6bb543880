from __future__ import annotations

import warnings
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fastmlp
from fastmlp.cli import main
from fastmlp.errors import InvalidInput
from fastmlp.report.study import Study
from fastmlp.report.summary import summarise
from fastmlp.study import run as study_run
from fastmlp.study.plan import plan
from fastmlp.study.settings.load import from_dict
from fastmlp.study.settings.schema import Settings
from fastmlp.study.shards import Shard, read_shard, share_of
from fastmlp.study.store import read_study
from fastmlp.study.store.schema import Trial

from ..made_up_study import SMALL, with_grid
from .test_plan import HERE

NAMES = ("same", "parity", "halves", "rotated-15", "noisy-2")


def study_of(problems: int, seeds: int, replicates: int = 0) -> Settings:
    again = {"number": 1, "seeds": replicates, "sizes": [20]} if replicates else {"number": 0}
    return from_dict(with_grid(SMALL, problems=list(NAMES[:problems]), seeds=seeds) | {"replicates": again})


@cache
def planned(problems: int, seeds: int, replicates: int = 0) -> tuple[Settings, list[Trial]]:
    """A study and its plan, which examples ask for again and again."""
    settings = study_of(problems, seeds, replicates)
    return settings, list(plan(settings, HERE))


def places(of: tuple[Settings, list[Trial]], shard: Shard) -> set[tuple[str, int]]:
    """The groups of a shard."""
    settings, trials = of
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        share = share_of(settings, shard)
    return {(trial.problem, trial.seed) for trial in trials if share(trial)}


@given(st.integers(1, 5), st.integers(1, 4), st.integers(0, 6), st.integers(1, 8))
def test_shards_are_a_partition_into_equal_parts(problems: int, seeds: int, replicates: int, total: int) -> None:
    study = planned(problems, seeds, replicates)
    parts = [places(study, Shard(number, total)) for number in range(1, total + 1)]
    whole = {(trial.problem, trial.seed) for trial in study[1]}
    assert set().union(*parts) == whole
    assert sum(map(len, parts)) == len(whole)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@given(st.integers(1, 5), st.integers(1, 4), st.integers(1, 8))
def test_more_seeds_move_no_group_to_another_shard(problems: int, seeds: int, total: int) -> None:
    few, many = planned(problems, seeds), planned(problems, seeds + 3)
    assert all(places(few, shard) <= places(many, shard) for shard in (Shard(k, total) for k in range(1, total + 1)))


def test_every_shard_has_several_problems() -> None:
    """Problems take different times, so dealing them out by number would leave one machine with the slow one."""
    study = planned(4, 20)
    assert all(len({name for name, _ in places(study, Shard(k, 4))}) > 1 for k in range(1, 5))


@pytest.mark.parametrize(
    "text",
    ["0/0", "17/16", "0/4", "3", "", "3/", "/3", "-1/4", "1/4/2", "1.0/4", " 1/4", "1/4\n", "9" * 5000 + "/1", "²/3"],
)
def test_a_shard_that_cannot_be_is_refused_before_anything_is_written(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidInput, match=r"^shard is "):
        fastmlp.run_study(SMALL, "out", shard=text)
    assert main(["study", "lab", "--shard", text]) == 2
    said = capsys.readouterr().err
    assert said.startswith("fastmlp: shard is ")
    assert len(said.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_text_that_names_a_shard() -> None:
    assert read_shard("3/16") == Shard(3, 16)
    assert str(Shard(3, 16)) == "3/16"
    assert read_shard(None) is None


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw no reports."""
    monkeypatch.setattr(study_run, "refresh_report", lambda *_: None)


def run(folder: Path, **options: Any) -> fastmlp.study.Results:
    return fastmlp.run_study(SMALL, folder, backend="numpy", jobs=1, **options)


def test_a_shard_says_that_it_is_a_part(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = run(tmp_path, shard="2/2")
    assert results.shards == ("2/2",)
    assert {row["seed"] for row in results.rows} == {1}
    data = read_study(tmp_path)
    assert summarise(Study(data.settings, data.rows, data.meta))["study"]["shard"] == "2/2"
    assert main(["status", str(tmp_path)]) == 0
    assert ", only shard 2/2: 8 ok" in capsys.readouterr().out
    assert (
        main(["study", str(tmp_path / "study.toml"), "--out", str(tmp_path), "--backend", "numpy", "--shard", "2/2"])
        == 0
    )
    assert "8 trials, only shard 2/2: 8 ok" in capsys.readouterr().err


def test_a_shard_that_was_stopped_is_resumed_as_one(tmp_path: Path) -> None:
    def stop(progress: Any) -> None:
        if progress.done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, shard="1/2", progress=stop)
    from fastmlp.study.results.status import study_state

    assert study_state(tmp_path)["resume"].endswith(" --backend numpy --shard 1/2")
    assert run(tmp_path, shard="1/2").counts == {"ok": 8, "diverged": 0, "failed": 0, "missing": 0}


def test_a_folder_of_a_shard_can_take_the_whole_study(tmp_path: Path) -> None:
    run(tmp_path, shard="1/2")
    results = run(tmp_path)
    assert (results.shards, results.counts["ok"]) == ((), 16)
    assert "shard" not in read_study(tmp_path).meta


def test_a_shard_without_trials_ends_at_once(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match=r"shard 3/3 has nothing to do: the study has 2 groups"):
        results = run(tmp_path, shard="3/3")
    assert results.counts["ok"] == 0
    assert len(results.table.read_text(encoding="utf-8").splitlines()) == 1
