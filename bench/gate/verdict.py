"""From ratios to intervals and words. Pure functions; all that they know of chance is in their arguments.

Rounds of one restart share its luck: where the machine code, the stack and the data came to lie. So restarts are what
is drawn again in the bootstrap, each with all of its rounds, and the bootstrap's standard error becomes an interval by
Student's law with one degree of freedom less than there are restarts. The error is enlarged by sqrt(k / (k - 1)), for
the bootstrap of so few restarts is too narrow (Hesterberg, What Teachers Should Know About the Bootstrap, The American
Statistician 69, 2015).

With four rounds in each, 20,000 simulated intervals covered 95.3 % with three restarts, and 94.3 to 94.8 % with five,
eight and ten. That a run stops as soon as an interval decides favours those that are too narrow, yet takes nothing from
it: the last intervals of 6,000 runs covered 95.1 to 96.1 %, where restarts stray as those of gate.json did and by less.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from fastmlp.stats import holm

from ..exit_codes import CHECK_FAILED, NO_VERDICT, PASSED, SLOWER
from ..tables import shortened

LEVEL = 0.95
SLOWER_ABOVE, FASTER_BELOW = 1.02, 1 / 1.02
SAME_FROM, SAME_TO = 0.97, 1.03
DRIFT = 1.02  # times that the control may differ, either way
DRAWS = 999
RULE = {"slower above": SLOWER_ABOVE, "same from": SAME_FROM, "same to": SAME_TO, "drift": DRIFT, "level": LEVEL}
WORDS = {SLOWER: "Slower", CHECK_FAILED: "Failed", NO_VERDICT: "No verdict"}


class Verdict(StrEnum):
    """What may be said of a benchmark."""

    SLOWER = "slower"
    FASTER = "faster"
    SAME = "same"
    NONE = "no verdict"


@dataclass(frozen=True)
class Estimate:
    """The head's time over the base's.

    Attributes
    ----------
    ratio
        Median over rounds.
    low, high
        Its 95 % interval; from 0 to infinity with fewer than two restarts.
    p_slower, p_faster
        Two-sided p-values against 1.02 times slower and 1.02 times faster: at most 0.05 where the interval lies beyond.
    restarts, rounds
        How many there were.
    """

    ratio: float
    low: float
    high: float
    p_slower: float
    p_faster: float
    restarts: int
    rounds: int


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
    """The outcome for two builds: benchmarks, checks and how the control did."""

    base: str
    head: str
    results: tuple[Result, ...]
    control: Estimate | None
    seconds: float
    checks: tuple[Check, ...] = ()

    @property
    def findings(self) -> dict[int, list[str]]:
        """Names of all that is not as it should be, by exit code: the worst first, none if all passed."""
        named = {
            SLOWER: [one.name for one in self.results if one.verdict is Verdict.SLOWER],
            CHECK_FAILED: [check.name for check in self.checks if check.passed is False],
            NO_VERDICT: [
                *(one.name for one in self.results if one.verdict is Verdict.NONE),
                *(check.name for check in self.checks if check.passed is None),
                *([] if self.results else ["no benchmark was run"]),
            ],
        }
        return {code: names for code, names in named.items() if names}

    @property
    def exit_code(self) -> int:
        """The code of the worst finding: 4, 1 or 5; 0 if all passed."""
        return next(iter(self.findings), PASSED)

    @property
    def conclusion(self) -> str:
        """What decides the exit code, by name, and after it whatever else is not as it should be."""
        if not self.findings:
            return f"Passed (exit code {PASSED})"
        first, *others = (f"{WORDS[code]}: {'; '.join(shortened(names))}" for code, names in self.findings.items())
        return ". ".join([f"{first} (exit code {self.exit_code})", *others])


def estimate(restarts: Sequence[Sequence[float]]) -> Estimate:
    """Estimate a ratio.

    Parameters
    ----------
    restarts
        Logarithms of ratios: a sequence a restart, all of the same length.

    Raises
    ------
    ValueError
        If there is none, or one is not finite.
    """
    logs = np.array(restarts, float)
    if not logs.size or not np.isfinite(logs).all():
        raise ValueError("a ratio is not a number" if logs.size else "there is no ratio")
    centre, (k, rounds) = float(np.median(logs)), logs.shape
    if k < 2:
        return Estimate(math.exp(centre), 0.0, math.inf, 1.0, 1.0, k, rounds)
    from scipy.special import stdtr, stdtrit

    error = standard_error(logs)
    half = error * float(stdtrit(k - 1, (1 + LEVEL) / 2))
    p_slower, p_faster = (
        min(1.0, 2 * float(stdtr(k - 1, -beyond / error))) if error else float(beyond <= 0)
        for beyond in (centre - math.log(SLOWER_ABOVE), math.log(FASTER_BELOW) - centre)
    )
    low, high = math.exp(centre - half), math.exp(centre + half)
    return Estimate(math.exp(centre), low, high, p_slower, p_faster, k, k * rounds)


def standard_error(logs: NDArray[np.float64]) -> float:
    """Return the standard error of the median over all rounds, (restarts, rounds): restarts are drawn again."""
    k = len(logs)
    chosen = np.random.default_rng(0).integers(k, size=(DRAWS, k))
    medians = np.median(logs[chosen].reshape(DRAWS, -1), axis=1)
    return float(medians.std()) * math.sqrt(k / (k - 1))


def judge(estimates: Mapping[str, Estimate]) -> dict[str, Verdict]:
    """Say of each benchmark what its interval allows; *slower* and *faster* after Holm's adjustment over all."""
    adjusted = holm([min(one.p_slower, one.p_faster) for one in estimates.values()]).tolist()
    return {name: word(one, p) for (name, one), p in zip(estimates.items(), adjusted, strict=True)}


def word(one: Estimate, p: float) -> Verdict:
    """Say what one interval allows, given its adjusted p-value."""
    if p <= 1 - LEVEL:
        return Verdict.SLOWER if one.ratio > 1 else Verdict.FASTER
    return Verdict.SAME if one.low >= SAME_FROM and one.high <= SAME_TO else Verdict.NONE


def drifted(control: Estimate) -> bool:
    """Whether work that neither revision touches took another time, by more than chance and more than is harmless."""
    return not (1 / DRIFT <= control.ratio <= DRIFT or control.low <= 1 <= control.high)
