"""The facts of a problem: pictures of its own examples, none of them held out, and how its inputs lie."""

import json
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fastmlp.cli import main
from fastmlp.problems import InputFacts, get_problem
from fastmlp.report import render
from fastmlp.study.data_description import describe_problem, pictures
from fastmlp.study.settings.load import load_settings
from fastmlp.study.store import read_study


@pytest.mark.parametrize("name", ["parity", "halves", "noisy-1"])
def test_pictures_are_examples_of_the_pools(name: str) -> None:
    problem = get_problem(name)
    split = problem.split(0)
    shown = pictures(problem, split)
    assert sorted(shown) == ["source", "target"]
    for label, pixels in shown["target"]:
        image = np.array([int(grey, 16) for grey in pixels])
        rows = split.pool[problem.target.y[split.pool] == int(label)]
        assert image.shape == (64,)
        assert np.abs(problem.target.X[rows] * 15 / 16 - image).max(axis=1).min() <= 0.5


def test_every_class_of_the_target_is_shown_in_order() -> None:
    problem = get_problem("parity")
    assert [label for label, _ in pictures(problem, problem.split(0))["target"]] == list("0123456789")


def test_inputs_that_are_no_images_have_none() -> None:
    problem = get_problem("teacher-0.5")
    assert pictures(problem, problem.split(0)) == {}


def test_sixty_four_features_are_no_image_yet() -> None:
    problem = replace(get_problem("parity"), images=False)
    assert pictures(problem, problem.split(0)) == {}


@pytest.mark.parametrize(
    ("name", "same_classes", "control"),
    [("noisy-1", True, False), ("parity", False, False), ("teacher-1", False, True)],
)
def test_a_report_is_told_of_classes_and_controls(name: str, *, same_classes: bool, control: bool) -> None:
    facts = json.loads(describe_problem(load_settings("lab"), name))
    assert (facts["same_classes"], facts["control"]) == (same_classes, control)


STUDY = """
[grid]
problems = ["mine"]
strategies = ["scratch", "finetune"]
sizes = [50]
seeds = 1
[network]
hidden = [8]
[problems.mine]
source = "source.npz"
target = "target.npz"
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a study whose label is decided by two of ten features; one of them is constant in the source."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for role in ("source", "target"):
        x = rng.normal(size=(600, 10))
        x[:, 4] = x[:, 4] if role == "target" else 3.0
        np.savez(tmp_path / f"{role}.npz", X=x, y=(x[:, 4] * (role == "target") + x[:, 7] > 0).astype(int))
    (tmp_path / "study.toml").write_text(STUDY)
    return tmp_path


def test_a_feature_that_transfer_throws_away_is_named_when_the_study_starts_and_stored_with_it(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(render, "render_report", lambda *_: None)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        assert main(["study", "study.toml", "--backend", "numpy", "--jobs", "1"]) == 0
    first, *others = capsys.readouterr().err.splitlines()
    assert first.startswith("fastmlp: problem 'mine': feature 4 is constant in the source and not in the target: every")
    assert not any("constant" in line for line in others)
    stored = json.loads(read_study(here / "out").meta["problem:mine"])["inputs"]
    assert (stored["ignored"], stored["constant_in_source_only_features"]) == (1, [4])
    assert stored.keys() == InputFacts.__annotations__.keys()


def test_facts_of_a_problem_are_json_of_finite_numbers(here: Path) -> None:
    for settings, name in ((load_settings("lab"), "parity"), (load_settings(here / "study.toml"), "mine")):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("warnings.warn", lambda *_, **__: None)
            text = describe_problem(settings, name)
        assert json.dumps(json.loads(text), allow_nan=False) == text
