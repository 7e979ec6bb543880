"""The history of the benchmarks in a real browser: silent, and readable on a telephone in both schemes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("asv")

from bench.history import page
from bench.history.read import read
from fastmlp.report.history import arrange_history
from fastmlp.report.render import render_page
from tests.bench.test_history import COMMITS, FASTER, FLAT, SHARE, SLOWER, TRAIN, store

from .test_page import CONTRASTS, STICKS_OUT


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of three series, and of one that fails."""
    folder = tmp_path_factory.mktemp("history")
    store(folder / "r", {TRAIN: [FASTER, SLOWER, FLAT], SHARE: [[None] * 12]}, {SHARE: "share of peak"})
    path = folder / "history.html"
    path.write_text(render_page({"history": arrange_history(read(folder / "r", COMMITS))}, Path(page.__file__).parent))
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_silent_and_fits_a_telephone(visit: Callable[..., Any], history: Path, scheme: str) -> None:
    shown = visit(history, color_scheme=scheme, viewport={"width": 320, "height": 800})
    assert [seen for seen in shown.seen if seen != "data:,"] == [history.as_uri()]
    assert shown.evaluate(STICKS_OUT) == []
    assert shown.locator("svg.narrow:visible").count() == 1
    assert all(contrast >= 4.5 for contrast, *_ in shown.evaluate(CONTRASTS))
    from axe_core_python.sync_playwright import Axe

    assert [violation["id"] for violation in Axe().run(shown)["violations"]] == []
