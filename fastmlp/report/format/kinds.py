"""The kinds of cells that tables hold: how each is shown, and which numbers it holds as columns of CSV."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from .numbers import (
    count,
    deviation,
    epoch,
    fixed,
    labels,
    multiplier,
    number,
    number2,
    p_value,
    percent,
    percent0,
    plain_points,
    points,
    scientific,
    seconds,
    setting,
    source_ratio,
    up_to_per_class,
)
from .results import (
    by_layer,
    chance,
    claimed,
    claimed_interval,
    cost,
    crossing,
    deviations,
    effect,
    fine_percent_mean,
    harm,
    jumps,
    known,
    loss_range,
    mean,
    mean_short,
    mistake,
    pairs,
    percent_mean,
    percent_range,
    percent_short,
    points_interval,
    rank,
    ratio,
    soon,
    tally,
    times,
    verdict,
)

MEAN = ("mean", "low", "high", "n")


class Kind(NamedTuple):
    """One kind of cell.

    Attributes
    ----------
    show
        The value as text; None where the formats' macros mark up a name, or names.
    parts
        The fields of the value that are columns of CSV, all digits kept. Without any, the value is one column,
    as_csv
        which this makes of it.
    """

    show: Callable[[Any], str] | None
    parts: tuple[str, ...] = ()
    as_csv: Callable[[Any], object] = lambda value: value


KINDS: dict[str, Kind] = {
    # words
    "text": Kind(str),
    "mark": Kind(str),
    "name": Kind(None),
    "names": Kind(None, as_csv="; ".join),
    "difference": Kind(None, ("first", "second")),
    "curve": Kind(None),
    "winners": Kind(None, as_csv=lambda value: "; ".join(value["winners"])),
    "setting": Kind(setting, as_csv=setting),
    "verdict": Kind(verdict, as_csv=verdict),
    # one number
    "count": Kind(count),
    "deviation": Kind(deviation),
    "epoch": Kind(epoch),
    "fixed": Kind(fixed),
    "labels": Kind(labels),
    "multiplier": Kind(multiplier),
    "number": Kind(number),
    "number2": Kind(number2),
    "p_value": Kind(p_value),
    "percent": Kind(percent),
    "percent0": Kind(percent0),
    "plain_points": Kind(plain_points),
    "points": Kind(points),
    "scientific": Kind(scientific),
    "seconds": Kind(seconds),
    "source_ratio": Kind(source_ratio),
    "up_to_per_class": Kind(up_to_per_class),
    # a result of the statistics
    "by_layer": Kind(
        by_layer, as_csv=lambda means: "; ".join("" if m["mean"] is None else str(m["mean"]) for m in means)
    ),
    "chance": Kind(chance, ("share", "low", "high", "n")),
    "claimed": Kind(claimed, as_csv=lambda claim: (claim["difference"] or {}).get("mean")),
    "claimed_interval": Kind(claimed_interval, as_csv=claimed_interval),
    "cost": Kind(cost, (*MEAN, "cells")),
    "crossing": Kind(crossing, ("n_target", "low", "high", "case")),
    "deviations": Kind(deviations, ("low", "high")),
    "effect": Kind(effect, (*MEAN, "verdict")),
    "fine_percent_mean": Kind(fine_percent_mean, MEAN),
    "harm": Kind(harm, ("worse", "tested", "case")),
    "jumps": Kind(jumps),
    "known": Kind(known, ("true", "share")),
    "mistake": Kind(mistake, ("true", "taken", "share")),
    "mean": Kind(mean, MEAN),
    "mean_short": Kind(mean_short, MEAN),
    "pairs": Kind(pairs, ("n", "planned")),
    "percent_mean": Kind(percent_mean, MEAN),
    "percent_range": Kind(percent_range, MEAN),
    "percent_short": Kind(percent_short, MEAN),
    "points_interval": Kind(points_interval, ("low", "high")),
    "range": Kind(loss_range, ("median", "low", "high")),
    "rank": Kind(rank, MEAN),
    "ratio": Kind(ratio, MEAN),
    "soon": Kind(soon, ("steps", "reached", "n")),
    "tally": Kind(tally, ("agrees", "contradicted", "undecided")),
    "times": Kind(times, ("times", "low", "high", "case")),
}
