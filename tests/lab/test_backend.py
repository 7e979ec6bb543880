"""A student's network runs a study, and the report says how it compares."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import fastmlp
from fastmlp import backends
from fastmlp.cli import main
from fastmlp.errors import InvalidInput
from fastmlp.lab.backend import add_student_backend, student_backend
from fastmlp.lab.checks import FUNCTIONS
from fastmlp.lab.notebook import to_percent
from fastmlp.lab.starter import cells
from fastmlp.report.chapters.network.numbers import own_backend

from ..made_up_study import SMALL
from .styles import STYLES
from .submissions import SOLUTION, run


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("strategy", ["scratch", "frozen", "finetune", "partial-1"])
def test_any_style_trains_as_the_reference_does(style: str, strategy: str) -> None:
    backend = student_backend("mine", run(SOLUTION + STYLES[style]))
    backends.add_backend(backend)
    rng = np.random.default_rng(3)
    net = fastmlp.init_mlp((8, 8, 2), rng=0, dtype="float64")  # inputs and hidden units are equally many
    X, y = rng.normal(size=(30, 8)), rng.integers(0, 5, 30)
    mine, theirs = (
        fastmlp.transfer(net, X, y, strategy=strategy, n_classes=5, rng=1, epochs=3, lr=0.05, backend=name)
        for name in ("mine", "numpy")
    )
    np.testing.assert_allclose(mine.network.theta, theirs.network.theta, atol=1e-4)
    np.testing.assert_allclose(mine.losses, theirs.losses, atol=1e-4)
    np.testing.assert_allclose(
        fastmlp.forward(mine.network, X, backend="mine"), fastmlp.forward(mine.network, X), atol=1e-4
    )


@pytest.mark.parametrize("sizes", [(4, 3), (4, 5, 6, 3)])
def test_other_networks_are_left_to_the_reference(sizes: tuple[int, ...]) -> None:
    backends.add_backend(student_backend("mine", run(SOLUTION)))
    net = fastmlp.init_mlp(sizes, rng=0, dtype="float64")
    X, y = np.random.default_rng(1).normal(size=(9, 4)), np.arange(9) % 3
    mine, theirs = (fastmlp.backward(net, X, y, backend=name) for name in ("mine", "numpy"))
    assert mine[0] == theirs[0]
    np.testing.assert_array_equal(mine[1].theta, theirs[1].theta)


def test_a_backend_of_ones_own_is_known_by_name() -> None:
    with pytest.raises(fastmlp.FastmlpError, match="mine"):
        fastmlp.get_backend("mine")
    backends.add_backend(student_backend("mine", run(SOLUTION)))
    assert fastmlp.get_backend("mine").name == "mine"
    assert backends.is_own("mine")
    assert not backends.is_own("numpy")


def test_a_network_that_is_not_solved_runs_no_study(tmp_path: Path) -> None:
    path = tmp_path / "lab.py"
    path.write_text(to_percent(cells([1, 2])), encoding="utf-8")
    with pytest.raises(InvalidInput, match="task 3 is not solved"):
        add_student_backend(path, "lab.py")


def test_the_name_changes_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "lab.py"
    names = []
    for extra in ("", "\n# changed\n"):
        path.write_text(to_percent(cells(FUNCTIONS)) + extra, encoding="utf-8")
        names.append(add_student_backend(path, "lab.py"))
    assert names[0] != names[1]
    assert all(name.startswith("lab.py@") for name in names)


@pytest.mark.usefixtures("markdown_alone")
def test_a_study_runs_on_it_and_its_report_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, settings = tmp_path / "lab.py", tmp_path / "small.toml"
    path.write_text(to_percent(cells(FUNCTIONS)), encoding="utf-8")
    from fastmlp.study.settings.load import from_dict, to_toml

    settings.write_text(to_toml(from_dict(SMALL)), encoding="utf-8")
    out = tmp_path / "out"
    words = ["study", str(settings), "--out", str(out), "--backend", str(path)]
    assert main(words) == 0
    report = (out / "report.md").read_text(encoding="utf-8")
    assert "They are equivalent to it" in report
    assert "lab.py@" in report
    capsys.readouterr()
    assert main(["status", str(out), "--json"]) == 0
    status = json.loads(capsys.readouterr().out)
    assert status["backend"].startswith(str(path))
    again = (out / "results.csv").read_bytes()
    assert main([*words[:-1], status["backend"]]) == 0  # with the hash, as the command to resume has it
    assert (out / "results.csv").read_bytes() == again


@pytest.mark.parametrize(("gradient", "case"), [(1e-9, "equivalent"), (0.2, "different"), (None, "different")])
def test_the_report_judges_by_rounding(gradient: float | None, case: str) -> None:
    noted = {"backend": "b", "dtype": "float32", "examples": 1, "epochs": 1, "loss": 0.0, "gradient": gradient}
    noted |= {"parameters": 0.0, "agree": 1.0, "flops": 2.0, "fastest": 4.0, "fastest_name": "numba", "peak": 8.0}
    found = own_backend(json.dumps(noted))
    assert found is not None
    assert (found["case"], found["slower"], found["of_peak"]) == (case, 2.0, 0.25)
    assert own_backend(None) is None
