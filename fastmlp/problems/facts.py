"""Facts about a problem's data: examples that occur twice, and how target inputs lie from what the scaler saw."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from ..inputs import find_sentinels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .split import Split
    from .task import Problem, Task

NAMED = 20  # features that are named; the rest is only counted


def in_both(source: Task, target: Task) -> int:
    """Return how many target examples have inputs that a source example has, too."""
    known = {*_hashes(source.X)}
    return sum(row in known for row in _hashes(target.X))


def repeated(task: Task) -> int:
    """Return how many examples have inputs that an earlier one has, too."""
    return len(task.y) - len({*_hashes(task.X)})


def _hashes(X: NDArray[np.float64]) -> Iterator[int]:
    """Go through the hashes of the rows; rows of equal numbers have one, though 0.0 and -0.0 are different bytes."""
    return (hash((row + 0.0).tobytes()) for row in X)


@dataclass(frozen=True)
class InputFacts:
    """How the target inputs lie from what the scaler of a pretrained network was fitted on.

    Target inputs are those of the target pool, for one seed: what is held out is not looked at.

    Parameters
    ----------
    one_unit
        Whether all features are in one unit: see `Scaler.fit`.
    constant_in_source, constant_in_source_features
        How many features are constant in the source pool, and which (the first 20).
    constant_in_source_only, constant_in_source_only_features
        Of those, how many vary in the target pool, and which (the first 20).
    ignored
        Of the latter, how many are 0 for every pretrained network: all of them if `one_unit` is false, else none.
    largest_mean_shift, largest_mean_shift_feature
        The mean of the standardised target inputs is 0 if they are distributed as the source's are. The largest
        distance from that, in units of the scaler (standard deviations of the source, but for features that hardly
        vary), and its feature. None without a feature that is not ignored.
    largest_spread_ratio, largest_spread_ratio_feature
        The largest standard deviation of a standardised target feature, which is about 1 if they are distributed alike.
    largest_input, largest_input_feature
        The largest absolute value of a standardised target input, in the same units, and its feature.
    outside_source_range
        Share of target values, over all examples and features, that are less or greater than every value that the
        feature has in the source pool; in [0, 1].
    sentinels
        Values such as -9999 that dominate a feature: [role, feature, value, how many examples have it].
    """

    one_unit: bool
    constant_in_source: int
    constant_in_source_features: list[int]
    constant_in_source_only: int
    constant_in_source_only_features: list[int]
    ignored: int
    largest_mean_shift: float | None
    largest_mean_shift_feature: int | None
    largest_spread_ratio: float | None
    largest_spread_ratio_feature: int | None
    largest_input: float | None
    largest_input_feature: int | None
    outside_source_range: float
    sentinels: list[list[Any]]


def describe_inputs(problem: Problem, split: Split) -> InputFacts | None:
    """Compare the target pool with the source pool, as one seed divides them; None if there are no source data."""
    if problem.pretrained is not None:
        return None
    source, target = problem.source.X[split.source], problem.target.X[split.pool]
    scaler = problem.source.scaler(split.source)
    with np.errstate(over="ignore", invalid="ignore"):
        seen = scaler.transform(target)
        shift, spread, largest = np.abs(seen.mean(axis=0)), seen.std(axis=0), np.abs(seen).max(axis=0)
    low, high = source.min(axis=0), source.max(axis=0)
    constant = np.flatnonzero(low == high)
    only = constant[np.ptp(target[:, constant], axis=0) > 0]
    outside = (target < low) | (target > high)
    used = ~scaler.ignored
    return InputFacts(
        problem.source.one_unit,
        *_counted(constant),
        *_counted(only),
        int(scaler.ignored[only].sum()),
        *_largest(shift, used),
        *_largest(spread, used),
        *_largest(largest, used),
        float(outside.mean()),
        [[role, *found] for role, x in (("source", source), ("target", target)) for found in find_sentinels(x)],
    )


def _counted(features: NDArray[np.int64]) -> tuple[int, list[int]]:
    return len(features), features[:NAMED].tolist()


def _largest(values: NDArray[np.float64], used: NDArray[np.bool_]) -> tuple[float | None, int | None]:
    """Return the largest value among the features that are used, and its feature; None if there is none."""
    if not used.any():
        return None, None
    feature = int(np.where(used, values, -1.0).argmax())
    value = float(values[feature])
    return (value if isfinite(value) else None), feature


def warnings_about(name: str, facts: InputFacts) -> Iterator[str]:
    """Go through what a user must know of a problem's inputs before a study is run, a line each."""
    if facts.ignored:
        which = _listed(facts.constant_in_source_only_features, facts.ignored)
        yield (
            f"problem {name!r}: {which} constant in the source and not in the target: every pretrained network sees "
            "0 there. Leave such features out of both files, or set one_unit = true if all features are in one unit"
        )
    for role, feature, value, n in facts.sentinels:
        yield (
            f"problem {name!r}: feature {feature} of the {role} is {value:g} in {n} of its examples, far from all its "
            "other values: if that stands for a missing value, fill it or leave it out, because here it is a number"
        )


def _listed(features: list[int], count: int) -> str:
    shown, rest = features[:5], count - len(features[:5])
    names = ", ".join(map(str, shown)) + (f" and {rest} more" if rest else "")
    return f"feature {names} is" if count == 1 else f"{count} features ({names}) are"
