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
from ...interchange.tables import MISSING
from ...problems import FAMILIES, PROBLEMS, check_own, folds_for, sizes_for, sizes_of_folds
from .messages import (
    as_table,
    explain,
    passing_on,
    refuse_name,
    refuse_unknown,
    refuse_unknown_keys,
    tables_by_name,
)
from .schema import FILES, NetworkSettings, ProblemSettings


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
    return _complete(name, given_problem(path, table, folder), path)


def given_problem(path: str, table: object, folder: Path) -> ProblemSettings:
    """Return a problem as it is given, with absolute paths; nothing is read.

    Parameters
    ----------
    path
        Where it stands in the settings, for messages.

    Raises
    ------
    SettingsError
        If a setting is refused.
    """
    fields = as_table(path, table)
    refuse_unknown_keys(fields, ProblemSettings, f"{path}.")
    if fields.get("target") is None:
        raise SettingsError(f"{path}.target", "is needed: the path of a table with labels")
    fields = {key: os.fspath(value) if isinstance(value, os.PathLike) else value for key, value in fields.items()}
    try:
        given = msgspec.convert(fields, ProblemSettings)
    except msgspec.ValidationError as error:
        raise explain(error, fields, f"{path}.") from error
    refuse_unknown(f"{path}.missing", "way with missing values", given.missing, MISSING)
    if given.source and given.pretrained:
        raise SettingsError(f"{path}.pretrained", "stands in place of the source; leave out one of the two")
    if given.pretrained and given.shared:
        raise SettingsError(f"{path}.shared", "is true, and there are no source data to share examples with")
    found: dict[str, str] = {}
    for role, file in given.files.items():
        with passing_on(f"{path}.{role}"):
            place = _absolute(Path(folder, file))
        if not str(place).isprintable():
            raise SettingsError(f"{path}.{role}", f"{str(place)!r} has characters that cannot be printed")
        found[role] = str(place)
    return msgspec.structs.replace(given, **found)


def _complete(name: str, given: ProblemSettings, path: str) -> ProblemSettings:
    """Read the data, and fill in sizes and hashes that are not given."""
    if not (given.source or given.pretrained):
        raise SettingsError(
            f"{path}.source", "is needed: the path of a table with labels; or pretrained, that of a network"
        )
    if given.missing == "mean":
        raise SettingsError(
            f"{path}.missing", "is 'mean', which `fastmlp fit` can do and a study cannot; 'drop' leaves rows out"
        )
    found = {}
    for role in given.files:
        with passing_on(f"{path}.{role}"):
            found[f"{role}_hash"] = (given.network() if role == "pretrained" else given.task(role)).name
    decided = msgspec.structs.replace(given, **found, **_parts(given, path))
    with passing_on(path):
        check_own(decided.load(name))
    return decided


def network_of(problems: Mapping[str, ProblemSettings]) -> NetworkSettings:
    """Return the network that the pretrained ones have, as settings; the default if there are none."""
    given = next((problem.network().network for problem in problems.values() if problem.pretrained), None)
    if given is None:
        return NetworkSettings()
    return NetworkSettings(hidden=given.sizes[1:-1], activation=given.activation, dtype=given.dtype.name)


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
        | {role: os.path.relpath(file, absolute(folder)) for role, file in problem.files.items()}
        for name, problem in problems.items()
    }


def changed_since(path: Path, problems: Mapping[str, ProblemSettings]) -> list[str]:
    """Return the paths of settings whose data have changed since a settings file was written, if there is one."""
    noted = _noted(path)
    found = {
        f"problems.{name}.{role}": getattr(own, f"{role}_hash") for name, own in problems.items() for role in own.files
    }
    return [place for place, known in found.items() if noted.get(place, known) != known]


def _noted(path: Path) -> dict[str, str]:
    """Return the hashes in a settings file, by path of the setting; nothing if the file was damaged by an edit."""
    with suppress(FastmlpError, ValueError, LookupError, TypeError, AttributeError):
        tables = tomllib.loads(read_bytes(path).decode())["problems"].items()
        return {
            f"problems.{name}.{role}": table[f"{role}_hash"]
            for name, table in tables
            for role in FILES
            if f"{role}_hash" in table
        }
    return {}
