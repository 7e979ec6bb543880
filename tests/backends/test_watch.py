from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from fastmlp.backends.watch import SLOWER, Watch, judge


def watch(**options: Any) -> Watch:
    return Watch(np.empty(0, np.int64), np.zeros(9), np.zeros(1), **options)


def told(watch: Watch, losses: list[float]) -> list[bool]:
    """Losses, epoch by epoch, as long as the training goes on."""
    lower = []
    for epoch, loss in enumerate(losses):
        if watch.stopped:
            break
        lower.append(bool(judge(watch.state, epoch, loss)))
    return lower


def test_without_a_patience_it_looks_on() -> None:
    own = watch()
    assert told(own, [3, 2, 5, 1, 4]) == [True, True, False, True, False]
    assert (own.lowest_epoch, own.stopped, own.pace) == (3, False, 1.0)


@pytest.mark.parametrize(("patience", "epochs"), [(1, 4), (2, 5)])
def test_one_more_than_patience_ends_it(patience: int, epochs: int) -> None:
    own = watch(patience=patience)
    assert len(told(own, [3, 2, 2.5, 2.4, 2.3, 2.2, 2.1])) == epochs
    assert own.lowest_epoch == 1


def test_lower_by_less_than_the_tolerance_is_waited_for_and_yet_the_lowest() -> None:
    own = watch(patience=1, tolerance=0.5)
    assert told(own, [3, 2.8, 2.7, 2.6]) == [True, True, True]
    assert (own.lowest_epoch, own.stopped) == (2, True)


def test_slow_steps_add_up_against_the_lowest_loss_and_not_the_one_that_was_waited_for() -> None:
    own = watch(patience=1, tolerance=0.5)
    told(own, [3, 2.8, 2.3, 2.2, 1.6])
    assert not own.stopped


def test_an_adaptive_pace_falls_until_it_is_the_slowest() -> None:
    own = watch(patience=1, slowest=0.1)
    assert len(told(own, [1.0] + [2.0] * 20)) == 1 + 2 * 3  # to 1/5, to 1/25, to the end
    assert own.pace == pytest.approx(SLOWER**2)


def test_nan_is_never_lower() -> None:
    own = watch(patience=2)
    assert told(own, [math.nan] * 9) == [False] * 3
    assert own.lowest_epoch == -1
