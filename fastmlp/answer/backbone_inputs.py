"""What a model on a backbone is to predict: pictures in files, or texts in a table."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

from ..backbones import Prepared, for_texts, pictures_in
from ..errors import InvalidInput
from ..files import check_path, entry_at, refusing

if TYPE_CHECKING:
    from ..backbones import Backbone

LONGEST = 10**6  # characters of a text
TEXT, PATH = "text", "path"  # columns


def read_column(place: Path, name: str) -> list[str]:
    """Return a column of a CSV file.

    Raises
    ------
    InvalidInput
        If the file cannot be read, lacks the column, or a row has nothing there.
    """
    limit = csv.field_size_limit(LONGEST)
    try:
        with refusing(place, "cannot be read as a table"), place.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            if name not in (rows.fieldnames or []):
                raise InvalidInput(f"{place}: has the columns {', '.join(rows.fieldnames or [])}; {name!r} is needed")
            found = []
            for row in rows:
                if not (row[name] or "").strip():
                    raise InvalidInput(f"{place}: line {rows.line_num} has no {name}")
                found.append(row[name])
    except csv.Error as error:
        raise InvalidInput(f"{place}: cannot be read as a table: {error}") from error
    finally:
        csv.field_size_limit(limit)
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
