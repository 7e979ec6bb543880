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
        self.has_said_stopping = False

    def __call__(self, progress: Progress) -> None:
        """Show the progress, if it is time to."""
        with suppress(OSError):  # a terminal that was closed is no reason to stop
            if progress.stopping:
                self._say_stopping()
            elif self.is_terminal:
                self._draw(progress)
            elif progress.done == progress.total or monotonic() - self.spoken > SECONDS:
                self.spoken = monotonic()
                trouble = tally({"diverged": progress.diverged, "failed": progress.failed})
                say(f"{count(progress.done)} of {count(progress.total)} trials, {trouble}{pace(progress)}")

    def _draw(self, progress: Progress) -> None:
        if self.bar is None:
            self.bar = click.progressbar(length=progress.total, label="trials", show_pos=True, file=sys.stderr)
            self.bar.item_show_func = lambda shown: (shown or "").removeprefix("; ")
            self.bar.render_progress()
        self.bar.update(progress.done - self.bar.pos, pace(progress, left=False))

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


def pace(progress: Progress, *, left: bool = True) -> str:
    """Return how fast a study runs: all workers together, each if there are several, and the time that is left."""
    seconds = progress.seconds_left()
    if seconds is None:
        return ""
    rates = sorted(n / progress.workers.total() * progress.rate() for n in progress.workers.values())
    each = f" ({len(rates)} workers, {rates[0]:,.1f} to {rates[-1]:,.1f} each)" if len(rates) > 1 else ""
    rest = f", {duration(seconds)} left" if left and progress.done < progress.total else ""
    return f"; {progress.rate():,.1f} a second{each}{rest}"


def duration(seconds: float) -> str:
    """Return a duration in its two largest units.

    Examples
    --------
    >>> duration(7.2), duration(200), duration(7300), duration(200_000)
    ('7 s', '3 min 20 s', '2 h 1 min', '2 d 7 h')
    """
    units, rest = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)), int(seconds)
    parts = []
    for name, size in units:
        parts.append((rest // size, name))
        rest %= size
    first = next((place for place, (number, _) in enumerate(parts) if number), len(parts) - 1)
    return " ".join(f"{number} {name}" for number, name in parts[first : first + 2])
