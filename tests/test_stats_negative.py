"""Where starting from a pretrained network is worse than starting from nothing."""

from __future__ import annotations

import numpy as np
import pytest

from fastmlp.errors import ShapeError
from fastmlp.stats import negative_transfer

RNG = np.random.default_rng(19)


def test_negative_transfer_is_found_worst_first_and_not_elsewhere() -> None:
    scratch = 0.8 + 0.02 * RNG.standard_normal((4, 20))
    gaps = np.array([[0.05], [-0.03], [0.0], [-0.1]])
    search = negative_transfer(scratch + gaps + 0.01 * RNG.standard_normal((4, 20)), scratch, margin=0.01)
    assert (search.found, search.tested, search.dropped) == ((3, 1), 4, 0)


def test_what_cannot_be_tested_is_not_found() -> None:
    search = negative_transfer([[0.1, np.nan], [np.nan, np.nan]], [[0.9, 0.9], [0.9, 0.9]], margin=0.01)
    assert (search.found, search.tested, search.dropped) == ((), 0, 3)


def test_refusals_hold_the_value() -> None:
    with pytest.raises(ShapeError, match=r"\(1, 2\) cannot be paired with \(1, 1\)"):
        negative_transfer([[0.1, 0.2]], [[0.1]], margin=0.01)
