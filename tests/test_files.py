"""Files are written whole or not at all: tables, settings, reports."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fastmlp.errors import StoreError
from fastmlp.files import write_whole


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    path.write_text("old")
    write_whole(path, [b"n", b"ew"])
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_disk_that_is_full_leaves_the_old_file_and_no_litter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report.html"
    path.write_text("old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match=r"report\.html: No space left on device; what was there is kept"):
        write_whole(path, [b"half"])
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"gone.*No such file or directory$"):  # nothing was there to be kept
        write_whole(tmp_path / "gone" / "study.toml", [b""])
