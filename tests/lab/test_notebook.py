"""The notebook in a real kernel and in JupyterLab: `make notebook` installs both, and runs these tests.

Elsewhere they are skipped; with FASTMLP_REQUIRE_NOTEBOOK=1 they fail instead.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from fastmlp.lab.checks import FUNCTIONS
from fastmlp.lab.notebook import to_notebook, to_percent
from fastmlp.lab.starter import cells, start

SECONDS = 120  # from the first task to the plot
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu"]


def library(name: str) -> Any:
    """Import a library that `make notebook` installs."""
    if os.environ.get("FASTMLP_REQUIRE_NOTEBOOK") == "1":
        return import_module(name)
    return pytest.importorskip(name, reason=f"{name} is installed by make notebook")


def test_both_files_are_what_their_libraries_read(tmp_path: Path) -> None:
    nbformat, jupytext = library("nbformat"), library("jupytext")
    start(tmp_path)
    notebook = nbformat.read(tmp_path / "lab.ipynb", as_version=4)
    nbformat.validate(notebook)
    of_file = jupytext.read(tmp_path / "lab.py")
    assert of_file.cells[0].source.startswith("# lab-version")
    pairs = zip(of_file.cells[1:], notebook.cells, strict=True)
    assert all((mine.cell_type, mine.source.strip()) == (theirs.cell_type, theirs.source) for mine, theirs in pairs)
    assert of_file.metadata["kernelspec"]["name"] == notebook.metadata["kernelspec"]["name"]


def test_a_real_kernel_goes_from_the_starter_to_the_plot(tmp_path: Path) -> None:
    """A student writes one task after the other into the starter's cells, and runs the whole notebook at the end."""
    nbformat, nbclient = library("nbformat"), library("nbclient")
    start(tmp_path)
    notebook = nbformat.read(tmp_path / "lab.ipynb", as_version=4)
    for mine, solved in zip(notebook.cells, cells(FUNCTIONS), strict=True):
        assert mine.cell_type == solved.kind
        mine.source = solved.source
    began = time.monotonic()
    client = nbclient.NotebookClient(
        notebook, timeout=SECONDS, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    )
    client.execute()
    assert time.monotonic() - began < SECONDS
    checks = [cell for cell in notebook.cells if cell.source.startswith("check(")]
    said = [cell.outputs[-1]["data"]["text/plain"] for cell in checks]
    assert [text.splitlines()[-1] for text in said] == [f"{task}/6 solved" for task in FUNCTIONS]
    assert any("image/png" in output.get("data", {}) for output in notebook.cells[-1].outputs)


def test_a_starter_that_nobody_touched_runs_through(tmp_path: Path) -> None:
    nbformat, nbclient = library("nbformat"), library("nbclient")
    start(tmp_path)
    notebook = nbformat.read(tmp_path / "lab.ipynb", as_version=4)
    nbclient.NotebookClient(notebook, timeout=SECONDS, kernel_name="python3").execute()
    assert "is drawn when all six tasks are solved" in json.dumps(notebook.cells[-1].outputs)


@pytest.fixture
def jupyter(tmp_path: Path) -> Iterator[str]:
    """A JupyterLab in a folder with the solved notebook; its address."""
    library("jupyterlab")
    start(tmp_path)
    (tmp_path / "lab.ipynb").write_text(to_notebook(cells(FUNCTIONS)), encoding="utf-8")
    (tmp_path / "lab.py").write_text(to_percent(cells(FUNCTIONS)), encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    token, home = secrets.token_hex(8), tmp_path / "home"
    settings = home / "lab" / "user-settings" / "@jupyterlab" / "notebook-extension"
    settings.mkdir(parents=True)  # cells out of sight would not be in the page
    (settings / "tracker.jupyterlab-settings").write_text('{"windowingMode": "none"}', encoding="utf-8")
    options = [f"--ServerApp.port={port}", f"--IdentityProvider.token={token}", "--ServerApp.port_retries=0"]
    words = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", *options]
    environment = os.environ | {"HOME": str(home), "JUPYTER_CONFIG_DIR": str(home), "JUPYTER_RUNTIME_DIR": str(home)}
    log = (tmp_path / "log").open("wb")
    with log, subprocess.Popen(words, cwd=tmp_path, stdout=log, stderr=log, env=environment) as process:
        try:
            wait_for(f"http://127.0.0.1:{port}/api?token={token}")
            yield f"http://127.0.0.1:{port}/lab/tree/lab.ipynb?token={token}"
        finally:
            process.terminate()
            process.wait(30)


def wait_for(address: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.3)
    pytest.fail("JupyterLab does not start")


def test_jupyterlab_goes_to_the_plot(jupyter: str) -> None:
    sync_api = library("playwright.sync_api")
    axe = library("axe_core_python.sync_playwright").Axe()
    path = next(found for name in BROWSERS if (found := shutil.which(name)))
    with sync_api.sync_playwright() as playwright:
        page = playwright.chromium.launch(executable_path=path, args=FLAGS).new_page()
        page.goto(jupyter)
        page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
        with suppress(sync_api.TimeoutError):  # it may ask which kernel to start
            page.locator(".jp-Dialog button.jp-mod-accept").click(timeout=10_000)
        page.get_by_text(re.compile(r"Python 3 .*\| Idle")).wait_for(timeout=60_000)
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_text(re.compile("^Run All Cells$")).click()
        page.wait_for_selector(".jp-OutputArea-output img", timeout=SECONDS * 1000, state="attached")
        page.locator(".jp-OutputArea-output img").last.scroll_into_view_if_needed()
        assert "6/6 solved" in page.locator(".jp-Notebook").inner_text()
        found = axe.run(page, context=".jp-MarkdownOutput, .jp-OutputArea-output pre")
        theirs = {"color-contrast", "image-alt"}  # JupyterLab's theme, and how it shows a figure
        ours = [violation for violation in found["violations"] if violation["id"] not in theirs]
        assert not ours, [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in ours]
