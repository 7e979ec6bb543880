"""The notebooks of the guide run from their top to their end in a real kernel, and what they hold is what they show."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from .notebooks import SECONDS, library

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "guide" / "notebooks"

if not FOLDER.is_dir():
    pytest.skip("docs/ is no part of what is built", allow_module_level=True)

NOTEBOOKS = {path.stem: path for path in sorted(FOLDER.glob("*.ipynb"))}
LARGEST = 150_000  # bytes of a notebook, its pictures included


def outputs(notebook: Any) -> list[list[set[str]]]:
    """Return the kinds of what each cell has displayed; how far something was is not always shown."""
    shown = [cell["outputs"] for cell in notebook["cells"] if cell["cell_type"] == "code"]
    kinds = [[set(out["data"]) for out in of_cell if "data" in out and not is_progress(out)] for of_cell in shown]
    return [[kind - {"text/plain"} for kind in of_cell] for of_cell in kinds]


def is_progress(output: Any) -> bool:
    return "<progress" in "".join(output["data"].get("text/html", ""))


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_runs_and_shows_what_it_holds(name: str, tmp_path: Path) -> None:
    nbformat, nbclient = library("nbformat"), library("nbclient")
    stored = nbformat.read(NOTEBOOKS[name], as_version=4)
    nbformat.validate(stored)
    fresh = nbformat.read(NOTEBOOKS[name], as_version=4)
    client = nbclient.NotebookClient(
        fresh, timeout=3 * SECONDS, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    )
    client.execute()
    assert outputs(fresh) == outputs(stored), "store its outputs again: CONTRIBUTING says how"


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_is_small_was_run_in_order_and_without_an_error(name: str) -> None:
    text = NOTEBOOKS[name].read_text(encoding="utf-8")
    assert len(text) < LARGEST
    code = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == [*range(1, len(code) + 1)]
    assert not [out for cell in code for out in cell["outputs"] if out["output_type"] == "error"]
    assert not re.search(r"/(home|tmp|root|work)/", text), "a path of the machine that it was run on"
