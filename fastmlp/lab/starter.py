"""The starter files: each task's text, functions that raise until they are written, and a cell that checks them."""

from __future__ import annotations

import ast
from collections.abc import Collection
from functools import cache
from pathlib import Path

from ..files import prepare_folder, refusing
from .checks import FUNCTIONS
from .notebook import Cell, to_notebook, to_percent, version_in, version_of
from .texts import say, texts

LONGEST = 5_000_000  # characters of a student's file

PLOT = """if __name__ == "__main__":  # runs in a notebook, and not while the file is checked
    import matplotlib.pyplot as plt

    if str(check()).endswith("6/6 solved"):
        rows = compare(X, y, (20, 50, 100, 200, 500), range(3))
        figure, axes = plt.subplots()
        for name in ("baseline", "scratch", "frozen", "finetune"):
            sizes = sorted({{n for _, n, _, _ in rows}})
            values = [[share for strategy, m, _, share in rows if (strategy, m) == (name, n)] for n in sizes]
            axes.plot(sizes, np.mean(values, axis=1), marker="o", label=name)
            axes.fill_between(sizes, np.min(values, axis=1), np.max(values, axis=1), alpha=0.15)
        axes.set(xscale="log", xlabel="{labels}", ylabel="{accuracy}")
        axes.legend()
        plt.show()
    else:
        print("{not_yet}")"""

DATA = """
from sklearn.datasets import load_digits

from fastmlp.lab import check

X, y = load_digits(return_X_y=True)  # 1797 images of 8 x 8 pixels, and the digits they show"""


def solution_source() -> str:
    """Return the text of the solutions."""
    return Path(__file__).with_name("solutions.py").read_text(encoding="utf-8")


@cache
def _functions() -> dict[str, tuple[str, str]]:
    """Return the signature and the body of each function of the solutions."""
    source = solution_source()
    lines = source.splitlines()
    found = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef):
            first = node.body[0].lineno - 1
            while lines[first - 1].lstrip().startswith("#"):
                first -= 1
            found[node.name] = "\n".join(lines[node.lineno - 1 : first]), "\n".join(lines[first : node.end_lineno])
    return found


def setup() -> str:
    """Return the imports and constants that come first."""
    source = solution_source()
    imports = source[source.index("import numpy") : source.index("\n\n\n# Task 1")]
    libraries, constants = imports.split("\n\n", 1)
    return f"{libraries.strip()}{DATA}\n\n{constants.strip()}"


def written(function: str, *, solved: bool) -> str:
    """Return a function with its docstring: solved, or as a student finds it."""
    signature, body = _functions()[function]
    docstring = texts()["docstrings"][function].strip().replace("\n", "\n    ").replace("\n    \n", "\n\n")
    if not solved:
        body = f'    raise NotImplementedError("{say("messages", "stub", function=function)}")'
    quotes = '\n    """' if "\n" in docstring else '"""'
    return f'{signature}\n    """{docstring}{quotes}\n{body}'


def cells(solved: Collection[int] = ()) -> list[Cell]:
    """Return the lab's cells.

    Parameters
    ----------
    solved
        Tasks that are handed out with their solutions.
    """
    words = texts()["notebook"]
    result = [
        Cell("markdown", f"# {words['title']}\n\n{words['introduction'].strip()}"),
        Cell("code", f"# {words['setup']}\n{setup()}"),
    ]
    for task, functions in FUNCTIONS.items():
        text = texts()["tasks"][str(task)]
        result.append(Cell("markdown", f"## {task}. {text['title']}\n\n{text['text'].strip()}"))
        result.append(Cell("code", "\n\n\n".join(written(name, solved=task in solved) for name in functions)))
        result.append(Cell("code", f"check({task})"))
    plot = PLOT.format(labels=words["axis_labels"], accuracy=words["axis_accuracy"], not_yet=words["not_yet"])
    return [*result, Cell("markdown", words["finish"].strip()), Cell("code", plot)]


def solution(task: int) -> str:
    """Return a task's solution and its explanation, as text."""
    explanation: str = texts()["tasks"][str(task)]["explanation"]
    return (
        "\n\n\n".join(written(name, solved=True) for name in FUNCTIONS[task])
        + "\n\n\n"
        + "\n".join(f"# {line}".rstrip() for line in explanation.strip().splitlines())
    )


def start(folder: Path) -> list[str]:
    """Write the starter files; what is there already is kept, and another version is written beside it.

    Returns
    -------
    What happened to each, a sentence per file.

    Raises
    ------
    InvalidInput
        If the folder cannot be written to.
    """
    starter = cells()
    place = prepare_folder(folder)
    with refusing(folder, "cannot be written to"):
        return [
            _write_new(place / "lab.py", to_percent(starter), version_of(starter)),
            _write_new(place / "lab.ipynb", to_notebook(starter), version_of(starter)),
        ]


def _write_new(path: Path, text: str, version: str) -> str:
    """Write a file that is not there; one that is there is never touched."""
    if _create(path, text):
        return say("messages", "written", path=path)
    with path.open(encoding="utf-8", errors="replace") as file:
        mine = version_in(path.name, file.read(LONGEST))
    if mine == version:
        return say("messages", "kept", path=path)
    beside = path.with_stem(f"{path.stem}-{version}")
    _create(beside, text)
    return say("messages", "newer", path=path, beside=beside)


def _create(path: Path, text: str) -> bool:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        return False
    return True
