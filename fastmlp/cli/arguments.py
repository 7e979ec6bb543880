"""Types of arguments that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click


class NonEmptyPath(click.Path):
    """A path that is not empty: `Path("")` would mean the current directory."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Refuse an empty path."""
        if value == "":
            self.fail("'' is not a path; '.' is the current folder", param, ctx)
        return super().convert(value, param, ctx)


BACKENDS = click.Choice(["auto", "numba", "numpy"])
PATH = NonEmptyPath(path_type=Path)
