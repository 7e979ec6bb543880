"""Load a student's file: run its cells one statement after the other, whatever some of them do."""

from __future__ import annotations
import __future__

import ast
import linecache
import re
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from ..errors import InvalidInput
from ..files import refusing
from .checking import LOADING
from .notebook import Cell, read_cells
from .starter import LONGEST
from .texts import say

FUTURE = __future__.annotations.compiler_flag
MODULE = "lab_submission"
MAGIC = re.compile(r"^(\s*)([%!?].*)$", re.MULTILINE)


@dataclass
class Submission:
    """The names that a file defines, and what failed while it was loaded."""

    names: dict[str, Any]
    problems: list[str] = field(default_factory=list)


def read_text(path: Path) -> str:
    """Return the text of a student's file.

    Raises
    ------
    InvalidInput
        If it cannot be read, is not text, or is far too long.
    """
    with refusing(path, "cannot be read"), path.open(encoding="utf-8-sig") as file:
        text = file.read(LONGEST + 1)
    if len(text) > LONGEST:
        raise InvalidInput(f"{path}: longer than {LONGEST} characters; that is no lab")
    return text


def load(path: Path) -> Submission:
    """Run a file's cells. A statement that fails is noted, and the next one is run.

    Raises
    ------
    InvalidInput
        If the file cannot be read.
    """
    text = read_text(path)
    module = ModuleType(MODULE)
    sys.modules[MODULE] = module  # dataclasses look their module up
    submission = Submission(module.__dict__)
    submission.names.update({LOADING: True, "__file__": str(path)})
    for number, cell in enumerate(read_cells(path.name, text), 1):
        if cell.kind == "code":
            name = f"cell {number}" if path.suffix == ".ipynb" else path.name
            _run(cell, name, text if path.suffix != ".ipynb" else cell.source, submission)
    del submission.names[LOADING]
    return submission


def _run(cell: Cell, name: str, whole: str, submission: Submission) -> None:
    """Run one cell."""
    linecache.cache[name] = (len(whole), None, whole.splitlines(keepends=True), name)  # for the lines of tracebacks
    source = "\n" * (cell.line - 1) + MAGIC.sub(r"\1pass  # \2", cell.source)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            statements = list(_statements(source, name))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None) or cell.line
        problem = f"{type(error).__name__}: {getattr(error, 'msg', None) or error}"
        submission.problems.append(say("messages", "cell_failed", place=f"{name}, line {line}", error=problem))
        return
    for line, code in statements:
        try:
            exec(code, submission.names)  # noqa: S102 - the student's own code, in the student's own process
        except BaseException as error:  # whatever it is, the functions below are still wanted
            if isinstance(error, KeyboardInterrupt):
                raise
            place, problem = f"{name}, line {line}", f"{type(error).__name__}: {error}"[:300]
            submission.problems.append(say("messages", "cell_failed", place=place, error=problem))


def _statements(source: str, name: str) -> Iterator[tuple[int, CodeType]]:
    """Compile the top-level statements one by one; `from __future__` counts for all that follow."""
    flags = 0
    for node in ast.parse(source, name).body:
        code = compile(ast.Module([node], []), name, "exec", flags=flags, dont_inherit=True)
        flags |= code.co_flags & FUTURE
        yield node.lineno, code
