"""The whole of a study: settings, work, files."""

from __future__ import annotations

import shlex
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from ..backends import get_backend
from ..errors import InvalidInput
from ..files import prepare_folder, write_whole
from ..machine import usable_cores, version_of
from . import config
from .circumstances import (
    describe_problem,
    describe_run,
    find_circumstances,
    now,
)
from .config import Settings
from .execution.processes import shared_out
from .execution.scheduler import Progress, run_missing
from .execution.signals import listening
from .export import export
from .gradient import check_gradient
from .own_problems import changed_since
from .plan import plan
from .store import Store, read_study
from .store.lock import see_free
from .store.reader import reading
from .store.records import Record
from .trial import Worker

HEADER = "# The settings of this study, defaults included. To resume it: fastmlp study study.toml --out .\n\n"


@dataclass(frozen=True)
class Results:
    """A finished study.

    Parameters
    ----------
    folder
        Where its files are.
    settings
        As they took effect.
    counts
        Trials by status: ``ok``, ``diverged``, ``failed``, ``missing``.
    """

    folder: Path
    settings: Settings
    counts: dict[str, int]

    @cached_property
    def rows(self) -> list[Record]:
        """One flat dict a trial, in the plan's order; read from the store when first asked for."""
        return [dict(row) for row in read_study(self.folder).rows]

    @property
    def table(self) -> Path:
        """``results.csv``."""
        return self.folder / "results.csv"

    @property
    def report(self) -> Path:
        """``report.html``."""
        return self.folder / "report.html"

    @property
    def report_markdown(self) -> Path:
        """``report.md``."""
        return self.folder / "report.md"


def run_study(
    study: str | Path | Mapping[str, Any] | Settings = "lab",
    out: str | Path = "out",
    *,
    jobs: int | None = None,
    seeds: int | None = None,
    backend: str = "auto",
    quick: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> Results:
    """Run a study, or what is missing of it, and write its table and its report.

    Parameters
    ----------
    study
        The name of a shipped study, the path of a TOML file, the same content as a dict, or settings.
    out
        The study's folder. One that holds a study already is taken up where it was left.
    jobs
        Workers, each on trials of one seed of one problem; one a core, unless said.
    seeds
        Instead of the study's own number.
    backend
        ``auto``, ``numba`` or ``numpy``.
    quick
        Thin the grid to 3 sizes and 3 seeds.
    progress
        Called with the state of the work, after every commit.

    Raises
    ------
    SettingsError, InvalidInput
        If a setting or an argument is refused; nothing has been written then.
    StoreError
        If the folder's store cannot be used: another study is at work there, it is damaged, the disk is full.
    StudyStopped
        On a signal; what was finished is kept. It is a `KeyboardInterrupt`.
    """
    see_free(Path(out))
    settings = effective_settings(study, seeds=seeds, quick=quick)
    jobs = usable_cores() if jobs is None else jobs
    if jobs < 1:
        raise InvalidInput(f"jobs is {jobs}; at least 1 is needed")
    backend = get_backend(backend).name
    folder = prepare_folder(out)
    with listening() as stop, Store.open(folder) as store:
        for path in changed_since(folder / "study.toml", settings.problems):
            warnings.warn(f"{path}: its data have changed since this study began; its trials run anew", stacklevel=2)
        toml = config.to_toml(settings, folder)
        write_whole(folder / "study.toml", [HEADER.encode(), toml.encode()])
        circumstances = find_circumstances(settings, backend)
        facts = {f"problem:{name}": describe_problem(settings, name) for name in settings.grid.problems}
        if store.begin(plan(settings, circumstances), {"settings": toml} | facts):
            checked = check_gradient(settings, settings.problem(settings.grid.problems[0]), backend)
            how = {"jobs": str(jobs), "command": command(settings), "gradient_check": checked}
            with shared_out(Worker(settings, circumstances.backend), jobs, store.count()[1]) as work:
                store.note(describe_run(circumstances) | how)
                with stop.drain():
                    run_missing(store, work, jobs, stop, progress or (lambda _: None))
            store.note({"finished": now()})
        write_whole(folder / "results.csv", export(folder, "csv"))
        refresh_report(store, folder)
    with reading(folder) as reader:
        return Results(folder, settings, reader.counts())


def effective_settings(
    study: str | Path | Mapping[str, Any] | Settings, *, seeds: int | None = None, quick: bool = False
) -> Settings:
    """Return a study's settings after the options that change them."""
    settings = config.load_settings(study)
    settings = config.quick(settings) if quick else settings
    return settings if seeds is None else config.with_seeds(settings, seeds)


def command(settings: Settings) -> str:
    """Return what repeats a study: its name if it is a shipped one as it stands, else its settings file."""
    path = config.shipped().get(settings.name)
    as_shipped = path is not None and config.load_settings(path) == settings
    return f"fastmlp study {settings.name if as_shipped else 'study.toml'}"


def resume_command(out: str | Path, backend: str = "auto") -> str:
    """Return what takes a stopped study up again."""
    words = ["fastmlp", "study", str(Path(out) / "study.toml"), "--out", str(out)]
    return shlex.join(words if backend == "auto" else [*words, "--backend", backend])


def refresh_report(store: Store, folder: Path) -> None:
    """Render the report, unless the one that is there says the same already."""
    content = sha256((folder / "results.csv").read_bytes() + (folder / "study.toml").read_bytes())
    content.update(version_of("fastmlp").encode())
    with reading(folder) as reader:
        rendered = reader.meta().get("rendered")
    there = all((folder / name).exists() for name in ("report.html", "report.md"))
    if there and rendered == content.hexdigest():
        return
    from ..report.render import render_report  # brings matplotlib, which takes longer than a study with nothing to do

    render_report(read_study(folder), folder)
    store.note({"rendered": content.hexdigest()})
