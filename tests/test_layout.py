from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from fastmlp.errors import ShapeError
from fastmlp.layout import Layout

sizes = st.lists(st.integers(1, 9), min_size=2, max_size=6).map(tuple)


@given(sizes)
def test_views_cover_every_parameter_once_and_in_order(sizes: tuple[int, ...]) -> None:
    layout = Layout(sizes)
    theta = np.arange(layout.n_parameters, dtype=float)
    weights, biases = layout.views(theta)
    pieces = [part.ravel() for pair in zip(weights, biases, strict=True) for part in pair]
    assert_array_equal(np.concatenate(pieces), theta)
    assert [weight.shape for weight in weights] == list(pairwise(sizes))
    assert all(np.shares_memory(theta, piece) for piece in pieces)


@given(sizes, st.data())
def test_what_is_left_above_a_layer_is_a_network_of_its_own(sizes: tuple[int, ...], data: st.DataObject) -> None:
    layout = Layout(sizes)
    k = data.draw(st.integers(0, layout.n_layers - 1))
    theta = np.arange(layout.n_parameters, dtype=float)
    upper, _ = layout.above(k).views(theta[layout.starts[k] :])
    weights, _ = layout.views(theta)
    for mine, theirs in zip(weights[k:], upper, strict=True):
        assert_array_equal(mine, theirs)


@pytest.mark.parametrize("sizes", [(), (3,), (3, 0), (0, 3), (3, -1, 2)])
def test_sizes_that_are_no_network_are_refused(sizes: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match="at least 1, not"):
        Layout(sizes)
