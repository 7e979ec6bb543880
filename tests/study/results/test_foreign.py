"""Results from elsewhere: trained on the rows of a study's splits, paired with its own, marked, and counted nowhere."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

import fastmlp
from fastmlp.cli import main
from fastmlp.errors import FastmlpError, StoreError
from fastmlp.problems import get_problem
from fastmlp.report.render import to_markdown
from fastmlp.report.study import Study
from fastmlp.report.summary import summarise
from fastmlp.study import run as study_run
from fastmlp.study.results.results import Results
from fastmlp.study.store import read_study

from ...made_up_study import SMALL, with_grid


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(study_run, "refresh_report", lambda *_: None)
        settings = with_grid(SMALL, seeds=3)
        return fastmlp.run_study(settings, tmp_path_factory.mktemp("study"), backend="numpy", jobs=1).folder


@pytest.fixture
def results(made: Path, tmp_path: Path) -> Results:
    """A study in a folder of its own, for the tests write there."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return Results.open(tmp_path)


def neighbours(results: Results) -> list[dict[str, Any]]:
    """What the nearest neighbour measures on the rows of every cell."""
    rows = []
    for cell in results.splits():
        task = get_problem(cell["problem"], cell["seed"]).target
        model = KNeighborsClassifier(1).fit(task.X[cell["train"]], task.y[cell["train"]])
        accuracy = model.score(task.X[cell["heldout"]], task.y[cell["heldout"]])
        rows.append({"n_target": cell["n_target"], "seed": cell["seed"], "accuracy": accuracy})
    return rows


def test_splits_are_the_rows_that_trials_use(results: Results, capsys: pytest.CaptureFixture[str]) -> None:
    cells = list(results.splits())
    assert main(["splits", str(results.folder)]) == 0
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == cells
    assert [(c["n_target"], c["seed"]) for c in cells] == [(n, seed) for seed in range(3) for n in (20, 30)]
    for cell in cells:
        parts = [set(cell["train"]), set(cell["heldout"]), set(cell["source"])]
        assert [len(part) for part in parts] == [cell["n_target"], 500, 697]
        assert len(set.union(*parts)) == sum(map(len, parts))
    task = get_problem("parity").target
    (cell,) = (c for c in cells if (c["n_target"], c["seed"]) == (20, 1))
    model = results.fit("baseline", n_target=20, seed=1)
    (row,) = (r for r in results.rows if (r["strategy"], r["n_target"], r["seed"]) == ("baseline", 20, 1))
    assert (model.predict(task.X[cell["heldout"]]) == model.classes_[task.y[cell["heldout"]]]).mean() == row["accuracy"]


def test_a_method_from_elsewhere_is_paired_judged_and_marked(results: Results) -> None:
    before, rows = results.verdicts(), neighbours(results)
    after = results.add("neighbour", rows)
    name = "neighbour (foreign)"
    added = [v for v in after.verdicts() if v["family"] == "foreign"]
    assert [v for v in after.verdicts() if v["family"] != "foreign"] == before
    assert {(v["first"], v["second"]) for v in added} == {
        (name, s) for s in ("scratch", "frozen", "finetune", "baseline")
    }
    v: Any = next(v for v in added if (v["second"], v["n_target"]) == ("baseline", 20))
    theirs = [row["accuracy"] for row in rows if row["n_target"] == 20]
    ours = [r["accuracy"] for r in results.rows if (r["strategy"], r["n_target"]) == ("baseline", 20)]
    assert v["difference"] == pytest.approx(np.mean(np.subtract(theirs, ours)))
    assert (v["n"], v["planned"], v["together"]) == (3, 3, 8)
    assert name in {line.get_label() for line in after.plot.accuracy(figure_axes()).get_lines()}
    assert (after.counts, after.best(20)) == (results.counts, results.best(20))
    assert Results.open(results.folder).verdicts() == after.verdicts()
    assert len(after.add("neighbour", rows[:4]).add("other", rows).verdicts()) == len(before) + 16


def figure_axes() -> Any:
    from matplotlib.figure import Figure

    return Figure().subplots()


def test_the_report_has_it_beside_ours_and_changes_nothing_else(results: Results) -> None:
    def report() -> str:
        data = read_study(results.folder)
        return to_markdown(summarise(Study(data.settings, data.rows, data.meta)))

    before = report()
    results.add("neighbour", neighbours(results))
    after = report()
    assert "`neighbour (foreign)` was not run by this study" in after
    assert "| `neighbour (foreign)` − `baseline` |" in after
    start, end = (
        after.index(words) for words in (" Computed elsewhere", "**What to look for.** Three things, in this")
    )
    numbers = str.maketrans("", "", "0123456789")  # of tables and figures that come later
    rest = after[:start].rpartition("###")[0] + after[end:]
    assert rest.translate(numbers).split() == before.translate(numbers).split()


@pytest.mark.parametrize("library", ["pandas", "pyarrow"])
def test_frames_of_other_libraries_are_read(
    results: Results, library: str, oracle: Callable[[str], ModuleType]
) -> None:
    module, rows = oracle(library), neighbours(results)
    frame = module.DataFrame(rows) if library == "pandas" else module.Table.from_pylist(rows)
    plain = results.add("neighbour", rows).verdicts()
    assert results.add("neighbour", frame).verdicts() == plain


ROW = {"problem": "parity", "n_target": 20, "seed": 0, "accuracy": 0.5}
REFUSED: dict[str, tuple[Any, str]] = {
    "no frame": (3, "frame is 3; it must be a frame, a dict of columns or a list of dicts"),
    "no rows": ([], "frame has no rows"),
    "ragged": ({"seed": [0], "n_target": [20, 30]}, r"frame has columns of \[1, 2\] values"),
    "another column": ([ROW | {"acuracy": 1}], "unknown column 'acuracy'; did you mean 'accuracy'"),
    "no accuracy": ([{"n_target": 20, "seed": 0}], "row 0 has no accuracy; it has problem, n_target, seed"),
    "percent": ([ROW, ROW | {"seed": 1, "accuracy": 83.1}], "row 1: accuracy is 83.1; .* 0 to 1, not in percent"),
    "not a number": ([ROW | {"accuracy": float("nan")}], "row 0: accuracy is nan"),
    "text": ([ROW | {"log_loss": "low"}], "row 0: log_loss is 'low'; it must be a number of at least 0"),
    "no cell": ([ROW | {"n_target": 25}], "row 0 is of problem 'parity', n_target 25, seed 0, which is no cell"),
    "no whole number": ([ROW | {"seed": 0.5}], "row 0: seed is 0.5"),
    "twice": ([ROW, ROW], "row 1 is of problem 'parity', n_target 20, seed 0, as a row before it is"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_result_is_refused_and_nothing_written(results: Results, case: str) -> None:
    frame, message = REFUSED[case]
    with pytest.raises(FastmlpError, match=message):
        results.add("mine", frame)
    assert not (results.folder / "foreign.json").exists()


@pytest.mark.parametrize("name", ["", " ", 3, "a\nb", "x" * 61])
def test_a_method_needs_a_name(results: Results, name: Any) -> None:
    with pytest.raises(FastmlpError, match="name is"):
        results.add(name, [ROW])


def test_a_file_of_something_else_is_named(results: Results) -> None:
    (results.folder / "foreign.json").write_text('[{"strategy": 3}]')
    with pytest.raises(StoreError, match=r"foreign\.json: holds no foreign results: Expected `str`, got `int`"):
        Results.open(results.folder)


def test_what_the_plan_has_no_longer_is_left_out(results: Results) -> None:
    results.add("neighbour", neighbours(results))
    data = read_study(results.folder)
    fewer = Study(data.settings, [row for row in data.rows if row["n_target"] == 20], data.meta)
    assert fewer.grid.sizes == (20,)
    assert {c["n"] for c in fewer.pairs.family("foreign")} == {3}


def test_the_page_of_the_guide_runs_on_a_study(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    page = Path(__file__).parents[3] / "docs" / "guide" / "results.md"
    if not page.is_file():
        pytest.skip("docs/ is no part of what is built")
    (results.folder / "out").mkdir()
    (results.folder / "out" / "mine").symlink_to(results.folder)
    monkeypatch.chdir(results.folder)
    monkeypatch.setattr(study_run, "refresh_report", lambda *_: None)
    names: dict[str, Any] = {}
    for code in re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE):
        exec(code, names)
    assert 0 < names["with_brier"].rows[0]["brier"] < 2
    assert names["latex"].startswith("\\begin{table}")
    assert names["transferred"].n_target == 1797
    assert {v["first"] for v in names["results"].verdicts()} >= {"neighbour (foreign)"}
