"""Time a study around its trainings: planning it, one trial of each strategy, storing the records."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec.structs import replace

from fastmlp.problems import get_problem
from fastmlp.report.render import to_html, to_markdown
from fastmlp.report.study import Study
from fastmlp.report.summary import Summary, summarise
from fastmlp.strategies import STRATEGIES
from fastmlp.study.plan import plan
from fastmlp.study.settings.load import load_settings
from fastmlp.study.settings.schema import TuningSettings
from fastmlp.study.store import Store, read_study
from fastmlp.study.store.outcome import outcome_of
from fastmlp.study.store.schema import Trial
from fastmlp.study.trial.context import TrialContext
from fastmlp.study.trial.run import load_libraries, run_trial

from .study_size import HERE, KEEP_HEAD, filled, make, peak, study_of

RECORDS, BATCH = 10_000, 120  # a batch is what one group of a large study hands back


class Planning:
    """Keys of all trials of a shipped study."""

    params = (["lab", "book"],)
    param_names = ("study",)

    def setup(self, study: str) -> None:
        self.settings = load_settings(study)
        for problem in self.settings.grid.problems:
            for seed in self.settings.grid.seed_range:
                get_problem(problem, seed)

    def time_plan(self, study: str) -> None:
        deque(plan(self.settings, HERE), maxlen=0)


class OneTrial:
    """A trial of the book, untuned, with 100 labels, from examples to its record; the pretraining is done already."""

    params = (["numpy", "numba"], list(STRATEGIES))
    param_names = ("backend", "strategy")

    def setup(self, backend: str, strategy: str) -> None:
        load_libraries()
        problem = "noisy-2" if strategy in KEEP_HEAD else "parity"  # where source and target have the same classes
        book = replace(load_settings("book"), tuning=TuningSettings())  # a search is made of trainings, timed elsewhere
        self.context = TrialContext(get_problem(problem), 0, book, backend)
        self.trial = Trial(problem, strategy, 100, 0, "key", "pretraining")
        assert run_trial(self.context, self.trial)["status"] == "ok"

    def time_trial(self, backend: str, strategy: str) -> None:
        run_trial(self.context, self.trial)


class Storing:
    """Ten thousand records, committed in batches as groups return them."""

    def setup(self) -> None:
        self.folder = TemporaryDirectory()
        records = (filled("records", f"{number:032x}") | {"status": "ok"} for number in range(RECORDS))
        self.outcomes = [outcome_of(records=[record]) for record in records]

    def teardown(self) -> None:
        self.folder.cleanup()

    def time_store(self) -> None:
        with Store.open(Path(self.folder.name)) as store:
            for start in range(0, RECORDS, BATCH):
                store.add(self.outcomes[start : start + BATCH])


class Reporting:
    """A report of made-up trials: what it says, and that as Markdown and as a page with its figures."""

    params = ([1_600, 10_000], ["summary", "markdown", "page"])
    param_names = ("trials", "what")

    def setup(self, trials: int, what: str) -> None:
        self.folder = TemporaryDirectory()
        make(study_of(trials), Path(self.folder.name))
        if what != "summary":
            self.summary = self.summarised()

    def teardown(self, trials: int, what: str) -> None:
        self.folder.cleanup()

    def summarised(self) -> Summary:
        data = read_study(Path(self.folder.name))
        return summarise(Study(data.settings, data.rows, data.meta))

    def time_report(self, trials: int, what: str) -> None:
        if what == "summary":
            self.summarised()
        else:
            (to_markdown if what == "markdown" else to_html)(self.summary)


class Growth:
    """Memory that the bookkeeping of ten times as many trials takes, in MiB."""

    params = ([2_000, 20_000],)
    param_names = ("trials",)
    unit = "MiB"
    timeout = 1200

    def track_growth(self, trials: int) -> float:
        few, many = (float(peak(number).split()[0]) for number in (trials // 10, trials))
        return max(many - few, 1.0)  # less is noise
