"""Arguments of `run_study`: what cannot be is refused with its value, by `errors`, before anything is written.

Values that NumPy has typed mean what Python's mean.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastmlp
from fastmlp.checks import plain
from fastmlp.errors import InvalidInput, SettingsError, shown
from fastmlp.study import run as study_run

from ..made_up_study import SMALL

REFUSED: dict[str, list[Any]] = {
    "study": [5, None, 2.5, True, b"lab", ["lab"], np.zeros(3), object(), "", "labb", fastmlp.run_study],
    "out": [5, None, True, b"out", ["out"], object(), ""],
    "jobs": [
        2.5,
        "2",
        True,
        0,
        -1,
        10**5000,
        np.nan,
        float("inf"),
        [2],
        np.array([1, 2]),
        object(),
        1025,
        np.float64(2),
    ],
    "seeds": [2.5, "2", True, 0, -1, 10**5000, [2], np.array([1, 2]), object(), 10**7],
    "backend": ["cuda", 5, None, True, ["numpy"], np.array(["numpy", "numba"]), b"numpy", object()],
    "quick": ["yes", 1, 0, None, [True], np.array([True, False]), object()],
    "progress": [3, "yes", True, [print], object()],
}
ROWS = [(name, value) for name, values in REFUSED.items() for value in values]


@pytest.mark.parametrize(("name", "value"), ROWS, ids=[f"{name}-{number}" for number, (name, _) in enumerate(ROWS)])
def test_a_value_that_cannot_be_is_refused_before_anything_is_written(
    name: str, value: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments: dict[str, Any] = {"study": SMALL, "out": "out", "jobs": 1, "backend": "numpy", name: value}
    with pytest.raises(InvalidInput) as refusal:
        fastmlp.run_study(**arguments)
    assert list(tmp_path.iterdir()) == []
    assert "\n" not in str(refusal.value)
    texts = {shown(value), shown(plain(value)), *([value] if isinstance(value, str) else [])}
    assert any(text in str(refusal.value) for text in texts)


@pytest.mark.parametrize(
    "options",
    [
        {"jobs": np.int64(1)},
        {"jobs": np.uint8(1), "seeds": np.uint64(1)},
        {"quick": np.bool_(1)},
        {"backend": np.str_("numpy")},
        {"progress": None},
        {"jobs": None},
    ],
    ids=str,
)
def test_values_that_numpy_typed_mean_the_same(
    options: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(study_run, "refresh_report", lambda *_: None)
    done = [
        fastmlp.run_study(SMALL, tmp_path / name, **{"jobs": 1, "seeds": 1, "backend": "numpy", **chosen})
        for name, chosen in (("plain", {}), ("typed", options))
    ]
    tables = [[line.split(b",")[:7] for line in results.table.read_bytes().splitlines()] for results in done]
    assert tables[0] == tables[1]


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.binary(max_size=3)
LEAVES |= st.sampled_from([np.int64(3), np.array([1]), object(), float("nan"), Path("x")])
LEAVES |= st.builds(lambda: 10**5000)  # which cannot be written out
KEYS = st.text(max_size=5) | st.integers() | st.sampled_from(["a\nb", "own"])
JUNK = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)
TABLES = ("name", "margin", "grid", "network", "training", "tuning", "replicates", "strategies", "problems", "measures")
FIELDS = ("problems", "strategies", "sizes", "seeds", "hidden", "activation", "lr", "epochs", "trials", "number", "own")


@contextmanager
def one_line() -> Iterator[None]:
    """Let the block refuse settings, in one line."""
    text = ""
    try:
        yield
    except SettingsError as refusal:
        text = str(refusal)
    assert text.isprintable()


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(TABLES), st.dictionaries(st.sampled_from(FIELDS), JUNK, max_size=2) | JUNK)
def test_settings_of_any_content_are_accepted_or_refused(table: str, content: object) -> None:
    with one_line():
        study_run.effective_settings({table: content})


@settings(deadline=None, max_examples=100)
@given(st.sampled_from(TABLES), JUNK)
def test_settings_made_by_a_program_are_checked_too(field: str, content: object) -> None:
    arguments: dict[str, Any] = {field: content}
    with one_line():
        study_run.effective_settings(fastmlp.Settings(**arguments))
