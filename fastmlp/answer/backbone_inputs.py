"""What a model on a backbone is to predict: pictures in files, or texts in a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..backbones import Prepared, for_texts, pictures_in
from ..errors import InvalidInput
from ..files import check_path, entry_at, read_columns

if TYPE_CHECKING:
    from ..backbones import Backbone

TEXT, PATH = "text", "path"  # columns


def read_column(place: Path, name: str) -> list[str]:
    """Return a column of a CSV file.

    Raises
    ------
    InvalidInput
        If the file cannot be read, lacks the column, or a row has nothing there.
    """
    found = []
    for line, (cell,) in read_columns(place, [name]):
        if not cell.strip():
            raise InvalidInput(f"{place}: line {line} has no {name}")
        found.append(cell)
    if not found:
        raise InvalidInput(f"{place}: has no rows")
    return found


def unlabelled_inputs(backbone: Backbone, data: Path) -> tuple[list[str] | None, Prepared]:
    """Return names and prepared inputs of what is to be predicted: of texts without names.

    Parameters
    ----------
    data
        For pictures a file, a folder, or a CSV file with a column path; for texts a CSV file with a column text.

    Raises
    ------
    InvalidInput
        If there is nothing, or something cannot be read.
    """
    if for_texts(backbone):
        return None, backbone.prepared(read_column(check_path("data", data), TEXT))
    paths = _pictures(check_path("data", data))
    return [str(path) for path in paths], backbone.prepared(paths)


def _pictures(place: Path) -> list[Path]:
    """Return the pictures of a place."""
    kind = entry_at(place)
    if kind is None:
        raise InvalidInput(f"{place}: no such file or folder")
    if kind == "folder":
        return pictures_in(place)
    if place.suffix.lower() != ".csv":
        return [place]
    return [place.parent / path for path in read_column(place, PATH)]
