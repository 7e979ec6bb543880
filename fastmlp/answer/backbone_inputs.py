"""What is asked of a backbone: pictures or texts with labels, and a pretrained network of other people's."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from ..backbones import Prepared, find_pictures, for_texts, load_backbone, pictures_in
from ..errors import InvalidInput, shown
from ..files import check_path, entry_at, refusing
from ..interchange.tables import Table
from ..study.settings.messages import as_table, explain, refuse_unknown_keys

if TYPE_CHECKING:
    from ..backbones import Backbone

LONGEST = 10**6  # characters of a text
OF_STUDIES = {"heldout", "pool", "probe", "folds", "target_hash", "backbone_hash", "stages", "corruption"}
TEXT, PATH, LABEL = "text", "path", "label"  # columns


class BackboneTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table ``[problems.NAME]`` with a backbone, as far as it says what is to be fitted.

    Parameters
    ----------
    backbone, weights
        As for `load_named`.
    target
        As for `labelled_inputs`; relative to the folder of the settings.
    preparation
        The options of `load_named`.
    body_rate, batch_norm
        As in `fastmlp.transfer_backbone`.
    """

    backbone: str
    target: str
    weights: str | None = None
    preparation: dict[str, Any] = msgspec.field(default_factory=dict)
    body_rate: float | None = None
    batch_norm: str = "kept"

    @classmethod
    def of(cls, where: str, table: object) -> BackboneTable:
        """Return the table of a place in settings; what only a study needs is not looked at.

        Raises
        ------
        SettingsError
            If a setting is refused.
        """
        fields = {key: value for key, value in as_table(where, table).items() if key not in OF_STUDIES}
        refuse_unknown_keys(fields, cls, f"{where}.")
        try:
            return msgspec.convert(fields, cls)
        except msgspec.ValidationError as error:
            raise explain(error, fields, f"{where}.") from error


def load_named(name: str, *, weights: Path | None = None, **options: Any) -> Backbone:
    """Return a backbone by name, for a command or for settings.

    Parameters
    ----------
    name, weights
        As for `fastmlp.load_backbone`.
    options
        ``size`` for pictures, ``length`` and ``pool`` for texts; what is None is left to the checkpoint.

    Raises
    ------
    InvalidInput
        If an option is for inputs of the other kind, or the backbone cannot be loaded.
    """
    given = {key: value for key, value in options.items() if value is not None}
    allowed = {"length", "pool"} if name.startswith("transformers:") else {"size", "pool"}
    if strange := sorted(given.keys() - allowed):
        raise InvalidInput(f"{strange[0]} is {shown(given[strange[0]])}; {name} takes {' and '.join(sorted(allowed))}")
    return load_backbone(name, weights=weights, **given)


def labelled_inputs(backbone: Backbone, target: Path) -> Table:
    """Return prepared inputs and their labels.

    Parameters
    ----------
    backbone
        Prepares them.
    target
        A folder with one folder of pictures for each class, a CSV file with columns path and label or, for texts, with
        columns text and label.

    Raises
    ------
    InvalidInput, LabelError
        If they cannot be read, or are of one class.
    """
    inputs: Any  # rows of what is prepared are picked as those of an array
    if for_texts(backbone):
        rows = read_texts(target, LABEL)
        inputs = backbone.prepared([text for text, _ in rows])
        return Table(target.name, inputs, np.array([label for _, label in rows]))
    found = find_pictures(target)
    inputs = backbone.prepared(found.paths)
    return Table(target.name, inputs, np.array(found.classes)[found.y], dropped=len(found.unreadable))


def read_texts(place: Path, *columns: str) -> list[tuple[str, ...]]:
    """Return the texts of a CSV file, and what else is wanted of each row.

    Raises
    ------
    InvalidInput
        If it cannot be read, lacks a column, or a row lacks something.
    """
    wanted = (TEXT, *columns)
    limit = csv.field_size_limit(LONGEST)
    try:
        with refusing(place, "cannot be read as a table"), place.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            for name in wanted:
                if name not in (rows.fieldnames or []):
                    raise InvalidInput(
                        f"{place}: has the columns {', '.join(rows.fieldnames or [])}; {name!r} is needed"
                    )
            found = []
            for row in rows:
                if lacking := [name for name in wanted if not (row[name] or "").strip()]:
                    raise InvalidInput(f"{place}: line {rows.line_num} has no {lacking[0]}")
                found.append(tuple(row[name] for name in wanted))
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
        return None, backbone.prepared([text for (text,) in read_texts(data)])
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
    with refusing(place, "cannot be read"), place.open(newline="", encoding="utf-8-sig") as file:
        rows = csv.DictReader(file)
        if PATH not in (rows.fieldnames or []):
            raise InvalidInput(f"{place}: has the columns {', '.join(rows.fieldnames or [])}; {PATH!r} is needed")
        return [place.parent / (row[PATH] or "") for row in rows]
