"""Run a study from its settings to its report."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import msgspec

from ..backbones.cache import forget
from ..backends import get_backend, is_own, known_backends
from ..checks import at_most, check_name, plain, true_or_false
from ..errors import InvalidInput, SettingsError, StoreError, shown
from ..files import check_path, entry_at, prepare_folder, read_bytes, write_whole
from ..machine import usable_cores, version_of
from ..notebook import Live
from ..problems import lacking
from .backend_comparison import compare_with_reference
from .budget import Clock, in_words, read_seconds, resumed
from .data_description import describe_problem
from .environment import capture_environment, describe_run, now
from .execution.dask_client import check_cluster, connect
from .execution.dask_cluster import open_dask
from .execution.executors import open_executor
from .execution.scheduler import Executor, Progress, run_missing
from .execution.signals import handling_signals
from .gradient_check import check_gradient
from .identity import EnvironmentCheck, note_of
from .plan import plan
from .results.export import export
from .results.results import Results
from .settings import load
from .settings.problems import changed_since, write_objects
from .settings.schema import ProblemSettings, Settings
from .shards import read_shard, share_of
from .short_batches import measure_short_batches
from .store import Store, read_study
from .store.foreign import read_foreign
from .store.lock import check_free
from .store.reader import reading
from .trial.basins import measure_basins
from .trial.first_layer import picture_first_layer
from .trial.own_measures import OwnMeasure, take_measures
from .trial.run import GroupRunner

MOST_JOBS = 1024  # more threads than any machine has cores are a slip of the keyboard
FEATURES = "features"  # a folder in a study's own, while it runs: what frozen stages have computed
HEADER = "# The settings of this study, defaults included. To resume it: fastmlp study study.toml --out .\n\n"


def run_study(  # noqa: PLR0913 (the options of `fastmlp study`)
    study: str | Path | Mapping[str, Any] | Settings = "lab",
    out: str | Path = "out",
    *,
    jobs: int | None = None,
    seeds: int | str | range | None = None,
    backend: str = "auto",
    quick: bool = False,
    budget: str | None = None,
    device: str | None = None,
    shard: str | None = None,
    executor: object = None,
    progress: Callable[[Progress], None] | Literal[False] | None = None,
    trust_code: bool = False,
) -> Results:
    """Run all trials of a study that are not yet in its store, and write its table and its report.

    Parameters
    ----------
    study
        The name of a shipped study, the path of a TOML file, a dict with the same content, or settings. A dict may hold
        functions among its measures.
    out
        The study's folder. A study that it holds already is resumed.
    jobs
        Number of parallel workers, each on trials of one seed of one problem (default: one per core).
    seeds
        Number of seeds, or which: ``"20-39"``, ``range(20, 40)`` (default: the study's own).
    backend
        ``auto``, ``numba``, ``numpy``, or one that was added by `fastmlp.backends.add_backend`: it has one worker.
    quick
        Thin the grid to 3 sizes and 3 seeds; of a backbone, 2 seeds.
    budget
        Of a study of backbones, such as ``30min``: thin seeds and sizes to what fits, by a measured step of each kind.
    device
        Of a study of backbones: ``cpu``, ``cuda``, or ``auto`` for a GPU if there is one (default: the study's own).
    shard
        Run only a part of the study, such as ``3/16``; `fastmlp.merge_studies` joins the parts.
    executor
        Where trials run instead of on the cores of this machine: a ``distributed.Client``, the address of a Dask
        scheduler such as ``tcp://host:8786``, or ``local:4`` for four Dask workers here.
    progress
        Called with the state of the work, after every commit. By default a notebook shows it; False shows nothing.
    trust_code
        Whether files with measures that the settings name may be run.

    Raises
    ------
    SettingsError, InvalidInput
        If a setting or an argument is refused; nothing has been written then.
    StoreError
        If the folder's store cannot be used: another study is at work there, it is damaged, the disk is full.
    StudyStopped
        On a signal; finished trials are kept. It is a `KeyboardInterrupt`.
    ClusterLost
        If a Dask cluster cannot be used any more; finished trials are kept.
    """
    place = check_path("out", out)
    workers = check_jobs(jobs, executor, backend)
    on_commit, part = check_progress(progress), read_shard(shard)
    check_free(place)
    settings = effective_settings(study, seeds=seeds, quick=quick, device=device)
    own = take_measures(study, settings, trusted=true_or_false("trust_code", trust_code))
    check_reach(own, executor)
    backend = get_backend(backend).name
    with nullcontext() if executor is None else connect(executor) as cluster:
        settings, expected = of_backbones(settings, place, count_workers(workers, cluster), budget)
        share = (lambda _: True) if part is None else share_of(settings, part)
        folder = prepare_folder(place)
        settings = msgspec.structs.replace(settings, problems=write_objects(settings.problems, folder))
        with handling_signals() as stop, Store.open(folder) as store, Live("trials", 0):
            toml = renew_settings(settings, folder)
            environment = capture_environment(settings, backend, {measure.name: measure.hash for measure in own})
            facts = {f"problem:{name}": describe_problem(settings, name) for name in settings.grid.problems}
            facts["lacking"] = json.dumps(note_left_out(settings))
            facts |= note_of(settings, environment) | ({} if part is None else {"shard": str(part)})
            if store.begin(plan(settings, environment), {"settings": toml} | facts, share):
                how = {"jobs": str(workers), "command": command(settings)} | measure_network(settings, backend)
                kept = folder / FEATURES if settings.stages else None
                with open_workers(settings, backend, cluster or workers, store.count()[1], own, kept) as found:
                    store.note(describe_run(environment) | how)
                    with stop.drain():
                        run_missing(store, found, stop, on_commit, expected)
                store.note({"finished": now()})
                if kept is not None:
                    forget(kept)  # it is large, and of use only to a study that goes on
            write_results(store, folder)
    with reading(folder) as reader:
        return Results(folder, settings, reader.counts(), () if part is None else (str(part),))


def note_left_out(settings: Settings) -> dict[str, list[str]]:
    """Return the optional problems that are left out, each with the data sets that are missing; warn of each set."""
    left_out = {name: lacking(name) for name in settings.grid.optional}
    for dataset in dict.fromkeys(dataset for datasets in left_out.values() for dataset in datasets):
        names = ", ".join(name for name, datasets in left_out.items() if dataset in datasets)
        warnings.warn(f"left out: {names}; `fastmlp data get {dataset}` brings data set {dataset!r}", stacklevel=3)
    return left_out


def renew_settings(settings: Settings, folder: Path) -> str:
    """Write a study's settings into its folder, and return them; warn of data that have changed."""
    for path in changed_since(folder / "study.toml", settings.problems):
        warnings.warn(f"{path}: its data have changed since this study began; its trials run anew", stacklevel=3)
    toml = load.to_toml(settings, folder)
    write_settings(folder, toml)
    return toml


def check_jobs(jobs: object, executor: object, backend: object) -> int | str:
    """Return the number of workers on this machine, or a note that they are on a cluster."""
    only_here = is_own(check_name("backend", backend, known_backends()))  # other processes do not know it
    if executor is None:
        found = usable_cores() if jobs is None else at_most("jobs", jobs, MOST_JOBS)
        return 1 if only_here else found
    check_cluster(executor)
    if only_here:
        raise InvalidInput(
            f"backend is {shown(backend)}, which a Dask cluster does not know; leave out executor (--dask)"
        )
    if jobs is not None:
        raise InvalidInput(f"jobs is {shown(jobs)}, but the workers are those of executor (--dask), {shown(executor)}")
    return "of a Dask cluster"


def check_reach(own: Sequence[OwnMeasure], executor: object) -> None:
    """Refuse measures that the workers of a cluster could not have."""
    if executor is not None and (local := [measure.name for measure in own if measure.local]):
        remedy = "put it in a file and name that"
        raise SettingsError(
            f"measures.{local[0]}", f"is a function of this program, which a Dask cluster lacks; {remedy}"
        )


def count_workers(workers: int | str, cluster: Any) -> int:
    """Return the number of workers: on this machine, or the threads that a cluster has now."""
    return workers if isinstance(workers, int) else max(1, sum(cluster.nthreads().values()))


def of_backbones(settings: Settings, folder: Path, workers: int, budget: str | None) -> tuple[Settings, str]:
    """Return the part of a study that fits a budget, and how long it takes, in words; nothing for small networks.

    Raises
    ------
    InvalidInput
        If nothing fits, or the study is one of small networks, which has no budget.
    """
    seconds = None if budget is None else read_seconds(budget)
    if not settings.stages:
        if seconds is not None:
            raise InvalidInput(f"budget is {shown(budget)}; studies of backbones have one, and this is none")
        return settings, ""
    clock = Clock(settings, workers)
    part = settings if seconds is None else resumed(settings, folder) or clock.within(seconds)
    return part, in_words(clock, part)


def measure_network(settings: Settings, backend: str) -> dict[str, str]:
    """Return what is measured of a study's own network before its trials; of a backbone nothing."""
    if settings.stages:
        return {}
    problem = settings.problem(settings.grid.problems[0])
    found = {"gradient_check": check_gradient(settings, problem, backend)}
    if is_own(backend):
        found["backend_comparison"] = compare_with_reference(settings, problem, backend)
    return found | {
        "short_batches": measure_short_batches(settings, backend),
        "basins": measure_basins(settings, backend),
        "first_layer": picture_first_layer(settings, backend),
    }


@contextmanager
def open_workers(
    settings: Settings,
    backend: str,
    where: object,
    trials: int,
    own: tuple[OwnMeasure, ...] = (),
    features: Path | None = None,
) -> Iterator[Executor]:
    """Yield an executor for a number of trials: on a cluster's client, or with so many workers on this machine.

    Workers on this machine keep what frozen stages compute in the folder `features`, if there is to be one.
    """
    if isinstance(where, int):
        candidates = settings.tuning.trials  # each of them is trained, so a tuned study is long sooner
        only_here = any(measure.local for measure in own)  # then threads do it: other processes do not know it
        work = 0 if only_here else trials * candidates
        apart = bool(settings.stages) and not only_here
        with open_executor(
            GroupRunner(settings, backend, own=own, features=features), where, work, apart=apart
        ) as executor:
            yield executor
        return
    owned = settings.problems.values()
    tasks = tuple(problem.task(role) for problem in owned for role in problem.roles)
    networks = tuple(
        problem.network() for problem in owned if isinstance(problem, ProblemSettings) and problem.pretrained
    )
    runner, check = GroupRunner(settings, backend, tasks, networks, own), EnvironmentCheck(settings, backend)
    with open_dask(where, runner, check) as executor:
        yield executor


def effective_settings(
    study: str | Path | Mapping[str, Any] | Settings,
    *,
    seeds: int | str | range | None = None,
    quick: bool = False,
    device: str | None = None,
) -> Settings:
    """Return a study's settings after the options that change them."""
    thin = true_or_false("quick", quick)
    settings = load.load_settings(study)
    settings = load.quick(settings) if thin else settings
    settings = settings if device is None else load.with_device(settings, device)
    return settings if seeds is None else load.with_seeds(settings, plain(seeds))


def check_progress(progress: object) -> Callable[[Progress], None]:
    """Return a function to call after every commit; one that does nothing if progress is False."""
    if progress is None:
        return show_in_notebook
    if progress is False:
        return lambda _: None
    if not callable(progress):
        raise InvalidInput(f"progress is {shown(progress)}; it must be a function, False or None")
    return progress


def show_in_notebook(progress: Progress) -> None:
    """Show how far a study is, if a notebook runs it."""
    live = Live.current()
    if live is not None:
        trouble = [f"{n:,} {status}" for status in ("diverged", "failed") if (n := getattr(progress, status))]
        live.total = progress.total
        live.show(progress.done, "".join(f", {one}" for one in trouble) + progress.pace())


def command(settings: Settings) -> str:
    """Return the command that repeats a study: by name if it is shipped and unchanged, else by its settings file."""
    path, as_shipped = load.shipped().get(settings.name), False
    with suppress(SettingsError):  # its data are not here, so this study is another of the same name
        as_shipped = path is not None and load.load_settings(path) == settings
    return f"fastmlp study {settings.name if as_shipped else 'study.toml'}"


def write_settings(folder: Path, toml: str) -> None:
    """Write a study's settings, as TOML text, to its folder."""
    write_whole(folder / "study.toml", [HEADER.encode(), toml.encode()])


def write_results(store: Store, folder: Path) -> None:
    """Write a study's table and its report."""
    write_whole(folder / "results.csv", export(folder, "csv"))
    refresh_report(store, folder)


def refresh_report(store: Store, folder: Path) -> None:
    """Render the report, unless the existing one was made from the same results and settings."""
    content = sha256(read_bytes(folder / "results.csv") + read_bytes(folder / "study.toml"))
    content.update(version_of("fastmlp").encode())
    with reading(folder) as reader:
        notes = reader.meta()
    content.update(notes.get("shard", "").encode())
    content.update("".join(map(repr, read_foreign(folder))).encode())
    rendered = notes.get("rendered")
    there = all(entry_at(folder / name, StoreError) for name in ("report.html", "report.md"))
    if there and rendered == content.hexdigest():
        return
    from ..report.render import render_report  # imports matplotlib, which takes longer than a study with nothing to do

    render_report(read_study(folder), folder)
    store.note({"rendered": content.hexdigest()})
