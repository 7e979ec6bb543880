"""A problem of one's own, answered: the command, its page, its model, its predictions, and that nothing leaks."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import fastmlp
from fastmlp.answer import Answer, answer, predictions, question_of_settings, question_of_table
from fastmlp.answer.page import confusion_table
from fastmlp.cli import main
from fastmlp.cli.commands.fit import WAYS
from fastmlp.errors import InvalidInput, SettingsError
from fastmlp.interchange.tables import MISSING, Wanted

NAMES = np.array(["ant", "bee", "cat"])
RNG = np.random.default_rng(0)
Y = np.arange(60) % 3
X = RNG.normal(size=(60, 4)) + 2 * np.eye(3, 4)[Y]
NET = fastmlp.init_mlp((4, 6, 5), rng=0)
SETTINGS = """
name = "Insects"
margin = 0.02
training = { epochs = 3 }
grid = { strategies = ["baseline", "frozen", "finetune"] }
[problems.mine]
target = "mine.csv"
label = "insect"
pretrained = "net.safetensors"
"""


def write(path: Path, numbers: np.ndarray, labels: np.ndarray | None = None) -> Path:
    """Write a table; NaN is an empty cell."""
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow([*(f"f{k}" for k in range(numbers.shape[1])), *([] if labels is None else ["insect"])])
        for k, row in enumerate(numbers.tolist()):
            cells = ["" if value != value else value for value in row]  # noqa: PLR0124 (NaN is not itself)
            rows.writerow([*cells, *([] if labels is None else [labels[k]])])
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("answer")
    write(place / "mine.csv", X, NAMES[Y])
    fastmlp.save(NET, place / "net.safetensors")
    (place / "mine.toml").write_text(SETTINGS)
    return place


@pytest.fixture(scope="module")
def found(folder: Path) -> Answer:
    return answer(question_of_settings(folder / "mine.toml"), backend="numpy", jobs=1)


def test_the_command_writes_a_model_and_a_page_and_says_what_it_found(
    folder: Path, capsys: pytest.CaptureFixture[str], found: Answer
) -> None:
    command = ["fit", str(folder / "mine.toml"), "--out", str(folder / "insects.safetensors")]
    assert main([*command, "--backend", "numpy", "--jobs", "1"]) == 0
    said = capsys.readouterr()
    assert str(found.advice) in said.out
    assert f"Expect of {found.advice.best} on new rows: " in said.out
    assert "Each interval is for one comparison alone; the verdicts are corrected for all pairs" in said.out
    assert "The next 100 labels: that is more than there are now, 60, and too far ahead to tell." in said.out
    assert "60 rows of 4 features, 3 classes in insect" in said.err
    assert "pretrained: net.safetensors, 4 - 6 - 5, which sees its inputs as they are" in said.err
    page = (folder / "insects.md").read_text()
    assert "| ant | 20 |" in page
    assert "The data that it was trained on are not there" in page
    assert "each for one comparison alone" in page
    assert (folder / "insects.html").read_text().startswith("<!DOCTYPE html>")
    again = fastmlp.load(folder / "insects.safetensors")
    assert_array_equal(again.network_.theta, found.model.network_.theta)
    assert again.feature_names_in_.tolist() == ["f0", "f1", "f2", "f3"]


def test_predictions_are_the_models_whatever_the_order_of_the_columns(folder: Path, found: Answer) -> None:
    model = fastmlp.save(found.model, folder / "model.safetensors")
    lines = ["id,f3,f1,f0,f2", *(f"row {k},{x[3]!r},{x[1]!r},{x[0]!r},{x[2]!r}" for k, x in enumerate(X.tolist()))]
    (folder / "new.csv").write_text("\n".join(lines))
    rows = list(csv.reader(io.StringIO(b"".join(predictions(model, folder / "new.csv")).decode())))
    assert rows[0] == ["label", "p_ant", "p_bee", "p_cat"]
    bare = found.model.network_
    seen = X if found.model.scaler_ is None else found.model.scaler_.transform(X, bare.dtype)
    expected = fastmlp.predict_proba(bare, seen, backend="numpy")
    assert_allclose(np.array([row[1:] for row in rows[1:]], float), expected, rtol=1e-4, atol=1e-5)
    assert [row[0] for row in rows[1:]] == NAMES[expected.argmax(axis=1)].tolist()


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("few.csv", "f0,f1,f2\n1,2,3\n", "has no column 'f3'"),
        ("gap.csv", "f0,f1,f2,f3\n1,2,3,4\n1,,3,4\n", "line 3, column 'f1' is missing; the model knows no way"),
        ("none.csv", None, "there is no such file"),
    ],
)
def test_predictions_are_refused_before_a_line_is_written(
    folder: Path, found: Answer, name: str, content: str | None, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    model = fastmlp.save(found.model, folder / "refusing.safetensors")
    if content is not None:
        (folder / name).write_text(content)
    assert main(["predict", str(model), str(folder / name)]) == 2
    said = capsys.readouterr()
    assert not said.out
    assert says in said.err


def test_a_network_predicts_no_classes(folder: Path) -> None:
    with pytest.raises(InvalidInput, match="which predicts no classes"):
        list(predictions(folder / "net.safetensors", folder / "mine.csv"))


def test_missing_values_are_filled_with_means_of_what_is_trained_on(folder: Path) -> None:
    gaps = X.copy()
    gaps[::7, 1] = np.nan
    path = write(folder / "gaps.csv", gaps, NAMES[Y])
    question = question_of_table(path, Wanted(label="insect", missing="mean"))
    question = replace(question, strategies={"baseline": fastmlp.STRATEGIES["baseline"]})
    model = answer(question, backend="numpy", jobs=1).model
    assert model.fill_ is not None
    assert_allclose(model.fill_, np.nanmean(gaps, axis=0))
    saved = fastmlp.load(fastmlp.save(model, folder / "gaps.safetensors"))
    del saved.feature_names_in_  # arrays have no names
    assert_allclose(saved.predict_proba(gaps), saved.predict_proba(np.where(np.isnan(gaps), model.fill_, gaps)))
    assert b"".join(predictions(folder / "gaps.safetensors", folder / "gaps.csv")).count(b"\n") == 61


def test_what_a_fold_leaves_out_has_no_part_in_the_means(folder: Path) -> None:
    """Values of the rows that are left out may be anything: the model of the fold is the same."""
    gaps = X.copy()
    gaps[::5, 0] = np.nan
    train, left_out = np.arange(40), np.arange(40, 60)
    models = []
    for change in (0.0, 1e6):
        changed = gaps.copy()
        changed[left_out] += change
        selector = fastmlp.TransferSelectorCV(
            None,
            ["baseline"],
            cv=[(train, left_out)],
            estimator=fastmlp.TransferClassifier(missing="mean", backend="numpy"),
        )
        _, examples, folds, _ = selector._prepare(changed, NAMES[Y], None, None)
        part = examples.rows(folds[0][0])
        models.append(fastmlp.TransferClassifier(None, "baseline", missing="mean").fit(part.X, part.y))
    assert_array_equal(models[0].fill_, models[1].fill_)
    assert_array_equal(models[0].network_.theta, models[1].network_.theta)


def test_many_rows_are_compared_in_part_and_trained_on_as_a_whole(folder: Path, found: Answer) -> None:
    question = replace(found.question, strategies={"baseline": fastmlp.STRATEGIES["baseline"]})
    part = answer(question, compared=30, backend="numpy", jobs=1)
    assert np.bincount(Y[part.rows]).tolist() == [10, 10, 10]
    assert part.more is None
    assert part.advice.rehearsal.n == 30


def test_the_confusion_counts_each_row_once_under_its_name(found: Answer) -> None:
    rehearsal = found.advice.rehearsal
    assert rehearsal.classes.tolist() == NAMES.tolist()
    assert rehearsal.confusion.sum(axis=1).tolist() == [20, 20, 20]
    table = confusion_table(found)
    assert [column["head"]["value"] for column in table["columns"]] == ["class", *NAMES]


def test_a_source_that_is_there_is_pretrained_on(folder: Path) -> None:
    write(folder / "source.csv", RNG.normal(size=(80, 4)), NAMES[np.arange(80) % 2])
    settings = SETTINGS.replace('pretrained = "net.safetensors"', 'source = "source.csv"')
    (folder / "both.toml").write_text(settings + "\n[network]\nhidden = [6]\n[pretraining]\nepochs = 2\n")
    question = question_of_settings(folder / "both.toml", backend="numpy")
    assert question.origin == "trained on 64 rows of source.csv, 4 - 6 - 2"
    assert not question.without_source
    assert question.pretrained is not None
    assert question.pretrained.scaler is not None


REFUSALS = {
    "no problem": ("[grid]\nseeds = 3\n", "problems: holds no problem"),
    "two problems": (
        SETTINGS + '[problems.other]\ntarget = "mine.csv"\n',
        "holds mine, other; --problem NAME says which",
    ),
    "no label": (SETTINGS.replace('label = "insect"', ""), "problems.mine.label: is needed"),
    "no network": (SETTINGS.replace("net.s", "mine.s"), "problems.mine.pretrained: .*mine.safetensors: is no file"),
    "no column": (
        SETTINGS.replace('"insect"', '"insects"'),
        "problems.mine: .*has no column 'insects'; did you mean 'ins",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_settings_that_ask_nothing_are_refused(folder: Path, case: str) -> None:
    text, says = REFUSALS[case]
    (folder / "wrong.toml").write_text(text)
    with pytest.raises(SettingsError, match=says):
        question_of_settings(folder / "wrong.toml")


def test_the_command_knows_every_way_with_missing_values() -> None:
    assert WAYS == MISSING


def test_options_of_tables_and_of_settings_are_not_mixed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words, says in (
        (["mine.toml", "--label", "insect"], "--label is for tables"),
        (["mine.csv", "--problem", "mine", "--label", "insect"], "--problem is for settings"),
        (["mine.csv"], "which column holds the labels? --label COLUMN says it"),
    ):
        place, *options = words
        assert main(["fit", str(folder / place), *options, "--out", str(folder / "no.safetensors")]) == 2
        assert says in capsys.readouterr().err
    assert not (folder / "no.safetensors").exists()
