"""The command line, the only place that prints or exits.

Data goes to stdout and all else to stderr. Nothing is coloured, so NO_COLOR has nothing to turn off. Exit codes: 0
done, 1 some trials failed or diverged, 2 usage or settings, 3 store, 128 and the number of the signal that stopped it.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from statistics import fmean
from time import monotonic
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

import click

from .errors import FastmlpError, StoreError
from .report.filters import count

if TYPE_CHECKING:
    from .study.execution.scheduler import Progress


class Folder(click.Path):
    """A path that says something: Path("") would be the folder one is in."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Refuse what is empty."""
        if value == "":
            self.fail("'' is no path; '.' is the folder you are in", param, ctx)
        return super().convert(value, param, ctx)


class NamingStudies(click.Command):
    """A command whose help names the studies that are shipped; they are looked for when it is asked."""

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Put their names into the text."""
        from .study.settings.load import shipped

        *names, last = shipped()
        self.help = (self.help or "").format(shipped=f"{', '.join(names)} and {last}")
        super().format_help_text(ctx, formatter)


BACKENDS = click.Choice(["auto", "numba", "numpy"])
FOLDER = Folder(path_type=Path)
SECONDS = 5.0  # between two lines of progress, where there is no bar
BROKEN_PIPE = 141  # what a shell reports of a program that SIGPIPE ended


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="\b\nThe usual way:\n  fastmlp study lab --quick     a first look, in seconds\n"
    "  fastmlp study lab             the whole study; Ctrl-C, and again, resumes\n"
    "  open out/report.html          read the answer",
)
@click.version_option(package_name="fastmlp", message="%(prog)s %(version)s")
def commands() -> None:
    """Which transfer strategy should I use, for a small network and few labels? fastmlp answers with evidence.

    A study trains every strategy on every size and seed of a grid, compares them, and writes a report.
    """


@commands.command(
    "study",
    cls=NamingStudies,
    epilog="\b\nExamples:\n  fastmlp study                          the lab, into out/\n"
    "  fastmlp study lab --quick --out look   the same grid, thinned\n"
    "  fastmlp study my.toml --out mine       your own; out/study.toml is a pattern\n"
    "  fastmlp study lab --seeds 40           more seeds: what is there already is kept\n\n"
    "\b\nExit codes: 0 done; 1 some trials failed or diverged; 2 a setting or an option is refused;\n"
    "3 the store is locked, damaged or full; 130 and 143 stopped by Ctrl-C and by SIGTERM.",
)
@click.argument("study", default="lab")
@click.option("--out", type=FOLDER, default="out", show_default=True, help="Folder of the study; made if need be.")
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    help="Workers, each on trials of one seed of one problem; one a core, unless said.",
)
@click.option("--seeds", type=click.IntRange(min=1), help="Seeds, instead of the study's own number.")
@click.option("--backend", type=BACKENDS, default="auto", show_default=True, help="What computes.")
@click.option("--quick", is_flag=True, help="A look at it: at most 3 sizes and 3 seeds.")
def study_command(study: str, out: Path, *, jobs: int | None, seeds: int | None, backend: str, quick: bool) -> int:
    """Run STUDY: a shipped one, or a TOML file.

    Shipped are {shipped}. It writes study.toml, study.sqlite, results.csv, report.html and
    report.md. If the folder holds some of it already, only what is missing is run.
    """
    from .study import resume_command, run_study
    from .study.execution.signals import StudyStopped

    try:
        with closing(Meter()) as meter:
            results = run_study(study, out, jobs=jobs, seeds=seeds, backend=backend, quick=quick, progress=meter)
    except StudyStopped as stopped:
        say(f"{stopped}; to resume: {resume_command(out, backend)}")
        leave(128 + stopped.signum)
    print_accuracies(results.folder)
    counts = results.counts
    say(f"{count(sum(counts.values()))} trials: {tally({status: n for status, n in counts.items() if n})}")
    say(f"report: {results.report}")
    return 1 if counts["diverged"] or counts["failed"] else 0


@commands.command("report")
@click.argument("folder", type=FOLDER, metavar="DIR")
def report_command(folder: Path) -> int:
    """Write the report of the study in DIR anew.

    It is made from what is there, so it can be asked for while the study runs.
    """
    from .report.render import render_report
    from .study.store import read_study

    for path in render_report(read_study(folder), folder):
        click.echo(path)
    return 0


@commands.command("diff", epilog="\b\nExample:\n  fastmlp diff out other/out > difference.md")
@click.argument("first", type=FOLDER, metavar="DIR")
@click.argument("second", type=FOLDER, metavar="DIR")
def diff_command(first: Path, second: Path) -> int:
    """Compare two studies.

    Settings, versions and machines that differ, and cell by cell whether the accuracies are equivalent; as Markdown.
    """
    from .report.render import render_difference
    from .study.store import read_study

    click.echo(render_difference(read_study(first), read_study(second)), nl=False)
    return 0


@commands.command("status", epilog="\b\nExample:\n  fastmlp status out --json | jq .missing")
@click.argument("folder", type=FOLDER, metavar="DIR")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for programs.")
def status_command(folder: Path, *, as_json: bool) -> int:
    """Say how far the study in DIR is.

    It can be asked while the study runs; what could not be finished is counted, not hidden.
    """
    from .study.results.status import study_state

    state = study_state(folder)
    if as_json:
        click.echo(json.dumps(state))
        return 0
    counts = tally({status: state[status] for status in ("ok", "diverged", "failed", "missing")})
    click.echo(f"{state['name']}: {count(state['planned'])} trials: {counts}")
    if state["running"]:
        click.echo(f"at work: {state['running']}")
    elif state["missing"] or state["failed"]:
        click.echo(f"to resume: {state['resume']}")
    return 0


@commands.command(
    "export",
    epilog="\b\nExamples:\n  fastmlp export out --format csv | head\n  fastmlp export out -f parquet -o t.parquet",
)
@click.argument("folder", type=FOLDER, metavar="DIR")
@click.option("--format", "-f", "form", type=click.Choice(["csv", "jsonl", "parquet"]), required=True)
@click.option("--output", "-o", type=FOLDER, help="File to write, instead of stdout.")
def export_command(folder: Path, form: str, output: Path | None) -> int:
    """Write the table of the study in DIR.

    It has one row a trial; jsonl and parquet hold the lists too: losses by epoch, drift by layer and the like. Parquet
    needs pyarrow.
    """
    from .files import prepare_file, write_whole
    from .study.results.export import export

    if output is not None:
        write_whole(prepare_file(output), export(folder, form))
        return 0
    if form == "parquet" and sys.stdout.isatty():
        raise click.UsageError("Parquet is not for reading on a terminal; name a file with --output")
    for chunk in export(folder, form):
        sys.stdout.buffer.write(chunk)
    return 0


@commands.command("warmup")
def warmup_command() -> int:
    """Compile what studies need, and keep it.

    A study compiles what it needs by itself, and keeps it too; this is for doing it beforehand.
    """
    from .backends import get_backend
    from .study.environment import warm_up

    start = monotonic()
    name = get_backend().name
    say(f"backend {name}: compiling what is not kept yet")
    warm_up(name)
    say(f"backend {name} is ready, after {monotonic() - start:.1f} s")
    return 0


@commands.command("doctor")
def doctor_command() -> int:
    """Say what a study would run on here.

    Versions, processor, backend and why it is that one, the peak that is measured, the state of the compile cache.
    """
    from .study.doctor import examine

    for name, value in examine():
        click.echo(f"{name:<16} {value}")
    return 0


class Meter:
    """Progress on stderr: a bar on a terminal, else a line every few seconds."""

    def __init__(self) -> None:
        self.is_terminal = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self.bar: Any = None
        self.spoken = monotonic()
        self.has_said_stopping = False

    def __call__(self, progress: Progress) -> None:
        """Show how far the study is."""
        with suppress(OSError):  # a terminal that was closed is no reason to stop
            if progress.stopping:
                self._say_stopping()
            elif self.is_terminal:
                self._draw(progress)
            elif progress.done == progress.total or monotonic() - self.spoken > SECONDS:
                self.spoken = monotonic()
                trouble = tally({"diverged": progress.diverged, "failed": progress.failed})
                say(f"{count(progress.done)} of {count(progress.total)} trials, {trouble}")

    def _draw(self, progress: Progress) -> None:
        if self.bar is None:
            self.bar = click.progressbar(length=progress.total, label="trials", show_pos=True, file=sys.stderr)
            self.bar.render_progress()
        self.bar.update(progress.done - self.bar.pos)

    def _say_stopping(self) -> None:
        if not self.has_said_stopping:
            self.close()
            say("stopping: what is running ends first; another signal ends it at once")
        self.has_said_stopping = True

    def close(self) -> None:
        """End the bar's line."""
        if self.bar is not None:
            with suppress(OSError):
                self.bar.render_finish()
            self.bar = None


def print_accuracies(folder: Path) -> None:
    """Print the mean accuracy of every strategy at every size, a table a problem."""
    from .study.results.status import accuracies

    for problem, strategies in accuracies(folder).items():
        sizes = sorted({size for columns in strategies.values() for size in columns})
        width = max(map(len, strategies))
        click.echo(f"{problem}: mean accuracy on held-out data, and over how many seeds, by labelled target examples")
        click.echo(f"{'':<{width}}" + "".join(f"{count(size):>12}" for size in sizes))
        for strategy, columns in strategies.items():
            click.echo(f"{strategy:<{width}}" + "".join(f"{_mean(columns.get(size, [])):>12}" for size in sizes))


def _mean(values: Sequence[float]) -> str:
    return f"{fmean(values):.3f} ({len(values)})" if values else "-"


def tally(counts: Mapping[str, int]) -> str:
    """How many trials ended in which way: 20,557 ok, 3 diverged."""
    return ", ".join(f"{count(n)} {status}" for status, n in counts.items())


def say(message: str) -> None:
    """Tell the user something that is not data, if the user is still there."""
    try:
        click.echo(message, err=True)
    except OSError:
        silence(sys.stderr)


def silence(stream: TextIO) -> None:
    """Send what is still to be written to a broken pipe nowhere, or the interpreter would complain when it ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def explain(error: click.ClickException) -> None:
    """Say in one line what is wrong with a command, and where its help is; without a command the help is the answer."""
    if isinstance(error, getattr(click.exceptions, "NoArgsIsHelpError", ())):  # click before 8.2 has none
        error.show()
        return
    context = getattr(error, "ctx", None)
    help_is_at = f" ({context.command_path} --help tells more)" if context else ""
    say(f"fastmlp: {' '.join(error.format_message().split()).rstrip('.')}{help_is_at}")


def leave(code: int) -> NoReturn:
    """End now: threads in the middle of a long training would keep the interpreter waiting."""
    with suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; whatever is refused is one line on stderr."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal without a letter gets an escape, not a crash
    warnings.showwarning = lambda message, *_, **__: say(f"fastmlp: {message}")
    try:
        # Not by `commands.main`, which would end the process itself when a pipe breaks.
        with commands.make_context("fastmlp", list(sys.argv[1:] if arguments is None else arguments)) as context:
            code = int(commands.invoke(context) or 0)
        sys.stdout.flush()
    except click.exceptions.Exit as done:  # --help, --version
        return done.exit_code
    except click.ClickException as error:
        explain(error)
        return error.exit_code
    except FastmlpError as error:
        say(f"fastmlp: {error}")
        return 3 if isinstance(error, StoreError) else 2
    except BrokenPipeError:
        silence(sys.stdout)
        return BROKEN_PIPE
    except KeyboardInterrupt:
        return 130
    return code
