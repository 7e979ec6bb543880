"""Data of one's own: what is read is what was written, what is refused is named, and splits have every class."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from fastmlp.errors import InvalidInput, LabelError, NotFiniteError, ShapeError
from fastmlp.interchange.tables import Wanted
from fastmlp.problems import Task, read_task, user

X = np.arange(12.0).reshape(6, 2)
Y = np.array([0, 1, 2, 0, 1, 2])


def npz(save: Callable[..., None] = np.savez, /, **arrays: Any) -> bytes:
    """The bytes of a file."""
    buffer = BytesIO()
    save(buffer, **arrays)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A place to write to; what was written there before is forgotten, or a clock that ticks slowly would show it."""
    return tmp_path_factory.mktemp("own") / "mine.npz"


def read(path: Path, content: bytes, *, one_unit: bool = False) -> Task:
    path.write_bytes(content)
    user._read.cache_clear()
    return read_task(path, one_unit=one_unit)


savers = st.sampled_from([np.savez, np.savez_compressed])
kinds = st.sampled_from(["<f2", "<f4", "<f8", ">f8", "<i2", ">i4", "<i8", "u1", "?"])


@given(st.integers(2, 9), st.integers(1, 5), kinds, kinds, st.sampled_from("CF"), savers)
def test_what_is_written_is_read(
    path: Path, n: int, features: int, kind: str, other: str, order: Any, save: Callable[..., None]
) -> None:
    inputs = (np.arange(n * features).reshape(n, features) % 2).astype(kind, order=order)
    labels = np.arange(n) % 2
    task = read(path, npz(save, X=inputs, y=labels.astype(other.replace("f", "i"))))
    assert [task.X.dtype.name, task.y.dtype.name] == ["float64", "int64"]
    assert_array_equal(task.X, inputs.astype(float))
    assert_array_equal(task.y, labels)
    # The name is that of the data, however they are kept
    assert task.name == read(path, npz(X=inputs.astype(float), y=labels)).name
    assert task.name != read(path, npz(X=1 - inputs.astype(float), y=labels)).name
    assert task.name != read(path, npz(X=inputs, y=1 - labels)).name


@settings(max_examples=300)
@given(st.binary(max_size=40) | st.tuples(st.integers(0, 700), st.integers(0, 255), st.sampled_from(["put", "cut"])))
def test_a_damaged_file_is_read_or_refused_and_nothing_else(path: Path, damage: Any) -> None:
    whole = npz(X=X, y=Y)
    if isinstance(damage, bytes):
        content = damage
    else:
        place, byte, how = damage
        content = whole[:place] + (bytes([byte]) + whole[place + 1 :] if how == "put" else b"")
    try:
        task = read(path, content)
    except InvalidInput:
        return
    assert task.X.shape == (len(task.y), 2)


@given(st.lists(st.integers(-1, 4), min_size=1, max_size=12))
def test_labels_of_any_kind_are_numbered_in_their_order(path: Path, labels: list[int]) -> None:
    content = npz(X=np.zeros((len(labels), 1)), y=np.array(labels))
    if len(set(labels)) < 2:
        with pytest.raises(LabelError):
            read(path, content)
        return
    task = read(path, content)
    assert [int(task.class_name(label)) for label in task.y.tolist()] == labels
    assert task.n_classes == len(set(labels))
    named = read(path, npz(X=np.zeros((len(labels), 1)), y=np.array([f"class {label + 1}" for label in labels])))
    assert_array_equal(named.y, task.y)
    assert named.name == task.name, "what the classes are called changes no result"


@given(st.integers(0, 5), st.integers(0, 1), st.sampled_from([np.nan, np.inf, -np.inf, 1e301]))
def test_a_number_that_is_none_is_named(path: Path, row: int, column: int, value: float) -> None:
    wrong = X.copy()
    wrong[row, column] = value
    said = rf"mine\.npz: row {row}, feature {column} is {'missing' if np.isnan(value) else value}"
    with pytest.raises(NotFiniteError, match=said.replace("+", r"\+")):
        read(path, npz(X=wrong, y=Y))


class Trap:
    """What runs something when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("trapped",)


def object_array() -> np.ndarray:
    array = np.empty(6, dtype=object)
    array[0] = Trap()
    return array


def promising(shape: str) -> bytes:
    """A file whose X says that it is of another shape."""
    buffer = BytesIO()
    with ZipFile(BytesIO(npz(X=X, y=Y))) as old, ZipFile(buffer, "w") as new:
        new.writestr(
            "X.npy", old.read("X.npy").replace(b"(6, 2), }" + b" " * (len(shape) - 6), shape.encode() + b", }")
        )
        new.writestr("y.npy", old.read("y.npy"))
    return buffer.getvalue()


REFUSALS: dict[str, tuple[bytes, type[Exception], str]] = {
    "pickle": (pickle.dumps({"X": X, "y": Y}), InvalidInput, "cannot be read as an .npz file"),
    "npy": (npz(np.save, arr=X), InvalidInput, "cannot be read as an .npz file"),
    "nothing": (npz(), InvalidInput, "has no array 'X'; it holds nothing"),
    "other names": (npz(X=X, labels=Y), LabelError, "no label was named"),
    "objects": (npz(X=X, y=object_array()), InvalidInput, "y holds Python objects, and reading those may run anything"),
    "text as inputs": (npz(X=X.astype(str), y=Y), InvalidInput, r"X holds <U32 values; real.*float64.* converts"),
    "complex": (npz(X=X + 1j, y=Y), InvalidInput, "X holds complex128 values"),
    "one axis": (npz(X=X[:, 0], y=Y), ShapeError, r"X has shape \(6,\); \(n, features\) is needed$"),
    "images": (npz(X=X.reshape(6, 2, 1), y=Y), ShapeError, r"\(6, 2, 1\).* X.reshape\(len\(X\), -1\) makes it so"),
    "no examples": (npz(X=X[:0], y=Y[:0]), ShapeError, r"X has shape \(0, 2\); at least one"),
    "no features": (npz(X=X[:, :0], y=Y), ShapeError, r"X has shape \(6, 0\); at least one"),
    "lengths": (npz(X=X, y=Y[:5]), ShapeError, r"y has shape \(5,\); X has 6 rows, so \(6,\) is needed"),
    "columns": (npz(X=X, y=Y[:, None]), ShapeError, r"y has shape \(6, 1\)"),
    "fractions": (npz(X=X, y=Y / 2), LabelError, "row 1: the label is 0.5; a number is no class"),
    "one class": (npz(X=X, y=Y * 0), LabelError, "all 6 rows are of one class, 0"),
    "a promise": (
        promising("(6, 2000000)"),
        ShapeError,
        r"X says that its shape is \(6, 2000000\), of float64; 2\d\d bytes",
    ),
    "a bomb": (promising("(6000000000, 2000000000)"), ShapeError, "at most 4294967296 can be used"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_is_no_task_is_refused(path: Path, case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    content, kind, message = REFUSALS[case]
    monkeypatch.chdir(path.parent)
    with pytest.raises(kind, match=message) as caught:
        read(path, content)
    assert str(caught.value).startswith(f"{path}: ")
    assert not (path.parent / "trapped").exists()


def test_a_file_that_is_not_there_or_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"no\.npz: cannot be read: No such file"):
        read_task(tmp_path / "no.npz")
    with pytest.raises(InvalidInput, match="is no file"):
        read_task(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InvalidInput, match="pipe: is no file"):
        read_task(tmp_path / "pipe")
    with pytest.raises(InvalidInput, match="embedded null"):
        read_task(Path("a\0b"))


def test_arrays_that_are_too_large_are_refused_before_they_are_read(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fastmlp.npz.LARGEST", 95)  # bytes; X has 96 of them, in float64
    with pytest.raises(ShapeError, match="at most 95 can be used"):
        read(path, npz(X=X.astype("float16"), y=Y))


def test_a_file_is_read_once_and_again_when_it_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "mine.npz"
    path.write_bytes(npz(X=X, y=Y))
    task = read_task(path)
    assert read_task(path) is task
    assert not task.X.flags.writeable
    assert (task.one_unit, read_task(path, one_unit=True).one_unit) == (False, True)
    path.write_bytes(npz(X=X + 1, y=Y))
    os.utime(path, ns=(1, 1))  # later or earlier: it is not as it was
    assert read_task(path).name != task.name


def test_groups_are_numbered_and_part_of_the_name(path: Path) -> None:
    names = [read_grouped(path, np.array(list(groups))).name for groups in ("abcabc", "bcabca", "aabbcc")]
    assert_array_equal(read_grouped(path, np.array([7, 5, 5, 7, 9, 9])).groups, [1, 0, 0, 1, 2, 2])
    assert len({*names, read(path, npz(X=X, y=Y)).name}) == 4
    assert read(path, npz(X=X, y=Y)).groups is None


def read_grouped(path: Path, groups: Any) -> Task:
    path.write_bytes(npz(X=X, y=Y, who=groups))
    user._read.cache_clear()
    return read_task(path, wanted=Wanted(label="y", group="who"))


def test_groups_that_are_none_are_refused_by_name(path: Path) -> None:
    for groups, message in (
        (np.arange(5), r"who has shape \(5,\); X has 6 rows, so \(6,\) is needed"),
        (np.array([0, 1, np.nan, 1, 0, 1]), "row 2 has no group, like 1 of 6 rows"),
        (np.array([None] * 6), "who holds Python objects"),
    ):
        with pytest.raises(InvalidInput, match=message):
            read_grouped(path, groups)
    path.write_bytes(npz(X=X, y=Y))
    user._read.cache_clear()
    with pytest.raises(InvalidInput, match="has no array 'who'; it holds 'X', 'y'"):
        read_task(path, wanted=Wanted(label="y", group="who"))
