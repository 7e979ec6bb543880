"""Small data: what 40 rows and two classes need in settings is nothing, and a refusal names what would do."""

from __future__ import annotations

import json
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastmlp
from fastmlp.errors import SettingsError
from fastmlp.study import run as study_run
from fastmlp.study.plan import plan
from fastmlp.study.settings.load import Settings, load_settings

from ...made_up_study import SMALL
from ..test_plan import HERE

SHORT = {name: SMALL[name] for name in ("network", "pretraining")} | {"training": {"epochs": 1}}
STRATEGIES = ["baseline", "scratch", "finetune"]


def study_of(folder: Path, counts: list[int], grid: dict[str, Any], groups: int = 0, **own: Any) -> dict[str, Any]:
    """A study of a target with so many rows of each class, and a source of as many rows."""
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(len(counts)), counts)
    X = rng.normal(size=(len(y), 3))
    of_groups: dict[str, Any] = {"who": np.arange(len(y)) % groups} if groups else {}
    np.savez(folder / "wanted.npz", X=X, y=y, **of_groups)
    np.savez(folder / "known.npz", X=X + (0 if own.get("shared") else 1), y=np.arange(len(y)) % 2)
    mine = {"source": str(folder / "known.npz"), "target": str(folder / "wanted.npz")} | own
    mine |= {"group": "who"} if groups else {}
    return SHORT | {"grid": {"problems": ["mine"], "strategies": STRATEGIES} | grid, "problems": {"mine": mine}}


few_of_each = st.lists(st.integers(2, 60), min_size=2, max_size=25).filter(lambda counts: sum(counts) >= 40)
enough_of_each = st.lists(st.integers(10, 60), min_size=2, max_size=4).filter(lambda counts: sum(counts) >= 40)


@settings(max_examples=25)
@given(few_of_each.map(lambda c: (c, {})) | enough_of_each.map(lambda c: (c, {"shared": True})))
def test_forty_rows_and_two_classes_need_no_setting(drawn: tuple[list[int], dict[str, Any]]) -> None:
    counts, own = drawn
    with TemporaryDirectory() as folder:
        found = load_settings(study_of(Path(folder), counts, {"seeds": 1}, **own))
    mine = found.problems["mine"]
    assert max(found.grid.sizes) == min(500, mine.pool or 0), "the largest size is all there is"


@settings(max_examples=5)
@given(st.lists(st.integers(8, 60), min_size=2, max_size=4), st.integers(8, 30))
def test_groups_need_no_other_setting(counts: list[int], groups: int) -> None:
    with TemporaryDirectory() as folder:
        found = load_settings(study_of(Path(folder), counts, {"seeds": 6}, groups=groups))
        mine = found.problem("mine")
        assert mine.folds == 5
        for seed in range(6):
            assert len(mine.split(seed).pool) == max(found.grid.sizes)


parts = st.dictionaries(st.sampled_from(["heldout", "pool", "probe"]), st.integers(1, 90), min_size=1, max_size=3)


@settings(max_examples=25)
@given(st.lists(st.integers(20, 30), min_size=2, max_size=4), parts, st.integers(1, 200))
def test_a_refusal_of_sizes_names_some_that_work(counts: list[int], said: dict[str, int], size: int) -> None:
    """Follow one refusal after the other; each must say what to write, and in the end there is a study."""
    with TemporaryDirectory() as folder:
        grid: dict[str, Any] = {"seeds": 1, "sizes": [size]}
        for _ in range(3):
            try:
                load_settings(study_of(Path(folder), counts, grid, **said))
            except SettingsError as error:
                text = str(error)
                if "these would do" in text:
                    said = {
                        part: int(n) for part, n in re.findall(r"(heldout|pool|probe) = (\d+)", text.split("do:")[1])
                    }
                else:
                    grid["sizes"] = json.loads(re.findall(r"grid.sizes = (\[.*?\]) would do", text)[0])
            else:
                return
    pytest.fail("what a refusal names was refused")


# scikit-learn wonders whether so many classes are a regression; a warning is no failure outside of tests
@pytest.mark.filterwarnings("ignore:The number of unique classes")
@pytest.mark.parametrize("counts", [[20, 20], [38, 2], [2] * 20, [14, 13, 13]], ids=str)
def test_so_few_rows_run(counts: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study_run, "refresh_report", lambda *_: None)
    study = study_of(tmp_path, counts, {"seeds": 3})
    results = fastmlp.run_study(study, tmp_path / "out", backend="numpy", jobs=1)
    assert {row["status"] for row in results.rows} == {"ok"}


def test_the_lab_of_forty_rows_has_a_plan(tmp_path: Path) -> None:
    found: Settings = load_settings({**study_of(tmp_path, [20, 20], {}), "grid": {"problems": ["mine"], "seeds": 1}})
    assert len(list(plan(found, HERE))) == 6 * len(found.grid.sizes)
