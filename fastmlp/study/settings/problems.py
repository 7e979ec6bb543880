"""A study's own problems: tables ``[problems.mine]``, and the data and the networks that they name.

A table with a ``backbone`` has the fields of `BackboneSettings`, any other those of `ProblemSettings`.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from ...errors import FastmlpError, InvalidInput, SettingsError
from ...families import why_taken
from ...files import absolute, entry_at, read_bytes
from ...interchange.checkpoint import write_state
from ...interchange.tables import MISSING, read_table
from ...problems import (
    FAMILIES,
    PROBLEMS,
    Pretrained,
    check_own,
    check_target,
    folds_for,
    keep_pretrained,
    keep_task,
    sizes_for,
    sizes_of_folds,
    task_of,
    write_task,
)
from ...problems.pretrained import KIND
from .backbone import BackboneSettings
from .messages import (
    as_table,
    explain,
    passing_on,
    refuse_name,
    refuse_unknown,
    refuse_unknown_keys,
    tables_by_name,
)
from .schema import FILES, NetworkSettings, OwnProblem, ProblemSettings

TRANSFORMERS = "transformers:"  # a backbone that is a folder
Kind = TypeVar("Kind", bound=OwnProblem)
IN_MEMORY = "in memory"  # stands for an object until its hash is known


def own_problems(tables: object, folder: Path) -> dict[str, OwnProblem]:
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


def own_problem(name: str, table: object, folder: Path) -> OwnProblem:
    """Return one problem of a study's own."""
    path = f"problems.{name}"
    refuse_name(path, name, why_taken(name, PROBLEMS, FAMILIES))
    if "backbone" in as_table(path, table):
        return _with_backbone(name, given_backbone(path, table, folder), path)
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
    fields = _fields(path, table, ProblemSettings, "the path of a table with labels")
    objects = {role: fields[role] for role in FILES if not isinstance(fields.get(role), str | int | float | None)}
    fields |= dict.fromkeys(objects, IN_MEMORY)
    given = _converted(path, fields, ProblemSettings)
    refuse_unknown(f"{path}.missing", "way with missing values", given.missing, MISSING)
    if given.source and given.pretrained:
        raise SettingsError(f"{path}.pretrained", "stands in place of the source; leave out one of the two")
    if given.pretrained and given.shared:
        raise SettingsError(f"{path}.shared", "is true, and there are no source data to share examples with")
    given = _with_objects(given, objects, path)
    return msgspec.structs.replace(given, **_absolute_files(given, path, folder))


def _fields(path: str, table: object, kind: type[OwnProblem], target: str) -> dict[str, Any]:
    """Return the fields of a problem of some kind, paths as text; `target` says what that one is."""
    fields = as_table(path, table)
    refuse_unknown_keys(fields, kind, f"{path}.")
    if fields.get("target") is None:
        raise SettingsError(f"{path}.target", f"is needed: {target}")
    return {key: os.fspath(value) if isinstance(value, os.PathLike) else value for key, value in fields.items()}


def _converted(path: str, fields: Mapping[str, Any], kind: type[Kind]) -> Kind:
    try:
        return msgspec.convert(fields, kind)
    except msgspec.ValidationError as error:
        raise explain(error, fields, f"{path}.") from error


def _absolute_files(given: OwnProblem, path: str, folder: Path) -> dict[str, str]:
    """Return the paths of a problem's files, absolute, by the name of the setting."""
    found: dict[str, str] = {}
    for role, file in given.files.items():
        with passing_on(f"{path}.{role}"):
            place = _absolute(Path(folder, file))
        if not str(place).isprintable():
            raise SettingsError(f"{path}.{role}", f"{str(place)!r} has characters that cannot be printed")
        found[role] = str(place)
    return found


def given_backbone(path: str, table: object, folder: Path) -> BackboneSettings:
    """Return a problem with a backbone as it is given, with absolute paths; nothing is read.

    Raises
    ------
    SettingsError
        If a setting is refused.
    """
    fields = _fields(path, table, BackboneSettings, "a folder of pictures, a CSV file, or the name of a data set")
    given = _converted(path, fields, BackboneSettings)
    found = _absolute_files(given, path, folder)
    if given.backbone.startswith(TRANSFORMERS):
        found["backbone"] = f"{TRANSFORMERS}{absolute(Path(folder, given.backbone.removeprefix(TRANSFORMERS)))}"
    return msgspec.structs.replace(given, **found)


def _with_backbone(name: str, given: BackboneSettings, path: str) -> BackboneSettings:
    """Read examples and weights, and fill in sizes, stages and hashes that are not given."""
    with passing_on(f"{path}.target"):
        found = {"target_hash": given.task("target").name}
    with passing_on(f"{path}.backbone"):
        completed = given.completed()
    decided = msgspec.structs.replace(completed, **found, **_parts(given, path))
    with passing_on(path):
        check_target(decided.load(name))
    return decided


def _with_objects(given: ProblemSettings, objects: Mapping[str, Any], path: str) -> ProblemSettings:
    """Keep tables and networks that a program has given, under the names of the files that `write_objects` writes."""
    for role in FILES:
        if role not in objects:
            continue
        with passing_on(f"{path}.{role}"):
            if role == "pretrained":
                network = _pretrained_of(objects[role])
                keep_pretrained(network)
                name, file = network.name, f"{network.name}.safetensors"
            else:
                task = task_of(read_table(objects[role], given.wanted(role)), one_unit=given.one_unit)
                keep_task(task)
                name, file = task.name, f"{task.name}.npz"
        given = msgspec.structs.replace(given, **{role: file, f"{role}_hash": name})
    return given


def _pretrained_of(given: Any) -> Pretrained:
    """Return a pretrained network of any origin that estimators know."""
    from ...estimators.pretrained import source_of  # scikit-learn, which settings without objects do not wait for

    source = source_of(given, None, None)
    if source is None:
        raise InvalidInput("is None; a network is needed")
    return Pretrained.named(source.network, source.scaler, source.classes)


def write_objects(problems: Mapping[str, OwnProblem], folder: Path) -> dict[str, OwnProblem]:
    """Write the tables and networks that a program has given into a study's folder, and return where they are.

    Raises
    ------
    StoreError
        If one cannot be written.
    """
    return {
        name: _written(problem, folder) if isinstance(problem, ProblemSettings) else problem
        for name, problem in problems.items()
    }


def _written(problem: ProblemSettings, folder: Path) -> ProblemSettings:
    for role, file in problem.files.items():
        place = absolute(folder) / Path(file).name
        if Path(file).stem != getattr(problem, f"{role}_hash") or entry_at(Path(file)) is not None:
            continue  # the user's own file
        if entry_at(place) is None and role == "pretrained":
            write_state(problem.network().to_state(), KIND, place)
        elif entry_at(place) is None:
            write_task(problem.task(role), place, problem.wanted(role))
        problem = msgspec.structs.replace(problem, **{role: str(place)} | ({} if role != "target" else {"ignore": ()}))
    return problem


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


def network_of(problems: Mapping[str, OwnProblem]) -> NetworkSettings:
    """Return the network that the pretrained ones have, as settings; the default if there are none."""
    own = [problem for problem in problems.values() if isinstance(problem, ProblemSettings)]
    given = next((problem.network().network for problem in own if problem.pretrained), None)
    if given is None:
        return NetworkSettings()
    return NetworkSettings(hidden=given.sizes[1:-1], activation=given.activation, dtype=given.dtype.name)


def _parts(given: OwnProblem, path: str) -> dict[str, int]:
    """Return the sizes of the split and the number of folds: those that are given, and what follows from the data."""
    target, fixed = given.task("target"), {name: getattr(given, name) for name in ("heldout", "pool", "probe")}
    folds, shared = given.folds, isinstance(given, ProblemSettings) and given.shared
    if folds is None:
        said = any(value is not None for value in fixed.values())
        folds = 0 if said else folds_for(target, shared=shared)
    sizes = sizes_of_folds(target, folds, given.probe) if folds else sizes_for(target, shared=shared, **fixed)
    for name in ("heldout", "pool") if folds else ():
        if fixed[name] not in {None, getattr(sizes, name)}:
            due = f"with folds = {folds} it is {getattr(sizes, name)}; leave it out, or say folds = 0"
            raise SettingsError(f"{path}.{name}", f"is {fixed[name]}, and {due}")
    return {"heldout": sizes.heldout, "pool": sizes.pool, "probe": sizes.probe, "folds": folds}


def _absolute(path: Path) -> Path:
    """Return an absolute path whose folders are no links; the file may be one, and keeps the user's name for it."""
    return absolute(path.parent) / path.name


def relative_to(folder: Path, problems: Mapping[str, OwnProblem]) -> dict[str, dict[str, Any]]:
    """Return problems with paths relative to a folder, so that data and studies can be moved together."""
    return {
        name: msgspec.to_builtins(problem)
        | {role: os.path.relpath(file, absolute(folder)) for role, file in problem.files.items()}
        for name, problem in problems.items()
    }


def changed_since(path: Path, problems: Mapping[str, OwnProblem]) -> list[str]:
    """Return the paths of settings whose data have changed since a settings file was written, if there is one."""
    noted = _noted(path)
    found = {
        f"problems.{name}.{role}": getattr(own, f"{role}_hash") for name, own in problems.items() for role in own.hashed
    }
    return [place for place, known in found.items() if noted.get(place, known) != known]


def _noted(path: Path) -> dict[str, str]:
    """Return the hashes in a settings file, by path of the setting; nothing if the file was damaged by an edit."""
    with suppress(FastmlpError, ValueError, LookupError, TypeError, AttributeError):
        tables = tomllib.loads(read_bytes(path).decode())["problems"].items()
        return {
            f"problems.{name}.{field.removesuffix('_hash')}": value
            for name, table in tables
            for field, value in table.items()
            if field.endswith("_hash")
        }
    return {}
