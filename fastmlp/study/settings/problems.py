"""A study's own problems: tables ``[problems.mine]`` with the fields of `ProblemSettings`, and the data they name."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from ...errors import FastmlpError, SettingsError
from ...families import why_taken
from ...files import absolute, read_bytes
from ...problems import FAMILIES, PROBLEMS, check_own, folds_for, sizes_for, sizes_of_folds
from .messages import as_table, explain, passing_on, refuse_name, refuse_unknown_keys, tables_by_name
from .schema import ProblemSettings

ROLES = ("source", "target")


def own_problems(tables: object, folder: Path) -> dict[str, ProblemSettings]:
    """Return a study's own problems from what its settings hold under ``problems``.

    Their data are read and checked. Defaults and hashes of the data are filled in, so the result is a complete
    description of what is studied.

    Parameters
    ----------
    tables
        Settings by name of the problem.
    folder
        Relative paths start here.

    Raises
    ------
    SettingsError
        At the first setting that is refused, or if data are missing, have changed or are no problem.
    """
    return {name: own_problem(name, table, folder) for name, table in tables_by_name("problems", tables).items()}


def own_problem(name: str, table: object, folder: Path) -> ProblemSettings:
    """Return one problem of a study's own."""
    path = f"problems.{name}"
    refuse_name(path, name, why_taken(name, PROBLEMS, FAMILIES))
    fields = as_table(path, table)
    refuse_unknown_keys(fields, ProblemSettings, f"{path}.")
    for role in ROLES:
        if fields.get(role) is None:
            raise SettingsError(f"{path}.{role}", "is needed: the path of an .npz file with arrays X and y")
    fields = {key: os.fspath(value) if isinstance(value, os.PathLike) else value for key, value in fields.items()}
    try:
        given = msgspec.convert(fields, ProblemSettings)
    except msgspec.ValidationError as error:
        raise explain(error, fields, f"{path}.") from error
    return _complete(name, given, path, folder)


def _complete(name: str, given: ProblemSettings, path: str, folder: Path) -> ProblemSettings:
    """Read the data, and fill in sizes and hashes that are not given."""
    found: dict[str, Any] = {}
    for role in ROLES:
        with passing_on(f"{path}.{role}"):
            place = _absolute(Path(folder, getattr(given, role)))
        if not str(place).isprintable():
            raise SettingsError(f"{path}.{role}", f"{str(place)!r} has characters that cannot be printed")
        found[role] = str(place)
    given = msgspec.structs.replace(given, **found)
    for role in ROLES:
        with passing_on(f"{path}.{role}"):
            found[f"{role}_hash"] = given.task(role).name
    decided = msgspec.structs.replace(given, **found, **_parts(given, path))
    with passing_on(path):
        check_own(decided.load(name))
    return decided


def _parts(given: ProblemSettings, path: str) -> dict[str, int]:
    """Return the sizes of the split and the number of folds: those that are given, and what follows from the data."""
    target, fixed = given.task("target"), {name: getattr(given, name) for name in ("heldout", "pool", "probe")}
    folds = given.folds
    if folds is None:
        said = any(value is not None for value in fixed.values())
        folds = 0 if said else folds_for(target, shared=given.shared)
    sizes = sizes_of_folds(target, folds, given.probe) if folds else sizes_for(target, shared=given.shared, **fixed)
    for name in ("heldout", "pool") if folds else ():
        if fixed[name] not in {None, getattr(sizes, name)}:
            due = f"with folds = {folds} it is {getattr(sizes, name)}; leave it out, or say folds = 0"
            raise SettingsError(f"{path}.{name}", f"is {fixed[name]}, and {due}")
    return {"heldout": sizes.heldout, "pool": sizes.pool, "probe": sizes.probe, "folds": folds}


def _absolute(path: Path) -> Path:
    """Return an absolute path whose folders are no links; the file may be one, and keeps the user's name for it."""
    return absolute(path.parent) / path.name


def relative_to(folder: Path, problems: Mapping[str, ProblemSettings]) -> dict[str, dict[str, Any]]:
    """Return problems with paths relative to a folder, so that data and studies can be moved together."""
    return {
        name: msgspec.to_builtins(problem)
        | {role: os.path.relpath(getattr(problem, role), absolute(folder)) for role in ROLES}
        for name, problem in problems.items()
    }


def changed_since(path: Path, problems: Mapping[str, ProblemSettings]) -> list[str]:
    """Return the paths of settings whose data have changed since a settings file was written, if there is one."""
    noted = _noted(path)
    found = {
        f"problems.{name}.{role}": getattr(own, f"{role}_hash") for name, own in problems.items() for role in ROLES
    }
    return [place for place, known in found.items() if noted.get(place, known) != known]


def _noted(path: Path) -> dict[str, str]:
    """Return the hashes in a settings file, by path of the setting; nothing if the file was damaged by an edit."""
    with suppress(FastmlpError, ValueError, LookupError, TypeError, AttributeError):
        tables = tomllib.loads(read_bytes(path).decode())["problems"].items()
        return {f"problems.{name}.{role}": table[f"{role}_hash"] for name, table in tables for role in ROLES}
    return {}
