"""A study's results as an object: what `run_study` returns and `fastmlp.load` opens.

The numbers are those of the report, from its own functions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...checks import at_least_one, is_whole
from ...errors import InvalidInput, UnknownName, shown
from ...files import check_path
from ...notebook import html_table
from ..settings.load import as_written, from_dict
from ..settings.schema import Settings
from ..store import StudyData, read_study
from ..store.foreign import read_foreign, write_foreign
from ..store.schema import NESTED, STATUSES, Record

if TYPE_CHECKING:
    from ...estimators.transfer_classifier import TransferClassifier
    from ...report.plots import Plots
    from ...report.study import Study
    from ...report.verdicts import Best, Verdicts
    from .splits import CellRows
    from .trained import Trained


@dataclass(frozen=True)
class Results:
    """The results of a study, finished or not, as they were when they were first asked for.

    Parameters
    ----------
    folder
        The folder with its files.
    settings
        The effective settings.
    counts
        Trials by status: ``ok``, ``diverged``, ``failed``, ``missing``.
    shards
        Names of the shards that these results are of, such as ``3/16``; empty if they are of the whole study.
    """

    folder: Path
    settings: Settings
    counts: dict[str, int]
    shards: tuple[str, ...] = ()
    _read: StudyData | None = field(default=None, repr=False, compare=False)

    @classmethod
    def open(cls, folder: str | Path) -> Results:
        """Open the folder of a study, which may be running; neither its data nor a backend is needed.

        Raises
        ------
        InvalidInput
            If it is no path.
        StoreError
            If there is no study in the folder, or it cannot be read.
        """
        place = check_path("folder", folder)
        data = read_study(place)
        found = Counter(row["status"] for row in data.rows)
        shards = tuple(data.meta["shard"].split(", ")) if "shard" in data.meta else ()
        settings = as_written(data.settings)
        return cls(place, settings, {status: found[status] for status in STATUSES}, shards, data)

    @cached_property
    def _data(self) -> StudyData:
        return self._read or read_study(self.folder)

    @cached_property
    def _cells(self) -> set[tuple[str, int, int]]:
        """Problem, seed and number of labels of all trials of the grid."""
        return {(row["problem"], row["seed"], row["n_target"]) for row in self._data.rows if not row["varied"]}

    @cached_property
    def _study(self) -> Study:
        from ...report.study import Study

        return Study(self._data.settings, self._data.rows, self._data.meta, self.folder)

    @cached_property
    def rows(self) -> list[Record]:
        """One flat dict for each trial, in the plan's order; read from the store on first use."""
        return [dict(row) for row in self._data.rows]

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

    def to_frame(self, what: str = "trials", *, library: str = "pandas") -> Any:
        """Return the results as a frame.

        Parameters
        ----------
        what
            ``trials``, one row for each, as in ``results.csv``; or ``verdicts``, one row for each comparison.
        library
            ``pandas``, ``polars`` or ``pyarrow``, whose ``DataFrame`` or ``Table`` is returned. `rows` and `verdicts`
            need none of them.

        Raises
        ------
        UnknownName
            If there is no such table or library.
        MissingLibrary
            If the library is not installed.
        """
        from .frame import frame_of

        if what == "verdicts":
            from ...report.verdicts import Verdict

            verdicts = self.verdicts()
            return frame_of({name: [dict(v)[name] for v in verdicts] for name in Verdict.__annotations__}, library)
        if what != "trials":
            raise UnknownName("table", what, ("trials", "verdicts"))
        rows = self._data.rows
        names = [name for name, kind in rows.columns.items() if kind not in NESTED]
        return frame_of({name: [row[name] for row in rows] for name in names}, library)

    def verdicts(self) -> Verdicts:
        """Return all comparisons of the report: pair, number of labels, difference, interval and verdict.

        One dict for each, so that ``pandas.DataFrame(results.verdicts())`` is a frame; its keys are those of
        `fastmlp.report.verdicts.Verdict`. They print as a table.
        """
        from ...report.verdicts import verdicts

        return verdicts(self._study)

    def best(self, n_target: int, *, problem: str | None = None) -> Best:
        """Return which strategies may be the best with some number of labels, as the report says.

        Parameters
        ----------
        n_target
            One of the study's sizes.
        problem
            Which, if the study has several.

        Returns
        -------
        dict
            ``top`` has the highest mean ``accuracy``, and ``winners`` are all that may be the best; others are
            ``tied`` with the top, ``behind`` it, or ``undecided``: see `fastmlp.report.verdicts.Best`.

        Raises
        ------
        InvalidInput, UnknownName
            If the study has no such size or problem, or has several problems and none is named.
        """
        from ...report.verdicts import best

        return best(self._study, n_target, problem)

    @cached_property
    def plot(self) -> Plots:
        """Figures of the report on matplotlib's axes: ``results.plot.accuracy(ax=ax)``, ``differences``, ``curves``."""
        from ...report.figures import load_matplotlib

        load_matplotlib()
        from ...report.plots import Plots

        return Plots(self._study)

    def save_figures(self, folder: str | Path, form: str = "pdf") -> list[Path]:
        """Write each figure of the report to a file of its own, and return their paths.

        Parameters
        ----------
        folder
            It is made if it is not there.
        form
            A format that matplotlib can write, such as ``pdf``, ``svg`` or ``png``.

        Raises
        ------
        UnknownName
            If it cannot write that format.
        InvalidInput, StoreError
            If the folder cannot be written.
        """
        from ...report.excerpts import save_figures
        from ...report.summary import summarise

        return save_figures(summarise(self._study), check_path("folder", folder), form)

    def to_latex(self, chapter: str = "comparison") -> str:
        """Return the tables of one of the report's chapters in LaTeX, with the numbers behind its figures.

        They need the package booktabs. The other words of the chapter are left out.

        Raises
        ------
        UnknownName
            If the report of this study has no such chapter.
        InvalidInput
            If the chapter has no tables.
        """
        from ...report.excerpts import to_latex
        from ...report.summary import summarise

        return to_latex(summarise(self._study), chapter)

    def splits(self) -> Iterator[CellRows]:
        """Generate the rows that each cell uses, one dict for each problem, seed and number of labels.

        ``train`` and ``heldout`` are rows of the target's X and y, ``source`` rows of the source's: see
        `fastmlp.study.results.splits.CellRows`. What was trained on them elsewhere, `add` brings in.

        Raises
        ------
        SettingsError
            If the study's data are not there, or have changed.
        """
        from .splits import cell_rows

        return cell_rows(from_dict(self._data.settings, self.folder), self._cells)

    def add(self, name: str, frame: object) -> Results:
        """Bring in what another method measured on the rows of `splits`, and return results that have it.

        It is paired with the study's own by seed and judged by the same tests, and shown with the mark ``(foreign)`` in
        verdicts, figures and, once ``fastmlp report`` has written it anew, in the report. No verdict on the study's own
        strategies changes. It is kept in the folder; what was brought in under the same name is replaced.

        Parameters
        ----------
        name
            Of the method.
        frame
            A ``DataFrame`` of pandas or polars, a ``Table`` of pyarrow, a dict of columns or a list of dicts: one row
            for each cell and seed, with ``n_target``, ``seed``, ``accuracy`` in [0, 1], ``problem`` if the study has
            several, and if they were measured other measures of the study, such as ``macro_f1``. Cells may be missing.

        Raises
        ------
        InvalidInput
            If the name is none, a column is missing or unknown, a row is of no cell or comes twice, or a value is no
            measure; nothing is written then.
        StoreError
            If it cannot be written.
        """
        from .foreign import check_method, foreign_results

        method = check_method(name)
        results = foreign_results(method, frame, self._cells, self.settings.measures.own)
        write_foreign(self.folder, [r for r in read_foreign(self.folder) if r.strategy != method] + results)
        return replace(self, _read=read_study(self.folder))

    def fit(
        self, strategy: str, *, problem: str | None = None, n_target: int | None = None, seed: int = 0
    ) -> Trained | TransferClassifier:
        """Train by a strategy as the study's trials do, and return the model with its scaler, to be taken away.

        On a problem with a backbone that is a `TransferClassifier`, for what the backbone prepares.

        Parameters
        ----------
        strategy
            Any that the study could have.
        problem
            Which, if the study has several.
        n_target
            How many labelled examples of the target pool; then it is the very model of that trial. By default all
            labelled examples of the target, those that the study held out among them.
        seed
            Of the trial.

        Raises
        ------
        InvalidInput
            If there is no such strategy, problem, size or seed, or the study's data are not there or have changed.
        """
        from ...report.verdicts import sole_problem
        from .trained import train_again

        if not is_whole(seed) or seed < 0:
            raise InvalidInput(f"seed is {shown(seed)}; it must be a whole number of at least 0")
        settings = from_dict(self._data.settings, self.folder)
        name, backend = sole_problem(self._study, problem), self._data.meta["backend"]
        n = None if n_target is None else at_least_one("n_target", n_target)
        return train_again(settings, backend, name, strategy, n, int(seed))

    def _repr_html_(self) -> str:
        from ...report.verdicts import winners_by_problem

        study, sizes = self._study, self._study.grid.sizes
        counts = ", ".join(f"{number:,} {status}" for status, number in self.counts.items() if number)
        title = f"{self.settings.name}: {counts}. Strategies that may be the best, the highest mean first"
        return html_table(title, ["problem", *(f"{n} labels" for n in sizes)], winners_by_problem(study))
