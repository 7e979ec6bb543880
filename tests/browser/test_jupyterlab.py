"""A student does the lab in JupyterLab: writes into the starter's cells and runs them, in a real browser."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from fastmlp.lab.checking import check
from fastmlp.lab.checks import FUNCTIONS
from fastmlp.lab.starter import cells, start
from fastmlp.lab.submission import load

from ..notebooks import SECONDS, library

SETTINGS = {
    "notebook-extension/tracker": {"windowingMode": "none"},  # cells out of sight would not be in the page
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},  # nothing covers the cells
}


@pytest.fixture
def jupyter(tmp_path: Path) -> Iterator[str]:
    """A JupyterLab in a folder with the starter files; the address of the notebook."""
    library("jupyterlab")
    start(tmp_path)
    home = tmp_path / "home"
    for name, settings in SETTINGS.items():
        path = home / "lab" / "user-settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(settings), encoding="utf-8")
    words = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    environment = os.environ | {"HOME": str(home), "JUPYTER_CONFIG_DIR": str(home), "JUPYTER_RUNTIME_DIR": str(home)}
    with (
        (tmp_path / "log").open("wb") as log,
        subprocess.Popen(words, cwd=tmp_path, stdout=log, stderr=log, env=environment) as process,
    ):
        try:
            server = started(process, home)
            yield f"{server['url']}lab/tree/lab.ipynb?token={server['token']}"
        finally:
            process.terminate()


def started(process: subprocess.Popen[bytes], home: Path) -> dict[str, Any]:
    """Wait until a server has written where it listens; it takes a port that is free."""
    path, deadline = home / f"jpserver-{process.pid}.json", monotonic() + SECONDS
    while not path.exists():
        assert process.poll() is None, "JupyterLab has ended"
        assert monotonic() < deadline, "JupyterLab does not start"
        sleep(0.1)
    server: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return server


@pytest.fixture
def page(browser: Any, jupyter: str) -> Iterator[Any]:
    """The notebook in a page, with an idle kernel."""
    context = browser.new_context()
    context.set_default_timeout(SECONDS * 1000)
    page = context.new_page()
    page.goto(jupyter)
    page.get_by_text(re.compile(r"^Python 3 .*\| Idle$")).wait_for()
    yield page
    context.close()


def write(page: Any, cell: Any, text: str) -> None:
    """Replace what is in a cell, as somebody does who pastes."""
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(text)


def execute(page: Any, cell: Any, count: int) -> str:
    """Run a cell, wait until its prompt has the number of the execution, and return what it shows."""
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    cell.locator(".jp-InputPrompt").get_by_text(f"[{count}]:").wait_for()
    text: str = cell.locator(".jp-OutputArea").inner_text()
    return text


def test_a_student_does_the_lab(page: Any, tmp_path: Path) -> None:
    code = page.locator(".jp-Notebook .jp-CodeCell")
    solved = [cell.source for cell in cells(FUNCTIONS) if cell.kind == "code"]
    code.nth(len(solved) - 1).wait_for(state="attached")  # they come one after the other
    assert code.count() == len(solved)
    count = itertools.count(1)
    execute(page, code.nth(0), next(count))
    for task in FUNCTIONS:
        functions, checked = code.nth(2 * task - 1), code.nth(2 * task)
        execute(page, functions, next(count))
        assert f"{task - 1}/6 solved" in execute(page, checked, next(count))
        write(page, functions, solved[2 * task - 1])
        execute(page, functions, next(count))
        assert f"{task}/6 solved" in execute(page, checked, next(count))
    execute(page, code.last, next(count))
    figure = code.last.locator(".jp-OutputArea-output img")
    figure.scroll_into_view_if_needed()
    assert figure.evaluate("image => image.naturalWidth") > 300
    page.keyboard.press("Control+S")
    page.locator(".jp-mod-dirty").wait_for(state="detached")
    assert str(check(namespace=load(tmp_path / "lab.ipynb").names)).endswith("6/6 solved")
    found = (
        library("axe_core_python.sync_playwright")
        .Axe()
        .run(page, context=".jp-MarkdownOutput, .jp-OutputArea-output pre")
    )
    theirs = {"color-contrast", "image-alt"}  # JupyterLab's theme, and how it shows a figure
    ours = [violation for violation in found["violations"] if violation["id"] not in theirs]
    assert not ours, [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in ours]
