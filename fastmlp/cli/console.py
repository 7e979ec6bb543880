"""Standard streams: messages on stderr, and what happens when a stream is closed, full or broken.

Output that cannot be written is an `OutputError`, no matter which command writes it. A message that cannot be written
is dropped: a study does not stop because nobody reads its progress.
"""

from __future__ import annotations

import io
import logging
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from errno import EBADF, EPIPE
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Any, NoReturn, TextIO

import click

ESCAPED = "backslashreplace"  # a letter that the terminal cannot show is escaped, so the command does not crash


class OutputError(OSError):
    """Data cannot be written to a stream.

    Parameters
    ----------
    stream
        Its name: ``stdout``, or a path.
    cause
        Why.
    """

    def __init__(self, stream: str, cause: OSError) -> None:
        super().__init__(cause.errno, cause.strerror)
        self.is_broken_pipe = cause.errno == EPIPE
        why = "it is closed" if cause.errno == EBADF else cause.strerror or cause
        self.message = f"{stream} cannot be written to: {why}"


class Stdout(io.FileIO):
    """Standard output whose failures can be told from those of other files."""

    def write(self, data: Any) -> int:
        """Write bytes.

        Raises
        ------
        OutputError
            If that fails.
        """
        try:
            return super().write(data)
        except OSError as error:
            raise OutputError("stdout", error) from error


@contextmanager
def usable_streams() -> Iterator[None]:
    """Replace the interpreter's own stdout and stderr, as long as a command runs, by streams that are never None.

    Closed descriptors are opened first, or the next file that is opened, such as a store, would get their numbers.
    """
    for descriptor, flags in enumerate((os.O_RDONLY, os.O_RDONLY, os.O_WRONLY)):  # so writing to a closed stdout fails
        _open_if_closed(descriptor, flags)
    before = sys.stdout, sys.stderr
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 (as long as the command runs)
    elif isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr.reconfigure(errors=ESCAPED)
    if sys.stdout is None:
        sys.stdout = io.TextIOWrapper(io.BufferedWriter(Stdout(os.open(os.devnull, os.O_RDONLY), "w")))
    elif sys.stdout is sys.__stdout__ and isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.flush()
        raw = io.BufferedWriter(Stdout(sys.stdout.fileno(), "w", closefd=False))
        sys.stdout = io.TextIOWrapper(raw, sys.stdout.encoding, ESCAPED, line_buffering=sys.stdout.line_buffering)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def _open_if_closed(descriptor: int, flags: int) -> None:
    try:
        os.fstat(descriptor)
    except OSError:
        opened = os.open(os.devnull, flags)
        os.dup2(opened, descriptor)  # which also lets workers inherit it
        if opened != descriptor:
            os.close(opened)


def say(message: str) -> None:
    """Write a message to stderr, if that is possible."""
    try:
        click.echo(message, err=True)
    except OSError:
        silence(sys.stderr)


class _Messages(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        say(f"fastmlp: {record.getMessage()}")


@contextmanager
def log_on_stderr() -> Iterator[None]:
    """Show the package's log on stderr as long as a command runs: what it waits for, such as a compiler."""
    log, messages = logging.getLogger("fastmlp"), _Messages()
    level = log.level
    log.addHandler(messages)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.setLevel(level)
        log.removeHandler(messages)


def silence(stream: TextIO) -> None:
    """Discard what a broken stream still holds, or the interpreter would complain about it when it ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def is_stream(path: Path) -> bool:
    """Whether there is something at a path that is written into and not replaced: a pipe, a device, a terminal."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not S_ISREG(mode) and not S_ISDIR(mode)


def write_stream(path: Path, chunks: Iterable[bytes]) -> None:
    """Write into a pipe, a device or a terminal; a regular file is written whole, by `fastmlp.files`.

    Raises
    ------
    OutputError
        If that fails.
    """
    try:
        with path.open("wb") as stream:
            stream.writelines(chunks)
    except OSError as error:
        raise OutputError(str(path), error) from error


def leave(code: int) -> NoReturn:
    """End now: threads in the middle of a long training would keep the interpreter waiting."""
    with suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)
