"""What a run has to say, and the exit code that says it shortest."""

from __future__ import annotations

from dataclasses import dataclass

from .verdict import Estimate, Verdict

PASSED, CHECK_FAILED, SLOWER, NO_VERDICT = 0, 1, 4, 5


@dataclass(frozen=True)
class Result:
    """What is said of one benchmark.

    Attributes
    ----------
    name
        As asv writes it.
    verdict
        The word.
    reason
        Why there is none.
    first, again
        What the run said, and the fresh run that had to confirm it.
    wall
        The run's ratio by the wall's clock, which is not judged.
    """

    name: str
    verdict: Verdict
    reason: str = ""
    first: Estimate | None = None
    again: Estimate | None = None
    wall: float | None = None

    @property
    def latest(self) -> Estimate | None:
        """The estimate that nobody chose for being alarming: the fresh run's, if there was one."""
        return self.again or self.first


@dataclass(frozen=True)
class Check:
    """Something without noise: what it is in base and head, and whether that is allowed; None where nobody knows."""

    name: str
    base: str
    head: str
    passed: bool | None
    note: str = ""


@dataclass(frozen=True)
class Comparison:
    """All that is said of two builds."""

    base: str
    head: str
    results: tuple[Result, ...]
    control: Estimate | None
    seconds: float
    checks: tuple[Check, ...] = ()

    @property
    def exit_code(self) -> int:
        """Return 4 if something is slower, 1 if a check failed, 5 if there is no verdict about something or at all."""
        words = {one.verdict for one in self.results}
        if Verdict.SLOWER in words:
            return SLOWER
        passed = {check.passed for check in self.checks}
        if False in passed:
            return CHECK_FAILED
        return NO_VERDICT if Verdict.NONE in words or None in passed or not words else PASSED
