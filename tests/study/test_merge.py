from __future__ import annotations

import json
import shutil
import sqlite3
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastmlp
from fastmlp.cli import main
from fastmlp.errors import InvalidInput, StoreError
from fastmlp.study import run as study_run
from fastmlp.study.identity import NOTE
from fastmlp.study.results.export import export
from fastmlp.study.store import Store, read_study
from fastmlp.study.store.reader import reading
from fastmlp.study.store.schema import Trial, failed_record

from ..made_up_study import SMALL, add, made_up_plan, made_up_pretraining, made_up_record, with_grid, without_seconds

STUDY = with_grid(SMALL, problems=["parity", "halves"], strategies=["scratch", "finetune"], sizes=[20])


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw no reports."""
    monkeypatch.setattr(study_run, "refresh_report", lambda *_: None)


def run(folder: Path, study: dict[str, Any] = STUDY, **options: Any) -> Path:
    return fastmlp.run_study(study, folder, backend="numpy", jobs=1, **options).folder


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a study in `whole`, and the same in four shards, `1` to `4`."""
    root = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(study_run, "refresh_report", lambda *_: None)
        run(root / "whole")
        for number in range(1, 5):
            run(root / str(number), shard=f"{number}/4")
    return root


@pytest.fixture
def parts(made: Path, tmp_path: Path) -> list[Path]:
    """Copies of the four shards, which a test may change."""
    return [Path(shutil.copytree(made / str(number), tmp_path / str(number))) for number in range(1, 5)]


def change(part: Path, statement: str, *values: object) -> None:
    with sqlite3.connect(part / "study.sqlite") as connection:
        assert connection.execute(statement, values).rowcount
    connection.close()


def test_parts_in_any_order_are_the_table_of_one_run(made: Path, parts: list[Path], tmp_path: Path) -> None:
    results = fastmlp.merge_studies(tmp_path / "out", parts[::-1])
    assert without_seconds(results.table) == without_seconds(made / "whole" / "results.csv")
    assert (results.counts["missing"], results.shards) == (0, ())
    assert (results.folder / "study.toml").read_bytes() == (made / "whole" / "study.toml").read_bytes()
    merged, whole = read_study(results.folder).meta, read_study(made / "whole").meta
    assert set(merged) == set(whole) - {"rendered", "workers"}
    assert {name for name in merged if merged[name] != whole[name]} <= {"started", "finished"}


def test_the_lab_in_four_shards(tmp_path: Path) -> None:
    whole = fastmlp.run_study("lab", tmp_path / "whole", quick=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it has three groups, so the fourth has nothing to do
        for number in range(1, 5):
            fastmlp.run_study("lab", tmp_path / str(number), quick=True, shard=f"{number}/4")
    results = fastmlp.merge_studies(tmp_path / "out", [tmp_path / str(number) for number in range(1, 5)])
    assert without_seconds(results.table) == without_seconds(whole.table)


@pytest.mark.parametrize("chosen", [(0, 0, 1, 2, 3), (0, 1, 2, 3, "whole"), ("whole",), ("whole", 2)], ids=str)
def test_parts_that_overlap_are_joined_if_they_agree(
    chosen: Sequence[int | str], made: Path, parts: list[Path], tmp_path: Path
) -> None:
    again = Path(shutil.copytree(parts[0], tmp_path / "again"))
    folders = [made / "whole" if part == "whole" else parts[int(part)] for part in chosen]
    folders = [again if folder in folders[:place] else folder for place, folder in enumerate(folders)]
    results = fastmlp.merge_studies(tmp_path / "out", folders)
    assert without_seconds(results.table) == without_seconds(made / "whole" / "results.csv")


@pytest.mark.parametrize(
    ("table", "column", "message"),
    [("records", "accuracy", r"trial \w+ \(parity, \w+, 20 labels, seed 1\) was computed twice and differs"),
     ("pretrainings", "h_score", r"pretraining \w+ \(parity, seed 1\) was computed twice and differs")],
)  # fmt: skip
def test_parts_that_overlap_and_differ_are_an_error(
    table: str, column: str, message: str, made: Path, parts: list[Path], tmp_path: Path
) -> None:
    change(parts[2], f"UPDATE {table} SET {column} = 0.123")
    disagreement = f"{parts[2]}: does not agree with what it is merged with: .*{message}: {column} was"
    with pytest.raises(StoreError, match=disagreement):
        fastmlp.merge_studies(tmp_path / "out", [made / "whole", parts[2]])
    with reading(tmp_path / "out") as reader:
        assert sum(reader.counts().values()) == 0  # all or nothing
    assert fastmlp.merge_studies(tmp_path / "out", [made / "whole"]).counts["ok"] == 8


@pytest.mark.parametrize(
    ("name", "value"),
    [("protocol", "4"), ("backend", "numba"), ("full rank kernels", "abc"), ("version of numpy", "1.0"),
     ("data of halves", "abc")],
)  # fmt: skip
def test_a_part_of_another_environment_is_refused_by_name(
    name: str, value: str, parts: list[Path], tmp_path: Path
) -> None:
    noted = read_study(parts[3]).meta[NOTE]
    change(parts[3], "UPDATE meta SET value = ? WHERE name = ?", json.dumps(json.loads(noted) | {name: value}), NOTE)
    with pytest.raises(InvalidInput, match=f"{parts[3]}: is a part of another study: {name} is .+ and {value} in "):
        fastmlp.merge_studies(tmp_path / "out", parts)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("changes", "setting"),
    [({"training": {"epochs": 4}}, "training.epochs is 3 in .+ and 4 in"), ({"name": "x"}, "name is 'small' in .+ 'x'"),
     (with_grid(STUDY, sizes=[30]), r"grid.sizes is \[20\] in .+ and \[30\] in")],
    ids=["training", "name", "grid"],
)  # fmt: skip
def test_a_part_of_other_settings_is_refused_by_name(
    changes: dict[str, Any], setting: str, parts: list[Path], tmp_path: Path
) -> None:
    other = run(tmp_path / "other", STUDY | changes, shard="2/4")
    with pytest.raises(InvalidInput, match=f"is a part of another study: setting {setting}"):
        fastmlp.merge_studies(tmp_path / "out", [parts[0], other])
    assert not (tmp_path / "out").exists()
    run(tmp_path / "out", STUDY | changes, shard="1/4")  # nor is another study overwritten
    before = (tmp_path / "out" / "study.sqlite").read_bytes()
    with pytest.raises(InvalidInput, match="is a part of another study: setting"):
        fastmlp.merge_studies(tmp_path / "out", parts)
    assert (tmp_path / "out" / "study.sqlite").read_bytes() == before


def test_what_no_part_has_is_missing_and_can_be_added(
    made: Path, parts: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["merge", str(out), str(parts[0]), str(parts[2])]) == 1
    said = capsys.readouterr().err
    assert "8 trials, only shard 1/4 and 3/4: 4 ok, 4 missing" in said
    assert f"4 trials are in no part; to run them: fastmlp study {out}/study.toml --out {out} --backend numpy\n" in said
    assert main(["status", str(out)]) == 0
    assert "4 trials, only shard 1/4, 3/4: 4 ok" in capsys.readouterr().out
    assert main(["merge", str(out), str(parts[1])]) == 1
    added = Path(shutil.copytree(out, tmp_path / "added"))
    assert main(["merge", str(out), str(parts[3])]) == 0
    assert without_seconds(out / "results.csv") == without_seconds(made / "whole" / "results.csv")
    settings = tmp_path / "added" / "study.toml"
    assert main(["study", str(settings), "--out", str(added), "--backend", "numpy", "--jobs", "1"]) == 0
    assert without_seconds(added / "results.csv") == without_seconds(made / "whole" / "results.csv")


def test_data_may_have_moved_with_the_parts(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    data = tmp_path / "one" / "data.npz"
    data.parent.mkdir()
    y = np.arange(400) % 4
    np.savez(data, X=rng.normal(size=(400, 5)) + np.eye(4, 5)[y] * 3, y=y)
    study = with_grid(SMALL, problems=["mine"], strategies=["finetune"], sizes=[20])
    study |= {"problems": {"mine": {"source": str(data), "target": str(data), "shared": True}}}
    first = run(tmp_path / "one" / "part", study, shard="1/2")
    moved = Path(shutil.copytree(tmp_path / "one", tmp_path / "deep" / "two"))
    table = {"mine": {name: str(moved / "data.npz") for name in ("source", "target")} | {"shared": True}}
    second = run(moved / "other", study | {"problems": table}, shard="2/2")
    data.unlink()
    (moved / "data.npz").rename(tmp_path / "deep" / "data.npz")
    results = fastmlp.merge_studies(tmp_path / "out", [first, second])
    assert results.counts["ok"] == 2
    assert 'source = "../one/data.npz"' in (tmp_path / "out" / "study.toml").read_text(encoding="utf-8")


REFUSED: dict[str, Callable[[Path, Path], list[str]]] = {
    "no parts": lambda root, _: [str(root / "out")],
    "itself": lambda _, part: [str(part), str(part)],
    "twice": lambda root, part: [str(root / "out"), str(part), f"{part}/../{part.name}"],
    "nothing there": lambda root, _: [str(root / "out"), str(root / "nowhere")],
    "no study": lambda root, part: [str(root / "out"), str(part), str(root)],
    "a file": lambda root, part: [str(root / "out"), str(part / "study.toml")],
    "into a file": lambda _, part: [str(part / "results.csv"), str(part)],
    "empty": lambda root, _: [str(root / "out"), ""],
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_merged_is_one_line(
    case: str, parts: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["merge", *REFUSED[case](tmp_path, parts[0])]) in {2, 3}
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("parts", [[], (), "part", None, 3, [3], [""], {"a": 1}, Path("part")], ids=repr)
def test_parts_are_a_list_of_paths(parts: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidInput, match=r"^parts is "):
        fastmlp.merge_studies("out", parts)
    assert list(tmp_path.iterdir()) == []


def test_a_part_of_an_older_fastmlp_says_what_to_do(parts: list[Path], tmp_path: Path) -> None:
    change(parts[1], "DELETE FROM meta WHERE name = ?", NOTE)
    with pytest.raises(StoreError, match=f"{parts[1]}: an older fastmlp has run it; run its study once more"):
        fastmlp.merge_studies(tmp_path / "out", parts)
    run(parts[1], shard="2/4")
    assert fastmlp.merge_studies(tmp_path / "out", parts).counts["missing"] == 0


def part_of(folder: Path, plan: list[Trial], done: set[int], failed: set[int] = frozenset()) -> Path:  # type: ignore[assignment]
    """A store with the trials of a made-up plan at some places, of which some have failed."""
    folder.mkdir()
    with Store.open(folder) as store:
        store.begin(plan, {"settings": 'name = "made up"'}, lambda trial: plan.index(trial) in done)
        records = [made_up_record(plan[place].key) for place in done - failed]
        records += [failed_record(plan[place], ValueError("no")) for place in done & failed]
        add(store, [made_up_pretraining(plan[place].pretraining_key) for place in done], records)
    return folder


PLACES = st.sets(st.integers(0, 11), max_size=12)


@settings(max_examples=30)
@given(drawn=st.lists(st.tuples(PLACES, PLACES), min_size=1, max_size=4), backwards=st.booleans())
def test_any_parts_give_every_trial_its_best_record(
    tmp_path_factory: pytest.TempPathFactory, *, drawn: list[tuple[set[int], set[int]]], backwards: bool
) -> None:
    root, plan = tmp_path_factory.mktemp("parts"), made_up_plan(("p", "q"))
    folders = [part_of(root / str(k), plan, done, failed) for k, (done, failed) in enumerate(drawn)]
    (root / "out").mkdir()
    with Store.open(root / "out") as store:
        for folder in folders[::-1] if backwards else folders:
            with reading(folder) as reader:
                store.join({str(folder): reader})
    there = set().union(*(done for done, _ in drawn))
    final = {plan[place].key for done, failed in drawn for place in done - failed}
    with reading(root / "out") as reader:
        rows = list(reader.rows(["key", "status"]))
    assert [row["key"] for row in rows] == [plan[place].key for place in sorted(there)]
    assert all((row["status"] == "ok") == (row["key"] in final) for row in rows)
    assert b"".join(export(root / "out", "csv")).count(b"\n") == len(there) + 1


def test_seeds_that_follow_each_other_are_one_study(made: Path, tmp_path: Path) -> None:
    later = run(tmp_path / "later", with_grid(STUDY, seeds="2-2"))
    whole = run(tmp_path / "whole", with_grid(STUDY, seeds=3))
    results = fastmlp.merge_studies(tmp_path / "out", [later, made / "whole"])
    assert results.settings.grid.seeds == 3
    assert without_seconds(results.table) == without_seconds(whole / "results.csv")
    assert (whole / "study.toml").read_text().replace("seeds = 3", "") == (
        (tmp_path / "out" / "study.toml").read_text().replace("seeds = 3", "")
    )
    there = shutil.copytree(made / "whole", tmp_path / "there")
    assert fastmlp.merge_studies(there, [later]).counts["ok"] == 12, "and into a folder that has the others"


def test_seeds_that_are_missing_between_parts_are_named(made: Path, tmp_path: Path) -> None:
    for seeds in ("3-4", "1-2"):
        other = run(tmp_path / seeds, with_grid(STUDY, seeds=seeds))
        with pytest.raises(InvalidInput, match=f"grid.seeds is 2 in .* and '{seeds}' in .*; they must be the same or"):
            fastmlp.merge_studies(tmp_path / "out", [made / "whole", other])
    with pytest.raises(InvalidInput, match="is shard 1/4; merge the shards of its seeds first"):
        fastmlp.merge_studies(tmp_path / "out", [made / "1", run(tmp_path / "2", with_grid(STUDY, seeds="2-3"))])
