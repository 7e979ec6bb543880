"""The notebook as its libraries, a real kernel and editors read it: `make notebook` installs what is asked for here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fastmlp.lab.checks import FUNCTIONS
from fastmlp.lab.notebook import HEADER
from fastmlp.lab.starter import cells, start

from ..notebooks import SECONDS, library


def test_both_files_are_what_their_libraries_read(tmp_path: Path) -> None:
    nbformat, jupytext = library("nbformat"), library("jupytext")
    start(tmp_path)
    notebook = nbformat.read(tmp_path / "lab.ipynb", as_version=4)
    nbformat.validate(notebook)
    of_file = jupytext.read(tmp_path / "lab.py")
    assert of_file.cells[0].source.startswith("# lab-version")
    pairs = zip(of_file.cells[1:], notebook.cells, strict=True)
    assert all((mine.cell_type, mine.source.strip()) == (theirs.cell_type, theirs.source) for mine, theirs in pairs)
    assert of_file.metadata["kernelspec"] == notebook.metadata["kernelspec"]


def test_an_editor_finds_a_python_kernel(tmp_path: Path) -> None:
    """VS Code, which has no API to ask, takes the language from these fields, and the kernel by its name."""
    start(tmp_path)
    notebook = json.loads((tmp_path / "lab.ipynb").read_text(encoding="utf-8"))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    assert notebook["metadata"]["kernelspec"] == kernel
    assert notebook["metadata"]["language_info"] == {"name": "python"}
    assert all(re.fullmatch("[a-zA-Z0-9_-]{1,64}", cell["id"]) for cell in notebook["cells"])
    assert all(f"#     {key}: {value}\n" in HEADER for key, value in kernel.items())


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[Any]:
    """A real kernel in a folder with the starter files, and the notebook that it runs."""
    nbformat, nbclient = library("nbformat"), library("nbclient")
    start(tmp_path)
    notebook = nbformat.read(tmp_path / "lab.ipynb", as_version=4)
    patience = {"timeout": 3 * SECONDS, "startup_timeout": SECONDS}  # for a machine that does other things too
    place = {"metadata": {"path": tmp_path}}
    client = nbclient.NotebookClient(notebook, kernel_name="python3", resources=place, **patience)
    with client.setup_kernel():
        yield client


def said(notebook: Any) -> list[str]:
    """Return the last line of each check, and see that it is plain text, which every editor shows."""
    outputs = [cell.outputs for cell in notebook.cells if cell.source.startswith("check(")]
    assert all([output.output_type for output in shown] == ["execute_result"] for shown in outputs)
    assert all(set(shown[0]["data"]) == {"text/plain"} for shown in outputs)
    return [shown[0]["data"]["text/plain"].splitlines()[-1] for shown in outputs]


def test_a_student_goes_from_the_starter_to_the_plot(kernel: Any) -> None:
    """Run the starter as it is; then write one task after the other into its cells, and run each."""
    notebook = kernel.nb
    for number, cell in enumerate(notebook.cells):
        kernel.execute_cell(cell, number)
    assert said(notebook) == ["0/6 solved"] * len(FUNCTIONS)
    assert "is drawn when all six tasks are solved" in json.dumps(notebook.cells[-1].outputs)
    for number, (cell, solved) in enumerate(zip(notebook.cells, cells(FUNCTIONS), strict=True)):
        assert cell.cell_type == solved.kind
        cell.source = solved.source
        kernel.execute_cell(cell, number)
    assert said(notebook) == [f"{task}/6 solved" for task in FUNCTIONS]
    assert [set(output["data"]) for output in notebook.cells[-1].outputs] == [{"image/png", "text/plain"}]
    spent = library("psutil").Process(kernel.km.provisioner.pid).cpu_times()
    assert spent.user + spent.system < SECONDS
