"""``fastmlp study``: run a study."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from inspect import cleandoc
from pathlib import Path
from statistics import fmean
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import click

from ...report.format import count
from ..arguments import BACKENDS, PATH, SEEDS, NonEmptyPath, student_file
from ..console import leave, say
from ..exit_codes import DONE, HELP, SIGNALLED, TRIALS_FAILED
from ..progress import Meter, tally

if TYPE_CHECKING:
    from ...study import Results


class NamingStudies(click.Command):
    """A command whose help names the shipped studies; they are looked up only when help is asked for."""

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Put their names into the text."""
        from ...study.settings.load import shipped

        *names, last = shipped()
        said = f"The shipped studies are {', '.join(names)} and {last}."
        lines = wrap(said, formatter.width - 4, break_on_hyphens=False)  # click would end lines within a name
        self.help = cleandoc(self.help or "").format(shipped="\n".join(["\b", *lines]))
        super().format_help_text(ctx, formatter)


@click.command(
    "study",
    cls=NamingStudies,
    epilog="\b\nExamples:\n  fastmlp study                          the lab, into out/\n"
    "  fastmlp study lab --quick --out look   a smaller grid, for a first look\n"
    "  fastmlp study my.toml --out mine       your own study; out/study.toml is an example\n"
    "  fastmlp study lab --backend lab.py     your own network, on a smaller grid\n"
    "  fastmlp study lab --seeds 40           more seeds; finished trials are kept\n"
    "  fastmlp study book --dask tcp://host:8786   on the workers of a Dask cluster\n\n" + HELP,
)
@click.argument("study", type=NonEmptyPath(), default="lab")
@click.option(
    "--out", type=PATH, default="out", show_default=True, help="Folder of the study; created if it does not exist."
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    help="Number of parallel workers. [default: one per core]",
)
@click.option("--seeds", type=SEEDS, help="Number of seeds, or a range such as 20-39, instead of the study's own.")
@click.option(
    "--backend",
    type=BACKENDS,
    default="auto",
    show_default=True,
    help="Compute backend, or your own lab.py.",
)
@click.option(
    "--quick/--whole", default=None, help="Reduce the grid to at most 3 sizes and 3 seeds; the default with a lab.py."
)
@click.option(
    "--budget",
    metavar="TIME",
    help="Time for a study of backbones, such as 30min: seeds and sizes are thinned to what fits.",
)
@click.option(
    "--device",
    type=click.Choice(["cpu", "cuda", "auto"]),
    help="Where stages of a backbone are computed. [default: as the study says]",
)
@click.option(
    "--dask",
    "executor",
    metavar="ADDRESS|local:N",
    help="Run the trials on a Dask cluster: at tcp://HOST:PORT, or of N workers here.",
)
@click.option(
    "--trust-code", is_flag=True, help="Run files with measures that the settings name; they are code like any other."
)
@click.option("--shard", metavar="I/N", help="Run only part I of N, on this machine; `fastmlp merge` joins the parts.")
def study_command(study: str, out: Path, *, backend: str, quick: bool | None, **options: Any) -> int:
    """Run STUDY: the name of a shipped study, or a TOML file.

    {shipped}

    It writes study.toml, study.sqlite, results.csv, report.html and report.md. If the folder already has finished
    trials, only the missing ones run.
    """
    from ...study import resume_command, run_study
    from ...study.execution.signals import StudyStopped

    if file := student_file(backend):
        from ...lab.backend import add_student_backend

        backend, quick = add_student_backend(file, str(file)), quick is not False
    thin = bool(quick)
    try:
        with closing(Meter()) as meter:
            results = run_study(study, out, backend=backend, quick=thin, progress=meter, **options)
    except StudyStopped as stopped:
        allowed = " --trust-code" if options["trust_code"] else ""
        say(f"{stopped}; to resume: {resume_command(out, backend, options['shard'])}{allowed}")
        leave(SIGNALLED + stopped.signum)
    print_results(results)
    return TRIALS_FAILED if results.counts["diverged"] or results.counts["failed"] else DONE


def print_results(results: Results) -> None:
    """Print a study's accuracies, how many of its trials ended how, and where its report is."""
    counts = {status: n for status, n in results.counts.items() if n}
    try:
        print_accuracies(results.folder)
    finally:  # these lines are on stderr, which may be open if stdout is not
        part = f", only shard {' and '.join(results.shards)}" if results.shards else ""
        say(f"{count(sum(counts.values()))} trials{part}: {tally(counts) or 'nothing to do'}")
        say(f"report: {results.report}")


def print_accuracies(folder: Path) -> None:
    """Print the mean accuracy of every strategy at every size, one table per problem."""
    from ...study.results.status import accuracies

    for problem, strategies in accuracies(folder).items():
        sizes = sorted({size for columns in strategies.values() for size in columns})
        width = max(map(len, strategies))
        click.echo(
            f"{problem}: mean accuracy on held-out data (number of seeds), by number of labelled target examples"
        )
        click.echo(f"{'':<{width}}" + "".join(f"{count(size):>12}" for size in sizes))
        for strategy, columns in strategies.items():
            click.echo(f"{strategy:<{width}}" + "".join(f"{_mean(columns.get(size, [])):>12}" for size in sizes))


def _mean(values: Sequence[float]) -> str:
    return f"{fmean(values):.3f} ({len(values)})" if values else "-"
