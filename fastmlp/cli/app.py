"""The command line: its commands, and the exit code that each failure ends in.

Data goes to stdout and everything else to stderr. Nothing is coloured, so NO_COLOR has nothing to turn off.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence

import click

from ..errors import FastmlpError, StoreError
from .commands import COMMANDS
from .console import say, silence
from .exit_codes import BROKEN_PIPE, INTERRUPTED, STORE, USAGE


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="\b\nThe usual way:\n  fastmlp study lab --quick     a first look, in seconds\n"
    "  fastmlp study lab             the whole study; Ctrl-C, and again, resumes\n"
    "  open out/report.html          read the answer",
)
@click.version_option(package_name="fastmlp", message="%(prog)s %(version)s")
def command_line() -> None:
    """Which transfer strategy should I use, for a small network and few labels? fastmlp answers with evidence.

    A study trains every strategy on every size and seed of a grid, compares them, and writes a report.
    """


for command in COMMANDS:
    command_line.add_command(command)


def explain(error: click.ClickException) -> None:
    """Say in one line what is wrong with a command, and where its help is; without a command the help is the answer."""
    if isinstance(error, getattr(click.exceptions, "NoArgsIsHelpError", ())):  # click before 8.2 has none
        error.show()
        return
    context = getattr(error, "ctx", None)
    help_is_at = f" ({context.command_path} --help tells more)" if context else ""
    say(f"fastmlp: {' '.join(error.format_message().split()).rstrip('.')}{help_is_at}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; whatever is refused is one line on stderr."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal without a letter gets an escape, not a crash
    warnings.showwarning = lambda message, *_, **__: say(f"fastmlp: {message}")
    try:
        # Not by `command_line.main`, which would end the process itself when a pipe breaks.
        with command_line.make_context("fastmlp", list(sys.argv[1:] if arguments is None else arguments)) as context:
            code = int(command_line.invoke(context) or 0)
        sys.stdout.flush()
    except click.exceptions.Exit as done:  # --help, --version
        return done.exit_code
    except click.ClickException as error:
        explain(error)
        return error.exit_code
    except FastmlpError as error:
        say(f"fastmlp: {error}")
        return STORE if isinstance(error, StoreError) else USAGE
    except BrokenPipeError:
        silence(sys.stdout)
        return BROKEN_PIPE
    except KeyboardInterrupt:
        return INTERRUPTED
    return code
