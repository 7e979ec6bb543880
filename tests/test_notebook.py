from __future__ import annotations

import logging
import sys
from itertools import count
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

import fastmlp
from fastmlp import notebook
from fastmlp.notebook import Live, html_table
from fastmlp.study import run as study_run

from .made_up_study import SMALL


def test_what_is_shown_is_text() -> None:
    assert "<td>&lt;script&gt;</td>" in html_table("a & b", ["<b>"], [["<script>"]])


def test_a_network_and_a_training_can_be_seen() -> None:
    net = fastmlp.init_mlp((3, 4, 2), rng=0)
    assert "Network of 26 parameters, float32" in net._repr_html_()
    assert "<td>1</td><td>3</td><td>4</td><td>16</td><td>relu</td>" in net._repr_html_()
    fit = fastmlp.train_mlp(net, np.eye(3), [0, 1, 0], epochs=2, backend="numpy")
    assert "Training: finished" in fit._repr_html_()
    assert f"<td>loss in the last epoch</td><td>{fit.losses[-1]:.4g}</td>" in fit._repr_html_()
    lost = fastmlp.train_mlp(net, 1e3 * np.eye(3), [0, 1, 0], epochs=9, lr=1e6, backend="numpy")
    assert "Training: diverged in epoch" in lost._repr_html_()


class Handle:
    """What `IPython.display.display` returns: it can be updated."""

    def __init__(self, shown: list[dict[str, str]], content: dict[str, str]) -> None:
        self.shown = shown
        self.update(content, raw=True)

    def update(self, content: dict[str, str], *, raw: bool) -> None:
        assert raw
        self.shown.append(content)


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """As if a kernel of Jupyter ran this, and time flew: what is displayed."""
    shown: list[dict[str, str]] = []
    ipython, display = ModuleType("IPython"), ModuleType("IPython.display")
    ipython.get_ipython = lambda: SimpleNamespace(kernel=None)  # type: ignore[attr-defined]
    display.display = lambda content, **_: Handle(shown, content)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    clock = count()
    monkeypatch.setattr(notebook, "monotonic", lambda: float(next(clock)))
    return shown


def test_a_notebook_shows_how_far_something_is(kernel: list[dict[str, str]]) -> None:
    with Live("trials", 1000) as outer:
        outer.show(0)
        with Live("epochs", 5) as inner:
            inner.show(1)
        outer.show(1000, ", 2 <failed>")
    outer.show(3)
    assert [content["text/plain"] for content in kernel] == ["0 of 1,000 trials", "1,000 of 1,000 trials, 2 <failed>"]
    assert kernel[1]["text/html"].endswith("</progress> 1,000 of 1,000 trials, 2 &lt;failed&gt;")


def test_elsewhere_nothing_is_shown(kernel: list[dict[str, str]], monkeypatch: pytest.MonkeyPatch) -> None:
    sys.modules["IPython"].get_ipython = lambda: None  # type: ignore[attr-defined] # IPython is imported, and no kernel
    with Live("trials", 2) as live:
        live.show(1)
    assert not notebook.in_notebook()
    monkeypatch.delitem(sys.modules, "IPython")
    assert not notebook.in_notebook()
    assert kernel == []


def test_trainings_comparisons_and_studies_show_it(
    kernel: list[dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(study_run, "refresh_report", lambda *_: None)
    X, y = np.random.default_rng(0).normal(size=(40, 4)), np.arange(40) % 2
    fastmlp.train_mlp(fastmlp.init_mlp((4, 2), rng=0), X, y, epochs=3, backend="numpy")
    assert kernel[-1]["text/plain"] == "3 of 3 epochs"
    few = fastmlp.TransferClassifier(epochs=1, backend="numpy", hidden_layer_sizes=(4,))
    fastmlp.advise(None, X, y, strategies=["scratch", "baseline"], cv=2, repeats=2, estimator=few)
    assert "8 of 8 trainings" in [content["text/plain"] for content in kernel]
    fastmlp.run_study(SMALL, tmp_path / "out", backend="numpy", jobs=1)
    assert kernel[-1]["text/plain"].startswith("16 of 16 trials; ")
    kernel.clear()
    fastmlp.run_study(SMALL, tmp_path / "again", backend="numpy", jobs=1, progress=False)
    assert not any("trials" in content["text/plain"] for content in kernel)


def test_a_notebook_is_told_of_compiling(kernel: list[dict[str, str]], capsys: pytest.CaptureFixture[str]) -> None:
    log = logging.getLogger("fastmlp")
    before = log.handlers[:], log.level, log.propagate
    log.handlers.clear()
    try:
        notebook.tell_of_compiling()
        notebook.tell_of_compiling()
        log.info("compiling kernels: a first run waits some seconds for it")
    finally:
        log.handlers[:], log.level, log.propagate = before
    assert capsys.readouterr().err == "compiling kernels: a first run waits some seconds for it\n"
