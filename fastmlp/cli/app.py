"""The command line: its commands, and the exit code that each failure ends in.

Data goes to stdout and everything else to stderr. Nothing is coloured, so NO_COLOR has nothing to turn off.
"""

from __future__ import annotations

import sys
import traceback
import warnings
from collections.abc import Sequence

import click

from ..errors import ClusterLost, FastmlpError, StoreError, one_line
from .commands import COMMANDS
from .console import OutputError, log_on_stderr, say, silence, usable_streams
from .exit_codes import BROKEN_PIPE, DONE, HELP, INTERNAL, INTERRUPTED, OUTPUT, STORE, UNAVAILABLE, USAGE

LONGEST = 400  # characters of a message


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="\b\nThe usual way:\n  fastmlp study lab --quick     a first look, in seconds\n"
    "  fastmlp study lab             the whole study; Ctrl-C stops it, the same command resumes it\n"
    "  open out/report.html          read the answer\n\n" + HELP,
)
@click.version_option(package_name="fastmlp", message="%(prog)s %(version)s")
def command_line() -> None:
    """Which transfer strategy should I use for a small network and few labels? fastmlp answers with evidence.

    A study trains every strategy on every size and seed of a grid, compares them, and writes a report.
    """


for command in COMMANDS:
    command_line.add_command(command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; a refusal is one line on stderr."""
    before = warnings.showwarning
    warnings.showwarning = lambda message, *_, **__: say(f"fastmlp: {message}")
    try:
        with usable_streams(), log_on_stderr():
            return run(sys.argv[1:] if arguments is None else arguments)
    finally:
        warnings.showwarning = before


def run(arguments: Sequence[str]) -> int:
    """Run a command, and turn every way in which it can fail into an exit code."""
    try:
        # Not by `command_line.main`, which would end the process itself when a pipe breaks.
        with command_line.make_context("fastmlp", list(arguments)) as context:
            code = int(command_line.invoke(context) or DONE)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 (the interpreter would end with 1, which means that trials failed)
        return report_failure(error)
    return code


def report_failure(error: Exception) -> int:
    """Say why a command has failed, and return its exit code."""
    match error:
        case click.exceptions.Exit():  # --help, --version
            return error.exit_code
        case click.ClickException():
            explain(error)
            return error.exit_code
        case FastmlpError():
            say(f"fastmlp: {one_line(str(error))}")
            return STORE if isinstance(error, StoreError) else UNAVAILABLE if isinstance(error, ClusterLost) else USAGE
        case OutputError():
            return output_failed(error)
    lines = "".join(traceback.format_exception(error))
    say(f"{lines}fastmlp: this is an error in fastmlp itself; please report the lines above")
    return INTERNAL


def explain(error: click.ClickException) -> None:
    """Say in one line what is wrong with a command, and where its help is; without a command the help is the answer."""
    if isinstance(error, getattr(click.exceptions, "NoArgsIsHelpError", ())):  # click before 8.2 has none
        say(error.format_message())
        return
    context = getattr(error, "ctx", None)
    help_is_at = f" (see {context.command_path} --help)" if context else ""
    message = " ".join(error.format_message().split()).rstrip(".")
    if len(message) > LONGEST:  # thousands of digits are cut
        message = f"{message[: LONGEST // 2]} ... {message[-LONGEST // 2 :]}"
    say(f"fastmlp: {message}{help_is_at}")


def output_failed(error: OutputError) -> int:
    """Return the exit code of a command whose output could not be written, and say why, unless its reader went away."""
    silence(sys.stdout)
    if error.is_broken_pipe:
        return BROKEN_PIPE
    say(f"fastmlp: {error.message}")
    return OUTPUT
