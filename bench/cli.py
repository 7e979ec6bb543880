"""The command line of `python -m bench`: its commands, and how they end.

Exit codes: 0 nothing is slower, 4 something is slower, 1 a check failed, 5 no verdict about something or about all,
2 usage, 3 a file could not be written, 130 and 143 stopped by a signal.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

from fastmlp.errors import InvalidInput, StoreError

from . import fingerprint
from .exit_codes import NO_VERDICT, NOT_WRITTEN, USAGE
from .gate import command as gate
from .gate import selftest
from .gate.build import GateError, UnknownRevisionError
from .gate.inject import ExtraWorkError
from .guard import command as guard
from .history import command as history


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command and exit."""
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, stop)
    options = parser().parse_args(arguments)
    try:
        sys.exit(options.run(options))
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    except (UnknownRevisionError, ExtraWorkError, InvalidInput) as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(USAGE)
    except StoreError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(NOT_WRITTEN)
    except GateError as error:
        sys.stderr.write(f"no verdict: {error}\n")
        sys.exit(NO_VERDICT)


def stop(number: int, _frame: FrameType | None) -> NoReturn:
    """Exit by an exception, so that everything is cleaned up."""
    sys.exit(128 + number)


def parser() -> argparse.ArgumentParser:
    """Describe the commands."""
    whole = argparse.ArgumentParser(
        prog="python -m bench",
        description="The speed gate, its error rates, the fingerprint of results, guard pages and benchmarks' history.",
    )
    commands = whole.add_subparsers(required=True, metavar="COMMAND")
    gate.add_to(commands)
    selftest.add_to(commands)
    fingerprint.add_to(commands)
    guard.add_to(commands)
    history.add_to(commands)
    return whole
