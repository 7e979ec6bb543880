"""A result of the statistics as text: a mean with its interval, a verdict, a factor; or why there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .numbers import (
    ABSENT,
    NO_BREAK,
    count,
    deviation,
    labels,
    number,
    number2,
    percent,
    points,
    rounded,
    scientific,
    two_digits,
)

MARKS = {"better": "▲", "worse": "▼", "tied": "=", "undecided": ""}
IN_POINTS = ("accuracy", "shifted", "barrier")  # measures of claims that are accuracies
REASONS = {reason: reason for reason in ("no data", "one seed", "no spread", "too few seeds", "too few targets")}


def percent_mean(value: Mapping[str, Any]) -> str:
    """A mean share with the half width of its interval, in percent: 73.2 ± 1.1."""
    return _mean(value, 100, 1)


def fine_percent_mean(value: Mapping[str, Any]) -> str:
    """`percent_mean` with one digit more, for what is near its top: 99.71 ± 0.04."""
    return _mean(value, 100, 2)


def mean(value: Mapping[str, Any]) -> str:
    """A mean with the half width of its interval: 0.412 ± 0.018."""
    return _mean(value, 1, 3)


def percent_interval(value: Mapping[str, Any]) -> str:
    """A mean share in words: 73.2 % ± 1.1, or the mean and why it has no interval."""
    if value["mean"] is None:
        return REASONS[value["reason"]]
    if value["low"] is None:
        return f"{percent(value['mean'])} ({REASONS[value['reason']]})"
    return f"{percent(value['mean'])} ± {rounded(50 * (value['high'] - value['low']), 1)}"


def percent_range(value: Mapping[str, Any]) -> str:
    """Format a share in percent with an interval that need not be symmetric: 73.2 (71.9 to 74.1)."""
    if value["mean"] is None:
        return REASONS[value["reason"]]
    if value["low"] is None:
        return f"{rounded(100 * value['mean'], 1)} ({REASONS[value['reason']]})"
    low, high = (rounded(100 * value[end], 1) for end in ("low", "high"))
    return f"{rounded(100 * value['mean'], 1)} ({low} to {high})"


def percent_short(value: Mapping[str, Any]) -> str:
    """A mean share in percent without its interval: 73.2."""
    return ABSENT if value["mean"] is None else rounded(100 * value["mean"], 1)


def mean_short(value: Mapping[str, Any]) -> str:
    """A mean of two decimals without its interval: 0.41; 1.1 × 10⁴."""
    mean = value["mean"]
    return number2(mean) if mean is None or abs(mean) < 100 else number(mean)


def points_interval(value: Mapping[str, Any]) -> str:
    """The interval of a difference: +0.9 to +3.9, or why there is none."""
    if value["low"] is None:
        return REASONS[value["reason"]]
    return f"{points(value['low'])} to {points(value['high'])}"


def loss_range(value: Mapping[str, float] | None) -> str:
    """A median and its range: 0.412 (0.350 to 0.501)."""
    if value is None:
        return ABSENT
    return f"{scientific(value['median'])} ({scientific(value['low'])} to {scientific(value['high'])})"


def pairs(value: Mapping[str, int]) -> str:
    """On how many of the planned seeds a comparison rests: 20, or 18 of 20."""
    n, planned = value["n"], value["planned"]
    return count(n) if n == planned else f"{count(n)} of {count(planned)}"


def verdict(value: Mapping[str, Any]) -> str:
    """A verdict, or why there is none."""
    return "not estimable" if value["reason"] in REASONS else str(value["verdict"])


def effect(value: Mapping[str, Any]) -> str:
    """A difference in points with a sign for its verdict: +2.4 ▲, −0.8 ▼, +0.1 =, and none where it is undecided."""
    if value["mean"] is None:
        return REASONS[value["reason"]]
    return f"{points(value['mean'])}{NO_BREAK}{MARKS[value['verdict']]}".rstrip(NO_BREAK)


def times(value: Mapping[str, Any] | None) -> str:
    """A factor with its interval: 2.4 (1.9 to 3.1); an end that could not be read is open."""
    if value is None or value["case"] == "no curve":
        return ABSENT
    if value["times"] is None:
        bound = value["least"] if value["case"] == "below range" else value["most"]
        return f"{'<' if value['case'] == 'below range' else '>'}{bound:.2g}"
    if value["reason"]:
        return f"{two_digits(value['times'])} ({REASONS.get(value['reason'], value['reason'])})"
    low, high = ("?" if value[end] is None else two_digits(value[end]) for end in ("low", "high"))
    return f"{two_digits(value['times'])} ({low} to {high})"


def ratio(value: Mapping[str, Any] | None) -> str:
    """A ratio with its interval: 0.81 (0.74 to 0.89), or alone where it has none."""
    if value is None or value["mean"] is None:
        return ABSENT
    if value["low"] is None or value["high"] is None:
        return two_digits(value["mean"])
    return f"{two_digits(value['mean'])} ({two_digits(value['low'])} to {two_digits(value['high'])})"


def claimed(value: Mapping[str, Any] | None) -> str:
    """The effect of a claim, in points of accuracy or, where it is about something else, as a number: +1.2, 0.034."""
    difference = value and value["difference"]
    if not value or not difference or difference["mean"] is None:
        return ABSENT
    return points(difference["mean"]) if value["measure"] in IN_POINTS else number2(difference["mean"])


def claimed_interval(value: Mapping[str, Any] | None) -> str:
    """Its interval in the same unit."""
    difference = value and value["difference"]
    if not value or not difference or difference["low"] is None:
        return ABSENT
    if value["measure"] in IN_POINTS:
        return points_interval(difference)
    return f"{number2(difference['low'])} to {number2(difference['high'])}"


def crossing(value: Mapping[str, Any]) -> str:
    """Where the lead changes: 63 labels (41 to 95), or why it does not."""
    if value["case"] != "crosses":
        return str(value["case"])
    low = "?" if value["low"] is None else count(value["low"])
    high = "?" if value["high"] is None else count(value["high"])
    return f"{labels(value['n_target'])} ({low} to {high})"


def deviations(value: Mapping[str, Any]) -> str:
    """The interval of the same: 0.9 to 1.6, or why there is none."""
    if value["low"] is None or value["high"] is None:
        return value["reason"] or ABSENT
    return f"{deviation(value['low'])} to {deviation(value['high'])}"


def rank(value: Mapping[str, Any]) -> str:
    """An average rank with the half width of its interval: 4.40 ± 0.21."""
    return _mean(value, 1, 2)


def chance(value: Mapping[str, Any] | None) -> str:
    """A probability in percent with its interval and, where it has one, a sign for the side of one half it is on."""
    if value is None or value["share"] is None:
        return ABSENT
    low, high = (percent(value[k], 0).removesuffix(f"{NO_BREAK}%") for k in ("low", "high"))
    mark = {"likely": "▲", "unlikely": "▼"}.get(value.get("case", ""), "")
    return f"{percent(value['share'], 0)} ({low} to {high}){NO_BREAK}{mark}".rstrip(NO_BREAK)


def harm(value: Mapping[str, Any]) -> str:
    """Negative transfer in one cell: 5 of 15 ▼, or what its case is called."""
    words = {"open": "not found", "ruled out": "ruled out", "not tested": "not tested"}
    return words.get(value["case"]) or f"{count(value['worse'])} of {count(value['tested'])}{NO_BREAK}▼"


def known(value: Mapping[str, Any]) -> str:
    """How often a class is recognised: 8: 71.2 %."""
    return f"{value['true']}: {percent(value['share'])}"


def mistake(value: Mapping[str, Any]) -> str:
    """How often one class is taken for another: 8 for 1: 12.0 %."""
    return f"{value['true']} for {value['taken']}: {percent(value['share'])}"


def soon(value: Mapping[str, Any]) -> str:
    """After how many updates most seeds have reached something, and how many have where not all: 420 (18 of 20)."""
    steps, reached, n = (count(value[part]) for part in ("steps", "reached", "n"))
    return steps if reached == n else f"{steps} ({reached} of {n})"


def tally(value: Mapping[str, int]) -> str:
    """How many cells agree, contradict and are undecided: 27 / 6 / 15."""
    return " / ".join(count(value[mark]) for mark in ("agrees", "contradicted", "undecided"))


def cost(value: Mapping[str, Any]) -> str:
    """A regret in points, without its interval: +6.6."""
    return points(value["mean"])


def jumps(value: Sequence[Mapping[str, Any]]) -> str:
    """Where a series of measurements jumped, in percent: +3.1 % at 1f2e3d4c, −12.0 % at 5b6a7988."""
    texts = (f"{points(jump['change'])}{NO_BREAK}% at {jump['hash']}" for jump in value)
    return ", ".join(texts) or "none"


def by_layer(value: Sequence[Mapping[str, Any]]) -> str:
    """A number for each layer, from the inputs up: 0.21 / 0.24."""
    return " / ".join(mean_short(mean) for mean in value)


def _mean(value: Mapping[str, Any], unit: float, digits: int) -> str:
    if value["mean"] is None:
        return REASONS[value["reason"]]
    centre = rounded(unit * value["mean"], digits)
    if value["low"] is None:
        return f"{centre} ({REASONS[value['reason']]})"
    return f"{centre} ± {rounded(unit * (value['high'] - value['low']) / 2, digits)}"
