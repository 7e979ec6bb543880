"""Problems that join a study when their data are there, and sizes that are left out where a problem is too small."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import fastmlp
from fastmlp.errors import SettingsError
from fastmlp.study import run as study_run
from fastmlp.study.plan import plan
from fastmlp.study.settings.load import from_dict, load_settings, to_toml
from fastmlp.study.store import read_study

from ...data_sets import keep_all
from ...made_up_study import SMALL
from ..test_plan import HERE

GRID: dict[str, Any] = {"problems": ["parity"], "optional": ["mnist", "newsgroups"], "sizes": [20], "seeds": 1}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FASTMLP_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.mark.usefixtures("folder")
def test_problems_join_as_soon_as_their_data_are_there() -> None:
    before = from_dict({"grid": GRID, "amounts": {"ratios": [1], "problems": ["parity", "mnist"], "sizes": [20]}})
    assert (before.grid.problems, before.grid.optional) == (("parity",), ("mnist", "newsgroups"))
    assert before.amounts.problems == ("parity",)
    keep_all()
    after = load_settings(before)
    assert (after.grid.problems, after.grid.optional) == (("parity", "mnist", "newsgroups"), ())
    assert 'problems = ["parity", "mnist", "newsgroups"]' in to_toml(after)


def test_an_optional_problem_must_exist_and_a_needed_one_be_there(folder: Path) -> None:
    with pytest.raises(SettingsError, match=r"grid.optional: unknown problem 'minst'; did you mean 'mnist'"):
        from_dict({"grid": GRID | {"optional": ["minst"]}})
    with pytest.raises(SettingsError, match=r"grid.problems: data set 'mnist' is not in .*`fastmlp data get mnist`"):
        from_dict({"grid": GRID | {"problems": ["mnist"]}})
    folder.mkdir()
    (folder / "mnist.npz").write_bytes(b"half a file")
    with pytest.raises(SettingsError, match=r"grid.problems: .*mnist.npz: cannot be read as a data set"):
        from_dict({"grid": GRID})


def test_a_size_that_does_not_fit_is_left_out_or_refused() -> None:
    grid = {"problems": ["parity", "wine"], "sizes": [20, 100], "seeds": 1}
    with pytest.raises(SettingsError, match=r"grid.sizes\[1\]: is 100; the target pool of 'wine' holds 50 examples"):
        from_dict({"grid": grid})
    trials = plan(from_dict({"grid": grid | {"fitting": True}}), HERE)
    assert {(t.problem, t.n_target) for t in trials} == {("parity", 20), ("parity", 100), ("wine", 20)}
    with pytest.raises(SettingsError, match=r"grid.sizes\[0\]: is 100; the target pool of 'wine' holds 50 examples"):
        from_dict({"grid": grid | {"fitting": True, "sizes": [100]}})


@pytest.mark.usefixtures("folder")
def test_a_study_says_what_it_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study_run, "refresh_report", lambda *_: None)
    study = SMALL | {"grid": {**GRID, "strategies": ["scratch", "frozen"], "optional": ["mnist", "mnist-naive"]}}
    with pytest.warns(UserWarning, match="left out: mnist, mnist-naive; `fastmlp data get mnist` brings data set"):
        fastmlp.run_study(study, tmp_path / "out", backend="numpy")
    meta = read_study(tmp_path / "out").meta
    assert json.loads(meta["lacking"]) == {"mnist": ["mnist"], "mnist-naive": ["mnist"]}
