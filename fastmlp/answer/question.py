"""What is asked: labelled rows, a pretrained network, and how strategies are to be compared on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

import msgspec
import numpy as np

from ..backbones import Backbone, device_of, for_texts
from ..backends import get_backend
from ..errors import InvalidInput, SettingsError, UnknownName
from ..files import entry_at, hash_of_file
from ..interchange.tables import Table, Wanted, read_table
from ..problems import Pretrained, Task, read_pretrained
from ..study.settings.backbone import BackboneSettings
from ..study.settings.load import from_dict
from ..study.settings.messages import as_table, passing_on, tables_by_name
from ..study.settings.problems import given_backbone, given_problem, network_of, own_problem
from ..study.settings.schema import ProblemSettings, Settings
from ..study.settings.toml import read_toml
from ..study.trial.context import TrialContext

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..strategies import Strategy

FEWEST = 2  # rows of a class
WHY_RARE = f"{FEWEST} are needed, one to train on and one to leave out"
REMEDY = "--missing mean fills it with the mean of the rows trained on, --missing drop leaves such rows out"
TRAINING = ("epochs", "batch_size", "lr", "momentum", "optimizer", "weight_decay", "short_batch")  # of a backbone
SHARED = ("name", "margin", "network", "pretraining", "training", "strategies")  # settings that matter here


@dataclass(frozen=True, eq=False)
class Question:
    """A problem of the user's own.

    Parameters
    ----------
    table
        Labelled rows; with a backbone, of prepared inputs.
    label
        The column of the labels.
    files
        The files that were read, with their hashes.
    pretrained
        The network that is transferred; None: nothing is.
    origin
        Where that comes from, in words.
    without_source
        Whether the data that it was trained on are not there.
    settings
        How networks are trained, and the margin.
    strategies
        Those to be compared, by name; None: the usual ones.
    one_unit
        Whether all features are in one unit: see `fastmlp.problems.Scaler`.
    fills
        Whether missing values are filled with means.
    backbone
        A pretrained network of other people's, in place of `pretrained`.
    shared
        What all trainings on it share, as parameters of a `TransferClassifier`.
    """

    table: Table
    label: str
    files: dict[str, str]
    pretrained: Pretrained | None = None
    origin: str | None = None
    without_source: bool = True
    settings: Settings = field(default_factory=Settings)
    strategies: dict[str, Strategy] | None = None
    one_unit: bool = False
    fills: bool = False
    backbone: Backbone | None = None
    shared: Mapping[str, Any] = field(default_factory=dict)

    @property
    def unit(self) -> str:
        """What one calls the inputs: rows of a table, pictures or texts."""
        if self.backbone is None:
            return "rows"
        return "texts" if for_texts(self.backbone) else "pictures"


def question_of_table(
    path: Path, wanted: Wanted, *, pretrained: Path | None = None, one_unit: bool = False
) -> Question:
    """Return what is asked of a table in a file.

    Raises
    ------
    InvalidInput
        If the table or the pretrained network cannot be used.
    """
    if wanted.label is None and path.suffix != ".npz":
        raise InvalidInput(f"{path}: which column holds the labels? --label COLUMN says it")
    given = None if pretrained is None else read_pretrained(pretrained)
    if given is not None:
        wanted = replace(wanted, features=given.features)
    return _question(path, wanted, given, pretrained, one_unit=one_unit, remedy=REMEDY)


def question_of_backbone(own: BackboneSettings, shared: Mapping[str, Any] = MappingProxyType({})) -> Question:
    """Return what is asked of pictures or texts and a backbone.

    Parameters
    ----------
    own
        Which backbone, and where the labelled examples are.
    shared
        What all trainings share, as parameters of a `TransferClassifier`.

    Raises
    ------
    InvalidInput
        If the backbone cannot be loaded, or the examples cannot be read.
    """
    found, backbone = own.examples(), own.load_backbone()
    prepared: Any = backbone.prepared(found.inputs)  # its rows are picked as those of an array
    target = Path(own.target)
    table = Table(target.name, prepared, np.array(found.classes)[found.y], dropped=len(found.unreadable))
    table.refuse_rare(FEWEST, WHY_RARE)
    return Question(
        table,
        "its folder" if "target" in own.files and entry_at(target) == "folder" else "label",
        {target.name: found.digest, own.backbone: backbone.fingerprint},
        origin=f"{own.backbone}, {len(backbone.stages)} stages, {backbone.preparation}",
        backbone=backbone,
        shared={"batch_norm": own.batch_norm, "body_rate": own.body_rate, "device": device_of(own.device), **shared},
    )


def question_of_settings(path: Path, name: str | None = None, *, backend: str = "auto") -> Question:
    """Return what is asked by a study's settings: by the one problem of its own, or the one with a name.

    Parameters
    ----------
    path
        A TOML file.
    name
        Of the problem, if there are several.
    backend
        That a network is pretrained with, if its source data are there.

    Raises
    ------
    SettingsError
        If a setting is refused, a table or a network cannot be used, or it cannot be known which problem is meant.
    """
    data = read_toml(path)
    try:
        return _of_settings(data, path.parent, name, backend)
    except SettingsError as error:
        raise SettingsError(str(path), str(error)) from error


def _of_settings(data: Mapping[str, Any], folder: Path, name: str | None, backend: str) -> Question:
    tables = tables_by_name("problems", data.get("problems", {}))
    if not tables:
        raise SettingsError("problems", 'holds no problem; one is a table [problems.mine] with target = "mine.csv"')
    if name is None and len(tables) > 1:
        raise SettingsError("problems", f"holds {', '.join(tables)}; --problem NAME says which")
    if name is not None and name not in tables:
        raise SettingsError("problems", str(UnknownName("problem", name, tables)))
    mine = name or next(iter(tables))
    where = f"problems.{mine}"
    table = tables[mine]
    if isinstance(table, Mapping) and "backbone" in table:
        settings = _settings(data, None, where)
        named = as_table("training", data.get("training", {}))
        shared = {key: getattr(settings.training, key) for key in named if key in TRAINING}
        with passing_on(where):
            question = question_of_backbone(given_backbone(where, table, folder), shared)
        return _with_strategies(question, data, settings)
    own = given_problem(where, table, folder)
    if own.label is None and Path(own.target).suffix != ".npz":
        raise SettingsError(f"{where}.label", "is needed: the column of the labels")
    settings = _settings(data, own, where)
    with passing_on(where):
        if own.source:
            completed = cast("ProblemSettings", own_problem(mine, table, folder))
            question = _with_source(completed, mine, settings, backend)
        else:
            network = own.network() if own.pretrained else None
            file = Path(own.pretrained) if own.pretrained else None
            question = _question(Path(own.target), own.wanted("target"), network, file, one_unit=own.one_unit)
    return _with_strategies(question, data, settings)


def _with_strategies(question: Question, data: Mapping[str, Any], settings: Settings) -> Question:
    """Return a question with the settings, and the strategies that they name."""
    asked = data.get("grid", {})
    named = settings.grid.strategies if isinstance(asked, Mapping) and "strategies" in asked else None
    strategies = None if named is None else {one: settings.strategy(one) for one in named}
    return replace(question, settings=settings, strategies=strategies)


def _settings(data: Mapping[str, Any], own: ProblemSettings | None, where: str) -> Settings:
    """Return the settings that say how networks are trained, and which strategies are compared."""
    shared = {name: data[name] for name in SHARED if name in data}
    grid = data.get("grid", {})
    if isinstance(grid, Mapping) and "strategies" in grid:
        shared["grid"] = {"strategies": grid["strategies"]}
    if own is not None and own.pretrained and "network" not in shared:
        with passing_on(f"{where}.pretrained"):
            shared["network"] = msgspec.to_builtins(network_of({where: own}))
    return from_dict(shared)


def _question(
    path: Path,
    wanted: Wanted,
    given: Pretrained | None,
    file: Path | None,
    *,
    one_unit: bool,
    remedy: str | None = None,
) -> Question:
    """Read the labelled rows, and check that they are of use."""
    table = read_table(path, wanted, remedy=remedy)
    table.refuse_rare(FEWEST, WHY_RARE)
    files = {path.name: hash_of_file(path)}
    if given is None or file is None:
        return Question(table, wanted.label or "y", files, one_unit=one_unit, fills=wanted.missing == "mean")
    if given.network.sizes[0] != table.X.shape[1]:
        raise InvalidInput(
            f"{path}: has {table.X.shape[1]} features, and the network of {file.name} takes {given.network.sizes[0]}"
        )
    scaler = "through its own scaler" if given.scaler else "which sees its inputs as they are"
    origin = f"{file.name}, {' - '.join(map(str, given.network.sizes))}, {scaler}"
    files[file.name] = given.name
    return Question(table, wanted.label or "y", files, given, origin, one_unit=one_unit, fills=wanted.missing == "mean")


def _with_source(own: ProblemSettings, name: str, settings: Settings, backend: str) -> Question:
    """Train a network on the source as a study does for one seed, and ask of target examples that it has not seen."""
    problem = own.load(name)
    context = TrialContext(problem, 0, settings, get_backend(backend).name)
    source, target = context.source(), problem.target
    if source.diverged_epoch is not None:
        raise InvalidInput(f"the pretraining on {own.source} diverged in epoch {source.diverged_epoch}")
    rows = np.setdiff1d(np.arange(len(target.y)), source.rows if problem.shared else [])
    groups = None if target.groups is None else target.groups[rows]
    table = Table(own.target, target.X[rows], classes_of(target)[target.y[rows]], target.features, groups)
    file = Path(own.files["source"]).name
    origin = f"trained on {len(source.rows)} rows of {file}, {' - '.join(map(str, source.network.sizes))}"
    known = classes_of(problem.source) if problem.same_classes else None
    given = Pretrained(problem.source.name, source.network, source.scaler, known, target.features)
    files = {Path(own.target).name: own.target_hash or "", file: own.source_hash or ""}
    return Question(table, own.label or "y", files, given, origin, without_source=False, one_unit=own.one_unit)


def classes_of(task: Task) -> NDArray[Any]:
    """Return what the user calls the classes, (n_classes,)."""
    return np.array(task.classes) if task.classes else np.arange(task.n_classes)
