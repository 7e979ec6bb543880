"""The page of a class's grades in a real browser: silent, escaped, and readable on a telephone in both schemes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fastmlp.cli.lab_page import page
from fastmlp.lab.grading import Grade

from .test_page import CONTRASTS, STICKS_OUT

HOSTILE = ('<script>alert("x")</script>', '"><img src=x onerror=alert(1)>', "{{ 7 * 7 }}", "x" * 300, "\u202egro")


@pytest.fixture(scope="module")
def grades(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of submissions with hostile names and sentences."""
    rows = [Grade(name, "lab.py", "ok", frozenset({1, 2}), {3: name, 4: name}, 1.5, name) for name in HOSTILE]
    path = tmp_path_factory.mktemp("grades") / "grades.html"
    path.write_text(page([Grade("anna", "anna.py", "ok", frozenset(range(1, 7)), {}, 9.0), *rows]), encoding="utf-8")
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_silent_and_fits_a_telephone(visit: Callable[..., Any], grades: Path, scheme: str) -> None:
    shown = visit(grades, color_scheme=scheme, viewport={"width": 320, "height": 800})
    assert [seen for seen in shown.seen if seen != "data:,"] == [grades.as_uri()]
    assert shown.evaluate(STICKS_OUT) == []
    assert all(contrast >= 4.5 for contrast, *_ in shown.evaluate(CONTRASTS))
    assert HOSTILE[0] in shown.locator("main").inner_text()
    assert "{{ 7 * 7 }}" in shown.locator("main").inner_text()
    from axe_core_python.sync_playwright import Axe

    assert [violation["id"] for violation in Axe().run(shown)["violations"]] == []


def test_a_page_without_submissions_is_a_page(visit: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "grades.html"
    path.write_text(page([]), encoding="utf-8")
    assert "0 submissions" in visit(path).locator("header").inner_text()
