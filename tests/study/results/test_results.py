"""Results as objects: the numbers are the report's, of any study that has a folder."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

import fastmlp
from fastmlp.cli import main
from fastmlp.errors import InvalidInput, MissingLibrary, StoreError, UnknownName
from fastmlp.problems import get_problem
from fastmlp.report.excerpts import to_latex
from fastmlp.report.problems import SHOWN_FAMILIES
from fastmlp.report.study import Study
from fastmlp.report.summary import summarise
from fastmlp.study import run as study_run
from fastmlp.study.results.results import Results
from fastmlp.study.store import Store, read_study
from fastmlp.study.store.schema import TABLE

from ...made_up_study import SMALL, with_grid


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """A study with a control, which every test here reads."""
    strategies = [*SMALL["grid"]["strategies"], "scratch-source-scaler"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(study_run, "refresh_report", lambda *_: None)
        settings = with_grid(SMALL, strategies=strategies, seeds=3)
        return fastmlp.run_study(settings, tmp_path_factory.mktemp("study"), backend="numpy", jobs=1)


@pytest.fixture(scope="module")
def results(made: Results) -> Results:
    return Results.open(made.folder)


@pytest.fixture(scope="module")
def study(made: Results) -> Study:
    data = read_study(made.folder)
    return Study(data.settings, data.rows, data.meta)


def test_an_opened_study_is_the_one_that_was_run(made: Results, results: Results) -> None:
    assert results == made
    assert results.rows == made.rows
    assert [path.parent for path in (results.table, results.report, results.report_markdown)] == 3 * [made.folder]


def test_load_opens_the_folder_of_a_study(made: Results, tmp_path: Path) -> None:
    assert fastmlp.load(made.folder) == made
    with pytest.raises(StoreError, match="there is no such file; `fastmlp study --out"):
        fastmlp.load(tmp_path)


def test_a_study_can_be_opened_while_it_runs(made: Results, tmp_path: Path) -> None:
    shutil.copy(made.folder / "study.sqlite", tmp_path)
    with sqlite3.connect(tmp_path / "study.sqlite") as connection:
        connection.execute("DELETE FROM records WHERE key IN (SELECT key FROM plan WHERE seed = 2)")
    connection.close()
    with Store.open(tmp_path):  # as a running study holds it
        half = Results.open(tmp_path)
    assert half.counts == {"ok": 20, "diverged": 0, "failed": 0, "missing": 10}
    assert {(v["n"], v["planned"]) for v in half.verdicts()} == {(2, 3)}


def test_where_no_study_is_there_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no such file"):
        Results.open(tmp_path)
    with pytest.raises(InvalidInput, match="folder is 3; it must be a path"):
        Results.open(3)  # type: ignore[arg-type]


def test_verdicts_are_those_of_the_report(results: Results, study: Study) -> None:
    found = results.verdicts()
    pairs = {(v["problem"], v["n_target"], frozenset((v["first"], v["second"]))) for v in found}
    assert len(pairs) == len(found)
    by_pair = {(v["n_target"], v["first"], v["second"]): v for v in found}
    for family in SHOWN_FAMILIES:
        for c in study.pairs.family(family):
            v: Any = by_pair[c["n_target"], c["first"], c["second"]]
            assert (v["difference"], v["low"], v["high"]) == (c["mean"], c["low"], c["high"])
            assert v["verdict"] == ("not estimable" if c["reason"] else c["verdict"])
            assert all(v[name] == c.get(name) for name in ("n", "planned", "together", "p_different", "p_equivalent"))
    assert {v["family"] for v in found} == {"question", "baseline", "scaler", "weights"}


def test_the_command_prints_the_same(results: Results, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verdicts", str(results.folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == results.verdicts()
    assert main(["verdicts", str(results.folder)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split("  ")[0] == "problem"
    assert len(lines) == 1 + len(results.verdicts())
    assert len({line.find("parity") for line in lines[1:]}) == 1


def test_the_best_are_those_of_the_contest(results: Results, study: Study) -> None:
    best, contest = results.best(20), study.contests["parity", 20]
    assert {name: best[name] for name in contest} == contest  # type: ignore[literal-required]
    top, accuracy = best["top"], best["accuracy"]
    assert top
    assert accuracy
    assert accuracy["mean"] == pytest.approx(np.mean([r["accuracy"] for r in results.rows if is_in(r, top, 20)]))
    with pytest.raises(InvalidInput, match="n_target is 21; the study has 20, 30"):
        results.best(21)
    with pytest.raises(UnknownName, match="unknown problem 'parrity'; did you mean 'parity'"):
        results.best(20, problem="parrity")


def is_in(row: dict[str, Any], strategy: str | None, n_target: int) -> bool:
    return (row["strategy"], row["n_target"]) == (strategy, n_target)


def test_of_several_problems_one_has_to_be_named(results: Results) -> None:
    data = read_study(results.folder)
    rows: Any = [{**row, "problem": name} for name in ("parity", "same") for row in data.rows]
    both = replace(results, _read=replace(data, rows=rows))
    with pytest.raises(InvalidInput, match="the study has several; name one of parity, same"):
        both.best(20)
    assert both.best(20, problem="same")["problem"] == "same"


def test_figures_go_on_a_users_axes_in_the_users_colours(results: Results, study: Study) -> None:
    left, middle, right = Figure().subplots(1, 3)
    assert results.plot.accuracy(left) is left
    lines = {line.get_label(): line for line in left.get_lines()}
    means = [100 * (cell["accuracy"]["mean"] or 0) for cell in study.measures["parity"]["finetune"]]
    assert lines["finetune"].get_ydata() == pytest.approx(means)
    assert to_hex(lines["baseline"].get_color()) == "#000000"
    assert to_hex(lines["scratch"].get_color()) == "#1f77b4"  # matplotlib's first
    assert "scratch-source-scaler" not in lines
    assert results.plot.differences(middle).get_xlabel() == "difference in accuracy, points"
    assert len(results.plot.curves(20, ax=right).get_lines()) == 3
    left.figure.savefig("/dev/null", format="svg")  # type: ignore[union-attr]


def test_what_cannot_be_drawn_is_refused(results: Results) -> None:
    with pytest.raises(UnknownName, match="unknown strategy 'finetun'; did you mean 'finetune'"):
        results.plot.accuracy(Figure().subplots(), strategies=["finetun"])
    with pytest.raises(InvalidInput, match="strategies is 'finetune'; it must be a list of names"):
        results.plot.accuracy(strategies="finetune")
    with pytest.raises(UnknownName, match="unknown family 'baselin'; did you mean 'baseline'"):
        results.plot.differences(family="baselin")
    with pytest.raises(InvalidInput, match="family is 'layers', and the study has no such comparisons"):
        results.plot.differences(family="layers")
    with pytest.raises(InvalidInput, match="ax is 3; it must be axes"):
        results.plot.accuracy(3)  # type: ignore[arg-type]


def test_figures_and_tables_are_those_of_the_report(
    results: Results, study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []

    def noted(figure: Any, *_: Any) -> bytes:
        drawn.append(figure.__name__)
        return b"drawn"

    monkeypatch.setattr("fastmlp.report.figures.files.file_of", noted)
    paths = results.save_figures(tmp_path / "figures", "svg")
    assert {path.name for path in paths} >= {"accuracy-1.svg", "differences-1.svg", "curves-1.svg", "split-1.svg"}
    assert len(drawn) == len(paths) == len(list((tmp_path / "figures").iterdir()))
    with pytest.raises(UnknownName, match="unknown format 'pdff'; did you mean 'pdf'"):
        results.save_figures(tmp_path / "others", "pdff")
    assert not (tmp_path / "others").exists()
    assert results.to_latex() == to_latex(summarise(study), "comparison")


def test_a_fit_is_the_very_model_of_the_trial_and_can_be_saved(results: Results, tmp_path: Path) -> None:
    problem = get_problem("parity", 1)
    heldout = problem.split(1).heldout
    for strategy in ("baseline", "finetune"):
        model = results.fit(strategy, n_target=20, seed=1)
        (row,) = (r for r in results.rows if is_in(r, strategy, 20) and r["seed"] == 1)
        right = model.predict(problem.target.X[heldout]) == model.classes_[problem.target.y[heldout]]
        assert right.mean() == row["accuracy"]
        assert (model.fit is None) == (strategy == "baseline")
        loaded = fastmlp.load(fastmlp.save(model, tmp_path / "model"))
        np.testing.assert_array_equal(loaded.predict_proba(problem.target.X), model.predict_proba(problem.target.X))
    assert results.fit("scratch").n_target == 1797
    with pytest.raises(InvalidInput, match=r"X has shape \(3,\)"):
        model.predict([1, 2, 3])
    with pytest.raises(InvalidInput, match="n_target is 501; the target pool holds 500"):
        results.fit("scratch", n_target=501)
    with pytest.raises(InvalidInput, match="n_target is '20'; it must be a whole number"):
        results.fit("scratch", n_target="20")  # type: ignore[arg-type]
    with pytest.raises(UnknownName, match="unknown strategy 3"):
        results.fit(3)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="seed is -1"):
        results.fit("scratch", seed=-1)
    with pytest.raises(UnknownName, match="unknown strategy 'scrath'; did you mean 'scratch'"):
        results.fit("scrath")


def test_a_frame_has_the_rows_of_the_table(results: Results, oracle: Callable[[str], ModuleType]) -> None:
    oracle("pandas")
    frame = results.to_frame()
    assert list(frame.columns) == list(TABLE)
    assert frame["accuracy"].tolist() == [row["accuracy"] for row in results.rows]
    assert results.to_frame("verdicts").to_dict("records") == results.verdicts()
    assert results.to_frame(library="pyarrow").column("accuracy").to_pylist() == frame["accuracy"].tolist()


def test_a_frame_that_cannot_be_made_says_what_would_do(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)  # as if it were not installed
    with pytest.raises(MissingLibrary, match=r"pip install pandas, or ask for library='polars' or 'pyarrow'"):
        results.to_frame()
    with pytest.raises(UnknownName, match="unknown library 'panda'; did you mean 'pandas'"):
        results.to_frame(library="panda")
    with pytest.raises(UnknownName, match="unknown table 'verdict'; did you mean 'verdicts'"):
        results.to_frame("verdict")


def test_a_notebook_shows_what_may_be_best(results: Results) -> None:
    shown = results._repr_html_()
    assert "small: 30 ok." in shown
    assert f"<td>{results.best(20)['top']}" in shown
