"""A study's own measures, as ``[measures]`` names them: ``brier = "mine:brier"``. Nothing is imported here."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from ...errors import SettingsError, shown
from ...files import absolute
from .messages import as_table, passing_on
from .schema import MeasuresSettings

FIELDS = {field.name for field in msgspec.structs.fields(MeasuresSettings)} - {"own"}
FORM = "must be a file and a function in it, such as 'mine:brier'"


def with_own_measures(table: object, folder: Path) -> object:
    """Return the table ``[measures]`` in which the study's own are under ``own``, with absolute paths of their files.

    Of a function that a program gives, only its name stays: see `fastmlp.study.trial.own_measures`.

    Raises
    ------
    SettingsError
        If a place is no file and function, or a name none of a column.
    """
    if not isinstance(table, Mapping):
        return table  # which is refused where tables are
    own = dict(as_table("measures.own", table.get("own", {})))
    own |= {name: value for name, value in table.items() if name not in FIELDS and _is_own(value)}
    rest = {name: value for name, value in table.items() if name not in own and name != "own"}
    return rest | {"own": {name: _place(f"measures.{name}", name, value, folder) for name, value in own.items()}}


def own_relative_to(folder: Path, own: Mapping[str, str]) -> dict[str, str]:
    """Return places with paths relative to a folder, so that code and studies can be moved together."""
    found = {}
    for name, place in own.items():
        file, _, function = place.rpartition(":")
        found[name] = f"{os.path.relpath(file, absolute(folder)) if file else ''}:{function}"
    return found


def _is_own(value: Any) -> bool:
    return callable(value) or (isinstance(value, str) and ":" in value)


def _place(path: str, name: object, value: object, folder: Path) -> str:
    if not isinstance(name, str) or not name.isidentifier() or not name.isascii() or name != name.lower():
        raise SettingsError(path, "a measure's name is of small letters, digits and _, such as 'brier'")
    if callable(value):
        return f":{name}"
    file, _, function = value.rpartition(":") if isinstance(value, str) else ("", "", "")
    if not function.isidentifier():
        raise SettingsError(path, f"{FORM}, not {shown(value)}")
    if not file:
        return f":{function}"
    with passing_on(path):
        place = absolute(folder / (file if file.endswith(".py") else f"{file}.py"))
    return f"{place}:{function}"
