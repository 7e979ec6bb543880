"""A Chromium that is on the machine, and the page in it.

No browser is downloaded. Where there is none the tests are skipped; with FASTMLP_REQUIRE_BROWSER=1 they fail instead.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Page

FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


def refuse(reason: str) -> None:
    """Skip, or fail where a browser is required."""
    if os.environ.get("FASTMLP_REQUIRE_BROWSER") == "1":
        pytest.fail(f"{reason}, and FASTMLP_REQUIRE_BROWSER=1")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A running Chromium."""
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        refuse(f"no browser on PATH: {', '.join(NAMES)}")
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        refuse("playwright is not installed")
    with sync_playwright() as playwright:
        try:
            chromium = playwright.chromium.launch(executable_path=path, args=list(FLAGS))  # a fresh profile each time
        except Error as error:
            refuse(f"{path} does not start: {str(error).splitlines()[0]}")
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def report(lab: Page, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a made-up lab."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(lab.html, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def look(browser: Any, report: Path) -> Iterator[Callable[..., Any]]:
    """The page with these options of a browser context, opened once, for tests that do nothing to it."""
    pages: dict[str, Any] = {}

    def page_at(width: int = 1280, **options: Any) -> Any:
        key = repr(sorted(options.items()))
        if key not in pages:
            pages[key] = browser.new_context(**options).new_page()
            pages[key].goto(report.as_uri())
        pages[key].set_viewport_size({"width": width, "height": 800})
        return pages[key]

    yield page_at
    for page in pages.values():
        page.context.close()


@pytest.fixture
def visit(browser: Any, report: Path) -> Iterator[Callable[..., Any]]:
    """Open the page anew with options of a browser context; every request and every word on the console is kept."""
    contexts = []

    def open_page(path: Path = report, **options: Any) -> Any:
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.seen = []
        page.on("request", lambda request: page.seen.append(request.url))
        page.on("console", lambda message: page.seen.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: page.seen.append(f"error: {error}"))
        page.on("dialog", lambda dialog: page.seen.append(f"dialog: {dialog.message}"))
        page.goto(path.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
