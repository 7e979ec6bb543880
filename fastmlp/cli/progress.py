"""Progress of a study on stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any

import click

from ..report.format import count
from .console import say

if TYPE_CHECKING:
    from ..study.execution.scheduler import Progress

SECONDS = 5.0  # between two lines of progress, where there is no bar


class Meter:
    """Progress on stderr: a bar on a terminal, else a line every few seconds."""

    def __init__(self) -> None:
        self.is_terminal = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self.bar: Any = None
        self.spoken = monotonic()
        self.has_said_stopping = self.has_said_expected = False

    def __call__(self, progress: Progress) -> None:
        """Show the progress, if it is time to."""
        with suppress(OSError):  # a terminal that was closed is no reason to stop
            if progress.expected and not self.has_said_expected:
                say(progress.expected)
                self.has_said_expected = True
            if progress.stopping:
                self._say_stopping()
            elif self.is_terminal:
                self._draw(progress)
            elif progress.done == progress.total or monotonic() - self.spoken > SECONDS:
                self.spoken = monotonic()
                trouble = tally({"diverged": progress.diverged, "failed": progress.failed})
                say(f"{count(progress.done)} of {count(progress.total)} trials, {trouble}{progress.pace()}")

    def _draw(self, progress: Progress) -> None:
        if self.bar is None:
            self.bar = click.progressbar(length=progress.total, label="trials", show_pos=True, file=sys.stderr)
            self.bar.item_show_func = lambda shown: (shown or "").removeprefix("; ")
            self.bar.render_progress()
        self.bar.update(progress.done - self.bar.pos, progress.pace(left=False))

    def _say_stopping(self) -> None:
        if not self.has_said_stopping:
            self.close()
            say("stopping: running trials finish first; another signal stops them at once")
        self.has_said_stopping = True

    def close(self) -> None:
        """End the bar's line."""
        if self.bar is not None:
            with suppress(OSError):
                self.bar.render_finish()
            self.bar = None


def tally(counts: Mapping[str, int]) -> str:
    """Return how many trials ended in which way: 20,557 ok, 3 diverged."""
    return ", ".join(f"{count(n)} {status}" for status, n in counts.items())
