from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastmlp.stats import FAR, is_unstable, rise

LOSSES = st.lists(st.floats(0, 50), min_size=1, max_size=20)


@given(losses=LOSSES, n_classes=st.integers(1, 20))
def test_a_training_that_ends_at_its_lowest_loss_is_stable(losses: list[float], n_classes: int) -> None:
    assert rise([*losses, min(losses)], n_classes) == 0
    assert not is_unstable(sorted(losses, reverse=True), n_classes)


@given(losses=LOSSES, n_classes=st.integers(2, 20), far=st.floats(0, 3))
def test_a_rise_is_in_units_of_the_loss_of_guessing(losses: list[float], n_classes: int, far: float) -> None:
    guess = math.log(n_classes)
    ended = [*losses, min(losses) + far * guess]
    assert rise(ended, n_classes) == pytest.approx(far, abs=1e-12)
    if abs(far - FAR) > 1e-9:
        assert is_unstable(ended, n_classes) == (far > FAR)


@given(losses=LOSSES, n_classes=st.integers(2, 20), shuffled=st.randoms())
def test_the_way_to_the_end_does_not_matter(losses: list[float], n_classes: int, shuffled: Any) -> None:
    before, last = losses[:-1], losses[-1]
    shuffled.shuffle(before)
    assert rise([*before, last], n_classes) == rise(losses, n_classes)


@pytest.mark.parametrize("losses", [[], [None], [1.0, None, 2.0], [1.0, math.nan], [math.inf, 1.0]])
def test_without_all_losses_there_is_no_verdict(losses: list[float | None]) -> None:
    assert rise(losses, 10) is None
    assert not is_unstable(losses, 10)
