"""Cells, and the two files that hold them: a Jupyter notebook, and a Python file in the percent format.

The formats are those of nbformat 4.5 and of jupytext; both are small enough to be written and read here, so that
the lab needs neither library.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from typing import Any, Literal

from ..errors import InvalidInput

MARKER = re.compile(r"^# %%", re.MULTILINE)
VERSION = re.compile(r"^# lab-version: ([0-9a-f]{8})$", re.MULTILINE)
HEADER = """# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---
# lab-version: {version}
"""


@dataclass(frozen=True)
class Cell:
    """One cell of a notebook.

    Parameters
    ----------
    kind
        Markdown or code.
    source
        Its text.
    line
        Where the source begins in its file; 1 in a notebook.
    """

    kind: Literal["markdown", "code"]
    source: str
    line: int = 1


def version_of(cells: list[Cell]) -> str:
    """Return what tells two versions of the lab apart."""
    return sha256("\0".join(f"{cell.kind}:{cell.source}" for cell in cells).encode()).hexdigest()[:8]


def to_percent(cells: list[Cell]) -> str:
    """Return cells as a Python file."""
    parts = [HEADER.format(version=version_of(cells))]
    for cell in cells:
        if cell.kind == "markdown":
            lines = [f"# {line}".rstrip() for line in cell.source.splitlines()]
            parts.append("\n".join(["# %% [markdown]", *lines]) + "\n")
        else:
            parts.append(f"# %%\n{cell.source}\n")
    return "\n".join(parts)


def to_notebook(cells: list[Cell]) -> str:
    """Return cells as a notebook."""
    version = version_of(cells)
    written: list[dict[str, Any]] = []
    for number, cell in enumerate(cells):
        entry: dict[str, Any] = {"cell_type": cell.kind, "id": f"lab-{number}", "metadata": {}}
        entry["source"] = cell.source.splitlines(keepends=True)
        if cell.kind == "code":
            entry |= {"execution_count": None, "outputs": []}
        written.append(entry)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"fastmlp": {"version": version}, "kernelspec": kernel, "language_info": {"name": "python"}}
    notebook = {"cells": written, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def read_cells(name: str, text: str) -> list[Cell]:
    """Return the cells of a notebook, if the name ends in .ipynb, else of a Python file.

    Raises
    ------
    InvalidInput
        If a notebook cannot be read.
    """
    return _of_notebook(name, text) if name.endswith(".ipynb") else _of_percent(text)


def _of_percent(text: str) -> list[Cell]:
    starts = [*(match.start() for match in MARKER.finditer(text)), len(text)]
    cells = [Cell("code", text[: starts[0]])]
    for start, stop in pairwise(starts):
        kind: Literal["markdown", "code"] = "markdown" if "[markdown]" in text[start:stop].split("\n", 1)[0] else "code"
        cells.append(Cell(kind, text[start:stop], 1 + text.count("\n", 0, start)))
    return cells


def _of_notebook(name: str, text: str) -> list[Cell]:
    try:
        cells = []
        for entry in json.loads(text)["cells"]:
            source = entry["source"] if isinstance(entry["source"], str) else "".join(entry["source"])
            cells.append(Cell("code" if entry["cell_type"] == "code" else "markdown", source))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InvalidInput(f"{name}: not a notebook of format 4: {type(error).__name__}: {error}") from error
    return cells


def version_in(name: str, text: str) -> str:
    """Return the version of the lab that a file was made from, or nothing."""
    if name.endswith(".ipynb"):
        try:
            return str(json.loads(text)["metadata"]["fastmlp"]["version"])
        except (ValueError, KeyError, TypeError, RecursionError):
            return ""
    found = VERSION.search(text)
    return found[1] if found else ""
