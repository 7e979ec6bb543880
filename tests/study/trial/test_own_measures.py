"""A study's own measures: allowed, hashed, columns everywhere, the same on every worker, and refused by name."""

from __future__ import annotations

import csv
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastmlp
from fastmlp.cli import main
from fastmlp.errors import InvalidInput, SettingsError
from fastmlp.report.render import to_markdown
from fastmlp.report.summary import summarise
from fastmlp.study import run as study_run
from fastmlp.study.results.results import Results
from fastmlp.study.settings.load import from_dict, load_settings
from fastmlp.study.store import read_study
from fastmlp.study.trial.own_measures import take_measures

from ...made_up_study import SMALL, with_grid

STUDY = with_grid(SMALL, strategies=["baseline", "finetune"], sizes=[20])
CODE = """
import numpy as np

def brier(probabilities, y):
    return ((probabilities - np.eye(probabilities.shape[1])[y]) ** 2).sum(axis=1).mean()

def first_is_sure(probabilities, y):
    return float("nan") if probabilities[0].max() < 2 else 1
"""


def brier(probabilities: Any, y: Any) -> float:
    return float(((probabilities - np.eye(probabilities.shape[1])[y]) ** 2).sum(axis=1).mean())


def half(probabilities: Any, y: Any) -> float:
    return 0.5


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw no reports."""
    monkeypatch.setattr(study_run, "refresh_report", lambda *_: None)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A study in a file, beside the code of its measures."""
    (tmp_path / "mine.py").write_text(CODE, encoding="utf-8")
    grid = 'strategies = ["baseline", "finetune"]\nsizes = [20]\nseeds = 2\n'
    tables = "[network]\nhidden = [8]\n[pretraining]\nepochs = 2\n[training]\nepochs = 3\n"
    measures = '[measures]\nbrier = "mine:brier"\nsure = "mine.py:first_is_sure"\n'
    (tmp_path / "mine.toml").write_text(f"[grid]\n{grid}{tables}{measures}", encoding="utf-8")
    return tmp_path / "mine.toml"


def run(study: Path | Mapping[str, Any], out: Path, **options: Any) -> Results:
    return fastmlp.run_study(study, out, backend="numpy", **{"jobs": 1} | options)


def test_a_measure_is_a_column_of_all_that_is_written(study: Path, tmp_path: Path) -> None:
    results = run(study, tmp_path / "out", trust_code=True)
    rows = list(csv.DictReader(results.table.read_text(encoding="utf-8").splitlines()))
    assert all(0 < float(row["brier"]) < 2 and row["sure"] == "" for row in rows)
    assert [row["brier"] for row in results.rows] == [float(row["brier"]) for row in rows]
    opened = fastmlp.load(tmp_path / "out")
    assert opened.rows[0]["brier"] == results.rows[0]["brier"]
    assert "own_measures" not in opened.rows[0]
    data = read_study(tmp_path / "out")
    markdown = to_markdown(summarise(fastmlp.report.study.Study(data.settings, data.rows, data.meta)))
    assert "`brier`, a measure of this study’s own" in markdown
    again = run(tmp_path / "out" / "study.toml", tmp_path / "again", trust_code=True)
    assert [row["brier"] for row in again.rows] == [row["brier"] for row in results.rows]


def test_code_runs_only_if_that_is_allowed(study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()\n{CODE}", encoding="utf-8")
    with pytest.raises(
        SettingsError, match=r"measures\.brier: .*mine\.py:brier' is code, which is run only if you allow"
    ):
        run(study, tmp_path / "out")
    assert main(["study", str(study), "--out", str(tmp_path / "out")]) == 2
    assert "--trust-code" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    load_settings(study)
    assert not (tmp_path / "ran").exists(), "reading settings imports nothing"
    assert main(["study", str(study), "--out", str(tmp_path / "out"), "--backend", "numpy", "--trust-code"]) == 0
    assert (tmp_path / "ran").exists()
    (tmp_path / "ran").unlink()
    fastmlp.load(tmp_path / "out").verdicts()
    assert main(["status", str(tmp_path / "out"), "--json"]) == 0
    assert not (tmp_path / "ran").exists(), "nor does reading results"


def test_trials_run_anew_when_the_code_has_changed(study: Path, tmp_path: Path) -> None:
    before = run(study, tmp_path / "out", trust_code=True)
    keys = [row["key"] for row in before.rows]
    assert [row["key"] for row in run(study, tmp_path / "out", trust_code=True).rows] == keys
    (tmp_path / "mine.py").write_text(CODE.replace(".mean()", ".mean() / 2"), encoding="utf-8")
    after = run(study, tmp_path / "out", trust_code=True)
    assert not {row["key"] for row in after.rows} & set(keys)
    for old, new in zip(before.rows, after.rows, strict=True):
        assert new["brier"] == pytest.approx(old["brier"] / 2)
        assert new["accuracy"] == old["accuracy"]


def test_a_function_is_a_measure_too(tmp_path: Path) -> None:
    results = run(STUDY | {"measures": {"mine": brier, "half": half}}, tmp_path / "out")
    assert {row["half"] for row in results.rows} == {0.5}
    assert all(0 < row["mine"] < 2 for row in results.rows)
    found = [{"n_target": 20, "seed": seed, "accuracy": 0.5, "mine": -1.5} for seed in (0, 1)]
    assert results.add("other", found).best(20)
    with pytest.raises(SettingsError, match=r"measures\.half: ':half' was a function that a program gave"):
        run(tmp_path / "out" / "study.toml", tmp_path / "again")
    with pytest.raises(SettingsError, match=r"measures\.half: is a function of this program, which"):
        run(STUDY | {"measures": {"half": half}}, tmp_path / "again", executor="local:1", jobs=None)


def test_a_function_without_lines_is_told_apart_by_its_code() -> None:
    def typed(text: str) -> str:
        names: dict[str, Any] = {}
        exec(text, names)
        study = STUDY | {"measures": {"mine": names["f"]}}
        (measure,) = take_measures(study, from_dict(study), trusted=False)
        return measure.hash

    one, same, other = (f"def f(p, y):\n    g = lambda x: x * {k}\n    return g(p).sum()" for k in (2, 2, 3))
    assert typed(one) == typed(f"\n{same}") != typed(other)


def test_worker_processes_have_the_code_that_was_hashed(study: Path) -> None:
    settings = load_settings(study)
    own = take_measures(study, settings, trusted=True)
    (study.parent / "mine.py").unlink()
    sent = pickle.loads(pickle.dumps(own))
    p, y = np.array([[0.5, 0.5], [0.0, 1.0]]), np.array([0, 0])
    assert [measure(p, y) for measure in sent] == [1.25, None]
    assert [measure.hash for measure in sent] == [measure.hash for measure in own]


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no function": ({"brier": "mine:"}, r"measures\.brier: must be a file and a function in it, .* not 'mine:'"),
    "no name": ({"Brier": "mine:brier"}, r"measures\.Brier: a measure's name is of small letters"),
    "a column": ({"accuracy": "mine:brier"}, r"measures\.accuracy: is a column that records have"),
    "seconds": ({"my_seconds": "mine:brier"}, r"measures\.my_seconds: is a column that records have"),
    "no file": ({"brier": "other:brier"}, r"measures\.brier: .*other\.py: cannot be read: No such file"),
    "no such function": ({"brier": "mine:bryer"}, r"measures\.brier: unknown function 'bryer'; did you mean 'brier'"),
    "no code": ({"brier": "wrong:brier"}, r"measures\.brier: .*wrong\.py: ZeroDivisionError"),
    "no place": ({"brier": 3}, r"measures\.brier: there is no such setting"),
    "no source": ({"brier": len}, r"measures\.brier: .* has no source that can be read"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_measure_is_refused_by_name(
    case: str, study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(study.parent)
    (tmp_path / "wrong.py").write_text("1 / 0", encoding="utf-8")
    measures, message = REFUSED[case]
    with pytest.raises(InvalidInput, match=message):
        run(STUDY | {"measures": measures}, tmp_path / "out", trust_code=True)
    assert not (tmp_path / "out").exists()


def test_a_measure_that_fails_is_named_in_its_trials(tmp_path: Path) -> None:
    def list_of_them(probabilities: Any, y: Any) -> Any:
        return list(probabilities)

    def careless(probabilities: Any, y: Any) -> Any:
        probabilities[:] = 0

    for function, message in (
        (list_of_them, "returned [array"),
        (careless, "ValueError: assignment destination is"),
    ):
        results = run(STUDY | {"measures": {"mine": function}}, tmp_path / "out")
        assert {row["status"] for row in results.rows} == {"failed"}
        assert f"measures.mine: {message}" in results.rows[0]["error"]
