"""The settings of a study, with the type and range of each; `validate` checks those that depend on each other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import msgspec
from msgspec import Meta

from ...errors import InvalidInput, UnknownName
from ...interchange.tables import Wanted
from ...problems import Pretrained, Problem, Task, get_problem, read_pretrained, read_task
from ...problems import Sizes as SplitSizes
from ...seeds import seed_range
from ...strategies import Strategy, get_strategy

BUDGETS = ("epochs", "steps")
PURPOSES = ("subset", "weights", "order", "pretraining")  # of randomness: a replicate varies one of them
SMALLER = "source"  # what a trial with a smaller source varies
TUNED_EPOCHS = 2.0  # tuning multiplies or divides the declared epochs by up to this

FILES = ("pretrained", "target", "source")  # settings of a problem that are paths: each says what is read of the next

Kept = TypeVar("Kept", Task, Pretrained)
Path_ = Annotated[str, Meta(min_length=1)]
Count = Annotated[int, Meta(ge=1, le=1_000_000)]
Rate = Annotated[float, Meta(gt=0.0, le=1e30)]  # finite, and still finite in float32
Fewest = Annotated[int, Meta(ge=0, le=1_000_000)]
Folds = Annotated[int, Meta(ge=0, le=1000)]
Names = Annotated[tuple[str, ...], Meta(min_length=1)]
Sizes = Annotated[tuple[Count, ...], Meta(min_length=1)]


class GridSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All combinations of problems, strategies, sizes and seeds.

    Seeds are a number of them, counted from 0, or a range such as ``20-39``, both included.

    Sizes that are not given are those below that fit the problems, and all there is: see `sizes.sizes_that_fit`.
    A family of strategies, such as ``partial-k``, stands for all members for which the network is deep enough.

    Parameters
    ----------
    optional
        Problems that join the others as soon as this machine has their data.
    fitting
        Whether a size for which a problem has too few examples is left out there, and not refused.
    """

    problems: Names = ("parity",)
    optional: tuple[str, ...] = ()
    strategies: Names = ("baseline", "baseline-source-scaler", "scratch", "scratch-source-scaler", "frozen", "finetune")
    sizes: Sizes = (20, 50, 100, 200, 500)
    seeds: Count | str = 20
    fitting: bool = False

    @property
    def seed_range(self) -> range:
        """The seeds, one after the other."""
        return seed_range(self.seeds)

    def first_seeds(self, most: int) -> range:
        """Return so many seeds from the first one on, as replicates and smaller sources have them."""
        start = self.seed_range.start
        return range(start, start + most)


class NetworkSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The hidden layers of the network; the problem determines inputs and outputs."""

    hidden: Annotated[tuple[Count, ...], Meta(min_length=1)] = (64,)
    activation: str = "relu"
    dtype: str = "float32"


class PretrainingSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the source network is trained; batches and optimiser are those of `TrainingSettings`."""

    epochs: Count = 30
    lr: Rate = 0.05
    weight_decay: Annotated[float, Meta(ge=0.0, le=1e30)] = 0.0


class TrainingSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a target network is trained; strategies multiply its learning rate."""

    epochs: Count = 60
    lr: Rate = 0.05
    batch_size: Count = 32
    momentum: Annotated[float, Meta(ge=0.0, lt=1.0)] = 0.9
    optimizer: str = "sgd"
    weight_decay: Annotated[float, Meta(ge=0.0, le=1e30)] = 0.0
    budget: str = "epochs"
    short_batch: str = "weighted"


class MeasuresSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Measures that are not always taken.

    Parameters
    ----------
    own
        The study's own, by name: a file and a function in it, which are not imported unless that is allowed; or, of a
        function that a program gave, its name alone after the colon.
    """

    inside: bool = False
    scores: bool = False
    own: dict[str, str] = {}


class TuningSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Candidates that every strategy tries, the declared settings included, and folds; 1 candidate means no tuning."""

    trials: Annotated[int, Meta(ge=1, le=1000)] = 1
    folds: Annotated[int, Meta(ge=2, le=5)] = 5  # tuning needs 5 labels of each class: one for each fold


class ReplicatesSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Trials that draw anew for one purpose of randomness and share everything else with a trial of the grid.

    For each problem (default: those of the grid), strategy, size, purpose and seed there are `number` of them.
    """

    number: Annotated[int, Meta(ge=0, le=10_000)] = 0
    purposes: Names = PURPOSES
    problems: tuple[str, ...] = ()
    strategies: Names = ("finetune",)
    sizes: Sizes = (100,)
    seeds: Count = 10


class AmountsSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Trials whose source is smaller: it has so many examples for each target label, and else they are as in the grid.

    A ratio is left out where the source has fewer examples than that. Problems are those of the grid unless given.
    """

    ratios: tuple[Count, ...] = ()
    problems: tuple[str, ...] = ()
    strategies: Names = ("frozen", "finetune")
    sizes: Sizes = (50,)
    seeds: Count = 20


class OwnProblem(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What all problems of a study's own have. Sizes and hashes left out are filled in on first reading.

    Parameters
    ----------
    target
        Where the labelled examples are.
    heldout, pool, probe
        Sizes of the split. Without a probe set, 0, similarity is not measured; that is the default where examples are
        too few for one.
    folds
        Of a cross-validation in place of a held-out set, one fold for each seed; 0 for none. The default is 5 where no
        other size is given and the target has fewer than 1000 examples, which are not shared.
    target_hash
        Hash of the data that were read; other data are refused.
    """

    if TYPE_CHECKING:  # each kind has them among its fields, in an order of its own
        target: str
        heldout: int | None
        pool: int | None
        probe: int | None
        folds: int | None
        target_hash: str | None

    @property
    def files(self) -> dict[str, str]:
        """The paths of the files that the problem is made of, by the name of the setting."""
        raise NotImplementedError

    @property
    def roles(self) -> tuple[str, ...]:
        """The tasks whose examples are here."""
        return ("target",)

    @property
    def hashed(self) -> tuple[str, ...]:
        """What has a hash among the settings."""
        raise NotImplementedError

    @property
    def stage_names(self) -> tuple[str, ...]:
        """The stages of the pretrained network, if the study does not train one itself."""
        return ()

    def found_here(self) -> dict[str, str]:
        """Return what its trials read on the machine where they run, by name: nothing, where it is sent with them."""
        return {}

    @property
    def sizes(self) -> SplitSizes:
        """Sizes of the split, as far as they are known."""
        return SplitSizes(self.heldout or 0, self.pool or 0, self.probe or 0)

    def task(self, role: str) -> Task:
        """Return the ``source`` or the ``target`` task.

        Raises
        ------
        InvalidInput
            If there is no such task, or its data have changed.
        """
        raise NotImplementedError

    def load(self, name: str) -> Problem:
        """Return the problem under a name; the data are the same for every seed."""
        raise NotImplementedError


class ProblemSettings(OwnProblem, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A problem of the study's own: files of data. Sizes and hashes left out are filled in on first reading.

    Parameters
    ----------
    source, target
        Paths of tables, see `fastmlp.interchange.tables`; in a TOML file relative to its folder. The features of the
        source are those of the target, by their names if they have any.
    pretrained
        The path of a pretrained network, in place of the source: see `fastmlp.problems.read_pretrained`.
    label, source_label
        The columns of the labels; that of the source is called as the target's unless it is said.
    ignore
        Columns of the target that are no features.
    missing
        What is done with missing values: see `fastmlp.interchange.tables.Wanted`. A study cannot fill them.
    shared
        Whether row i of both is one example; if so, what is held out of the target is held out of the source.
    one_unit
        Whether all features are in one unit, as pixels and activations are: see `Scaler.fit`.
    same_classes
        Whether label k means the same in both, so that strategies may keep the source's head.
    heldout, pool, probe, folds
        As for `OwnProblem`.
    group
        The column of the target's table, or the array of its file, that says which examples belong together, such as
        those of one patient: they are never on both sides of a held-out set.
    source_hash, target_hash, pretrained_hash
        Hashes of the data that were read; files with other data are refused.
    """

    source: Path_ | None = None
    target: Path_
    pretrained: Path_ | None = None
    label: str | None = None
    source_label: str | None = None
    ignore: tuple[str, ...] = ()
    missing: str = "refuse"
    shared: bool = False
    one_unit: bool = False
    same_classes: bool = False
    heldout: Count | None = None
    pool: Count | None = None
    probe: Fewest | None = None
    folds: Folds | None = None
    group: Annotated[str, Meta(min_length=1)] | None = None
    source_hash: str | None = None
    target_hash: str | None = None
    pretrained_hash: str | None = None

    @property
    def files(self) -> dict[str, str]:
        """The paths of the files that the problem is made of, by the name of the setting."""
        return {role: path for role in FILES if (path := getattr(self, role)) is not None}

    @property
    def roles(self) -> tuple[str, ...]:
        """The tasks whose examples are here."""
        return tuple(role for role in self.files if role != "pretrained")

    @property
    def hashed(self) -> tuple[str, ...]:
        """What has a hash among the settings."""
        return tuple(self.files)

    def task(self, role: str) -> Task:
        """Return the ``source`` or the ``target`` task.

        Raises
        ------
        InvalidInput
            If its file is not there, holds no task, or other data than the hash says.
        """
        path, known = Path(self.files[role]), getattr(self, f"{role}_hash")
        return self._as_noted(role, read_task(path, one_unit=self.one_unit, known=known, wanted=self.wanted(role)))

    def wanted(self, role: str) -> Wanted:
        """Return which columns of the ``source`` or the ``target`` are what."""
        if role == "target":
            features = self.network().features if self.pretrained else None
            return Wanted(
                label=self.label, features=features, ignore=self.ignore, group=self.group, missing=self.missing
            )
        label = self.label if self.source_label is None else self.source_label
        return Wanted(label=label, features=self.task("target").features, missing=self.missing)

    def network(self) -> Pretrained:
        """Return the pretrained network.

        Raises
        ------
        InvalidInput
            If its file is not there, holds no network, or another one than the hash says.
        """
        path = Path(self.files["pretrained"])
        return self._as_noted("pretrained", read_pretrained(path, known=self.pretrained_hash))

    def _as_noted(self, role: str, found: Kept) -> Kept:
        """Return what was read, if it is what the hash says."""
        known = getattr(self, f"{role}_hash")
        if known not in {None, found.name}:
            raise InvalidInput(
                f"{self.files[role]}: its data have changed: their hash is {found.name}, and {known} is what "
                f"{role}_hash says; without {role}_hash a study asks what is there now"
            )
        return found

    def load(self, name: str) -> Problem:
        """Return the problem under a name; the data are the same for every seed."""
        given = self.network() if self.pretrained else None
        return Problem(
            name,
            self.task("source") if given is None else Task.absent(given),
            self.task("target"),
            self.sizes,
            shared=self.shared,
            same_classes=self.same_classes,
            folds=self.folds or 0,
            pretrained=given,
        )


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A study: a grid of trials, and what all of them share.

    Parameters
    ----------
    name
        The report's title.
    margin
        Smallest difference of accuracy that matters: two strategies closer than this are tied.
    strategies
        The study's own, by name, in addition to `fastmlp.STRATEGIES`.
    problems
        The study's own, by name, in addition to those of `fastmlp.problems`.
    """

    name: Annotated[str, Meta(min_length=1, max_length=200)] = "study"
    margin: Annotated[float, Meta(gt=0.0, lt=1.0)] = 0.01
    grid: GridSettings = GridSettings()
    network: NetworkSettings = NetworkSettings()
    pretraining: PretrainingSettings = PretrainingSettings()
    training: TrainingSettings = TrainingSettings()
    measures: MeasuresSettings = MeasuresSettings()
    tuning: TuningSettings = TuningSettings()
    replicates: ReplicatesSettings = ReplicatesSettings()
    amounts: AmountsSettings = AmountsSettings()
    strategies: dict[str, Strategy] = {}
    problems: dict[str, OwnProblem] = {}

    def strategy(self, name: str) -> Strategy:
        """Return a strategy by name, the study's own or another."""
        return get_strategy(name, self.strategies)

    def problem(self, name: str, seed: int = 0) -> Problem:
        """Return a problem by name, the study's own or another, as one seed sees it.

        Raises
        ------
        UnknownName
            If there is none, with the nearest name.
        InvalidInput
            If it is the study's own and its data cannot be read, or have changed.
        """
        if name in self.problems:
            return self.problems[name].load(name)
        try:
            return get_problem(name, seed)
        except UnknownName as error:
            raise UnknownName("problem", name, [*self.problems, *error.known]) from error

    @property
    def all_problems(self) -> tuple[str, ...]:
        """The problems of all trials, those of the grid first."""
        again = self.replicates.problems if self.replicates.number else ()
        smaller = self.amounts.problems if self.amounts.ratios else ()
        return tuple(dict.fromkeys((*self.grid.problems, *again, *smaller)))

    def sizes_on(self, name: str, sizes: tuple[int, ...]) -> tuple[int, ...]:
        """Return the sizes at which a problem has trials: those for which it has enough examples."""
        if not self.grid.fitting:
            return sizes
        problem = self.problem(name)
        return tuple(size for size in sizes if not problem.refusal_of_size(size))

    def can_run(self, strategy: str, problem: str) -> bool:
        """Return whether a strategy has trials on a problem: one that keeps the source's head needs its classes."""
        return self.strategy(strategy).head == "new" or self.problem(problem).same_classes

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages of the backbone, if the grid's problems have one: see `validate.check`."""
        own = (self.problems[name].stage_names for name in self.grid.problems if name in self.problems)
        return next(own, ())

    @property
    def depth(self) -> int:
        """How many layers strategies have to move below the head: hidden layers, or stages."""
        return len(self.stages) or len(self.network.hidden)
