"""States: parts within parts, and labels as JSON."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from fastmlp.errors import CheckpointError, InvalidInput
from fastmlp.state import State, labels_from_json, labels_to_json

LABELS = [
    np.array(["cat", "dog"]),
    np.array(["cat", "dog"], dtype=object),
    np.array([np.str_("cat"), "dogs"], dtype=object),
    np.array([-1, 7]),
    np.array([1, 2], dtype="uint8"),
    np.array([0.5, 1.5], dtype="float32"),
    np.array([False, True]),
]


@pytest.mark.parametrize("labels", LABELS, ids=repr)
def test_labels_come_back_as_they_were(labels: Any) -> None:
    again = labels_from_json(json.loads(json.dumps(labels_to_json(labels))))
    assert_array_equal(again, labels)
    assert again.dtype == labels.dtype


@pytest.mark.parametrize(
    "labels",
    [np.array([1j]), np.array(["2020"], "datetime64[Y]"), np.array([1, "a"], object), np.array([np.nan]), np.array([])],
    ids=str,
)
def test_labels_that_json_cannot_hold_are_refused(labels: Any) -> None:
    with pytest.raises(InvalidInput, match="numbers or text of one kind are needed"):
        labels_to_json(labels)


@pytest.mark.parametrize(
    "document",
    [
        None,
        ["cat"],
        {"dtype": "int64"},
        {"dtype": "U999999999", "values": ["a"]},  # would take 4 GB
        {"dtype": "int64", "values": ["1"]},
        {"dtype": "int64", "values": [True]},
        {"dtype": "int8", "values": [1000]},
        {"dtype": "float64", "values": [float("nan")]},
        {"dtype": "object", "values": [[1]]},
        {"dtype": "str", "values": []},
    ],
    ids=str,
)
def test_labels_of_a_hostile_file_are_refused(document: Any) -> None:
    with pytest.raises(CheckpointError, match="the classes are"):
        labels_from_json(document)


def test_parts_lie_in_parts() -> None:
    inner = State({"depth": 2}, {"a": np.arange(2)})
    state = State({"depth": 0}, {}).with_part("one", State({"depth": 1}, {"a": np.ones(1)}).with_part("two", inner))
    assert sorted(state.arrays) == ["one.a", "one.two.a"]
    assert state.part("one").part("two").field("depth", int) == 2
    assert state.part("one").part("two").array("a", (None,), "int64").tolist() == [0, 1]
    assert (state.has_part("one"), state.has_part("two")) == (True, False)
    with pytest.raises(CheckpointError, match="there is no field 'two'"):
        state.part("two")


def test_infinity_passes_where_it_is_meant_and_nan_never() -> None:
    state = State({}, {"a": np.array([1.0, np.inf]), "b": np.array([np.inf, np.nan])})
    assert state.array("a", (2,), "float64", finite=False)[1] == np.inf
    for name, finite, says in (("a", True, "holds inf"), ("b", False, "holds nan")):
        with pytest.raises(CheckpointError, match=says):
            state.array(name, (2,), "float64", finite=finite)
