"""Types of arguments that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click


class Folder(click.Path):
    """A path that says something: Path("") would be the folder one is in."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Refuse what is empty."""
        if value == "":
            self.fail("'' is no path; '.' is the folder you are in", param, ctx)
        return super().convert(value, param, ctx)


BACKENDS = click.Choice(["auto", "numba", "numpy"])
FOLDER = Folder(path_type=Path)
