"""The settings of a study, read from TOML and checked before any work is done.

`schema` has the type and range of each setting; `validate`, `strategies` and `problems` check what involves several
settings or a table of names. Settings that a file leaves out are those of the shipped ``lab``. Every refusal is a
`SettingsError` that begins with the path of the setting: ``my.toml: training.lr: must be above 0, not -1``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from ...errors import SettingsError, UnknownName, shown
from ...files import check_path, entry_at
from ...problems import PROBLEMS, lacking
from ...seeds import name_of_seeds
from ...strategies import expand
from .backbone import BackboneSettings
from .defaults import with_defaults
from .measures import own_relative_to, with_own_measures
from .messages import explain, passing_on, refuse_unknown_keys
from .problems import network_of, own_problems, relative_to
from .schema import AmountsSettings, GridSettings, ProblemSettings, ReplicatesSettings
from .schema import Settings as Settings
from .sizes import sizes_that_fit
from .strategies import own_strategies
from .toml import read_toml, write_toml
from .validate import check

Part = TypeVar("Part", GridSettings, ReplicatesSettings, AmountsSettings)


def load_settings(study: str | Path | Mapping[str, Any] | Settings) -> Settings:
    """Return checked settings.

    Parameters
    ----------
    study
        The name of a shipped study, the path of a TOML file, a dict with the same content, or settings. Paths of data
        are relative to the folder of the TOML file; in a dict, to the current folder.

    Raises
    ------
    SettingsError
        If there is no such study, or a setting is refused.
    """
    match study:
        case Settings():
            return from_dict(_builtins(study))
        case Mapping():
            return from_dict(study)
        case str() | os.PathLike():
            path = check_path("study", study)
        case _:
            raise SettingsError("", f"study is {shown(study)}; it must be a name, a path, a dict or settings")
    if isinstance(study, str) and study in (names := shipped()):
        path = names[study]
    elif path.suffix != ".toml" and entry_at(path, lambda line: SettingsError("", line)) is None:
        raise SettingsError("", f"{UnknownName('study', str(study), shipped())}; a file's name ends in .toml")
    data = read_toml(path)
    try:
        return from_dict(data, path.parent)
    except SettingsError as error:
        raise SettingsError(str(path), str(error)) from error


def _builtins(settings: Settings) -> dict[str, Any]:
    """Return settings that a program has made as dicts, lists and values."""
    try:
        data: dict[str, Any] = msgspec.to_builtins(settings)
    except (TypeError, ValueError) as error:  # a field holds what no settings file could
        raise SettingsError("", f"cannot be written as TOML: {error}") from error
    return data


def shipped() -> dict[str, Path]:
    """Return the studies that come with the package, by name."""
    folder = Path(str(files("fastmlp"))) / "studies"
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def as_written(document: Mapping[str, Any]) -> Settings:
    """Return the settings that a study has written down, which are complete; no data are read or checked."""
    tables = document.get("problems", {}).items()
    kinds = {name: BackboneSettings if "backbone" in table else ProblemSettings for name, table in tables}
    problems = {name: msgspec.convert(table, kinds[name]) for name, table in tables}
    return msgspec.structs.replace(msgspec.convert({**document, "problems": {}}, Settings), problems=problems)


def from_dict(data: Mapping[str, Any], folder: Path = Path()) -> Settings:
    """Return checked settings from the content of a settings file in a folder.

    Raises
    ------
    SettingsError
        At the first setting that is refused.
    """
    if "measures" in data:
        data = {**data, "measures": with_own_measures(data["measures"], folder)}
    refuse_unknown_keys(data, Settings)
    problems = own_problems(data.get("problems", {}), folder)
    strategies = own_strategies(data.get("strategies", {}))
    data = with_defaults(data, problems)
    try:
        settings = msgspec.convert({**data, "strategies": {}, "problems": {}}, Settings)
    except msgspec.ValidationError as error:
        raise explain(error, data) from error
    with passing_on("grid.seeds"):
        seeds = name_of_seeds(settings.grid.seed_range)
    if "network" not in data:
        settings = msgspec.structs.replace(settings, network=network_of(problems))
    settings = msgspec.structs.replace(settings, strategies=strategies, problems=problems)
    settings = msgspec.structs.replace(
        settings,
        grid=msgspec.structs.replace(_joined(_expanded(settings.grid, settings.depth)), seeds=seeds),
        replicates=_expanded(settings.replicates, settings.depth),
        amounts=_expanded(settings.amounts, settings.depth),
    )
    there = (name for name in settings.amounts.problems if name not in settings.grid.optional)
    settings = msgspec.structs.replace(
        settings, amounts=msgspec.structs.replace(settings.amounts, problems=tuple(there))
    )
    if isinstance(grid := data.get("grid", {}), Mapping) and "sizes" not in grid:
        settings = _with_sizes_that_fit(settings)
    check(settings)
    return settings


def _expanded(part: Part, depth: int) -> Part:
    """Return a table in which each family of strategies is replaced by its members."""
    members = tuple(member for name in part.strategies for member in expand(name, depth + 1))
    return msgspec.structs.replace(part, strategies=members)


def _with_sizes_that_fit(settings: Settings) -> Settings:
    """Return settings that name no sizes with those that their problems allow."""
    with passing_on("grid.problems"):
        problems = [settings.problem(name) for name in settings.grid.problems]
    return msgspec.structs.replace(
        settings, grid=msgspec.structs.replace(settings.grid, sizes=sizes_that_fit(problems))
    )


def _joined(grid: GridSettings) -> GridSettings:
    """Return a grid in which those of the optional problems whose data are here have joined the others."""
    optional = dict.fromkeys(name for name in grid.optional if name not in grid.problems)
    here = [name for name in optional if name in PROBLEMS and not lacking(name)]
    rest = tuple(name for name in optional if name not in here)
    return msgspec.structs.replace(grid, problems=(*grid.problems, *here), optional=rest)


def to_toml(settings: Settings, folder: Path = Path()) -> str:
    """Return all settings, defaults included, as TOML text for a file in a folder."""
    data = msgspec.to_builtins(settings) | {"problems": relative_to(folder, settings.problems)}
    data["measures"]["own"] = own_relative_to(folder, settings.measures.own)
    return write_toml({name: value for name, value in data.items() if value != {}})


def with_seeds(settings: Settings, seeds: object) -> Settings:
    """Return the same study with other seeds: a number of them, text such as ``20-39``, or a `range`.

    Raises
    ------
    SettingsError
        If it is none of these, or without a seed.
    """
    data = msgspec.to_builtins(settings)
    if isinstance(seeds, range) and seeds.step == 1 and 0 <= seeds.start < seeds.stop:
        seeds = name_of_seeds(seeds)
    return from_dict(data | {"grid": data["grid"] | {"seeds": seeds}})


def with_device(settings: Settings, device: object) -> Settings:
    """Return the same study of backbones, computed on another device.

    Raises
    ------
    SettingsError
        If there is no such device, or the study has no backbones.
    """
    if not settings.stages:
        raise SettingsError("", f"device is {shown(device)}; studies of backbones have one, and this is none")
    data = _builtins(settings)
    for name in settings.problems:
        data["problems"][name]["device"] = device
    return from_dict(data)


def quick(settings: Settings) -> Settings:
    """Return a smaller study: at most 3 seeds, 2 of a backbone, and the smallest, middle and largest size.

    Of replicates it has at most 3 for 2 seeds. Smaller sources have at most 3 seeds, and the middle size.
    """
    sizes = sorted(settings.grid.sizes)
    few = tuple(dict.fromkeys((sizes[0], sizes[len(sizes) // 2], sizes[-1])))
    most = 2 if settings.stages else 3
    grid = msgspec.structs.replace(settings.grid, sizes=few, seeds=name_of_seeds(settings.grid.seed_range[:most]))
    again = settings.replicates
    if again.number:
        again = msgspec.structs.replace(again, number=min(again.number, 3), seeds=min(again.seeds, 2))
    smaller = settings.amounts
    if smaller.ratios:
        smaller = msgspec.structs.replace(smaller, seeds=min(smaller.seeds, 3), sizes=(few[len(few) // 2],))
    return msgspec.structs.replace(settings, grid=grid, replicates=again, amounts=smaller)
