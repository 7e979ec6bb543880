"""The settings of a study, read from TOML and checked before any work is done.

A setting's type and range stand with it in the structs below; `check` has what involves several settings or a table of
names. What a file leaves out is as in the shipped ``lab``. Every refusal is a `SettingsError` that begins with the path
of the setting: ``my.toml: training.lr: must be above 0, not -1``.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from ..errors import SettingsError, UnknownName
from ..layout import ACTIVATIONS, OPTIMIZERS
from ..network import DTYPES
from ..problems import load_problem
from ..strategies import expand, get_strategy
from .refusals import explain, passing_on, refuse_duplicates, refuse_unknown, refuse_unknown_keys
from .toml import read_toml, write_toml

BUDGETS = ("epochs", "steps")
LARGEST_GRID = 1_000_000  # trials

Count = Annotated[int, Meta(ge=1, le=1_000_000)]
Rate = Annotated[float, Meta(gt=0.0, le=1e30)]  # finite, and still finite in float32
Names = Annotated[tuple[str, ...], Meta(min_length=1)]


class NetworkSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The network that is pretrained, without its inputs and outputs, which the problem decides."""

    hidden: Annotated[tuple[Count, ...], Meta(min_length=1)] = (64,)
    activation: str = "relu"
    dtype: str = "float32"


class PretrainingSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the source network is trained; batches and optimiser are those of the training."""

    epochs: Count = 30
    lr: Rate = 0.05


class TrainingSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a target network is trained, before a strategy multiplies its rates."""

    epochs: Count = 60
    lr: Rate = 0.05
    batch_size: Count = 32
    momentum: Annotated[float, Meta(ge=0.0, lt=1.0)] = 0.9
    optimizer: str = "sgd"
    weight_decay: Annotated[float, Meta(ge=0.0, le=1e30)] = 0.0
    budget: str = "epochs"


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A study: a grid of problems, strategies, sizes and seeds, and what all its trials share.

    Parameters
    ----------
    name
        The report's title.
    problems, strategies, sizes, seeds
        The grid; seeds are 0 to ``seeds - 1``. A family of strategies, ``partial-k``, stands for all its members that
        the network is deep enough for.
    margin
        Differences of accuracy smaller than this do not matter: two strategies that close are tied.
    """

    name: Annotated[str, Meta(min_length=1, max_length=200)] = "study"
    problems: Names = ("parity",)
    strategies: Names = ("baseline", "baseline-source-scaler", "scratch", "scratch-source-scaler", "frozen", "finetune")
    sizes: Annotated[tuple[Count, ...], Meta(min_length=1)] = (20, 50, 100, 200, 500)
    seeds: Count = 20
    margin: Annotated[float, Meta(gt=0.0, lt=1.0)] = 0.01
    network: NetworkSettings = NetworkSettings()
    pretraining: PretrainingSettings = PretrainingSettings()
    training: TrainingSettings = TrainingSettings()


def load_settings(study: str | Path | Mapping[str, Any] | Settings) -> Settings:
    """Return checked settings.

    Parameters
    ----------
    study
        The name of a shipped study, the path of a TOML file, the same content as a dict, or settings.

    Raises
    ------
    SettingsError
        If there is no such study, or a setting is refused.
    """
    match study:
        case Settings():
            return from_dict(msgspec.to_builtins(study))
        case Mapping():
            return from_dict(study)
    path = Path(study)
    if isinstance(study, str) and study in (names := shipped()):
        path = names[study]
    elif path.suffix != ".toml" and not path.exists():
        raise SettingsError("", f"{UnknownName('study', str(study), shipped())}; a file's name ends in .toml")
    data = read_toml(path)
    try:
        return from_dict(data)
    except SettingsError as error:
        raise SettingsError(str(path), str(error)) from error


def shipped() -> dict[str, Path]:
    """Return the studies that come with the package, by name."""
    folder = Path(str(files("fastmlp"))) / "studies"
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def from_dict(data: Mapping[str, Any]) -> Settings:
    """Return checked settings from what a settings file holds.

    Raises
    ------
    SettingsError
        At the first setting that is refused.
    """
    refuse_unknown_keys(data, Settings)
    try:
        settings = msgspec.convert(dict(data), Settings)
    except msgspec.ValidationError as error:
        raise explain(error, data) from error
    depth = len(settings.network.hidden)
    members = tuple(member for name in settings.strategies for member in expand(name, depth + 1))
    settings = msgspec.structs.replace(settings, strategies=members)
    check(settings)
    return settings


def check(settings: Settings) -> None:
    """See that the names exist, that nothing is there twice, and that the sizes fit the problems.

    Raises
    ------
    SettingsError
        At the first setting that is refused.
    """
    if not settings.name.isprintable():
        raise SettingsError("name", f"{settings.name!r} has characters that cannot be printed")
    for path, kind, name, known in (
        ("network.activation", "activation", settings.network.activation, ACTIVATIONS),
        ("network.dtype", "dtype", settings.network.dtype, DTYPES),
        ("training.optimizer", "optimizer", settings.training.optimizer, OPTIMIZERS),
        ("training.budget", "budget", settings.training.budget, BUDGETS),
    ):
        refuse_unknown(path, kind, name, known)
    for name in settings.strategies:
        _check_strategy(name, len(settings.network.hidden))
    for name in settings.problems:
        with passing_on("problems"):
            load_problem(name)
    refuse_duplicates("problems", settings.problems)
    refuse_duplicates("strategies", settings.strategies)
    refuse_duplicates("sizes", settings.sizes)
    if (trials := size_of_grid(settings)) > LARGEST_GRID:
        raise SettingsError("", f"the grid has {trials} trials; at most {LARGEST_GRID} are possible")
    for name in settings.problems:
        _check_sizes(settings.sizes, name)


def size_of_grid(settings: Settings) -> int:
    """Return the number of trials."""
    return len(settings.problems) * len(settings.strategies) * len(settings.sizes) * settings.seeds


def _check_strategy(name: str, depth: int) -> None:
    with passing_on("strategies"):
        strategy = get_strategy(name)
    needed = max(strategy.layers or 0, *(phase.frozen for phase in strategy.phases), 0)
    if needed > depth:
        raise SettingsError("strategies", f"{name!r} needs {needed} hidden layers; network.hidden has {depth}")


def _check_sizes(sizes: tuple[int, ...], name: str) -> None:
    problem = load_problem(name)
    pool, classes = problem.sizes.pool, problem.target.n_classes
    for place, size in enumerate(sizes):
        if size > pool:
            raise SettingsError(f"sizes[{place}]", f"is {size}; the target pool of {name!r} holds {pool} examples")
        if size < classes:
            raise SettingsError(f"sizes[{place}]", f"is {size}; {name!r} has {classes} classes, each needs an example")


def to_toml(settings: Settings) -> str:
    """Return all settings as TOML text, defaults included."""
    return write_toml(msgspec.to_builtins(settings))


def with_seeds(settings: Settings, seeds: int) -> Settings:
    """Return the same study with another number of seeds.

    Raises
    ------
    SettingsError
        If it is below 1.
    """
    return from_dict(msgspec.to_builtins(settings) | {"seeds": seeds})


def quick(settings: Settings) -> Settings:
    """Return the study thinned to a look at it: at most 3 seeds, and the smallest, the middle and the largest size."""
    sizes = sorted(settings.sizes)
    few = tuple(dict.fromkeys((sizes[0], sizes[len(sizes) // 2], sizes[-1])))
    return msgspec.structs.replace(settings, sizes=few, seeds=min(settings.seeds, 3))
