"""How far a study is, how fast it runs, and how long the rest takes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from time import monotonic

from ..store.outcome import Outcome


@dataclass
class Progress:
    """How far a study is; one object, updated as it goes.

    Parameters
    ----------
    total
        Number of different trials in the plan.
    done
        How many of them have a record, from this run or an earlier one.
    diverged, failed
        How many of this run did.
    stopping
        Whether a signal has come, and the study only waits for what is running.
    started
        When, in seconds of `time.monotonic`.
    workers
        How many trials each worker has done.
    expected
        How long the study takes, in words, if that was measured before it began.
    """

    total: int
    done: int
    diverged: int = 0
    failed: int = 0
    stopping: bool = False
    started: float = field(default_factory=monotonic)
    workers: Counter[str] = field(default_factory=Counter)
    expected: str = ""

    def rate(self) -> float:
        """Return the number of trials per second since the start of this run."""
        return self.workers.total() / max(monotonic() - self.started, 1e-3)

    def seconds_left(self) -> float | None:
        """Estimate how long the rest will take; None before the first trial."""
        return (self.total - self.done) / self.rate() if self.workers.total() else None

    def count(self, outcome: Outcome) -> None:
        """Add an outcome that was committed."""
        self.done += len(outcome.records)
        self.workers[outcome.worker] += len(outcome.records)
        self.diverged += outcome.count("diverged")
        self.failed += outcome.count("failed")

    def pace(self, *, left: bool = True) -> str:
        """Return how fast it runs, in words: all workers together, each if there are several, and the time left."""
        seconds = self.seconds_left()
        if seconds is None:
            return ""
        rates = sorted(n / self.workers.total() * self.rate() for n in self.workers.values())
        each = f" ({len(rates)} workers, {rates[0]:,.1f} to {rates[-1]:,.1f} each)" if len(rates) > 1 else ""
        rest = f", {duration(seconds)} left" if left and self.done < self.total else ""
        return f"; {self.rate():,.1f} a second{each}{rest}"


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
