"""Types of arguments that several commands take."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from ..errors import InvalidInput
from ..seeds import name_of_seeds, seed_range

LONGEST = 100  # digits of a number that is quoted


class NonEmptyPath(click.Path):
    """A path that is not empty: `Path("")` would mean the current directory."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Refuse an empty path."""
        if value == "":
            self.fail("'' is not a path; '.' is the current folder", param, ctx)
        return super().convert(value, param, ctx)


class BackendName(click.Choice):  # type: ignore[type-arg] # generic since click 8.2
    """A backend's name, or the path of a student's lab, with or without the hash of what it held."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Let paths of Python files and notebooks pass."""
        if isinstance(value, str) and student_file(value):
            return value
        return super().convert(value, param, ctx)


class Seeds(click.ParamType):  # type: ignore[type-arg] # generic since click 8.2
    """A number of seeds, or a range of them."""

    name = "N|FROM-TO"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        """Return a number, or the text of a range."""
        if isinstance(value, int) or (value.isdecimal() and len(value) < LONGEST and int(value) > 0):
            return int(value)
        try:
            return name_of_seeds(seed_range(value))
        except InvalidInput as error:
            self.fail(str(error), param, ctx)


def student_file(name: str) -> Path | None:
    """Return the path of the student's lab that a backend's name stands for, if it does."""
    path = Path(re.sub(r"@[0-9a-f]{8}$", "", name))
    return path if path.suffix in {".py", ".ipynb"} else None


BACKENDS = BackendName(["auto", "numba", "numpy", "torch"])
PATH = NonEmptyPath(path_type=Path)
SEEDS = Seeds()
