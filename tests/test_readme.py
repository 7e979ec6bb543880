"""What README, guide and CONTRIBUTING show can be typed in: Python runs, commands and files exist."""

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from sklearn import metrics

import fastmlp
from fastmlp import measures
from fastmlp.cli import command_line, exit_codes, main
from fastmlp.problems import registry
from fastmlp.study.settings.load import load_settings
from fastmlp.study.settings.schema import ProblemSettings
from fastmlp.study.trial.context import TrialContext
from fastmlp.study.trial.run import run_strategy

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
GUIDE = {path.stem: path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs" / "guide").glob("*.md"))}
OWN_DATA = GUIDE["own-data"]


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)


COMMANDS = {
    line.partition("#")[0].strip(): line.partition("#")[0].split()[2:]
    for page in (README, *GUIDE.values())
    for block in blocks(page, "console")
    for line in block.splitlines()
    if line.startswith("$ fastmlp ")
}


@pytest.fixture
def names() -> dict[str, Any]:
    """What the examples take for granted."""
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((60, 64)), np.arange(60) % 10
    return {"X": X, "y": y, "X_few": X[:50], "y_few": y[:50], "net": fastmlp.init_mlp((64, 8, 2))}


def test_the_python_of_the_readme_runs(names: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fastmlp, "run_study", lambda name, out: (name, out), raising=False)  # test_packaging runs one
    (code,) = blocks(README, "python")
    exec(code, names)
    assert names["moved"].network.sizes == (64, 64, 10)


@pytest.mark.usefixtures("markdown_alone")
def test_data_of_ones_own_are_studied_as_the_guide_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (code,) = blocks(OWN_DATA, "python")
    exec(code, {})
    study = next(block for block in blocks(OWN_DATA, "toml") if "loops.npz" in block)
    (tmp_path / "loops.toml").write_text(study, encoding="utf-8")
    (command,) = (words for words in COMMANDS.values() if "loops.toml" in words)
    assert main(command) == 0
    report = (tmp_path / "loops" / "report.md").read_text(encoding="utf-8")
    data = report.partition("The data and its split\n")[2].partition("\n## ")[0]
    noted = load_settings(tmp_path / "loops" / "study.toml").problems["loops"]
    assert isinstance(noted, ProblemSettings)
    assert f"`loops.npz` (1797 examples, 2 classes, hash `{noted.source_hash}`)" in data
    assert f"`digits.npz` (1797 examples, 10 classes, hash `{noted.target_hash}`); both have 64 features" in data
    assert "The same row of both files is the same example" in data
    assert "All features have the same unit" in data
    assert "load_digits" not in data, "nothing is said of pictures that are not shown"


STRATEGY, PROBLEM, MEASURE = blocks(CONTRIBUTING, "python")


@pytest.mark.parametrize("what", ["strategy", "problem", "measure"])
def test_ten_lines_tell_how_to_add_one(what: str) -> None:
    section = re.split(r"\n##+ ", CONTRIBUTING.partition(f"### A {what}\n")[2])[0]
    assert len([line for line in section.splitlines() if line and not line.startswith("```")]) <= 10


def test_the_strategy_of_contributing_trains_and_a_study_can_have_it(names: dict[str, Any]) -> None:
    (cooled,) = eval(f"{{{STRATEGY}}}", vars(fastmlp)).values()
    fit = fastmlp.transfer(names["net"], names["X"], names["y"], strategy=cooled, n_classes=10, epochs=2)
    assert fit.network.sizes == (64, 8, 10)
    (study,) = blocks(CONTRIBUTING, "toml")
    assert load_settings(tomllib.loads(study)).strategy("cooled") == cooled


def test_the_problem_of_contributing_can_be_transferred_from(monkeypatch: pytest.MonkeyPatch) -> None:
    row = eval(f"{{{PROBLEM}}}", vars(registry))
    monkeypatch.setattr(registry, "PROBLEMS", {**registry.PROBLEMS, **row})
    problem = registry.get_problem("mirrored", 3)
    mirrored, straight = (task.X.reshape(-1, 8, 8) for task in (problem.source, problem.target))
    np.testing.assert_array_equal(mirrored, straight[:, :, ::-1])
    settings = load_settings({"grid": {"problems": ["mirrored"]}, "network": {"hidden": [8]}})
    record = run_strategy(TrialContext(problem, 3, settings, "numpy"), fastmlp.STRATEGIES["frozen"], 20)
    assert record["status"] == "ok"
    registry.kept_problem.cache_clear()


def test_the_measure_of_contributing_agrees_with_its_oracle(names: dict[str, Any]) -> None:
    places = vars(measures) | {"Probabilities": Any, "Ints": Any}
    exec(f"from __future__ import annotations\n{MEASURE}", places)
    p = np.random.default_rng(0).dirichlet(np.ones(10), size=60)
    assert places["top_two"](p, names["y"]) == metrics.top_k_accuracy_score(names["y"], p, k=2, labels=range(10))
    assert "\nPROTOCOL = " in (ROOT / "fastmlp" / "study" / "store" / "schema.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_command_that_is_shown_exists(command: list[str]) -> None:
    known = command_line.commands[command[0]]
    if isinstance(known, click.Group) and len(command) > 1:
        known = known.commands[command[1]]
    options = {name for parameter in known.params for name in parameter.opts}
    assert {word for word in command if word.startswith("--")} <= options


def test_the_first_screen_has_the_commands_to_start_with() -> None:
    screen = "\n".join(README.splitlines()[:25])
    commands = ("make study", "make test", "pip install .", "fastmlp study lab", "fastmlp lab start")
    assert all(command in screen for command in commands)


TREE = blocks(CONTRIBUTING, "text")[0]


def test_the_map_of_contributing_is_the_land() -> None:
    """Every path of the map is there, and every module and room of the package is on the map."""
    named, above = set[str](), list[str]()
    for indent, names in re.findall(r"^( *)(\S+(?: \S+\.py)*)", TREE, flags=re.MULTILINE):
        above[len(indent) // 2 :] = [names]
        for name in names.split():
            path = "".join([*above[:-1], name])
            assert (ROOT / path).exists(), path
            named.add(path.rstrip("/"))
    rooms = {path.parent.relative_to(ROOT).as_posix() for path in (ROOT / "fastmlp").glob("*/__init__.py")}
    rooms |= {path.parent.relative_to(ROOT).as_posix() for path in (ROOT / "fastmlp" / "study").glob("*/__init__.py")}
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "fastmlp").glob("*.py")}
    assert rooms | modules <= named | {"fastmlp/__init__.py", "fastmlp/__main__.py"}


CHANGES = re.findall(
    r"^\| ([^|]+) \| (.+) \|$", CONTRIBUTING.partition("| to change | touch |")[2].split("\n\n")[0], re.MULTILINE
)


@cache
def known_paths() -> list[str]:
    """Everything in the checkout, without walking through the environments."""
    tops = [path for path in ROOT.iterdir() if path.name not in {".venv", ".git"}]
    return [path.as_posix() for top in tops for path in (top, *top.rglob("*"))]


@pytest.mark.parametrize(("what", "touched"), CHANGES[1:], ids=[what for what, _ in CHANGES[1:]])
def test_what_a_usual_change_touches_is_there(what: str, touched: str) -> None:
    paths = [
        path for path in re.findall(r"`([\w./]+[./][\w./]*)`", touched) if "NAME" not in path and "TOPIC" not in path
    ]
    for path in paths:
        assert any(known.endswith("/" + path.rstrip("/")) for known in known_paths()), f"{what}: {path}"
    assert len(paths) <= (6 if "optimiser" in what else 3)


def test_at_least_ten_usual_changes_are_told() -> None:
    assert len(CHANGES) > 10


def test_the_exit_codes_of_the_guide_are_those_of_the_table() -> None:
    table = GUIDE["studies"].partition("| exit code |")[2].split("\n\n")[0]
    rows = re.findall(r"^\| ([\d, ]+) \| (.+) \|$", table, re.MULTILINE)
    assert {int(code) for codes, _ in rows for code in codes.split(",")} == set(exit_codes.MEANINGS)
